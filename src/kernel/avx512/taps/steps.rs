//! The instructions for one tap or two, as text for the assembler; names in braces stand for registers.

/// Codes become the bytes that they find in a table of 128.
macro_rules! found_in_one {
    ($code:literal $a:literal $b:literal) => {
        concat!("vpermi2b {", $code, "}, {", $a, "}, {", $b, "}\n")
    };
}

/// The same in a table of 256, with a copy of the codes; a mask tells those of its upper half.
macro_rules! found_in_both {
    ($code:literal $copy:literal $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            found_in_one!($code $a $b),
            found_in_one!($copy $c $d),
            "vpblendmb {", $code, "} {{{upper}}}, {", $code, "}, {", $copy, "}\n",
        )
    };
}

/// Bytes are added to their two sums.
macro_rules! added {
    ($bytes:literal $all:ident $odd:ident) => {
        concat!(
            "vpaddw {",
            stringify!($all),
            "}, {",
            stringify!($all),
            "}, {",
            $bytes,
            "}\n",
            "vpsrlw {",
            $bytes,
            "}, {",
            $bytes,
            "}, 8\n",
            "vpaddw {",
            stringify!($odd),
            "}, {",
            stringify!($odd),
            "}, {",
            $bytes,
            "}\n",
        )
    };
}

/// Bytes are combined with those that are there.
macro_rules! ored {
    ($bytes:literal $all:ident) => {
        concat!("vporq {", stringify!($all), "}, {", stringify!($all), "}, {", $bytes, "}\n")
    };
}

/// A tap, and the tap after it.
macro_rules! read {
    (one) => {
        "mov {offset}, qword ptr [{tap}]\n add {tap}, 8\n mov {row:e}, {offset:e}\n shr {offset}, 32\n"
    };
    (two) => {
        concat!(
            read!(one),
            "mov {next_offset}, qword ptr [{tap}]\n add {tap}, 8\n mov {next_row:e}, {next_offset:e}\n shr {next_offset}, 32\n"
        )
    };
}

/// The codes that it meets at the positions of a unit.
macro_rules! meet {
    ($code:literal $start:ident $offset:literal) => {
        concat!("vmovdqu64 {", $code, "}, zmmword ptr [{", stringify!($start), "} + {", $offset, "}]\n")
    };
}

/// Codes of one half become the bytes of one plane, or of two.
macro_rules! find_one {
    ($start:ident 1) => {
        concat!(meet!("code" $start "offset"), found_in_one!("code" "t0" "t1"))
    };
    ($start:ident 2) => {
        concat!(
            meet!("code" $start "offset"),
            "vmovdqa64 {copy}, {code}\n",
            found_in_one!("code" "t0" "t1"),
            found_in_one!("copy" "t2" "t3"),
        )
    };
}

/// Those of two taps become sums of two bytes, which fit a byte.
macro_rules! find_pair {
    ($start:ident 2) => {
        concat!(
            meet!("code" $start "offset"),
            meet!("next" $start "next_offset"),
            "vmovdqa64 {copy}, {code}\n",
            "vmovdqa64 {next_copy}, {next}\n",
            found_in_one!("code" "t0" "t1"),
            found_in_one!("next" "t4" "t5"),
            "vpaddb {code}, {code}, {next}\n",
            found_in_one!("copy" "t2" "t3"),
            found_in_one!("next_copy" "t6" "t7"),
            "vpaddb {copy}, {copy}, {next_copy}\n",
        )
    };
}

/// Codes in both halves become bytes.
macro_rules! find_both {
    ($start:ident 1) => {
        concat!(
            meet!("code" $start "offset"),
            "vpmovb2m {upper}, {code}\n",
            "vmovdqa64 {upper_code}, {code}\n",
            found_in_both!("code" "upper_code" "t0" "t1" "t2" "t3"),
        )
    };
    ($start:ident 2) => {
        concat!(
            meet!("code" $start "offset"),
            "vpmovb2m {upper}, {code}\n",
            "vmovdqa64 {copy}, {code}\n",
            "vmovdqa64 {upper_code}, {code}\n",
            "vmovdqa64 {upper_copy}, {code}\n",
            found_in_both!("code" "upper_code" "t0" "t1" "t2" "t3"),
            found_in_both!("copy" "upper_copy" "t4" "t5" "t6" "t7"),
        )
    };
}

/// What was found is added to the sums of a unit.
macro_rules! add {
    ($a:ident $b:ident) => {
        added!("code" $a $b)
    };
    ($a:ident $b:ident $c:ident $d:ident) => {
        concat!(added!("code" $a $b), added!("copy" $c $d))
    };
}

/// The low byte waits.
macro_rules! hold {
    ($low:ident $a:ident $b:ident $c:ident $d:ident) => {
        concat!("vmovdqa64 {", stringify!($low), "}, {code}\n", added!("copy" $c $d))
    };
}

/// It is added with the one that waits.
macro_rules! add_held {
    ($low:ident $a:ident $b:ident $c:ident $d:ident) => {
        concat!("vpaddb {code}, {code}, {", stringify!($low), "}\n", add!($a $b $c $d))
    };
}

/// Or it is combined with them.
macro_rules! or {
    ($a:ident) => {
        ored!("code" $a)
    };
    ($a:ident $c:ident) => {
        concat!(ored!("code" $a), ored!("copy" $c))
    };
}

/// What becomes of a tap, or of two: how many are read at once, how their codes find bytes of so many planes and what becomes of
/// those, with tables and units as a `taker` has them.
macro_rules! step {
    (
        $taps:ident $find:ident $planes:tt $take:ident [$($row:literal: $($table:ident $place:literal)+);+]
        [$({$index:literal $start:ident $(($held:ident))? $($sum:ident $word:literal)+})+]
    ) => {
        concat!(
            read!($taps),
            $($("vmovdqa64 {", stringify!($table), "}, zmmword ptr [{bytes} + {", $row, "} + ", $place, "]\n",)+)+
            $($find!($start $planes), $take!($($held)? $($sum)+),)+
        )
    };
}

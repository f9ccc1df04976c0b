//! The loop over taps: the bytes that each finds, added to the sums of some units or combined by OR.
//!
//! It is written in assembly, where six units keep all 32 registers in use. A compiler keeps some of their sums on the stack
//! and reads codes twice, so that it is better off with four, which take a third more time. Codes mostly cross cache lines,
//! which takes two loads of the two a cycle: a tap is read by one, since a second costs 5 % of the time.

#[macro_use]
mod steps;

use std::arch::asm;
use std::arch::x86_64::__m512i;
use std::mem::MaybeUninit;

use super::super::half::Half;
use super::super::reach::Tap;
use super::super::split::LowPart;

/// Sums of 64 bytes as 16-bit words: [low, low of odd bytes, high, high of odd bytes]. Of what is combined by OR: [low, -,
/// high, -].
///
/// A register of bytes is summed twice: as it is (even + 256 · odd) and shifted down (odd).
pub(super) type Words = [__m512i; 4];

/// The most units that are added at once.
const MOST: usize = 6;
/// What they have before there are sums.
#[allow(unsafe_code)]
// SAFETY: a register may hold zeros.
const NONE: &[Words; MOST] = &[unsafe { std::mem::zeroed() }; MOST];

/// Takes what taps find in their rows, which are parts of the bytes, to the sums of as many units as there are pointers to
/// the codes of position 0, or writes them where none have begun.
pub(super) type Take =
    unsafe fn(words: &mut [MaybeUninit<Words>], begun: bool, units: &[*const u8], bytes: &[u8], taps: &[Tap]);

/// How one to so many units take sums of two planes of pairs of taps, found by codes in one half of a row; both bytes have seven
/// bits at most, and taps are an even number.
///
/// # Safety
/// As of [`takers`].
pub(super) const PAIRS: &[Take] = pair_of_two::TAKE;

/// The same of taps of which low bytes alone have seven bits at most, found by codes in one half or in both: that of a tap waits
/// for the one of the next. Taps are an even number.
///
/// # Safety
/// As of [`takers`].
pub(super) fn low_pairs(half: Half) -> &'static [Take] {
    if half == Half::Both { low_pair_of_both::TAKE } else { low_pair_of_one::TAKE }
}

/// What becomes of the products of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Together {
    Sum,
    /// Combined by OR, of which the low part is made.
    Or(LowPart),
}

/// How one to so many units take bytes of one plane or two, found by codes in one half of a row or in both.
///
/// # Safety
/// Those who call one have AVX-512 F, BW and VBMI, at least one tap, and sums where some have begun. Each tap's row begins
/// a cache line of the bytes and has all planes within them; 64 codes follow every tap behind each unit's pointer.
pub(super) fn takers(together: Together, planes: usize, half: Half) -> &'static [Take] {
    match (together, planes, half) {
        (Together::Sum, 1, Half::Both) => both::TAKE,
        (Together::Sum, _, Half::Both) => both_of_two::TAKE,
        (Together::Sum, 1, _) => one::TAKE,
        (Together::Sum, ..) => one_of_two::TAKE,
        (Together::Or(_), 1, Half::Both) => or_both::TAKE,
        (Together::Or(_), _, Half::Both) => or_both_of_two::TAKE,
        (Together::Or(_), 1, _) => or_one::TAKE,
        (Together::Or(_), ..) => or_one_of_two::TAKE,
    }
}

/// The function for so many units: a name, what becomes of one tap or two after the other, the registers of tables with their rows
/// and places there, others that are free to use, and of each unit its number, its pointer, where bytes of a tap wait for those of
/// the next a register for them, and its sums.
macro_rules! taker {
    ($name:ident [$(($($step:tt)+))+] $tables:tt $free:tt $units:tt) => {
        taker! { $name [$(step!($($step)+ $tables $units),)+]; $tables $free $units }
    };
    (
        $name:ident [$($steps:tt)+]; [$($row:literal: $($table:ident $place:literal)+);+]
        [$($free:ident $class:ident)+]
        [$({$index:literal $start:ident $(($held:ident))? $($sum:ident $word:literal)+})+]
    ) => {
        #[allow(unsafe_code)]
        #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
        unsafe fn $name(
            words: &mut [MaybeUninit<Words>],
            begun: bool,
            units: &[*const u8],
            bytes: &[u8],
            taps: &[Tap],
        ) {
            const COUNT: usize = [$($index),+].len();
            const { assert!(COUNT <= MOST) };
            let words: &mut [MaybeUninit<Words>; COUNT] = words.try_into().expect("as many sums as units");
            let units: &[*const u8; COUNT] = units.try_into().expect("as many units as are added");
            let before = if begun { words.as_ptr().cast() } else { NONE.as_ptr() };
            let ends = taps.as_ptr_range();
            // SAFETY: the caller's promise; nothing but registers is written.
            unsafe {
                $($(let $sum;)+)+
                asm!(
                    ".p2align 6",
                    "2:",
                    $($steps)+
                    "cmp {tap}, {end}",
                    "jne 2b",
                    tap = inout(reg) ends.start => _,
                    end = in(reg) ends.end,
                    bytes = in(reg) bytes.as_ptr(),
                    row = out(reg) _,
                    offset = out(reg) _,
                    $($($table = out(zmm_reg) _,)+)+
                    $($free = out($class) _,)+
                    $(
                        $start = in(reg) units[$index],
                        $($held = out(zmm_reg) _,)?
                        $($sum = inout(zmm_reg) (*before.add($index))[$word] => $sum,)+
                    )+
                    options(nostack, readonly)
                );
                $(
                    let mut unit: Words = *before.add($index);
                    $(unit[$word] = $sum;)+
                    words[$index].write(unit);
                )+
            }
        }
    };
}

/// Those of one unit and more.
macro_rules! takers {
    ($kind:ident $how:tt $tables:tt $free:tt $($name:ident $units:tt)+) => {
        mod $kind {
            use super::*;

            pub(super) const TAKE: &[Take] = &[$($name),+];

            $(taker! { $name $how $tables $free $units })+
        }
    };
}

/// Those whose units have the two sums of one byte.
macro_rules! sums_of_one {
    ($($kind:tt)+) => {
        takers! {
            $($kind)+
            take1 [{0 s0 a0 0 b0 1}]
            take2 [{0 s0 a0 0 b0 1} {1 s1 a1 0 b1 1}]
            take3 [{0 s0 a0 0 b0 1} {1 s1 a1 0 b1 1} {2 s2 a2 0 b2 1}]
            take4 [{0 s0 a0 0 b0 1} {1 s1 a1 0 b1 1} {2 s2 a2 0 b2 1} {3 s3 a3 0 b3 1}]
            take5 [{0 s0 a0 0 b0 1} {1 s1 a1 0 b1 1} {2 s2 a2 0 b2 1} {3 s3 a3 0 b3 1} {4 s4 a4 0 b4 1}]
            take6 [{0 s0 a0 0 b0 1} {1 s1 a1 0 b1 1} {2 s2 a2 0 b2 1} {3 s3 a3 0 b3 1} {4 s4 a4 0 b4 1} {5 s5 a5 0 b5 1}]
        }
    };
}

/// Those of two bytes; of six units only where registers are left for them.
macro_rules! sums_of_two {
    ({$($kind:tt)+} $($more:tt)*) => {
        takers! {
            $($kind)+
            take1 [{0 s0 a0 0 b0 1 c0 2 d0 3}]
            take2 [{0 s0 a0 0 b0 1 c0 2 d0 3} {1 s1 a1 0 b1 1 c1 2 d1 3}]
            take3 [{0 s0 a0 0 b0 1 c0 2 d0 3} {1 s1 a1 0 b1 1 c1 2 d1 3} {2 s2 a2 0 b2 1 c2 2 d2 3}]
            take4 [{0 s0 a0 0 b0 1 c0 2 d0 3} {1 s1 a1 0 b1 1 c1 2 d1 3} {2 s2 a2 0 b2 1 c2 2 d2 3} {3 s3 a3 0 b3 1 c3 2 d3 3}]
            take5 [{0 s0 a0 0 b0 1 c0 2 d0 3} {1 s1 a1 0 b1 1 c1 2 d1 3} {2 s2 a2 0 b2 1 c2 2 d2 3} {3 s3 a3 0 b3 1 c3 2 d3 3} {4 s4 a4 0 b4 1 c4 2 d4 3}]
            $($more)*
        }
    };
}

/// Those of two bytes, the low ones of which wait for those of another tap.
macro_rules! sums_of_two_held {
    ({$($kind:tt)+} $($more:tt)*) => {
        takers! {
            $($kind)+
            take1 [{0 s0 (e0) a0 0 b0 1 c0 2 d0 3}]
            take2 [{0 s0 (e0) a0 0 b0 1 c0 2 d0 3} {1 s1 (e1) a1 0 b1 1 c1 2 d1 3}]
            take3 [{0 s0 (e0) a0 0 b0 1 c0 2 d0 3} {1 s1 (e1) a1 0 b1 1 c1 2 d1 3} {2 s2 (e2) a2 0 b2 1 c2 2 d2 3}]
            take4 [{0 s0 (e0) a0 0 b0 1 c0 2 d0 3} {1 s1 (e1) a1 0 b1 1 c1 2 d1 3} {2 s2 (e2) a2 0 b2 1 c2 2 d2 3} {3 s3 (e3) a3 0 b3 1 c3 2 d3 3}]
            $($more)*
        }
    };
}

/// Those whose units have bits of one byte.
macro_rules! bits_of_one {
    ($($kind:tt)+) => {
        takers! {
            $($kind)+
            take1 [{0 s0 a0 0}]
            take2 [{0 s0 a0 0} {1 s1 a1 0}]
            take3 [{0 s0 a0 0} {1 s1 a1 0} {2 s2 a2 0}]
            take4 [{0 s0 a0 0} {1 s1 a1 0} {2 s2 a2 0} {3 s3 a3 0}]
            take5 [{0 s0 a0 0} {1 s1 a1 0} {2 s2 a2 0} {3 s3 a3 0} {4 s4 a4 0}]
            take6 [{0 s0 a0 0} {1 s1 a1 0} {2 s2 a2 0} {3 s3 a3 0} {4 s4 a4 0} {5 s5 a5 0}]
        }
    };
}

/// Those of two bytes.
macro_rules! bits_of_two {
    ($($kind:tt)+) => {
        takers! {
            $($kind)+
            take1 [{0 s0 a0 0 c0 2}]
            take2 [{0 s0 a0 0 c0 2} {1 s1 a1 0 c1 2}]
            take3 [{0 s0 a0 0 c0 2} {1 s1 a1 0 c1 2} {2 s2 a2 0 c2 2}]
            take4 [{0 s0 a0 0 c0 2} {1 s1 a1 0 c1 2} {2 s2 a2 0 c2 2} {3 s3 a3 0 c3 2}]
            take5 [{0 s0 a0 0 c0 2} {1 s1 a1 0 c1 2} {2 s2 a2 0 c2 2} {3 s3 a3 0 c3 2} {4 s4 a4 0 c4 2}]
            take6 [{0 s0 a0 0 c0 2} {1 s1 a1 0 c1 2} {2 s2 a2 0 c2 2} {3 s3 a3 0 c3 2} {4 s4 a4 0 c4 2} {5 s5 a5 0 c5 2}]
        }
    };
}

sums_of_one! {
    one [(one find_one 1 add)] ["row": t0 0 t1 64] [code zmm_reg]
}
sums_of_two! {
    {one_of_two [(one find_one 2 add)] ["row": t0 0 t1 64 t2 128 t3 192] [code zmm_reg copy zmm_reg]}
    take6 [{0 s0 a0 0 b0 1 c0 2 d0 3} {1 s1 a1 0 b1 1 c1 2 d1 3} {2 s2 a2 0 b2 1 c2 2 d2 3} {3 s3 a3 0 b3 1 c3 2 d3 3} {4 s4 a4 0 b4 1 c4 2 d4 3} {5 s5 a5 0 b5 1 c5 2 d5 3}]
}
sums_of_two! {
    {pair_of_two [(two find_pair 2 add)] ["row": t0 0 t1 64 t2 128 t3 192; "next_row": t4 0 t5 64 t6 128 t7 192] [code zmm_reg copy zmm_reg next zmm_reg next_copy zmm_reg next_offset reg next_row reg]}
}
sums_of_two_held! {
    {low_pair_of_one [(one find_one 2 hold) (one find_one 2 add_held)] ["row": t0 0 t1 64 t2 128 t3 192] [code zmm_reg copy zmm_reg]}
    take5 [{0 s0 (e0) a0 0 b0 1 c0 2 d0 3} {1 s1 (e1) a1 0 b1 1 c1 2 d1 3} {2 s2 (e2) a2 0 b2 1 c2 2 d2 3} {3 s3 (e3) a3 0 b3 1 c3 2 d3 3} {4 s4 (e4) a4 0 b4 1 c4 2 d4 3}]
}
sums_of_one! {
    both [(one find_both 1 add)] ["row": t0 0 t1 64 t2 128 t3 192] [code zmm_reg upper_code zmm_reg upper kreg]
}
sums_of_two! {
    {both_of_two [(one find_both 2 add)] ["row": t0 0 t1 64 t2 128 t3 192 t4 256 t5 320 t6 384 t7 448] [code zmm_reg copy zmm_reg upper_code zmm_reg upper_copy zmm_reg upper kreg]}
}
sums_of_two_held! {
    {low_pair_of_both [(one find_both 2 hold) (one find_both 2 add_held)] ["row": t0 0 t1 64 t2 128 t3 192 t4 256 t5 320 t6 384 t7 448] [code zmm_reg copy zmm_reg upper_code zmm_reg upper_copy zmm_reg upper kreg]}
}
bits_of_one! {
    or_one [(one find_one 1 or)] ["row": t0 0 t1 64] [code zmm_reg]
}
bits_of_two! {
    or_one_of_two [(one find_one 2 or)] ["row": t0 0 t1 64 t2 128 t3 192] [code zmm_reg copy zmm_reg]
}
bits_of_one! {
    or_both [(one find_both 1 or)] ["row": t0 0 t1 64 t2 128 t3 192] [code zmm_reg upper_code zmm_reg upper kreg]
}
bits_of_two! {
    or_both_of_two [(one find_both 2 or)] ["row": t0 0 t1 64 t2 128 t3 192 t4 256 t5 320 t6 384 t7 448] [code zmm_reg copy zmm_reg upper_code zmm_reg upper_copy zmm_reg upper kreg]
}

#[cfg(test)]
mod tests {
    use super::super::super::aligned::Aligned;
    use super::*;
    use crate::rng::Stream;
    use crate::simd::Level;

    /// The sums of both planes at each of 64 positions.
    fn positions(words: Words, together: Together) -> [[u32; 64]; 2] {
        // SAFETY: registers are numbers of any size.
        #[allow(unsafe_code)]
        let words: [[u16; 32]; 4] = unsafe { std::mem::transmute(words) };
        let bytes: [[u8; 64]; 4] =
            words.map(|words| std::array::from_fn(|at| words[at / 2].to_le_bytes()[at % 2]));
        let sum = |plane: usize, at: usize| match (together, at % 2) {
            (Together::Or(_), _) => bytes[2 * plane][at].into(),
            (Together::Sum, 1) => words[2 * plane + 1][at / 2].into(),
            (Together::Sum, _) => {
                words[2 * plane][at / 2].wrapping_sub(words[2 * plane + 1][at / 2] << 8).into()
            }
        };
        [0, 1].map(|plane| std::array::from_fn(|at| sum(plane, at)))
    }

    /// Functions of one unit and more, each on two runs of so many taps, beside a loop over positions.
    fn check(
        takers: &[Take],
        together: Together,
        planes: usize,
        table: usize,
        bytes: &[u8],
        runs: [usize; 2],
    ) {
        let mut stream = Stream::new(4, "kernel.taps", 0);
        let codes: Vec<u8> = (0..1000).map(|_| stream.word() as u8).collect();
        for count in 1..=takers.len() {
            let mut words = vec![MaybeUninit::uninit(); count];
            let starts: Vec<usize> = (0..count).map(|_| stream.below(500) as usize).collect();
            let units: Vec<*const u8> = starts.iter().map(|&start| codes[start..].as_ptr()).collect();
            let mut tap = || Tap { row: 512 * stream.below(256) as u32, offset: stream.below(400) as u32 };
            let taps: Vec<Tap> = (0..runs[0] + runs[1]).map(|_| tap()).collect();
            for (begun, taps) in [(false, &taps[..runs[0]]), (true, &taps[runs[0]..])] {
                // SAFETY: the instructions are there; rows end within the bytes, codes within theirs.
                #[allow(unsafe_code)]
                unsafe {
                    takers[count - 1](&mut words, begun, &units, bytes, taps)
                }
            }
            for (words, start) in words.into_iter().zip(starts) {
                // SAFETY: they are written by the first call.
                #[allow(unsafe_code)]
                let found = positions(unsafe { words.assume_init() }, together);
                for (at, plane) in (0..64).flat_map(|at| (0..planes).map(move |plane| (at, plane))) {
                    let byte = |tap: &Tap| {
                        let code = usize::from(codes[start + at + tap.offset as usize]);
                        u32::from(bytes[tap.row as usize + plane * table + code % table])
                    };
                    let expected = match together {
                        Together::Sum => taps.iter().map(byte).sum(),
                        Together::Or(_) => taps.iter().map(byte).fold(0, |all, byte| all | byte),
                    };
                    assert_eq!(found[plane][at], expected, "{together:?} {planes} {table} {count}");
                }
            }
        }
    }

    #[test]
    fn all_functions_take_what_a_loop_over_positions_takes() {
        if !super::super::supported(Level::Avx512) {
            return eprintln!("skipped: the processor lacks AVX-512 VBMI");
        }
        let mut stream = Stream::new(4, "kernel.taps", 1);
        let mut bytes = Aligned::new(0, 256 * 512);
        bytes.iter_mut().for_each(|byte| *byte = stream.word() as u8);
        let or = Together::Or(LowPart { bits: 8, or: true, carry: true, ones: 0 });
        for (together, planes) in
            [Together::Sum, or].into_iter().flat_map(|together| [(together, 1), (together, 2)])
        {
            for (half, table) in [(Half::Lower, 128), (Half::Both, 256)] {
                check(takers(together, planes, half), together, planes, table, &bytes, [1, 199]);
            }
        }
        for (half, table) in [(Half::Lower, 128), (Half::Both, 256)] {
            let (mut bytes, mut most) = (Aligned::new(0, 256 * 512), Aligned::new(255, 256 * 512));
            bytes.iter_mut().for_each(|byte| *byte = stream.word() as u8);
            for bytes in [&mut bytes, &mut most] {
                bytes.chunks_mut(512).flat_map(|row| &mut row[..table]).for_each(|low| *low &= 127);
            }
            check(low_pairs(half), Together::Sum, 2, table, &bytes, [2, 250]);
            // As many as 16 bits hold.
            check(low_pairs(half), Together::Sum, 2, table, &most, [2, 250]);
        }
        bytes.iter_mut().for_each(|byte| *byte &= 127);
        check(PAIRS, Together::Sum, 2, 128, &bytes, [2, 254]);
        bytes.fill(127);
        check(PAIRS, Together::Sum, 2, 128, &bytes, [2, 502]);
    }
}

use super::*;
use crate::bits;

fn signature(width_a: u32, width_b: u32, signed: bool) -> Signature {
    Signature { operation: Operation::Mul, width_a, width_b, signed }
}

/// A table whose entries differ from pair to pair and use the whole range of the result.
fn table(width_a: u32, width_b: u32, signed: bool) -> Table {
    let signature = signature(width_a, width_b, signed);
    let spread = |(a, b): (u64, u64)| {
        let code = (a << width_b | b).wrapping_mul(0x9e37_79b9) >> 3;
        bits::decode(code, signature.width_out(), signed) as i32
    };
    let entries = Table::codes(signature).unwrap().map(spread).collect();
    Table::from_entries(signature, entries).unwrap()
}

fn text(table: &Table, separator: &str) -> String {
    let columns = 1 << table.signature().width_b;
    let line = |row: &[i32]| row.iter().map(i32::to_string).collect::<Vec<_>>().join(separator) + "\n";
    table.entries().chunks(columns).map(line).collect()
}

fn little_endian(table: &Table, size: usize) -> Vec<u8> {
    table.entries().iter().flat_map(|&entry| i64::from(entry).to_le_bytes()[..size].to_vec()).collect()
}

/// As `numpy.save` writes it: the header padded with spaces so that elements start at a multiple of 64.
fn npy(version: u8, element: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{element}', 'fortran_order': False, 'shape': {shape}, }}");
    let fixed = if version == 1 { 10 } else { 12 };
    while !(fixed + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = [MAGIC, &[version, 0]].concat();
    file.extend(&(header.len() as u32).to_le_bytes()[..fixed - 8]);
    file.extend([header.as_bytes(), elements].concat());
    file
}

const MAGIC: &[u8] = b"\x93NUMPY";

fn message(bytes: &[u8], name: &str, signed: bool) -> String {
    Table::read(bytes, name, signed).unwrap_err().to_string()
}

#[test]
fn every_form_of_an_8_by_8_table_reads_as_the_same_table() {
    for signed in [false, true] {
        let table = table(8, 8, signed);
        let (narrow, kind) = if signed { ("<i2", "i16") } else { ("<u2", "u16") };
        let forms = [
            ("t.txt", text(&table, " ").into_bytes()),
            ("t.csv", text(&table, ", ").into_bytes()),
            ("flat", text(&table, " ").replace('\n', " ").into_bytes()),
            ("lines", text(&table, "\n").into_bytes()),
            (kind, little_endian(&table, 2)),
            ("t.bin", little_endian(&table, 4)),
            ("t.npy", npy(1, narrow, "(256, 256)", &little_endian(&table, 2))),
            ("two", npy(2, "<i4", "(65536,)", &little_endian(&table, 4))),
            ("three", npy(3, "<i8", "(256, 256)", &little_endian(&table, 8))),
        ];
        for (name, bytes) in forms {
            assert_eq!(Table::read(&bytes, name, signed).as_ref(), Ok(&table), "{name}");
        }
    }
    let unsigned = table(8, 8, false);
    let bytes = npy(1, "<u4", "(256, 256)", &little_endian(&unsigned, 4));
    assert_eq!(Table::read(&bytes, "t.npy", false), Ok(unsigned));
}

#[test]
fn rows_are_codes_of_a_and_columns_codes_of_b() {
    let read = Table::read(b"0 0 0 0\n0 1 -2 -1\n0 -2 4 2\n0 -1 2 1\n", "t.txt", true).unwrap();
    let exact = Table::from_function(signature(2, 2, true), |a, b| a * b).unwrap();
    assert_eq!(read, exact);
    let wide = Table::read(b"0 0 0 0\n0 1 2 3\n", "t.txt", false).unwrap();
    assert_eq!(wide.signature(), signature(1, 2, false));
}

#[test]
fn a_table_in_another_order_or_sign_is_refused_and_told_how_to_be_read() {
    let designs: [fn(i64, i64) -> i64; 3] =
        [|a, b| a * b, |a, b| (a * b) & !63, |a, b| ((a >> 3) * (b >> 3)) << 6];
    for (family, design) in designs.into_iter().enumerate() {
        let table = |signed| Table::from_function(signature(8, 8, signed), design).unwrap();
        let (unsigned, signed) = (table(false), table(true));
        let rolled: Vec<i32> = (0..1usize << 16).map(|at| signed.entries()[at ^ 0x8080]).collect();
        let rolled = Table::from_entries(signed.signature(), rolled).unwrap();
        let words = |table: &Table| little_endian(table, 2);
        assert_eq!(Table::read(&words(&unsigned), "t.bin", false).as_ref(), Ok(&unsigned), "{family}");
        assert_eq!(Table::read(&words(&signed), "t.bin", true).as_ref(), Ok(&signed), "{family}");
        let said = |bytes: &[u8], name: &str, signed: bool| message(bytes, name, signed);
        assert!(said(&words(&signed), "t.bin", false).contains("`signed: true`"), "{family}");
        assert!(said(&words(&unsigned), "t.bin", true).contains("`signed: false`"), "{family}");
        for ascending in
            [said(&words(&rolled), "t.bin", false), said(text(&rolled, " ").as_bytes(), "t.txt", true)]
        {
            assert!(ascending.contains("numpy.roll(table, [128, 128], [0, 1])"), "{family}: {ascending}");
        }
        let magnitudes: Vec<i32> = (0..1i64 << 16)
            .map(|at| {
                let [a, b] = [at >> 8, at & 255].map(|code| if code < 128 { code } else { 128 - code });
                design(a, b) as i32
            })
            .collect();
        let magnitudes = Table::from_entries(signed.signature(), magnitudes).unwrap();
        for told in [
            said(&words(&magnitudes), "t.bin", false),
            said(text(&magnitudes, " ").as_bytes(), "t.txt", true),
        ] {
            assert!(told.contains("sign and magnitude") && told.contains("of -1 is 255"), "{family}: {told}");
        }
        for (table, size, kind) in
            [(&unsigned, 2, "<u2"), (&signed, 2, "<i2"), (&unsigned, 4, "<i4"), (&signed, 4, "<i4")]
        {
            let big_endian: Vec<u8> =
                table.entries().iter().flat_map(|&entry| entry.to_be_bytes()[4 - size..].to_vec()).collect();
            for sign in [false, true] {
                let told = said(&big_endian, "t.bin", sign);
                let remedy = format!("big-endian words; write little-endian ones: table.astype('{kind}')");
                assert!(told.ends_with(&remedy), "{family}: {told}");
            }
        }
    }
}

#[test]
fn a_negative_entry_says_that_the_others_are_signed() {
    let negative = Table::read(b"0 70 0 0\n0 1 -2 -1\n0 -2 4 2\n0 -1 2 1\n", "t.txt", false).unwrap_err();
    assert!(negative.is_signed(), "{negative}");
}

/// Of an unsigned table with a sign by mistake nearly all entries fit, of a signed one with an entry too large few.
#[test]
fn a_single_wrong_entry_is_told_at_its_place() {
    let wrong = |signed, entry: &str| {
        let exact = Table::from_function(signature(8, 8, signed), |a, b| a * b).unwrap();
        let text = text(&exact, " ");
        let mut lines: Vec<&str> = text.lines().collect();
        // a = 2, b = 3: the fourth word.
        let line = lines[2].replacen(" 6 ", &format!(" {entry} "), 1);
        lines[2] = &line;
        Table::read(lines.join("\n").as_bytes(), "t.txt", false).unwrap_err()
    };
    let negative = wrong(false, "-1");
    let told = "t.txt:3:7: entry -1 does not fit the 17 unsigned result bits; write 0 to 131071, as 65535 of the 65536 entries are";
    assert_eq!((negative.to_string().as_str(), negative.is_signed()), (told, false));
    assert!(wrong(true, "70000").is_signed());
}

/// Where entries fit the other sign as a whole, and only there.
#[test]
fn a_wrong_sign_is_told_where_entries_fit_the_other() {
    let [unsigned, signed] =
        [false, true].map(|sign| Table::from_function(signature(8, 8, sign), |a, b| a * b).unwrap());
    for name in ["t.txt", "t.csv"] {
        let written = |table: &Table| text(table, if name == "t.csv" { "," } else { " " });
        let told = message(written(&unsigned).as_bytes(), name, true);
        assert!(
            told.ends_with("write -32768 to 32767, or say that the table is not: `signed: false` (`--signed false` with `explain`)"),
            "{told}"
        );
        let told = message(written(&signed).as_bytes(), name, false);
        assert!(
            told.ends_with("write 0 to 131071, or say that the table is signed: `signed: true` (`--signed true` with `explain`)"),
            "{told}"
        );
    }
    let small = |entries: &str, signed| message(entries.as_bytes(), "t.txt", signed);
    assert!(
        small("0 0 0 0\n0 1 2 3\n0 2 4 6\n0 3 6 9\n", true)
            .ends_with("`signed: false` (`--signed false` with `explain`)")
    );
    let neither = "0 70 0 0\n0 1 -2 -1\n0 -2 4 2\n0 -1 2 1\n";
    for signed in [false, true] {
        assert!(!small(neither, signed).contains("signed:"), "{}", small(neither, signed));
    }
}

/// Goldens: what `numpy.save` and `numpy.lib.format.write_array(version=(2, 0))` of NumPy 2.4.6 wrote for
/// the outer product of the operands of codes 0 to 3.
#[test]
fn files_that_numpy_wrote_are_read() {
    let signed = include_bytes!("../../../tests/golden/numpy/signed_2_by_2_bits_i2.npy");
    let flat = include_bytes!("../../../tests/golden/numpy/unsigned_2_by_2_bits_flat_u2_version_2.npy");
    for (file, sign) in [(&signed[..], true), (&flat[..], false)] {
        let exact = Table::from_function(signature(2, 2, sign), |a, b| a * b).unwrap();
        assert_eq!(Table::read(file, "t.npy", sign), Ok(exact));
    }
}

#[test]
fn comments_blank_lines_and_a_byte_order_mark_are_no_entries() {
    let text = "\u{feff}# AND gate, é\n\n0 0 # row of a = 0\r\n\t0,1,\n";
    assert_eq!(Table::read(text.as_bytes(), "t.txt", false).unwrap().entries(), [0, 0, 0, 1]);
}

#[test]
fn every_fault_is_shown_at_its_place_with_what_to_write() {
    let shape = |shape: &str| npy(1, "<i2", shape, &[0; 8]);
    let messages = [
        message(b"0 0\n0 1.5\n", "a.txt", false),
        message(b"0 0\n0 1 2\n", "a.txt", false),
        message(b"0 0\n0 -1\n", "a.txt", false),
        message(b"0 8\n0 1\n", "a.txt", true),
        message(b"1 2 3\n", "a.txt", false),
        message(b"# nothing\n", "a.txt", false),
        message(b"", "a", false),
        message(&b"1 ".repeat(65537), "a.txt", false),
        message(b"0 \xff", "a.txt", false),
        message(&[0; 131071], "a", false),
        message(&[0; 1 << 19], "a.raw", false),
        message(&[0, 0, 0, 0, 0, 0, 0, 255], "a.bin", false),
        message(b"0 0\n0 1\n", "a.npy", false),
        message(&[MAGIC, &[1, 0, 255, 255, 0, 0]].concat(), "a", false),
        message(&[MAGIC, &[9, 0, 0, 0, 0, 0]].concat(), "a", false),
        message(&npy(1, ">i2", "(2, 2)", &[0; 8]), "a", false),
        message(&npy(1, "<f4", "(2, 2)", &[0; 16]), "a", false),
        message(&shape("(2, 3)"), "a", false),
        message(&shape("(2, 2, 1)"), "a", false),
        message(&shape("(1152921504606846976,)"), "a", false),
        message(&shape("()"), "a", false),
        message(&shape("(4, 4)"), "a", false),
        message(&npy(1, "<i8", "(4,)", &[255; 32]), "a", false),
        message(b"\x93NUMPY\x01\0\x02\0{}", "a", false),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

proptest::proptest! {
    #[test]
    fn text_reads_back(width_a in 1u32..6, width_b in 1u32..6, signed: bool, comma: bool) {
        let table = table(width_a, width_b, signed);
        let separator = if comma { "," } else { " " };
        proptest::prop_assert_eq!(Table::read(text(&table, separator).as_bytes(), "t", signed), Ok(table));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in proptest::collection::vec(0u8.., 0..300), head in 0usize..3, form in 0usize..4, signed: bool,
    ) {
        let head = [&b""[..], MAGIC, b"\x93NUMPY\x01\0\x46\0{'descr': '<i2', 'shape': ("][head];
        let _ = Table::read(&[head, &bytes].concat(), ["t.txt", "t.bin", "t.npy", "t"][form], signed);
    }

    #[test]
    fn a_changed_byte_gives_a_table_or_an_error(at in 0usize..160, byte: u8, cut in 0usize..160, binary: bool) {
        let table = table(2, 2, false);
        let mut file = if binary { npy(1, "<i2", "(4, 4)", &little_endian(&table, 2)) } else { text(&table, " ").into() };
        let at = at % file.len();
        file[at] = byte;
        let _ = Table::read(&file, "t", false);
        file.truncate(cut);
        if binary {
            proptest::prop_assert!(cut >= 160 || Table::read(&file, "t.npy", false).is_err());
        }
    }
}

//! Can a user's own product table be what the program itself exports?

use assert_cmd::Command;
use axsim::arith;
use axsim::table::Table;

#[test]
fn an_exported_table_reads_back_as_the_design() {
    for id in ["mul8s_drum_k4", "mul8u_trunc_t4", "mul5s_exact", "mul8u_mbm_q6"] {
        let export = Command::cargo_bin("axsim").unwrap().args(["export", id, "--format", "table"]).output();
        let design = arith::design(id).unwrap();
        let read = Table::read(&export.unwrap().stdout, "exported.txt", design.signature().signed);
        assert_eq!(read.as_ref(), Ok(&arith::table(&*design).unwrap()), "{id}");
    }
}

#[test]
fn a_product_beyond_16_bits_is_refused_as_words() {
    let mut command = Command::cargo_bin("axsim").unwrap();
    let refused = command.args(["export", "mul8u_mbm_q6", "--format", "u16"]).assert().code(2).stdout("");
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(message.contains("`mul8u_mbm_q6`: the result") && message.contains("NPY"), "{message}");
}

/// What `explain` prints of a file, or its message.
fn explained(file: &std::path::Path, sign: &[&str]) -> Result<String, String> {
    let mut command = Command::cargo_bin("axsim").unwrap();
    let output = command.arg("explain").arg(file).args(sign).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("\n  │ ", " ");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn a_table_is_explained_as_the_design_that_it_is_of() {
    let folder = tempfile::tempdir().unwrap();
    for (id, format, sign) in [
        ("mul8s_drum_k4", "npy", "signed, as a negative product tells"),
        ("mul8u_trunc_t4", "npy", "unsigned, as no product is negative"),
        ("mul4s_bw", "table", "signed, as a negative product tells"),
    ] {
        let exported = Command::cargo_bin("axsim").unwrap().args(["export", id, "--format", format]).output();
        let file = folder.path().join(format!("{id}.{}", format.replace("table", "txt")));
        std::fs::write(&file, exported.unwrap().stdout).unwrap();
        let network = |text: String| text[text.find("  in a network").unwrap()..].to_string();
        let of_id = explained(std::path::Path::new(id), &[]).unwrap();
        let of_table = explained(&file, &[]).unwrap();
        assert!(of_table.contains(sign), "{of_table}");
        assert_eq!(network(of_table), network(of_id), "{id}");
    }
    let mut words: Vec<u8> =
        (0..1u32 << 16).flat_map(|at| ((at >> 8) as u16 * (at & 255) as u16).to_le_bytes()).collect();
    let file = folder.path().join("words.bin");
    std::fs::write(&file, &words).unwrap();
    let read = explained(&file, &["--signed", "false"]).unwrap();
    assert!(read.contains("8 by 8 bits, unsigned, as said") && read.contains("`mul8u_exact`"), "{read}");
    let misread = explained(&file, &["--signed", "true"]).unwrap_err();
    assert!(misread.contains("unsigned codes; write `signed: false`"), "{misread}");
    words.chunks_exact_mut(2).for_each(<[u8]>::reverse);
    std::fs::write(&file, &words).unwrap();
    let swapped = explained(&file, &[]).unwrap_err();
    assert!(swapped.contains("big-endian words; write little-endian ones"), "{swapped}");
}

/// A sign by mistake does not make the table signed.
#[test]
fn a_single_negative_product_of_an_unsigned_table_is_told_at_its_place() {
    let row = |a: u32| (0..256).map(|b| (a * b).to_string()).collect::<Vec<_>>().join(" ");
    let mut rows: Vec<String> = (0..256).map(row).collect();
    rows[1].replace_range(0..1, "-1");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.txt");
    std::fs::write(&file, rows.join("\n")).unwrap();
    let told = explained(&file, &[]).unwrap_err().replace('\n', " ");
    assert!(told.contains("t.txt:2:1: entry -1 does not fit the 17 unsigned"), "{told}");
}

/// Why the quickstart with this `--set` is refused, in one line.
fn refused(set: &str) -> String {
    let mut command = Command::cargo_bin("axsim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["check", "configs/runs/quickstart.yaml", "--set", set]);
    let message = String::from_utf8(command.assert().code(2).get_output().stderr.clone()).unwrap();
    let words: Vec<&str> = message.split_whitespace().filter(|word| *word != "│").collect();
    words.join(" ")
}

/// Not by the path of the array's own.
#[test]
fn a_wrong_table_of_a_layer_is_told_of_that_layer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signed.txt");
    let exported =
        Command::cargo_bin("axsim").unwrap().args(["export", "mul8s_exact", "--format", "table"]).output();
    std::fs::write(&file, exported.unwrap().stdout).unwrap();
    let set = format!("approximate={{compute.layers.conv1: {{table: {}, signed: false}}}}", file.display());
    let message = refused(&set);
    assert!(message.contains(&format!("layer `conv1`: product table {}:2:", file.display())), "{message}");
    assert!(
        message.contains("or say that the table is signed: `signed: true` (`--signed true`"),
        "{message}"
    );
}

#[test]
fn verbs_that_need_gates_say_which_one_reads_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.txt");
    std::fs::write(&file, "0 0\n0 1\n").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [&["characterize", file][..], &["export", file], &["list", "--like", file]] {
        let refused = Command::cargo_bin("axsim").unwrap().args(arguments).assert().code(2);
        // Long paths are broken where lines end.
        let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        let whole = message.replace("\n  │ ", "").replace(' ', "");
        assert!(whole.contains(&format!("`axsimexplain{file}`tellswhatitcomputes")), "{message}");
    }
}

/// No code has one bit.
#[test]
fn a_table_of_one_bit_is_not_advised_codes_of_one_bit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.txt");
    std::fs::write(&file, "0 0\n0 1\n").unwrap();
    let set = format!("approximate={{compute.array.multiplier: {{table: {}}}}}", file.display());
    let message = refused(&set);
    assert!(
        message.contains("hold; take a wider multiplier") && !message.contains("weight_bits"),
        "{message}"
    );
}

#[test]
fn a_file_that_is_no_table_is_not_explained_but_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, says) in [
        ("short.bin", &[0; 10][..], "10 bytes are no raw product table"),
        ("words.txt", b"0 0\n0 x\n", "words.txt:2:3: `x` is not an integer"),
        ("no.npy", b"0 0\n0 1\n", "no.npy"),
        ("oblong.csv", b"0,0,0,0\n0,1,2,3\n", "as many rows as columns, this one has 2 rows and 4 columns"),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let message = explained(&file, &[]).unwrap_err();
        assert!(message.contains(says), "{message}");
    }
    let message = explained(&folder.path().join("none.npy"), &[]).unwrap_err();
    assert!(message.contains("none.npy: No such file"), "{message}");
}

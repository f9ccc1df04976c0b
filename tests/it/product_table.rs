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

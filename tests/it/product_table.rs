//! Can a user's own product table be what the program itself exports?

use assert_cmd::Command;
use axsim::arith;
use axsim::table::Table;

#[test]
fn an_exported_table_reads_back_as_the_design() {
    for id in ["mul8s_drum_k4", "mul8u_trunc_t4", "mul5s_exact"] {
        let export = Command::cargo_bin("axsim").unwrap().args(["export", id, "--format", "table"]).output();
        let design = arith::design(id).unwrap();
        let read = Table::read(&export.unwrap().stdout, "exported.txt", design.signature().signed);
        assert_eq!(read.as_ref(), Ok(&arith::table(&*design).unwrap()), "{id}");
    }
}

//! Does what `export` writes work in the tools that it is for?

use std::fs;
use std::process::Command;

use axsim::arith;

use crate::simulators::{icarus, simulate};

#[test]
fn an_exported_testbench_passes_its_module_and_fails_another() {
    if !icarus() {
        return;
    }
    let export = |id: &str, format: &str| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_axsim")).args(["export", id, "--format", format]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    for id in ["mul8s_drum_k4", "add16u_loa_k6", "mul4u_kulkarni"] {
        let bench = export(id, "testbench");
        let printed = simulate("-g2005", &[("module.v", &export(id, "verilog")), ("bench.v", &bench)]);
        assert!(printed.starts_with("PASS: "), "{id}: {printed}");
        let mapped = export(id, "mapped");
        assert!(mapped.contains("XOR2_X1"), "{id}");
        let wrong = export(id, "verilog").replacen(" & ", " | ", 1);
        let printed = simulate("-g2005", &[("module.v", &wrong), ("bench.v", &bench)]);
        assert!(printed.contains("first difference") && printed.contains("FAIL: "), "{id}: {printed}");
    }
}

/// The C text of a design, compiled, against its function.
#[test]
fn exported_c_computes_the_function() {
    let folder = tempfile::tempdir().unwrap();
    let design = arith::design("mul8s_drum_k4").unwrap();
    let text = axsim::netlist::export::c::write(&design.netlist()).unwrap();
    let main = "#include <stdio.h>\nint main(void) { for (uint64_t at = 0; at < 65536; at++) printf(\"%llu\\n\", (unsigned long long)mul8s_drum_k4(at >> 8, at & 255)); }\n";
    fs::write(folder.path().join("design.c"), text + main).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-Wall", "-Werror", "-o", "design", "design.c"]).current_dir(folder.path());
    let compiled = compiler.output().expect("Rust links with a C compiler, so there is one");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let printed = Command::new(folder.path().join("design")).output().unwrap().stdout;
    let table = arith::table(&*design).unwrap();
    let expected = table.entries().iter().map(|entry| (*entry as u16).to_string());
    assert!(String::from_utf8(printed).unwrap().lines().map(str::to_string).eq(expected));
}

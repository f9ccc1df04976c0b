//! Units for razored codes beside integer units: what one command prints, and what a real synthesiser says of the same Verilog.

use std::collections::HashMap;
use std::process::Command;

use super::simulators::Folder;

fn axsim(arguments: &[&str]) -> Vec<u8> {
    let mut command = assert_cmd::Command::cargo_bin("axsim").unwrap();
    command.args(arguments).assert().success().get_output().stdout.clone()
}

#[test]
fn one_command_compares_razored_units_with_named_ones() {
    let text = String::from_utf8(axsim(&["characterize", "razor"])).unwrap();
    for told in [
        "INT16 × INT8",
        "INT8 × INT8",
        "INT4 × INT4",
        "hoisted",
        "per product",
        "nangate45 at 1.1 V, all powers at",
        "published [abstract], of a baseline not named",
        "61.2",
        "57.8",
        "razoring comes on top: sdr16x4_g16 takes",
        "arXiv 2501.13331v1",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    let mut command = assert_cmd::Command::cargo_bin("axsim").unwrap();
    let refused =
        command.args(["characterize", "razor", "--terms", "3"]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(refused).unwrap().contains("leave out `--terms`"));
}

/// Cell area after synthesis in the same cells, sequential ones included.
fn synthesised(unit: &str, cells: &str) -> f64 {
    let verilog = String::from_utf8(axsim(&["export", unit])).unwrap();
    let folder = Folder::of(&[("unit.v", &verilog), ("cells.lib", cells)]);
    let script = "read_verilog unit.v; synth -flatten; dfflibmap -liberty cells.lib; abc -liberty cells.lib; \
                  opt_clean -purge; stat -liberty cells.lib";
    let output = Command::new("yosys").args(["-p", script]).current_dir(folder.0.path()).output().unwrap();
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let line =
        report.lines().rfind(|line| line.contains("Chip area for")).unwrap_or_else(|| panic!("{report}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Ratios, in points of a hundred: what synthesis restructures it restructures in all of them.
#[test]
fn area_ratios_are_those_of_synthesis() {
    if Command::new("yosys").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "yosys is missing; in CI it must be installed");
        eprintln!("skipped: yosys is not installed, so nothing else synthesised razored units");
        return;
    }
    let found: serde_json::Value =
        serde_json::from_slice(&axsim(&["characterize", "razor", "--json", "-"])).unwrap();
    let cells = String::from_utf8(axsim(&["export", "nangate45", "--format", "liberty"])).unwrap();
    let names = found["units"].as_array().unwrap().iter().map(|unit| unit["unit"].as_str().unwrap());
    let areas: HashMap<&str, f64> = names.map(|name| (name, synthesised(name, &cells))).collect();
    let mut worst = 0.0f64;
    for reduction in found["reductions"].as_array().unwrap() {
        let name = |key: &str| reduction[key].as_str().unwrap();
        let ours = reduction["area"].as_f64().unwrap();
        let theirs = 1.0 - areas[name("unit")] / areas[name("baseline")];
        eprintln!("{} against {}: {ours:.3}, yosys {theirs:.3}", name("unit"), name("baseline"));
        worst = worst.max((ours - theirs).abs());
    }
    assert!(worst <= 0.10, "a reduction of area differs by {worst}");
}

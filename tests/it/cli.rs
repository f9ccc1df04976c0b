//! Does the program do what its guide says, the same on any number of threads, and answer mistakes with code 2?

use std::fs;
use std::path::Path;

use assert_cmd::Command;

pub(crate) fn axsim(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("axsim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

#[test]
fn the_first_command_prints_what_the_readme_shows() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let run = axsim(&["run", "configs/runs/quickstart.yaml", "--quiet", "--out", out]).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let table = printed.split("\nwritten:").next().unwrap().trim_end();
    assert!(readme.contains(table), "the README does not show what is printed:\n{printed}");
    let html = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(!html.contains("http://") && !html.contains("https://"), "the report must need no network");
}

#[test]
fn one_thread_and_two_threads_give_the_same_bytes() {
    let outcome = |threads: &str| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        let settings = ["--set", "workload.samples=96", "--threads", threads, "--quiet", "--out", out];
        axsim(&["run", "configs/runs/quickstart.yaml"]).args(settings).assert().success();
        fs::read(folder.path().join("outcome.json")).unwrap()
    };
    assert!(outcome("1") == outcome("2"));
}

#[test]
fn neutral_knobs_cost_and_score_exactly_what_the_baseline_does() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let neutral = [
        "approximate.sensor.adc_bits=8",
        "approximate.memory.buffer.sram.voltage=1.0",
        "approximate.compute.array.multiplier=exact",
        "workload.samples=64",
    ];
    let mut command = axsim(&["run", "configs/runs/quickstart.yaml", "--quiet", "--out", out]);
    for set in neutral {
        command.args(["--set", set]);
    }
    command.assert().success();
    let text = fs::read_to_string(folder.path().join("outcome.json")).unwrap();
    let outcome: serde_json::Value = serde_json::from_str(&text).unwrap();
    for figure in ["score", "energy_j", "latency_s", "area_mm2", "layers", "ledger"] {
        assert_eq!(outcome["baseline"][figure], outcome["approximate"][figure], "{figure}");
    }
}

#[test]
fn shipped_designs_agree_with_their_goldens() {
    axsim(&["validate", "designs"]).assert().success();
}

#[test]
fn mistakes_end_with_code_2_and_say_what_to_write() {
    let message = |arguments: &[&str]| {
        let output = axsim(arguments).assert().code(2).get_output().stderr.clone();
        String::from_utf8(output).unwrap()
    };
    assert!(message(&["characterize", "mul8s_drom"]).contains("did you mean `drum`?"));
    let quick = "configs/runs/quickstart.yaml";
    assert!(message(&["run", quick, "--set", "workload.samples=0"]).contains("samples"));
    assert!(
        message(&["run", quick, "--set", "workload.model=none.onnx"]).contains("none.onnx is in none of")
    );
    assert!(message(&["run", quick, "--set", "platform.compute.array.clock=9 GHz"]).contains("clock: fit"));
    assert!(message(&["run", "none.yaml"]).contains("none.yaml"));
}

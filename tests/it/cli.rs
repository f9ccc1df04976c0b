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
fn one_thread_and_two_threads_and_many_give_the_same_bytes() {
    let outcome = |threads: &str| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        let settings = ["--set", "workload.samples=96", "--threads", threads, "--quiet", "--out", out];
        axsim(&["run", "configs/runs/quickstart.yaml"]).args(settings).assert().success();
        fs::read(folder.path().join("outcome.json")).unwrap()
    };
    let alone = outcome("1");
    assert!(alone == outcome("2"));
    // So many that each runs fewer samples at a time.
    assert!(alone == outcome("500"));
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
    // What is the baseline itself differs by nothing, whatever few samples show.
    let delta = &outcome["approximate"]["delta"];
    assert_eq!((&delta["value"], &delta["ci95"]), (&0.0.into(), &serde_json::json!([0.0, 0.0])));
    assert_eq!(delta["method"], "none: the same answers by construction");
}

#[test]
fn shipped_designs_agree_with_their_goldens() {
    axsim(&["validate", "designs"]).assert().success();
}

#[test]
fn a_trace_shows_every_register_and_the_first_result_that_was_not_expected() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let stimulus =
        "a0 a1 b0 b1 y\n3 -4 2 1 0\n7 7 7 7 0\n0 5 1 0b1111 0\n0 0 0 0 2\n0 0 0 0 100\n0 0 0 0 95\n";
    fs::write(path("right.txt"), stimulus).unwrap();
    fs::write(path("wrong.txt"), stimulus.replace(" 100\n", " 99\n")).unwrap();
    let unit = "mac4s_bw__s10__l2__p1__z";
    let (vcd, json) = (path("unit.vcd"), path("trace.json"));
    let traced = axsim(&["trace", unit, &path("right.txt"), "--vcd", &vcd]).assert().success();
    let printed = String::from_utf8(traced.get_output().stdout.clone()).unwrap();
    // (2^9 − 1) / 8² products of the largest magnitude fit.
    let warned = String::from_utf8(traced.get_output().stderr.clone()).unwrap();
    let expected = "10 bits surely holds the sum of 7 products, and the stimulus adds 12: a sum may saturate; `__k12` names";
    assert!(warned.contains(expected), "{warned}");
    let row = |line: &str| line.split_whitespace().map(str::to_string).collect::<Vec<_>>();
    let cycle_3 =
        printed.lines().map(row).find(|words| words.first().is_some_and(|word| word == "3")).unwrap();
    // Ports, held operands, live lanes, products, result.
    assert_eq!(cycle_3.join(" "), "3 0 0 0 0 2 7 5 7 -1 0 1 49 49 2");
    assert!(
        printed.ends_with("operands reach y 3 cycles later, 2 products a cycle; y is what was expected\n")
    );
    let dump = fs::read_to_string(&vcd).unwrap();
    assert!(dump.contains("$scope module mac4s_bw__s10__l2__p1__z $end") && dump.contains(" clk $end"));
    let told = axsim(&["trace", unit, &path("wrong.txt")]).assert().code(1);
    let told = String::from_utf8(told.get_output().stdout.clone()).unwrap();
    assert!(told.contains("the first difference is in cycle 4: y is 100, 99 was expected"), "{told}");
    axsim(&["trace", unit, &path("wrong.txt"), "--json", &json]).assert().code(1);
    let stored: serde_json::Value = serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!((stored["latency"].as_u64(), stored["first_differing"].as_u64()), (Some(3), Some(4)));
    assert_eq!(stored["columns"].as_array().unwrap().len(), stored["cycles"][3].as_array().unwrap().len());
    fs::write(path("unknown.txt"), "a b\n1 x\n").unwrap();
    let error =
        axsim(&["trace", "mac4s_bw", &path("unknown.txt")]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(error).unwrap().contains("line 2, column b: `x` is unknown or not driven"));
    let error =
        axsim(&["trace", "mul4s_bw", &path("right.txt")]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(error).unwrap().contains("has no registers to trace"));
}

#[test]
fn every_name_that_the_guide_or_the_list_uses_is_explained_and_a_near_miss_is_named() {
    let explained = |name: &str| {
        let output = axsim(&["explain", name]).assert().success().get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    };
    for (name, starts, holds) in [
        ("always_on", "platform always_on: research sensor", "Always-on node of published low-power parts"),
        ("workload.quantize.calibration", "knob quantize.calibration", "`entropy`"),
        ("sensor.adc_bits", "knob sensor.cmos.adc_bits", "1 to 14"),
        ("memory.buffer.sram.voltage", "knob memory.*.sram.voltage", "0.7 to 1\n"),
        ("layers.conv2.weight_bits", "knob layers.*.weight_bits", "neutral: as configured"),
        ("compute.array.layers.body.0", "knob compute.array.layers.*", "neutral: none of its own"),
        (r#"layers."body.0".weight_bits"#, "knob layers.*.weight_bits", "neutral: as configured"),
        ("compute.array.timing", "key compute.array.timing", "`latch`: "),
        ("floor", "key floor", "Largest tolerated drop"),
        ("payload", "key link.serial.payload", "`{layer: …}`: What the rest of the network reads"),
        ("samples", "key samples", "whole number from 1"),
        ("drum", "mul drum", "source: "),
        (
            "sram.lstp.128kib.read",
            "constant sram.lstp.128kib.read: 27.5 pJ per 64-bit access, 13.8 pJ to 55.0 pJ\n",
            "measured: CACTI 7",
        ),
        ("sensor.static", "constant sensor.static: ", "57.8 mW, 46.0 mW to 69.0 mW\n  derived: OV7670 class"),
        ("wire.load_per_fanout", "constant wire.load_per_fanout: ", "derived: the library's wire-load model"),
        ("mac8s_bw.clock", "constant mac8s_bw.clock: 346 fJ per unit and cycle\n", "derived: NanGate 45 nm"),
        ("mac.switching", "constant mac.switching\n", "operands that it saw"),
    ] {
        let text = explained(name);
        assert!(text.starts_with(starts) && text.contains(holds), "{name}: {text}");
    }
    for field in axsim::config::schema::fields() {
        assert!(!field.does.is_empty() || !field.values.is_empty(), "{} is not explained", field.path);
    }
    for (name, near) in [
        ("compute.array.timng", "did you mean `compute.array.timing`"),
        ("always_off", "`always_on`"),
        ("sensor.adc_bit", "`sensor.cmos.adc_bits`"),
        ("sram.lstp.128kib.red", "`sram.lstp.128kib.read`"),
        ("nothing.of.the.kind", "`axsim list` shows what there is"),
    ] {
        let error = axsim(&["explain", name]).assert().code(2).get_output().stderr.clone();
        let error = String::from_utf8(error).unwrap().replace("\n  │ ", " ");
        assert!(error.contains(near), "{error}");
    }
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

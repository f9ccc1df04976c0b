//! What do zero weights save on an array that computes, gates or skips them, and what do their places cost in memory?

use std::path::Path;

use axsim::config::platform::Dataflow;
use axsim::kernel::Geometry;
use axsim::platform::compute::mapping::Mapping;
use axsim::workload::Network;
use serde_json::{Value, json};

use crate::cli::axsim;
use crate::onnx_models::shared;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn layers() -> Vec<Geometry> {
    let file = root().join("configs/workloads/scenes/scenes.onnx");
    let network = Network::from_onnx(&std::fs::read(file).unwrap()).unwrap();
    network.layers().into_iter().map(|layer| layer.geometry).collect()
}

/// A run of these knobs on the embedded task, pruned so from the start; and what was printed.
fn run(prune: &Value, knobs: &Value) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let scenes = root().join("configs/workloads/scenes/scenes.yaml");
    let file = json!({"workload": scenes, "platform": "always_on", "approximate": knobs});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.path().to_str().unwrap();
    let mut command = axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", out]);
    let prune = format!("workload.prune={prune}");
    let run = command.args(["--set", "workload.samples=64", "--set", &prune]).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    (serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap(), printed)
}

fn each<'v>(run: &'v Value, which: &str) -> &'v Vec<Value> {
    run[which]["layers"].as_array().unwrap()
}

fn count(outcome: &Value, component: &str, action: &str) -> f64 {
    let lines = outcome["ledger"].as_object().unwrap().values();
    let lines = lines.filter(|line| line["component"] == component && line["action"] == action);
    lines.map(|line| line["count"].as_f64().unwrap()).sum()
}

#[test]
fn nothing_left_out_and_zeros_computed_are_the_exact_run() {
    let nothing = json!({"prune": {"magnitude": {"ratio": 0.0}}, "compute.array.zeros": "compute", "compute.array.weight_format": "dense"});
    let (found, printed) = run(&json!("none"), &nothing);
    for figure in ["score", "energy_j", "ledger", "cycles", "area_mm2", "latency_s"] {
        assert_eq!(found["approximate"][figure], found["baseline"][figure], "{figure}");
    }
    assert!(each(&found, "baseline").iter().all(|layer| layer.get("weights").is_none()));
    assert!(printed.contains("Weights that are zero: "), "{printed}");
}

#[test]
fn gating_changes_energy_and_no_cycle() {
    let pruned = json!({"magnitude": {"ratio": 0.8}});
    let (found, printed) = run(&pruned, &json!({"compute.array.zeros": "gate"}));
    let [before, after] = ["baseline", "approximate"].map(|which| each(&found, which));
    for (before, after) in before.iter().zip(after) {
        assert_eq!(before["cycles"], after["cycles"]);
        assert!(before["weights"]["zero_share"].as_f64().unwrap() >= 0.79);
        assert!(after["mac_energy_j"].as_f64() < before["mac_energy_j"].as_f64(), "{before} {after}");
    }
    assert_eq!(found["baseline"]["score"]["value"], found["approximate"]["score"]["value"]);
    // Its gates take area.
    assert!(found["approximate"]["area_mm2"].as_f64() > found["baseline"]["area_mm2"].as_f64());
    assert!(printed.contains("Units hold still where an operand is zero"), "{printed}");
}

#[test]
fn skipping_two_of_four_takes_half_of_the_slots_and_pays_for_places() {
    let pattern = json!({"n_of_m": {"keep": 2, "of": 4}});
    let knobs = json!({"compute.array.zeros": "skip", "compute.array.weight_format": pattern});
    let (found, printed) = run(&pattern, &knobs);
    assert_eq!(found["baseline"]["score"]["value"], found["approximate"]["score"]["value"]);
    let (mut dense_bytes, mut kept_bytes, mut operations) = (0.0, 0.0, 0.0);
    for ((geometry, before), after) in
        layers().iter().zip(each(&found, "baseline")).zip(each(&found, "approximate"))
    {
        let dense = Mapping::of(&geometry.gemm(), 8, 8, Dataflow::OutputStationary);
        assert_eq!([&before["cycles"], &after["weights"]["dense_cycles"]], [&json!(dense.cycles); 2]);
        let slots = |cycles: u64| cycles - dense.folds * 14;
        // Two of the last few where the depth is no multiple of four; weights that round to zero may save more.
        let depth = geometry.depth();
        let most = dense.folds * (depth / 4 * 2 + (depth % 4).min(2)) as u64;
        let found = slots(after["cycles"].as_u64().unwrap());
        assert!(found <= most && found * 10 > most * 9, "{found} of {most}, dense {}", slots(dense.cycles));
        let filters = geometry.out_channels;
        let kept = (filters * (depth / 4 * 2 + (depth % 4).min(2))) as u64;
        assert_eq!(after["weights"]["index_bits"], json!(kept * 2));
        assert_eq!(after["weights"]["stored_bits"], json!(kept * 10));
        let passes = (dense.weight_reads / geometry.weights() as u64) as f64;
        dense_bytes += passes * geometry.weights() as f64;
        kept_bytes += passes * kept as f64 * 10.0 / 8.0;
        let zeros = after["weights"]["zero_share"].as_f64().unwrap() * geometry.weights() as f64;
        operations += (geometry.weights() as f64 - zeros).round() * geometry.positions() as f64;
    }
    let chosen = count(&found["approximate"], "compute.array", "choose activations");
    assert!((chosen - operations).abs() < 0.5, "{chosen} {operations}");
    assert_eq!(count(&found["baseline"], "compute.array", "choose activations"), 0.0);
    let read = |which: &str| 8.0 * count(&found[which], "memory.buffer", "read words");
    // Activations are read as before: every window has work.
    assert!((read("baseline") - read("approximate") - (dense_bytes - kept_bytes)).abs() < 0.01 * dense_bytes);
    assert!(
        printed.contains("Skipping zero weights takes") && printed.contains("20.0 % of that for indices"),
        "{printed}"
    );
}

#[test]
fn filters_that_are_left_out_take_their_operations_and_traffic_with_them() {
    let (found, printed) = run(&json!("none"), &json!({"prune": {"channel": {"ratio": 0.5}}}));
    let macs =
        |which: &str| each(&found, which).iter().map(|layer| layer["macs"].as_u64().unwrap()).sum::<u64>();
    assert!(macs("approximate") * 2 < macs("baseline"));
    assert!(
        found["approximate"]["energy_j"]["memory"].as_f64()
            < found["baseline"]["energy_j"]["memory"].as_f64()
    );
    assert!(found["approximate"]["cycles"].as_u64() < found["baseline"]["cycles"].as_u64());
    assert!(printed.contains("Filters that are left: "), "{printed}");
}

#[test]
fn the_layers_of_a_block_that_is_left_out_are_not_billed() {
    let Some(data) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let workload = root().join("configs/workloads/resnet8_cifar10.yaml");
    let with = |block: &str| {
        let knobs = json!({"skip_blocks": [block]});
        let file = json!({"workload": workload, "platform": "camera_edge", "approximate": knobs});
        std::fs::write(&config, file.to_string()).unwrap();
        let [out, data] = [folder.path(), &data].map(|path| path.to_str().unwrap());
        let mut command = axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", out, "--data", data]);
        command.args(["--set", "workload.samples=16"]).assert()
    };
    let run = with("n5_Add").success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let found: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap();
    let [before, after] = ["baseline", "approximate"].map(|which| each(&found, which));
    let gone: Vec<&Value> =
        before.iter().filter(|layer| after.iter().all(|other| other["name"] != layer["name"])).collect();
    assert_eq!([before.len(), after.len(), gone.len()], [10, 8, 2]);
    let cycles =
        |layers: &[&Value]| layers.iter().map(|layer| layer["cycles"].as_u64().unwrap()).sum::<u64>();
    let all = |which: &str| found[which]["cycles"].as_u64().unwrap();
    assert_eq!(all("baseline") - all("approximate"), cycles(&gone));
    let billed = found["approximate"]["ledger"].to_string();
    assert!(gone.iter().all(|layer| !billed.contains(layer["name"].as_str().unwrap())));
    assert!(printed.contains("Left out with their blocks: "), "{printed}");
    let failed = with("n11_Add").code(2);
    let text = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
    assert!(text.contains("`n5_Add`"), "{text}");
}

#[test]
fn what_the_account_of_zeros_does_not_cover_is_refused_with_what_to_write() {
    let scenes = root().join("configs/workloads/scenes/scenes.yaml");
    let cases = [
        ("{zeros: gate, products: raw}", "products: centred"),
        ("{zeros: skip, recovery: auto}", "recovery: none"),
        ("{zeros: skip, accumulator: add24s_loa_k6}", "accumulator: exact"),
    ];
    for (array, write) in cases {
        let config = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
        let text = format!(
            "workload: {}\nplatform: {{preset: always_on, compute: {{array: {array}}}}}\n",
            scenes.display()
        );
        std::fs::write(&config, text).unwrap();
        let failed = axsim(&["check", config.path().to_str().unwrap()]).assert().code(2);
        let text = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
        let text: String = text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(text.contains(write), "{array}: {text}");
    }
}

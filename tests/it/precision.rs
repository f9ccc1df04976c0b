//! Do layers of fewer bits move less, switch less, and give what the same bits give everywhere?

use std::path::Path;

use axsim::workload::Network;
use serde_json::{Value, json};

use crate::cli::axsim;
use crate::onnx_models::shared;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of the layers of the embedded network.
fn names() -> Vec<String> {
    let file = root().join("configs/workloads/scenes/scenes.onnx");
    let network = Network::from_onnx(&std::fs::read(file).unwrap()).unwrap();
    network.layers().into_iter().map(|layer| layer.name).collect()
}

/// A run of these knobs on the embedded task, and what was printed.
fn run(knobs: &Value) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let scenes = root().join("configs/workloads/scenes/scenes.yaml");
    let platform = json!({"preset": "always_on", "compute": {"array": {"multiplier": "mul8s_bw"}}});
    let file = json!({"workload": scenes, "platform": platform, "approximate": knobs});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.path().to_str().unwrap();
    let mut command = axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", out]);
    let run = command.args(["--set", "workload.samples=64"]).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    (serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap(), printed)
}

/// Both widths of all layers.
fn all(weights: u32, activations: u32) -> Value {
    let pair = |name: &String| {
        [
            (format!("layers.{name}.weight_bits"), json!(weights)),
            (format!("layers.{name}.activation_bits"), json!(activations)),
        ]
    };
    Value::Object(names().iter().flat_map(pair).collect())
}

#[test]
fn every_layer_at_a_width_is_the_network_at_that_width() {
    // What no layer reads, such as what is averaged first, has the bits of all.
    let mut knobs = all(5, 6);
    knobs["quantize.activation_bits"] = json!(6);
    let each = run(&knobs).0;
    let global = run(&json!({"quantize.weight_bits": 5, "quantize.activation_bits": 6})).0;
    for figure in ["score", "energy_j", "ledger", "cycles", "area_mm2"] {
        assert_eq!(each["approximate"][figure], global["approximate"][figure], "{figure}");
        assert_ne!(each["approximate"]["ledger"], each["baseline"]["ledger"]);
    }
    let neutral = run(&all(8, 8)).0;
    for figure in ["score", "energy_j", "ledger"] {
        assert_eq!(neutral["approximate"][figure], neutral["baseline"][figure], "{figure}");
    }
}

#[test]
fn a_layer_of_fewer_bits_moves_them_less_and_switches_less() {
    let name = &names()[1];
    let (found, printed) = run(&json!({format!("layers.{name}.weight_bits"): 4}));
    let bytes = |which: &str, action: &str| -> f64 {
        let lines = found[which]["ledger"].as_object().unwrap().values();
        let buffer = |line: &&Value| line["component"] == "memory.buffer" && line["action"] == action;
        lines.filter(buffer).map(|line| line["count"].as_f64().unwrap()).sum()
    };
    let layers = |which: &str| found[which]["layers"].as_array().unwrap().clone();
    let [before, after] = ["baseline", "approximate"].map(layers);
    assert!(bytes("approximate", "read words") < bytes("baseline", "read words"), "{found}");
    assert!(after[1]["mac_energy_j"].as_f64() < before[1]["mac_energy_j"].as_f64());
    assert_eq!(after[0]["mac_energy_j"], before[0]["mac_energy_j"]);
    assert_eq!(after[1]["code_bits"], json!([4, 8]));
    assert!(before[1].get("code_bits").is_none());
    assert!(printed.contains(&format!("4-bit weights and 8-bit activations in {name}.")), "{printed}");
}

#[test]
fn layers_that_share_a_tensor_may_not_ask_for_different_codes() {
    let Some(data) = shared() else { return };
    let config = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    let file = std::fs::read(data.join("models/resnet8_cifar10.onnx")).unwrap();
    let layers = Network::from_onnx(&file).unwrap().layers();
    // The first convolution of the second block and its shortcut see the same image.
    let same = |a: &usize| {
        let seen = |at: usize| (layers[at].geometry.in_channels, layers[at].geometry.stride);
        (a + 1..layers.len()).find(|b| seen(*a) == seen(*b) && seen(*a).1 == [2, 2])
    };
    let (a, b) = (0..layers.len()).find_map(|a| Some((a, same(&a)?))).unwrap();
    let workload = root().join("configs/workloads/resnet8_cifar10.yaml");
    let text = format!(
        "workload: {}\nplatform: ideal\napproximate:\n  layers.#{a}.activation_bits: 4\n  layers.#{b}.activation_bits: 6\n",
        workload.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut command =
        axsim(&["run", config.path().to_str().unwrap(), "--quiet", "--data", data.to_str().unwrap()]);
    let failed = command.args(["--set", "workload.samples=1"]).assert().code(2);
    let text = String::from_utf8(failed.get_output().stderr.clone()).unwrap().replace('\n', " ");
    assert!(text.contains("read the same tensor"), "{text}");
}

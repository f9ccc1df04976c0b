//! Features that a link sends in the formats of their layers.

use std::path::Path;

use serde_json::{Value, json};

use super::{razored, root, scenes, wide};
use crate::cli::axsim;

/// A platform with a serial link that sends this, and what it gives.
fn sent(folder: &Path, payload: &Value, knobs: &Value) -> Value {
    let config = folder.join("run.yaml");
    let workload = root().join("configs/workloads/scenes/scenes.yaml");
    let link = json!({"serial": {"payload": payload, "radio": "ble_nrf52840", "bit_energy": "10 nJ",
        "wake_energy": "1 uJ", "goodput": "1 Mb/s"}});
    let file = json!({"workload": workload, "platform": {"preset": "always_on", "link": link}, "approximate": knobs});
    std::fs::write(&config, file.to_string()).unwrap();
    let mut command = axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", folder.to_str().unwrap()]);
    command.args(["--set", "workload.samples=8"]).assert().success();
    serde_json::from_slice(&std::fs::read(folder.join("outcome.json")).unwrap()).unwrap()
}

/// Bits counted from the shapes of the network, by hand; energy and time in closed form.
#[test]
fn features_are_sent_in_the_bits_that_they_are_put_away_in() {
    let folder = tempfile::tempdir().unwrap();
    let layers = scenes().layers();
    let of_all = sent(folder.path(), &json!("result"), &razored(16));
    let first = &layers[0];
    let found = sent(folder.path(), &json!({"layer": first.name}), &razored(16));
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(!page.contains(&format!("{} <small>×", first.name)), "it runs once");
    for layer in &layers[1..] {
        assert!(
            page.contains(&format!("{} <small>× 0</small>", layer.name)),
            "{} runs elsewhere",
            layer.name
        );
    }
    let next = &layers[1].geometry;
    let plane = next.in_height * next.in_width;
    let groups = next.groups * (next.in_channels / next.groups).div_ceil(16);
    let codes = next.in_channels * plane;
    let expected = [8.0 * codes as f64, (4 * codes + 4 * groups * plane) as f64];
    let of_16 = sent(folder.path(), &json!({"layer": first.name}), &wide(16));
    let energy = of_16["approximate"]["energy_j"]["link"].as_f64().unwrap();
    assert!((energy / (16.0 * codes as f64 * 10e-9 + 1e-6) - 1.0).abs() < 1e-9, "{energy} J");
    for (which, bits) in ["baseline", "approximate"].iter().zip(expected) {
        let energy = found[which]["energy_j"]["link"].as_f64().unwrap();
        assert!((energy / (bits * 10e-9 + 1e-6) - 1.0).abs() < 1e-9, "{which}: {energy} J for {bits} bits");
        // The device multiplies for its own layer alone, and knows its weights alone.
        let told = found[which]["layers"].as_array().unwrap();
        assert!(told[0]["energy_j"].as_f64().unwrap() > 0.0);
        assert!(told[1..].iter().all(|layer| layer["energy_j"] == 0.0 && layer["runs"] == 0.0));
        assert_eq!(found[which]["cycles"], told[0]["cycles"]);
        for stage in ["compute", "memory"] {
            assert!(found[which]["energy_j"][stage].as_f64() < of_all[which]["energy_j"][stage].as_f64());
        }
        assert_eq!(found[which]["score"], of_all[which]["score"], "the receiver goes on as the device would");
    }
    // Shares are those of the numbers that the device reads: here its one layer's.
    let told = &found["approximate"];
    for numbers in ["weights", "activations"] {
        let own = &told["layers"][0]["format"][numbers];
        assert_eq!(told["formats"][numbers], *own, "{numbers}");
        assert_ne!(
            of_all["approximate"]["formats"][numbers]["zeroed_share"], own["zeroed_share"],
            "{numbers}"
        );
    }
    let [before, after] =
        ["baseline", "approximate"].map(|which| found[which]["latency_s"].as_f64().unwrap());
    assert!(before > after, "{before} {after}: fewer bits at one goodput");
}

#[test]
fn a_split_is_refused_where_there_is_no_such_layer() {
    let link = r#"{"serial": {"payload": {"layer": "conv99"}, "radio": "csi2", "bit_energy": "1 pJ", "wake_energy": "0 J", "goodput": "1 Gb/s"}}"#;
    let set = format!("platform.link={link}");
    let quickstart = root().join("configs/runs/quickstart.yaml");
    let mut command = axsim(&["run", quickstart.to_str().unwrap(), "--quiet", "--set", &set]);
    let failed = command.assert().code(2);
    let text = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
    assert!(text.contains("link.serial.payload names `conv99`"), "{text}");
}

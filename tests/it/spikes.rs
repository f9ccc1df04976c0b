//! What does a spiking network cost by the event, when does that beat multiplying, and does it compute the same?

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::axsim;
use crate::onnx_models::shared;

/// A run of the spiking network with these knobs on so many samples; and what was printed.
fn run(root: &Path, knobs: &Value, samples: usize) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let workload = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/snn_if_mnist_step.yaml");
    let platform = json!({"preset": "always_on", "sensor": "ideal"});
    let file = json!({"workload": workload, "platform": platform, "approximate": knobs});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.path().to_str().unwrap();
    let mut command =
        axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", out, "--data", root.to_str().unwrap()]);
    let run = command.args(["--set", &format!("workload.samples={samples}")]).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    (serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap(), printed)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Counts of an action in the ledger of an outcome.
fn count(outcome: &Value, component: &str, action: &str) -> f64 {
    let lines = outcome["ledger"].as_object().unwrap().values();
    let lines = lines.filter(|line| line["component"] == component && line["action"] == action);
    lines.map(|line| number(&line["count"])).sum()
}

#[test]
fn multiplied_spikes_are_the_exact_run() {
    let Some(root) = shared() else { return };
    let (found, _) = run(&root, &json!({"compute.array.spikes": "multiply"}), 30);
    for figure in ["score", "energy_j", "ledger", "cycles", "area_mm2", "latency_s", "layers"] {
        assert_eq!(found["approximate"][figure], found["baseline"][figure], "{figure}");
    }
}

#[test]
fn added_spikes_give_the_same_answers_for_less_and_say_when_they_would_not() {
    let Some(root) = shared() else { return };
    let (found, printed) = run(&root, &json!({"compute.array.spikes": "accumulate"}), 100);
    let (exact, added) = (&found["baseline"], &found["approximate"]);
    assert_eq!(exact["score"], added["score"]);
    assert_eq!(number(&added["delta"]["value"]), 0.0);
    assert!(number(&added["energy_j"]["total"]) < number(&exact["energy_j"]["total"]));
    assert_eq!(count(added, "compute.array", "multiply-accumulate"), 0.0);
    let layers = added["layers"].as_array().unwrap();
    // Both layers' spikes reach 512 and 10 neurons; rates are those of the reference.
    for (layer, (outputs, inputs, rate)) in layers.iter().zip([(512.0, 784.0, 0.0157), (10.0, 512.0, 0.0800)])
    {
        let spikes = &layer["spikes"];
        assert!((number(&spikes["rate"]) / rate - 1.0).abs() < 0.1, "{spikes}");
        assert!((number(&spikes["rate"]) * 20.0 * inputs / number(&spikes["spikes"]) - 1.0).abs() < 1e-9);
        assert!((number(&spikes["additions"]) / (outputs * number(&spikes["spikes"])) - 1.0).abs() < 1e-9);
        for way in ["step_by_step", "steps_together"] {
            let multiplied = &spikes[way];
            let [formula, ledger] =
                ["break_even", "break_even_by_ledger"].map(|way| number(&multiplied[way]));
            assert!(
                (formula / ledger - 1.0).abs() < 1e-9,
                "{formula} by the formula, {ledger} by the ledger"
            );
            let saves = number(&spikes["energy_j"]) < number(&multiplied["energy_j"]);
            assert_eq!(saves, number(&spikes["rate"]) < formula, "{way}: {spikes}");
        }
        // Weights that stay while the steps pass are fetched once, and the array is filled less often.
        let [apart, together] =
            ["step_by_step", "steps_together"].map(|way| number(&spikes[way]["energy_j"]));
        assert!(together < 0.5 * apart, "{together} {apart}");
    }
    let additions: f64 = layers.iter().map(|layer| number(&layer["spikes"]["additions"])).sum();
    // Each is a line for its gates and one for its wires.
    assert!((count(added, "compute.array", "add weights") / (2.0 * additions) - 1.0).abs() < 1e-9);
    assert_eq!(count(added, "compute.array", "compare membranes"), 20.0 * 522.0);
    assert!(printed.contains("Weights are added where a spike comes: "), "{printed}");
    eprintln!("{printed}");
}

#[test]
fn what_neurons_do_not_do_is_refused_with_what_to_write() {
    let told = |set: &str| {
        let mut command = axsim(&["check", "configs/runs/quickstart.yaml"]);
        command.args(["--set", "approximate.compute.array.spikes=accumulate"]);
        command.args(["--set", set]);
        let run = command.assert().code(2);
        String::from_utf8(run.get_output().stderr.clone()).unwrap()
    };
    for (set, expected) in [
        ("platform.compute.array.zeros=gate", "write `zeros: compute`, or `spikes: multiply`"),
        ("platform.compute.array.accumulator=add8s_loa_k6", "write `accumulator: exact`"),
        ("platform.compute.array.products=raw", "write `products: centred`"),
    ] {
        let told = told(set).split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
        assert!(told.contains(expected), "{set}: {told}");
    }
}

/// The same digits by an integer network of the model zoo, at the fewest bits that score as much.
#[test]
fn an_integer_network_of_equal_accuracy_takes_less_than_additions_of_the_spiking_one() {
    let Some(root) = shared() else { return };
    let (spiking, _) = run(&root, &json!({"compute.array.spikes": "accumulate"}), 300);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let workload =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/mnist8_cntk_asfound_opset8.yaml");
    let file = json!({
        "workload": workload, "platform": {"preset": "always_on", "sensor": "ideal"},
        "approximate": {"quantize.weight_bits": 3, "quantize.activation_bits": 3},
    });
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.path().to_str().unwrap();
    let arguments =
        ["run", config.to_str().unwrap(), "--quiet", "--out", out, "--data", root.to_str().unwrap()];
    axsim(&arguments).args(["--set", "workload.samples=300"]).assert().success();
    let integer: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap();
    let figures = |run: &Value| {
        let found = &run["approximate"];
        [number(&found["score"]["value"]), number(&found["energy_j"]["total"])]
    };
    let ([spiking, added], [integer, multiplied]) = (figures(&spiking), figures(&integer));
    eprintln!("spiking {spiking} at {added} J, integer {integer} at {multiplied} J");
    assert!(integer > spiking - 0.03 && multiplied < added, "{spiking} {added} {integer} {multiplied}");
}

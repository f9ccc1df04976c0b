//! Does recovery without training help a network, say what it chose, and leave everything else as it was?

use std::path::Path;

use assert_cmd::Command;
use axsim::config::platform::Dataflow;
use axsim::kernel::Gemm;
use axsim::platform::compute::mapping::Mapping;
use axsim::workload::Network;
use serde_json::Value;

use crate::cli::axsim;
use crate::onnx_models::shared;

/// The quickstart's task with a harsh multiplier; results go to `folder`.
fn command(folder: &Path, recovery: &str, multiplier: &str) -> Command {
    let config = folder.join("run.yaml");
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml");
    let text = format!(
        "workload: {}\nplatform: {{preset: always_on, compute: {{array: {{recovery: {recovery}}}}}}}\n\
         approximate: {{compute.array.multiplier: {multiplier}}}\n",
        scenes.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", folder.to_str().unwrap()]);
    command.args(["--set", "workload.samples=128"]);
    command
}

/// The results of a run, and what was printed.
fn run(recovery: &str, multiplier: &str) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let run = command(folder.path(), recovery, multiplier).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let outcome = std::fs::read(folder.path().join("outcome.json")).unwrap();
    (serde_json::from_slice(&outcome).unwrap(), printed)
}

#[test]
fn every_layer_says_what_it_chose_and_the_task_gains() {
    let ((plain, plain_printed), (recovered, printed)) =
        ["none", "auto"].map(|recovery| run(recovery, "mul8s_bwtrunc_t7")).into();
    let layers = |run: &Value, which: &str| run[which]["layers"].as_array().unwrap().clone();
    assert!(layers(&plain, "approximate").iter().all(|layer| layer.get("recovery").is_none()));
    for layer in layers(&recovered, "approximate") {
        let error = |name: &str| layer["recovery"][name].as_f64().unwrap();
        assert!(error("error_after") < error("error_before"), "{layer}");
        assert!(printed.contains(layer["name"].as_str().unwrap()), "{printed}");
    }
    assert!(printed.contains("Recovery without training: ") && !plain_printed.contains("Recovery"));
    let score = |run: &Value| run["approximate"]["score"]["value"].as_f64().unwrap();
    assert!(score(&recovered) > score(&plain) + 0.1, "{} {}", score(&recovered), score(&plain));
    // An exact array has nothing to recover from.
    for figure in ["score", "energy_j", "area_mm2", "ledger"] {
        assert_eq!(plain["baseline"][figure], recovered["baseline"][figure], "{figure}");
    }
    assert!(
        layers(&recovered, "baseline")
            .iter()
            .all(|layer| layer["recovery"]["measures"] == Value::Array(vec![]))
    );
    // A constant per channel takes away what is wrong on average.
    let by_channel = |run: &Value| layers(run, "approximate")[0]["mean_error"]["relative"].as_f64().unwrap();
    assert!(by_channel(&recovered) < 0.2 * by_channel(&plain));
}

#[test]
fn a_swapped_layer_is_computed_as_its_transpose() {
    let plain = run("none", "mul8u_ppam_j0_k4").0;
    let (swapped, printed) = run("[swap]", "mul8u_ppam_j0_k4");
    let layers = |run: &Value| run["approximate"]["layers"].as_array().unwrap().clone();
    let is_swapped = |layer: &Value| layer["recovery"]["measures"] == serde_json::json!(["swap"]);
    assert!(layers(&swapped).iter().any(is_swapped), "{printed}");
    let cycles = |run: &Value| layers(run).iter().map(|layer| layer["cycles"].clone()).collect::<Vec<_>>();
    // A square array that keeps sums in place takes as long either way.
    assert_eq!(cycles(&plain), cycles(&swapped));
    assert_eq!(plain["approximate"]["area_mm2"], swapped["approximate"]["area_mm2"]);
    let notes = swapped["notes"].to_string();
    assert!(notes.contains("A layer with swapped operands is computed as its transpose"), "{notes}");
}

#[test]
fn a_factor_of_a_layer_is_paid_for_where_all_weights_share_a_scale() {
    let folder = tempfile::tempdir().unwrap();
    let with = |scales: &str| -> Value {
        let mut command = command(folder.path(), "[affine]", "mul8s_bwtrunc_t7");
        let scales = format!("workload.quantize.weight_scales={scales}");
        command.args(["--set", "workload.samples=2", "--set", &scales]).assert().success();
        serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap()
    };
    let [each, shared] = ["per_channel", "per_tensor"].map(with);
    let scaled = |run: &Value, which: &str| -> f64 {
        let lines = run[which]["ledger"].as_object().unwrap().values();
        lines.filter(|line| line["action"] == "scale sums").map(|line| line["count"].as_f64().unwrap()).sum()
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.onnx");
    let layers = Network::from_onnx(&std::fs::read(file).unwrap()).unwrap().layers();
    let chosen = shared["approximate"]["layers"].as_array().unwrap();
    let affine = |layer: &Value| layer["recovery"]["measures"] == serde_json::json!(["affine"]);
    let expected: usize = layers
        .iter()
        .zip(chosen)
        .filter(|(_, found)| affine(found))
        .map(|(layer, _)| layer.geometry.outputs_per_sample())
        .sum();
    assert!(expected > 0 && scaled(&shared, "approximate") == expected as f64, "{expected}");
    assert_eq!([scaled(&shared, "baseline"), scaled(&each, "approximate")], [0.0; 2]);
    let area = |run: &Value| run["approximate"]["area_mm2"].as_f64().unwrap();
    assert!(area(&shared) > area(&each));
}

/// In the file every filter of a convolution has a scale of its own, and all weights of the last layer, `n69_MatMul`, have one.
#[test]
fn a_factor_is_paid_for_in_the_layers_whose_weights_share_a_scale_in_the_file() {
    let Some(root) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads");
    let text = format!(
        "workload: {}\nplatform: {{preset: always_on, sensor: ideal, \
         compute: {{array: {{multiplier: mul8u_trunc_t8, recovery: [affine]}}}}}}\napproximate: {{}}\n",
        configs.join("resnet8_cifar10_int8_qdq.yaml").display()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = axsim(&["run", config.to_str().unwrap(), "--quiet", "--data"]);
    command.arg(root).args(["--set", "workload.samples=2"]);
    command.args(["--set", "workload.quantize.calibration_samples=4", "--json", "-"]);
    let run: Value = serde_json::from_slice(&command.assert().success().get_output().stdout).unwrap();
    let run = &run["approximate"];
    let affine = |layer: &&Value| layer["recovery"]["measures"] == serde_json::json!(["affine"]);
    let chose: Vec<&Value> = run["layers"].as_array().unwrap().iter().filter(affine).collect();
    assert!(chose.len() > 1 && chose.iter().any(|layer| layer["name"] == "n69_MatMul"), "{chose:?}");
    let lines = run["ledger"].as_object().unwrap().values();
    let counts: Vec<_> =
        lines.filter(|line| line["action"] == "scale sums").map(|line| &line["count"]).collect();
    // One of each of the ten classes.
    assert_eq!(counts, [&serde_json::json!(10.0)]);
}

#[test]
fn golden_vectors_of_a_swapped_layer_are_refused_with_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let golden = |layer: &str| {
        let mut command = command(folder.path(), "[swap]", "mul8u_ppam_j0_k4");
        command.args(["--set", "workload.samples=2", "--golden", layer]).assert()
    };
    // Recovery chooses on the calibration samples, so it chooses the same for two.
    let outcome = run("[swap]", "mul8u_ppam_j0_k4").0;
    let layers = outcome["approximate"]["layers"].as_array().unwrap();
    let swapped = |layer: &&Value| layer["recovery"]["measures"] == serde_json::json!(["swap"]);
    let name = layers.iter().find(swapped).unwrap()["name"].as_str().unwrap();
    let refused = golden(name).code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    let message = message.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    let expected = format!(
        "layer `{name}` recovers by swapping its operands, and golden vectors have activations at port `a`"
    );
    assert!(message.contains(&expected) && message.contains("leave `swap` out"), "{message}");
    assert!(!folder.path().join("golden").exists() && !folder.path().join("outcome.json").exists());
    // A layer that kept its order has vectors.
    if let Some(other) = layers.iter().find(|layer| !swapped(layer)) {
        golden(other["name"].as_str().unwrap()).success();
    }
}

#[test]
fn a_transposed_product_moves_the_same_words_under_each_others_names() {
    let work = Gemm { groups: 2, positions: 90, outputs: 24, depth: 40 };
    let transposed = Gemm { positions: 24, outputs: 90, ..work };
    assert_eq!(work.transposed(), transposed);
    let of = |work: &Gemm, rows: usize, columns: usize| {
        Mapping::of(work, rows, columns, Dataflow::OutputStationary)
    };
    // On a transposed array that keeps its sums in place, the transpose is the same work.
    let (own, swapped) = (of(&work, 8, 16), of(&transposed, 16, 8).swapped());
    assert_eq!((own.cycles, own.utilisation), (swapped.cycles, swapped.utilisation));
    assert_eq!((own.input_reads, own.weight_reads), (swapped.input_reads, swapped.weight_reads));
    assert_eq!((own.output_writes, own.partial_reads), (swapped.output_writes, swapped.partial_reads));
}

//! Does recovery without training help a network, say what it chose, and leave everything else as it was?

use axsim::config::platform::Dataflow;
use axsim::kernel::Gemm;
use axsim::platform::compute::mapping::Mapping;
use serde_json::Value;

use crate::cli::axsim;

/// The results of the quickstart's task with a harsh multiplier, and what was printed.
fn run(recovery: &str, multiplier: &str) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let config = folder.path().join("run.yaml");
    let scenes =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml");
    let text = format!(
        "workload: {}\nplatform: {{preset: always_on, compute: {{array: {{recovery: {recovery}}}}}}}\n\
         approximate: {{compute.array.multiplier: {multiplier}}}\n",
        scenes.display()
    );
    std::fs::write(&config, text).unwrap();
    let set = ["--set", "workload.samples=128", "--quiet", "--out", out];
    let run = axsim(&["run", config.to_str().unwrap()]).args(set).assert().success();
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

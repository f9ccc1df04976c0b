//! Does recovery without training help a network, say what it chose, and leave everything else as it was?

use serde_json::Value;

use crate::cli::axsim;

/// The results of the quickstart's task with a harsh multiplier, and what was printed.
fn run(recovery: &str) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let config = folder.path().join("run.yaml");
    let scenes =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml");
    let text = format!(
        "workload: {}\nplatform: {{preset: always_on, compute: {{array: {{recovery: {recovery}}}}}}}\n\
         approximate: {{compute.array.multiplier: mul8s_bwtrunc_t7}}\n",
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
    let ((plain, plain_printed), (recovered, printed)) = (run("none"), run("auto"));
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

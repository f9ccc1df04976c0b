//! Is it told what a platform is asked for beyond what it can do, and what a link sends?

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::axsim;

/// The exact system of a run on the embedded task with changed parts, and what was printed.
fn baseline(folder: &Path, platform: &Value) -> (Value, String) {
    let config = folder.join("run.yaml");
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml");
    let file = json!({"workload": scenes, "platform": platform, "approximate": {"compute.array.multiplier": "mul8s_bwtrunc_t2"}});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.join("out");
    let arguments = ["run", config.to_str().unwrap(), "--quiet", "--out", out.to_str().unwrap()];
    let run = axsim(&arguments).args(["--set", "workload.samples=8"]).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    let found: Value = serde_json::from_slice(&std::fs::read(out.join("outcome.json")).unwrap()).unwrap();
    (found["baseline"].clone(), printed)
}

fn counts(outcome: &Value, component: &str, action: &str) -> f64 {
    let entries = outcome["ledger"].as_object().unwrap().values();
    let own = entries.filter(|entry| entry["component"] == component && entry["action"] == action);
    own.map(|entry| entry["count"].as_f64().unwrap()).sum()
}

#[test]
fn a_buffer_that_is_too_small_is_told_with_what_it_would_hold() {
    let folder = tempfile::tempdir().unwrap();
    let size = |size: &str| json!({"preset": "always_on", "memory": {"buffer": {"sram": {"size": size}}}});
    let (outcome, printed) = baseline(folder.path(), &size("32 KiB"));
    // All weights, and what conv1 reads and writes.
    let needed = 8 * 25 + 16 * 72 + 40 * 144 + 112 * 360 + 10 * 112 + 48 * 48 + 8 * 24 * 24;
    assert_eq!(outcome["strain"]["overfull"]["needed_bytes"], f64::from(needed));
    assert!(
        printed.contains("Memory `buffer` of 32.0 KiB would have to hold 54.2 KiB at once."),
        "{printed}"
    );
    std::fs::remove_dir_all(folder.path().join("out")).unwrap();
    let (outcome, printed) = baseline(folder.path(), &size("128 KiB"));
    assert!(outcome["strain"].is_null() && !printed.contains("would have to hold"), "{printed}");
}

/// As many as the normal law says of 12.767 − 18.098 · 0.96 deviations.
#[test]
fn the_share_of_cells_that_fail_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let supply =
        |volts: f64| json!({"preset": "always_on", "memory": {"buffer": {"sram": {"voltage": volts}}}});
    let page = || std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    let (outcome, _) = baseline(folder.path(), &supply(0.96));
    let share = outcome["failing_cells"]["buffer"].as_f64().unwrap();
    assert!((share / 2.04181e-6 - 1.0).abs() < 1e-4, "{share}");
    assert!(page().contains("a share of 2.04e-6 of those of `buffer`"));
    std::fs::remove_dir_all(folder.path().join("out")).unwrap();
    let (outcome, _) = baseline(folder.path(), &supply(1.0));
    assert!(outcome["failing_cells"].is_null() && !page().contains("Cells that fail"));
}

/// Words of groups are as many fewer as they are wider.
#[test]
fn numbers_in_groups_take_their_bits_in_a_buffer() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let scenes = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml");
    let platform = json!({"preset": "always_on", "memory": {"buffer": {"sram": {"size": "32 KiB"}}}});
    let weights = json!({"razor": {"basis": 8, "bits": 4, "group": 16}});
    let format = json!({"weights": weights, "activations": {"int": {"bits": 16}}});
    let file = json!({"workload": scenes, "platform": platform, "approximate": {"quantize.format": format}});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.path().join("out");
    let arguments = ["run", config.to_str().unwrap(), "--quiet", "--out", out.to_str().unwrap()];
    axsim(&arguments).args(["--set", "workload.samples=8"]).assert().success();
    let found: Value = serde_json::from_slice(&std::fs::read(out.join("outcome.json")).unwrap()).unwrap();
    let outcome = &found["approximate"];
    let effective = outcome["formats"]["weights"]["effective_bits"].as_f64().unwrap();
    let weights = f64::from(8 * 25 + 16 * 72 + 40 * 144 + 112 * 360 + 10 * 112) * effective / 8.0;
    let needed = weights + 2.0 * f64::from(48 * 48 + 8 * 24 * 24);
    let told = outcome["strain"]["overfull"]["needed_bytes"].as_f64().unwrap();
    assert!((told / needed - 1.0).abs() < 1e-9, "{told} {needed}");
}

#[test]
fn frames_that_come_too_soon_are_told_and_memories_stay_on_while_the_array_computes() {
    let folder = tempfile::tempdir().unwrap();
    let platform = json!({"preset": "always_on", "frame_period": "10 us", "sensor": "ideal"});
    let (outcome, printed) = baseline(folder.path(), &platform);
    let busy = outcome["cycles"].as_f64().unwrap() / outcome["clock_hz"].as_f64().unwrap();
    let told = outcome["strain"]["busy_s"].as_f64().unwrap();
    assert!((told / busy - 1.0).abs() < 1e-9, "{told} {busy}");
    assert!((counts(&outcome, "memory.buffer", "leak seconds") / busy - 1.0).abs() < 1e-9);
    assert!(printed.contains("longer than the frame period"), "{printed}");
}

/// Static power of the sensor and of a memory lasts as long as the slowest stage.
#[test]
fn sensors_and_links_that_are_slower_than_frames_are_told_and_billed_as_long_as_they_take() {
    let folder = tempfile::tempdir().unwrap();
    let slow = json!({"cmos": {"resolution": [96, 64], "pixel_rate": "1 kHz"}});
    let (outcome, printed) =
        baseline(folder.path(), &json!({"preset": "always_on", "frame_period": "1 s", "sensor": slow}));
    let readout = 96.0 * 64.0 / 1000.0;
    let is_readout = |seconds: f64| (seconds / readout - 1.0).abs() < 1e-9;
    assert!(is_readout(outcome["strain"]["sensor_s"].as_f64().unwrap()));
    assert!(is_readout(counts(&outcome, "sensor", "on seconds")));
    assert_eq!(counts(&outcome, "sensor", "standby seconds"), 0.0);
    assert!(is_readout(counts(&outcome, "memory.buffer", "leak seconds")));
    assert!(printed.contains("The sensor captures and sends for 6.14 s a sample"), "{printed}");
    let link = json!({"serial": {"payload": "image", "goodput": "1 Mb/s"}});
    let (outcome, printed) = baseline(
        folder.path(),
        &json!({"preset": "always_on", "frame_period": "1 ms", "sensor": "ideal", "link": link}),
    );
    let sending = outcome["strain"]["link_s"].as_f64().unwrap();
    assert!(sending > 1e-3 && sending < outcome["latency_s"].as_f64().unwrap());
    let longest = outcome["strain"]["busy_s"].as_f64().unwrap_or(0.0).max(sending);
    assert!((counts(&outcome, "memory.buffer", "leak seconds") / longest - 1.0).abs() < 1e-9);
    assert!(printed.contains("The link sends for"), "{printed}");
}

#[test]
fn an_image_is_sent_as_the_sensor_sends_it() {
    let folder = tempfile::tempdir().unwrap();
    let link = json!({"serial": {"payload": "image"}});
    let sensor = json!({"cmos": {"resolution": [96, 64], "skip": 2, "adc_bits": 10}});
    let (outcome, _) =
        baseline(folder.path(), &json!({"preset": "always_on", "link": link, "sensor": sensor}));
    assert_eq!(counts(&outcome, "link", "send bits"), 48.0 * 32.0 * 10.0);
    assert_eq!(counts(&outcome, "sensor", "send bytes") * 8.0, 48.0 * 32.0 * 10.0);
}

/// Its pixels are whole numbers for such a network, as those of a picture's file are.
#[test]
fn a_network_of_codes_reads_what_a_sensor_captured() {
    let Some(root) = crate::onnx_models::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let workload =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/resnet8_cifar10_int8_qdq.yaml");
    let knob = json!({"compute.array.multiplier": "mul8u_exact"});
    std::fs::write(
        &config,
        json!({"workload": workload, "platform": {"preset": "always_on"}, "approximate": knob}).to_string(),
    )
    .unwrap();
    let [config, out] = [config, folder.path().join("out")].map(|path| path.to_str().unwrap().to_string());
    let arguments = ["run", &config, "--quiet", "--out", &out, "--data", root.to_str().unwrap()];
    let run = axsim(&arguments).args(["--set", "workload.samples=48"]).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("is coded anew"), "{printed}");
    let found: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&out).join("outcome.json")).unwrap()).unwrap();
    let recoded = found["baseline"]["strain"]["recoded"].as_array().unwrap();
    // Weights of the last layer have one scale, what it reads a zero point.
    assert_eq!(recoded.len(), found["baseline"]["layers"].as_array().unwrap().len());
    assert!(found["approximate"]["strain"]["recoded"].is_null());
    // Operands of a bit more hold them less their zero points, and those of as many as they are.
    for kept in ["platform.compute.array.multiplier=mul9s_bw", "platform.compute.array.products=raw"] {
        let sets = ["--set", "workload.samples=8", "--set", "approximate={}", "--set", kept];
        axsim(&arguments).args(sets).assert().success();
        let found = std::fs::read(Path::new(&out).join("outcome.json")).unwrap();
        let found: Value = serde_json::from_slice(&found).unwrap();
        assert!(found["baseline"]["strain"]["recoded"].is_null(), "{kept}");
    }
    assert!(
        found["approximate"]["score"]["value"].as_f64().unwrap() > 0.75,
        "{}",
        found["approximate"]["score"]
    );
}

/// Bits that a public workload has the link send for a sample, and its exact outcome.
fn sent(workload: &str, samples: usize) -> Option<(f64, Value)> {
    let root = crate::onnx_models::shared()?;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("configs/workloads/{workload}.yaml"));
    let platform = json!({"preset": "always_on", "sensor": "ideal"});
    std::fs::write(&config, json!({"workload": file, "platform": platform, "approximate": {}}).to_string())
        .unwrap();
    let [config, out] = [config, folder.path().join("out")].map(|path| path.to_str().unwrap().to_string());
    let samples = format!("workload.samples={samples}");
    let arguments =
        ["run", &config, "--quiet", "--out", &out, "--data", root.to_str().unwrap(), "--set", &samples];
    axsim(&arguments).assert().success();
    let found: Value =
        serde_json::from_slice(&std::fs::read(Path::new(&out).join("outcome.json")).unwrap()).unwrap();
    Some((counts(&found["baseline"], "link", "send bits"), found["baseline"].clone()))
}

#[test]
fn a_picture_is_sent_by_the_element_and_objects_by_the_object() {
    let Some((picture, _)) = sent("superres_x3", 2) else { return };
    assert_eq!(picture, 8.0 * 672.0 * 672.0);
    let (objects, outcome) = sent("ultraface_slim320_static", 4).unwrap();
    let found = outcome["score"]["detections"].as_f64().unwrap();
    assert!(found > 0.0 && (objects / (80.0 * found / 4.0) - 1.0).abs() < 1e-12, "{objects} for {found}");
}

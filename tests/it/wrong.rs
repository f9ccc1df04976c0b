//! Does every wrong configuration get a message at its line that says what to write instead?

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use axsim::config::Config;
use miette::{GraphicalReportHandler, GraphicalTheme};
use rten_onnx::onnx::ModelProto;

fn message(path: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(path.join(name)).unwrap();
    // Relative names keep machine paths out of the messages.
    let read = |file: &Path| std::fs::read_to_string(path.join(file));
    let error = Config::load(&text, Path::new(name), &read, &[]).err();
    let error = error.unwrap_or_else(|| panic!("{name} was accepted"));
    let mut out = String::new();
    let theme = GraphicalTheme::unicode_nocolor();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    handler.render_report(&mut out, &error).unwrap();
    out
}

#[test]
fn every_wrong_file_is_refused_with_its_reviewed_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 25, "only {} wrong files", names.len());
    let messages = names.iter().map(|name| format!("== {name}\n{}", message(&folder, name)));
    insta::assert_snapshot!(messages.collect::<Vec<_>>().join("\n"));
}

const SCENES: &str = "configs/workloads/scenes";
const QUICKSTART: &str = "configs/runs/quickstart.yaml";

/// Damaged copies of the embedded workload's files.
fn damage(folder: &Path) {
    let read = |name: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(SCENES).join(name)).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let (model, images) = (read("scenes.onnx"), read("test-images-idx3-ubyte.gz"));
    write("cut.onnx", &model[..60_000]);
    write("foreign.onnx", &read("contact-sheet.png"));
    write("empty.onnx", &[]);
    let mut graph = ModelProto::parse_buf(&model).unwrap();
    let node = &mut graph.graph.as_mut().unwrap().node[0];
    (node.name, node.op_type) = (Some("first".into()), Some("Loop".into()));
    write("loop.onnx", &graph.write_buf().unwrap());
    write("cut.gz", &images[..5000]);
    let labels = [&[0, 0, 8, 1, 0, 0, 3, 232][..], &[3; 1000]].concat();
    write("short", &labels[..900]);
    write("long", &[&labels[..], &[0]].concat());
    write("fewer", &[&[0, 0, 8, 1, 0, 0, 0, 2][..], &[3; 2]].concat());
    write("reals", &[&[0, 0, 13, 1, 0, 0, 3, 232][..], &[0; 4000]].concat());
    write("no_images", &[0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0, 48]);
    write("no_labels", &[0, 0, 8, 1, 0, 0, 0, 0]);
    write("label_200", &[&labels[..13], &[200], &labels[14..]].concat());
}

/// Everything a user may get wrong on the command line or in the files it names: what follows `axsim`.
const MISTAKES: [(&str, &[&str]); 57] = [
    ("a model that is cut off", &["run", "--set", "workload.model=DIR/cut.onnx"]),
    ("a picture as a model", &["run", "--set", "workload.model=DIR/foreign.onnx"]),
    ("an empty model", &["run", "--set", "workload.model=DIR/empty.onnx"]),
    ("an operator that is not supported", &["run", "--set", "workload.model=DIR/loop.onnx"]),
    ("a model that is not there", &["run", "--set", "workload.model=DIR/none.onnx"]),
    ("images that are cut off", &["run", "--set", "workload.data.idx.test.images=DIR/cut.gz"]),
    ("labels as images", &["run", "--set", "workload.data.idx.test.images=DIR/long"]),
    ("labels that are cut off", &["run", "--set", "workload.data.idx.test.labels=DIR/short"]),
    ("labels with something behind", &["run", "--set", "workload.data.idx.test.labels=DIR/long"]),
    ("fewer labels than images", &["run", "--set", "workload.data.idx.test.labels=DIR/fewer"]),
    ("labels of another element", &["run", "--set", "workload.data.idx.test.labels=DIR/reals"]),
    ("a label out of range", &["run", "--set", "workload.data.idx.test.labels=DIR/label_200"]),
    (
        "test samples to calibrate",
        &[
            "run",
            "--set",
            "workload.data.idx.calibration={images: test-images-idx3-ubyte.gz, labels: test-labels-idx1-ubyte.gz}",
        ],
    ),
    (
        "nothing to calibrate on",
        &["run", "--set", "workload.data.idx.calibration={images: DIR/no_images, labels: DIR/no_labels}"],
    ),
    ("means of other channels", &["run", "--set", "workload.preprocess.mean=[0, 0, 0]"]),
    ("no sample", &["run", "--set", "workload.samples=0"]),
    ("more samples than there are", &["run", "--set", "workload.samples=1001"]),
    (
        "more calibration samples than there are",
        &["run", "--set", "workload.quantize.calibration_samples=9999"],
    ),
    ("an edit without a value", &["run", "--set", "nonsense"]),
    ("an edit of nothing", &["run", "--set", "nonsense=5"]),
    ("an edit of no knob", &["run", "--set", "approximate.nonsense=5"]),
    ("an edit of the wrong type", &["run", "--set", "platform.compute.array.rows=many"]),
    ("an edit that is no YAML", &["run", "--set", "approximate.sensor.adc_bits=[5"]),
    ("a workload that is not there", &["run", "--set", "workload=DIR/none.yaml"]),
    ("a platform that is not there", &["run", "--set", "platform=DIR"]),
    ("a multiplier of no family", &["run", "--set", "approximate.compute.array.multiplier=mul8s_drom_k4"]),
    (
        "a layer that is not there",
        &["run", "--set", "approximate={compute.array.layers.body.0: mul8s_drum_k4}"],
    ),
    ("a layer named twice", &["run", "--set", "platform.compute.array.layers={conv1: exact, '#0': exact}"]),
    ("a layer in a quote that is not closed", &["run", "--set", r#"approximate.layers."conv2.prune=none"#]),
    ("an edit in a quote that is not closed", &["run", "--set", r#"workload.layers."conv2.prune=none"#]),
    (
        "a layer in quotes with more behind them",
        &["run", "--set", r#"approximate={compute.array.layers."conv2"s: mul8s_bw}"#],
    ),
    (
        "a multiplier of a layer with a setting",
        &["run", "--set", r#"approximate={compute.array.layers."conv2".voltage: 1 V}"#],
    ),
    ("a setting of a layer that is none", &["run", "--set", r#"approximate.layers."conv2".voltage=1 V"#]),
    (
        "a layer's multiplier of no family",
        &["run", "--set", "approximate.compute.array.layers.#1=mul8s_drom_k4"],
    ),
    ("an adder as a multiplier", &["run", "--set", "approximate.compute.array.multiplier=add8u_loa_k2"]),
    ("an array too large", &["run", "--set", "platform.compute.array.rows=100000"]),
    (
        "a baseline that loses results",
        &[
            "run",
            "--set",
            "platform.compute.array.timing=latch",
            "--set",
            "platform.compute.array.voltage=0.9 V",
        ],
    ),
    (
        "recovery where results come late",
        &[
            "run",
            "--set",
            "platform.compute.array.timing=latch",
            "--set",
            "approximate={compute.array.voltage: 0.9 V, compute.array.recovery: auto}",
        ],
    ),
    (
        "recovery of raw codes",
        &["run", "--set", "approximate={compute.array.products: raw, compute.array.recovery: auto}"],
    ),
    ("a memory of no known size", &["run", "--set", "approximate={memory.buffer.sram.size: 100 KiB}"]),
    ("a part of a multiplier", &["run", "--set", "approximate.compute.array.multiplier.table=t.txt"]),
    (
        "a percentile that leaves zeros alone",
        &["run", "--set", "workload.quantize.calibration={percentile: 60}", "--set", "workload.samples=8"],
    ),
    ("a folder of data that is none", &["run", "--data", "DIR/none"]),
    ("no platform", &["run", "--set", "platform=null"]),
    ("a floor that is no number", &["run", "--set", "floor=.nan"]),
    ("a value to explore twice", &["explore", "--set", "explore={space: {sensor.adc_bits: [8, 6, 8]}}"]),
    (
        "nothing to improve",
        &["explore", "--set", "explore={space: {sensor.adc_bits: [8, 6]}, objectives: [score, score]}"],
    ),
    ("an exit twice", &["run", "--set", "workload.exit={outputs: [logits, logits]}"]),
    ("a seed twice", &["run", "--seed", "5", "--set", "seed=6"]),
    ("JSON in the place of the page", &["run", "--json", "DIR/out/report.html"]),
    ("no thread", &["run", "--threads", "0"]),
    ("too many threads", &["run", "--threads", "100000"]),
    ("a seed that is no number", &["run", "--seed", "x"]),
    ("nothing to explore", &["explore"]),
    ("a design too wide for a table", &["export", "mul16s_exact", "--format", "table"]),
    ("errors of a MAC unit", &["characterize", "mac8s_bwtrunc_t4", "--terms", "9"]),
    ("a width of nothing", &["characterize", "mul0s_exact"]),
];

/// Code and message of the program; `DIR` stands for the folder of damaged files.
fn answer(arguments: &[&str], folder: &Path) -> (i32, String) {
    let folder = folder.to_str().unwrap();
    let mut command = Command::cargo_bin("axsim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg(arguments[0]);
    if ["run", "explore"].contains(&arguments[0]) {
        command.args([QUICKSTART, "--quiet", "--out"]).arg(format!("{folder}/out"));
    }
    let output =
        command.args(arguments[1..].iter().map(|word| word.replace("DIR", folder))).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap().replace(folder, "DIR");
    (output.status.code().unwrap_or(-1), message)
}

#[test]
fn every_mistake_ends_with_code_2_and_its_reviewed_message() {
    // A name of fixed length: where lines break must not depend on it.
    let folder = tempfile::Builder::new().prefix("axsim").rand_bytes(6).tempdir_in("/tmp").unwrap();
    damage(folder.path());
    let mut messages = String::new();
    for (mistake, arguments) in MISTAKES {
        let (code, message) = answer(arguments, folder.path());
        assert_eq!(code, 2, "{mistake}: {message}");
        assert!(!message.contains("panicked"), "{mistake}: {message}");
        messages += &format!("== {mistake}\n{message}\n");
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn a_file_where_results_should_go_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    fs::write(&file, "a file").unwrap();
    let (code, message) = answer(&["run", "--set", "workload.samples=4"], folder.path());
    assert!(code == 2 && message.contains("results cannot go to DIR/out: it is a file; name"), "{message}");
    assert_eq!(fs::read_to_string(file).unwrap(), "a file");
}

#[test]
fn a_refused_run_leaves_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    for verb in ["run", "explore"] {
        let (code, message) = answer(&[verb, "--set", "workload.samples=100000"], folder.path());
        assert!(code == 2 && !folder.path().join("out").exists(), "{message}");
    }
}

#[test]
fn check_writes_what_it_found_as_json() {
    let mut command = Command::cargo_bin("axsim").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["check", QUICKSTART, "--json", "-"]);
    let printed = command.assert().success().get_output().stdout.clone();
    let found: serde_json::Value = serde_json::from_slice(&printed).unwrap();
    assert_eq!(found["layers"], serde_json::json!(["conv1", "conv2", "conv3", "conv4", "classifier"]));
    assert_eq!((&found["samples"], &found["data_found"]), (&1000.into(), &true.into()));
    assert_eq!(found["knobs"].as_array().unwrap().len(), 3);
}

#[test]
fn check_finds_a_layer_that_the_network_does_not_have_where_its_model_is_at_hand() {
    let check = |file: &str, set: &str| {
        let mut command = Command::cargo_bin("axsim").unwrap();
        let output = command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["check", file, "--set", set])
            .output()
            .unwrap();
        let words = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
        };
        (output.status.code(), words(output.stdout), words(output.stderr))
    };
    for set in [
        "approximate={compute.array.layers.conv9: mul8s_drum_k4}",
        "platform.compute.array.layers={conv9: mul8s_drum_k4}",
    ] {
        let (code, _, message) = check(QUICKSTART, set);
        assert!(code == Some(2) && message.contains("there is no such layer among #0 to #4"), "{message}");
        assert!(message.contains("did you mean `conv"), "{message}");
    }
    let (code, _, message) = check(
        "configs/explorations/quickstart.yaml",
        "explore.space={compute.array.layers.#7: [exact, mul8s_drum_k4]}",
    );
    assert!(code == Some(2) && message.contains("names `#7`"), "{message}");
    let (code, _, message) = check(
        "configs/explorations/quickstart.yaml",
        "explore.space={compute.layers.#1: [exact, mul8s_drum_k4], compute.layers.conv2: [exact, mul8s_drum_k4]}",
    );
    let twice = "names one layer twice, as `#1` and as `conv2`";
    assert!(code == Some(2) && message.contains(twice), "{message}");
    let (code, answer, message) =
        check(QUICKSTART, "approximate={compute.array.layers.conv2: mul8s_drum_k4}");
    let told = "1 knob layers #0 to #4: conv1, conv2, conv3, conv4, classifier";
    assert!(code == Some(0) && answer.ends_with(told), "{answer} {message}");
    let (code, answer, message) = check(QUICKSTART, "workload.model=elsewhere.onnx");
    assert!(
        code == Some(0) && answer.ends_with("so names of layers were not looked up"),
        "{answer} {message}"
    );
}

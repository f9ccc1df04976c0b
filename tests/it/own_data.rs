//! Do arrays of a user's own run as they are, and is every mistake in them named before the first sample?

use std::fs;
use std::path::Path;

use axsim::rng::Stream;
use tempfile::TempDir;

use crate::cli::axsim;

/// A version 1 NPY file.
pub(crate) fn npy(element: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let head = format!("{{'descr': '{element}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), data].concat()
}

const SAMPLES: usize = 40;
const SIDE: usize = 48;

/// Pictures of which no two are alike.
fn pictures(from: u64) -> Vec<f32> {
    let mut stream = Stream::new(from, "test.own_data", 0);
    (0..SAMPLES * SIDE * SIDE).map(|_| stream.below(256) as f32).collect()
}

pub(crate) fn reals(shape: &[usize], values: &[f32]) -> Vec<u8> {
    npy("<f4", shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

/// A folder with arrays, right and wrong ones, and a configuration that names the right ones.
fn arrays() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.path().join(name), bytes).unwrap();
    let shape = [SAMPLES, 1, SIDE, SIDE];
    let right = pictures(0);
    write("x.npy", reals(&shape, &right));
    write("flat.npy", reals(&[SAMPLES, SIDE, SIDE], &right));
    write("other.npy", reals(&shape, &pictures(1)));
    for (name, value) in [("nan.npy", f32::NAN), ("inf.npy", f32::NEG_INFINITY)] {
        let mut wrong = right.clone();
        wrong[3 * SIDE * SIDE + 5] = value;
        write(name, reals(&shape, &wrong));
    }
    write("f64.npy", npy("<f8", &[SAMPLES, 1], &[0; 8 * SAMPLES]));
    let labels =
        |count: usize| (0..count).flat_map(|label| (label as i64 % 10).to_le_bytes()).collect::<Vec<_>>();
    write("y.npy", npy("<i8", &[SAMPLES], &labels(SAMPLES)));
    write("one.npy", reals(&[1, 1, SIDE, SIDE], &right[..SIDE * SIDE]));
    write("y1.npy", npy("<i8", &[1], &labels(1)));
    write("more.npy", npy("<i8", &[SAMPLES + 2], &labels(SAMPLES + 2)));
    let mut beyond = labels(SAMPLES);
    beyond[8 * 33] = 10;
    write("beyond.npy", npy("<i8", &[SAMPLES], &beyond));
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.onnx");
    let text = format!(
        "workload:\n  model: {}\n  data: {{npy: {{test: {{array: x.npy, labels: {{npy: y.npy}}}}}}}}\n  preprocess: {{scale: 0.004}}\n  \
         samples: 36\nplatform: {{preset: always_on, sensor: ideal}}\napproximate: {{compute.array.zero_window: 8}}\n",
        model.display()
    );
    write("own.yaml", text.into_bytes());
    folder
}

/// Code and words of a verb on a configuration.
fn answer(verb: &str, config: &str, sets: &[&str]) -> (Option<i32>, String) {
    let output = axsim(&[verb, config]).args(sets.iter().flat_map(|set| ["--set", set])).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "│").collect();
    (output.status.code(), words.join(" "))
}

#[test]
fn a_small_set_without_calibration_samples_runs_and_a_knob_without_effect_is_told() {
    let folder = arrays();
    let config = folder.path().join("own.yaml");
    let out = folder.path().join("out");
    let run = axsim(&["run", "--quiet"]).arg(&config).arg("--out").arg(&out).assert().success();
    let said = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(said.contains("`compute.array.zero_window` changes nothing here"), "{said}");
    let outcome = fs::read_to_string(out.join("outcome.json")).unwrap();
    assert!(
        outcome.contains("\"sensor\": 0.0,") && !outcome.contains("-0.0,"),
        "a sensor without cost has a sign"
    );
    assert!(!fs::read_to_string(out.join("report.html")).unwrap().contains("−0.0 % of exact"));
    let alone =
        axsim(&["run", "--quiet", "--set", "approximate={}"]).arg(&config).arg("--out").arg(&out).assert();
    let said = String::from_utf8(alone.success().get_output().stdout.clone()).unwrap();
    assert!(said.contains("exact is compared with exact") && said.contains("axsim explore"), "{said}");
}

#[test]
fn every_mistake_is_found_by_a_check_as_a_run_would_find_it() {
    let folder = arrays();
    let config = folder.path().join("own.yaml").display().to_string();
    assert_eq!(answer("check", &config, &[]).0, Some(0));
    let test = "workload.data.npy.test";
    let calibration = "workload.data.npy.calibration={array: other.npy}";
    for (sets, expected) in [
        (vec![format!("{test}.array=nan.npy")], "nan.npy: sample 3 (from 0) holds a NaN"),
        (vec![format!("{test}.array=inf.npy")], "inf.npy: sample 3 (from 0) holds an infinity"),
        (
            vec!["workload.data.npy.calibration={array: nan.npy}".into()],
            "nan.npy: sample 3 (from 0) holds a NaN",
        ),
        (
            vec![format!("{test}.array=f64.npy")],
            "elements of type `<f8` are not read; save an array of uint8",
        ),
        (vec![format!("{test}.labels={{u8: y.npy}}")], "y.npy: this is a NumPy array"),
        (vec![format!("{test}.labels={{npy: more.npy}}")], "more.npy: 40 images but 42 labels"),
        (
            vec![format!("{test}.labels={{npy: x.npy}}")],
            "elements of type `<f4` are not read; save an array of whole",
        ),
        (
            vec![format!("{test}.array=one.npy"), format!("{test}.labels={{npy: y1.npy}}")],
            "one.npy: it holds one sample, which calibrates, so that none is left to score",
        ),
        (vec!["workload.samples=100000000".into()], "write 1 to 36"),
        (vec!["workload.samples=37".into()], "more than the 36 samples behind the first tenth of"),
        (
            vec!["workload.quantize.calibration_samples=5".into()],
            "asks for more than the 4 samples in the first tenth of",
        ),
        // The first tenth calibrates, but places are those of the file.
        (vec![format!("{test}.labels={{npy: beyond.npy}}")], "beyond.npy: label 10 of image 33 (from 0)"),
        (
            vec![
                format!("{test}.labels={{npy: beyond.npy}}"),
                calibration.into(),
                "workload.samples=40".into(),
            ],
            "beyond.npy: label 10 of image 33 (from 0)",
        ),
        (vec!["workload.data.npy.calibration={array: .}".into()], "is a folder; write the path of a file"),
        (
            vec![format!("{test}.array=flat.npy"), calibration.into()],
            "other.npy: a sample has the shape [1, 48, 48], but the test samples have [48, 48]",
        ),
        (
            vec!["workload.layers.NOSUCH.prune=none".into()],
            "in `--set workload.layers.NOSUCH.prune=…`: layers names `NOSUCH`",
        ),
        (
            vec!["workload.preprocess.scale=.inf".into()],
            "`.inf` is no number; write a finite one, or leave the key out",
        ),
        (vec!["seed=.nan".into()], "`.nan` is no number; write a finite one, or leave the key out"),
        (vec!["seed=".into()], "a whole number from 0 is expected, and nothing stands there"),
        (vec!["workload.quantize.calibration_samples=1e999".into()], "`1e999` is no number"),
        (vec!["approximate={memory.buffer.sram.voltage: [.NaN]}".into()], "`.NaN` is no number"),
        (vec!["approximate={floor: 1, floor: 2}".into()], "`floor` is given twice"),
        (vec!["approximate={skip_blocks: [foo]}".into()], "foo"),
        (vec!["approximate={compute.array.spikes: accumulate}".into()], "the network is no step in time"),
        (vec!["approximate={tokens.keep: 0.5}".into()], "add `tokens: {after: [NODE]}` to the workload"),
        (
            vec!["approximate={exit.threshold: 0.5}".into()],
            "add `exit: {outputs: [EARLY, LAST]}` to the workload",
        ),
        (vec!["approximate={experts.top: 1}".into()], "add `experts: {gates: OUTPUT}` to the workload"),
        (vec!["approximate={memory.buffer.sram.voltage: 1.1}".into()], "write 0.7 to 1"),
        (
            vec!["platform.link.serial.payload=layer".into()],
            "write it as a key with that value behind it, as `layer: NAME`",
        ),
    ] {
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let (code, said) = answer("check", &config, &sets);
        assert!(code == Some(2) && said.contains(expected), "{sets:?}: {said}");
    }
    let (code, said) = answer("check", "configs/runs/experts.yaml", &["approximate={experts.top: 5}"]);
    assert!(
        code == Some(2) && said.contains("more than the 4 experts of the network; write 1 to 4"),
        "{said}"
    );
}

#[test]
fn what_is_run_is_what_was_checked() {
    let folder = arrays();
    let config = folder.path().join("own.yaml").display().to_string();
    for set in ["workload.data.npy.test.array=nan.npy", "approximate={skip_blocks: [foo]}"] {
        assert_eq!(answer("run", &config, &[set]), answer("check", &config, &[set]), "{set}");
    }
    let quickstart = "configs/runs/quickstart.yaml";
    for (set, expected) in [
        (
            "approximate={compute.array.layers.#4: mul6s_bw}",
            "layer `#4`: codes of 8 bits reach from -128 to 127",
        ),
        (
            "approximate={quantize.format: {activations: {int: {bits: 4, scale: token}}}}",
            "sums over windows of 5×5 places",
        ),
        (
            "approximate={layers.conv3.binary: true, prune: {magnitude: {ratio: 0.5}}, layers.conv3.prune: none}",
            "is pruned and binary",
        ),
    ] {
        let (code, said) = answer("run", quickstart, &[set]);
        assert!(code == Some(2) && said.contains(expected), "{set}: {said}");
        assert_eq!(answer("check", quickstart, &[set]), (code, said), "{set}");
    }
}

//! Is it told how convolutions of other forms became ones over an image, and what becomes of the zeros that this takes?

use std::fs;
use std::path::Path;

use rten_onnx::onnx::DataType;
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::axsim;
use crate::onnx_layers::{int, ints, model, wave};

const SAMPLES: usize = 8;

fn npy(element: &str, shape: &[usize], data: Vec<u8>) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let head = format!("{{'descr': '{element}', 'fortran_order': False, 'shape': ({sizes}), }}\n");
    [b"\x93NUMPY\x01\x00", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), &data].concat()
}

/// Runs a layer on samples of this shape, none of whose values is 0, and returns its folder of golden vectors and outcome.
fn run(layer: &[u8], shape: &[usize], padding: &str) -> (TempDir, Value, Value) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let count = SAMPLES * shape.iter().product::<usize>();
    let values = (0..count).flat_map(|at| (100.0 + (at % 97) as f32).to_le_bytes()).collect();
    write("layer.onnx", layer);
    write("x.npy", &npy("<f4", &[&[SAMPLES], shape].concat(), values));
    write("y.npy", &npy("<i8", &[SAMPLES], (0..SAMPLES as i64).flat_map(i64::to_le_bytes).collect()));
    let config = format!(
        "workload:\n  model: layer.onnx\n  data: {{npy: {{test: {{array: x.npy, labels: {{npy: y.npy}}}}}}}}\n  preprocess: \
         {{scale: 0.004}}\n  samples: 4\nplatform: {{preset: always_on, sensor: ideal, compute: {{array: {{padding: {padding}}}}}}}\n\
         approximate: {{compute.array.multiplier: mul8s_bwtrunc_t4}}\n"
    );
    write("run.yaml", config.as_bytes());
    let out = folder.path().join("out");
    let config = folder.path().join("run.yaml");
    axsim(&["run", "--quiet", "--golden", "#0"]).arg(&config).arg("--out").arg(&out).assert().success();
    let read = |file: &Path| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let (about, outcome) = (read(&out.join("golden/layer/golden.json")), read(&out.join("outcome.json")));
    (folder, about, outcome)
}

/// Codes of an array of bytes.
fn codes(folder: &TempDir, name: &str) -> Vec<i8> {
    let bytes = fs::read(folder.path().join("out/golden/layer").join(name)).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert!(String::from_utf8_lossy(&bytes[10..start]).contains("'|i1'"), "{name} is not signed");
    bytes[start..].iter().map(|&byte| byte as i8).collect()
}

/// Codes of the filters of so many outputs, as they are quantised one by one.
fn quantised(weights: &[f64], outputs: usize) -> Vec<i8> {
    let of = |filter: &[f64]| {
        let largest = filter.iter().fold(0f64, |largest, weight| largest.max(weight.abs()));
        filter.iter().map(|weight| (weight / largest * 127.0).round() as i8).collect::<Vec<_>>()
    };
    weights.chunks(weights.len() / outputs).flat_map(of).collect()
}

/// What is told of zeros, in a run's notes and with its vectors, is so many.
fn told(about: &Value, outcome: &Value, zeros: usize) {
    assert_eq!(outcome["approximate"]["layers"][0]["inserted_zeros"], zeros);
    let notes = outcome["notes"].as_array().unwrap();
    let of_layer = format!("`layer` has {zeros} of them");
    assert!(notes.iter().any(|note| note.as_str().unwrap().contains(&of_layer)), "{notes:?}");
    let padding = about["stream"]["padding"].as_str().unwrap();
    assert!(padding.contains(&format!("; {zeros} zeros of a sample")), "{padding}");
}

#[test]
fn a_transposed_convolution_is_told_with_the_zeros_that_are_steps() {
    let w = wave(24, 0.7);
    let layer = model(
        "ConvTranspose",
        &["x", "w"],
        vec![ints("strides", &[2, 2])],
        (DataType::FLOAT, &[1, 2, 3, 3]),
        &[("w", DataType::FLOAT, &[2, 3, 2, 2], w.clone())],
    );
    for padding in ["drop", "skip", "multiply"] {
        let (folder, about, outcome) = run(&layer, &[2, 3, 3], padding);
        // 3 pixels a side, a zero between each two and one before and behind: 7 by 7 places, of which 9 hold pixels.
        let zeros = 2 * (49 - 9);
        told(&about, &outcome, zeros);
        assert_eq!(codes(&folder, "input.npy").iter().filter(|&&code| code == 0).count(), zeros);
        // Every output of 6 by 6 has a step for each of 8 taps, whatever they meet.
        assert_eq!(about["stream"]["steps"], 36 * 8);
        let at =
            |o: usize, i: usize, row: usize, column: usize| w[((i * 3 + o) * 2 + 1 - row) * 2 + 1 - column];
        let turned = (0..24).map(|k| at(k / 8, k / 4 % 2, k / 2 % 2, k % 2)).collect::<Vec<_>>();
        assert_eq!(codes(&folder, "weights.npy"), quantised(&turned, 3));
        let lowered = about["layer"]["lowered"].as_str().unwrap();
        assert!(lowered.contains("each filter turned by half a turn"), "{lowered}");
    }
}

#[test]
fn a_convolution_over_a_volume_is_told_with_the_zeros_around_it() {
    let w = wave(36, 0.7);
    let layer = model(
        "Conv",
        &["x", "w"],
        vec![ints("pads", &[1; 6])],
        (DataType::FLOAT, &[1, 1, 3, 3, 3]),
        &[("w", DataType::FLOAT, &[2, 1, 2, 3, 3], w.clone())],
    );
    let (folder, about, outcome) = run(&layer, &[1, 3, 3, 3], "drop");
    let inside = |tap: usize, position: usize| (1..4).contains(&(tap + position));
    let places = (0..2 * 3 * 4 * 3).map(|at| (at / 36, at / 12 % 3, at / 3 % 4, at % 3));
    let outside = places.filter(|&(k, i, plane, row)| !inside(k, plane) || !inside(i, row)).count();
    told(&about, &outcome, 3 * outside);
    assert_eq!(codes(&folder, "input.npy").iter().filter(|&&code| code == 0).count(), 3 * outside);
    assert_eq!(codes(&folder, "weights.npy"), quantised(&w, 2));
    assert_eq!(about["tensors"]["weights"]["shape"], serde_json::json!([2, 6, 1, 3]));
    let lowered = about["layer"]["lowered"].as_str().unwrap();
    assert!(lowered.contains("weights [O, C / groups, 2, 3, 3] are [O, C / groups * 6, 1, 3]"), "{lowered}");
    assert!(lowered.contains("output [O, 4, 3, 3] is [O, 12, 3]"), "{lowered}");
}

#[test]
fn a_layer_as_the_model_has_it_is_not_told_of() {
    let layer = model(
        "Conv",
        &["x", "w"],
        vec![ints("pads", &[1; 4])],
        (DataType::FLOAT, &[1, 2, 3, 3]),
        &[("w", DataType::FLOAT, &[3, 2, 3, 3], wave(54, 0.7))],
    );
    let (_, about, outcome) = run(&layer, &[2, 3, 3], "drop");
    assert!(about["layer"]["lowered"].is_null() && about["tensors"]["weights"]["of"].is_null());
    assert!(!about["stream"]["padding"].as_str().unwrap().contains("zeros"));
    assert!(outcome["approximate"]["layers"][0]["inserted_zeros"].is_null());
    assert!(!outcome["notes"].to_string().contains("compute.array.padding"));
}

/// A matrix of weights [K, N], as MatMul has it, or transposed, as most files have a Gemm's.
#[test]
fn a_matrix_is_told_with_the_axes_that_its_files_have() {
    let [depth, outputs] = [6, 8];
    let w = wave(depth * outputs, 0.7);
    let by_output: Vec<f64> = (0..outputs * depth).map(|at| w[at % depth * outputs + at / depth]).collect();
    for (kind, rows, shape, stored, attributes) in [
        ("MatMul", 3, [depth, outputs], w.clone(), vec![]),
        ("Gemm", 1, [depth, outputs], w.clone(), vec![]),
        ("Gemm", 1, [outputs, depth], by_output.clone(), vec![int("transB", 1)]),
    ] {
        let read: &[i64] = if rows > 1 { &[1, 3, 6] } else { &[1, 6] };
        let shape = shape.map(|size| size as i64);
        let layer = model(
            kind,
            &["x", "w"],
            attributes,
            (DataType::FLOAT, read),
            &[("w", DataType::FLOAT, &shape, stored)],
        );
        let sample: &[usize] = if rows > 1 { &[3, 6] } else { &[6] };
        let (folder, about, _) = run(&layer, sample, "drop");
        let tensors = &about["tensors"];
        assert_eq!(tensors["input"]["shape"], serde_json::json!([1, depth, rows, 1]));
        assert_eq!(tensors["weights"]["shape"], serde_json::json!([outputs, depth, 1, 1]));
        assert_eq!(tensors["output"]["shape"], serde_json::json!([1, outputs, rows, 1]));
        assert_eq!(codes(&folder, "weights.npy"), quantised(&by_output, outputs));
        let lowered = about["layer"]["lowered"].as_str().unwrap();
        for told in ["[M, K] are [K, M, 1]", "weights [K, N] are [N, K, 1, 1]", "output [M, N] is [N, M, 1]"]
        {
            assert!(lowered.contains(told), "{told}: {lowered}");
        }
        assert!(tensors["weights"]["of"].as_str().unwrap().contains("as it is lowered"));
    }
}

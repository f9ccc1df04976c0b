mod damaged;
mod hostile;
mod vision;

use std::path::PathBuf;

use super::data::{Set, Truth};
use super::network::Step;
use super::op::Op;
use super::value::Kind;
use super::*;
use crate::config::{
    Calibration, FeatureFiles, IdxFiles, Light, Preprocess, Quantize, Samples, Score, Workload,
};
use crate::tensor::Tensor;

fn shared() -> Option<PathBuf> {
    let here = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("AXSIM_SHARED").map_or_else(here, PathBuf::from).join("data");
    if root.exists() {
        return Some(root);
    }
    eprintln!("skipped: the shared models are not at hand; set AXSIM_SHARED to the folder that holds them");
    None
}

/// A network of operators, each with the values that it reads.
pub(super) fn network(ops: Vec<(Op, Vec<usize>)>, shapes: Vec<Vec<usize>>) -> Network {
    let step = |(at, (op, inputs))| Step { name: format!("node{at}"), op, inputs };
    let last = ops.len();
    let steps = ops.into_iter().enumerate().map(step).collect();
    let kinds = vec![Kind::F32; shapes.len()];
    Network::new(shapes[0].clone(), steps, (shapes, kinds), vec![("answer".into(), last)])
}

fn idx_files(folder: &str, prefix: &str) -> IdxFiles {
    let file = |kind: &str| PathBuf::from(format!("{folder}/{prefix}{kind}-ubyte.gz"));
    IdxFiles { images: file("images-idx3"), labels: file("labels-idx1") }
}

/// What a step of the keyword features stands for; their zero is 83, as a pixel 211.
const STEP: f64 = 0.5847029089927673;

fn features(from: usize, to: Option<usize>) -> FeatureFiles {
    let file = |name: &str| PathBuf::from(format!("kws01/{name}.bin"));
    FeatureFiles { features: file("features_int8_1000x49x10"), labels: file("labels_u8_1000"), from, to }
}

fn workload(model: &str) -> Workload {
    let (data, preprocess) = match model {
        "resnet8_cifar10" => (
            Samples::Cifar10 {
                test: "cifar10/test_first1000.bin".into(),
                calibration: Some("cifar10/calib_train_first1000.bin".into()),
            },
            Preprocess::default(),
        ),
        "resnet20_cifar10" | "resnet20_cifar10_bn" => (
            Samples::Cifar10 {
                test: "cifar10/test_first1000.bin".into(),
                calibration: Some("cifar10/calib_train_first1000.bin".into()),
            },
            Preprocess {
                scale: 1.0 / 255.0,
                mean: vec![0.485, 0.456, 0.406],
                std: vec![0.229, 0.224, 0.225],
                ..Preprocess::default()
            },
        ),
        "cnn_fashion" | "mlp_fashion" => (
            Samples::Idx {
                test: idx_files("fashion-mnist", "t10k-"),
                calibration: Some(idx_files("fashion-mnist", "calib-first1000-train-")),
                light: Light::Srgb,
            },
            Preprocess { scale: 1.0 / 255.0, mean: vec![0.5], std: vec![0.5], ..Preprocess::default() },
        ),
        "dscnn_kws" => (
            Samples::Features { test: features(100, None), calibration: Some(features(0, Some(100))) },
            Preprocess { scale: STEP, mean: vec![211.0 * STEP], ..Preprocess::default() },
        ),
        _ => (
            Samples::Idx {
                test: idx_files("mnist", "t10k-"),
                calibration: Some(idx_files("mnist", "calib-1000-train-")),
                light: Light::Srgb,
            },
            Preprocess { scale: 1.0 / 255.0, ..Preprocess::default() },
        ),
    };
    let model = format!("models/{model}.onnx").into();
    let (about, origin, score) = (String::new(), String::new(), Score::Top1);
    let (quantize, samples) = (Quantize::default(), 1000);
    let (output, exit, tokens, experts, states) = (None, None, None, None, Default::default());
    let (skip_blocks, outliers, prune, layers) =
        (vec![], Default::default(), Default::default(), Default::default());
    Workload {
        about,
        origin,
        model,
        data,
        preprocess,
        samples,
        score,
        output,
        states,
        exit,
        tokens,
        experts,
        quantize,
        sample_shape: vec![],
        constants: Default::default(),
        skip_blocks,
        outliers,
        prune,
        layers,
    }
}

fn batch(workload: &Workload, set: &Set, range: std::ops::Range<usize>) -> Tensor<f32> {
    Task::preprocess(workload, &set.reals(range))
}

fn labels(set: &Set) -> &[usize] {
    let Truth::Classes(labels) = set.truth() else { panic!("classes are expected") };
    labels
}

/// Right answers among the first `samples`.
fn score(
    workload: &Workload,
    task: &Task,
    samples: usize,
    run: impl Fn(&Tensor<f32>, usize) -> Tensor<f32>,
) -> usize {
    let chunk = |start: usize| {
        let range = start..(start + 50).min(samples);
        let outputs = run(&batch(workload, &task.test, range.clone()), start);
        top1(&outputs, &labels(&task.test)[range]).into_iter().filter(|&right| right).count()
    };
    (0..samples).step_by(50).map(chunk).sum()
}

/// A version 1 NPY file of 32-bit reals in C order.
fn npy(bytes: &[u8]) -> Vec<f32> {
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[start..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

const MODELS: [(&str, usize, usize); 6] = [
    ("resnet8_cifar10", 1000, 881),
    ("resnet20_cifar10", 1000, 915),
    ("resnet20_cifar10_bn", 1000, 915),
    ("cnn_fashion", 1000, 901),
    ("mlp_fashion", 1000, 886),
    ("mnist8_cntk_asfound_opset8", 1000, 984),
];

#[test]
fn float_outputs_and_scores_are_those_of_the_reference_runtime() {
    let Some(root) = shared() else { return };
    for (model, samples, right) in MODELS {
        let workload = workload(model);
        let task = load(&workload, std::slice::from_ref(&root)).unwrap();
        outputs_are_the_reference(
            model,
            &task.network.run(&batch(&workload, &task.test, 0..32)).unwrap()[0],
            &root,
        );
        let found = score(&workload, &task, samples, |batch, _| task.network.run(batch).unwrap().remove(0));
        assert_eq!(found, right, "{model}");
    }
}

/// Compares the outputs of the first 32 samples with those of onnxruntime.
fn outputs_are_the_reference(model: &str, ours: &Tensor<f32>, root: &std::path::Path) {
    let reference = npy(&std::fs::read(root.join(format!("ref/{model}__out0_first32.npy"))).unwrap());
    let largest = reference.iter().fold(0f32, |largest, x| largest.max(x.abs()));
    assert_eq!(ours.len(), reference.len());
    for (found, expected) in ours.data().iter().zip(&reference) {
        assert!((found - expected).abs() <= 1e-4 * largest, "{model}: {found} is not {expected}");
    }
}

/// The published score is of all samples; here the first tenth calibrates and the others are scored.
#[test]
fn keywords_score_as_published_in_both_parts_together_and_with_eight_bits_in_the_scored_one() {
    let Some(root) = shared() else { return };
    let workload = Workload { samples: 900, ..workload("dscnn_kws") };
    let workload =
        Workload { quantize: Quantize { calibration_samples: Some(100), ..Quantize::default() }, ..workload };
    let task = load(&workload, std::slice::from_ref(&root)).unwrap();
    let [first, rest] = [&task.calibration, &task.test];
    assert_eq!((first.len(), rest.len()), (100, 900));
    let calibration = batch(&workload, first, 0..100);
    let float = |images: &Set| {
        let outputs = task.network.run(&batch(&workload, images, 0..images.len())).unwrap().remove(0);
        top1(&outputs, labels(images)).into_iter().filter(|&right| right).count()
    };
    outputs_are_the_reference(
        "dscnn_kws",
        &task.network.run(&batch(&workload, first, 0..32)).unwrap()[0],
        &root,
    );
    let right = float(rest);
    assert_eq!(float(first) + right, 913);
    for scheme in [Scheme::Symmetric, Scheme::Affine] {
        let quantized =
            Quantized::calibrate(&task.network, &workload.quantize, scheme, &calibration).unwrap();
        let run = |batch: &Tensor<f32>, first| quantized.run(&Exact, batch, first).unwrap().remove(0);
        let found = score(&workload, &task, 900, run);
        assert!(right.abs_diff(found) <= 9, "{scheme:?}: {found} of {right}");
    }
}

#[test]
fn eight_bits_stay_within_one_point_of_float() {
    let Some(root) = shared() else { return };
    // Normalisation is folded into weights before they are rounded: that model is the one without it.
    for (model, samples, right) in MODELS.into_iter().filter(|(model, ..)| !model.ends_with("_bn")) {
        let workload = workload(model);
        let task = load(&workload, std::slice::from_ref(&root)).unwrap();
        let calibration = batch(&workload, &task.calibration, 0..256);
        for rule in [Calibration::MinMax, Calibration::Percentile(99.99)] {
            for scheme in [Scheme::Symmetric, Scheme::Affine] {
                let settings = Quantize { calibration: rule, ..Quantize::default() };
                let quantized = Quantized::calibrate(&task.network, &settings, scheme, &calibration).unwrap();
                let found = score(&workload, &task, samples, |batch, first| {
                    quantized.run(&Exact, batch, first).unwrap().remove(0)
                });
                let drop = right as f64 - found as f64;
                assert!(
                    drop.abs() <= samples as f64 / 100.0,
                    "{model}, {rule:?}, {scheme:?}: {found} of {right}"
                );
            }
        }
    }
}

/// Activations lie on the grids that the file declares, weights keep their codes where they reach the last one.
#[test]
fn models_that_are_quantised_already_score_as_published_in_float_and_on_an_engine() {
    let Some(root) = shared() else { return };
    let resnet8 = Preprocess { mean: vec![128.0], ..Preprocess::default() };
    let keywords = Preprocess { mean: vec![128.0], ..Preprocess::default() };
    let cases = [
        ("resnet8_cifar10_int8_qdq", "resnet8_cifar10", resnet8, 1000, 877),
        ("dscnn_kws_int8_qdq", "dscnn_kws", keywords, 900, 0),
    ];
    for (model, like, preprocess, samples, right) in cases {
        let quantize = Quantize { calibration_samples: Some(100), ..Quantize::default() };
        let workload = Workload {
            model: format!("models/{model}.onnx").into(),
            preprocess,
            samples,
            quantize,
            ..workload(like)
        };
        let task = load(&workload, std::slice::from_ref(&root)).unwrap();
        let float = score(&workload, &task, samples, |batch, _| task.network.run(batch).unwrap().remove(0));
        if right > 0 {
            assert!(float.abs_diff(right) <= 3, "{model}: {float} of {right}");
        }
        let calibration = batch(&workload, &task.calibration, 0..100);
        let quantized =
            Quantized::calibrate(&task.network, &workload.quantize, Scheme::Affine, &calibration).unwrap();
        let found = score(&workload, &task, samples, |batch, first| {
            quantized.run(&Exact, batch, first).unwrap().remove(0)
        });
        eprintln!("{model}: {float} in float, {found} on an engine");
        assert!(float.abs_diff(found) <= 3, "{model}: {found} of {float}");
    }
}

/// Right answers of a model in integers with exact arithmetic.
fn quantized_score(root: &std::path::Path, model: &str, settings: &Quantize, scheme: Scheme) -> usize {
    let workload = workload(model);
    let task = load(&workload, &[root.to_path_buf()]).unwrap();
    let calibration = batch(&workload, &task.calibration, 0..256);
    let quantized = Quantized::calibrate(&task.network, settings, scheme, &calibration).unwrap();
    score(&workload, &task, 1000, |batch, first| quantized.run(&Exact, batch, first).unwrap().remove(0))
}

#[test]
fn rules_that_weigh_loss_stay_near_float_and_beat_extremes_where_codes_are_few() {
    let Some(root) = shared() else { return };
    for (model, float) in [("resnet8_cifar10", 881), ("mlp_fashion", 886)] {
        for scheme in [Scheme::Symmetric, Scheme::Affine] {
            let right = |calibration, activation_bits| {
                let settings = Quantize { calibration, activation_bits, ..Quantize::default() };
                quantized_score(&root, model, &settings, scheme)
            };
            for rule in [Calibration::Mse, Calibration::Entropy] {
                let found = right(rule, 8);
                assert!(found.abs_diff(float) <= 15, "{model}, {rule:?}, {scheme:?}: {found} of {float}");
            }
            let [extremes, least] = [Calibration::MinMax, Calibration::Mse].map(|rule| right(rule, 4));
            eprintln!("{model} {scheme:?}: {extremes} {least}");
            assert!(least + 5 >= extremes, "{model}, {scheme:?}: {least} against {extremes}");
        }
    }
}

#[test]
fn a_missing_file_says_where_it_was_looked_for() {
    let mut workload = workload("resnet8_cifar10");
    workload.origin = "get it from mlcommons/tiny".into();
    let error = load(&workload, &["here".into(), "there".into()]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "models/resnet8_cifar10.onnx is in none of `here`, `there`; get it from mlcommons/tiny"
    );
}

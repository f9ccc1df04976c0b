//! Is every public model a workload that a run takes, and does it score what it is known to score?

use std::fs;
use std::path::Path;

use axsim::config::{Config, Setup};
use axsim::platform::compute::array::Open;
use axsim::run::Evaluator;
use axsim::run::outcome::Reference;
use axsim::workload::score::Metric;
use axsim::workload::{LoadError, Task, load};
use indexmap::IndexMap;

use crate::onnx_models::shared;

fn setup(workload: &str, sets: &[(&str, &str)]) -> Setup {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads");
    let text = format!("workload: {workload}.yaml\nplatform: ideal\n");
    let sets: Vec<(String, String)> =
        sets.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    let read = |file: &Path| fs::read_to_string(folder.join(file));
    let config = Config::load(&text, Path::new("run.yaml"), &read, &sets);
    config.unwrap_or_else(|error| panic!("{workload}: {error}")).setup(&IndexMap::new()).unwrap()
}

fn no_files() -> Open<'static> {
    Open {
        products: &|_, _| unreachable!("no table is named"),
        energies: &|_| unreachable!("no table is named"),
    }
}

fn reference(root: &Path, workload: &str, sets: &[(&str, &str)]) -> Reference {
    let setup = setup(workload, sets);
    let task = load(&setup.workload, &[root.into()]).unwrap_or_else(|error| panic!("{workload}: {error}"));
    let reference = Evaluator::new(&task, 1, 8, no_files()).reference(&setup).unwrap();
    eprintln!(
        "{workload}: {:?} {} on {}, {:?}",
        task.metric, reference.score.value, reference.score.samples, reference.score.ci95
    );
    let [low, high] = reference.score.ci95;
    assert!(low <= reference.score.value && reference.score.value <= high, "{workload}");
    reference
}

/// Right answers of so many samples.
const RIGHT: [(&str, usize, usize); 19] = [
    ("resnet8_cifar10", 1000, 881),
    ("resnet8_cifar10_int8_qdq", 1000, 877),
    ("resnet20_cifar10", 1000, 915),
    ("resnet20_cifar10_bn", 1000, 915),
    ("resnet8_2exit_cifar10", 1000, 891),
    ("vit_pgd_cifar10_asfound_opset9", 1000, 611),
    ("vit_pgd_cifar10_static", 1000, 611),
    ("mnist8_cntk_asfound_opset8", 1000, 984),
    ("cnn_fashion", 1000, 901),
    ("mlp_fashion", 1000, 886),
    ("dscnn_kws", 900, 913),
    ("dscnn_kws_int8_qdq", 900, 902),
    ("snn_if_mnist_step", 900, 950),
    ("mnist8_cntk_asfound_opset8", 10_000, 9890),
    ("branchy_lenet_2exit_mnist", 10_000, 9884),
    ("lstm_mnist", 10_000, 9853),
    ("cnn_fashion", 10_000, 8831),
    ("mobilenetv2_imagenet", 200, 176),
    ("mobilenetv2_imagenet_u8_qdq", 200, 176),
];

fn large() -> bool {
    std::env::var_os("AXSIM_LARGE_NETWORK").is_some()
}

#[test]
fn classifiers_are_right_as_often_as_known() {
    let Some(root) = shared() else { return };
    for (workload, samples, right) in RIGHT {
        if (workload.contains("imagenet") || samples > 1000) && !large() {
            continue;
        }
        let found = reference(&root, workload, &[("workload.samples", &samples.to_string())]).score;
        // Where there is no calibration set, the first tenth is scored in float too.
        let all = if samples == 900 { 1000 } else { samples };
        assert_eq!((found.metric, found.samples), (Metric::Top1, all), "{workload}");
        let count = (found.value * all as f64).round() as usize;
        // Where a code half-way between two is the other one, one sample's answer is: onnxruntime gets 176 of 200 right.
        let slack = usize::from(workload == "mobilenetv2_imagenet_u8_qdq");
        assert!(count.abs_diff(right) <= slack, "{workload}: {count} right, not {right}");
    }
}

#[test]
fn a_language_model_has_its_perplexity() {
    let Some(root) = shared() else { return };
    let found = reference(&root, "stories260k_ctx128", &[]);
    assert!(found.with_calibration && found.score.samples == 111);
    assert!((found.score.value / 5.716 - 1.0).abs() <= 1e-3);
}

#[test]
fn an_autoencoder_has_its_error() {
    let Some(root) = shared() else { return };
    let found = reference(&root, "autoencoder_toycar", &[]).score;
    assert!(found.samples == 196 && (found.value - 9.7071).abs() < 1e-3);
}

#[test]
fn super_resolution_has_its_noise() {
    let Some(root) = shared() else { return };
    let found = reference(&root, "superres_x3", &[]).score;
    assert!(found.samples == 6 && (found.value - 29.757).abs() <= 0.01);
}

#[test]
fn faces_are_found_as_the_reference_finds_them() {
    let Some(root) = shared() else { return };
    for workload in ["ultraface_slim320_static", "ultraface_slim320_asfound_opset9"] {
        let found = reference(&root, workload, &[]).score;
        assert_eq!((found.metric, found.samples, found.detections), (Metric::F1, 24, Some(556.0)));
        assert_eq!(found.value, 1.0, "every box is one of the reference");
    }
}

#[test]
fn objects_are_found_with_the_known_precision() {
    let Some(root) = shared() else { return };
    for workload in ["fastestdet_coco_static", "fastestdet_coco_asfound_opset11"] {
        if workload.contains("asfound") && !large() {
            continue;
        }
        let found = reference(&root, workload, &[]).score;
        assert_eq!((found.metric, found.samples), (Metric::Map50, 40));
        assert!((found.value - 0.396).abs() <= 0.005);
    }
}

#[test]
fn every_model_has_a_workload_of_its_name() {
    let Some(root) = shared() else { return };
    for model in fs::read_dir(root.join("models")).unwrap().map(|entry| entry.unwrap().path()) {
        if model.extension().is_some_and(|end| end == "onnx") {
            let name = model.file_stem().unwrap().to_str().unwrap();
            let model = setup(name, &[]).workload.model;
            assert_eq!(model, Path::new("models").join(format!("{name}.onnx")));
        }
    }
}

/// What loading says about a workload with some values set.
fn refusal(root: &Path, workload: &str, sets: &[(&str, &str)]) -> String {
    let loaded: Result<Task, LoadError> = load(&setup(workload, sets).workload, &[root.into()]);
    loaded.err().unwrap_or_else(|| panic!("{workload} with {sets:?} was accepted")).to_string()
}

const SPIKES: &str = "snn_if_mnist_step";

/// A workload, what is set in it, and part of what is said.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str);

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let Some(root) = shared() else { return };
    let classifier = "resnet8_cifar10";
    let cases: [Case; 19] = [
        (
            classifier,
            &[("workload.sample_shape", "[3, 16, 16]")],
            "the model fixes a size of 32 where [3, 16, 16] has 16",
        ),
        (
            classifier,
            &[("workload.constants", "{mask: 1}")],
            "input `mask`: the model has no such input; it has",
        ),
        (
            classifier,
            &[("workload.score", "perplexity")],
            "`score: perplexity` does not fit: it needs tokens",
        ),
        (classifier, &[("workload.score", "{psnr: {border: 6}}")], "it needs pairs of pictures"),
        (classifier, &[("workload.score", "mse")], "has 10 elements, not 3072 as a sample has"),
        (classifier, &[("workload.output", "logits")], "the model has no output `logits`; its outputs are"),
        (
            "resnet8_2exit_cifar10",
            &[("workload.exit", "null")],
            "the network has the outputs exit0_logits, final_logits; say which is scored: `output: exit0_logits`",
        ),
        (
            "resnet8_2exit_cifar10",
            &[("workload.exit.outputs", "[exit1_logits, final_logits]")],
            "the model has no output `exit1_logits`; its outputs are exit0_logits, final_logits",
        ),
        (
            SPIKES,
            &[("workload.states", "{mem1: mem1_out}")],
            "state `mem2`: name the output that is its next value",
        ),
        (
            SPIKES,
            &[("workload.states", "{mem1: mem2_out, mem2: mem2_out}")],
            "state `mem1`: it has 512 elements, output `mem2_out` has 10",
        ),
        (SPIKES, &[("workload.states", "{}")], "a graph with exactly one input is expected, this one has 3"),
        (
            SPIKES,
            &[("workload.states", "{mem1: mem1_out, mem2: mem2_out, mem3: mem1_out}")],
            "state `mem3`: the model has no such input; beside the first it has [\"mem1\", \"mem2\"]",
        ),
        (
            "stories260k_ctx128",
            &[("workload.data.tokens.length", "128")],
            "bytes are expected, there are 28638",
        ),
        ("stories260k_ctx128", &[("workload.score", "top1")], "it needs a class a sample"),
        (
            "autoencoder_toycar",
            &[("workload.data.windows.window", "4")],
            "a sample has the shape [512], but the network takes [640]",
        ),
        ("superres_x3", &[("workload.score", "{psnr: {border: 336}}")], "leaves nothing of 672 × 672 pixels"),
        ("superres_x3", &[("workload.samples", "1")], "one sample says nothing about how sure it is"),
        ("superres_x3", &[("workload.samples", "6")], "asks for more than the 5 samples"),
        (
            "ultraface_slim320_static",
            &[("workload.score", "{detection: {decoder: cells, floor: 0.5, overlap: 0.5}}")],
            "say which is scored: `output: ",
        ),
    ];
    for (workload, sets, expected) in cases {
        let found = refusal(&root, workload, sets);
        assert!(found.contains(expected), "{workload} with {sets:?}: {found}");
    }
}

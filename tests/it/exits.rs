//! Do samples leave a network with several exits where they should, and pay for what they computed?

use std::fs;
use std::path::Path;

use axsim::config::{Confidence, Config, Exit, Setup, Threshold, Tune};
use axsim::platform::compute::array::Open;
use axsim::run::Evaluator;
use axsim::run::outcome::Outcome;
use axsim::workload::load;
use indexmap::IndexMap;

use crate::onnx_models::shared;

fn setup(workload: &str, samples: usize) -> Setup {
    setup_of(workload, "always_on", samples)
}

fn setup_of(workload: &str, platform: &str, samples: usize) -> Setup {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads");
    let text = format!("workload: {workload}.yaml\nplatform: {platform}\n");
    let sets = [("workload.samples".to_string(), samples.to_string())];
    let read = |file: &Path| fs::read_to_string(folder.join(file));
    Config::load(&text, Path::new("run.yaml"), &read, &sets).unwrap().setup(&IndexMap::new()).unwrap()
}

fn no_files() -> Open<'static> {
    Open {
        products: &|_, _| unreachable!("no table is named"),
        energies: &|_| unreachable!("no table is named"),
    }
}

fn at(setup: &Setup, confidence: Confidence, threshold: f64) -> Setup {
    let mut setup = setup.clone();
    let exit = setup.workload.exit.as_mut().unwrap();
    *exit = Exit { outputs: exit.outputs.clone(), confidence, threshold: Threshold::At(threshold) };
    setup
}

#[test]
fn the_float_model_leaves_as_often_as_known() {
    let Some(root) = shared() else { return };
    let mut cases = vec![
        ("resnet8_2exit_cifar10", 1000, 0.8, 0.614, 0.868),
        ("resnet8_2exit_cifar10", 1000, 0.9, 0.462, 0.880),
    ];
    if std::env::var_os("AXSIM_LARGE_NETWORK").is_some() {
        cases.push(("branchy_lenet_2exit_mnist", 10_000, 0.9, 0.963, 0.9888));
    }
    for (workload, samples, threshold, early, right) in cases {
        let setup = at(&setup(workload, samples), Confidence::MaxSoftmax, threshold);
        let task = load(&setup.workload, std::slice::from_ref(&root)).unwrap();
        let found = Evaluator::new(&task, 1, 8, no_files()).reference(&setup).unwrap();
        eprintln!("{workload} at {threshold}: {:?}, {} right", found.exits, found.score.value);
        assert!((found.exits[0].share - early).abs() < 5.1e-4, "{workload}: {:?}", found.exits);
        assert!((found.score.value - right).abs() < 1e-9, "{workload}: {}", found.score.value);
    }
}

#[test]
fn exits_that_come_no_earlier_than_the_end_are_refused() {
    let Some(root) = shared() else { return };
    let mut setup = setup("branchy_lenet_2exit_mnist", 20);
    assert!(load(&setup.workload, std::slice::from_ref(&root)).is_ok());
    setup.workload.exit.as_mut().unwrap().outputs.reverse();
    let refused = load(&setup.workload, &[root]).err().unwrap().to_string();
    assert!(
        refused.contains("to `final_logits` lead no fewer multiplications than to `exit0_logits` behind it"),
        "{refused}"
    );
}

fn evaluate(root: &Path, setup: &Setup) -> Outcome {
    let task = load(&setup.workload, &[root.into()]).unwrap();
    Evaluator::new(&task, 1, 8, no_files()).evaluate(setup, serde_json::Value::Null).unwrap()
}

/// The network cut down to one exit.
fn alone(setup: &Setup, output: &str) -> Setup {
    let mut setup = setup.clone();
    setup.workload.exit = None;
    setup.workload.output = Some(output.into());
    setup
}

/// The same but for which stretches of operands are replayed: those are drawn by the place of a layer.
fn same(one: &Outcome, other: &Outcome) {
    assert_eq!(one.score, other.score);
    assert_eq!(one.cycles, other.cycles);
    assert_eq!(one.energy_j.memory, other.energy_j.memory);
    let compute = one.energy_j.compute / other.energy_j.compute;
    assert!((compute - 1.0).abs() < 0.05, "{compute}");
}

#[test]
fn a_sample_pays_for_the_layers_that_it_comes_to() {
    let Some(root) = shared() else { return };
    let neutral = setup("resnet8_2exit_cifar10", 96);
    let exact = evaluate(&root, &neutral);
    let last_alone = evaluate(&root, &alone(&neutral, "final_logits"));
    same(&exact, &last_alone);
    assert_eq!(exact.latency_s, last_alone.latency_s);
    assert_eq!(exact.exits.iter().map(|exit| exit.share).collect::<Vec<_>>(), [0.0, 1.0]);
    let first = evaluate(&root, &at(&neutral, Confidence::MaxSoftmax, 0.0));
    same(&first, &evaluate(&root, &alone(&neutral, "exit0_logits")));
    // Both exits are computed, and none is sure: the whole network and its branch.
    let last = evaluate(&root, &at(&neutral, Confidence::MaxSoftmax, 1.0));
    assert_eq!(last.score, exact.score);
    assert!(last.energy_j.total > exact.energy_j.total && exact.energy_j.total > first.energy_j.total);
    // The entropy of ten classes is at most 2.31.
    let ends = [(Confidence::MaxSoftmax, [0.0, 0.8, 1.0]), (Confidence::Entropy, [3.0, 0.6, 0.0])];
    for (confidence, [all, threshold, none]) in ends {
        let [first, last] =
            [all, none].map(|threshold| evaluate(&root, &at(&neutral, confidence, threshold)));
        assert_eq!([&first, &last].map(|outcome| outcome.exits[0].share), [1.0, 0.0]);
        let found = evaluate(&root, &at(&neutral, confidence, threshold));
        let share = found.exits[0].share;
        assert!(share > 0.2 && share < 0.8, "{:?}", found.exits);
        let mean = |of: fn(&Outcome) -> f64| share * of(&first) + (1.0 - share) * of(&last);
        let figures: [fn(&Outcome) -> f64; 4] = [
            |outcome| outcome.energy_j.total,
            |outcome| outcome.energy_j.memory,
            |outcome| outcome.datapath_energy_j,
            |outcome| outcome.latency_s,
        ];
        for of in figures {
            assert!((of(&found) / mean(of) - 1.0).abs() < 1e-9, "{} {}", of(&found), mean(of));
        }
        let layers: f64 = found.layers.iter().map(|layer| layer.energy_j).sum();
        let whole: f64 = last.layers.iter().map(|layer| layer.energy_j).sum();
        assert!(layers < whole && found.layers.iter().any(|layer| layer.runs == 1.0));
    }
}

fn tuned(setup: &Setup, confidence: Confidence, loss: f64) -> Setup {
    let mut setup = setup.clone();
    let exit = setup.workload.exit.as_mut().unwrap();
    *exit = Exit {
        outputs: exit.outputs.clone(),
        confidence,
        threshold: Threshold::Tuned { tune: Tune { loss } },
    };
    setup
}

/// How often the circuits that ask exits work on a sample.
fn asked(outcome: &Outcome) -> Vec<f64> {
    outcome.ledger.entries().filter(|entry| entry.action == "ask exits").map(|entry| entry.count).collect()
}

#[test]
fn a_threshold_found_on_calibration_samples_keeps_their_score_and_acts_as_if_it_were_given() {
    let Some(root) = shared() else { return };
    let neutral = setup("resnet8_2exit_cifar10", 96);
    for (confidence, loss) in [(Confidence::MaxSoftmax, 0.01), (Confidence::Entropy, 0.03)] {
        let found = evaluate(&root, &tuned(&neutral, confidence, loss));
        let told = found.tuned_exit.clone().unwrap();
        let threshold = told.threshold.unwrap();
        eprintln!("{confidence:?}: {told:?}, then {} of {:?}", found.score.value, found.exits);
        assert!(told.samples == 256 && told.score >= told.whole_score - loss - 1e-9);
        assert!(told.exits[0].share > 0.2 && found.exits[0].share > 0.2);
        let fixed = evaluate(&root, &at(&neutral, confidence, threshold));
        assert_eq!((&fixed.score, &fixed.exits), (&found.score, &found.exits));
        assert_eq!((fixed.energy_j, fixed.tuned_exit), (found.energy_j, None));
    }
    let all = evaluate(&root, &tuned(&neutral, Confidence::MaxSoftmax, 1.0));
    assert_eq!(all.tuned_exit.as_ref().unwrap().threshold, Some(0.0));
    assert_eq!(all.exits[0].share, 1.0);
}

#[test]
fn asking_exits_is_paid_for_where_they_are_asked() {
    let Some(root) = shared() else { return };
    let neutral = setup("resnet8_2exit_cifar10", 32);
    assert_eq!(asked(&evaluate(&root, &neutral)), [0.0; 0]);
    // One exit of two is asked, whether samples leave there or not: ten classes.
    for threshold in [0.0, 0.8, 1.0] {
        let found = evaluate(&root, &at(&neutral, Confidence::MaxSoftmax, threshold));
        assert_eq!(asked(&found), [31.0, 10.0]);
        let found = evaluate(&root, &at(&neutral, Confidence::Entropy, threshold));
        assert_eq!(asked(&found), [42.0, 22.0]);
    }
}

/// An addition and a multiplication take whole cycles each, as many whatever is asked; all of them are waited for.
#[test]
fn asking_exits_takes_time() {
    let Some(root) = shared() else { return };
    let neutral = setup("resnet8_2exit_cifar10", 16);
    let alone = evaluate(&root, &alone(&neutral, "exit0_logits"));
    let cycles = |confidence, threshold| {
        let found = evaluate(&root, &at(&neutral, confidence, threshold));
        assert_eq!(found.exits[0].share, 1.0);
        (found.latency_s - alone.latency_s) * found.clock_hz
    };
    let [softmax, entropy] = [cycles(Confidence::MaxSoftmax, 0.0), cycles(Confidence::Entropy, 3.0)];
    // 31 a + 10 m and 42 a + 22 m.
    let addition = (softmax * 22.0 - entropy * 10.0) / (31.0 * 22.0 - 42.0 * 10.0);
    let multiplication = (softmax - 31.0 * addition) / 10.0;
    for cycles in [addition, multiplication] {
        assert!(cycles > 0.99 && (cycles - cycles.round()).abs() < 1e-3, "{addition} {multiplication}");
    }
    assert!(multiplication >= addition);
}

#[test]
fn a_spiking_network_runs_its_layers_once_a_step() {
    let Some(root) = shared() else { return };
    let mut setup = setup_of("snn_if_mnist_step", "{preset: always_on, sensor: ideal}", 100);
    let outcome = evaluate(&root, &setup);
    eprintln!("spiking: {}", outcome.score.value);
    // In float 95 % are right.
    assert!(outcome.score.value > 0.9, "{}", outcome.score.value);
    assert!(outcome.layers.len() == 2 && outcome.layers.iter().all(|layer| layer.runs == 20.0));
    assert_eq!(outcome.cycles, 20 * outcome.layers.iter().map(|layer| layer.cycles).sum::<u64>());
    setup.workload.states.insert("mem1".into(), "mem2_out".into());
    assert!(
        load(&setup.workload, &[root])
            .err()
            .unwrap()
            .to_string()
            .starts_with("models/snn_if_mnist_step.onnx: state")
    );
}

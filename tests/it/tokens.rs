//! Do later products of a transformer fall with the tokens that go on, exactly, and are the right ones kept?

use std::fs;
use std::path::Path;

use axsim::config::{Config, Ranking, Setup, Tokens};
use axsim::platform::compute::array::Open;
use axsim::run::Evaluator;
use axsim::run::outcome::Outcome;
use axsim::workload::{Network, Task, load, top1};
use indexmap::IndexMap;

use crate::onnx_models::shared;

const STATIC: &str = "vit_pgd_cifar10_static";
const AS_FOUND: &str = "vit_pgd_cifar10_asfound_opset9";

fn setup(workload: &str, platform: &str, samples: usize) -> Setup {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads");
    let text = format!("workload: {workload}.yaml\nplatform: {platform}\n");
    let sets = [("workload.samples".to_string(), samples.to_string())];
    let read = |file: &Path| fs::read_to_string(folder.join(file));
    Config::load(&text, Path::new("run.yaml"), &read, &sets).unwrap().setup(&IndexMap::new()).unwrap()
}

fn keeping(setup: &Setup, keep: f64, by: Ranking) -> Setup {
    let mut setup = setup.clone();
    let tokens = setup.workload.tokens.as_mut().unwrap();
    *tokens = Tokens { keep, by, ..tokens.clone() };
    setup
}

fn evaluate(task: &Task, setup: &Setup, seed: u64) -> Outcome {
    let open = Open {
        products: &|_, _| unreachable!("no table is named"),
        energies: &|_| unreachable!("no table is named"),
    };
    Evaluator::new(task, seed, 8, open).evaluate(setup, serde_json::Value::Null).unwrap()
}

fn macs(network: &Network) -> u64 {
    network.layers().iter().map(|layer| layer.geometry.macs()).sum()
}

/// Multiply-accumulates of a block of the transformer: four products of width 48, two of twice that, and attention.
fn block(tokens: u64) -> u64 {
    8 * tokens * 48 * 48 + 2 * tokens * tokens * 48
}

#[test]
fn products_behind_a_cut_are_those_of_the_closed_form() {
    let Some(root) = shared() else { return };
    let patches_and_classes = 4 * 768 * 48 + 480;
    for workload in [STATIC, AS_FOUND] {
        let neutral = setup(workload, "ideal", 10);
        let task = load(&neutral.workload, std::slice::from_ref(&root)).unwrap();
        assert_eq!(macs(&task.network), patches_and_classes + 2 * block(5), "{workload}");
        for (keep, kept) in [(0.8, 4), (0.7, 4), (0.6, 3), (0.4, 2)] {
            for by in [Ranking::Attention, Ranking::ClassAttention, Ranking::Random] {
                let asked = keeping(&neutral, keep, by);
                let network = task.with_less(&asked.workload, 1).unwrap();
                let found = network.kept_tokens();
                assert_eq!((found[0].tokens, found[0].kept), (5, kept as usize));
                assert_eq!(macs(&network), patches_and_classes + block(5) + block(kept), "{workload} {keep}");
            }
        }
    }
}

#[test]
fn all_tokens_are_the_exact_run_and_fewer_cost_less() {
    let Some(root) = shared() else { return };
    let neutral = setup(STATIC, "always_on", 24);
    let mut without = neutral.clone();
    without.workload.tokens = None;
    let task = load(&neutral.workload, std::slice::from_ref(&root)).unwrap();
    let (exact, all) = (evaluate(&task, &without, 1), evaluate(&task, &neutral, 1));
    assert_eq!(exact, all);
    let fewer = evaluate(&task, &keeping(&neutral, 0.6, Ranking::ClassAttention), 1);
    let names = |outcome: &Outcome| outcome.layers.iter().map(|layer| layer.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&exact), names(&fewer));
    assert!(fewer.energy_j.compute < exact.energy_j.compute && fewer.cycles < exact.cycles);
    assert!(fewer.energy_j.memory < exact.energy_j.memory);
    for (before, after) in exact.layers.iter().zip(&fewer.layers).take(9) {
        assert_eq!((before.macs, before.cycles), (after.macs, after.cycles), "before the cut");
    }
    let ranked = |outcome: &Outcome| -> f64 {
        let entries = outcome.ledger.entries().filter(|entry| entry.action == "rank tokens");
        entries.map(|entry| entry.count).sum()
    };
    // Three heads of five probabilities, or of five times five, and ten comparisons.
    let of = |by| ranked(&evaluate(&task, &keeping(&neutral, 0.6, by), 1));
    assert_eq!([Ranking::ClassAttention, Ranking::Attention, Ranking::Random].map(of), [25.0, 85.0, 0.0]);
    assert_eq!(ranked(&exact), 0.0);
    // Which tokens are kept changes no layer, so what differs is the time that ranking takes: whole cycles an operation.
    let waited = |by| evaluate(&task, &keeping(&neutral, 0.6, by), 1);
    let drawn = waited(Ranking::Random);
    let cycles = [(Ranking::ClassAttention, 25.0), (Ranking::Attention, 85.0)].map(|(by, operations)| {
        let found = waited(by);
        (found.latency_s - drawn.latency_s) * found.clock_hz / operations
    });
    assert!(cycles[0] > 0.99 && (cycles[0] - cycles[0].round()).abs() < 1e-3, "{cycles:?}");
    assert!((cycles[1] - cycles[0]).abs() < 1e-3, "{cycles:?}");
}

#[test]
fn kept_tokens_are_those_that_an_outside_program_keeps_and_beat_drawn_ones() {
    let Some(root) = shared() else { return };
    let neutral = setup(STATIC, "ideal", 1000);
    let task = load(&neutral.workload, std::slice::from_ref(&root)).unwrap();
    let samples = Task::preprocess(&neutral.workload, &task.test.reals(0..1000));
    let axsim::workload::data::Truth::Classes(labels) = task.test.truth() else { unreachable!() };
    // Right answers of the same network written down in NumPy, in double precision.
    for (by, keep, right) in [
        (Ranking::ClassAttention, 0.8, 576i64),
        (Ranking::ClassAttention, 0.6, 551),
        (Ranking::ClassAttention, 0.4, 461),
        (Ranking::Attention, 0.6, 511),
        (Ranking::Attention, 0.4, 425),
    ] {
        let network = task.with_less(&keeping(&neutral, keep, by).workload, 1).unwrap();
        let found =
            top1(&network.run(&samples).unwrap()[0], labels).into_iter().filter(|right| *right).count();
        assert!((found as i64 - right).abs() <= 2, "{by:?} {keep}: {found}, not {right}");
    }
    for keep in [0.6, 0.4] {
        let right = |by, seed| evaluate(&task, &keeping(&neutral, keep, by), seed).score.value;
        let drawn: Vec<f64> = (1..=4).map(|seed| right(Ranking::Random, seed)).collect();
        let ranked = right(Ranking::ClassAttention, 1);
        eprintln!("{keep} of the tokens: {ranked} ranked by the class token, {drawn:?} drawn");
        assert!(drawn.iter().all(|drawn| ranked > drawn + 0.01), "{keep}: {ranked}, {drawn:?}");
    }
}

#[test]
fn networks_without_such_tokens_are_refused_by_name() {
    let Some(root) = shared() else { return };
    let refused = |workload: &str, after: &str| {
        let mut setup = setup(workload, "{preset: always_on, sensor: ideal}", 10);
        let after = vec![after.to_string()];
        setup.workload.tokens = Some(Tokens { after, keep: 0.5, by: Ranking::Attention, always: 0 });
        let task = load(&setup.workload, std::slice::from_ref(&root)).unwrap();
        task.with_less(&setup.workload, 1).unwrap_err().to_string()
    };
    let cases = [
        (
            STATIC,
            "n39",
            "tokens cannot be left out behind `n39`: there is no such node; did you mean `n39_Add`?",
        ),
        (
            STATIC,
            "n36_Relu",
            "tokens cannot be left out behind `n36_Relu`: it gives no value [tokens, features] of a sample",
        ),
        (
            STATIC,
            "n6_Add",
            "tokens cannot be left out behind `n6_Add`: no attention of these tokens, as softmax along rows, leads to it",
        ),
        (
            "resnet8_cifar10",
            "n5_Add",
            "tokens cannot be left out behind `n5_Add`: it gives no value [tokens, features] of a sample",
        ),
        // Its positions are turned and masked for as many tokens as there are.
        ("stories260k_ctx128", "layers.0.res2_n", "node `layers.1."),
    ];
    for (workload, after, message) in cases {
        let found = refused(workload, after);
        assert!(found.starts_with(message), "{workload} {after}: {found}");
    }
}

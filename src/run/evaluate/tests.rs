use std::sync::Mutex;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::config::platform::Padding;
use crate::run::capture::slice;
use crate::run::outcome::{MeanError, Recovered};
use crate::run::probe;
use crate::run::quickstart::{SAMPLES, quickstart, setup, whole};
use crate::workload::{Codes, Engine, Layer, Origin, Place, Weights, load};

/// Sums over every product of a layer.
#[derive(Default, Clone)]
struct Every {
    femtojoules: f64,
    /// Meant sums of each output channel, found ones, and what recovery makes of those.
    sums: Vec<[i64; 3]>,
    /// Of meant sums.
    squares: f64,
    outputs: u64,
}

/// An engine that goes through all products, one after the other.
struct OneByOne<'a> {
    hardware: Hardware<'a>,
    energy: fn(i64, i64) -> f64,
    every: Mutex<Vec<Every>>,
}

/// Unlike a product, and other for swapped operands.
fn energy(a: i64, b: i64) -> f64 {
    (a * a + 3 * b).rem_euclid(257) as f64
}

impl OneByOne<'_> {
    fn sample(&self, layer: &Layer, codes: &[u8], zero: u8, weights: &Weights, every: &mut Every) {
        let (geometry, plan) = (&layer.geometry, self.hardware.plan(layer));
        let meant = plan.and_then(|plan| plan.meant.as_ref()).map_or(&weights.codes, |meant| &meant.codes);
        let skips = self.hardware.arrays.unwrap().of(layer.index).padding() == Padding::Skip;
        let raw = self.hardware.arrays.unwrap().of(layer.index).takes_raw_codes();
        let operand = |code: u8, zero: u8| i64::from(code) - i64::from(zero);
        // Raw codes are read in two's complement.
        let entering = |code: u8, zero: u8| operand(code, if raw { 128 } else { zero });
        for (channel, position) in (0..geometry.out_channels)
            .flat_map(|channel| (0..geometry.positions()).map(move |at| (channel, at)))
        {
            let (row, column) = (position / geometry.out_width(), position % geometry.out_width());
            let start = geometry.group_offset(channel / (geometry.out_channels / geometry.groups));
            let mut sum = 0;
            for k in 0..geometry.depth() {
                let weight = channel * geometry.depth() + k;
                let tap = geometry.tap(k, row, column).map(|tap| codes[start + tap]);
                let x = entering(tap.unwrap_or(zero), zero);
                let w = entering(weights.codes[weight], weights.zero_point);
                if tap.is_some() || !skips {
                    let [a, b] = if self.hardware.is_swapped(layer) { [w, x] } else { [x, w] };
                    every.femtojoules += (self.energy)(a, b);
                }
                let Some(code) = tap else { continue };
                let found = self.hardware.products(layer).get(weights.codes[weight], code);
                every.sums[channel][1] += i64::from(found);
                sum += operand(meant[weight], weights.zero_point) * operand(code, zero);
            }
            every.sums[channel][0] += sum;
            every.squares += (sum as f64).powi(2);
        }
        every.outputs += geometry.positions() as u64;
    }
}

impl Engine for OneByOne<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let mut every = self.every.lock().unwrap();
        let every = &mut every[layer.index];
        every.sums.resize(layer.geometry.out_channels, [0; 3]);
        let samples = input.codes.data().chunks(layer.geometry.inputs_per_sample());
        for (at, codes) in samples.enumerate() {
            let own = layer.weights == Origin::Computed;
            let codes_of = if own {
                weights.codes.chunks(layer.geometry.weights()).nth(at).unwrap()
            } else {
                &weights.codes
            };
            let weights = Weights { codes: codes_of.to_vec(), ..weights.clone() };
            self.sample(layer, codes, input.zero_point, &weights, every);
        }
        let sums = self.hardware.contract(layer, input, weights);
        for (at, &sum) in sums.iter().enumerate() {
            every.sums[at / layer.geometry.positions() % layer.geometry.out_channels][2] += i64::from(sum);
        }
        sums
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.hardware.store(place, codes);
    }
}

impl Every {
    /// Mean error of each output channel before or after recovery.
    fn means(&self, recovered: bool) -> Vec<f64> {
        let error = |sums: &[i64; 3]| (sums[1 + usize::from(recovered)] - sums[0]) as f64;
        self.sums.iter().map(|sums| error(sums) / self.outputs as f64).collect()
    }

    /// Root mean square of the meant sums.
    fn size(&self) -> f64 {
        (self.squares / (self.outputs * self.sums.len() as u64) as f64).sqrt()
    }
}

/// The largest magnitude.
fn largest(means: &[f64]) -> f64 {
    means.iter().fold(0.0, |largest: f64, mean| mean.abs().max(largest))
}

/// A layer's mean error is that of these channels over exact sums of this size, but for so much of a step.
fn assert_error(found: MeanError, (means, size): (&[f64], f64), within: f64) {
    let largest = largest(means);
    let mean = means.iter().sum::<f64>() / means.len() as f64;
    let relative = (means.iter().map(|mean| mean * mean).sum::<f64>() / means.len() as f64).sqrt() / size;
    for (found, expected, by) in
        [(found.value, mean, 1.0), (found.largest, largest, 1.0), (found.relative, relative, size)]
    {
        let off = (found - expected).abs();
        assert!(off <= within / by + 1e-9 * expected.abs().max(largest / by), "{found} {expected}");
    }
}

/// Every product of all scored samples, in batches of 7.
fn one_by_one(evaluator: &Evaluator<'_>, setup: &Setup) -> Vec<Every> {
    let parts = evaluator.build(setup).unwrap();
    let (quantized, captured) = evaluator.prepared(&parts).unwrap();
    let products = products(&parts, &quantized).unwrap();
    let plan = evaluator.plan(&parts, quantized, &products).unwrap();
    let device = evaluator.device(&parts, &plan.network, 0);
    let every = Mutex::new(vec![Every::default(); device.layers().len()]);
    let engine = OneByOne { hardware: hardware(&parts, &products, &plan.layers, 0), energy, every };
    let samples = setup.workload.samples;
    for start in (0..samples).step_by(7) {
        let pixels = slice(&captured.pixels, start..(start + 7).min(samples));
        device.run(&engine, &Task::preprocess(&setup.workload, &pixels), start).unwrap();
    }
    engine.every.into_inner().unwrap()
}

fn open() -> impl Fn(&Path) -> Result<Energies, PlatformError> + Sync {
    let operand = |code: u32| i64::from(code as u8 as i8);
    let energies = (0..1u32 << 16).map(|at| energy(operand(at >> 8), operand(at))).collect();
    let energies = Energies::new(8, energies);
    move |_: &Path| Ok(energies.clone())
}

fn priced(id: &str) -> Value {
    json!({"design": id, "energy_table": "mine.csv"})
}

const MULTIPLIER: &str = "compute.array.multiplier";

#[test]
fn energies_and_mean_errors_are_of_every_product_of_all_scored_samples() {
    let (config, task) = quickstart();
    let energies = open();
    let open = Open { energies: &energies, ..Open::NONE };
    let base = (MULTIPLIER, priced("mul8s_bwtrunc_t6"));
    let more = [
        vec![],
        vec![("compute.array.padding", json!("skip")), ("memory.buffer.sram.voltage", json!(0.9))],
        vec![("compute.array.padding", json!("multiply"))],
        vec![("compute.array.recovery", json!(["swap", "remap"]))],
        vec![
            ("compute.array.recovery", json!(["remap", "bias"])),
            ("compute.array.dataflow", json!("weight_stationary")),
        ],
        vec![("compute.array.recovery", json!(["affine"]))],
        vec![("compute.array.products", json!("raw"))],
    ];
    let geometries = task.network.layers().into_iter().map(|layer| layer.geometry);
    assert!(
        geometries.clone().any(|one| one.pads != [0; 4])
            && geometries.clone().any(|one| one.stride != [1; 2])
    );
    for knobs in more {
        let setup = setup(&config, &[std::slice::from_ref(&base), &knobs[..]].concat());
        let evaluator = Evaluator::new(&task, 1, 1, open);
        let outcome = evaluator.evaluate(&setup, Value::Null).unwrap();
        let every = one_by_one(&evaluator, &setup);
        let billed = outcome.ledger.entries().filter(|entry| entry.action == "multiply");
        let billed: f64 = billed.filter_map(|entry| entry.energy()).map(|energy| energy.0).sum();
        let expected = every.iter().map(|every| every.femtojoules).sum::<f64>() / SAMPLES as f64 * 1e-15;
        assert!((billed / expected - 1.0).abs() < 1e-9, "{knobs:?}: {billed} billed, {expected} summed");
        let first = one_by_one(&evaluator, &shortened(&setup, probe::SAMPLES));
        for ((layer, every), first) in outcome.layers.iter().zip(&every).zip(&first) {
            if is_summed_otherwise(&knobs) {
                assert_eq!(layer.mean_error, None);
                continue;
            }
            let error = layer.mean_error.unwrap();
            assert_eq!(error.samples, SAMPLES);
            // Corrected sums are rounded.
            let corrects = |found: &Recovered| {
                [Measure::Bias, Measure::Affine].iter().any(|measure| found.measures.contains(measure))
            };
            let corrected = layer.recovery.as_ref().is_some_and(corrects);
            let within = if corrected { 0.5 } else { 0.0 };
            assert_error(error, (&every.means(true), first.size()), within);
            if corrected {
                let [before, after] = [false, true].map(|recovered| largest(&every.means(recovered)));
                assert!(
                    (before - after).abs() > 50.0,
                    "{knobs:?}: {before} {after}, too near to tell them apart"
                );
            }
        }
    }
}

/// A setup with fewer samples.
fn shortened(setup: &Setup, samples: usize) -> Setup {
    let mut setup = setup.clone();
    setup.workload.samples = samples;
    setup
}

/// Whether there is more to a sum than the products of a table.
fn is_summed_otherwise(knobs: &[(&str, Value)]) -> bool {
    knobs.iter().any(|(_, value)| value == "multiply" || value == "raw")
}

/// A network of attention, on so many pictures of the shared data.
fn attention(samples: usize) -> Option<(Config, Task)> {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("AXSIM_SHARED").map_or_else(here, Into::into).join("data");
    if !root.exists() {
        eprintln!(
            "skipped: the shared models are not at hand; set AXSIM_SHARED to the folder that holds them"
        );
        return None;
    }
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let (file, workload) =
        (configs.join("runs/quickstart.yaml"), configs.join("workloads/vit_pgd_cifar10_static.yaml"));
    let read = |path: &Path| std::fs::read_to_string(path);
    let sets = [("workload", workload.display().to_string()), ("workload.samples", samples.to_string())];
    let sets = sets.map(|(path, value)| (path.to_string(), value));
    let config = Config::load(&read(&file).unwrap(), &file, &read, &sets).unwrap();
    let task = load(&config.setup(&indexmap::IndexMap::new()).unwrap().workload, &[root]).unwrap();
    Some((config, task))
}

#[test]
fn samples_with_weights_of_their_own_are_counted_each_with_its_own() {
    let samples = probe::SAMPLES + 3;
    let Some((config, task)) = attention(samples) else { return };
    let energies = open();
    let open = Open { energies: &energies, ..Open::NONE };
    let knobs = [(MULTIPLIER, priced("mul8s_bwtrunc_t6"))];
    let setup = setup(&config, &knobs);
    let evaluator = Evaluator::new(&task, 1, 1, open);
    let outcome = evaluator.evaluate(&setup, Value::Null).unwrap();
    let (every, first) =
        (one_by_one(&evaluator, &setup), one_by_one(&evaluator, &shortened(&setup, probe::SAMPLES)));
    let billed = outcome.ledger.entries().filter(|entry| entry.action == "multiply");
    let billed: f64 = billed.filter_map(|entry| entry.energy()).map(|energy| energy.0).sum();
    let expected = every.iter().map(|every| every.femtojoules).sum::<f64>() / samples as f64 * 1e-15;
    assert!((billed / expected - 1.0).abs() < 1e-9, "{billed} billed, {expected} summed");
    let computed = task.network.layers().into_iter().map(|layer| layer.weights == Origin::Computed);
    assert_eq!(computed.clone().filter(|computed| *computed).count(), 4, "scores and mixes of two blocks");
    for (((layer, computed), every), first) in outcome.layers.iter().zip(computed).zip(&every).zip(&first) {
        let error = layer.mean_error.unwrap();
        let (of, counted) = if computed { (first, probe::SAMPLES) } else { (every, samples) };
        assert_eq!(error.samples, counted);
        assert_error(error, (&of.means(true), first.size()), 0.0);
    }
}

#[test]
fn what_is_counted_depends_neither_on_threads_nor_on_what_others_ran() {
    let (config, task) = quickstart();
    let energies = open();
    let open = Open { energies: &energies, ..Open::NONE };
    let base = (MULTIPLIER, priced("exact"));
    let layers = task.network.layers().len();
    let names: Vec<String> = (0..layers).map(|at| format!("compute.array.layers.#{at}")).collect();
    let one = |name: &String| setup(&config, &[base.clone(), (name, priced("mul8s_bwtrunc_t6"))]);
    let setups: Vec<Setup> = names.iter().map(one).collect();
    let all = || setups.iter().collect::<Vec<_>>();
    let alone =
        |setup: &&Setup| whole(&Evaluator::new(&task, 1, 1, open).evaluate(setup, Value::Null).unwrap());
    let alone: Vec<_> = all().iter().map(alone).collect();
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let shared = Evaluator::new(&task, 1, 1, open);
        shared.prepare(&all()).unwrap();
        let evaluate = |setup: &&Setup| whole(&shared.evaluate(setup, Value::Null).unwrap());
        let found: Vec<_> = pool.install(|| all().par_iter().map(evaluate).collect());
        assert!(found == alone, "{threads} threads");
    }
}

/// An engine of exact products that sums a hardware's products beside them.
struct Beside<'a> {
    hardware: Hardware<'a>,
    /// By layer and channel: errors; squares of exact sums, and how many.
    found: Mutex<Vec<(Vec<i64>, f64, u64)>>,
}

impl Engine for Beside<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let exact = crate::workload::Exact.contract(layer, input, weights);
        let sums = self.hardware.sums(layer, input, weights);
        let mut found = self.found.lock().unwrap();
        let (errors, squares, count) = &mut found[layer.index];
        errors.resize(layer.geometry.out_channels, 0);
        let samples = if layer.weights == Origin::Computed { probe::SAMPLES } else { input.codes.shape()[0] };
        let looked = samples * layer.geometry.outputs_per_sample();
        for (at, (sum, exact)) in sums.iter().zip(&exact).take(looked).enumerate() {
            errors[at / layer.geometry.positions() % layer.geometry.out_channels] += i64::from(sum - exact);
            *squares += f64::from(*exact).powi(2);
        }
        *count += exact.len().min(looked) as u64;
        exact
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

/// The layer whose sums are furthest off on the calibration samples of the exact network, from the sums themselves.
fn worst_of_sums(evaluator: &Evaluator<'_>, setup: &Setup) -> (String, f64) {
    let parts = evaluator.build(setup).unwrap();
    let quantized = evaluator.quantized(&parts).unwrap();
    let products = products(&parts, &quantized).unwrap();
    let found = Mutex::new(vec![Default::default(); quantized.layers().len()]);
    let engine = Beside { hardware: hardware(&parts, &products, &[], 0), found };
    quantized.run(&engine, &evaluator.calibration(setup, usize::MAX), 0).unwrap();
    let found = engine.found.into_inner().unwrap();
    let figure = |(errors, squares, count): &(Vec<i64>, f64, u64)| {
        let outputs = *count as f64 / errors.len() as f64;
        let means =
            errors.iter().map(|&error| (error as f64 / outputs).powi(2)).sum::<f64>() / errors.len() as f64;
        means.sqrt() / (squares / *count as f64).sqrt()
    };
    let each =
        quantized.layers().iter().zip(&found).map(|(layer, found)| (layer.name.clone(), figure(found)));
    each.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
}

#[test]
fn the_worst_layer_before_a_run_is_that_whose_sums_are_furthest_off() {
    let (config, task) = quickstart();
    let evaluator = Evaluator::new(&task, 1, 1, Open::NONE);
    let worst = |knobs: &[(&str, Value)]| evaluator.worst(&setup(&config, knobs)).unwrap();
    assert_eq!(worst(&[]), None);
    let mut figures = vec![];
    for id in ["mul8s_bwtrunc_t4", "mul8s_bwtrunc_t7", "mul8u_trunc_t5", "mul8s_drum_k4"] {
        let setup = setup(&config, &[(MULTIPLIER, json!(id))]);
        let found = evaluator.worst(&setup).unwrap().unwrap();
        let (layer, expected) = worst_of_sums(&evaluator, &setup);
        assert_eq!(found.layer, layer, "{id}");
        assert!((found.mean_error / expected - 1.0).abs() < 1e-9, "{id}: {found:?} {expected}");
        figures.push(found.mean_error);
    }
    assert!(figures[1] > figures[0] && figures[0] > 0.0, "{figures:?}");
    // A constant takes much of it away, chosen on what the layers before it make rather than on these codes.
    let bias = worst(&[(MULTIPLIER, json!("mul8s_bwtrunc_t7")), ("compute.array.recovery", json!(["bias"]))])
        .unwrap();
    assert!(bias.mean_error < 0.6 * figures[1], "{bias:?} {figures:?}");
}

#[test]
fn layers_of_computed_weights_are_judged_before_a_run_too() {
    let Some((config, task)) = attention(probe::SAMPLES) else { return };
    let evaluator = Evaluator::new(&task, 1, 1, Open::NONE);
    let computed = task.network.layers().into_iter().filter(|layer| layer.weights == Origin::Computed);
    for layer in computed {
        let knob = format!("compute.array.layers.#{}", layer.index);
        let samples = ("quantize.calibration_samples", json!(2 * probe::SAMPLES + 1));
        let setup = setup(&config, &[samples, (&knob, json!("mul8s_bwtrunc_t7"))]);
        let found = evaluator.worst(&setup).unwrap().unwrap();
        let (name, expected) = worst_of_sums(&evaluator, &setup);
        assert_eq!((&found.layer, &name), (&layer.name, &layer.name));
        assert!((found.mean_error / expected - 1.0).abs() < 1e-9, "{found:?} {expected}");
    }
}

#[test]
fn setups_with_one_key_of_answers_answer_alike_and_others_have_other_keys() {
    let (config, task) = quickstart();
    let open = Open { products: &|_, _| unreachable!(), energies: &|_| unreachable!() };
    let evaluator = Evaluator::new(&task, 1, 8, open);
    let outcome =
        |knobs: &[(&str, Value)]| evaluator.evaluate(&setup(&config, knobs), json!(knobs.len())).unwrap();
    let baseline = outcome(&[]);
    let cut = json!("mul8s_bwtrunc_t4");
    for knobs in [
        [("compute.array.multiplier", json!("mul8s_bw"))],
        [("compute.array.rows", json!(4))],
        [("compute.array.layers.#2", json!("exact"))],
        [("compute.array.recovery", json!("auto"))],
        [("layers.conv3.binary", json!(false))],
        [("about", json!("another word"))],
    ] {
        let mut found = outcome(&knobs);
        assert!(found.answers == baseline.answers && found.marks == baseline.marks, "{knobs:?}");
        found.compare(&baseline, 1);
        assert_eq!(found.delta.unwrap().ci95, [0.0; 2], "{knobs:?}");
    }
    let others = [
        [("compute.array.multiplier", cut.clone())],
        [("compute.array.layers.#2", cut)],
        [("compute.array.accumulator", json!("add32s_loa_k4"))],
        [("compute.array.padding", json!("multiply"))],
        [("compute.array.weight_format", json!("bitmap"))],
        [("sensor.adc_bits", json!(5))],
        [("memory.buffer.sram.voltage", json!(0.8))],
        [("quantize.weight_bits", json!(7))],
        [("layers.conv3.binary", json!(true))],
    ];
    let mut keys: Vec<String> = others.iter().map(|knobs| outcome(knobs).answers).collect();
    keys.push(baseline.answers);
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

#[test]
fn shares_that_are_told_are_all_samples_on_all_devices() {
    let (config, task) = quickstart();
    let open = Open { products: &|_, _| unreachable!(), energies: &|_| unreachable!() };
    for (voltage, maps) in [(1.0, 1), (0.8, 8)] {
        let setup = setup(&config, &[("memory.buffer.sram.voltage", json!(voltage))]);
        let evaluator = Evaluator::new(&task, 1, 8, open);
        let told = Mutex::new(vec![]);
        let outcome =
            evaluator.evaluate_telling(&setup, json!({}), &|share| told.lock().unwrap().push(share));
        assert_eq!(outcome.unwrap().score.fault_maps.len().max(1), maps);
        let told = told.into_inner().unwrap();
        assert!((told.iter().sum::<f64>() - 1.0).abs() < 1e-12 && told.len() >= 2 * maps, "{told:?}");
    }
}

#[test]
fn many_threads_run_fewer_samples_at_a_time() {
    let (_, task) = quickstart();
    let evaluator = Evaluator::new(&task, 1, 1, Open::NONE);
    let sizes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let sizes = pool.install(|| evaluator.batches(100, |range| Ok(range.len()))).unwrap();
        assert_eq!(sizes.iter().sum::<usize>(), 100);
        sizes
    };
    assert_eq!(sizes(2), [8, 64, 28]);
    // 2^25 elements together, of which conv1 has 8 · 24 · 24 a sample.
    assert_eq!(sizes(500), [8, 14, 14, 14, 14, 14, 14, 8]);
}

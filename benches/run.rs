//! Images per second of a whole evaluation: capture, faults, network on the array's arithmetic, replay, bill.
//!
//! `program` is all that one configuration takes, from the text of the YAML on: read configuration, model and data,
//! calibrate and quantise, run, score, bill; `stages` are its parts, `sweep` evaluates the exact network and one setup a
//! layer with another multiplier in it, where `shared` setups go on from what others computed and `apart` ones do not.
//! ResNet-8 (12.5 million multiply-accumulates an image) joins where the shared models are at hand.
//!
//! Peers, one core, forward pass alone: AdaPT emulates about 0.16 GMAC/s of a network on a CPU, its bare kernel 1.9 to
//! 2.9; a million multiply-accumulates an image make 160 and at most 2,900 images/s. `float` is our own float model on
//! the same images in the same run. One item is one image.

use std::path::{Path, PathBuf};

use axsim::arith::design;
use axsim::config::{Config, Setup};
use axsim::kernel::{self, Products};
use axsim::platform::compute::array::Open;
use axsim::rng::Stream;
use axsim::run::{Evaluator, RunError, Settings, study};
use axsim::workload::data::Set;
use axsim::workload::{Codes, Engine, Layer, Place, Quantized, Scheme, Take, Task, Weights, load};
use divan::Bencher;
use divan::counter::ItemsCount;
use indexmap::IndexMap;
use serde_json::{Value, json};

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("no pool was built before");
    divan::main();
}

const SAMPLES: usize = 256;

fn quickstart() -> (Config, Task) {
    ready("quickstart")
}

/// Where the shared models lie.
fn shared() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    std::env::var_os("AXSIM_SHARED").map_or_else(here, PathBuf::from).join("data")
}

/// The runs whose models and data are at hand.
fn runs() -> Vec<&'static str> {
    if shared().exists() { vec!["quickstart", "resnet8"] } else { vec!["quickstart"] }
}

/// A shipped run on fewer samples, read from its text.
fn config(run: &str) -> Config {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("configs/runs/{run}.yaml"));
    let read = |path: &Path| std::fs::read_to_string(path);
    let sets = [("workload.samples".to_string(), SAMPLES.to_string())];
    let text = read(&file).expect("the run is in the repository");
    Config::load(&text, &file, &read, &sets).expect("the run is right")
}

fn baseline(config: &Config) -> Setup {
    config.setup(&IndexMap::new()).expect("the baseline is right")
}

fn task(config: &Config) -> Task {
    let roots = [config.base_dir.clone(), shared()];
    load(&baseline(config).workload, &roots).expect("its data is there")
}

fn ready(run: &str) -> (Config, Task) {
    let config = config(run);
    let task = task(&config);
    (config, task)
}

/// From the text of the configuration to the outcome of its exact setup.
#[divan::bench(args = runs(), sample_count = 10)]
fn program(bencher: Bencher<'_, '_>, run: &str) {
    bencher.counter(ItemsCount::new(SAMPLES)).bench_local(|| {
        let (config, task) = ready(run);
        let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, Open::NONE);
        evaluator.evaluate(&baseline(&config), Value::Null).expect("the run is right")
    });
}

/// All that a run evaluates (exact, approximate, every knob alone and left out, rivals), calibration included, on so many
/// threads: on a machine with as many cores at rest the ratio is what they gain. A ResNet-20 on a Zen 5: 6.3 and 3.2 s, two
/// threads are 1.95 times as fast.
#[divan::bench(args = [1, 2], sample_count = 5)]
fn threads(bencher: Bencher<'_, '_>, threads: usize) {
    let (config, task) = ready(if shared().exists() { "resnet20" } else { "quickstart" });
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be made");
    let setup =
        |knobs: &IndexMap<_, _>| config.setup(knobs).map_err(|error| RunError::Setup(Box::new(error)));
    let canonical = |knob: &str| config.canonical(knob).map_err(|error| RunError::Setup(Box::new(error)));
    let settings = Settings {
        approximate: &config.approximate,
        floor: config.floor,
        repeat: "",
        seed: config.seed,
        setup: &setup,
        canonical: &canonical,
        progress: &|_| {},
    };
    let run = || {
        let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, Open::NONE);
        study(&evaluator, &settings).expect("the run is right")
    };
    bencher.counter(ItemsCount::new(SAMPLES)).bench_local(|| pool.install(run));
}

/// Parts of `program`: `load` reads, `quantise` captures and calibrates, `run` runs, scores and bills.
#[divan::bench(args = runs().into_iter().flat_map(|run| ["load", "quantise", "run"].map(|stage| format!("{run} {stage}"))).collect::<Vec<_>>(), sample_count = 10)]
fn stages(bencher: Bencher<'_, '_>, of: &str) {
    let (run, stage) = of.split_once(' ').expect("a run and a stage");
    let bencher = bencher.counter(ItemsCount::new(SAMPLES));
    if stage == "load" {
        return bencher.bench_local(|| drop(ready(run)));
    }
    let (config, task) = ready(run);
    let setup = baseline(&config);
    let prepared = || {
        let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, Open::NONE);
        evaluator.prepare(&[&setup]).expect("the run is right");
        evaluator
    };
    if stage == "quantise" {
        return bencher.bench_local(|| drop(prepared()));
    }
    let evaluate =
        |evaluator: Evaluator<'_>| drop(evaluator.evaluate(&setup, Value::Null).expect("it is right"));
    bencher.with_inputs(prepared).bench_local_values(evaluate);
}

/// What of a ResNet-20's images (40.8 million multiply-accumulates each) runs after calibration: capture, all layers,
/// score, replay, bill, exact and with each knob of its run alone. onnxruntime 1.32 runs the same network in 8 bits
/// (unsigned activations, a scale a channel) at 5,600 images/s, one thread, 64 at once, on a Zen 5 at 4.2 GHz.
#[divan::bench(args = resnet20(), sample_count = 3)]
fn network(bencher: Bencher<'_, '_>, knob: &str) {
    let (config, task) = ready("resnet20");
    let knobs = config.approximate.iter().filter(|(name, _)| *name == knob);
    let setup = config.setup(&knobs.map(|(name, value)| (name.clone(), value.clone())).collect());
    let setup = setup.expect("the knobs of the run are right");
    let prepared = || {
        let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, Open::NONE);
        evaluator.prepare(&[&setup]).expect("the run is right");
        evaluator
    };
    let evaluate =
        |evaluator: Evaluator<'_>| drop(evaluator.evaluate(&setup, Value::Null).expect("it is right"));
    bencher.counter(ItemsCount::new(SAMPLES)).with_inputs(prepared).bench_local_values(evaluate);
}

fn resnet20() -> Vec<&'static str> {
    match shared().exists() {
        true => vec!["exact", "compute.array.multiplier", "compute.array.accumulator"],
        false => vec![],
    }
}

/// The quantised ResNet-20 alone, 64 images at once, with products of this kind: what stands in `network` beside sensor,
/// replay and bill. onnxruntime's 5,540 to 5,920 images/s are the peer here too (1.32, one thread, the same minutes, exact):
/// `exact` (6,300 to 6,680) is 1.13 times as fast, `table` (2,260 to 2,340) takes 2.5 times as long, and `table, all codes` (2,040
/// to 2,120), where activations may take all 256 codes instead of a rectifier's 128, 2.7 times: 10,000 images take 2.7 s on two
/// cores then.
///
/// The table is Mitchell's. With random entries a network's activations are noise, which fills both halves of the codes in nearly
/// all channels: `random table, all codes` (1,340 to 1,400) takes 4.1 to 4.2 times as long as onnxruntime.
#[divan::bench(args = inferences(), sample_count = 20)]
fn inference(bencher: Bencher<'_, '_>, table_of: &str) {
    const BATCH: usize = 64;
    let (config, task) = ready("resnet20");
    let workload = baseline(&config).workload;
    let images = |set: &Set| Task::preprocess(&workload, &set.reals(0..BATCH));
    let (scheme, zero) = match table_of {
        "table, all codes" | "random table, all codes" => (Scheme::Affine, 0),
        _ => (Scheme::Symmetric, 128),
    };
    let quantized =
        Quantized::calibrate(&task.network, &workload.quantize, scheme, &images(&task.calibration));
    let quantized = quantized.expect("the network can be calibrated");
    let engine = match table_of {
        "exact" => Table(Products::exact(128, zero)),
        "random table, all codes" => Table(noise()),
        _ => Table(mitchell(zero.into())),
    };
    let batch = images(&task.test);
    let run = || quantized.run(&engine, &batch, 0).expect("the images fit");
    bencher.counter(ItemsCount::new(BATCH)).bench_local(run);
}

fn inferences() -> Vec<&'static str> {
    match shared().exists() {
        true => vec!["exact", "table", "table, all codes", "random table, all codes"],
        false => vec![],
    }
}

/// Random entries.
fn noise() -> Products {
    let mut stream = Stream::new(1, "bench.table", 0);
    Products::new(&(0..1 << 16).map(|_| stream.below(1 << 15) as i32 - (1 << 14)).collect::<Vec<_>>())
}

/// Mitchell's products of signed weights and of activations with this code for zero: rows of two bytes and no structure,
/// and a network that still does its work, so that codes are as they would be.
fn mitchell(zero: i64) -> Products {
    let multiplier = design("mul8u_mitchell").expect("it is built in");
    let product = |weight: i64, activation: i64| {
        let size = multiplier.eval(activation.abs(), weight.abs()) as i64;
        (size * weight.signum() * activation.signum()) as i32
    };
    Products::new(&(0..1 << 16).map(|at| product((at >> 8) - 128, (at & 255) - zero)).collect::<Vec<_>>())
}

/// An engine with one table for all layers, whatever their zero points, and a memory that never errs.
struct Table(Products);

impl Engine for Table {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let (geometry, operands) = layer.contraction(input, weights);
        kernel::convolve(&geometry, operands, &self.0)
    }

    fn contract_by_parts(&self, layer: &Layer, input: &Codes, weights: &Weights, take: Take<'_>) {
        let (geometry, operands) = layer.contraction(input, weights);
        kernel::convolve_by_parts(&geometry, operands, &self.0, take);
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

/// The exact network, and for every layer one setup with another multiplier in it.
#[divan::bench(args = ["shared", "apart"], sample_count = 5)]
fn sweep(bencher: Bencher<'_, '_>, how: &str) {
    let (config, task) = ready(runs()[runs().len() - 1]);
    let layer = |at: usize| {
        let knob = format!("compute.array.layers.#{at}");
        config.setup(&IndexMap::from([(knob, json!("mul8s_bwtrunc_t4"))])).expect("it is a knob")
    };
    let layers = task.network.layers().len();
    let setups: Vec<Setup> = [baseline(&config)].into_iter().chain((0..layers).map(layer)).collect();
    let planned = if how == "shared" { &setups[..] } else { &setups[..1] };
    let prepared = || {
        let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, Open::NONE);
        evaluator.prepare(&planned.iter().collect::<Vec<_>>()).expect("the run is right");
        evaluator
    };
    let evaluate = |evaluator: Evaluator<'_>| {
        setups.iter().for_each(|setup| drop(evaluator.evaluate(setup, Value::Null).expect("it is right")));
    };
    let bencher = bencher.counter(ItemsCount::new(setups.len() * SAMPLES));
    bencher.with_inputs(prepared).bench_local_values(evaluate);
}

/// Every knob of the quickstart by itself; the voltage draws eight fault maps, so it counts eight times the images.
#[divan::bench(args = ["exact", "sensor.adc_bits", "memory.buffer.sram.voltage", "compute.array.multiplier"])]
fn evaluate(bencher: Bencher<'_, '_>, knob: &str) {
    let (config, task) = quickstart();
    let knobs = config.approximate.iter().filter(|(name, _)| *name == knob);
    let setup = config.setup(&knobs.map(|(name, value)| (name.clone(), value.clone())).collect());
    let setup = setup.expect("the knobs of the quickstart are right");
    let maps = if knob.ends_with("voltage") { config.fault_maps as usize } else { 1 };
    bencher.counter(ItemsCount::new(maps * SAMPLES)).bench_local(|| {
        // A new evaluator, so that calibrating and capturing count.
        let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, Open::NONE);
        evaluator.evaluate(&setup, Value::Null).expect("the quickstart runs")
    });
}

#[divan::bench]
fn float(bencher: Bencher<'_, '_>) {
    let (config, task) = quickstart();
    let setup = baseline(&config);
    let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, Open::NONE);
    bencher
        .counter(ItemsCount::new(SAMPLES))
        .bench_local(|| evaluator.reference(&setup).expect("the float model runs"));
}

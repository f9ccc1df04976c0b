//! Images per second of a whole evaluation: capture, faults, network on the array's arithmetic, replay, bill.
//!
//! Peers, one core, forward pass alone: AdaPT emulates about 0.16 GMAC/s of a network on a CPU, its bare kernel 1.9 to
//! 2.7; a million multiply-accumulates an image make 160 and at most 2,700 images/s. `float` is our own float model on
//! the same images in the same run. One item is one image.

use std::path::Path;

use axsim::config::Config;
use axsim::platform::PlatformError;
use axsim::run::Evaluator;
use axsim::workload::{Task, load};
use divan::Bencher;
use divan::counter::ItemsCount;
use indexmap::IndexMap;

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("no pool was built before");
    divan::main();
}

const SAMPLES: usize = 256;

fn quickstart() -> (Config, Task) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/runs/quickstart.yaml");
    let read = |path: &Path| std::fs::read_to_string(path);
    let sets = [("workload.samples".to_string(), SAMPLES.to_string())];
    let text = read(&file).expect("the quickstart is in the repository");
    let config = Config::load(&text, &file, &read, &sets).expect("the quickstart is right");
    let setup = config.setup(&IndexMap::new()).expect("the baseline is right");
    let task = load(&setup.workload, std::slice::from_ref(&config.base_dir)).expect("its data is there");
    (config, task)
}

/// Every knob of the quickstart by itself; the voltage draws eight fault maps, so it counts eight times the images.
#[divan::bench(args = ["exact", "sensor.adc_bits", "memory.buffer.sram.voltage", "compute.array.multiplier"])]
fn evaluate(bencher: Bencher<'_, '_>, knob: &str) {
    let (config, task) = quickstart();
    let knobs = config.approximate.iter().filter(|(name, _)| *name == knob);
    let setup = config.setup(&knobs.map(|(name, value)| (name.clone(), value.clone())).collect());
    let setup = setup.expect("the knobs of the quickstart are right");
    let maps = if knob.ends_with("voltage") { config.fault_maps as usize } else { 1 };
    let open = |_: &Path, _: Option<bool>| Err(PlatformError::Table("the quickstart names no table".into()));
    bencher.counter(ItemsCount::new(maps * SAMPLES)).bench_local(|| {
        // A new evaluator, so that calibrating and capturing count.
        let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, &open);
        evaluator.evaluate(&setup, serde_json::Value::Null).expect("the quickstart runs")
    });
}

#[divan::bench]
fn float(bencher: Bencher<'_, '_>) {
    let (config, task) = quickstart();
    let setup = config.setup(&IndexMap::new()).expect("the baseline is right");
    let open = |_: &Path, _: Option<bool>| Err(PlatformError::Table("the quickstart names no table".into()));
    let evaluator = Evaluator::new(&task, config.seed, config.fault_maps, &open);
    bencher
        .counter(ItemsCount::new(SAMPLES))
        .bench_local(|| evaluator.reference(&setup).expect("the float model runs"));
}

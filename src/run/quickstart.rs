//! The smallest shipped run, for tests of whole evaluations.

use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;

use super::outcome::Outcome;
use crate::config::{Config, Setup};
use crate::workload::score::Marks;
use crate::workload::{Task, load};

/// Two batches, the second not whole.
pub const SAMPLES: usize = 80;

/// The shipped run on few samples.
pub fn quickstart() -> (Config, Task) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/runs/quickstart.yaml");
    let read = |path: &Path| std::fs::read_to_string(path);
    let sets = [("workload.samples".to_string(), SAMPLES.to_string())];
    let config = Config::load(&read(&file).unwrap(), &file, &read, &sets).unwrap();
    let setup = config.setup(&IndexMap::new()).unwrap();
    let task = load(&setup.workload, std::slice::from_ref(&config.base_dir)).unwrap();
    (config, task)
}

/// Its setup with knobs.
pub fn setup(config: &Config, knobs: &[(&str, Value)]) -> Setup {
    config.setup(&knobs.iter().map(|(knob, value)| (knob.to_string(), value.clone())).collect()).unwrap()
}

/// An outcome with the answers that are not part of the output.
pub fn whole(outcome: &Outcome) -> (Value, Marks) {
    (serde_json::to_value(outcome).unwrap(), outcome.marks.clone())
}

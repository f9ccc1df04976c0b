//! One configuration → its outcome; a run → baseline, approximation, every knob alone and left out.

mod bill;
mod evaluate;
mod hardware;
pub mod outcome;
mod probe;
pub mod statistics;
mod study;

pub use evaluate::{Evaluator, RunError};
pub use study::{Settings, study};

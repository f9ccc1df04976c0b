//! One configuration → its outcome; a run → baseline, approximation, every knob alone and left out.

mod account;
mod activity;
mod arrays;
mod beside;
mod bill;
mod buildable;
mod capture;
mod coding;
mod error;
mod evaluate;
mod golden;
mod hardware;
mod mean_error;
mod memo;
pub mod outcome;
mod parts;
pub mod plain_bits;
mod prefix;
mod probe;
mod products;
mod recovery;
pub mod statistics;
pub mod stored;
mod study;
mod tap;

pub use activity::Activity;
pub use arrays::names_layers;
pub use buildable::buildable;
pub use coding::{Coding, LayerCoding};
pub use error::RunError;
pub use evaluate::Evaluator;
pub use golden::{Golden, Step};
pub use study::{Settings, study};
pub use tap::Contraction;

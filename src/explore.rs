//! Search over knobs: points, the store that survives an interruption, the Pareto front.

pub mod pareto;
pub mod store;

//! One configuration → its outcome.

pub mod outcome;
pub mod statistics;

//! Simulator of approximate-computing hardware: what does an approximation save, and what does it cost the task?
#![warn(missing_docs)]

pub mod bits;
pub mod config;
pub mod constant;
pub mod explore;
pub mod ledger;
pub mod netlist;
pub mod report;
pub mod rng;
pub mod run;
pub mod table;
pub mod tech;
pub mod tensor;
pub mod units;

//! What a cell costs: area, leakage, delay and energy of a netlist under a cell library.
//!
//! One drive per function and one working point per cell: delay is a ±20 % bracket. Energy counts the transitions it is
//! given: those of [`crate::netlist::Timed`] hold glitches, those of [`crate::netlist::Lanes`] are a lower bound.

pub mod liberty;
mod library;
mod mapping;
mod power;
pub mod sdf;
pub mod supply;
mod timing;

pub use library::{CellFigures, CellLibrary};
pub use timing::{Grid, Step, TICK, Timing};

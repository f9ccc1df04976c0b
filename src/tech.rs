//! What a cell costs: area, leakage, delay and energy of a netlist under a cell library.
//!
//! One drive per function and one working point per cell: delay is a ±20 % bracket, energy counts
//! settled transitions only (zero delay), which is a lower bound because glitches are left out.

mod library;
mod power;
mod timing;

pub use library::{CellFigures, CellLibrary};
pub use timing::Timing;

//! What a cell costs: area, leakage, delay and energy of a netlist under a cell library.
//!
//! One drive per function. The shipped table has one working point per cell, so delay is a ±20 % bracket; a Liberty file
//! of the user's is looked up over slew and load. Energy counts the transitions it is given: those of
//! [`crate::netlist::Timed`] hold glitches, those of [`crate::netlist::Lanes`] are a lower bound. Wires and the clock tree are
//! estimates with a band, left out unless a library is [`CellLibrary::wired`].

mod census;
#[cfg(test)]
mod hand;
pub mod liberty;
mod library;
mod mapping;
mod power;
pub mod sdf;
pub mod supply;
mod timing;
mod typical;
mod wires;

pub use census::{cell_area, census};
pub use library::{CellFigures, CellLibrary, Edge};
pub use timing::{Grid, Step, Timing};
pub use typical::TICK;
pub use wires::Wires;

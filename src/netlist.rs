//! Gates as plain data: cells in topological order, named input and output buses, registers.
//!
//! A cell stores its inputs only; its output is the net of its own position. Cycles are therefore
//! unrepresentable except through registers, whose next state is a net set after the fact.

mod build;
mod cell;
mod eval;
#[cfg(test)]
mod sample;
pub mod verilog;

pub use build::Builder;
pub use cell::{Bus, Cell, Gate, Net};
pub use eval::{Lanes, apply};

/// A register: a state bit with a next state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// The net that holds the state (a [`Cell::State`]).
    pub state: Net,
    /// The net that is copied into the state at the clock edge.
    pub next: Net,
}

/// A circuit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Netlist {
    name: String,
    cells: Vec<Cell>,
    inputs: Vec<(String, Bus)>,
    outputs: Vec<(String, Bus)>,
    registers: Vec<Register>,
}

impl Netlist {
    /// The module name: the design's id.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Cells in topological order; the output of cell `i` is net `i`.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }
    /// Input buses by name, least significant bit first.
    pub fn inputs(&self) -> &[(String, Bus)] {
        &self.inputs
    }
    /// Output buses by name, least significant bit first.
    pub fn outputs(&self) -> &[(String, Bus)] {
        &self.outputs
    }
    /// State bits with their next states.
    pub fn registers(&self) -> &[Register] {
        &self.registers
    }
    /// The number of gates: cells that are neither input, constant nor state.
    pub fn gate_count(&self) -> usize {
        self.cells.iter().filter(|cell| matches!(cell, Cell::Gate(..))).count()
    }
}

//! Gates as plain data: cells in topological order, named input and output buses, registers.
//!
//! A cell stores its inputs only; its output is the net of its own position. Cycles are therefore
//! unrepresentable except through registers, whose next state is a net set after the fact.

pub(crate) mod adders;
mod apart;
mod build;
mod cell;
pub mod clocked;
pub(crate) mod cut;
mod eval;
pub mod export;
pub mod import;
mod instance;
mod part;
pub mod program;
mod prove;
#[cfg(test)]
pub(crate) mod sample;
pub mod text;
mod timed;
mod waveform;
mod xag;

pub use build::Builder;
pub use cell::{Bus, Cell, Gate, Net};
pub use clocked::Clocked;
pub(crate) use eval::consecutive;
pub use eval::{Lane, Lanes, apply, pack, unpack};
pub use instance::Instance;
pub use prove::{Proof, prove};
pub use timed::Timed;
pub use waveform::Waveform;

/// A register: a state bit with a next state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Register {
    /// The net that holds the state (a [`Cell::State`]).
    pub state: Net,
    /// The net that is copied into the state at the clock edge.
    pub next: Net,
}

/// A circuit.
///
/// Its name and those of its buses are words of letters, digits and `_` that do not begin with a digit, and no
/// two buses share one.
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

    /// How many pins and ports read each net.
    pub(crate) fn readers(&self) -> Vec<u32> {
        let mut readers = vec![0; self.cells.len()];
        let pins = self.cells.iter().flat_map(Cell::reads);
        let ports = self.outputs.iter().flat_map(|(_, bus)| bus);
        let next = self.registers.iter().map(|register| &register.next);
        pins.chain(ports).chain(next).for_each(|net| readers[net.index()] += 1);
        readers
    }

    /// What each net is called in a text: the bit of an input bus, or `wire` and the cell's position.
    fn net_names(&self, wire: &str, port: impl Fn(&str) -> String) -> Vec<String> {
        let mut names: Vec<String> = (0..self.cells.len()).map(|at| format!("{wire}{at}")).collect();
        for (name, bus) in &self.inputs {
            let name = port(name);
            bus.iter().enumerate().for_each(|(bit, net)| names[net.index()] = format!("{name}[{bit}]"));
        }
        names
    }
}

/// Many joined by something that takes two, as a balanced tree; `None` of none.
pub(crate) fn balanced<T: Copy>(mut items: Vec<T>, mut join: impl FnMut(T, T) -> T) -> Option<T> {
    while items.len() > 1 {
        let pair = |two: &[T]| if let [a, b] = *two { join(a, b) } else { two[0] };
        items = items.chunks(2).map(pair).collect();
    }
    items.pop()
}

/// Whether a word may name a circuit, a bus or a net.
fn is_name(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    word.chars().all(plain) && word.starts_with(|c: char| !c.is_ascii_digit())
}

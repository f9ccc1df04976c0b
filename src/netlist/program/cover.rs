//! Gates merged into functions of three bits, as few of them as area flow finds: a full adder of five gates becomes two.

use crate::netlist::cut::cuts;
use crate::netlist::{Cell, Gate, Netlist, apply};

use super::function;

/// A function and the net it gives.
#[derive(Clone, Copy)]
pub(super) struct Merged {
    pub(super) output: usize,
    pub(super) inputs: [u32; 3],
    pub(super) table: u8,
}

impl Merged {
    /// The same function with its inputs in the order of [`function::canonical`].
    pub(super) fn canonical(self) -> Self {
        let (table, inputs) = function::canonical(self.table, self.inputs);
        Self { table, inputs, ..self }
    }
}

/// The gates that the first output bus needs as functions, each after what it reads.
pub(super) fn gates(netlist: &Netlist) -> Vec<Merged> {
    let direct = |at: usize| {
        let Cell::Gate(gate, nets) = netlist.cells()[at] else { unreachable!("only gates are asked for") };
        Merged { output: at, inputs: nets.map(|net| net.0), table: gate_table(gate) }
    };
    needed(netlist, direct)
}

/// Functions of at most three bits that together give the first output bus, each after what it reads.
pub(super) fn cover(netlist: &Netlist) -> Vec<Merged> {
    let cuts = cuts(netlist, &netlist.readers());
    needed(netlist, |at| {
        let cut = cuts[at][1];
        let inputs = [0, 1, 2].map(|pin| *cut.leaves().get(pin).unwrap_or(&cut.leaves()[0]));
        Merged { output: at, inputs, table: cut.table }
    })
}

/// What the first output bus needs, where each gate is this function of other nets.
fn needed(netlist: &Netlist, function: impl Fn(usize) -> Merged) -> Vec<Merged> {
    let mut needed = vec![false; netlist.cells().len()];
    netlist.outputs()[0].1.iter().for_each(|net| needed[net.index()] = true);
    let mut found = vec![];
    for at in (0..needed.len()).rev().filter(|&at| matches!(netlist.cells()[at], Cell::Gate(..))) {
        if needed[at] {
            let merged = function(at);
            merged.inputs.iter().for_each(|net| needed[*net as usize] = true);
            found.push(merged);
        }
    }
    found.reverse();
    found
}

/// A gate's truth table.
fn gate_table(gate: Gate) -> u8 {
    apply(gate, &[0xf0], &[0xcc], &[0xaa])[0] as u8
}

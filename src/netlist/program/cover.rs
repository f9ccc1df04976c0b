//! Gates merged into functions of three bits, as few of them as area flow finds: a full adder of five gates becomes two.

use crate::netlist::cut::cuts;
use crate::netlist::{Cell, Netlist};

/// A function and the net it gives.
pub(super) struct Merged {
    pub(super) output: usize,
    pub(super) inputs: [u32; 3],
    pub(super) table: u8,
}

/// Functions of at most three bits that together give the first output bus, each after what it reads.
pub(super) fn cover(netlist: &Netlist) -> Vec<Merged> {
    let cuts = cuts(netlist, &netlist.readers());
    let mut needed = vec![false; netlist.cells().len()];
    netlist.outputs()[0].1.iter().for_each(|net| needed[net.index()] = true);
    let mut found = vec![];
    for at in (0..needed.len()).rev().filter(|&at| matches!(netlist.cells()[at], Cell::Gate(..))) {
        if needed[at] {
            let cut = cuts[at][1];
            cut.leaves().iter().for_each(|leaf| needed[*leaf as usize] = true);
            let inputs = [0, 1, 2].map(|pin| *cut.leaves().get(pin).unwrap_or(&cut.leaves()[0]));
            found.push(Merged { output: at, inputs, table: cut.table });
        }
    }
    found.reverse();
    found
}

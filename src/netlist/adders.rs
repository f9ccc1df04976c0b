//! Full and half adders within a netlist, found by what its nets compute.

use std::collections::{HashMap, HashSet};

use super::cut::Cut;
use super::{Cell, Gate, Net, Netlist};

const SUM: u8 = 0b1001_0110;
const MAJORITY: u8 = 0b1110_1000;

/// Nets that are the sum or the carry of a full adder, or its inverse, where both are there: gate, operands, inverse.
pub(crate) fn full_adders(netlist: &Netlist, cuts: &[Vec<Cut>]) -> HashMap<usize, (Gate, [u32; 3], bool)> {
    let mut sums: HashMap<[u32; 3], (usize, bool)> = HashMap::new();
    let mut carries: HashMap<[u32; 3], (usize, bool)> = HashMap::new();
    for (at, cuts) in cuts.iter().enumerate() {
        for cut in cuts.iter().skip(1).filter(|cut| cut.leaves().len() == 3) {
            let leaves = [cut.leaves()[0], cut.leaves()[1], cut.leaves()[2]];
            for (table, found) in [(SUM, &mut sums), (MAJORITY, &mut carries)] {
                if cut.table == table || cut.table == !table {
                    found.entry(leaves).or_insert((at, cut.table == !table));
                }
            }
        }
    }
    let mut adders = HashMap::new();
    let mut pairs: Vec<_> =
        sums.into_iter().filter_map(|(leaves, sum)| Some((leaves, sum, *carries.get(&leaves)?))).collect();
    pairs.sort_unstable();
    for (leaves, (sum, sum_inverted), (carry, carry_inverted)) in pairs {
        let gates =
            [netlist.cells()[sum], netlist.cells()[carry]].iter().all(|cell| matches!(cell, Cell::Gate(..)));
        if gates && sum != carry && !adders.contains_key(&sum) && !adders.contains_key(&carry) {
            adders.insert(sum, (Gate::Sum, leaves, sum_inverted));
            adders.insert(carry, (Gate::Majority, leaves, carry_inverted));
        }
    }
    adders
}

/// An adder of two or three bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Adder {
    pub(super) operands: Vec<Net>,
    pub(super) sum: Net,
    pub(super) carry: Net,
}

/// What a netlist is made of once its adders are blocks.
pub(super) struct Blocks {
    /// Adders by both of their nets.
    pub(super) adders: HashMap<usize, Adder>,
    /// Nets that an output, a register, a gate beside adders or an adder reads.
    pub(super) needed: Vec<bool>,
}

impl Blocks {
    /// Finds full adders, and half adders among the gates that are left; both results of an adder are read.
    pub(super) fn of(netlist: &Netlist) -> Self {
        let cuts = super::cut::cuts(netlist, &netlist.readers());
        let mut full: HashMap<(Vec<Net>, bool), Net> = HashMap::new();
        for (at, (gate, leaves, inverted)) in full_adders(netlist, &cuts) {
            if !inverted {
                let operands = leaves.map(Net).to_vec();
                full.insert((operands, gate == Gate::Sum), Net(at as u32));
            }
        }
        let mut blocks = Self { adders: paired(&full), needed: vec![] };
        blocks.settle(netlist);
        let mut half: HashMap<(Vec<Net>, bool), Net> = HashMap::new();
        for (at, cell) in netlist.cells().iter().enumerate() {
            if let Cell::Gate(gate @ (Gate::Xor | Gate::And), [a, b, _]) = *cell
                && blocks.needed[at]
                && !blocks.adders.contains_key(&at)
            {
                half.entry((vec![a.min(b), a.max(b)], gate == Gate::Xor)).or_insert(Net(at as u32));
            }
        }
        blocks.adders.extend(paired(&half));
        blocks.settle(netlist);
        blocks
    }

    /// Which nets are needed; an adder of which only one result is needed is gates again.
    fn settle(&mut self, netlist: &Netlist) {
        loop {
            self.need(netlist);
            let idle: HashSet<usize> = self
                .adders
                .iter()
                .filter(|(_, adder)| !self.needed[adder.sum.index()] || !self.needed[adder.carry.index()])
                .map(|(at, _)| *at)
                .collect();
            if idle.is_empty() {
                return;
            }
            self.adders.retain(|at, _| !idle.contains(at));
        }
    }

    fn need(&mut self, netlist: &Netlist) {
        self.needed = vec![false; netlist.cells().len()];
        let outputs = netlist.outputs().iter().flat_map(|(_, bus)| bus.iter().copied());
        let next = netlist.registers().iter().map(|register| register.next);
        outputs.chain(next).for_each(|net| self.needed[net.index()] = true);
        for at in (0..self.needed.len()).rev().filter(|at| !netlist.cells()[*at].reads().is_empty()) {
            if self.needed[at] {
                let reads = match self.adders.get(&at) {
                    Some(adder) => &adder.operands[..],
                    None => netlist.cells()[at].reads(),
                };
                reads.iter().for_each(|net| self.needed[net.index()] = true);
            }
        }
    }
}

/// Sums and carries of the same operands.
fn paired(found: &HashMap<(Vec<Net>, bool), Net>) -> HashMap<usize, Adder> {
    let pair = |((operands, is_sum), sum): (&(Vec<Net>, bool), &Net)| {
        let carry = found.get(&(operands.clone(), false)).filter(|_| *is_sum)?;
        let adder = Adder { operands: operands.clone(), sum: *sum, carry: *carry };
        Some([(sum.index(), adder.clone()), (carry.index(), adder)])
    };
    found.iter().filter_map(pair).flatten().collect()
}

//! Cuts: sets of at most three nets that determine a net, with the function of them that the net is.
//!
//! After Cong, Wu and Ding, "Cut ranking and pruning" (FPGA 1999): a net keeps the few cuts of the least area flow.

use super::{Cell, Gate, Net, Netlist, apply};

/// Cuts that a net keeps.
const KEPT: usize = 8;

/// A net as a function of at most three others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut {
    leaves: [u32; 3],
    count: usize,
    /// Truth table over the leaves: bit `4·a + 2·b + c`, as if there were always three.
    pub(crate) table: u8,
    /// Share of functions that this cut and all below it need.
    flow: f32,
}

impl Cut {
    /// The net as itself.
    fn whole(net: usize, flow: f32) -> Self {
        Self { leaves: [net as u32; 3], count: 1, table: 0b1111_0000, flow }
    }

    pub(crate) fn leaves(&self) -> &[u32] {
        &self.leaves[..self.count]
    }

    /// The value under an assignment of the leaves of a larger cut.
    fn value(&self, larger: &[u32], assignment: usize) -> bool {
        let bit = |leaf: &u32| {
            let at = larger.iter().position(|other| other == leaf).expect("a part's leaves are the whole's");
            assignment >> (2 - at) & 1
        };
        let index =
            self.leaves().iter().enumerate().fold(0, |index, (at, leaf)| index | bit(leaf) << (2 - at));
        self.table >> index & 1 == 1
    }

    /// One cut from those of a gate's inputs, if it has at most three leaves.
    fn joined(gate: Gate, parts: &[Cut]) -> Option<Self> {
        let mut leaves: Vec<u32> = parts.iter().flat_map(Cut::leaves).copied().collect();
        leaves.sort_unstable();
        leaves.dedup();
        if leaves.len() > 3 {
            return None;
        }
        let value = |assignment: usize| {
            let words = [0, 1, 2]
                .map(|pin| u64::from(parts.get(pin).is_some_and(|part| part.value(&leaves, assignment))));
            apply(gate, &[words[0]], &[words[1]], &[words[2]])[0] & 1 == 1
        };
        let table = (0..8).filter(|assignment| value(*assignment)).fold(0, |table, index| table | 1 << index);
        let mut filled = [leaves[0]; 3];
        filled[..leaves.len()].copy_from_slice(&leaves);
        Some(Self { leaves: filled, count: leaves.len(), table, flow: 0.0 })
    }
}

/// The cuts of every net, the net itself first and then the cheapest; `readers` says how many read each net.
pub(crate) fn cuts(netlist: &Netlist, readers: &[u32]) -> Vec<Vec<Cut>> {
    let mut cuts: Vec<Vec<Cut>> = Vec::with_capacity(readers.len());
    for (at, cell) in netlist.cells().iter().enumerate() {
        let Cell::Gate(gate, nets) = cell else {
            cuts.push(vec![Cut::whole(at, 0.0)]);
            continue;
        };
        let mut own = candidates(*gate, nets, &cuts);
        for cut in &mut own {
            // A third input is a third load.
            let work = if cut.count == 3 { 1.25 } else { 1.0 };
            // The first cut of a net is the net itself, whose flow counts what its readers share.
            cut.flow = work + cut.leaves().iter().map(|leaf| cuts[*leaf as usize][0].flow).sum::<f32>();
        }
        // The gate's own inputs come first; a cover can always fall back on them.
        let direct = own[0];
        own.sort_by(|a, b| a.flow.total_cmp(&b.flow));
        own.truncate(KEPT);
        if !own.contains(&direct) {
            own.push(direct);
        }
        let flow = own[0].flow / readers[at].max(1) as f32;
        cuts.push([vec![Cut::whole(at, flow)], own].concat());
    }
    cuts
}

/// All cuts that the cuts of the inputs give, without repetition.
fn candidates(gate: Gate, nets: &[Net; 3], cuts: &[Vec<Cut>]) -> Vec<Cut> {
    let mut choices: Vec<Vec<Cut>> = vec![vec![]];
    for net in &nets[..gate.inputs()] {
        let longer = |before: &Vec<Cut>| {
            cuts[net.index()].iter().map(|cut| [&before[..], &[*cut]].concat()).collect::<Vec<_>>()
        };
        choices = choices.iter().flat_map(longer).collect();
    }
    let mut found: Vec<Cut> = vec![];
    for cut in choices.iter().filter_map(|parts| Cut::joined(gate, parts)) {
        if !found.iter().any(|known| known.leaves == cut.leaves) {
            found.push(cut);
        }
    }
    found
}

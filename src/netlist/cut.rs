//! Cuts: sets of at most three nets that determine a net, with the function of them that the net is.
//!
//! After Cong, Wu and Ding, "Cut ranking and pruning" (FPGA 1999): a net keeps the few cuts of the least area flow.

use super::{Cell, Gate, Net, Netlist, apply};

/// Cuts that a net keeps.
const KEPT: usize = 8;

/// A net as a function of at most three others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut {
    /// In rising order; behind the last one the first repeats.
    leaves: [u32; 3],
    count: u8,
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
        &self.leaves[..self.count.into()]
    }

    /// The truth table over the leaves of a larger cut.
    fn table_over(&self, larger: &[u32]) -> u8 {
        const PINS: [u8; 3] = [0xf0, 0xcc, 0xaa];
        let pin = |leaf: &u32| {
            let at = larger.iter().position(|other| other == leaf).expect("a part's leaves are the whole's");
            PINS[at]
        };
        let mut pins = [0; 3];
        self.leaves().iter().zip(&mut pins).for_each(|(leaf, place)| *place = pin(leaf));
        let minterm = |index: u8| {
            let literal = |at: usize| if index >> (2 - at) & 1 == 1 { pins[at] } else { !pins[at] };
            literal(0) & literal(1) & literal(2)
        };
        let ones = (0..8).filter(|index| self.table >> index & 1 == 1);
        ones.fold(0, |table, index| table | minterm(index))
    }
}

/// Leaves with those of another cut, in rising order, and how many; `None` above three.
fn united((leaves, count): ([u32; 3], usize), more: &[u32]) -> Option<([u32; 3], usize)> {
    let (mut leaves, mut count) = (leaves, count);
    for leaf in more {
        let place = leaves[..count].partition_point(|known| known < leaf);
        if place < count && leaves[place] == *leaf {
            continue;
        }
        if count == 3 {
            return None;
        }
        leaves.copy_within(place..count, place + 1);
        leaves[place] = *leaf;
        count += 1;
    }
    Some((leaves, count))
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
    let mut choices = vec![(([0; 3], 0), [Cut::whole(0, 0.0); 3])];
    for (pin, net) in nets[..gate.inputs()].iter().enumerate() {
        let longer = |(leaves, parts): &(([u32; 3], usize), [Cut; 3])| {
            let (leaves, mut parts) = (*leaves, *parts);
            cuts[net.index()].iter().filter_map(move |cut| {
                parts[pin] = *cut;
                united(leaves, cut.leaves()).map(|leaves| (leaves, parts))
            })
        };
        choices = choices.iter().flat_map(longer).collect();
    }
    let mut found: Vec<Cut> = vec![];
    for ((mut leaves, count), parts) in choices {
        let (first, used) = (leaves[0], leaves);
        leaves[count..].fill(first);
        if !found.iter().any(|known| known.leaves == leaves) {
            let table = |pin: usize| {
                [if pin < gate.inputs() { parts[pin].table_over(&used[..count]).into() } else { 0 }]
            };
            let table = apply(gate, &table(0), &table(1), &table(2))[0] as u8;
            found.push(Cut { leaves, count: count as u8, table, flow: 0.0 });
        }
    }
    found
}

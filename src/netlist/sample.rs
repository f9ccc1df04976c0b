//! Random circuits for property tests.

use proptest::prelude::*;

use super::{Cell, Gate, Lanes, Net, Netlist, Register};

/// A stream of reproducible words (SplitMix64).
pub(crate) fn words(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Circuits of any gate, with and without constants and registers, built cell by cell so that nothing is folded.
pub(crate) fn netlists() -> impl Strategy<Value = Netlist> {
    (prop::collection::vec(1usize..5, 0..3), 0usize..4, 1usize..30, any::<u64>())
        .prop_map(|(inputs, registers, gates, seed)| random(&inputs, registers, gates, seed))
}

fn random(widths: &[usize], registers: usize, gates: usize, seed: u64) -> Netlist {
    let mut next = words(seed);
    let mut netlist = Netlist { name: "sample".into(), ..Netlist::default() };
    for (position, width) in widths.iter().enumerate() {
        let first = netlist.cells.len();
        netlist.cells.extend(vec![Cell::Input; *width]);
        let bus = (first..first + width).map(|at| Net(at as u32)).collect();
        netlist.inputs.push((["a", "b", "c"][position].into(), bus));
    }
    netlist.cells.extend([Cell::Constant(false), Cell::Constant(true)]);
    let states = netlist.cells.len() as u32;
    netlist.cells.extend(vec![Cell::State; registers]);
    let mut pick = |below: usize| (next() % below as u64) as usize;
    for _ in 0..gates {
        let gate = Gate::ALL[pick(Gate::ALL.len())];
        let mut nets = [0; 3].map(|_| Net(pick(netlist.cells.len()) as u32));
        let first = nets[0];
        nets.iter_mut().skip(gate.inputs()).for_each(|net| *net = first);
        netlist.cells.push(Cell::Gate(gate, nets));
    }
    let mut any_net = || Net(pick(netlist.cells.len()) as u32);
    let registered =
        (0..registers as u32).map(|at| Register { state: Net(states + at), next: any_net() }).collect();
    let output = (0..4).map(|_| any_net()).collect();
    netlist.registers = registered;
    netlist.outputs.push(("y".into(), output));
    netlist
}

/// Both circuits see the same random inputs for some clocks; a bus without bits may be missing.
pub(crate) fn same(one: &Netlist, other: &Netlist, mut random: impl FnMut() -> u64) {
    let widths = |netlist: &Netlist| {
        let buses = netlist.inputs().iter().map(|(name, bus)| (name.clone(), bus.len()));
        buses.filter(|(_, width)| *width > 0).collect::<Vec<_>>()
    };
    assert_eq!(widths(one), widths(other));
    let bits: usize = widths(one).iter().map(|(_, width)| width).sum();
    let (mut left, mut right) = (Lanes::<1>::new(one), Lanes::<1>::new(other));
    for _ in 0..4 {
        let inputs: Vec<[u64; 1]> = (0..bits).map(|_| [random()]).collect();
        left.step(&inputs);
        right.step(&inputs);
        assert_eq!(left.output(0), right.output(0));
    }
}

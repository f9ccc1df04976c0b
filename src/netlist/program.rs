//! A combinational netlist as a straight line of operations on few slots, for walks over very many operands.

use std::ops::Range;

use super::{Cell, Gate, Net, Netlist};

/// Words of 64 lanes that are evaluated together.
pub const WORDS: usize = 16;

/// Operand vectors that are evaluated together.
pub const LANES: u64 = 64 * WORDS as u64;

/// The lanes of one net.
pub type Lane = [u64; WORDS];

/// The lanes of a net in use, where one vector register never crosses two lines of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Slot(pub Lane);

/// One gate: which slots it reads and writes.
#[derive(Debug, Clone, Copy)]
struct Operation {
    inputs: [u32; 3],
    output: u32,
}

/// A combinational netlist, compiled: a slot is given to another net once its own is read for the last time, so that
/// the values in use stay in the nearest cache.
///
/// # Examples
/// ```
/// use axsim::netlist::{Builder, program::{Program, WORDS}};
/// let mut build = Builder::new("and");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let y = build.and(a, b);
/// build.output("y", vec![y]);
/// let program = Program::new(&build.finish());
/// let mut slots = program.slots();
/// program.run(&mut slots, |bit| [[0b1100; WORDS], [0b1010; WORDS]][bit]);
/// assert_eq!(slots[program.outputs()[0]].0, [0b1000; WORDS]);
/// ```
#[derive(Debug, Clone)]
pub struct Program {
    operations: Vec<Operation>,
    runs: Vec<(Gate, Range<usize>)>,
    inputs: Vec<usize>,
    constants: Vec<(usize, bool)>,
    outputs: Vec<usize>,
    slots: usize,
}

impl Program {
    /// Compiles the gates of the first output bus.
    ///
    /// # Panics
    /// When the netlist has registers.
    pub fn new(netlist: &Netlist) -> Self {
        assert!(netlist.registers().is_empty(), "a program has no state");
        let order = ordered(netlist);
        let last = last_reads(netlist, &order);
        let mut slots = Slots { of_net: vec![0; netlist.cells().len()], free: vec![], count: 0 };
        let (mut operations, mut constants) = (vec![], vec![]);
        // What no gate writes comes first, so that no gate ever has its slot.
        for (at, cell) in netlist.cells().iter().enumerate() {
            match *cell {
                Cell::Constant(value) => constants.push((slots.take(at), value)),
                Cell::Input | Cell::State => _ = slots.take(at),
                Cell::Gate(..) => {}
            }
        }
        let mut runs: Vec<(Gate, Range<usize>)> = vec![];
        for (at, gate, nets) in order.iter().map(|&at| gate_at(netlist, at)) {
            let inputs = nets.map(|net| slots.of_net[net.index()] as u32);
            // A gate may write where it reads: it reads all of its inputs before.
            slots.release(&netlist.cells()[at], at, &last);
            let next = operations.len();
            operations.push(Operation { inputs, output: slots.take(at) as u32 });
            match runs.last_mut().filter(|(last, _)| *last == gate) {
                Some((_, range)) => range.end = next + 1,
                None => runs.push((gate, next..next + 1)),
            }
        }
        let slot = |net: &Net| slots.of_net[net.index()];
        Self {
            operations,
            inputs: netlist.inputs().iter().flat_map(|(_, bus)| bus.iter().map(slot)).collect(),
            constants,
            runs,
            outputs: netlist.outputs()[0].1.iter().map(slot).collect(),
            slots: slots.count,
        }
    }

    /// Values to run on.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot([0; WORDS]); self.slots];
        for &(slot, value) in &self.constants {
            slots[slot].0 = [if value { u64::MAX } else { 0 }; WORDS];
        }
        slots
    }

    /// Where the bits of the output are after a run, the lowest first.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Evaluates all gates; `input` gives the lanes of each input bit, buses in order.
    #[inline(always)]
    pub fn run(&self, slots: &mut [Slot], input: impl Fn(usize) -> Lane) {
        for (bit, &slot) in self.inputs.iter().enumerate() {
            slots[slot].0 = input(bit);
        }
        for (gate, range) in &self.runs {
            let operations = &self.operations[range.clone()];
            // One match for many operations: the loop within is the same few instructions for each.
            match gate {
                Gate::Not => each(operations, slots, |a, _, _| !a),
                Gate::And => each(operations, slots, |a, b, _| a & b),
                Gate::Or => each(operations, slots, |a, b, _| a | b),
                Gate::Xor => each(operations, slots, |a, b, _| a ^ b),
                Gate::Nand => each(operations, slots, |a, b, _| !(a & b)),
                Gate::Nor => each(operations, slots, |a, b, _| !(a | b)),
                Gate::Xnor => each(operations, slots, |a, b, _| !(a ^ b)),
                Gate::Mux => each(operations, slots, |a, b, c| (a & b) | (!a & c)),
            }
        }
    }
}

/// Applies one function of words to all lanes of each operation in turn.
#[inline(always)]
fn each(operations: &[Operation], slots: &mut [Slot], function: impl Fn(u64, u64, u64) -> u64) {
    for Operation { inputs: [a, b, c], output } in operations {
        let (a, b, c) = (slots[*a as usize].0, slots[*b as usize].0, slots[*c as usize].0);
        let output = &mut slots[*output as usize].0;
        for word in 0..WORDS {
            output[word] = function(a[word], b[word], c[word]);
        }
    }
}

fn gate_at(netlist: &Netlist, at: usize) -> (usize, Gate, [Net; 3]) {
    match netlist.cells()[at] {
        Cell::Gate(gate, nets) => (at, gate, nets),
        _ => unreachable!("only gates are ordered"),
    }
}

/// Gates in an order in which every one comes after what it reads, and gates of a kind follow one another: within a
/// window of the given order, so that values are not kept for long.
fn ordered(netlist: &Netlist) -> Vec<usize> {
    const WINDOW: usize = 192;
    let cells = netlist.cells();
    let mut done: Vec<bool> = cells.iter().map(|cell| !matches!(cell, Cell::Gate(..))).collect();
    let mut waiting: Vec<usize> = (0..cells.len()).filter(|&at| !done[at]).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let window = waiting.len().min(WINDOW);
        let ready = |done: &[bool], at: usize| cells[at].reads().iter().all(|net| done[net.index()]);
        let count = |gate: Gate| {
            waiting[..window].iter().filter(|&&at| gate_at(netlist, at).1 == gate && ready(&done, at)).count()
        };
        let gate = Gate::ALL.into_iter().max_by_key(|gate| count(*gate)).expect("there are gates");
        let mut left = Vec::with_capacity(waiting.len());
        for (place, &at) in waiting.iter().enumerate() {
            if place < window && gate_at(netlist, at).1 == gate && ready(&done, at) {
                done[at] = true;
                order.push(at);
            } else {
                left.push(at);
            }
        }
        waiting = left;
    }
    order
}

/// The cell that reads each net last in this order; an output, an input or a constant is never over.
fn last_reads(netlist: &Netlist, order: &[usize]) -> Vec<usize> {
    let mut last: Vec<usize> = (0..netlist.cells().len()).collect();
    for &at in order {
        netlist.cells()[at].reads().iter().for_each(|net| last[net.index()] = at);
    }
    let lasting = |at: &usize| !matches!(netlist.cells()[*at], Cell::Gate(..));
    (0..netlist.cells().len()).filter(lasting).for_each(|at| last[at] = usize::MAX);
    netlist.outputs()[0].1.iter().for_each(|net| last[net.index()] = usize::MAX);
    last
}

struct Slots {
    of_net: Vec<usize>,
    free: Vec<usize>,
    count: usize,
}

impl Slots {
    fn take(&mut self, net: usize) -> usize {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        });
        self.of_net[net] = slot;
        slot
    }

    /// Frees what the cell is the last to read.
    fn release(&mut self, cell: &Cell, at: usize, last: &[usize]) {
        let mut over: Vec<usize> = cell.reads().iter().map(|net| net.index()).collect();
        over.sort_unstable();
        over.dedup();
        over.retain(|&net| last[net] == at);
        self.free.extend(over.iter().map(|&net| self.of_net[net]));
    }
}

/// Bit `bit` of [`LANES`] consecutive numbers from `base` on (a multiple of that), one per lane.
#[inline(always)]
pub fn counting(base: u64, bit: usize) -> Lane {
    const LOW: [u64; 6] = [
        0xaaaa_aaaa_aaaa_aaaa,
        0xcccc_cccc_cccc_cccc,
        0xf0f0_f0f0_f0f0_f0f0,
        0xff00_ff00_ff00_ff00,
        0xffff_0000_ffff_0000,
        0xffff_ffff_0000_0000,
    ];
    std::array::from_fn(|word| match bit {
        0..6 => LOW[bit],
        _ if (base + 64 * word as u64) >> bit & 1 == 1 => u64::MAX,
        _ => 0,
    })
}

/// Turns the lanes of 64 bits into codes: word `w` of row `r` becomes the code of lane 64·w + r.
///
/// [`crate::bits::transpose64`] on every word of the lanes at once.
#[inline(always)]
pub fn codes(rows: &mut [Lane; 64]) {
    let mut half = 32;
    let mut keep = 0x0000_0000_ffff_ffff_u64;
    while half != 0 {
        let mut i = 0;
        while i < 64 {
            let (before, after) = rows.split_at_mut(i + half);
            for (low, high) in before[i].iter_mut().zip(&mut after[0]) {
                let swap = ((*low >> half) ^ *high) & keep;
                *low ^= swap << half;
                *high ^= swap;
            }
            i = (i + half + 1) & !half;
        }
        half >>= 1;
        keep ^= keep << half;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Lanes;
    use super::super::sample::{netlists, words};
    use super::*;

    fn same(netlist: &Netlist, mut random: impl FnMut() -> u64) {
        let bits: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
        let inputs: Vec<Lane> = (0..bits).map(|_| [0; WORDS].map(|_| random())).collect();
        let program = Program::new(netlist);
        let (mut slots, mut lanes) = (program.slots(), Lanes::<WORDS>::new(netlist));
        // Twice: what a run leaves behind must not disturb the next one.
        for turn in 0..2 {
            let input = |bit: usize| inputs[bit].map(|word| word.rotate_left(turn));
            program.run(&mut slots, input);
            lanes.settle(&(0..bits).map(input).collect::<Vec<_>>());
            let found: Vec<Lane> = program.outputs().iter().map(|&slot| slots[slot].0).collect();
            assert_eq!(found, lanes.output(0));
        }
    }

    proptest! {
        #[test]
        fn a_program_equals_its_netlist(netlist in netlists(), seed in any::<u64>()) {
            if netlist.registers().is_empty() {
                same(&netlist, words(seed));
            }
        }

        #[test]
        fn codes_are_the_transposed_words(seed in any::<u64>()) {
            let mut random = words(seed);
            let mut rows = [[0; WORDS]; 64].map(|row| row.map(|_: u64| random()));
            let before = rows;
            codes(&mut rows);
            for word in 0..WORDS {
                let mut column = before.map(|row| row[word]);
                crate::bits::transpose64(&mut column);
                prop_assert_eq!(column, rows.map(|row| row[word]));
            }
        }
    }

    #[test]
    fn lanes_count() {
        for bit in 0..20 {
            let lane = counting(7 * LANES, bit);
            for at in 0..LANES {
                let number = 7 * LANES + at;
                assert_eq!(lane[at as usize / 64] >> (at % 64) & 1, number >> bit & 1);
            }
        }
    }
}

//! A combinational netlist as a straight line of operations on few slots, for walks over very many operands.

mod cover;
mod function;

use std::ops::Range;

use self::cover::{Merged, cover};
use super::{Cell, Net, Netlist};

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

/// One function of three bits: which slots it reads and writes.
#[derive(Debug, Clone, Copy)]
struct Operation {
    inputs: [u32; 3],
    output: u32,
}

/// A combinational netlist, compiled: gates are merged into functions of three bits, and a slot is given to another net once its own is read for the last time, so that
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
    /// Functions with the operations that they make.
    runs: Vec<(u8, Range<usize>)>,
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
        let functions = ordered(netlist, cover(netlist));
        let last = last_reads(netlist, &functions);
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
        let mut runs: Vec<(u8, Range<usize>)> = vec![];
        for (at, merged) in functions.iter().enumerate() {
            let inputs = merged.inputs.map(|net| slots.of_net[net as usize] as u32);
            // A function may write where it reads: it reads all of its inputs before.
            slots.release(&merged.inputs, at, &last);
            operations.push(Operation { inputs, output: slots.take(merged.output) as u32 });
            match runs.last_mut().filter(|(last, _)| *last == merged.table) {
                Some((_, range)) => range.end = at + 1,
                None => runs.push((merged.table, at..at + 1)),
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
        for (table, range) in &self.runs {
            function::apply(*table, &self.operations[range.clone()], slots);
        }
    }
}

/// Functions in an order in which every one comes after what it reads, and equal ones follow one another: within a
/// window of the given order, so that values are not kept for long.
fn ordered(netlist: &Netlist, functions: Vec<Merged>) -> Vec<Merged> {
    const WINDOW: usize = 128;
    let cells = netlist.cells();
    let mut done: Vec<bool> = cells.iter().map(|cell| !matches!(cell, Cell::Gate(..))).collect();
    let canonical = |merged: Merged| {
        let (table, inputs) = function::canonical(merged.table, merged.inputs);
        Merged { table, inputs, ..merged }
    };
    let mut waiting: Vec<Merged> = functions.into_iter().map(canonical).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let window = waiting.len().min(WINDOW);
        let mut counts = [0; 256];
        let ready = |done: &[bool], merged: &Merged| merged.inputs.iter().all(|net| done[*net as usize]);
        let able = waiting[..window].iter().filter(|merged| ready(&done, merged));
        able.for_each(|merged| counts[merged.table as usize] += 1);
        let table = (0..=255u8).max_by_key(|table| counts[*table as usize]).expect("there are functions");
        let mut left = Vec::with_capacity(waiting.len());
        for (place, merged) in waiting.into_iter().enumerate() {
            if place < window && merged.table == table && ready(&done, &merged) {
                done[merged.output] = true;
                order.push(merged);
            } else {
                left.push(merged);
            }
        }
        waiting = left;
    }
    order
}

/// The function that reads each net last; an output, an input or a constant is never over.
fn last_reads(netlist: &Netlist, functions: &[Merged]) -> Vec<usize> {
    let mut last = vec![usize::MAX; netlist.cells().len()];
    for (at, merged) in functions.iter().enumerate() {
        merged.inputs.iter().for_each(|net| last[*net as usize] = at);
    }
    let lasting = |at: &usize| !matches!(netlist.cells()[*at], Cell::Gate(..));
    (0..last.len()).filter(lasting).for_each(|at| last[at] = usize::MAX);
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

    /// Frees what the function at this place is the last to read.
    fn release(&mut self, inputs: &[u32; 3], at: usize, last: &[usize]) {
        let mut over = inputs.to_vec();
        over.sort_unstable();
        over.dedup();
        over.retain(|&net| last[net as usize] == at);
        self.free.extend(over.iter().map(|&net| self.of_net[net as usize]));
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

/// Codes of up to 32 bits of [`LANES`] operand vectors: code `h` of row `r` is that of lane 32·h + r.
pub type Codes = [[u32; 2 * WORDS]; 32];

/// Turns the lanes of up to 32 bits into codes.
///
/// A recursive block swap as in [`crate::bits::transpose64`], on every 32 lanes at once.
#[inline(always)]
pub fn codes(rows: &mut Codes) {
    let mut half = 16;
    let mut keep = 0x0000_ffff_u32;
    while half != 0 {
        let mut i = 0;
        while i < 32 {
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

/// The lanes of a net in halves, as [`codes`] takes them.
#[inline(always)]
pub fn halves(lane: &Lane) -> [u32; 2 * WORDS] {
    let mut halves = [0; 2 * WORDS];
    for (word, pair) in lane.iter().zip(halves.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[*word as u32, (*word >> 32) as u32]);
    }
    halves
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
            let lanes = [[0; WORDS]; 32].map(|lane| lane.map(|_: u64| random()));
            let mut rows = lanes.map(|lane| halves(&lane));
            codes(&mut rows);
            for lane in 0..LANES as usize {
                let bit = |row: &Lane| row[lane / 64] >> (lane % 64) & 1;
                let code = lanes.iter().enumerate().fold(0, |code, (at, row)| code | (bit(row) as u32) << at);
                prop_assert_eq!(rows[lane % 32][lane / 32], code);
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

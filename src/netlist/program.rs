//! A combinational netlist as a straight line of operations on few slots, for walks over very many operands.

mod codes;
mod cover;
mod function;
mod machine;
mod stepping;

use std::cmp::Reverse;

pub use self::codes::{Codes, codes, halves};
use self::cover::{Merged, cover};
use self::machine::Machine;
use self::stepping::stepped;
use super::{Cell, Net, Netlist};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Level, detected};

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

/// One function of three bits: its truth table, which slots it reads and writes.
#[derive(Debug, Clone, Copy)]
struct Operation {
    table: u8,
    inputs: [u32; 3],
    output: u32,
}

/// A combinational netlist, compiled for a walk over very many inputs.
///
/// Gates are merged into functions of three bits, and a slot is given to another net once its own is read for the last
/// time, so that the values in use stay in the nearest cache. What depends only on inputs that seldom change is
/// evaluated only when they do: the walk changes inputs in [`Program::order`], like the bits of a counter.
///
/// # Examples
/// ```
/// use axsim::netlist::{Builder, program::{Program, WORDS}};
/// let mut build = Builder::new("and");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let y = build.and(a, b);
/// build.output("y", vec![y]);
/// let program = Program::new(&build.finish(), 0b01, true);
/// let mut slots = program.start(|bit| [[0b1100; WORDS], [0b1010; WORDS]][bit]);
/// assert_eq!(slots[program.outputs()[0]].0, [0b1000; WORDS]);
/// assert_eq!(program.order(), [1]);
/// program.step(&mut slots, 1, |_| [0b0110; WORDS]);
/// assert_eq!(slots[program.outputs()[0]].0, [0b0100; WORDS]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// What seldom changes first.
    operations: Vec<Operation>,
    /// The same as machine code, where the processor has 512-bit registers.
    machine: Option<Machine>,
    /// The first operation that an input's change asks for, in the order of inputs.
    starts: Vec<usize>,
    order: Vec<usize>,
    inputs: Vec<usize>,
    constants: Vec<(usize, bool)>,
    outputs: Vec<usize>,
    slots: usize,
}

impl Program {
    /// Compiles the gates of the first output bus.
    ///
    /// Input bits (buses in order, at most 64) that are set in `fixed` never change during a walk. Merging gates takes
    /// a while, which pays where a walk is long.
    ///
    /// # Panics
    /// When the netlist has registers or more input bits.
    pub fn new(netlist: &Netlist, fixed: u64, merge: bool) -> Self {
        Self::fastest(|native| {
            let functions = if merge { cover(netlist) } else { cover::gates(netlist) };
            let levels = Levels::new(netlist, &functions, &bits(netlist), fixed);
            Self::compiled(netlist, functions, levels, &[], native)
        })
    }

    /// Compiles gates whose output is the next value of the first input: [`Program::settle`] leaves it in the slots of that
    /// input, where the next call finds it.
    ///
    /// # Panics
    /// When the netlist has registers, or the output another width than the first input, or a bit of it is another
    /// one's as well.
    pub fn stepping(netlist: &Netlist) -> Self {
        let (state, next) = (&netlist.inputs()[0].1, &netlist.outputs()[0].1);
        assert_eq!(state.len(), next.len(), "the next value is as wide as the value");
        let steps: Vec<(Net, Net)> =
            state.iter().copied().zip(next.iter().copied()).filter(|(bit, next)| bit != next).collect();
        let own = |at: usize| {
            let gate = matches!(netlist.cells()[steps[at].1.index()], Cell::Gate(..));
            gate && steps[..at].iter().all(|(_, next)| *next != steps[at].1)
        };
        assert!((0..steps.len()).all(own), "each bit has a gate of its own");
        Self::fastest(|native| {
            let levels = Levels { order: vec![], of_net: vec![0; netlist.cells().len()] };
            Self::compiled(netlist, cover(netlist), levels, &steps, native)
        })
    }

    /// With machine code where that is possible.
    fn fastest(compiled: impl Fn(bool) -> Self) -> Self {
        let native = Machine::supported().then(|| compiled(true));
        // A system may forbid programs to write code.
        let native = native.filter(|program| program.machine.is_some());
        native.unwrap_or_else(|| compiled(false))
    }

    /// With machine code or for the interpreter; each gate of `steps` writes where the input beside it stands.
    fn compiled(
        netlist: &Netlist,
        functions: Vec<Merged>,
        Levels { order, of_net }: Levels,
        steps: &[(Net, Net)],
        native: bool,
    ) -> Self {
        assert!(netlist.registers().is_empty(), "a program has no state");
        let functions = ordered(netlist, functions, &of_net, native);
        let functions = if steps.is_empty() { functions } else { stepped(netlist, functions, steps) };
        let last = last_reads(netlist, &functions, &of_net);
        let mut slots = Slots { of_net: vec![0; netlist.cells().len()], free: vec![], count: 0 };
        let mut constants = vec![];
        // What no gate writes comes first, so that no gate ever has its slot.
        for (at, cell) in netlist.cells().iter().enumerate() {
            match *cell {
                Cell::Constant(value) => constants.push((slots.take(at), value)),
                Cell::Input | Cell::State => _ = slots.take(at),
                Cell::Gate(..) => {}
            }
        }
        let operation = |(at, merged): (usize, &Merged)| {
            let inputs = merged.inputs.map(|net| slots.of_net[net as usize] as u32);
            // A function may write where it reads: it reads all of its inputs before.
            slots.release(&merged.inputs, at, &last);
            let output = match steps.iter().find(|(_, next)| next.index() == merged.output) {
                Some((bit, _)) => slots.share(merged.output, *bit),
                None => slots.take(merged.output),
            };
            Operation { table: merged.table, inputs, output: output as u32 }
        };
        let operations: Vec<Operation> = functions.iter().enumerate().map(operation).collect();
        let reached = |level: usize| functions.partition_point(|merged| of_net[merged.output] > level);
        let starts: Vec<usize> = (0..order.len()).map(reached).collect();
        let slot = |net: &Net| slots.of_net[net.index()];
        let inputs = bits(netlist).iter().map(slot).collect();
        let outputs: Vec<usize> = netlist.outputs()[0].1.iter().map(slot).collect();
        let machine = native.then(|| Machine::new(&operations, &starts, &outputs, slots.count)).flatten();
        Self { operations, machine, starts, order, inputs, constants, outputs, slots: slots.count }
    }

    /// The input bits that a walk changes, the one to change most often first.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Where the bits of the output are after a run, the lowest first.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Where the bits of the inputs are, buses in order, the lowest first.
    pub fn inputs(&self) -> &[usize] {
        &self.inputs
    }

    /// Evaluates all gates; `input` gives the lanes of each input bit, buses in order.
    pub fn start(&self, input: impl Fn(usize) -> Lane) -> Vec<Slot> {
        let mut slots = vec![Slot([0; WORDS]); self.slots];
        for &(slot, value) in &self.constants {
            slots[slot].0 = [if value { u64::MAX } else { 0 }; WORDS];
        }
        self.evaluate(&mut slots, input);
        slots
    }

    /// Evaluates all gates again, for other inputs.
    pub fn evaluate(&self, slots: &mut [Slot], input: impl Fn(usize) -> Lane) {
        for (bit, &slot) in self.inputs.iter().enumerate() {
            slots[slot].0 = input(bit);
        }
        self.settle(slots);
    }

    /// Evaluates all gates again, for the inputs that stand in their slots.
    pub fn settle(&self, slots: &mut [Slot]) {
        self.run(slots, 0);
    }

    /// Evaluates what the first `changed` inputs of [`Program::order`] reach.
    #[inline]
    pub fn step(&self, slots: &mut [Slot], changed: usize, input: impl Fn(usize) -> Lane) {
        for &bit in &self.order[..changed] {
            slots[self.inputs[bit]].0 = input(bit);
        }
        self.run(slots, changed.checked_sub(1).map_or(self.operations.len(), |slowest| self.starts[slowest]));
    }

    fn run(&self, slots: &mut [Slot], first: usize) {
        match &self.machine {
            Some(machine) => machine.run(slots, first),
            None => self.interpret(slots, first),
        }
    }

    /// The portable twin of machine code, from an operation on.
    fn interpret(&self, slots: &mut [Slot], first: usize) {
        #[cfg(target_arch = "x86_64")]
        if detected!(Level::at_hand(), Avx512: "avx512f") {
            // SAFETY: the processor has just been asked for this feature.
            #[allow(unsafe_code)]
            return unsafe { self.interpret_avx512(slots, first) };
        }
        self.interpret_of(slots, first);
    }

    /// [`Self::interpret_of`], compiled for wide registers.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn interpret_avx512(&self, slots: &mut [Slot], first: usize) {
        self.interpret_of(slots, first);
    }

    /// Equal functions that follow one another are applied in one loop.
    #[inline(always)]
    fn interpret_of(&self, slots: &mut [Slot], first: usize) {
        for equal in self.operations[first..].chunk_by(|a, b| a.table == b.table) {
            function::apply(equal[0].table, equal, slots);
        }
    }
}

/// Which changing input each net follows.
struct Levels {
    /// The input bits that change, the one that reaches the fewest functions first.
    order: Vec<usize>,
    /// The place in the order of the fastest input that a net depends on; the order's length where there is none.
    of_net: Vec<usize>,
}

impl Levels {
    fn new(netlist: &Netlist, functions: &[Merged], inputs: &[Net], fixed: u64) -> Self {
        assert!(inputs.len() <= 64, "at most 64 input bits");
        let mut support = vec![0u64; netlist.cells().len()];
        for (bit, net) in inputs.iter().enumerate().filter(|(bit, _)| fixed >> bit & 1 == 0) {
            support[net.index()] = 1 << bit;
        }
        for merged in functions {
            support[merged.output] = merged.inputs.iter().fold(0, |all, net| all | support[*net as usize]);
        }
        let changing = (0..inputs.len()).filter(|bit| fixed >> bit & 1 == 0).collect();
        let order = by_reach(functions.iter().map(|merged| support[merged.output]).collect(), changing);
        let level =
            |support: u64| order.iter().position(|bit| support >> bit & 1 == 1).unwrap_or(order.len());
        let of_net = support.into_iter().map(level).collect();
        Self { order, of_net }
    }
}

/// Bits in the order of how many of the supports they add to those that earlier bits are in.
fn by_reach(mut supports: Vec<u64>, mut bits: Vec<usize>) -> Vec<usize> {
    let mut order = vec![];
    while !bits.is_empty() {
        let reach = |bit: &usize| supports.iter().filter(|support| *support >> bit & 1 == 1).count();
        let (at, _) =
            bits.iter().map(reach).enumerate().min_by_key(|(_, reach)| *reach).expect("there are bits");
        let bit = bits.remove(at);
        supports.retain(|support| support >> bit & 1 == 0);
        order.push(bit);
    }
    order
}

/// The bits of all inputs, buses in order.
fn bits(netlist: &Netlist) -> Vec<Net> {
    netlist.inputs().iter().flat_map(|(_, bus)| bus).copied().collect()
}

/// Functions in an order in which every one comes after what it reads, those that follow slower inputs first.
fn ordered(netlist: &Netlist, mut functions: Vec<Merged>, levels: &[usize], native: bool) -> Vec<Merged> {
    functions.sort_by_key(|merged| Reverse(levels[merged.output]));
    if native { functions } else { grouped(netlist, &functions, levels) }
}

/// The same in canonical form, equal functions next to one another, which an interpreter applies in one loop: within a
/// window of the given order, so that values are not kept for long.
fn grouped(netlist: &Netlist, functions: &[Merged], levels: &[usize]) -> Vec<Merged> {
    const WINDOW: usize = 128;
    let mut done: Vec<bool> = netlist.cells().iter().map(|cell| !matches!(cell, Cell::Gate(..))).collect();
    let mut order = Vec::with_capacity(functions.len());
    for level in functions.chunk_by(|a, b| levels[a.output] == levels[b.output]) {
        let mut rest = level.iter().map(|merged| merged.canonical());
        let mut window: Vec<Merged> = rest.by_ref().take(WINDOW).collect();
        while !window.is_empty() {
            let ready = |done: &[bool], merged: &Merged| merged.inputs.iter().all(|net| done[*net as usize]);
            let mut counts = [0; 256];
            let able = window.iter().filter(|merged| ready(&done, merged));
            able.for_each(|merged| counts[merged.table as usize] += 1);
            let table = (0..=255u8).max_by_key(|table| counts[*table as usize]).expect("there are functions");
            window.retain(|merged| {
                let now = merged.table == table && ready(&done, merged);
                if now {
                    done[merged.output] = true;
                    order.push(*merged);
                }
                !now
            });
            window.extend(rest.by_ref().take(WINDOW - window.len()));
        }
    }
    order
}

/// The function that reads each net last; an output, an input, a constant or what a faster function reads is never over.
fn last_reads(netlist: &Netlist, functions: &[Merged], levels: &[usize]) -> Vec<usize> {
    let mut last = vec![usize::MAX; netlist.cells().len()];
    for (at, merged) in functions.iter().enumerate() {
        for &net in &merged.inputs {
            let net = net as usize;
            last[net] = if levels[net] == levels[merged.output] { at } else { usize::MAX };
        }
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

    /// Gives a net the slot of another one.
    fn share(&mut self, net: usize, other: Net) -> usize {
        self.of_net[net] = self.of_net[other.index()];
        self.of_net[net]
    }

    /// Frees what the function at this place is the last to read.
    fn release(&mut self, inputs: &[u32; 3], at: usize, last: &[usize]) {
        for (pin, &net) in inputs.iter().enumerate() {
            if last[net as usize] == at && !inputs[..pin].contains(&net) {
                self.free.push(self.of_net[net as usize]);
            }
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sample::{netlists, words};
    use super::super::{Builder, Lanes};
    use super::*;

    fn same(netlist: &Netlist, fixed: u64, merge: bool, mut random: impl FnMut() -> u64) {
        let bits = bits(netlist).len();
        let mut inputs: Vec<Lane> = (0..bits).map(|_| [0; WORDS].map(|_| random())).collect();
        let program = Program::new(netlist, fixed, merge);
        let functions = if merge { cover(netlist) } else { cover::gates(netlist) };
        let levels = Levels::new(netlist, &functions, &super::bits(netlist), fixed);
        let portable = Program::compiled(netlist, functions, levels, &[], false);
        let mut walks: Vec<(&Program, Vec<Slot>)> =
            [&program, &portable].map(|program| (program, program.start(|bit| inputs[bit]))).into();
        let mut lanes = Lanes::<WORDS>::new(netlist);
        // Like a counter: what a step leaves behind must not disturb the next one.
        for step in 0..40u32 {
            let changed = (step.trailing_zeros() as usize + 1).min(program.order().len());
            for &bit in &program.order()[..if step == 0 { 0 } else { changed }] {
                inputs[bit] = inputs[bit].map(|_| random());
            }
            lanes.settle(&inputs);
            for (program, slots) in &mut walks {
                if step > 0 {
                    program.step(slots, changed, |bit| inputs[bit]);
                }
                let found: Vec<Lane> = program.outputs().iter().map(|&slot| slots[slot].0).collect();
                assert_eq!(found, lanes.output(0));
            }
            // The code of the processor at hand may not be what the interpreter runs on.
            let mut scalar = walks[1].1.clone();
            portable.interpret_of(&mut scalar, 0);
            assert!(scalar.iter().zip(&walks[1].1).all(|(scalar, slot)| scalar.0 == slot.0));
        }
    }

    #[test]
    fn more_values_are_in_use_than_there_are_registers() {
        let mut build = Builder::new("wide");
        let inputs = build.input("a", 60);
        let pair = |build: &mut Builder, step: usize, at: usize| {
            let (a, b) = (inputs[at], inputs[(at * step + 1) % 60]);
            if at.is_multiple_of(2) { build.and(a, b) } else { build.xor(a, b) }
        };
        let first: Vec<Net> = (0..60).map(|at| pair(&mut build, 7, at)).collect();
        let outputs =
            (0..60).map(|at| build.mux(first[at], first[59 - at], first[(at * 11 + 5) % 60])).collect();
        build.output("y", outputs);
        let netlist = build.finish();
        for (fixed, merge) in [(0, false), (0, true), (0xffff_0000_ffff, true)] {
            same(&netlist, fixed, merge, words(1));
        }
    }

    proptest! {
        #[test]
        fn a_program_equals_its_netlist(netlist in netlists(), seed in any::<u64>(), fixed in any::<u64>(), merge in any::<bool>()) {
            if netlist.registers().is_empty() {
                same(&netlist, fixed, merge, words(seed));
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

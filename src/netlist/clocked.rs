//! Evaluation under a clock that may be too fast, 512 operand vectors side by side, as a fixed plan of work.
//!
//! The same semantics as [`super::Timed::clock`], which is its oracle: inertial delays, and registers that take what has
//! arrived. Time is cut into few slots a period. Which nets can change in which slot follows from the delays alone, so the
//! work of a period is planned once ("potential change sets": Maurer and Wang, "Techniques for unit-delay compiled
//! simulation", DAC 1990) and repeated for every clock. Where hundreds of vectors differ, nearly every planned change happens
//! in one of them, and a plan costs less than an agenda.

use std::collections::BTreeMap;

use super::{Cell, Gate, Net, Netlist, apply};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Level, detected};

/// Words of 64 lanes.
const WORDS: usize = 8;

/// Operand vectors that are evaluated side by side.
pub const LANES: usize = 64 * WORDS;

/// The lanes of one net.
pub type Lane = [u64; WORDS];

/// Lanes where a wide register reads them at once.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Wide(Lane);

/// A netlist under a fixed clock.
///
/// ```
/// use axsim::netlist::{Builder, Clocked};
/// let mut build = Builder::new("not_then_register");
/// let a = build.input("a", 1)[0];
/// let not = build.not(a);
/// let held = build.register(&[not]);
/// build.output("y", held);
/// let netlist = build.finish();
/// let mut clocked = Clocked::new(&netlist, &[0, 6, 1], 8, 3);
/// clocked.quiet(&[[0; 8]], 1);
/// clocked.step(&[[u64::MAX; 8]]);
/// assert_eq!(clocked.captured(), [[u64::MAX; 8]], "the inverter's answer came too late");
/// ```
#[derive(Debug, Clone)]
pub struct Clocked<'a> {
    netlist: &'a Netlist,
    delays: &'a [u32],
    inputs: Vec<Net>,
    gates: Vec<Timing>,
    /// What may happen in each slot of a period.
    slots: Vec<Slot>,
    setup: usize,
    nets: Vec<Wide>,
    /// Changes that are planned, by gate and slot: see [`Timing`].
    planned: Vec<Wide>,
    /// All lanes of a gate that wait to change.
    pending: Vec<Wide>,
    captured: Vec<Lane>,
    now: u32,
}

/// A gate that may change, and where its planned changes are: `planned[first + (slot & mask)]`.
#[derive(Debug, Clone, Copy)]
struct Timing {
    reads: [u32; 3],
    net: u32,
    delay: u32,
    first: u32,
    mask: u32,
}

/// Gates by their place among the gates, for answers by what they compute.
#[derive(Debug, Clone, Default)]
struct Slot {
    changes: Vec<u32>,
    answers: Vec<(Gate, Vec<u32>)>,
}

impl<'a> Clocked<'a> {
    /// Plans the work of a period of `period` slots; `delays` holds one delay per cell in slots, as for
    /// [`super::Timed::new`], and registers see what is there `setup` slots before an edge.
    ///
    /// # Panics
    /// When there is not one delay per cell, a gate answers in no time, `setup` is 0, or the period does not hold the setup
    /// time and the delay of a register or an input before it.
    pub fn new(netlist: &'a Netlist, delays: &'a [u32], period: usize, setup: usize) -> Self {
        let cells = netlist.cells();
        assert_eq!(cells.len(), delays.len(), "one delay per cell");
        assert!(setup > 0, "a register looks before the edge");
        let mut gates = vec![];
        let mut planned = 0;
        for (at, cell) in cells.iter().enumerate() {
            let Cell::Gate(_, reads) = cell else {
                let fits = delays[at] as usize + setup < period;
                assert!(
                    fits || matches!(cell, Cell::Constant(_)),
                    "a period that holds setup time and delay of a register"
                );
                continue;
            };
            assert!(delays[at] > 0, "a gate takes at least one slot");
            // Planned changes of the slots to come, one place more than the delay, and a power of two.
            let places = (delays[at] + 1).next_power_of_two();
            let reads = reads.map(|net| net.0);
            gates.push(Timing { reads, net: at as u32, delay: delays[at], first: planned, mask: places - 1 });
            planned += places;
        }
        Self {
            slots: slots(netlist, delays, &gates, period),
            inputs: netlist.inputs().iter().flat_map(|(_, bus)| bus.iter().copied()).collect(),
            netlist,
            delays,
            setup,
            nets: vec![Wide::default(); cells.len()],
            planned: vec![Wide::default(); planned as usize],
            pending: vec![Wide::default(); gates.len()],
            captured: vec![[0; WORDS]; netlist.registers().len()],
            now: 0,
            gates,
        }
    }

    /// Starts over: registers at 0, then `clocks` clocks that are long enough, with the same inputs.
    ///
    /// # Panics
    /// When the number of input bits is wrong.
    pub fn quiet(&mut self, inputs: &[Lane], clocks: usize) {
        assert_eq!(inputs.len(), self.inputs.len(), "one lane word per input bit");
        self.pending.fill(Wide::default());
        self.planned.fill(Wide::default());
        self.captured.fill([0; WORDS]);
        for _ in 0..=clocks {
            let registers = self.netlist.registers().iter().zip(&self.captured);
            registers.for_each(|(register, captured)| self.nets[register.state.index()].0 = *captured);
            self.inputs.iter().zip(inputs).for_each(|(net, lane)| self.nets[net.index()].0 = *lane);
            self.settle();
            self.capture();
        }
    }

    /// One clock: inputs change at its edge or their delay later; then as many slots as a period has.
    ///
    /// # Panics
    /// When the number of input bits is wrong.
    pub fn step(&mut self, inputs: &[Lane]) {
        assert_eq!(inputs.len(), self.inputs.len(), "one lane word per input bit");
        #[cfg(target_arch = "x86_64")]
        if detected!(Level::at_hand(), Avx512: "avx512f") {
            // SAFETY: the processor has just been asked for this feature.
            #[allow(unsafe_code)]
            return unsafe { self.period_avx512(inputs) };
        }
        self.period(inputs);
    }

    /// What each register takes over at the next edge.
    pub fn captured(&self) -> &[Lane] {
        &self.captured
    }

    /// [`Self::period`], compiled for wide registers.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    fn period_avx512(&mut self, inputs: &[Lane]) {
        self.period(inputs);
    }

    #[inline(always)]
    fn period(&mut self, inputs: &[Lane]) {
        let slots = std::mem::take(&mut self.slots);
        for (at, slot) in slots.iter().enumerate() {
            // Loops, not closures: those would not be compiled for wide registers.
            for gate in &slot.changes {
                self.change(*gate as usize);
            }
            if at + self.setup == slots.len() {
                self.capture();
            }
            self.sources(at as u32, inputs);
            for (gate, places) in &slot.answers {
                self.answers(*gate, places);
            }
            self.now = self.now.wrapping_add(1);
        }
        self.slots = slots;
    }

    /// Registers and inputs whose delay ends in this slot of the period.
    #[inline(always)]
    fn sources(&mut self, slot: u32, inputs: &[Lane]) {
        for (register, captured) in self.netlist.registers().iter().zip(&self.captured) {
            if self.delays[register.state.index()] == slot {
                self.nets[register.state.index()].0 = *captured;
            }
        }
        for (net, lane) in self.inputs.iter().zip(inputs) {
            if self.delays[net.index()] == slot {
                self.nets[net.index()].0 = *lane;
            }
        }
    }

    /// A gate's planned change of this slot.
    #[inline(always)]
    fn change(&mut self, gate: usize) {
        let Timing { net, first, mask, .. } = self.gates[gate];
        let lanes = std::mem::take(&mut self.planned[(first + (self.now & mask)) as usize]).0;
        let (net, pending) = (&mut self.nets[net as usize].0, &mut self.pending[gate].0);
        for word in 0..WORDS {
            net[word] ^= lanes[word];
            pending[word] &= !lanes[word];
        }
    }

    /// Gates of one kind: the choice is made once for many.
    #[inline(always)]
    fn answers(&mut self, gate: Gate, places: &[u32]) {
        macro_rules! arms {
            ($($gate:ident)*) => {
                match gate {
                    $(Gate::$gate => {
                        for place in places {
                            self.answer(*place as usize, Gate::$gate);
                        }
                    })*
                }
            };
        }
        arms!(Not And Or Xor Nand Nor Xnor Mux And3 Or3 Nand3 Nor3 Aoi21 Oai21 Sum Majority);
    }

    /// A gate whose inputs may have changed plans to change, or gives up what it had planned.
    #[inline(always)]
    fn answer(&mut self, place: usize, gate: Gate) {
        let Timing { reads: [a, b, c], net, delay, first, mask } = self.gates[place];
        let value = |net: u32| &self.nets[net as usize].0;
        let (value, net) = (apply(gate, value(a), value(b), value(c)), value(net));
        let pending = &mut self.pending[place].0;
        let (mut wanted, mut begun) = ([0; WORDS], [0; WORDS]);
        for word in 0..WORDS {
            wanted[word] = value[word] ^ net[word];
            begun[word] = wanted[word] & !pending[word];
        }
        *pending = wanted;
        let planned = &mut self.planned[first as usize..(first + mask) as usize + 1];
        for slots in 1..delay {
            let planned = &mut planned[(self.now.wrapping_add(slots) & mask) as usize].0;
            for word in 0..WORDS {
                planned[word] &= wanted[word];
            }
        }
        planned[(self.now.wrapping_add(delay) & mask) as usize].0 = begun;
    }

    fn capture(&mut self) {
        for (captured, register) in self.captured.iter_mut().zip(self.netlist.registers()) {
            *captured = self.nets[register.next.index()].0;
        }
    }

    /// Every gate at its final value, in no time.
    fn settle(&mut self) {
        for (at, cell) in self.netlist.cells().iter().enumerate() {
            match cell {
                Cell::Gate(gate, nets) => {
                    let [a, b, c] = nets.map(|net| self.nets[net.index()].0);
                    self.nets[at].0 = apply(*gate, &a, &b, &c);
                }
                Cell::Constant(value) => self.nets[at].0 = [if *value { u64::MAX } else { 0 }; WORDS],
                Cell::Input | Cell::State => {}
            }
        }
    }
}

/// Which gates may change and which have to look at their inputs, slot by slot; what is left over at the end of a period
/// falls into the next one.
fn slots(netlist: &Netlist, delays: &[u32], gates: &[Timing], period: usize) -> Vec<Slot> {
    let mut slots = vec![Slot::default(); period];
    // Slots in which each net may change.
    let mut moves: Vec<Vec<bool>> = delays.iter().map(|_| vec![false; period]).collect();
    for (at, cell) in netlist.cells().iter().enumerate() {
        if matches!(cell, Cell::Input | Cell::State) {
            moves[at][delays[at] as usize] = true;
        }
    }
    // Within a slot the order is free: equal gates one after the other.
    let mut answers: Vec<BTreeMap<Gate, Vec<u32>>> = vec![BTreeMap::new(); period];
    for (place, timing) in gates.iter().enumerate() {
        let cell = netlist.cells()[timing.net as usize];
        let Cell::Gate(gate, _) = cell else { unreachable!("only gates have a place") };
        let moved = |at: &usize| cell.reads().iter().any(|net| moves[net.index()][*at]);
        for at in (0..period).filter(moved).collect::<Vec<_>>() {
            let then = (at + timing.delay as usize) % period;
            moves[timing.net as usize][then] = true;
            answers[at].entry(gate).or_default().push(place as u32);
            slots[then].changes.push(place as u32);
        }
    }
    for (slot, answers) in slots.iter_mut().zip(answers) {
        slot.answers = answers.into_iter().collect();
        // Equal delays too, so that the processor foresees how many plans there are to look at.
        let of = |place: &u32| gates[*place as usize].delay;
        slot.answers.iter_mut().for_each(|(_, places)| places.sort_by_key(of));
    }
    slots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sample::{netlists, words};
    use super::*;
    use crate::netlist::Timed;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn a_plan_latches_what_an_agenda_does(netlist in netlists(), seed in any::<u64>()) {
            let mut random = words(seed);
            let delay = |cell: &Cell| match cell {
                Cell::Input => random() % 3,
                Cell::State => 1 + random() % 2,
                _ => 1 + random() % 5,
            };
            let delays: Vec<u32> = netlist.cells().iter().map(delay).map(|delay| delay as u32).collect();
            // From far too fast to slow enough for any path.
            for period in [6, 9, 17, 300] {
                let mut timed = Timed::<WORDS>::new(&netlist, &delays);
                let mut clocked = Clocked::new(&netlist, &delays, period, 2);
                let width: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
                for step in 0..6 {
                    let inputs: Vec<Lane> = (0..width).map(|_| [0; WORDS].map(|_| random())).collect();
                    timed.clock(&inputs, period as u32, 2);
                    if step == 0 { clocked.quiet(&inputs, 0) } else { clocked.step(&inputs) }
                    prop_assert_eq!(timed.captured(), clocked.captured());
                }
            }
        }
    }
}

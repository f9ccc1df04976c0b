//! Evaluation in time: every gate answers after its delay, so that glitches are seen, `64 · W` operand vectors side by
//! side.
//!
//! Delays are inertial, as in Verilog: a change that is undone before the gate has answered never shows.

mod agenda;

use agenda::Agenda;

use super::{Cell, Net, Netlist, apply};
use crate::simd::widest;

/// The lanes of one net.
type Lane<const W: usize> = [u64; W];

/// Simulates a netlist event by event and counts every transition of every net.
///
/// # Examples
/// ```
/// use axsim::netlist::{Builder, Timed};
/// // A static hazard: while `a` falls, `a or not a` is 0 for the delay of the inverter.
/// let mut build = Builder::new("hazard");
/// let a = build.input("a", 1)[0];
/// let not = build.not(a);
/// let same = build.mux(a, a, not);
/// build.output("y", vec![same]);
/// let netlist = build.finish();
/// let mut timed = Timed::<1>::new(&netlist, &[1, 5, 2]);
/// timed.step(&[[1]]);
/// timed.step(&[[0]]);
/// assert_eq!(timed.toggles(), [[1], [1], [2]]);
/// // A gate slower than the glitch does not show it.
/// let mut slow = Timed::<1>::new(&netlist, &[1, 5, 9]);
/// slow.step(&[[1]]);
/// slow.step(&[[0]]);
/// assert_eq!(slow.toggles(), [[1], [1], [0]]);
/// ```
#[derive(Debug, Clone)]
pub struct Timed<'a, const W: usize> {
    netlist: &'a Netlist,
    delays: &'a [u32],
    nets: Vec<Lane<W>>,
    toggles: Vec<Lane<W>>,
    inputs: Vec<Net>,
    /// Gates that read each net: `readers[starts[net]..starts[net + 1]]`.
    readers: Vec<u32>,
    starts: Vec<u32>,
    agenda: Agenda<W>,
    /// Lanes of each net that wait to change.
    pending: Vec<Lane<W>>,
    /// Gates whose inputs have just changed, and whether a gate is one of them.
    stirred: Vec<u32>,
    is_stirred: Vec<bool>,
    stepped: bool,
    /// What the registers have seen and take over at the next clock edge; what is there at the edge where empty.
    captured: Vec<Lane<W>>,
}

impl<'a, const W: usize> Timed<'a, W> {
    /// All registers start at 0; `delays` holds one delay per cell in ticks, that of a register from clock to output.
    ///
    /// # Panics
    /// When there is not one delay per cell, or a gate or a register answers in no time.
    pub fn new(netlist: &'a Netlist, delays: &'a [u32]) -> Self {
        let cells = netlist.cells();
        assert_eq!(cells.len(), delays.len(), "one delay per cell");
        let timed = |cell: &Cell| matches!(cell, Cell::Gate(..) | Cell::State);
        let slow = cells.iter().zip(delays).all(|(cell, delay)| *delay > 0 || !timed(cell));
        assert!(slow, "a gate takes at least one tick");
        let mut starts = vec![0u32; cells.len() + 1];
        cells.iter().flat_map(Cell::reads).for_each(|net| starts[net.index() + 1] += 1);
        (1..starts.len()).for_each(|at| starts[at] += starts[at - 1]);
        let (mut readers, mut next) = (vec![0; starts[cells.len()] as usize], starts.clone());
        for (at, cell) in cells.iter().enumerate() {
            for net in cell.reads() {
                readers[next[net.index()] as usize] = at as u32;
                next[net.index()] += 1;
            }
        }
        let longest = delays.iter().copied().max().unwrap_or(0);
        Self {
            netlist,
            delays,
            nets: vec![[0; W]; cells.len()],
            toggles: vec![[0; W]; cells.len()],
            inputs: netlist.inputs().iter().flat_map(|(_, bus)| bus.iter().copied()).collect(),
            readers,
            starts,
            agenda: Agenda::new(longest, cells.len()),
            pending: vec![[0; W]; cells.len()],
            stirred: vec![],
            is_stirred: vec![false; cells.len()],
            stepped: false,
            captured: vec![],
        }
    }

    /// One clock: inputs change at its edge, or their delay later where they have one, registers their delay later, and
    /// everything settles.
    ///
    /// The first step settles without time and counts nothing, as [`super::Lanes::step`] does; registers take over
    /// their next state at the start of every later one.
    ///
    /// # Panics
    /// When the number of input bits is wrong.
    pub fn step(&mut self, inputs: &[Lane<W>]) {
        self.step_seen(inputs, &mut |_, _, _| {});
    }

    /// As [`Timed::step`], and tells `see` of every transition as it happens: the ticks since the clock edge, the net
    /// and its lanes that change.
    ///
    /// # Panics
    /// When the number of input bits is wrong.
    ///
    /// ```
    /// use axsim::netlist::{Builder, Net, Timed};
    /// let mut build = Builder::new("inverter");
    /// let a = build.input("a", 1)[0];
    /// let y = build.not(a);
    /// build.output("y", vec![y]);
    /// let netlist = build.finish();
    /// let mut timed = Timed::<1>::new(&netlist, &[0, 7]);
    /// let mut seen = vec![];
    /// [[[0]], [[1]]].iter().for_each(|bits| timed.step_seen(bits, &mut |time, net, _| seen.push((time, net))));
    /// assert_eq!(seen, [(0, Net(0)), (7, Net(1))]);
    /// ```
    pub fn step_seen(&mut self, inputs: &[Lane<W>], see: &mut impl FnMut(u32, Net, &Lane<W>)) {
        widest(
            #[inline(always)]
            move || {
                let edge = self.agenda.now;
                if self.edge(inputs, see) {
                    while self.agenda.entries > 0 {
                        self.tick(edge, see);
                    }
                }
            },
        );
    }

    /// One clock that may be too fast: `period` ticks long, whatever has not changed by then changes in the next one.
    ///
    /// Registers see what is there `setup` ticks before the next edge and take it over then: a bit that comes later is
    /// lost. A register that would hesitate (metastability) takes the value at that time. The first step is as in
    /// [`Timed::step`].
    ///
    /// # Panics
    /// When the number of input bits is wrong, `setup` is 0, or the period does not hold the setup time and the delay of a
    /// register or an input before it.
    ///
    /// ```
    /// use axsim::netlist::{Builder, Timed};
    /// let mut build = Builder::new("not_then_register");
    /// let a = build.input("a", 1)[0];
    /// let not = build.not(a);
    /// let held = build.register(&[not]);
    /// build.output("y", held);
    /// let netlist = build.finish();
    /// // The inverter takes 6 ticks; a period of 8 is enough for it, with a setup time of 3 it is not.
    /// for (setup, expected) in [(2, 0), (3, u64::MAX)] {
    ///     let mut timed = Timed::<1>::new(&netlist, &[0, 6, 1]);
    ///     [[0], [u64::MAX]].iter().for_each(|bit| timed.clock(&[*bit], 8, setup));
    ///     assert_eq!(timed.captured(), [[expected]]);
    /// }
    /// ```
    pub fn clock(&mut self, inputs: &[Lane<W>], period: u32, setup: u32) {
        let given = |cell: &Cell| matches!(cell, Cell::Input | Cell::State);
        let driven = self.netlist.cells().iter().zip(self.delays).filter(|(cell, _)| given(cell));
        let slowest = driven.map(|(_, delay)| *delay).max().unwrap_or(0);
        assert!(
            setup > 0 && slowest + setup < period,
            "a period that holds setup time and delay of a register"
        );
        let (edge, unseen) = (self.agenda.now, &mut |_: u32, _: Net, _: &Lane<W>| {});
        let timed = self.edge(inputs, unseen);
        (setup..period).filter(|_| timed).for_each(|_| self.tick(edge, unseen));
        let registers = self.netlist.registers().iter();
        self.captured = registers.map(|register| self.nets[register.next.index()]).collect();
        (1..setup).for_each(|_| self.tick(edge, unseen));
        // What happens at the edge itself is answered together with what the edge brings.
        self.advance(edge, unseen);
    }

    /// What each register takes over at the next edge, after [`Timed::clock`].
    pub fn captured(&self) -> &[Lane<W>] {
        &self.captured
    }

    /// Begins a clock; false in the first one, which settles at once.
    #[inline(always)]
    fn edge(&mut self, inputs: &[Lane<W>], see: &mut impl FnMut(u32, Net, &Lane<W>)) -> bool {
        assert_eq!(inputs.len(), self.inputs.len(), "one lane word per input bit");
        if !std::mem::replace(&mut self.stepped, true) {
            self.settle(inputs);
            return false;
        }
        let registers = self.netlist.registers();
        let mut next = std::mem::take(&mut self.captured);
        if next.is_empty() {
            next = registers.iter().map(|register| self.nets[register.next.index()]).collect();
        }
        for (register, next) in registers.iter().zip(next) {
            self.drive(register.state, &next, see);
        }
        for (at, given) in inputs.iter().enumerate() {
            self.drive(self.inputs[at], given, see);
        }
        self.answer();
        true
    }

    /// Brings a net that no gate drives to a value, after its delay.
    #[inline(always)]
    fn drive(&mut self, net: Net, value: &Lane<W>, see: &mut impl FnMut(u32, Net, &Lane<W>)) {
        let changed = differing(value, &self.nets[net.index()]);
        match self.delays[net.index()] {
            0 => self.change(net.0, changed, 0, see),
            _ if changed == [0; W] => {}
            delay => self.agenda.add(delay, net.0, changed),
        }
    }

    fn settle(&mut self, inputs: &[Lane<W>]) {
        for (net, value) in self.inputs.iter().zip(inputs) {
            self.nets[net.index()] = *value;
        }
        for (at, cell) in self.netlist.cells().iter().enumerate() {
            match cell {
                Cell::Gate(..) => self.nets[at] = self.value(at),
                Cell::Constant(value) => self.nets[at] = [if *value { u64::MAX } else { 0 }; W],
                Cell::Input | Cell::State => {}
            }
        }
    }

    /// What a gate gives for its present inputs.
    #[inline(always)]
    fn value(&self, at: usize) -> Lane<W> {
        let Cell::Gate(gate, [a, b, c]) = self.netlist.cells()[at] else { unreachable!("only gates read") };
        apply(gate, &self.nets[a.index()], &self.nets[b.index()], &self.nets[c.index()])
    }

    /// Everything that happens at the next time.
    #[inline(always)]
    fn tick(&mut self, edge: u32, see: &mut impl FnMut(u32, Net, &Lane<W>)) {
        self.advance(edge, see);
        self.answer();
    }

    /// Changes that are due at the next time.
    #[inline(always)]
    fn advance(&mut self, edge: u32, see: &mut impl FnMut(u32, Net, &Lane<W>)) {
        let agenda = &mut self.agenda;
        agenda.now = agenda.now.wrapping_add(1);
        let time = agenda.now.wrapping_sub(edge);
        let place = agenda.place(agenda.now);
        let mut due = std::mem::take(&mut agenda.ring[place]);
        agenda.entries -= due.len();
        for change in due.drain(..) {
            let (net, lanes) = self.agenda.happen(change);
            let pending = &mut self.pending[net as usize];
            pending.iter_mut().zip(lanes).for_each(|(pending, lanes)| *pending &= !lanes);
            self.change(net, lanes, time, see);
        }
        // The room is kept for the next time round.
        self.agenda.ring[place] = due;
    }

    #[inline(always)]
    fn change(&mut self, net: u32, lanes: Lane<W>, time: u32, see: &mut impl FnMut(u32, Net, &Lane<W>)) {
        if lanes == [0; W] {
            return;
        }
        see(time, Net(net), &lanes);
        let at = net as usize;
        for (word, lanes) in lanes.iter().enumerate() {
            self.nets[at][word] ^= lanes;
            self.toggles[at][word] += u64::from(lanes.count_ones());
        }
        for reader in self.starts[at] as usize..self.starts[at + 1] as usize {
            let gate = self.readers[reader];
            if !std::mem::replace(&mut self.is_stirred[gate as usize], true) {
                self.stirred.push(gate);
            }
        }
    }

    /// Gates whose inputs have changed plan to change, or give up what they had planned.
    #[inline(always)]
    fn answer(&mut self) {
        let mut stirred = std::mem::take(&mut self.stirred);
        for gate in stirred.drain(..) {
            let at = gate as usize;
            self.is_stirred[at] = false;
            let wanted = differing(&self.value(at), &self.nets[at]);
            let (mut given_up, mut begun) = ([0; W], [0; W]);
            for word in 0..W {
                given_up[word] = self.pending[at][word] & !wanted[word];
                begun[word] = wanted[word] & !self.pending[at][word];
            }
            if given_up != [0; W] {
                self.agenda.cancel(gate, &given_up);
            }
            self.pending[at] = wanted;
            if begun != [0; W] {
                self.agenda.add(self.delays[at], gate, begun);
            }
        }
        self.stirred = stirred;
    }

    /// The bits of an output bus after the last step.
    pub fn output(&self, bus: usize) -> Vec<Lane<W>> {
        self.netlist.outputs()[bus].1.iter().map(|net| self.nets[net.index()]).collect()
    }

    /// The present bits of every net.
    pub(super) fn nets(&self) -> &[Lane<W>] {
        &self.nets
    }

    /// Transitions of each net so far, glitches included, summed over the lanes of each word.
    pub fn toggles(&self) -> &[Lane<W>] {
        &self.toggles
    }

    /// Transitions of each net so far, glitches included, summed over all lanes.
    pub fn total_toggles(&self) -> Vec<u64> {
        self.toggles.iter().map(|words| words.iter().sum()).collect()
    }
}

#[inline(always)]
fn differing<const W: usize>(one: &Lane<W>, other: &Lane<W>) -> Lane<W> {
    std::array::from_fn(|word| one[word] ^ other[word])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::netlist::Lanes;
    use crate::netlist::sample::{netlists, words};

    /// The plainest reading: one lane, a map from time to what changes then, one plan a gate.
    fn alone(netlist: &Netlist, delays: &[u32], steps: &[Vec<bool>]) -> (Vec<u64>, Vec<bool>) {
        let cells = netlist.cells();
        let (mut bits, mut toggles) = (vec![false; cells.len()], vec![0; cells.len()]);
        let inputs: Vec<Net> = netlist.inputs().iter().flat_map(|(_, bus)| bus.iter().copied()).collect();
        let value = |at: usize, bits: &[bool]| match cells[at] {
            Cell::Gate(gate, nets) => {
                let [a, b, c] = nets.map(|net| [u64::from(bits[net.index()])]);
                apply(gate, &a, &b, &c)[0] & 1 == 1
            }
            Cell::Constant(value) => value,
            _ => bits[at],
        };
        for (step, given) in steps.iter().enumerate() {
            // Time 0 and net: the value that it takes; at most one plan a gate.
            let mut plans: BTreeMap<usize, (u64, bool)> = BTreeMap::new();
            if step == 0 {
                inputs.iter().zip(given).for_each(|(net, bit)| bits[net.index()] = *bit);
                (0..cells.len()).for_each(|at| bits[at] = value(at, &bits));
                continue;
            }
            for register in netlist.registers() {
                let at = register.state.index();
                plans.insert(at, (delays[at].into(), bits[register.next.index()]));
            }
            let input = |(net, bit): (&Net, &bool)| (net.index(), (delays[net.index()].into(), *bit));
            plans.extend(inputs.iter().zip(given).map(input));
            while let Some(now) = plans.values().map(|(time, _)| *time).min() {
                let due: Vec<(usize, bool)> = plans
                    .iter()
                    .filter(|(_, (time, _))| *time == now)
                    .map(|(at, (_, bit))| (*at, *bit))
                    .collect();
                for (at, bit) in due {
                    plans.remove(&at);
                    toggles[at] += u64::from(bits[at] != bit);
                    bits[at] = bit;
                }
                for at in (0..cells.len()).filter(|at| matches!(cells[*at], Cell::Gate(..))) {
                    let wanted = value(at, &bits);
                    if wanted == bits[at] {
                        plans.remove(&at);
                    } else {
                        plans.entry(at).or_insert((now + u64::from(delays[at]), wanted));
                    }
                }
            }
        }
        (toggles, bits)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn lanes_see_what_each_would_see_alone(netlist in netlists(), seed in any::<u64>()) {
            let mut random = words(seed);
            let delays: Vec<u32> = netlist.cells().iter().map(|_| 1 + (random() % 7) as u32).collect();
            let bits: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
            let steps: Vec<Vec<Lane<2>>> =
                (0..4).map(|_| (0..bits).map(|_| [random(), random()]).collect()).collect();
            let (mut timed, mut lanes) = (Timed::<2>::new(&netlist, &delays), Lanes::<2>::new(&netlist));
            for step in &steps {
                timed.step(step);
                lanes.step(step);
                prop_assert_eq!(timed.output(0), lanes.output(0));
            }
            let mut expected = vec![[0; 2]; netlist.cells().len()];
            for lane in 0..128 {
                let bit = |lanes: &Lane<2>| lanes[lane / 64] >> (lane % 64) & 1 == 1;
                let steps: Vec<Vec<bool>> = steps.iter().map(|step| step.iter().map(bit).collect()).collect();
                let (toggles, _) = alone(&netlist, &delays, &steps);
                expected.iter_mut().zip(toggles).for_each(|(sum, toggles)| sum[lane / 64] += toggles);
            }
            prop_assert_eq!(timed.toggles(), expected);
            // Settled transitions are the least there can be.
            prop_assert!(timed.total_toggles().iter().zip(lanes.toggles()).all(|(timed, settled)| timed >= settled));
        }
    }
}

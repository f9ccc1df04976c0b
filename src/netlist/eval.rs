//! Evaluation: 64 or more operand vectors at once, one per bit lane, with toggle counts and registers.

use super::{Cell, Gate, Net, Netlist};
use crate::bits::transpose64;

/// The lanes of one net: `W` words of 64 lanes; eight words fill a 512-bit register.
pub type Lane<const W: usize> = [u64; W];

/// The function of a gate on whole words of lanes.
#[inline(always)]
pub fn apply<const W: usize>(gate: Gate, a: &Lane<W>, b: &Lane<W>, c: &Lane<W>) -> Lane<W> {
    use std::array::from_fn;
    match gate {
        Gate::Not => from_fn(|i| !a[i]),
        Gate::And => from_fn(|i| a[i] & b[i]),
        Gate::Or => from_fn(|i| a[i] | b[i]),
        Gate::Xor => from_fn(|i| a[i] ^ b[i]),
        Gate::Nand => from_fn(|i| !(a[i] & b[i])),
        Gate::Nor => from_fn(|i| !(a[i] | b[i])),
        Gate::Xnor => from_fn(|i| !(a[i] ^ b[i])),
        Gate::Mux => from_fn(|i| (a[i] & b[i]) | (!a[i] & c[i])),
        Gate::And3 => from_fn(|i| a[i] & b[i] & c[i]),
        Gate::Or3 => from_fn(|i| a[i] | b[i] | c[i]),
        Gate::Nand3 => from_fn(|i| !(a[i] & b[i] & c[i])),
        Gate::Nor3 => from_fn(|i| !(a[i] | b[i] | c[i])),
        Gate::Aoi21 => from_fn(|i| !(a[i] | (b[i] & c[i]))),
        Gate::Oai21 => from_fn(|i| !(a[i] & (b[i] | c[i]))),
        Gate::Sum => from_fn(|i| a[i] ^ b[i] ^ c[i]),
        Gate::Majority => from_fn(|i| (a[i] & b[i]) | (c[i] & (a[i] | b[i]))),
    }
}

/// Evaluates a netlist on `64 · W` operand vectors at once and counts output toggles.
///
/// # Examples
/// ```
/// use axsim::netlist::{Builder, Lanes};
/// let mut build = Builder::new("and");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let y = build.and(a, b);
/// build.output("y", vec![y]);
/// let netlist = build.finish();
/// let mut lanes = Lanes::<1>::new(&netlist);
/// lanes.step(&[[0b1100], [0b1010]]);
/// assert_eq!(lanes.output(0), [[0b1000]]);
/// ```
#[derive(Debug, Clone)]
pub struct Lanes<'a, const W: usize> {
    netlist: &'a Netlist,
    nets: Vec<Lane<W>>,
    toggles: Vec<u64>,
    inputs: Vec<Net>,
    stepped: bool,
}

impl<'a, const W: usize> Lanes<'a, W> {
    /// All registers start at 0.
    pub fn new(netlist: &'a Netlist) -> Self {
        let inputs = netlist.inputs().iter().flat_map(|(_, bus)| bus.iter().copied()).collect();
        let cells = netlist.cells().len();
        Self { netlist, nets: vec![[0; W]; cells], toggles: vec![0; cells], inputs, stepped: false }
    }

    /// One clock: evaluates with `inputs` (bits of all input buses in order) and the present state.
    ///
    /// Toggles are counted against the previous step. Registers take over their next state at the *start*
    /// of a step, so that outputs stay readable; the first step starts from the reset state. Evaluation is
    /// zero-delay: every net settles once a step, so the counts hold no glitches. Lanes that are not in use
    /// cost nothing if their inputs stay the same.
    ///
    /// # Panics
    /// When the number of input bits is wrong.
    pub fn step(&mut self, inputs: &[Lane<W>]) {
        if !self.stepped {
            self.settle(inputs);
            self.stepped = true;
            return;
        }
        let previous = self.nets.clone();
        for register in self.netlist.registers() {
            self.nets[register.state.index()] = previous[register.next.index()];
        }
        self.settle(inputs);
        for (toggles, (old, new)) in self.toggles.iter_mut().zip(previous.iter().zip(&self.nets)) {
            let changed = old.iter().zip(new).map(|(old, new)| u64::from((old ^ new).count_ones()));
            *toggles += changed.sum::<u64>();
        }
    }

    /// Evaluates with `inputs` and the present state; neither clocks registers nor counts toggles.
    ///
    /// # Panics
    /// When the number of input bits is wrong.
    pub fn settle(&mut self, inputs: &[Lane<W>]) {
        assert_eq!(inputs.len(), self.inputs.len(), "one lane word per input bit");
        for (net, value) in self.inputs.iter().zip(inputs) {
            self.nets[net.index()] = *value;
        }
        for (at, cell) in self.netlist.cells().iter().enumerate() {
            match *cell {
                Cell::Gate(gate, [a, b, c]) => {
                    let value =
                        apply(gate, &self.nets[a.index()], &self.nets[b.index()], &self.nets[c.index()]);
                    self.nets[at] = value;
                }
                Cell::Constant(value) => self.nets[at] = [if value { u64::MAX } else { 0 }; W],
                Cell::Input | Cell::State => {}
            }
        }
    }

    /// The bits of an output bus after the last step.
    pub fn output(&self, bus: usize) -> Vec<Lane<W>> {
        self.netlist.outputs()[bus].1.iter().map(|net| self.nets[net.index()]).collect()
    }

    /// All lanes of one net after the last step.
    ///
    /// # Panics
    /// When there is no such net.
    pub fn net(&self, net: Net) -> Lane<W> {
        self.nets[net.index()]
    }

    /// Output toggles of each cell so far, summed over lanes.
    pub fn toggles(&self) -> &[u64] {
        &self.toggles
    }
}

impl Netlist {
    /// One vector: a word per input bus in, a word per output bus out; registers at their reset state.
    pub fn eval(&self, inputs: &[u64]) -> Vec<u64> {
        let mut lanes = Lanes::<1>::new(self);
        let bits = self.inputs().iter().zip(inputs);
        let bits: Vec<[u64; 1]> =
            bits.flat_map(|((_, bus), word)| (0..bus.len()).map(move |bit| [word >> bit & 1])).collect();
        lanes.settle(&bits);
        let word = |bus| {
            lanes.output(bus).iter().enumerate().fold(0, |word, (bit, lane)| word | (lane[0] & 1) << bit)
        };
        (0..self.outputs().len()).map(word).collect()
    }

    /// The first output for each of some pairs of codes for the first two inputs; registers at their reset state.
    ///
    /// # Panics
    /// When the netlist does not have two inputs.
    pub fn eval_pairs(&self, pairs: &[(u64, u64)]) -> Vec<u64> {
        let [(_, a), (_, b)] = self.inputs() else { panic!("two operands") };
        let mut lanes = Lanes::<8>::new(self);
        let mut results = Vec::with_capacity(pairs.len());
        for chunk in pairs.chunks(512) {
            let (of_a, of_b): (Vec<u64>, Vec<u64>) = chunk.iter().copied().unzip();
            lanes.settle(&[pack(&of_a, a.len()), pack(&of_b, b.len())].concat());
            results.extend(unpack(&lanes.output(0), chunk.len()));
        }
        results
    }

    /// Evaluates a combinational netlist of two operands on every pair, `a` in the high bits of the index.
    ///
    /// Returns the codes of the first output bus, in the entry order of [`crate::table::Table`].
    ///
    /// # Panics
    /// When the netlist does not have two inputs of at most 20 bits together, or the output has over 64 bits.
    pub fn eval_all(&self) -> Vec<u64> {
        let widths: Vec<usize> = self.inputs().iter().map(|(_, bus)| bus.len()).collect();
        assert!(widths.len() == 2 && widths.iter().sum::<usize>() <= 20, "two operands of at most 20 bits");
        let (total, low) = (1usize << (widths[0] + widths[1]), widths[1]);
        let mut lanes = Lanes::<8>::new(self);
        let mut results = Vec::with_capacity(total);
        for block in (0..total).step_by(512) {
            let bit = |bit: usize| consecutive::<8>(block as u64, bit);
            let a = (0..widths[0]).map(|at| bit(low + at));
            let inputs: Vec<Lane<8>> = a.chain((0..low).map(bit)).collect();
            lanes.settle(&inputs);
            results.extend(unpack(&lanes.output(0), (total - block).min(512)));
        }
        results
    }
}

/// Bit `bit` of consecutive numbers from `base` on (a multiple of their count), one per lane.
pub(crate) fn consecutive<const W: usize>(base: u64, bit: usize) -> Lane<W> {
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

/// Numbers, one a lane, as lanes of their `width` bits, the least significant first; lanes without a number hold 0.
///
/// # Panics
/// On more numbers than lanes, or more than 64 bits.
///
/// ```
/// use axsim::netlist::{pack, unpack};
/// let lanes = pack::<2>(&[5, 6, 7], 3);
/// assert_eq!(lanes, [[0b101, 0], [0b110, 0], [0b111, 0]]);
/// assert_eq!(unpack(&lanes, 3), [5, 6, 7]);
/// ```
pub fn pack<const W: usize>(numbers: &[u64], width: usize) -> Vec<Lane<W>> {
    let mut lanes = vec![[0; W]; width];
    for (word, numbers) in numbers.chunks(64).enumerate() {
        let mut rows = [0; 64];
        rows[..numbers.len()].copy_from_slice(numbers);
        transpose64(&mut rows);
        lanes.iter_mut().zip(rows).for_each(|(lane, row)| lane[word] = row);
    }
    lanes
}

/// The numbers in the first `count` lanes of a bus: what [`pack`] undoes.
pub fn unpack<const W: usize>(bus: &[Lane<W>], count: usize) -> Vec<u64> {
    let mut numbers = Vec::with_capacity(count);
    for word in 0..count.div_ceil(64) {
        let mut rows = [0; 64];
        bus.iter().enumerate().for_each(|(bit, lane)| rows[bit] = lane[word]);
        transpose64(&mut rows);
        numbers.extend(&rows[..(count - 64 * word).min(64)]);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sample::{netlists, words};
    use super::*;
    use crate::netlist::{Builder, Bus};

    /// The slowest and plainest reading of a circuit: one lane, one bit, one case per gate.
    struct Interpreter<'a> {
        netlist: &'a Netlist,
        state: Vec<bool>,
        bits: Vec<bool>,
    }

    impl<'a> Interpreter<'a> {
        fn new(netlist: &'a Netlist) -> Self {
            Self { netlist, state: vec![false; netlist.registers.len()], bits: vec![] }
        }

        fn step(&mut self, inputs: &[Vec<bool>]) -> Vec<bool> {
            let mut bits = vec![];
            for (at, cell) in self.netlist.cells().iter().enumerate() {
                let read = |nets: &[Net; 3], pin: usize| bits[nets[pin].index()];
                let here = |bus: &Bus| bus.iter().position(|net| net.index() == at);
                let value = match cell {
                    Cell::Input => {
                        let buses = self.netlist.inputs().iter().zip(inputs);
                        buses.filter_map(|((_, bus), value)| here(bus).map(|bit| value[bit])).next().unwrap()
                    }
                    Cell::Constant(value) => *value,
                    Cell::State => {
                        let registers = self.netlist.registers().iter();
                        self.state[registers
                            .map(|register| register.state.index())
                            .position(|net| net == at)
                            .unwrap()]
                    }
                    Cell::Gate(gate, nets) => {
                        let inputs: Vec<bool> = (0..gate.inputs()).map(|pin| read(nets, pin)).collect();
                        truth(*gate, &inputs)
                    }
                };
                bits.push(value);
            }
            self.state =
                self.netlist.registers().iter().map(|register| bits[register.next.index()]).collect();
            std::mem::replace(&mut self.bits, bits)
        }
    }

    /// Each gate by counting ones, not by Boolean operators.
    fn truth(gate: Gate, inputs: &[bool]) -> bool {
        let ones = inputs.iter().filter(|bit| **bit).count();
        match gate {
            Gate::Not => ones == 0,
            Gate::And => ones == 2,
            Gate::Or => ones > 0,
            Gate::Xor => ones == 1,
            Gate::Nand => ones < 2,
            Gate::Nor => ones == 0,
            Gate::Xnor => ones != 1,
            Gate::Mux => inputs[if inputs[0] { 1 } else { 2 }],
            Gate::And3 => ones == 3,
            Gate::Or3 => ones > 0,
            Gate::Nand3 => ones < 3,
            Gate::Nor3 => ones == 0,
            // Of b and c both, or a.
            Gate::Aoi21 => !inputs[0] && ones < 2,
            Gate::Oai21 => !inputs[0] || ones < 2,
            Gate::Sum => ones % 2 == 1,
            Gate::Majority => ones >= 2,
        }
    }

    #[test]
    fn every_gate_matches_its_truth_table() {
        for gate in Gate::ALL {
            for row in 0..1u64 << gate.inputs() {
                let bit = |pin: usize| row >> pin & 1 == 1;
                let inputs: Vec<bool> = (0..gate.inputs()).map(bit).collect();
                let words = [0, 1, 2].map(|pin| [if bit(pin) { !0 } else { 0 }]);
                let expected = if truth(gate, &inputs) { !0 } else { 0 };
                assert_eq!(
                    apply(gate, &words[0], &words[1], &words[2]),
                    [expected],
                    "{gate:?} of {inputs:?}"
                );
            }
        }
    }

    #[test]
    fn a_number_per_bus_goes_in_and_out() {
        let mut build = Builder::new("cross");
        let (a, b) = (build.input("a", 3), build.input("b", 2));
        build.output("low", vec![b[1], a[0]]);
        build.output("high", vec![a[2], a[1], b[0]]);
        let netlist = build.finish();
        assert_eq!(netlist.eval(&[0b110, 0b01]), [0b00, 0b111]);
        assert_eq!(netlist.eval(&[!0, 0b10]), [0b11, 0b011]);
    }

    #[test]
    fn every_pair_is_evaluated_in_table_order() {
        let mut build = Builder::new("pass");
        let (a, b) = (build.input("a", 7), build.input("b", 5));
        build.output("y", b.into_iter().chain(a).collect());
        assert!(build.finish().eval_all().iter().copied().eq(0..1 << 12));
    }

    fn check<const W: usize>(netlist: &Netlist, steps: usize, mut random: impl FnMut() -> u64) {
        let mut lanes = Lanes::<W>::new(netlist);
        let mut singles: Vec<_> = (0..64 * W).map(|_| Interpreter::new(netlist)).collect();
        let mut toggles = vec![0u64; netlist.cells().len()];
        for step in 0..steps {
            let width: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
            let inputs: Vec<Lane<W>> = (0..width).map(|_| [0; W].map(|_| random())).collect();
            lanes.step(&inputs);
            for (lane, single) in singles.iter_mut().enumerate() {
                let at = |word: &Lane<W>| word[lane / 64] >> (lane % 64) & 1 == 1;
                let mut bits = inputs.iter().map(at);
                let buses = netlist.inputs().iter().map(|(_, bus)| bits.by_ref().take(bus.len()).collect());
                let before = single.step(&buses.collect::<Vec<_>>());
                for (net, bit) in single.bits.iter().enumerate() {
                    assert_eq!(at(&lanes.net(Net(net as u32))), *bit, "net {net}, lane {lane}, step {step}");
                    toggles[net] += u64::from(before.get(net).is_some_and(|before| before != bit));
                }
            }
        }
        assert_eq!(lanes.toggles(), toggles);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn lanes_equal_one_bit_at_a_time(netlist in netlists(), seed in any::<u64>()) {
            check::<1>(&netlist, 4, words(seed));
        }

        #[test]
        fn wide_lanes_equal_one_bit_at_a_time(netlist in netlists(), seed in any::<u64>()) {
            check::<3>(&netlist, 3, words(seed));
        }
    }
}

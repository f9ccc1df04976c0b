//! Evaluation: 64 or more operand vectors at once, one per bit lane, with toggle counts and registers.

use super::{Cell, Gate, Net, Netlist};

/// The lanes of one net: `W` words of 64 lanes; eight words fill a 512-bit register.
type Lane<const W: usize> = [u64; W];

/// The function of a gate on whole words of lanes.
pub fn apply<const W: usize>(gate: Gate, a: &Lane<W>, b: &Lane<W>, c: &Lane<W>) -> Lane<W> {
    std::array::from_fn(|i| {
        let (a, b, c) = (a[i], b[i], c[i]);
        match gate {
            Gate::Not => !a,
            Gate::And => a & b,
            Gate::Or => a | b,
            Gate::Xor => a ^ b,
            Gate::Nand => !(a & b),
            Gate::Nor => !(a | b),
            Gate::Xnor => !(a ^ b),
            Gate::Mux => (a & b) | (!a & c),
        }
    })
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
    /// of a step, so that outputs stay readable; the first step starts from the reset state.
    ///
    /// # Panics
    /// When the number of input bits is wrong.
    pub fn step(&mut self, inputs: &[Lane<W>]) {
        assert_eq!(inputs.len(), self.inputs.len(), "one lane word per input bit");
        let next: Vec<Lane<W>> = self.netlist.registers().iter().map(|r| self.nets[r.next.index()]).collect();
        if self.stepped {
            for (register, value) in self.netlist.registers().iter().zip(next) {
                self.set(register.state, value);
            }
        }
        for (at, value) in inputs.iter().enumerate() {
            self.set(self.inputs[at], *value);
        }
        for at in 0..self.nets.len() {
            let value = match self.netlist.cells()[at] {
                Cell::Gate(gate, [a, b, c]) => {
                    apply(gate, &self.nets[a.index()], &self.nets[b.index()], &self.nets[c.index()])
                }
                Cell::Constant(value) => [if value { u64::MAX } else { 0 }; W],
                Cell::Input | Cell::State => continue,
            };
            self.set(Net(at as u32), value);
        }
        self.stepped = true;
    }

    fn set(&mut self, net: Net, value: Lane<W>) {
        let old = std::mem::replace(&mut self.nets[net.index()], value);
        if self.stepped {
            let changed = old.iter().zip(&value).map(|(old, new)| u64::from((old ^ new).count_ones()));
            self.toggles[net.index()] += changed.sum::<u64>();
        }
    }

    /// The bits of an output bus after the last step.
    pub fn output(&self, bus: usize) -> Vec<Lane<W>> {
        self.netlist.outputs()[bus].1.iter().map(|net| self.nets[net.index()]).collect()
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
        lanes.step(&bits);
        let word = |bus| {
            lanes.output(bus).iter().enumerate().fold(0, |word, (bit, lane)| word | (lane[0] & 1) << bit)
        };
        (0..self.outputs().len()).map(word).collect()
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
            let bit = |bit: usize| lane_bit(block as u64, bit);
            let a = (0..widths[0]).map(|at| bit(low + at));
            let inputs: Vec<Lane<8>> = a.chain((0..low).map(bit)).collect();
            lanes.step(&inputs);
            unpack(&lanes.output(0), (total - block).min(512), &mut results);
        }
        results
    }
}

/// Bit `bit` of the 512 consecutive numbers from `base` on (a multiple of 512), one per lane.
fn lane_bit(base: u64, bit: usize) -> Lane<8> {
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

/// Turns bit lanes back into one code per vector.
fn unpack(bus: &[Lane<8>], count: usize, results: &mut Vec<u64>) {
    for word in 0..count.div_ceil(64) {
        let mut rows = [0; 64];
        bus.iter().enumerate().for_each(|(bit, lane)| rows[bit] = lane[word]);
        crate::bits::transpose64(&mut rows);
        results.extend(&rows[..(count - 64 * word).min(64)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::Builder;
    use crate::rng::Stream;

    fn random_netlist(stream: &mut Stream) -> Netlist {
        let mut build = Builder::new("random");
        let mut nets = build.input("a", 3);
        nets.extend(build.input("b", 4));
        let state = build.state(2);
        nets.extend(&state);
        for _ in 0..30 {
            let mut pick = || nets[stream.below(nets.len() as u64) as usize];
            let (a, b, c) = (pick(), pick(), pick());
            let net = match stream.below(5) {
                0 => build.not(a),
                1 => build.and(a, b),
                2 => build.or(a, b),
                3 => build.xor(a, b),
                _ => build.mux(a, b, c),
            };
            nets.push(net);
        }
        build.set_next(&state, &nets[nets.len() - 2..]);
        build.output("y", nets[nets.len() - 6..].to_vec());
        build.finish()
    }

    /// One lane, one bit at a time, straight from the definition of the gates.
    fn interpret(netlist: &Netlist, inputs: &[bool], state: &mut [bool]) -> Vec<bool> {
        let (mut inputs, mut states) = (inputs.iter(), state.iter().copied());
        let mut nets: Vec<bool> = Vec::new();
        for cell in netlist.cells() {
            let net = |net: Net| nets[net.index()];
            let value = match *cell {
                Cell::Input => *inputs.next().unwrap(),
                Cell::State => states.next().unwrap(),
                Cell::Constant(value) => value,
                Cell::Gate(Gate::Not, [a, ..]) => !net(a),
                Cell::Gate(Gate::And, [a, b, _]) => net(a) && net(b),
                Cell::Gate(Gate::Or, [a, b, _]) => net(a) || net(b),
                Cell::Gate(Gate::Xor, [a, b, _]) => net(a) != net(b),
                Cell::Gate(Gate::Nand, [a, b, _]) => !(net(a) && net(b)),
                Cell::Gate(Gate::Nor, [a, b, _]) => !(net(a) || net(b)),
                Cell::Gate(Gate::Xnor, [a, b, _]) => net(a) == net(b),
                Cell::Gate(Gate::Mux, [a, b, c]) => {
                    if net(a) {
                        net(b)
                    } else {
                        net(c)
                    }
                }
            };
            nets.push(value);
        }
        state.iter_mut().zip(netlist.registers()).for_each(|(bit, r)| *bit = nets[r.next.index()]);
        nets
    }

    #[test]
    fn lanes_states_and_toggles_equal_the_interpreter() {
        for case in 0..40 {
            let mut stream = Stream::new(5, "netlist", case);
            let netlist = random_netlist(&mut stream);
            let mut lanes = Lanes::<1>::new(&netlist);
            let mut states = vec![vec![false; netlist.registers().len()]; 64];
            let mut before: Vec<Vec<bool>> = vec![];
            let mut toggles = vec![0u64; netlist.cells().len()];
            for _ in 0..5 {
                let inputs: Vec<[u64; 1]> = (0..7).map(|_| [stream.word()]).collect();
                lanes.step(&inputs);
                let mut now = vec![];
                for (lane, state) in states.iter_mut().enumerate() {
                    let bits: Vec<bool> = inputs.iter().map(|word| word[0] >> lane & 1 == 1).collect();
                    now.push(interpret(&netlist, &bits, state));
                }
                for (lane, nets) in now.iter().enumerate() {
                    for (bit, net) in netlist.outputs()[0].1.iter().enumerate() {
                        assert_eq!(lanes.output(0)[bit][0] >> lane & 1 == 1, nets[net.index()]);
                    }
                    if let Some(old) = before.get(lane) {
                        let changed = |at: usize| u64::from(old[at] != nets[at]);
                        toggles.iter_mut().enumerate().for_each(|(at, count)| *count += changed(at));
                    }
                }
                before = now;
            }
            assert_eq!(lanes.toggles(), toggles);
        }
    }

    #[test]
    fn every_pair_is_evaluated_in_table_order() {
        let mut build = Builder::new("pass");
        let (a, b) = (build.input("a", 7), build.input("b", 5));
        build.output("y", b.into_iter().chain(a).collect());
        assert!(build.finish().eval_all().iter().copied().eq(0..1 << 12));
    }
}

//! The unit of binary networks: words of signs, exclusive-nor, a tree that counts, an accumulator.

use super::mac::{Code, Port};
use super::multiplier::sum_columns;
use super::{ArithError, adder::FAST};
use crate::bits;
use crate::netlist::{Builder, Bus, Net, Netlist};

/// Bits of the accumulator unless others are asked for: they hold the count of 65,535 products.
const USUAL_BITS: u32 = 16;

/// A unit that multiplies words of signs, lane by lane, and counts the products that are +1.
///
/// A bit 1 stands for +1, a bit 0 for −1, so that a product is the exclusive-nor of its bits. What the unit accumulates is
/// the count of products that are +1; the sum of `n` products is twice the count less `n` ([`Xnor::dot`]), a shift that
/// belongs to the scale of a layer and a constant that belongs to its bias. A lane without a product (a word that depth does
/// not fill) has a 1 at `a` and a 0 at `b`, which counts nothing.
///
/// # Ports
/// `a` and `b`, words of signs; `c`, the count that enters, and `y`, the register that leaves, both without a sign. Operands
/// pass a register, so a result shows [`Xnor::LATENCY`] cycles after its operands, added to the `c` of the cycle before.
///
/// Source: Rastegari, Ordonez, Redmon, Farhadi, "XNOR-Net", ECCV 2016, section 3.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xnor {
    lanes: u32,
    bits: u32,
    name: String,
}

impl Xnor {
    /// Cycles from operands at the ports to their count in the result register.
    pub const LATENCY: u32 = 2;

    /// The unit that an id names: `xnor64` has words of 64 signs, `xnor64__w20` an accumulator of 20 bits, that wraps.
    ///
    /// # Errors
    /// [`ArithError`], saying what to write instead, unless there are 1 to 64 lanes and an accumulator of 4 to 32 bits that
    /// holds the count of one word.
    ///
    /// ```
    /// use axsim::arith::xnor::Xnor;
    /// let unit = Xnor::from_id("xnor8").unwrap();
    /// let count = unit.accumulate(0, 0b1010_0001, 0b1110_0011);
    /// assert_eq!((count, Xnor::dot(count, 8)), (6, 4));
    /// assert!(Xnor::from_id("xnor65").is_err());
    /// ```
    pub fn from_id(id: &str) -> Result<Self, ArithError> {
        let refuse = |expected: String| ArithError::Parameter { id: id.into(), expected };
        let parts = || {
            let (lanes, bits) = match id.strip_prefix("xnor")?.split_once("__w") {
                Some((lanes, bits)) => (lanes, bits.parse().ok()?),
                None => (id.strip_prefix("xnor")?, USUAL_BITS),
            };
            Some((lanes.parse().ok()?, bits))
        };
        let form = || refuse("write for example `xnor64` or `xnor16__w20`".into());
        let (lanes, bits): (u32, u32) = parts().ok_or_else(form)?;
        if !(1..=64).contains(&lanes) {
            return Err(refuse(format!("a word has 1 to 64 signs, not {lanes}")));
        }
        let least = (lanes + 1).next_power_of_two().ilog2().max(4);
        if !(least..=32).contains(&bits) {
            return Err(refuse(format!(
                "an accumulator of counts of {lanes} has {least} to 32 bits, not {bits}"
            )));
        }
        let own = if bits == USUAL_BITS { String::new() } else { format!("__w{bits}") };
        let name = format!("xnor{lanes}{own}");
        ArithError::unless_named(id, &name)?;
        Ok(Self { lanes, bits, name })
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.name
    }

    /// Signs of a word: products a cycle.
    pub fn lanes(&self) -> u32 {
        self.lanes
    }

    /// Bits of the accumulator.
    pub fn accumulator_width(&self) -> u32 {
        self.bits
    }

    /// How sums of signs are kept in such accumulators, in words.
    ///
    /// ```
    /// use axsim::arith::xnor::Xnor;
    /// assert_eq!(Xnor::from_id("xnor64").unwrap().sums(), "16 bits that count signs alike, added exactly");
    /// ```
    pub fn sums(&self) -> String {
        format!("{} bits that count signs alike, added exactly", self.bits)
    }

    /// The inputs, in the order of the netlist.
    pub fn ports(&self) -> Vec<Port> {
        let word = |name| Port::new(name, self.lanes, Code::TwosComplement);
        vec![word("a"), word("b"), Port::new("c", self.bits, Code::Unsigned)]
    }

    /// The accumulator's next value for two words of signs, which wraps beyond its bits.
    pub fn accumulate(&self, count: u64, a: u64, b: u64) -> u64 {
        let alike = !(a ^ b) & bits::mask(self.lanes);
        (count + u64::from(alike.count_ones())) & bits::mask(self.bits)
    }

    /// The sum of so many products of ±1 of which `count` are +1.
    pub fn dot(count: u64, products: u64) -> i64 {
        2 * count as i64 - products as i64
    }

    /// What stands in the result register in every cycle from reset on, with these words at `a`, `b` and `c`.
    ///
    /// ```
    /// use axsim::arith::xnor::Xnor;
    /// // Words of one cycle meet the count that enters in the next; their result shows in the one after.
    /// let cycles = [[0b11, 0b01, 0], [0b00, 0b11, 5], [0, 0, 0]];
    /// assert_eq!(Xnor::from_id("xnor2").unwrap().run(&cycles), [0, 2, 6]);
    /// ```
    pub fn run(&self, cycles: &[[u64; 3]]) -> Vec<u64> {
        let (mut held, mut result) = ([0; 2], 0);
        let mut edge = |[a, b, c]: [u64; 3]| {
            let shown = result;
            result = self.accumulate(c, held[0], held[1]);
            held = [a, b];
            shown
        };
        cycles.iter().map(|words| edge(*words)).collect()
    }

    /// The gates, with registers for both words and the result.
    ///
    /// The count that enters is a row of the tree, so that one adder at its end carries.
    pub fn netlist(&self) -> Netlist {
        let mut build = Builder::new(&self.name);
        let [a, b] = ["a", "b"].map(|name| build.input(name, self.lanes));
        let c = build.input("c", self.bits);
        let [a, b] = [a, b].map(|word| build.register(&word));
        let count = counted(&mut build, [&a, &b], &c);
        let y = build.register(&count);
        build.output("y", y);
        build.finish()
    }
}

/// The count `c` and a one for every two bits that are alike.
fn counted(build: &mut Builder, [a, b]: [&[Net]; 2], c: &[Net]) -> Bus {
    let mut columns: Vec<Bus> = c.iter().map(|net| vec![*net]).collect();
    for (a, b) in a.iter().zip(b) {
        let alike = build.xnor(*a, *b);
        columns[0].push(alike);
    }
    sum_columns(build, columns, FAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::sign_extended;
    use crate::netlist::program::{LANES, Program, Slot, WORDS, counting};
    use crate::netlist::{Lanes, pack, unpack};
    use crate::rng::Stream;

    /// The sum of products of ±1, as arithmetic has it.
    fn arithmetic(a: u64, b: u64, lanes: u32) -> i64 {
        let sign = |word: u64, lane: u32| if word >> lane & 1 == 1 { 1 } else { -1 };
        (0..lanes).map(|lane| sign(a, lane) * sign(b, lane)).sum()
    }

    #[test]
    fn the_function_is_arithmetic_of_signs_on_every_pair_of_words() {
        for lanes in 1..=10 {
            let unit = Xnor::from_id(&format!("xnor{lanes}")).unwrap();
            for (a, b) in (0..1 << lanes).flat_map(|a| (0..1 << lanes).map(move |b| (a, b))) {
                assert_eq!(Xnor::dot(unit.accumulate(0, a, b), lanes.into()), arithmetic(a, b, lanes));
            }
        }
    }

    /// Gates of the tree alone, beside gates of ±1 in two's complement of two bits, multiplied and added one by one.
    fn both(lanes: u32) -> Netlist {
        let mut build = Builder::new("both");
        let [a, b] = ["a", "b"].map(|name| build.input(name, lanes));
        let zero = vec![build.constant(false); 5];
        let count = counted(&mut build, [&a, &b], &zero);
        // Twice the count less the lanes, in eight bits.
        let (off, on) = (build.constant(false), build.constant(true));
        let doubled: Bus = [off].into_iter().chain(count).chain([off, off]).collect();
        let less: Bus = (0..8).map(|bit| if -i64::from(lanes) >> bit & 1 == 1 { on } else { off }).collect();
        let mut dot = FAST.build(&mut build, [&doubled, &less], None);
        dot.truncate(8);
        let mut sum = vec![off; 8];
        for (a, b) in a.iter().zip(&b) {
            // ±1 as its sign bit over a 1; signs multiply to a minus where one of them is one.
            let [minus_a, minus_b] = [*a, *b].map(|bit| build.not(bit));
            let minus = build.xor(minus_a, minus_b);
            let mut carry = off;
            for (bit, product) in sum.iter_mut().zip(sign_extended(&[on, minus], 8)) {
                let (next, out) = build.full_adder(*bit, product, carry);
                (*bit, carry) = (next, out);
            }
        }
        let differs = dot.iter().zip(&sum).map(|(one, other)| build.xor(*one, *other)).collect::<Bus>();
        build.output("differs", differs);
        build.finish()
    }

    /// All 2^32 pairs of words of 16 signs, and those of all shorter ones.
    #[test]
    fn the_gates_are_arithmetic_of_signs_on_every_pair_of_words_up_to_16() {
        for lanes in 1..=16 {
            let netlist = both(lanes);
            // A pair as a number: bits of b, then those of a, which stand first among the inputs.
            let place = |bit: usize| (bit + lanes as usize) % (2 * lanes as usize);
            let fixed = (0..2 * lanes as usize).filter(|bit| place(*bit) < LANES.ilog2() as usize);
            let program = Program::new(&netlist, fixed.fold(0, |fixed, bit| fixed | 1 << bit), true);
            let places: Vec<usize> = program.order().iter().map(|bit| place(*bit)).collect();
            let agrees =
                |slots: &[Slot]| program.outputs().iter().all(|output| slots[*output].0 == [0; WORDS]);
            let mut slots = program.start(|bit| counting(0, place(bit)));
            assert!(agrees(&slots), "{lanes}: the first pairs");
            for block in 1..1u64 << places.len() {
                let base = places
                    .iter()
                    .enumerate()
                    .fold(0, |base, (bit, place)| base | (block >> bit & 1) << place);
                let changed = block.trailing_zeros() as usize + 1;
                program.step(&mut slots, changed, |bit| counting(base, place(bit)));
                assert!(agrees(&slots), "{lanes}: a pair from {base:#x} on");
            }
        }
    }

    #[test]
    fn gates_follow_the_function_cycle_by_cycle() {
        for id in ["xnor1", "xnor7__w4", "xnor16", "xnor33__w6", "xnor64", "xnor64__w32"] {
            let unit = Xnor::from_id(id).unwrap();
            let (netlist, mut stream) = (unit.netlist(), Stream::new(1, "arith.xnor", 0));
            let widths = [unit.lanes, unit.lanes, unit.bits];
            let runs: Vec<Vec<[u64; 3]>> = (0..64)
                .map(|_| (0..50).map(|_| widths.map(|width| stream.word() & bits::mask(width))).collect())
                .collect();
            let expected: Vec<Vec<u64>> = runs.iter().map(|run| unit.run(run)).collect();
            let mut gates = Lanes::<1>::new(&netlist);
            for cycle in 0..50 {
                let inputs = (0..3).flat_map(|port| {
                    let words: Vec<u64> = runs.iter().map(|run| run[cycle][port]).collect();
                    pack::<1>(&words, widths[port] as usize)
                });
                gates.step(&inputs.collect::<Vec<_>>());
                let found = unpack(&gates.output(0), 64);
                let expected = expected.iter().map(|run| run[cycle]);
                assert!(found.into_iter().eq(expected), "{id}, cycle {cycle}");
            }
        }
    }

    #[test]
    fn a_unit_that_cannot_be_says_what_to_write() {
        let error = |id: &str| Xnor::from_id(id).err().unwrap().to_string();
        for (id, expected) in [
            ("xnor", "write for example `xnor64` or `xnor16__w20`"),
            ("xnor0", "a word has 1 to 64 signs, not 0"),
            ("xnor65", "a word has 1 to 64 signs, not 65"),
            ("xnor64__w6", "an accumulator of counts of 64 has 7 to 32 bits, not 6"),
            ("xnor8__w33", "an accumulator of counts of 8 has 4 to 32 bits, not 33"),
            ("xnor8__w16", "write `xnor8`"),
            ("xnor08", "write `xnor8`"),
        ] {
            assert_eq!(error(id), format!("`{id}`: {expected}"));
        }
    }
}

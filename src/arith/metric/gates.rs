//! Metrics of gates over all operand pairs: a bit-sliced walk, the errors of many pairs at a time.

mod tally;

use std::cmp::Reverse;

use rayon::prelude::*;

use self::tally::{COLUMNS, Expected, Inverses, Results, Tally, each};
use super::{Metrics, Sums};
use crate::arith::Design;
use crate::bits;
use crate::netlist::Netlist;
use crate::netlist::program::{LANES, Lane, Program, Slot, codes, counting, halves};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Level, detected};
use crate::table::{Operation, Signature};

/// Operand bits below which a walk of whole blocks does not pay.
const NARROW: u32 = 12;

/// Bits of the wider operand from which on 32 consecutive pairs have the same narrower one.
const ROWS: u32 = 5;

/// Blocks of one task: few enough for exact sums of errors in floating point, many enough that evaluating all gates
/// for the first of them does not matter.
const TASK: u64 = 1 << 8;

impl Metrics {
    /// Metrics of a design over all its operand pairs, from its gates where it has gates of its own.
    ///
    /// The same figures as [`Metrics::exhaustive`], floating sums in another order; they do not depend on the number
    /// of threads. At most 32 operand bits. Where a sum wraps, pairs whose sum does not fit the result are left
    /// out (at most 20 operand bits).
    ///
    /// # Panics
    /// Above 32 operand bits.
    ///
    /// ```
    /// use axsim::arith::{design, metric::Metrics};
    /// let design = design("mul6s_mitchell").unwrap();
    /// let (gates, function) = (Metrics::of_gates(&*design), Metrics::exhaustive(&*design));
    /// assert_eq!((gates.wce, gates.worst, gates.med), (function.wce, function.worst, function.med));
    /// ```
    pub fn of_gates(design: &dyn Design) -> Self {
        let signature = design.signature();
        let bits = signature.operand_bits();
        assert!(bits <= 32, "at most 32 operand bits");
        let width_out = design.width_out();
        if width_out < signature.width_out() {
            return Self::of_fitting(design);
        }
        let narrow = bits < NARROW || signature.width_a.max(signature.width_b) < ROWS;
        // Codes have 32 bits, and one above them where there is no sign.
        let widest = if signature.signed { 32 } else { 33 };
        if narrow || design.stand_in().is_some() || width_out > widest {
            return Self::exhaustive(design);
        }
        let walk = Walk::new(&design.netlist(), signature, width_out);
        let (mut total, mut worst) = (Sums::default(), Worst::default());
        let blocks = (1u64 << bits) / LANES;
        // Results of few tasks at a time are kept, and added in order.
        let tasks: Vec<u64> = (0..blocks).step_by(TASK as usize).collect();
        for group in tasks.chunks(256) {
            let sums: Vec<(Sums, Worst)> =
                group.par_iter().map(|&first| walk.sums(first, TASK.min(blocks))).collect();
            for (sums, found) in sums {
                total = total.with(sums);
                worst = worst.max(found);
            }
        }
        total.worst = worst.operands(signature);
        total.metrics()
    }
}

/// All pairs of operands in blocks: the wider operand counts in the low bits of a pair's index.
struct Walk {
    program: Program,
    signature: Signature,
    /// Bits of a result.
    width_out: u32,
    /// Whether the low bits are those of `a`.
    a_low: bool,
    /// Where in the index the bits are that blocks differ in, the fastest first.
    places: Vec<u32>,
    /// 1 / |low operand| (0 for 0) of products in the order of blocks and rows, where the table is not too large.
    inverse: Vec<Inverses>,
}

/// Bits of an operand whose inverses are kept: 8 MiB of them.
const TABLED: u32 = 20;

impl Walk {
    fn new(netlist: &Netlist, signature: Signature, width_out: u32) -> Self {
        let a_low = signature.width_a > signature.width_b;
        let mut walk = Self {
            program: Program::default(),
            signature,
            width_out,
            a_low,
            places: vec![],
            inverse: vec![],
        };
        let bits = signature.operand_bits();
        let lanes = (0..bits).filter(|&bit| walk.place(bit) < LANES.ilog2());
        walk.program = Program::new(netlist, lanes.fold(0, |lanes, bit| lanes | 1 << bit), bits > 16);
        walk.places = walk.program.order().iter().map(|&bit| walk.place(bit as u32)).collect();
        if signature.operation == Operation::Mul && walk.width_low() <= TABLED {
            let codes = 0..1u64 << walk.width_low();
            let inverse: Vec<f64> = codes.clone().map(|code| inverted(walk.low(code) as f64)).collect();
            // A block of few operands has them more than once.
            let at = |index: usize| inverse[index & (inverse.len() - 1)];
            let row = |first: usize| each(|column| at(first + 32 * column));
            let block = |first: u64| each(|at| row(first as usize + at));
            walk.inverse = codes.step_by(LANES as usize).map(block).collect();
        }
        walk
    }

    fn width_low(&self) -> u32 {
        self.signature.width_a.max(self.signature.width_b)
    }

    /// Where in a pair's index an input bit of the netlist is.
    fn place(&self, bit: u32) -> u32 {
        let Signature { width_a, width_b, .. } = self.signature;
        match (bit < width_a, self.a_low) {
            (true, true) => bit,
            (true, false) => bit + width_b,
            (false, true) => bit,
            (false, false) => bit - width_a,
        }
    }

    /// The value of the operand in the low bits of an index.
    #[inline(always)]
    fn low(&self, index: u64) -> i64 {
        bits::decode(index & bits::mask(self.width_low()), self.width_low(), self.signature.signed)
    }

    /// The value of the operand in the high bits of an index.
    #[inline(always)]
    fn high(&self, index: u64) -> i64 {
        let width = self.signature.operand_bits() - self.width_low();
        bits::decode(index >> self.width_low(), width, self.signature.signed)
    }

    /// The first index of a block.
    fn base(&self, block: u64) -> u64 {
        let places = self.places.iter().enumerate();
        places.fold(0, |base, (bit, place)| base | (block >> bit & 1) << place)
    }

    /// Sums over consecutive blocks.
    fn sums(&self, first: u64, blocks: u64) -> (Sums, Worst) {
        let (mut tally, mut results) = (Tally::default(), Results::default());
        let (mut greatest, mut reached) = (0, vec![]);
        let mut slots = self.program.start(|bit| self.lanes(self.base(first), bit));
        for block in first..first + blocks {
            let base = self.base(block);
            if block > first {
                let changed = block.trailing_zeros() as usize + 1;
                self.program.step(&mut slots, changed, |bit| self.lanes(base, bit));
            }
            self.tally(base, &slots, &mut results, &mut tally);
            if tally.greatest() > greatest {
                greatest = tally.greatest();
                reached.clear();
            }
            if tally.greatest() == greatest {
                reached.push(base);
            }
        }
        (tally.sums(blocks * LANES, largest(self.signature)), self.worst(greatest, reached))
    }

    /// The lanes of an input bit in the block that begins here.
    #[inline(always)]
    fn lanes(&self, base: u64, bit: usize) -> Lane {
        counting(base, self.place(bit as u32) as usize)
    }

    /// Adds a block's results; leaves them as codes.
    fn tally(&self, base: u64, slots: &[Slot], results: &mut Results, tally: &mut Tally) {
        #[cfg(target_arch = "x86_64")]
        {
            let level = Level::at_hand();
            if detected!(level, Avx512: "avx512f", "avx512dq", "avx512vl", "avx512vpopcntdq", "fma") {
                // SAFETY: the processor has just been asked for these features.
                #[allow(unsafe_code)]
                return unsafe { self.tally_avx512(base, slots, results, tally) };
            }
            if detected!(level, Avx2: "avx2", "fma") {
                // SAFETY: the processor has just been asked for these features.
                #[allow(unsafe_code)]
                return unsafe { self.tally_avx2(base, slots, results, tally) };
            }
        }
        self.tally_of(base, slots, results, tally)
    }

    /// [`Self::tally_of`], compiled for registers of 512 bits.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512vpopcntdq,fma")]
    fn tally_avx512(&self, base: u64, slots: &[Slot], results: &mut Results, tally: &mut Tally) {
        self.tally_of(base, slots, results, tally)
    }

    /// [`Self::tally_of`], compiled for registers of 256 bits.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn tally_avx2(&self, base: u64, slots: &[Slot], results: &mut Results, tally: &mut Tally) {
        self.tally_of(base, slots, results, tally)
    }

    #[inline(always)]
    fn tally_of(&self, base: u64, slots: &[Slot], results: &mut Results, tally: &mut Tally) {
        self.results(slots, results);
        tally.add(results, &self.expected(base));
    }

    /// A block's results as codes.
    #[inline(always)]
    fn results(&self, slots: &[Slot], results: &mut Results) {
        let outputs = &self.program.outputs()[..self.width_out as usize];
        let lanes = |bit: usize| outputs.get(bit).map(|&slot| &slots[slot].0);
        codes(lanes, &mut results.codes);
        results.above = lanes(32).map(halves);
    }

    /// What the results of a block should be; the pairs of a column have one high operand and consecutive low ones.
    #[inline(always)]
    fn expected(&self, base: u64) -> Expected<'_> {
        let Signature { operation, signed, .. } = self.signature;
        let high: [i64; COLUMNS] = each(|column| self.high(base + 32 * column as u64));
        let low: [i64; COLUMNS] = each(|column| self.low(base + 32 * column as u64));
        let (exact, step): ([i64; COLUMNS], _) = match operation {
            Operation::Add => (each(|at| high[at] + low[at]), [1; COLUMNS]),
            Operation::Mul => (each(|at| high[at] * low[at]), high),
        };
        let (first_high, first_low) = (base >> self.width_low(), base & bits::mask(self.width_low()));
        let zeros = match operation {
            Operation::Mul if first_high == 0 => 32,
            // The first low operand of a column may be 0.
            Operation::Mul => usize::from(first_low == 0),
            Operation::Add => 32 * usize::from(exact.iter().any(|exact| (-31..=0).contains(exact))),
        };
        let inverse = self.inverse.get((first_low / LANES) as usize);
        Expected {
            first: each(|at| exact[at] as f64),
            step: each(|at| step[at] as f64),
            codes: each(|at| exact[at] as u32),
            code_step: each(|at| step[at] as u32),
            mask: bits::mask(self.width_out) as u32,
            sign: if signed { 1 << (self.width_out - 1) } else { 0 },
            inverse: inverse.map(|inverse| (inverse, each(|at| inverted(high[at] as f64)))),
            zeros,
        }
    }

    /// The codes of `a` and `b` in a pair's index.
    fn pair(&self, index: u64) -> [u64; 2] {
        let (high, low) = (index >> self.width_low(), index & bits::mask(self.width_low()));
        if self.a_low { [low, high] } else { [high, low] }
    }

    /// The first pair of these blocks that has this error distance, which all of them reach.
    fn worst(&self, greatest: u64, mut bases: Vec<u64>) -> Worst {
        let mut worst = Worst::default();
        bases.sort_by_key(|&base| self.pair(base));
        for base in bases {
            // No pair of a block comes before its first one.
            if Worst(greatest, Reverse(self.pair(base))) > worst && greatest > 0 {
                worst = worst.max(self.locate(base, greatest));
            }
        }
        worst
    }

    /// The first pair of a block that has this error distance.
    fn locate(&self, base: u64, greatest: u64) -> Worst {
        let slots = self.program.start(|bit| self.lanes(base, bit));
        let mut results = Results::default();
        self.results(&slots, &mut results);
        let Signature { operation, signed, .. } = self.signature;
        let distance = |index: &u64| {
            let value = bits::decode(results.code((index - base) as usize), self.width_out, signed);
            let (high, low) = (self.high(*index), self.low(*index));
            let exact = if operation == Operation::Add { high + low } else { high * low };
            value.abs_diff(exact)
        };
        let mut pairs = (base..base + LANES).filter(|i| distance(i) == greatest).map(|i| self.pair(i));
        // With `a` in the high bits pairs are in order.
        let first = if self.a_low { pairs.min() } else { pairs.next() };
        Worst(greatest, Reverse(first.expect("it was seen here")))
    }
}

/// The greatest error distance and the codes of the first operands, in the order of `a` and then `b`, that reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Worst(u64, Reverse<[u64; 2]>);

impl Default for Worst {
    fn default() -> Self {
        Self(0, Reverse([0; 2]))
    }
}

impl Worst {
    fn operands(self, signature: Signature) -> Option<(u64, [i64; 2])> {
        let Self(distance, Reverse([a, b])) = self;
        (distance > 0).then(|| (distance, [signature.value_a(a), signature.value_b(b)]))
    }
}

#[inline(always)]
fn inverted(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { 1.0 / value.abs() }
}

/// The largest exact magnitude: in a corner of the operands' ranges.
fn largest(signature: Signature) -> u64 {
    let corners = |width: u32| {
        if signature.signed { [1 << (width - 1), (1 << (width - 1)) - 1] } else { [0, bits::mask(width)] }
    };
    let of_a = corners(signature.width_a).map(|code| signature.value_a(code));
    let of_b = corners(signature.width_b).map(|code| signature.value_b(code));
    let pairs = of_a.into_iter().flat_map(|a| of_b.map(|b| signature.exact(a, b).unsigned_abs() as u64));
    pairs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::imported::Imported;
    use crate::arith::{design, families};
    use crate::netlist::import::verilog;

    fn near(found: f64, expected: f64, what: &str) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs() + 1e-15,
            "{what}: {found} is not {expected}"
        );
    }

    fn compare(id: &str) {
        same(&*design(id).unwrap(), id);
    }

    /// A product whose low bits are lost, with a sign or without.
    fn compare_imported(width_a: u32, width_b: u32, signed: bool) {
        let id = format!("mul{width_a}x{width_b}{}_cut", if signed { "s" } else { "u" });
        let product = if signed { "$signed(A) * $signed(B)" } else { "A * B" };
        let (a, b, y) = (width_a - 1, width_b - 1, width_a + width_b - 1);
        let text = format!(
            "module {id}(input [{a}:0] A, input [{b}:0] B, output [{y}:0] O);\n  wire [{y}:0] P;\n  assign P = {product};\n  assign O = {{P[{y}:3], 3'b010}};\nendmodule\n"
        );
        let netlist = verilog::read(&text, "").unwrap();
        same(&Imported::new(netlist).unwrap(), &id);
    }

    fn same(design: &dyn Design, id: &str) {
        same_metrics(&Metrics::of_gates(design), &Metrics::exhaustive(design), id);
    }

    fn same_metrics(gates: &Metrics, function: &Metrics, id: &str) {
        let whole =
            |metrics: &Metrics| (metrics.wce, metrics.worst, metrics.error_range, metrics.zero_errors);
        assert_eq!(whole(gates), whole(function), "{id}");
        let floats = |metrics: &Metrics| {
            let relative = metrics.relative.map_or([0.0; 4], |r| [r.mean, r.deviation, r.least, r.greatest]);
            let metrics = [
                metrics.error_rate,
                metrics.med,
                metrics.nmed.unwrap_or(0.0),
                metrics.mred.unwrap_or(0.0),
                metrics.mse,
                metrics.bias,
                metrics.mred_one,
                metrics.wcre_one,
                metrics.hamming,
            ];
            metrics.into_iter().chain(relative).collect::<Vec<_>>()
        };
        for (found, expected) in floats(gates).into_iter().zip(floats(function)) {
            near(found, expected, id);
        }
    }

    #[test]
    fn gates_and_function_have_the_same_metrics() {
        for width in [6, 7, 8] {
            for family in families() {
                for values in family.choices(width, 2) {
                    for sign in ["u", "s"].iter().filter(|&&sign| sign == "s" || !family.signed_only()) {
                        compare(&format!("{}{width}{sign}_{}", family.operation(), family.suffix(&values)));
                    }
                }
            }
        }
    }

    #[test]
    fn wide_registers_add_up_the_same() {
        for id in [
            "mul8u_mitchell",
            "mul8s_drum_k4",
            "mul6s_drum_k4",
            "add8s_loa_k5",
            "mul12u_trunc_t4",
            "mul16u_mbm_q6",
            "mul10x22u_mbm_q6",
        ] {
            let design = design(id).unwrap();
            let walk = Walk::new(&design.netlist(), design.signature(), design.width_out());
            let [mut wide, mut narrow, mut portable] = [Tally::default(); 3];
            let mut results = Results::default();
            let blocks = 1 << (design.signature().operand_bits() - LANES.ilog2());
            for block in (0..2).chain(blocks - 2..blocks) {
                let base = walk.base(block);
                let slots = walk.program.start(|bit| walk.lanes(base, bit));
                walk.tally(base, &slots, &mut results, &mut wide);
                walk.tally_of(base, &slots, &mut results, &mut portable);
                assert_eq!(format!("{wide:?}"), format!("{portable:?}"), "{id}");
                #[cfg(target_arch = "x86_64")]
                if detected!(Level::Avx2, Avx2: "avx2", "fma") {
                    // SAFETY: the processor has just been asked for these features.
                    #[allow(unsafe_code)]
                    unsafe {
                        walk.tally_avx2(base, &slots, &mut results, &mut narrow)
                    };
                    assert_eq!(format!("{narrow:?}"), format!("{portable:?}"), "{id}");
                }
            }
        }
    }

    /// Among the greatest operands, whose products have 33 bits.
    #[test]
    fn the_bit_above_a_word_of_codes_counts() {
        for id in ["mul16u_mbm_q6", "mul10x22u_mbm_q6", "mul22x10u_realm_l1_t0"] {
            let design = design(id).unwrap();
            let (signature, width_out) = (design.signature(), design.width_out());
            let walk = Walk::new(&design.netlist(), signature, width_out);
            let last = (1 << (32 - LANES.ilog2())) - 1;
            let (sums, worst) = walk.sums(last, 1);
            let mut gates = Sums { worst: worst.operands(signature), ..sums }.metrics();
            let pairs = (walk.base(last)..walk.base(last) + LANES).map(|index| walk.pair(index).into());
            let result = |(a, b): (u64, u64)| ((a, b), design.eval(a as i64, b as i64));
            let results: Vec<_> = pairs.map(result).collect();
            assert!(results.iter().any(|(_, result)| *result > u32::MAX.into()), "{id}");
            let function = Sums::of(width_out).over(signature, results.into_iter()).metrics();
            // Errors of one block are too much alike for their deviation to be exact.
            if let (Some(gates), Some(function)) = (&mut gates.relative, function.relative) {
                gates.deviation = function.deviation;
            }
            same_metrics(&gates, &function, id);
        }
    }

    #[test]
    fn operands_of_unequal_width_too() {
        for (width_a, width_b) in [(8, 4), (4, 9), (11, 7), (7, 11), (9, 9)] {
            for signed in [false, true] {
                compare_imported(width_a, width_b, signed);
            }
        }
    }

    #[test]
    fn wide_operands_too() {
        for id in
            ["mul10s_drum_k4", "mul11u_mitchell", "add10s_loa_k5", "add11u_gear_r2_p2", "mul10s_bbm1_v3"]
        {
            compare(id);
        }
    }
}

//! Metrics of gates over all operand pairs: a bit-sliced walk, the errors of many pairs at a time.

mod tally;

use rayon::prelude::*;

use self::tally::Tally;
use super::{Metrics, Sums};
use crate::arith::Design;
use crate::bits;
use crate::netlist::program::{Codes, LANES, Program, WORDS, codes, counting, halves};
use crate::table::{Operation, Signature};

/// Operand bits below which a walk of whole blocks does not pay.
const NARROW: u32 = 12;

/// Pairs of one task; a multiple of a block, and few enough for exact sums of errors in floating point.
const CHUNK: u64 = 1 << 16;

impl Metrics {
    /// Metrics of a design over all its operand pairs, from its gates where it has gates of its own.
    ///
    /// The same figures as [`Metrics::exhaustive`], floating sums in another order; they do not depend on the number
    /// of threads. At most 32 operand bits and 32 bits of result. Where a sum wraps, pairs whose sum does not fit the
    /// result are left out (at most 20 operand bits).
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
        if design.width_out() < signature.width_out() {
            return Self::of_fitting(design);
        }
        if bits < NARROW || design.stand_in().is_some() || signature.width_out() > 32 {
            return Self::exhaustive(design);
        }
        let walk = Walk::new(Program::new(&design.netlist()), signature);
        let mut total = Sums::default();
        let (pairs, task) = (1u64 << bits, CHUNK.min(1 << bits));
        // Results of few tasks at a time are kept, and added in order.
        let tasks: Vec<u64> = (0..pairs).step_by(task as usize).collect();
        for group in tasks.chunks(256) {
            let sums: Vec<Sums> = group.par_iter().map(|&first| walk.sums(first, task)).collect();
            total = sums.into_iter().fold(total, Sums::with);
        }
        total.metrics()
    }
}

/// Codes that are next to one another in a row of [`Codes`].
const HALVES: usize = 2 * WORDS;

/// One figure per code of a row.
type Row = [f64; HALVES];

struct Walk {
    program: Program,
    signature: Signature,
    /// 1 / |b| (0 for b = 0) in the order of blocks, rows and codes; where a row of pairs is at least a block, of products.
    inverse: Vec<Row>,
}

impl Walk {
    fn new(program: Program, signature: Signature) -> Self {
        let mut inverse = vec![];
        if signature.operation == Operation::Mul
            && 1u64 << (signature.width_b - u32::from(signature.signed)) >= LANES
        {
            for base in (0..1u64 << signature.width_b).step_by(LANES as usize) {
                let value = |row: u64, half: usize| signature.value_b(base + 32 * half as u64 + row) as f64;
                let row = |row| filled(|half| inverted(value(row, half)));
                inverse.extend((0..32).map(row));
            }
        }
        Self { program, signature, inverse }
    }

    fn sums(&self, first: u64, pairs: u64) -> Sums {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512vpopcntdq")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: the processor has just been asked for these features.
            #[allow(unsafe_code)]
            return unsafe { self.sums_avx512(first, pairs) };
        }
        self.sums_of(first, pairs)
    }

    /// [`Self::sums_of`], compiled for wide registers.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512vpopcntdq")]
    fn sums_avx512(&self, first: u64, pairs: u64) -> Sums {
        self.sums_of(first, pairs)
    }

    /// Sums over `pairs` consecutive indices, `a` in their high bits.
    #[inline(always)]
    fn sums_of(&self, first: u64, pairs: u64) -> Sums {
        let Signature { width_a, width_b, .. } = self.signature;
        let mut slots = self.program.slots();
        let mut tally = Tally::default();
        for base in (first..first + pairs).step_by(LANES as usize) {
            let place = |bit: usize| {
                if bit < width_a as usize { bit + width_b as usize } else { bit - width_a as usize }
            };
            self.program.run(&mut slots, |bit| counting(base, place(bit)));
            let mut rows: Codes = [[0; HALVES]; 32];
            let outputs = self.program.outputs().iter().zip(&mut rows);
            outputs.for_each(|(&slot, row)| *row = halves(&slots[slot].0));
            codes(&mut rows);
            self.tally(base, &rows, &mut tally);
        }
        tally.sums(pairs, largest(self.signature))
    }

    #[inline(always)]
    fn tally(&self, base: u64, rows: &Codes, tally: &mut Tally) {
        let before = tally.greatest();
        if self.has_zero(base) {
            self.tally_rows::<true>(base, rows, tally);
            self.tally_zeros(base, rows, tally);
        } else {
            self.tally_rows::<false>(base, rows, tally);
        }
        if tally.greatest() > before {
            self.locate(base, rows, tally);
        }
    }

    #[inline(always)]
    fn tally_rows<const ZEROS: bool>(&self, base: u64, rows: &Codes, tally: &mut Tally) {
        let mask = bits::mask(self.signature.width_out()) as u32;
        for (row, codes) in rows.iter().enumerate() {
            let (exact, inverse) = self.exact_row(base, row);
            tally.add::<ZEROS>(&self.values(codes), &exact, &inverse);
            tally.add_codes(codes, &self.exact_codes(base, row), mask);
        }
    }

    /// Whether an exact result of this block may be 0.
    fn has_zero(&self, base: u64) -> bool {
        let Signature { operation, width_b, .. } = self.signature;
        let block = LANES.min(1 << width_b);
        let starts = (base..base + LANES).step_by(block as usize);
        let zero = |start: u64| {
            let (a, first) = (self.signature.value_a(start >> width_b), start & bits::mask(width_b));
            // Within a row of pairs codes count on, from the least value only where all of them are here.
            let codes = first..first + block;
            match operation {
                Operation::Mul => a == 0 || first == 0,
                Operation::Add => codes.contains(&bits::encode(-a, width_b)),
            }
        };
        starts.into_iter().any(zero)
    }

    /// What the codes of a row stand for.
    #[inline(always)]
    fn values(&self, codes: &[u32; HALVES]) -> Row {
        let unused = 32 - self.signature.width_out();
        if self.signature.signed {
            filled(|half| f64::from((codes[half] << unused) as i32 >> unused))
        } else {
            filled(|half| f64::from(codes[half]))
        }
    }

    /// Exact results of a row and the inverses of their magnitudes (0 for 0).
    #[inline(always)]
    fn exact_row(&self, base: u64, row: usize) -> (Row, Row) {
        let Signature { width_b, .. } = self.signature;
        if !self.inverse.is_empty() {
            // One `a` for the whole block, and `b` that counts on.
            let a = self.signature.value_a(base >> width_b) as f64;
            let first = base & bits::mask(width_b);
            let b = self.signature.value_b(first) as f64 + row as f64;
            let inverse = &self.inverse[(first / LANES) as usize * 32 + row];
            let factor = inverted(a);
            return (filled(|half| a * (b + 32.0 * half as f64)), filled(|half| factor * inverse[half]));
        }
        let exact: Row = filled(|half| exact(self.signature, base + 32 * half as u64 + row as u64));
        (exact, filled(|half| inverted(exact[half])))
    }

    /// Codes of the exact results of a row; bits above the result's are of no account.
    #[inline(always)]
    fn exact_codes(&self, base: u64, row: usize) -> [u32; HALVES] {
        let Signature { operation, width_a, width_b, signed } = self.signature;
        let code = |code: u64, width: u32| {
            let unused = 64 - width;
            if signed { ((code << unused) as i64 >> unused) as u32 } else { code as u32 }
        };
        filled(|half| {
            let index = base + 32 * half as u64 + row as u64;
            let (a, b) = (code(index >> width_b, width_a), code(index & ((1 << width_b) - 1), width_b));
            match operation {
                Operation::Add => a.wrapping_add(b),
                Operation::Mul => a.wrapping_mul(b),
            }
        })
    }

    /// Errors where the exact result is 0, which are few.
    fn tally_zeros(&self, base: u64, rows: &Codes, tally: &mut Tally) {
        for (row, codes) in rows.iter().enumerate() {
            let (exact, _) = self.exact_row(base, row);
            let pairs = exact.iter().zip(self.values(codes));
            pairs.filter(|(exact, _)| **exact == 0.0).for_each(|(_, value)| tally.add_zero(value));
        }
    }

    /// The first pair of this block that reaches the greatest distance so far.
    fn locate(&self, base: u64, rows: &Codes, tally: &mut Tally) {
        let greatest = tally.greatest();
        let distance = |index: u64| {
            let lane = (index - base) as usize;
            let value = self.values(&rows[lane % 32])[lane / 32];
            (value - exact(self.signature, index)).abs()
        };
        let index =
            (base..base + LANES).find(|&index| distance(index) == greatest).expect("it was seen here");
        let width_b = self.signature.width_b;
        let (a, b) = (index >> width_b, index & bits::mask(width_b));
        tally.worst = Some((greatest as u64, [self.signature.value_a(a), self.signature.value_b(b)]));
    }
}

/// One value per code of a row, in a loop that becomes vector instructions where it is used.
#[inline(always)]
fn filled<T: Copy + Default>(value: impl Fn(usize) -> T) -> [T; HALVES] {
    let mut row = [T::default(); HALVES];
    for (half, place) in row.iter_mut().enumerate() {
        *place = value(half);
    }
    row
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

/// The exact result of a pair, which has at most 32 bits.
#[inline(always)]
fn exact(signature: Signature, index: u64) -> f64 {
    let Signature { operation, width_a, width_b, signed } = signature;
    let value = |code: u64, width: u32| {
        let unused = 64 - width;
        if signed { ((code << unused) as i64 >> unused) as f64 } else { code as f64 }
    };
    let (a, b) = (value(index >> width_b, width_a), value(index & ((1 << width_b) - 1), width_b));
    match operation {
        Operation::Add => a + b,
        Operation::Mul => a * b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::{design, families};

    fn near(found: f64, expected: f64, what: &str) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs() + 1e-15,
            "{what}: {found} is not {expected}"
        );
    }

    fn compare(id: &str) {
        let design = design(id).unwrap();
        let (gates, function) = (Metrics::of_gates(&*design), Metrics::exhaustive(&*design));
        let whole =
            |metrics: &Metrics| (metrics.wce, metrics.worst, metrics.error_range, metrics.zero_errors);
        assert_eq!(whole(&gates), whole(&function), "{id}");
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
        for (found, expected) in floats(&gates).into_iter().zip(floats(&function)) {
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
    fn wide_operands_too() {
        for id in
            ["mul10s_drum_k4", "mul11u_mitchell", "add10s_loa_k5", "add11u_gear_r2_p2", "mul10s_bbm1_v3"]
        {
            compare(id);
        }
    }
}

//! Metrics of gates over all operand pairs: a bit-sliced walk, the errors of many pairs at a time.

use rayon::prelude::*;

use super::{Metrics, Sums};
use crate::arith::Design;
use crate::netlist::program::{LANES, Lane, Program, WORDS, codes, counting};
use crate::table::{Operation, Signature};

/// Operand bits below which a walk of whole blocks does not pay.
const NARROW: u32 = 12;

/// Pairs of one task; a multiple of a block.
const CHUNK: u64 = 1 << 16;

/// Per word of lanes, so that the loop over words is one vector operation.
type Each<T> = [T; WORDS];

impl Metrics {
    /// Metrics of a design over all its operand pairs, from its gates where it has gates of its own.
    ///
    /// The same figures as [`Metrics::exhaustive`], floating sums in another order; they do not depend on the number
    /// of threads. At most 32 operand bits: about 1.5 ns a pair for a thousand gates, on AVX-512 hardware.
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
        if bits < NARROW || design.stand_in().is_some() {
            return Self::exhaustive(design);
        }
        let walk = Walk { program: Program::new(&design.netlist()), signature };
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

struct Walk {
    program: Program,
    signature: Signature,
}

impl Walk {
    fn sums(&self, first: u64, pairs: u64) -> Sums {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            // SAFETY: the processor has just been asked for these features.
            #[allow(unsafe_code)]
            return unsafe { self.sums_avx512(first, pairs) };
        }
        self.sums_of(first, pairs)
    }

    /// [`Self::sums_of`], compiled for wide registers.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
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
            let mut rows = [[0; WORDS]; 64];
            self.program.outputs().iter().zip(&mut rows).for_each(|(&slot, row)| *row = slots[slot].0);
            codes(&mut rows);
            self.tally(base, &rows, &mut tally);
        }
        tally.sums(pairs)
    }

    #[inline(always)]
    fn tally(&self, base: u64, rows: &[Lane; 64], tally: &mut Tally) {
        let before = tally.greatest();
        for (row, codes) in rows.iter().enumerate() {
            let mut errors = [0; WORDS];
            for word in 0..WORDS {
                let index = base + 64 * word as u64 + row as u64;
                let exact = exact(self.signature, index);
                errors[word] = value(codes[word], self.signature.width_out(), self.signature.signed) - exact;
                tally.add(word, errors[word], exact);
            }
        }
        if tally.greatest() > before {
            self.locate(base, rows, tally);
        }
    }

    /// The first pair of this block that reaches the greatest distance so far.
    fn locate(&self, base: u64, rows: &[Lane; 64], tally: &mut Tally) {
        let Signature { width_b, signed, .. } = self.signature;
        let greatest = tally.greatest();
        let distance = |index: u64| {
            let lane = (index - base) as usize;
            let result = value(rows[lane % 64][lane / 64], self.signature.width_out(), signed);
            (result - exact(self.signature, index)).abs()
        };
        let index =
            (base..base + LANES).find(|&index| distance(index) == greatest).expect("it was seen here");
        let (a, b) = (index >> width_b, index & crate::bits::mask(width_b));
        tally.worst = Some((greatest as u64, [self.signature.value_a(a), self.signature.value_b(b)]));
    }
}

/// The value of a code; every width here is below 64.
#[inline(always)]
fn value(code: u64, width: u32, signed: bool) -> i64 {
    let unused = 64 - width;
    if signed { (code << unused) as i64 >> unused } else { code as i64 }
}

#[inline(always)]
fn exact(signature: Signature, index: u64) -> i64 {
    let Signature { operation, width_a, width_b, signed } = signature;
    let (a, b) =
        (value(index >> width_b, width_a, signed), value(index & ((1 << width_b) - 1), width_b, signed));
    match operation {
        Operation::Add => a + b,
        Operation::Mul => a * b,
    }
}

/// Sums and extremes per word of lanes.
struct Tally {
    wrong: Each<u64>,
    distance: Each<u64>,
    error: Each<i64>,
    square: Each<f64>,
    largest: Each<i64>,
    greatest: Each<i64>,
    error_range: [Each<i64>; 2],
    nonzero: Each<u64>,
    zero_errors: Each<u64>,
    zero_distance: Each<u64>,
    relative: Each<f64>,
    signed_relative: Each<f64>,
    square_relative: Each<f64>,
    relative_range: [Each<f64>; 2],
    worst: Option<(u64, [i64; 2])>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            wrong: [0; WORDS],
            distance: [0; WORDS],
            error: [0; WORDS],
            square: [0.0; WORDS],
            largest: [0; WORDS],
            greatest: [0; WORDS],
            error_range: [[i64::MAX; WORDS], [i64::MIN; WORDS]],
            nonzero: [0; WORDS],
            zero_errors: [0; WORDS],
            zero_distance: [0; WORDS],
            relative: [0.0; WORDS],
            signed_relative: [0.0; WORDS],
            square_relative: [0.0; WORDS],
            relative_range: [[f64::INFINITY; WORDS], [f64::NEG_INFINITY; WORDS]],
            worst: None,
        }
    }
}

impl Tally {
    #[inline(always)]
    fn add(&mut self, word: usize, error: i64, exact: i64) {
        let (distance, magnitude, zero) = (error.abs(), exact.abs(), exact == 0);
        self.wrong[word] += u64::from(error != 0);
        self.distance[word] += distance as u64;
        self.error[word] += error;
        self.square[word] += distance as f64 * distance as f64;
        self.largest[word] = self.largest[word].max(magnitude);
        self.greatest[word] = self.greatest[word].max(distance);
        self.error_range[0][word] = self.error_range[0][word].min(error);
        self.error_range[1][word] = self.error_range[1][word].max(error);
        self.nonzero[word] += u64::from(!zero);
        self.zero_errors[word] += u64::from(zero && error != 0);
        self.zero_distance[word] += if zero { distance as u64 } else { 0 };
        let relative = if zero { 0.0 } else { error as f64 / magnitude.max(1) as f64 };
        self.relative[word] += relative.abs();
        self.signed_relative[word] += relative;
        self.square_relative[word] += relative * relative;
        let [least, greatest] = [self.relative_range[0][word], self.relative_range[1][word]];
        self.relative_range[0][word] = if !zero && relative < least { relative } else { least };
        self.relative_range[1][word] = if !zero && relative > greatest { relative } else { greatest };
    }

    #[inline(always)]
    fn greatest(&self) -> i64 {
        self.greatest.iter().copied().fold(0, i64::max)
    }

    fn sums(&self, pairs: u64) -> Sums {
        let total = |each: &Each<u64>| each.iter().sum::<u64>();
        let float = |each: &Each<f64>| each.iter().sum::<f64>();
        Sums {
            pairs,
            wrong: total(&self.wrong),
            distance: total(&self.distance).into(),
            square: float(&self.square),
            error: self.error.iter().sum::<i64>().into(),
            largest: self.largest.iter().copied().fold(0, i64::max) as u64,
            nonzero: total(&self.nonzero),
            zero_errors: total(&self.zero_errors),
            zero_distance: total(&self.zero_distance).into(),
            relative: float(&self.relative),
            signed_relative: float(&self.signed_relative),
            square_relative: float(&self.square_relative),
            relative_range: [
                self.relative_range[0].iter().copied().fold(f64::INFINITY, f64::min),
                self.relative_range[1].iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ],
            error_range: [
                self.error_range[0].iter().copied().fold(i64::MAX, i64::min),
                self.error_range[1].iter().copied().fold(i64::MIN, i64::max),
            ],
            worst: self.worst,
        }
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
                        compare(&format!("{}{width}{sign}_{}", family.operation, family.suffix(&values)));
                    }
                }
            }
        }
    }

    #[test]
    fn wide_operands_too() {
        for id in ["mul10s_drum_k4", "mul11u_mitchell", "add10s_loa_k5", "add11u_gear_r2_p2"] {
            compare(id);
        }
    }
}

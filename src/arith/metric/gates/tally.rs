//! Sums and extremes of many pairs at a time, in floating point: errors are whole numbers below 2^33 and the pairs of
//! a task few, so that sums of errors and distances are exact.

use super::{HALVES, Row};
use crate::arith::metric::Sums;

/// Figures that are added up next to one another: one vector register each.
const LANES: usize = 8;

type Each = [f64; LANES];

pub(super) struct Tally {
    wrong: Each,
    distance: Each,
    error: Each,
    square: Each,
    error_range: [Each; 2],
    relative: Each,
    signed_relative: Each,
    square_relative: Each,
    relative_range: [Each; 2],
    /// At most 32 bits a row and 2^11 rows a task.
    hamming: [u32; HALVES],
    zeros: u64,
    zero_errors: u64,
    zero_distance: f64,
    zero_worst: f64,
    pub(super) worst: Option<(u64, [i64; 2])>,
}

impl Default for Tally {
    fn default() -> Self {
        let (zero, range) = ([0.0; LANES], [[f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]]);
        Self {
            wrong: zero,
            distance: zero,
            error: zero,
            square: zero,
            error_range: range,
            relative: zero,
            signed_relative: zero,
            square_relative: zero,
            relative_range: range,
            hamming: [0; HALVES],
            zeros: 0,
            zero_errors: 0,
            zero_distance: 0.0,
            zero_worst: 0.0,
            worst: None,
        }
    }
}

impl Tally {
    /// A row of results, what they should be, and the inverse magnitudes of that (0 for 0).
    ///
    /// Without `ZEROS` no result here should be 0.
    #[inline(always)]
    pub(super) fn add<const ZEROS: bool>(&mut self, values: &Row, exact: &Row, inverse: &Row) {
        for part in (0..HALVES).step_by(LANES) {
            for lane in 0..LANES {
                let (value, exact) = (values[part + lane], exact[part + lane]);
                let error = value - exact;
                let distance = error.abs();
                self.wrong[lane] += if error != 0.0 { 1.0 } else { 0.0 };
                self.distance[lane] += distance;
                self.error[lane] += error;
                self.square[lane] += error * error;
                self.error_range[0][lane] = lesser(error, self.error_range[0][lane]);
                self.error_range[1][lane] = greater(error, self.error_range[1][lane]);
                let relative = error * inverse[part + lane];
                self.relative[lane] += relative.abs();
                self.signed_relative[lane] += relative;
                self.square_relative[lane] += relative * relative;
                let here = !ZEROS || exact != 0.0;
                let [least, greatest] = [self.relative_range[0][lane], self.relative_range[1][lane]];
                self.relative_range[0][lane] = if here && relative < least { relative } else { least };
                self.relative_range[1][lane] = if here && relative > greatest { relative } else { greatest };
            }
        }
    }

    /// Bits that differ between the codes of a row and those of the exact results.
    #[inline(always)]
    pub(super) fn add_codes(&mut self, codes: &[u32; HALVES], exact: &[u32; HALVES], mask: u32) {
        for half in 0..HALVES {
            self.hamming[half] += ((codes[half] ^ exact[half]) & mask).count_ones();
        }
    }

    /// A result that should be 0.
    pub(super) fn add_zero(&mut self, value: f64) {
        self.zeros += 1;
        self.zero_errors += u64::from(value != 0.0);
        self.zero_distance += value.abs();
        self.zero_worst = self.zero_worst.max(value.abs());
    }

    /// The greatest distance so far.
    #[inline(always)]
    pub(super) fn greatest(&self) -> f64 {
        let [least, greatest] = self.extremes();
        greatest.max(-least)
    }

    #[inline(always)]
    fn extremes(&self) -> [f64; 2] {
        range(&self.error_range)
    }

    /// As sums over that many pairs, the largest exact magnitude of all pairs given.
    pub(super) fn sums(&self, pairs: u64, largest: u64) -> Sums {
        let total = |each: &Each| each.iter().sum::<f64>();
        Sums {
            mask: u64::MAX,
            pairs,
            wrong: total(&self.wrong) as u64,
            distance: total(&self.distance) as u128,
            square: total(&self.square),
            error: total(&self.error) as i128,
            largest,
            nonzero: pairs - self.zeros,
            zero_errors: self.zero_errors,
            zero_distance: self.zero_distance as u128,
            zero_worst: self.zero_worst as u64,
            hamming: self.hamming.iter().map(|count| u64::from(*count)).sum(),
            relative: total(&self.relative),
            signed_relative: total(&self.signed_relative),
            square_relative: total(&self.square_relative),
            relative_range: range(&self.relative_range),
            error_range: self.extremes().map(|error| error as i64),
            worst: self.worst.filter(|(distance, _)| *distance > 0),
        }
    }
}

#[inline(always)]
fn range(range: &[Each; 2]) -> [f64; 2] {
    let least = range[0].iter().copied().fold(f64::INFINITY, lesser);
    [least, range[1].iter().copied().fold(f64::NEG_INFINITY, greater)]
}

/// As one instruction has it: no case for what is no number.
#[inline(always)]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

//! Error metrics: how far results are from the exact ones, over all operand pairs.
//!
//! Every pair counts equally. Relative errors skip pairs whose exact result is 0, or where the name says so divide
//! by 1 there; `nmed` divides by the largest exact magnitude; what is undefined is null.

pub mod convention;
mod formal;
mod gates;
mod histogram;
pub mod operands;
mod walk;

pub use formal::{Formal, formal};
pub use histogram::{Accumulated, Histogram, Histograms, Intervals, histograms};

use rayon::prelude::*;
use serde::Serialize;

use super::Design;
use crate::table::{Signature, Table};

/// Error metrics in the field's terms; rates and relative errors are fractions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metrics {
    /// Share of pairs with a wrong result (ER, EP).
    pub error_rate: f64,
    /// Mean error distance |approximate − exact| (MAE).
    pub med: f64,
    /// `med` over the largest exact magnitude.
    pub nmed: Option<f64>,
    /// Mean relative error distance over pairs whose exact result is not 0 (MRE).
    pub mred: Option<f64>,
    /// Mean squared error.
    pub mse: f64,
    /// Worst error distance.
    pub wce: u64,
    /// Worst relative error distance over pairs whose exact result is not 0.
    pub wcre: Option<f64>,
    /// Mean signed error.
    pub bias: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Variance of the signed error: `mse` less the square of `bias`.
    pub variance: f64,
    /// Least and greatest signed error.
    pub error_range: [i64; 2],
    /// Mean relative error distance over all pairs, an exact result of 0 counted as 1.
    pub mred_one: f64,
    /// Worst relative error distance over all pairs, an exact result of 0 counted as 1.
    pub wcre_one: f64,
    /// The signed error over the magnitude of the exact result, over pairs where that is not 0.
    pub relative: Option<Relative>,
    /// Mean number of result bits that differ from those of the exact result (Hamming distance).
    pub hamming: f64,
    /// Pairs whose exact result is 0 and whose result is not.
    pub zero_errors: u64,
    /// Pairs that were looked at.
    pub pairs: u64,
    /// The first operands that reach `wce`; absent for an exact design.
    pub worst: Option<[i64; 2]>,
}

/// Signed relative errors: (approximate − exact) / |exact|.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Relative {
    /// Mean.
    pub mean: f64,
    /// Standard deviation over all pairs, not of a sample.
    pub deviation: f64,
    /// Least.
    pub least: f64,
    /// Greatest.
    pub greatest: f64,
}

/// Sums over pairs, in integers where they fit: squares (exact up to 8×8 bits) and relative errors are floating.
struct Sums {
    /// The bits of a result.
    mask: u64,
    pairs: u64,
    wrong: u64,
    distance: u128,
    square: f64,
    error: i128,
    largest: u64,
    nonzero: u64,
    zero_errors: u64,
    zero_distance: u128,
    zero_worst: u64,
    hamming: u64,
    relative: f64,
    signed_relative: f64,
    square_relative: f64,
    relative_range: [f64; 2],
    error_range: [i64; 2],
    worst: Option<(u64, [i64; 2])>,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            mask: u64::MAX,
            pairs: 0,
            wrong: 0,
            distance: 0,
            square: 0.0,
            error: 0,
            largest: 0,
            nonzero: 0,
            zero_errors: 0,
            zero_distance: 0,
            zero_worst: 0,
            hamming: 0,
            relative: 0.0,
            signed_relative: 0.0,
            square_relative: 0.0,
            relative_range: [f64::INFINITY, f64::NEG_INFINITY],
            error_range: [i64::MAX, i64::MIN],
            worst: None,
        }
    }
}

impl Sums {
    /// No pairs yet; results of `width` bits.
    fn of(width: u32) -> Self {
        Self { mask: crate::bits::mask(width), ..Self::default() }
    }

    fn add(&mut self, signature: Signature, [a, b]: [i64; 2], result: i64) {
        let exact = signature.exact(a, b);
        let error = signature.number(result) - exact;
        // Both fit: no result has more than 64 bits.
        let (distance, magnitude) = (error.unsigned_abs() as u64, exact.unsigned_abs() as u64);
        self.pairs += 1;
        self.largest = self.largest.max(magnitude);
        if exact != 0 {
            self.nonzero += 1;
        }
        // An error beyond 63 bits, as only a product of unsigned 32-bit operands has it, saturates.
        let signed = error.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        self.error_range = joined(self.error_range, [signed; 2], i64::min, i64::max);
        let relative = if exact == 0 { 0.0 } else { distance as f64 / magnitude as f64 };
        let signed_relative = if error < 0 { -relative } else { relative };
        if exact != 0 {
            self.relative_range = joined(self.relative_range, [signed_relative; 2], f64::min, f64::max);
        }
        if error == 0 {
            return;
        }
        self.wrong += 1;
        self.distance += u128::from(distance);
        self.square += distance as f64 * distance as f64;
        self.error += error;
        if exact == 0 {
            self.zero_errors += 1;
            self.zero_distance += u128::from(distance);
            self.zero_worst = self.zero_worst.max(distance);
        }
        let codes = (signature.number(result) ^ exact) as u64 & self.mask;
        self.hamming += u64::from(codes.count_ones());
        self.relative += relative;
        self.signed_relative += signed_relative;
        self.square_relative += relative * relative;
        if self.worst.is_none_or(|(known, _)| distance > known) {
            self.worst = Some((distance, [a, b]));
        }
    }

    /// With pairs of codes and their results.
    fn over(mut self, signature: Signature, results: impl Iterator<Item = ((u64, u64), i64)>) -> Self {
        for ((a, b), result) in results {
            self.add(signature, [signature.value_a(a), signature.value_b(b)], result);
        }
        self
    }

    /// The sums over these pairs and later ones.
    fn with(mut self, later: Self) -> Self {
        self.error_range = joined(self.error_range, later.error_range, i64::min, i64::max);
        self.relative_range = joined(self.relative_range, later.relative_range, f64::min, f64::max);
        self.zero_errors += later.zero_errors;
        self.zero_distance += later.zero_distance;
        self.zero_worst = self.zero_worst.max(later.zero_worst);
        self.hamming += later.hamming;
        self.signed_relative += later.signed_relative;
        self.square_relative += later.square_relative;
        self.pairs += later.pairs;
        self.wrong += later.wrong;
        self.distance += later.distance;
        self.square += later.square;
        self.error += later.error;
        self.largest = self.largest.max(later.largest);
        self.nonzero += later.nonzero;
        self.relative += later.relative;
        let worst = self.worst.is_none_or(|(known, _)| later.worst.is_some_and(|(worst, _)| worst > known));
        if worst {
            self.worst = later.worst;
        }
        self
    }

    fn metrics(self) -> Metrics {
        let pairs = self.pairs as f64;
        let med = self.distance as f64 / pairs;
        let (mse, bias) = (self.square / pairs, self.error as f64 / pairs);
        let relative = self.signed_relatives();
        let worst_relative = |relative: Relative| relative.greatest.max(-relative.least);
        Metrics {
            error_rate: self.wrong as f64 / pairs,
            med,
            nmed: (self.largest > 0).then(|| med / self.largest as f64),
            mred: (self.nonzero > 0).then(|| self.relative / self.nonzero as f64),
            mse,
            wce: self.worst.map_or(0, |(distance, _)| distance),
            wcre: relative.map(worst_relative),
            bias,
            rmse: mse.sqrt(),
            variance: mse - bias * bias,
            error_range: self.error_range,
            mred_one: (self.relative + self.zero_distance as f64) / pairs,
            wcre_one: relative.map_or(0.0, worst_relative).max(self.zero_worst as f64),
            relative,
            hamming: self.hamming as f64 / pairs,
            zero_errors: self.zero_errors,
            pairs: self.pairs,
            worst: self.worst.map(|(_, operands)| operands),
        }
    }

    fn signed_relatives(&self) -> Option<Relative> {
        let count = self.nonzero as f64;
        let [least, greatest] = self.relative_range;
        let mean = self.signed_relative / count;
        let deviation = (self.square_relative / count - mean * mean).max(0.0).sqrt();
        (self.nonzero > 0).then_some(Relative { mean, deviation, least, greatest })
    }
}

/// Metrics on random pairs, from the gates: many pairs at once, whether a design has a function of its own or not.
pub(super) fn sampled(design: &dyn Design) -> Metrics {
    let (signature, width) = (design.signature(), design.width_out());
    let fits = |(a, b): (u64, u64)| {
        let exact = signature.exact(signature.value_a(a), signature.value_b(b));
        let code = exact as u64;
        width >= signature.width_out() || crate::bits::decode(code, width, signature.signed) == exact as i64
    };
    let mut sums = Sums::of(width);
    walk::walk(design, false, |(a, b), result| {
        if fits((a, b)) {
            sums.add(signature, [signature.value_a(a), signature.value_b(b)], result);
        }
    });
    sums.metrics()
}

/// The range that holds both.
fn joined<T: Copy>(range: [T; 2], other: [T; 2], least: fn(T, T) -> T, greatest: fn(T, T) -> T) -> [T; 2] {
    [least(range[0], other[0]), greatest(range[1], other[1])]
}

impl Metrics {
    /// Metrics of a complete function.
    ///
    /// ```
    /// use axsim::arith::{design, metric::Metrics, table};
    /// let metrics = Metrics::of(&table(&*design("mul8u_trunc_t4").unwrap()).unwrap());
    /// assert_eq!((metrics.wce, metrics.med), (49, 12.25));
    /// ```
    pub fn of(table: &Table) -> Self {
        Self::of_rows(table.signature(), table.width_out(), |a, b| i64::from(table.get(a, b)))
    }

    /// Metrics of a design of any width over all its operand pairs; they do not depend on the number of threads.
    ///
    /// Takes about 10 ns a pair: milliseconds at 2×8 bits, minutes at 2×16.
    ///
    /// ```
    /// use axsim::arith::{design, metric::Metrics, table};
    /// let design = design("mul6s_mitchell").unwrap();
    /// assert_eq!(Metrics::exhaustive(&*design), Metrics::of(&table(&*design).unwrap()));
    /// ```
    pub fn exhaustive(design: &dyn Design) -> Self {
        let signature = design.signature();
        Self::of_rows(signature, design.width_out(), |a, b| {
            design.eval(signature.value_a(a), signature.value_b(b))
        })
    }

    /// All pairs of codes, one row of equal `a` after the other, rows in parallel and summed in order.
    fn of_rows(signature: Signature, width_out: u32, result: impl Fn(u64, u64) -> i64 + Sync) -> Self {
        let row = |code_a: u64| {
            let (a, mut sums) = (signature.value_a(code_a), Sums::of(width_out));
            for code_b in 0..1u64 << signature.width_b {
                let b = signature.value_b(code_b);
                sums.add(signature, [a, b], result(code_a, code_b));
            }
            sums
        };
        let mut total = Sums::default();
        let (rows, block) = (1u64 << signature.width_a, 1u64 << 10);
        for first in (0..rows).step_by(block as usize) {
            let sums: Vec<Sums> = (first..rows.min(first + block)).into_par_iter().map(row).collect();
            total = sums.into_iter().fold(total, Sums::with);
        }
        total.metrics()
    }

    /// Metrics over all pairs whose exact result fits the design's own, as that of a sum which wraps may not.
    ///
    /// # Panics
    /// Above 20 operand bits.
    fn of_fitting(design: &dyn Design) -> Self {
        let signature = design.signature();
        let width = design.width_out();
        let fits = |code_a: u64, code_b: u64| {
            let exact = signature.exact(signature.value_a(code_a), signature.value_b(code_b)) as i64;
            crate::bits::decode(crate::bits::encode(exact, width), width, signature.signed) == exact
        };
        let results = design.netlist().eval_all();
        let pairs = results.into_iter().enumerate().map(|(at, code)| {
            let at = at as u64;
            let pair = (at >> signature.width_b, at & crate::bits::mask(signature.width_b));
            (pair, crate::bits::decode(code, width, signature.signed))
        });
        Sums::of(width).over(signature, pairs.filter(|((a, b), _)| fits(*a, *b))).metrics()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::imported::Imported;
    use crate::netlist::import::verilog;

    /// Where the result has no bit for the carry, pairs whose sum does not fit are left out: 3 · 4² + 4 of the 8² here.
    #[test]
    fn a_sum_that_wraps_is_judged_where_it_fits() {
        let text = "module add3s_cut(input [2:0] A, B, output [2:0] O);\n  assign O = {A[2:1] + B[2:1], 1'b0};\nendmodule\n";
        let metrics = Metrics::of_gates(&Imported::new(verilog::read(text, "").unwrap()).unwrap());
        let codes = (-4..4i64).flat_map(|a| (-4..4i64).map(move |b| (a, b)));
        let fitting: Vec<(i64, i64)> = codes.filter(|(a, b)| (-4..4).contains(&(a + b))).collect();
        let sum = |a: i64, b: i64| (2 * ((a >> 1) + (b >> 1)) + 4).rem_euclid(8) - 4;
        let error = |&(a, b): &(i64, i64)| sum(a, b) - (a + b);
        assert_eq!((metrics.pairs as usize, fitting.len()), (48, 48));
        assert_eq!(metrics.bias, fitting.iter().map(error).sum::<i64>() as f64 / 48.0);
        assert_eq!(metrics.wce, fitting.iter().map(|pair| error(pair).unsigned_abs()).max().unwrap());
    }
}

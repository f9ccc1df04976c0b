//! How errors are spread, and what they add up to.

use serde::Serialize;

use super::{Metrics, walk::walk};
use crate::arith::Design;

/// Equal bins.
const BINS: usize = 32;

/// Counts in equal bins from `from` on, each `width` wide.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histogram {
    /// The lower end of the first bin.
    pub from: f64,
    /// The width of a bin.
    pub width: f64,
    /// Pairs in each bin; an error on an edge belongs to the bin above it, the greatest to the last.
    pub counts: Vec<u64>,
}

impl Histogram {
    fn over(least: f64, greatest: f64, whole: bool) -> Self {
        let bins = if whole { (greatest - least + 1.0).min(BINS as f64) } else { BINS as f64 };
        let width = (greatest - least + f64::from(u8::from(whole))) / bins;
        let width = if whole { width.ceil() } else { width };
        // A single value is one bin.
        let (bins, width) = if width > 0.0 { (bins as usize, width) } else { (1, 1.0) };
        Self { from: least, width, counts: vec![0; bins] }
    }

    fn add(&mut self, value: f64) {
        let bin = ((value - self.from) / self.width) as usize;
        let last = self.counts.len() - 1;
        self.counts[bin.min(last)] += 1;
    }
}

/// The errors of a design by size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histograms {
    /// Signed errors, approximate − exact; bins of whole numbers.
    pub error: Histogram,
    /// Signed errors over the magnitude of the exact result, of pairs where that is not 0.
    pub relative: Option<Histogram>,
}

/// Histograms over the pairs that `metrics` are of: all of them, or the same random ones.
///
/// ```
/// use axsim::arith::{design, metric::{Metrics, histograms}};
/// let design = design("mul2u_kulkarni").unwrap();
/// let found = histograms(&*design, &Metrics::of_gates(&*design));
/// assert_eq!(found.error.counts, [1, 0, 15]);
/// ```
pub fn histograms(design: &dyn Design, metrics: &Metrics) -> Histograms {
    let signature = design.signature();
    let [least, greatest] = metrics.error_range.map(|error| error as f64);
    let mut error = Histogram::over(least, greatest, true);
    let mut relative =
        metrics.relative.map(|relative| Histogram::over(relative.least, relative.greatest, false));
    let all = u128::from(metrics.pairs) == 1 << signature.operand_bits();
    walk(design, all, |(a, b), result| {
        let exact = signature.exact(signature.value_a(a), signature.value_b(b));
        let distance = (signature.number(result) - exact) as f64;
        error.add(distance);
        if let Some(relative) = relative.as_mut().filter(|_| exact != 0) {
            relative.add(distance / exact.unsigned_abs() as f64);
        }
    });
    Histograms { error, relative }
}

/// The error of a sum of K results whose operands are drawn independently, added exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Accumulated {
    /// K.
    pub terms: u64,
    /// Mean signed error: K times that of one.
    pub bias: f64,
    /// Standard deviation of the signed error: √K times that of one.
    pub deviation: f64,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Bounds of the signed error: K times those of one.
    pub error_range: [f64; 2],
    /// Mean error distance if the error is normal, which it is for many terms: an approximation.
    pub med_if_normal: f64,
}

/// Bounds of figures that were sampled: 95 %, two-sided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Intervals {
    /// Of the error rate (Wilson's score).
    pub error_rate: [f64; 2],
    /// Of the mean error distance; here and below the central limit theorem.
    pub med: [f64; 2],
    /// Of the mean signed error.
    pub bias: [f64; 2],
    /// Of the mean relative error distance, taken over all samples.
    pub mred: Option<[f64; 2]>,
}

/// Standard deviations of a normal distribution that hold 95 %.
const TWO_SIDED: f64 = 1.959_963_984_540_054;

impl Metrics {
    /// How far the figures of a random sample may be from those of all pairs; what the sample did not see, such as a
    /// greater worst case, no interval tells.
    pub fn intervals(&self) -> Intervals {
        let pairs = self.pairs as f64;
        let around = |mean: f64, variance: f64| {
            let half = TWO_SIDED * (variance.max(0.0) / pairs).sqrt();
            [mean - half, mean + half]
        };
        let (share, square) = (self.error_rate, TWO_SIDED * TWO_SIDED / pairs);
        let half = (square * (share * (1.0 - share) + square / 4.0)).sqrt();
        let wilson = |side: f64| ((share + square / 2.0 + side * half) / (1.0 + square)).clamp(0.0, 1.0);
        let mred = self.mred.zip(self.relative).map(|(mred, relative)| {
            let squares = relative.mean * relative.mean + relative.deviation * relative.deviation;
            around(mred, squares - mred * mred)
        });
        Intervals {
            error_rate: [wilson(-1.0), wilson(1.0)],
            med: around(self.med, self.mse - self.med * self.med),
            bias: around(self.bias, self.variance),
            mred,
        }
    }

    /// The error of a dot product of `terms` products, or of a chain of sums: exact but for `med_if_normal`.
    pub fn accumulated(&self, terms: u64) -> Accumulated {
        let count = terms as f64;
        let (bias, deviation) = (count * self.bias, (count * self.variance.max(0.0)).sqrt());
        // The mean of |x| of a normal x (the folded normal distribution).
        let spread = deviation * (2.0 / std::f64::consts::PI).sqrt();
        let ratio = if deviation > 0.0 { bias / deviation } else { f64::INFINITY };
        let med = if deviation > 0.0 {
            spread * (-ratio * ratio / 2.0).exp() + bias * libm::erf(ratio / std::f64::consts::SQRT_2)
        } else {
            bias.abs()
        };
        Accumulated {
            terms,
            bias,
            deviation,
            rmse: bias.hypot(deviation),
            error_range: self.error_range.map(|error| count * error as f64),
            med_if_normal: med,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::design;
    use crate::rng::Stream;

    #[test]
    fn histograms_hold_every_pair_and_the_extremes() {
        for id in ["mul6s_drum_k3", "add6u_loa_k4", "mul6u_exact", "mul13u_mitchell"] {
            let design = design(id).unwrap();
            let metrics = if id == "mul13u_mitchell" {
                super::super::sampled(&*design)
            } else {
                Metrics::of_gates(&*design)
            };
            let Histograms { error, relative } = histograms(&*design, &metrics);
            assert_eq!(error.counts.iter().sum::<u64>(), metrics.pairs, "{id}");
            assert!(relative.unwrap().counts.iter().sum::<u64>() < metrics.pairs || id.starts_with("add"));
            assert!(error.counts[0] > 0 && error.from == metrics.error_range[0] as f64, "{id}");
            let end = error.from + error.width * error.counts.len() as f64;
            assert!(end > metrics.error_range[1] as f64 && error.counts.len() <= BINS, "{id}: {error:?}");
        }
    }

    /// Exhaustive figures lie within the bounds of a sample, which are narrow.
    #[test]
    fn intervals_hold_the_figures_of_all_pairs() {
        for id in ["mul11u_drum_k4", "add11u_loa_k6", "mul10s_mitchell"] {
            let design = design(id).unwrap();
            let (all, some) = (Metrics::of_gates(&*design), super::super::sampled(&*design));
            let bounds = some.intervals();
            for (name, [low, high], value) in [
                ("error rate", bounds.error_rate, all.error_rate),
                ("med", bounds.med, all.med),
                ("bias", bounds.bias, all.bias),
                ("mred", bounds.mred.unwrap(), all.mred.unwrap()),
            ] {
                // Five seeds in a hundred may miss; twice the width does not.
                let slack = (high - low) / 2.0;
                assert!(low - slack <= value && value <= high + slack, "{id} {name}: {low} {value} {high}");
                assert!(high - low <= 0.01 * value.abs().max(some.med), "{id} {name}");
            }
        }
    }

    /// 20,000 sums of 64 products of random operands, against the closed form.
    #[test]
    fn sums_of_products_err_as_the_closed_form_says() {
        for id in ["mul8u_trunc_t6", "mul8s_drum_k3", "mul8u_mitchell"] {
            let design = design(id).unwrap();
            let (signature, table) = (design.signature(), crate::arith::table(&*design).unwrap());
            let expected = Metrics::of(&table).accumulated(64);
            let mut stream = Stream::new(1, "test.accumulated", 0);
            let mut term = || {
                let (a, b) = (stream.below(256), stream.below(256));
                let exact = signature.exact(signature.value_a(a), signature.value_b(b)) as f64;
                f64::from(table.get(a, b)) - exact
            };
            const SUMS: usize = 20_000;
            let sums: Vec<f64> = (0..SUMS).map(|_| (0..64).map(|_| term()).sum()).collect();
            let mean = |of: &dyn Fn(f64) -> f64| sums.iter().map(|sum| of(*sum)).sum::<f64>() / SUMS as f64;
            let scale = expected.rmse;
            assert!((mean(&|sum| sum) - expected.bias).abs() < 0.03 * scale, "{id}: {expected:?}");
            assert!((mean(&|sum| sum * sum).sqrt() - expected.rmse).abs() < 0.03 * scale, "{id}");
            assert!((mean(&f64::abs) - expected.med_if_normal).abs() < 0.03 * scale, "{id}");
        }
    }
}

//! Intervals of figures that are no shares: Student's t for means, the bootstrap for everything else.

use super::{Delta, ONE_SIDED, TWO_SIDED};
use crate::rng::Stream;
use crate::workload::score::Metric;

/// How often samples are drawn anew.
const DRAWS: u64 = 1000;
/// The stream that draws them.
const STREAM: &str = "run.bootstrap";

/// A statistic of samples and of what was drawn from them with replacement.
pub struct Bootstrap {
    value: f64,
    samples: usize,
    /// In ascending order.
    drawn: Vec<f64>,
}

impl Bootstrap {
    /// Draws samples anew; `statistic` takes how often each one counts.
    ///
    /// # Source
    /// B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 1979.
    pub fn of(seed: u64, samples: usize, statistic: &dyn Fn(&[f64]) -> f64) -> Self {
        let draw = |at: u64| {
            let mut stream = Stream::new(seed, STREAM, at);
            let mut weights = vec![0.0; samples];
            (0..samples).for_each(|_| weights[stream.below(samples as u64) as usize] += 1.0);
            statistic(&weights)
        };
        let mut drawn: Vec<f64> = (0..DRAWS).map(draw).collect();
        drawn.sort_by(f64::total_cmp);
        Self { value: statistic(&vec![1.0; samples]), samples, drawn }
    }

    /// The value below which this share of the draws lies.
    fn quantile(&self, share: f64) -> f64 {
        let at = share * (self.drawn.len() - 1) as f64;
        let (low, high) = (self.drawn[at.floor() as usize], self.drawn[at.ceil() as usize]);
        low + (high - low) * at.fract()
    }

    /// The two-sided 95 % interval: percentiles of the draws.
    pub fn interval(&self) -> [f64; 2] {
        [self.quantile(0.025), self.quantile(0.975)]
    }

    /// The statistic as a difference of two scores.
    pub fn delta(&self, metric: Metric) -> Delta {
        let drop_upper95 = if metric.less_is_better() { self.quantile(0.95) } else { -self.quantile(0.05) };
        let mean = self.drawn.iter().sum::<f64>() / self.drawn.len() as f64;
        let spread = self.drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / self.drawn.len() as f64;
        Delta {
            value: self.value,
            ci95: self.interval(),
            drop_upper95,
            method: format!("paired, percentile bootstrap over samples ({DRAWS} draws of stream {STREAM})"),
            agreement: None,
            variance: spread * self.samples as f64,
        }
    }
}

/// The mean, its standard error and the variance of one value.
fn moments(values: &[f64]) -> [f64; 3] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    // Of one value nothing is known about the spread.
    let variance = if values.len() > 1 { squares / (n - 1.0) } else { f64::INFINITY };
    [mean, (variance / n).sqrt(), variance]
}

/// The two-sided 95 % interval of a mean, by Student's t.
pub fn mean_interval(values: &[f64]) -> [f64; 2] {
    let [mean, error, _] = moments(values);
    let half = student(TWO_SIDED, values.len().saturating_sub(1)) * error;
    [mean - half, mean + half]
}

/// The mean of paired differences, with Student's interval.
///
/// # Source
/// Student, The probable error of a mean, Biometrika 1908.
pub fn paired_mean(metric: Metric, differences: &[f64]) -> Delta {
    let [value, error, variance] = moments(differences);
    let freedom = differences.len().saturating_sub(1);
    let half = student(TWO_SIDED, freedom) * error;
    Delta {
        value,
        ci95: [value - half, value + half],
        drop_upper95: student(ONE_SIDED, freedom) * error - metric.merit(value),
        method: "paired, Student's t interval over samples".into(),
        agreement: None,
        variance,
    }
}

/// Student's quantile at the level of a normal one, so many degrees of freedom.
///
/// # Source
/// Closed forms for one and two; above, M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 26.7.5.
fn student(normal: f64, freedom: usize) -> f64 {
    let level = if normal == TWO_SIDED { 0.975 } else { 0.95 };
    let tail: f64 = 1.0 - level;
    let (z, n) = (normal, freedom as f64);
    match freedom {
        0 => f64::INFINITY,
        1 => (std::f64::consts::PI * (level - 0.5)).tan(),
        2 => (2.0 * level - 1.0) / (2.0 * level * tail).sqrt(),
        _ => {
            let terms = [
                (z.powi(3) + z) / 4.0,
                (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
                (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
                (79.0 * z.powi(9) + 776.0 * z.powi(7) + 1482.0 * z.powi(5) - 1920.0 * z.powi(3) - 945.0 * z)
                    / 92_160.0,
            ];
            z + terms.iter().zip(1..).map(|(term, power)| term / n.powi(power)).sum::<f64>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_quantiles_are_those_of_tables() {
        // Two-sided 95 % and one-sided 95 % of standard tables, to three digits.
        let table = [
            (1, 12.706, 6.314),
            (2, 4.303, 2.920),
            (3, 3.182, 2.353),
            (4, 2.776, 2.132),
            (10, 2.228, 1.812),
            (100, 1.984, 1.660),
        ];
        for (freedom, two, one) in table {
            let found = [student(TWO_SIDED, freedom), student(ONE_SIDED, freedom)];
            assert!((found[0] - two).abs() < 4e-3 && (found[1] - one).abs() < 4e-3, "{freedom}: {found:?}");
        }
        assert_eq!(mean_interval(&[1.0]), [f64::NEG_INFINITY, f64::INFINITY]);
    }

    #[test]
    fn the_bootstrap_of_a_mean_is_near_to_students_interval() {
        let values: Vec<f64> = (0..200).map(|at| f64::from(at * 37 % 101)).collect();
        let mean = |weights: &[f64]| {
            values.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>() / 200.0
        };
        let bootstrap = Bootstrap::of(5, 200, &mean);
        let (drawn, expected) = (bootstrap.interval(), mean_interval(&values));
        let width = expected[1] - expected[0];
        assert!(
            drawn.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.1 * width),
            "{drawn:?} {expected:?}"
        );
        let delta = bootstrap.delta(Metric::Mse);
        assert!((delta.variance / moments(&values)[2] - 1.0).abs() < 0.15);
        assert!(delta.drop_upper95 > delta.value && bootstrap.delta(Metric::Psnr).drop_upper95 < -drawn[0]);
    }

    #[test]
    fn a_loss_is_a_rise_where_less_is_better() {
        let rising = paired_mean(Metric::Mse, &[1.0, 2.0, 3.0, 2.0]);
        let falling = paired_mean(Metric::Psnr, &[-1.0, -2.0, -3.0, -2.0]);
        assert_eq!(rising.drop_upper95, falling.drop_upper95);
        assert!(rising.drop_upper95 > 2.0);
    }
}

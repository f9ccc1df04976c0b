//! Intervals: how sure a score and a difference of scores are.

use serde::{Deserialize, Serialize};

use crate::workload::score::Metric;

mod resample;

pub use resample::{Bootstrap, mean_interval, paired_mean};

/// Two-sided 95 % normal quantile; also the one-sided 97.5 % one.
pub const TWO_SIDED: f64 = 1.959_963_984_540_054;
/// One-sided 95 % normal quantile.
pub const ONE_SIDED: f64 = 1.644_853_626_951_472_2;

/// Wilson's score interval of a share.
///
/// # Source
/// E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 1927.
pub fn wilson(hits: f64, samples: f64) -> [f64; 2] {
    let z2 = TWO_SIDED * TWO_SIDED;
    let share = hits / samples;
    let centre = share + z2 / (2.0 * samples);
    let half = TWO_SIDED * (share * (1.0 - share) / samples + z2 / (4.0 * samples * samples)).sqrt();
    let scale = 1.0 + z2 / samples;
    [((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0)]
}

/// A difference of two scores on the same samples: approximate minus exact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// The mean difference, in the units of the score; whether more is a loss is up to that.
    pub value: f64,
    /// Its two-sided 95 % interval.
    pub ci95: [f64; 2],
    /// Upper end of the one-sided 95 % interval of the *drop*: the loss, of whatever is better when there is more or less of it.
    pub drop_upper95: f64,
    /// Name of the interval's method.
    pub method: String,
    /// F1 of detections against those of the exact run, at an overlap of one half; absent for other scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<f64>,
    /// Variance of one sample's difference; with it one can say how many samples would decide.
    #[serde(skip)]
    pub variance: f64,
}

impl Delta {
    /// The same where both answer alike by construction: they differ by nothing, which no sample has to show.
    #[must_use]
    pub fn of_same_answers(self) -> Self {
        let method = "none: the same answers by construction".into();
        Self { value: 0.0, ci95: [0.0; 2], drop_upper95: 0.0, method, variance: 0.0, ..self }
    }
}

/// Counts of one paired comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pairs {
    /// Right with the approximation only.
    pub gained: usize,
    /// Right without the approximation only.
    pub lost: usize,
    /// All samples.
    pub samples: usize,
}

impl Pairs {
    /// Counts two lists of right answers.
    ///
    /// # Panics
    /// When the lists differ in length.
    pub fn count(exact: &[bool], approximate: &[bool]) -> Self {
        assert_eq!(exact.len(), approximate.len(), "paired answers are on the same samples");
        let count = |was: bool, is: bool| exact.iter().zip(approximate).filter(|p| *p == (&was, &is)).count();
        Self { gained: count(false, true), lost: count(true, false), samples: exact.len() }
    }

    /// The difference with Tango's score interval, which stays honest when few answers differ.
    ///
    /// # Source
    /// T. Tango, Equivalence test and confidence interval for the difference in proportions for the
    /// paired-sample design, Statistics in Medicine 1998, eqs. 5 to 9.
    pub fn delta(self) -> Delta {
        let (n, gained, lost) = (self.samples as f64, self.gained as f64, self.lost as f64);
        let value = (gained - lost) / n;
        let lower = self.bound(TWO_SIDED, -1.0, value);
        let upper = self.bound(TWO_SIDED, 1.0, value);
        let variance = (gained + lost) / n - value * value;
        let drop_upper95 = -self.bound(ONE_SIDED, -1.0, value);
        Delta {
            value,
            ci95: [lower, upper],
            drop_upper95,
            method: "paired, Tango score interval".into(),
            agreement: None,
            variance,
        }
    }

    /// The difference towards `side` at which the score statistic reaches `quantile`, by bisection.
    fn bound(self, quantile: f64, side: f64, value: f64) -> f64 {
        let (mut inside, mut outside) = (value, side);
        for _ in 0..60 {
            let middle = 0.5 * (inside + outside);
            if self.statistic(middle).abs() < quantile { inside = middle } else { outside = middle }
        }
        0.5 * (inside + outside)
    }

    fn statistic(self, delta: f64) -> f64 {
        let (n, b, c) = (self.samples as f64, self.gained as f64, self.lost as f64);
        let (qa, qb, qc) = (2.0 * n, -b - c + (2.0 * n - b + c) * delta, -c * delta * (1.0 - delta));
        let share = ((qb * qb - 4.0 * qa * qc).max(0.0).sqrt() - qb) / (2.0 * qa);
        let variance = n * (2.0 * share + delta * (1.0 - delta));
        let distance = b - c - n * delta;
        if variance <= 0.0 {
            if distance == 0.0 { 0.0 } else { f64::INFINITY }
        } else {
            distance / variance.sqrt()
        }
    }
}

/// The difference when each sample was run under several fault maps: adjusted Wald interval over samples.
///
/// `differences` holds one value per sample, the mean over maps of (right with − right without). Two samples are added,
/// one gained and one lost, so that an interval does not shrink to nothing where no answer differs. With differences
/// of −1, 0 and 1 alone it is the interval of the source.
///
/// # Source
/// D. G. Bonett, R. M. Price, Adjusted Wald confidence interval for a difference of binomial proportions based on
/// paired data, Journal of Educational and Behavioral Statistics 2012.
pub fn mean_delta(differences: &[f64]) -> Delta {
    let n = differences.len() as f64;
    let sum: f64 = differences.iter().sum();
    let squares: f64 = differences.iter().map(|d| d * d).sum();
    let centre = sum / (n + 2.0);
    let variance = (squares + 2.0) / (n + 2.0) - centre * centre;
    let error = (variance / (n + 2.0)).sqrt();
    let value = sum / n;
    Delta {
        value,
        ci95: [centre - TWO_SIDED * error, centre + TWO_SIDED * error].map(|bound| bound.clamp(-1.0, 1.0)),
        drop_upper95: (ONE_SIDED * error - centre).min(1.0),
        method: "paired, adjusted Wald interval over samples of the mean over fault maps".into(),
        agreement: None,
        variance: squares / n - value * value,
    }
}

/// Whether a floor on the drop holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The one-sided 95 % upper bound of the drop is below the floor.
    Met,
    /// The drop itself is at or above the floor.
    NotMet,
    /// The drop is below the floor but its bound is not.
    Undecided {
        /// About how many samples would decide, the difference and its variance being as seen.
        samples_needed: u64,
    },
}

/// Judges a drop against the largest tolerated one, in the units of the score.
pub fn judge(metric: Metric, delta: &Delta, floor: f64) -> Verdict {
    let drop = -metric.merit(delta.value);
    if delta.drop_upper95 < floor {
        Verdict::Met
    } else if drop >= floor {
        Verdict::NotMet
    } else {
        let margin = floor - drop;
        let square = ONE_SIDED * ONE_SIDED;
        // Of answers that are right or wrong the bound is z² / (n + z²) even without any difference: so many are the least.
        let rare = if metric == Metric::Top1 { square } else { 0.0 };
        let least = rare * (1.0 - floor) / floor.max(f64::MIN_POSITIVE);
        let samples_needed = (square * delta.variance / (margin * margin)).max(least).ceil() as u64;
        Verdict::Undecided { samples_needed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 6e-4, "{found} is not {expected}");
    }

    #[test]
    fn wilson_matches_a_textbook_case() {
        // Newcombe 1998 (Statistics in Medicine 17:857), table I: 81 of 263 and 0 of 20, method 3.
        let [low, high] = wilson(81.0, 263.0);
        near(low, 0.2553);
        near(high, 0.3662);
        let [low, high] = wilson(0.0, 20.0);
        near(low, 0.0);
        near(high, 0.1611);
    }

    #[test]
    fn tango_bounds_solve_the_score_equation_and_contain_the_difference() {
        for (gained, lost, samples) in [(0, 0, 50), (1, 4, 30), (12, 2, 14), (0, 9, 1000), (30, 31, 200)] {
            let pairs = Pairs { gained, lost, samples };
            let delta = pairs.delta();
            assert!(delta.ci95[0] <= delta.value && delta.value <= delta.ci95[1]);
            for bound in delta.ci95.iter().filter(|bound| bound.abs() < 0.9999) {
                near(pairs.statistic(*bound).abs(), TWO_SIDED);
            }
            let swapped = Pairs { gained: lost, lost: gained, samples }.delta();
            near(swapped.ci95[0], -delta.ci95[1]);
        }
    }

    #[test]
    fn without_any_difference_the_interval_is_that_of_a_rare_event() {
        // With b = c = 0 the score bound is z² / (n + z²), Tango 1998, section 3.
        let delta = Pairs { gained: 0, lost: 0, samples: 100 }.delta();
        near(delta.ci95[1], TWO_SIDED.powi(2) / (100.0 + TWO_SIDED.powi(2)));
    }

    #[test]
    fn large_samples_agree_with_the_normal_interval() {
        let pairs = Pairs { gained: 300, lost: 500, samples: 20_000 };
        let one_per_sample: Vec<f64> = (0..20_000)
            .map(|i| {
                if i < 300 {
                    1.0
                } else if i < 800 {
                    -1.0
                } else {
                    0.0
                }
            })
            .collect();
        let (score, normal) = (pairs.delta(), mean_delta(&one_per_sample));
        near(score.ci95[0], normal.ci95[0]);
        near(score.drop_upper95, normal.drop_upper95);
    }

    #[test]
    fn a_floor_is_met_only_beyond_doubt() {
        let delta = |gained, lost, samples| Pairs { gained, lost, samples }.delta();
        assert_eq!(judge(Metric::Top1, &delta(0, 0, 1000), 0.01), Verdict::Met);
        assert_eq!(judge(Metric::Top1, &delta(0, 30, 1000), 0.01), Verdict::NotMet);
        let Verdict::Undecided { samples_needed } = judge(Metric::Top1, &delta(2, 9, 1000), 0.01) else {
            panic!()
        };
        assert!(samples_needed > 1000);
        let Verdict::Undecided { samples_needed } = judge(Metric::Top1, &delta(0, 0, 50), 0.01) else {
            panic!()
        };
        assert_eq!((samples_needed, judge(Metric::Top1, &delta(0, 0, 269), 0.01)), (268, Verdict::Met));
    }

    #[test]
    fn the_adjusted_interval_is_the_one_of_its_source_and_never_shrinks_to_nothing() {
        // Bonett and Price's formula on counts: gained 3, lost 12 of 100.
        let differences = [vec![1.0; 3], vec![-1.0; 12], vec![0.0; 85]].concat();
        let [gained, lost] = [(3.0 + 1.0) / 102.0, (12.0 + 1.0) / 102.0];
        let half = TWO_SIDED * ((gained + lost - (gained - lost) * (gained - lost)) / 102.0f64).sqrt();
        let delta = mean_delta(&differences);
        near(delta.ci95[0], gained - lost - half);
        near(delta.ci95[1], gained - lost + half);
        near(delta.value, -0.09);
        // Nothing differs on 20 samples: still unsure by more than a tenth.
        let nothing = mean_delta(&[0.0; 20]);
        assert!(nothing.ci95[0] < -0.1 && nothing.ci95[1] > 0.1 && nothing.drop_upper95 > 0.1, "{nothing:?}");
        // Close to Tango's interval on the same counts.
        let tango = Pairs { gained: 3, lost: 12, samples: 100 }.delta();
        assert!((delta.ci95[0] - tango.ci95[0]).abs() < 0.01 && (delta.ci95[1] - tango.ci95[1]).abs() < 0.01);
    }
}

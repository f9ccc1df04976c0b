//! The rival of an approximate multiplier: exact designs of fewer bits, compared at equal accuracy.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::outcome::Outcome;
use crate::workload::score::Metric;

/// An exact b-bit design beside the approximate multiplier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rival {
    /// Bits of weights and activations.
    pub bits: u32,
    /// The exact multiplier; of the two of a width one is left out that costs no less and scores no more than the other.
    pub multiplier: String,
    /// The exact design at that width, everything else as in the baseline.
    pub outcome: Outcome,
    /// Whether it costs no more energy and scores no less than the approximate multiplier alone, and is
    /// better in one of the two.
    pub dominates: bool,
}

impl Rival {
    /// An exact design beside the approximate multiplier, alone in the same system.
    pub fn of(exact: &Exact, outcome: Outcome, multiplier: Option<&Outcome>) -> Self {
        let dominates = multiplier.is_some_and(|design| beats(&outcome, design));
        Self { bits: exact.bits, multiplier: exact.multiplier.clone(), outcome, dominates }
    }

    /// Whether it costs no more energy and scores no less than some outcome, and is better in one of the two.
    pub fn beats(&self, other: &Outcome) -> bool {
        beats(&self.outcome, other)
    }
}

/// An exact multiplier by its width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exact {
    /// Bits of an operand.
    pub bits: u32,
    /// As a configuration names it.
    pub multiplier: String,
}

impl Exact {
    /// The two of a width: two's complement for symmetric codes, and magnitudes for codes with a zero point, which
    /// do not spend half of them on signs that activations after a ReLU never have.
    pub fn of_width(bits: u32) -> [Self; 2] {
        // The platform's own exact multiplier is named as the baseline names it where the two are one.
        let signed = if bits == 8 { "exact".into() } else { format!("mul{bits}s_bw") };
        [signed, format!("mul{bits}u_exact")].map(|multiplier| Self { bits, multiplier })
    }
}

/// Neighbouring rivals of one width without those that another of the width dominates or equals.
pub fn undominated(rivals: Vec<Rival>) -> Vec<Rival> {
    let stays = |width: &[Rival], at: usize| {
        let metric = width[at].outcome.score.metric;
        let costed: Vec<Costed> = width.iter().map(|rival| Costed::of(&rival.outcome)).collect();
        !is_beaten(metric, &costed, at)
    };
    let widths = rivals.chunk_by(|a, b| a.bits == b.bits);
    let left = |width: &[Rival]| {
        (0..width.len()).filter(|&at| stays(width, at)).map(|at| width[at].clone()).collect::<Vec<_>>()
    };
    widths.flat_map(left).collect()
}

/// Whether another design dominates one of several, or an earlier one equals it.
fn is_beaten(metric: Metric, designs: &[Costed], at: usize) -> bool {
    let beats = |(other, rival): (usize, &Costed)| {
        dominates(metric, rival, &designs[at]) || other < at && *rival == designs[at]
    };
    designs.iter().enumerate().any(beats)
}

/// What a design scores and costs, all else as in the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Costed {
    /// Score, shares as a fraction.
    pub score: f64,
    /// Energy of the whole system per sample, in joules.
    pub energy_j: f64,
    /// Energy of multiplying and accumulating alone, in joules.
    pub datapath_energy_j: f64,
}

impl Costed {
    /// The figures of an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        let (score, energy_j) = (outcome.score.value, outcome.energy_j.total);
        Self { score, energy_j, datapath_energy_j: outcome.datapath_energy_j }
    }
}

fn beats(rival: &Outcome, other: &Outcome) -> bool {
    dominates(rival.score.metric, &Costed::of(rival), &Costed::of(other))
}

fn dominates(metric: Metric, rival: &Costed, design: &Costed) -> bool {
    let [own, other] = [rival, design].map(|costed| metric.merit(costed.score));
    let no_worse = rival.energy_j <= design.energy_j && own >= other;
    no_worse && (rival.energy_j < design.energy_j || own > other)
}

/// What plain exact bits cost at the accuracy of an approximate multiplier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EqualAccuracy {
    /// The approximate multiplier as configured.
    pub multiplier: Value,
    /// What it scores and costs, alone in the exact system.
    pub approximate: Costed,
    /// Widths of which an exact design dominates it, widest first.
    pub dominated_by: Vec<u32>,
    /// The cheapest exact design that scores no less; absent where none does.
    pub plain: Option<Plain>,
    /// The same score on the straight line between two exact designs, the cheapest such line; absent where no two enclose it.
    pub interpolated: Option<Interpolated>,
}

/// An exact design and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plain {
    /// Bits of weights and activations.
    pub bits: u32,
    /// What it scores and costs.
    #[serde(flatten)]
    pub costed: Costed,
}

/// A cost between two widths, as no hardware has it: for comparison only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interpolated {
    /// Their widths, first that of the one that scores more.
    pub between: [u32; 2],
    /// What the same score costs there.
    #[serde(flatten)]
    pub costed: Costed,
}

impl EqualAccuracy {
    /// Compares a multiplier, alone in the exact system, with exact designs of any widths.
    pub fn of(multiplier: &Value, alone: &Outcome, rivals: &[Rival]) -> Self {
        let plain = rivals.iter().map(|rival| Plain { bits: rival.bits, costed: Costed::of(&rival.outcome) });
        compare((multiplier.clone(), alone.score.metric), Costed::of(alone), plain.collect())
    }
}

fn compare(
    (multiplier, metric): (Value, Metric),
    approximate: Costed,
    mut plain: Vec<Plain>,
) -> EqualAccuracy {
    plain.sort_by_key(|plain| std::cmp::Reverse(plain.bits));
    let cheapest = |a: &Costed, b: &Costed| a.energy_j.total_cmp(&b.energy_j);
    let dominating = plain.iter().filter(|plain| dominates(metric, &plain.costed, &approximate));
    let mut dominated_by: Vec<u32> = dominating.map(|plain| plain.bits).collect();
    dominated_by.dedup();
    // The lowest of all lines is the lower edge of the designs' convex hull.
    let pairs = plain.iter().flat_map(|wide| plain.iter().map(move |narrow| [wide, narrow]));
    let between = pairs.filter_map(|pair| interpolate(metric, pair, approximate.score));
    let interpolated = between.min_by(|a, b| cheapest(&a.costed, &b.costed));
    let good =
        plain.iter().filter(|plain| metric.merit(plain.costed.score) >= metric.merit(approximate.score));
    let plain = good.min_by(|a, b| cheapest(&a.costed, &b.costed)).cloned();
    EqualAccuracy { multiplier, approximate, dominated_by, plain, interpolated }
}

/// The cost at `score` on the line from one design to another that scores less; nothing unless they enclose it.
fn interpolate(metric: Metric, [wide, narrow]: [&Plain; 2], score: f64) -> Option<Interpolated> {
    let ([from, to], drop) = ([wide.costed, narrow.costed], wide.costed.score - narrow.costed.score);
    let part = (from.score - score) / drop;
    let inside = metric.merit(drop) > 0.0 && (0.0..=1.0).contains(&part);
    let at = |from: f64, to: f64| from + part * (to - from);
    inside.then(|| Interpolated {
        between: [wide.bits, narrow.bits],
        costed: Costed {
            score,
            energy_j: at(from.energy_j, to.energy_j),
            datapath_energy_j: at(from.datapath_energy_j, to.datapath_energy_j),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costed(score: f64, energy_j: f64) -> Costed {
        Costed { score, energy_j, datapath_energy_j: energy_j / 2.0 }
    }

    fn against(score: f64, energy: f64) -> EqualAccuracy {
        let widths = [(6, 0.90, 6.0), (8, 0.98, 8.0), (7, 0.96, 7.0)];
        let plain = widths.map(|(bits, score, energy)| Plain { bits, costed: costed(score, energy) });
        compare((Value::Null, Metric::Top1), costed(score, energy), plain.to_vec())
    }

    #[test]
    fn a_design_above_the_line_of_widths_is_not_dominated_but_dearer_at_equal_accuracy() {
        let found = against(0.97, 7.6);
        assert!(found.dominated_by.is_empty());
        assert_eq!(found.plain.unwrap().bits, 8);
        let interpolated = found.interpolated.unwrap();
        assert_eq!(interpolated.between, [8, 7]);
        assert!((interpolated.costed.energy_j - 7.5).abs() < 1e-9);
        assert!((interpolated.costed.datapath_energy_j - 3.75).abs() < 1e-9);
    }

    #[test]
    fn widths_that_score_no_less_for_no_more_dominate() {
        assert_eq!(against(0.95, 8.5).dominated_by, [8, 7]);
        assert_eq!(against(0.96, 7.0).dominated_by, Vec::<u32>::new(), "an equal does not dominate");
        assert_eq!(against(0.96, 7.0).plain.unwrap().bits, 7);
    }

    #[test]
    fn where_less_is_better_the_same_holds_of_the_mirrored_scores() {
        let widths = [(6, 10.0, 6.0), (8, 2.0, 8.0), (7, 4.0, 7.0)];
        let plain = widths.map(|(bits, score, energy)| Plain { bits, costed: costed(score, energy) });
        let found = compare((Value::Null, Metric::Perplexity), costed(3.0, 7.6), plain.to_vec());
        assert_eq!((found.dominated_by, found.plain.unwrap().bits), (vec![], 8));
        assert!((found.interpolated.unwrap().costed.energy_j - 7.5).abs() < 1e-9);
        let found = compare((Value::Null, Metric::Perplexity), costed(5.0, 8.5), plain.to_vec());
        assert_eq!(found.dominated_by, [8, 7]);
    }

    #[test]
    fn of_a_width_what_is_cheaper_and_what_is_better_stay_and_the_rest_does_not() {
        let designs = [(0.970, 2.99), (0.975, 3.49), (0.960, 3.20), (0.970, 2.99)].map(|(s, e)| costed(s, e));
        let beaten = [0, 1, 2, 3].map(|at| is_beaten(Metric::Top1, &designs, at));
        assert_eq!(beaten, [false, false, true, true]);
    }

    #[test]
    fn a_score_out_of_reach_has_no_plain_equal() {
        let found = against(0.99, 7.0);
        assert_eq!((found.plain, found.interpolated), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn what_dominates_is_among_the_good_and_no_dearer_than_the_design(
            score in 0.0f64..1.0, energy in 1.0f64..9.0,
            widths in proptest::collection::vec((0.0f64..1.0, 1.0f64..9.0), 1..6),
        ) {
            let plain: Vec<Plain> = widths.iter().zip(3..).map(|(&(score, energy), bits)| {
                Plain { bits, costed: costed(score, energy) }
            }).collect();
            let found = compare((Value::Null, Metric::Top1), costed(score, energy), plain);
            if let Some(plain) = &found.plain {
                proptest::prop_assert!(plain.costed.score >= score);
                proptest::prop_assert_eq!(plain.costed.energy_j < energy, found.dominated_by.contains(&plain.bits));
            } else {
                proptest::prop_assert!(found.dominated_by.is_empty());
            }
        }
    }
}

//! From marks to a score with its interval, and to the difference of two in pairs.

use super::outcome::Score;
use super::statistics::{Bootstrap, Delta, Pairs, mean_delta, mean_interval, paired_mean, wilson};
use crate::workload::score::{Marks, Metric};

/// The score of marks, one for each fault map.
pub(super) fn score(metric: Metric, maps: &[Marks], errs: bool, seed: u64) -> Score {
    let marks = Marks::over_maps(maps);
    let fault_maps: Vec<f64> = maps.iter().map(|map| map.value(metric)).collect();
    let samples = marks.len();
    let value = match metric {
        // The mean of shares, as it is told for each map.
        Metric::Top1 => fault_maps.iter().sum::<f64>() / fault_maps.len().max(1) as f64,
        _ => marks.value(metric),
    };
    let ci95 = match (metric, &marks) {
        (Metric::Top1, _) => wilson(value * samples as f64, samples as f64),
        (Metric::Mse | Metric::Psnr, Marks::Values(values)) => mean_interval(values),
        _ => Bootstrap::of(seed, samples, &*marks.statistic(metric)).interval(),
    };
    let fault_maps = if errs { fault_maps } else { vec![] };
    Score { metric, value, samples, ci95, fault_maps, detections: marks.detections() }
}

/// The difference of marks to those of the exact run on the same samples; `single` says that neither drew faults.
pub(super) fn delta(metric: Metric, (exact, own): (&Marks, &Marks), single: bool, seed: u64) -> Delta {
    let values = |marks: &Marks| if let Marks::Values(values) = marks { values.clone() } else { vec![] };
    let differences = || -> Vec<f64> {
        values(own).iter().zip(values(exact)).map(|(with, without)| with - without).collect()
    };
    match metric {
        Metric::Top1 if single => {
            let right = |marks: &Marks| values(marks).iter().map(|&right| right == 1.0).collect::<Vec<_>>();
            Pairs::count(&right(exact), &right(own)).delta()
        }
        Metric::Top1 => mean_delta(&differences()),
        Metric::Mse | Metric::Psnr => paired_mean(metric, &differences()),
        Metric::Perplexity | Metric::Map50 | Metric::F1 => {
            let (before, after) = (exact.statistic(metric), own.statistic(metric));
            let difference = |weights: &[f64]| after(weights) - before(weights);
            let delta = Bootstrap::of(seed, own.len(), &difference).delta(metric);
            Delta { agreement: own.agreement(exact), ..delta }
        }
    }
}

//! What outputs are worth: functions from a network's outputs and the truth to a figure.

mod detection;
mod exit;
mod grade;
mod marks;
mod metric;
mod pictures;

pub use detection::{Corners, Detection, decode_cells, decode_corners, mean_average_precision, suppress};
pub use exit::{Trial, entropy, exit_taken, largest_probability, loosest};
pub use grade::{Graded, grade, trials};
pub(super) use grade::{metric, scored};
pub use marks::{Marks, Statistic};
pub use metric::Metric;
pub use pictures::{Found, Picture, Ranking};

use super::softmax::log_sum_exp;

/// Mean negative logarithm, in nat, of the probability that rows of logits give their targets.
///
/// `logits` holds one row per target. e to the power of the result is the perplexity.
///
/// ```
/// use axsim::workload::score::negative_log_likelihood;
/// let nats = negative_log_likelihood(&[0.0, 0.0, 1.0, 1.0], &[0, 1]);
/// assert!((nats - 2f64.ln()).abs() < 1e-12);
/// ```
///
/// # Panics
/// When rows are not of one length or a target is none of a row's places.
pub fn negative_log_likelihood(logits: &[f32], targets: &[usize]) -> f64 {
    assert!(
        !targets.is_empty() && logits.len().is_multiple_of(targets.len()),
        "one row of logits per target"
    );
    let rows = logits.chunks_exact(logits.len() / targets.len());
    let of = |(row, &target): (&[f32], &usize)| {
        let logits: Vec<f64> = row.iter().copied().map(f64::from).collect();
        log_sum_exp(&logits) - logits[target]
    };
    rows.zip(targets).map(of).sum::<f64>() / targets.len() as f64
}

/// Mean of the squared differences between two equally long lists.
///
/// ```
/// assert_eq!(axsim::workload::score::mean_squared_error(&[1.0, 2.0], &[1.0, 4.0]), 2.0);
/// ```
///
/// # Panics
/// When the lists differ in length.
pub fn mean_squared_error(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len(), "as many values as expected ones");
    let square = |(&a, &b): (&f32, &f32)| (f64::from(a) - f64::from(b)).powi(2);
    found.iter().zip(expected).map(square).sum::<f64>() / found.len() as f64
}

/// Peak signal-to-noise ratio in dB: how far the mean squared error lies below the square of the peak.
///
/// ```
/// assert_eq!(axsim::workload::score::signal_to_noise(&[10.0, 0.0], &[0.0, 0.0], 100.0), 10.0 * 200f64.log10());
/// ```
///
/// # Panics
/// When the lists differ in length.
pub fn signal_to_noise(found: &[f32], expected: &[f32], peak: f64) -> f64 {
    10.0 * (peak * peak / mean_squared_error(found, expected)).log10()
}

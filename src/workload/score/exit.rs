//! How sure an answer is, and where a sample leaves a network with several exits.

use crate::config::{Confidence, Exit, Threshold};

/// Probabilities of logits.
fn probabilities(logits: &[f32]) -> impl Iterator<Item = f64> {
    let largest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let power = move |x: f32| (f64::from(x) - largest).exp();
    let sum: f64 = logits.iter().map(|&x| power(x)).sum();
    logits.iter().map(move |&x| power(x) / sum)
}

/// The largest probability that logits give.
///
/// ```
/// assert_eq!(axsim::workload::score::largest_probability(&[1.0, 1.0]), 0.5);
/// ```
pub fn largest_probability(logits: &[f32]) -> f64 {
    probabilities(logits).fold(0.0, f64::max)
}

/// Entropy in nat of the probabilities that logits give.
///
/// ```
/// assert!((axsim::workload::score::entropy(&[1.0, 1.0]) - 2f64.ln()).abs() < 1e-12);
/// ```
///
/// # Source
/// S. Teerapittayanon, B. McDanel, H. T. Kung, BranchyNet, ICPR 2016, equation of section III.
pub fn entropy(logits: &[f32]) -> f64 {
    probabilities(logits).filter(|&p| p > 0.0).map(|p| -p * p.ln()).sum()
}

/// The number of the exit that a sample takes: the first that is sure, or the last.
///
/// `exits` holds the logits of one sample at each exit, in order.
///
/// ```
/// use axsim::workload::score::{exit_taken, largest_probability};
/// let sure = |logits: &[f32]| largest_probability(logits) > 0.9;
/// assert_eq!(exit_taken(&[&[0.0, 0.5], &[0.0, 9.0]], sure), 1);
/// assert_eq!(exit_taken(&[&[0.0, 5.0], &[0.0, 9.0]], sure), 0);
/// ```
pub fn exit_taken(exits: &[&[f32]], sure: impl Fn(&[f32]) -> bool) -> usize {
    let last = exits.len().saturating_sub(1);
    exits[..last].iter().position(|logits| sure(logits)).unwrap_or(last)
}

/// The exit that a sample takes as configured.
pub(super) fn taken(exit: &Exit, exits: &[&[f32]]) -> usize {
    let Threshold::At(threshold) = exit.threshold else { return exits.len() - 1 };
    match exit.confidence {
        Confidence::MaxSoftmax => exit_taken(exits, |logits| largest_probability(logits) > threshold),
        Confidence::Entropy => exit_taken(exits, |logits| entropy(logits) < threshold),
    }
}

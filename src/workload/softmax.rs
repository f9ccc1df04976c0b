//! Probabilities of logits, their logarithms, and the logarithm of the sum of their powers.

use std::iter::Sum;

use num_traits::Float;

/// Probabilities: the share of each power of e in the sum of all.
///
/// Powers are taken below the largest, so that none overflows.
pub(super) fn softmax<R: Float + Sum>(logits: &[R]) -> Vec<R> {
    let (_, mut powers) = powers(logits);
    let sum: R = powers.iter().copied().sum();
    powers.iter_mut().for_each(|power| *power = *power / sum);
    powers
}

/// Logarithms of the probabilities.
pub(super) fn log_softmax(logits: &[f64]) -> Vec<f64> {
    let (largest, powers) = powers(logits);
    let log = powers.iter().sum::<f64>().ln();
    logits.iter().map(|x| x - largest - log).collect()
}

/// The logarithm of the sum of powers of e; that of nothing, or of powers that are all 0, is minus infinity.
pub(super) fn log_sum_exp(logits: &[f64]) -> f64 {
    let largest = largest(logits);
    let base = if largest.is_finite() { largest } else { 0.0 };
    logits.iter().map(|x| (x - base).exp()).sum::<f64>().ln() + base
}

/// The largest logit, and the powers of e of what each lies below it.
fn powers<R: Float>(logits: &[R]) -> (R, Vec<R>) {
    let largest = largest(logits);
    (largest, logits.iter().map(|&x| (x - largest).exp()).collect())
}

fn largest<R: Float>(logits: &[R]) -> R {
    logits.iter().copied().fold(R::neg_infinity(), R::max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn large_logits_do_not_overflow() {
        let logits = [1000.0, 1000.0 + 3f64.ln()];
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        near(softmax(&logits)[1], 0.75);
        near(log_softmax(&logits)[0], 0.25f64.ln());
        near(log_sum_exp(&logits), 1000.0 + 4f64.ln());
        assert_eq!(softmax(&[88.0f32; 4]), [0.25; 4]);
        assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
        assert_eq!(log_sum_exp(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
    }

    proptest! {
        #[test]
        fn probabilities_are_powers_over_their_sum(logits in prop::collection::vec(-20.0..20.0f64, 1..20)) {
            let sum: f64 = logits.iter().map(|x| x.exp()).sum();
            let logs = log_softmax(&logits);
            for (at, x) in logits.iter().enumerate() {
                prop_assert!((softmax(&logits)[at] - x.exp() / sum).abs() < 1e-12);
                prop_assert!((logs[at] - (x.exp() / sum).ln()).abs() < 1e-9);
            }
            prop_assert!((log_sum_exp(&logits) - sum.ln()).abs() < 1e-12);
        }
    }
}

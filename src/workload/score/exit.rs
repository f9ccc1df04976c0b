//! How sure an answer is, and where a sample leaves a network with several exits.

use crate::config::{Confidence, Exit, Threshold};
use crate::workload::largest;
use crate::workload::softmax::softmax;

/// Probabilities of logits, in double precision.
fn probabilities(logits: &[f32]) -> Vec<f64> {
    softmax(&logits.iter().copied().map(f64::from).collect::<Vec<_>>())
}

/// The largest probability that logits give.
///
/// ```
/// assert_eq!(axsim::workload::score::largest_probability(&[1.0, 1.0]), 0.5);
/// ```
pub fn largest_probability(logits: &[f32]) -> f64 {
    probabilities(logits).into_iter().fold(0.0, f64::max)
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
    probabilities(logits).into_iter().filter(|&p| p > 0.0).map(|p| -p * p.ln()).sum()
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

/// The exit that a sample takes as configured; the last where the threshold is still to be found.
pub(super) fn taken(exit: &Exit, exits: &[&[f32]]) -> usize {
    let Threshold::At(threshold) = exit.threshold else { return exits.len() - 1 };
    exit_taken(exits, |logits| sureness(exit.confidence, logits) > level(exit.confidence, threshold))
}

/// How sure logits are: the more, the surer.
fn sureness(confidence: Confidence, logits: &[f32]) -> f64 {
    match confidence {
        Confidence::MaxSoftmax => largest_probability(logits),
        Confidence::Entropy => -entropy(logits),
    }
}

/// The sureness that a threshold asks for, and the threshold that asks for a sureness.
fn level(confidence: Confidence, threshold: f64) -> f64 {
    match confidence {
        Confidence::MaxSoftmax => threshold,
        Confidence::Entropy => -threshold,
    }
}

/// What a sample makes of every exit.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// How sure each exit but the last is.
    sure: Vec<f64>,
    /// Whether each exit is right.
    right: Vec<bool>,
}

impl Trial {
    /// Of the logits of one sample at each exit, in order.
    pub fn of(confidence: Confidence, exits: &[&[f32]], label: usize) -> Self {
        let before = &exits[..exits.len().saturating_sub(1)];
        Self {
            sure: before.iter().map(|logits| sureness(confidence, logits)).collect(),
            right: exits.iter().map(|logits| largest(logits) == Some(label)).collect(),
        }
    }

    fn is_right(&self, level: f64) -> bool {
        let last = self.right.len() - 1;
        self.right[self.sure.iter().position(|&sure| sure > level).unwrap_or(last)]
    }
}

/// The threshold with which most samples leave early, among those with which at most this share of samples is lost that the
/// last exit has right; none where no sample may leave.
///
/// A looser threshold lets every sample leave where it did or before, so the loosest is the cheapest.
///
/// ```
/// use axsim::config::Confidence;
/// use axsim::workload::score::{Trial, loosest};
/// let trial = |first: [f32; 2]| Trial::of(Confidence::MaxSoftmax, &[&first, &[0.0, 1.0]], 1);
/// let trials = [trial([0.0, 3.0]), trial([0.0, 1.0]), trial([2.0, 0.0])];
/// // The last of them leaves with a wrong answer unless more than 1 / (1 + e^-2) is asked for.
/// let threshold = loosest(Confidence::MaxSoftmax, 0.0, &trials).unwrap();
/// assert!((threshold - 1.0 / (1.0 + (-2f64).exp())).abs() < 1e-7);
/// assert_eq!(loosest(Confidence::MaxSoftmax, 0.4, &trials), Some(0.0));
/// ```
pub fn loosest(confidence: Confidence, loss: f64, trials: &[Trial]) -> Option<f64> {
    let right = |level: f64| trials.iter().filter(|trial| trial.is_right(level)).count() as f64;
    let least = right(f64::INFINITY) - loss * trials.len() as f64;
    let mut levels: Vec<f64> = trials.iter().flat_map(|trial| trial.sure.iter().copied()).collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let surest = levels.last().copied()?;
    // Below all of them every sample leaves at once.
    let all = match confidence {
        Confidence::MaxSoftmax => 0.0,
        Confidence::Entropy => levels[0].next_down(),
    };
    let level = [all].into_iter().chain(levels).find(|&level| right(level) >= least - 1e-9)?;
    (level < surest).then(|| self::level(confidence, level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Logits of some samples at three exits, the last of them mostly right, and their labels.
    fn drawn(round: u64) -> Vec<(Vec<[f32; 4]>, usize)> {
        let mut stream = Stream::new(7, "test.exit", round);
        let mut draw = |range: u64| stream.below(range);
        let sample = |_| {
            let label = draw(4) as usize;
            let mut exits = [[0f32; 4]; 3];
            exits.iter_mut().flatten().for_each(|logit| *logit = draw(40) as f32 / 10.0);
            exits.iter_mut().enumerate().for_each(|(at, exit)| exit[label] += at as f32 + 1.0);
            (exits.to_vec(), label)
        };
        (0..30).map(sample).collect()
    }

    #[test]
    fn no_looser_threshold_on_a_fine_grid_keeps_the_score() {
        for (round, confidence) in
            (0..20).flat_map(|round| [Confidence::MaxSoftmax, Confidence::Entropy].map(|kind| (round, kind)))
        {
            let samples = drawn(round);
            let logits = |exits: &'_ Vec<[f32; 4]>| exits.iter().map(|e| e.to_vec()).collect::<Vec<_>>();
            let right = |threshold: Option<f64>| {
                let exit = Exit { outputs: vec![], confidence, threshold: Threshold::default() };
                let exit = exit.at(threshold);
                let told = |(exits, label): &&(Vec<[f32; 4]>, usize)| {
                    let exits = logits(exits);
                    let exits: Vec<&[f32]> = exits.iter().map(Vec::as_slice).collect();
                    largest(exits[taken(&exit, &exits)]) == Some(*label)
                };
                samples.iter().filter(told).count()
            };
            let trial = |(exits, label): &(Vec<[f32; 4]>, usize)| {
                let exits = logits(exits);
                Trial::of(confidence, &exits.iter().map(Vec::as_slice).collect::<Vec<_>>(), *label)
            };
            let trials: Vec<Trial> = samples.iter().map(trial).collect();
            let loss = round as f64 / 100.0;
            let found = loosest(confidence, loss, &trials);
            let least = right(None) as f64 - loss * samples.len() as f64 - 1e-9;
            assert!(right(found) as f64 >= least, "{confidence:?} {round}");
            let looser = |&threshold: &f64| match (confidence, found) {
                (Confidence::MaxSoftmax, Some(found)) => threshold < found,
                (Confidence::Entropy, Some(found)) => threshold > found,
                (_, None) => true,
            };
            let grid = (0..2000).map(|at| f64::from(at) / 1000.0).filter(looser);
            let lets_leave = |threshold: f64| {
                trials.iter().any(|trial| trial.sure.iter().any(|&sure| sure > level(confidence, threshold)))
            };
            for threshold in grid.filter(|&threshold| lets_leave(threshold)) {
                assert!((right(Some(threshold)) as f64) < least, "{confidence:?} {round}: {threshold}");
            }
        }
    }
}

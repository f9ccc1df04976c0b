//! Where samples leave a network, and how many come to each of its layers.

use super::outcome::{ExitOutcome, TunedExit};
use crate::config::{Confidence, Exit, Workload};
use crate::workload::Network;

/// How many samples leave where, and come how far.
pub(super) struct Exits {
    /// Exits with the share of samples that leaves there; empty where there are none.
    pub taken: Vec<ExitOutcome>,
    /// How often each layer is computed per sample, the mean.
    pub layers: Vec<f64>,
    /// Where exits are asked how sure they are.
    pub tests: Option<Tests>,
    /// The threshold, where the calibration samples told it.
    pub tuned: Option<TunedExit>,
}

/// Asking exits how sure they are.
pub(super) struct Tests {
    pub confidence: Confidence,
    /// Logits of an exit.
    pub classes: usize,
    /// How many exits are asked per sample, the mean.
    pub count: f64,
}

impl Exits {
    /// Counts the exits that samples took, under all fault maps together.
    pub(super) fn count(workload: &Workload, network: &Network, exits: &[usize]) -> Self {
        let runs: Vec<f64> = network.runs().into_iter().map(|runs| runs as f64).collect();
        let Some(exit) = &workload.exit else {
            return Self { taken: vec![], layers: runs, tests: None, tuned: None };
        };
        let share =
            |at: usize| exits.iter().filter(|&&taken| taken == at).count() as f64 / exits.len().max(1) as f64;
        let shares: Vec<f64> = (0..exit.outputs.len()).map(share).collect();
        let named = exit.outputs.iter().zip(&shares);
        let taken = named.map(|(output, &share)| ExitOutcome { output: output.clone(), share }).collect();
        let tests = exit.is_open().then(|| Tests {
            confidence: exit.confidence,
            classes: network.outputs()[0].1.iter().product(),
            count: asked(&shares),
        });
        Self { taken, layers: reached(exit, network, &shares, &runs), tests, tuned: None }
    }
}

/// How many exits but the last a sample comes to, the mean over samples of which these shares take each exit.
fn asked(shares: &[f64]) -> f64 {
    let before = shares.len() - 1;
    shares.iter().enumerate().map(|(taken, share)| share * (taken + 1).min(before) as f64).sum()
}

/// How often layers run that run `runs` times for a sample that comes to them: a sample computes what leads to the exit that
/// it takes, and to every one before that it was not sure of.
fn reached(exit: &Exit, network: &Network, shares: &[f64], runs: &[f64]) -> Vec<f64> {
    let leads: Vec<Vec<bool>> = (0..shares.len()).map(|at| network.leads_to(at)).collect();
    let computes = |layer: usize, taken: usize| {
        // Without a threshold no exit but the last is looked at.
        let first = if exit.is_open() { 0 } else { taken };
        leads[first..=taken].iter().any(|leads| leads[layer])
    };
    let share = |layer: usize| {
        let of = |(taken, share): (usize, &f64)| if computes(layer, taken) { *share } else { 0.0 };
        shares.iter().enumerate().map(of).sum::<f64>()
    };
    runs.iter().enumerate().map(|(layer, runs)| runs * share(layer)).collect()
}

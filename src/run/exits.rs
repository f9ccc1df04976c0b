//! Where samples leave a network, and how many come to each of its layers.

use super::outcome::ExitOutcome;
use crate::config::{Exit, Workload};
use crate::workload::Network;

/// How many samples leave where, and come how far.
pub(super) struct Exits {
    /// Exits with the share of samples that leaves there; empty where there are none.
    pub taken: Vec<ExitOutcome>,
    /// How often each layer is computed per sample, the mean.
    pub layers: Vec<f64>,
}

impl Exits {
    /// Counts the exits that samples took, under all fault maps together.
    pub(super) fn count(workload: &Workload, network: &Network, exits: &[usize]) -> Self {
        let layers = network.layers().len();
        let steps = network.steps_in_time() as f64;
        let Some(exit) = &workload.exit else { return Self { taken: vec![], layers: vec![steps; layers] } };
        let share =
            |at: usize| exits.iter().filter(|&&taken| taken == at).count() as f64 / exits.len().max(1) as f64;
        let shares: Vec<f64> = (0..exit.outputs.len()).map(share).collect();
        let named = exit.outputs.iter().zip(&shares);
        let taken = named.map(|(output, &share)| ExitOutcome { output: output.clone(), share }).collect();
        Self { taken, layers: reached(exit, network, &shares, layers) }
    }
}

/// A sample computes what leads to the exit that it takes, and to every one before that it was not sure of.
fn reached(exit: &Exit, network: &Network, shares: &[f64], layers: usize) -> Vec<f64> {
    let leads: Vec<Vec<bool>> = (0..shares.len()).map(|at| network.leads_to(at)).collect();
    let computes = |layer: usize, taken: usize| {
        // Without a threshold no exit but the last is looked at.
        let first = if exit.is_open() { 0 } else { taken };
        leads[first..=taken].iter().any(|leads| leads[layer])
    };
    let share = |layer: usize| {
        let of = |(taken, share): (usize, &f64)| if computes(layer, taken) { *share } else { 0.0 };
        shares.iter().enumerate().map(of).sum()
    };
    (0..layers).map(share).collect()
}

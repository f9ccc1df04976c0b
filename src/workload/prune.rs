//! Leaving out weights without training, before the network is quantised.
//!
//! Weights become zero where they are left out one by one; filters that are left out take their channels with them, so that
//! what remains is a smaller network.

use super::network::Network;
use crate::config::{LayerSettings, Prune, Scope};
use crate::rng::Stream;

mod channels;

/// The stream that draws the weights of each layer.
const RANDOM: &str = "workload.prune";

/// A layer whose filters cannot be left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no filter of layer `{layer}` can be left out: {why}; prune its weights by `magnitude` or `n_of_m`, or another layer"
)]
pub struct PruneError {
    /// Its name.
    pub layer: String,
    /// What stands in the way.
    pub why: String,
}

/// The network without what is to be left out: `all` layers but those with a rule of their own, in order.
///
/// # Errors
/// [`PruneError`], of a layer whose own rule is to leave out filters.
///
/// # Panics
/// When there are fewer settings than layers.
pub fn prune(network: &Network, all: Prune, own: &[LayerSettings], seed: u64) -> Result<Network, PruneError> {
    let mut pruned = network.clone();
    let rules: Vec<Prune> = own.iter().map(|own| own.prune.unwrap_or(all)).collect();
    across(&mut pruned, &rules);
    for (layer, rule) in rules.iter().enumerate() {
        if let Some(weights) = pruned.weights_mut(layer) {
            within(weights, rule, network.layers()[layer].geometry.depth(), (seed, layer));
        }
    }
    for (layer, rule) in rules.iter().enumerate() {
        let Prune::Channel { ratio } = *rule else { continue };
        // Norms are those before any channel is gone.
        let left = channels::least(network, layer, ratio);
        match channels::without(&mut pruned, layer, &left) {
            Err(why) if own[layer].prune.is_some() => {
                return Err(PruneError { layer: network.layers()[layer].name.clone(), why });
            }
            _ => {}
        }
    }
    Ok(pruned)
}

/// How many of `count` a ratio leaves out.
fn share(ratio: f64, count: usize) -> usize {
    (ratio * count as f64).round() as usize
}

/// Leaves out weights of one layer by what it alone has.
fn within(weights: &mut [f32], rule: &Prune, depth: usize, (seed, layer): (u64, usize)) {
    match *rule {
        Prune::Magnitude { ratio, scope: Scope::Layer } => {
            let least = by_magnitude(weights);
            least.into_iter().take(share(ratio, weights.len())).for_each(|at| weights[at] = 0.0);
        }
        Prune::Random { ratio } => {
            let drawn = shuffled(weights.len(), &mut Stream::new(seed, RANDOM, layer as u64));
            drawn.into_iter().take(share(ratio, weights.len())).for_each(|at| weights[at] = 0.0);
        }
        Prune::NOfM { keep, of } => {
            for group in weights.chunks_mut(depth).flat_map(|filter| filter.chunks_mut(of)) {
                let left = group.len().saturating_sub(keep);
                by_magnitude(group).into_iter().take(left).for_each(|at| group[at] = 0.0);
            }
        }
        Prune::None | Prune::Magnitude { scope: Scope::Network, .. } | Prune::Channel { .. } => {}
    }
}

/// Leaves out the least weights among all layers that share a rule for the whole network.
fn across(network: &mut Network, rules: &[Prune]) {
    let shared = |rule: &&Prune| matches!(rule, Prune::Magnitude { scope: Scope::Network, .. });
    let mut distinct: Vec<&Prune> = vec![];
    for rule in rules.iter().filter(shared) {
        if !distinct.contains(&rule) {
            distinct.push(rule);
        }
    }
    for rule in distinct {
        let Prune::Magnitude { ratio, .. } = *rule else { continue };
        let of = |network: &Network, layer: usize| {
            let weights = network.weights(layer).unwrap_or_default();
            weights.iter().enumerate().map(|(at, weight)| (weight.abs(), layer, at)).collect::<Vec<_>>()
        };
        let layers = (0..rules.len()).filter(|layer| rules[*layer] == *rule);
        let mut all: Vec<(f32, usize, usize)> = layers.flat_map(|layer| of(network, layer)).collect();
        let left = share(ratio, all.len());
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, layer, at) in all.into_iter().take(left) {
            if let Some(weights) = network.weights_mut(layer) {
                weights[at] = 0.0;
            }
        }
    }
}

/// Places of weights, the least magnitude first; the earlier of equals.
fn by_magnitude(weights: &[f32]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..weights.len()).collect();
    places.sort_by(|&a, &b| weights[a].abs().total_cmp(&weights[b].abs()));
    places
}

/// Places in random order (Fisher and Yates): what a smaller ratio takes a larger one takes too.
pub(super) fn shuffled(count: usize, stream: &mut Stream) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    for at in 0..count {
        let other = at + stream.below((count - at) as u64) as usize;
        places.swap(at, other);
    }
    places
}

#[cfg(test)]
mod tests;

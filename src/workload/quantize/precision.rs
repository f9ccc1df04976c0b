//! How many bits codes have, layer by layer.

use super::super::network::Network;
use crate::config::{LayerSettings, Quantize};

/// Layers that ask for different codes of one tensor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "layers `{first}` and `{second}` read the same tensor, which cannot have codes of {} and of {} bits; give both the same \
     activation_bits", bits[0], bits[1]
)]
pub struct PrecisionError {
    /// The earlier layer.
    pub first: String,
    /// The later one.
    pub second: String,
    /// What each asks for.
    pub bits: [u32; 2],
}

/// Bits of every layer's weight codes and of every value's activation codes.
///
/// A tensor that is only put elsewhere, padded with zeros or taken the maximum of keeps its codes, so it and what becomes of
/// it have the same width; and so have all layers that read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precision {
    weights: Vec<u32>,
    values: Vec<u32>,
}

impl Precision {
    /// The same for all.
    pub fn uniform(network: &Network, settings: &Quantize) -> Self {
        let layers = network.contractions().count();
        Self {
            weights: vec![settings.weight_bits; layers],
            values: vec![settings.activation_bits; network.steps.len() + 1],
        }
    }

    /// What layers ask for, in their order; the rest is as for all.
    ///
    /// # Errors
    /// [`PrecisionError`].
    ///
    /// # Panics
    /// When there are more settings than layers.
    pub fn of(
        network: &Network,
        settings: &Quantize,
        layers: &[LayerSettings],
    ) -> Result<Self, PrecisionError> {
        let mut precision = Self::uniform(network, settings);
        let roots = roots(network);
        let mut asked: Vec<Option<(&str, u32)>> = vec![None; roots.len()];
        for (index, ((_, step), own)) in network.contractions().zip(layers).enumerate() {
            precision.weights[index] = own.weight_bits.unwrap_or(settings.weight_bits);
            let Some(bits) = own.activation_bits else { continue };
            match asked[roots[step.inputs[0]]].replace((&step.name, bits)) {
                Some((first, other)) if other != bits => {
                    let (first, second) = (first.into(), step.name.clone());
                    return Err(PrecisionError { first, second, bits: [other, bits] });
                }
                _ => {}
            }
        }
        for (bits, root) in precision.values.iter_mut().zip(roots) {
            *bits = asked[root].map_or(*bits, |(_, asked)| asked);
        }
        Ok(precision)
    }

    /// Bits of a layer's weight codes.
    pub(super) fn of_weights(&self, layer: usize) -> u32 {
        self.weights[layer]
    }

    /// Bits of a value's codes.
    pub(super) fn of_value(&self, value: usize) -> u32 {
        self.values[value]
    }
}

/// For each value the one whose codes it has.
fn roots(network: &Network) -> Vec<usize> {
    let mut roots = vec![0];
    for (at, step) in network.steps.iter().enumerate() {
        roots.push(if step.op.keeps_codes() { roots[step.inputs[0]] } else { at + 1 });
    }
    roots
}

//! How many bits codes have, layer by layer.

use super::super::network::Network;
use crate::config::{LayerSettings, NumberFormat, NumberFormats, Quantize, Rotation};

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
    /// Of values that are read as activations.
    values: Vec<u32>,
    /// Of values that are read as weights alone.
    computed: Vec<u32>,
    /// How the numbers that each layer reads are written.
    formats: Vec<NumberFormats>,
    /// Whether the channels that each layer reads are rotated.
    rotated: Vec<bool>,
    /// Values whose codes keep their sign, because a binary layer reads it.
    signed: Vec<bool>,
}

/// What a layer asks for: the value that it reads, its name, the bits.
type Asked<'a> = (usize, &'a str, u32);

impl Precision {
    /// The same for all.
    pub fn uniform(network: &Network, settings: &Quantize) -> Self {
        let (layers, values) = (network.contractions().count(), network.steps.len() + 1);
        let NumberFormats { weights, activations, kv } = settings.format;
        let bits = |format: NumberFormat, bits| format.plain_bits().unwrap_or(bits);
        Self {
            weights: vec![bits(weights, settings.weight_bits); layers],
            values: vec![bits(activations, settings.activation_bits); values],
            computed: vec![bits(kv, settings.weight_bits); values],
            formats: vec![settings.format; layers],
            rotated: vec![settings.rotation == Rotation::Hadamard; layers],
            signed: vec![false; values],
        }
    }

    /// What layers ask for, in their order; the rest is as for all.
    ///
    /// # Errors
    /// [`PrecisionError`].
    pub fn of(
        network: &Network,
        settings: &Quantize,
        layers: &[LayerSettings],
    ) -> Result<Self, PrecisionError> {
        let mut precision = Self::uniform(network, settings);
        let (mut read, mut computed): (Vec<Asked<'_>>, Vec<Asked<'_>>) = (vec![], vec![]);
        for (layer, ((value, step), own)) in network.multiplied().zip(layers).enumerate() {
            let name = &*step.name;
            let format = own.formats(settings.format);
            precision.formats[layer] = format;
            precision.rotated[layer] = own.rotation(settings.rotation) == Rotation::Hadamard;
            let bits = |format: NumberFormat, bits: Option<u32>, all: u32| {
                format.plain_bits().or(bits).or(own.format.map(|_| all))
            };
            let activations = bits(format.activations, own.activation_bits, settings.activation_bits);
            read.extend(activations.map(|bits| (value, name, bits)));
            if let Some(bits) = bits(format.weights, own.weight_bits, settings.weight_bits) {
                precision.weights[layer] = bits;
            }
            let second = bits(format.kv, own.weight_bits, settings.weight_bits);
            computed.extend(step.inputs.get(1).zip(second).map(|(&value, bits)| (value, name, bits)));
        }
        let roots = roots(network);
        for (layer, ((value, _), _)) in
            network.multiplied().zip(layers).enumerate().filter(|(_, (_, own))| own.binary)
        {
            precision.weights[layer] = 1;
            let root = roots[value];
            let same = roots.iter().zip(&mut precision.signed).filter(|(own, _)| **own == root);
            same.for_each(|(_, signed)| *signed = true);
        }
        spread(&mut precision.values, &roots, &read)?;
        spread(&mut precision.computed, &roots, &computed)?;
        Ok(precision)
    }

    /// Bits of a layer's stored weight codes; 1 of a binary one.
    pub(super) fn of_weights(&self, layer: usize) -> u32 {
        self.weights[layer]
    }

    /// How the numbers that a layer reads are written.
    pub(super) fn formats(&self, layer: usize) -> NumberFormats {
        self.formats[layer]
    }

    /// Whether the channels that a layer reads are rotated.
    pub(super) fn rotates(&self, layer: usize) -> bool {
        self.rotated[layer]
    }

    /// Bits of a value's codes.
    pub(super) fn of_value(&self, value: usize) -> u32 {
        self.values[value]
    }

    /// Whether some codes have 16 bits.
    pub(super) fn is_wide(&self) -> bool {
        self.values.contains(&16)
    }

    /// Whether a value's codes keep its sign.
    pub(super) fn keeps_sign(&self, value: usize) -> bool {
        self.signed[value]
    }

    /// Bits of the codes of a value that is read as weights alone.
    pub(super) fn of_computed(&self, value: usize) -> u32 {
        self.computed[value]
    }
}

/// Gives values, and all with the same codes, the bits that layers ask for.
fn spread(bits: &mut [u32], roots: &[usize], layers: &[Asked<'_>]) -> Result<(), PrecisionError> {
    let mut asked: Vec<Option<(&str, u32)>> = vec![None; roots.len()];
    for &(value, name, own) in layers {
        match asked[roots[value]].replace((name, own)) {
            Some((first, other)) if other != own => {
                let (first, second) = (first.into(), name.into());
                return Err(PrecisionError { first, second, bits: [other, own] });
            }
            _ => {}
        }
    }
    for (bits, root) in bits.iter_mut().zip(roots) {
        *bits = asked[*root].map_or(*bits, |(_, asked)| asked);
    }
    Ok(())
}

/// For each value the one whose codes it has.
fn roots(network: &Network) -> Vec<usize> {
    let mut roots = vec![0];
    for (at, step) in network.steps.iter().enumerate() {
        roots.push(if step.op.keeps_codes() { roots[step.inputs[0]] } else { at + 1 });
    }
    roots
}

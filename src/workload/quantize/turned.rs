//! Channels that are rotated before they become codes: which values, and the work of it at run time.

use std::borrow::Cow;

use super::group::Coder;
use super::read::Read;
use super::{Precision, Quantized};
use crate::workload::format::{of_input, of_weights};
use crate::workload::network::Network;
use crate::workload::op::{Contraction, Op};
use crate::workload::rotation::Rotation;

/// Why channels cannot be rotated as was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RotationError {
    /// Layers that read one tensor, rotated and not.
    #[error(
        "layers `{first}` and `{second}` read the same tensor, one of them rotated, which has one set of codes; give both the \
         same `rotation` in `layers`"
    )]
    Shared {
        /// The earlier layer.
        first: String,
        /// The later one.
        second: String,
    },
    /// A recurrent cell, whose state is multiplied step after step.
    #[error(
        "layer `{0}` multiplies its own state step after step, for which a rotation is not modelled; give it `rotation: none` of \
         its own in `workload.layers`"
    )]
    Recurrent(String),
}

/// What rotating a tensor takes at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// The value of the network.
    pub value: usize,
    /// Layers that read it rotated.
    pub layers: Vec<usize>,
    /// Numbers of a sample.
    pub numbers: usize,
    /// How many of them are rotated together, a power of two.
    pub block: usize,
    /// Bits of a number before.
    pub bits: u32,
    /// How often: twice where something reads the numbers as they were, which codes hold rotated.
    pub times: usize,
}

/// Bits of a number that becomes a plain code.
const BITS: u32 = 16;

impl Turned {
    /// Additions and subtractions of two numbers for a sample.
    pub fn additions(&self) -> usize {
        self.times * self.numbers * self.block.ilog2() as usize
    }

    /// Bits of a sum, which has one more at each of its steps.
    pub fn sum_bits(&self) -> u32 {
        self.bits + self.block.ilog2()
    }
}

/// What a layer reads a value as, by its name.
type Asked<'a> = (&'a str, Option<Rotation>);

/// How the channels of every value are rotated; none where they are not.
pub(super) fn rotations(
    network: &Network,
    precision: &Precision,
) -> Result<Vec<Option<Rotation>>, RotationError> {
    let mut asked: Vec<Option<Asked<'_>>> = vec![None; network.steps.len() + 1];
    for (layer, (own, step)) in network.multiplied().enumerate() {
        let rotation = match &step.op {
            Op::Contract(own) if precision.rotates(layer) => Rotation::of(of_input(&own.geometry)),
            Op::Recurrent(_) if precision.rotates(layer) => {
                return Err(RotationError::Recurrent(step.name.clone()));
            }
            _ => None,
        };
        let second = if matches!(step.op, Op::Product(_)) { step.inputs.get(1).copied() } else { None };
        for value in [own].into_iter().chain(second) {
            let (first, known) = *asked[value].get_or_insert((&step.name, rotation));
            if known != rotation {
                return Err(RotationError::Shared { first: first.into(), second: step.name.clone() });
            }
        }
    }
    Ok(asked.into_iter().map(|asked| asked.and_then(|(_, rotation)| rotation)).collect())
}

/// A contraction whose weights are rotated as what it reads is.
pub(super) fn weights(own: &Contraction, rotated: bool) -> Cow<'_, Contraction> {
    match Rotation::of(of_weights(&own.geometry, 1)).filter(|_| rotated) {
        Some(rotation) => Cow::Owned(Contraction { weights: rotation.turn(&own.weights), ..own.clone() }),
        None => Cow::Borrowed(own),
    }
}

impl Quantized {
    /// Tensors that are rotated at run time, each once however many layers read it.
    pub fn turned(&self) -> Vec<Turned> {
        let turned = |read: Read<Rotation>| {
            let Read { value, way, layers } = read;
            let back = self.network.readers(value).any(|step| step.op.contraction().is_none());
            let format = self.layouts[value].map(|layout| layout.coder);
            Turned {
                value,
                layers,
                numbers: self.network.size(value),
                block: way.block(),
                bits: format.as_ref().map_or(BITS, Coder::basis),
                times: if back { 2 } else { 1 },
            }
        };
        self.tensors(|value| self.rotations[value]).into_iter().map(turned).collect()
    }
}

#[cfg(test)]
mod tests;

//! Channels that are made large where the weights that read them can be made as much smaller: outliers as large language models
//! have them, in a network that computes what it computed before.

use super::network::Network;
use super::op::{Contraction, General, Op, Operand};
use super::prune::shuffled;
use super::value::Value;
use crate::config::Outliers;
use crate::rng::Stream;

/// The stream that draws channels, by how many there are.
const CHANNELS: &str = "workload.outliers";

/// A network that has no place for outliers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "outliers: the network has no normalisation and no layer whose channels stored weights alone read, so none can be made larger \
     without changing what it computes; write `outliers: none`, or take another network"
)]
pub struct OutlierError;

/// The network with outliers; without any, itself bit for bit.
///
/// # Errors
/// [`OutlierError`] where no gain is followed by stored weights alone.
pub fn with_outliers(network: &Network, rule: Outliers, seed: u64) -> Result<Network, OutlierError> {
    let mut with = network.clone();
    let Outliers::Gains { factor, share } = rule else { return Ok(with) };
    let mut followed: Vec<usize> = vec![];
    // Of two gains before the same weights the last one is taken.
    for at in (0..network.steps.len()).rev() {
        let Some([channels, span]) = gain(&network.steps[at].op) else { continue };
        let own = drawn(channels, (factor as f32, share), seed);
        let each = (0..network.size(at + 1)).map(|element| own[element / span % channels]);
        let Some(readers) = taken_up(network, at + 1, &each.collect::<Vec<_>>()) else { continue };
        let weights: Vec<usize> = readers
            .iter()
            .map(|(reader, _)| *reader)
            .filter(|reader| network.steps[*reader].op.weighted().is_some())
            .collect();
        if weights.iter().any(|reader| followed.contains(reader)) {
            continue;
        }
        followed.extend(weights);
        if factor != 1.0 {
            let steps = with.steps_mut();
            multiply(&mut steps[at].op, &own);
            readers.iter().for_each(|(reader, own)| take_up(&mut steps[*reader].op, own));
        }
    }
    if followed.is_empty() { Err(OutlierError) } else { Ok(with) }
}

/// What each channel is multiplied by.
fn drawn(channels: usize, (factor, share): (f32, f64), seed: u64) -> Vec<f32> {
    let count = ((share * channels as f64).round() as usize).max(1);
    let mut own = vec![1.0; channels];
    let places = shuffled(channels, &mut Stream::new(seed, CHANNELS, channels as u64));
    places.into_iter().take(count).for_each(|at| own[at] = factor);
    own
}

/// Channels of what multiplies each of them last, and how many elements lie between two of them; none of another operator.
fn gain(op: &Op) -> Option<[usize; 2]> {
    match op {
        Op::Affine(factors, _, span) => Some([factors.len(), *span]),
        Op::Contract(own) => Some([own.geometry.out_channels, own.geometry.positions()]),
        Op::General(general) => match &*general.node.kind {
            "Mul" => Some([row(general)?.len(), 1]),
            "LayerNormalization" if general.result == 0 => normalised(general).map(|channels| [channels, 1]),
            _ => None,
        },
        _ => None,
    }
}

/// The stored one of two operands, where it is a number for each element of the other's rows.
fn row(general: &General) -> Option<&Value> {
    match &general.operands[..] {
        [Operand::Computed(_, shape), Operand::Stored(value)]
        | [Operand::Stored(value), Operand::Computed(_, shape)] => {
            Some(value).filter(|value| is_row(value, shape))
        }
        _ => None,
    }
}

/// Channels of a normalisation whose gain and constants are stored, a number a channel.
fn normalised(general: &General) -> Option<usize> {
    let [Operand::Computed(_, shape), stored @ ..] = &general.operands[..] else { return None };
    let own = |operand: &Operand| match operand {
        Operand::Stored(value) => is_row(value, shape),
        Operand::Absent => true,
        Operand::Computed(..) => false,
    };
    let gain = matches!(stored.first(), Some(Operand::Stored(_)));
    shape.last().copied().filter(|_| gain && stored.iter().all(own))
}

fn is_row(value: &Value, shape: &[usize]) -> bool {
    let whole = value.shape().last() == shape.last() && shape.last() == Some(&value.len());
    whole && value.len() > 1 && value.kind().is_real()
}

/// The steps that make up for elements being multiplied by these factors, each with those of its channels; none where something
/// else reads them.
fn taken_up(network: &Network, value: usize, factors: &[f32]) -> Option<Vec<(usize, Vec<f32>)>> {
    if network.is_output(value) {
        return None;
    }
    let mut taken = vec![];
    for (at, step) in network.steps.iter().enumerate().filter(|(_, step)| step.inputs.contains(&value)) {
        let passed = match &step.op {
            Op::Contract(own) => {
                taken.push((at, by_channel(factors, own.geometry.in_channels)?));
                continue;
            }
            Op::Affine(own, ..) => {
                taken.push((at, by_channel(factors, own.len())?));
                factors.to_vec()
            }
            Op::General(general) if general.node.kind == "Add" => {
                let own = &factors[..row(general)?.len()];
                factors.chunks_exact(own.len()).all(|row| row == own).then_some(())?;
                taken.push((at, own.to_vec()));
                factors.to_vec()
            }
            op => passed(op, factors)?,
        };
        taken.extend(taken_up(network, at + 1, &passed)?);
    }
    Some(taken)
}

/// What the results of an operator are multiplied by when its elements are by positive factors; none where by nothing alone.
fn passed(op: &Op, factors: &[f32]) -> Option<Vec<f32>> {
    Some(match op {
        Op::Permute(from) => from.iter().map(|&at| factors[at as usize]).collect(),
        Op::Arrange(from, fill) if *fill == 0.0 => {
            from.iter().map(|at| at.map_or(1.0, |at| factors[at as usize])).collect()
        }
        Op::Reshape | Op::Clip(0.0, f32::INFINITY) => factors.to_vec(),
        Op::General(general) if general.node.kind == "Relu" => factors.to_vec(),
        Op::MaxPool(window) | Op::AveragePool(window) => {
            let geometry = &window.geometry;
            let own = by_channel(factors, geometry.in_channels)?;
            own.iter().flat_map(|&factor| vec![factor; geometry.positions()]).collect()
        }
        _ => return None,
    })
}

/// The factor of each of so many equal parts, where it is one.
fn by_channel(factors: &[f32], channels: usize) -> Option<Vec<f32>> {
    let parts = factors.chunks_exact(factors.len() / channels);
    let own = parts.map(|part| Some(part[0]).filter(|first| part.iter().all(|one| one == first)));
    own.collect()
}

/// Multiplies what a gain makes.
fn multiply(op: &mut Op, own: &[f32]) {
    let each = |values: &mut [f32]| values.iter_mut().zip(own).for_each(|(value, factor)| *value *= factor);
    match op {
        Op::Affine(factors, constants, _) => {
            each(factors);
            each(constants);
        }
        Op::Contract(contraction) => {
            let depth = contraction.geometry.depth();
            for (filter, factor) in contraction.weights.chunks_mut(depth).zip(own) {
                filter.iter_mut().for_each(|weight| *weight *= factor);
            }
            each(&mut contraction.bias);
        }
        Op::General(general) => rows(general, own),
        _ => unreachable!("only gains are multiplied"),
    }
}

/// Lets a step make up for factors on the channels that it reads: weights are divided, constants multiplied.
fn take_up(op: &mut Op, own: &[f32]) {
    match op {
        Op::Contract(contraction) => divide(contraction, own),
        Op::Affine(_, constants, _) => {
            constants.iter_mut().zip(own).for_each(|(constant, factor)| *constant *= factor);
        }
        Op::General(general) => rows(general, own),
        _ => unreachable!("only these take factors up"),
    }
}

fn divide(contraction: &mut Contraction, own: &[f32]) {
    let geometry = contraction.geometry;
    let (depth, inputs) = (geometry.depth(), geometry.in_channels / geometry.groups);
    let filters = geometry.out_channels / geometry.groups;
    for (at, filter) in contraction.weights.chunks_mut(depth).enumerate() {
        let own = &own[at / filters * inputs..][..inputs];
        for (weights, factor) in filter.chunks_mut(depth / inputs).zip(own) {
            weights.iter_mut().for_each(|weight| *weight /= factor);
        }
    }
}

/// Multiplies the stored rows of an operator.
fn rows(general: &mut General, own: &[f32]) {
    for operand in &mut general.operands {
        let Operand::Stored(value) = operand else { continue };
        if value.len() != own.len() {
            continue;
        }
        let products = value.to_reals().iter().zip(own).map(|(x, factor)| x * f64::from(*factor)).collect();
        *value = Value::real(value.kind(), value.shape(), products).expect("as many numbers of a real type");
    }
}

#[cfg(test)]
mod tests;

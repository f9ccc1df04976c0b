//! A network without some filters: what reads their channels is cut to fit.

use super::super::network::Network;
use super::super::op::{Contraction, Op};
use super::{by_magnitude, share};

/// The filters of least L1 norm, in order; one stays in any case.
pub(super) fn least(network: &Network, layer: usize, ratio: f64) -> Vec<usize> {
    let geometry = network.layers()[layer].geometry;
    let weights = network.weights(layer).unwrap_or_default();
    let norm = |filter: &[f32]| filter.iter().map(|weight| weight.abs()).sum::<f32>();
    let norms: Vec<f32> = weights.chunks(geometry.depth()).map(norm).collect();
    let count = share(ratio, norms.len()).min(norms.len().saturating_sub(1));
    let mut left: Vec<usize> = by_magnitude(&norms).into_iter().take(count).collect();
    left.sort_unstable();
    left
}

/// Takes filters of a layer away, and their channels from whatever passes them on or reads them.
///
/// # Errors
/// What stands in the way, with nothing taken: channels that meet others, change their order, or leave the network.
pub(super) fn without(network: &mut Network, layer: usize, left: &[usize]) -> Result<(), String> {
    let Some((at, step)) = network.placed_contractions().nth(layer) else { return Ok(()) };
    let contraction = match &step.op {
        Op::Contract(contraction) => contraction,
        Op::Recurrent(_) => return Err("its filters are the gates of a state that it reads itself".into()),
        _ => return Err("its weights are computed".into()),
    };
    let channels = contraction.geometry.out_channels;
    if contraction.geometry.groups != 1 {
        return Err("it is grouped, so its channels are those that it reads".into());
    }
    let way = passed_on(network, at + 1, channels)?;
    if left.is_empty() {
        return Ok(());
    }
    filters(network, at, left);
    shrink(network, at + 1, [channels, left.len()]);
    for step in way {
        cut(network, step, channels, left);
    }
    Ok(())
}

/// The steps on the way of a value's channels to the contractions that read them.
fn passed_on(network: &Network, value: usize, channels: usize) -> Result<Vec<usize>, String> {
    if network.is_output(value) {
        return Err("its channels are answers of the network".into());
    }
    let mut way = vec![];
    for (at, step) in network.steps.iter().enumerate().filter(|(_, step)| step.inputs.contains(&value)) {
        let size = network.size(value) / channels;
        match &step.op {
            Op::Contract(of) if of.geometry.groups == 1 && reads(of, channels, size) => way.push(at),
            Op::Contract(of) if is_depthwise(of, channels) => {
                way.push(at);
                way.extend(passed_on(network, at + 1, channels)?);
            }
            Op::Clip(..) | Op::Affine(..) | Op::MaxPool(_) | Op::AveragePool(_) | Op::Reshape => {
                way.push(at);
                way.extend(passed_on(network, at + 1, channels)?);
            }
            _ => return Err(format!("node `{}` does not read its channels one by one", step.name)),
        }
    }
    Ok(way)
}

/// Whether a contraction reads whole channels of so many elements, one after the other.
fn reads(of: &Contraction, channels: usize, size: usize) -> bool {
    let inputs = of.geometry.in_channels;
    inputs.is_multiple_of(channels)
        && inputs / channels * of.geometry.in_height * of.geometry.in_width == size
}

fn is_depthwise(of: &Contraction, channels: usize) -> bool {
    [of.geometry.groups, of.geometry.in_channels, of.geometry.out_channels] == [channels; 3]
}

/// Cuts a step that passes channels on or reads them.
fn cut(network: &mut Network, at: usize, channels: usize, left: &[usize]) {
    let kept = channels - left.len();
    match &mut network.steps_mut()[at].op {
        Op::Contract(of) if of.geometry.groups == 1 => return inputs(of, channels, left),
        Op::Contract(of) => {
            of.geometry.groups = kept;
            of.geometry.in_channels = kept;
            filters(network, at, left);
        }
        Op::Affine(factors, constants, _) => {
            *factors = without_parts(factors, channels, left);
            *constants = without_parts(constants, channels, left);
        }
        Op::MaxPool(window) | Op::AveragePool(window) => {
            let geometry = &mut window.geometry;
            for count in [&mut geometry.groups, &mut geometry.in_channels, &mut geometry.out_channels] {
                *count = *count / channels * kept;
            }
        }
        _ => {}
    }
    shrink(network, at + 1, [channels, left.len()]);
}

/// Takes filters and their biases away.
fn filters(network: &mut Network, at: usize, left: &[usize]) {
    let Op::Contract(of) = &mut network.steps_mut()[at].op else { return };
    let channels = of.geometry.out_channels;
    of.weights = without_parts(&of.weights, channels, left);
    of.bias = without_parts(&of.bias, channels, left);
    of.scales = of.scales.as_ref().map(|scales| without_parts(scales, channels, left));
    of.geometry.out_channels -= left.len();
}

/// Takes away from every filter what it has for these channels.
fn inputs(of: &mut Contraction, channels: usize, left: &[usize]) {
    let depth = of.geometry.depth();
    of.weights = of.weights.chunks(depth).flat_map(|filter| without_parts(filter, channels, left)).collect();
    of.geometry.in_channels = of.geometry.in_channels / channels * (channels - left.len());
}

/// What stays of as many equal parts as there are channels.
fn without_parts(values: &[f32], channels: usize, left: &[usize]) -> Vec<f32> {
    let parts = values.chunks((values.len() / channels).max(1)).enumerate();
    parts.filter(|(at, _)| !left.contains(at)).flat_map(|(_, part)| part.iter().copied()).collect()
}

/// Gives a value the shape that it has without some channels.
fn shrink(network: &mut Network, value: usize, [channels, left]: [usize; 2]) {
    let kept = channels - left;
    let size = network.size(value) / channels * kept;
    network.reshape(value, |shape| match shape {
        [first, rest @ ..] if *first == channels => [&[kept], rest].concat(),
        _ => vec![size],
    });
}

//! Elements in relation to others: softmax, and normalisation over channels, groups, layers and neighbours.

use super::call::axis;
use super::layout::permuted;
use super::reduce::last;
use super::{Answer, Call, Operator, operator};
use crate::workload::limit;
use crate::workload::softmax::{log_softmax, softmax};
use crate::workload::value::{Fault, Kind, Value};

pub(super) const OPERATORS: &[Operator] = &[
    operator("BatchNormalization", &["epsilon", "momentum", "spatial", "training_mode"], batch),
    operator("Dropout", &["ratio", "seed"], dropout),
    operator("GroupNormalization", &["epsilon", "num_groups", "stash_type"], group),
    operator("Hardmax", &["axis"], |call| {
        let best = |x: &[f64]| (1..x.len()).fold(0, |best, at| if x[at] > x[best] { at } else { best });
        rows(call, -1, |x| {
            let best = best(x);
            (0..x.len()).map(|at| f64::from(at == best)).collect()
        })
    }),
    operator("InstanceNormalization", &["epsilon"], instance),
    operator("LRN", &["alpha", "beta", "bias", "size"], local),
    operator("LayerNormalization", &["axis", "epsilon", "stash_type"], layer),
    operator("LogSoftmax", &["axis"], |call| rows(call, -1, log_softmax)),
    operator("LpNormalization", &["axis", "p"], |call| {
        let p = call.int("p", 2)?;
        let norm = move |x: &[f64]| match p {
            1 => x.iter().map(|x| x.abs()).sum::<f64>(),
            _ => x.iter().map(|x| x * x).sum::<f64>().sqrt(),
        };
        let divided = move |x: &[f64]| {
            let norm = norm(x);
            x.iter().map(|x| if norm == 0.0 { 0.0 } else { x / norm }).collect()
        };
        single(call, call.axis("axis", -1, call.input(0)?.shape().len())?, divided)
    }),
    operator("MeanVarianceNormalization", &["axes"], mean_variance),
    operator("Softmax", &["axis"], |call| rows(call, -1, softmax)),
];

/// Applies a function to all elements along one axis at a time.
fn single(call: &Call<'_>, at: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> Answer {
    let x = call.input(0)?;
    let (turned, size) = last(x, &[at])?;
    let out = turned.to_reals().chunks_exact(size.max(1)).flat_map(f).collect();
    let out = Value::real(x.kind(), turned.shape(), out)?;
    let count = x.shape().len();
    let back: Vec<usize> =
        (0..count).map(|axis| if axis == at { count - 1 } else { axis - usize::from(axis > at) }).collect();
    Ok(vec![permuted(&out, &back)?])
}

/// Along one axis, or before opset 13 along all axes from one on.
fn rows(call: &Call<'_>, default: i64, f: impl Fn(&[f64]) -> Vec<f64>) -> Answer {
    let x = call.input(0)?;
    if call.opset >= 13 {
        return single(call, call.axis("axis", default, x.shape().len())?, f);
    }
    let at = call.axis("axis", 1, x.shape().len())?;
    let size = x.shape()[at..].iter().product::<usize>().max(1);
    let out = call.reals(0)?.chunks_exact(size).flat_map(f).collect();
    Ok(vec![Value::real(x.kind(), x.shape(), out)?])
}

fn moments(x: &[f64]) -> (f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    (mean, x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / x.len() as f64)
}

/// What each channel is multiplied with and what is added.
fn channels(call: &Call<'_>, at: usize, channels: usize) -> Result<Vec<f64>, Fault> {
    let values = call.reals(at)?;
    if values.len() == channels {
        Ok(values.to_vec())
    } else {
        Err(format!("operand {at} must have {channels} elements, not {}", values.len()))
    }
}

fn batch(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let [_, count, ref rest @ ..] = *x.shape() else { return Err("an input [N, C, …] is expected".into()) };
    if call.int("spatial", 1)? != 1 {
        return Err("spatial = 0".into());
    }
    let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|at| channels(call, at, count));
    let (scale, bias, mut mean, mut variance) = (scale?, bias?, mean?, variance?);
    let (plane, reals, mut more) = (rest.iter().product::<usize>().max(1), call.reals(0)?, vec![]);
    if call.flag("training_mode", false)? {
        let momentum = call.float("momentum", 0.9)?;
        for channel in 0..count {
            let own = reals.chunks_exact(plane).skip(channel).step_by(count).flatten().copied();
            let (now, spread) = moments(&own.collect::<Vec<_>>());
            let blend = |old: f64, new: f64| old * momentum + new * (1.0 - momentum);
            more.push((blend(mean[channel], now), blend(variance[channel], spread)));
            (mean[channel], variance[channel]) = (now, spread);
        }
    }
    let epsilon = call.float("epsilon", 1e-5)?;
    let out = reals.iter().enumerate().map(|(at, x)| {
        let channel = at / plane % count;
        (x - mean[channel]) / (variance[channel] + epsilon).sqrt() * scale[channel] + bias[channel]
    });
    let mut answer = vec![Value::real(x.kind(), x.shape(), out.collect())?];
    if !more.is_empty() {
        let kind = call.input(3)?.kind();
        answer.push(Value::real(kind, &[count], more.iter().map(|(mean, _)| *mean).collect())?);
        answer.push(Value::real(kind, &[count], more.iter().map(|(_, variance)| *variance).collect())?);
    }
    Ok(answer)
}

/// Nothing is dropped outside of training.
fn dropout(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let training = match call.optional(2) {
        Some(_) => call.wholes(2)?.first() == Some(&1),
        None => false,
    };
    if training && call.float_at(1, "ratio", 0.5)? != 0.0 {
        return Err("a dropout that draws at random is for training".into());
    }
    Ok(vec![x.clone(), Value::truths(x.shape(), std::iter::repeat_n(true, x.len()))?])
}

/// Normalises blocks of so many elements, then scales and shifts by what belongs to each element.
fn blocks(
    call: &Call<'_>,
    size: usize,
    scale: impl Fn(usize) -> f64,
    shift: impl Fn(usize) -> f64,
) -> Answer {
    let (x, epsilon) = (call.input(0)?, call.float("epsilon", 1e-5)?);
    let mut out = vec![];
    for (block, elements) in call.reals(0)?.chunks_exact(size.max(1)).enumerate() {
        let (mean, variance) = moments(elements);
        let deviation = (variance + epsilon).sqrt();
        let element = |(at, x): (usize, &f64)| {
            let at = block * size + at;
            (x - mean) / deviation * scale(at) + shift(at)
        };
        out.extend(elements.iter().enumerate().map(element));
    }
    Ok(vec![Value::real(x.kind(), x.shape(), out)?])
}

fn instance(call: &Call<'_>) -> Answer {
    let [_, count, ref rest @ ..] = *call.input(0)?.shape() else {
        return Err("an input [N, C, …] is expected".into());
    };
    let (scale, bias) = (channels(call, 1, count)?, channels(call, 2, count)?);
    let plane = rest.iter().product::<usize>().max(1);
    blocks(call, plane, |at| scale[at / plane % count], |at| bias[at / plane % count])
}

/// Scale and bias are one a group before opset 21, one a channel from then on.
fn group(call: &Call<'_>) -> Answer {
    let [_, count, ref rest @ ..] = *call.input(0)?.shape() else {
        return Err("an input [N, C, …] is expected".into());
    };
    let groups =
        usize::try_from(call.int("num_groups", 0)?).ok().filter(|&n| n > 0 && count.is_multiple_of(n));
    let groups = groups.ok_or_else(|| format!("num_groups does not divide {count} channels"))?;
    let (parameters, each) = if call.opset < 21 { (groups, count / groups) } else { (count, 1) };
    let (scale, bias) = (channels(call, 1, parameters)?, channels(call, 2, parameters)?);
    let plane = rest.iter().product::<usize>().max(1);
    let of = |at: usize| at / plane % count / each;
    blocks(call, count / groups * plane, |at| scale[of(at)], |at| bias[of(at)])
}

fn layer(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let at = call.axis("axis", -1, x.shape().len())?;
    let (outer, inner) = x.shape().split_at(at);
    let size = inner.iter().product::<usize>().max(1);
    let stretched = |at: usize| -> Result<Vec<f64>, Fault> {
        match call.optional(at) {
            Some(value) => Ok(super::binary::stretched(value, inner)?.to_reals()),
            None => Ok(vec![0.0; size]),
        }
    };
    let (scale, bias, epsilon) = (stretched(1)?, stretched(2)?, call.float("epsilon", 1e-5)?);
    let mut answer = blocks(call, size, |at| scale[at % size], |at| bias[at % size])?;
    let each: Vec<(f64, f64)> = call.reals(0)?.chunks_exact(size).map(moments).collect();
    let shape = [outer, &vec![1; inner.len()]].concat();
    let means = each.iter().map(|(mean, _)| *mean).collect();
    answer.push(Value::real(Kind::F32, &shape, means)?);
    let inverse = each.iter().map(|(_, variance)| 1.0 / (variance + epsilon).sqrt()).collect();
    answer.push(Value::real(Kind::F32, &shape, inverse)?);
    Ok(answer)
}

/// Divides by what neighbouring channels amount to.
fn local(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let [_, count, ref rest @ ..] = *x.shape() else { return Err("an input [N, C, …] is expected".into()) };
    let (alpha, beta, bias) =
        (call.float("alpha", 1e-4)?, call.float("beta", 0.75)?, call.float("bias", 1.0)?);
    let size = call.int("size", 0)?.clamp(1, limit::TEXT_WINDOW) as usize;
    let (plane, reals) = (rest.iter().product::<usize>().max(1), call.reals(0)?);
    let element = |(at, x): (usize, &f64)| {
        let channel = at / plane % count;
        let near = channel.saturating_sub((size - 1) / 2)..(channel + size / 2 + 1).min(count);
        let sum: f64 = near.map(|other| reals[at + other * plane - channel * plane].powi(2)).sum();
        x / (bias + alpha / size as f64 * sum).powf(beta)
    };
    Ok(vec![Value::real(x.kind(), x.shape(), reals.iter().enumerate().map(element).collect())?])
}

fn mean_variance(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let count = x.shape().len();
    let axes = call.ints("axes")?.unwrap_or_else(|| vec![0, 2, 3]);
    let axes: Vec<usize> = axes.iter().map(|&at| axis(at, count)).collect::<Result<_, _>>()?;
    let (turned, size) = last(x, &axes)?;
    let normal = |x: &[f64]| {
        let (mean, variance) = moments(x);
        x.iter().map(|x| (x - mean) / (variance.sqrt() + 1e-9)).collect::<Vec<_>>()
    };
    let out = turned.to_reals().chunks_exact(size.max(1)).flat_map(normal).collect();
    let order: Vec<usize> = (0..count)
        .filter(|axis| !axes.contains(axis))
        .chain((0..count).filter(|axis| axes.contains(axis)))
        .collect();
    let back: Vec<usize> = (0..count).filter_map(|axis| order.iter().position(|own| *own == axis)).collect();
    Ok(vec![permuted(&Value::real(x.kind(), turned.shape(), out)?, &back)?])
}

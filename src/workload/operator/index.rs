//! Operators that take elements where other elements say.

use super::call::axis as counted;
use super::layout::{offsets, picked};
use super::{Answer, Call, Operator, operator};
use crate::workload::value::{Fault, Kind, Value, room, strides};

pub(super) const OPERATORS: &[Operator] = &[
    operator("Compress", &["axis"], compress),
    operator("Gather", &["axis"], gather),
    operator("GatherElements", &["axis"], gather_elements),
    operator("GatherND", &["batch_dims"], gather_nd),
    operator("NonZero", &[], non_zero),
    operator("OneHot", &["axis"], one_hot),
];

/// Places along an axis, which may be counted from the end.
fn indices(value: &Value, size: usize) -> Result<Vec<usize>, Fault> {
    value
        .wholes()?
        .iter()
        .map(|&at| counted(at, size).map_err(|_| format!("index {at} is none of {size}")))
        .collect()
}

fn compress(call: &Call<'_>) -> Answer {
    let (x, which) = (call.input(0)?, call.wholes(1)?);
    let kept = |count: usize| (0..count).filter(|&at| which.get(at) == Some(&1)).collect::<Vec<_>>();
    if call.attribute("axis").is_none() {
        let places = kept(x.len());
        return Ok(vec![x.arranged(&[places.len()], &places)?]);
    }
    let at = call.axis("axis", 0, x.shape().len())?;
    let mut picks = offsets(x.shape());
    picks[at] = kept(x.shape()[at]).into_iter().map(|place| picks[at][place]).collect();
    Ok(vec![picked(x, &picks, 0.0)?])
}

fn gather(call: &Call<'_>) -> Answer {
    let (x, which) = (call.input(0)?, call.input(1)?);
    let at = call.axis("axis", 0, x.shape().len())?;
    let mut picks = offsets(x.shape());
    picks[at] = indices(which, x.shape()[at])?.into_iter().map(|place| picks[at][place]).collect();
    let shape = [&x.shape()[..at], which.shape(), &x.shape()[at + 1..]].concat();
    Ok(vec![picked(x, &picks, 0.0)?.reshaped(&shape)?])
}

/// The place of each element of `which` in a value of shape `shape`, its place along `at` replaced.
pub(super) fn element_places(which: &Value, shape: &[usize], at: usize) -> Result<Vec<usize>, Fault> {
    let own = which.shape();
    if own.len() != shape.len() || (0..own.len()).any(|axis| axis != at && own[axis] > shape[axis]) {
        return Err(format!("indices of shape {own:?} do not fit {shape:?}"));
    }
    let (from, to) = (strides(own), strides(shape));
    let along = indices(which, shape[at])?;
    let place = |(place, along): (usize, usize)| {
        let others = (0..own.len()).filter(|&axis| axis != at);
        along * to[at] + others.map(|axis| place / from[axis] % own[axis] * to[axis]).sum::<usize>()
    };
    Ok(along.into_iter().enumerate().map(place).collect())
}

fn gather_elements(call: &Call<'_>) -> Answer {
    let (x, which) = (call.input(0)?, call.input(1)?);
    let at = call.axis("axis", 0, x.shape().len())?;
    Ok(vec![x.arranged(which.shape(), &element_places(which, x.shape(), at)?)?])
}

/// Starts of the slices that the last axis of `which` points at, and how long each is.
pub(super) fn slices(which: &Value, shape: &[usize], batch: usize) -> Result<(Vec<usize>, usize), Fault> {
    let own = which.shape();
    let depth = own.last().copied().unwrap_or(0);
    let fits = batch < own.len() && batch + depth <= shape.len() && own[..batch] == shape[..batch];
    if !fits || depth == 0 {
        return Err(format!("indices of shape {own:?} do not fit {shape:?}"));
    }
    let steps = strides(shape);
    let per_batch = own[batch..own.len() - 1].iter().product::<usize>().max(1);
    let span: usize = shape[batch..].iter().product();
    let start = |(row, tuple): (usize, &[i64])| {
        let along = tuple.iter().enumerate().map(|(axis, &at)| {
            let at = counted(at, shape[batch + axis]).map_err(|_| format!("index {at} is outside"))?;
            Ok(at * steps[batch + axis])
        });
        Ok(row / per_batch * span + along.sum::<Result<usize, Fault>>()?)
    };
    let starts = which.wholes()?.chunks_exact(depth).enumerate().map(start).collect::<Result<_, Fault>>()?;
    Ok((starts, shape[batch + depth..].iter().product()))
}

fn gather_nd(call: &Call<'_>) -> Answer {
    let (x, which) = (call.input(0)?, call.input(1)?);
    let batch = usize::try_from(call.int("batch_dims", 0)?).unwrap_or(usize::MAX);
    let (starts, length) = slices(which, x.shape(), batch)?;
    let (rows, depth) = (which.shape().len() - 1, which.shape()[which.shape().len() - 1]);
    let shape = [&which.shape()[..rows], &x.shape()[batch + depth..]].concat();
    room(&shape)?;
    let places: Vec<usize> = starts.into_iter().flat_map(|start| start..start + length).collect();
    Ok(vec![x.arranged(&shape, &places)?])
}

fn non_zero(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let (reals, steps) = (x.to_reals(), strides(x.shape()));
    let found: Vec<usize> = (0..reals.len()).filter(|&at| reals[at] != 0.0).collect();
    let axes = x.shape().len();
    let along = |axis: usize| found.iter().map(|at| at / steps[axis] % x.shape()[axis]).collect::<Vec<_>>();
    let rows = (0..axes).flat_map(along).map(|at| at as i64).collect();
    Ok(vec![Value::whole(Kind::I64, &[axes, found.len()], rows)?])
}

fn one_hot(call: &Call<'_>) -> Answer {
    let (which, depth, values) = (call.input(0)?, call.input(1)?.to_reals(), call.input(2)?);
    let depth = depth.first().map_or(0.0, |depth| *depth) as usize;
    let axes = which.shape().len();
    let at = call.axis("axis", -1, axes + 1)?;
    let mut shape = which.shape().to_vec();
    shape.insert(at, depth);
    let count = room(&shape)?;
    let (steps, own, which) = (strides(&shape), strides(which.shape()), which.to_reals());
    let hot = |place: usize| {
        let class = place / steps[at] % shape[at];
        let row = (0..axes).map(|axis| {
            let wide = if axis < at { axis } else { axis + 1 };
            place / steps[wide] % shape[wide] * own[axis]
        });
        let wanted = which[row.sum::<usize>()] as i64;
        usize::from((if wanted < 0 { wanted + depth as i64 } else { wanted }) == class as i64)
    };
    Ok(vec![values.arranged(&shape, &(0..count).map(hot).collect::<Vec<_>>())?])
}

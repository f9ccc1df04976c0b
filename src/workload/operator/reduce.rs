//! Many elements to one: sums, extremes and their places along axes.

use super::layout::permuted;
use super::{Answer, Call, Operator, operator};
use crate::workload::softmax::log_sum_exp;
use crate::workload::value::{Fault, Kind, Value};

pub(super) const OPERATORS: &[Operator] = &[
    operator("ArgMax", &["axis", "keepdims", "select_last_index"], |call| extreme(call, |a, b| a > b)),
    operator("ArgMin", &["axis", "keepdims", "select_last_index"], |call| extreme(call, |a, b| a < b)),
    operator("CumSum", &["exclusive", "reverse"], running),
    operator("ReduceL1", REDUCE, |call| reduce(call, |x| x.iter().map(|x| x.abs()).sum())),
    operator("ReduceL2", REDUCE, |call| reduce(call, |x| x.iter().map(|x| x * x).sum::<f64>().sqrt())),
    operator("ReduceLogSum", REDUCE, |call| reduce(call, |x| x.iter().sum::<f64>().ln())),
    operator("ReduceLogSumExp", REDUCE, |call| reduce(call, log_sum_exp)),
    operator("ReduceMax", REDUCE, |call| {
        reduce(call, |x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }),
    operator("ReduceMean", REDUCE, |call| reduce(call, |x| x.iter().sum::<f64>() / x.len() as f64)),
    operator("ReduceMin", REDUCE, |call| reduce(call, |x| x.iter().copied().fold(f64::INFINITY, f64::min))),
    operator("ReduceProd", REDUCE, |call| reduce(call, |x| x.iter().product())),
    operator("ReduceSum", REDUCE, |call| reduce(call, |x| x.iter().sum())),
    operator("ReduceSumSquare", REDUCE, |call| reduce(call, |x| x.iter().map(|x| x * x).sum())),
];

const REDUCE: &[&str] = &["axes", "keepdims", "noop_with_empty_axes"];

/// A value with the given axes last, and how many elements they have together.
pub(super) fn last(value: &Value, axes: &[usize]) -> Result<(Value, usize), Fault> {
    let count = value.shape().len();
    let order: Vec<usize> = (0..count)
        .filter(|axis| !axes.contains(axis))
        .chain((0..count).filter(|axis| axes.contains(axis)))
        .collect();
    let size = (0..count).filter(|axis| axes.contains(axis)).map(|axis| value.shape()[axis]).product();
    Ok((permuted(value, &order)?, size))
}

/// The shape that is left when axes are reduced.
fn rest(shape: &[usize], axes: &[usize], keep: bool) -> Vec<usize> {
    let left = |(axis, &size): (usize, &usize)| match axes.contains(&axis) {
        true => keep.then_some(1),
        false => Some(size),
    };
    shape.iter().enumerate().filter_map(left).collect()
}

fn reduce(call: &Call<'_>, fold: impl Fn(&[f64]) -> f64) -> Answer {
    let x = call.input(0)?;
    let axes = call.axes_at(1, x.shape().len())?.filter(|axes| !axes.is_empty());
    let axes = match axes {
        Some(axes) => axes,
        None if call.flag("noop_with_empty_axes", false)? => return Ok(vec![x.clone()]),
        None => (0..x.shape().len()).collect(),
    };
    let shape = rest(x.shape(), &axes, call.flag("keepdims", true)?);
    let (rows, size) = last(x, &axes)?;
    let reals = rows.to_reals();
    let count = shape.iter().product::<usize>();
    let row = |at: usize| fold(&reals[at * size..(at + 1) * size]);
    let elements: Vec<f64> = (0..count).map(row).collect();
    if x.kind() == Kind::Bool {
        return Ok(vec![Value::truths(&shape, elements.into_iter().map(|x| x > 0.0))?]);
    }
    Ok(vec![Value::numbers(x.kind(), &shape, elements)?])
}

fn extreme(call: &Call<'_>, better: impl Fn(f64, f64) -> bool) -> Answer {
    let x = call.input(0)?;
    let at = call.axis("axis", 0, x.shape().len())?;
    let latest = call.flag("select_last_index", false)?;
    let shape = rest(x.shape(), &[at], call.flag("keepdims", true)?);
    let (rows, size) = last(x, &[at])?;
    if size == 0 {
        return Err("an empty axis has no extreme".into());
    }
    let of = |row: &[f64]| {
        let best = (1..row.len()).fold(0, |best, at| {
            if better(row[at], row[best]) || latest && row[at] == row[best] { at } else { best }
        });
        best as i64
    };
    Ok(vec![Value::whole(Kind::I64, &shape, rows.to_reals().chunks_exact(size).map(of).collect())?])
}

fn running(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let at = call.input(1)?.wholes()?.first().copied().ok_or("the axis is missing")?;
    let at = super::call::axis(at, x.shape().len())?;
    let (late, back) = (call.flag("exclusive", false)?, call.flag("reverse", false)?);
    let (size, step) = (x.shape()[at], x.shape()[at + 1..].iter().product::<usize>());
    let mut out = x.to_reals();
    let starts: Vec<usize> = (0..out.len()).filter(|place| place / step % size == 0).collect();
    for start in starts {
        let mut sum = 0.0;
        for along in 0..size {
            let place = start + step * if back { size - 1 - along } else { along };
            let before = sum;
            sum += out[place];
            out[place] = if late { before } else { sum };
        }
    }
    Ok(vec![Value::numbers(x.kind(), x.shape(), out)?])
}

//! Operators that give elements other places: shapes, orders, parts and repetitions.

use super::binary::{common, stretched};
use super::call::axis;
use super::cast::sizes;
use super::{Answer, Call, Operator, operator, unknown};
use crate::workload::limit;
use crate::workload::value::{Fault, NOWHERE, Value, places, room, strides};

pub(super) const OPERATORS: &[Operator] = &[
    operator("CenterCropPad", &["axes"], center),
    operator("Concat", &["axis"], concat),
    operator("DepthToSpace", &["blocksize", "mode"], depth_to_space),
    operator("Expand", &[], expand),
    operator("Flatten", &["axis"], flatten),
    operator("Pad", &["mode", "pads", "value"], pad),
    operator("Reshape", &["allowzero"], reshape),
    operator("ReverseSequence", &["batch_axis", "time_axis"], reverse),
    operator("Slice", &["axes", "ends", "starts"], slice),
    operator("SpaceToDepth", &["blocksize"], space_to_depth),
    operator("Split", &["axis", "num_outputs", "split"], split),
    operator("Squeeze", &["axes"], squeeze),
    operator("Tile", &[], tile),
    operator("Transpose", &["perm"], transpose),
    operator("Trilu", &["upper"], triangle),
    operator("Unsqueeze", &["axes"], unsqueeze),
];

/// Offsets of all places along every axis of a value: its own order.
pub(super) fn offsets(shape: &[usize]) -> Vec<Vec<usize>> {
    let steps = strides(shape);
    shape.iter().zip(steps).map(|(&size, step)| (0..size).map(|at| at * step).collect()).collect()
}

/// A value whose axes are read at the given offsets.
pub(super) fn picked(value: &Value, offsets: &[Vec<usize>], fill: f64) -> Result<Value, Fault> {
    let shape: Vec<usize> = offsets.iter().map(Vec::len).collect();
    room(&shape)?;
    value.padded(&shape, &places(offsets), fill)
}

/// The axes of a value in another order.
pub(super) fn permuted(value: &Value, order: &[usize]) -> Result<Value, Fault> {
    let own = offsets(value.shape());
    if own.len() != order.len() {
        return Err(format!("{} axes are expected, not those of {:?}", order.len(), value.shape()));
    }
    picked(value, &order.iter().map(|&axis| own[axis].clone()).collect::<Vec<_>>(), 0.0)
}

fn concat(call: &Call<'_>) -> Answer {
    let every = call.every()?;
    let axes = every[0].shape().len();
    let at = call.axis("axis", 1, axes)?;
    let alike = |value: &&Value| {
        let own = value.shape();
        own.len() == axes && (0..axes).all(|axis| axis == at || own[axis] == every[0].shape()[axis])
    };
    if !every.iter().all(alike) {
        let shapes: Vec<&[usize]> = every.iter().map(|value| value.shape()).collect();
        return Err(format!("shapes {shapes:?} differ along another axis than {at}"));
    }
    let mut shape = every[0].shape().to_vec();
    shape[at] = every.iter().map(|value| value.shape()[at]).sum();
    room(&shape)?;
    let outer: usize = shape[..at].iter().product();
    let mut starts = vec![];
    let mut start = 0;
    for value in &every {
        starts.push(start);
        start += value.len();
    }
    let row = |outer: usize, value: &Value, start: usize| {
        let size = value.shape()[at..].iter().product::<usize>();
        start + outer * size..start + (outer + 1) * size
    };
    let every_row =
        |outer| every.iter().zip(&starts).flat_map(move |(value, &start)| row(outer, value, start));
    let places: Vec<usize> = (0..outer).flat_map(every_row).collect();
    Ok(vec![Value::joined(&every)?.arranged(&shape, &places)?])
}

/// Blocks of channels become squares of pixels.
fn depth_to_space(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let (&[n, c, h, w], b) = (image(x)?, block(call)?);
    if !c.is_multiple_of(b * b) {
        return Err(format!("{c} channels are no blocks of {b} × {b}"));
    }
    let rest = c / (b * b);
    let (split, order): ([usize; 6], [usize; 6]) = match call.text("mode", "DCR")? {
        "DCR" => ([n, b, b, rest, h, w], [0, 3, 4, 1, 5, 2]),
        "CRD" => ([n, rest, b, b, h, w], [0, 1, 4, 2, 5, 3]),
        other => return Err(unknown("mode", other, &["DCR", "CRD"])),
    };
    Ok(vec![permuted(&x.reshaped(&split)?, &order)?.reshaped(&[n, rest, h * b, w * b])?])
}

fn space_to_depth(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let (&[n, c, h, w], b) = (image(x)?, block(call)?);
    if !h.is_multiple_of(b) || !w.is_multiple_of(b) {
        return Err(format!("{h} × {w} pixels are no blocks of {b} × {b}"));
    }
    let split = x.reshaped(&[n, c, h / b, b, w / b, b])?;
    Ok(vec![permuted(&split, &[0, 3, 5, 1, 2, 4])?.reshaped(&[n, c * b * b, h / b, w / b])?])
}

fn image(x: &Value) -> Result<&[usize; 4], Fault> {
    x.shape().try_into().map_err(|_| format!("an image [N, C, H, W] is expected, not {:?}", x.shape()))
}

fn block(call: &Call<'_>) -> Result<usize, Fault> {
    let size = call.int("blocksize", 0)?;
    usize::try_from(size)
        .ok()
        .filter(|size| (1..=1024).contains(size))
        .ok_or(format!("blocksize = {size}; 1 to 1024 is expected"))
}

fn expand(call: &Call<'_>) -> Answer {
    let (x, target) = (call.input(0)?, sizes(call.wholes(1)?)?);
    let shape = common(&[x.shape(), &target])?;
    Ok(vec![stretched(x, &shape)?])
}

fn flatten(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let (given, axes) = (call.int("axis", 1)?, x.shape().len());
    let at = if given == axes as i64 { axes } else { axis(given, axes)? };
    let (outer, inner) = x.shape().split_at(at);
    Ok(vec![x.reshaped(&[outer.iter().product(), inner.iter().product()])?])
}

fn pad(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let axes = call.axes_at(3, x.shape().len())?.unwrap_or_else(|| (0..x.shape().len()).collect());
    let pads = call.ints_at(1, "pads")?.ok_or("pads are missing")?;
    if pads.len() != 2 * axes.len() || pads.iter().any(|pad| pad.abs() > limit::TEXT_WINDOW) {
        return Err(format!("two pads for each of {} axes are expected, not {pads:?}", axes.len()));
    }
    if (1..axes.len()).any(|at| axes[..at].contains(&axes[at])) {
        return Err(format!("axes {axes:?} repeat"));
    }
    let mode = call.text("mode", "constant")?;
    let mut picks = offsets(x.shape());
    let mut shape = x.shape().to_vec();
    for (at, &axis) in axes.iter().enumerate() {
        let (before, after) = (pads[at], pads[at + axes.len()]);
        let own = &picks[axis];
        let end = own.len() as i64 + after;
        shape[axis] = usize::try_from(end + before).unwrap_or(0);
        room(&shape)?;
        picks[axis] = (-before..end).map(|at| padding(at, own, mode)).collect::<Result<_, _>>()?;
    }
    Ok(vec![picked(x, &picks, call.float_at(2, "value", 0.0)?)?])
}

/// The offset of a place that may lie outside.
fn padding(at: i64, own: &[usize], mode: &str) -> Result<usize, Fault> {
    let size = own.len() as i64;
    if let Some(&inside) = usize::try_from(at).ok().and_then(|at| own.get(at)) {
        return Ok(inside);
    }
    if size == 0 && mode != "constant" {
        return Err("an empty axis cannot be continued".into());
    }
    match mode {
        "constant" => Ok(NOWHERE),
        "edge" => Ok(own[at.clamp(0, size - 1) as usize]),
        "wrap" => Ok(own[at.rem_euclid(size) as usize]),
        "reflect" => {
            let period = 2 * (size - 1).max(1);
            let at = at.rem_euclid(period);
            Ok(own[at.min(period - at).min(size - 1) as usize])
        }
        other => Err(unknown("mode", other, &["constant", "edge", "wrap", "reflect"])),
    }
}

/// Cuts or pads so that the middle stays in the middle.
fn center(call: &Call<'_>) -> Answer {
    let (x, target) = (call.input(0)?, sizes(call.wholes(1)?)?);
    let count = x.shape().len();
    let given = call.ints("axes")?.unwrap_or_else(|| (0..count as i64).collect());
    let mut picks = offsets(x.shape());
    for (&one, &size) in given.iter().zip(&target) {
        let own = &mut picks[axis(one, count)?];
        let (have, want) = (own.len() as i64, size as i64);
        let start = if want > have { -((want - have) / 2) } else { (have - want) / 2 };
        *own = (start..start + want).map(|at| padding(at, own, "constant")).collect::<Result<_, _>>()?;
    }
    Ok(vec![picked(x, &picks, 0.0)?])
}

fn reshape(call: &Call<'_>) -> Answer {
    let (x, target) = (call.input(0)?, call.wholes(1)?);
    let keep = !call.flag("allowzero", false)?;
    let size = |(at, &size): (usize, &i64)| match size {
        0 if keep => x.shape().get(at).copied(),
        -1 => Some(1),
        size => usize::try_from(size).ok(),
    };
    let refused = || format!("shape {:?} cannot become {target:?}", x.shape());
    let shape: Option<Vec<usize>> = target.iter().enumerate().map(size).collect();
    let mut shape = shape.ok_or_else(refused)?;
    if let Some(free) = target.iter().position(|&size| size == -1) {
        shape[free] = x.len() / room(&shape)?.max(1);
    }
    Ok(vec![x.reshaped(&shape).map_err(|_| refused())?])
}

fn reverse(call: &Call<'_>) -> Answer {
    let (x, lengths) = (call.input(0)?, call.wholes(1)?);
    let (time, batch) = (call.int("time_axis", 0)?, call.int("batch_axis", 1)?);
    let axes = x.shape().len();
    let (time, batch) = (axis(time, axes)?, axis(batch, axes)?);
    let steps = strides(x.shape());
    let moved = |place: usize| {
        let at = |axis: usize| place / steps[axis] % x.shape()[axis];
        let length =
            lengths.get(at(batch)).map_or(0, |&length| length.clamp(0, x.shape()[time] as i64) as usize);
        let from = if at(time) < length { length - 1 - at(time) } else { at(time) };
        place - at(time) * steps[time] + from * steps[time]
    };
    Ok(vec![x.arranged(x.shape(), &(0..x.len()).map(moved).collect::<Vec<_>>())?])
}

fn slice(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let starts = call.ints_at(1, "starts")?.ok_or("starts are missing")?;
    let ends = call.ints_at(2, "ends")?.ok_or("ends are missing")?;
    let count = starts.len();
    let axes = call.axes_at(3, x.shape().len())?.unwrap_or_else(|| (0..count).collect());
    let steps = call.optional(4).map(|_| call.wholes(4)).transpose()?.map_or(vec![1; count], <[i64]>::to_vec);
    if [ends.len(), axes.len(), steps.len()] != [count; 3] || axes.iter().any(|&axis| axis >= x.shape().len())
    {
        return Err("starts, ends, axes and steps of one length are expected".into());
    }
    let mut picks = offsets(x.shape());
    for (at, &axis) in axes.iter().enumerate() {
        let own = &picks[axis];
        picks[axis] = cut(own.len() as i64, starts[at], ends[at], steps[at])?.map(|at| own[at]).collect();
    }
    Ok(vec![picked(x, &picks, 0.0)?])
}

/// The places from a start to before an end, as the operator text clamps them.
fn cut(size: i64, start: i64, end: i64, step: i64) -> Result<impl Iterator<Item = usize>, Fault> {
    if step == 0 {
        return Err("a step of 0 leads nowhere".into());
    }
    let counted = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
    let (low, high) = if step < 0 { (-1, size - 1) } else { (0, size) };
    let (start, end) =
        (counted(start).clamp(low.max(0), high.max(low.max(0))), counted(end).clamp(low, high.max(low)));
    let inside = move |at: &i64| if step > 0 { *at < end } else { *at > end && *at < size };
    let places = std::iter::successors(Some(start), move |at| at.checked_add(step));
    Ok(places.take_while(inside).map(|at| at as usize))
}

fn split(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let at = call.axis("axis", 0, x.shape().len())?;
    let (size, outputs) = (x.shape()[at], call.node.outputs.len());
    let parts = match call.ints_at(1, "split")? {
        Some(parts) => sizes(&parts)?,
        None => {
            let parts = usize::try_from(call.int("num_outputs", outputs as i64)?)
                .unwrap_or(0)
                .clamp(1, outputs.max(1));
            let each = size.div_ceil(parts);
            (0..parts).map(|part| each.min(size.saturating_sub(part * each))).collect()
        }
    };
    if parts.iter().sum::<usize>() != size || parts.len() != outputs {
        return Err(format!("{size} elements do not fall into {outputs} parts of {parts:?}"));
    }
    let mut start = 0;
    let mut answer = vec![];
    for part in parts {
        let mut picks = offsets(x.shape());
        picks[at] = picks[at][start..start + part].to_vec();
        answer.push(picked(x, &picks, 0.0)?);
        start += part;
    }
    Ok(answer)
}

fn squeeze(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let one = |axis: usize| x.shape()[axis] == 1;
    let gone = match call.ints_at(1, "axes")? {
        Some(axes) => axes.iter().map(|&at| axis(at, x.shape().len())).collect::<Result<Vec<_>, _>>()?,
        None => (0..x.shape().len()).filter(|&axis| one(axis)).collect(),
    };
    if let Some(long) = gone.iter().find(|&&axis| !one(axis)) {
        return Err(format!("axis {long} of {:?} has not the length 1", x.shape()));
    }
    let kept = (0..x.shape().len()).filter(|axis| !gone.contains(axis)).map(|axis| x.shape()[axis]);
    Ok(vec![x.reshaped(&kept.collect::<Vec<_>>())?])
}

fn unsqueeze(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let axes = call.ints_at(1, "axes")?.ok_or("axes are missing")?;
    let count = x.shape().len() + axes.len();
    let new: Vec<usize> = axes.iter().map(|&at| axis(at, count)).collect::<Result<_, _>>()?;
    let mut own = x.shape().iter();
    let size = |axis| if new.contains(&axis) { Some(1) } else { own.next().copied() };
    let shape: Option<Vec<usize>> = (0..count).map(size).collect();
    Ok(vec![x.reshaped(&shape.ok_or_else(|| format!("axes {axes:?} repeat"))?)?])
}

fn tile(call: &Call<'_>) -> Answer {
    let (x, repeats) = (call.input(0)?, sizes(call.wholes(1)?)?);
    if repeats.len() != x.shape().len() {
        return Err(format!("{} repeats are expected, not {}", x.shape().len(), repeats.len()));
    }
    room(
        &x.shape().iter().zip(&repeats).map(|(size, times)| size.saturating_mul(*times)).collect::<Vec<_>>(),
    )?;
    let own = offsets(x.shape()).into_iter().zip(&repeats).map(|(own, &times)| own.repeat(times));
    Ok(vec![picked(x, &own.collect::<Vec<_>>(), 0.0)?])
}

fn transpose(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let axes = x.shape().len();
    let given = call.ints("perm")?.unwrap_or_else(|| (0..axes as i64).rev().collect());
    let order: Vec<usize> = given.iter().map(|&at| axis(at, axes)).collect::<Result<_, _>>()?;
    if order.len() != axes || (0..axes).any(|axis| !order.contains(&axis)) {
        return Err(format!("perm = {given:?} is no order of {axes} axes"));
    }
    Ok(vec![permuted(x, &order)?])
}

fn triangle(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let [.., rows, columns] = *x.shape() else { return Err("a matrix is expected".into()) };
    let k =
        call.optional(1).map(|_| call.wholes(1)).transpose()?.and_then(|k| k.first().copied()).unwrap_or(0);
    let upper = call.flag("upper", true)?;
    let stays = |place: usize| {
        let (row, column) = (place / columns % rows, place % columns);
        let beyond = column as i64 - row as i64;
        if upper { beyond >= k } else { beyond <= k }
    };
    let places: Vec<usize> = (0..x.len()).map(|place| if stays(place) { place } else { NOWHERE }).collect();
    Ok(vec![x.arranged(x.shape(), &places)?])
}

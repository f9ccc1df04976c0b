//! What a window makes of what it sees: averages, extremes, norms.

use super::window::{BEYOND, Window};
use super::{Answer, Call, Operator, operator};
use crate::workload::value::{Fault, Kind, NOWHERE, Value, room, strides};

pub(super) const OPERATORS: &[Operator] = &[
    operator(
        "AveragePool",
        &["auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides"],
        average,
    ),
    operator("GlobalAveragePool", &[], |call| global(call, |x| x.iter().sum::<f64>() / x.len() as f64)),
    operator("GlobalLpPool", &["p"], |call| {
        let p = call.int("p", 2)? as f64;
        global(call, |x| norm(x.iter().copied(), p))
    }),
    operator("GlobalMaxPool", &[], |call| {
        global(call, |x| x.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }),
    operator(
        "LpPool",
        &["auto_pad", "ceil_mode", "dilations", "kernel_shape", "p", "pads", "strides"],
        |call| {
            let p = call.int("p", 2)? as f64;
            pool(call, |x, places| norm(inside(x, places), p))
        },
    ),
    operator(
        "MaxPool",
        &["auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"],
        largest,
    ),
];

fn norm(x: impl Iterator<Item = f64>, p: f64) -> f64 {
    x.map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p)
}

/// What a window sees of an image.
fn inside<'a>(x: &'a [f64], places: &'a [usize]) -> impl Iterator<Item = f64> + 'a {
    places.iter().filter_map(|&place| x.get(place).copied())
}

/// The window of a node, and the places it sees, position after position.
fn windows(call: &Call<'_>) -> Result<(Window, Vec<usize>), Fault> {
    let x = call.input(0)?;
    let axes = x.shape().len().checked_sub(2).ok_or("an input [N, C, …] is expected")?;
    let kernel = call.ints("kernel_shape")?.ok_or("attribute kernel_shape is missing")?;
    let kernel = if kernel.len() == axes { call.sizes("kernel_shape", axes, 1)? } else { vec![] };
    let window = Window::new(call, &x.shape()[2..], kernel)?;
    let places = window.places()?;
    let positions = window.out.iter().product::<usize>();
    let seen = (0..positions).flat_map(|at| places[at..].iter().step_by(positions).copied()).collect();
    Ok((window, seen))
}

fn pool(call: &Call<'_>, fold: impl Fn(&[f64], &[usize]) -> f64) -> Answer {
    let x = call.input(0)?;
    let (window, seen) = windows(call)?;
    let plane = window.image.iter().product::<usize>().max(1);
    let shape = [&x.shape()[..2], &window.out].concat();
    room(&shape)?;
    let reals = x.to_reals();
    let (planes, taps) = (reals.chunks_exact(plane), window.kernel.iter().product::<usize>());
    let fold = &fold;
    let out =
        planes.flat_map(|image| seen.chunks_exact(taps).map(move |places| fold(image, places))).collect();
    Ok(vec![Value::numbers(x.kind(), &shape, out)?])
}

fn average(call: &Call<'_>) -> Answer {
    let padding = call.flag("count_include_pad", false)?;
    let counts = move |place: &usize| if padding { *place != BEYOND } else { *place < NOWHERE - 1 };
    pool(call, |x, places| {
        inside(x, places).sum::<f64>() / places.iter().filter(|place| counts(place)).count() as f64
    })
}

fn global(call: &Call<'_>, fold: impl Fn(&[f64]) -> f64) -> Answer {
    let x = call.input(0)?;
    if x.shape().len() < 3 || x.is_empty() {
        return Err(format!("an input [N, C, …] is expected, not {:?}", x.shape()));
    }
    let (outer, inner) = x.shape().split_at(2);
    let shape = [outer, &vec![1; inner.len()]].concat();
    let out = x.to_reals().chunks_exact(inner.iter().product()).map(fold).collect();
    Ok(vec![Value::numbers(x.kind(), &shape, out)?])
}

/// The largest element, and where it lies in the whole input.
fn largest(call: &Call<'_>) -> Answer {
    let best = |x: &[f64], places: &[usize]| {
        let better = |best: Option<usize>, &at: &usize| match best {
            _ if at >= x.len() => best,
            Some(best) if x[best] >= x[at] => Some(best),
            _ => Some(at),
        };
        places.iter().fold(None, better)
    };
    let mut answer = pool(call, |x, places| best(x, places).map_or(f64::NEG_INFINITY, |at| x[at]))?;
    if call.wants(1) {
        let image = call.input(0)?.shape()[2..].to_vec();
        let plane = image.iter().product::<usize>();
        let columns = call.flag("storage_order", false)?;
        let at = pool(call, |x, places| {
            let at = best(x, places).unwrap_or(0);
            (if columns { by_columns(at, &image) } else { at }) as f64
        })?;
        let shape = answer[0].shape().to_vec();
        let each = shape[2..].iter().product::<usize>().max(1);
        let within = at[0].to_reals();
        let whole = within.iter().enumerate().map(|(out, at)| (out / each * plane) as i64 + *at as i64);
        answer.push(Value::whole(Kind::I64, &shape, whole.collect())?);
    }
    Ok(answer)
}

/// The number of a place where the first axis counts fastest.
fn by_columns(place: usize, image: &[usize]) -> usize {
    let steps = strides(image);
    let along = |axis: usize| place / steps[axis] % image[axis] * image[..axis].iter().product::<usize>();
    (0..image.len()).map(along).sum()
}

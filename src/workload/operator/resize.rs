//! Other sizes: every element of a result is a weighted sum of neighbours, axis by axis.

use super::call::axis;
use super::cast::sizes;
use super::{Answer, Call, Operator, operator, unknown};
use crate::workload::value::{Fault, Value, room};

pub(super) const OPERATORS: &[Operator] = &[
    operator(
        "Resize",
        &[
            "antialias",
            "axes",
            "coordinate_transformation_mode",
            "cubic_coeff_a",
            "exclude_outside",
            "extrapolation_value",
            "keep_aspect_ratio_policy",
            "mode",
            "nearest_mode",
        ],
        resize,
    ),
    operator("Upsample", &["mode", "scales"], upsample),
];

/// What an axis becomes: how many elements, and how much longer it is nominally.
#[derive(Clone, Copy)]
struct Stretch {
    size: usize,
    scale: f64,
    /// The part of the axis that is kept, from 0 to 1.
    roi: [f64; 2],
}

/// The weights of neighbours.
#[derive(Clone, Copy)]
enum Kernel<'a> {
    Nearest(&'a str),
    Linear,
    Cubic(f64),
}

struct Rule<'a> {
    kernel: Kernel<'a>,
    coordinates: &'a str,
    antialias: bool,
    exclude_outside: bool,
    extrapolation: f64,
}

fn resize(call: &Call<'_>) -> Answer {
    if call.opset < 11 {
        return upsample(call);
    }
    let x = call.input(0)?;
    let axes: Vec<usize> = match call.ints("axes")? {
        Some(axes) => axes.iter().map(|&at| axis(at, x.shape().len())).collect::<Result<_, _>>()?,
        None => (0..x.shape().len()).collect(),
    };
    let rule = Rule {
        kernel: match call.text("mode", "nearest")? {
            "nearest" => Kernel::Nearest(call.text("nearest_mode", "round_prefer_floor")?),
            "linear" => Kernel::Linear,
            "cubic" => Kernel::Cubic(call.float("cubic_coeff_a", -0.75)?),
            other => return Err(unknown("mode", other, &["nearest", "linear", "cubic"])),
        },
        coordinates: call.text("coordinate_transformation_mode", "half_pixel")?,
        antialias: call.flag("antialias", false)?,
        exclude_outside: call.flag("exclude_outside", false)?,
        extrapolation: call.float("extrapolation_value", 0.0)?,
    };
    apply(x, &axes, &stretches(call, x, &axes)?, &rule)
}

/// The operator before opset 11, under both of its names.
fn upsample(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let scales = match call.attribute("scales") {
        Some(crate::workload::onnx::Attribute::Floats(scales)) => {
            scales.iter().map(|&s| f64::from(s)).collect()
        }
        _ => call.reals(1)?.to_vec(),
    };
    let kernel = match call.text("mode", "nearest")? {
        "nearest" => Kernel::Nearest("floor"),
        "linear" | "bilinear" => Kernel::Linear,
        other => return Err(unknown("mode", other, &["nearest", "linear", "bilinear"])),
    };
    let rule = Rule {
        kernel,
        coordinates: "asymmetric",
        antialias: false,
        exclude_outside: false,
        extrapolation: 0.0,
    };
    let axes: Vec<usize> = (0..x.shape().len()).collect();
    apply(x, &axes, &scaled(x, &axes, &scales, &[])?, &rule)
}

fn stretches(call: &Call<'_>, x: &Value, axes: &[usize]) -> Result<Vec<Stretch>, Fault> {
    let full = |at: usize| call.optional(at).filter(|value| !value.is_empty());
    let roi = full(1).map_or(vec![], Value::to_reals);
    if full(2).is_some() {
        return scaled(x, axes, call.reals(2)?, &roi);
    }
    let sizes = sizes(full(3).ok_or("scales or sizes are missing")?.wholes()?)?;
    if sizes.len() != axes.len() {
        return Err(format!("{} sizes are expected, not {}", axes.len(), sizes.len()));
    }
    let own = |at: usize| x.shape()[axes[at]] as f64;
    let scales: Vec<f64> = (0..axes.len()).map(|at| sizes[at] as f64 / own(at)).collect();
    let one = match call.text("keep_aspect_ratio_policy", "stretch")? {
        "stretch" => None,
        "not_larger" => scales.iter().copied().reduce(f64::min),
        "not_smaller" => scales.iter().copied().reduce(f64::max),
        other => {
            let known = ["stretch", "not_larger", "not_smaller"];
            return Err(unknown("keep_aspect_ratio_policy", other, &known));
        }
    };
    let stretch = |at: usize| {
        let size = one.map_or(sizes[at], |scale| (scale * own(at) + 0.5).floor() as usize);
        Stretch { size, scale: one.unwrap_or(scales[at]), roi: part(&roi, at, axes.len()) }
    };
    Ok((0..axes.len()).map(stretch).collect())
}

fn scaled(x: &Value, axes: &[usize], scales: &[f64], roi: &[f64]) -> Result<Vec<Stretch>, Fault> {
    if scales.len() != axes.len() || scales.iter().any(|scale| !(*scale > 0.0 && *scale < 1e6)) {
        return Err(format!("{} positive scales are expected, not {scales:?}", axes.len()));
    }
    let size = |at: usize| (scales[at] * x.shape()[axes[at]] as f64).floor() as usize;
    let stretch = |at| Stretch { size: size(at), scale: scales[at], roi: part(roi, at, axes.len()) };
    Ok((0..axes.len()).map(stretch).collect())
}

/// All starts come before all ends.
fn part(roi: &[f64], at: usize, axes: usize) -> [f64; 2] {
    if roi.len() == 2 * axes { [roi[at], roi[at + axes]] } else { [0.0, 1.0] }
}

fn apply(x: &Value, axes: &[usize], stretches: &[Stretch], rule: &Rule<'_>) -> Answer {
    let (mut shape, mut data) = (x.shape().to_vec(), x.to_reals());
    for (&axis, stretch) in axes.iter().zip(stretches) {
        if shape[axis] == stretch.size && stretch.scale == 1.0 && stretch.roi == [0.0, 1.0] {
            continue;
        }
        if shape[axis] == 0 {
            return Err("an empty axis cannot be resized".into());
        }
        data = along(&data, &shape, axis, stretch, rule)?;
        shape[axis] = stretch.size;
    }
    let (low, high) = x.kind().range();
    if !x.kind().is_real() {
        data.iter_mut().for_each(|x| *x = x.clamp(low as f64, high as f64));
    }
    Ok(vec![Value::numbers(x.kind(), &shape, data)?])
}

/// Resizes one axis.
fn along(
    data: &[f64],
    shape: &[usize],
    axis: usize,
    stretch: &Stretch,
    rule: &Rule<'_>,
) -> Result<Vec<f64>, Fault> {
    let (size, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let mut wide = shape.to_vec();
    wide[axis] = stretch.size;
    let mut out = Vec::with_capacity(room(&wide)?);
    let taps: Vec<Taps> =
        (0..stretch.size).map(|at| taps(at, size, stretch, rule)).collect::<Result<_, _>>()?;
    for block in data.chunks_exact((size * inner).max(1)) {
        for taps in &taps {
            out.extend((0..inner).map(|at| match taps {
                Some(taps) => taps.iter().map(|(place, weight)| weight * block[place * inner + at]).sum(),
                None => rule.extrapolation,
            }));
        }
    }
    Ok(out)
}

/// Places along an axis with their weights; none where the extrapolation value stands.
type Taps = Option<Vec<(usize, f64)>>;

fn taps(at: usize, size: usize, stretch: &Stretch, rule: &Rule<'_>) -> Result<Taps, Fault> {
    let x = source(at as f64, size as f64, stretch, rule.coordinates)?;
    if rule.coordinates == "tf_crop_and_resize" && !(0.0..=size as f64 - 1.0).contains(&x) {
        return Ok(None);
    }
    // The neighbour to the left lies strictly to the left.
    let base = x.ceil() - 1.0;
    let mut weights = weights(x - base, if rule.antialias { stretch.scale.min(1.0) } else { 1.0 }, rule)?;
    let outside = |step: i64| !(0..size as i64).contains(&((base as i64).saturating_add(step)));
    if rule.exclude_outside {
        weights.retain(|&(step, _)| !outside(step));
    }
    if rule.exclude_outside || rule.antialias {
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        weights.iter_mut().for_each(|(_, weight)| *weight /= sum);
    }
    let place = |step: i64| ((base as i64).saturating_add(step)).clamp(0, size as i64 - 1) as usize;
    Ok(Some(weights.into_iter().map(|(step, weight)| (place(step), weight)).collect()))
}

/// Where an element of the result lies on the original axis.
fn source(y: f64, size: f64, stretch: &Stretch, coordinates: &str) -> Result<f64, Fault> {
    let (scale, length) = (stretch.scale, stretch.scale * size);
    let half_pixel = (y + 0.5) / scale - 0.5;
    Ok(match coordinates {
        "half_pixel" => half_pixel,
        "half_pixel_symmetric" => size / 2.0 * (1.0 - stretch.size as f64 / length) + half_pixel,
        "pytorch_half_pixel" => {
            if length == 1.0 {
                -0.5
            } else {
                half_pixel
            }
        }
        "asymmetric" => y / scale,
        "align_corners" => {
            if length == 1.0 {
                0.0
            } else {
                y * (size - 1.0) / (length - 1.0)
            }
        }
        "tf_crop_and_resize" => {
            let [from, to] = stretch.roi;
            let along = if length == 1.0 { 0.5 } else { y / (length - 1.0) };
            (from + along * (to - from)) * (size - 1.0)
        }
        other => {
            let known = [
                "half_pixel",
                "half_pixel_symmetric",
                "pytorch_half_pixel",
                "asymmetric",
                "align_corners",
                "tf_crop_and_resize",
            ];
            return Err(unknown("coordinate_transformation_mode", other, &known));
        }
    })
}

/// Weights of the neighbours at steps from the left one; `ratio` in (0, 1] is how far the place is from that.
fn weights(ratio: f64, scale: f64, rule: &Rule<'_>) -> Result<Vec<(i64, f64)>, Fault> {
    let spread = |reach: f64, kernel: &dyn Fn(f64) -> f64| {
        let start = (-reach / scale).floor() as i64 + 1;
        (start..2 - start).map(|step| (step, kernel((scale * (step as f64 - ratio)).abs()))).collect()
    };
    Ok(match rule.kernel {
        Kernel::Linear => spread(1.0, &|x| (1.0 - x).max(0.0)),
        Kernel::Cubic(a) => spread(2.0, &|x| cubic(x, a)),
        Kernel::Nearest(mode) => {
            let right = match mode {
                _ if ratio == 1.0 => true,
                "round_prefer_floor" => ratio > 0.5,
                "round_prefer_ceil" => ratio >= 0.5,
                "floor" => false,
                "ceil" => true,
                other => {
                    let known = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];
                    return Err(unknown("nearest_mode", other, &known));
                }
            };
            vec![(i64::from(right), 1.0)]
        }
    })
}

/// Keys' kernel of cubic convolution at a distance.
fn cubic(x: f64, a: f64) -> f64 {
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((x - 5.0) * x + 8.0) * x * a - 4.0 * a
    } else {
        0.0
    }
}

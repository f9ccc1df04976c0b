//! Codes of reals: scales, zero points, and operators that compute with codes.

use super::call::axis;
use super::matrix::multiply;
use super::window::{CONVOLUTION, convolve};
use super::{Answer, Call, Operator, operator};
use crate::workload::value::{Fault, Kind, Value, places, strides};

pub(super) const OPERATORS: &[Operator] = &[
    operator("DequantizeLinear", &["axis", "block_size"], dequantize),
    operator("DynamicQuantizeLinear", &[], dynamic),
    operator("MatMulInteger", &[], |call| {
        let (a, b) = (call.input(0)?, call.input(1)?);
        let (sums, shape) = multiply((&centred(call, 0, 2)?, a.shape()), (&centred(call, 1, 3)?, b.shape()))?;
        Ok(vec![Value::numbers(Kind::I32, &shape, sums)?])
    }),
    operator("QLinearConv", CONVOLUTION, convolution),
    operator("QLinearMatMul", &[], product),
    operator("QuantizeLinear", &["axis", "block_size", "output_dtype", "saturate"], quantize),
];

/// The element of a parameter that belongs to each element of `shape`: one for all, one for each place along an axis,
/// or one for each block of places along it.
fn spread(call: &Call<'_>, parameter: &Value, shape: &[usize]) -> Result<Vec<usize>, Fault> {
    let count = shape.iter().product::<usize>();
    if parameter.len() == 1 {
        return Ok(vec![0; count]);
    }
    let at = axis(call.int("axis", 1)?, shape.len())?;
    let own = parameter.shape();
    if own.len() == 1 {
        if own[0] != shape[at] {
            return Err(format!("{} scales or zero points do not fit {} places", own[0], shape[at]));
        }
        let inner = shape[at + 1..].iter().product::<usize>();
        return Ok((0..count).map(|place| place / inner % shape[at]).collect());
    }
    let block = usize::try_from(call.int("block_size", 0)?).ok().filter(|&block| block > 0);
    let block = block.ok_or("block_size must be at least 1")?;
    let fits = |axis: usize| {
        own.get(axis) == Some(&if axis == at { shape[axis].div_ceil(block) } else { shape[axis] })
    };
    if own.len() != shape.len() || !(0..shape.len()).all(fits) {
        return Err(format!("parameters of shape {own:?} do not fit {shape:?}"));
    }
    let steps = strides(own);
    let along = |axis: usize| {
        (0..shape[axis]).map(|place| if axis == at { place / block } else { place } * steps[axis]).collect()
    };
    Ok(places(&(0..shape.len()).map(along).collect::<Vec<_>>()))
}

fn dequantize(call: &Call<'_>) -> Answer {
    let (x, scale) = (call.input(0)?, call.input(1)?);
    let (of_scale, scales) = (spread(call, scale, x.shape())?, call.reals(1)?);
    let (of_zero, zeros) = match call.optional(2) {
        Some(zero) => (spread(call, zero, x.shape())?, call.wholes(2)?),
        None => (vec![0; x.len()], &[0][..]),
    };
    let codes = call.wholes(0)?;
    let real = |at: usize| codes[at].wrapping_sub(zeros[of_zero[at]]) as f64 * scales[of_scale[at]];
    let reals = (0..codes.len()).map(real).collect();
    Ok(vec![Value::real(scale.kind(), x.shape(), reals)?])
}

/// Rounded half to even and held within the type.
fn code(kind: Kind, steps: f64, zero: i64) -> i64 {
    let (low, high) = kind.range();
    let code = steps.round_ties_even() + zero as f64;
    code.clamp(low as f64, high as f64) as i64
}

fn quantize(call: &Call<'_>) -> Answer {
    let (x, scale) = (call.input(0)?, call.input(1)?);
    let (of_scale, scales) = (spread(call, scale, x.shape())?, call.reals(1)?);
    let (kind, zeros) = match call.optional(2) {
        Some(zero) => (zero.kind(), call.wholes(2)?.to_vec()),
        None => (asked(call)?, vec![0; scale.len()]),
    };
    if zeros.len() != scales.len() || kind.is_real() {
        return Err(format!(
            "{} scales do not go with {} zero points of type {kind}",
            scales.len(),
            zeros.len()
        ));
    }
    // The quotient is one of the operand's type: its rounding can decide a tie.
    let steps = |x: f64, at: usize| scale.kind().round(x / scales[at]);
    let codes =
        x.to_reals().iter().zip(&of_scale).map(|(&x, &at)| code(kind, steps(x, at), zeros[at])).collect();
    Ok(vec![Value::whole(kind, x.shape(), codes)?])
}

/// The type of codes without a zero point; bytes where nothing is said.
fn asked(call: &Call<'_>) -> Result<Kind, Fault> {
    match call.int("output_dtype", 0)? {
        0 => Ok(Kind::U8),
        code => super::cast::kind(code),
    }
}

/// Unsigned bytes over the range of the operand itself, zero included.
fn dynamic(call: &Call<'_>) -> Answer {
    let (x, reals) = (call.input(0)?, call.reals(0)?);
    let low = reals.iter().copied().fold(0.0, f64::min);
    let high = reals.iter().copied().fold(0.0, f64::max);
    let scale = Kind::F32.round((high - low) / 255.0);
    let scale = if scale == 0.0 { 1.0 } else { scale };
    let zero = code(Kind::U8, -low / scale, 0);
    let codes = reals.iter().map(|x| code(Kind::U8, Kind::F32.round(x / scale), zero)).collect();
    Ok(vec![
        Value::whole(Kind::U8, x.shape(), codes)?,
        Value::real(Kind::F32, &[], vec![scale])?,
        Value::whole(Kind::U8, &[], vec![zero])?,
    ])
}

/// Codes of operand `at` less the zero point in operand `zero`: one for all, or one for each row of the operand.
pub(super) fn centred(call: &Call<'_>, at: usize, zero: usize) -> Result<Vec<f64>, Fault> {
    let codes = call.wholes(at)?;
    let zeros = if call.optional(zero).is_some() { call.wholes(zero)? } else { &[0] };
    if zeros.len() == 1 {
        return Ok(codes.iter().map(|code| code.wrapping_sub(zeros[0]) as f64).collect());
    }
    // Filters and the rows of a left matrix count along the first axis, the columns of a right one along the last.
    let shape = call.input(at)?.shape();
    let columns = at > 0 && shape.last() == Some(&zeros.len()) && shape.first() != Some(&zeros.len());
    let inner = codes.len() / shape.first().copied().unwrap_or(1).max(1);
    if !columns && shape.first() != Some(&zeros.len()) {
        return Err(format!("{} zero points do not fit {shape:?}", zeros.len()));
    }
    let of = |place: usize| if columns { place % zeros.len() } else { place / inner };
    Ok(codes.iter().enumerate().map(|(place, code)| code.wrapping_sub(zeros[of(place)]) as f64).collect())
}

/// Sums as codes of the result: the scales at 1, 4 (one for all or one a channel) and 6, the zero point at 7.
///
/// The text leaves open what is rounded on the way; sums, their factor and the product of both are in single precision, as
/// onnxruntime has them (`MlasRequantizeOutput`).
fn requantize(call: &Call<'_>, sums: &[f64], shape: &[usize], channel: impl Fn(usize) -> usize) -> Answer {
    let [x, w, y] = [call.reals(1)?, call.reals(4)?, call.reals(6)?];
    let (&[x], &[y]) = (x, y) else {
        return Err("one scale for the input and the output is expected".into());
    };
    let (zero, single) = (call.input(7)?, |x| Kind::F32.round(x));
    let of = |at: usize| if w.len() == 1 { w.first() } else { w.get(channel(at)) };
    let shift = zero.wholes()?.first().copied().unwrap_or(0);
    let one = |(at, sum): (usize, &f64)| {
        let scale = of(at).ok_or_else(|| format!("{} weight scales do not fit {shape:?}", w.len()))?;
        let factor = single(single(x * scale) / y);
        Ok(code(zero.kind(), single(single(*sum) * factor), shift))
    };
    let codes = sums.iter().enumerate().map(one).collect::<Result<_, Fault>>()?;
    Ok(vec![Value::whole(zero.kind(), shape, codes)?])
}

fn convolution(call: &Call<'_>) -> Answer {
    let (x, w) = (call.input(0)?, call.input(3)?);
    let (mut sums, shape) =
        convolve(call, (&centred(call, 0, 2)?, x.shape()), (&centred(call, 3, 5)?, w.shape()))?;
    let plane = shape[2..].iter().product::<usize>().max(1);
    if call.optional(8).is_some() {
        let bias = call.wholes(8)?;
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum += *bias.get(at / plane % shape[1]).ok_or("the bias is too short")? as f64;
        }
    }
    requantize(call, &sums, &shape, |at| at / plane % shape[1])
}

fn product(call: &Call<'_>) -> Answer {
    let (a, b) = (call.input(0)?, call.input(3)?);
    let (sums, shape) = multiply((&centred(call, 0, 2)?, a.shape()), (&centred(call, 3, 5)?, b.shape()))?;
    let columns = shape.last().copied().unwrap_or(1).max(1);
    requantize(call, &sums, &shape, |at| at % columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::onnx::{Attribute, Node};
    use crate::workload::operator::run;

    #[test]
    fn a_type_of_codes_that_is_not_known_is_refused() {
        let codes = |dtype: i64| {
            let mut node = Node { kind: "QuantizeLinear".into(), ..Node::default() };
            node.attributes.insert("output_dtype".into(), Attribute::Int(dtype));
            let x = Value::real(Kind::F32, &[2], vec![-3.0, 300.0]).unwrap();
            let scale = Value::real(Kind::F32, &[], vec![1.0]).unwrap();
            run(&node, 21, &[Some(&x), Some(&scale)])
        };
        for (dtype, kind, expected) in [(0, Kind::U8, [0, 255]), (3, Kind::I8, [-3, 127])] {
            assert_eq!(codes(dtype).unwrap(), [Value::whole(kind, &[2], expected.to_vec()).unwrap()]);
        }
        // Eight bits with a point are no type here.
        let error = codes(17).unwrap_err().to_string();
        assert!(error.contains("element type 17 is not supported"), "{error}");
    }
}

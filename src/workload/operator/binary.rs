//! Functions of two numbers and more, operands stretched to a common shape.

use super::{Answer, Call, Operator, operator, unknown};
use crate::workload::value::{Elements, Fault, Kind, Value, places, room, strides};

pub(super) const OPERATORS: &[Operator] = &[
    operator("Add", &[], |call| both(call, |a, b| a + b, i64::wrapping_add)),
    operator("And", &[], |call| wholes(call, |a, b| a & b)),
    operator("BitShift", &["direction"], shift),
    operator("BitwiseAnd", &[], |call| wholes(call, |a, b| a & b)),
    operator("BitwiseOr", &[], |call| wholes(call, |a, b| a | b)),
    operator("BitwiseXor", &[], |call| wholes(call, |a, b| a ^ b)),
    operator("Div", &[], divide),
    operator("Equal", &[], |call| compare(call, |a, b| a == b, |a, b| a == b)),
    operator("Greater", &[], |call| compare(call, |a, b| a > b, |a, b| a > b)),
    operator("GreaterOrEqual", &[], |call| compare(call, |a, b| a >= b, |a, b| a >= b)),
    operator("Less", &[], |call| compare(call, |a, b| a < b, |a, b| a < b)),
    operator("LessOrEqual", &[], |call| compare(call, |a, b| a <= b, |a, b| a <= b)),
    operator("Max", &[], |call| fold(call, f64::max, i64::max)),
    operator("Mean", &[], mean),
    operator("Min", &[], |call| fold(call, f64::min, i64::min)),
    operator("Mod", &["fmod"], modulo),
    operator("Mul", &[], |call| both(call, |a, b| a * b, i64::wrapping_mul)),
    operator("Or", &[], |call| wholes(call, |a, b| a | b)),
    operator("PRelu", &[], |call| {
        both(
            call,
            |x, slope| if x < 0.0 { slope * x } else { x },
            |x, slope| if x < 0 { slope.wrapping_mul(x) } else { x },
        )
    }),
    operator("Pow", &[], power),
    operator("Sub", &[], |call| both(call, |a, b| a - b, i64::wrapping_sub)),
    operator("Sum", &[], |call| fold(call, |a, b| a + b, i64::wrapping_add)),
    operator("Where", &[], choose),
    operator("Xor", &[], |call| wholes(call, |a, b| a ^ b)),
];

/// The shape to which all of these stretch: axes are counted from the end, a length of 1 repeats.
pub(in crate::workload) fn common(shapes: &[&[usize]]) -> Result<Vec<usize>, Fault> {
    let axes = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut out = vec![1; axes];
    for shape in shapes {
        for (size, &own) in out[axes - shape.len()..].iter_mut().zip(*shape) {
            match (*size, own) {
                (1, own) => *size = own,
                (size, own) if own == 1 || own == size => {}
                _ => return Err(format!("shapes {shapes:?} do not stretch to a common one")),
            }
        }
    }
    room(&out)?;
    Ok(out)
}

/// A value stretched to a shape.
pub(super) fn stretched(value: &Value, shape: &[usize]) -> Result<Value, Fault> {
    if value.shape() == shape {
        return Ok(value.clone());
    }
    let missing = shape.len().checked_sub(value.shape().len());
    let missing = missing.ok_or_else(|| format!("{:?} does not stretch to {shape:?}", value.shape()))?;
    let own = strides(value.shape());
    let offsets: Vec<Vec<usize>> = (0..shape.len())
        .map(|axis| {
            let step =
                axis.checked_sub(missing).filter(|&own| value.shape()[own] != 1).map_or(0, |at| own[at]);
            (0..shape[axis]).map(|at| at * step).collect()
        })
        .collect();
    value.arranged(shape, &places(&offsets))
}

/// Two operands of one type under their common shape.
fn pair(a: &Value, b: &Value) -> Result<(Value, Value), Fault> {
    if a.kind() != b.kind() {
        return Err(format!("operands of types {} and {} do not go together", a.kind(), b.kind()));
    }
    let shape = common(&[a.shape(), b.shape()])?;
    Ok((stretched(a, &shape)?, stretched(b, &shape)?))
}

/// Combines two values element by element.
pub(super) fn combine(
    a: &Value,
    b: &Value,
    f: impl Fn(f64, f64) -> f64,
    g: impl Fn(i64, i64) -> i64,
) -> Result<Value, Fault> {
    let (a, b) = pair(a, b)?;
    match (a.elements(), b.elements()) {
        (Elements::Real(x), Elements::Real(y)) => {
            Value::real(a.kind(), a.shape(), x.iter().zip(y).map(|(&x, &y)| f(x, y)).collect())
        }
        _ => {
            let pairs = a.wholes()?.iter().zip(b.wholes()?);
            Value::whole(a.kind(), a.shape(), pairs.map(|(&x, &y)| g(x, y)).collect())
        }
    }
}

fn fold(call: &Call<'_>, f: impl Fn(f64, f64) -> f64, g: impl Fn(i64, i64) -> i64) -> Answer {
    let every = call.every()?;
    let mut out = every[0].clone();
    for value in &every[1..] {
        out = combine(&out, value, &f, &g)?;
    }
    Ok(vec![out])
}

/// Exactly two operands, combined element by element.
fn both(call: &Call<'_>, f: impl Fn(f64, f64) -> f64, g: impl Fn(i64, i64) -> i64) -> Answer {
    let [a, b] = call.every()?[..] else { return Err("exactly two operands are expected".into()) };
    Ok(vec![combine(a, b, f, g)?])
}

fn wholes(call: &Call<'_>, g: impl Fn(i64, i64) -> i64) -> Answer {
    call.wholes(0)?;
    both(call, |a, _| a, g)
}

fn compare(call: &Call<'_>, f: impl Fn(f64, f64) -> bool, g: impl Fn(i64, i64) -> bool) -> Answer {
    let (a, b) = pair(call.input(0)?, call.input(1)?)?;
    let truths: Vec<bool> = match (a.elements(), b.elements()) {
        (Elements::Real(x), Elements::Real(y)) => x.iter().zip(y).map(|(&x, &y)| f(x, y)).collect(),
        _ => a.wholes()?.iter().zip(b.wholes()?).map(|(&x, &y)| g(x, y)).collect(),
    };
    Ok(vec![Value::truths(a.shape(), truths.into_iter())?])
}

fn divide(call: &Call<'_>) -> Answer {
    let divisor = call.input(1)?;
    if divisor.wholes().is_ok_and(|divisor| divisor.contains(&0)) {
        return Err("an integer is divided by zero".into());
    }
    both(call, |a, b| a / b, i64::wrapping_div)
}

fn mean(call: &Call<'_>) -> Answer {
    let count = call.every()?.len() as f64;
    let sum = fold(call, |a, b| a + b, |a, _| a)?.remove(0);
    let reals = sum.reals()?.iter().map(|x| x / count).collect();
    Ok(vec![Value::real(sum.kind(), sum.shape(), reals)?])
}

/// The remainder has the sign of the divisor, with `fmod` that of the dividend.
fn modulo(call: &Call<'_>) -> Answer {
    if call.input(1)?.wholes().is_ok_and(|divisor| divisor.contains(&0)) {
        return Err("an integer is divided by zero".into());
    }
    let like_dividend = call.flag("fmod", false)?;
    let whole = |a: i64, b: i64| {
        let rest = a.wrapping_rem(b);
        if !like_dividend && rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
    };
    both(call, |a, b| if like_dividend { a % b } else { a - b * (a / b).floor() }, whole)
}

/// The result is of the base's type, whatever the exponent's.
fn power(call: &Call<'_>) -> Answer {
    let (base, exponent) = (call.input(0)?, call.input(1)?);
    let shape = common(&[base.shape(), exponent.shape()])?;
    let (x, y) = (stretched(base, &shape)?.to_reals(), stretched(exponent, &shape)?.to_reals());
    let powers = x.iter().zip(&y).map(|(x, y)| x.powf(*y)).collect();
    Ok(vec![Value::numbers(base.kind(), &shape, powers)?])
}

fn shift(call: &Call<'_>) -> Answer {
    let left = match call.text("direction", "")? {
        "LEFT" => true,
        "RIGHT" => false,
        other => return Err(unknown("direction", other, &["LEFT", "RIGHT"])),
    };
    let shift = |x: i64, by: i64| {
        let by = u32::try_from(by).unwrap_or(u32::MAX);
        let shifted = if left { (x as u64).checked_shl(by) } else { (x as u64).checked_shr(by) };
        shifted.unwrap_or(0) as i64
    };
    wholes(call, shift)
}

fn choose(call: &Call<'_>) -> Answer {
    let [which, a, b] = [call.input(0)?, call.input(1)?, call.input(2)?];
    let shape = common(&[which.shape(), a.shape(), b.shape()])?;
    let which = stretched(which, &shape)?;
    let (a, b) = (stretched(a, &shape)?, stretched(b, &shape)?);
    let both = Value::joined(&[&a, &b])?;
    let count = which.len();
    if which.kind() != Kind::Bool {
        return Err(format!("a condition of type BOOL is expected, not {}", which.kind()));
    }
    let places =
        which.wholes()?.iter().enumerate().map(|(at, &first)| if first == 1 { at } else { count + at });
    Ok(vec![both.arranged(&shape, &places.collect::<Vec<_>>())?])
}

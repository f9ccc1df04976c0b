//! Other element types, and values that follow from a shape or an attribute alone.

use super::{Answer, Call, Operator, operator};
use crate::workload::onnx::Attribute;
use crate::workload::value::{Elements, Fault, Kind, Value, room, too_large};

pub(super) const OPERATORS: &[Operator] = &[
    operator("Cast", &["saturate", "to"], |call| {
        let to = kind(call.int("to", 0)?)?;
        Ok(vec![cast(call.input(0)?, to)?])
    }),
    operator("CastLike", &["saturate"], |call| Ok(vec![cast(call.input(0)?, call.input(1)?.kind())?])),
    operator("Constant", &["value", "value_float", "value_floats", "value_int", "value_ints"], |call| {
        Ok(vec![constant(call)?])
    }),
    operator("ConstantOfShape", &["value"], filled),
    operator("EyeLike", &["dtype", "k"], eye),
    operator("Range", &[], range),
    operator("Shape", &["end", "start"], shape),
    operator("Size", &[], |call| Ok(vec![Value::whole(Kind::I64, &[], vec![call.input(0)?.len() as i64])?])),
];

pub(super) fn kind(code: i64) -> Result<Kind, Fault> {
    let kind = i32::try_from(code).ok().and_then(Kind::from_code);
    kind.ok_or_else(|| format!("element type {code} is not supported"))
}

/// Reals lose what follows the point where the type is whole; anything but 0 is true.
pub(in crate::workload) fn cast(value: &Value, to: Kind) -> Result<Value, Fault> {
    match value.elements() {
        Elements::Real(reals) if to.is_real() => Value::real(to, value.shape(), reals.clone()),
        Elements::Real(reals) if to == Kind::Bool => {
            Value::truths(value.shape(), reals.iter().map(|&x| x != 0.0))
        }
        Elements::Real(reals) => {
            // Half bytes saturate, wider types wrap.
            let (low, high) =
                if matches!(to, Kind::U4 | Kind::I4) { to.range() } else { (i64::MIN, i64::MAX) };
            if let Some(large) = reals.iter().find(|&&x| to == Kind::U64 && x >= 2f64.powi(63)) {
                return Err(too_large(large));
            }
            let whole = |&x: &f64| (x as i64).clamp(low, high);
            Value::whole(to, value.shape(), reals.iter().map(whole).collect())
        }
        Elements::Whole(wholes) if to.is_real() => {
            Value::real(to, value.shape(), wholes.iter().map(|&x| x as f64).collect())
        }
        Elements::Whole(wholes) => Value::whole(to, value.shape(), wholes.clone()),
    }
}

/// The value that a node of kind `Constant` carries in one of its attributes.
fn constant(call: &Call<'_>) -> Result<Value, Fault> {
    let value = call.node.attributes.iter().next().map(|(_, value)| value);
    match value.ok_or("attribute value is missing")? {
        Attribute::Tensor(value) => Ok(value.clone()),
        Attribute::Int(value) => Value::whole(Kind::I64, &[], vec![*value]),
        Attribute::Ints(values) => Value::whole(Kind::I64, &[values.len()], values.clone()),
        Attribute::Float(value) => Value::real(Kind::F32, &[], vec![f64::from(*value)]),
        Attribute::Floats(values) => {
            Value::real(Kind::F32, &[values.len()], values.iter().copied().map(f64::from).collect())
        }
        _ => Err("a constant must be a tensor or numbers".into()),
    }
}

/// A shape from an operand.
pub(super) fn sizes(sizes: &[i64]) -> Result<Vec<usize>, Fault> {
    let shape: Option<Vec<usize>> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect();
    let shape = shape.ok_or_else(|| format!("{sizes:?} is no shape"))?;
    room(&shape)?;
    Ok(shape)
}

fn filled(call: &Call<'_>) -> Answer {
    let shape = sizes(call.wholes(0)?)?;
    let zero = Value::real(Kind::F32, &[1], vec![0.0])?;
    let value = match call.attribute("value") {
        None => &zero,
        Some(Attribute::Tensor(value)) if value.len() == 1 => value,
        Some(_) => return Err("attribute value must hold one element".into()),
    };
    Ok(vec![value.arranged(&shape, &vec![0; room(&shape)?])?])
}

fn eye(call: &Call<'_>) -> Answer {
    let like = call.input(0)?;
    let [rows, columns] = like.shape() else { return Err("a matrix is expected".into()) };
    let kind = call.attribute("dtype").map_or(Ok(like.kind()), |_| kind(call.int("dtype", 0)?))?;
    let k = call.int("k", 0)?;
    let on = |row: usize, column: usize| f64::from((row as i64).saturating_add(k) == column as i64);
    let ones = (0..*rows).flat_map(|row| (0..*columns).map(move |column| on(row, column)));
    Ok(vec![Value::numbers(kind, like.shape(), ones.collect())?])
}

fn range(call: &Call<'_>) -> Answer {
    let [start, limit, delta] = [call.input(0)?, call.input(1)?, call.input(2)?];
    let of = |value: &Value| value.to_reals().first().copied().ok_or("an operand is empty");
    let (from, to, step) = (of(start)?, of(limit)?, of(delta)?);
    let count = ((to - from) / step).ceil().max(0.0);
    let count = room(&[if count.is_finite() { count as usize } else { usize::MAX }])?;
    let elements = (0..count).map(|at| from + at as f64 * step).collect();
    Ok(vec![Value::numbers(start.kind(), &[count], elements)?])
}

fn shape(call: &Call<'_>) -> Answer {
    let shape = call.input(0)?.shape();
    let axes = shape.len() as i64;
    let bound = |at: i64| (if at < 0 { at + axes } else { at }).clamp(0, axes) as usize;
    let (start, end) = (bound(call.int("start", 0)?), bound(call.int("end", axes)?));
    let sizes: Vec<i64> = shape[start..end.max(start)].iter().map(|&size| size as i64).collect();
    Ok(vec![Value::whole(Kind::I64, &[sizes.len()], sizes)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reals_beyond_the_largest_unsigned_number_are_refused() {
        let real = |x: f64| Value::real(Kind::F64, &[1], vec![x]).unwrap();
        let below = 2f64.powi(63) - 1024.0;
        assert_eq!(cast(&real(below), Kind::U64).unwrap().to_reals(), [below]);
        assert!(cast(&real(2f64.powi(63)), Kind::U64).unwrap_err().contains("UINT64"));
        assert!(cast(&real(2f64.powi(63)), Kind::I64).is_ok());
    }
}

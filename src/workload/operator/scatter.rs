//! Operators that put elements where other elements say.

use super::index::{element_places, slices};
use super::{Answer, Call, Operator, operator, unknown};
use crate::workload::value::{Elements, Fault, Value, room};

pub(super) const OPERATORS: &[Operator] = &[
    operator("Scatter", &["axis"], scatter_elements),
    operator("ScatterElements", &["axis", "reduction"], scatter_elements),
    operator("ScatterND", &["reduction"], scatter_nd),
];

/// Puts updates to places one after the other, joined with what is there.
fn put(x: &Value, places: &[usize], updates: &Value, reduction: &str) -> Result<Value, Fault> {
    type Rules = (fn(f64, f64) -> f64, fn(i64, i64) -> i64);
    let (f, g): Rules = match reduction {
        "none" => (|_, new| new, |_, new| new),
        "add" => (|old, new| old + new, i64::wrapping_add),
        "mul" => (|old, new| old * new, i64::wrapping_mul),
        "min" => (f64::min, i64::min),
        "max" => (f64::max, i64::max),
        other => return Err(unknown("reduction", other, &["none", "add", "mul", "min", "max"])),
    };
    if places.len() != updates.len() {
        return Err(format!("{} indices do not go with {} updates", places.len(), updates.len()));
    }
    match x.elements() {
        Elements::Real(own) => {
            let mut out = own.clone();
            places.iter().zip(updates.reals()?).for_each(|(&at, &new)| out[at] = f(out[at], new));
            Value::real(x.kind(), x.shape(), out)
        }
        Elements::Whole(own) => {
            let mut out = own.clone();
            places.iter().zip(updates.wholes()?).for_each(|(&at, &new)| out[at] = g(out[at], new));
            Value::whole(x.kind(), x.shape(), out)
        }
    }
}

fn scatter_elements(call: &Call<'_>) -> Answer {
    let [x, which, updates] = [call.input(0)?, call.input(1)?, call.input(2)?];
    let at = call.axis("axis", 0, x.shape().len())?;
    let places = element_places(which, x.shape(), at)?;
    Ok(vec![put(x, &places, updates, call.text("reduction", "none")?)?])
}

fn scatter_nd(call: &Call<'_>) -> Answer {
    let [x, which, updates] = [call.input(0)?, call.input(1)?, call.input(2)?];
    let (starts, length) = slices(which, x.shape(), 0)?;
    room(&[starts.len(), length])?;
    let places: Vec<usize> = starts.into_iter().flat_map(|start| start..start + length).collect();
    Ok(vec![put(x, &places, updates, call.text("reduction", "none")?)?])
}

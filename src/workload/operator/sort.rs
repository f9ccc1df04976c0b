//! Order among elements.

use super::reduce::last;
use super::{Answer, Call, Operator, operator};
use crate::workload::value::{Kind, Value, strides};

pub(super) const OPERATORS: &[Operator] = &[operator("TopK", &["axis", "k", "largest", "sorted"], top)];

/// The k largest or smallest along an axis, best first; of equal ones the first.
fn top(call: &Call<'_>) -> Answer {
    let x = call.input(0)?;
    let at = call.axis("axis", -1, x.shape().len())?;
    let k = match call.optional(1) {
        Some(_) => call.wholes(1)?.first().copied().unwrap_or(-1),
        None => call.int("k", -1)?,
    };
    let size = x.shape()[at];
    let k = usize::try_from(k).ok().filter(|&k| k <= size).ok_or_else(|| format!("k = {k} of {size}"))?;
    let largest = call.flag("largest", true)?;
    let best = |row: &[f64]| {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| if largest { row[b].total_cmp(&row[a]) } else { row[a].total_cmp(&row[b]) });
        order.truncate(k);
        order
    };
    let (rows, _) = last(x, &[at])?;
    let order: Vec<Vec<usize>> = rows.to_reals().chunks_exact(size.max(1)).map(best).collect();
    let mut shape = x.shape().to_vec();
    shape[at] = k;
    let (wide, narrow) = (strides(x.shape()), strides(&shape));
    // The rows were counted with the axis left out.
    let row = |place: usize| place / (k * narrow[at]).max(1) * narrow[at] + place % narrow[at];
    let chosen = |place: usize| order[row(place)][place / narrow[at] % k.max(1)];
    let count = shape.iter().product::<usize>();
    let source = |place: usize| {
        let outer = place / (k * narrow[at]);
        outer * size * wide[at] + chosen(place) * wide[at] + place % narrow[at]
    };
    let places: Vec<usize> = (0..count).map(source).collect();
    let indices = (0..count).map(|place| chosen(place) as i64).collect();
    Ok(vec![x.arranged(&shape, &places)?, Value::whole(Kind::I64, &shape, indices)?])
}

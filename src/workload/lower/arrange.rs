//! Operators that put elements elsewhere: slices and padding, as a list of where each element comes from.

use super::attribute::{float, of_another_sort};
use super::{Lowered, Lowering, ModelError, elements, shape};
use crate::workload::limit;
use crate::workload::onnx::{Attribute, Node};
use crate::workload::op::Op;

/// For each place along one axis the place that it takes its element from; none in padding.
pub(super) type Places = Vec<Option<usize>>;

impl Lowering {
    /// Part of a value, along any axes but the batch's.
    pub(super) fn slice(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let sizes = &self.shapes[value];
        let starts = self.integers(node, 1, "starts")?.unwrap_or_default();
        let ends = self.integers(node, 2, "ends")?.unwrap_or_default();
        let axes = self.integers(node, 3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.integers(node, 4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
        if starts.is_empty()
            || [ends.len(), axes.len(), steps.len()].iter().any(|&count| count != starts.len())
        {
            return Err(shape(node, "starts, ends, axes and steps of one length are expected".into()));
        }
        let mut places = whole(node, sizes)?;
        for (at, axis) in axes.into_iter().enumerate() {
            let axis = sample_axis(node, axis, sizes.len())?;
            places[axis] = sliced(sizes[axis] as i64, [starts[at], ends[at], steps[at]]);
        }
        self.arranged(node, value, &places, 0.0)
    }

    /// Constant values around one, along any axes but the batch's.
    pub(super) fn pad(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let sizes = &self.shapes[value];
        let pads = self.integers(node, 1, "pads")?.unwrap_or_default();
        let every = (0..=sizes.len() as i64).collect();
        let axes = self.integers(node, 3, "axes")?.unwrap_or(every);
        if pads.len() != 2 * axes.len() || pads.iter().any(|pad| !(0..=limit::TEXT_WINDOW).contains(pad)) {
            return Err(shape(
                node,
                format!("{} pads of at least 0 are expected, not {pads:?}", 2 * axes.len()),
            ));
        }
        let fill = self.stored(node, 2)?.and_then(|stored| stored.reals.first().copied());
        let fill = fill.map_or_else(|| float(node, "value", 0.0), Ok)?;
        let mut places = whole(node, sizes)?;
        for (at, &axis) in axes.iter().enumerate() {
            let (before, after) = (pads[at] as usize, pads[at + axes.len()] as usize);
            if before + after > 0 {
                let axis = sample_axis(node, axis, sizes.len())?;
                if places[axis].len() > sizes[axis] {
                    return Err(shape(node, format!("axes {axes:?} repeat")));
                }
                let mut out: Vec<usize> = places.iter().map(Vec::len).collect();
                out[axis] += before + after;
                if elements(&out).is_none_or(|count| count > limit::PLACES) {
                    return Err(shape(node, format!("a result of shape {out:?} has too many elements")));
                }
                let own = std::mem::take(&mut places[axis]);
                places[axis] = [vec![None; before], own, vec![None; after]].concat();
            }
        }
        self.arranged(node, value, &places, fill)
    }

    /// Whole numbers from an operand, or in older operator sets from an attribute.
    fn integers(&self, node: &Node, at: usize, name: &str) -> Result<Option<Vec<i64>>, ModelError> {
        match node.attributes.get(name) {
            Some(Attribute::Ints(values)) => Ok(Some(values.clone())),
            Some(_) => Err(of_another_sort(node, name)),
            None => Ok(self.stored(node, at)?.map(|stored| stored.integers.clone())),
        }
    }

    fn arranged(
        &self,
        node: &Node,
        value: usize,
        places: &[Places],
        fill: f32,
    ) -> Result<Lowered, ModelError> {
        let (from, out) = self.taken(node, value, places)?;
        Ok((Op::Arrange(from.into(), fill), vec![value], out))
    }

    /// For each element of a result its place in a value, none in padding, and the shape of the result.
    pub(super) fn taken(
        &self,
        node: &Node,
        value: usize,
        places: &[Places],
    ) -> Result<(Vec<Option<u32>>, Vec<usize>), ModelError> {
        let out: Vec<usize> = places.iter().map(Vec::len).collect();
        if !elements(&out).is_some_and(|count| (1..=limit::PLACES).contains(&count)) {
            return Err(shape(node, format!("a result of shape {out:?} is empty or has too many elements")));
        }
        let mut from: Vec<Option<u32>> = vec![Some(0)];
        for (places, &size) in places.iter().zip(&self.shapes[value]) {
            let of = |base: Option<u32>, place: &Option<usize>| Some(base? * size as u32 + (*place)? as u32);
            from = from.iter().flat_map(|base| places.iter().map(move |place| of(*base, place))).collect();
        }
        Ok((from, out))
    }
}

/// Every place along each axis of a value.
fn whole(node: &Node, sizes: &[usize]) -> Result<Vec<Places>, ModelError> {
    if elements(sizes).is_none_or(|count| count > limit::PLACES) {
        return Err(shape(node, format!("an operand of shape {sizes:?} has too many elements")));
    }
    Ok(sizes.iter().map(|&size| (0..size).map(Some).collect()).collect())
}

/// An axis of a sample for one of a batch, which may count from the end.
fn sample_axis(node: &Node, axis: i64, axes: usize) -> Result<usize, ModelError> {
    let counted = if axis < 0 { axis + axes as i64 + 1 } else { axis };
    let sample = usize::try_from(counted - 1).ok().filter(|&sample| sample < axes);
    sample.ok_or_else(|| shape(node, format!("axis {axis} is none of a sample's; the batch cannot be cut")))
}

/// The places from a start to an end, step by step, as ONNX clamps them.
fn sliced(size: i64, [start, end, step]: [i64; 3]) -> Places {
    let counted = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
    let (low, high) = if step < 0 { (-1, size - 1) } else { (0, size) };
    let (start, end) = (counted(start).clamp(low.max(0), high), counted(end).clamp(low, high));
    let inside = move |at: &i64| if step > 0 { *at < end } else { *at > end };
    let steps = std::iter::successors(Some(start), move |at| at.checked_add(step));
    if step == 0 { vec![] } else { steps.take_while(inside).map(|at| usize::try_from(at).ok()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_those_of_the_operator_text() {
        let of = |bounds| sliced(5, bounds).into_iter().map(Option::unwrap).collect::<Vec<_>>();
        assert_eq!(of([1, 4, 1]), [1, 2, 3]);
        assert_eq!(of([0, i64::MAX, 2]), [0, 2, 4]);
        assert_eq!(of([-2, 100, 1]), [3, 4]);
        assert_eq!(of([4, 0, -2]), [4, 2]);
        assert_eq!(of([-1, i64::MIN, -1]), [4, 3, 2, 1, 0]);
        assert_eq!(of([3, 3, 1]), [0; 0]);
        assert_eq!(of([0, 5, 0]), [0; 0]);
    }
}

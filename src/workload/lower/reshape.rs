//! Other shapes of the same elements.

use super::attribute::int;
use super::fault::attribute;
use super::{Lowered, Lowering, ModelError, elements, shape};
use crate::workload::onnx::Node;
use crate::workload::op::Op;

impl Lowering {
    /// The elements of a sample in one line.
    pub(super) fn flatten(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let axis = int(node, "axis", 1)?;
        if axis != 1 {
            return Err(attribute(node, format!("axis = {axis}; 1 is expected, behind the batch")));
        }
        Ok((Op::Reshape, vec![value], vec![self.shapes[value].iter().product()]))
    }

    /// The batch stays; the rest of the target shape must hold a sample's elements.
    pub(super) fn reshape(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let from = &self.shapes[value];
        let target = self.stored(node, 1)?.map(|stored| stored.integers).unwrap_or_default();
        let zeros = int(node, "allowzero", 0)? != 0 && target.contains(&0);
        let out = target.get(1..).filter(|_| !zeros).and_then(|sizes| reshaped(from, sizes));
        let out = out.ok_or_else(|| {
            shape(node, format!("a sample of shape {from:?} cannot become {target:?} with the batch first"))
        })?;
        Ok((Op::Reshape, vec![value], out))
    }
}

/// A shape of as many elements: 0 keeps the size of its axis, a single -1 takes what is left.
fn reshaped(from: &[usize], sizes: &[i64]) -> Option<Vec<usize>> {
    let size = |(at, &size): (usize, &i64)| match size {
        0 => from.get(at).copied(),
        -1 => Some(1),
        size => usize::try_from(size).ok(),
    };
    let mut out = sizes.iter().enumerate().map(size).collect::<Option<Vec<usize>>>()?;
    let count: usize = from.iter().product();
    let open: Vec<usize> = (0..sizes.len()).filter(|&at| sizes[at] == -1).collect();
    if let [open] = open[..] {
        out[open] = count / elements(&out).unwrap_or(usize::MAX).max(1);
    }
    (!sizes.is_empty() && elements(&out) == Some(count)).then_some(out)
}

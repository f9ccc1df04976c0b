//! The operands of a node: values that are computed, and stored ones in the form that a step takes.

use super::{Lowering, ModelError, shape};
use crate::workload::onnx::Node;
use crate::workload::value::{Elements, Value};

/// A stored operand: reals or integers, the other list empty.
pub(super) struct Stored {
    pub(super) shape: Vec<usize>,
    pub(super) reals: Vec<f32>,
    pub(super) integers: Vec<i64>,
    /// Of reals that are made of codes of bytes, the scale of each.
    pub(super) scales: Vec<f32>,
}

impl From<&Value> for Stored {
    fn from(value: &Value) -> Self {
        let (mut reals, mut integers) = (vec![], vec![]);
        match value.elements() {
            Elements::Real(elements) => reals = elements.iter().map(|&x| x as f32).collect(),
            Elements::Whole(elements) => integers.clone_from(elements),
        }
        Self { shape: value.shape().to_vec(), reals, integers, scales: vec![] }
    }
}

impl Lowering {
    pub(super) fn value(&self, node: &Node, at: usize) -> Result<usize, ModelError> {
        let name = node.inputs.get(at).ok_or_else(|| shape(node, format!("operand {at} is missing")))?;
        self.values
            .get(name)
            .copied()
            .ok_or_else(|| shape(node, format!("operand `{name}` must be computed, not stored")))
    }

    pub(super) fn stored(&self, node: &Node, at: usize) -> Result<Option<Stored>, ModelError> {
        let Some(name) = node.inputs.get(at).filter(|name| !name.is_empty()) else { return Ok(None) };
        let stored =
            self.stored.get(name).ok_or_else(|| shape(node, format!("operand `{name}` must be stored")));
        stored.map(|value| Some(value.into()))
    }

    pub(super) fn weights(&self, node: &Node, axes: usize) -> Result<Stored, ModelError> {
        let weights = self.stored(node, 1)?.ok_or_else(|| shape(node, "the weights are missing".into()))?;
        let found = &weights.shape;
        if found.len() != axes {
            return Err(shape(
                node,
                format!("weights of {axes} axes are expected, these are of shape {found:?}"),
            ));
        }
        if weights.reals.is_empty() {
            let what = if found.contains(&0) { "have no elements" } else { "are not of floating point" };
            return Err(shape(node, format!("weights of shape {found:?} {what}")));
        }
        Ok(Stored { scales: self.scales_of(node, 1), ..weights })
    }

    pub(super) fn bias(&self, node: &Node, outputs: usize) -> Result<Vec<f32>, ModelError> {
        match self.stored(node, 2)? {
            None => Ok(vec![0.0; outputs]),
            Some(bias) if bias.reals.len() == outputs => Ok(bias.reals),
            Some(bias) => {
                Err(shape(node, format!("a bias of {outputs} elements is expected, not {:?}", bias.shape)))
            }
        }
    }

    /// What a Gemm adds to each of its columns, or where its operands are exchanged to each of its rows.
    pub(super) fn addends(&self, node: &Node, outputs: usize, to_rows: bool) -> Result<Vec<f32>, ModelError> {
        let Some(Stored { shape: found, reals, .. }) = self.stored(node, 2)? else {
            return Ok(vec![0.0; outputs]);
        };
        let expected = if to_rows { [outputs, 1] } else { [1, outputs] };
        let missing = expected.len().saturating_sub(found.len());
        match reals[..] {
            [one] => Ok(vec![one; outputs]),
            _ if [&vec![1; missing], &found[..]].concat() == expected && !reals.is_empty() => Ok(reals),
            _ => {
                let expected = format!("a bias of shape {expected:?}, or of one number, is expected");
                Err(shape(node, format!("{expected}, not one of shape {found:?}")))
            }
        }
    }

    pub(super) fn image(&self, node: &Node) -> Result<(usize, [usize; 3]), ModelError> {
        self.sized(node, "an image [C, H, W]")
    }

    /// The first operand and its shape, which is called `what`.
    pub(super) fn sized<const N: usize>(
        &self,
        node: &Node,
        what: &str,
    ) -> Result<(usize, [usize; N]), ModelError> {
        let value = self.value(node, 0)?;
        let found = &self.shapes[value];
        let sizes = found[..].try_into();
        Ok((value, sizes.map_err(|_| shape(node, format!("{what} is expected, not {found:?}")))?))
    }
}

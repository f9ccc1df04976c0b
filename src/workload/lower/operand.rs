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
        if weights.shape.len() != axes || weights.reals.is_empty() {
            return Err(shape(
                node,
                format!("weights of {axes} axes are expected, these have {:?}", weights.shape),
            ));
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

    pub(super) fn image(&self, node: &Node) -> Result<(usize, [usize; 3]), ModelError> {
        let value = self.value(node, 0)?;
        let found = &self.shapes[value];
        let image = <[usize; 3]>::try_from(&found[..]);
        let image =
            image.map_err(|_| shape(node, format!("an image [C, H, W] is expected, not {found:?}")))?;
        Ok((value, image))
    }
}

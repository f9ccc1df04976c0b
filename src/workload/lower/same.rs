//! Operators whose result has the shape of their operand.

use super::attribute::{float, int};
use super::fault::attribute;
use super::{Lowered, Lowering, ModelError, shape};
use crate::workload::onnx::Node;
use crate::workload::op::Op;

impl Lowering {
    pub(super) fn same(&self, node: &Node, op: Op) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        Ok((op, vec![value], self.shapes[value].clone()))
    }

    pub(super) fn clip(&self, node: &Node) -> Result<Lowered, ModelError> {
        let bound = |at: usize, name: &str, open: f32| -> Result<f32, ModelError> {
            let stored = self.stored(node, at)?.and_then(|stored| stored.reals.first().copied());
            stored.map_or_else(|| float(node, name, open), Ok)
        };
        let (low, high) = (bound(1, "min", f32::NEG_INFINITY)?, bound(2, "max", f32::INFINITY)?);
        if low <= high {
            self.same(node, Op::Clip(low, high))
        } else {
            Err(shape(node, format!("{low} is above {high}")))
        }
    }

    pub(super) fn softmax(&self, node: &Node) -> Result<Lowered, ModelError> {
        let (op, inputs, out) = self.same(node, Op::Softmax)?;
        let axis = int(node, "axis", -1)?;
        if out.len() != 1 || ![-1, 1].contains(&axis) {
            let expected = "that of the one axis of a sample is expected";
            return Err(attribute(node, format!("axis = {axis} for a sample of shape {out:?}; {expected}")));
        }
        Ok((op, inputs, out))
    }
}

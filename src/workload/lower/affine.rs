//! Sums, and factors and constants per channel.

use super::attribute::{float, int};
use super::fault::attribute;
use super::{Lowered, Lowering, ModelError, Stored, shape};
use crate::workload::onnx::Node;
use crate::workload::op::Op;

impl Lowering {
    /// A sum of two computed values, or of one and a constant per channel (folded into a contraction's bias).
    pub(super) fn add(&self, node: &Node) -> Result<Lowered, ModelError> {
        let constant =
            (0..2).find(|&at| node.inputs.get(at).is_some_and(|name| self.stored.contains_key(name)));
        if let Some(at) = constant { self.add_constant(node, at) } else { self.add_values(node) }
    }

    fn add_values(&self, node: &Node) -> Result<Lowered, ModelError> {
        let inputs = vec![self.value(node, 0)?, self.value(node, 1)?];
        let [a, b] = [&self.shapes[inputs[0]], &self.shapes[inputs[1]]];
        if a != b {
            return Err(shape(node, format!("operands of shapes {a:?} and {b:?} do not add up")));
        }
        let out = a.clone();
        Ok((Op::Add, inputs, out))
    }

    /// The operand at this place is stored.
    fn add_constant(&self, node: &Node, at: usize) -> Result<Lowered, ModelError> {
        let value = self.value(node, 1 - at)?;
        let out = self.shapes[value].clone();
        let span: usize = out[1..].iter().product();
        let Stored { shape: own, reals: bias, .. } = (&self.stored[&node.inputs[at]]).into();
        // Axes are counted from the end: all but the channel's must repeat.
        let channel = own.len().checked_sub(out.len());
        let others = own.iter().enumerate().any(|(axis, &size)| Some(axis) != channel && size != 1);
        if bias.len() != out[0] || channel.is_none() || others {
            return Err(shape(
                node,
                format!("a constant of shape {own:?} does not add to {out:?} channel by channel"),
            ));
        }
        Ok((Op::Affine(vec![1.0; bias.len()], bias, span), vec![value], out))
    }

    /// A factor and a constant per channel, from the statistics of training.
    pub(super) fn normalization(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let out = self.shapes[value].clone();
        if int(node, "training_mode", 0)? != 0 || int(node, "spatial", 1)? != 1 {
            return Err(attribute(node, "training_mode is not 0, or spatial is not 1".into()));
        }
        let parameter = |at: usize| match self.stored(node, at)? {
            Some(stored) if stored.reals.len() == out[0] => Ok(stored.reals),
            _ => Err(shape(node, format!("operand {at} must have {} elements, one a channel", out[0]))),
        };
        let [scale, bias, mean, variance] = [parameter(1)?, parameter(2)?, parameter(3)?, parameter(4)?];
        let epsilon = f64::from(float(node, "epsilon", 1e-5)?);
        let factor = |at: usize| f64::from(scale[at]) / (f64::from(variance[at]) + epsilon).sqrt();
        let constant = |at: usize| f64::from(bias[at]) - f64::from(mean[at]) * factor(at);
        let factors = (0..out[0]).map(|at| factor(at) as f32).collect();
        let constants = (0..out[0]).map(|at| constant(at) as f32).collect();
        let span = out[1..].iter().product();
        Ok((Op::Affine(factors, constants, span), vec![value], out))
    }
}

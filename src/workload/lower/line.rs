//! Convolutions along a line as ones over an image of one row.

use super::{Lowered, Lowering, ModelError, Stored};
use crate::workload::form::Form;
use crate::workload::onnx::{Attribute, Node};

impl Lowering {
    /// Lowers a convolution over [C, L] with weights [O, C / groups, taps] as one over an image of one row.
    pub(super) fn line(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        let (value, [channels, length]) = self.sized(node, "a line [C, L]")?;
        let weights = self.weights(node, 3)?;
        let (op, image, mut out) =
            self.convolved(&widened(node), (value, [channels, 1, length]), (in_a_row(weights), Form::Line))?;
        out.remove(1);
        Ok((op, image, out))
    }
}

/// Weights along a line as those over an image of one row.
pub(super) fn in_a_row(weights: Stored) -> Stored {
    let [first, second, taps] = [0, 1, 2].map(|axis| weights.shape[axis]);
    Stored { shape: vec![first, second, 1, taps], ..weights }
}

/// A node whose attributes are for one axis, with those for an image of one row.
pub(super) fn widened(node: &Node) -> Node {
    let mut node = node.clone();
    for (name, neutral) in [
        ("kernel_shape", 1),
        ("strides", 1),
        ("dilations", 1),
        ("pads", 0),
        ("output_padding", 0),
        ("output_shape", 1),
    ] {
        if let Some(Attribute::Ints(ints)) = node.attributes.get_mut(name) {
            *ints = ints.iter().flat_map(|&int| [neutral, int]).collect();
        }
    }
    node
}

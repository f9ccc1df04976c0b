//! Convolutions over an image and fully connected layers.

use super::attribute::{float, int, pair, window};
use super::scales::of_filters;
use super::{Lowered, Lowering, ModelError, Stored, shape};
use crate::kernel::Geometry;
use crate::workload::form::Form;
use crate::workload::onnx::Node;
use crate::workload::op::{Contraction, Op};

impl Lowering {
    pub(super) fn convolution(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        let weights = node.inputs.get(1).and_then(|name| self.stored.get(name));
        match weights.map(|weights| weights.shape().len()) {
            Some(3) => return self.line(node),
            Some(5) => return self.volume(node),
            _ => {}
        }
        let image = self.image(node)?;
        let weights = self.weights(node, 4)?;
        self.convolved(node, image, (weights, Form::Image))
    }

    /// A convolution over an image, the value with this index, with weights [O, C / groups, rows, columns] and what it was before.
    pub(super) fn convolved(
        &self,
        node: &Node,
        (value, image): (usize, [usize; 3]),
        (weights, form): (Stored, Form),
    ) -> Result<Lowered, ModelError> {
        let geometry = over_image(node, image, &weights.shape)?;
        let bias = self.bias(node, weights.shape[0])?;
        let out = vec![geometry.out_channels, geometry.out_height(), geometry.out_width()];
        let scales = of_filters(&weights.scales, geometry.out_channels);
        Ok((
            Op::Contract(Contraction { geometry, weights: weights.reals, bias, scales, form }),
            vec![value],
            out,
        ))
    }

    /// A row by a stored matrix, which neither turns nor scales anything else.
    pub(super) fn dense(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let weights = self.weights(node, 2)?;
        let transposed = int(node, "transB", 0)? != 0;
        let (rows, columns) = (weights.shape[0], weights.shape[1]);
        let (inputs, outputs) = if transposed { (columns, rows) } else { (rows, columns) };
        if self.shapes[value] != [inputs] {
            return Err(shape(node, format!("{inputs} inputs are expected, not {:?}", self.shapes[value])));
        }
        let by_output = |of: &[f32]| by_output(of, [outputs, inputs], transposed);
        let (reals, scales) = (by_output(&weights.reals), of_filters(&by_output(&weights.scales), outputs));
        let bias = if node.kind == "Gemm" { self.addends(node, outputs, false)? } else { vec![0.0; outputs] };
        let geometry = Geometry::dense(inputs, outputs);
        let contraction = Contraction { geometry, weights: reals, bias, scales, form: Form::Matrix };
        Ok((Op::Contract(contraction), vec![value], vec![outputs]))
    }
}

/// The geometry of a convolution with weights of this shape.
fn over_image(node: &Node, image: [usize; 3], weights: &[usize]) -> Result<Geometry, ModelError> {
    let groups = usize::try_from(int(node, "group", 1)?).unwrap_or(0);
    let kernel = [weights[2], weights[3]];
    let stated = pair(node, "kernel_shape", Some(kernel))?;
    if stated != kernel {
        return Err(shape(node, format!("kernel_shape {stated:?} is not that of weights {weights:?}")));
    }
    let geometry = window(node, image, kernel, weights[0], groups)?;
    geometry.check().map_err(|fault| ModelError::Geometry { node: node.name.clone(), fault })?;
    if weights[1] * groups != image[0] {
        return Err(shape(node, format!("weights {weights:?} do not fit {} input channels", image[0])));
    }
    Ok(geometry)
}

/// Whether a product neither turns its first operand nor scales anything.
pub(super) fn is_plain(node: &Node) -> Result<bool, ModelError> {
    let unscaled = float(node, "alpha", 1.0)? == 1.0 && float(node, "beta", 1.0)? == 1.0;
    Ok(int(node, "transA", 0)? == 0 && unscaled)
}

/// What a matrix has of each weight, output by output: its rows where it is transposed, else its columns; nothing of none.
pub(super) fn by_output(matrix: &[f32], [outputs, depth]: [usize; 2], transposed: bool) -> Vec<f32> {
    if matrix.is_empty() {
        return vec![];
    }
    let at = |o: usize, k: usize| matrix[if transposed { o * depth + k } else { k * outputs + o }];
    (0..outputs).flat_map(|o| (0..depth).map(move |k| (o, k))).map(|(o, k)| at(o, k)).collect()
}

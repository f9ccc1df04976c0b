//! Convolutions of other forms as ones over an image: along a line, and transposed ones.

use super::arrange::{LARGEST, Places};
use super::attribute::{int, pair, sizes};
use super::{Lowered, Lowering, ModelError, Stored, shape};
use crate::workload::network::Step;
use crate::workload::onnx::{Attribute, Node};

impl Lowering {
    /// Lowers a convolution over [C, L] with weights [O, C / groups, taps] as one over an image of one row.
    pub(super) fn line(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let &[channels, length] = &self.shapes[value][..] else {
            return Err(shape(node, format!("a line [C, L] is expected, not {:?}", self.shapes[value])));
        };
        let weights = self.weights(node, 3)?;
        let [outputs, inputs, taps] = [0, 1, 2].map(|axis| weights.shape[axis]);
        let wide = Stored { shape: vec![outputs, inputs, 1, taps], ..weights };
        let (op, image, mut out) = self.convolved(&widened(node), (value, [channels, 1, length]), wide)?;
        out.remove(1);
        Ok((op, image, out))
    }

    /// Lowers a transposed convolution as one over an image with zeros between its pixels, its filters turned round.
    pub(super) fn transposed(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        if node.attributes.contains_key("output_shape") || node.attributes.contains_key("auto_pad") {
            return Err(shape(node, "pads instead of output_shape and auto_pad are expected".into()));
        }
        let (value, [channels, height, width]) = self.image(node)?;
        let weights = self.weights(node, 4)?;
        let groups = usize::try_from(int(node, "group", 1)?).unwrap_or(0);
        if weights.shape[0] != channels || groups == 0 || !channels.is_multiple_of(groups) {
            return Err(shape(
                node,
                format!("weights {:?} do not fit {channels} input channels", weights.shape),
            ));
        }
        let one = Some([1, 1]);
        let (stride, dilation) = (pair(node, "strides", one)?, pair(node, "dilations", one)?);
        let (pads, more) = (sizes(node, "pads", Some([0; 4]))?, pair(node, "output_padding", Some([0, 0]))?);
        let along = |axis: usize, length: usize| {
            let reach = ((weights.shape[axis + 2].max(1) - 1) * dilation[axis]) as i64;
            spaced(
                length,
                stride[axis],
                reach - pads[axis] as i64,
                reach - pads[axis + 2] as i64 + more[axis] as i64,
            )
        };
        let reach =
            |axis: usize, length: usize| length * stride[axis] + 2 * weights.shape[axis + 2] * dilation[axis];
        if [channels, reach(0, height), reach(1, width)].iter().any(|&length| length > LARGEST) {
            return Err(shape(node, "zeros between its pixels make the image too large".into()));
        }
        let places = [(0..channels).map(Some).collect(), along(0, height), along(1, width)];
        let (op, inputs, out) = self.arranged(node, value, &places, 0.0)?;
        let image = [out[0], out[1], out[2]];
        let plain = Node { attributes: Default::default(), ..node.clone() };
        let plain = with(&plain, &[("group", &[groups]), ("dilations", &dilation)]);
        let spread = self.steps.len() + 1;
        let (contraction, _, out) = self.convolved(&plain, (spread, image), turned(weights, groups))?;
        self.steps.push(Step { name: format!("{} (zeros between)", node.name), op, inputs });
        self.shapes.push(image.to_vec());
        self.batched.push(true);
        self.kinds.push(self.kinds[value]);
        Ok((contraction, vec![spread], out))
    }
}

/// Places of a line with `stride - 1` zeros between its elements, so many zeros before and after; fewer than none cut it.
fn spaced(length: usize, stride: usize, before: i64, after: i64) -> Places {
    let last = (length.max(1) - 1) as i64 * stride as i64;
    let place = |at: i64| (0..=last).contains(&at) && at % stride.max(1) as i64 == 0;
    (-before..=last + after).map(|at| place(at).then(|| (at / stride.max(1) as i64) as usize)).collect()
}

/// Weights [C, O / groups, rows, columns] as [O, C / groups, rows, columns], every filter turned by half a turn.
fn turned(weights: Stored, groups: usize) -> Stored {
    let [channels, outputs, rows, columns] = [0, 1, 2, 3].map(|axis| weights.shape[axis]);
    let (inputs, taps) = (channels / groups, rows * columns);
    let mut reals = Vec::with_capacity(weights.reals.len());
    for output in 0..outputs * groups {
        for input in 0..inputs {
            let channel = output / outputs * inputs + input;
            let filter = &weights.reals[(channel * outputs + output % outputs) * taps..][..taps];
            reals.extend(filter.iter().rev());
        }
    }
    Stored { shape: vec![outputs * groups, inputs, rows, columns], reals, integers: vec![] }
}

/// A node with other attributes; one number stands for itself, more for a list.
fn with(node: &Node, attributes: &[(&str, &[usize])]) -> Node {
    let mut node = node.clone();
    for (name, values) in attributes {
        let ints: Vec<i64> = values.iter().map(|&value| value as i64).collect();
        let value = if let [int] = ints[..] { Attribute::Int(int) } else { Attribute::Ints(ints) };
        node.attributes.insert((*name).into(), value);
    }
    node
}

/// A node whose attributes are for one axis, with those for an image of one row.
fn widened(node: &Node) -> Node {
    let mut node = node.clone();
    for (name, neutral) in [("kernel_shape", 1), ("strides", 1), ("dilations", 1), ("pads", 0)] {
        if let Some(Attribute::Ints(ints)) = node.attributes.get_mut(name) {
            *ints = ints.iter().flat_map(|&int| [neutral, int]).collect();
        }
    }
    node
}

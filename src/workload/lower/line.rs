//! Convolutions of other forms as ones over an image: along a line, and transposed ones.

use super::arrange::Places;
use super::attribute::int;
use super::{Lowered, Lowering, ModelError, Stored, shape};
use crate::workload::form::Form;
use crate::workload::limit;
use crate::workload::network::Step;
use crate::workload::onnx::{Attribute, Node};
use crate::workload::operator;

impl Lowering {
    /// Lowers a convolution over [C, L] with weights [O, C / groups, taps] as one over an image of one row.
    pub(super) fn line(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let &[channels, length] = &self.shapes[value][..] else {
            return Err(shape(node, format!("a line [C, L] is expected, not {:?}", self.shapes[value])));
        };
        let weights = self.weights(node, 3)?;
        let (op, image, mut out) =
            self.convolved(&widened(node), (value, [channels, 1, length]), (in_a_row(weights), Form::Line))?;
        out.remove(1);
        Ok((op, image, out))
    }

    /// Lowers a transposed convolution over an image or a line.
    pub(super) fn transposed(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        if node.inputs.get(1).and_then(|name| self.stored.get(name)).is_none_or(|w| w.shape().len() != 3) {
            let weights = self.weights(node, 4)?;
            let image = self.image(node)?;
            return self.spread(node, image, weights);
        }
        let value = self.value(node, 0)?;
        let &[channels, length] = &self.shapes[value][..] else {
            return Err(shape(node, format!("a line [C, L] is expected, not {:?}", self.shapes[value])));
        };
        let (op, inputs, mut out) =
            self.spread(&widened(node), (value, [channels, 1, length]), in_a_row(self.weights(node, 3)?))?;
        out.remove(1);
        Ok((op, inputs, out))
    }

    /// A transposed convolution as one over an image with zeros between its pixels, its filters turned round.
    fn spread(
        &mut self,
        node: &Node,
        (value, [channels, height, width]): (usize, [usize; 3]),
        weights: Stored,
    ) -> Result<Lowered, ModelError> {
        let groups = usize::try_from(int(node, "group", 1)?).unwrap_or(0);
        if weights.shape[0] != channels || groups == 0 || !channels.is_multiple_of(groups) {
            return Err(shape(
                node,
                format!("weights {:?} do not fit {channels} input channels", weights.shape),
            ));
        }
        let (kernel, input) = (weights.shape[2..].to_vec(), [height, width]);
        let window = operator::transposed_window(node, self.opset, &input, kernel);
        let window = window.map_err(|what| shape(node, what))?;
        let reach = |axis: usize| (window.kernel[axis].max(1) - 1) * window.dilation[axis];
        let wide = |axis: usize| window.image[axis] + reach(axis);
        if [channels, wide(0), wide(1)].iter().any(|&length| length > limit::PLACES) {
            return Err(shape(node, "zeros between its pixels make the image too large".into()));
        }
        let along = |axis: usize| {
            let before = reach(axis) as i64 - window.pads[axis] as i64;
            spaced(input[axis], window.stride[axis], before, wide(axis))
        };
        let mut places = vec![(0..channels).map(Some).collect(), along(0), along(1)];
        let image = [0, 1, 2].map(|axis| places[axis].len());
        if self.shapes[value].len() == 2 {
            // A line has no axis for its one row.
            places.remove(1);
        }
        let (op, inputs, _) = self.arranged(node, value, &places, 0.0)?;
        let plain = Node { attributes: Default::default(), ..node.clone() };
        let plain = with(&plain, &[("group", &[groups]), ("dilations", &window.dilation)]);
        let spread = self.steps.len() + 1;
        let (contraction, _, out) =
            self.convolved(&plain, (spread, image), (turned(weights, groups), Form::Transposed))?;
        self.steps.push(Step { name: format!("{} (zeros between)", node.name), op, inputs });
        self.shapes.push(image.to_vec());
        self.batched.push(true);
        self.kinds.push(self.kinds[value]);
        Ok((contraction, vec![spread], out))
    }
}

/// So many places of a line with `stride - 1` zeros between its elements and some before; fewer than none cut it.
fn spaced(length: usize, stride: usize, before: i64, count: usize) -> Places {
    let stride = stride.max(1) as i64;
    let place =
        |at: i64| usize::try_from(at / stride).ok().filter(|&place| at % stride == 0 && place < length);
    (-before..count as i64 - before).map(|at| if at < 0 { None } else { place(at) }).collect()
}

/// Weights [C, O / groups, rows, columns] as [O, C / groups, rows, columns], every filter turned by half a turn.
fn turned(weights: Stored, groups: usize) -> Stored {
    let [channels, outputs, rows, columns] = [0, 1, 2, 3].map(|axis| weights.shape[axis]);
    let (inputs, taps) = (channels / groups, rows * columns);
    let turn = |of: &[f32]| {
        let mut turned = Vec::with_capacity(of.len());
        for output in 0..outputs * groups {
            for channel in (0..inputs).map(|input| output / outputs * inputs + input) {
                let filter = of.get((channel * outputs + output % outputs) * taps..).unwrap_or_default();
                turned.extend(filter.iter().take(taps).rev());
            }
        }
        turned
    };
    let (reals, scales) = (turn(&weights.reals), turn(&weights.scales));
    Stored { shape: vec![outputs * groups, inputs, rows, columns], reals, integers: vec![], scales }
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

/// Weights along a line as those over an image of one row.
fn in_a_row(weights: Stored) -> Stored {
    let [first, second, taps] = [0, 1, 2].map(|axis| weights.shape[axis]);
    Stored { shape: vec![first, second, 1, taps], ..weights }
}

/// A node whose attributes are for one axis, with those for an image of one row.
fn widened(node: &Node) -> Node {
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

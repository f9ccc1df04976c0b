//! Transposed convolutions as ones of stride 1 over an input with zeros between its elements, their filters turned round.

use super::arrange::Places;
use super::attribute::int;
use super::line::{in_a_row, widened};
use super::volume::Source;
use super::{Lowered, Lowering, ModelError, Stored, shape};
use crate::workload::form::Form;
use crate::workload::limit;
use crate::workload::onnx::{Attribute, Node};
use crate::workload::op::Op;
use crate::workload::operator;

impl Lowering {
    /// Lowers a transposed convolution over an image, a line or a volume.
    pub(super) fn transposed(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        let weights = node.inputs.get(1).and_then(|name| self.stored.get(name));
        match weights.map(|weights| weights.shape().len()) {
            Some(3) => {
                let (value, [channels, length]) = self.sized(node, "a line [C, L]")?;
                let weights = in_a_row(self.weights(node, 3)?);
                let (op, inputs, mut out) =
                    self.spread(&widened(node), (value, &[channels, 1, length]), weights)?;
                out.remove(1);
                Ok((op, inputs, out))
            }
            Some(5) => {
                let (value, volume) = self.sized::<4>(node, "a volume [C, D, H, W]")?;
                self.spread(node, (value, &volume), self.weights(node, 5)?)
            }
            _ => {
                let (value, image) = self.image(node)?;
                self.spread(node, (value, &image), self.weights(node, 4)?)
            }
        }
    }

    /// A transposed convolution over a value of this shape, to which axes of one place may be added.
    fn spread(
        &mut self,
        node: &Node,
        (value, input): (usize, &[usize]),
        weights: Stored,
    ) -> Result<Lowered, ModelError> {
        let (channels, sizes) = (input[0], &input[1..]);
        let groups = usize::try_from(int(node, "group", 1)?).unwrap_or(0);
        if weights.shape[0] != channels || groups == 0 || !channels.is_multiple_of(groups) {
            return Err(shape(
                node,
                format!("weights {:?} do not fit {channels} input channels", weights.shape),
            ));
        }
        let window = operator::transposed_window(node, self.opset, sizes, weights.shape[2..].to_vec());
        let window = window.map_err(|what| shape(node, what))?;
        let mut places = spaced_out(&window)
            .ok_or_else(|| shape(node, "zeros between its elements make the input too large".into()))?;
        places.insert(0, (0..channels).map(Some).collect());
        let image: Vec<usize> = places.iter().map(Vec::len).collect();
        if self.shapes[value].len() < input.len() {
            // A line has no axis for its one row.
            places.remove(1);
        }
        let (from, _) = self.taken(node, value, &places)?;
        let plain = Node { attributes: Default::default(), ..node.clone() };
        let plain = with(&plain, &[("group", &[groups]), ("dilations", &window.dilation)]);
        let weights = turned(weights, groups);
        if let &[channels, depth, height, width] = &image[..] {
            let volume = Source { value, shape: [channels, depth, height, width], spread: Some(from) };
            return self.over_volume(&plain, volume, weights);
        }
        let image = [0, 1, 2].map(|axis| image[axis]);
        let spread = format!("{} (zeros between)", node.name);
        let spread = self.step(&spread, Op::Arrange(from.into(), 0.0), &[value], image.to_vec());
        self.convolved(&plain, (spread, image), (weights, Form::Transposed))
    }
}

/// Along each axis the places of an input that a window which slides over it has before it; none where there are too many.
fn spaced_out(window: &operator::Window) -> Option<Vec<Places>> {
    let along = |axis: usize| {
        let reach = (window.kernel[axis].max(1) - 1) * window.dilation[axis];
        let before = reach as i64 - window.pads[axis] as i64;
        let wide = Some(window.image[axis] + reach).filter(|&wide| wide <= limit::PLACES)?;
        Some(spaced(window.out[axis], window.stride[axis], before, wide))
    };
    (0..window.out.len()).map(along).collect()
}

/// So many places of a line with `stride - 1` zeros between its elements and some before; fewer than none cut it.
fn spaced(length: usize, stride: usize, before: i64, count: usize) -> Places {
    let stride = stride.max(1) as i64;
    let place =
        |at: i64| usize::try_from(at / stride).ok().filter(|&place| at % stride == 0 && place < length);
    (-before..count as i64 - before).map(|at| if at < 0 { None } else { place(at) }).collect()
}

/// Weights [C, O / groups, …] as [O, C / groups, …], every filter turned round along all its axes.
fn turned(weights: Stored, groups: usize) -> Stored {
    let (outputs, kernel) = (weights.shape[1], &weights.shape[2..]);
    let (inputs, taps) = (weights.shape[0] / groups, kernel.iter().product());
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
    Stored { shape: [&[outputs * groups, inputs], kernel].concat(), reals, integers: vec![], scales }
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

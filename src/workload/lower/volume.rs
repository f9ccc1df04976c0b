//! A convolution over a volume as one over an image, of which every row is what one row of windows reads.
//!
//! Taps along depth and height become channels, their positions rows; along the width the window slides as it does in the
//! volume. Zeros before and behind the volume and above and below it are part of that image, as zeros among the activations.

use super::attribute::int;
use super::general::or_zeros;
use super::scales::of_filters;
use super::{Lowered, Lowering, ModelError, Stored, elements, shape};
use crate::kernel::Geometry;
use crate::workload::form::Form;
use crate::workload::limit;
use crate::workload::onnx::Node;
use crate::workload::op::{Contraction, Op};
use crate::workload::operator::{self, Window};

/// A volume: the value that it comes from, and its shape [C, D, H, W].
pub(super) struct Source {
    pub(super) value: usize,
    pub(super) shape: [usize; 4],
    /// For each of its elements the place in the value, none of a zero; where it is not the value itself.
    pub(super) spread: Option<Vec<Option<u32>>>,
}

impl Lowering {
    /// Lowers a convolution over [C, D, H, W] with weights [O, C / groups, depth, rows, columns].
    pub(super) fn volume(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        let (value, shape) = self.sized(node, "a volume [C, D, H, W]")?;
        let weights = self.weights(node, 5)?;
        self.over_volume(node, Source { value, shape, spread: None }, weights)
    }

    /// The same over a volume that may be another one with zeros between.
    pub(super) fn over_volume(
        &mut self,
        node: &Node,
        volume: Source,
        weights: Stored,
    ) -> Result<Lowered, ModelError> {
        let Source { value, shape: [channels, depth, height, width], spread } = volume;
        let window = operator::window(node, self.opset, &[depth, height, width], weights.shape[2..].to_vec());
        let window = window.map_err(|what| shape(node, what))?;
        let geometry = of_rows(node, channels, &weights, &window)?;
        let bias = self.bias(node, geometry.out_channels)?;
        let rows = [geometry.in_channels, geometry.in_height, width];
        if elements(&rows).is_none_or(|count| count > limit::PLACES) {
            return Err(shape(node, format!("rows {rows:?} of its windows have too many elements")));
        }
        let mut places = order_of(&window, channels);
        if let Some(spread) = &spread {
            places.iter_mut().for_each(|place| *place = place.and_then(|place| spread[place as usize]));
        }
        let taken = or_zeros(places, self.shapes[value].iter().product());
        let image = self.step(&format!("{} (rows of windows)", node.name), taken, &[value], rows.to_vec());
        let out = [&[geometry.out_channels], &window.out[..]].concat();
        let scales = of_filters(&weights.scales, geometry.out_channels);
        let axes = |of: &[usize]| [0, 1, 2].map(|axis| of[axis]);
        let (kernel, out_axes) = (axes(&window.kernel), axes(&window.out));
        let form = Form::Volume { kernel, out: out_axes, transposed: spread.is_some() };
        Ok((
            Op::Contract(Contraction { geometry, weights: weights.reals, bias, scales, form }),
            vec![image],
            out,
        ))
    }
}

/// The geometry over rows of windows.
fn of_rows(node: &Node, channels: usize, weights: &Stored, window: &Window) -> Result<Geometry, ModelError> {
    let groups = usize::try_from(int(node, "group", 1)?).unwrap_or(0);
    let stated = node.attributes.contains_key("kernel_shape");
    if stated && super::attribute::sizes(node, "kernel_shape", None)? != [2, 3, 4].map(|at| weights.shape[at])
    {
        return Err(shape(node, format!("kernel_shape is not that of weights {:?}", weights.shape)));
    }
    if weights.shape[1].checked_mul(groups) != Some(channels) {
        return Err(shape(node, format!("weights {:?} do not fit {channels} input channels", weights.shape)));
    }
    let geometry = Geometry {
        groups,
        in_channels: channels * window.kernel[0] * window.kernel[1],
        in_height: window.out[0] * window.out[1],
        in_width: window.image[2],
        out_channels: weights.shape[0],
        kernel: [1, window.kernel[2]],
        stride: [1, window.stride[2]],
        pads: [0, window.pads[2], 0, window.pads[5]],
        dilation: [1, window.dilation[2]],
    };
    geometry.check().map_err(|fault| ModelError::Geometry { node: node.name.clone(), fault })?;
    Ok(geometry)
}

/// The places of the elements [channels and taps, positions along depth and height, width] in a volume, none outside of it.
fn order_of(window: &Window, channels: usize) -> Vec<Option<u32>> {
    let &[depth, height, width] = &window.image[..] else { unreachable!("a volume has three axes") };
    let along = |axis: usize, tap: usize, position: usize| {
        let at = position * window.stride[axis] + tap * window.dilation[axis];
        at.checked_sub(window.pads[axis]).filter(|&at| at < window.image[axis])
    };
    let mut places = vec![];
    for channel in 0..channels {
        for (behind, below) in pairs(window.kernel[0], window.kernel[1]) {
            for (plane, row) in pairs(window.out[0], window.out[1]) {
                let start = along(0, behind, plane).zip(along(1, below, row));
                let start = start.map(|(d, h)| ((channel * depth + d) * height + h) * width);
                places.extend((0..width).map(|column| start.map(|start| (start + column) as u32)));
            }
        }
    }
    places
}

fn pairs(outer: usize, inner: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outer).flat_map(move |outer| (0..inner).map(move |inner| (outer, inner)))
}

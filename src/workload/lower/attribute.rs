//! The values of a node's attributes.

use super::fault::attribute;
use super::{ModelError, shape};
use crate::kernel::Geometry;
use crate::workload::limit;
use crate::workload::onnx::{Attribute, Node};
use crate::workload::operator::{AUTO_PAD, unknown};

pub(super) fn int(node: &Node, name: &str, default: i64) -> Result<i64, ModelError> {
    match node.attributes.get(name) {
        None => Ok(default),
        Some(Attribute::Int(value)) => Ok(*value),
        Some(_) => Err(of_another_sort(node, name)),
    }
}

pub(super) fn float(node: &Node, name: &str, default: f32) -> Result<f32, ModelError> {
    match node.attributes.get(name) {
        None => Ok(default),
        Some(Attribute::Float(value)) => Ok(*value),
        Some(_) => Err(of_another_sort(node, name)),
    }
}

pub(super) fn text<'a>(node: &'a Node, name: &str, default: &'a str) -> Result<&'a str, ModelError> {
    match node.attributes.get(name) {
        None => Ok(default),
        Some(Attribute::Text(value)) => Ok(value),
        Some(_) => Err(of_another_sort(node, name)),
    }
}

pub(super) fn sizes<const N: usize>(
    node: &Node,
    name: &str,
    default: Option<[usize; N]>,
) -> Result<[usize; N], ModelError> {
    match (node.attributes.get(name), default) {
        (None, Some(default)) => Ok(default),
        (None, None) => Err(attribute(node, format!("{name} is missing"))),
        (Some(Attribute::Ints(ints)), _) => {
            let size = |int: &i64| usize::try_from(*int).ok().filter(|&size| size <= limit::WINDOW);
            let sizes: Option<Vec<usize>> = ints.iter().map(size).collect();
            // Beyond what a layer takes the operator text may still have it.
            let beyond = ints.len() != N || ints.iter().any(|int| !(0..=limit::TEXT_WINDOW).contains(int));
            let expected = || match beyond {
                true => format!("{name} = {ints:?}; {N} numbers from 0 to 2^20 are expected"),
                false => format!("{name} = {ints:?}; a layer takes numbers from 0 to {}", limit::WINDOW),
            };
            sizes.and_then(|sizes| sizes.try_into().ok()).ok_or_else(|| attribute(node, expected()))
        }
        (Some(_), _) => Err(of_another_sort(node, name)),
    }
}

/// An attribute whose value is, for example, a text and should be a number.
pub(super) fn of_another_sort(node: &Node, name: &str) -> ModelError {
    attribute(node, format!("{name} is of another sort than expected"))
}

pub(super) fn pair(node: &Node, name: &str, default: Option<[usize; 2]>) -> Result<[usize; 2], ModelError> {
    sizes(node, name, default)
}

/// The window of a convolution or pooling node, `auto_pad` resolved.
pub(super) fn window(
    node: &Node,
    image: [usize; 3],
    kernel: [usize; 2],
    outputs: usize,
    groups: usize,
) -> Result<Geometry, ModelError> {
    let [in_channels, in_height, in_width] = image;
    let one = Some([1, 1]);
    let (stride, dilation) = (pair(node, "strides", one)?, pair(node, "dilations", one)?);
    let mut pads = sizes(node, "pads", Some([0; 4]))?;
    match node.attributes.get("auto_pad") {
        None => {}
        Some(Attribute::Text(text)) if text == "NOTSET" => {}
        Some(Attribute::Text(text)) if text == "VALID" => pads = [0; 4],
        Some(Attribute::Text(text)) if text == "SAME_UPPER" || text == "SAME_LOWER" => {
            for (axis, size) in [in_height, in_width].into_iter().enumerate() {
                let steps = size.div_ceil(stride[axis].max(1));
                let span = (steps.max(1) - 1) * stride[axis] + (kernel[axis].max(1) - 1) * dilation[axis] + 1;
                let total = span.saturating_sub(size);
                let (less, more) = (total / 2, total - total / 2);
                (pads[axis], pads[axis + 2]) = if text == "SAME_UPPER" { (less, more) } else { (more, less) };
            }
        }
        Some(Attribute::Text(text)) => return Err(shape(node, unknown("auto_pad", text, &AUTO_PAD))),
        Some(_) => return Err(of_another_sort(node, "auto_pad")),
    }
    Ok(Geometry {
        groups,
        in_channels,
        in_height,
        in_width,
        out_channels: outputs,
        kernel,
        stride,
        pads,
        dilation,
    })
}

//! Pooling.

use super::attribute::{int, pair, window};
use super::fault::attribute;
use super::{Lowered, Lowering, ModelError, shape};
use crate::workload::onnx::Node;
use crate::workload::op::Op;
use crate::workload::pool::Window;

impl Lowering {
    pub(super) fn pool(&self, node: &Node) -> Result<Lowered, ModelError> {
        let (value, image) = self.image(node)?;
        let [channels, height, width] = image;
        let kernel = if node.kind == "GlobalAveragePool" {
            [height, width]
        } else {
            pair(node, "kernel_shape", None)?
        };
        let geometry = window(node, image, kernel, channels, channels)?;
        geometry.check().map_err(|fault| ModelError::Geometry { node: node.name.clone(), fault })?;
        if int(node, "ceil_mode", 0)? != 0 {
            return Err(attribute(node, "ceil_mode is not 0".into()));
        }
        let spans = |axis: usize| kernel[axis].saturating_sub(1) * geometry.dilation[axis] + 1;
        if (0..4).any(|side| geometry.pads[side] >= spans(side % 2)) {
            return Err(shape(
                node,
                format!("pads {:?} put a whole window outside of the image", geometry.pads),
            ));
        }
        let count_padding = int(node, "count_include_pad", 0)? == 1;
        let pool = Window { geometry, count_padding };
        let op = if node.kind == "MaxPool" { Op::MaxPool(pool) } else { Op::AveragePool(pool) };
        Ok((op, vec![value], vec![channels, geometry.out_height(), geometry.out_width()]))
    }
}

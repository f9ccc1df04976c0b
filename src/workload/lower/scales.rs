//! The scales of codes that a file has its weights in, followed to where they become those of a layer.

use super::general::only_moves;
use super::{Lowering, ModelError};
use crate::workload::onnx::Node;
use crate::workload::operator;
use crate::workload::value::{Kind, Value};

impl Lowering {
    /// Notes the scale of each element that a node makes of stored codes of bytes, or that it hands on.
    pub(super) fn note_scales(&mut self, node: &Node) -> Result<(), ModelError> {
        let (Some(first), Some(name)) = (node.inputs.first(), node.outputs.first()) else { return Ok(()) };
        let first = match self.stored.get(first) {
            Some(codes) if node.kind == "DequantizeLinear" => ones(codes),
            _ if only_moves(node) => self.scales.get(first).cloned(),
            _ => None,
        };
        let Some(first) = first else { return Ok(()) };
        let rest = if node.kind == "DequantizeLinear" { 1..2 } else { 1..node.inputs.len() };
        let rest = node.inputs[rest].iter().map(|name| self.stored.get(name));
        let operands: Vec<Option<&Value>> = [Some(&first)].into_iter().chain(rest).collect();
        let scales = operator::run(node, self.opset, &operands)?.swap_remove(0);
        self.budget.keep(scales.len());
        self.scales.insert(name.clone(), scales);
        Ok(())
    }

    /// The scale of each element of a stored operand; none where it is made of no codes.
    pub(super) fn scales_of(&self, node: &Node, at: usize) -> Vec<f32> {
        let scales = node.inputs.get(at).and_then(|name| self.scales.get(name));
        scales.map_or(vec![], |scales| scales.to_reals().iter().map(|&scale| scale as f32).collect())
    }
}

/// A code of 1 for each of some codes of bytes.
fn ones(codes: &Value) -> Option<Value> {
    let bytes = matches!(codes.kind(), Kind::U8 | Kind::I8);
    bytes.then(|| Value::whole(codes.kind(), codes.shape(), vec![1; codes.len()]).ok()).flatten()
}

/// The scale of each of so many filters; none where there are none, or several in one filter.
pub(super) fn of_filters(scales: &[f32], filters: usize) -> Option<Vec<f32>> {
    let depth = scales.len().checked_div(filters).filter(|&depth| depth > 0)?;
    let one = |filter: &[f32]| filter.iter().all(|scale| *scale == filter[0]).then_some(filter[0]);
    scales.chunks_exact(depth).map(one).collect()
}

//! A product of many rows with stored weights: a convolution of one tap whose positions are the rows.

use super::attribute::int;
use super::contract::{by_output, is_plain};
use super::scales::of_filters;
use super::{Lowering, ModelError, elements, shape};
use crate::kernel::Geometry;
use crate::workload::form::Form;
use crate::workload::limit;
use crate::workload::onnx::Node;
use crate::workload::op::{Contraction, Op};

/// Weights [outputs, depth] and a bias, for rows counted by the axes that lead.
struct Dense {
    lead: Vec<usize>,
    depth: usize,
    outputs: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
    scales: Option<Vec<f32>>,
}

impl Lowering {
    /// Lowers a product of [.., rows, K] with stored weights; whether the node is one.
    pub(super) fn rows(&mut self, node: &Node) -> Result<bool, ModelError> {
        let Some((value, dense)) = self.dense_rows(node)? else { return Ok(false) };
        let Dense { lead, depth, outputs, weights, bias, scales } = dense;
        let rows = lead.iter().product();
        let geometry = Geometry { in_height: rows, ..Geometry::dense(depth, outputs) };
        let contraction = Op::Contract(Contraction { geometry, weights, bias, scales, form: Form::Matrix });
        let [before, after] =
            ["rows to channels", "channels to rows"].map(|what| format!("{} ({what})", node.name));
        let columns = self.step(&before, turn(rows, depth), &[value], vec![depth, rows, 1]);
        let product = self.step(&node.name, contraction, &[columns], vec![outputs, rows, 1]);
        let batched = lead[0] == 1 && lead.len() > 1;
        let shape = [&lead[usize::from(batched)..], &[outputs]].concat();
        let back = self.step(&after, turn(outputs, rows), &[product], shape);
        self.batched[back] = batched;
        self.values.insert(node.outputs.first().cloned().unwrap_or_default(), back);
        Ok(true)
    }

    /// The value that a node multiplies with stored weights row by row, and those, if it is such a node.
    fn dense_rows(&self, node: &Node) -> Result<Option<(usize, Dense)>, ModelError> {
        let gemm = node.kind == "Gemm";
        if gemm && !is_plain(node)? {
            return Ok(None);
        }
        let value = node.inputs.first().and_then(|name| self.values.get(name)).copied();
        let weights = node.inputs.get(1).and_then(|name| self.stored.get(name));
        let (Some(value), Some(weights)) = (value, weights) else { return Ok(None) };
        let whole = self.whole_shape(value);
        let ([lead @ .., last], &[first, second]) = (&whole[..], weights.shape()) else { return Ok(None) };
        let transposed = gemm && int(node, "transB", 0)? != 0;
        let (depth, outputs) = if transposed { (second, first) } else { (first, second) };
        let several = |rows: usize| rows > 1 || lead.len() > 1;
        let rows = elements(lead).filter(|&rows| several(rows) && *last == depth && outputs > 0 && depth > 0);
        let (Some(rows), true) = (rows, self.kinds[value].is_real()) else { return Ok(None) };
        if elements(&[rows, depth.max(outputs)]).is_none_or(|count| count > limit::PLACES) {
            let most = limit::PLACES;
            return Err(shape(
                node,
                format!("{rows} rows of {depth} and of {outputs} are more than {most} elements"),
            ));
        }
        let stored: Vec<f32> = weights.to_reals().iter().map(|&weight| weight as f32).collect();
        let by_output = |of: &[f32]| by_output(of, [outputs, depth], transposed);
        let (weights, scales) =
            (by_output(&stored), of_filters(&by_output(&self.scales_of(node, 1)), outputs));
        let bias = if gemm { self.addends(node, outputs, false)? } else { vec![0.0; outputs] };
        Ok(Some((value, Dense { lead: lead.to_vec(), depth, outputs, weights, bias, scales })))
    }
}

/// A matrix of so many rows and columns, turned.
fn turn(rows: usize, columns: usize) -> Op {
    Op::Permute(
        (0..columns).flat_map(|column| (0..rows).map(move |row| (row * columns + column) as u32)).collect(),
    )
}

//! The task: a trained network, its data, its score. Knows tensors and integers, not gates.

mod blocks;
pub mod data;
mod direct;
mod engine;
mod float;
mod format;
mod graph;
mod lower;
mod named;
mod network;
mod onnx;
mod op;
mod operator;
mod prune;
mod quantize;
pub mod score;
mod task;
mod time;
mod value;

pub use blocks::{BlockError, without_blocks};
pub use engine::{Codes, Engine, Exact, Layer, Origin, Place, Weights, operands};
pub use format::{Answer, Format, FormatError, Formats, Formatted, Use};
pub use graph::Graph;
pub use lower::ModelError;
pub use named::{Misnamed, NoLayer, by_layer, layer};
pub use network::Network;
pub use prune::{PruneError, prune};
pub use quantize::{
    CalibrationError, Checkpoint, Coder, Grid, GroupError, Groups, Precision, PrecisionError, Quantized,
    Scheme, Start, common_group,
};
pub use task::{LoadError, Task, load, network};
pub use value::{Elements, Kind, Value};

/// For each sample whether its largest output is the label; the first of equal outputs counts.
pub fn top1(outputs: &crate::tensor::Tensor<f32>, labels: &[usize]) -> Vec<bool> {
    let classes = outputs.len() / labels.len().max(1);
    let right = |(row, &label): (&[f32], &usize)| {
        let best = (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b]));
        best == Some(label)
    };
    outputs.data().chunks_exact(classes.max(1)).zip(labels).map(right).collect()
}

#[cfg(test)]
mod tests;

//! The task: a trained network, its data, its score. Knows tensors and integers, not gates.

mod blocks;
pub mod data;
mod direct;
mod engine;
mod experts;
mod float;
mod form;
mod format;
mod graph;
mod limit;
mod lower;
mod named;
mod network;
mod onnx;
mod op;
mod operator;
mod order;
mod outliers;
mod pool;
mod prune;
mod quantize;
mod recurrent;
mod rotation;
pub mod score;
mod softmax;
mod task;
mod time;
mod tokens;
mod value;

pub use blocks::{BlockError, without_blocks};
pub use engine::{Codes, Engine, Exact, Layer, Origin, Place, Take, WeightShifts, Weights, Wide, operands};
pub use form::Form;
pub use format::{Answer, Format, FormatError, Formats, Formatted, Use};
pub use graph::Graph;
pub use lower::ModelError;
pub use named::{Misnamed, NoLayer, by_layer, layer};
pub use network::Network;
pub use outliers::{OutlierError, with_outliers};
pub use prune::{PruneError, prune};
pub use quantize::{
    CalibrationError, Checkpoint, Coder, Grid, GroupError, Groups, Observations, Precision, PrecisionError,
    Quantized, Razored, RotationError, ScaledTokens, Scheme, Start, Turned, common_group,
};
pub use task::{LoadError, Task, load, network};
pub use tokens::KeptTokens;
pub use value::{Elements, Kind, Value};

/// For each sample whether its largest output is the label; the first of equal outputs counts.
pub fn top1(outputs: &crate::tensor::Tensor<f32>, labels: &[usize]) -> Vec<bool> {
    let classes = outputs.len() / labels.len().max(1);
    let rows = outputs.data().chunks_exact(classes.max(1));
    rows.zip(labels).map(|(row, &label)| largest(row) == Some(label)).collect()
}

/// The place of the largest; the first of equal ones counts.
fn largest(row: &[f32]) -> Option<usize> {
    (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b]))
}

#[cfg(test)]
mod tests;

//! The task: a trained network, its data, its score. Knows tensors and integers, not gates.

pub mod data;
mod direct;
mod engine;
mod float;
mod graph;
mod lower;
mod named;
mod network;
mod onnx;
mod op;
mod operator;
mod quantize;
pub mod score;
mod task;
mod value;

pub use engine::{Codes, Engine, Exact, Layer, Origin, Place, Weights, operands};
pub use graph::Graph;
pub use lower::ModelError;
pub use named::{NoLayer, layer};
pub use network::Network;
pub use quantize::{CalibrationError, Checkpoint, Grid, Quantized, Scheme, Start};
pub use task::{LoadError, Task, load, network};
pub use value::{Elements, Kind, Value};

/// For each sample whether its largest output is the label; the first of equal outputs counts.
pub fn top1(outputs: &crate::tensor::Tensor<f32>, labels: &[u8]) -> Vec<bool> {
    let classes = outputs.len() / labels.len().max(1);
    let right = |(row, &label): (&[f32], &u8)| {
        let best = (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b]));
        best == Some(usize::from(label))
    };
    outputs.data().chunks_exact(classes.max(1)).zip(labels).map(right).collect()
}

#[cfg(test)]
mod tests;

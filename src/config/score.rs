//! How answers are scored: the kind decides on the direction that is better.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How answers are scored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Score {
    /// Share of samples whose largest output is the label; more is better.
    #[default]
    Top1,
    /// e to the power of the mean negative logarithm of the probability of the next token; less is better.
    Perplexity,
    /// Mean squared error of the output against the sample itself, as the network takes it; less is better.
    Mse,
    /// Mean over pictures of the peak signal-to-noise ratio in dB against the pictures wanted; more is better.
    Psnr(Psnr),
    /// Objects found: mean average precision at an overlap of one half where they are labelled, F1 against the detections of
    /// a reference otherwise; more is better.
    Detection(Detection),
}

impl Score {
    /// Its key in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Top1 => "top1",
            Self::Perplexity => "perplexity",
            Self::Mse => "mse",
            Self::Psnr(_) => "psnr",
            Self::Detection(_) => "detection",
        }
    }
}

/// How pictures are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Psnr {
    /// Pixels at each edge that do not count.
    pub border: usize,
    /// The output that stands for white; what lies above it or below 0 is cut off.
    pub white: f64,
}

impl Default for Psnr {
    fn default() -> Self {
        Self { border: 0, white: 1.0 }
    }
}

/// How detections are read from outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detection {
    /// What outputs mean.
    pub decoder: Decoder,
    /// Detections of at most this score do not count.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub floor: f64,
    /// Of two detections of a class that overlap by more than this share (intersection over union), the surer one counts.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub overlap: f64,
}

/// What the outputs of a detector mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Decoder {
    /// One output [1 + 4 + classes, side, side]: objectness, box and class probabilities of each cell, as FastestDet has it.
    Cells,
    /// Probabilities [n, classes], the background first, and decoded corners [n, 4].
    Corners {
        /// The output with the probabilities.
        scores: String,
        /// The output with the corners.
        boxes: String,
    },
}

//! Whether channels are rotated before they become codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// By which matrix the channels that a layer sums over are multiplied before they become codes, its stored weights alike.
///
/// The matrix is orthogonal, so products of reals stay what they are, and an outlier is shared out among the channels of its
/// block. Weights are rotated beforehand, activations at run time.
///
/// # Source
/// S. Ashkboos et al., QuaRot: Outlier-Free 4-Bit Inference in Rotated LLMs, NeurIPS 2024, arXiv 2404.00456.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// By none.
    #[default]
    None,
    /// Hadamard's, normalised, in blocks of the largest power of two that divides the channels of a group.
    Hadamard,
}

//! Experts of which every sample asks some: who chooses them, and how many.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mixture of experts: layers whose result is multiplied by a gate that is zero for most samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experts {
    /// The output of the model with a gate for each expert, zero where a sample does not ask it.
    pub gates: String,
    /// How many experts a sample asks, instead of the number that the model's TopK has.
    #[schemars(range(min = 1))]
    pub top: Option<usize>,
    /// How many samples that follow each other go through a layer together, for which its weights are fetched from main memory
    /// once: those of an expert if one of them asks it.
    #[serde(default = "alone", skip_serializing_if = "is_alone")]
    #[schemars(range(min = 1))]
    pub batch: usize,
}

fn alone() -> usize {
    1
}

fn is_alone(batch: &usize) -> bool {
    *batch == 1
}

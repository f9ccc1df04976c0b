//! What number formats with groups come to.

use serde::{Deserialize, Serialize};

/// How the numbers that a layer reads are written in groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerFormat {
    /// Id of the unit that multiplies them; absent where compute is ideal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Products that are shifted at once.
    pub group: usize,
    /// Weights.
    pub weights: Written,
    /// Activations; of two computed operands the first.
    pub activations: Written,
}

/// What a tensor's numbers are written as.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// Bits that a number takes in memory, its share of flags included; scales come on top.
    pub effective_bits: f64,
    /// Of numbers other than 0 the share that became 0; absent where codes are plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zeroed_share: Option<f64>,
    /// The largest code of a group over the largest there is, on average; absent where codes are plain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range_use: Option<f64>,
}

/// What number formats come to in a whole network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormatsOutcome {
    /// All stored weights.
    pub weights: Written,
    /// All activations that layers read.
    pub activations: Written,
    /// Ids of the units that razor at run time.
    pub razorers: Vec<String>,
    /// What they take a sample, in joules.
    pub razoring_energy_j: f64,
    /// Their area in mm².
    pub razoring_area_mm2: f64,
}

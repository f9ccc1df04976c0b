//! What scales of tokens come to.

use serde::{Deserialize, Serialize};

/// What finding and applying a scale for each token at run time comes to in a whole network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TokenScalesOutcome {
    /// Tokens of a sample that comes to all layers.
    pub tokens: u64,
    /// Their numbers.
    pub numbers: u64,
    /// What they take a sample, in joules.
    pub energy_j: f64,
    /// Area of the circuits in mm².
    pub area_mm2: f64,
}

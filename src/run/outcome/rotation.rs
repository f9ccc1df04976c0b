//! What rotated channels come to.

use serde::{Deserialize, Serialize};

/// What rotating channels at run time comes to in a whole network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RotationOutcome {
    /// Channels that are rotated together, where most are.
    pub block: usize,
    /// Additions and subtractions of a sample that comes to all layers.
    pub additions: u64,
    /// What they take a sample, in joules.
    pub energy_j: f64,
    /// Area of the circuits in mm².
    pub area_mm2: f64,
}

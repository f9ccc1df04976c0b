//! What a platform is asked for beyond what it can do.

use serde::{Deserialize, Serialize};

/// What a platform is asked for beyond what it can do; the figures of the outcome hold as if it could.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Strain {
    /// The memory that would have to hold more than fits; absent where all fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overfull: Option<Overfull>,
    /// Seconds that the sensor takes to send a frame, where that is longer than the frame period; absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor_s: Option<f64>,
    /// Seconds that the array computes for a sample, where that is longer than the frame period; absent where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_s: Option<f64>,
    /// Seconds that the link sends for a sample, in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_s: Option<f64>,
    /// Layers with activations or weights for which the model's file has codes beyond −128 to 127, zero points taken off, so that
    /// they get others: those that a signed multiplier takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recoded: Vec<String>,
}

/// A memory that is too small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overfull {
    /// Its name.
    pub memory: String,
    /// Its capacity in bytes.
    pub size_bytes: f64,
    /// What it would have to hold at once: what the largest layer reads and writes, and all weights where there is no main memory.
    pub needed_bytes: f64,
}

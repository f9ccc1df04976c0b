//! What hardware makes of spikes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an array does with layers whose activations are spikes: zero or one other value, in a network that is one step in
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spikes {
    /// They are activations as any others: every one is multiplied in every step.
    #[default]
    Multiply,
    /// Each is an event: neurons that it reaches fetch a weight and add it, and nothing happens where there is none. As many
    /// neurons as the array has units take the place of those; their membranes are read and put away in every step.
    Accumulate,
}

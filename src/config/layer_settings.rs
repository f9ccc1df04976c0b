//! What one layer does otherwise than the whole network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NumberFormats, Prune, Rotation};

/// Settings of one layer; what is absent is as in the whole network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LayerSettings {
    /// Bits of its weight codes, 2 to 8.
    #[schemars(range(min = 2, max = 8))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_bits: Option<u32>,
    /// Bits of the activation codes that it reads, 2 to 8; another layer that reads the same tensor reads the same codes.
    #[schemars(range(min = 2, max = 8))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_bits: Option<u32>,
    /// How the numbers that it reads are written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<NumberFormats>,
    /// By which matrix the channels that it sums over are multiplied before they become codes; another layer that reads the same
    /// tensor reads the same codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Whether weights are signs times the mean magnitude of their filter, and activations signs times that of their window.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
    /// Which of its weights are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune: Option<Prune>,
}

impl LayerSettings {
    /// The names of the settings, each a knob of its own.
    pub(super) const NAMES: [&'static str; 6] =
        ["weight_bits", "activation_bits", "format", "rotation", "binary", "prune"];

    /// How the numbers that the layer reads are written, `all` where it says nothing; a binary one reads signs of plain codes.
    pub(crate) fn formats(&self, all: NumberFormats) -> NumberFormats {
        if self.binary { NumberFormats::default() } else { self.format.unwrap_or(all) }
    }

    /// How the channels that the layer reads are rotated, as `all` where it says nothing; signs are not.
    pub(crate) fn rotation(&self, all: Rotation) -> Rotation {
        if self.binary { Rotation::None } else { self.rotation.unwrap_or(all) }
    }
}

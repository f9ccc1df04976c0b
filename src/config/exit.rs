//! Leaving a network early: where, and how sure an answer must be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Samples leave at the first of some outputs that is sure enough, and at the last in any case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exit {
    /// Outputs with the logits of each exit, in the order of the network; the last is its end.
    #[schemars(length(min = 2))]
    pub outputs: Vec<String>,
    /// What tells how sure an exit is.
    #[serde(default)]
    pub confidence: Confidence,
    /// How sure it must be.
    #[serde(default)]
    pub threshold: Threshold,
}

/// What tells how sure an exit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The largest probability must be above the threshold.
    #[default]
    MaxSoftmax,
    /// The entropy of the probabilities in nat must be below the threshold.
    Entropy,
}

/// How sure an exit must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "write a number from 0, `never`, or `{tune: {loss: 0.01}}`"
)]
pub enum Threshold {
    /// A probability, or an entropy in nat.
    At(#[schemars(range(min = 0.0))] f64),
    /// No sample leaves before the end, and other exits are not computed.
    Never(Never),
    /// Found on the calibration samples by the network that is run.
    Tuned {
        /// By what.
        tune: Tune,
    },
}

/// How a threshold is found: the one with which most samples leave early while the score keeps this close to that of the
/// whole network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tune {
    /// Largest tolerated loss of score on the calibration samples, 0 to 1: 0.01 is a point.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub loss: f64,
}

impl Default for Threshold {
    fn default() -> Self {
        Self::Never(Never::Never)
    }
}

/// The word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Never {
    /// Not at all.
    Never,
}

impl Exit {
    /// Whether samples may leave early.
    pub fn is_open(&self) -> bool {
        !matches!(self.threshold, Threshold::Never(_))
    }

    /// The same with another threshold; none stands for `never`.
    #[must_use]
    pub fn at(&self, threshold: Option<f64>) -> Self {
        Self { threshold: threshold.map_or_else(Threshold::default, Threshold::At), ..self.clone() }
    }
}

//! Which way samples went through a network.

use serde::{Deserialize, Serialize};

/// An exit of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExitOutcome {
    /// The output with its logits.
    pub output: String,
    /// The share of samples that leaves there.
    pub share: f64,
}

/// Which experts samples ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpertsOutcome {
    /// For each expert the share of samples that ask it.
    pub asked: Vec<f64>,
    /// How many experts are fetched for some samples that follow each other.
    pub fetched: Vec<Fetched>,
}

/// Experts whose weights some samples fetch together, each expert once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fetched {
    /// Samples that follow each other.
    pub batch: usize,
    /// Experts that one of them asks at least, the mean over all such batches.
    pub experts: f64,
    /// What it would be if all experts were asked alike: E · (1 − (1 − k/E)^B).
    pub uniform: f64,
}

/// Tokens that are left out behind a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensOutcome {
    /// The node.
    pub after: String,
    /// Tokens that come to it.
    pub tokens: usize,
    /// Tokens that go on.
    pub kept: usize,
}

/// How sure an exit must be, as found on the calibration samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TunedExit {
    /// The threshold; none where no sample may leave early.
    pub threshold: Option<f64>,
    /// Largest tolerated loss of score on these samples.
    pub loss: f64,
    /// How many samples it was found on.
    pub samples: usize,
    /// Score on them where they leave so.
    pub score: f64,
    /// Score on them of the last exit.
    pub whole_score: f64,
    /// Where they leave.
    pub exits: Vec<ExitOutcome>,
}

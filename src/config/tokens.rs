//! Leaving out tokens of a transformer: where, how many, and which.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tokens of which a network reads only some from some nodes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Nodes behind which tokens are left out, each by the name of the node that adds a block's input to its result.
    #[schemars(length(min = 1))]
    pub after: Vec<String>,
    /// The share of tokens that goes on behind each of these nodes, above 0 to 1: a whole number of them, the nearest.
    #[serde(default = "all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub keep: f64,
    /// Which go on.
    #[serde(default)]
    pub by: Ranking,
    /// How many tokens, from the first one, go on in any case: 1 where the network reads its answer off a class token.
    #[serde(default = "first")]
    pub always: usize,
}

/// Which tokens go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ranking {
    /// Those that all tokens of all heads attend to most, in the last attention before.
    #[default]
    Attention,
    /// Those that the first token attends to most there, the mean over heads.
    ClassAttention,
    /// Tokens drawn for every sample: what any ranking must beat.
    Random,
}

fn all() -> f64 {
    1.0
}

fn first() -> usize {
    1
}

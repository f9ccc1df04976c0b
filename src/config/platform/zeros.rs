//! What hardware makes of zeros.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an array does about operands that are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Zeros {
    /// They pass the units as any other operand.
    #[default]
    Compute,
    /// A unit whose weight or activation is zero keeps its operands, so that nothing switches behind them; its product is
    /// zero whatever the multiplier makes of it. Every operation takes its cycle.
    Gate,
    /// Weights that are zero take no cycle, as far as no column of the array needs it; activations that are zero do.
    Skip,
}

/// How weights are kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WeightFormat {
    /// All of them.
    #[default]
    Dense,
    /// Those that are not zero, and a bit for every weight.
    Bitmap,
    /// Those that are not zero, for each its place in its filter, and where each filter begins.
    Csr,
    /// At most so many of every few weights of a filter, for each its place among them; layers that have more are dense.
    NOfM {
        /// How many are kept, from 1.
        #[schemars(range(min = 1))]
        keep: usize,
        /// Of how many, at most 64.
        #[schemars(range(min = 1, max = 64))]
        of: usize,
    },
}

//! A configuration as it is written, before presets and workload files are put in.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Explore, schema, tree};

/// A share, written `1 %` or `0.01`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Share {
    Fraction(#[schemars(range(min = 0.0, max = 1.0))] f64),
    Text(#[schemars(regex(pattern = r"^\s*[+]?0*(100(\.0*)?|\d{1,2}(\.\d*)?|\.\d+)\s*%\s*$"))] String),
}

impl Share {
    pub(super) fn fraction(&self) -> Option<f64> {
        let value = match self {
            Self::Fraction(value) => *value,
            Self::Text(text) => text.trim().strip_suffix('%')?.trim().parse::<f64>().ok()? / 100.0,
        };
        (0.0..=1.0).contains(&value).then_some(value)
    }
}

/// The file as written, workload and platform still untyped.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Configuration")]
pub(super) struct File {
    /// The task, or the path of a file that describes it.
    #[schemars(schema_with = "schema::workload")]
    pub workload: Value,
    /// The hardware, or the name of a preset.
    #[schemars(schema_with = "schema::platform")]
    pub platform: Value,
    /// Knob path → value to try.
    #[serde(default)]
    #[schemars(schema_with = "schema::approximate")]
    pub approximate: IndexMap<String, Value>,
    /// Search over knobs.
    #[serde(default)]
    pub explore: Option<Explore>,
    /// Largest tolerated drop of the score: 0.01 is one point of a share, and one hundredth of any other score.
    #[serde(default, deserialize_with = "tree::written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Share")]
    pub floor: Option<Share>,
    /// Seed of every random stream.
    #[serde(default = "one")]
    pub seed: u64,
    /// How many fault maps a faulty memory is tried with, 8 to 1000.
    #[serde(default = "eight")]
    #[schemars(range(min = 8, max = 1000))]
    pub fault_maps: u32,
}

fn one() -> u64 {
    1
}
fn eight() -> u32 {
    8
}

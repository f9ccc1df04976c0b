//! Configuration of the multipliers.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The multiplier of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Multiplier {
    /// `exact` or a design id.
    Id(#[schemars(regex(pattern = r"^(exact|mul\d+[us]_\w+)$"))] String),
    /// A product table from a file.
    Table {
        /// Products as text, little-endian words or NPY; row = code of the activation, column = code of the weight.
        table: PathBuf,
        /// Whether codes are two's complement; where absent, a table with a negative product is signed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed: Option<bool>,
        /// Femtojoules of a multiplication as text or NPY; row = code of the activation, column = code of the weight. The
        /// exact multiplier's where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        energy_table: Option<PathBuf>,
    },
    /// A design whose multiplications cost what a file says.
    Design {
        /// `exact` or a design id.
        #[schemars(regex(pattern = r"^(exact|mul\d+[us]_\w+)$"))]
        design: String,
        /// Femtojoules of a multiplication as text or NPY; row = code of the activation, column = code of the weight.
        energy_table: PathBuf,
    },
}

impl Multiplier {
    /// The file of energies by operand pair, where multiplications are priced by one.
    pub fn energy_table(&self) -> Option<&Path> {
        match self {
            Self::Id(_) => None,
            Self::Table { energy_table, .. } => energy_table.as_deref(),
            Self::Design { energy_table, .. } => Some(energy_table),
        }
    }
}

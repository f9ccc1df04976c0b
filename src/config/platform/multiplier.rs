//! Configuration of the multipliers.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The multiplier of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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

// What is wrong with one of several forms is told of that form, which a derived reader of all of them cannot.
impl<'de> Deserialize<'de> for Multiplier {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Given)
    }
}

struct Given;

/// All fields that a multiplier may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    table: Option<PathBuf>,
    signed: Option<bool>,
    energy_table: Option<PathBuf>,
    design: Option<String>,
}

impl<'de> Visitor<'de> for Given {
    type Value = Multiplier;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(
            "`exact`, the id of a design such as `mul8s_bw`, `{table: FILE}` or `{design: ID, energy_table: FILE}`",
        )
    }

    fn visit_str<E: de::Error>(self, id: &str) -> Result<Multiplier, E> {
        Ok(Multiplier::Id(id.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Multiplier, A::Error> {
        let Fields { table, signed, energy_table, design } =
            Fields::deserialize(MapAccessDeserializer::new(map))?;
        match (table, design, energy_table) {
            (Some(_), Some(_), _) => {
                Err(Error::custom("a multiplier is a `table` or a `design`; leave out one of them"))
            }
            (Some(table), None, energy_table) => Ok(Multiplier::Table { table, signed, energy_table }),
            (None, Some(_), _) if signed.is_some() => Err(Error::custom(
                "`signed` belongs to a `table`; the id of a design tells its sign, leave it out",
            )),
            (None, Some(design), Some(energy_table)) => Ok(Multiplier::Design { design, energy_table }),
            (None, Some(design), None) => Err(Error::custom(format_args!(
                "a `design` in a mapping has an `energy_table`; without one write `{design}` alone"
            ))),
            (None, None, _) => Err(Error::custom("`table` or `design` is missing: write `{table: FILE}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Multiplier, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_is_read_and_written_back_alike() {
        for text in [
            "mul8s_bw",
            "{table: w.npy}",
            "{table: w.npy, signed: false}",
            "{table: w.npy, signed: true, energy_table: e.csv}",
            "{design: exact, energy_table: e.csv}",
        ] {
            let multiplier = read(text).unwrap();
            let written: serde_yaml::Value = serde_yaml::to_value(&multiplier).unwrap();
            assert_eq!(written, serde_yaml::from_str::<serde_yaml::Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_form_is_told() {
        for (text, says) in [
            ("3", "invalid type: integer `3`, expected `exact`, the id of a design"),
            ("", "expected `exact`, the id of a design"),
            (
                "{tabel: x}",
                "unknown field `tabel`, expected one of `table`, `signed`, `energy_table`, `design`",
            ),
            ("{table: x, signed: 3}", "expected a boolean"),
            ("{design: mul8u_exact}", "without one write `mul8u_exact` alone"),
            ("{energy_table: f}", "`table` or `design` is missing"),
            ("{table: x, design: y}", "leave out one of them"),
            ("{design: x, energy_table: y, signed: true}", "`signed` belongs to a `table`"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(says), "{text}: {told}");
        }
    }
}

//! A physical figure with its unit, source, trust tag and band: the only way a constant enters a bill.

use serde::{Deserialize, Serialize};

/// How far a figure can be trusted (the tags of the cited surveys).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Read in the primary text, data file, source code or datasheet.
    Verified,
    /// Read only in an abstract, landing page or secondary write-up.
    Abstract,
    /// Derived by arithmetic from verified or abstract inputs.
    Derived,
    /// Measured or simulated by running a tool.
    Measured,
    /// From memory, not checked against a source.
    Unverified,
    /// Chosen by whoever wrote the platform: a setting, not a fact.
    Chosen,
}

impl Trust {
    /// The tag in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Abstract => "abstract only",
            Self::Derived => "derived",
            Self::Measured => "measured",
            Self::Unverified => "unverified",
            Self::Chosen => "chosen",
        }
    }
}

/// A physical figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constant {
    /// Dotted name, for example `sensor.adc_step`.
    pub name: String,
    /// The value in `unit`.
    pub value: f64,
    /// The unit in words or symbols, for example `J per pixel`.
    pub unit: String,
    /// Lower end of the band in `unit`, where known.
    pub low: Option<f64>,
    /// Upper end of the band in `unit`, where known.
    pub high: Option<f64>,
    /// Where the figure stands: paper, datasheet, table.
    pub source: String,
    /// How far it can be trusted.
    pub trust: Trust,
}

impl Constant {
    /// A figure without a known band.
    pub fn new(name: &str, value: f64, unit: &str, trust: Trust, source: &str) -> Self {
        let (name, unit, source) = (name.into(), unit.into(), source.into());
        Self { name, value, unit, low: None, high: None, source, trust }
    }

    /// The same figure with a band.
    pub fn within(mut self, low: f64, high: f64) -> Self {
        (self.low, self.high) = (Some(low), Some(high));
        self
    }
}

/// An end of [`SUPPLIES`], or both in words: literals, for texts that are put together before the program runs.
macro_rules! supply {
    (low) => {
        0.6
    };
    (high) => {
        1.25
    };
    (range) => {
        concat!($crate::constant::supply!(low), " V to ", $crate::constant::supply!(high), " V")
    };
}
pub(crate) use supply;

/// Supplies in volts, lowest and highest, for which the law of the shipped 45 nm cells was fitted.
pub const SUPPLIES: [f64; 2] = [supply!(low), supply!(high)];

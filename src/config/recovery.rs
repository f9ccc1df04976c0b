//! What is done, without training, about the errors of an approximate multiplier.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One way to make a layer's outputs come nearer to the exact ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Activations and weights enter the multiplier by each other's ports, which helps where its products are not
    /// symmetric: the layer is computed as its transpose.
    Swap,
    /// Each weight code is replaced by the one whose products come nearest to those of the weight, as ALWANN does
    /// (Mrazek et al., ICCAD 2019).
    Remap,
    /// A constant per output channel takes the mean error away (Nagel et al., Data-Free Quantization, ICCV 2019).
    Bias,
    /// A factor and a constant per output channel, by least squares.
    Affine,
}

impl Measure {
    /// All measures, in the order in which they act on a layer.
    pub const ALL: [Self; 4] = [Self::Swap, Self::Remap, Self::Bias, Self::Affine];

    /// The name in configurations and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Remap => "remap",
            Self::Bias => "bias",
            Self::Affine => "affine",
        }
    }

    fn of(name: &Value) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| name.as_str() == Some(measure.name()))
    }
}

/// The measures that each layer may choose among: `none`, `auto` for all, or a list.
///
/// ```
/// use axsim::config::{Measure, Recovery};
/// let recovery: Recovery = serde_json::from_str(r#"["bias", "remap"]"#).unwrap();
/// assert_eq!(recovery.measures(), [Measure::Remap, Measure::Bias]);
/// assert_eq!(serde_json::to_string(&Recovery::default()).unwrap(), "\"none\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Recovery(Vec<Measure>);

/// A value that names no recovery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRecovery {
    /// Neither a word for it nor a list of measures.
    #[error(
        "{0} is no recovery: write `none`, `auto`, or a list of `swap`, `remap`, `bias` and `affine` such as [remap, bias]"
    )]
    Unknown(String),
    /// A list with a measure twice.
    #[error("{written} names a measure twice: write [{once}]")]
    Twice {
        /// The list.
        written: String,
        /// The same with each once.
        once: String,
    },
}

impl Recovery {
    /// The measures, each once, in the order in which they act.
    pub fn measures(&self) -> &[Measure] {
        &self.0
    }
}

impl TryFrom<Value> for Recovery {
    type Error = NoRecovery;

    fn try_from(value: Value) -> Result<Self, NoRecovery> {
        let measures = match &value {
            Value::String(name) if name == "none" => Some(vec![]),
            Value::String(name) if name == "auto" => Some(Measure::ALL.to_vec()),
            Value::Array(names) if !names.is_empty() => names.iter().map(Measure::of).collect(),
            _ => None,
        };
        let written: Vec<Measure> = measures.ok_or_else(|| NoRecovery::Unknown(value.to_string()))?;
        let mut measures = written.clone();
        measures.sort();
        measures.dedup();
        if measures.len() < written.len() {
            let names: Vec<&str> = measures.iter().map(|measure| measure.name()).collect();
            return Err(NoRecovery::Twice { written: value.to_string(), once: names.join(", ") });
        }
        Ok(Self(measures))
    }
}

impl From<Recovery> for Value {
    fn from(Recovery(measures): Recovery) -> Self {
        match measures.as_slice() {
            [] => "none".into(),
            all if all == Measure::ALL => "auto".into(),
            some => some.iter().map(|measure| measure.name()).collect(),
        }
    }
}

impl JsonSchema for Recovery {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Recovery".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let measure = generator.subschema_for::<Measure>();
        schemars::json_schema!({"anyOf": [
            {"const": "none", "description": "nothing is done"},
            {"const": "auto", "description": "each layer chooses among all measures"},
            {"type": "array", "minItems": 1, "uniqueItems": true, "items": measure, "description": "each layer chooses among these"},
        ]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_recovery_is_read_back_as_it_was_written() {
        for written in [json!("none"), json!("auto"), json!(["remap", "bias"]), json!(["affine"])] {
            let recovery = Recovery::try_from(written.clone()).unwrap();
            assert_eq!(Value::from(recovery), written);
        }
        let sorted = Recovery::try_from(json!(["bias", "remap"])).unwrap();
        assert_eq!(sorted.measures(), [Measure::Remap, Measure::Bias]);
    }

    #[test]
    fn a_measure_that_is_named_twice_is_refused_with_the_list_that_has_it_once() {
        for (wrong, once) in
            [(json!(["bias", "bias"]), "[bias]"), (json!(["bias", "remap", "bias"]), "[remap, bias]")]
        {
            let error = Recovery::try_from(wrong.clone()).unwrap_err().to_string();
            assert_eq!(error, format!("{wrong} names a measure twice: write {once}"));
        }
    }

    #[test]
    fn what_is_no_recovery_is_refused_with_what_to_write() {
        for wrong in [json!("remap"), json!(["none"]), json!([]), json!(4), json!(["bias", 1])] {
            let error = Recovery::try_from(wrong.clone()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{wrong} is no recovery: write `none`")), "{error}");
        }
    }
}

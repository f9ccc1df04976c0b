//! A bound on a relative error.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How large a relative error may be: more than 0, written `5 %` or `0.05`.
///
/// ```
/// use axsim::config::Bound;
/// let bound: Bound = serde_json::from_str(r#""5 %""#).unwrap();
/// assert_eq!(bound.fraction(), 0.05);
/// let error = serde_json::from_str::<Bound>("0").unwrap_err().to_string();
/// assert!(error.starts_with("0 is no bound of a relative error; write a share above 0, `5 %` or 0.05"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "f64")]
pub struct Bound(f64);

impl Bound {
    /// As a fraction.
    pub fn fraction(self) -> f64 {
        self.0
    }
}

impl From<Bound> for f64 {
    fn from(bound: Bound) -> Self {
        bound.0
    }
}

impl TryFrom<Value> for Bound {
    type Error = String;

    fn try_from(written: Value) -> Result<Self, String> {
        let fraction = match &written {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => percent(text),
            _ => None,
        };
        let bound = fraction.filter(|bound| bound.is_finite() && *bound > 0.0).map(Self);
        bound.ok_or_else(|| {
            format!("{written} is no bound of a relative error; write a share above 0, `5 %` or 0.05")
        })
    }
}

fn percent(text: &str) -> Option<f64> {
    Some(text.trim().strip_suffix('%')?.trim().parse::<f64>().ok()? / 100.0)
}

impl JsonSchema for Bound {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bound".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How large a relative error may be: more than 0, written `5 %` or `0.05`",
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0.0},
                {"type": "string", "pattern": r"^\s*[+]?0*(\d*[1-9]\d*(\.\d*)?|\.\d*[1-9]\d*)\s*%\s*$"},
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shares_above_zero_are_bounds_and_nothing_else_is() {
        let read = |written: Value| Bound::try_from(written).map(Bound::fraction);
        assert_eq!(
            [json!("12.5 %"), json!(0.5), json!(3), json!(" 200% ")].map(read),
            [Ok(0.125), Ok(0.5), Ok(3.0), Ok(2.0)]
        );
        for wrong in [
            json!(0),
            json!(-0.1),
            json!("-5 %"),
            json!("NaN %"),
            json!("inf %"),
            json!("much"),
            json!(null),
            json!([1]),
        ] {
            let error = read(wrong.clone()).unwrap_err();
            assert!(error.starts_with(&format!("{wrong} is no bound of a relative error")), "{error}");
        }
    }
}

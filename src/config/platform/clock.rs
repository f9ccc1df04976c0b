//! Configuration of the array's clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Hertz;

/// The array's clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Clock {
    /// As fast as the unit's critical path allows.
    Fit,
    /// A fixed frequency; a slower unit is an error, or errs (see [`Timing`](super::array::Timing)).
    Fixed(Hertz),
}

impl JsonSchema for Clock {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Clock".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let fit = schemars::json_schema!({"const": "fit", "description": "as fast as the unit allows"});
        schemars::json_schema!({"anyOf": [fit, generator.subschema_for::<Hertz>()]})
    }
}

impl TryFrom<String> for Clock {
    type Error = crate::units::UnitError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "fit" { Ok(Self::Fit) } else { text.parse().map(Self::Fixed) }
    }
}

impl From<Clock> for String {
    fn from(clock: Clock) -> Self {
        match clock {
            Clock::Fit => "fit".into(),
            Clock::Fixed(hertz) => format!("{} Hz", hertz.0),
        }
    }
}

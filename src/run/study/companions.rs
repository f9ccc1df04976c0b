//! Knobs that go together: a narrow multiplier takes narrow codes alone.

use super::{Knobs, LAYERS, MULTIPLIER};
use crate::run::error::RunError;

/// Sets of knobs in which no multiplier meets codes that are wider than its operands.
pub(super) struct Companions<'a> {
    /// All knobs of a run.
    pub knobs: &'a Knobs,
    /// Whether every multiplier takes the codes of such a set.
    pub fits: &'a dyn Fn(&Knobs) -> Result<bool, RunError>,
}

impl Companions<'_> {
    /// A knob, with those of the widths of codes beside it where it is nothing without them.
    pub fn alone(&self, knob: &str) -> Result<Knobs, RunError> {
        let alone = self.only(|other| other == knob);
        if self.fit(&alone)? { Ok(alone) } else { Ok(self.only(|other| other == knob || is_width(other))) }
    }

    /// All knobs but one, and without multipliers where these are nothing without it.
    pub fn without(&self, knob: &str) -> Result<Knobs, RunError> {
        let others = self.only(|other| other != knob);
        if self.fit(&others)? {
            Ok(others)
        } else {
            Ok(self.only(|other| other != knob && !multiplies(other)))
        }
    }

    fn only(&self, keep: impl Fn(&str) -> bool) -> Knobs {
        self.knobs
            .iter()
            .filter(|(knob, _)| keep(knob))
            .map(|(knob, value)| (knob.clone(), value.clone()))
            .collect()
    }

    fn fit(&self, knobs: &Knobs) -> Result<bool, RunError> {
        // Without either kind there is nothing to go along or to be left out.
        let either =
            self.knobs.keys().any(|knob| is_width(knob)) && self.knobs.keys().any(|knob| multiplies(knob));
        if either { (self.fits)(knobs) } else { Ok(true) }
    }
}

/// Whether a knob decides how wide codes are.
pub(crate) fn is_width(knob: &str) -> bool {
    ["weight_bits", "activation_bits", "format"].contains(&knob.rsplit('.').next().unwrap_or_default())
}

fn multiplies(knob: &str) -> bool {
    knob == MULTIPLIER || knob.starts_with(LAYERS)
}

/// What goes along with a knob alone, and what is left out with it.
pub(super) fn told(knob: &str, knobs: &Knobs, [alone, without]: &[Knobs; 2]) -> Option<String> {
    let listed =
        |names: Vec<&String>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let along = listed(alone.keys().filter(|other| *other != knob).collect());
    let left_out =
        listed(knobs.keys().filter(|other| *other != knob && !without.contains_key(*other)).collect());
    match (&*along, &*left_out) {
        ("", "") => None,
        ("", _) => Some(format!("Without `{knob}` codes are too wide for {left_out}, left out with it.")),
        _ => Some(format!("`{knob}` takes no wider codes: alone it has {along} with it.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn widths_go_along_with_a_multiplier_and_it_goes_with_them() {
        let knobs = Knobs::from([
            ("sensor.adc_bits".to_string(), json!(6)),
            ("quantize.weight_bits".to_string(), json!(7)),
            (MULTIPLIER.to_string(), json!("mul7s_bw")),
        ]);
        // As such a multiplier does.
        let fits =
            |set: &Knobs| Ok(!set.contains_key(MULTIPLIER) || set.contains_key("quantize.weight_bits"));
        let companions = Companions { knobs: &knobs, fits: &fits };
        let names = |set: Knobs| set.into_keys().collect::<Vec<_>>();
        let alone = companions.alone(MULTIPLIER).unwrap();
        assert_eq!(names(alone.clone()), ["quantize.weight_bits", MULTIPLIER]);
        assert_eq!(names(companions.alone("quantize.weight_bits").unwrap()), ["quantize.weight_bits"]);
        assert_eq!(names(companions.without("quantize.weight_bits").unwrap()), ["sensor.adc_bits"]);
        assert_eq!(
            names(companions.without(MULTIPLIER).unwrap()),
            ["sensor.adc_bits", "quantize.weight_bits"]
        );
        assert!(
            told(MULTIPLIER, &knobs, &[alone.clone(), knobs.clone()])
                .unwrap()
                .contains("alone it has `quantize.weight_bits` with it")
        );
    }
}

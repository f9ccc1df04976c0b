//! Knobs that go together: a narrow multiplier takes narrow codes alone.

use super::{Knobs, Paths};
use crate::run::error::RunError;

/// Sets of knobs in which no multiplier meets codes that are wider than its operands.
pub(super) struct Companions<'a> {
    /// All knobs of a run.
    pub knobs: &'a Knobs,
    /// What they are.
    pub paths: &'a Paths,
    /// Whether every multiplier takes the codes of such a set.
    pub fits: &'a dyn Fn(&Knobs) -> Result<bool, RunError>,
}

impl Companions<'_> {
    /// A knob, with those of the widths of codes beside it where it is nothing without them.
    pub fn alone(&self, knob: &str) -> Result<Knobs, RunError> {
        let alone = self.only(|other| other == knob);
        if self.fit(&alone)? {
            Ok(alone)
        } else {
            Ok(self.only(|other| other == knob || self.paths.is_width(other)))
        }
    }

    /// All knobs but one, and without multipliers where these are nothing without it.
    pub fn without(&self, knob: &str) -> Result<Knobs, RunError> {
        let others = self.only(|other| other != knob);
        if self.fit(&others)? {
            Ok(others)
        } else {
            Ok(self.only(|other| other != knob && !self.paths.multiplies(other)))
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
        let some = |of: &dyn Fn(&str) -> bool| self.knobs.keys().any(|knob| of(knob));
        let either = some(&|knob| self.paths.is_width(knob)) && some(&|knob| self.paths.multiplies(knob));
        if either { (self.fits)(knobs) } else { Ok(true) }
    }
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
    use crate::run::study::MULTIPLIER;
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
        let named = |knob: &String| (knob.clone(), knob.split('.').map(String::from).collect());
        let paths = Paths(knobs.keys().map(named).collect());
        let companions = Companions { knobs: &knobs, paths: &paths, fits: &fits };
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

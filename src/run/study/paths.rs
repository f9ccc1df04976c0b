//! What a knob is by its path, in whichever way that is written.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{FORMAT, LAYERS, MULTIPLIER, Settings};
use crate::run::error::RunError;
use crate::run::outcome::KnobOutcome;

/// The canonical path of every knob, name by name.
pub(super) struct Paths(pub IndexMap<String, Vec<String>>);

impl Paths {
    /// Those of the knobs that a run tries.
    pub fn of(settings: &Settings<'_>) -> Result<Self, RunError> {
        let named = |knob: &String| Ok((knob.clone(), (settings.canonical)(knob)?));
        settings.approximate.keys().map(named).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a knob decides how wide codes are.
    pub fn is_width(&self, knob: &str) -> bool {
        is_width(&self.0[knob])
    }

    /// Whether a knob is the multiplier of a layer, or those of some.
    pub fn is_of_layers(&self, knob: &str) -> bool {
        let path = &self.0[knob];
        let names = LAYERS.split('.');
        path.len() >= names.clone().count() && path.iter().zip(names).all(|(own, name)| own == name)
    }

    /// Whether a knob is a multiplier, of the array or of layers, or the whole of which that is a part.
    pub fn multiplies(&self, knob: &str) -> bool {
        let path = &self.0[knob];
        let names = MULTIPLIER.split('.');
        self.is_of_layers(knob) || path.iter().zip(names).all(|(own, name)| own == name)
    }

    /// Whether plain bits of equal accuracy are the rival of a knob: of a multiplier, or of a format or what it says of one operand.
    ///
    /// Not that of a whole that sets other things too.
    pub fn has_rivals(&self, knob: &str) -> bool {
        self.0[knob].iter().eq(MULTIPLIER.split('.')) || self.within_format(knob).is_some()
    }

    /// The value of a knob that [has rivals](Self::has_rivals): a multiplier, or a format of which the knob may be a part.
    pub fn compared(&self, effect: &KnobOutcome) -> Value {
        let names = self.within_format(&effect.knob).unwrap_or_default();
        names.iter().rev().fold(effect.value.clone(), |value, name| json!({name: value}))
    }

    /// The names behind those of the format, of a knob that is one or a part of it.
    fn within_format(&self, knob: &str) -> Option<&[String]> {
        let (format, rest) = self.0[knob].split_at_checked(FORMAT.split('.').count())?;
        format.iter().eq(FORMAT.split('.')).then_some(rest)
    }
}

/// Whether the knob of a canonical path decides how wide codes are, alone or among other things.
pub(crate) fn is_width(path: &[String]) -> bool {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    match names[..] {
        ["quantize" | "layers"] => true,
        ["quantize", name, ..] | ["layers", _, name] => {
            ["weight_bits", "activation_bits", "format"].contains(&name)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::quickstart::quickstart;
    use crate::run::study::Knobs;

    /// By what the reader of configurations makes of them.
    #[test]
    fn a_knob_is_the_same_however_its_path_is_written() {
        let (config, _) = quickstart();
        let ways = |knobs: &[&str]| {
            let named = |knob: &&str| (knob.to_string(), config.canonical(knob).unwrap());
            let paths = Paths(knobs.iter().map(named).collect());
            let kinds = |knob: &&str| {
                [
                    paths.is_width(knob),
                    paths.is_of_layers(knob),
                    paths.multiplies(knob),
                    paths.has_rivals(knob),
                ]
            };
            knobs.iter().map(kinds).collect::<Vec<_>>()
        };
        let of_layers = ways(&[
            "compute.array.layers.a.format",
            "compute.layers.a.format",
            r#"compute.layers."a.format""#,
            "compute.layers",
        ]);
        assert_eq!(of_layers, [[false, true, true, false]; 4]);
        let multiplier = ways(&["compute.array.multiplier", "compute.multiplier", r#"compute."multiplier""#]);
        assert_eq!(multiplier, [[false, false, true, true]; 3]);
        let width = ways(&["quantize.weight_bits", "layers.a.b.format", r##"layers."#1".activation_bits"##]);
        assert_eq!(width, [[true, false, false, false]; 3]);
        let formats = ways(&["quantize.format", "quantize.format.weights", "quantize.format.kv.int.bits"]);
        assert_eq!(formats, [[true, false, false, true]; 3]);
        assert_eq!(ways(&["quantize", "layers"]), [[true, false, false, false]; 2]);
        assert_eq!(ways(&["compute", "compute.array"]), [[false, false, true, false]; 2]);
        let neither = ways(&["quantize.rounding", "sensor.adc_bits", "compute.rows", "sensor"]);
        assert_eq!(neither, [[false; 4]; 4]);
        assert!(config.setup(&Knobs::from([("compute.layers.a".to_string(), json!("exact"))])).is_ok());
    }
}

//! What a knob is by its path, in whichever way that is written.

use indexmap::IndexMap;

use super::{FORMAT, LAYERS, MULTIPLIER, Settings};
use crate::run::error::RunError;

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

    /// Whether a knob is a multiplier, of the array or of layers.
    pub fn multiplies(&self, knob: &str) -> bool {
        self.is(knob, MULTIPLIER) || self.is_of_layers(knob)
    }

    /// Whether plain bits are the rival of a knob.
    pub fn has_rivals(&self, knob: &str) -> bool {
        self.is(knob, MULTIPLIER) || self.is(knob, FORMAT)
    }

    fn is(&self, knob: &str, path: &str) -> bool {
        self.0[knob].iter().eq(path.split('.'))
    }
}

/// Whether the knob of a canonical path decides how wide codes are.
pub(crate) fn is_width(path: &[String]) -> bool {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    match names[..] {
        ["quantize", name, ..] | ["layers", _, name] => {
            ["weight_bits", "activation_bits", "format"].contains(&name)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
        assert_eq!(ways(&["quantize.format", "sensor.adc_bits"]), [[true, false, false, true], [false; 4]]);
        assert!(config.setup(&Knobs::from([("compute.layers.a".to_string(), json!("exact"))])).is_ok());
    }
}

//! Findings in sentences.

mod exploration;
mod figures;
mod formats;
mod layers;
mod plain;
mod semantics;
mod strain;
mod summary;

pub use exploration::{about, count, findings, front, screened, shows_area};
pub use figures::{allowed, change, column, difference, figure, score, units};
pub use layers::{measures, ways};
pub use plain::plain_bits;
pub use semantics::semantics;
pub use summary::{inexact, summary};

use crate::run::outcome::Outcome;
use crate::run::statistics::Verdict;

/// A configuration value as YAML has it in a line, number formats in short.
///
/// ```
/// use axsim::report::words::value;
/// assert_eq!(value(&serde_json::json!(["remap", "bias"])), "[remap, bias]");
/// assert_eq!(value(&serde_json::json!({"table": "products.txt"})), "{table: products.txt}");
/// ```
pub fn value(given: &serde_json::Value) -> String {
    let plain = || match given {
        serde_json::Value::String(word) => word.clone(),
        serde_json::Value::Array(all) => {
            format!("[{}]", all.iter().map(value).collect::<Vec<_>>().join(", "))
        }
        serde_json::Value::Object(all) => {
            let pairs = all.iter().map(|(key, one)| format!("{key}: {}", value(one)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    };
    formats::label(given).unwrap_or_else(plain)
}

/// The value of a knob: as [`value`] says it, but that an empty mapping is a plain format of formats alone.
///
/// ```
/// use axsim::report::words::tried;
/// let none = serde_json::json!({});
/// assert_eq!([tried("quantize.format", &none), tried("compute.array.layers", &none)], ["plain", "{}"]);
/// ```
pub fn tried(knob: &str, given: &serde_json::Value) -> String {
    let empty = given.as_object().is_some_and(serde_json::Map::is_empty);
    if empty && !knob.ends_with("format") { given.to_string() } else { value(given) }
}

/// The area of an outcome.
pub fn area(outcome: &Outcome) -> String {
    format!("{:.3} mm²", outcome.area_mm2)
}

/// A fraction as a percentage with one decimal.
pub fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

/// A ratio; what costs nothing in both cases has none.
pub fn times(ratio: Option<f64>) -> String {
    ratio.map_or("–".into(), |ratio| format!("{ratio:.2}×"))
}

/// A ratio exact / approximate in words: so many times less, or more.
pub fn less(ratio: Option<f64>) -> String {
    match ratio {
        None => "–".into(),
        Some(ratio) if (ratio - 1.0).abs() < 0.005 => "unchanged".into(),
        Some(ratio) if ratio < 1.0 => format!("{:.2}× more", 1.0 / ratio),
        Some(ratio) => format!("{ratio:.2}× less"),
    }
}

/// What part of `from` is saved or spent more, in words.
pub fn saved(from: f64, to: f64) -> String {
    let part = format!("{:.1}", 100.0 * (from - to).abs() / from);
    match part.as_str() {
        _ if from == 0.0 => "–".into(),
        "0.0" => "saves nothing".into(),
        _ => {
            format!("{} {part} %", if to < from { "saves" } else { "spends" })
                + if to < from { "" } else { " more" }
        }
    }
}

/// A figure with one decimal and its sign; nothing has none.
pub fn signed(value: f64) -> String {
    let text = format!("{value:+.1}").replace('-', "−");
    if value.abs() < 0.05 { "0.0".into() } else { text }
}

/// Whether a point meets the floor, in two words at most.
pub fn verdict(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Met) => "met",
        Some(Verdict::NotMet) => "not met",
        Some(Verdict::Undecided { .. }) => "undecided",
        None => "–",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_and_differences_are_said_as_less_more_or_nothing() {
        assert_eq!(less(Some(1.25)), "1.25× less");
        assert_eq!(less(Some(0.8)), "1.25× more");
        assert_eq!([less(Some(1.001)), less(None)], ["unchanged", "–"]);
        assert_eq!(
            [saved(2.0, 1.0), saved(1.0, 1.0), saved(1.0, 1.5)],
            ["saves 50.0 %", "saves nothing", "spends 50.0 % more"]
        );
        assert_eq!([signed(-0.04), signed(-1.2), signed(0.3)], ["0.0", "−1.2", "+0.3"]);
    }
}

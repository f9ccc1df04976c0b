//! Which paths a pattern of names stands for.

use crate::config::preset::KINDS;

/// Whether a path with `*` for names and kinds that may be left out (`cmos`, or marked as `cmos?`) stands for this one.
///
/// ```
/// use axsim::config::knob::{KNOBS, stands_for};
/// let named = |path: &str| KNOBS.iter().find(|knob| stands_for(knob.path, path)).map(|knob| knob.path);
/// assert_eq!(named("sensor.adc_bits"), Some("sensor.cmos.adc_bits"));
/// assert_eq!(named("layers.body.0.conv.weight_bits"), Some("layers.*.weight_bits"));
/// assert_eq!(named("adc_bits"), None);
/// ```
pub fn stands_for(pattern: &str, path: &str) -> bool {
    fn fits(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            ([], []) => true,
            (["*", rest @ ..], [_, more @ ..]) if fits(rest, more) || fits(pattern, more) => true,
            ([kind, rest @ ..], _) if KINDS.contains(&kind.trim_end_matches('?')) && fits(rest, path) => true,
            ([own, rest @ ..], [first, more @ ..]) => own.trim_end_matches('?') == *first && fits(rest, more),
            _ => false,
        }
    }
    fits(&pattern.split('.').collect::<Vec<_>>(), &path.split('.').collect::<Vec<_>>())
}

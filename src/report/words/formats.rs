//! What number formats with groups came to: bits, zeros, range, the circuit that makes them, what the system keeps of it.

use serde_json::Value;

use super::percent;
use crate::config::{IntScale, NumberFormat, NumberFormats, RazorCode};
use crate::run::outcome::{FormatsOutcome, Outcome, Written};
use crate::units::with_prefix;

/// Number formats in short, as `razor W4A4 g16`; nothing where a value is something else.
pub(super) fn label(value: &Value) -> Option<String> {
    let formats: NumberFormats = value.is_object().then(|| serde_json::from_value(value.clone()).ok())??;
    let each = [("W", formats.weights), ("A", formats.activations), ("KV", formats.kv)];
    let each: Vec<(&str, Short)> =
        each.into_iter().filter_map(|(name, format)| Some((name, short(format)?))).collect();
    let Some((_, first)) = each.first() else { return Some("plain".into()) };
    let alike = each.iter().all(|(_, format)| (format.kind, format.group) == (first.kind, first.group));
    let group = |format: &Short| format.group.map_or(String::new(), |group| format!(" g{group}"));
    Some(if alike {
        let bits: String = each.iter().map(|(name, format)| format!("{name}{}", format.bits)).collect();
        format!("{} {bits}{}", first.kind, group(first))
    } else {
        let part = |(name, format): &(&str, Short)| {
            format!("{name} {} {}{}", format.kind, format.bits, group(format))
        };
        each.iter().map(part).collect::<Vec<_>>().join(", ")
    })
}

struct Short {
    kind: &'static str,
    bits: u32,
    group: Option<usize>,
}

fn short(format: NumberFormat) -> Option<Short> {
    let (kind, bits) = match format {
        NumberFormat::Plain => return None,
        NumberFormat::Int { bits, scale: IntScale::Token, .. } => ("int a token", bits),
        NumberFormat::Int { bits, .. } => ("int", bits),
        NumberFormat::Razor { bits, code: RazorCode::TwosComplement, .. } => ("razor two's complement", bits),
        NumberFormat::Razor { bits, .. } => ("razor", bits),
        NumberFormat::Mxint { bits, .. } => ("mxint", bits),
    };
    Some(Short { kind, bits, group: format.group() })
}

/// Findings on an outcome with such formats beside one without.
pub(super) fn formats(before: &Outcome, after: &Outcome) -> Vec<String> {
    let Some(formats) = &after.formats else { return vec![] };
    vec![bits(formats), razoring(formats, after), survives(before, after)]
}

fn bits(formats: &FormatsOutcome) -> String {
    let tensors = [("weights", &formats.weights), ("activations", &formats.activations)];
    let [weight, activation] = tensors.map(|(_, written)| format!("{:.2}", written.effective_bits));
    let told: Vec<String> = tensors.iter().filter_map(|(name, written)| used(name, written)).collect();
    format!(
        "In memory a weight takes {weight} bits, an activation {activation}, shares of flags and steps counted{}.",
        told.concat()
    )
}

fn used(name: &str, written: &Written) -> Option<String> {
    let (zeroed, range) = (percent(written.zeroed_share?), percent(written.range_use?));
    Some(format!(
        "; of {name} that are not zero {zeroed} become zero, and the largest code of a group reaches {range} of the range"
    ))
}

fn razoring(formats: &FormatsOutcome, after: &Outcome) -> String {
    if formats.razorers.is_empty() {
        return "No circuit writes numbers in groups at run time.".into();
    }
    let share = formats.razoring_energy_j / after.datapath_energy_j;
    format!(
        "Writing numbers in groups at run time ({}) takes {} a sample, {} of the datapath, and {:.4} mm², all of it billed.",
        formats.razorers.join(", "),
        with_prefix(formats.razoring_energy_j, "J"),
        percent(if share.is_finite() { share } else { 0.0 }),
        formats.razoring_area_mm2,
    )
}

/// What rotated channels take.
pub(super) fn rotation(after: &Outcome) -> Option<String> {
    let found = after.rotation?;
    let share = found.energy_j / after.datapath_energy_j;
    Some(format!(
        "Rotating channels at run time, up to {} of them together, takes {} additions a sample: {}, {} of the datapath, and {:.4} \
         mm², all of it billed; none of it is folded into layers before.",
        found.block,
        found.additions,
        with_prefix(found.energy_j, "J"),
        percent(if share.is_finite() { share } else { 0.0 }),
        found.area_mm2,
    ))
}

/// What scales of tokens take.
pub(super) fn token_scales(after: &Outcome) -> Option<String> {
    let found = after.token_scales?;
    let share = found.energy_j / after.datapath_energy_j;
    Some(format!(
        "Finding a scale for each of {} tokens a sample at run time, and multiplying their {} numbers and every sum by it, takes {}, \
         {} of the datapath, and {:.4} mm², all of it billed.",
        found.tokens,
        found.numbers,
        with_prefix(found.energy_j, "J"),
        percent(if share.is_finite() { share } else { 0.0 }),
        found.area_mm2,
    ))
}

/// What the system keeps of what the datapath alone saves.
fn survives(before: &Outcome, after: &Outcome) -> String {
    let datapath = change(before.datapath_energy_j, after.datapath_energy_j);
    let memory = change(before.energy_j.memory, after.energy_j.memory);
    let system = change(before.energy_j.total, after.energy_j.total);
    format!(
        "The datapath takes {datapath} energy, memories {memory}; with sensor and link the system takes {system}."
    )
}

/// How much less or more, in words.
fn change(from: f64, to: f64) -> String {
    let less = if from > 0.0 { 1.0 - to / from } else { 0.0 };
    let which = if less < 0.0 { "more" } else { "less" };
    format!("{} {which}", percent(less.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_costs_more_is_not_called_less() {
        let told = [(2.0, 1.0), (1.0, 1.945), (0.0, 0.0)].map(|(from, to)| change(from, to));
        assert_eq!(told, ["50.0 % less", "94.5 % more", "0.0 % less"]);
    }

    #[test]
    fn formats_are_told_in_short_and_other_values_are_not_theirs() {
        let razor = |bits: u32, group: usize| json!({"razor": {"basis": 8, "bits": bits, "group": group}});
        for (value, told) in [
            (json!({}), Some("plain")),
            (json!({"weights": razor(4, 16), "activations": razor(8, 16)}), Some("razor W4A8 g16")),
            (json!({"weights": razor(4, 16), "kv": razor(4, 8)}), Some("W razor 4 g16, KV razor 4 g8")),
            (json!({"weights": {"int": {"bits": 4}}}), Some("int W4")),
            (
                json!({"weights": razor(4, 16), "activations": {"int": {"bits": 16}}}),
                Some("W razor 4 g16, A int 16"),
            ),
            (
                json!({"weights": {"razor": {"basis": 8, "bits": 4, "group": 16, "code": "twos_complement"}}}),
                Some("razor two's complement W4 g16"),
            ),
            (json!({"magnitude": {"ratio": 0.5}}), None),
            (json!("exact"), None),
        ] {
            assert_eq!(label(&value).as_deref(), told, "{value}");
        }
    }
}

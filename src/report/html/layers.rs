//! The tables of layers: energy and error of each, and what it does about errors.

use super::{meter, section, table};
use crate::report::svg::escape;
use crate::report::words;
use crate::run::outcome::{LayerOutcome, Outcome};
use crate::units::with_prefix;

/// Energy and error of every contraction, exact beside approximate, and recovery where it was asked for.
pub(super) fn layers(baseline: &Outcome, outcome: &Outcome, of: &str) -> String {
    let energy = format!("energy: {}", baseline.baseline_name());
    let columns = [
        ("layer", ""),
        ("MACs", "n"),
        ("cycles", "n"),
        ("used", "n"),
        (&*energy, "n"),
        ("approximate", "n"),
        ("", "bar"),
        ("per MAC ±", "n"),
        ("error", "n"),
        ("", "bar"),
        ("bias", "n"),
        ("by channel", "n"),
    ];
    let table = table(&columns, &[rows(&pairs(baseline, outcome))]);
    section("Layers", &lead(baseline, outcome, of), &table) + &recovery(&outcome.layers, of)
}

/// A layer of the baseline and the same one of the outcome.
type Pair<'a> = (&'a LayerOutcome, &'a LayerOutcome);

/// Layers with their counterparts, which those of blocks that are left out do not have.
fn pairs<'a>(baseline: &'a Outcome, outcome: &'a Outcome) -> Vec<Pair<'a>> {
    let whole = baseline.layers.len() == outcome.layers.len();
    let exact = |(at, layer): (usize, &LayerOutcome)| {
        let mut others = baseline.layers.iter().enumerate();
        others.find(|(other, exact)| if whole { *other == at } else { exact.name == layer.name })
    };
    let pair = |(at, layer)| Some((exact((at, layer))?.1, layer));
    outcome.layers.iter().enumerate().filter_map(pair).collect()
}

fn rows(pairs: &[Pair<'_>]) -> Vec<Vec<String>> {
    let largest = |of: fn(&LayerOutcome) -> f64| {
        pairs.iter().flat_map(|(exact, layer)| [of(exact), of(layer)]).fold(f64::MIN_POSITIVE, f64::max)
    };
    let (energy, error) = (largest(|layer| layer.energy_j), largest(|layer| layer.relative_error));
    let row = |(exact, layer): &Pair<'_>| {
        let bars = meter("quiet", exact.energy_j / energy) + &meter("compute", layer.energy_j / energy);
        let [each, spread] =
            [layer.mac_energy_j, layer.mac_energy_spread_j].map(|energy| with_prefix(energy, "J"));
        vec![
            escape(&layer.name) + &often(layer.runs),
            thousands(layer.macs),
            thousands(layer.cycles),
            words::percent(layer.utilisation),
            with_prefix(exact.energy_j, "J"),
            with_prefix(layer.energy_j, "J"),
            bars,
            format!("{each} ± {spread}"),
            words::percent(layer.relative_error),
            meter("unmet", layer.relative_error / error),
            words::signed(100.0 * layer.bias) + " %",
            layer.mean_error.map_or("–".into(), |error| words::percent(error.relative)),
        ]
    };
    pairs.iter().map(row).collect()
}

fn lead(baseline: &Outcome, outcome: &Outcome, of: &str) -> String {
    let pairs = outcome.layers.iter().map(|layer| layer.replayed_pairs);
    format!(
        "{of}Energy of the multiply-accumulates, from {} operand pairs of this configuration replayed through the gates, which are a \
         sample; ±: the standard error. Error: \
         root mean square of (computed − exact) over that of exact, on the codes of the samples whose pairs were replayed; bias: \
         the mean; by channel: root mean square of the means of output channels over that of those exact sums, which a constant \
         per channel would take away, on all scored samples (where weights are computed, on those replayed). Grey bar: {}. MACs and cycles are of one run; a layer that does not \
         run once has behind its name how often it does for a sample, and its energy is that of a sample.{}",
        thousands(pairs.fold(0, u64::saturating_add)),
        baseline.baseline_name(),
        words::ways(&outcome.layers)
    )
}

/// How often a layer runs for a sample, where that is not once.
fn often(runs: f64) -> String {
    if runs == 1.0 { String::new() } else { format!(" <small>× {}</small>", (100.0 * runs).round() / 100.0) }
}

/// What layers do about the errors of their products, where they were asked to.
fn recovery(layers: &[LayerOutcome], of: &str) -> String {
    let columns = [
        ("layer", ""),
        ("measures", ""),
        ("weights changed", "n"),
        ("error: nothing done", "n"),
        ("recovered", "n"),
    ];
    let row = |layer: &LayerOutcome| {
        let recovered = layer.recovery.as_ref()?;
        let errors = [recovered.error_before, recovered.error_after].map(words::percent);
        let [before, after] = errors;
        let changed = thousands(recovered.weights_changed as u64);
        Some(vec![escape(&layer.name), words::measures(recovered), changed, before, after])
    };
    let rows: Vec<Vec<String>> = layers.iter().filter_map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let lead = format!(
        "{of}What each layer chose, on the calibration samples and without training, to bring its outputs nearer to those of exact \
         products. Error: root mean square over that of exact outputs, on those samples, where nothing is always a choice."
    );
    section("Recovery", &lead, &table(&columns, &[rows]))
}

/// A whole number in groups of three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1\u{202f}234\u{202f}567");
    }

    #[test]
    fn a_layer_says_how_often_it_runs_where_that_is_not_once() {
        assert_eq!(
            [1.0, 0.614, 20.0, 0.0].map(often),
            ["", " <small>× 0.61</small>", " <small>× 20</small>", " <small>× 0</small>"]
        );
    }
}

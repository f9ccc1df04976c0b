//! The findings of a run in sentences.

use indexmap::IndexMap;

use super::label;
use crate::explore::Exploration;
use crate::run::outcome::{LayerOutcome, Outcome, Recovered, Report};
use crate::run::plain_bits::{Costed, EqualAccuracy, Interpolated};
use crate::run::statistics::Verdict;
use crate::units::with_prefix;

/// A configuration value without quotes.
pub fn value(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
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

/// A difference in percentage points with sign and interval.
pub fn points(outcome: &Outcome) -> String {
    outcome.delta.as_ref().map_or_else(
        || "–".into(),
        |delta| {
            let [low, high] = delta.ci95.map(|bound| 100.0 * bound);
            format!("{} [{}, {}]", signed(100.0 * delta.value), signed(low), signed(high))
        },
    )
}

/// The summary: what was saved, what it cost, where the energy is, whether the floor holds.
pub fn summary(report: &Report) -> Vec<String> {
    let mut sentences = if report.baseline.energy_j.total == 0.0 {
        vec!["The exact system costs nothing: every part of it is ideal.".into(), cost(report)]
    } else {
        vec![saving(report), cost(report), share(report)]
    };
    sentences.extend(recovery(&report.approximate.layers));
    sentences.extend(report.floor.as_ref().map(floor));
    sentences.extend(interaction(report));
    sentences.extend(report.equal_accuracy.iter().flat_map(plain_bits));
    let unknown = report.approximate.priced_as.as_deref();
    sentences.extend(unknown.filter(|_| report.approximate.energy_tables().is_empty()).map(unpriced));
    sentences.extend(report.approximate.layers.iter().filter_map(wide_sums));
    sentences
}

/// What a layer may lose that sums more products than its accumulator surely holds.
fn wide_sums(layer: &LayerOutcome) -> Option<String> {
    let (name, holds) = (&layer.name, layer.holds?);
    Some(format!(
        "Layer `{name}` sums more products than the {holds} that its accumulator surely holds: sums may leave its range."
    ))
}

fn saving(report: &Report) -> String {
    let energy = |outcome: &Outcome| with_prefix(outcome.energy_j.total, "J");
    format!(
        "The approximate configuration needs {} per sample instead of {}: system {}, datapath {}.",
        energy(&report.approximate),
        energy(&report.baseline),
        less(report.savings.system),
        less(report.savings.datapath),
    )
}

fn cost(report: &Report) -> String {
    let metric = &report.baseline.score.metric;
    format!(
        "It scores {} {metric} instead of {} ({} points, 95 % interval) on {} samples; the float model scores {}.",
        percent(report.approximate.score.value),
        percent(report.baseline.score.value),
        points(&report.approximate),
        report.baseline.score.samples,
        percent(report.reference.score.value),
    )
}

fn share(report: &Report) -> String {
    let baseline = &report.baseline;
    let datapath = baseline.datapath_energy_j / baseline.energy_j.total;
    let limit = 1.0 / (1.0 - datapath);
    format!(
        "Multiplying and accumulating is {} of the exact system's energy, so arithmetic that cost nothing at all \
         would save {limit:.2}×.",
        percent(datapath)
    )
}

/// What layers chose to do about the errors of their products, those that chose alike together.
fn recovery(layers: &[LayerOutcome]) -> Option<String> {
    let mut chosen: IndexMap<String, Vec<&str>> = IndexMap::new();
    let mut errors = vec![];
    for (layer, recovered) in layers.iter().filter_map(|layer| Some((layer, layer.recovery.as_ref()?))) {
        chosen.entry(measures(recovered)).or_default().push(&layer.name);
        errors.push([recovered.error_before, recovered.error_after]);
    }
    let range = |at: usize| {
        let errors = errors.iter().map(|error| error[at]);
        let (low, high) = (errors.clone().fold(f64::INFINITY, f64::min), errors.fold(0.0, f64::max));
        format!("{:.1} to {}", 100.0 * low, percent(high))
    };
    let groups: Vec<String> =
        chosen.iter().map(|(what, layers)| format!("{what} in {}", layers.join(", "))).collect();
    (!groups.is_empty()).then(|| {
        format!(
            "Recovery without training: {}. On the calibration samples the error of a layer's outputs is {} instead of {}.",
            groups.join("; "),
            range(1),
            range(0)
        )
    })
}

/// How layers formed their products, those that did it alike together; nothing of results that do not tell.
pub fn ways(layers: &[LayerOutcome]) -> String {
    let mut ways: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for layer in layers.iter().filter(|layer| !layer.way.is_empty()) {
        ways.entry(&layer.way).or_default().push(&layer.name);
    }
    let groups: Vec<String> =
        ways.iter().map(|(way, layers)| format!("{way} ({})", layers.join(", "))).collect();
    if groups.is_empty() {
        return String::new();
    }
    format!(" This processor formed the products so, which changes no sum: {}.", groups.join("; "))
}

/// The measures of a layer in words.
pub fn measures(recovered: &Recovered) -> String {
    let names: Vec<&str> = recovered.measures.iter().map(|measure| measure.name()).collect();
    if names.is_empty() { "nothing".into() } else { names.join(" + ") }
}

fn floor(floor: &crate::run::outcome::Floor) -> String {
    let drop = percent(floor.drop);
    match &floor.verdict {
        Verdict::Met => {
            format!("The floor of a {drop} drop is met: the 95 % upper bound of the drop is below it.")
        }
        Verdict::NotMet => format!("The floor of a {drop} drop is not met."),
        Verdict::Undecided { samples_needed } => format!(
            "Whether the floor of a {drop} drop is met is undecided; about {samples_needed} samples would decide."
        ),
    }
}

fn interaction(report: &Report) -> Option<String> {
    let energy = report.interaction_energy.filter(|_| report.knobs.len() > 1)?;
    Some({
        format!(
            "Interaction of the knobs (joint minus the sum of each alone): {} % of the exact energy, {} points of \
             score.",
            signed(100.0 * energy),
            signed(100.0 * report.interaction_score)
        )
    })
}

fn unpriced(design: &str) -> String {
    format!(
        "The multiplier is a product table without gates, priced as `{design}`: no saving of its own can show, so plain \
         bits are not compared with it."
    )
}

/// What plain exact bits cost at the accuracy of the approximate multiplier.
pub fn plain_bits(found: &EqualAccuracy) -> Vec<String> {
    let design = value(&found.multiplier);
    let own = format!("scores {} at {}", percent(found.approximate.score), costs(&found.approximate));
    let Some(plain) = &found.plain else {
        return vec![format!("{design} alone {own}; no plain exact width scores as much.")];
    };
    let other =
        format!("{} bits score {} at {}", plain.bits, percent(plain.costed.score), costs(&plain.costed));
    let mut sentences = match found.dominated_by.as_slice() {
        [] => vec![format!(
            "{design} alone {own}; no plain exact width dominates it: the cheapest that scores no less is {} bits, {} at {}; \
             against it {}.",
            plain.bits,
            percent(plain.costed.score),
            costs(&plain.costed),
            against(&plain.costed, &found.approximate)
        )],
        widths => {
            let widths: Vec<String> = widths.iter().map(u32::to_string).collect();
            let against = against(&found.approximate, &plain.costed);
            vec![format!(
                "{design} is dominated by plain {} bits: alone it {own}; plain {other}, {against}.",
                widths.join(", ")
            )]
        }
    };
    sentences.extend(found.interpolated.as_ref().map(interpolated(found)));
    sentences
}

fn interpolated(found: &EqualAccuracy) -> impl Fn(&Interpolated) -> String {
    |line| {
        let [wide, narrow] = line.between;
        format!(
            "Interpolated between plain {wide} and {narrow} bits, equal accuracy costs {}: against that line the approximate \
             multiplier {} on the system and {} on the datapath.",
            costs(&line.costed),
            saved(line.costed.energy_j, found.approximate.energy_j),
            saved(line.costed.datapath_energy_j, found.approximate.datapath_energy_j),
        )
    }
}

/// System and datapath energy, always side by side.
fn costs(costed: &Costed) -> String {
    format!("{} (datapath {})", with_prefix(costed.energy_j, "J"), with_prefix(costed.datapath_energy_j, "J"))
}

/// How much less or more `to` costs than `from`.
fn against(from: &Costed, to: &Costed) -> String {
    let ratio = |from: f64, to: f64| less(Some(from / to).filter(|ratio| ratio.is_finite()));
    format!(
        "system {}, datapath {}",
        ratio(from.energy_j, to.energy_j),
        ratio(from.datapath_energy_j, to.datapath_energy_j)
    )
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

/// One line on what was explored.
pub fn about(found: &Exploration) -> String {
    let about = found.question.exact.pointer("/workload/about").and_then(serde_json::Value::as_str);
    about.filter(|about| !about.is_empty()).unwrap_or("Exploration").to_string()
}

/// The summary of an exploration: how many points hold the floor, and what the best of them saves.
pub fn findings(found: &Exploration) -> Vec<String> {
    let mut sentences = vec![counts(found)];
    sentences.push(match found.best.map(|best| (&found.points[best], &found.points[best].result)) {
        Some((point, Ok(finished))) => format!(
            "Least energy{}: {} with {} per sample instead of {}, system {}, datapath {}; it scores {} instead \
             of {} ({} points, 95 % interval).",
            if found.question.floor.is_some() { " within the floor" } else { "" },
            label(point),
            with_prefix(finished.outcome.energy_j.total, "J"),
            with_prefix(found.baseline.energy_j.total, "J"),
            less(finished.savings.system),
            less(finished.savings.datapath),
            percent(finished.outcome.score.value),
            percent(found.baseline.score.value),
            points(&finished.outcome),
        ),
        _ if found.question.floor.is_some() => "No point meets the floor.".into(),
        _ => "No point was evaluated.".into(),
    });
    if found.best.is_some() && found.points.len() > 1 {
        sentences.push(
            "It was chosen on the samples that it is scored on, so its score is a little flattered; confirm it by a run \
             on others."
                .into(),
        );
    }
    sentences
}

/// How many points have this verdict.
pub fn count(found: &Exploration, name: &str) -> usize {
    let finished = found.points.iter().filter_map(|point| point.result.as_ref().ok());
    finished.filter(|finished| verdict(finished.verdict.as_ref()) == name).count()
}

fn counts(found: &Exploration) -> String {
    let count = |name: &str| count(found, name);
    let failed = found.points.iter().filter(|point| point.result.is_err()).count();
    let whole = if found.points.len() < found.evaluations {
        format!("{} of {} points (not finished)", found.points.len(), found.evaluations)
    } else {
        format!("{} points", found.points.len())
    };
    let floor = found.question.floor.map_or(String::new(), |drop| {
        format!(
            " The floor of a {} drop is met by {}, undecided for {} and not met by {}.",
            percent(drop),
            count("met"),
            count("undecided"),
            count("not met")
        )
    });
    format!("{whole}, {failed} failed, {} on the Pareto front.{floor}", found.front.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Measure;
    use crate::run::plain_bits::Plain;

    fn found(dominated_by: Vec<u32>, plain: Option<(u32, f64)>) -> String {
        let costed = |energy_j: f64| Costed { score: 0.97, energy_j, datapath_energy_j: energy_j / 4.0 };
        let plain = plain.map(|(bits, energy)| Plain { bits, costed: costed(energy) });
        let multiplier = "mul8s_drum_k4".into();
        let approximate = costed(2e-6);
        let interpolated = plain
            .as_ref()
            .map(|plain| Interpolated { between: [plain.bits, plain.bits - 1], costed: costed(1e-6) });
        plain_bits(&EqualAccuracy { multiplier, approximate, dominated_by, plain, interpolated }).join(" ")
    }

    #[test]
    fn plain_bits_are_named_with_system_and_datapath() {
        let text = found(vec![8, 7], Some((7, 1e-6)));
        assert!(
            text.starts_with(
                "mul8s_drum_k4 is dominated by plain 8, 7 bits: alone it scores 97.0 % at 2.00 µJ"
            )
        );
        assert!(text.contains(
            "plain 7 bits score 97.0 % at 1.00 µJ (datapath 250 nJ), system 2.00× less, datapath 2.00× less"
        ));
        assert!(text.contains("Interpolated between plain 7 and 6 bits"), "{text}");
        assert!(
            text.ends_with("spends 100.0 % more on the system and spends 100.0 % more on the datapath."),
            "{text}"
        );
        let text = found(vec![], Some((8, 4e-6)));
        assert!(
            text.contains("no plain exact width dominates it: the cheapest that scores no less is 8 bits")
        );
        assert!(text.contains("against it system 2.00× less, datapath 2.00× less."), "{text}");
        assert!(found(vec![], None).ends_with("no plain exact width scores as much."));
    }

    #[test]
    fn layers_that_formed_their_products_alike_are_named_together() {
        let layer = |name: &str, way: &str| {
            let layer = serde_json::json!({
                "name": name, "macs": 1, "cycles": 1, "utilisation": 1.0, "mac_energy_j": 0.0, "mac_energy_spread_j": 0.0,
                "replayed_pairs": 0, "energy_j": 0.0, "relative_error": 0.0, "bias": 0.0, "way": way,
            });
            serde_json::from_value(layer).unwrap()
        };
        let layers = [("a", "looked up"), ("b", "one product"), ("c", "looked up")];
        let text = ways(&layers.map(|(name, way)| layer(name, way)));
        assert!(text.ends_with("changes no sum: looked up (a, c); one product (b)."), "{text}");
        // Results that were stored before this was told.
        assert_eq!(ways(&[layer("a", "")]), "");
    }

    #[test]
    fn layers_that_chose_alike_are_named_together() {
        let layer = |name: &str, measures: Vec<Measure>, errors: [f64; 2]| {
            let [error_before, error_after] = errors;
            let recovery = Recovered { measures, weights_changed: 3, error_before, error_after };
            let layer = serde_json::json!({
                "name": name, "macs": 1, "cycles": 1, "utilisation": 1.0, "mac_energy_j": 0.0, "mac_energy_spread_j": 0.0,
                "replayed_pairs": 0, "energy_j": 0.0, "relative_error": 0.0, "bias": 0.0, "recovery": recovery,
            });
            serde_json::from_value::<LayerOutcome>(layer).unwrap()
        };
        let both = vec![Measure::Remap, Measure::Affine];
        let layers = [
            layer("a", both.clone(), [0.5, 0.02]),
            layer("b", vec![], [0.0, 0.0]),
            layer("c", both, [0.25, 0.01]),
        ];
        let expected = "Recovery without training: remap + affine in a, c; nothing in b. On the calibration samples the \
                        error of a layer's outputs is 0.0 to 2.0 % instead of 0.0 to 50.0 %.";
        assert_eq!(recovery(&layers).unwrap(), expected);
        assert_eq!(recovery(&[LayerOutcome { recovery: None, ..layers[0].clone() }]), None);
    }

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

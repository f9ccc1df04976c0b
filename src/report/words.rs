//! The findings of a run in sentences.

use crate::run::outcome::{Outcome, Report};
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
fn times(ratio: Option<f64>) -> String {
    ratio.map_or("–".into(), |ratio| format!("{ratio:.2}×"))
}

/// A difference in percentage points with sign and interval.
pub fn points(outcome: &Outcome) -> String {
    outcome.delta.as_ref().map_or_else(
        || "–".into(),
        |delta| {
            let [low, high] = delta.ci95.map(|bound| 100.0 * bound);
            format!("{:+.1} [{low:+.1}, {high:+.1}]", 100.0 * delta.value)
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
    sentences.extend(report.floor.as_ref().map(floor));
    sentences.extend(interaction(report));
    sentences.extend(rivals(report));
    sentences
}

fn saving(report: &Report) -> String {
    let energy = |outcome: &Outcome| with_prefix(outcome.energy_j.total, "J");
    format!(
        "The approximate configuration needs {} per sample instead of {}: system {} less, datapath {} less.",
        energy(&report.approximate),
        energy(&report.baseline),
        times(report.savings.system),
        times(report.savings.datapath),
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
            "Interaction of the knobs (joint minus the sum of each alone): {:+.1} % of the energy saving, {:+.1} points \
             of score.",
            100.0 * energy,
            100.0 * report.interaction_score
        )
    })
}

fn rivals(report: &Report) -> Vec<String> {
    let dominating = report.rivals.iter().filter(|rival| rival.dominates);
    let sentence = |rival: &crate::run::outcome::Rival| {
        format!(
            "The approximate multiplier is dominated by plain {} bits: {} at {} per sample.",
            rival.bits,
            percent(rival.outcome.score.value),
            with_prefix(rival.outcome.energy_j.total, "J")
        )
    };
    let said: Vec<String> = dominating.map(sentence).collect();
    if said.is_empty() && !report.rivals.is_empty() {
        return vec!["No plain exact width dominates the approximate multiplier.".into()];
    }
    said
}

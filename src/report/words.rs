//! The findings of a run in sentences.

use super::label;
use crate::explore::Exploration;
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
pub fn times(ratio: Option<f64>) -> String {
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
            "Least energy{}: {} with {} per sample instead of {}, system {} less, datapath {} less; it scores {} instead \
             of {} ({} points, 95 % interval).",
            if found.question.floor.is_some() { " within the floor" } else { "" },
            label(point),
            with_prefix(finished.outcome.energy_j.total, "J"),
            with_prefix(found.baseline.energy_j.total, "J"),
            times(finished.savings.system),
            times(finished.savings.datapath),
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

fn counts(found: &Exploration) -> String {
    let count = |name: &str| {
        let verdicts = found.points.iter().filter_map(|point| point.result.as_ref().ok());
        verdicts.filter(|finished| verdict(finished.verdict.as_ref()) == name).count()
    };
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

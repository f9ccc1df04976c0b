//! The findings of an exploration.

use super::{allowed, difference, inexact, less, percent, score, units, verdict};
use crate::explore::{Exploration, Point, Unfinished};
use crate::report::label;
use crate::run::Worst;
use crate::units::{counted, with_prefix};

/// One line on what was explored.
pub fn about(found: &Exploration) -> String {
    let about = found.question.exact.pointer("/workload/about").and_then(serde_json::Value::as_str);
    about.filter(|about| !about.is_empty()).unwrap_or("Exploration").to_string()
}

/// The summary of an exploration: how many points hold the floor, and what the best of them saves.
pub fn findings(found: &Exploration) -> Vec<String> {
    let mut sentences = vec![counts(found)];
    sentences.extend(inexact(&found.baseline));
    let best = found.best.map(|best| &found.points[best]);
    let costless = |point: &Point| point.result.as_ref().is_ok_and(|done| done.outcome.energy_j.total == 0.0);
    if best.is_some_and(costless) && found.baseline.energy_j.total == 0.0 {
        sentences.push("Nothing costs energy on this platform, so that no point takes least: they differ by their scores.".into());
        return sentences;
    }
    sentences.push(match best.map(|point| (point, &point.result)) {
        Some((point, Ok(finished))) => format!(
            "Least energy{}: {} with {} per sample instead of {}, system {}, datapath {}; it scores {} instead \
             of {} ({}{}, 95 % interval).",
            if found.question.floor.is_some() { " within the floor" } else { "" },
            label(point),
            with_prefix(finished.outcome.energy_j.total, "J"),
            with_prefix(found.baseline.energy_j.total, "J"),
            less(finished.savings.system),
            less(finished.savings.datapath),
            score(&finished.outcome.score),
            score(&found.baseline.score),
            difference(&finished.outcome),
            units(found.baseline.score.metric),
        ),
        _ if count(found, "undecided") > 0 => {
            "No point surely meets the floor; more samples would decide those that are undecided.".into()
        }
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

/// Why a point was not run.
pub fn screened(worst: &Worst) -> String {
    format!("sums of {} are off by {} on average", worst.layer, percent(worst.mean_error))
}

/// How many points have this verdict.
pub fn count(found: &Exploration, name: &str) -> usize {
    let finished = found.points.iter().filter_map(|point| point.result.as_ref().ok());
    finished.filter(|finished| verdict(finished.verdict.as_ref()) == name).count()
}

/// Of which points the front is one.
pub fn front(found: &Exploration) -> &'static str {
    match found.question.floor {
        Some(_) => "Pareto front of the points that meet the floor",
        None => "Pareto front",
    }
}

fn counts(found: &Exploration) -> String {
    let count = |name: &str| count(found, name);
    let has_failed = |result: &_| matches!(result, Err(Unfinished::Failed(_)));
    let failed = found.points.iter().filter(|point| has_failed(&point.result)).count();
    let whole = if found.points.len() < found.evaluations {
        format!("{} of {} points (not finished)", found.points.len(), found.evaluations)
    } else {
        counted(found.points.len(), "point")
    };
    let floor = found.question.floor.map_or(String::new(), |drop| {
        format!(
            " The floor of {} is met by {} (the one-sided 95 % upper bound of the drop is below it), undecided for {} and not met by {} \
             (the drop itself reaches it).",
            allowed(found.baseline.score.metric, drop),
            count("met"),
            count("undecided"),
            count("not met")
        )
    });
    let screened = found.question.explore.screen.map_or(String::new(), |bound| {
        format!(
            " {} screened out before they were run: their multipliers put the sums of some layer off by more than {} on average \
             (mean errors by output channel over exact sums, root mean squares on calibration samples; approximate accumulators \
             are not in it).",
            match found.screened() {
                1 => "1 point was".into(),
                count => format!("{count} points were"),
            },
            percent(bound.fraction())
        )
    });
    format!("{whole}, {failed} failed, {} on the {}.{screened}{floor}", found.front.len(), front(found))
}

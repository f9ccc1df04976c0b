//! The findings of an exploration.

use indexmap::IndexSet;

use super::layers::wide_sums;
use super::semantics::semantics_of_points;
use super::strain::strain;
use super::{allowed, difference, inexact, less, percent, score, units, verdict};
use crate::config::Objective;
use crate::explore::{Exploration, Finished, Point, Unfinished};
use crate::report::label;
use crate::run::Worst;
use crate::units::{counted, with_prefix};

/// One line on what was explored.
pub fn about(found: &Exploration) -> String {
    let about = found.question.exact.pointer("/workload/about").and_then(serde_json::Value::as_str);
    about.filter(|about| !about.is_empty()).unwrap_or("Exploration").to_string()
}

/// Whether points are told apart by their area too.
pub fn shows_area(found: &Exploration) -> bool {
    found.question.explore.objectives.contains(&Objective::Area)
}

/// The summary of an exploration: how many points hold the floor, and what the best of them saves.
pub fn findings(found: &Exploration) -> Vec<String> {
    let mut sentences = vec![counts(found)];
    sentences.extend(inexact(&found.baseline));
    sentences.extend(best(found));
    sentences.extend(unpriced(found));
    let strained = finished(found).and_then(|(_, best)| best.outcome.strain.as_ref());
    let strained = strained.or(found.baseline.strain.as_ref());
    sentences.extend(strained.into_iter().flat_map(strain));
    sentences.extend(beyond(found));
    sentences.extend(semantics_of_points(&found.baseline));
    sentences
}

/// Which point takes least energy.
fn best(found: &Exploration) -> Vec<String> {
    let Some((point, finished)) = finished(found) else { return vec![without_best(found)] };
    let outcome = &finished.outcome;
    if outcome.energy_j.total == 0.0 && found.baseline.energy_j.total == 0.0 {
        let what = "Nothing costs energy on this platform, so that no point takes least: they differ by their scores.";
        return vec![what.into()];
    }
    if outcome.settings == found.baseline.settings {
        return vec![itself(found, point)];
    }
    let least = format!(
        "Least energy{}: {} with {} per sample instead of {}, system {}, datapath {}; it scores {} instead of {} ({}{}, 95 % \
         interval).",
        within(found),
        label(point),
        with_prefix(outcome.energy_j.total, "J"),
        with_prefix(found.baseline.energy_j.total, "J"),
        less(finished.savings.system),
        less(finished.savings.datapath),
        score(&outcome.score),
        score(&found.baseline.score),
        difference(outcome),
        units(found.baseline.score.metric),
    );
    let flattered = "It was chosen on the samples that it is scored on, so its score is a little flattered; confirm it by a run on \
                     others.";
    let others = found.points.len() > 1;
    [least].into_iter().chain(others.then(|| flattered.into())).collect()
}

/// The best point with its figures.
fn finished(found: &Exploration) -> Option<(&Point, &Finished)> {
    let point = &found.points[found.best?];
    Some((point, point.result.as_ref().ok()?))
}

fn within(found: &Exploration) -> &'static str {
    if found.question.floor.is_some() { " within the floor" } else { "" }
}

/// That no point saves anything over what all are compared with.
fn itself(found: &Exploration, point: &Point) -> String {
    let more = match count(found, "undecided") {
        0 => String::new(),
        count => format!("; more samples would decide the {count} undecided"),
    };
    format!(
        "Least energy{}: {} itself, {}, with {} per sample, for no other point takes less{}{more}.",
        within(found),
        found.baseline.baseline_name(),
        label(point),
        with_prefix(found.baseline.energy_j.total, "J"),
        if found.question.floor.is_some() { " and surely meets it" } else { "" },
    )
}

fn without_best(found: &Exploration) -> String {
    match found.question.floor {
        _ if count(found, "undecided") > 0 => {
            "No point surely meets the floor; more samples would decide those that are undecided."
        }
        Some(_) if found.points.iter().any(|point| point.result.is_ok()) => "No point meets the floor.",
        _ => "No point was evaluated.",
    }
    .into()
}

/// How many points multiply by a table of which nothing tells what it costs.
fn unpriced(found: &Exploration) -> Option<String> {
    let finished = found.points.iter().filter_map(|point| point.result.as_ref().ok());
    let designs: Vec<&str> = finished.filter_map(|point| point.outcome.unpriced_as()).collect();
    let named: IndexSet<String> = designs.iter().map(|design| format!("`{design}`")).collect();
    (!designs.is_empty()).then(|| {
        format!(
            "In {} of {} a multiplier is a product table without gates, priced as {}: no saving of its own can show. What such \
             points save or spend is that of this design and of what surrounds it on their operands.",
            designs.len(),
            counted(found.points.len(), "point"),
            named.into_iter().collect::<Vec<_>>().join(" or ")
        )
    })
}

/// Of how many points, and of the best one in full, accumulators surely hold fewer products than some layers sum.
fn beyond(found: &Exploration) -> Vec<String> {
    let wide =
        |point: &Point| point.result.as_ref().is_ok_and(|done| !wide_sums(&done.outcome.layers).is_empty());
    let count = found.points.iter().filter(|point| wide(point)).count();
    let all = (count > 0).then(|| {
        format!(
            "In {count} of {} some layers sum more products than their accumulators surely hold (`holds` and `summed` of these layers \
             in exploration.json): sums may leave their range.",
            counted(found.points.len(), "point")
        )
    });
    let of_best = finished(found).map_or(vec![], |(_, best)| wide_sums(&best.outcome.layers));
    let of_baseline = wide_sums(&found.baseline.layers);
    let of = |name: &str, told: Vec<String>| {
        told.into_iter().map(move |told| format!("Of {name}: {told}")).collect::<Vec<_>>()
    };
    let of_both = [of(found.baseline.baseline_name(), of_baseline), of("the point of least energy", of_best)];
    all.into_iter().chain(of_both.into_iter().flatten()).collect()
}

/// How many points were run without a mean error to judge them by: no table holds their products.
fn unjudged(found: &Exploration) -> String {
    let unknown = |point: &&Point| {
        point
            .result
            .as_ref()
            .is_ok_and(|done| done.outcome.layers.iter().all(|layer| layer.mean_error.is_none()))
    };
    match found.points.iter().filter(unknown).count() {
        0 => String::new(),
        count => format!(
            " {count} of the points were run without a mean error to judge them by: raw codes, padding that is multiplied and late \
             results have none."
        ),
    }
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
    let samples = counted(found.baseline.score.samples, "sample");
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
            " {} screened out: their multipliers put the sums of some layer off by more than {} on average \
             (mean errors by output channel over exact sums, root mean squares on calibration samples; approximate accumulators \
             are not in it).{}",
            match found.screened() {
                0 => "None was".into(),
                1 => "1 point was".into(),
                count => format!("{count} points were"),
            },
            percent(bound.fraction()),
            unjudged(found)
        )
    });
    let front = format!("{} on the {}", found.front.len(), front(found));
    format!("{whole}, each on {samples}: {failed} failed, {front}.{screened}{floor}")
}

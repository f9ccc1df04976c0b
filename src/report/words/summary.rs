//! The findings of a run.

use super::layers::{blocks, precision, recovery, wide_sums, zeros};
use super::{less, percent, plain_bits, points, signed};
use crate::run::outcome::{Floor, Outcome, Report};
use crate::run::statistics::Verdict;
use crate::units::with_prefix;

/// The summary: what was saved, what it cost, where the energy is, whether the floor holds.
pub fn summary(report: &Report) -> Vec<String> {
    let mut sentences = if report.baseline.energy_j.total == 0.0 {
        vec!["The exact system costs nothing: every part of it is ideal.".into(), cost(report)]
    } else {
        vec![saving(report), cost(report), share(report)]
    };
    sentences.extend(precision(&report.approximate.layers));
    sentences.extend(blocks(&report.baseline.layers, &report.approximate.layers));
    sentences.extend(zeros(&report.approximate.layers));
    sentences.extend(recovery(&report.approximate.layers));
    sentences.extend(report.floor.as_ref().map(floor));
    sentences.extend(interaction(report));
    sentences.extend(report.equal_accuracy.iter().flat_map(plain_bits));
    sentences.extend(report.approximate.unpriced_as().map(unpriced));
    sentences.extend(report.approximate.layers.iter().filter_map(wide_sums));
    sentences
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

fn floor(floor: &Floor) -> String {
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

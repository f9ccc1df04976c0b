//! The findings of a run.

use super::formats::{formats, rotation, token_scales};
use super::layers::{binary, blocks, precision, recovery, spikes, wide_sums, zeros};
use super::strain::strain;
use super::{allowed, change, difference, less, percent, plain_bits, score, signed, units, value};
use crate::run::outcome::{
    ExitOutcome, ExpertsOutcome, Fetched, Floor, KnobOutcome, Outcome, Report, Savings, TokensOutcome,
    TunedExit,
};
use crate::run::statistics::Verdict;
use crate::units::{counted, with_prefix};

/// The summary: what was saved, what it cost, where the energy is, whether the floor holds.
pub fn summary(report: &Report) -> Vec<String> {
    let mut sentences = if report.baseline.energy_j.total == 0.0 {
        vec!["The exact system costs nothing: every part of it is ideal.".into(), cost(report)]
    } else {
        vec![saving(report), cost(report), share(report)]
    };
    sentences.extend(inexact(&report.baseline));
    sentences.extend(better_exact(report));
    sentences.extend(idle(report));
    let strained = report.approximate.strain.as_ref().or(report.baseline.strain.as_ref());
    sentences.extend(strained.into_iter().flat_map(strain));
    sentences.extend(detections(report));
    sentences.extend(exits(&report.approximate));
    sentences.extend(report.approximate.tuned_exit.as_ref().map(tuned));
    sentences.extend(tokens(&report.approximate));
    sentences.extend(report.approximate.experts.as_ref().map(experts));
    sentences.extend(precision(&report.approximate.layers));
    sentences.extend(formats(&report.baseline, &report.approximate));
    sentences.extend(rotation(&report.approximate));
    sentences.extend(token_scales(&report.approximate));
    sentences.extend(blocks(&report.baseline.layers, &report.approximate.layers));
    sentences.extend(zeros(&report.approximate.layers));
    sentences.extend(spikes(&report.approximate.layers));
    sentences.extend(binary(&report.approximate.layers));
    sentences.extend(recovery(&report.approximate.layers));
    sentences.extend(report.floor.as_ref().map(|floor| self::floor(report, floor)));
    sentences.extend(interaction(report));
    let metric = report.baseline.score.metric;
    sentences.extend(report.equal_accuracy.iter().flat_map(|found| plain_bits(metric, found)));
    sentences.extend(unpriced(&report.approximate));
    let approximate = wide_sums(&report.approximate.layers);
    let baseline = wide_sums(&report.baseline.layers).into_iter().filter(|told| !approximate.contains(told));
    sentences.extend(baseline.map(|told| format!("Of {}: {told}", report.baseline.baseline_name())));
    sentences.extend(approximate);
    sentences
}

/// What is compared with itself, and knobs that change nothing.
fn idle(report: &Report) -> Vec<String> {
    if report.knobs.is_empty() {
        let name = report.baseline.baseline_name();
        return vec![format!(
            "Nothing is approximated: {name} is compared with {name}. Name knobs under `approximate`, or try those under \
             `explore` with `axsim explore`."
        )];
    }
    let said = |KnobOutcome { knob, alone, without, .. }: &KnobOutcome| {
        alone.has_figures_of(&report.baseline).then(|| match without.has_figures_of(&report.approximate) {
            true => format!("`{knob}` changes nothing here: score, energy, time and area are the same with and without it."),
            false => format!("`{knob}` alone changes nothing: it acts with other knobs only."),
        })
    };
    report.knobs.iter().filter_map(said).collect()
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

/// That the baseline is not exact, and so not what savings are usually to.
pub fn inexact(baseline: &Outcome) -> Option<String> {
    if baseline.baseline_name() == "exact" {
        return None;
    }
    let (erring, all) = (baseline.erring_layers(), baseline.layers.len());
    let arithmetic = (erring > 0).then(|| format!("sums err in {erring} of {}", counted(all, "layer")));
    let memory = (!baseline.score.fault_maps.is_empty()).then(|| "memories lose bits".to_string());
    let errs = arithmetic.into_iter().chain(memory).collect::<Vec<_>>().join(", and ");
    Some(format!(
        "The baseline is not exact: {errs} as the platform is configured. Differences and savings are to it."
    ))
}

/// The exact multiplier that beats the baseline's own, for a saving from a poor baseline is none.
fn better_exact(report: &Report) -> Option<String> {
    let best = report.rivals.iter().find(|rival| rival.bits == 8 && rival.beats(&report.baseline))?;
    let own = value(&report.baseline.settings["platform"]["compute"]["array"]["multiplier"]);
    let savings = Savings::of(&best.outcome, &report.approximate);
    let errs = report.baseline.erring_layers() > 0;
    let what = if errs { "worse than an exact multiplier" } else { "not the best exact multiplier" };
    Some(format!(
        "`{own}` is {what} here: {} scores {} at {}. Against it: system {}, datapath {}.",
        best.multiplier,
        score(&best.outcome.score),
        with_prefix(best.outcome.energy_j.total, "J"),
        less(savings.system),
        less(savings.datapath),
    ))
}

fn cost(report: &Report) -> String {
    let metric = report.baseline.score.metric;
    let reference = &report.reference;
    let float = match &reference.on_scored {
        Some(same) => {
            format!("{} on them, {} on all {}", score(same), score(&reference.score), reference.score.samples)
        }
        None => score(&reference.score),
    };
    let is_binary = report.baseline.layers.iter().any(|layer| layer.binary.is_some());
    let reals = if is_binary { ", which multiplies reals where layers are binary," } else { "" };
    format!(
        "It scores {} {} instead of {} ({}{}, 95 % interval) on {} samples; the float model{reals} scores {float}.",
        score(&report.approximate.score),
        metric.name(),
        score(&report.baseline.score),
        difference(&report.approximate),
        units(metric),
        report.baseline.score.samples,
    )
}

/// Where samples leave the network.
fn exits(outcome: &Outcome) -> Option<String> {
    let shares = shares(&outcome.exits);
    (!shares.is_empty()).then(|| format!("Samples leave the network so: {shares}."))
}

fn shares(exits: &[ExitOutcome]) -> String {
    let share = |exit: &ExitOutcome| format!("{} at {}", percent(exit.share), exit.output);
    exits.iter().map(share).collect::<Vec<_>>().join(", ")
}

/// Which experts are asked, and how many are fetched together.
fn experts(found: &ExpertsOutcome) -> String {
    let asked: Vec<String> = found.asked.iter().map(|&share| percent(share)).collect();
    let fetched = |one: &Fetched| format!("{:.2} for {} ({:.2})", one.experts, one.batch, one.uniform);
    let fetched: Vec<String> = found.fetched.iter().map(fetched).collect();
    format!(
        "Experts are asked by {} of the samples. Samples that follow each other ask between them: {}; in brackets what they \
         would if all experts were asked alike.",
        asked.join(", "),
        fetched.join(", ")
    )
}

/// How many tokens go on.
fn tokens(outcome: &Outcome) -> Option<String> {
    let kept = |found: &TokensOutcome| format!("{} of {} behind {}", found.kept, found.tokens, found.after);
    let kept: Vec<String> = outcome.tokens.iter().map(kept).collect();
    (!kept.is_empty()).then(|| format!("Tokens that go on: {}.", kept.join(", ")))
}

/// How sure exits must be, as the calibration samples told.
fn tuned(found: &TunedExit) -> String {
    let threshold = found.threshold.map_or("none (`never`)".into(), |threshold| format!("{threshold:.4}"));
    format!(
        "Threshold of exits found on {} calibration samples: {threshold}; {} of them right instead of {}, of which {} may be \
         lost; {}.",
        found.samples,
        percent(found.score),
        percent(found.whole_score),
        percent(found.loss),
        shares(&found.exits),
    )
}

/// How far objects are those that the exact system finds.
fn detections(report: &Report) -> Option<String> {
    let count = |outcome: &Outcome| outcome.score.detections;
    let agreement = report.approximate.delta.as_ref()?.agreement?;
    Some(format!(
        "It finds {:.0} objects instead of {:.0}; the two agree by {} (F1, boxes that overlap by a half).",
        count(&report.approximate)?,
        count(&report.baseline)?,
        percent(agreement),
    ))
}

fn share(report: &Report) -> String {
    let baseline = &report.baseline;
    let datapath = baseline.datapath_energy_j / baseline.energy_j.total;
    let limit = 1.0 / (1.0 - datapath);
    format!(
        "Multiplying and accumulating is {} of the {} system's energy, so arithmetic that cost nothing at all \
         would save {limit:.2}×.",
        percent(datapath),
        baseline.baseline_name()
    )
}

fn floor(report: &Report, floor: &Floor) -> String {
    let metric = report.baseline.score.metric;
    let drop = allowed(metric, floor.drop);
    let bound = report.approximate.delta.as_ref().map_or(String::new(), |delta| {
        let bound = change(metric, delta.drop_upper95);
        format!(", {}{},", bound.trim_start_matches('+'), units(metric))
    });
    let bound = format!("the one-sided 95 % upper bound of the drop{bound}");
    match &floor.verdict {
        Verdict::Met => format!("The floor of {drop} is met: {bound} is below it."),
        Verdict::NotMet => format!("The floor of {drop} is not met: the drop itself reaches it."),
        Verdict::Undecided { samples_needed } => format!(
            "Whether the floor of {drop} is met is undecided: {bound} is not below it; about {samples_needed} samples would \
             decide."
        ),
    }
}

fn interaction(report: &Report) -> Option<String> {
    let metric = report.baseline.score.metric;
    let energy = report.interaction_energy.filter(|_| report.knobs.len() > 1)?;
    Some({
        format!(
            "Interaction of the knobs (joint minus the sum of each alone): {} % of the {} energy, {}{} of score.",
            signed(100.0 * energy),
            report.baseline.baseline_name(),
            change(metric, report.interaction_score),
            units(metric)
        )
    })
}

fn unpriced(outcome: &Outcome) -> Option<String> {
    let design = outcome.unpriced_as()?;
    let layers: Vec<String> = outcome.unpriced_layers().iter().map(|layer| format!("`{layer}`")).collect();
    let of = if layers.is_empty() { String::new() } else { format!(" of {}", layers.join(", ")) };
    Some(format!(
        "The multiplier{of} is a product table without gates, priced as `{design}`: no saving of its own can show. What the \
         datapath saves or spends is that of `{design}` and of what surrounds it on these operands, so plain bits are not \
         compared with the table."
    ))
}

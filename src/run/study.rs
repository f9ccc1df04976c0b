//! A whole run: baseline, approximation, every knob alone and left out, and the rival of plain bits.

mod companions;
mod paths;

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::{Value, json};

use companions::{Companions, told};
use paths::Paths;
pub(crate) use paths::is_width;

use super::error::RunError;
use super::evaluate::Evaluator;
use super::notes::{notes, split};
use super::outcome::{Floor, KnobOutcome, Outcome, Reference, Report, Savings};
use super::plain_bits::{self, EqualAccuracy, Exact, Rival};
use super::progress::{Meter, Progress};
use super::statistics::judge;
use crate::config::knob::quoted;
use crate::config::platform::Compute;
use crate::config::{LayerSettings, Setup};

/// Knob path → value.
pub type Knobs = IndexMap<String, Value>;

/// Exact designs, each with the knobs that put it in place of all multipliers.
type Rivals = Vec<(Exact, Knobs)>;

/// What a run is asked to do.
pub struct Settings<'a> {
    /// The knobs to try.
    pub approximate: &'a Knobs,
    /// Largest tolerated drop, as a fraction.
    pub floor: Option<f64>,
    /// The command that repeats the run.
    pub repeat: &'a str,
    /// Seed of every random stream.
    pub seed: u64,
    /// Makes a setup of knobs; the baseline has none.
    pub setup: &'a (dyn Fn(&Knobs) -> Result<Setup, RunError> + Sync),
    /// The path of a knob name by name, in whichever way it is written.
    pub canonical: &'a (dyn Fn(&str) -> Result<Vec<String>, RunError> + Sync),
    /// Told how far evaluations have come.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

const MULTIPLIER: &str = "compute.array.multiplier";
const FORMAT: &str = "quantize.format";
const LAYERS: &str = "compute.array.layers";
const RIVAL_BITS: std::ops::RangeInclusive<u32> = 3..=8;

/// Runs everything and draws the comparison.
///
/// Setups that are equal are evaluated once, different ones in parallel.
///
/// # Errors
/// [`RunError`] of the first setup that cannot be evaluated.
pub fn study(evaluator: &Evaluator<'_>, settings: &Settings<'_>) -> Result<Report, RunError> {
    let knobs = settings.approximate;
    let paths = Paths::of(settings)?;
    let exact = (settings.setup)(&Knobs::new())?;
    let tried = (settings.setup)(knobs)?;
    let (rivals, unbuilt) =
        built_rivals(evaluator, settings, rival_knobs((knobs, &paths), [&exact, &tried]))?;
    let fits = |knobs: &Knobs| evaluator.multiplies_codes(&(settings.setup)(knobs)?);
    let companions = Companions { knobs, paths: &paths, fits: &fits };
    let variant = |knob: &String| Ok([companions.alone(knob)?, companions.without(knob)?]);
    let variants: Vec<[Knobs; 2]> = knobs.keys().map(variant).collect::<Result<_, RunError>>()?;
    let asked: Vec<Knobs> = [knobs.clone()]
        .into_iter()
        .chain(variants.iter().flatten().cloned())
        .chain(rivals.iter().map(|rival| rival.1.clone()))
        .collect();
    evaluator.in_time(&exact)?;
    let reference = evaluator.reference(&exact)?;
    let (baseline, outcomes) = evaluate_all(evaluator, settings, &exact, &asked)?;
    let mut outcomes = outcomes.into_iter();
    let mut next = || outcomes.next().expect("one outcome for every set of knobs");
    let approximate = next();
    let effect = |(knob, value): (&String, &Value)| {
        let (alone, without) = (next(), next());
        KnobOutcome { knob: knob.clone(), value: value.clone(), alone, without }
    };
    let effects: Vec<KnobOutcome> = knobs.iter().map(effect).collect();
    let multiplier = effects.iter().find(|effect| paths.has_rivals(&effect.knob)).map(|effect| &effect.alone);
    let rival = |((exact, _), outcome): (&(Exact, Knobs), Outcome)| Rival::of(exact, outcome, multiplier);
    let plain = plain_bits::undominated(rivals.iter().zip(outcomes).map(rival).collect());
    let mut report = report((settings, &paths), &exact, (reference, baseline, approximate), effects, plain);
    let together: Vec<String> =
        knobs.keys().zip(&variants).filter_map(|(knob, variants)| told(knob, knobs, variants)).collect();
    if !together.is_empty() {
        report.interaction_energy = None;
    }
    report.notes.extend(together);
    report.notes.extend(unbuilt);
    Ok(report)
}

/// The baseline, and an outcome compared with it for every set of knobs, in their order.
fn evaluate_all(
    evaluator: &Evaluator<'_>,
    settings: &Settings<'_>,
    exact: &Setup,
    asked: &[Knobs],
) -> Result<(Outcome, Vec<Outcome>), RunError> {
    let setups: Vec<Setup> = asked.iter().map(settings.setup).collect::<Result<_, _>>()?;
    let mut distinct = vec![exact];
    for setup in &setups {
        if !distinct.contains(&setup) {
            distinct.push(setup);
        }
    }
    evaluator.prepare(&distinct)?;
    let meter = Meter::new(distinct.len(), settings.progress);
    let evaluate =
        |setup: &&Setup| meter.evaluation(|told| evaluator.evaluate_telling(setup, written(setup), told));
    // Collected before it is looked through, so that the first error does not depend on who was faster.
    let outcomes: Vec<Result<Outcome, RunError>> =
        distinct.par_iter().with_min_len(evaluator.in_a_row(distinct.len())).map(evaluate).collect();
    let outcomes: Vec<Outcome> = outcomes.into_iter().collect::<Result<_, _>>()?;
    let of = |setup: &Setup| {
        let at = distinct.iter().position(|known| *known == setup).expect("every setup was evaluated");
        let mut outcome = outcomes[at].clone();
        outcome.compare(&outcomes[0], settings.seed);
        outcome
    };
    Ok((outcomes[0].clone(), setups.iter().map(of).collect()))
}

fn written(setup: &Setup) -> Value {
    serde_json::to_value(setup).expect("a setup is always writable")
}

/// Exact designs of 8 to 3 bits for all layers, re-quantised, where multipliers or the formats of numbers are tried.
fn rival_knobs((knobs, paths): (&Knobs, &Paths), [baseline, tried]: [&Setup; 2]) -> Rivals {
    let own = |(name, own): (&String, &LayerSettings)| {
        let bits = [("weight_bits", own.weight_bits), ("activation_bits", own.activation_bits)];
        bits.into_iter()
            .filter(|(_, own)| own.is_some())
            .map(|(bits, _)| format!("layers.{}.{bits}", quoted(name)))
            .collect()
    };
    let own: Vec<String> = baseline.workload.layers.iter().flat_map::<Vec<String>, _>(own).collect();
    let layered = knobs.keys().any(|knob| paths.is_of_layers(knob));
    let of = |exact: Exact| {
        let bits = ["quantize.weight_bits", "quantize.activation_bits"].map(String::from);
        let width = exact.bits;
        let quantize = bits.into_iter().chain(own.clone()).map(move |knob| (knob, json!(width)));
        let multiplier = (MULTIPLIER.to_string(), json!(exact.multiplier));
        let layers = layered.then(|| (LAYERS.to_string(), json!({})));
        let format = Some((FORMAT.to_string(), json!({})));
        let format = format.filter(|_| !baseline.workload.quantize.format.are_plain());
        (exact, quantize.chain([multiplier]).chain(layers).chain(format).collect())
    };
    let exact = RIVAL_BITS.rev().flat_map(Exact::of_width);
    // Where compute is ideal there is nothing to choose a multiplier for.
    let [own, other] = [arithmetic(baseline), arithmetic(tried)];
    let named = layered || knobs.keys().any(|knob| paths.has_rivals(knob));
    let asked = own.is_some() && (named || other.is_some() && own != other);
    if asked { exact.map(of).collect() } else { vec![] }
}

/// What multiplies in all layers, and how what it multiplies is written; nothing where compute is ideal.
fn arithmetic(setup: &Setup) -> Option<impl PartialEq> {
    let Compute::Array(array) = &setup.platform.compute else { return None };
    let own = |(name, own): (&String, &LayerSettings)| Some((name.clone(), own.format?));
    let formats: Vec<_> = setup.workload.layers.iter().filter_map(own).collect();
    Some((array.multiplier.clone(), array.layers.clone(), setup.workload.quantize.format, formats))
}

/// The rivals whose hardware the rest of the platform allows, and of the others why it does not.
fn built_rivals(
    evaluator: &Evaluator<'_>,
    settings: &Settings<'_>,
    rivals: Rivals,
) -> Result<(Rivals, Vec<String>), RunError> {
    let build = |(_, knobs): &(Exact, Knobs)| evaluator.evaluable(&(settings.setup)(knobs)?);
    let found: Vec<Result<(), RunError>> = rivals.par_iter().map(build).collect();
    let (mut built, mut unbuilt) = (vec![], vec![]);
    for ((exact, knobs), found) in rivals.into_iter().zip(found) {
        match found {
            Ok(()) => built.push((exact, knobs)),
            Err(RunError::Platform(fault) | RunError::Layer { fault, .. }) => {
                let (name, fault) = (format!("`{}`", exact.multiplier), fault.to_string());
                let why = fault.strip_prefix(&format!("{name}: ")).unwrap_or(&fault);
                unbuilt.push(format!("{name} is no rival on this platform: {why}."));
            }
            Err(other) => return Err(other),
        }
    }
    Ok((built, unbuilt))
}

fn report(
    (settings, paths): (&Settings<'_>, &Paths),
    exact: &Setup,
    (reference, baseline, approximate): (Reference, Outcome, Outcome),
    knobs: Vec<KnobOutcome>,
    rivals: Vec<Rival>,
) -> Report {
    let energy = |outcome: &Outcome| outcome.energy_j.total;
    let saved = |outcome: &Outcome| (energy(&baseline) - energy(outcome)) / energy(&baseline);
    let lost = |outcome: &Outcome| outcome.score.value - baseline.score.value;
    let apart = |effect: &dyn Fn(&Outcome) -> f64| knobs.iter().map(|knob| effect(&knob.alone)).sum::<f64>();
    let (interaction_energy, interaction_score) =
        (saved(&approximate) - apart(&saved), lost(&approximate) - apart(&lost));
    let interaction_energy = Some(interaction_energy).filter(|part| part.is_finite());
    let savings = Savings::of(&baseline, &approximate);
    let floor = settings.floor.zip(approximate.delta.as_ref());
    let exact_score = &baseline.score;
    let floor = floor.map(|(drop, delta)| {
        let allowed = exact_score.metric.allowed(drop, exact_score.value);
        Floor { drop, verdict: judge(exact_score.metric, delta, allowed) }
    });
    let axsim = env!("CARGO_PKG_VERSION").to_string();
    let (repeat, about) = (settings.repeat.to_string(), exact.workload.about.clone());
    let mut notes = notes(&baseline, &approximate);
    notes.extend(split(&reference, &baseline));
    // Against a design of unknown cost nothing can be claimed.
    let comparable = |effect: &&KnobOutcome| effect.value != "exact" && effect.alone.unpriced_as().is_none();
    let multiplier = knobs.iter().find(|effect| paths.has_rivals(&effect.knob)).filter(comparable);
    let multiplier = multiplier.filter(|_| !rivals.is_empty());
    let compared = |effect: &KnobOutcome| EqualAccuracy::of(&paths.compared(effect), &effect.alone, &rivals);
    let equal_accuracy = multiplier.map(compared);
    Report {
        axsim,
        repeat,
        seed: settings.seed,
        about,
        reference,
        baseline,
        approximate,
        knobs,
        interaction_energy,
        interaction_score,
        rivals,
        equal_accuracy,
        savings,
        floor,
        notes,
    }
}

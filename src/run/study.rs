//! A whole run: baseline, approximation, every knob alone and left out, and the rival of plain bits.

use std::sync::atomic::{AtomicUsize, Ordering};

use indexmap::IndexMap;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::error::RunError;
use super::evaluate::Evaluator;
use super::outcome::{Floor, KnobOutcome, LayerOutcome, Outcome, Reference, Report, Savings, WeightsOutcome};
use super::plain_bits::{self, EqualAccuracy, Exact, Rival};
use super::statistics::judge;
use crate::config::platform::{WeightFormat, Zeros};
use crate::config::{LayerSettings, Measure, Setup};
use crate::units::{Seconds, Volts};

/// Knob path → value.
pub type Knobs = IndexMap<String, Value>;

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
    /// Told after every evaluation: how many are done, of how many.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
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
    let exact = (settings.setup)(&Knobs::new())?;
    let rivals = rival_knobs(knobs, &exact);
    let variants = knobs.iter().flat_map(|(knob, value)| [alone(knob, value), without(knobs, knob)]);
    let asked: Vec<Knobs> = [knobs.clone()]
        .into_iter()
        .chain(variants)
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
    let multiplier = effects.iter().find(|effect| has_rivals(&effect.knob)).map(|effect| &effect.alone);
    let rival = |((exact, _), outcome): (&(Exact, Knobs), Outcome)| Rival::of(exact, outcome, multiplier);
    let plain = plain_bits::better_codes(rivals.iter().zip(outcomes).map(rival).collect());
    Ok(report(settings, &exact, (reference, baseline, approximate), effects, plain))
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
    let done = AtomicUsize::new(0);
    let evaluate = |setup: &&Setup| {
        let outcome = evaluator.evaluate(setup, written(setup));
        (settings.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, distinct.len());
        outcome
    };
    // Collected before it is looked through, so that the first error does not depend on who was faster.
    let outcomes: Vec<Result<Outcome, RunError>> = distinct.par_iter().map(evaluate).collect();
    let outcomes: Vec<Outcome> = outcomes.into_iter().collect::<Result<_, _>>()?;
    let of = |setup: &Setup| {
        let at = distinct.iter().position(|known| *known == setup).expect("every setup was evaluated");
        let mut outcome = outcomes[at].clone();
        outcome.compare(&outcomes[0], settings.seed);
        outcome
    };
    Ok((outcomes[0].clone(), setups.iter().map(of).collect()))
}

fn alone(knob: &str, value: &Value) -> Knobs {
    Knobs::from([(knob.to_string(), value.clone())])
}

fn without(knobs: &Knobs, knob: &str) -> Knobs {
    let mut others = knobs.clone();
    others.shift_remove(knob);
    others
}

fn written(setup: &Setup) -> Value {
    serde_json::to_value(setup).expect("a setup is always writable")
}

/// Whether a knob is the multiplier of a layer, or those of some.
fn is_of_layers(knob: &str) -> bool {
    knob.strip_prefix(LAYERS).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether plain bits are the rival of a knob.
fn has_rivals(knob: &str) -> bool {
    [MULTIPLIER, FORMAT].contains(&knob)
}

/// Exact designs of 8 to 3 bits for all layers, re-quantised, where a multiplier is approximated or numbers have a format.
fn rival_knobs(knobs: &Knobs, baseline: &Setup) -> Vec<(Exact, Knobs)> {
    let own = |(name, own): (&String, &LayerSettings)| {
        let bits = [("weight_bits", own.weight_bits), ("activation_bits", own.activation_bits)];
        bits.into_iter()
            .filter(|(_, own)| own.is_some())
            .map(|(bits, _)| format!("layers.{name}.{bits}"))
            .collect()
    };
    let own: Vec<String> = baseline.workload.layers.iter().flat_map::<Vec<String>, _>(own).collect();
    let layered = knobs.keys().any(|knob| is_of_layers(knob));
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
    if layered || knobs.keys().any(|knob| has_rivals(knob)) { exact.map(of).collect() } else { vec![] }
}

fn report(
    settings: &Settings<'_>,
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
    let mut notes = notes(exact, &baseline, &approximate);
    notes.extend(split(&reference, &baseline));
    // Against a design of unknown cost nothing can be claimed.
    let comparable = |effect: &&KnobOutcome| effect.value != "exact" && effect.alone.unpriced_as().is_none();
    let multiplier = knobs.iter().find(|effect| has_rivals(&effect.knob)).filter(comparable);
    let equal_accuracy = multiplier.map(|effect| EqualAccuracy::of(&effect.value, &effect.alone, &rivals));
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

/// What is modelled of numbers in groups.
const GROUPS: &str = "Numbers in groups: codes are multiplied as they are, a unit has a lane a number of a group and shifts the sum \
    of its products once; what groups leave empty of its lanes holds zeros, and its registers are clocked. Scales are found on the \
    calibration samples and fold into what the next tensor is scaled by; units that razor are priced on random operands, an upper \
    bound, and a row of outputs is razored in a cycle. Sums are shifted back for operators that read reals at no cost.";

/// Whether the array of an outcome has a supply of its own.
fn off_nominal(outcome: &Outcome) -> bool {
    outcome.settings.pointer("/platform/compute/array/voltage").is_some_and(|supply| !supply.is_null())
}

/// What is lost where the clock is too fast, and how it was found.
fn late(outcome: &Outcome) -> Option<String> {
    let late = outcome.late.as_ref()?;
    Some(format!(
        "In the approximate configuration results come late. At {} a unit needs {} ({} with transistors of general threshold), a period of the clock is {}: results that come \
         later are lost. Every operation of every unit was evaluated in time, clock by clock, with results arriving on a \
         grid of {} steps a period; registers at rest begin an output or a row; a register does not hesitate. Energy is that \
         of stretches whose entering sums were in time.",
        Volts(late.supply_v),
        Seconds(late.delay_s),
        Seconds(late.slowest_s),
        Seconds(late.period_s),
        crate::platform::compute::array::STEPS,
    ))
}

/// How a file prices multiplications.
fn energies(outcome: &Outcome) -> Option<String> {
    let files = outcome.energy_tables();
    (!files.is_empty()).then(|| {
        format!(
            "Multiplications cost what {} says of each pair of codes, summed over every operand pair of the first samples \
             without a pass over them, whatever the operands before. Registers, accumulator and what else surrounds a \
             multiplier were replayed.",
            files.join(" and ")
        )
    })
}

/// What is modelled of zeros.
fn zeros(outcome: &Outcome) -> Vec<String> {
    let of = |which: fn(&WeightsOutcome) -> bool| {
        outcome.layers.iter().filter_map(|layer| layer.weights.as_ref()).any(which)
    };
    let skips = "Zero weights are skipped, which are known before a sample comes; zero activations are not. A row holds the activations of \
         a window in registers, each unit chooses among them by the index beside its weight, and all columns of a fold leave a \
         window together: it takes as many cycles as the column with most weights that are not zero. Registers and \
         multiplexers are priced with every input drawn anew for every operation, an upper bound, as a window stays for some; \
         what unpacks the weights and hands out indices is not priced, and their delay is taken to fit into a period.";
    let stored = "Weights that are kept with their places cost the traffic of both; the circuits that unpack them are not \
         priced, and faults of memories strike the weights that are kept, not their places.";
    let skips = of(|found| found.zeros == Zeros::Skip).then_some(skips);
    let stored = of(|found| found.format != WeightFormat::Dense).then_some(stored);
    skips.into_iter().chain(stored).map(String::from).collect()
}

/// What is modelled of binary layers.
fn binary(outcome: &Outcome) -> Option<String> {
    outcome.layers.iter().any(|layer| layer.binary.is_some()).then(|| {
        "Binary layers run on a grid of units of 64 signs of their own, as large as the array, which is gated off meanwhile. Their \
         activations are put away in their own bits and read as such, as magnitudes are needed for K; weights take a bit. Where \
         depth does not fill the last word its lanes are idle. Multipliers (16 by 16 bits, one a column) and adders for K (one a \
         row) are priced on random operands, an upper bound, and their delay is taken to fit into the cycles of the units. A \
         network that was not trained for it loses most of what it knows."
            .into()
    })
}

/// What is modelled of spikes.
fn spikes(outcome: &Outcome) -> Option<String> {
    let adds = outcome.layers.iter().any(|layer| layer.spikes.is_some());
    adds.then(|| {
        "Spikes are kept and read as the places of inputs; every output that one reaches fetches a weight of its own from the \
         buffer, and adds it in its neuron. Membranes are read, compared with their threshold and put away in every step, of an \
         addition each; what leaks from a membrane or resets it is part of that. The exact system keeps and compares membranes \
         for nothing, so what adding saves is understated; the figures of single layers have membranes on both sides. \
         Additions were replayed on the weights of outputs drawn at random, in the order of their spikes; an arbiter that hands \
         out spikes is not priced."
            .into()
    })
}

/// What recovery costs, and where its figures come from.
fn recovery(outcome: &Outcome) -> Option<String> {
    let chose =
        |layer: &LayerOutcome| layer.recovery.as_ref().is_some_and(|found| !found.measures.is_empty());
    let swaps = |layer: &LayerOutcome| {
        layer.recovery.as_ref().is_some_and(|found| found.measures.contains(&Measure::Swap))
    };
    let swapped = if outcome.layers.iter().any(swaps) {
        " A layer with swapped operands is computed as its transpose, weights on the way of activations and activations on that \
         of weights: with other cycles and traffic, and no other gates."
    } else {
        ""
    };
    outcome.layers.iter().any(chose).then(|| {
        "Recovery was chosen layer by layer on the calibration samples, with memories that do not err. Weights in other codes \
         are written once and switch what they switch. A factor and a constant per output channel become part of the scale \
         and the bias that every output has anyway, so they add neither energy nor area (with one scale for all weights a \
         factor is a multiplication of its own, by a multiplier a column and a factor of 16 bits, priced on random operands); \
         sums are rounded to whole numbers after them. \
         Errors of layers are against exact products of the weights before."
            .to_string()
            + swapped
    })
}

/// On which samples float model and hardware are scored, where they are not the same.
fn split(reference: &Reference, baseline: &Outcome) -> Option<String> {
    let (all, rest) = (reference.score.samples, baseline.score.samples);
    reference.with_calibration.then(|| {
        format!(
            "The data have no calibration set: the first {} samples calibrate and the other {rest} are scored; the float model, \
             which needs no calibration, is scored on all {all}.",
            all - rest
        )
    })
}

/// What the model itself approximates.
fn notes(exact: &Setup, baseline: &Outcome, approximate: &Outcome) -> Vec<String> {
    let pairs: u64 = baseline.layers.iter().map(|layer| layer.replayed_pairs).sum();
    let glitches = |outcome: &Outcome| {
        let factors = outcome.layers.iter().map(|layer| layer.glitch_factor);
        let least = factors.clone().fold(f64::INFINITY, f64::min);
        format!("{least:.2} to {:.2}", factors.fold(1.0, f64::max))
    };
    let mut notes = vec![
        format!(
            "Switching energy: {pairs} operand pairs of the first samples were replayed through the gates in the order \
             of the dataflow, event by event with inertial delays. By layer, glitches make it {} times the settled energy \
             in the exact array and {} times in the approximate one.",
            glitches(baseline),
            glitches(approximate)
        ),
        "Delays come from one working point per cell and are good to ±20 %; wires are a load per fan-out, the clock tree a \
         buffer for every ten registers, both with a band."
            .into(),
        "Biases, the sum of two tensors, operators on elements and rows between layers (softmax, normalisation, gates) and \
         what follows the last contraction are computed in single precision and cost nothing."
            .into(),
        "Main memory moves weights and frame once per sample; activations stay in the buffer, whatever its size.".into(),
        "Between layers and frames the array is gated off; a memory that must keep the weights is not.".into(),
    ];
    notes.extend(approximate.formats.as_ref().map(|_| GROUPS.into()));
    let layers = approximate.settings.pointer("/platform/compute/array/layers");
    if layers.and_then(Value::as_object).is_some_and(|layers| !layers.is_empty()) {
        notes.push(
            "A layer with a multiplier of its own runs on an array of its own, as large as the other: every array that some \
             layer runs on takes area, has its own fitted clock, and is gated off while another one computes."
                .into(),
        );
    }
    notes.extend(late(approximate));
    if [baseline, approximate].into_iter().any(off_nominal) {
        notes.push(
            "Supplies other than that of the cells' figures follow an alpha-power law fitted to simulated inverters of low \
             threshold; with general thresholds delays grow faster (21 % more at 0.7 V). Energy goes with the square of the \
             supply, whatever the slews."
                .into(),
        );
    }
    if approximate.exits.len() > 1 {
        notes.push(
            "A sample pays for the layers that lead to the exit that it takes and to those before that were not sure; energy, cycles \
             and latency are means over samples. How sure an exit is costs some additions and multiplications a class, as wide \
             as sums and on random operands; their time is not counted."
                .into(),
        );
    }
    if approximate.tuned_exit.is_some() {
        notes.push(
            "The threshold of exits was found on the calibration samples, with memories that do not err and samples as they are \
             in the file; where the network was trained on them, it is surer of them than of others."
                .into(),
        );
    }
    if approximate.experts.is_some() {
        notes.push(
            "Layers of an expert are computed, and paid for, for the samples alone that ask it, and each sample fetches the weights \
             of those that it asks, as if no other sample came before; energy, cycles and latency are means over samples. \
             Choosing experts and weighing what they say is computed in single precision and costs nothing."
                .into(),
        );
    }
    if !approximate.tokens.is_empty() {
        notes.push(
            "Tokens are left out without training. They are ranked by an adder as wide as a sum, on random operands; its time is \
             not counted, nor what finds those that go on where they lie in the buffer."
                .into(),
        );
    }
    notes.extend(energies(approximate));
    notes.extend(approximate.priced_as.as_ref().map(|design| {
        let what = "The multiplier is a product table, which has no gates: its";
        if approximate.unpriced_as().is_some() {
            format!(
                "{what} area, clock and energy are those of `{design}`, so a datapath saving cannot show."
            )
        } else {
            format!("{what} area, clock and leakage are those of `{design}`.")
        }
    }));
    notes.extend(recovery(approximate));
    notes.extend(zeros(approximate));
    notes.extend(spikes(approximate));
    notes.extend(binary(approximate));
    if matches!(exact.platform.sensor, crate::config::platform::Sensor::Cmos(_)) {
        notes.push("An image is captured as one full plane a channel, without a colour mosaic.".into());
    }
    notes
}

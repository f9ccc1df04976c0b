//! What the model itself approximates, in sentences.

use serde_json::Value;

use crate::config::Measure;
use crate::config::platform::{WeightFormat, Zeros};
use crate::run::outcome::{LayerOutcome, Outcome, Reference, WeightsOutcome};
use crate::units::{Seconds, Volts};

/// How good delays and wires are.
const DELAYS: &str = "Delays come from one working point per cell and are good to ±20 %; wires are a load per fan-out, the clock tree a \
    buffer for every ten registers, both with a band.";

/// What costs nothing.
const BESIDE: &str = "Biases, the sum of two tensors, operators on elements and rows between layers (softmax, normalisation, gates) and \
    what follows the last contraction are computed in single precision and cost nothing.";

/// What main memory moves.
const MAIN_MEMORY: &str = "Main memory moves weights and frame once per sample, the frame as large as the network reads it; activations stay in the buffer, \
     whatever its size.";

/// What is switched off.
const GATED: &str =
    "Between layers and frames the array is gated off; a memory that must keep the weights is not.";

/// Where layers have multipliers of their own.
const OWN_ARRAYS: &str = "A layer with a multiplier of its own runs on an array of its own, as large as the other: every array that some \
    layer runs on takes area, has its own fitted clock, and is gated off while another one computes.";

/// Where the supply is not that of the cells.
const SUPPLY: &str = "Supplies other than that of the cells' figures follow an alpha-power law fitted to simulated inverters of low \
    threshold; with general thresholds delays grow faster (21 % more at 0.7 V). Energy goes with the square of the \
    supply, whatever the slews.";

/// Where samples leave early.
const EXITS: &str = "A sample pays for the layers that lead to the exit that it takes and to those before that were not sure; energy, cycles \
    and latency are means over samples. How sure an exit is costs some additions and multiplications a class, as wide \
    as sums and on random operands, one after the other at the array's clock, for which layers wait.";

/// Where thresholds were found.
const TUNED: &str = "The threshold of exits was found on the calibration samples, with memories that do not err and samples as they are \
    in the file; where the network was trained on them, it is surer of them than of others.";

/// Where samples ask experts.
const EXPERTS: &str = "Layers of an expert are computed, and paid for, for the samples alone that ask it, and each sample fetches the weights \
    of those that it asks, as if no other sample came before; energy, cycles and latency are means over samples. \
    Choosing experts and weighing what they say is computed in single precision and costs nothing.";

/// Where tokens are left out.
const TOKENS: &str = "Tokens are left out without training. They are ranked by an adder as wide as a sum, on random operands, one addition \
    after the other, for which layers wait; what finds those that go on where they lie in the buffer costs nothing.";

/// What a sensor sees.
const COLOURS: &str = "An image is captured as one full plane a channel, without a loss to a colour mosaic; energy, time and bits that the sensor \
    sends count one value a pixel, as on a mosaic.";

/// What is modelled of numbers in groups.
const GROUPS: &str = "Numbers in groups: codes are multiplied as they are, a unit has a lane a number of a group and shifts the sum \
    of its products once; what groups leave empty of its lanes holds zeros, and its registers are clocked. Scales are found on the \
    calibration samples and fold into what the next tensor is scaled by; units that razor are priced on random operands, an upper \
    bound, and a row of outputs is razored in a cycle. Sums are shifted back for operators that read reals at no cost.";

/// Where layers run at the receiver.
const SPLIT: &str = "The receiver runs the layers after the one whose features are sent, on the same codes: the score is that of the \
    whole network, and energy, time and weights are those of the device alone. Features are read from the buffer once to be \
    sent, in the bits that they are put away in; scales are not sent.";

/// Whether the platform of an outcome has something.
fn has(outcome: &Outcome, what: &str) -> bool {
    let set = outcome.settings.pointer(&format!("/platform/{what}"));
    set.is_some_and(|set| !set.is_null())
}

/// Whether the array of an outcome has a supply of its own.
fn off_nominal(outcome: &Outcome) -> bool {
    has(outcome, "compute/array/voltage")
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

/// How many cells of memories fail.
fn failing(outcome: &Outcome) -> Option<String> {
    let shares: Vec<String> = outcome
        .failing_cells
        .iter()
        .map(|(memory, share)| format!("{share:.2e} of those of `{memory}`"))
        .collect();
    (!shares.is_empty()).then(|| {
        format!(
            "Cells that fail at the supply, or the refresh interval and temperature, of the approximate configuration: a share of {}.",
            shares.join(", ")
        )
    })
}

/// How a file prices multiplications.
fn energies(outcome: &Outcome) -> Option<String> {
    let files = outcome.energy_tables();
    (!files.is_empty()).then(|| {
        format!(
            "Multiplications cost what {} says of each pair of codes, summed over every operand pair of all scored samples, \
             from how often codes meet, whatever the operands before. Registers, accumulator and what else surrounds a \
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
        "Binary layers run on a grid of units of 64 signs of their own, as large as the array, which is gated off meanwhile. \
         Activations that they alone read are put away as signs, with the sum of magnitudes of each pixel beside for K, others as \
         codes; weights take a bit. A memory that errs strikes the codes of activations, of which signs and sums are then taken. \
         Where depth does not fill the last word its lanes are idle. Multipliers (16 by 16 bits, one a column) and adders for K \
         (one a row) are priced on random operands, an upper bound, and their delay is taken to fit into the cycles of the units. \
         A network that was not trained for it loses most of what it knows."
            .into()
    })
}

/// Zeros that arrays cannot tell from other codes.
fn inserted(outcome: &Outcome) -> Option<String> {
    let zeros = outcome.layers.iter().filter(|layer| layer.inserted_zeros > 0);
    let zeros: Vec<String> =
        zeros.map(|layer| format!("`{}` has {} of them", layer.name, layer.inserted_zeros)).collect();
    let any = has(outcome, "compute/array") && !zeros.is_empty();
    any.then(|| {
        format!(
            "Zeros that the network itself puts among the activations of a layer (between and around the pixels of a transposed \
             convolution, above, below, before and behind a volume, and by a node `Pad`) are steps of the array as any other \
             code, whatever `compute.array.padding` says: {} a sample.",
            zeros.join(", ")
        )
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
pub(super) fn split(reference: &Reference, baseline: &Outcome) -> Option<String> {
    let (all, rest) = (reference.score.samples, baseline.score.samples);
    reference.with_calibration.then(|| {
        format!(
            "The data have no calibration set: the first {} samples calibrate and the other {rest} are scored; the float model, \
             which needs no calibration, is scored on all {all}.",
            all - rest
        )
    })
}

/// What the model itself approximates in two outcomes, the first of them the baseline, in sentences.
pub fn notes(baseline: &Outcome, approximate: &Outcome) -> Vec<String> {
    let says = |holds: bool, text: &str| holds.then(|| text.to_string());
    let first = [
        Some(switching(baseline, approximate)),
        says(true, DELAYS),
        says(true, BESIDE),
        says(true, MAIN_MEMORY),
        says(true, GATED),
        says(approximate.formats.is_some(), GROUPS),
        says(has_own_arrays(approximate), OWN_ARRAYS),
        late(approximate),
        failing(approximate),
        says([baseline, approximate].into_iter().any(off_nominal), SUPPLY),
        says(approximate.exits.len() > 1, EXITS),
        says(approximate.tuned_exit.is_some(), TUNED),
        says(approximate.experts.is_some(), EXPERTS),
        says(!approximate.tokens.is_empty(), TOKENS),
        says(has(baseline, "link/serial/payload/layer"), SPLIT),
        energies(approximate),
        table(approximate),
        recovery(approximate),
    ];
    let last = [
        spikes(approximate),
        binary(approximate),
        inserted(approximate),
        says(has(baseline, "sensor/cmos"), COLOURS),
    ];
    first.into_iter().flatten().chain(zeros(approximate)).chain(last.into_iter().flatten()).collect()
}

/// How switching energy was found.
fn switching(baseline: &Outcome, approximate: &Outcome) -> String {
    let pairs: u64 = baseline.layers.iter().map(|layer| layer.replayed_pairs).sum();
    let glitches = |outcome: &Outcome| {
        let factors = outcome.layers.iter().map(|layer| layer.glitch_factor);
        let least = factors.clone().fold(f64::INFINITY, f64::min);
        format!("{least:.2} to {:.2}", factors.fold(1.0, f64::max))
    };
    format!(
        "Switching energy: {pairs} operand pairs of the first samples were replayed through the gates in the order \
         of the dataflow, event by event with inertial delays. By layer, glitches make it {} times the settled energy \
         in the exact array and {} times in the approximate one.",
        glitches(baseline),
        glitches(approximate)
    )
}

/// Whether layers have arrays of their own.
fn has_own_arrays(outcome: &Outcome) -> bool {
    let layers = outcome.settings.pointer("/platform/compute/array/layers");
    layers.and_then(Value::as_object).is_some_and(|layers| !layers.is_empty())
}

/// What stands in for the gates of a product table.
fn table(approximate: &Outcome) -> Option<String> {
    approximate.priced_as.as_ref().map(|design| {
        let what = "The multiplier is a product table, which has no gates: its";
        if approximate.unpriced_as().is_some() {
            format!(
                "{what} area, clock and energy are those of `{design}`, so a saving of its own cannot show."
            )
        } else {
            format!("{what} area, clock and leakage are those of `{design}`.")
        }
    })
}

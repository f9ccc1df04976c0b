//! What layers need beside the units of their arrays to go on with exact sums.

use super::bill::Mapped;
use super::exits::Tests;
use super::parts::Parts;
use super::recovery::LayerPlan;
use crate::config::platform::Zeros;
use crate::config::{Confidence, Measure};
use crate::ledger::Ledger;
use crate::platform::compute::array::{CodeRange, MacArray};
use crate::platform::compute::beside::Beside;
use crate::units::{Hertz, Joules, Seconds, SquareMicrometres};
use crate::workload::{KeptTokens, Weights};

/// Circuits beside an array and their work on a sample.
pub(super) struct Work {
    hardware: Beside,
    operations: f64,
    time: Seconds,
    /// How long layers wait for it.
    waited: Seconds,
}

impl Work {
    /// So many operations, while these layers run.
    fn of(hardware: Beside, operations: f64, layers: &[&Mapped]) -> Self {
        let time = layers.iter().map(|part| part.mean_time()).sum();
        Self::during(hardware, operations, time)
    }

    /// So many operations, while circuits leak for some time.
    pub(super) fn during(hardware: Beside, operations: f64, time: Seconds) -> Self {
        Self { hardware, operations, time, waited: Seconds::ZERO }
    }

    /// So many operations one after the other at a clock, for which layers wait; the circuits leak while these run too.
    fn between(hardware: Beside, operations: f64, layers: &[&Mapped], clock: Hertz) -> Self {
        let waited = hardware.duration(operations, clock);
        let work = Self::of(hardware, operations, layers);
        Self { time: work.time + waited, waited, ..work }
    }

    /// How long layers wait for it, per sample.
    pub(super) fn waited(&self) -> Seconds {
        self.waited
    }

    /// What the circuits are called.
    pub(super) fn name(&self) -> &str {
        self.hardware.name()
    }

    /// What a sample takes.
    pub(super) fn energy(&self) -> Joules {
        self.hardware.energy(self.operations, self.time)
    }

    /// Bills a sample.
    pub(super) fn bill(&self, ledger: &mut Ledger) {
        self.hardware.bill(ledger, "compute.array", self.operations, self.time);
    }

    /// Cell area of the circuits.
    pub(super) fn area(&self) -> SquareMicrometres {
        self.hardware.area()
    }
}

/// All circuits beside the arrays of a setup, whose network has these weights.
pub(super) fn beside(
    parts: &Parts<'_>,
    (mapped, weights): (&[Mapped], &[Weights]),
    plans: &[LayerPlan],
) -> Vec<Work> {
    let of_array = |array: &MacArray| {
        let runs_here =
            |part: &&Mapped| parts.array(part.layer.index).is_some_and(|other| std::ptr::eq(other, array));
        let own: Vec<&Mapped> = mapped.iter().filter(runs_here).collect();
        let is_scaled = |part: &&Mapped| {
            let at = part.layer.index;
            plans.get(at).is_some_and(|plan| is_scaled(&weights[at], plan))
        };
        let scaled: Vec<&Mapped> = own.iter().copied().filter(is_scaled).collect();
        let factors = factors(array, &scaled);
        raw_codes(parts, array, &own).into_iter().chain(factors).chain(skipping(array, &own))
    };
    parts.used().flat_map(of_array).collect()
}

/// What asks exits how sure they are: an adder and a multiplier, which work on logits as wide as a sum.
///
/// Of every class are made a maximum, a difference, its power of e (a multiplication by the binary logarithm of e, then a
/// shift) and a sum, which is compared with one over the threshold. An entropy also takes the product of difference and
/// power, and at the end a logarithm (a shift) and two products. Each operation waits for the one before it, and whatever
/// comes behind the exit for all of them.
pub(super) fn exit_tests(parts: &Parts<'_>, mapped: &[Mapped], tests: &Tests) -> Vec<Work> {
    let Some(array) = parts.used().next() else { return vec![] };
    let classes = tests.classes as f64;
    let [additions, multiplications] = match tests.confidence {
        Confidence::MaxSoftmax => [3.0 * classes + 1.0, classes],
        Confidence::Entropy => [4.0 * classes + 2.0, 2.0 * classes + 2.0],
    };
    let (bits, layers): (_, Vec<&Mapped>) = (sum_bits(array), mapped.iter().collect());
    let [adder, multiplier] = Beside::asking(bits, array.library());
    vec![
        Work::between(adder, tests.count * additions, &layers, array.clock()),
        Work::between(multiplier, tests.count * multiplications, &layers, array.clock()),
    ]
}

/// What ranks tokens that are left out: an adder, for each probability of attention that counts, and for each two tokens a
/// comparison; none where they are drawn.
pub(super) fn token_ranking(parts: &Parts<'_>, mapped: &[Mapped], kept: &[KeptTokens]) -> Option<Work> {
    let array = parts.used().next()?;
    let operations: usize = kept
        .iter()
        .filter(|kept| kept.scores > 0)
        .map(|kept| kept.scores + kept.tokens * (kept.tokens - 1) / 2)
        .sum();
    let layers: Vec<&Mapped> = mapped.iter().collect();
    let ranking = || Beside::ranking(sum_bits(array), array.library());
    (operations > 0).then(|| Work::between(ranking(), operations as f64, &layers, array.clock()))
}

/// What takes the zero point of raw weight codes from sums: an adder a row sums every activation code once, and an adder a
/// column takes that sum's multiple, a power of two, from every output.
///
/// What zero points of activations add is a constant of each output channel, at the borders of an image one of each place,
/// and part of its bias.
fn raw_codes(parts: &Parts<'_>, array: &MacArray, layers: &[&Mapped]) -> Vec<Work> {
    let bits = parts.setup.workload.quantize.weight_bits;
    let weights = CodeRange { bits, zero: 1 << (bits - 1), lowest: 0 };
    if !array.takes_raw_codes() || array.offset(weights) == weights.zero {
        return vec![];
    }
    let codes = |part: &&Mapped| {
        let gemm = part.layer.geometry.gemm();
        part.runs * (gemm.groups * gemm.positions * gemm.depth) as f64
    };
    let ([rows, columns], bits, library) = (array.shape(), sum_bits(array), array.library());
    vec![
        Work::of(Beside::summing(bits, rows, library), layers.iter().map(codes).sum(), layers),
        Work::of(Beside::adding(bits, columns, library), outputs(layers), layers),
    ]
}

/// What lets units skip zero weights: registers of a window of activations a row, and a multiplexer a unit that chooses one
/// by the index beside its weight.
fn skipping(array: &MacArray, layers: &[&Mapped]) -> Vec<Work> {
    if array.zeros() != Zeros::Skip {
        return vec![];
    }
    let ([rows, _], window, library) = (array.shape(), array.zero_window(), array.library());
    let bits = array.mac().port_width();
    let sum =
        |of: &dyn Fn(&Mapped) -> u64| layers.iter().map(|part| part.runs * of(part) as f64).sum::<f64>();
    let read = sum(&|part| part.mapping.input_reads);
    let operations = sum(&|part| array.operations(&part.layer.geometry, part.held.nonzeros.as_ref()));
    let choosing = Beside::choosing(bits, window, array.units(), library);
    vec![
        Work::of(Beside::holding(bits, rows * window, library), read, layers),
        Work::of(choosing, operations, layers),
    ]
}

/// Whether a layer's sums are multiplied by factors that are no part of a scale per output channel.
fn is_scaled(weights: &Weights, plan: &LayerPlan) -> bool {
    weights.share_a_scale() && plan.chosen.measures.contains(&Measure::Affine)
}

/// What multiplies every output of these layers: a multiplier a column.
fn factors(array: &MacArray, scaled: &[&Mapped]) -> Option<Work> {
    let hardware = || Beside::scaling(sum_bits(array), array.shape()[1], array.library());
    (!scaled.is_empty()).then(|| Work::of(hardware(), outputs(scaled), scaled))
}

/// Bits of a sum; networks sum in 32 bits, so a wider accumulator counts as one of 32.
pub(super) fn sum_bits(array: &MacArray) -> u32 {
    array.mac().accumulator_width().min(32)
}

fn outputs(layers: &[&Mapped]) -> f64 {
    layers.iter().map(|part| part.runs * part.layer.geometry.outputs_per_sample() as f64).sum()
}

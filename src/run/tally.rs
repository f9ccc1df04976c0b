//! What the scoring run counts while it runs: how often codes meet in each layer, on every sample that is scored.

use std::borrow::Cow;
use std::sync::Mutex;

use super::hardware::Hardware;
use super::mean_error::Sums;
use super::outcome::MeanError;
use super::probe::Seen;
use crate::config::platform::Padding;
use crate::kernel::{CODES, Counts, Histograms, Shifts};
use crate::platform::compute::array::{CodeRange, MacArray};
use crate::units::Joules;
use crate::workload::{
    Codes, Engine, Layer, Origin, Place, Quantized, Take, Use, WeightShifts, Weights, Wide,
};

/// An engine that behaves as another one and counts codes where a figure needs them.
pub(super) struct Tally<'a> {
    engine: &'a dyn Engine,
    hardware: &'a Hardware<'a>,
    quantized: &'a Quantized,
    /// Per layer; none where nothing is counted.
    met: Vec<Option<Mutex<Met>>>,
}

/// How often codes meet in a layer.
enum Met {
    /// Activations, where weights are those of the model.
    Activations(Box<Histograms>),
    /// Weights and activations, where every sample has weights of its own.
    Pairs(Vec<Counts>),
}

/// What a layer's codes came to on all samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tallied {
    /// Mean energy of a multiplication by the multiplier's energy table; none where there is none.
    multiplication: Option<Joules>,
    /// Mean error of the sums of each output channel; none where it was not counted.
    errors: Option<Vec<f64>>,
}

impl<'a> Tally<'a> {
    /// Runs on `engine`, of which the products are those of `hardware`, and counts in the layers of which nothing is known.
    pub(super) fn new(
        engine: &'a dyn Engine,
        hardware: &'a Hardware<'a>,
        quantized: &'a Quantized,
        known: &[Option<Seen>],
    ) -> Self {
        let met = |(layer, known): (&Layer, &Option<Seen>)| {
            let wanted = known.is_none() && is_counted(hardware, quantized, layer);
            wanted.then(|| Mutex::new(Met::none(layer)))
        };
        let met = quantized.layers().iter().zip(known).map(met).collect();
        Self { engine, hardware, quantized, met }
    }

    /// How many of the first layers need not be run for what is counted in them.
    pub(super) fn uncounted(&self) -> usize {
        self.met.iter().position(Option::is_some).unwrap_or(self.met.len())
    }

    /// What was counted.
    pub(super) fn finish(self) -> Vec<Tallied> {
        let Self { hardware, quantized, met, .. } = self;
        let met = met
            .into_iter()
            .map(|met| Some(met?.into_inner().expect("no layer panicked while it was counted")));
        let layers = quantized.layers().iter().zip(met);
        layers.map(|(layer, met)| Tallied::of(hardware, quantized, layer, met)).collect()
    }
}

/// Whether a figure of a layer needs its codes.
fn is_counted(hardware: &Hardware<'_>, quantized: &Quantized, layer: &Layer) -> bool {
    let errs = || {
        layer.weights == Origin::Stored && sums(hardware, quantized, layer).is_some_and(|sums| sums.differ())
    };
    multiplies(quantized, layer) && (priced(hardware, layer).is_some() || errs())
}

/// Whether a layer multiplies codes of bytes, one by one.
fn multiplies(quantized: &Quantized, layer: &Layer) -> bool {
    quantized.groups_of(layer.index).is_none() && !quantized.weights()[layer.index].are_signs()
}

/// The array of a layer whose multiplications a file prices.
fn priced<'a>(hardware: &Hardware<'a>, layer: &Layer) -> Option<&'a MacArray> {
    hardware.arrays.map(|arrays| arrays.of(layer.index)).filter(|array| array.is_priced_by_file())
}

/// The code that units multiply where a tap lies in the padding; none where they do not.
fn padding(hardware: &Hardware<'_>, layer: &Layer, zero: u8) -> Option<u8> {
    priced(hardware, layer).filter(|array| array.padding() != Padding::Skip).map(|_| zero)
}

fn sums<'a>(hardware: &'a Hardware<'_>, quantized: &Quantized, layer: &'a Layer) -> Option<Sums<'a>> {
    let zeros = [quantized.weights()[layer.index].zero_point, quantized.input_grid(layer.index).zero_point];
    Sums::of(hardware, layer, zeros)
}

impl Met {
    fn none(layer: &Layer) -> Self {
        match layer.weights {
            Origin::Stored => Self::Activations(Box::new(Histograms::new(&layer.geometry))),
            Origin::Computed => Self::Pairs(vec![[0; CODES]; CODES]),
        }
    }

    fn count(&mut self, layer: &Layer, input: &Codes, weights: &Weights, padding: Option<u8>) {
        match self {
            Self::Activations(histograms) => histograms.count(input.codes.data()),
            Self::Pairs(pairs) => {
                let samples = input.codes.data().chunks_exact(layer.geometry.inputs_per_sample());
                for (codes, weights) in samples.zip(weights.codes.chunks_exact(layer.geometry.weights())) {
                    let own = Histograms::of(&layer.geometry, codes).pairs(weights, padding);
                    let counts = pairs.as_flattened_mut().iter_mut().zip(own.as_flattened());
                    counts.for_each(|(all, own)| *all += own);
                }
            }
        }
    }

    /// How often each weight code meets each activation code.
    fn pairs(&self, weights: &Weights, padding: Option<u8>) -> Cow<'_, [Counts]> {
        match self {
            Self::Activations(histograms) => Cow::Owned(histograms.pairs(&weights.codes, padding)),
            Self::Pairs(pairs) => Cow::Borrowed(pairs),
        }
    }
}

impl Tallied {
    fn of(hardware: &Hardware<'_>, quantized: &Quantized, layer: &Layer, met: Option<Met>) -> Self {
        let weights = &quantized.weights()[layer.index];
        let multiplication = priced(hardware, layer).zip(met.as_ref()).and_then(|(array, met)| {
            let grid = quantized.input_grid(layer.index);
            let ranges = [(grid.bits, grid.zero_point), (weights.bits, weights.zero_point)];
            let offsets = ranges.map(|(bits, zero)| array.offset(CodeRange { bits, zero, lowest: 0 }));
            array.multiplication(&operands(
                &met.pairs(weights, padding(hardware, layer, grid.zero_point)),
                offsets,
                hardware.is_swapped(layer),
            ))
        });
        let sums = sums(hardware, quantized, layer).filter(|_| multiplies(quantized, layer));
        let errors = sums.and_then(|sums| match met {
            _ if !sums.differ() => Some(vec![0.0; layer.geometry.out_channels]),
            Some(Met::Activations(histograms)) => Some(sums.errors(&histograms, weights)),
            _ => None,
        });
        Self { multiplication, errors }
    }

    /// Adds what was counted on so many samples to what was seen of the layer, where that is not known already.
    pub(super) fn add_to(&self, seen: &mut Seen, samples: usize) {
        seen.multiplication = seen.multiplication.or(self.multiplication);
        let counted = self.errors.as_ref().map(|means| MeanError::of(means, seen.size, samples));
        seen.mean_error = seen.mean_error.or(counted);
    }
}

/// Pairs of codes as a unit takes them, each with how often: the activation before the weight unless they are swapped.
fn operands(pairs: &[Counts], [of_input, of_weights]: [u8; 2], swapped: bool) -> Vec<(i64, i64, u64)> {
    let operand = |code: usize, offset: u8| code as i64 - i64::from(offset);
    let pair = |(at, &count): (usize, &u64)| {
        let [activation, weight] = [operand(at % CODES, of_input), operand(at / CODES, of_weights)];
        if swapped { (weight, activation, count) } else { (activation, weight, count) }
    };
    pairs.as_flattened().iter().enumerate().filter(|(_, count)| **count > 0).map(pair).collect()
}

impl Tally<'_> {
    /// Counts what a layer multiplies, where that is wanted.
    fn count(&self, layer: &Layer, input: &Codes, weights: &Weights) {
        if let Some(met) = &self.met[layer.index] {
            let mut met = met.lock().expect("no layer panicked while it was counted");
            met.count(layer, input, weights, padding(self.hardware, layer, input.zero_point));
        }
    }
}

impl Engine for Tally<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        self.count(layer, input, weights);
        self.engine.contract(layer, input, weights)
    }

    fn contract_by_parts(&self, layer: &Layer, input: &Codes, weights: &Weights, take: Take<'_>) {
        self.count(layer, input, weights);
        self.engine.contract_by_parts(layer, input, weights, take);
    }

    fn contract_shifted(
        &self,
        layer: &Layer,
        input: &Codes,
        weights: &Weights,
        shifts: Shifts<'_>,
    ) -> Vec<i64> {
        self.engine.contract_shifted(layer, input, weights, shifts)
    }

    fn contract_wide(
        &self,
        layer: &Layer,
        input: &Wide,
        weights: &Weights,
        shifts: WeightShifts<'_>,
    ) -> Vec<i64> {
        self.engine.contract_wide(layer, input, weights, shifts)
    }

    fn grouped(&self, value: usize, used: &dyn Fn() -> Use) {
        self.engine.grouped(value, used);
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.engine.store(place, codes);
    }
}

//! What each layer saw: its operands are replayed through the gates, its sums compared with exact ones.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::events;
use super::hardware::{Hardware, offsets};
use super::mean_error::Sums;
use super::outcome::MeanError;
use super::probe_groups::{self, Read};
use super::signs;
use super::zeros::nonzeros;
use crate::config::platform::Padding;
use crate::kernel::{self, Histograms, Shifts};
use crate::platform::compute::array::MacArray;
use crate::platform::compute::groups::replay_groups;
use crate::platform::compute::stream::{Operands, Replay, replay_left};
use crate::platform::compute::units::Switched;
use crate::rng::Stream;
use crate::units::Joules;
use crate::workload::{Codes, Engine, Exact, Layer, Origin, Place, Use, WeightShifts, Weights, Wide};

/// The stream that draws the stretches of each layer.
pub(super) const PROBE: &str = "run.probe";
/// Samples whose operands are pooled at most: those of the first batch.
pub(super) const SAMPLES: usize = 8;

/// What was found in one layer.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub replay: Option<Replay>,
    /// Mean energy of a multiplication by the multiplier's energy table; none where there is none. Of all scored samples.
    pub multiplication: Option<Joules>,
    /// Root mean square of the exact sums.
    pub size: f64,
    pub relative_error: f64,
    pub bias: f64,
    /// Absent where no table holds the products. Of all scored samples unless weights are computed.
    pub mean_error: Option<MeanError>,
    /// What an addition switches; none where its activations are no spikes, or are multiplied.
    pub addition: Option<Switched>,
    /// What a word of signs switches; none where the layer is not binary.
    pub word: Option<Switched>,
    /// How the processor at hand formed and summed its products, in words.
    pub way: String,
}

/// An engine that behaves as another one on the same hardware and looks at every contraction.
pub(super) struct Probe<'a> {
    engine: &'a dyn Engine,
    hardware: Hardware<'a>,
    seed: u64,
    /// What is known of each layer, from a run that began alike or by now.
    seen: Mutex<Vec<Option<Seen>>>,
    /// What became of values whose codes have shifts, in an order in which sums over them are always the same.
    used: Mutex<BTreeMap<usize, Use>>,
}

impl Engine for Probe<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let sums = self.engine.contract(layer, input, weights);
        if self.knows(layer) {
            return sums;
        }
        // Where other codes stand in a weight's place, its own products are what is meant.
        let meant = self.hardware.plan(layer).and_then(|plan| plan.meant.as_ref()).unwrap_or(weights);
        let exact = Exact.contract(layer, input, meant);
        let size = root_mean_square(&exact);
        let (relative_error, bias) = errors(&sums, &exact, size);
        let mean_error = self.mean_error(layer, input, weights, size);
        let mut stream = Stream::new(self.seed, PROBE, layer.index as u64);
        let pairs = (input, weights, self.hardware.is_swapped(layer));
        let replay = self.hardware.arrays.filter(|_| !weights.are_signs()).map(|arrays| {
            let array = arrays.of(layer.index);
            pooled(array, layer, pairs, |operands| {
                replay_left(array, operands, nonzeros(array, layer, weights).as_ref(), &mut stream)
            })
        });
        let addition = self.added(layer, input, weights);
        let word = self.counted(layer, input, weights);
        let way = match (weights.are_signs(), addition) {
            (true, _) => "words of signs, counted".into(),
            (_, Some(_)) => "no products: weights are added where there are spikes".into(),
            _ => self.hardware.way_of(layer, input, weights),
        };
        let multiplication = None;
        self.note(
            layer,
            Seen { replay, multiplication, size, relative_error, bias, mean_error, addition, word, way },
        );
        sums
    }

    fn contract_shifted(
        &self,
        layer: &Layer,
        input: &Codes,
        weights: &Weights,
        shifts: Shifts<'_>,
    ) -> Vec<i64> {
        let sums = self.engine.contract_shifted(layer, input, weights, shifts);
        let exact = || Exact.contract_shifted(layer, input, weights, shifts);
        let zero = i64::from(input.zero_point);
        let activation = |at: usize| i64::from(input.codes.data()[at]) - zero;
        let samples = input.codes.shape()[0];
        self.look(layer, (&sums, &exact), &Read { activation: &activation, samples, weights, shifts });
        sums
    }

    fn contract_wide(
        &self,
        layer: &Layer,
        input: &Wide,
        weights: &Weights,
        shifts: WeightShifts<'_>,
    ) -> Vec<i64> {
        let sums = self.engine.contract_wide(layer, input, weights, shifts);
        let exact = || Exact.contract_wide(layer, input, weights, shifts);
        let activation = |at: usize| i64::from(input.codes.data()[at]);
        let samples = input.codes.shape()[0];
        let WeightShifts { size, shifts, steps } = shifts;
        let shifts = Shifts { size, input: &[], weights: shifts, steps };
        self.look(layer, (&sums, &exact), &Read { activation: &activation, samples, weights, shifts });
        sums
    }

    fn grouped(&self, value: usize, used: &dyn Fn() -> Use) {
        *self.used.lock().expect("nothing panics while the lock is held").entry(value).or_default() += used();
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.engine.store(place, codes);
    }
}

impl<'a> Probe<'a> {
    /// Runs on `engine`, of which the products are those of `hardware`, and looks at the layers of which nothing is known.
    pub(super) fn new(
        engine: &'a dyn Engine,
        hardware: Hardware<'a>,
        (seed, known): (u64, Vec<Option<Seen>>),
    ) -> Self {
        Self { engine, hardware, seed, seen: Mutex::new(known), used: Mutex::default() }
    }

    /// What was seen in each layer, and what became of values whose codes have shifts.
    pub(super) fn into_seen(self) -> (Vec<Seen>, BTreeMap<usize, Use>) {
        let seen = self.seen.into_inner().expect("no layer panicked while it was looked at");
        let seen = seen.into_iter().map(|seen| seen.expect("samples run through all layers"));
        (seen.collect(), self.used.into_inner().expect("nothing panics while the lock is held"))
    }

    fn knows(&self, layer: &Layer) -> bool {
        self.seen.lock().expect("no layer panicked while it was looked at")[layer.index].is_some()
    }

    fn note(&self, layer: &Layer, seen: Seen) {
        self.seen.lock().expect("no layer panicked while it was looked at")[layer.index] = Some(seen);
    }

    /// Notes what a layer of groups made of what it read.
    fn look(&self, layer: &Layer, (sums, exact): (&[i64], &dyn Fn() -> Vec<i64>), read: &Read<'_>) {
        if self.knows(layer) {
            return;
        }
        let reals = |sums: &[i64]| sums.iter().map(|&sum| sum as f64).collect::<Vec<_>>();
        let (found, exact) = (reals(sums), reals(&exact()));
        let (relative_error, bias) = errors(&found, &exact, root_mean_square(&exact));
        let mut stream = Stream::new(self.seed, PROBE, layer.index as u64);
        let replay = self.hardware.arrays.map(|arrays| {
            let array = arrays.of(layer.index);
            probe_groups::pooled(array, layer, read, |operands| replay_groups(array, operands, &mut stream))
        });
        let way = self.hardware.way(layer);
        self.note(layer, Seen { replay, relative_error, bias, way, ..Seen::default() });
    }

    /// Replays words of signs, where a layer is binary.
    fn counted(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Option<Switched> {
        let array = self.hardware.arrays?.signs().filter(|_| weights.are_signs())?;
        let mut stream = Stream::new(self.seed, "run.probe.signs", layer.index as u64);
        Some(signs::replay(array, layer, (input, weights), &mut stream))
    }

    /// Replays what neurons add, where they do: the weights of outputs drawn at random, in steps with a spike at least.
    fn added(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Option<Switched> {
        let neurons = self.hardware.arrays?.neurons()?;
        let (geometry, codes) = layer.contraction(input, weights);
        if !events::are_spikes(layer, input, weights) {
            return None;
        }
        let gemm = geometry.gemm();
        let inputs = geometry.inputs_per_sample();
        let rows = (0..codes.batch * gemm.groups * gemm.positions).map(|row| {
            let (sample, at) = (row / (gemm.groups * gemm.positions), row % (gemm.groups * gemm.positions));
            let place = (at / gemm.positions, at % gemm.positions);
            let sample = &codes.input[sample * inputs..][..inputs];
            (place.0, kernel::reaching(&geometry, sample, place, input.zero_point))
        });
        let rows: Vec<(usize, Vec<usize>)> = rows.filter(|(_, events)| !events.is_empty()).collect();
        let sequence = |stream: &mut Stream| {
            let Some((group, events)) = rows.get(stream.below(rows.len().max(1) as u64) as usize) else {
                return vec![];
            };
            let channel = group * gemm.outputs + stream.below(gemm.outputs as u64) as usize;
            let filter = geometry.filter(codes.weights, channel);
            events.iter().map(|k| i64::from(filter[*k]) - i64::from(weights.zero_point)).collect()
        };
        let mut stream = Stream::new(self.seed, "run.probe.added", layer.index as u64);
        Some(neurons.replay(sequence, &mut stream))
    }

    /// Mean error where every sample has weights of its own; elsewhere it is counted of all samples.
    fn mean_error(&self, layer: &Layer, input: &Codes, weights: &Weights, size: f64) -> Option<MeanError> {
        let sums = Sums::of(&self.hardware, layer, [weights.zero_point, input.zero_point])?;
        let (geometry, operands) = layer.contraction(input, weights);
        let erring = layer.weights == Origin::Computed && !weights.are_signs() && sums.differ();
        erring.then(|| {
            let means = sums.errors(&Histograms::of(&geometry, operands.input), weights);
            MeanError::of(&means, size, input.codes.shape()[0])
        })
    }
}

/// Root mean square of the exact sums.
fn root_mean_square<S: Copy + Into<f64>>(exact: &[S]) -> f64 {
    (exact.iter().map(|&sum| sum.into().powi(2)).sum::<f64>() / exact.len() as f64).sqrt()
}

/// Root mean square and mean of the difference over the root mean square of the exact sums.
fn errors<S: Copy + Into<f64>>(sums: &[S], exact: &[S], size: f64) -> (f64, f64) {
    if size == 0.0 {
        return (0.0, 0.0);
    }
    let differences = || sums.iter().zip(exact).map(|(sum, exact)| (*sum).into() - (*exact).into());
    let count = exact.len() as f64;
    let square = differences().map(|difference| difference * difference).sum::<f64>();
    ((square / count).sqrt() / size, differences().sum::<f64>() / count / size)
}

/// The operands of all pooled samples as one long contraction: sample after sample, products in the array's order, padding as
/// it treats it; transposed where they are swapped.
pub(super) fn pooled<T>(
    array: &MacArray,
    layer: &Layer,
    (input, weights, swapped): (&Codes, &Weights, bool),
    with: impl FnOnce(&Operands<'_>) -> T,
) -> T {
    let (geometry, codes) = layer.contraction(input, weights);
    let (gemm, samples) = (geometry.gemm(), codes.batch);
    let [of_input, of_weights] = offsets(array, input, weights);
    let operand = |code: u8, offset: u8| i64::from(code) - i64::from(offset);
    let nth_tap = |nth: usize| geometry.nth_tap(array.order(), nth);
    let activation = |group: usize, position: usize, nth: usize| {
        let (sample, at) = (position / gemm.positions, position % gemm.positions);
        let tap = geometry.tap(nth_tap(nth), at / geometry.out_width(), at % geometry.out_width());
        let start = sample * geometry.inputs_per_sample() + geometry.group_offset(group);
        match tap {
            Some(tap) => Some(operand(codes.input[start + tap], of_input)),
            None => (array.padding() != Padding::Skip).then(|| operand(input.zero_point, of_input)),
        }
    };
    let weight = |group: usize, output: usize, nth: usize| {
        let channel = group * gemm.outputs + output;
        operand(geometry.filter(codes.weights, channel)[nth_tap(nth)], of_weights)
    };
    let gemm = kernel::Gemm { positions: gemm.positions * samples, ..gemm };
    if swapped {
        let given = |group: usize, position: usize, nth: usize| Some(weight(group, position, nth));
        // Operands are swapped only where padding is dropped, which passes the unit.
        let stays =
            |group: usize, output: usize, nth: usize| activation(group, output, nth).unwrap_or_default();
        return with(&Operands { gemm: gemm.transposed(), activation: &given, weight: &stays });
    }
    with(&Operands { gemm, activation: &activation, weight: &weight })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::platform::{AccumulationOrder, Array, Dataflow, Zeros};
    use crate::kernel::Geometry;
    use crate::platform::compute::array::{Open, unit};
    use crate::tech::CellLibrary;
    use crate::tensor::Tensor;
    use crate::workload::Form;

    fn array(accumulation_order: AccumulationOrder) -> MacArray {
        let exact = Array::exact([4, 3], Dataflow::OutputStationary);
        let config = Array { accumulation_order, zeros: Zeros::Skip, ..exact };
        let unit = unit(&config, 8, Open::NONE.products).unwrap();
        MacArray::new(&config, unit, &CellLibrary::nangate45()).unwrap()
    }

    /// Two channels of six taps in each of two groups.
    const TAPS: [(AccumulationOrder, [usize; 12]); 2] = [
        (AccumulationOrder::ChannelsFirst, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (AccumulationOrder::ChannelsLast, [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11]),
    ];

    #[test]
    fn operands_and_zeros_follow_each_other_in_the_order_of_the_array() {
        let geometry = Geometry::UNEVEN;
        let count = |count: usize| (0..count).map(|at| 129 + at as u8).collect::<Vec<_>>();
        let layer = Layer {
            index: 0,
            name: "conv".into(),
            geometry,
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        };
        let codes =
            Tensor::new([1, geometry.inputs_per_sample()], count(geometry.inputs_per_sample())).unwrap();
        let input = Codes { codes, scale: 1.0, zero_point: 128, bits: 8 };
        // One of each filter's weights is zero.
        let mut weights = count(geometry.weights());
        weights.chunks_mut(12).for_each(|filter| filter[7] = 128);
        let weights = Weights { codes: weights, scales: vec![1.0; 6], zero_point: 128, bits: 8 };
        for (order, taps) in TAPS {
            let array = array(order);
            let width = geometry.out_width();
            pooled(&array, &layer, (&input, &weights, false), |operands| {
                for (nth, &k) in taps.iter().enumerate() {
                    for at in 0..geometry.positions() {
                        let pixel = geometry.tap(k, at / width, at % width);
                        let expected = pixel.map_or(0, |pixel| 1 + pixel + geometry.group_offset(1)) as i64;
                        assert_eq!((operands.activation)(1, at, nth), Some(expected), "{order:?}");
                    }
                    let expected = i64::from(geometry.filter(&weights.codes, 4)[k]) - 128;
                    assert_eq!((operands.weight)(1, 1, nth), expected, "{order:?}");
                }
            });
            // The zero alone is left out, where it comes in the order.
            let nonzeros = nonzeros(&array, &layer, &weights).unwrap();
            let zero = taps.iter().position(|&k| k == 7).unwrap();
            let left: Vec<usize> = (0..12).filter(|nth| *nth != zero).collect();
            assert!(nonzeros.depths().eq(left.iter().copied().cycle().take(6 * 11)), "{order:?}");
        }
    }
}

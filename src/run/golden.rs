//! One layer of a real run, product by product, for those who check an accelerator against it.

use std::ops::Range;

use super::error::RunError;
use super::tap::Contraction;
use crate::arith::mac::Mac;
use crate::config::platform::AccumulationOrder;
use crate::kernel::Products;
use crate::platform::compute::array::MacArray;
use crate::workload::Origin;

/// Samples whose input and output are kept: the first of the test set.
pub(super) const SAMPLES: usize = 1;
/// Output positions that are streamed at most.
const POSITIONS: usize = 64;

/// A layer as golden vectors.
pub struct Golden {
    /// What it took and gave.
    pub contraction: Contraction,
    /// The array that computed it.
    pub array: MacArray,
    /// What is taken from activation and weight codes before they enter a unit.
    pub offsets: [u8; 2],
    /// The output channel whose products are streamed.
    pub channel: usize,
    /// Which of the [`Golden::time_steps`] is streamed: the first one with an activation in the stream that is not zero, or else
    /// the first.
    pub time_step: usize,
    /// The outputs of that channel in that time step of the first sample that are streamed, row by row: of runs of 64, or of all
    /// where they are fewer, the first one that meets the most different activations. In an image those of the margin are mostly
    /// the same.
    pub positions: Range<usize>,
    /// Their products, in the order in which the array meets them.
    pub steps: Vec<Step>,
}

impl Golden {
    /// How often the layer ran for the sample, one after the other along the first axis of input and output.
    pub fn time_steps(&self) -> usize {
        self.contraction.output.shape()[0]
    }
}

/// One multiply-accumulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Channel, row and column of the output.
    pub output: [usize; 3],
    /// Whether it is the output's first, whose sum begins at 0.
    pub first: bool,
    /// Weight as the unit takes it: its code less its zero point, or raw.
    pub weight: i64,
    /// Activation as the unit takes it.
    pub activation: i64,
    /// What the multiplier makes of them.
    pub product: i64,
    /// The accumulator with this product.
    pub sum: i64,
}

/// What is streamed: of which time step, of which of its outputs, and their steps.
pub(super) type Streamed = (usize, Range<usize>, Vec<Step>);

/// What is streamed of a channel; each output's last sum is the one that the kernel found. `offsets` are taken from activation
/// and weight codes.
///
/// A state begins at zero and spikes are rare: while all activations are zero, any weights give the same sums.
///
/// # Errors
/// [`RunError::Stream`] where it is not, [`RunError::Channel`] where there is no such channel.
pub(super) fn steps(
    (contraction, channel): (&Contraction, usize),
    products: &Products,
    unit: (&Mac, AccumulationOrder),
    offsets: [u8; 2],
) -> Result<Streamed, RunError> {
    let geometry = &contraction.layer.geometry;
    if channel >= geometry.out_channels {
        let layer = contraction.layer.name.clone();
        return Err(RunError::Channel { layer, channel, channels: geometry.out_channels });
    }
    let of = |time_step: usize| {
        let positions = most_telling((contraction, time_step), channel);
        let steps = stream((contraction, time_step), (channel, positions.clone()), products, (unit, offsets));
        steps.map(|steps| (time_step, positions, steps))
    };
    let zero = i64::from(contraction.input.zero_point) - i64::from(offsets[0]);
    for time_step in 0..contraction.output.shape()[0] {
        let streamed = of(time_step)?;
        if streamed.2.iter().any(|step| step.activation != zero) {
            return Ok(streamed);
        }
    }
    of(0)
}

/// Of runs of outputs that begin rows, or where others end, the first one that meets the most different activation codes.
fn most_telling((contraction, time_step): (&Contraction, usize), channel: usize) -> Range<usize> {
    let geometry = &contraction.layer.geometry;
    let (positions, width) = (geometry.positions(), geometry.out_width());
    let (count, codes) = (positions.min(POSITIONS), activations((contraction, time_step), channel));
    let met = |position: usize| {
        let taps =
            (0..geometry.depth()).filter_map(move |k| geometry.tap(k, position / width, position % width));
        taps.map(|at| codes[at])
    };
    let starts = (0..positions - count).step_by(width.min(count)).chain([positions - count]);
    let runs = starts.map(|start| start..start + count);
    let different = |run: &Range<usize>| {
        let mut all = [false; 256];
        run.clone().flat_map(met).for_each(|code| all[usize::from(code)] = true);
        all.iter().filter(|met| **met).count()
    };
    // The first of equals.
    runs.rev().max_by_key(different).expect("a run at least")
}

/// The codes of a time step from the first one that a channel reads on.
fn activations((contraction, time_step): (&Contraction, usize), channel: usize) -> &[u8] {
    let geometry = &contraction.layer.geometry;
    let group = channel / (geometry.out_channels / geometry.groups);
    &contraction.input.codes.data()[time_step * geometry.inputs_per_sample() + geometry.group_offset(group)..]
}

/// The steps of some outputs of a channel in one time step of a sample.
fn stream(
    (contraction, time_step): (&Contraction, usize),
    (channel, positions): (usize, Range<usize>),
    products: &Products,
    unit: ((&Mac, AccumulationOrder), [u8; 2]),
) -> Result<Vec<Step>, RunError> {
    let geometry = &contraction.layer.geometry;
    let start = (time_step * geometry.out_channels + channel) * geometry.positions();
    let mut steps = vec![];
    for position in positions {
        let output = [channel, position / geometry.out_width(), position % geometry.out_width()];
        let along = along((contraction, time_step), products, unit, output);
        let streamed = along.last().map_or(0, |step| step.sum);
        let stored = contraction.output.data()[start + position];
        if streamed != i64::from(stored) {
            return Err(RunError::Stream { layer: contraction.layer.name.clone(), output, streamed, stored });
        }
        steps.extend(along);
    }
    Ok(steps)
}

/// The steps of one output in one time step of a sample, without taps in the padding.
fn along(
    (contraction, time_step): (&Contraction, usize),
    products: &Products,
    ((mac, order), offsets): ((&Mac, AccumulationOrder), [u8; 2]),
    output: [usize; 3],
) -> Vec<Step> {
    let Contraction { layer, weights, .. } = contraction;
    let [channel, row, column] = output;
    let codes = activations((contraction, time_step), channel);
    // What is computed is the time step's own.
    let own = if layer.weights == Origin::Computed { time_step * layer.geometry.weights() } else { 0 };
    let filter = layer.geometry.filter(&weights.codes[own..], channel);
    let operand = |code: u8, offset: u8| i64::from(code) - i64::from(offset);
    let (mut sum, mut first) = (0, true);
    let step = |k: usize| {
        let (weight, activation) = (filter[k], codes[layer.geometry.tap(k, row, column)?]);
        let product = products.get(weight, activation).into();
        sum = mac.accumulate(sum, product);
        let [weight, activation] = [operand(weight, offsets[1]), operand(activation, offsets[0])];
        Some(Step { output, first: std::mem::take(&mut first), weight, activation, product, sum })
    };
    layer.geometry.taps(order).filter_map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Geometry, convolve};
    use crate::tensor::Tensor;
    use crate::workload::{Codes, Form, Layer, Weights, operands};

    fn mac() -> Mac {
        Mac::from_id("mac8s_bw").unwrap()
    }

    /// A 3×3 convolution with padding of two channels on 4×3 pixels, in groups, as the kernel computes it.
    fn contraction(groups: usize) -> (Contraction, Products) {
        let geometry = Geometry {
            groups,
            in_channels: 2,
            in_height: 4,
            in_width: 3,
            out_channels: 2,
            kernel: [3, 3],
            stride: [1, 1],
            pads: [1; 4],
            dilation: [1, 1],
        };
        let codes = |count: u8, by: u8| (0..count).map(|at| at.wrapping_mul(by)).collect::<Vec<u8>>();
        let input = Tensor::new([1, 2, 4, 3], codes(24, 37)).unwrap();
        let input = Codes { codes: input, scale: 1.0, zero_point: 128, bits: 8 };
        let weights =
            Weights { codes: codes(36 / groups as u8, 91), scales: vec![1.0; 2], zero_point: 128, bits: 8 };
        let products = Products::exact(128, 128);
        let output = convolve(&geometry, operands(&input, &weights), &products);
        let output = Tensor::new([1, 2, 4, 3], output).unwrap();
        let layer = Layer {
            index: 0,
            name: "conv".into(),
            geometry,
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        };
        (Contraction { layer, input, weights, output, swapped: false, corrections: vec![] }, products)
    }

    fn unit(mac: &Mac) -> (&Mac, AccumulationOrder) {
        (mac, AccumulationOrder::ChannelsLast)
    }

    #[test]
    fn padding_is_skipped_and_every_output_begins_once() {
        let ((contraction, products), mac) = (contraction(1), mac());
        let (_, _, found) = steps((&contraction, 0), &products, unit(&mac), [128; 2]).unwrap();
        // Of 12 positions with 9 taps each, 4 corners read 4 pixels, 6 edges 6, and 2 inside all, in 2 channels.
        assert_eq!(found.len(), 2 * (4 * 4 + 6 * 6 + 2 * 9));
        assert_eq!(found.iter().filter(|step| step.first).count(), 12);
        assert!(found.iter().all(|step| step.product == step.weight * step.activation));
    }

    #[test]
    fn a_channel_of_another_group_takes_the_activations_of_that_group() {
        let (contraction, products) = contraction(2);
        let (_, _, found) = steps((&contraction, 1), &products, unit(&mac()), [128; 2]).unwrap();
        // Output (1, 0, 0) reads from the second of two channels of 12 pixels, with the second of two filters of 9 weights.
        let taps = [(4, 0), (5, 1), (7, 3), (8, 4)];
        let centred = |code: usize, by: usize| (code * by % 256) as i64 - 128;
        let expected = taps.map(|(tap, pixel)| [centred(9 + tap, 91), centred(12 + pixel, 37)]);
        let first: Vec<_> = found[..4].iter().map(|step| [step.weight, step.activation]).collect();
        assert_eq!(first, expected);
        assert!(found[..4].iter().all(|step| step.output == [1, 0, 0]) && found[4].first);
    }

    #[test]
    fn the_first_time_step_that_is_not_silent_is_streamed_with_its_own_weights() {
        for weights in [Origin::Stored, Origin::Computed] {
            let ((alone, products), mac) = (contraction(2), mac());
            let mut later = alone.clone();
            later.layer.weights = weights;
            let codes = [&[128; 48][..], alone.input.codes.data()].concat();
            let sums = [&[0; 48][..], alone.output.data()].concat();
            later.input.codes = Tensor::new([3, 2, 4, 3], codes).unwrap();
            later.output = Tensor::new([3, 2, 4, 3], sums).unwrap();
            if weights == Origin::Computed {
                let others: Vec<u8> = alone.weights.codes.iter().rev().copied().collect();
                later.weights.codes = [&others[..], &others, &alone.weights.codes].concat();
            }
            for channel in 0..2 {
                let of =
                    |contraction| steps((contraction, channel), &products, unit(&mac), [128; 2]).unwrap();
                let (time_step, positions, expected) = of(&alone);
                assert_eq!((time_step, &positions), (0, &(0..12)));
                assert_eq!(of(&later), (2, positions, expected));
            }
            // Silence alone is streamed too.
            later.input.codes.data_mut().fill(128);
            later.output.data_mut().fill(0);
            let (time_step, _, found) = steps((&later, 1), &products, unit(&mac), [128; 2]).unwrap();
            assert!(time_step == 0 && found.iter().all(|step| step.activation == 0 && step.sum == 0));
        }
    }

    #[test]
    fn outputs_whose_activations_differ_most_are_streamed() {
        let (plain, products) = contraction(2);
        let geometry = Geometry { in_height: 30, in_width: 20, ..plain.layer.geometry };
        let positions = geometry.positions();
        let of = |codes: Vec<u8>| {
            let input = Codes { codes: Tensor::new([1, 2, 30, 20], codes).unwrap(), ..plain.input.clone() };
            let output = convolve(&geometry, operands(&input, &plain.weights), &products);
            let output = Tensor::new([1, 2, 30, 20], output).unwrap();
            let layer = Layer { geometry, ..plain.layer.clone() };
            let whole = Contraction { layer, input, output, ..plain.clone() };
            let (_, run, found) = steps((&whole, 1), &products, unit(&mac()), [128; 2]).unwrap();
            let outputs = found.iter().filter(|step| step.first).map(|step| step.output);
            let expected = run.clone().map(|at| [1, at / 20, at % 20]);
            assert_eq!(outputs.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
            run
        };
        // Alike but for an edge of the image in the second channel, which the first group does not read.
        let mut codes = vec![131; 2 * positions];
        assert_eq!(of(codes.clone()), 0..64);
        (0..100).for_each(|at| codes[at] = at as u8);
        assert_eq!(of(codes.clone()), 0..64);
        (0..100).for_each(|at| codes[positions + 300 + at] = at as u8);
        // Rows 15 to 20 of pixels.
        assert_eq!(of(codes.clone()), 320..384);
        (0..100).for_each(|at| codes[positions + 500 + at] = 100 + at as u8);
        assert_eq!(of(codes), 320..384);
    }

    #[test]
    fn a_channel_that_is_not_there_is_answered_with_how_many_are() {
        let (contraction, products) = contraction(1);
        let error = steps((&contraction, 2), &products, unit(&mac()), [128; 2]).unwrap_err().to_string();
        assert_eq!(
            error,
            "layer `conv` has 2 output channels, 0 to 1, and golden vectors of channel 2 were asked for"
        );
    }

    #[test]
    fn a_stream_that_ends_elsewhere_than_the_output_is_refused() {
        let ((mut contraction, products), mac) = (contraction(1), mac());
        contraction.output.data_mut()[4] += 1;
        let error = steps((&contraction, 0), &products, unit(&mac), [128; 2]).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("layer `conv`: the products of output [0, 1, 1] sum to "), "{error}");
    }
}

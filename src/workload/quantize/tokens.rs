//! Codes of which each token, the channels at one place of a sample, has a scale of its own, found when it is there.

use super::Quantized;
use super::read::Read;
use crate::config::{IntScale, NumberFormat};
use crate::kernel::Geometry;
use crate::razor::{Blocks, Step};
use crate::workload::Codes;
use crate::workload::format::exchanged;

/// Bits of a scale in memory.
const SCALE: u32 = 16;

/// A tensor whose numbers lie [.., channels, plane].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TokenLayout {
    bits: u32,
    channels: usize,
    plane: usize,
}

/// Codes and the scale of each token [samples, plane].
pub(super) struct Tokens {
    pub codes: Codes,
    pub scales: Vec<f32>,
    layout: TokenLayout,
}

/// What scaling the tokens of a tensor takes at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaledTokens {
    /// The value of the network.
    pub value: usize,
    /// Layers that read it.
    pub layers: Vec<usize>,
    /// Tokens of a sample.
    pub tokens: usize,
    /// Numbers of a token.
    pub channels: usize,
}

impl TokenLayout {
    /// That of the activations of a layer; none where they are written in another way.
    pub(super) fn of(format: NumberFormat, geometry: &Geometry) -> Option<Self> {
        let NumberFormat::Int { bits, scale: IntScale::Token, .. } = format else { return None };
        let plane = geometry.in_height * geometry.in_width;
        Some(Self { bits, channels: geometry.in_channels, plane })
    }

    /// Bits that a number takes in memory with its share of the scale.
    pub(super) fn effective_bits(&self) -> f64 {
        f64::from(self.bits) + f64::from(SCALE) / self.channels as f64
    }

    /// Codes above a zero point of 2^(bits − 1) in the order of the numbers, and scales; what is not a number is 0.
    pub(super) fn code(&self, numbers: &[f32]) -> (Vec<u8>, Vec<f32>) {
        let finite: Vec<f32> =
            numbers.iter().map(|number| if number.is_finite() { *number } else { 0.0 }).collect();
        let rows = exchanged(&finite, self.channels, self.plane);
        let blocks = Blocks::new(self.bits, self.channels, Step::Real).expect("figures that are checked");
        let found = blocks.quantize(&rows, self.channels).expect("whole rows of finite numbers");
        let zero = 1u8 << (self.bits - 1);
        let codes: Vec<u8> = found.codes.iter().map(|code| zero.wrapping_add_signed(*code)).collect();
        (exchanged(&codes, self.plane, self.channels), found.steps)
    }

    pub(super) fn tokens(self, codes: Codes, scales: Vec<f32>) -> Tokens {
        Tokens { codes, scales, layout: self }
    }
}

impl Tokens {
    /// Some elements from one on.
    pub(super) fn fill(&self, from: usize, out: &mut [f32]) {
        let (zero, codes) = (f32::from(self.codes.zero_point), self.codes.codes.data());
        for (at, value) in (from..).zip(out) {
            *value = (f32::from(codes[at]) - zero) * self.scale(at);
        }
    }

    /// The scale of an element.
    fn scale(&self, at: usize) -> f32 {
        let TokenLayout { channels, plane, .. } = self.layout;
        self.scales[at / (channels * plane) * plane + at % plane]
    }

    /// The scale of each place at which a layer that reads a token at a time puts an output, sample after sample; padding is 0
    /// whatever its scale.
    pub(super) fn of_outputs(&self, geometry: &Geometry) -> Vec<f32> {
        let plane = self.layout.plane;
        let scale = |sample: &[f32], place: usize| {
            let (row, column) = (place / geometry.out_width(), place % geometry.out_width());
            geometry.tap(0, row, column).map_or(0.0, |at| sample[at % plane])
        };
        let samples = self.scales.chunks_exact(plane);
        samples.flat_map(|sample| (0..geometry.positions()).map(move |place| scale(sample, place))).collect()
    }
}

impl Quantized {
    /// Tensors whose tokens are scaled at run time, each once however many layers read it.
    pub fn scaled_tokens(&self) -> Vec<ScaledTokens> {
        let scaled = |Read { value, way, layers }: Read<TokenLayout>| {
            let tokens = self.network.size(value) / way.channels;
            ScaledTokens { value, layers, tokens, channels: way.channels }
        };
        self.tensors(|value| self.tokens[value]).into_iter().map(scaled).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{IntScale, NumberFormats, Quantize, Rotation};
    use crate::rng::uniform_at;
    use crate::tensor::Tensor;
    use crate::workload::op::{Contraction, Op};
    use crate::workload::tests::network;
    use crate::workload::{Exact, Form, Format, Formats, Formatted, Network, Scheme};

    const CHANNELS: usize = 12;
    const ROWS: usize = 5;
    const OUTPUTS: usize = 7;

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        (0..count).map(|at| uniform_at(seed, at as u64) as f32 - 0.4).collect()
    }

    fn rows(outputs: usize) -> Contraction {
        let geometry = Geometry { in_height: ROWS, ..Geometry::dense(CHANNELS, outputs) };
        Contraction {
            geometry,
            weights: numbers(geometry.weights(), 3),
            bias: numbers(outputs, 4),
            scales: None,
            form: Form::Image,
        }
    }

    /// Tokens of which each is ten times as large as the one before.
    fn samples() -> Tensor<f32> {
        let mut values = numbers(2 * CHANNELS * ROWS, 11);
        values.iter_mut().enumerate().for_each(|(at, value)| *value *= 10f32.powi((at % ROWS) as i32 - 2));
        Tensor::new([2, CHANNELS, ROWS, 1], values).unwrap()
    }

    fn one() -> Network {
        let shapes = vec![vec![CHANNELS, ROWS, 1], vec![OUTPUTS, ROWS, 1]];
        network(vec![(Op::Contract(rows(OUTPUTS)), vec![0])], shapes)
    }

    fn settings(weights: NumberFormat, bits: u32) -> Quantize {
        let activations = NumberFormat::Int { bits, group: None, scale: IntScale::Token };
        let format = NumberFormats { weights, activations, kv: NumberFormat::Plain };
        Quantize { format, ..Quantize::default() }
    }

    fn calibrated(network: &Network, settings: &Quantize) -> Quantized {
        Quantized::calibrate(network, settings, Scheme::Symmetric, &samples()).unwrap()
    }

    /// The nearest number of 8 bits of mantissa.
    fn short(number: f64) -> f64 {
        let step = number.log2().floor().exp2() / 128.0;
        (number / step).round_ties_even() * step
    }

    /// Codes, scales and sums by loops over whole matrices in double precision.
    #[test]
    fn each_token_has_the_scale_of_its_largest_number() {
        let (batch, own) = (samples(), rows(OUTPUTS));
        let found = calibrated(&one(), &settings(NumberFormat::int(6), 4)).run(&Exact, &batch, 0).unwrap();
        for sample in 0..2 {
            for row in 0..ROWS {
                let x = |channel: usize| f64::from(batch.data()[(sample * CHANNELS + channel) * ROWS + row]);
                let largest = (0..CHANNELS).map(|channel| x(channel).abs()).fold(0.0, f64::max);
                let step = short(largest / 7.0);
                for output in 0..OUTPUTS {
                    let filter = &own.weights[output * CHANNELS..][..CHANNELS];
                    let w_step = filter.iter().fold(0f32, |a, w| a.max(w.abs())) / 31.0;
                    let product = |channel: usize| {
                        let w = f64::from(filter[channel] / w_step).round_ties_even();
                        w * (x(channel) / step).round_ties_even().clamp(-7.0, 7.0)
                    };
                    let sum: f64 = (0..CHANNELS).map(product).sum();
                    let expected = sum * step * f64::from(w_step) + f64::from(own.bias[output]);
                    let found = f64::from(found[0].data()[(sample * OUTPUTS + output) * ROWS + row]);
                    assert!(
                        (found - expected).abs() < 1e-5 * largest + 1e-6,
                        "{sample} {row} {output}: {found} {expected}"
                    );
                }
            }
        }
    }

    /// Beside plain and razored weights, rotated or not. Steps of filters that are bfloat16 are off by up to a 512th, which turns
    /// some codes of 6 bits to the next; razored weights are the same in both.
    #[test]
    fn an_array_answers_as_tokens_that_are_written_and_read_again() {
        let (network, batch) = (one(), samples());
        let whole = Format::Whole(Blocks::new(6, 1, Step::Real).unwrap());
        let razor = NumberFormat::Razor {
            basis: 8,
            bits: 4,
            group: 4,
            rounding: crate::config::RazorRounding::NearestEven,
            code: crate::config::RazorCode::SignMagnitude,
        };
        let razored = Format::Razor(crate::razor::Razor::new(8, 4, 4).unwrap());
        let tokens = Format::Blocks(Blocks::new(4, CHANNELS, Step::Real).unwrap());
        for rotated in [false, true] {
            for (weights, written, most) in [(NumberFormat::int(6), whole, 5e-2), (razor, razored, 1e-5)] {
                let rotation = if rotated { Rotation::Hadamard } else { Rotation::None };
                let quantized = calibrated(&network, &Quantize { rotation, ..settings(weights, 4) });
                let found = quantized.run(&Exact, &batch, 0).unwrap().remove(0);
                let formats = Formats { rotated, ..Formats::new(written, tokens, Format::Real) };
                let again = Formatted::new(&network, formats).unwrap().run(&batch).unwrap().outputs.remove(0);
                let size = |row: usize| {
                    batch.data().iter().skip(row).step_by(ROWS).fold(0f32, |a, x| a.max(x.abs()))
                };
                for (at, (a, b)) in found.data().iter().zip(again.data()).enumerate() {
                    assert!(
                        (a - b).abs() < most * size(at % ROWS) + 1e-5,
                        "{rotated} {weights:?} {at}: {a} {b}"
                    );
                }
            }
        }
    }

    /// What else reads such a tensor reads what its codes stand for; nothing but memory is said to take more.
    #[test]
    fn scales_take_bits_and_what_they_scale_is_counted() {
        let shape = || vec![CHANNELS, ROWS, 1];
        let ops = vec![
            (Op::Contract(rows(CHANNELS)), vec![0]),
            (Op::Add, vec![0, 1]),
            (Op::Contract(rows(OUTPUTS)), vec![2]),
        ];
        let network = network(ops, vec![shape(), shape(), shape(), vec![OUTPUTS, ROWS, 1]]);
        let quantized = calibrated(&network, &settings(NumberFormat::int(8), 8));
        let float = network.run(&samples()).unwrap().remove(0);
        let found = quantized.run(&Exact, &samples(), 0).unwrap().remove(0);
        let largest = float.data().iter().fold(0f32, |a, x| a.max(x.abs()));
        let apart = found.data().iter().zip(float.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 0.03 * largest, "{apart} of {largest}");
        let bits = 8.0 + 16.0 / CHANNELS as f64;
        assert_eq!([quantized.input_bits(0), quantized.sample_bits().unwrap()], [bits; 2]);
        let scaled = quantized.scaled_tokens();
        let told =
            |at: usize| (scaled[at].value, &scaled[at].layers[..], scaled[at].tokens, scaled[at].channels);
        assert_eq!(
            (scaled.len(), told(0), told(1)),
            (2, (0, &[0][..], ROWS, CHANNELS), (2, &[1][..], ROWS, CHANNELS))
        );
    }

    #[test]
    fn windows_of_several_tokens_are_refused_and_zeros_and_no_numbers_are_zero() {
        let geometry =
            Geometry { kernel: [3, 1], pads: [1, 0, 1, 0], in_height: ROWS, ..Geometry::dense(CHANNELS, 2) };
        let own = Contraction {
            geometry,
            weights: numbers(geometry.weights(), 3),
            bias: vec![0.0; 2],
            scales: None,
            form: Form::Image,
        };
        let network =
            network(vec![(Op::Contract(own), vec![0])], vec![vec![CHANNELS, ROWS, 1], vec![2, ROWS, 1]]);
        let settings = settings(NumberFormat::int(4), 4);
        let error = Quantized::calibrate(&network, &settings, Scheme::Symmetric, &samples()).unwrap_err();
        assert!(error.to_string().contains("`node0` sums over windows of 3×1 places"), "{error}");
        let layout = TokenLayout { bits: 4, channels: 2, plane: 2 };
        assert_eq!(layout.code(&[0.0, f32::NAN, 0.0, 7.0]), (vec![8, 8, 8, 15], vec![0.0, 1.0]));
    }
}

//! The operators: per-sample functions on real values; contractions are run by float code or an engine.

use crate::kernel::Geometry;

/// A pooling window on [channels, height, width].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    /// Kernel, stride, padding and image as those of a depthwise convolution.
    pub geometry: Geometry,
    /// Whether padding counts in an average.
    pub count_padding: bool,
}

/// A convolution or dense layer with its weights [O, C / groups, rows, columns] and a bias per output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Contraction {
    pub geometry: Geometry,
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    Contract(Contraction),
    Clip(f32, f32),
    Add,
    /// A factor and then a constant per channel; the third field is the elements of a channel.
    Affine(Vec<f32>, Vec<f32>, usize),
    /// Where each element comes from; elsewhere the value.
    Arrange(Vec<Option<u32>>, f32),
    MaxPool(Window),
    AveragePool(Window),
    /// The same elements under another shape.
    Reshape,
    Softmax,
}

impl Op {
    /// The first weight, bias, factor or constant that is no finite number: what, its place among its like, its value.
    pub(super) fn not_finite(&self) -> Option<(&'static str, usize, f32)> {
        let first = |what, values: &[f32]| {
            let at = values.iter().position(|value| !value.is_finite())?;
            Some((what, at, values[at]))
        };
        match self {
            Op::Contract(of) => first("weight", &of.weights).or_else(|| first("bias", &of.bias)),
            Op::Affine(factors, constants, _) => first("the factor of channel", factors)
                .or_else(|| first("the constant of channel", constants)),
            _ => None,
        }
    }

    /// Applies any operator but a contraction to one sample.
    ///
    /// `inputs` holds one slice per operand.
    pub(super) fn apply(&self, inputs: &[&[f32]]) -> Vec<f32> {
        let x = inputs[0];
        match self {
            Op::Contract(_) => unreachable!("contractions are run by the float code or an engine"),
            Op::Clip(low, high) => x.iter().map(|v| v.clamp(*low, *high)).collect(),
            Op::Add => x.iter().zip(inputs[1]).map(|(a, b)| a + b).collect(),
            Op::Affine(factors, constants, span) => {
                let channel = |(at, v): (usize, &f32)| v * factors[at / span] + constants[at / span];
                x.iter().enumerate().map(channel).collect()
            }
            Op::Arrange(from, fill) => from.iter().map(|at| at.map_or(*fill, |at| x[at as usize])).collect(),
            Op::MaxPool(window) => pool(window, x, f32::NEG_INFINITY, f32::max, |sum, _| sum),
            Op::AveragePool(window) => {
                let taps = window.geometry.kernel[0] * window.geometry.kernel[1];
                let divisor = |seen: usize| if window.count_padding { taps } else { seen };
                pool(window, x, 0.0, |a, b| a + b, |sum, seen| sum / divisor(seen) as f32)
            }
            Op::Reshape => x.to_vec(),
            Op::Softmax => softmax(x),
        }
    }
}

fn pool(
    window: &Window,
    x: &[f32],
    start: f32,
    fold: impl Fn(f32, f32) -> f32,
    finish: impl Fn(f32, usize) -> f32,
) -> Vec<f32> {
    let geometry = &window.geometry;
    let mut out = Vec::with_capacity(geometry.outputs_per_sample());
    for image in x.chunks_exact(geometry.in_height * geometry.in_width) {
        for row in 0..geometry.out_height() {
            for column in 0..geometry.out_width() {
                let taps =
                    (0..geometry.kernel[0] * geometry.kernel[1]).filter_map(|k| geometry.tap(k, row, column));
                let (value, seen) =
                    taps.fold((start, 0), |(value, seen), at| (fold(value, image[at]), seen + 1));
                out.push(finish(value, seen));
            }
        }
    }
    out
}

fn softmax(x: &[f32]) -> Vec<f32> {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = x.iter().map(|v| (v - largest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

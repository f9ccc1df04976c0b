//! Number formats of what contractions read: razored codes, integers by block.
//!
//! Numbers are written in a format and read again before every contraction, whose sums are then those of the codes as they
//! are, shifted group by group ([`crate::kernel::convolve_shifted`]), but for the rounding of sums in single precision.
//! What hardware spends on them is not told here.

use std::cell::RefCell;
use std::ops::AddAssign;

use super::float;
use super::lower::ModelError;
use super::network::{Network, Step};
use super::op::{Contraction, Op};
use super::recurrent::Float;
use super::rotation::Rotation;
use crate::kernel::Geometry;
use crate::razor::{Blocks, Granularity, Razor, RazorError};
use crate::tensor::Tensor;

/// How numbers are written. Groups and blocks lie along the axis that is summed over, at one tap of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Format {
    /// As they are.
    Real,
    /// Integers of few bits that share a step.
    Blocks(Blocks),
    /// The same, a step for each filter of weights and for each sample of activations, whatever the size of the blocks.
    Whole(Blocks),
    /// Razored codes of a basis whose scale belongs to each filter of weights and to each sample of activations.
    Razor(Razor),
}

/// Formats of the operands of contractions, and what is done to activations and stored weights before they are written
/// that leaves exact products what they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Formats {
    /// Of stored weights.
    pub weights: Format,
    /// Of activations that meet stored weights.
    pub activations: Format,
    /// Of the second of two computed operands, keys and values of attention; the first one stays as it is.
    pub computed: Format,
    /// Factor of the activations of every 32nd channel, by which its weights are divided, as a gain of a normalisation may
    /// be moved: outliers as large language models have them. 1 for none.
    pub outliers: f32,
    /// Whether channels are rotated: multiplied by Hadamard's matrix in blocks of the largest power of two that divides them,
    /// weights alike, which spreads outliers. What this takes at run time is not told.
    pub rotated: bool,
}

impl Formats {
    /// Formats of operands that are left as they are before.
    ///
    /// ```
    /// use axsim::{razor::Razor, tensor::Tensor, workload::{Format, Formats, Formatted, Network}};
    /// let bytes = std::fs::read("configs/workloads/scenes/scenes.onnx").unwrap();
    /// let network = Network::from_onnx(&bytes).unwrap();
    /// let razor = |basis| Format::Razor(Razor::new(basis, 4, 16).unwrap());
    /// let formats = Formats::new(razor(8), razor(16), Format::Real);
    /// let shape = [&[1], network.sample_shape()].concat();
    /// let picture = Tensor::new(shape, vec![0.5; network.sample_shape().iter().product()]).unwrap();
    /// let answer = Formatted::new(&network, formats).unwrap().run(&picture).unwrap();
    /// assert_eq!(answer.outputs[0].shape(), [1, 10]);
    /// ```
    pub fn new(weights: Format, activations: Format, computed: Format) -> Self {
        Self { weights, activations, computed, outliers: 1.0, rotated: false }
    }

    /// Numbers [.., channels, plane] as they are before they are written; `factor` is that of outliers.
    fn before(&self, numbers: &[f32], sizes: [usize; 3], factor: f32) -> Vec<f32> {
        let [_, channels, plane] = sizes;
        let mut rows = exchanged(numbers, channels, plane);
        for row in rows.chunks_exact_mut(channels) {
            row.iter_mut().step_by(OUTLIERS).for_each(|number| *number *= factor);
        }
        let numbers = exchanged(&rows, plane, channels);
        match Rotation::of(sizes).filter(|_| self.rotated) {
            Some(rotation) => rotation.turn(&numbers),
            None => numbers,
        }
    }
}

/// Channels of which one has outliers.
const OUTLIERS: usize = 32;

/// Why a network does not run in a format.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FormatError {
    /// Numbers that a format does not have.
    #[error("node `{node}`: {error}")]
    Numbers {
        /// The contraction.
        node: String,
        /// What is wrong.
        error: RazorError,
    },
    /// The samples do not fit the network.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What a format made of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Use {
    /// Numbers that are not 0.
    pub numbers: u64,
    /// Those of them that became 0.
    pub zeroed: u64,
    /// Groups that hold a number other than 0.
    pub groups: u64,
    /// Sum over these groups of the largest code over the largest that there is.
    pub range: f64,
}

impl Use {
    /// The share of numbers that became 0.
    pub fn zeroed_share(&self) -> f64 {
        self.zeroed as f64 / self.numbers.max(1) as f64
    }

    /// How much of the range of codes a group uses, on average.
    pub fn range_use(&self) -> f64 {
        self.range / self.groups.max(1) as f64
    }

    /// Of codes of rows in groups, of which `highest` is the largest there is.
    pub(super) fn of(numbers: &[f32], codes: &[i8], [row, group]: [usize; 2], highest: u8) -> Self {
        let zeroed = numbers.iter().zip(codes).filter(|(number, code)| **number != 0.0 && **code == 0);
        let largest = codes
            .chunks_exact(row)
            .flat_map(|row| row.chunks(group))
            .map(|group| group.iter().map(|code| code.unsigned_abs()).max().expect("a group has a number"));
        let largest: Vec<u8> = largest.filter(|largest| *largest > 0).collect();
        Self {
            numbers: numbers.iter().filter(|number| **number != 0.0).count() as u64,
            zeroed: zeroed.count() as u64,
            groups: largest.len() as u64,
            range: largest.iter().map(|code| f64::from(*code) / f64::from(highest)).sum(),
        }
    }
}

impl AddAssign for Use {
    fn add_assign(&mut self, other: Self) {
        self.numbers += other.numbers;
        self.zeroed += other.zeroed;
        self.groups += other.groups;
        self.range += other.range;
    }
}

impl Format {
    /// Bits that a number takes in memory with its share of flags or steps; scales of filters and samples come on top.
    pub fn effective_bits(&self) -> f64 {
        match self {
            Self::Real => 32.0,
            Self::Blocks(blocks) => blocks.effective_bits(),
            Self::Whole(blocks) => blocks.bits().into(),
            Self::Razor(razor) => razor.effective_bits(),
        }
    }

    /// Numbers [.., channels, plane] written and read again; `whole` of them share a scale.
    fn written(
        &self,
        numbers: &[f32],
        [whole, channels, plane]: [usize; 3],
    ) -> Result<(Vec<f32>, Use), RazorError> {
        if *self == Self::Real {
            return Ok((numbers.to_vec(), Use::default()));
        }
        let rows = exchanged(numbers, channels, plane);
        let (values, used) = match self {
            Self::Real => unreachable!("numbers as they are have been returned"),
            Self::Blocks(blocks) => {
                let found = blocks.quantize(&rows, channels)?;
                (
                    found.values(),
                    Use::of(&rows, &found.codes, [channels, blocks.block()], highest(blocks.bits())),
                )
            }
            Self::Whole(blocks) => {
                let found = blocks.with_block(whole)?.quantize(&rows, whole)?;
                (found.values(), Use::of(&rows, &found.codes, [whole; 2], highest(blocks.bits())))
            }
            Self::Razor(razor) => {
                let scaled = razor.scale(&rows, whole, Granularity::Channel)?;
                let razored = razor.razor(&scaled.numbers, channels)?;
                let value = |(at, number): (usize, i32)| number as f32 * scaled.scales[at / whole];
                let values = razored.numbers().into_iter().enumerate().map(value).collect();
                (values, Use::of(&rows, razored.codes(), [channels, razor.group()], highest(razor.target())))
            }
        };
        Ok((exchanged(&values, plane, channels), used))
    }
}

/// The largest code of so many bits.
fn highest(bits: u32) -> u8 {
    (1 << (bits - 1)) - 1
}

/// [.., rows, columns] → [.., columns, rows].
pub(super) fn exchanged<T: Copy>(numbers: &[T], rows: usize, columns: usize) -> Vec<T> {
    let mut turned = Vec::with_capacity(numbers.len());
    for matrix in numbers.chunks_exact(rows * columns) {
        for column in 0..columns {
            turned.extend(matrix[column..].iter().step_by(columns));
        }
    }
    turned
}

/// What samples come to in a format.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// As [`Network::run`] gives them.
    pub outputs: Vec<Tensor<f32>>,
    /// What became of activations.
    pub activations: Use,
    /// What became of computed second operands.
    pub computed: Use,
}

/// A network whose contractions read numbers in formats.
#[derive(Debug, Clone)]
pub struct Formatted {
    network: Network,
    formats: Formats,
    weights: Use,
}

impl Formatted {
    /// Writes the weights.
    ///
    /// # Errors
    /// [`FormatError::Numbers`] on weights that are not finite.
    pub fn new(network: &Network, formats: Formats) -> Result<Self, FormatError> {
        let (mut network, mut weights) = (network.clone(), Use::default());
        for step in network.steps_mut() {
            let Some(own) = step.op.weighted_mut() else { continue };
            let sizes = of_weights(&own.geometry, 1);
            let numbers = formats.before(&own.weights, sizes, 1.0 / formats.outliers);
            let written = formats.weights.written(&numbers, sizes);
            let (values, used) =
                written.map_err(|error| FormatError::Numbers { node: step.name.clone(), error })?;
            own.weights = values;
            weights += used;
        }
        Ok(Self { network, formats, weights })
    }

    /// What became of the weights.
    pub fn weights(&self) -> Use {
        self.weights
    }

    /// Runs on samples.
    ///
    /// # Errors
    /// [`FormatError::Model`] when the samples have another shape, [`FormatError::Numbers`] where a value is not finite.
    pub fn run(&self, batch: &Tensor<f32>) -> Result<Answer, FormatError> {
        let samples = batch.shape().first().copied().unwrap_or(0);
        let used = RefCell::new([Use::default(); 2]);
        let failed = RefCell::new(None);
        let written = |at: usize, step: &Step, numbers: &[f32], sizes: [usize; 3]| {
            let format = [self.formats.activations, self.formats.computed][at];
            let (values, found) = format.written(numbers, sizes).unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(FormatError::Numbers { node: step.name.clone(), error });
                (numbers.to_vec(), Use::default())
            });
            used.borrow_mut()[at] += found;
            values
        };
        let read = |step: &Step, own: &Contraction, numbers: &[f32]| {
            let sizes = of_input(&own.geometry);
            written(0, step, &self.formats.before(numbers, sizes, self.formats.outliers), sizes)
        };
        let contract = |_: usize, step: &Step, inputs: &[&Vec<f32>]| match &step.op {
            Op::Contract(own) => float::contract(own, samples, &read(step, own, inputs[0])),
            Op::Recurrent(cell) => {
                let own = &cell.contraction;
                let read = |states: &[f32]| read(step, own, states);
                cell.run(samples, inputs[0], &mut Float { contraction: own, samples, read })
            }
            Op::Product(geometry) => {
                let second = written(1, step, inputs[1], of_weights(geometry, geometry.out_channels));
                float::product(geometry, inputs[0], &second)
            }
            _ => unreachable!("only contractions are contracted"),
        };
        let outputs = self.network.execute(batch, contract, |_, data| data)?;
        let [activations, computed] = used.into_inner();
        failed.into_inner().map_or(Ok(Answer { outputs, activations, computed }), Err)
    }
}

/// Numbers that share a scale, channels of a row, and rows of a group of channels.
pub(super) fn of_input(geometry: &Geometry) -> [usize; 3] {
    let plane = geometry.in_height * geometry.in_width;
    [geometry.inputs_per_sample(), geometry.in_channels / geometry.groups, plane]
}

/// The same of weights, of which so many filters share a scale.
pub(super) fn of_weights(geometry: &Geometry, filters: usize) -> [usize; 3] {
    let window = geometry.kernel[0] * geometry.kernel[1];
    [filters * geometry.depth(), geometry.depth() / window, window]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Operands, Products, Shifts, Steps, convolve_shifted};
    use crate::razor::{Code, Razored, Step as BlockStep};
    use crate::rng::Stream;
    use crate::workload::form::Form;
    use crate::workload::op::Contraction;

    #[test]
    fn rows_are_exchanged_with_columns_and_back() {
        let numbers: Vec<u8> = (0..12).collect();
        assert_eq!(exchanged(&numbers, 2, 3)[..6], [0, 3, 1, 4, 2, 5]);
        assert_eq!(exchanged(&exchanged(&numbers, 2, 3), 3, 2), numbers);
    }

    fn normal(count: usize, name: &str) -> Vec<f32> {
        let mut stream = Stream::new(1, name, 0);
        (0..count).map(|_| stream.normal() as f32).collect()
    }

    /// Codes above a zero point of 8, in the order of the numbers, and flags by group of channels.
    fn razored(
        razor: &Razor,
        numbers: &[f32],
        [whole, channels, plane]: [usize; 3],
    ) -> (Vec<u8>, Vec<u8>, Vec<f32>) {
        let rows = exchanged(numbers, channels, plane);
        let scaled = razor.scale(&rows, whole, Granularity::Channel).unwrap();
        let found: Razored = razor.razor(&scaled.numbers, channels).unwrap();
        let codes: Vec<u8> = found.codes().iter().map(|code| (code + 8) as u8).collect();
        let parts = channels.div_ceil(razor.group());
        (exchanged(&codes, plane, channels), exchanged(found.flags(), plane, parts), scaled.scales)
    }

    /// Numbers that are read again, multiplied in reals, against codes as they are with a shift a group.
    #[test]
    fn a_convolution_of_razored_numbers_is_one_of_codes_without_decompression() {
        let geometry = Geometry { in_channels: 40, ..Geometry::UNEVEN };
        for code in [Code::SignMagnitude, Code::TwosComplement] {
            let [of_x, of_w] = [16, 8].map(|basis| Razor::new(basis, 4, 8).unwrap().with_code(code));
            let (x, w) = (normal(geometry.inputs_per_sample(), "x"), normal(geometry.weights(), "w"));
            let (sizes_x, sizes_w) = (of_input(&geometry), of_weights(&geometry, 1));
            let written =
                |razor: Razor, numbers: &[f32], sizes| Format::Razor(razor).written(numbers, sizes).unwrap();
            let (weights, used) = written(of_w, &w, sizes_w);
            assert_eq!(used.numbers as usize, w.len());
            assert!(
                (0.05..0.3).contains(&used.zeroed_share()) && (0.6..1.0).contains(&used.range_use()),
                "{used:?}"
            );
            let own = Contraction {
                geometry,
                weights,
                bias: vec![0.0; geometry.out_channels],
                scales: None,
                form: Form::Image,
            };
            let found = float::contract(&own, 1, &written(of_x, &x, sizes_x).0);
            let (input, by_input, scale) = razored(&of_x, &x, sizes_x);
            let (weights, by_weights, scales) = razored(&of_w, &w, sizes_w);
            let operands = Operands { batch: 1, input: &input, weights: &weights, pad: 8 };
            let steps = Steps::PowersOfTwo;
            let shifts = Shifts { size: 8, input: &by_input, weights: &by_weights, steps };
            let sums = convolve_shifted(&geometry, operands, shifts, &Products::exact(8, 8));
            for (at, (found, sum)) in found.iter().zip(sums).enumerate() {
                let expected =
                    sum as f64 * f64::from(scale[0]) * f64::from(scales[at / geometry.positions()]);
                assert!((f64::from(*found) - expected).abs() < 1e-4, "{at}: {found} {expected}");
            }
        }
    }

    #[test]
    fn outliers_and_rotation_leave_exact_products_what_they_are() {
        let geometry = Geometry { in_channels: 96, ..Geometry::UNEVEN };
        let (x, w) = (normal(geometry.inputs_per_sample(), "x"), normal(geometry.weights(), "w"));
        let sums = |formats: Formats| {
            let weights = formats.before(&w, of_weights(&geometry, 1), 1.0 / formats.outliers);
            let own = Contraction {
                geometry,
                weights,
                bias: vec![0.0; geometry.out_channels],
                scales: None,
                form: Form::Image,
            };
            float::contract(&own, 1, &formats.before(&x, of_input(&geometry), formats.outliers))
        };
        let plain = Formats::new(Format::Real, Format::Real, Format::Real);
        let expected = sums(plain);
        for (outliers, rotated) in [(100.0, false), (1.0, true), (100.0, true)] {
            let found = sums(Formats { outliers, rotated, ..plain });
            assert!(
                found.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-2),
                "{outliers} {rotated}"
            );
        }
    }

    #[test]
    fn formats_take_their_bits_and_whole_filters_have_one_step() {
        let blocks = Blocks::new(4, 32, BlockStep::PowerOfTwo).unwrap();
        let razor = Razor::new(16, 4, 16).unwrap();
        let bits = [Format::Real, Format::Blocks(blocks), Format::Whole(blocks), Format::Razor(razor)];
        assert_eq!(bits.map(|format| format.effective_bits()), [32.0, 4.25, 4.0, 4.25]);
        let numbers = [1.0, 2.0, -7.0, 3.0, 0.1, 0.2, 0.3, 0.7];
        let plain = Blocks::new(4, 1, BlockStep::Real).unwrap();
        let (values, used) = Format::Whole(plain).written(&numbers, [4, 2, 2]).unwrap();
        assert_eq!(values[..4], numbers[..4]);
        assert_eq!((used.numbers, used.groups, used.range_use()), (8, 2, 1.0));
        assert!(Format::Razor(razor).written(&[f32::NAN; 4], [4, 4, 1]).is_err());
    }
}

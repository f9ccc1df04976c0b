//! What a model asks of hardware: integer contractions, and putting tensors away.

use super::form::Form;
use super::format::Use;
use crate::kernel::{self, Geometry, Operands, Products, Shifts, Steps, WideOperands};
use crate::tensor::Tensor;

/// Where the weights of a contraction come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The model: the same for all samples, kept in the memory of the weights.
    Stored,
    /// The sample, as in attention: put away in the buffer, as activations are.
    Computed,
}

/// A contraction of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Position among the contractions.
    pub index: usize,
    /// Node name in the model.
    pub name: String,
    /// Its shape, of one sample.
    pub geometry: Geometry,
    /// Where its weights come from.
    pub weights: Origin,
    /// What it was in the model.
    pub form: Form,
    /// Zeros that the network itself puts among the activations of a sample, codes like any other to an array: between and
    /// around the pixels of a transposed convolution, above, below, before and behind a volume, and by a node `Pad`.
    pub zeros: usize,
}

impl Layer {
    /// The whole contraction as a kernel takes it, of samples that are next to one another.
    ///
    /// Samples with weights of their own are groups of one contraction of a batch of 1; codes and sums keep their places.
    ///
    /// ```
    /// use axsim::kernel::Geometry;
    /// use axsim::tensor::Tensor;
    /// use axsim::workload::{Codes, Form, Layer, Origin, Weights};
    /// let geometry = Geometry::dense(2, 1);
    /// let layer = Layer { index: 0, name: "scores".into(), geometry, weights: Origin::Computed, form: Form::Image, zeros: 0 };
    /// let codes = Tensor::new([3, 2], vec![129; 6])?;
    /// let input = Codes { codes, scale: 1.0, zero_point: 128, bits: 8 };
    /// let weights = Weights { codes: vec![127; 6], scales: vec![1.0], zero_point: 128, bits: 8 };
    /// let (geometry, operands) = layer.contraction(&input, &weights);
    /// assert_eq!((geometry.groups, geometry.weights(), operands.batch), (3, 6, 1));
    /// # Ok::<(), axsim::tensor::ShapeError>(())
    /// ```
    pub fn contraction<'a>(&self, input: &'a Codes, weights: &'a Weights) -> (Geometry, Operands<'a>) {
        let operands = operands(input, weights);
        let (geometry, batch) = self.whole(operands.batch);
        (geometry, Operands { batch, ..operands })
    }

    /// The same of activations of 16 bits.
    pub fn wide_contraction<'a>(
        &self,
        input: &'a Wide,
        weights: &'a Weights,
        WeightShifts { size, shifts, steps }: WeightShifts<'a>,
    ) -> (Geometry, WideOperands<'a>) {
        let (geometry, batch) = self.whole(input.codes.shape()[0]);
        let Weights { codes, zero_point, .. } = weights;
        let input = input.codes.data();
        (geometry, WideOperands { batch, input, weights: codes, zero: *zero_point, size, shifts, steps })
    }

    /// Geometry and batch of a whole contraction of so many samples.
    pub(crate) fn whole(&self, samples: usize) -> (Geometry, usize) {
        match self.weights {
            Origin::Stored => (self.geometry, samples),
            Origin::Computed => (side_by_side(&self.geometry, samples), 1),
        }
    }
}

/// So many contractions of one shape as groups of one.
fn side_by_side(geometry: &Geometry, count: usize) -> Geometry {
    Geometry {
        groups: geometry.groups * count,
        in_channels: geometry.in_channels * count,
        out_channels: geometry.out_channels * count,
        ..*geometry
    }
}

/// Activations as integers: real value = scale · (code − zero point).
#[derive(Debug, Clone, PartialEq)]
pub struct Codes {
    /// Codes [batch, …], each below 2^bits.
    pub codes: Tensor<u8>,
    /// Real value of one step.
    pub scale: f32,
    /// The code of zero.
    pub zero_point: u8,
    /// Bits of a code.
    pub bits: u32,
}

/// Activations as integers of 16 bits: real value = scale · code.
#[derive(Debug, Clone, PartialEq)]
pub struct Wide {
    /// Codes [batch, …], from −32,767 on.
    pub codes: Tensor<i16>,
    /// Real value of one step.
    pub scale: f32,
}

/// How far weight codes are shifted left, as [`Shifts`] has it for both operands.
#[derive(Debug, Clone, Copy)]
pub struct WeightShifts<'a> {
    /// Channels of a group.
    pub size: usize,
    /// By group of channels.
    pub shifts: &'a [u8],
    /// Whether they are shifted or multiplied.
    pub steps: Steps,
}

/// Weights as integers, one scale per output channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Codes [O, C / groups, rows, columns], each below 2^bits; where they are computed, those of one sample after the
    /// other, and none before they are.
    pub codes: Vec<u8>,
    /// Real value of one step, per output channel.
    pub scales: Vec<f32>,
    /// The code of zero: 2^(bits − 1), or another where a file has codes of its own; of signs, of which none is zero, 2.
    pub zero_point: u8,
    /// Bits of a code; with 1 they are signs, 1 for + and 0 for −.
    pub bits: u32,
}

impl Weights {
    /// Whether they are signs, of a binary layer: sums are those of [`kernel::convolve_signs`].
    pub fn are_signs(&self) -> bool {
        self.bits == 1
    }

    /// Whether all filters, and there are several, have the same scale: as a file or `weight_scales: per_tensor` has it.
    pub fn share_a_scale(&self) -> bool {
        self.scales.len() > 1 && are_one(&self.scales)
    }
}

/// Whether all scales are the same.
pub(super) fn are_one(scales: &[f32]) -> bool {
    scales.iter().all(|scale| *scale == scales[0])
}

/// Which tensor is put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the value in the network; 0 is the input.
    pub value: usize,
    /// Number of the batch's first sample.
    pub first_sample: usize,
    /// Elements of a sample before the first one that is put away: those of earlier steps of a recurrent cell, else none.
    pub start: usize,
}

/// What gets the sums of some samples [samples, O, OH, OW], in room that is used again.
pub type Take<'t> = &'t mut dyn FnMut(&mut Vec<i32>);

/// What a model asks of hardware.
///
/// Law: an engine that forms exact products and never errs gives what [`Exact`] gives, bit for bit.
pub trait Engine: Sync {
    /// Sums of products of centred codes: [batch, O, OH, OW].
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32>;
    /// The same, one part of the batch after the other. An engine without parts has the batch as one.
    fn contract_by_parts(&self, layer: &Layer, input: &Codes, weights: &Weights, take: Take<'_>) {
        take(&mut self.contract(layer, input, weights));
    }
    /// The same of codes of which groups have shifts.
    fn contract_shifted(
        &self,
        layer: &Layer,
        input: &Codes,
        weights: &Weights,
        shifts: Shifts<'_>,
    ) -> Vec<i64> {
        let products = Products::exact(weights.zero_point, input.zero_point);
        let (geometry, operands) = layer.contraction(input, weights);
        kernel::convolve_shifted(&geometry, operands, shifts, &products)
    }
    /// The same of activations of 16 bits, of which none is shifted.
    fn contract_wide(
        &self,
        layer: &Layer,
        input: &Wide,
        weights: &Weights,
        shifts: WeightShifts<'_>,
    ) -> Vec<i64> {
        let (geometry, operands) = layer.wide_contraction(input, weights, shifts);
        kernel::convolve_wide(&geometry, operands)
    }
    /// Numbers have become codes of which groups have shifts; `used` tells what became of them.
    fn grouped(&self, _: usize, _used: &dyn Fn() -> Use) {}
    /// A tensor is put away between layers; hardware may change it, but for codes of 16 bits, which it is not shown.
    fn store(&self, place: Place, codes: &mut Codes);
}

/// The reference: exact products, a memory that never errs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exact;

impl Engine for Exact {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let (geometry, operands) = layer.contraction(input, weights);
        if weights.are_signs() {
            return kernel::convolve_signs(&geometry, operands);
        }
        let products = Products::exact(weights.zero_point, input.zero_point);
        kernel::convolve(&geometry, operands, &products)
    }

    fn contract_by_parts(&self, layer: &Layer, input: &Codes, weights: &Weights, take: Take<'_>) {
        if weights.are_signs() {
            return take(&mut self.contract(layer, input, weights));
        }
        let products = Products::exact(weights.zero_point, input.zero_point);
        let (geometry, operands) = layer.contraction(input, weights);
        kernel::convolve_by_parts(&geometry, operands, &products, take);
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

/// Codes and weights that all samples share as a kernel takes them.
pub fn operands<'a>(input: &'a Codes, weights: &'a Weights) -> Operands<'a> {
    let batch = input.codes.shape()[0];
    Operands { batch, input: input.codes.data(), weights: &weights.codes, pad: input.zero_point }
}

//! What a model asks of hardware: integer contractions, and putting tensors away.

use crate::kernel::{self, Geometry, Operands, Products};
use crate::tensor::Tensor;

/// A contraction of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Position among the contractions.
    pub index: usize,
    /// Node name in the model.
    pub name: String,
    /// Its shape.
    pub geometry: Geometry,
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

/// Weights as integers, one scale per output channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Codes [O, C / groups, rows, columns], each below 2^bits.
    pub codes: Vec<u8>,
    /// Real value of one step, per output channel.
    pub scales: Vec<f32>,
    /// The code of zero: 2^(bits − 1).
    pub zero_point: u8,
    /// Bits of a code.
    pub bits: u32,
}

/// Which tensor is put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the value in the network; 0 is the input.
    pub value: usize,
    /// Number of the batch's first sample.
    pub first_sample: usize,
}

/// What a model asks of hardware.
///
/// Law: an engine that forms exact products and never errs gives what [`Exact`] gives, bit for bit.
pub trait Engine: Sync {
    /// Sums of products of centred codes: [batch, O, OH, OW].
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32>;
    /// A tensor is put away between layers; hardware may change it.
    fn store(&self, place: Place, codes: &mut Codes);
}

/// The reference: exact products, a memory that never errs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exact;

impl Engine for Exact {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let products = Products::exact(weights.zero_point, input.zero_point);
        kernel::convolve(&layer.geometry, operands(input, weights), &products)
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

/// Codes and weights as a kernel takes them.
pub fn operands<'a>(input: &'a Codes, weights: &'a Weights) -> Operands<'a> {
    let batch = input.codes.shape()[0];
    Operands { batch, input: input.codes.data(), weights: &weights.codes, pad: input.zero_point }
}

//! The products that each layer of a setup sums.

use std::collections::HashMap;

use super::error::RunError;
use super::hardware::Multiplied;
use super::parts::Parts;
use crate::arith::mac::Code;
use crate::kernel::Products;
use crate::platform::compute::array::{CodeRange, MacArray};
use crate::workload::{Quantized, Weights};

/// Products per layer, and what is added to their sums.
pub(super) fn products(parts: &Parts<'_>, quantized: &Quantized) -> Result<Vec<Multiplied>, RunError> {
    by_unit(parts, quantized, |array, weights, activations| match array.filter(|_| activations.bits <= 8) {
        Some(array) => Ok(Multiplied {
            products: array.products(weights, activations)?,
            correction: array.correction(weights, activations),
        }),
        // Also of 16 bits, digit by digit.
        None => {
            Ok(Multiplied { products: Products::exact(weights.zero, activations.zero), correction: None })
        }
    })
}

/// Products per layer with weights at the multiplier's port `a` and activations at `b`; none where they are the same.
pub(super) fn swapped_products(
    parts: &Parts<'_>,
    quantized: &Quantized,
    products: &[Multiplied],
) -> Result<Vec<Option<Products>>, RunError> {
    if parts.arrays.is_none() {
        return Ok(vec![None; products.len()]);
    }
    let swapped = by_unit(parts, quantized, |array, weights, activations| {
        let array = array.ok_or(RunError::NoUnit)?;
        let other = array.products(activations, weights)?;
        let product = |at: usize| other.get(at as u8, (at >> 8) as u8);
        Ok(array.prepared(Products::new(&(0..1 << 16).map(product).collect::<Vec<_>>())))
    })?;
    Ok(swapped
        .into_iter()
        .zip(products)
        .map(|(swapped, own)| Some(swapped).filter(|other| *other != own.products))
        .collect())
}

/// Products per layer, made by its array of the codes of its weights and activations; layers with equal units and codes
/// share the work.
fn by_unit<T: Clone>(
    parts: &Parts<'_>,
    quantized: &Quantized,
    of: impl Fn(Option<&MacArray>, CodeRange, CodeRange) -> Result<T, RunError>,
) -> Result<Vec<T>, RunError> {
    let mut known: HashMap<(Option<usize>, [CodeRange; 2]), T> = HashMap::new();
    let mut of = |(layer, weights): (usize, &Weights)| {
        let grid = quantized.input_grid(layer);
        // Codes of a sign and a magnitude reach as far below zero as above, and no memory makes others of them.
        let signs = |array: &MacArray| array.mac().code() == Code::SignMagnitude;
        let lowest = u8::from(quantized.groups_of(layer).is_some() && parts.array(layer).is_some_and(signs));
        let activations = CodeRange { bits: grid.bits, zero: grid.zero_point, lowest };
        let weights = CodeRange { bits: weights.bits, zero: weights.zero_point, lowest };
        let key = (parts.arrays.as_ref().map(|arrays| arrays.place(layer)), [weights, activations]);
        if let Some(products) = known.get(&key) {
            return Ok(products.clone());
        }
        let products = of(parts.array(layer), weights, activations)?;
        known.insert(key, products.clone());
        Ok(products)
    };
    quantized.weights().iter().enumerate().map(&mut of).collect()
}

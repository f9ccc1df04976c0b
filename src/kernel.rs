//! Integer contractions with any product table: convolution (grouped, depthwise, dilated) and dense layers.
//!
//! One narrow function, [`convolve`], hides how products are looked up. [`convolve_accumulating`] goes one
//! product at a time, straight from the definition: it takes any accumulator, and with exact addition it is the
//! oracle of the other.

mod accumulate;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod geometry;
mod panel;
mod products;

pub use accumulate::convolve_accumulating;
pub use geometry::{Gemm, Geometry, GeometryError};
pub use products::Products;

use panel::Panel;

/// Codes and geometry of one contraction.
///
/// # Shapes
/// `input` [batch, C, H, W], `weights` [O, C / groups, kernel rows, kernel columns].
#[derive(Debug, Clone, Copy)]
pub struct Operands<'a> {
    /// Samples.
    pub batch: usize,
    /// Activation codes.
    pub input: &'a [u8],
    /// Weight codes.
    pub weights: &'a [u8],
    /// The activation code that fills padding; it contributes *no* product, whatever the table says.
    pub pad: u8,
}

/// Sums products of weight and activation codes: [batch, O, OH, OW] sums of 32 bits.
///
/// Single-threaded; callers split the batch. Sums wrap at 32 bits.
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve(geometry: &Geometry, operands: Operands<'_>, products: &Products) -> Vec<i32> {
    check(geometry, &operands);
    let mut output = vec![0; operands.batch * geometry.outputs_per_sample()];
    let mut panel = Panel::new(geometry);
    for group in 0..geometry.groups {
        for chunk in panel::chunks(geometry, operands.batch) {
            panel.pack(geometry, &operands, group, chunk.clone());
            for channel in geometry.group_channels(group) {
                let weights = geometry.filter(operands.weights, channel);
                let sums = products.sum_rows(weights, &panel);
                panel.scatter(geometry, channel, &sums, &mut output);
            }
        }
    }
    output
}

fn check(geometry: &Geometry, operands: &Operands<'_>) {
    let input = operands.batch * geometry.inputs_per_sample();
    assert_eq!(operands.input.len(), input, "activation codes do not fit the geometry");
    assert_eq!(operands.weights.len(), geometry.weights(), "weight codes do not fit the geometry");
}

#[cfg(test)]
mod tests;

//! Integer contractions with any product table: convolution (grouped, depthwise, dilated) and dense layers.
//!
//! One narrow function, [`convolve`], hides how products are formed: as sums of few exact products where the table has
//! them, four at a time where codes have four bits, as a straight line and a byte, or by looking each one up. Processors without
//! registers for these multiply where rows are straight lines, and look up else.
//! [`convolve_by_parts`] hands sums over some samples at a time, while they are near.
//! [`convolve_shifted`] takes codes whose groups have shifts, [`convolve_wide`] activations of 16 bits beside such weights.
//! [`convolve_in_order`] takes any accumulator, [`convolve_split`] those whose low bits are an OR, at the speed of sums.
//! [`convolve_accumulating`] goes one product at a time, straight from the definition: it is the oracle of all.

mod accumulate;
mod aligned;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod cost;
mod decompressed;
mod events;
#[cfg(target_arch = "x86_64")]
mod factored;
#[cfg(target_arch = "x86_64")]
mod factors;
mod field;
mod geometry;
mod grouped;
mod half;
mod histogram;
mod looked_up;
#[cfg(target_arch = "x86_64")]
mod nibbles;
mod ordered;
mod ored;
mod padded;
mod path;
mod plan;
mod plans;
mod products;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod rare;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod reach;
#[cfg(target_arch = "x86_64")]
mod residual;
mod signs;
mod sliced;
mod split;
mod steps;
mod straight;
#[cfg(target_arch = "x86_64")]
mod vnni;
mod wide;

pub use accumulate::convolve_accumulating;
pub use events::{are_spikes, convolve_spikes, reaching};
pub use geometry::{Gemm, Geometry, GeometryError};
pub use grouped::{Shifts, convolve_shifted, convolve_shifted_one_by_one};
pub use histogram::{CODES, Counts, Histograms};
pub use ordered::{Accumulator, convolve_in_order};
pub use padded::padded;
pub use products::Products;
pub use signs::{SIGNS, Signs, convolve_signs};
pub use split::{LowPart, convolve_split};
pub use steps::Steps;
pub use wide::{WideOperands, convolve_wide};

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
/// # Shapes
/// As [`Operands`].
///
/// ```
/// use axsim::kernel::{Geometry, Operands, Products, convolve};
/// // Two samples of two inputs, whose codes for zero are 1 and 3.
/// let operands = Operands { batch: 2, input: &[4, 3, 5, 6], weights: &[2, 11], pad: 3 };
/// assert_eq!(convolve(&Geometry::dense(2, 1), operands, &Products::exact(1, 3)), [1 * 1 + 10 * 0, 1 * 2 + 10 * 3]);
/// ```
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve(geometry: &Geometry, operands: Operands<'_>, products: &Products) -> Vec<i32> {
    check(geometry, &operands);
    let geometry = &geometry.in_long_rows();
    let begin = without_padding(geometry, &operands, products);
    let mut path = path::fastest(geometry, &operands, products);
    sum_along(geometry, &operands, begin.as_deref(), &mut *path)
}

/// As [`convolve`], some neighbouring samples after the other: `take` gets their sums while they are near, in room that is used
/// again.
///
/// ```
/// use axsim::kernel::{Geometry, Operands, Products, convolve, convolve_by_parts};
/// let (geometry, products) = (Geometry::dense(2, 1), Products::exact(0, 0));
/// let operands = Operands { batch: 2, input: &[1, 2, 3, 4], weights: &[5, 6], pad: 0 };
/// let mut sums = vec![];
/// convolve_by_parts(&geometry, operands, &products, &mut |part| sums.append(part));
/// assert_eq!(sums, convolve(&geometry, operands, &products));
/// ```
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve_by_parts(
    geometry: &Geometry,
    operands: Operands<'_>,
    products: &Products,
    take: &mut dyn FnMut(&mut Vec<i32>),
) {
    check(geometry, &operands);
    let geometry = &geometry.in_long_rows();
    let begin = without_padding(geometry, &operands, products);
    let mut path = path::fastest(geometry, &operands, products);
    let (mut sums, size) = (vec![], geometry.outputs_per_sample());
    for samples in field::chunks(geometry, operands.batch) {
        // Of the part before, where a path need not read it.
        sums.resize(samples.len() * size, 0);
        if let Some(begin) = &begin {
            sums.chunks_exact_mut(size).for_each(|sums| sums.copy_from_slice(begin));
        }
        path.add(samples, &mut sums, begin.is_some());
        take(&mut sums);
    }
}

/// Adds all sums to what each sample begins with.
fn sum_along(
    geometry: &Geometry,
    operands: &Operands<'_>,
    begin: Option<&[i32]>,
    path: &mut dyn path::Path,
) -> Vec<i32> {
    let size = geometry.outputs_per_sample();
    let mut output = Vec::with_capacity(operands.batch * size);
    for samples in field::chunks(geometry, operands.batch) {
        // What is added to next is near.
        match begin {
            Some(begin) => samples.clone().for_each(|_| output.extend_from_slice(begin)),
            None => output.resize(samples.end * size, 0),
        }
        path.add(samples.clone(), &mut output[samples.start * size..], begin.is_some());
    }
    output
}

/// A sample's sums without the products of padding that they will have; `None` where all of those are 0.
fn without_padding(geometry: &Geometry, operands: &Operands<'_>, products: &Products) -> Option<Vec<i32>> {
    if products.is_neutral(operands.pad) {
        return None;
    }
    let (outside, positions) = (field::outside(geometry), geometry.positions());
    let mut begin = None;
    for channel in 0..geometry.out_channels {
        let weights = geometry.filter(operands.weights, channel);
        if let Some(padded) = products.padded(weights, operands.pad, &outside, positions) {
            let begin = begin.get_or_insert_with(|| vec![0; geometry.outputs_per_sample()]);
            let own = &mut begin[channel * positions..][..positions];
            own.iter_mut().zip(padded).for_each(|(begin, padded)| *begin = padded.wrapping_neg());
        }
    }
    begin
}

fn check(geometry: &Geometry, operands: &Operands<'_>) {
    let input = operands.batch * geometry.inputs_per_sample();
    assert_eq!(operands.input.len(), input, "activation codes do not fit the geometry");
    assert_eq!(operands.weights.len(), geometry.weights(), "weight codes do not fit the geometry");
}

#[cfg(test)]
mod tests;

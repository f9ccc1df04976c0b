//! Padding as part of the input, for hardware that multiplies it as it does any other code.

use super::{Geometry, Operands};

/// The same contraction without padding, and its input with the codes of the padding around every channel.
///
/// Contractions of both meet the same codes in the same order, but none of these has a tap outside:
///
/// ```
/// use axsim::kernel::{Geometry, Operands, Products, convolve, padded};
/// let geometry = Geometry { pads: [0, 1, 0, 1], kernel: [1, 3], ..Geometry::dense(1, 1) };
/// let operands = Operands { batch: 1, input: &[9], weights: &[1; 3], pad: 0 };
/// // A multiplier that always says 7.
/// let products = Products::new(&[7; 1 << 16]);
/// assert_eq!(convolve(&geometry, operands, &products), [7]);
/// let (geometry, input) = padded(&geometry, operands);
/// assert_eq!(input, [0, 9, 0]);
/// assert_eq!(convolve(&geometry, Operands { input: &input, ..operands }, &products), [21]);
/// ```
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn padded(geometry: &Geometry, operands: Operands<'_>) -> (Geometry, Vec<u8>) {
    let [top, left, bottom, right] = geometry.pads;
    let (height, width) = (geometry.in_height + top + bottom, geometry.in_width + left + right);
    let mut input = Vec::with_capacity(operands.batch * geometry.in_channels * height * width);
    for plane in operands.input.chunks_exact(geometry.in_height * geometry.in_width) {
        let first = input.len();
        input.resize(first + height * width, operands.pad);
        for (row, codes) in plane.chunks_exact(geometry.in_width).enumerate() {
            input[first + (top + row) * width + left..][..codes.len()].copy_from_slice(codes);
        }
    }
    (Geometry { in_height: height, in_width: width, pads: [0; 4], ..*geometry }, input)
}

//! The oracle: one product at a time, straight from the definition.

use super::{Geometry, Operands, Products};

/// What [`super::convolve`] must equal.
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve(geometry: &Geometry, operands: Operands<'_>, products: &Products) -> Vec<i32> {
    let mut output = Vec::with_capacity(operands.batch * geometry.outputs_per_sample());
    for sample in operands.input.chunks_exact(geometry.inputs_per_sample()) {
        for channel in 0..geometry.out_channels {
            let group = channel / (geometry.out_channels / geometry.groups);
            let inputs = &sample[geometry.group_offset(group)..];
            let filter = geometry.filter(operands.weights, channel);
            for position in 0..geometry.positions() {
                let (row, column) = (position / geometry.out_width(), position % geometry.out_width());
                let product = |(k, &weight): (usize, &u8)| {
                    geometry.tap(k, row, column).map_or(0, |at| products.get(weight, inputs[at]))
                };
                output.push(filter.iter().enumerate().map(product).fold(0, i32::wrapping_add));
            }
        }
    }
    output
}

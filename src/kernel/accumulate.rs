//! Any accumulator: products are added one after the other, in a given order.

use super::{Geometry, Operands, Products};
use crate::config::platform::AccumulationOrder;

/// Like [`super::convolve`], with `accumulate(sum, product)` in place of the exact addition.
///
/// Taps in the padding are skipped. The order of the taps matters for an adder that is not associative.
///
/// # Shapes
/// As [`Operands`]; sums [batch, O, OH, OW].
///
/// # Panics
/// When slices and geometry do not fit together.
///
/// ```
/// use axsim::config::platform::AccumulationOrder;
/// use axsim::kernel::{Geometry, Operands, Products, convolve_accumulating};
/// let operands = Operands { batch: 1, input: &[3, 5], weights: &[2, 4], pad: 0 };
/// let (geometry, products) = (Geometry::dense(2, 1), Products::exact(0, 0));
/// let saturating = |sum: i32, product: i32| (sum + product).min(15);
/// let order = AccumulationOrder::ChannelsFirst;
/// assert_eq!(convolve_accumulating(&geometry, operands, &products, order, &saturating), [15]);
/// ```
pub fn convolve_accumulating(
    geometry: &Geometry,
    operands: Operands<'_>,
    products: &Products,
    order: AccumulationOrder,
    accumulate: &dyn Fn(i32, i32) -> i32,
) -> Vec<i32> {
    super::check(geometry, &operands);
    let mut output = Vec::with_capacity(operands.batch * geometry.outputs_per_sample());
    for sample in operands.input.chunks_exact(geometry.inputs_per_sample()) {
        for channel in 0..geometry.out_channels {
            let group = channel / (geometry.out_channels / geometry.groups);
            let inputs = &sample[geometry.group_offset(group)..];
            let filter = geometry.filter(operands.weights, channel);
            for position in 0..geometry.positions() {
                let (row, column) = (position / geometry.out_width(), position % geometry.out_width());
                let taps =
                    geometry.taps(order).filter_map(|k| geometry.tap(k, row, column).map(|at| (k, at)));
                let sum = taps.fold(0, |sum, (k, at)| accumulate(sum, products.get(filter[k], inputs[at])));
                output.push(sum);
            }
        }
    }
    output
}

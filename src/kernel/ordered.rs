//! Any accumulator at the speed of its lanes: products of one tap are added to the sums of many outputs at once.

use super::field::{self, Layout};
use super::{Geometry, Operands, Products};
use crate::simd;

/// As [`super::convolve_accumulating`], with the accumulator on slices: `accumulate(sums, products)` adds one product to
/// each sum.
///
/// Taps in the padding are skipped. Every output meets its products in the order channel, row, column.
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve_in_order(
    geometry: &Geometry,
    operands: Operands<'_>,
    products: &Products,
    accumulate: &(dyn Fn(&mut [i32], &[i32]) + Sync),
) -> Vec<i32> {
    super::check(geometry, &operands);
    let mut output = vec![0; operands.batch * geometry.outputs_per_sample()];
    let mut chunks = field::chunks(geometry, operands.batch).peekable();
    let Some(largest) = chunks.peek().map(ExactSizeIterator::len) else { return output };
    let layout = Layout::<1>::new(geometry, largest);
    let (offsets, outside) = (layout.filter_offsets(geometry), field::outside(geometry));
    let (mut codes, mut sums, mut before, mut buffer) = (vec![], vec![], vec![], vec![]);
    for samples in chunks {
        let columns = layout.columns(samples.len()).next_multiple_of(64);
        let skips: Vec<Option<Vec<i32>>> = outside
            .iter()
            .map(|tap| (!tap.is_empty()).then(|| layout.mask(geometry, tap, samples.len(), columns)))
            .collect();
        buffer.resize(columns, 0);
        for group in 0..geometry.groups {
            layout.fill(geometry, &operands, group, samples.clone(), &mut codes);
            for channel in geometry.group_channels(group) {
                sums.clear();
                sums.resize(columns, 0);
                let filter = geometry.filter(operands.weights, channel);
                for (k, (&weight, &offset)) in filter.iter().zip(&offsets).enumerate() {
                    let skip = skips[k % skips.len()].as_deref();
                    if skip.is_some() {
                        before.clone_from(&sums);
                    }
                    products.expand(weight, &codes[offset..offset + columns], &mut buffer);
                    accumulate(&mut sums, &buffer);
                    if let Some(skip) = skip {
                        put_back(&mut sums, &before, skip);
                    }
                }
                layout.scatter(geometry, channel, samples.clone(), &sums, &mut output);
            }
        }
    }
    output
}

/// The earlier sums where a mask is all ones.
fn put_back(sums: &mut [i32], before: &[i32], mask: &[i32]) {
    simd::widest(
        #[inline(always)]
        move || {
            for ((sum, before), mask) in sums.iter_mut().zip(before).zip(mask) {
                *sum = *sum & !mask | before & mask;
            }
        },
    );
}

//! Any accumulator at the speed of its lanes: products of one tap are added to the sums of many outputs at once.

use super::field::{self, Layout};
use super::{Geometry, Operands, Products};
use crate::simd;

/// Products of one weight that are looked up together.
const UNIT: usize = 64;

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
    let size = geometry.outputs_per_sample();
    let mut output = vec![0; operands.batch * size];
    let layout = Layout::<1>::in_one_run(geometry, operands.batch, UNIT);
    let (offsets, outside) = (layout.filter_offsets(geometry), field::outside(geometry));
    let (mut codes, mut sums) = (layout.field(operands.pad), vec![]);
    for samples in field::chunks(geometry, operands.batch) {
        let units = layout.units(geometry, samples.len());
        let skip = |tap: &Vec<_>| (!tap.is_empty()).then(|| layout.mask(geometry, tap, samples.len()));
        let skips: Vec<Option<Vec<i32>>> = outside.iter().map(skip).collect();
        for group in 0..geometry.groups {
            layout.fill(geometry, &operands, group, samples.clone(), &mut codes);
            let taps = Taps { codes: &codes, offsets: &offsets, skips: &skips };
            for channel in geometry.group_channels(group) {
                sums.clear();
                sums.resize(layout.columns(samples.len()), 0);
                taps.add(&mut sums, geometry.filter(operands.weights, channel), products, accumulate);
                let output = &mut output[samples.start * size + channel * geometry.positions()..];
                units.put(0, UNIT, &sums, output, false);
            }
        }
    }
    output
}

/// What the taps of a filter read, and which sums skip them.
struct Taps<'a> {
    codes: &'a [u8],
    offsets: &'a [usize],
    /// All ones where a tap of the window lies in the padding; the same in every channel.
    skips: &'a [Option<Vec<i32>>],
}

impl Taps<'_> {
    /// Adds the products of one filter tap after tap.
    fn add(
        &self,
        sums: &mut [i32],
        filter: &[u8],
        products: &Products,
        accumulate: &(dyn Fn(&mut [i32], &[i32]) + Sync),
    ) {
        let (mut before, mut added) = (vec![0; sums.len()], vec![0; sums.len()]);
        for (k, (&weight, &offset)) in filter.iter().zip(self.offsets).enumerate() {
            let skip = self.skips[k % self.skips.len()].as_deref();
            if skip.is_some() {
                before.copy_from_slice(sums);
            }
            products.expand(weight, &self.codes[offset..offset + sums.len()], &mut added);
            accumulate(sums, &added);
            if let Some(skip) = skip {
                put_back(sums, &before, skip);
            }
        }
    }
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

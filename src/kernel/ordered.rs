//! Any accumulator at the speed of its lanes: products of one tap are added to the sums of many outputs at once.

use super::field::{self, Layout, Run};
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
    let layout = Layout::<1>::new(geometry, operands.batch, UNIT);
    let (offsets, outside) = (layout.filter_offsets(geometry), field::outside(geometry));
    let (mut codes, mut sums) = (layout.field(operands.pad), vec![]);
    for samples in field::chunks(geometry, operands.batch) {
        let (runs, units) = (layout.runs(samples.len()), layout.units(geometry, samples.len()));
        let skip = |tap: &Vec<_>| (!tap.is_empty()).then(|| layout.mask(geometry, tap, samples.len()));
        let skips: Vec<Option<Vec<i32>>> = outside.iter().map(skip).collect();
        for group in 0..geometry.groups {
            layout.fill(geometry, &operands, group, samples.clone(), &mut codes);
            let taps = Taps { codes: &codes, offsets: &offsets, skips: &skips };
            for channel in geometry.group_channels(group) {
                sums.clear();
                sums.resize(layout.columns(samples.len()), 0);
                for run in &runs {
                    taps.add(
                        run,
                        &mut sums,
                        geometry.filter(operands.weights, channel),
                        products,
                        accumulate,
                    );
                }
                let output = &mut output[samples.start * size + channel * geometry.positions()..];
                sums.chunks_exact_mut(UNIT).for_each(|sums| set_apart(sums, units.side));
                units.add(0, UNIT, &sums, output);
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
    /// Adds the products of one filter to a run of sums, tap after tap.
    fn add(
        &self,
        run: &Run,
        sums: &mut [i32],
        filter: &[u8],
        products: &Products,
        accumulate: &(dyn Fn(&mut [i32], &[i32]) + Sync),
    ) {
        let places = run.place..run.place + run.length;
        let sums = &mut sums[places.clone()];
        let (mut before, mut added) = (vec![0; sums.len()], vec![0; sums.len()]);
        for (k, (&weight, &offset)) in filter.iter().zip(self.offsets).enumerate() {
            let skip = self.skips[k % self.skips.len()].as_ref().map(|skip| &skip[places.clone()]);
            if skip.is_some() {
                before.copy_from_slice(sums);
            }
            products.expand(weight, &self.codes[run.cell + offset..][..sums.len()], &mut added);
            accumulate(sums, &added);
            if let Some(skip) = skip {
                put_back(sums, &before, skip);
            }
        }
    }
}

/// Sample after sample instead of side by side.
fn set_apart(sums: &mut [i32], side: usize) {
    let together: [i32; UNIT] = std::array::from_fn(|at| sums[at]);
    for (place, sum) in together.into_iter().enumerate() {
        sums[field::apart(place % side, side) * (UNIT / side) + place / side] = sum;
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

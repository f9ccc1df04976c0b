//! Contractions by looking up each product in the table.

use std::ops::Range;

use super::aligned::Aligned;
use super::field::{Layout, Units, set_apart};
use super::half::Half;
use super::path::Path;
use super::rare::Rare;
use super::reach::Reach;
use super::{Geometry, Operands};
use crate::simd::Level;

/// Neighbouring positions that are looked up together.
pub(super) const UNIT: usize = 64;
/// The most units of a block.
pub(super) const UNITS: usize = 64;
/// Taps of the filters that are prepared at a time, or of one: what a thread needs is some bytes for each.
const TAPS: usize = 1 << 18;

/// Where position 0 finds the code of each tap of a filter.
pub(super) struct Offsets {
    each: Vec<u32>,
    farthest: u32,
}

impl Offsets {
    pub(super) fn new(each: Vec<u32>) -> Self {
        let farthest = each.iter().max().copied().unwrap_or_default();
        Self { each, farthest }
    }

    pub(super) fn each(&self) -> &[u32] {
        &self.each
    }

    /// The greatest one.
    pub(super) fn farthest(&self) -> usize {
        self.farthest as usize
    }
}

/// Where some output positions find their codes.
pub(super) struct Block<'a> {
    pub(super) codes: &'a [u8],
    pub(super) offsets: &'a Offsets,
    /// All units of positions.
    pub(super) units: &'a Units,
    /// The first of those of the block, and how many they are: [`UNITS`] at most.
    pub(super) first: usize,
    pub(super) count: usize,
}

impl<'a> Block<'a> {
    /// The first position of each unit.
    pub(super) fn starts(&self) -> &'a [usize] {
        &self.units.starts[self.first..][..self.count]
    }

    /// The codes that a tap meets at the positions of each unit.
    fn codes(&self, tap: usize) -> impl Iterator<Item = &'a [u8]> {
        let (codes, offset) = (self.codes, self.offsets.each[tap] as usize);
        self.starts().iter().map(move |start| &codes[start + offset..][..UNIT])
    }

    /// Puts the sums that a function writes for each unit, whose positions it is told the first one of.
    pub(super) fn put_each(&self, to: Outputs<'_>, mut sum: impl FnMut(usize, &mut [i32; UNIT])) {
        let sums = &mut to.room[..self.count * UNIT];
        for (start, sums) in self.starts().iter().zip(sums.as_chunks_mut::<UNIT>().0) {
            sum(*start, sums);
        }
        self.put(to);
    }

    /// Puts the sums that are in the room.
    fn put(&self, to: Outputs<'_>) {
        let sums = &mut to.room[..self.count * UNIT];
        set_apart::<UNIT>(sums, self.units.side);
        self.units.put(self.first, UNIT, sums, to.outputs, to.begun);
    }

    /// Puts what becomes of the products of each position, looked up in the rows of all weights one by one, on any processor.
    pub(super) fn put_one_by_one(
        &self,
        rows: &[[i32; 256]],
        weights: &[u8],
        together: impl Fn(i32, i32) -> i32,
        finish: impl Fn(i32) -> i32,
        to: Outputs<'_>,
    ) {
        let sums = &mut to.room[..self.count * UNIT];
        sums.fill(0);
        for (tap, &weight) in weights.iter().enumerate() {
            let row = &rows[usize::from(weight)];
            for (codes, sums) in self.codes(tap).zip(sums.chunks_exact_mut(UNIT)) {
                for (sum, &code) in sums.iter_mut().zip(codes) {
                    *sum = together(*sum, row[usize::from(code)]);
                }
            }
        }
        sums.iter_mut().for_each(|sum| *sum = finish(*sum));
        self.put(to);
    }
}

/// Where a channel's sums go.
pub(super) struct Outputs<'a> {
    /// From the channel's first one in the first sample.
    pub(super) outputs: &'a mut [i32],
    /// Whether they hold anything but 0, to which sums are added.
    pub(super) begun: bool,
    /// For sums on their way.
    room: &'a mut [i32; UNITS * UNIT],
}

/// What an output channel does with the codes of its taps.
pub(super) trait Filter<'a> {
    /// Becomes that of a channel: with its weights, where each tap finds its codes, and in which half of a row those of each
    /// input channel are.
    fn prepare(&mut self, weights: &'a [u8], offsets: &Offsets, halves: &[Half]);

    /// Puts the sums of its products at the positions of a block.
    fn put(&self, block: &Block<'_>, to: Outputs<'_>);

    /// Products of codes in both halves, where those in one half take less time and what is put is their sum.
    fn reach(&self) -> Option<&'a Reach> {
        None
    }
}

/// A contraction whose filters look their products up.
pub(super) struct LookedUp<'a, F> {
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    /// Where all codes are; [`Half::Both`] where channels may differ.
    half: Half,
    layout: Layout<1>,
    offsets: Offsets,
    /// Of some output channels of a group, or of all: others take those of the ones before.
    filters: Vec<F>,
    codes: Aligned,
    rare: Option<Rare<'a>>,
}

impl<'a, F: Filter<'a> + Clone> LookedUp<'a, F> {
    /// With what a filter is before it is prepared, and the half of a row in which all codes are known to be.
    pub(super) fn new(
        geometry: &'a Geometry,
        operands: &'a Operands<'a>,
        half: Half,
        filter: F,
        level: Level,
    ) -> Self {
        let rare = filter.reach().map(Rare::new);
        let filters = (TAPS / geometry.depth()).clamp(1, geometry.out_channels / geometry.groups);
        let filters = vec![filter; filters];
        let layout = Layout::new(geometry, operands.batch, UNIT, level);
        let near = |offset: usize| u32::try_from(offset).expect("a field of less than 4 GiB");
        let offsets = Offsets::new(layout.filter_offsets(geometry).into_iter().map(near).collect());
        let codes = layout.field(operands.pad);
        Self { geometry, operands, half, layout, offsets, filters, codes, rare }
    }
}

impl<'a, F: Filter<'a>> Path for LookedUp<'a, F> {
    fn add(&mut self, samples: Range<usize>, output: &mut [i32], begun: bool) {
        let units = self.layout.units(self.geometry, samples.len());
        let mut room = [0; UNITS * UNIT];
        let depth = self.geometry.depth();
        let positions = self.geometry.positions();
        let mut halves = vec![self.half; self.geometry.in_channels / self.geometry.groups];
        for group in 0..self.geometry.groups {
            self.layout.fill(self.geometry, self.operands, group, samples.clone(), &mut self.codes);
            if self.half == Half::Both {
                halves = self.layout.halves(&self.codes);
                if let Some(rare) = &mut self.rare {
                    rare.find(self.geometry, self.operands, group, samples.clone(), &mut halves);
                }
            }
            let all = self.geometry.group_channels(group);
            for first in all.clone().step_by(self.filters.len()) {
                let channels = || first..all.end;
                for (channel, filter) in channels().zip(&mut self.filters) {
                    let weights = &self.operands.weights[channel * depth..][..depth];
                    filter.prepare(weights, &self.offsets, &halves);
                }
                // All of these channels at few positions, so that their codes stay near.
                for first in (0..units.starts.len()).step_by(UNITS) {
                    let count = (units.starts.len() - first).min(UNITS);
                    let (codes, offsets) = (&self.codes, &self.offsets);
                    let block = Block { codes, offsets, units: &units, first, count };
                    for (channel, filter) in channels().zip(&self.filters) {
                        let outputs = &mut output[channel * positions..];
                        filter.put(&block, Outputs { outputs, begun, room: &mut room });
                    }
                }
            }
            if let Some(rare) = &mut self.rare {
                rare.put_right(self.geometry, self.operands.weights, group, output);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FIRST, codes};
    use super::super::{Products, convolve, convolve_accumulating};
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn channels_that_are_prepared_one_after_the_other_sum_alike() {
        let mut stream = Stream::new(6, "kernel.looked_up", 0);
        let table: Vec<i32> = (0..1 << 16).map(|_| stream.below(1 << 16) as i32).collect();
        let geometry = Geometry {
            groups: 2,
            in_channels: 1200,
            in_height: 2,
            in_width: 2,
            out_channels: 106,
            kernel: [3; 2],
            stride: [1; 2],
            pads: [1; 4],
            dilation: [1; 2],
        };
        let in_a_group = geometry.out_channels / geometry.groups;
        let together = TAPS / geometry.depth();
        assert!(together < in_a_group && !in_a_group.is_multiple_of(together), "{together} of {in_a_group}");
        let input = codes(&mut stream, 2 * geometry.inputs_per_sample());
        let weights = codes(&mut stream, geometry.weights());
        let operands = Operands { batch: 2, input: &input, weights: &weights, pad: 9 };
        for level in Level::ALL {
            let products = Products::new(&table).at(level);
            let path = LookedUp::new(&geometry, &operands, Half::Both, products.filter(), level);
            assert_eq!(path.filters.len(), together);
            let expected = convolve_accumulating(&geometry, operands, &products, FIRST, &i32::wrapping_add);
            assert_eq!(convolve(&geometry, operands, &products), expected, "{level:?}");
        }
    }
}

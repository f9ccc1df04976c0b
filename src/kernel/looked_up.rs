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
        set_apart::<UNIT>(sums, self.units.side);
        self.units.put(self.first, UNIT, sums, to.outputs, to.begun);
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
    /// Of the output channels of a group: each group takes those of the one before.
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
        let filters = vec![filter; geometry.out_channels / geometry.groups];
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
        let (size, depth) = (self.filters.len(), self.geometry.depth());
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
            for (channel, filter) in (group * size..).zip(&mut self.filters) {
                let weights = &self.operands.weights[channel * depth..][..depth];
                filter.prepare(weights, &self.offsets, &halves);
            }
            // All channels of few positions, so that their codes stay near.
            for first in (0..units.starts.len()).step_by(UNITS) {
                let count = (units.starts.len() - first).min(UNITS);
                let block = Block { codes: &self.codes, offsets: &self.offsets, units: &units, first, count };
                for (channel, filter) in (group * size..).zip(&self.filters) {
                    let outputs = &mut output[channel * positions..];
                    filter.put(&block, Outputs { outputs, begun, room: &mut room });
                }
            }
            if let Some(rare) = &mut self.rare {
                rare.put_right(self.geometry, self.operands.weights, group, output);
            }
        }
    }
}

//! Contractions by looking up each product in the table.

use std::ops::Range;

use super::aligned::Aligned;
use super::field::Layout;
use super::half::Half;
use super::path::Path;
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
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) codes: &'a [u8],
    pub(super) offsets: &'a Offsets,
    /// The first position of each unit, [`UNITS`] at most.
    pub(super) starts: &'a [usize],
    /// Samples whose positions stand side by side.
    pub(super) side: usize,
}

impl<'a> Block<'a> {
    /// The codes that a tap meets at the positions of each unit.
    pub(super) fn codes(&self, tap: usize) -> impl Iterator<Item = &'a [u8]> {
        let (codes, offset) = (self.codes, self.offsets.each[tap] as usize);
        self.starts.iter().map(move |start| &codes[start + offset..][..UNIT])
    }
}

/// What an output channel does with the codes of its taps.
pub(super) trait Filter {
    /// Before the first sums: where each tap finds its codes, and in which half of a row those of each input channel are.
    fn prepare(&mut self, _offsets: &Offsets, _halves: &[Half]) {}

    /// Writes the sums of its products at the positions of a block, the samples of each unit [apart](super::field::apart).
    fn sum(&self, block: Block<'_>, sums: &mut [i32]);
}

/// A contraction whose filters look their products up.
pub(super) struct LookedUp<'a, F> {
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    /// Where all codes are; [`Half::Both`] where channels may differ.
    half: Half,
    layout: Layout<1>,
    offsets: Offsets,
    filters: Vec<F>,
    codes: Aligned,
}

impl<'a, F: Filter> LookedUp<'a, F> {
    /// With the filters of all output channels, and the half of a row in which all codes are known to be.
    pub(super) fn new(
        geometry: &'a Geometry,
        operands: &'a Operands<'a>,
        half: Half,
        filters: Vec<F>,
        level: Level,
    ) -> Self {
        let layout = Layout::new(geometry, operands.batch, UNIT, level);
        let near = |offset: usize| u32::try_from(offset).expect("a field of less than 4 GiB");
        let offsets = Offsets::new(layout.filter_offsets(geometry).into_iter().map(near).collect());
        let codes = layout.field(operands.pad);
        Self { geometry, operands, half, layout, offsets, filters, codes }
    }
}

impl<F: Filter> Path for LookedUp<'_, F> {
    fn add(&mut self, samples: Range<usize>, output: &mut [i32], begun: bool) {
        let units = self.layout.units(self.geometry, samples.len());
        let mut sums = [0; UNITS * UNIT];
        for group in 0..self.geometry.groups {
            self.layout.fill(self.geometry, self.operands, group, samples.clone(), &mut self.codes);
            let halves = match self.half {
                Half::Both => self.layout.halves(&self.codes),
                half => vec![half; self.geometry.in_channels / self.geometry.groups],
            };
            for channel in self.geometry.group_channels(group) {
                self.filters[channel].prepare(&self.offsets, &halves);
            }
            // All channels of few positions, so that their codes stay near.
            for (at, starts) in units.starts.chunks(UNITS).enumerate() {
                let block = Block { codes: &self.codes, offsets: &self.offsets, starts, side: units.side };
                for channel in self.geometry.group_channels(group) {
                    let sums = &mut sums[..starts.len() * UNIT];
                    self.filters[channel].sum(block, sums);
                    let output = &mut output[channel * self.geometry.positions()..];
                    units.put(at * UNITS, UNIT, sums, output, begun);
                }
            }
        }
    }
}

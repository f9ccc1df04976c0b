//! Contractions by looking up each product in the table.

use std::ops::Range;

use super::aligned::Aligned;
use super::field::Layout;
use super::path::Path;
use super::{Geometry, Operands};

/// Neighbouring positions that are looked up together.
pub(super) const UNIT: usize = 64;
/// The most units of a block.
pub(super) const UNITS: usize = 8;

/// Where some output positions find their codes.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) codes: &'a [u8],
    /// The distance of each tap of a filter.
    pub(super) offsets: &'a [usize],
    /// The greatest of them.
    pub(super) farthest: usize,
    /// The first position of each unit, [`UNITS`] at most.
    pub(super) starts: &'a [usize],
    /// Samples whose positions stand side by side.
    pub(super) side: usize,
}

impl<'a> Block<'a> {
    /// Its units, [`UNITS`] at once, the rest by half as many and then one by one.
    pub(super) fn parts(self) -> impl Iterator<Item = Self> {
        let mut rest = self.starts;
        std::iter::from_fn(move || {
            let count = [UNITS, UNITS / 2, 1].into_iter().find(|count| *count <= rest.len())?;
            let (starts, others) = rest.split_at(count);
            rest = others;
            Some(Self { starts, ..self })
        })
    }

    /// # Panics
    /// Unless every tap finds its codes.
    pub(super) fn check(&self) {
        let end = self.starts.iter().max().map_or(0, |start| start + self.farthest + UNIT);
        assert!(end <= self.codes.len(), "codes for every tap");
    }

    /// The codes that a tap meets at the positions of each unit.
    pub(super) fn codes(&self, tap: usize) -> impl Iterator<Item = &'a [u8]> {
        let (codes, offset) = (self.codes, self.offsets[tap]);
        self.starts.iter().map(move |start| &codes[start + offset..][..UNIT])
    }
}

/// What an output channel does with the codes of its taps.
pub(super) trait Filter {
    /// Writes the sums of its products at the positions of a block, the samples of each unit [apart](super::field::apart).
    fn sum(&self, block: Block<'_>, sums: &mut [i32]);
}

/// A contraction whose filters look their products up.
pub(super) struct LookedUp<'a, F> {
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    layout: Layout<1>,
    offsets: Vec<usize>,
    filters: Vec<F>,
    codes: Aligned,
}

impl<'a, F: Filter> LookedUp<'a, F> {
    pub(super) fn new(geometry: &'a Geometry, operands: &'a Operands<'a>, filters: Vec<F>) -> Self {
        let layout = Layout::new(geometry, operands.batch, UNIT);
        let (offsets, codes) = (layout.filter_offsets(geometry), layout.field(operands.pad));
        Self { geometry, operands, layout, offsets, filters, codes }
    }
}

impl<F: Filter> Path for LookedUp<'_, F> {
    fn add(&mut self, samples: Range<usize>, output: &mut [i32], begun: bool) {
        let units = self.layout.units(self.geometry, samples.len());
        let farthest = self.offsets.iter().max().copied().unwrap_or_default();
        let mut sums = [0; UNITS * UNIT];
        for group in 0..self.geometry.groups {
            self.layout.fill(self.geometry, self.operands, group, samples.clone(), &mut self.codes);
            // All channels of few positions, so that their codes stay near.
            for (at, starts) in units.starts.chunks(UNITS).enumerate() {
                let block =
                    Block { codes: &self.codes, offsets: &self.offsets, farthest, starts, side: units.side };
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

//! Tables of four-bit codes: the sixteen products of a weight are bytes, and one register holds those of four weights.
//!
//! A code is told which of the four it meets by two more bits, its channel; so one `vpermb` looks 64 products of four
//! different weights up, and one `vpdpbusd` sums them four by four to 32 bits.

use std::ops::Range;

use super::aligned::Aligned;
use super::cost::Use;
use super::factored::{LANES, blocks, blocks_of};
use super::field::Layout;
use super::path::Path;
use super::plan::Form;
use super::vnni::{self, CHANNELS, Finish, LOOKED_UP, Place, Taps, UNIT};
use super::{Geometry, Operands};
use crate::simd::{self, Level};

/// Codes of four bits.
const CODES: usize = 16;

/// Products of four-bit activation codes as a base and a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nibbles {
    /// Smallest product of each weight code.
    bases: Vec<i32>,
    /// What each product is above it.
    bytes: Vec<[u8; CODES]>,
}

impl Nibbles {
    /// The first sixteen products of each row; `None` where a row of them spans more than a byte.
    pub(super) fn find(rows: &[[i32; 256]]) -> Option<Self> {
        let base = |row: &[i32; 256]| row[..CODES].iter().copied().min().unwrap_or_default();
        let bases: Vec<i32> = rows.iter().map(base).collect();
        let bytes = rows.iter().zip(&bases).map(|(row, base)| {
            let mut bytes = [0; CODES];
            for (byte, product) in bytes.iter_mut().zip(row) {
                *byte = u8::try_from(i64::from(*product) - i64::from(*base)).ok()?;
            }
            Some(bytes)
        });
        Some(Self { bytes: bytes.collect::<Option<_>>()?, bases })
    }

    /// Whether the processor has the instructions and no code has more bits.
    pub(super) fn fits(&self, asked: &Use<'_>) -> bool {
        vnni::looks_up(asked.level) && usize::from(asked.any_bits()) < CODES
    }

    /// The output channels of a group, eight at a time.
    fn tiles(&self, geometry: &Geometry, operands: &Operands<'_>, group: usize) -> Vec<Tile> {
        let base = |channel: usize| {
            let filter = geometry.filter(operands.weights, channel).iter();
            filter.fold(0i32, |sum, &weight| sum.wrapping_add(self.bases[usize::from(weight)]))
        };
        let row = |at: usize| self.bytes[usize::from(operands.weights[at])];
        let all = geometry.group_channels(group);
        let tile = |first: usize| {
            let channels = first..(first + CHANNELS).min(all.end);
            let mut bases = [0; CHANNELS];
            bases.iter_mut().zip(channels.clone()).for_each(|(sum, channel)| *sum = base(channel));
            let own: Vec<usize> = channels.clone().collect();
            let count = blocks_of(geometry) * CHANNELS * LOOKED_UP;
            let mut products = Aligned::new(0, count);
            blocks(geometry, &own, row, products.as_chunks_mut::<LOOKED_UP>().0.as_chunks_mut().0);
            Tile { products, channels, bases }
        };
        all.clone().step_by(CHANNELS).map(tile).collect()
    }
}

impl Form for Nibbles {
    const NAME: &str = "four bits";

    fn gives(&self, weight: u8, row: &[i32; 256]) -> bool {
        let (base, bytes) = (self.bases[usize::from(weight)], &self.bytes[usize::from(weight)]);
        bytes.iter().zip(row).all(|(byte, product)| base.wrapping_add((*byte).into()) == *product)
    }
}

/// A contraction of codes of four bits.
pub(super) struct FourBits<'a> {
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    layout: Layout<LANES>,
    offsets: Vec<usize>,
    /// The output channels of each group.
    tiles: Vec<Vec<Tile>>,
    codes: Aligned,
}

impl<'a> FourBits<'a> {
    pub(super) fn new(
        geometry: &'a Geometry,
        operands: &'a Operands<'a>,
        nibbles: &Nibbles,
        level: Level,
    ) -> Self {
        let layout = Layout::new(geometry, operands.batch, UNIT, level);
        Self {
            offsets: layout.offsets(geometry.kernel),
            tiles: (0..geometry.groups).map(|group| nibbles.tiles(geometry, operands, group)).collect(),
            codes: layout.field(operands.pad),
            geometry,
            operands,
            layout,
        }
    }
}

impl Path for FourBits<'_> {
    fn add(&mut self, samples: Range<usize>, output: &mut [i32], begun: bool) {
        let units = self.layout.units(self.geometry, samples.len());
        let pitch = self.geometry.positions();
        for (group, tiles) in self.tiles.iter().enumerate() {
            self.layout.fill(self.geometry, self.operands, group, samples.clone(), &mut self.codes);
            tell(&mut self.codes);
            for tile in tiles {
                let taps = Taps {
                    codes: &self.codes,
                    offsets: &self.offsets,
                    weights: tile.products.as_chunks::<LOOKED_UP>().0.as_chunks().0,
                };
                let (channels, first) = (tile.channels.len(), tile.channels.start * pitch);
                let finish = Finish { scale: 1, constants: tile.bases, besides: &[], begun };
                vnni::sum(taps, Place { units: &units, channels, first, pitch }, &finish, output);
            }
        }
    }
}

/// Up to eight output channels.
struct Tile {
    channels: Range<usize>,
    /// Blocks one after the other.
    products: Aligned,
    /// What the bases of each channel's rows add up to.
    bases: [i32; CHANNELS],
}

/// Tells the codes of four channels which weight they meet; those of the padding may have been told before.
fn tell(codes: &mut [u8]) {
    const WEIGHTS: u32 = u32::from_le_bytes([0, CODES as u8, 2 * CODES as u8, 3 * CODES as u8]);
    simd::widest(
        #[inline(always)]
        move || {
            for codes in codes.as_chunks_mut().0 {
                *codes = (u32::from_le_bytes(*codes) | WEIGHTS).to_le_bytes();
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::super::tests::rows;
    use super::*;

    #[test]
    fn products_of_four_bits_are_bytes_and_wider_ones_are_not() {
        let found = Nibbles::find(&rows(|w, x| if w < 16 { (w - 8) * (x - 8) } else { 0 })).unwrap();
        assert_eq!((found.bases[0], found.bytes[0][0]), (-56, 120));
        assert_eq!(Nibbles::find(&rows(|w, x| w * x)), None);
        // At the ends of 32 bits.
        assert_eq!(
            Nibbles::find(&rows(|w, _| if w == 3 { i32::MIN } else { i32::MAX })).unwrap().bytes[3],
            [0; 16]
        );
        assert_eq!(Nibbles::find(&rows(|_, x| if x == 3 { i32::MIN } else { i32::MAX })), None);
    }
}

//! Tables of four-bit codes: the sixteen products of a weight are bytes, and one register holds those of four weights.
//!
//! A code is told which of the four it meets by two more bits, its channel; so one `vpermb` looks 64 products of four
//! different weights up, and one `vpdpbusd` sums them four by four to 32 bits.

use std::ops::Range;

use super::cost::{FOUR_BITS, Use};
use super::factored::{LANES, blocks};
use super::field::Layout;
use super::path::Path;
use super::vnni::{self, Block, CHANNELS, Finish, LOOKED_UP, Place, Taps, UNIT};
use super::{Geometry, Operands};

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

    /// What a product costs; `None` where the processor lacks the instructions, or some code has more bits.
    pub(super) fn cost(&self, asked: &Use<'_>) -> Option<f32> {
        let fits = vnni::looks_up() && usize::from(asked.any_bits()) < CODES;
        fits.then(|| FOUR_BITS * asked.filled(LANES))
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
            Tile { products: blocks(geometry, &own, row), channels, bases }
        };
        all.clone().step_by(CHANNELS).map(tile).collect()
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
    codes: Vec<u8>,
}

impl<'a> FourBits<'a> {
    pub(super) fn new(geometry: &'a Geometry, operands: &'a Operands<'a>, nibbles: &Nibbles) -> Self {
        let layout = Layout::new(geometry, operands.batch, UNIT);
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
    fn add(&mut self, samples: Range<usize>, output: &mut [i32]) {
        let units = self.layout.units(self.geometry, samples.len());
        let pitch = self.geometry.positions();
        for (group, tiles) in self.tiles.iter().enumerate() {
            self.layout.fill(self.geometry, self.operands, group, samples.clone(), &mut self.codes);
            self.codes.as_chunks_mut::<LANES>().0.iter_mut().for_each(tell);
            for tile in tiles {
                let taps = Taps { codes: &self.codes, offsets: &self.offsets, weights: &tile.products };
                let (channels, first) = (tile.channels.len(), tile.channels.start * pitch);
                let finish = Finish { scale: 1, constants: tile.bases, besides: &[] };
                vnni::sum(taps, Place { units: &units, channels, first, pitch }, &finish, output);
            }
        }
    }
}

/// Up to eight output channels.
struct Tile {
    channels: Range<usize>,
    products: Vec<Block<LOOKED_UP>>,
    /// What the bases of each channel's rows add up to.
    bases: [i32; CHANNELS],
}

/// Tells the codes of four channels which weight they meet; those of the padding may have been told before.
fn tell(codes: &mut [u8; LANES]) {
    for (lane, code) in codes.iter_mut().enumerate() {
        *code |= (lane * CODES) as u8;
    }
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

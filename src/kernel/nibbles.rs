//! Tables of four-bit codes: the sixteen products of a weight are bytes, and one register holds those of four weights.
//!
//! A code is told which of the four it meets by two more bits, its channel; so one `vpermb` looks 64 products of four
//! different weights up, and one `vpdpbusd` sums them four by four to 32 bits.

use super::factored::{LANES, blocks};
use super::field::{self, Layout};
use super::vnni::{self, Block, CHANNELS, Finish, LOOKED_UP, POSITIONS, Taps};
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

    /// Whether this is exact for these operands, and faster than looking products up one weight at a time.
    pub(super) fn pays(&self, geometry: &Geometry, operands: &Operands<'_>) -> bool {
        let channels = geometry.in_channels / geometry.groups;
        let any = operands.input.iter().fold(operands.pad, |any, code| any | code);
        // A block of fewer channels is filled up with products that nothing needs.
        vnni::looks_up() && channels.next_multiple_of(LANES) < 2 * channels && usize::from(any) < CODES
    }

    /// As [`super::convolve`].
    pub(super) fn convolve(&self, geometry: &Geometry, operands: &Operands<'_>, output: &mut [i32]) {
        let mut chunks = field::chunks(geometry, operands.batch).peekable();
        let Some(largest) = chunks.peek().map(ExactSizeIterator::len) else { return };
        let layout = Layout::<LANES>::new(geometry, largest);
        let offsets = layout.offsets(geometry.kernel);
        let tiles = |group: usize| self.tiles(geometry, operands, group);
        let tiles: Vec<Vec<Tile>> = (0..geometry.groups).map(tiles).collect();
        let (mut codes, mut sums) = (vec![], vec![]);
        for samples in chunks {
            let columns = layout.columns(samples.len()).next_multiple_of(POSITIONS);
            sums.resize(CHANNELS * columns, 0);
            for (group, tiles) in tiles.iter().enumerate() {
                layout.fill(geometry, operands, group, samples.clone(), &mut codes);
                codes.as_chunks_mut::<LANES>().0.iter_mut().for_each(place);
                for tile in tiles {
                    let taps = Taps { codes: &codes, offsets: &offsets, weights: &tile.products };
                    let sums = &mut sums[..tile.channels.len() * columns];
                    vnni::sum(taps, columns, &tile.finish, sums);
                    for (&channel, sums) in tile.channels.iter().zip(sums.chunks_exact(columns)) {
                        layout.scatter(geometry, channel, samples.clone(), sums, output);
                    }
                }
            }
        }
    }

    /// The output channels of a group, eight at a time.
    fn tiles(&self, geometry: &Geometry, operands: &Operands<'_>, group: usize) -> Vec<Tile> {
        let channels: Vec<usize> = geometry.group_channels(group).collect();
        let base = |channel: usize| {
            let filter = geometry.filter(operands.weights, channel).iter();
            filter.fold(0i32, |sum, &weight| sum.wrapping_add(self.bases[usize::from(weight)]))
        };
        let tile = |channels: &[usize]| {
            let mut finish = Finish { scale: 1, constants: [0; CHANNELS], on_top: false };
            let own = finish.constants.iter_mut().zip(channels);
            own.for_each(|(constant, &channel)| *constant = base(channel));
            let row = |at: usize| self.bytes[usize::from(operands.weights[at])];
            Tile { products: blocks(geometry, channels, row), channels: channels.to_vec(), finish }
        };
        channels.chunks(CHANNELS).map(tile).collect()
    }
}

/// Up to eight output channels.
struct Tile {
    channels: Vec<usize>,
    products: Vec<Block<LOOKED_UP>>,
    finish: Finish,
}

/// Tells the codes of four channels which weight they meet.
fn place(codes: &mut [u8; LANES]) {
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

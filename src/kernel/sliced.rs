//! Looked-up bytes of many positions, sliced: plane after plane of their bits.

use crate::netlist::program::{LANES, Lane, Slot, WORDS};
use crate::simd::{self, Level};

/// Neighbouring positions that are looked up together.
pub(super) const UNIT: usize = 64;
/// Units that are sliced together.
pub(super) const PARTS: usize = LANES as usize / UNIT;
/// Bytes of one row of a swap.
const ROW: usize = 8 * WORDS;

/// A byte for each position of all parts.
pub(super) type Bytes = [u8; LANES as usize];
/// The lanes of each bit of them.
pub(super) type Planes = [Lane; 8];

/// Where parts find their codes and what is looked up for these.
pub(super) struct Lookup<'a> {
    pub(super) codes: &'a [u8],
    /// The first code of each part.
    pub(super) starts: [usize; PARTS],
    pub(super) tables: &'a [[u8; 256]],
    /// With which they are looked up.
    pub(super) level: Level,
}

impl Lookup<'_> {
    /// Writes the planes of what a table has for the codes of each part, so far from its first one, to these places among
    /// slots, the lowest bit first; without places for them the highest bits are left out.
    ///
    /// There is one table for all parts or one for each.
    pub(super) fn write(&self, tables: &[usize], offset: usize, slots: &mut [Slot], places: &[usize]) {
        #[cfg(target_arch = "x86_64")]
        if super::avx512::supported(self.level) {
            return super::avx512::sliced(self, tables, offset, slots, places);
        }
        let mut bytes = [0; LANES as usize];
        for (part, bytes) in bytes.as_chunks_mut::<UNIT>().0.iter_mut().enumerate() {
            let table = &self.tables[tables[part.min(tables.len() - 1)]];
            let codes = &self.codes[self.starts[part] + offset..];
            bytes.iter_mut().zip(codes).for_each(|(byte, &code)| *byte = table[usize::from(code)]);
        }
        places.iter().zip(swapped(&bytes)).for_each(|(&place, plane)| slots[place].0 = plane);
    }
}

/// The planes of bytes: bit `b` of byte `8·w + i` of row `r` becomes bit `8·i + r` of word `w` of plane `b`. Of the bytes
/// of planes, the bytes whose planes they are.
pub(super) fn swapped(bytes: &Bytes) -> Planes {
    const STEPS: [(usize, u64); 3] =
        [(4, 0x0f0f_0f0f_0f0f_0f0f), (2, 0x3333_3333_3333_3333), (1, 0x5555_5555_5555_5555)];
    let mut rows: Planes = std::array::from_fn(|row| {
        let words = bytes[row * ROW..][..ROW].as_chunks().0;
        std::array::from_fn(|word| u64::from_le_bytes(words[word]))
    });
    let all = &mut rows;
    simd::widest(
        #[inline(always)]
        move || {
            for (distance, keep) in STEPS {
                for low in (0..8).filter(|row| row & distance == 0) {
                    let (lower, upper) = all.split_at_mut(low + distance);
                    for (a, b) in lower[low].iter_mut().zip(&mut upper[0]) {
                        (*a, *b) = (*a & keep | (*b & keep) << distance, *a >> distance & keep | *b & !keep);
                    }
                }
            }
        },
    );
    rows
}

/// Planes as bytes, word after word.
pub(super) fn bytes_of(planes: &Planes) -> Bytes {
    let mut bytes = [0; LANES as usize];
    let words = planes.as_flattened();
    bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn planes_have_the_bits_of_what_is_looked_up_and_give_them_back() {
        let mut stream = Stream::new(1, "kernel.sliced", 0);
        let tables: Vec<[u8; 256]> = (0..2).map(|_| std::array::from_fn(|_| stream.word() as u8)).collect();
        let codes: Vec<u8> = (0..3000).map(|_| stream.word() as u8).collect();
        let starts = std::array::from_fn(|part| 133 * part);
        let places: [usize; 8] = std::array::from_fn(|bit| 20 - 2 * bit);
        let mut slots = vec![Slot([0; WORDS]); 21];
        let all: [Vec<usize>; 2] = [vec![1], (0..PARTS).map(|part| part % 2).collect()];
        for (own, level) in all.iter().flat_map(|own| Level::ALL.map(|level| (own, level))) {
            let lookup = Lookup { codes: &codes, starts, tables: &tables, level };
            lookup.write(own, 77, &mut slots, &places);
            let planes = places.map(|place| slots[place].0);
            for (at, &byte) in bytes_of(&swapped(&bytes_of(&planes))).iter().enumerate() {
                let code = codes[133 * (at / UNIT) + at % UNIT + 77];
                let expected = tables[own[(at / UNIT).min(own.len() - 1)]][usize::from(code)];
                assert_eq!(byte, expected);
                let (row, word, place) = (at / ROW, at % ROW / 8, at % 8);
                let bit = |plane: &Lane| plane[word] >> (8 * place + row) & 1;
                assert!(
                    planes.iter().enumerate().all(|(at, plane)| bit(plane) == u64::from(expected >> at & 1))
                );
            }
        }
    }
}

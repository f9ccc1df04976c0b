//! Lanes of a result's bits turned into codes, one an operand vector.

use super::{Lane, WORDS};

/// Codes of up to 32 bits of [`LANES`](super::LANES) operand vectors: code `h` of row `r` is that of lane 32·h + r.
pub type Codes = [[u32; 2 * WORDS]; 32];

/// Turns the lanes of up to 32 bits into codes; `lanes` gives those of each bit, `None` where it is 0 everywhere.
///
/// A recursive block swap as in [`crate::bits::transpose64`], on every 32 lanes at once: two steps of it on four rows
/// that are 8 apart, then three on eight neighbours, so that rows stay in registers from step to step.
#[inline(always)]
pub fn codes<'a>(lanes: impl Fn(usize) -> Option<&'a Lane>, rows: &mut Codes) {
    for first in 0..8 {
        for column in (0..2 * WORDS).step_by(PART) {
            let part = |at: usize| lanes(first + 8 * at).map_or([0; PART], |lane| part_of(lane, column));
            let swapped = swapped::<4>([part(0), part(1), part(2), part(3)], 8);
            for (at, part) in swapped.iter().enumerate() {
                rows[first + 8 * at][column..column + PART].copy_from_slice(part);
            }
        }
    }
    for rows in rows.as_chunks_mut::<8>().0 {
        for column in (0..2 * WORDS).step_by(PART) {
            let part = |row: &[u32; 2 * WORDS]| row[column..].first_chunk::<PART>().copied();
            let own = rows.each_ref().map(|row| part(row).expect("a row has whole parts"));
            for (row, part) in rows.iter_mut().zip(swapped::<8>(own, 1)) {
                row[column..column + PART].copy_from_slice(&part);
            }
        }
    }
}

/// The lanes of one bit in halves of words, each of which has that bit of a column of codes, by rows.
#[inline(always)]
pub fn halves(lane: &Lane) -> [u32; 2 * WORDS] {
    let mut halves = [0; 2 * WORDS];
    for column in (0..2 * WORDS).step_by(PART) {
        halves[column..column + PART].copy_from_slice(&part_of(lane, column));
    }
    halves
}

/// Codes in one vector register.
const PART: usize = 16;

/// Half words of a net's lanes from a column on.
#[inline(always)]
fn part_of(lane: &Lane, column: usize) -> [u32; PART] {
    let mut halves = [0; PART];
    for (word, pair) in lane[column / 2..].iter().zip(halves.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[*word as u32, (*word >> 32) as u32]);
    }
    halves
}

/// Swaps blocks among rows that are `stride` apart, the largest blocks first.
#[inline(always)]
fn swapped<const COUNT: usize>(mut own: [[u32; PART]; COUNT], stride: usize) -> [[u32; PART]; COUNT] {
    let mut half = COUNT / 2;
    while half != 0 {
        let shift = (half * stride) as u32;
        let keep = u32::MAX / ((1 << shift) + 1);
        for pair in 0..COUNT / 2 {
            let low = pair / half * half + pair;
            let (before, after) = own.split_at_mut(low + half);
            for (low, high) in before[low].iter_mut().zip(&mut after[0]) {
                (*low, *high) = (*low & keep | *high << shift & !keep, *low >> shift & keep | *high & !keep);
            }
        }
        half /= 2;
    }
    own
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::sample::words;
    use super::super::LANES;
    use super::*;

    proptest! {
        #[test]
        fn codes_are_the_transposed_words(seed in any::<u64>()) {
            let mut random = words(seed);
            let lanes = [[0; WORDS]; 32].map(|lane| lane.map(|_: u64| random()));
            let mut rows = [[0; 2 * WORDS]; 32];
            let width = random() as usize % 33;
            codes(|bit| lanes[..width].get(bit), &mut rows);
            for lane in 0..LANES as usize {
                let bit = |row: &Lane| row[lane / 64] >> (lane % 64) & 1;
                let code = lanes[..width].iter().enumerate().fold(0, |code, (at, row)| code | (bit(row) as u32) << at);
                prop_assert_eq!(rows[lane % 32][lane / 32], code);
            }
        }
    }
}

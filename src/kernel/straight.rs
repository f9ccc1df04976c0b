//! Tables whose rows are straight lines, as those of exact products are: any processor multiplies instead of looking up, and
//! compilers turn the loop into vector instructions.

use super::half::Half;
use super::looked_up::{Block, Filter, Offsets, Outputs, UNIT};

/// Positions whose sums stay in registers.
const PART: usize = 32;

/// Slope and start of each row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Straight {
    slopes: Box<[i16; 256]>,
    starts: Box<[i32; 256]>,
}

impl Straight {
    /// `None` unless every product of every row is on its line, whose slope has 16 bits.
    pub(super) fn find(rows: &[[i32; 256]]) -> Option<Self> {
        let mut found = Self { slopes: Box::new([0; 256]), starts: Box::new([0; 256]) };
        for (weight, row) in rows.iter().enumerate() {
            found.slopes[weight] = row[1].checked_sub(row[0])?.try_into().ok()?;
            found.starts[weight] = row[0];
            let on_line = |(code, product): (u8, &i32)| found.product(weight as u8, code) == *product;
            if !(0..=255).zip(row).all(on_line) {
                return None;
            }
        }
        Some(found)
    }

    fn product(&self, weight: u8, code: u8) -> i32 {
        let slope = i32::from(self.slopes[usize::from(weight)]);
        self.starts[usize::from(weight)].wrapping_add(slope * i32::from(code))
    }

    pub(super) fn filter(&self) -> Multiplied<'_> {
        Multiplied { lines: self, slopes: vec![], start: 0 }
    }
}

/// A filter whose products are multiplied.
#[derive(Debug, Clone)]
pub(super) struct Multiplied<'a> {
    lines: &'a Straight,
    /// Those of its weights.
    slopes: Vec<i16>,
    /// What the starts of its weights add up to.
    start: i32,
}

impl<'a> Filter<'a> for Multiplied<'a> {
    fn prepare(&mut self, weights: &'a [u8], _: &Offsets, _: &[Half]) {
        let rows = || weights.iter().map(|&weight| usize::from(weight));
        self.slopes.clear();
        self.slopes.extend(rows().map(|row| self.lines.slopes[row]));
        self.start = rows().fold(0, |sum, row| sum.wrapping_add(self.lines.starts[row]));
    }

    fn put(&self, block: &Block<'_>, to: Outputs<'_>) {
        block.put_each(to, |start, sums: &mut [i32; UNIT]| {
            for (part, sums) in sums.as_chunks_mut::<PART>().0.iter_mut().enumerate() {
                *sums = self.sums(&block.codes[start + part * PART..], block.offsets);
            }
        });
    }
}

impl Multiplied<'_> {
    /// The sums of neighbouring positions, of which the first one begins with the codes.
    fn sums(&self, codes: &[u8], offsets: &Offsets) -> [i32; PART] {
        let mut sums = [self.start; PART];
        for (&slope, &offset) in self.slopes.iter().zip(offsets.each()) {
            let codes = codes[offset as usize..].first_chunk::<PART>().expect("codes for every tap");
            for (sum, &code) in sums.iter_mut().zip(codes) {
                *sum = sum.wrapping_add(i32::from(slope) * i32::from(i16::from(code)));
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::rows;
    use super::*;

    #[test]
    fn rows_are_lines_or_nothing_is_found() {
        let exact = rows(|w, x| (w - 128) * (x - 3) + 7);
        let found = Straight::find(&exact).unwrap();
        let right = |(weight, row): (u8, &[i32; 256])| {
            (0..=255).zip(row).all(|(code, product)| found.product(weight, code) == *product)
        };
        assert!((0..=255).zip(&exact).all(right));
        let mut bent = exact;
        bent[255][255] += 1;
        assert_eq!(Straight::find(&bent), None);
        assert!(Straight::find(&rows(|_, x| 32_767 * x)).is_some());
        assert_eq!(Straight::find(&rows(|_, x| 32_768 * x)), None);
        assert_eq!(Straight::find(&rows(|_, x| if x == 0 { i32::MIN } else { i32::MAX })), None);
    }
}

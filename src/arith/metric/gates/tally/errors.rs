//! Errors of some columns of a block, row by row, with their sums and extremes.

use super::{COLUMNS, Each, Expected, Figures, Inverses, LANES, Results, add, each, widen};
use crate::netlist::program::Codes;

/// What the bit above 32 counts.
const TWO_32: f64 = (1u64 << 32) as f64;

/// The rows as numbers.
const ROWS: [f64; 32] = {
    let mut rows = [0.0; 32];
    let mut row = 1;
    while row < 32 {
        rows[row] = rows[row - 1] + 1.0;
        row += 1;
    }
    rows
};

/// Some columns of a block with what they should be.
pub(super) struct Part<'a> {
    codes: &'a Codes,
    above: [u32; LANES],
    pub(super) column: usize,
    sign: u32,
    first: Each,
    step: Each,
    pub(super) inverses: Option<&'a Inverses>,
}

impl<'a> Part<'a> {
    #[inline(always)]
    pub(super) fn new(results: &'a Results, column: usize, expected: &Expected<'a>) -> Self {
        let Expected { sign, first, step, inverse, .. } = expected;
        Self {
            codes: &results.codes,
            above: columns(&results.above.unwrap_or_default(), column),
            column,
            sign: *sign,
            first: columns(first, column),
            step: columns(step, column),
            inverses: inverse.map(|(inverses, _)| inverses),
        }
    }

    /// The exact results of a row.
    #[inline(always)]
    pub(super) fn exact(&self, row: usize) -> Each {
        each(|lane| ROWS[row].mul_add(self.step[lane], self.first[lane]))
    }

    /// The errors of a row's results, with the bit above the codes with `ABOVE`.
    #[inline(always)]
    pub(super) fn errors<const ABOVE: bool>(&self, row: usize) -> Each {
        let codes = columns(&self.codes[row], self.column);
        // A signed result is read as an unsigned one with its sign bit turned over, which is that much more.
        let offset = f64::from(self.sign);
        each(|lane| {
            let code = f64::from(codes[lane] ^ self.sign);
            let code = if ABOVE { f64::from(self.above[lane] >> row & 1) * TWO_32 + code } else { code };
            let from_first = code - (self.first[lane] + offset);
            (-ROWS[row]).mul_add(self.step[lane], from_first)
        })
    }
}

/// Some columns of a row.
#[inline(always)]
pub(super) fn columns<T: Copy>(row: &[T; COLUMNS], column: usize) -> [T; LANES] {
    *row[column..].first_chunk().expect("a row has whole parts")
}

/// Errors of a part's rows in turn, and what they add up to.
pub(super) trait Errors {
    /// Before the first row.
    fn of(part: &Part<'_>) -> Self;

    /// The errors of the next row.
    fn next(&mut self, part: &Part<'_>, row: usize) -> Each;

    /// Puts the sums and extremes of all rows among a part's figures.
    fn give(self, figures: &mut Figures);
}

/// In floating point, with the bit above the codes with `ABOVE`.
pub(super) struct Floating<const ABOVE: bool> {
    distance: Each,
    error: Each,
    range: [Each; 2],
}

impl<const ABOVE: bool> Errors for Floating<ABOVE> {
    #[inline(always)]
    fn of(_: &Part<'_>) -> Self {
        Self {
            distance: [0.0; LANES],
            error: [0.0; LANES],
            range: [[f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]],
        }
    }

    #[inline(always)]
    fn next(&mut self, part: &Part<'_>, row: usize) -> Each {
        let error = part.errors::<ABOVE>(row);
        add(&mut self.error, &error);
        add(&mut self.distance, &each(|lane| error[lane].abs()));
        widen(&mut self.range, &error, &error);
        error
    }

    #[inline(always)]
    fn give(self, figures: &mut Figures) {
        (figures.distance, figures.error, figures.error_range) = (self.distance, self.error, self.range);
    }
}

/// Bits of a result up to which the errors of 32 rows add up to a number of 32 bits.
pub(super) const NARROW: u32 = 26;

/// In whole numbers of 32 bits, half as wide as floating ones, where results have at most [`NARROW`] bits.
pub(super) struct Whole {
    /// What the next row should be, as [`Part::errors`] reads codes.
    exact: [i32; LANES],
    step: [i32; LANES],
    distance: [i32; LANES],
    error: [i32; LANES],
    range: [[i32; LANES]; 2],
}

impl Errors for Whole {
    #[inline(always)]
    fn of(part: &Part<'_>) -> Self {
        Self {
            exact: each(|lane| part.first[lane] as i32 + part.sign as i32),
            step: each(|lane| part.step[lane] as i32),
            distance: [0; LANES],
            error: [0; LANES],
            range: [[i32::MAX; LANES], [i32::MIN; LANES]],
        }
    }

    #[inline(always)]
    fn next(&mut self, part: &Part<'_>, row: usize) -> Each {
        let codes = columns(&part.codes[row], part.column);
        let error: [i32; LANES] = each(|lane| (codes[lane] ^ part.sign) as i32 - self.exact[lane]);
        let [least, greatest] = &self.range;
        self.range = [each(|at| least[at].min(error[at])), each(|at| greatest[at].max(error[at]))];
        self.exact = each(|at| self.exact[at] + self.step[at]);
        self.error = each(|at| self.error[at] + error[at]);
        self.distance = each(|at| self.distance[at] + error[at].abs());
        each(|lane| f64::from(error[lane]))
    }

    #[inline(always)]
    fn give(self, figures: &mut Figures) {
        let floating = |whole: &[i32; LANES]| each(|lane| f64::from(whole[lane]));
        figures.distance = floating(&self.distance);
        figures.error = floating(&self.error);
        figures.error_range = self.range.each_ref().map(floating);
    }
}

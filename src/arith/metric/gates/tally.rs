//! Sums and extremes of many pairs at a time, in floating point: errors are whole numbers below 2^34 and the pairs of
//! a task few, so that sums of errors and distances are exact.

mod errors;

use std::ops::Range;

use self::errors::{Errors, Floating, NARROW, Part, Whole, columns};
use crate::arith::metric::Sums;
use crate::netlist::program::{Codes, WORDS};

/// Figures that are added up next to one another: one vector register each.
const LANES: usize = 8;

/// One figure of each of [`LANES`] pairs.
type Each = [f64; LANES];

/// Columns of a block: each has 32 pairs that follow one another, in as many rows.
pub(super) const COLUMNS: usize = 2 * WORDS;

/// Inverse magnitudes (0 for 0) of the operand that differs from row to row.
pub(super) type Inverses = [[f64; COLUMNS]; 32];

/// The results of a block.
pub(super) struct Results {
    /// The lowest 32 bits.
    pub(super) codes: Codes,
    /// The bit above them where a result has it: those of a column of codes in a word, by rows.
    pub(super) above: Option<[u32; COLUMNS]>,
}

impl Default for Results {
    fn default() -> Self {
        Self { codes: [[0; COLUMNS]; 32], above: None }
    }
}

impl Results {
    /// The code of a pair of the block.
    pub(super) fn code(&self, lane: usize) -> u64 {
        let (row, column) = (lane % 32, lane / 32);
        let above = self.above.map_or(0, |above| above[column] >> row & 1);
        u64::from(above) << 32 | u64::from(self.codes[row][column])
    }
}

/// What the results of a block should be.
pub(super) struct Expected<'a> {
    /// Exact results of the first row, and what each later row adds.
    pub(super) first: [f64; COLUMNS],
    pub(super) step: [f64; COLUMNS],
    /// The same as codes; bits above the result's are of no account, and where a result has a bit above the 32 here no
    /// exact one has it.
    pub(super) codes: [u32; COLUMNS],
    pub(super) code_step: [u32; COLUMNS],
    /// The bits of a result, and its sign bit where it has one.
    pub(super) mask: u32,
    pub(super) sign: u32,
    /// Of products the inverse magnitudes of both operands, the second those of the one that is the same in a column.
    pub(super) inverse: Option<(&'a Inverses, [f64; COLUMNS])>,
    /// No exact result is 0 from this row on.
    pub(super) zeros: usize,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    codes: WrongCodes,
    figures: Figures,
    zeros: Zeros,
    /// The greatest distances in the last block.
    greatest: Each,
}

/// Sums and extremes of errors.
#[derive(Debug, Clone, Copy)]
struct Figures {
    distance: Each,
    error: Each,
    square: Each,
    error_range: [Each; 2],
    relative: Each,
    signed_relative: Each,
    square_relative: Each,
    relative_range: [Each; 2],
}

/// Wrong results and their wrong bits, at most 2^13 rows a task.
#[derive(Debug, Clone, Copy, Default)]
struct WrongCodes {
    results: [u32; COLUMNS],
    bits: [u32; COLUMNS],
}

/// Pairs whose exact result is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Zeros {
    count: Each,
    errors: Each,
    distance: Each,
    worst: Each,
}

impl Default for Figures {
    fn default() -> Self {
        let (sum, range) = ([0.0; LANES], [[f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]]);
        Self {
            distance: sum,
            error: sum,
            square: sum,
            error_range: range,
            relative: sum,
            signed_relative: sum,
            square_relative: sum,
            relative_range: range,
        }
    }
}

impl Tally {
    /// Adds a block of results.
    #[inline(always)]
    pub(super) fn add(&mut self, results: &Results, expected: &Expected<'_>) {
        match (results.above.is_some(), expected.mask < 1 << NARROW) {
            (true, _) => self.add_errors::<Floating<true>>(results, expected),
            (false, false) => self.add_errors::<Floating<false>>(results, expected),
            (false, true) => self.add_errors::<Whole>(results, expected),
        }
    }

    #[inline(always)]
    fn add_errors<E: Errors>(&mut self, results: &Results, expected: &Expected<'_>) {
        match expected.inverse.is_some() {
            true => self.add_block::<true, E>(results, expected),
            false => self.add_block::<false, E>(results, expected),
        }
    }

    #[inline(always)]
    fn add_block<const TABLE: bool, E: Errors>(&mut self, results: &Results, expected: &Expected<'_>) {
        self.greatest = [0.0; LANES];
        match results.above {
            Some(_) => self.codes.add::<true>(results, expected),
            None => self.codes.add::<false>(results, expected),
        }
        for column in (0..COLUMNS).step_by(LANES) {
            let part = Part::new(results, column, expected);
            let factor = expected.inverse.map_or([1.0; LANES], |(_, factors)| columns(&factors, column));
            self.add_part::<TABLE, E>(&part, &factor, expected.zeros);
        }
    }

    /// The greatest distance in the last block.
    pub(super) fn greatest(&self) -> u64 {
        self.greatest.iter().copied().fold(0.0, greater) as u64
    }

    /// Adds a part, whose relative errors are to be multiplied by a factor.
    #[inline(always)]
    fn add_part<const TABLE: bool, E: Errors>(&mut self, part: &Part<'_>, factor: &Each, zeros: usize) {
        let (mut own, mut errors) = (Figures::default(), E::of(part));
        own.add_rows::<TABLE, true>(0..zeros, part, &mut errors);
        own.add_rows::<TABLE, false>(zeros..32, part, &mut errors);
        errors.give(&mut own);
        let [least, greatest] = &own.error_range;
        self.greatest = each(|lane| greater(greater(greatest[lane], -least[lane]), self.greatest[lane]));
        self.figures.join(&own, factor);
        for row in 0..zeros {
            self.zeros.add(&part.exact(row), &part.errors::<true>(row));
        }
    }

    /// As sums over that many pairs, the largest exact magnitude of all pairs given.
    pub(super) fn sums(&self, pairs: u64, largest: u64) -> Sums {
        let figures = &self.figures;
        let total = |each: &Each| each.iter().sum::<f64>();
        let count = |each: &[u32; COLUMNS]| each.iter().map(|count| u64::from(*count)).sum();
        Sums {
            mask: u64::MAX,
            pairs,
            wrong: count(&self.codes.results),
            distance: total(&figures.distance) as u128,
            square: total(&figures.square),
            error: total(&figures.error) as i128,
            largest,
            nonzero: pairs - total(&self.zeros.count) as u64,
            zero_errors: total(&self.zeros.errors) as u64,
            zero_distance: total(&self.zeros.distance) as u128,
            zero_worst: self.zeros.worst.iter().copied().fold(0.0, greater) as u64,
            hamming: count(&self.codes.bits),
            relative: total(&figures.relative),
            signed_relative: total(&figures.signed_relative),
            square_relative: total(&figures.square_relative),
            relative_range: range(&figures.relative_range),
            error_range: range(&figures.error_range).map(|error| error as i64),
            worst: None,
        }
    }
}

impl Figures {
    /// Row by row; relative errors by the inverses of one operand with `TABLE`, else by division.
    ///
    /// Without `ZEROS` no exact result here should be 0.
    #[inline(always)]
    fn add_rows<const TABLE: bool, const ZEROS: bool>(
        &mut self,
        range: Range<usize>,
        part: &Part<'_>,
        errors: &mut impl Errors,
    ) {
        for row in range {
            let error = errors.next(part, row);
            add_products(&mut self.square, &error, &error);
            match part.inverses {
                Some(inverses) if TABLE => {
                    let distance = each(|lane| error[lane].abs());
                    let inverses = columns(&inverses[row], part.column);
                    let relative = each(|lane| error[lane] * inverses[lane]);
                    add_products(&mut self.signed_relative, &error, &inverses);
                    add_products(&mut self.relative, &distance, &inverses);
                    add_products(&mut self.square_relative, &relative, &relative);
                    self.widen_relative::<ZEROS>(&relative, || part.exact(row));
                }
                _ => self.add_quotients::<ZEROS>(&error, &part.exact(row)),
            }
        }
    }

    /// Relative errors of a row by division.
    #[inline(always)]
    fn add_quotients<const ZEROS: bool>(&mut self, error: &Each, exact: &Each) {
        let quotient: Each = each(|lane| error[lane] / exact[lane].abs());
        let relative = each(|lane| if ZEROS && exact[lane] == 0.0 { 0.0 } else { quotient[lane] });
        add(&mut self.signed_relative, &relative);
        add(&mut self.relative, &each(|lane| relative[lane].abs()));
        add_products(&mut self.square_relative, &relative, &relative);
        self.widen_relative::<ZEROS>(&relative, || *exact);
    }

    #[inline(always)]
    fn widen_relative<const ZEROS: bool>(&mut self, relative: &Each, exact: impl Fn() -> Each) {
        if !ZEROS {
            return widen(&mut self.relative_range, relative, relative);
        }
        let exact = exact();
        let [least, greatest] = self.relative_range;
        let shown = |other: &Each| each(|lane| if exact[lane] == 0.0 { other[lane] } else { relative[lane] });
        widen(&mut self.relative_range, &shown(&least), &shown(&greatest));
    }

    /// Adds a part's figures, the relative ones multiplied by a factor.
    #[inline(always)]
    fn join(&mut self, part: &Self, factor: &Each) {
        add(&mut self.distance, &part.distance);
        add(&mut self.error, &part.error);
        add(&mut self.square, &part.square);
        widen(&mut self.error_range, &part.error_range[0], &part.error_range[1]);
        add_products(&mut self.relative, &part.relative, factor);
        add_products(&mut self.signed_relative, &part.signed_relative, factor);
        add_products(
            &mut self.square_relative,
            &part.square_relative,
            &each(|lane| factor[lane] * factor[lane]),
        );
        // Where the factor is 0 every exact result is: the range is empty.
        let scaled = |own: &Each, empty: f64| {
            each(|lane| if factor[lane] == 0.0 { empty } else { factor[lane] * own[lane] })
        };
        let [least, greatest] = &part.relative_range;
        let range = (scaled(least, f64::INFINITY), scaled(greatest, f64::NEG_INFINITY));
        widen(&mut self.relative_range, &range.0, &range.1);
    }
}

impl WrongCodes {
    #[inline(always)]
    fn add<const ABOVE: bool>(&mut self, results: &Results, expected: &Expected<'_>) {
        let (mut exact, above) = (expected.codes, results.above.unwrap_or_default());
        for (row, codes) in results.codes.iter().enumerate() {
            for column in 0..COLUMNS {
                let wrong = (codes[column] ^ exact[column]) & expected.mask;
                let above = if ABOVE { above[column] >> row & 1 } else { 0 };
                self.results[column] += u32::from(wrong | above != 0);
                self.bits[column] += wrong.count_ones() + above;
                exact[column] = exact[column].wrapping_add(expected.code_step[column]);
            }
        }
    }
}

impl Zeros {
    #[inline(always)]
    fn add(&mut self, exact: &Each, error: &Each) {
        add(&mut self.count, &each(|lane| if exact[lane] == 0.0 { 1.0 } else { 0.0 }));
        let distance = each(|lane| if exact[lane] == 0.0 { error[lane].abs() } else { 0.0 });
        add(&mut self.errors, &each(|lane| if distance[lane] != 0.0 { 1.0 } else { 0.0 }));
        add(&mut self.distance, &distance);
        self.worst = each(|lane| greater(distance[lane], self.worst[lane]));
    }
}

/// One value a lane or column, in a loop that becomes vector instructions where it is used.
#[inline(always)]
pub(super) fn each<T: Copy + Default, const COUNT: usize>(value: impl Fn(usize) -> T) -> [T; COUNT] {
    let mut each = [T::default(); COUNT];
    for (lane, place) in each.iter_mut().enumerate() {
        *place = value(lane);
    }
    each
}

#[inline(always)]
fn add(sums: &mut Each, more: &Each) {
    for lane in 0..LANES {
        sums[lane] += more[lane];
    }
}

/// Rounded once a sum, as one instruction has it.
#[inline(always)]
fn add_products(sums: &mut Each, factors: &Each, others: &Each) {
    for lane in 0..LANES {
        sums[lane] = factors[lane].mul_add(others[lane], sums[lane]);
    }
}

#[inline(always)]
fn widen(range: &mut [Each; 2], least: &Each, greatest: &Each) {
    for lane in 0..LANES {
        range[0][lane] = lesser(least[lane], range[0][lane]);
        range[1][lane] = greater(greatest[lane], range[1][lane]);
    }
}

#[inline(always)]
fn range(range: &[Each; 2]) -> [f64; 2] {
    let least = range[0].iter().copied().fold(f64::INFINITY, lesser);
    [least, range[1].iter().copied().fold(f64::NEG_INFINITY, greater)]
}

/// As one instruction has it: no case for what is no number.
#[inline(always)]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

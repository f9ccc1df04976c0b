//! Sums and extremes of many pairs at a time, in floating point: errors are whole numbers below 2^33 and the pairs of
//! a task few, so that sums of errors and distances are exact.

use std::ops::Range;

use crate::arith::metric::Sums;
use crate::netlist::program::Codes;

/// Figures that are added up next to one another: one vector register each.
pub(super) const LANES: usize = 8;

/// One figure of each of [`LANES`] pairs.
pub(super) type Each = [f64; LANES];

/// What the results of a part of a block should be: in a row pairs that are 32 apart, 32 rows.
pub(super) struct Expected<'a> {
    /// Exact results of the first row, and what each later row adds.
    pub(super) first: Each,
    pub(super) step: Each,
    /// The same as codes; bits above the result's are of no account.
    pub(super) codes: [u32; LANES],
    pub(super) code_step: [u32; LANES],
    /// The bits of a result, and its sign bit where it has one.
    pub(super) mask: u32,
    pub(super) sign: u32,
    /// Where one operand is the same in the whole part: the inverse magnitudes of the other one (0 for 0), row by row,
    /// and of the one (0 for 0).
    pub(super) inverse: Option<(&'a [Each], f64)>,
    /// No exact result is 0 from this row on.
    pub(super) zeros: usize,
}

impl Expected<'_> {
    /// The exact results of a row as codes.
    #[inline(always)]
    fn codes_of(&self, row: u32) -> [u32; LANES] {
        let mut codes = self.codes;
        for (code, step) in codes.iter_mut().zip(self.code_step) {
            *code = code.wrapping_add(row.wrapping_mul(step));
        }
        codes
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    /// A wrong result a row, at most 2^15 rows a task.
    wrong: [u32; LANES],
    distance: Each,
    error: Each,
    square: Each,
    error_range: [Each; 2],
    relative: Each,
    signed_relative: Each,
    square_relative: Each,
    relative_range: [Each; 2],
    /// At most 32 bits a row.
    hamming: [u32; LANES],
    zeros: Each,
    zero_errors: Each,
    zero_distance: Each,
    zero_worst: Each,
    /// The greatest distances since the last call of [`Tally::start_block`].
    greatest: Each,
}

impl Default for Tally {
    fn default() -> Self {
        let (zero, range) = ([0.0; LANES], [[f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]]);
        Self {
            wrong: [0; LANES],
            distance: zero,
            error: zero,
            square: zero,
            error_range: range,
            relative: zero,
            signed_relative: zero,
            square_relative: zero,
            relative_range: range,
            hamming: [0; LANES],
            zeros: zero,
            zero_errors: zero,
            zero_distance: zero,
            zero_worst: zero,
            greatest: zero,
        }
    }
}

impl Tally {
    /// Forgets the greatest distance.
    #[inline(always)]
    pub(super) fn start_block(&mut self) {
        self.greatest = [0.0; LANES];
    }

    /// The greatest distance in the parts of this block.
    pub(super) fn greatest(&self) -> u64 {
        self.greatest.iter().copied().fold(0.0, greater) as u64
    }

    /// Adds one part of a block of results.
    #[inline(always)]
    pub(super) fn add(&mut self, rows: &Codes, part: usize, expected: &Expected<'_>) {
        let mut own = Self::default();
        let (zeros, others) = (0..expected.zeros, expected.zeros..32);
        if expected.inverse.is_some() {
            own.add_rows::<true, true>(zeros, rows, part, expected);
            own.add_rows::<true, false>(others, rows, part, expected);
        } else {
            own.add_rows::<false, true>(zeros, rows, part, expected);
            own.add_rows::<false, false>(others, rows, part, expected);
        }
        self.join(&own, expected.inverse.map_or(1.0, |(_, factor)| factor));
    }

    /// Row by row; relative errors by the inverses of one operand with `TABLE`, else by division.
    ///
    /// Without `ZEROS` no exact result here should be 0.
    #[inline(always)]
    fn add_rows<const TABLE: bool, const ZEROS: bool>(
        &mut self,
        range: Range<usize>,
        rows: &Codes,
        part: usize,
        expected: &Expected<'_>,
    ) {
        // A signed result is read as an unsigned one with its sign bit turned over, which is that much more.
        let offset = f64::from(expected.sign);
        let start = range.start as f64;
        let mut shifted = each(|lane| expected.first[lane] + start * expected.step[lane] + offset);
        let mut exact_codes = expected.codes_of(range.start as u32);
        let inverses = expected.inverse.map_or(&[][..], |(inverses, _)| inverses);
        for row in range {
            let codes = &rows[row][part * LANES..][..LANES];
            let exact = each(|lane| shifted[lane] - offset);
            let error = each(|lane| f64::from(codes[lane] ^ expected.sign) - shifted[lane]);
            let distance = each(|lane| error[lane].abs());
            add(&mut self.error, &error);
            add(&mut self.distance, &distance);
            add(&mut self.square, &each(|lane| error[lane] * error[lane]));
            widen(&mut self.error_range, &error, &error);
            let relative = match (TABLE, ZEROS) {
                (true, _) => each(|lane| error[lane] * inverses[row][lane]),
                (_, true) => {
                    each(|lane| if exact[lane] == 0.0 { 0.0 } else { error[lane] / exact[lane].abs() })
                }
                _ => each(|lane| error[lane] / exact[lane].abs()),
            };
            add(&mut self.signed_relative, &relative);
            add(&mut self.relative, &each(|lane| relative[lane].abs()));
            add(&mut self.square_relative, &each(|lane| relative[lane] * relative[lane]));
            if ZEROS {
                let [least, greatest] = self.relative_range;
                let shown =
                    |other: &Each| each(|lane| if exact[lane] == 0.0 { other[lane] } else { relative[lane] });
                widen(&mut self.relative_range, &shown(&least), &shown(&greatest));
                self.add_zeros(&exact, &distance);
            } else {
                widen(&mut self.relative_range, &relative, &relative);
            }
            for lane in 0..LANES {
                let wrong = (codes[lane] ^ exact_codes[lane]) & expected.mask;
                self.hamming[lane] += wrong.count_ones();
                self.wrong[lane] += u32::from(wrong != 0);
                exact_codes[lane] = exact_codes[lane].wrapping_add(expected.code_step[lane]);
            }
            add(&mut shifted, &expected.step);
        }
    }

    /// Distances where the exact result is 0.
    #[inline(always)]
    fn add_zeros(&mut self, exact: &Each, distance: &Each) {
        add(&mut self.zeros, &each(|lane| if exact[lane] == 0.0 { 1.0 } else { 0.0 }));
        let distance = each(|lane| if exact[lane] == 0.0 { distance[lane] } else { 0.0 });
        add(&mut self.zero_errors, &each(|lane| if distance[lane] != 0.0 { 1.0 } else { 0.0 }));
        add(&mut self.zero_distance, &distance);
        self.zero_worst = each(|lane| greater(distance[lane], self.zero_worst[lane]));
    }

    /// With a part's, whose relative errors are to be multiplied by a factor.
    #[inline(always)]
    fn join(&mut self, part: &Self, factor: f64) {
        for lane in 0..LANES {
            self.wrong[lane] += part.wrong[lane];
            self.hamming[lane] += part.hamming[lane];
        }
        let scaled = |figures: &Each, factor: f64| each(|lane| figures[lane] * factor);
        add(&mut self.distance, &part.distance);
        add(&mut self.error, &part.error);
        add(&mut self.square, &part.square);
        let [least, greatest] = part.error_range;
        widen(&mut self.error_range, &least, &greatest);
        self.greatest = each(|lane| greater(greater(greatest[lane], -least[lane]), self.greatest[lane]));
        add(&mut self.relative, &scaled(&part.relative, factor));
        add(&mut self.signed_relative, &scaled(&part.signed_relative, factor));
        add(&mut self.square_relative, &scaled(&part.square_relative, factor * factor));
        if factor != 0.0 {
            let [least, greatest] = part.relative_range;
            widen(&mut self.relative_range, &scaled(&least, factor), &scaled(&greatest, factor));
        }
        add(&mut self.zeros, &part.zeros);
        add(&mut self.zero_errors, &part.zero_errors);
        add(&mut self.zero_distance, &part.zero_distance);
        self.zero_worst = each(|lane| greater(part.zero_worst[lane], self.zero_worst[lane]));
    }

    /// As sums over that many pairs, the largest exact magnitude of all pairs given.
    pub(super) fn sums(&self, pairs: u64, largest: u64) -> Sums {
        let total = |each: &Each| each.iter().sum::<f64>();
        let count = |each: &[u32; LANES]| each.iter().map(|count| u64::from(*count)).sum();
        Sums {
            mask: u64::MAX,
            pairs,
            wrong: count(&self.wrong),
            distance: total(&self.distance) as u128,
            square: total(&self.square),
            error: total(&self.error) as i128,
            largest,
            nonzero: pairs - total(&self.zeros) as u64,
            zero_errors: total(&self.zero_errors) as u64,
            zero_distance: total(&self.zero_distance) as u128,
            zero_worst: self.zero_worst.iter().copied().fold(0.0, greater) as u64,
            hamming: count(&self.hamming),
            relative: total(&self.relative),
            signed_relative: total(&self.signed_relative),
            square_relative: total(&self.square_relative),
            relative_range: range(&self.relative_range),
            error_range: range(&self.error_range).map(|error| error as i64),
            worst: None,
        }
    }
}

/// One value a lane, in a loop that becomes one vector instruction where it is used.
#[inline(always)]
pub(super) fn each(value: impl Fn(usize) -> f64) -> Each {
    let mut each = [0.0; LANES];
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

//! Tables whose rows are near a straight line: an exact product a code, and a byte to look up for what is left.
//!
//! A byte costs less to look up and sum than the two of a whole product, above all where codes are in both halves of a row.
//! A row that is far from any line is flat and keeps its two bytes: taps are looked up by how many bytes the rows
//! of their weights have, so that a layer pays for such rows as often as its weights have them.

use super::avx512::{Planes, Together};
use super::cost::Use;
use super::factored::{self, Factored};
use super::factors::Factors;
use super::looked_up::LookedUp;
use super::path::{Both, Path};
use super::plan::{Form, Unfit};
use super::{Geometry, Operands};

/// Rows with fewer near a line among them are not worth a look.
const NEAR: usize = 64;

/// Rows as slope · activation code + a byte, or two, above a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Residual {
    slopes: Factors,
    bytes: Planes,
    /// Weight codes whose rows are too far from any line, and span more than two bytes.
    exceptions: Vec<u8>,
}

impl Residual {
    /// The slopes of a table (row: weight code, column: activation code).
    ///
    /// # Errors
    /// [`Unfit::Large`] where few rows are lines, [`Unfit::Wrong`] where terms were found that do not give the slopes.
    pub(super) fn find(rows: &[[i32; 256]]) -> Result<Self, Unfit> {
        let slopes: Vec<Option<i32>> = rows.iter().map(slope).collect();
        let near =
            |(row, slope): &(&[i32; 256], &Option<i32>)| slope.is_some_and(|slope| span(row, slope) <= 0xff);
        if rows.iter().zip(&slopes).filter(near).count() < NEAR {
            return Err(Unfit::Large);
        }
        let exceptions: Vec<u8> = (0..=255).filter(|&code| slopes[usize::from(code)].is_none()).collect();
        let slopes: Vec<i32> = slopes.into_iter().map(Option::unwrap_or_default).collect();
        let line = |slope: &i32| std::array::from_fn(|code| slope * code as i32);
        let factors = Factors::find(&slopes.iter().map(line).collect::<Vec<[i32; 256]>>())?;
        if !factors.cover(&[], &std::array::from_fn::<u8, 256, _>(|code| code as u8)) {
            return Err(Unfit::Large);
        }
        // At the ends of 32 bits this wraps, and the rows no longer fit bytes.
        let left = |(row, slope): (&[i32; 256], &i32)| {
            std::array::from_fn(|code| row[code].wrapping_sub(slope * code as i32))
        };
        let mut left: Vec<[i32; 256]> = rows.iter().zip(&slopes).map(left).collect();
        exceptions.iter().for_each(|&code| left[usize::from(code)] = [0; 256]);
        Ok(Self { slopes: factors, bytes: Planes::split(&left).ok_or(Unfit::Large)?, exceptions })
    }

    /// What a product costs; `None` where the processor lacks the instructions, or some weight's products are neither line nor
    /// two bytes.
    pub(super) fn cost(&self, asked: &Use<'_>) -> Option<f32> {
        let lines = self.exceptions.iter().all(|code| !asked.weights.contains(code));
        let (slope, byte) = (factored::cost(&self.slopes, asked)?, self.bytes.cost(asked)?);
        lines.then_some(slope + byte)
    }

    /// The way of operands for which this has a [cost](Self::cost).
    pub(super) fn path<'a>(
        &'a self,
        geometry: &'a Geometry,
        operands: &'a Operands<'a>,
        asked: &Use<'_>,
    ) -> Box<dyn Path + 'a> {
        let filter = self.bytes.filter(Together::Sum);
        let bytes = LookedUp::new(geometry, operands, asked.half(), filter, asked.level);
        Box::new(Both(Factored::new(geometry, operands, &self.slopes, asked.level), bytes))
    }
}

impl Form for Residual {
    const NAME: &str = "lines";

    fn gives(&self, weight: u8, row: &[i32; 256]) -> bool {
        let line = |code: usize| self.slopes.product(weight.into(), code) as i32;
        let left = std::array::from_fn(|code| row[code].wrapping_sub(line(code)));
        let left_out = self.exceptions.contains(&weight) || !self.slopes.cover(&[weight], &[]);
        left_out || self.bytes.gives(weight, &left)
    }
}

/// How far a row is from a line of a slope.
fn span(row: &[i32; 256], slope: i32) -> i64 {
    let left =
        || row.iter().enumerate().map(|(code, &product)| i64::from(product) - i64::from(slope) * code as i64);
    left().max().zip(left().min()).map_or(0, |(greatest, least)| greatest - least)
}

/// The slope at which a row is within a byte of a line, else the flat one or another at which it is within two bytes.
fn slope(row: &[i32; 256]) -> Option<i32> {
    // Least squares over codes 0 to 255, whose mean is 127.5 and whose squared distances from it add up to 1,398,080.
    let moment: f64 =
        row.iter().enumerate().map(|(code, &product)| (code as f64 - 127.5) * f64::from(product)).sum();
    let middle = (moment / 1_398_080.0).round();
    if middle.abs() > 1e6 {
        return None;
    }
    let best = (middle as i32 - 2..=middle as i32 + 2).min_by_key(|&slope| span(row, slope))?;
    let within = |(slope, reach): &(i32, i64)| span(row, *slope) <= *reach;
    [(best, 0xff), (0, 0xffff), (best, 0xffff)].into_iter().find(within).map(|(slope, _)| slope)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{columns_cut, rows};
    use super::*;
    use crate::simd::Level;

    #[test]
    fn columns_cut_leave_a_byte_and_noise_does_not() {
        assert!(Residual::find(&rows(|w, x| columns_cut(4, w, x))).is_ok());
        let noise = rows(|w, x| w * x + 1000 * (((w * 7) ^ (x * 13)) % 5));
        assert_eq!(Residual::find(&noise), Err(Unfit::Large));
    }

    /// One row in five is no line; one of those spans more than two bytes.
    #[test]
    fn rows_far_from_lines_keep_two_bytes_and_cost_them() {
        let far = |w: i32| w % 5 == 0;
        let reach = |w: i32| if w == 10 { 100_000 } else { 1000 };
        let rows = rows(|w, x| w * x + if far(w) { reach(w) * (x % 2) } else { x * 7 % 200 });
        let found = Residual::find(&rows).unwrap();
        assert_eq!(found.exceptions, [10]);
        assert!(found.clone().verified(&rows).is_ok());
        let cost = |weights: &[u8]| {
            let operands = Operands { batch: 1, input: &[200, 3], weights, pad: 0 };
            found.cost(&Use::of(&Geometry::dense(2, 1), &operands, Level::at_hand()))
        };
        let Some(near) = cost(&[3, 4]) else { return eprintln!("skipped: the processor has no such way") };
        let [mixed, far] = [[3, 5], [5, 15]].map(|weights| cost(&weights).unwrap());
        assert!(near < mixed && mixed < far && (near + far - 2.0 * mixed).abs() < 1e-3);
        assert_eq!(cost(&[10, 3]), None);
    }

    #[test]
    fn the_best_slope_is_found_and_rows_far_from_it_are_flat_where_two_bytes_do() {
        let line =
            |slope: i32| std::array::from_fn(|code| slope * code as i32 + (code as i32 * 7919 % 256) - 300);
        for expected in [-255, -3, 0, 1, 255] {
            assert_eq!(slope(&line(expected)), Some(expected));
        }
        let far = |slope: i32, reach: i32| {
            std::array::from_fn(|code| slope * code as i32 + reach * (code as i32 % 2))
        };
        assert_eq!(slope(&far(7, 300)), Some(0));
        // The row spans more than two bytes, what is left of it does not.
        assert_eq!(slope(&far(300, 1000)), Some(300));
        assert_eq!(slope(&far(0, 100_000)), None);
    }
}

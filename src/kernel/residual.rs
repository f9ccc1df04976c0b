//! Tables whose rows are near a straight line: an exact product a code, and a byte to look up for what is left.
//!
//! A byte costs less to look up and sum than the two of a whole product, above all where codes are in both halves of a row.

use super::avx512::{Planes, Together};
use super::cost::Use;
use super::factored::{self, Factored};
use super::factors::Factors;
use super::looked_up::LookedUp;
use super::path::{Both, Path};
use super::plan::{Form, Unfit};
use super::{Geometry, Operands};

/// Rows as slope · activation code + a byte above a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Residual {
    slopes: Factors,
    bytes: Planes,
    /// Weight codes whose rows are too far from any line.
    exceptions: Vec<u8>,
}

impl Residual {
    /// The slopes of a table (row: weight code, column: activation code).
    ///
    /// # Errors
    /// [`Unfit::Large`] where most rows are no lines, [`Unfit::Wrong`] where terms were found that do not give the slopes.
    pub(super) fn find(rows: &[[i32; 256]]) -> Result<Self, Unfit> {
        let slopes: Vec<Option<i32>> = rows.iter().map(slope).collect();
        let exceptions: Vec<u8> = (0..=255).filter(|&code| slopes[usize::from(code)].is_none()).collect();
        if exceptions.len() > 128 {
            return Err(Unfit::Large);
        }
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

    /// What a product costs; `None` where the processor lacks the instructions, or some weight's products are no line.
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
        let filters = self.bytes.filters(geometry, operands, Together::Sum);
        let bytes = LookedUp::new(geometry, operands, asked.half(), filters, asked.level);
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

/// The slope at which a row is within 255 of a line, where there is one.
fn slope(row: &[i32; 256]) -> Option<i32> {
    let span = |slope: i32| {
        let left = || {
            row.iter().enumerate().map(|(code, &product)| i64::from(product) - i64::from(slope) * code as i64)
        };
        left().max().zip(left().min()).map_or(0, |(greatest, least)| greatest - least)
    };
    // Least squares over codes 0 to 255, whose mean is 127.5 and whose squared distances from it add up to 1,398,080.
    let moment: f64 =
        row.iter().enumerate().map(|(code, &product)| (code as f64 - 127.5) * f64::from(product)).sum();
    let middle = (moment / 1_398_080.0).round();
    if middle.abs() > 1e6 {
        return None;
    }
    let best = (middle as i32 - 2..=middle as i32 + 2).min_by_key(|&slope| span(slope))?;
    (span(best) <= 255).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{columns_cut, rows};
    use super::*;

    #[test]
    fn columns_cut_leave_a_byte_and_noise_does_not() {
        let exceptions = |rows: &[[i32; 256]]| Residual::find(rows).ok().map(|found| found.exceptions.len());
        assert_eq!(exceptions(&rows(|w, x| columns_cut(4, w, x))), Some(0));
        assert_eq!(exceptions(&rows(|w, x| w * x + 1000 * (((w * 7) ^ (x * 13)) % 5))), None);
        // One row in five is no line.
        let some = exceptions(&rows(|w, x| w * x + if w % 5 == 0 { 1000 * (x % 2) } else { x * 7 % 200 }));
        assert_eq!(some, Some(52));
    }

    #[test]
    fn the_best_slope_is_found_and_noise_has_none() {
        let line =
            |slope: i32| std::array::from_fn(|code| slope * code as i32 + (code as i32 * 7919 % 256) - 300);
        for expected in [-255, -3, 0, 1, 255] {
            assert_eq!(slope(&line(expected)), Some(expected));
        }
        assert_eq!(slope(&std::array::from_fn(|code| 300 * (code as i32 % 2))), None);
    }
}

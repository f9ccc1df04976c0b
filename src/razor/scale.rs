//! The first stage: real numbers become integers of the basis, scaled by their largest magnitude.

use super::{Razor, RazorError};

/// What has a scale of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// All of the tensor.
    Tensor,
    /// Each row of weights, which is an output channel.
    Channel,
    /// Each row of activations, which is a token.
    Token,
}

/// Integers of the basis and what 1 of them stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaled {
    /// The integers.
    pub numbers: Vec<i16>,
    /// A scale, or one a row.
    pub scales: Vec<f32>,
}

impl Razor {
    /// Scales rows of `row` numbers to the basis: `q = round(x / s)`, halves to even, with `s` the largest magnitude over
    /// that of the basis; where all numbers are 0 so are `q` and `s`.
    ///
    /// # Errors
    /// [`RazorError::NotFinite`] on a number that is not finite, [`RazorError::Rows`] on rows that are not whole.
    ///
    /// ```
    /// use axsim::razor::{Granularity, Razor};
    /// let scaled = Razor::new(8, 4, 4).unwrap().scale(&[0.5, -2.0, 1.0, 0.25], 2, Granularity::Channel).unwrap();
    /// assert_eq!(scaled.numbers, [32, -127, 127, 32]);
    /// assert_eq!(scaled.scales, [2.0 / 127.0, 1.0 / 127.0]);
    /// ```
    pub fn scale(&self, tensor: &[f32], row: usize, granularity: Granularity) -> Result<Scaled, RazorError> {
        if row == 0 || !tensor.len().is_multiple_of(row) {
            return Err(RazorError::Rows { count: tensor.len(), row });
        }
        if let Some(at) = tensor.iter().position(|number| !number.is_finite()) {
            return Err(RazorError::NotFinite { at, value: tensor[at] });
        }
        let size = match granularity {
            Granularity::Tensor => tensor.len().max(1),
            Granularity::Channel | Granularity::Token => row,
        };
        let (lowest, highest) = self.range().into_inner();
        let (mut numbers, mut scales) = (Vec::with_capacity(tensor.len()), vec![]);
        for part in tensor.chunks(size) {
            let largest = part.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
            let scale = largest / f32::from(highest);
            let code = |number: &f32| {
                let quotient = if scale > 0.0 { number / scale } else { 0.0 };
                quotient.round_ties_even().clamp(f32::from(lowest), f32::from(highest)) as i16
            };
            numbers.extend(part.iter().map(code));
            scales.push(scale);
        }
        Ok(Scaled { numbers, scales })
    }
}

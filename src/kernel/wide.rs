//! Activations of 16 bits against codes with shifts: all products are exact, so each activation is two digits of base 256.

use super::{Geometry, Operands, Products, Shifts, Steps, convolve_shifted};
use crate::simd::Level;

/// Codes of a contraction whose activations have 16 bits, and how far its weights are shifted.
///
/// # Shapes
/// As those of [`Operands`] and [`Shifts`].
#[derive(Debug, Clone, Copy)]
pub struct WideOperands<'a> {
    /// Samples.
    pub batch: usize,
    /// Activations; padding is 0.
    pub input: &'a [i16],
    /// Weight codes.
    pub weights: &'a [u8],
    /// The weight code of zero.
    pub zero: u8,
    /// Channels of a group.
    pub size: usize,
    /// How far groups of weights are shifted left, or by what they are multiplied.
    pub shifts: &'a [u8],
    /// Which of both.
    pub steps: Steps,
}

/// Sums exact products of activations and weights, each weight shifted by what its group is: [batch, O, OH, OW] sums of 64 bits.
///
/// # Panics
/// When slices and geometry do not fit together, or groups have no channel.
///
/// ```
/// use axsim::kernel::{Geometry, Steps, WideOperands, convolve_wide};
/// let (input, weights, steps) = (&[-300, 2, 32_767], &[9, 15, 7], Steps::PowersOfTwo);
/// let operands = WideOperands { batch: 1, input, weights, zero: 8, size: 2, shifts: &[1, 4], steps };
/// assert_eq!(convolve_wide(&Geometry::dense(3, 1), operands), [((-300 + 7 * 2) << 1) - (32_767 << 4)]);
/// ```
pub fn convolve_wide(geometry: &Geometry, operands: WideOperands<'_>) -> Vec<i64> {
    sums(geometry, operands, Level::at_hand())
}

fn sums(geometry: &Geometry, operands: WideOperands<'_>, level: Level) -> Vec<i64> {
    let WideOperands { batch, input, weights, zero, size, shifts, steps } = operands;
    let parts = (geometry.in_channels / geometry.groups).div_ceil(size);
    let none = vec![steps.least(); batch * geometry.groups * parts * geometry.in_height * geometry.in_width];
    let shifts = Shifts { size, input: &none, weights: shifts, steps };
    let of_digits = |digits: Vec<u8>, pad: u8| {
        let operands = Operands { batch, input: &digits, weights, pad };
        convolve_shifted(geometry, operands, shifts, &Products::exact(zero, pad).at(level))
    };
    // A number is 256 · (high − 128) + low.
    let high = of_digits(input.iter().map(|number| ((number >> 8) + 128) as u8).collect(), 128);
    let low = of_digits(input.iter().map(|number| *number as u8).collect(), 0);
    high.into_iter().zip(low).map(|(high, low)| (high << 8) + low).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{codes, geometries};
    use super::*;
    use crate::rng::Stream;

    /// One product after the other.
    fn one_by_one(geometry: &Geometry, operands: WideOperands<'_>) -> Vec<i64> {
        let channels = geometry.in_channels / geometry.groups;
        let (window, parts) = (geometry.kernel[0] * geometry.kernel[1], channels.div_ceil(operands.size));
        let mut sums = vec![];
        for sample in operands.input.chunks_exact(geometry.inputs_per_sample()) {
            for output in 0..geometry.out_channels {
                let first = geometry.group_offset(output / (geometry.out_channels / geometry.groups));
                for at in 0..geometry.positions() {
                    let (row, column) = (at / geometry.out_width(), at % geometry.out_width());
                    let product = |k: usize| {
                        let weight = i64::from(operands.weights[output * geometry.depth() + k]);
                        let part = output * parts + k / window / operands.size;
                        let by = operands.shifts[part * window + k % window];
                        let activation = i64::from(sample[first + geometry.tap(k, row, column)?]);
                        Some(activation * operands.steps.of(weight - i64::from(operands.zero), by.into()))
                    };
                    sums.push((0..geometry.depth()).filter_map(product).sum());
                }
            }
        }
        sums
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn two_digits_give_what_whole_numbers_do(
            geometry in geometries(), batch in 1usize..4, size in 1usize..8, seed: u64, ends: bool, bits in 2u32..9,
            multiples: bool,
        ) {
            let mut stream = Stream::new(seed, "kernel.wide", 0);
            let mut number = || {
                let any = stream.word() as i16;
                if ends { [i16::MIN, -i16::MAX, i16::MAX, 0][usize::from(any as u16) % 4] } else { any }
            };
            let input: Vec<i16> = (0..batch * geometry.inputs_per_sample()).map(|_| number()).collect();
            let weights: Vec<u8> =
                codes(&mut stream, geometry.weights()).iter().map(|code| code >> (8 - bits)).collect();
            let parts = (geometry.in_channels / geometry.groups).div_ceil(size);
            let count = geometry.out_channels * parts * geometry.kernel[0] * geometry.kernel[1];
            let shifts: Vec<u8> = codes(&mut stream, count).iter().map(|code| code % 17).collect();
            let zero = 1 << (bits - 1);
            let steps = if multiples { Steps::Multiples } else { Steps::PowersOfTwo };
            let operands = WideOperands { batch, input: &input, weights: &weights, zero, size, shifts: &shifts, steps };
            let expected = one_by_one(&geometry, operands);
            for level in Level::ALL {
                prop_assert_eq!(&super::sums(&geometry, operands, level), &expected);
            }
            prop_assert_eq!(convolve_wide(&geometry, operands), expected);
        }
    }
}

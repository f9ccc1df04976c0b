//! Shifted codes with exact products: each stands for a whole number, whose digits of base 256 are bytes.
//!
//! To shift sums of products is to multiply shifted operands, so a contraction whose table is exact for the codes at hand
//! is one of bytes for each pair of digits: one pair where numbers fit 8 bits, two where those of one operand have 16.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::grouped::Shifts;
use super::{Geometry, Operands, Products, Steps, convolve};
use crate::simd;

/// The code of a digit of 0.
const ZERO: u8 = 128;
/// A filter of so many products of two digits stays within 32 bits: 2¹⁶ · 2¹⁴ < 2³¹.
const DEPTH: usize = 1 << 16;

/// The sums of [`convolve_shifted`](super::convolve_shifted) where products of these codes are exact and the numbers that
/// they stand for have two digits at most.
pub(super) fn sums(
    geometry: &Geometry,
    operands: &Operands<'_>,
    shifts: Shifts<'_>,
    products: &Products,
) -> Option<Vec<i64>> {
    static EXACT: LazyLock<Products> = LazyLock::new(|| Products::exact(ZERO, ZERO));
    let zeros = zeros(products, used(operands.weights), used(operands.input))?;
    if geometry.depth() > DEPTH {
        return None;
    }
    let own = (geometry.in_channels / geometry.groups, shifts.size, shifts.steps);
    let (window, exact) = (geometry.kernel[0] * geometry.kernel[1], EXACT.clone().at(products.level));
    let weights = digits((operands.weights, shifts.weights), own, window, zeros[0])?;
    let plane = geometry.in_height * geometry.in_width;
    let input = digits((operands.input, shifts.input), own, plane, zeros[1])?;
    let mut output = vec![0; operands.batch * geometry.outputs_per_sample()];
    for (high, weights) in weights.iter().enumerate() {
        for (higher, input) in input.iter().enumerate() {
            let sums = convolve(geometry, Operands { input, weights, pad: ZERO, ..*operands }, &exact);
            add(&mut output, &sums, 8 * (high + higher));
        }
    }
    Some(output)
}

/// From the least to the greatest of some codes.
fn used(codes: &[u8]) -> RangeInclusive<u8> {
    simd::widest(
        #[inline(always)]
        move || {
            let range = |[least, greatest]: [u8; 2], &code: &u8| [least.min(code), greatest.max(code)];
            let [least, greatest] = codes.iter().fold([255, 0], range);
            least..=greatest
        },
    )
}

/// The zero points of weights and activations above which all products of these codes are exact.
fn zeros(
    products: &Products,
    weights: RangeInclusive<u8>,
    activations: RangeInclusive<u8>,
) -> Option<[i64; 2]> {
    let product = |w: u8, x: u8| i64::from(products.get(w, x));
    let [w, x] = [*weights.start(), *activations.start()];
    // A product grows by one operand where the other grows by one code.
    let zeros = [
        i64::from(w) - (product(w, x.checked_add(1)?) - product(w, x)),
        i64::from(x) - (product(w.checked_add(1)?, x) - product(w, x)),
    ];
    let exact = |w: u8, x: u8| (i64::from(w) - zeros[0]) * (i64::from(x) - zeros[1]) == product(w, x);
    weights.clone().all(|w| activations.clone().all(|x| exact(w, x))).then_some(zeros)
}

/// The digits of an operand, the lowest first, each the codes of all places: a number is Σ (code − 128) · 256^digit.
/// Codes are [.., channels, row], shifts [.., groups of `size` channels, row]. `None` where two digits do not do.
fn digits(
    (codes, shifts): (&[u8], &[u8]),
    (channels, size, steps): (usize, usize, Steps),
    row: usize,
    zero: i64,
) -> Option<Vec<Vec<u8>>> {
    let zero = i32::try_from(zero).ok().filter(|zero| zero.abs() <= 256)?;
    if steps == Steps::PowersOfTwo && *used(shifts).end() > 16 {
        return None;
    }
    let by = of_channels(shifts, channels, size, row);
    let [mut low, mut high] = [0, 1].map(|_| vec![0; codes.len()]);
    let outside = match steps {
        Steps::PowersOfTwo => split((codes, &by), |code, by| (code - zero) << (by & 31), &mut low, &mut high),
        Steps::Multiples => {
            split((codes, &by), |code, by| (code - zero) * i32::from(by), &mut low, &mut high)
        }
    };
    let one = used(&high) == (ZERO..=ZERO);
    (outside == 0).then(|| if one { vec![low] } else { vec![low, high] })
}

/// The shifts of groups of channels as those of channels.
fn of_channels(shifts: &[u8], channels: usize, size: usize, row: usize) -> Vec<u8> {
    let mut by = vec![];
    for (part, shifts) in shifts.chunks_exact(row).enumerate() {
        let first = part % channels.div_ceil(size) * size;
        let (start, own) = (by.len(), size.min(channels - first));
        by.resize(start + own * row, shifts[0]);
        if row > 1 {
            by[start..].chunks_exact_mut(row).for_each(|by| by.copy_from_slice(shifts));
        }
    }
    by
}

/// Splits numbers into two digits; not 0 where one is outside of them.
fn split(
    (codes, shifts): (&[u8], &[u8]),
    number: impl Fn(i32, u8) -> i32,
    low: &mut [u8],
    high: &mut [u8],
) -> i32 {
    simd::widest(
        #[inline(always)]
        move || {
            let mut outside = 0;
            for ((code, by), (low, high)) in codes.iter().zip(shifts).zip(low.iter_mut().zip(high)) {
                let above = number((*code).into(), *by) + i32::from(ZERO);
                let rest = (above >> 8) + i32::from(ZERO);
                (*low, *high) = (above as u8, rest as u8);
                outside |= rest >> 8;
            }
            outside
        },
    )
}

/// Adds sums of digits that stand so many bits higher.
fn add(output: &mut [i64], sums: &[i32], bits: usize) {
    simd::widest(
        #[inline(always)]
        move || output.iter_mut().zip(sums).for_each(|(output, sum)| *output += i64::from(*sum) << bits),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_give_numbers_back_as_far_as_two_reach() {
        // From −7 to 7, shifted by up to 12 bits.
        let codes: Vec<u8> = (1..16).flat_map(|code| [code; 13]).collect();
        let shifts: Vec<u8> = (0..13).collect();
        let powers = Steps::PowersOfTwo;
        let found = digits((&codes, &shifts), (15, 15, powers), 13, 8).unwrap();
        for (at, code) in codes.iter().enumerate() {
            let digit = |digit: usize| i32::from(found[digit][at]) - 128;
            assert_eq!(256 * digit(1) + digit(0), (i32::from(*code) - 8) << shifts[at % 13]);
        }
        assert_eq!(digits((&codes, &[4; 13]), (15, 15, powers), 13, 8).unwrap().len(), 1);
        assert_eq!(digits((&[0], &[13]), (1, 1, powers), 1, 8), None);
        assert_eq!(digits((&[15], &[17]), (1, 1, powers), 1, 8), None);
        assert_eq!(digits((&[255], &[9]), (1, 1, powers), 1, 128), None);
        let found = digits((&[255], &[255]), (1, 1, Steps::Multiples), 1, 128).unwrap();
        assert_eq!(256 * (i32::from(found[1][0]) - 128) + i32::from(found[0][0]) - 128, 127 * 255);
    }

    #[test]
    fn products_are_exact_for_the_codes_that_are_used() {
        let product = |w: i32, x: i32| if w < 16 && x < 16 { (w - 8) * (x - 3) } else { 7 };
        let products = Products::new(&(0..1 << 16).map(|at| product(at >> 8, at & 255)).collect::<Vec<_>>());
        assert_eq!(zeros(&products, 0..=15, 0..=15), Some([8, 3]));
        assert_eq!(zeros(&products, 4..=4, 2..=9), Some([8, 3]));
        assert_eq!(zeros(&products, 0..=16, 0..=15), None);
        assert_eq!(zeros(&products, 20..=20, 20..=20), None);
    }
}

//! The codes of one tensor: scale, zero point, rounding.

use crate::config::Rounding;
use crate::simd::widest;
use crate::tensor::Tensor;
use crate::workload::{Codes, Wide};

/// How activations are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Zero in the middle: what a signed multiplier takes.
    Symmetric,
    /// The whole range from lowest to highest: what an unsigned multiplier takes, signs outside.
    Affine,
}

/// Scale and zero point of one tensor: real value = scale · (code − zero point).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Real value of one step.
    pub scale: f32,
    /// The code of zero; 0 where codes have 16 bits and a sign.
    pub zero_point: u8,
    lowest: u8,
    /// Bits of a code: at most 8, or 16.
    pub bits: u32,
    rounding: Rounding,
    /// Whether what is below zero has a code below that of zero, however near it is.
    keeps_sign: bool,
}

impl Grid {
    pub(super) fn new(scheme: Scheme, bits: u32, low: f32, high: f32) -> Self {
        let top = (1u32 << bits) - 1;
        match scheme {
            _ if bits == WIDE => Self {
                scale: positive(low.abs().max(high.abs()) / f32::from(i16::MAX)),
                zero_point: 0,
                lowest: 0,
                bits,
                rounding: Rounding::HalfEven,
                keeps_sign: false,
            },
            Scheme::Symmetric => {
                let zero_point = 1u8 << (bits - 1);
                let steps = (zero_point - 1).max(1);
                Self {
                    scale: positive(low.abs().max(high.abs()) / f32::from(steps)),
                    zero_point,
                    lowest: 1,
                    bits,
                    rounding: Rounding::HalfEven,
                    keeps_sign: false,
                }
            }
            Scheme::Affine => {
                let (low, high) = (low.min(0.0), high.max(0.0));
                let scale = positive((high - low) / top as f32);
                let zero_point = (-low / scale).round_ties_even() as u8;
                Self { scale, zero_point, lowest: 0, bits, rounding: Rounding::HalfEven, keeps_sign: false }
            }
        }
    }

    /// That of codes of bytes in a file; what lies on it already goes to the nearest code.
    pub(super) fn of_file(scale: f32, zero_point: u8) -> Self {
        Self { scale, zero_point, lowest: 0, bits: 8, rounding: Rounding::HalfEven, keeps_sign: false }
    }

    /// That of codes with shifts, of which 1 is `scale` shifted by nothing.
    pub(super) fn of_groups(bits: u32, scale: f32) -> Self {
        let zero_point = 1 << (bits - 1);
        Self { scale, zero_point, lowest: 0, bits, rounding: Rounding::HalfEven, keeps_sign: false }
    }

    /// Whether codes have 16 bits and a sign, whatever the scheme.
    pub fn is_wide(&self) -> bool {
        self.bits == WIDE
    }

    /// The same grid with another rounding than half to even.
    pub(super) fn rounding(self, rounding: Rounding) -> Self {
        Self { rounding, ..self }
    }

    /// The same grid where what is below zero keeps its sign, as a binary layer needs it.
    pub(super) fn keeping_signs(self, keeps_sign: bool) -> Self {
        Self { keeps_sign, ..self }
    }

    /// Rounded, saturating; what is not a number gets the lowest code.
    pub(super) fn code(&self, values: &[f32]) -> Vec<u8> {
        let mut codes = Vec::with_capacity(values.len());
        self.code_onto(values, &mut codes);
        codes
    }

    /// The same, behind the codes that are there.
    pub(super) fn code_onto(&self, values: &[f32], codes: &mut Vec<u8>) {
        let start = codes.len();
        self.rounded_onto(values, codes, byte);
        if self.keeps_sign && self.zero_point > self.lowest {
            let lost = codes[start..]
                .iter_mut()
                .zip(values)
                .filter(|(code, value)| **value < 0.0 && **code == self.zero_point);
            lost.for_each(|(code, _)| *code -= 1);
        }
    }

    /// The same of numbers that are made one by one; `false` where they are needed once more, to keep their signs.
    pub(super) fn code_made_onto(&self, values: impl Reals, codes: &mut Vec<u8>) -> bool {
        if !self.keeps_sign {
            self.rounded_onto(values, codes, byte);
        }
        !self.keeps_sign
    }

    /// The same of codes of 16 bits.
    pub(super) fn code_wide_onto(&self, values: &[f32], codes: &mut Vec<i16>) {
        self.rounded_onto(values, codes, |word, _| word as i16);
    }

    /// `code` makes a code of the low bits of an integer and the code of zero.
    fn rounded_onto<T: Copy + Default>(
        &self,
        values: impl Reals,
        codes: &mut Vec<T>,
        code: impl Fn(u32, u8) -> T + Copy,
    ) {
        match self.rounding {
            // Steps are rounded half to even where they become a code.
            Rounding::HalfEven => self.code_by(values, codes, code, |steps| steps),
            // The difference is exact wherever it is near a half, which x + 0.5 is not.
            Rounding::HalfUp => self.code_by(values, codes, code, |steps| {
                let below = steps.floor();
                if steps - below >= 0.5 { below + 1.0 } else { below }
            }),
            Rounding::HalfAway => self.code_by(values, codes, code, f32::round),
            Rounding::Floor => self.code_by(values, codes, code, f32::floor),
        }
    }

    /// Adding 1.5 · 2^23 leaves no fraction bits, so the sum is rounded as IEEE 754 rounds, half to even, and its
    /// lowest bits are the integer. The value is held within the codes first, which changes nothing because
    /// their ends are integers. Nothing branches, so the compiler codes many values at once; comparisons are such that what is not
    /// a number needs no instruction of its own.
    fn code_by<T: Copy + Default>(
        &self,
        values: impl Reals,
        codes: &mut Vec<T>,
        make: impl Fn(u32, u8) -> T,
        round: impl Fn(f32) -> f32,
    ) {
        const SHIFT: f32 = 12_582_912.0;
        let ([lowest, highest], scale, zero_point) = (self.reach(), self.scale, self.zero_point);
        let start = codes.len();
        codes.resize(start + values.len(), T::default());
        let codes = &mut codes[start..];
        widest(
            #[inline(always)]
            move || {
                values.each(
                    codes,
                    #[inline(always)]
                    |value| {
                        let steps = value / scale;
                        let steps = if steps > lowest { steps } else { lowest };
                        let steps = if steps < highest { steps } else { highest };
                        make((round(steps) + SHIFT).to_bits(), zero_point)
                    },
                );
            },
        );
    }

    /// The lowest and the highest code, in steps above zero.
    fn reach(&self) -> [f32; 2] {
        if self.is_wide() {
            return [-f32::from(i16::MAX), f32::from(i16::MAX)];
        }
        let (zero, top) = (f32::from(self.zero_point), ((1u32 << self.bits) - 1) as f32);
        [f32::from(self.lowest) - zero, top - zero]
    }

    /// Codes of 16 bits of `samples` samples.
    pub(super) fn coded_wide(&self, codes: Vec<i16>, samples: usize) -> Wide {
        let shape = [samples, codes.len() / samples.max(1)];
        Wide { codes: Tensor::new(shape, codes).expect("codes fill their own shape"), scale: self.scale }
    }

    /// Codes of `samples` samples.
    pub(super) fn coded(&self, codes: Vec<u8>, samples: usize) -> Codes {
        let shape = [samples, codes.len() / samples.max(1)];
        let codes = Tensor::new(shape, codes).expect("codes fill their own shape");
        Codes { codes, scale: self.scale, zero_point: self.zero_point, bits: self.bits }
    }

    pub(super) fn value(&self, code: u8) -> f32 {
        (f32::from(code) - f32::from(self.zero_point)) * self.scale
    }

    /// Codes from that of zero to the end that is further away, both counted.
    pub(super) fn levels(&self) -> usize {
        let top = ((1u32 << self.bits) - 1) as u8;
        usize::from((self.zero_point - self.lowest).max(top - self.zero_point)) + 1
    }
}

fn byte(word: u32, zero: u8) -> u8 {
    (word as u8).wrapping_add(zero)
}

/// Numbers that become codes.
pub(super) trait Reals {
    /// How many.
    fn len(&self) -> usize;
    /// Makes a code of each.
    fn each<T>(self, codes: &mut [T], code: impl Fn(f32) -> T);
}

impl Reals for &[f32] {
    fn len(&self) -> usize {
        <[f32]>::len(self)
    }

    #[inline(always)]
    fn each<T>(self, codes: &mut [T], code: impl Fn(f32) -> T) {
        codes.iter_mut().zip(self).for_each(|(to, value)| *to = code(*value));
    }
}

/// Bits of codes that have a sign.
const WIDE: u32 = 16;

fn positive(scale: f32) -> f32 {
    if scale > 0.0 && scale.is_finite() { scale } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(affine: bool) -> Grid {
        Grid::new(if affine { Scheme::Affine } else { Scheme::Symmetric }, 8, -1.0, 3.0)
    }

    proptest::proptest! {
        #[test]
        fn codes_are_rounded_as_asked_and_saturate(steps in -600f32..600.0, halves in -600i32..600, affine: bool) {
            let rule = |rounding, x: f64| match rounding {
                Rounding::HalfEven => x.round_ties_even(),
                Rounding::HalfUp => (x + 0.5).floor(),
                Rounding::HalfAway => x.signum() * (x.abs() + 0.5).floor(),
                Rounding::Floor => x.floor(),
            };
            let half = halves as f32 / 2.0;
            for rounding in [Rounding::HalfEven, Rounding::HalfUp, Rounding::HalfAway, Rounding::Floor] {
                let grid = grid(affine).rounding(rounding);
                for steps in [steps, half, half.next_up(), half.next_down()] {
                    let value = steps * grid.scale;
                    let plain = rule(rounding, f64::from(value / grid.scale)) + f64::from(grid.zero_point);
                    proptest::prop_assert_eq!(grid.code(&[value]), [plain.clamp(f64::from(grid.lowest), 255.0) as u8]);
                }
            }
        }

        #[test]
        fn codes_of_16_bits_are_rounded_alike_and_saturate(steps in -40_000f32..40_000.0, halves in -80_000i32..80_000) {
            let grid = Grid::new(Scheme::Affine, 16, -3.0, 1.0);
            proptest::prop_assert!(grid.is_wide() && grid.scale == 3.0 / 32_767.0);
            for value in [steps * grid.scale, halves as f32 / 2.0 * grid.scale] {
                let mut codes = vec![7];
                grid.code_wide_onto(&[value], &mut codes);
                let plain = f64::from(value / grid.scale).round_ties_even().clamp(-32_767.0, 32_767.0);
                proptest::prop_assert_eq!(codes, [7, plain as i16]);
            }
        }

        #[test]
        fn a_code_reads_back_as_itself(code in 1u8.., low in -9f32..0.0, high in 0.1f32..9.0, affine: bool) {
            let grid = Grid::new(if affine { Scheme::Affine } else { Scheme::Symmetric }, 8, low, high);
            proptest::prop_assert_eq!(grid.code(&[grid.value(code)]), [code]);
        }
    }

    #[test]
    fn half_way_tells_the_roundings_apart() {
        let steps = [-1.5f32, -0.5, 0.5, 1.5, 1.75];
        let rounded = |rounding| {
            let grid = Grid { scale: 1.0, zero_point: 128, lowest: 0, bits: 8, rounding, keeps_sign: false };
            grid.code(&steps).into_iter().map(|code| i16::from(code) - 128).collect::<Vec<_>>()
        };
        assert_eq!(rounded(Rounding::HalfEven), [-2, 0, 0, 2, 2]);
        assert_eq!(rounded(Rounding::HalfUp), [-1, 0, 1, 2, 2]);
        assert_eq!(rounded(Rounding::HalfAway), [-2, -1, 1, 2, 2]);
        assert_eq!(rounded(Rounding::Floor), [-2, -1, 0, 1, 1]);
    }
}

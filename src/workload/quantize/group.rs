//! Codes of which groups of neighbouring channels share a left shift: razored ones, and those with a power of two a block.

use crate::config::{NumberFormat, RazorCode, RazorRounding};
use crate::kernel::Steps;
use crate::razor::{Blocks, Code, Razor, Rounding, Step};
use crate::workload::format::{Use, exchanged};

/// How numbers become codes with shifts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coder {
    way: Way,
    /// Bits of a code.
    pub bits: u32,
    /// Numbers of a group.
    pub group: usize,
    /// Bits that a shift takes in memory.
    pub flag_bits: u32,
    /// The largest shift.
    pub largest: u32,
    /// Bits of an integer that 1 is the scale of.
    basis: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Razor(Razor),
    PowerOfTwo(Blocks),
    Multiple,
}

/// Codes of a tensor whose numbers lie [.., channels, plane].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub coder: Coder,
    pub channels: usize,
    pub plane: usize,
}

/// Codes above a zero point of 2^(bits − 1), and how far those of a group are shifted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Shifted {
    pub codes: Vec<u8>,
    pub shifts: Vec<u8>,
}

/// Bits of the exponent of a block's step in memory.
const EXPONENT_BITS: u32 = 8;
/// The largest step of a group in least steps, of 8 bits.
const MULTIPLE: u32 = 255;
/// Bits of magnitude and sign that steps of blocks reach over.
const REACH: u32 = 16;

impl Coder {
    /// That of a format; none where codes have no shifts.
    ///
    /// # Panics
    /// On figures that a configuration is not loaded with.
    pub fn of(format: NumberFormat) -> Option<Self> {
        match format {
            NumberFormat::Plain | NumberFormat::Int { group: None, .. } => None,
            NumberFormat::Int { bits, group: Some(group), .. } => {
                Some(Self { way: Way::Multiple, bits, group, flag_bits: 8, largest: MULTIPLE, basis: REACH })
            }
            NumberFormat::Razor { basis, bits, group, rounding, code } => {
                let razor = Razor::new(basis, bits, group).expect("figures that are checked");
                let razor = razor.with_rounding(rounding.into()).with_code(code.into());
                let (flag_bits, largest) = (razor.flag_bits(), razor.largest_flag());
                Some(Self { way: Way::Razor(razor), bits, group, flag_bits, largest, basis })
            }
            NumberFormat::Mxint { bits, block } => {
                let blocks = Blocks::new(bits, block, Step::PowerOfTwo).expect("figures that are checked");
                Some(Self {
                    way: Way::PowerOfTwo(blocks),
                    bits,
                    group: block,
                    flag_bits: EXPONENT_BITS,
                    largest: REACH - bits,
                    basis: REACH,
                })
            }
        }
    }

    /// The unit that makes the codes of integers, by id. Of integers of 16 bits a power of two a block is found as a flag is.
    pub fn razorer(&self) -> String {
        let Way::Razor(razor) = &self.way else { return format!("sdr{REACH}x{}_g{}", self.bits, self.group) };
        let code = if razor.code() == Code::TwosComplement { "sdrtc" } else { "sdr" };
        let rounding = match razor.rounding() {
            Rounding::NearestEven => "",
            Rounding::HalfUp => "__up",
            Rounding::Truncate => "__trunc",
        };
        format!("{code}{}x{}_g{}{rounding}", self.basis, self.bits, self.group)
    }

    /// What the step of a group is beside the least one.
    pub fn steps(&self) -> Steps {
        if self.way == Way::Multiple { Steps::Multiples } else { Steps::PowersOfTwo }
    }

    /// Bits of an integer before.
    pub fn basis(&self) -> u32 {
        self.basis
    }

    /// Whether codes reach down to −2^(bits − 1).
    pub fn is_twos_complement(&self) -> bool {
        matches!(&self.way, Way::Razor(razor) if razor.code() == Code::TwosComplement)
    }

    /// What 1 stands for, shifted by nothing, where no number is larger than `largest`.
    pub(super) fn scale(&self, largest: f32) -> f32 {
        let scale = match self.way {
            Way::Multiple => largest / (self.highest() * MULTIPLE as f32),
            Way::Razor(razor) => largest / f32::from(*razor.range().end()),
            // The leading one of the largest number is the highest bit of its magnitude.
            Way::PowerOfTwo(_) => f64::from(largest).log2().floor().exp2() as f32 / (1 << (REACH - 2)) as f32,
        };
        if scale > 0.0 && scale.is_finite() { scale } else { 1.0 }
    }

    /// Rows of `row` numbers; what is not a number is 0.
    pub(super) fn code(&self, numbers: &[f32], row: usize, scale: f32) -> Shifted {
        let zero = 1u8 << (self.bits - 1);
        let (codes, shifts) = match self.way {
            Way::Razor(razor) => {
                let (lowest, highest) = razor.range().into_inner();
                let whole = |number: &f32| {
                    let steps = (number / scale).round_ties_even();
                    steps.clamp(f32::from(lowest), f32::from(highest)) as i16
                };
                let whole: Vec<i16> = numbers.iter().map(whole).collect();
                razor.razor(&whole, row).expect("whole rows of numbers of the basis").into_parts()
            }
            Way::PowerOfTwo(blocks) => blocks.shifted(numbers, row, scale, self.largest),
            Way::Multiple => self.multiples(numbers, row, scale),
        };
        Shifted { codes: codes.into_iter().map(|code| zero.wrapping_add_signed(code)).collect(), shifts }
    }
}

impl Coder {
    /// The largest code of a sign and a magnitude.
    fn highest(&self) -> f32 {
        ((1u32 << (self.bits - 1)) - 1) as f32
    }

    /// Codes of rows and the steps of their groups, each the whole number of least steps that is nearest to the step with which
    /// the largest magnitude of the group would have the largest code.
    fn multiples(&self, numbers: &[f32], row: usize, scale: f32) -> (Vec<i8>, Vec<u8>) {
        let highest = self.highest();
        let (mut codes, mut multiples) = (Vec::with_capacity(numbers.len()), vec![]);
        for group in numbers.chunks_exact(row).flat_map(|row| row.chunks(self.group)) {
            let largest = group.iter().fold(0f32, |largest, number| largest.max(number.abs()));
            let multiple = (largest / (highest * scale)).round_ties_even().clamp(1.0, MULTIPLE as f32);
            let step = multiple * scale;
            let code = |number: &f32| (number / step).round_ties_even().clamp(-highest, highest) as i8;
            codes.extend(group.iter().map(code));
            multiples.push(multiple as u8);
        }
        (codes, multiples)
    }
}

impl Layout {
    /// Groups of channels.
    pub(super) fn parts(&self) -> usize {
        self.channels.div_ceil(self.coder.group)
    }

    /// Bits that a number takes in memory with its share of the flag.
    pub(super) fn effective_bits(&self) -> f64 {
        let flags = self.parts() as f64 * f64::from(self.coder.flag_bits);
        f64::from(self.coder.bits) + flags / self.channels as f64
    }

    /// Codes in the order of the numbers, and shifts [.., groups of channels, plane].
    pub(super) fn code(&self, numbers: &[f32], scale: f32) -> Shifted {
        let rows = exchanged(numbers, self.channels, self.plane);
        let Shifted { codes, shifts } = self.coder.code(&rows, self.channels, scale);
        Shifted {
            codes: exchanged(&codes, self.plane, self.channels),
            shifts: exchanged(&shifts, self.plane, self.parts()),
        }
    }

    /// The number that the code at a place stands for, in steps of shift 0.
    pub(super) fn number(&self, codes: &[u8], shifts: &[u8], at: usize) -> f32 {
        let (row, pixel) = (at / self.plane, at % self.plane);
        let (tensor, part) = (row / self.channels, row % self.channels / self.coder.group);
        let by = shifts[(tensor * self.parts() + part) * self.plane + pixel];
        ((i32::from(codes[at]) - (1 << (self.coder.bits - 1))) << by) as f32
    }

    /// What became of numbers.
    pub(super) fn used(&self, numbers: &[f32], codes: &[u8]) -> Use {
        let zero = 1u8 << (self.coder.bits - 1);
        let numbers = exchanged(numbers, self.channels, self.plane);
        let codes = exchanged(codes, self.channels, self.plane);
        let codes: Vec<i8> = codes.into_iter().map(|code| code.wrapping_sub(zero) as i8).collect();
        Use::of(&numbers, &codes, [self.channels, self.coder.group], zero - 1)
    }
}

impl From<RazorRounding> for Rounding {
    fn from(rounding: RazorRounding) -> Self {
        match rounding {
            RazorRounding::NearestEven => Self::NearestEven,
            RazorRounding::HalfUp => Self::HalfUp,
            RazorRounding::Truncate => Self::Truncate,
        }
    }
}

impl From<RazorCode> for Code {
    fn from(code: RazorCode) -> Self {
        match code {
            RazorCode::SignMagnitude => Self::SignMagnitude,
            RazorCode::TwosComplement => Self::TwosComplement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::IntScale;
    use crate::rng::Stream;

    fn normal(count: usize) -> Vec<f32> {
        let mut stream = Stream::new(1, "quantize.group", 0);
        (0..count).map(|_| stream.normal() as f32).collect()
    }

    fn razor(basis: u32, bits: u32, group: usize) -> Coder {
        let (rounding, code) = (RazorRounding::NearestEven, RazorCode::SignMagnitude);
        Coder::of(NumberFormat::Razor { basis, bits, group, rounding, code }).unwrap()
    }

    /// Pixel by pixel, group by group, by arithmetic on reals instead of bits.
    #[test]
    fn codes_and_shifts_lie_where_their_channels_and_pixels_do() {
        let (channels, plane) = (11, 6);
        let numbers = normal(2 * channels * plane);
        let layout = Layout { coder: razor(16, 4, 4), channels, plane };
        let scale = layout.coder.scale(numbers.iter().fold(0.0, |largest, number| largest.max(number.abs())));
        let found = layout.code(&numbers, scale);
        assert_eq!(found.shifts.len(), 2 * 3 * plane);
        for (at, number) in numbers.iter().enumerate() {
            let value = layout.number(&found.codes, &found.shifts, at);
            let (sample, channel, pixel) = (at / plane / channels, at / plane % channels, at % plane);
            let own = |other: usize| numbers[(sample * channels + other) * plane + pixel];
            let group = channel / 4 * 4..channels.min(channel / 4 * 4 + 4);
            let largest = group.map(|other| (own(other) / scale).round_ties_even().abs()).fold(0.0, f32::max);
            let by = ((largest + 0.5).log2().ceil() - 3.0).max(0.0);
            assert_eq!(f32::from(found.shifts[(sample * 3 + channel / 4) * plane + pixel]), by, "{at}");
            let step = by.exp2();
            let code = ((number / scale).round_ties_even() / step).round_ties_even().clamp(-7.0, 7.0);
            assert_eq!(value, code * step, "{at}");
        }
        let used = layout.used(&numbers, &found.codes);
        assert_eq!((used.numbers, used.groups), (numbers.len() as u64, 2 * 3 * plane as u64));
        // 4 bits, and 4 of a flag for each of 3 groups of 11 numbers.
        assert!((layout.effective_bits() - (4.0 + 12.0 / 11.0)).abs() < 1e-12);
    }

    /// As long as steps do not go below the least one, they are those of the format without an end.
    #[test]
    fn blocks_with_a_power_of_two_are_those_of_the_format() {
        let numbers = normal(64);
        let coder = Coder::of(NumberFormat::Mxint { bits: 4, block: 8 }).unwrap();
        let scale = coder.scale(numbers.iter().fold(0.0, |largest, number| largest.max(number.abs())));
        let Shifted { codes, shifts } = coder.code(&numbers, 16, scale);
        let expected = Blocks::new(4, 8, Step::PowerOfTwo).unwrap().quantize(&numbers, 16).unwrap();
        let centred: Vec<i8> = codes.iter().map(|code| *code as i8 - 8).collect();
        assert_eq!(centred, expected.codes);
        let steps: Vec<f32> = shifts.iter().map(|by| scale * f32::from(*by).exp2()).collect();
        assert_eq!(steps, expected.steps);
        assert_eq!((coder.largest, shifts.iter().max()), (12, Some(&12)));
        // What is far below the largest number has the least step there is.
        assert_eq!(coder.code(&[1e-9; 8], 8, scale).shifts, [0]);
    }

    #[test]
    fn zeros_and_what_is_no_number_are_zero() {
        for coder in [razor(8, 4, 4), Coder::of(NumberFormat::Mxint { bits: 4, block: 4 }).unwrap()] {
            let scale = coder.scale(0.0);
            assert_eq!(scale, 1.0);
            let found = coder.code(&[0.0, f32::NAN, 0.0, 0.0], 4, scale);
            assert_eq!((found.codes, found.shifts), (vec![8; 4], vec![0]));
        }
    }

    /// Against steps of any size, bfloat16 as the format of reals has them: no number is off by more than half of a step and what
    /// the nearest multiple cuts off of the largest one.
    #[test]
    fn multiples_of_the_step_of_a_filter_are_steps_of_groups_within_a_bound() {
        let mut numbers = normal(96);
        numbers.iter_mut().enumerate().for_each(|(at, number)| *number *= 4f32.powi(-((at / 8 % 6) as i32)));
        for bits in 3..=8 {
            let coder =
                Coder::of(NumberFormat::Int { bits, group: Some(8), scale: IntScale::Whole }).unwrap();
            let highest = ((1 << (bits - 1)) - 1) as f32;
            let scale = coder.scale(numbers.iter().fold(0.0, |largest, number| largest.max(number.abs())));
            let Shifted { codes, shifts } = coder.code(&numbers, 48, scale);
            let zero = 1 << (bits - 1);
            assert_eq!(shifts.iter().max(), Some(&255), "the largest group has the largest step");
            let reals = Blocks::new(bits, 8, Step::Real).unwrap().quantize(&numbers, 48).unwrap();
            for (at, number) in numbers.iter().enumerate() {
                let (multiple, real) = (f32::from(shifts[at / 8]), reals.steps[at / 8]);
                let found = (i32::from(codes[at]) - zero) as f32 * multiple * scale;
                let cut = highest * scale / 2.0;
                let off = (found - number).abs();
                assert!(off <= 1.0001 * (multiple * scale / 2.0).max(cut), "{bits} {at}: {off}");
                // bfloat16 has 8 bits: steps are apart by half a least step and a 256th.
                assert!(
                    (multiple * scale - real).abs() <= 1.0001 * (scale / 2.0 + real / 256.0)
                        || multiple == 1.0
                );
            }
        }
        let coder = Coder::of(NumberFormat::Int { bits: 4, group: Some(4), scale: IntScale::Whole }).unwrap();
        assert_eq!(coder.code(&[0.0; 4], 4, coder.scale(0.0)).shifts, [1], "a step of zeros is no zero");
    }
}

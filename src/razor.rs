//! Significant data razoring: integers of 8 or 16 bits become codes of few bits, group by group, by bit operations alone.
//!
//! A group keeps, of every number, its sign and the bits below the leading one of the largest magnitude in it; how many
//! low bits go is its *flag*. Codes are multiplied as they are: a flag is a left shift of the sum of a group's products. It
//! is block floating point with a power-of-two step that is never below 1.
//!
//! Source: Lee, Choi and Chang, "QRazor", arXiv 2501.13331 (2025), and the authors' code (dnotitia/qllm-infer), whose first
//! version has codes of sign and magnitude and whose current one has two's complement.

mod blocks;
mod dot;
mod scale;
#[cfg(test)]
mod tests;

pub use blocks::{Blocked, Blocks, Step};
pub use dot::depth;
pub use scale::{Granularity, Scaled};

use std::ops::RangeInclusive;

use crate::simd;

/// How a magnitude whose low bits go is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, halves to even.
    NearestEven,
    /// To the nearest, halves away from zero.
    HalfUp,
    /// Towards zero.
    Truncate,
}

/// What codes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A sign and a magnitude: −7 to 7 in four bits.
    SignMagnitude,
    /// −8 to 7 in four bits.
    TwosComplement,
}

/// Why numbers cannot be razored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RazorError {
    /// A parameter out of range.
    #[error("{name} is {value}; write {allowed}")]
    Parameter {
        /// Which one.
        name: &'static str,
        /// Its value.
        value: usize,
        /// What there is.
        allowed: &'static str,
    },
    /// A number that the basis does not have; −128 is none of sign and magnitude in 8 bits.
    #[error("number {at} is {value}; the basis holds {lowest} to {highest}, to which the first stage clamps")]
    Beyond {
        /// Where it is, from 0.
        at: usize,
        /// The number.
        value: i16,
        /// The lowest number of the basis.
        lowest: i16,
        /// The highest one.
        highest: i16,
    },
    /// A number without a scale.
    #[error("number {at} is {value}; a scale needs finite numbers")]
    NotFinite {
        /// Where it is, from 0.
        at: usize,
        /// The number.
        value: f32,
    },
    /// Rows that do not fill the tensor.
    #[error("{count} numbers are no whole rows of {row}")]
    Rows {
        /// Numbers.
        count: usize,
        /// Numbers a row should have.
        row: usize,
    },
}

/// A way to razor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Razor {
    basis: u32,
    target: u32,
    group: usize,
    rounding: Rounding,
    code: Code,
}

/// Razored rows: a code a number, a flag a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Razored {
    razor: Razor,
    row: usize,
    codes: Vec<i8>,
    flags: Vec<u8>,
}

impl Razor {
    /// Codes of `target` bits, sign and magnitude rounded to nearest even, of numbers of `basis` bits, `group` by group.
    ///
    /// # Errors
    /// [`RazorError::Parameter`] unless the basis has 8 or 16 bits, the target 2 to 8 and a group 4 to 256 numbers.
    ///
    /// ```
    /// use axsim::razor::Razor;
    /// let razored = Razor::new(8, 4, 8).unwrap().razor(&[37, -5, 90, -118, 2, 0, -64, 15], 8).unwrap();
    /// assert_eq!((razored.codes(), razored.flags()), (&[2, 0, 6, -7, 0, 0, -4, 1][..], &[4][..]));
    /// ```
    pub fn new(basis: u32, target: u32, group: usize) -> Result<Self, RazorError> {
        for (name, value, is, allowed) in [
            ("the basis", basis as usize, [8, 16].contains(&basis), "8 or 16 bits"),
            ("the target", target as usize, (2..=8).contains(&target), "2 to 8 bits"),
            ("a group", group, (4..=256).contains(&group), "4 to 256 numbers"),
        ] {
            if !is {
                return Err(RazorError::Parameter { name, value, allowed });
            }
        }
        Ok(Self { basis, target, group, rounding: Rounding::NearestEven, code: Code::SignMagnitude })
    }

    /// The same with another rounding.
    pub fn with_rounding(self, rounding: Rounding) -> Self {
        Self { rounding, ..self }
    }

    /// The same with other codes.
    pub fn with_code(self, code: Code) -> Self {
        Self { code, ..self }
    }

    /// Bits of a code.
    pub fn target(&self) -> u32 {
        self.target
    }

    /// Numbers of a group.
    pub fn group(&self) -> usize {
        self.group
    }

    /// How magnitudes are rounded.
    pub fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// What codes there are.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The numbers of the basis.
    pub fn range(&self) -> RangeInclusive<i16> {
        let highest = i16::MAX >> (16 - self.basis);
        match self.code {
            Code::SignMagnitude => -highest..=highest,
            Code::TwosComplement => -highest - 1..=highest,
        }
    }

    /// The largest flag: low bits that go where the leading one is the highest there can be.
    pub fn largest_flag(&self) -> u32 {
        let bits = match self.code {
            Code::SignMagnitude => self.basis - 1,
            Code::TwosComplement => self.basis,
        };
        bits.saturating_sub(self.target - 1)
    }

    /// Bits of a flag.
    pub fn flag_bits(&self) -> u32 {
        u32::BITS - self.largest_flag().leading_zeros()
    }

    /// Bits that a number takes in memory with its share of the flag; scales come on top.
    ///
    /// ```
    /// use axsim::razor::Razor;
    /// assert_eq!(Razor::new(8, 4, 16).unwrap().effective_bits(), 4.1875);
    /// ```
    pub fn effective_bits(&self) -> f64 {
        f64::from(self.target) + f64::from(self.flag_bits()) / self.group as f64
    }

    /// Razors rows of `row` numbers; the last group of a row is short where groups do not divide it, as if zeros filled it.
    ///
    /// # Errors
    /// [`RazorError::Rows`] on rows that are not whole, [`RazorError::Beyond`] on a number that the basis does not have.
    pub fn razor(&self, numbers: &[i16], row: usize) -> Result<Razored, RazorError> {
        if row == 0 || !numbers.len().is_multiple_of(row) {
            return Err(RazorError::Rows { count: numbers.len(), row });
        }
        self.within(numbers)?;
        let mut codes = vec![0; numbers.len()];
        let mut flags = vec![0; numbers.len() / row * row.div_ceil(self.group)];
        let rows = numbers.chunks_exact(row).zip(codes.chunks_exact_mut(row));
        for ((numbers, codes), flags) in rows.zip(flags.chunks_exact_mut(row.div_ceil(self.group))) {
            self.razor_row(numbers, codes, flags);
        }
        Ok(Razored { razor: *self, row, codes, flags })
    }

    fn within(&self, numbers: &[i16]) -> Result<(), RazorError> {
        let (lowest, highest) = self.range().into_inner();
        let extremes = simd::widest(
            #[inline(always)]
            move || numbers.iter().fold((0, 0), |(low, high): (i16, i16), q| (low.min(*q), high.max(*q))),
        );
        if extremes.0 >= lowest && extremes.1 <= highest {
            return Ok(());
        }
        let at = numbers.iter().position(|q| !self.range().contains(q)).expect("an extreme is a number");
        Err(RazorError::Beyond { at, value: numbers[at], lowest, highest })
    }

    fn razor_row(&self, numbers: &[i16], codes: &mut [i8], flags: &mut [u8]) {
        let razor = *self;
        simd::widest(
            #[inline(always)]
            move || match razor.group {
                // Lengths that the compiler knows: a group is one vector or a few.
                16 => razor.whole_groups::<16>(numbers, codes, flags),
                32 => razor.whole_groups::<32>(numbers, codes, flags),
                64 => razor.whole_groups::<64>(numbers, codes, flags),
                128 => razor.whole_groups::<128>(numbers, codes, flags),
                size => razor.groups(size, numbers, codes, flags),
            },
        );
    }

    #[inline(always)]
    fn whole_groups<const SIZE: usize>(&self, numbers: &[i16], codes: &mut [i8], flags: &mut [u8]) {
        let (groups, rest) = numbers.as_chunks::<SIZE>();
        let (of_groups, codes) = codes.as_chunks_mut::<SIZE>();
        let (flags, last) = flags.split_at_mut(groups.len());
        for ((numbers, codes), flag) in groups.iter().zip(of_groups).zip(flags) {
            *flag = self.razor_group(numbers, codes);
        }
        self.groups(SIZE, rest, codes, last);
    }

    #[inline(always)]
    fn groups(&self, size: usize, numbers: &[i16], codes: &mut [i8], flags: &mut [u8]) {
        for ((numbers, codes), flag) in numbers.chunks(size).zip(codes.chunks_mut(size)).zip(flags) {
            *flag = self.razor_group(numbers, codes);
        }
    }

    /// The codes of a group, and its flag.
    #[inline(always)]
    fn razor_group(&self, numbers: &[i16], codes: &mut [i8]) -> u8 {
        let any = numbers.iter().fold(0, |any, number| any | number.unsigned_abs());
        let kept = self.target - 1;
        let flag = (u16::BITS - any.leading_zeros()).saturating_sub(kept);
        let half = (1u16 << flag) >> 1;
        let (bias, odd) = match self.rounding {
            Rounding::NearestEven => (half.saturating_sub(1), half.min(1)),
            Rounding::HalfUp => (half, 0),
            Rounding::Truncate => (0, 0),
        };
        let highest = (1i16 << kept) - 1;
        let lowest = match self.code {
            Code::SignMagnitude => -highest,
            Code::TwosComplement => -highest - 1,
        };
        for (code, &number) in codes.iter_mut().zip(numbers) {
            let magnitude = number.unsigned_abs();
            let rounded = ((magnitude + bias + (magnitude >> flag & odd)) >> flag) as i16;
            let signed = if number < 0 { -rounded } else { rounded };
            *code = signed.clamp(lowest, highest) as i8;
        }
        flag as u8
    }
}

impl Razored {
    /// How they were razored.
    pub fn razor(&self) -> &Razor {
        &self.razor
    }

    /// The codes, row after row.
    pub fn codes(&self) -> &[i8] {
        &self.codes
    }

    /// The flags, group after group: low bits that went.
    pub fn flags(&self) -> &[u8] {
        &self.flags
    }

    /// Codes and flags for keeps.
    pub fn into_parts(self) -> (Vec<i8>, Vec<u8>) {
        (self.codes, self.flags)
    }

    /// Rows of numbers of the basis again: codes shifted left by their flag.
    pub fn numbers(&self) -> Vec<i32> {
        let groups = self.row.div_ceil(self.razor.group);
        let rows = self.codes.chunks_exact(self.row).zip(self.flags.chunks_exact(groups));
        let groups = rows.flat_map(|(codes, flags)| codes.chunks(self.razor.group).zip(flags));
        groups.flat_map(|(codes, flag)| codes.iter().map(move |code| i32::from(*code) << flag)).collect()
    }

    /// Bits in memory: codes, zeros that fill last groups left out, and flags.
    pub fn bits(&self) -> u64 {
        let [codes, flags] = [self.codes.len(), self.flags.len()].map(|count| count as u64);
        codes * u64::from(self.razor.target) + flags * u64::from(self.razor.flag_bits())
    }
}

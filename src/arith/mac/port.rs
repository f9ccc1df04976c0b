//! Ports of a unit: their names, how numbers stand on them, and which.

use std::ops::RangeInclusive;

use crate::bits;

/// How a number stands on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Its bits, without a sign.
    Unsigned,
    /// Two's complement.
    TwosComplement,
    /// Magnitude bits under a sign bit; zero has no sign.
    SignMagnitude,
}

impl Code {
    /// The word of so many bits that stands for a number.
    ///
    /// ```
    /// use axsim::arith::mac::Code;
    /// assert_eq!([Code::TwosComplement, Code::SignMagnitude].map(|code| code.word(-3, 4)), [0b1101, 0b1011]);
    /// ```
    pub fn word(self, value: i64, width: u32) -> u64 {
        match self {
            Self::Unsigned | Self::TwosComplement => bits::encode(value, width),
            Self::SignMagnitude => value.unsigned_abs() | u64::from(value < 0) << (width - 1),
        }
    }

    /// The number that a word of so many bits stands for.
    ///
    /// ```
    /// use axsim::arith::mac::Code;
    /// assert_eq!([Code::TwosComplement, Code::SignMagnitude].map(|code| code.value(0b1011, 4)), [-5, -3]);
    /// ```
    pub fn value(self, word: u64, width: u32) -> i64 {
        match self {
            Self::Unsigned => word as i64,
            Self::TwosComplement => bits::sign_extend(word, width),
            Self::SignMagnitude => {
                let magnitude = (word & bits::mask(width - 1)) as i64;
                if word >> (width - 1) & 1 == 1 { -magnitude } else { magnitude }
            }
        }
    }

    /// The numbers that so many bits stand for.
    pub fn range(self, width: u32) -> RangeInclusive<i64> {
        match self {
            Self::Unsigned => 0..=bits::mask(width) as i64,
            Self::TwosComplement => i64::MIN >> (64 - width)..=i64::MAX >> (64 - width),
            Self::SignMagnitude => -(bits::mask(width - 1) as i64)..=bits::mask(width - 1) as i64,
        }
    }
}

/// An input of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// As the netlist and the Verilog call it.
    pub name: String,
    /// Bits.
    pub width: u32,
    /// How numbers stand on it.
    pub code: Code,
    /// The numbers that it takes.
    pub range: RangeInclusive<i64>,
}

impl Port {
    /// A port that takes all numbers of its width.
    pub fn new(name: &str, width: u32, code: Code) -> Self {
        Self { name: name.into(), width, code, range: code.range(width) }
    }

    /// The word on the port for a number.
    pub fn word(&self, value: i64) -> u64 {
        self.code.word(value, self.width)
    }
}

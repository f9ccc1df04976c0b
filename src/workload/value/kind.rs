//! Element types: which numbers each can hold.

use std::fmt;

/// An ONNX element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// Unsigned, 4 bits.
    U4,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits; numbers from 2^63 on are refused.
    U64,
    /// Signed, 4 bits.
    I4,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of a single-precision number.
    Bf16,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
}

/// Each type with its number in ONNX and its name there.
const CODES: [(Kind, i32, &str); 15] = [
    (Kind::F32, 1, "FLOAT"),
    (Kind::U8, 2, "UINT8"),
    (Kind::I8, 3, "INT8"),
    (Kind::U16, 4, "UINT16"),
    (Kind::I16, 5, "INT16"),
    (Kind::I32, 6, "INT32"),
    (Kind::I64, 7, "INT64"),
    (Kind::Bool, 9, "BOOL"),
    (Kind::F16, 10, "FLOAT16"),
    (Kind::F64, 11, "DOUBLE"),
    (Kind::U32, 12, "UINT32"),
    (Kind::U64, 13, "UINT64"),
    (Kind::Bf16, 16, "BFLOAT16"),
    (Kind::U4, 21, "UINT4"),
    (Kind::I4, 22, "INT4"),
];

impl Kind {
    /// The type with a number of ONNX's `TensorProto.DataType`.
    pub fn from_code(code: i32) -> Option<Self> {
        CODES.iter().find(|(_, number, _)| *number == code).map(|(kind, ..)| *kind)
    }

    /// Whether it is a floating-point type.
    pub fn is_real(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32 | Self::F64)
    }

    /// The least and the greatest number of a whole type; those of 64 bits where there are more.
    pub(crate) fn range(self) -> (i64, i64) {
        match self {
            Self::Bool => (0, 1),
            Self::U4 => (0, 15),
            Self::U8 => (0, 255),
            Self::U16 => (0, 65_535),
            Self::U32 => (0, i64::from(u32::MAX)),
            Self::U64 => (0, i64::MAX),
            Self::I4 => (-8, 7),
            Self::I8 => (-128, 127),
            Self::I16 => (-32_768, 32_767),
            Self::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        }
    }

    /// A whole number modulo two to the power of the type's bits; anything but 0 is true.
    pub(crate) fn wrap(self, x: i64) -> i64 {
        match self {
            Self::Bool => i64::from(x != 0),
            Self::U4 => x & 15,
            Self::U8 => i64::from(x as u8),
            Self::U16 => i64::from(x as u16),
            Self::U32 => i64::from(x as u32),
            Self::I4 => (x << 60) >> 60,
            Self::I8 => i64::from(x as i8),
            Self::I16 => i64::from(x as i16),
            Self::I32 => i64::from(x as i32),
            _ => x,
        }
    }

    /// The nearest number of a floating-point type, half to even.
    pub(crate) fn round(self, x: f64) -> f64 {
        match self {
            Self::F32 => f64::from(x as f32),
            Self::F16 => nearest(x, 10, -14, 65_504.0),
            Self::Bf16 => nearest(x, 7, -126, f64::from(f32::from_bits(0x7f7f_0000))),
            _ => x,
        }
    }
}

/// The nearest number with so many fraction bits and at least that exponent; infinite beyond the largest.
fn nearest(x: f64, fraction: i32, lowest: i32, largest: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let exponent = libm::ilogb(x).max(lowest);
    let step = libm::ldexp(1.0, exponent - fraction);
    let rounded = (x / step).round_ties_even() * step;
    if rounded.abs() > largest { f64::INFINITY.copysign(x) } else { rounded }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = CODES.iter().find(|(kind, ..)| kind == self).map_or("", |(.., name)| *name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_and_brain_floats_round_as_their_bits_say() {
        // Every half is itself; between two of them the nearer one is taken, the even one half-way.
        for (x, half) in [
            (1.0 + 1.0 / 2048.0, 1.0),
            (1.0 + 3.0 / 2048.0, 1.0 + 2.0 / 1024.0),
            (6e-8, 5.960_464_477_539_063e-8),
        ] {
            assert_eq!(Kind::F16.round(x), half);
        }
        assert_eq!(Kind::F16.round(65_519.9), 65_504.0);
        assert_eq!(Kind::F16.round(-65_520.0), f64::NEG_INFINITY);
        for bits in [0x3f80u32, 0x0001, 0x7f7f, 0xc123] {
            let x = f64::from(f32::from_bits(bits << 16));
            assert_eq!(Kind::Bf16.round(x), x);
        }
        assert_eq!(Kind::Bf16.round(1.0 + 1.0 / 256.0), 1.0);
    }

    #[test]
    fn integers_wrap_as_a_conversion_does() {
        assert_eq!(Kind::I8.wrap(200), -56);
        assert_eq!(Kind::U8.wrap(-1), 255);
        assert_eq!(Kind::I4.wrap(9), -7);
        assert_eq!(Kind::Bool.wrap(7), 1);
    }
}

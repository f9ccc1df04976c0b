//! Widths of two operands.

use std::fmt;

/// Bits of both operands of a design; an id writes `8` where they are equal, else `8x4`, that of `a` first.
///
/// ```
/// use axsim::arith::Widths;
/// assert_eq!(Widths { a: 8, b: 4 }.to_string(), "8x4");
/// assert_eq!(Widths::from(8).sum(), 16);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Widths {
    /// Bits of the first operand.
    pub a: u32,
    /// Bits of the second operand.
    pub b: u32,
}

impl Widths {
    /// Bits of both, and so of a product.
    pub fn sum(self) -> u32 {
        self.a + self.b
    }

    /// Bits of the wider operand.
    pub fn greater(self) -> u32 {
        self.a.max(self.b)
    }

    /// Bits of the narrower operand.
    pub fn lesser(self) -> u32 {
        self.a.min(self.b)
    }

    /// Whether both are the same.
    pub fn equal(self) -> bool {
        self.a == self.b
    }
}

impl From<u32> for Widths {
    /// Equal widths.
    fn from(width: u32) -> Self {
        Self { a: width, b: width }
    }
}

impl fmt::Display for Widths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.equal() { write!(f, "{}", self.a) } else { write!(f, "{}x{}", self.a, self.b) }
    }
}

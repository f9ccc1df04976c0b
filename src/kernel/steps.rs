//! What the step of a group of codes is beside the least step.

/// What the step of a group is as a multiple of the least one, and so what its sum of products is multiplied by.
///
/// ```
/// use axsim::kernel::Steps;
/// assert_eq!([Steps::PowersOfTwo, Steps::Multiples].map(|steps| steps.of(-5, steps.both(2, 3))), [-5 << 5, -5 * 6]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Steps {
    /// A power of two, told by its exponent: sums are shifted left.
    #[default]
    PowersOfTwo,
    /// Any whole number: sums are multiplied, as in VS-Quant (Dai et al., arXiv 2102.04503).
    Multiples,
}

impl Steps {
    /// What tells the least step.
    pub fn least(self) -> u8 {
        u8::from(self == Self::Multiples)
    }

    /// What tells the step of products of two operands.
    #[inline]
    pub fn both(self, one: u8, other: u8) -> i64 {
        let [one, other] = [one, other].map(i64::from);
        match self {
            Self::PowersOfTwo => one + other,
            Self::Multiples => one * other,
        }
    }

    /// A sum in least steps.
    #[inline]
    pub fn of(self, sum: i64, by: i64) -> i64 {
        match self {
            Self::PowersOfTwo => sum << (by & 63),
            Self::Multiples => sum * by,
        }
    }
}

//! Multipliers: an unsigned core, and the sign-magnitude wrapper that makes any core signed.

pub mod baugh_wooley;
mod drum;
mod kulkarni;
mod mitchell;
mod reduce;
mod truncated;

use crate::arith::{Design, negated_if, two_operands, wrapped};
use crate::bits;
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::{Operation, Signature};

/// How an unsigned core multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// Exact, rows added one after the other by ripple adders.
    Array,
    /// Exact, Dadda's reduction (1965) and a Kogge-Stone adder.
    Dadda,
    /// Partial products of weight below 2^t left out, the rest as [`Core::Dadda`].
    Truncated(u32),
    /// DRUM(k): k bits from the leading one on, the lowest kept bit set when bits were cut (Hashemi 2015).
    Drum(u32),
    /// 2×2 blocks with 3·3 = 7, exact four-way recursion (Kulkarni 2011).
    Kulkarni,
    /// Logarithmic with linear mantissas (Mitchell 1962).
    Mitchell,
}

impl Core {
    /// The product of two unsigned `width`-bit operands: 2·`width` bits.
    pub fn apply(self, width: u32, a: u64, b: u64) -> u64 {
        match self {
            Core::Array | Core::Dadda => a * b,
            Core::Truncated(cut) => truncated::apply(cut, a, b),
            Core::Drum(kept) => drum::apply(kept, a, b) & bits::mask(2 * width),
            Core::Kulkarni => kulkarni::apply(a, b),
            Core::Mitchell => mitchell::apply(a, b),
        }
    }

    /// The gates of [`Core::apply`].
    pub fn build(self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        match self {
            Core::Array => reduce::array(build, a, b),
            Core::Dadda => reduce::dadda(build, a, b, 0),
            Core::Truncated(cut) => reduce::dadda(build, a, b, cut as usize),
            Core::Drum(kept) => drum::build(build, a, b, kept as usize),
            Core::Kulkarni => kulkarni::build(build, a, b),
            Core::Mitchell => mitchell::build(build, a, b),
        }
    }
}

/// A multiplier of two `width`-bit operands with a 2·`width`-bit result.
///
/// Signed means sign and magnitude around the unsigned core: |a|·|b| is negated when the signs differ. The
/// magnitude 2^(width−1) of the lowest operand fits the core; a core that overestimates may wrap.
#[derive(Debug, Clone, Copy)]
pub struct Multiplier {
    /// Operand width.
    pub width: u32,
    /// Two's complement operands and result.
    pub signed: bool,
    /// The unsigned core.
    pub core: Core,
    /// The family's name as the id has it (`exact` is built as Dadda).
    pub family: &'static str,
}

impl Design for Multiplier {
    fn id(&self) -> String {
        let sign = if self.signed { 's' } else { 'u' };
        let parameter = match self.core {
            Core::Truncated(cut) => format!("_t{cut}"),
            Core::Drum(kept) => format!("_k{kept}"),
            _ => String::new(),
        };
        format!("mul{}{sign}_{}{parameter}", self.width, self.family)
    }

    fn signature(&self) -> Signature {
        let Self { width, signed, .. } = *self;
        Signature { operation: Operation::Mul, width_a: width, width_b: width, signed }
    }

    fn eval(&self, a: i64, b: i64) -> i64 {
        let product = self.core.apply(self.width, a.unsigned_abs(), b.unsigned_abs()) as i64;
        if self.signed { wrapped(product * a.signum() * b.signum(), 2 * self.width) } else { product }
    }

    fn netlist(&self) -> Netlist {
        two_operands(&self.id(), self.width, |build, a, b| {
            if !self.signed {
                return self.core.build(build, a, b);
            }
            let (sign_a, sign_b) = (a[a.len() - 1], b[b.len() - 1]);
            let (a, b) = (negated_if(build, a, sign_a), negated_if(build, b, sign_b));
            let product = self.core.build(build, &a, &b);
            let negative = build.xor(sign_a, sign_b);
            negated_if(build, &product, negative)
        })
    }
}

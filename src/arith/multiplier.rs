//! Multipliers: an unsigned core, and the sign-magnitude wrapper that makes any core signed.

pub mod baugh_wooley;
mod blocks;
pub mod booth;
mod cells;
mod clustered;
mod corrected;
mod etm;
mod exact;
mod iterative;
mod kulkarni;
mod logarithm;
mod mitchell;
mod paired;
mod pruned;
pub mod recoded;
mod reduce;
mod segment;
mod tosam;
pub mod tree42;

pub use blocks::Blocks;
pub use cells::CellTree;
pub use clustered::Clustered;
pub use corrected::Corrected;
pub use etm::ErrorTolerant;
pub use exact::{Exact, Tree};
pub use iterative::{Iterative, Nearest};
pub use kulkarni::Kulkarni;
pub use mitchell::{Logarithmic, Mitchell, Truncated};
pub use paired::{Joined, Paired, Recovered};
pub use pruned::Pruned;
pub use segment::Segments;
pub use tosam::Tosam;

pub(super) use reduce::sum_columns;

use crate::arith::adder::FAST;
use crate::arith::{Design, Widths, negated_if, two_operands, wrapped};
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::{Operation, Signature};

/// The exact product in as many bits as both operands together, of any widths.
pub(super) fn exact_product(build: &mut Builder, a: &[Net], b: &[Net], signed: bool) -> Bus {
    let all = |_, _| true;
    let columns = if signed { reduce::signed_dots(build, a, b, all) } else { reduce::dots(build, a, b, all) };
    reduce::sum_columns(build, columns, FAST)
}

/// How magnitudes are multiplied.
pub trait Core: std::fmt::Debug + Send + Sync {
    /// The product of two unsigned operands; never computed from the gates.
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64;
    /// Bits of the product: as many as both operands have, unless some pair of them gives more.
    fn width_out(&self, widths: Widths) -> u32 {
        widths.sum()
    }
    /// The gates of [`Core::apply`].
    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus;
}

/// How a multiplier of magnitudes takes signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Operands have none.
    None,
    /// |a|·|b| is negated when the signs differ, in as many bits as both operands have. The magnitude 2^(N−1) of the
    /// lowest operand fits the core; a core that overestimates by half or more may wrap.
    Magnitude,
    /// As `Magnitude`, but all negations invert bits and add no 1.
    Inverted,
}

impl Sign {
    fn magnitude(self, x: i64) -> u64 {
        if self == Self::Inverted && x < 0 { !x as u64 } else { x.unsigned_abs() }
    }

    fn signed(self, product: i64, negative: bool) -> i64 {
        match (negative, self) {
            (false, _) | (_, Self::None) => product,
            (true, Self::Magnitude) => product.wrapping_neg(),
            (true, Self::Inverted) => !product,
        }
    }

    fn gates(self, build: &mut Builder, bus: &[Net], negate: Net) -> Bus {
        match self {
            Self::Inverted => bus.iter().map(|&net| build.xor(net, negate)).collect(),
            _ => negated_if(build, bus, negate),
        }
    }
}

/// A multiplier whose result has as many bits as both operands, or without sign as many as its core has.
#[derive(Debug)]
pub struct Multiplier {
    /// Operand widths.
    pub widths: Widths,
    /// Whether operands and result are two's complement, and how.
    pub sign: Sign,
    /// The unsigned core.
    pub core: Box<dyn Core>,
    /// Family, parameters and final adder as the id has them (`exact` is built as Dadda).
    pub family: String,
}

impl Design for Multiplier {
    fn id(&self) -> String {
        let sign = if self.sign == Sign::None { 'u' } else { 's' };
        format!("mul{}{sign}_{}", self.widths, self.family)
    }

    fn signature(&self) -> Signature {
        let Self { widths: Widths { a, b }, sign, .. } = *self;
        Signature { operation: Operation::Mul, width_a: a, width_b: b, signed: sign != Sign::None }
    }

    fn eval(&self, a: i64, b: i64) -> i64 {
        let product = self.core.apply(self.widths, self.sign.magnitude(a), self.sign.magnitude(b)) as i64;
        // The sign is that of the operands even where one of them is 0 and the product is not.
        let product = self.sign.signed(product, (a < 0) != (b < 0));
        if self.sign == Sign::None { product } else { wrapped(product, self.widths.sum()) }
    }

    fn width_out(&self) -> u32 {
        if self.sign == Sign::None { self.core.width_out(self.widths) } else { self.widths.sum() }
    }

    fn netlist(&self) -> Netlist {
        two_operands(&self.id(), self.widths, |build, a, b| {
            if self.sign == Sign::None {
                return self.core.build(build, a, b);
            }
            let (sign_a, sign_b) = (a[a.len() - 1], b[b.len() - 1]);
            let (a, b) = (self.sign.gates(build, a, sign_a), self.sign.gates(build, b, sign_b));
            let mut product = self.core.build(build, &a, &b);
            product.truncate(self.widths.sum() as usize);
            let negative = build.xor(sign_a, sign_b);
            self.sign.gates(build, &product, negative)
        })
    }
}

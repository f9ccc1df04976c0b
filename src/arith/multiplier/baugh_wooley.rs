//! Two's complement multipliers without sign handling around them: Baugh and Wooley's partial products.

use super::reduce;
use crate::arith::adder::Carries;
use crate::arith::{Design, Widths, two_operands};
use crate::bits;
use crate::netlist::Netlist;
use crate::table::{Operation, Signature};

/// A two's complement multiplier: Baugh-Wooley partial products, Dadda's reduction, a final adder.
///
/// Dots of one sign bit are complemented and ones added, at equal widths in columns N and 2N − 1, which makes the sum
/// right modulo 2^(2N). With `cut` = t the dots of weight below 2^t are left out, t < N, so that none of them has a sign.
#[derive(Debug, Clone)]
pub struct BaughWooley {
    /// Operand widths.
    pub widths: Widths,
    /// Columns left out.
    pub cut: u32,
    /// The final adder.
    pub adder: Carries,
    /// Family and parameters as the id has them.
    pub family: String,
}

impl Design for BaughWooley {
    fn id(&self) -> String {
        format!("mul{}s_{}", self.widths, self.family)
    }

    fn signature(&self) -> Signature {
        Signature { operation: Operation::Mul, width_a: self.widths.a, width_b: self.widths.b, signed: true }
    }

    /// a·b − Σ_{i<t} a_i 2^i (b mod 2^(t−i)) on the bits of the operands; it may be below the range and wrap.
    fn eval(&self, a: i64, b: i64) -> i64 {
        let dropped = |i: u32| (a >> i & 1) * ((b & bits::mask(self.cut - i) as i64) << i);
        super::wrapped(a * b - (0..self.cut).map(dropped).sum::<i64>(), self.widths.sum())
    }

    fn netlist(&self) -> Netlist {
        two_operands(&self.id(), self.widths, |build, a, b| {
            let columns = reduce::signed_dots(build, a, b, |i, j| i + j >= self.cut as usize);
            reduce::sum_columns(build, columns, self.adder)
        })
    }
}

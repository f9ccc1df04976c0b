//! Two's complement multipliers without sign handling around them: Baugh and Wooley's partial products.

use super::reduce;
use crate::arith::{Design, two_operands};
use crate::bits;
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::{Operation, Signature};

/// A two's complement multiplier: Baugh-Wooley partial products, Dadda's reduction, a Kogge-Stone adder.
///
/// Dots of one sign bit are complemented and ones added in columns N and 2N − 1, which makes the sum right
/// modulo 2^(2N). With `cut` = t the dots of weight below 2^t are left out, t < N, so that none of them has a sign.
#[derive(Debug, Clone)]
pub struct BaughWooley {
    /// Operand width.
    pub width: u32,
    /// Columns left out.
    pub cut: u32,
    /// Family and parameters as the id has them.
    pub family: String,
}

impl BaughWooley {
    /// The dots of a column sum, each complemented where exactly one of its bits is a sign.
    fn columns(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Vec<Bus> {
        let (width, sign) = (self.width as usize, self.width as usize - 1);
        let mut columns = vec![Bus::new(); 2 * width];
        for (i, &a) in a.iter().enumerate() {
            for (j, &b) in b.iter().enumerate().filter(|(j, _)| i + j >= self.cut as usize) {
                let dot = if (i == sign) == (j == sign) { build.and(a, b) } else { build.nand(a, b) };
                columns[i + j].push(dot);
            }
        }
        for one in [width, 2 * width - 1] {
            columns[one].push(build.constant(true));
        }
        columns
    }
}

impl Design for BaughWooley {
    fn id(&self) -> String {
        format!("mul{}s_{}", self.width, self.family)
    }

    fn signature(&self) -> Signature {
        Signature { operation: Operation::Mul, width_a: self.width, width_b: self.width, signed: true }
    }

    /// a·b − Σ_{i<t} a_i 2^i (b mod 2^(t−i)) on the bits of the operands; it may be below the range and wrap.
    fn eval(&self, a: i64, b: i64) -> i64 {
        let dropped = |i: u32| (a >> i & 1) * ((b & bits::mask(self.cut - i) as i64) << i);
        super::wrapped(a * b - (0..self.cut).map(dropped).sum::<i64>(), 2 * self.width)
    }

    fn netlist(&self) -> Netlist {
        two_operands(&self.id(), self.width, |build, a, b| {
            let columns = self.columns(build, a, b);
            reduce::sum_columns(build, columns)
        })
    }
}

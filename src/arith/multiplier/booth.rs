//! Radix-4 Booth multipliers of two's complement operands, exact or with the dots of low weight left out.
//!
//! # Sources
//! O. L. MacSorley, High-speed arithmetic in binary computers, Proceedings of the IRE 1961; F. Farshchi,
//! M. S. Abrishami, S. M. Fakhraie, New approximate multiplier for low power digital signal processing, CADS 2013.

use super::reduce;
use crate::arith::adder::Carries;
use crate::arith::{Design, Widths, negated_if, sign_extended, two_operands, wrapped};
use crate::bits;
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::{Operation, Signature};

/// A radix-4 Booth multiplier: a row for every second bit of b, dots of weight below 2^cut left out.
#[derive(Debug, Clone)]
pub struct Booth {
    /// Operand widths; a row for every second bit of the second.
    pub widths: Widths,
    /// Weight below which dots are left out.
    pub cut: u32,
    /// Whether a negative row is two's complement before it is cut; otherwise one's complement, its +1 a dot at the
    /// row's lowest place.
    pub negated_rows: bool,
    /// The final adder.
    pub adder: Carries,
    /// Family and parameters as the id has them.
    pub family: String,
}

/// A row's multiple of a, 0 to 2, and whether it is subtracted.
struct Digit {
    multiple: i64,
    negative: bool,
}

impl Booth {
    fn rows(&self) -> u32 {
        self.widths.b.div_ceil(2)
    }

    fn digit(b: i64, row: u32) -> Digit {
        let [low, middle, high] =
            [(b << 1) >> (2 * row), b >> (2 * row), b >> (2 * row + 1)].map(|bit| bit & 1);
        let value = low + middle - 2 * high;
        Digit { multiple: value.abs(), negative: value < 0 }
    }

    /// Sign-extended bits of a row in place, and the dot that completes a one's complement.
    fn row_gates(&self, build: &mut Builder, a: &[Net], b: &[Net], row: usize) -> (Bus, Option<Net>) {
        let zero = build.constant(false);
        let bit = |at: usize| b.get(at).copied().unwrap_or(b[b.len() - 1]);
        let low = if row == 0 { zero } else { bit(2 * row - 1) };
        let (middle, high) = (bit(2 * row), bit(2 * row + 1));
        let one = build.xor(low, middle);
        // ±2: both lower bits equal and different from the upper one.
        let differs = build.xor(middle, high);
        let not_one = build.not(one);
        let two = build.and(not_one, differs);
        let both = build.and(low, middle);
        let not_both = build.not(both);
        let negative = build.and(high, not_both);
        let wide = sign_extended(a, self.widths.a + 1);
        let mut below = zero;
        let mut multiple = Bus::new();
        for net in wide {
            let (single, double) = (build.and(one, net), build.and(two, below));
            multiple.push(build.or(single, double));
            below = net;
        }
        if self.negated_rows {
            let multiple = sign_extended(&multiple, self.widths.a + 2);
            return (negated_if(build, &multiple, negative), None);
        }
        (multiple.into_iter().map(|net| build.xor(net, negative)).collect(), Some(negative))
    }
}

impl Design for Booth {
    fn id(&self) -> String {
        format!("mul{}s_{}", self.widths, self.family)
    }

    fn signature(&self) -> Signature {
        Signature { operation: Operation::Mul, width_a: self.widths.a, width_b: self.widths.b, signed: true }
    }

    fn eval(&self, a: i64, b: i64) -> i64 {
        let kept = |value: i128| value & !i128::from(bits::mask(self.cut));
        let row = |row: u32| {
            let Digit { multiple, negative } = Self::digit(b, row);
            let value = i128::from(multiple) * i128::from(a);
            match (negative, self.negated_rows) {
                (false, _) => kept(value << (2 * row)),
                (true, true) => kept(-value << (2 * row)),
                (true, false) => kept(!value << (2 * row)) + kept(1 << (2 * row)),
            }
        };
        wrapped((0..self.rows()).map(row).sum::<i128>() as i64, self.widths.sum())
    }

    fn netlist(&self) -> Netlist {
        two_operands(&self.id(), self.widths, |build, a, b| {
            let (mut rows, mut dots) = (vec![], vec![]);
            for row in 0..self.rows() as usize {
                let (bits, one) = self.row_gates(build, a, b, row);
                // What is cut of a row has a sign at least.
                let cut = (self.cut as usize).saturating_sub(2 * row);
                rows.push((2 * row + cut, bits[cut.min(bits.len() - 1)..].to_vec()));
                dots.extend(one.filter(|_| cut == 0).map(|one| (2 * row, one)));
            }
            let columns = reduce::signed_columns(build, rows, dots, self.widths.sum() as usize);
            reduce::sum_columns(build, columns, self.adder)
        })
    }
}

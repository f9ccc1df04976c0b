//! Multipliers that leave partial products out: columns, rows, or low bits of the operands.

use std::ops::Range;

use super::{Core, reduce};
use crate::arith::Widths;
use crate::arith::adder::Carries;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Which partial products a_i·b_j are left out; the rest is summed exactly in Dadda's tree.
#[derive(Debug)]
pub struct Pruned {
    /// Rows: bits j of b.
    pub rows: Range<u32>,
    /// Columns i + j below this.
    pub columns: u32,
    /// Low bits of both operands.
    pub low: u32,
    /// Whether the mean of what the columns lose under uniform operands, rounded, is added to every product.
    pub compensated: bool,
    /// The final adder.
    pub adder: Carries,
}

impl Pruned {
    /// Column truncation.
    pub fn columns(columns: u32, adder: Carries) -> Self {
        Self { rows: 0..0, columns, low: 0, compensated: false, adder }
    }
}

impl Pruned {
    /// A quarter of all dots of the columns that are left out, halves up.
    fn mean(&self, widths: Widths) -> u64 {
        // a_i in columns i to i + N_b − 1, of which those below the cut count: 2^i (2^n − 1).
        let row = |i: u32| bits::mask(self.columns.saturating_sub(i).min(widths.b)) << i;
        let sum = (0..widths.a).map(row).sum::<u64>();
        if self.compensated { sum / 4 + ((sum / 2) & 1) } else { 0 }
    }
}

impl Core for Pruned {
    /// On operands with the rows and low bits cleared: a·b − Σ_{i<t} a_i 2^i (b mod 2^(t−i)).
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let (rows, low) = (&self.rows, !bits::mask(self.low));
        let (a, b) = (a & low, b & low & !(bits::mask(rows.end) & !bits::mask(rows.start)));
        let cut = self.columns;
        let dropped = (0..cut.min(32)).map(|i| (a >> i & 1) * ((b & bits::mask(cut - i)) << i));
        a * b - dropped.sum::<u64>() + self.mean(widths)
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let kept = |i: usize, j: usize| {
            let (i, j) = (i as u32, j as u32);
            i + j >= self.columns && !self.rows.contains(&j) && i.min(j) >= self.low
        };
        let mut columns = reduce::dots(build, a, b, kept);
        let mean = self.mean(Widths { a: a.len() as u32, b: b.len() as u32 });
        let ones = columns.iter_mut().enumerate().filter(|(at, _)| mean >> at & 1 == 1);
        ones.for_each(|(_, column)| column.push(build.constant(true)));
        reduce::sum_columns(build, columns, self.adder)
    }
}

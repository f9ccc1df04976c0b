//! Multipliers that leave partial products out: columns, rows, or low bits of the operands.

use std::ops::Range;

use super::{Core, reduce};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Which partial products a_i·b_j are left out; the rest as an exact Dadda multiplier.
#[derive(Debug)]
pub struct Pruned {
    /// Rows: bits j of b.
    pub rows: Range<u32>,
    /// Columns i + j below this.
    pub columns: u32,
    /// Low bits of both operands.
    pub low: u32,
}

impl Pruned {
    /// Column truncation.
    pub fn columns(columns: u32) -> Self {
        Self { rows: 0..0, columns, low: 0 }
    }

    /// Operand truncation.
    pub fn operands(low: u32) -> Self {
        Self { rows: 0..0, columns: 0, low }
    }
}

impl Core for Pruned {
    /// On operands with the rows and low bits cleared: a·b − Σ_{i<t} a_i 2^i (b mod 2^(t−i)).
    fn apply(&self, _: u32, a: u64, b: u64) -> u64 {
        let (rows, low) = (&self.rows, !bits::mask(self.low));
        let (a, b) = (a & low, b & low & !(bits::mask(rows.end) & !bits::mask(rows.start)));
        let cut = self.columns;
        let dropped = (0..cut.min(32)).map(|i| (a >> i & 1) * ((b & bits::mask(cut - i)) << i));
        a * b - dropped.sum::<u64>()
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let kept = |i: usize, j: usize| {
            let (i, j) = (i as u32, j as u32);
            i + j >= self.columns && !self.rows.contains(&j) && i.min(j) >= self.low
        };
        reduce::dadda(build, a, b, kept)
    }
}

//! Dadda's tree with approximate full adders in the low columns.
//!
//! # Source
//! M. Masadeh, O. Hasan, S. Tahar, Comparative study of approximate multipliers, GLSVLSI 2018.

use super::{Core, reduce};
use crate::arith::Widths;
use crate::arith::adder::{Carries, Cell};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Three bits of a column below `columns` are joined by a cell, in the order a, b, carry in which they came.
#[derive(Debug)]
pub struct CellTree {
    /// The cell.
    pub cell: Cell,
    /// How many low columns use it; half adders are exact.
    pub columns: u32,
    /// The final adder.
    pub adder: Carries,
}

impl Core for CellTree {
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let mut columns = vec![vec![]; widths.sum() as usize];
        for i in 0..widths.a {
            for j in 0..widths.b {
                columns[(i + j) as usize].push(a >> i & b >> j & 1 == 1);
            }
        }
        let columns = reduce::dadda_stages(columns, |column, bits| match *bits {
            [a, b, c] if column < self.columns as usize => self.cell.answer([a, b, c]),
            _ => {
                let ones = bits.iter().filter(|&&bit| bit).count();
                (ones % 2 == 1, ones > 1)
            }
        });
        let ones = |column: &Vec<bool>| column.iter().filter(|&&bit| bit).count() as u128;
        let sum: u128 = columns.iter().enumerate().map(|(at, column)| ones(column) << at).sum();
        sum as u64 & bits::mask(widths.sum())
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let columns = reduce::dots(build, a, b, |_, _| true);
        let columns = reduce::dadda_stages(columns, |column, bits| match *bits {
            [a, b] => build.half_adder(a, b),
            _ if column < self.columns as usize => self.cell.gates(build, [bits[0], bits[1], bits[2]]),
            _ => build.full_adder(bits[0], bits[1], bits[2]),
        });
        reduce::two_rows(build, &columns, self.adder)
    }
}

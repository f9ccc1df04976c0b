//! Multipliers of any 2×2 blocks: the product of every pair of base-4 digits from a table, added exactly.
//!
//! # Source
//! S. Rehman, W. El-Harouni, M. Shafique, A. Kumar, J. Henkel, Architectural-space exploration of approximate
//! multipliers, ICCAD 2016.

use super::{Core, reduce};
use crate::arith::Widths;
use crate::arith::adder::Carries;
use crate::arith::truth::from_truth_table;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// A table of four bits for each pair of digits, that of a before that of b; the top digit of an odd width is one bit.
#[derive(Debug)]
pub struct Blocks {
    /// Entry 4·a + b stands in bits 4·(4·a + b) and following.
    pub table: u64,
    /// The final adder.
    pub adder: Carries,
}

impl Core for Blocks {
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let (rows, columns) = (widths.a.div_ceil(2), widths.b.div_ceil(2));
        let entry = |i: u32, j: u32| {
            let at = (a >> (2 * i) & 3) << 2 | b >> (2 * j) & 3;
            u128::from(self.table >> (4 * at) & 15) << (2 * (i + j))
        };
        let sum: u128 = (0..rows).flat_map(|i| (0..columns).map(move |j| entry(i, j))).sum();
        sum as u64 & bits::mask(widths.sum())
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let zero = build.constant(false);
        let mut columns = vec![Bus::new(); a.len() + b.len()];
        for (i, a) in a.chunks(2).enumerate() {
            for (j, b) in b.chunks(2).enumerate() {
                let upper = |digit: &[Net]| digit.get(1).copied().unwrap_or(zero);
                let inputs = [b[0], upper(b), a[0], upper(a)];
                for bit in 0..4 {
                    let rows: Vec<bool> = (0..16).map(|at| self.table >> (4 * at + bit) & 1 == 1).collect();
                    let net = from_truth_table(build, &rows, &inputs);
                    // What lies above the product is lost.
                    if let Some(column) = columns.get_mut(2 * (i + j) + bit as usize).filter(|_| net != zero)
                    {
                        column.push(net);
                    }
                }
            }
        }
        reduce::sum_columns(build, columns, self.adder)
    }
}

#[cfg(test)]
mod tests {
    use crate::arith::design;

    /// Exact digits give the product; 3 · 3 = 7 alone gives the underdesigned multiplier.
    #[test]
    fn two_tables_are_known_multipliers() {
        let table = |nine: u64| {
            (0..16u64).map(|at| (if at == 15 { nine } else { (at >> 2) * (at & 3) }) << (4 * at)).sum::<u64>()
        };
        for (nine, known) in [(9, "mul6u_exact"), (7, "mul6u_kulkarni")] {
            let id = format!("mul6u_blocks_l{}_h{}", table(nine) & 0xffff_ffff, table(nine) >> 32);
            let (blocks, known) = (design(&id).unwrap(), design(known).unwrap());
            assert!(
                (0..4096).all(|at| blocks.eval(at >> 6, at & 63) == known.eval(at >> 6, at & 63)),
                "{id}"
            );
        }
    }
}

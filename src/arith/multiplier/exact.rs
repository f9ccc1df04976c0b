//! Exact multipliers of magnitudes.

use super::{Core, reduce};
use crate::arith::Widths;
use crate::arith::adder::Carries;
use crate::netlist::{Builder, Bus, Net};

/// How the rows of an exact product become one.
#[derive(Debug, Clone, Copy)]
pub enum Tree {
    /// One after the other, by an adder each.
    Array,
    /// One after the other as sums and carries (Braun).
    CarrySave,
    /// Wallace's reduction (1964).
    Wallace,
    /// Dadda's reduction (1965).
    Dadda,
}

/// The exact product.
#[derive(Debug)]
pub struct Exact {
    /// How it is reduced.
    pub tree: Tree,
    /// The final adder; of an array, that of every row.
    pub adder: Carries,
}

impl Core for Exact {
    fn apply(&self, _: Widths, a: u64, b: u64) -> u64 {
        a * b
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        match self.tree {
            Tree::Array => reduce::array(build, a, b, self.adder),
            Tree::CarrySave => reduce::carry_save(build, a, b, self.adder),
            Tree::Wallace => reduce::wallace(build, a, b, self.adder),
            Tree::Dadda => {
                let columns = reduce::dots(build, a, b, |_, _| true);
                reduce::sum_columns(build, columns, self.adder)
            }
        }
    }
}

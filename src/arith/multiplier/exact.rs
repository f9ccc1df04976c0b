//! Exact multipliers of magnitudes.

use super::{Core, reduce};
use crate::netlist::{Builder, Bus, Net};

/// Rows added one after the other by ripple adders.
#[derive(Debug)]
pub struct Array;

/// Dadda's reduction (1965) and a Kogge-Stone adder.
#[derive(Debug)]
pub struct Dadda;

impl Core for Array {
    fn apply(&self, _: u32, a: u64, b: u64) -> u64 {
        a * b
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        reduce::array(build, a, b)
    }
}

impl Core for Dadda {
    fn apply(&self, _: u32, a: u64, b: u64) -> u64 {
        a * b
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        reduce::dadda(build, a, b, |_, _| true)
    }
}

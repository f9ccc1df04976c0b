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
        reduce::dadda(build, a, b)
    }
}

/// Rows kept as sums and carries, a ripple adder at the end (Braun).
#[derive(Debug)]
pub struct CarrySave;

/// Wallace's reduction (1964) and a Kogge-Stone adder.
#[derive(Debug)]
pub struct Wallace;

impl Core for CarrySave {
    fn apply(&self, _: u32, a: u64, b: u64) -> u64 {
        a * b
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        reduce::carry_save(build, a, b)
    }
}

impl Core for Wallace {
    fn apply(&self, _: u32, a: u64, b: u64) -> u64 {
        a * b
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        reduce::wallace(build, a, b)
    }
}

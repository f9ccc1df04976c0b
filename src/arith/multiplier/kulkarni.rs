//! The underdesigned multiplier: 2×2 blocks whose only error is 3·3 = 7, larger ones by exact recursion.
//!
//! Operands are padded with zeros to a power of two of bits, which adds no error.
//!
//! # Source
//! P. Kulkarni, P. Gupta, M. Ercegovac, Trading accuracy for power with an underdesigned multiplier
//! architecture, VLSI Design 2011.

use super::{Core, reduce};
use crate::arith::adder::FAST;
use crate::arith::{Widths, zero_extended};
use crate::netlist::{Builder, Bus, Net};

/// 2×2 blocks with 3·3 = 7, exact four-way recursion.
#[derive(Debug)]
pub struct Kulkarni;

impl Core for Kulkarni {
    fn apply(&self, _: Widths, a: u64, b: u64) -> u64 {
        apply(a, b)
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        build_gates(build, a, b)
    }
}

/// a·b − 2·m(a)·m(b), where m keeps the base-4 digits that are 3 as ones.
fn apply(a: u64, b: u64) -> u64 {
    let threes = |x: u64| x & (x >> 1) & 0x5555_5555_5555_5555;
    a * b - 2 * threes(a) * threes(b)
}

fn build_gates(build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
    let width = (a.len().max(b.len()) as u32).next_power_of_two().max(2);
    let (wide_a, wide_b) = (zero_extended(build, a, width), zero_extended(build, b, width));
    let mut product = recursive(build, &wide_a, &wide_b);
    product.truncate(a.len() + b.len());
    product
}

fn recursive(build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
    if a.len() == 2 {
        return block(build, a, b);
    }
    let half = a.len() / 2;
    let mut columns = vec![Bus::new(); 2 * a.len()];
    for (i, a) in a.chunks(half).enumerate() {
        for (j, b) in b.chunks(half).enumerate() {
            let part = recursive(build, a, b);
            part.into_iter().enumerate().for_each(|(bit, net)| columns[bit + (i + j) * half].push(net));
        }
    }
    reduce::sum_columns(build, columns, FAST)
}

/// Three bits: 3·3 gives 7.
fn block(build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
    let low = build.and(a[0], b[0]);
    let (left, right) = (build.and(a[1], b[0]), build.and(a[0], b[1]));
    let middle = build.or(left, right);
    let high = build.and(a[1], b[1]);
    vec![low, middle, high, build.constant(false)]
}

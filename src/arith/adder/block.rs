//! Speculative adders: each block of sum bits takes the carry that a few bits below it generate by themselves.
//!
//! # Source
//! M. Shafique, W. Ahmad, R. Hafiz, J. Henkel, A low latency generic accuracy configurable adder (GeAr), DAC 2015.

use super::FAST;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Where blocks begin above the first one, which has `sum` + `lookback` bits; the last may be short.
fn starts(width: usize, sum: usize, lookback: usize) -> impl Iterator<Item = usize> {
    (sum + lookback..width).step_by(sum)
}

/// The carry into a block is the carry out of the bits below it, added without a carry in.
pub(super) fn apply(width: u32, [a, b]: [u64; 2], sum: u32, lookback: u32) -> u128 {
    let field = |x: u64, from: u32, to: u32| u128::from(x >> from & bits::mask(to - from));
    let first = (sum + lookback).min(width);
    let mut y = field(a, 0, first) + field(b, 0, first);
    for start in starts(width as usize, sum as usize, lookback as usize) {
        let (start, end) = (start as u32, (start as u32 + sum).min(width));
        let guess = (field(a, start - lookback, start) + field(b, start - lookback, start)) >> lookback;
        let block = field(a, start, end) + field(b, start, end) + guess;
        y = y & ((1 << start) - 1) | block << start;
    }
    y
}

/// Overlapping exact adders, of each of which the upper sum bits are taken.
pub(super) fn build(build: &mut Builder, [a, b]: [&[Net]; 2], sum: usize, lookback: usize) -> Bus {
    let width = a.len();
    let first = (sum + lookback).min(width);
    let mut y = FAST.build(build, [&a[..first], &b[..first]], None);
    for start in starts(width, sum, lookback) {
        let range = start - lookback..(start + sum).min(width);
        let part = FAST.build(build, [&a[range.clone()], &b[range]], None);
        y.truncate(start);
        y.extend(&part[lookback..]);
    }
    y
}

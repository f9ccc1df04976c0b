//! Mitchell's logarithmic multiplier: log2(2^k (1 + x)) is taken as k + x, and back.
//!
//! # Source
//! J. N. Mitchell, Computer multiplication and division using binary logarithms, IRE Transactions 1962.

use super::Core;
use crate::arith::adder::Scheme;
use crate::arith::zero_extended;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Logarithms with linear mantissas.
#[derive(Debug)]
pub struct Mitchell;

impl Core for Mitchell {
    fn apply(&self, _: u32, a: u64, b: u64) -> u64 {
        apply(a, b)
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        build_gates(build, a, b)
    }
}

/// With a = 2^k + r and b likewise: P = 2^(ka+kb), s = ra·2^kb + rb·2^ka; P + s where s < P, else 2s.
fn apply(a: u64, b: u64) -> u64 {
    let (Some(ka), Some(kb)) = (bits::leading_one(a), bits::leading_one(b)) else { return 0 };
    let power = 1u64 << (ka + kb);
    let sum = ((a - (1 << ka)) << kb) + ((b - (1 << kb)) << ka);
    if sum < power { power + sum } else { 2 * sum }
}

fn build_gates(build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
    let (log_a, some_a) = logarithm(build, a);
    let (log_b, some_b) = logarithm(build, b);
    let width = log_a.len() as u32 + 1;
    let (log_a, log_b) = (zero_extended(build, &log_a, width), zero_extended(build, &log_b, width));
    let sum = Scheme::Ripple.build(build, &log_a, &log_b);
    let some = build.and(some_a, some_b);
    antilogarithm(build, &sum, a.len() - 1, some, a.len() + b.len())
}

/// Mantissa (one bit less than the operand) below the characteristic, and whether the operand is not 0.
fn logarithm(build: &mut Builder, x: &[Net]) -> (Bus, Net) {
    let zero = build.constant(false);
    let mut hot = vec![zero; x.len()];
    let mut above = zero;
    for (at, &bit) in x.iter().enumerate().rev() {
        let none = build.not(above);
        hot[at] = build.and(bit, none);
        above = build.or(above, bit);
    }
    let fraction = x.len() - 1;
    let mut log = Bus::new();
    for bit in 0..fraction {
        // A leading one at `at` moves bit b of the rest to b + fraction − at.
        let terms =
            (0..x.len()).filter_map(|at| (bit + at).checked_sub(fraction).map(|from| (hot[at], x[from])));
        log.push(any(build, terms.collect()));
    }
    let digits = usize::BITS - fraction.leading_zeros();
    for digit in 0..digits.max(1) {
        let one = build.constant(true);
        let terms = (0..x.len()).filter(|at| at >> digit & 1 == 1).map(|at| (hot[at], one));
        log.push(any(build, terms.collect()));
    }
    (log, above)
}

fn any(build: &mut Builder, terms: Vec<(Net, Net)>) -> Net {
    let zero = build.constant(false);
    terms.into_iter().fold(zero, |any, (a, b)| {
        let both = build.and(a, b);
        build.or(any, both)
    })
}

/// 1.mantissa shifted by the characteristic; 0 where there is no logarithm.
fn antilogarithm(build: &mut Builder, log: &[Net], fraction: usize, some: Net, width: usize) -> Bus {
    let (mantissa, characteristic) = log.split_at(fraction);
    let mut digits: Bus = mantissa.to_vec();
    digits.push(build.constant(true));
    let hot: Bus = (0..width).map(|value| equals(build, characteristic, value, some)).collect();
    let term = |bit: usize, value: usize| {
        (bit + fraction)
            .checked_sub(value)
            .and_then(|from| digits.get(from))
            .map(|&digit| (hot[value], digit))
    };
    (0..width).map(|bit| any(build, (0..width).filter_map(|value| term(bit, value)).collect())).collect()
}

fn equals(build: &mut Builder, bus: &[Net], value: usize, some: Net) -> Net {
    bus.iter().enumerate().fold(some, |all, (bit, &net)| {
        let wanted = if value >> bit & 1 == 1 { net } else { build.not(net) };
        build.and(all, wanted)
    })
}

//! Logarithmic multipliers: the logarithms are added, exactly (Mitchell), by an approximate adder (ALM), or cut short.
//!
//! # Sources
//! J. N. Mitchell, Computer multiplication and division using binary logarithms, IRE Transactions 1962;
//! W. Liu, J. Xu, D. Wang, C. Wang, P. Montuschi, F. Lombardi, Design and evaluation of approximate logarithmic
//! multipliers for low power error-tolerant applications, IEEE TCAS-I 2018; M. S. Kim, A. A. Del Barrio, L. T. Oliveira,
//! R. Hermida, N. Bagherzadeh, Efficient Mitchell's approximate log multipliers for convolutional neural networks, IEEE
//! Transactions on Computers 2019; P. Yin, C. Wang, H. Waris, W. Liu, Y. Han, F. Lombardi, Design and analysis of
//! energy-efficient dynamic range approximate logarithmic multipliers for machine learning, IEEE TSUSC 2021.

use super::Core;
use super::logarithm::{antilogarithm, logarithms};
use crate::arith::Widths;
use crate::arith::adder::{Carries, Scheme};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Linear mantissas, the logarithms added exactly.
#[derive(Debug)]
pub struct Mitchell;

/// Linear mantissas, the logarithms added by any adder; the antilogarithm is rounded down.
#[derive(Debug)]
pub struct Logarithmic(pub Scheme);

/// Linear mantissas of a few bits, the rest left out, with the lowest kept bit set and a carry into it where `set`.
#[derive(Debug)]
pub struct Truncated {
    /// Bits of an operand that are kept, its leading one among them.
    pub kept: u32,
    /// Whether the lowest kept bit is set in both operands, and one of its weight added to their sum.
    pub set: bool,
}

impl Core for Mitchell {
    /// With a = 2^k + r and b likewise: P = 2^(ka+kb), s = ra·2^kb + rb·2^ka; P + s where s < P, else 2s.
    fn apply(&self, _: Widths, a: u64, b: u64) -> u64 {
        let (Some(ka), Some(kb)) = (bits::leading_one(a), bits::leading_one(b)) else { return 0 };
        let power = 1u64 << (ka + kb);
        let sum = ((a - (1 << ka)) << kb) + ((b - (1 << kb)) << ka);
        if sum < power { power + sum } else { 2 * sum }
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        gates(build, [a, b], |build, a, b| Scheme::Exact(Carries::Ripple).build(build, a, b))
    }
}

/// Characteristic above `fraction` bits of mantissa; none of 0.
fn log(fraction: u32, x: u64) -> Option<u64> {
    let lead = bits::leading_one(x)?;
    Some(u64::from(lead) << fraction | (x - (1 << lead)) << (fraction - lead))
}

fn antilog(fraction: u32, log: u64) -> u64 {
    let mantissa = u128::from(1 << fraction | log & bits::mask(fraction));
    (mantissa << (log >> fraction) >> fraction) as u64
}

impl Core for Logarithmic {
    /// Logarithms in fixed point with N − 1 fraction bits, N the greater width.
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let fraction = widths.greater() - 1;
        let (Some(a), Some(b)) = (log(fraction, a), log(fraction, b)) else { return 0 };
        antilog(fraction, self.0.apply(fraction + 6, a, b) as u64)
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        gates(build, [a, b], |build, a, b| self.0.build(build, a, b))
    }
}

impl Truncated {
    /// Fraction bits that are left out.
    fn dropped(&self, width: u32) -> u32 {
        width - self.kept.min(width)
    }
}

impl Core for Truncated {
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let width = widths.greater();
        let (fraction, dropped) = (width - 1, self.dropped(width));
        let (Some(a), Some(b)) = (log(fraction, a), log(fraction, b)) else { return 0 };
        let cut = |log: u64| (log >> dropped | u64::from(self.set)) << dropped;
        antilog(fraction, cut(a) + cut(b) + (u64::from(self.set) << dropped))
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let dropped = self.dropped(a.len().max(b.len()) as u32) as usize;
        gates(build, [a, b], |build, a, b| {
            let (zero, set) = (build.constant(false), build.constant(self.set));
            let kept = |build: &mut Builder, log: &[Net]| {
                let mut kept = log[dropped..].to_vec();
                kept[0] = build.or(kept[0], set);
                kept
            };
            let (a, b) = (kept(build, a), kept(build, b));
            let sum = Carries::Ripple.build(build, [&a, &b], Some(set));
            vec![zero; dropped].into_iter().chain(sum).collect()
        })
    }
}

fn gates(
    build: &mut Builder,
    [a, b]: [&[Net]; 2],
    add: impl FnOnce(&mut Builder, &[Net], &[Net]) -> Bus,
) -> Bus {
    let fraction = a.len().max(b.len()) - 1;
    let [(log_a, some_a), (log_b, some_b)] = logarithms(build, [a, b]);
    let sum = add(build, &log_a, &log_b);
    let some = build.and(some_a, some_b);
    let (mantissa, characteristic) = sum.split_at(fraction);
    let mut digits = mantissa.to_vec();
    digits.push(build.constant(true));
    antilogarithm(build, (&digits, fraction), characteristic, some, a.len() + b.len())
}

//! Logarithmic multipliers: the logarithms are added, exactly (Mitchell) or with a set-one low part (ALM-SOA).
//!
//! # Sources
//! J. N. Mitchell, Computer multiplication and division using binary logarithms, IRE Transactions 1962;
//! W. Liu, J. Xu, D. Wang, C. Wang, P. Montuschi, F. Lombardi, Design and evaluation of approximate logarithmic
//! multipliers for low power error-tolerant applications, IEEE TCAS-I 2018.

use super::Core;
use super::logarithm::{antilogarithm, logarithm};
use crate::arith::adder::{Carries, LowPart, Scheme};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Linear mantissas, the logarithms added exactly.
#[derive(Debug)]
pub struct Mitchell;

/// Linear mantissas, this many low bits of the sum of logarithms set to 1.
#[derive(Debug)]
pub struct SetOne(pub u32);

impl Core for Mitchell {
    /// With a = 2^k + r and b likewise: P = 2^(ka+kb), s = ra·2^kb + rb·2^ka; P + s where s < P, else 2s.
    fn apply(&self, _: u32, a: u64, b: u64) -> u64 {
        let (Some(ka), Some(kb)) = (bits::leading_one(a), bits::leading_one(b)) else { return 0 };
        let power = 1u64 << (ka + kb);
        let sum = ((a - (1 << ka)) << kb) + ((b - (1 << kb)) << ka);
        if sum < power { power + sum } else { 2 * sum }
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        gates(build, [a, b], Scheme::Exact(Carries::Ripple))
    }
}

impl SetOne {
    fn scheme(&self) -> Scheme {
        Scheme::Lower(LowPart::OnesOr { ones: self.0, carry: true }, self.0)
    }
}

impl Core for SetOne {
    /// Logarithms in fixed point with N − 1 fraction bits; the antilogarithm is rounded down.
    fn apply(&self, width: u32, a: u64, b: u64) -> u64 {
        let fraction = width - 1;
        let log = |x: u64| {
            let lead = bits::leading_one(x)?;
            Some(u64::from(lead) << fraction | (x - (1 << lead)) << (fraction - lead))
        };
        let (Some(a), Some(b)) = (log(a), log(b)) else { return 0 };
        let sum = self.scheme().apply(fraction + 6, a, b) as u64;
        let mantissa = u128::from(1 << fraction | sum & bits::mask(fraction));
        (mantissa << (sum >> fraction) >> fraction) as u64
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        gates(build, [a, b], self.scheme())
    }
}

fn gates(build: &mut Builder, [a, b]: [&[Net]; 2], scheme: Scheme) -> Bus {
    let (log_a, some_a) = logarithm(build, a);
    let (log_b, some_b) = logarithm(build, b);
    let sum = scheme.build(build, &log_a, &log_b);
    let some = build.and(some_a, some_b);
    let (mantissa, characteristic) = sum.split_at(a.len() - 1);
    let mut digits = mantissa.to_vec();
    digits.push(build.constant(true));
    antilogarithm(build, (&digits, a.len() - 1), characteristic, some, a.len() + b.len())
}

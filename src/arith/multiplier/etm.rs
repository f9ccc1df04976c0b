//! ETM: one half-width multiplier for the upper halves of the operands, or for the lower ones where the upper are 0.
//!
//! # Source
//! K. Y. Kyaw, W. L. Goh, K. S. Yeo, Low-power high-speed multiplier for error-tolerant application, EDSSC 2010.

use super::{Core, reduce};
use crate::arith::{Widths, zero_extended};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Exact upper product over ones from the leading one of both lower halves on; exact where both upper halves are 0.
///
/// At an odd width the upper half has one bit more.
#[derive(Debug)]
pub struct ErrorTolerant;

impl Core for ErrorTolerant {
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let half = widths.a / 2;
        let (upper_a, upper_b) = (a >> half, b >> half);
        if upper_a | upper_b == 0 {
            return a * b;
        }
        let ones =
            bits::leading_one((a | b) & bits::mask(half)).map_or(0, |lead| bits::mask(half + lead + 1));
        (upper_a * upper_b) << (2 * half) | ones
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let (half, zero) = (a.len() / 2, build.constant(false));
        let upper_half = (a.len() - half) as u32;
        let large = [&a[half..], &b[half..]].concat().into_iter().fold(zero, |any, bit| build.or(any, bit));
        let operands = [a, b].map(|x| {
            let low = zero_extended(build, &x[..half], upper_half);
            let pairs = x[half..].iter().zip(low);
            pairs.map(|(&upper, lower)| build.mux(large, upper, lower)).collect::<Bus>()
        });
        let product = reduce::dadda(build, &operands[0], &operands[1]);
        let filled = self.ones(build, &a[..half], &b[..half]);
        let low =
            filled.iter().zip(&product).map(|(&one, &exact)| build.mux(large, one, exact)).collect::<Bus>();
        let high = product.iter().map(|&bit| build.and(large, bit)).collect::<Bus>();
        low.into_iter().chain(high).collect()
    }
}

impl ErrorTolerant {
    /// 2·half bits: ones from half + the leading one of either operand downwards.
    fn ones(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let mut seen = build.constant(false);
        let mut ones = Bus::new();
        for (&a, &b) in a.iter().zip(b).rev() {
            let either = build.or(a, b);
            seen = build.or(seen, either);
            ones.push(seen);
        }
        ones.reverse();
        vec![seen; a.len()].into_iter().chain(ones).collect()
    }
}

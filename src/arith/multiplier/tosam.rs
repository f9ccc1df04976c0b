//! TOSAM: the product of mantissas from two truncations of different length, the shorter one rounded to its middle.
//!
//! # Source
//! S. Vahdat, M. Kamal, A. Afzali-Kusha, M. Pedram, TOSAM: an energy-efficient truncation- and rounding-based scalable
//! approximate multiplier, IEEE TVLSI 2019.

use super::logarithm::{antilogarithm, logarithms};
use super::{Core, reduce};
use crate::arith::Widths;
use crate::arith::adder::{Carries, FAST, Scheme};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// 2^(ka+kb)·(1 + x_t + y_t + (x_h + 2^−(h+1))·(y_h + 2^−(h+1))), rounded down; x_n has n fraction bits.
#[derive(Debug)]
pub struct Tosam {
    /// Fraction bits of the factors.
    pub short: u32,
    /// Fraction bits of the summands.
    pub long: u32,
}

impl Tosam {
    /// Fraction bits of the sum.
    fn fraction(&self) -> u32 {
        self.long.max(2 * self.short + 2)
    }
}

impl Core for Tosam {
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let width = widths.greater();
        let (Some(ka), Some(kb)) = (bits::leading_one(a), bits::leading_one(b)) else { return 0 };
        let top =
            |x: u64, lead: u32, bits: u32| ((x - (1 << lead)) << (width - 1 - lead)) >> (width - 1 - bits);
        let fraction = self.fraction();
        let sum = (1 << self.long) + top(a, ka, self.long) + top(b, kb, self.long);
        let half = |x: u64, lead: u32| 2 * top(x, lead, self.short) + 1;
        let product = half(a, ka) * half(b, kb);
        let digits = u128::from(sum << (fraction - self.long))
            + (u128::from(product) << (fraction - 2 * self.short - 2));
        (digits << (ka + kb) >> fraction) as u64
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let mantissa = a.len().max(b.len()) - 1;
        let [(log_a, some_a), (log_b, some_b)] = logarithms(build, [a, b]);
        let fraction = self.fraction() as usize;
        let mut columns = vec![Bus::new(); fraction + 2];
        columns[fraction].push(build.constant(true));
        let halves = [&log_a, &log_b].map(|log| {
            let long = &log[mantissa - self.long as usize..mantissa];
            let columns = columns[fraction - self.long as usize..].iter_mut();
            long.iter().zip(columns).for_each(|(&bit, column)| column.push(bit));
            let short = &log[mantissa - self.short as usize..mantissa];
            [build.constant(true)].into_iter().chain(short.iter().copied()).collect::<Bus>()
        });
        let product = reduce::dadda(build, &halves[0], &halves[1]);
        let from = fraction - 2 * self.short as usize - 2;
        product.iter().zip(&mut columns[from..]).for_each(|(&bit, column)| column.push(bit));
        let digits = reduce::sum_columns(build, columns, FAST);
        let characteristic =
            Scheme::Exact(Carries::Ripple).build(build, &log_a[mantissa..], &log_b[mantissa..]);
        let some = build.and(some_a, some_b);
        antilogarithm(build, (&digits, fraction), &characteristic, some, a.len() + b.len())
    }
}

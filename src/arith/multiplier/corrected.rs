//! Logarithmic multipliers with a correction: one constant (MBM), or one for each pair of mantissa ranges (REALM).
//!
//! # Sources
//! H. Saadat, H. Bokhari, S. Parameswaran, Minimally biased multipliers for approximate integer and floating-point
//! multiplication, IEEE TCAD 2018; H. Saadat, H. Javaid, A. Ignjatovic, S. Parameswaran, REALM: reduced-error
//! approximate log-based integer multiplier, DATE 2020.

use super::Core;
use super::logarithm::{antilogarithm, logarithms};
use crate::arith::adder::{Carries, FAST, Scheme};
use crate::arith::truth::from_truth_table;
use crate::arith::{Widths, zero_extended};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Mitchell's product plus c·2^(ka+kb), where c depends on the top bits of both mantissas; a product above the range
/// is the greatest.
#[derive(Debug)]
pub struct Corrected {
    /// Mantissa bits of each operand that choose the correction.
    index: u32,
    /// Corrections in units of 2^−`fraction`; row: a, column: b.
    table: Vec<u64>,
    /// Fraction bits of a correction.
    fraction: u32,
    /// Low mantissa bits that are cut, the lowest kept one being set instead.
    cut: u32,
}

impl Corrected {
    /// MBM: the mean of Mitchell's error, 1/12, in q fraction bits.
    pub fn minimally_biased(q: u32) -> Self {
        Self { index: 0, table: vec![(1 << q) / 12], fraction: q, cut: 0 }
    }

    /// REALM: the mean error of each of 2^index × 2^index ranges of mantissas, relative to the product, in 64ths;
    /// `cut` low bits of the mantissas left out.
    pub fn reduced_error(index: u32, cut: u32) -> Self {
        let segments = 1u64 << index;
        let cell = |at: u64| (64.0 * mean_error(segments, at / segments, at % segments)).round() as u64;
        Self { index, table: (0..segments * segments).map(cell).collect(), fraction: 6, cut }
    }

    /// Corrections with `fraction` bits, rounded down.
    fn corrections(&self, fraction: u32) -> impl Iterator<Item = u64> {
        let (up, down) = (fraction.saturating_sub(self.fraction), self.fraction.saturating_sub(fraction));
        self.table.iter().map(move |correction| correction << up >> down)
    }

    /// Bits of the mantissas that choose, the most there are.
    fn index(&self, fraction: u32) -> u32 {
        self.index.min(fraction)
    }

    /// A mantissa as it is added.
    fn kept(&self, mantissa: u64) -> u64 {
        if self.cut == 0 { mantissa } else { (mantissa >> self.cut | 1) << self.cut }
    }

    fn of_mantissas(&self, fraction: u32, x: u64, y: u64) -> u64 {
        let top = |mantissa: u64| {
            mantissa >> (fraction - self.index(fraction)) << (self.index - self.index(fraction))
        };
        let at = top(x) << self.index | top(y);
        self.corrections(fraction).nth(at as usize).expect("an entry for every pair of ranges")
    }
}

/// ∫∫ e/((1+x)(1+y)) over ∫∫ 1/((1+x)(1+y)) on a square of mantissas, e = xy below x + y = 1, else (1−x)(1−y).
///
/// The inner integral is in closed form; the outer one by Simpson's rule, as the line x + y = 1 only ever crosses a
/// square from corner to corner.
fn mean_error(segments: u64, i: u64, j: u64) -> f64 {
    let side = 1.0 / segments as f64;
    let [(x0, x1), (y0, y1)] = [i, j].map(|at| (at as f64 * side, (at + 1) as f64 * side));
    let below = |y: f64| y - libm::log1p(y);
    let above = |y: f64| 2.0 * libm::log1p(y) - y;
    let inner = |x: f64| {
        let line = (1.0 - x).clamp(y0, y1);
        (x * (below(line) - below(y0)) + (1.0 - x) * (above(y1) - above(line))) / (1.0 + x)
    };
    const STEPS: u32 = 256;
    let weight = |at: u32| match at {
        0 | STEPS => 1.0,
        at if at % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let step = (x1 - x0) / f64::from(STEPS);
    let sum: f64 = (0..=STEPS).map(|at| weight(at) * inner(x0 + f64::from(at) * step)).sum();
    let weights = (libm::log1p(x1) - libm::log1p(x0)) * (libm::log1p(y1) - libm::log1p(y0));
    sum * step / 3.0 / weights
}

impl Core for Corrected {
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        let fraction = widths.greater() - 1;
        let (Some(ka), Some(kb)) = (bits::leading_one(a), bits::leading_one(b)) else { return 0 };
        let [x, y] = [(a, ka), (b, kb)].map(|(x, lead)| self.kept((x - (1 << lead)) << (fraction - lead)));
        let one = 1u64 << fraction;
        let sum = if x + y < one { one + x + y } else { 2 * (x + y) } + self.of_mantissas(fraction, x, y);
        let product = u128::from(sum) << (ka + kb) >> fraction;
        product.min(u128::from(bits::mask(widths.sum()))) as u64
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let fraction = a.len().max(b.len()) - 1;
        let [(log_a, some_a), (log_b, some_b)] = logarithms(build, [a, b]);
        let [x, y] = [&log_a, &log_b].map(|log| self.kept_gates(build, &log[..fraction]));
        let (x, y) = (&x[..], &y[..]);
        let correction = self.correction_gates(build, x, y);
        let mitchell = linear_product(build, x, y);
        let correction = zero_extended(build, &correction, mitchell.len() as u32);
        let digits = Scheme::Exact(FAST).build(build, &mitchell, &correction);
        let characteristic =
            Scheme::Exact(Carries::Ripple).build(build, &log_a[fraction..], &log_b[fraction..]);
        let some = build.and(some_a, some_b);
        let width = a.len() + b.len();
        let mut product = antilogarithm(build, (&digits, fraction), &characteristic, some, width + 1);
        let over = product.pop().expect("a bit above the product");
        product.iter().map(|&bit| build.or(bit, over)).collect()
    }
}

impl Corrected {
    fn kept_gates(&self, build: &mut Builder, mantissa: &[Net]) -> Bus {
        let (zero, one, cut) = (build.constant(false), build.constant(true), self.cut as usize);
        let bit = |(at, &net): (usize, &Net)| match at {
            _ if cut == 0 || at > cut => net,
            _ => {
                if at == cut {
                    one
                } else {
                    zero
                }
            }
        };
        mantissa.iter().enumerate().map(bit).collect()
    }

    fn correction_gates(&self, build: &mut Builder, x: &[Net], y: &[Net]) -> Bus {
        let fraction = x.len() as u32;
        let index = self.index(fraction) as usize;
        let top = x.len() - index;
        let inputs: Bus = y[top..].iter().chain(&x[top..]).copied().collect();
        let of = |at: usize| {
            let (x, y) = (at >> index, at & ((1 << index) - 1));
            self.of_mantissas(fraction, (x as u64) << top, (y as u64) << top)
        };
        let entries: Vec<u64> = (0..1 << (2 * index)).map(of).collect();
        let bit = |bit: u32| {
            let table: Vec<bool> = entries.iter().map(|entry| entry >> bit & 1 == 1).collect();
            from_truth_table(build, &table, &inputs)
        };
        (0..fraction).map(bit).collect()
    }
}

/// 1 + x + y where that is below 2, else 2·(x + y): as many fraction bits as the mantissas and two above.
fn linear_product(build: &mut Builder, x: &[Net], y: &[Net]) -> Bus {
    let mut sum = Scheme::Exact(FAST).build(build, x, y);
    let carry = sum.pop().expect("a carry out");
    let (zero, one) = (build.constant(false), build.constant(true));
    let single: Bus = sum.iter().copied().chain([one, zero]).collect();
    let double: Bus = [zero].into_iter().chain(sum).chain([carry]).collect();
    double.into_iter().zip(single).map(|(double, single)| build.mux(carry, double, single)).collect()
}

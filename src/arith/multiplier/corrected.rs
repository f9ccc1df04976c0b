//! Logarithmic multipliers with a correction: one constant (MBM), or one for each pair of mantissa ranges (REALM).
//!
//! # Sources
//! H. Saadat, H. Bokhari, S. Parameswaran, Minimally biased multipliers for approximate integer and floating-point
//! multiplication, IEEE TCAD 2018; H. Saadat, H. Javaid, A. Ignjatovic, S. Parameswaran, REALM: reduced-error
//! approximate log-based integer multiplier, DATE 2020.
//!
//! # Width
//! The definitions bound no product: the correction carries those of nearly the greatest operands beyond 2^(2N), so that
//! a result without sign has 2N + 1 bits wherever a pair of operands needs them ([`Core::width_out`]). Magnitudes below
//! a sign never do. Our sources do not say what the authors' own circuits do with such products.

use super::Core;
use super::logarithm::{antilogarithm, logarithms};
use crate::arith::adder::{Carries, FAST, Scheme};
use crate::arith::truth::from_truth_table;
use crate::arith::{Widths, zero_extended};
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Mitchell's product plus c·2^(ka+kb), where c depends on the top bits of both mantissas.
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
        let correction = self.table[(top(x) << self.index | top(y)) as usize];
        let (up, down) = (fraction.saturating_sub(self.fraction), self.fraction.saturating_sub(fraction));
        correction << up >> down
    }

    /// The product of numbers from 1 to 2 by their mantissas: 1 + x + y where that is below 2, else 2·(x + y), and the
    /// correction.
    fn product(&self, fraction: u32, x: u64, y: u64) -> u64 {
        let one = 1u64 << fraction;
        let mitchell = if x + y < one { one + x + y } else { 2 * (x + y) };
        mitchell + self.of_mantissas(fraction, x, y)
    }

    /// The greatest mantissa, as it is added, in each range that chooses a correction.
    fn greatest(&self, fraction: u32, width: u32) -> impl Iterator<Item = u64> {
        let (index, absent) = (self.index(fraction), bits::mask(fraction + 1 - width));
        let below = bits::mask(fraction - index);
        (0..1u64 << index).map(move |top| self.kept((top << (fraction - index) | below) & !absent))
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
        (u128::from(self.product(fraction, x, y)) << (ka + kb) >> fraction) as u64
    }

    /// One bit above those of both operands where the product of two numbers below 2 reaches 4.
    fn width_out(&self, widths: Widths) -> u32 {
        let fraction = widths.greater() - 1;
        let four = 4u64 << fraction;
        let reached = |x| self.greatest(fraction, widths.b).any(|y| self.product(fraction, x, y) >= four);
        widths.sum() + u32::from(self.greatest(fraction, widths.a).any(reached))
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
        let width = self.width_out(Widths { a: a.len() as u32, b: b.len() as u32 });
        antilogarithm(build, (&digits, fraction), &characteristic, some, width as usize)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::Design;
    use crate::arith::multiplier::{Multiplier, Sign};

    /// The definition in rational numbers: 2^(i+j)·(1 + x + y + c) where x + y < 1, else 2^(i+j+1)·(x + y + c/2), rounded
    /// down, with c = floor(2^q/12)/2^q cut to as many bits as mantissas have.
    fn minimally_biased(widths: Widths, q: u32, a: u64, b: u64) -> u64 {
        let (Some(i), Some(j)) = (a.checked_ilog2(), b.checked_ilog2()) else { return 0 };
        let cut = (1u128 << q.min(widths.greater() - 1), 1u128 << q);
        let c = ((1u128 << q) / 12 * cut.0 / cut.1, cut.0);
        // Over the common denominator 2^(i+j)·c.1.
        let (power, x) = (1u128 << (i + j), u128::from(a - (1 << i)) << j);
        let y = u128::from(b - (1 << j)) << i;
        let corrected = |linear: u128| (linear * c.1 + c.0 * power) / c.1;
        corrected(if x + y < power { power + x + y } else { 2 * (x + y) }) as u64
    }

    fn pairs(widths: Widths) -> impl Iterator<Item = (u64, u64)> {
        (0..1u64 << widths.sum()).map(move |at| (at >> widths.b, at & bits::mask(widths.b)))
    }

    #[test]
    fn products_are_those_of_the_definition_however_large() {
        for widths in [(2, 2), (4, 4), (7, 7), (8, 8), (8, 5)].map(|(a, b)| Widths { a, b }) {
            for q in 0..=10 {
                let core = Corrected::minimally_biased(q);
                for (a, b) in pairs(widths) {
                    let expected = minimally_biased(widths, q, a, b);
                    assert_eq!(core.apply(widths, a, b), expected, "{widths}, q = {q}: {a}, {b}");
                }
            }
        }
        // 255 · 255: mantissas of 127/128 each, (4 − 4/128 + 5/64) · 2^14.
        assert_eq!(Corrected::minimally_biased(6).apply(8.into(), 255, 255), 66_304);
        assert_eq!(Corrected::minimally_biased(6).apply(16.into(), 0xffff, 0xffff), 4_378_722_304);
    }

    #[test]
    fn a_result_has_one_bit_more_where_some_pair_needs_it_and_nowhere_else() {
        let (mut wider, mut usual) = (0, 0);
        for widths in (2..=8).flat_map(|a| (2..=8).map(move |b| Widths { a, b })) {
            let most = (widths.greater() - 1).min(4);
            let tables =
                (1..=most).flat_map(|l| [0, (widths.greater() - 1).saturating_sub(l + 1)].map(|t| (l, t)));
            let tables = tables.map(|(l, t)| Corrected::reduced_error(l, t));
            for core in [2, 4, 5, 6].map(Corrected::minimally_biased).into_iter().chain(tables) {
                let greatest = pairs(widths).map(|(a, b)| core.apply(widths, a, b)).max().unwrap_or(0);
                let beyond = greatest > bits::mask(widths.sum());
                assert_eq!(core.width_out(widths), widths.sum() + u32::from(beyond), "{widths}: {core:?}");
                *(if beyond { &mut wider } else { &mut usual }) += 1;
            }
        }
        assert!(wider > 10 && usual > 10, "{wider}, {usual}");
    }

    #[test]
    fn magnitudes_under_a_sign_stay_within_the_bits_of_both_operands() {
        for width in 2..=8u32 {
            for core in [Corrected::minimally_biased(6), Corrected::reduced_error(1, 0)] {
                let core = Box::new(core);
                let sign = Sign::Magnitude;
                let design = Multiplier { widths: width.into(), sign, core, family: "corrected".into() };
                let low = -(1i64 << (width - 1));
                for (a, b) in (low..-low).flat_map(|a| (low..-low).map(move |b| (a, b))) {
                    let magnitude =
                        design.core.apply(width.into(), a.unsigned_abs(), b.unsigned_abs()) as i64;
                    assert_eq!(
                        design.eval(a, b),
                        if (a < 0) != (b < 0) { -magnitude } else { magnitude },
                        "{a}, {b}"
                    );
                }
            }
        }
    }
}

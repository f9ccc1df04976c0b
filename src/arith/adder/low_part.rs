//! The inexact low parts of adders: sum bits, and the carry handed to the exact part above.

use super::Carries;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// How a low part of k bits is computed; definitions stand with the families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LowPart {
    /// All bits one constant, no carry (truncated adder).
    Constant(bool),
    /// The bits of `a`, no carry (copy adder).
    Copy,
    /// a | b; the carry is a_{k−1} & b_{k−1}, or absent (LOA, LOAWA).
    Or {
        /// Whether a carry is handed on.
        carry: bool,
    },
    /// As `Or`, the lowest bits 1 (LOCA, OLOCA).
    OnesOr {
        /// How many bits are 1.
        ones: u32,
        /// Whether a carry is handed on.
        carry: bool,
    },
    /// As `Or` with a carry, the top bit a ^ b (HEAA).
    ExclusiveTop,
    /// Two bits with reduced error above ones (HOERAA).
    Hoeraa,
    /// Two bits with a near-normal error above ones (HOAANED).
    Hoaaned,
    /// Hybrid error reduction (HERLOA, M-HERLOA).
    Herloa {
        /// Whether all but the four top bits are 1.
        ones: bool,
    },
    /// The exact sum and a carry guessed from this many of the top bits; ones where the sum overflows unforeseen (FAU).
    Predicted(u32),
    /// a ^ b from the top down, ones from the first position where both are 1 (ETA-I).
    Saturating,
}

impl LowPart {
    /// Sum bits and carry for fields of `low` bits, on whole words.
    pub(super) fn apply(self, low: u32, a: u64, b: u64) -> (u64, bool) {
        if low == 0 {
            return (0, false);
        }
        let mask = bits::mask(low);
        let bit = |x: u64, from_top: u32| low >= from_top && x >> (low - from_top) & 1 == 1;
        let carry = bit(a & b, 1);
        // The two top bits; `below` fills what is under them.
        let topped = |top: bool, second: bool, below: u64| {
            let (top, second) = (u64::from(top) << (low - 1), u64::from(second) << (low - 1) >> 1);
            top | second | below & mask >> 2
        };
        let (either, x, g) = (a | b, bit(a ^ b, 1), bit(a & b, 2));
        match self {
            Self::Constant(one) => (if one { mask } else { 0 }, false),
            Self::Copy => (a, false),
            Self::Or { carry: handed } => (either, handed && carry),
            Self::OnesOr { ones, carry: handed } => (either | bits::mask(ones), handed && carry),
            Self::ExclusiveTop => (either & mask >> 1 | u64::from(x) << (low - 1), carry),
            Self::Hoeraa => (topped(if carry { g } else { bit(either, 1) }, bit(either, 2), mask), carry),
            Self::Hoaaned => (topped(g || x, bit(either, 2), mask), carry),
            Self::Herloa { ones } => {
                let below = if x && g { mask } else { either };
                let below = if ones { below | mask >> 4 } else { below };
                (topped(x || g, bit(either, 2) && (x || !g), below), carry)
            }
            Self::Predicted(top) => {
                let below = low - top.min(low);
                let carry = ((a >> below) + (b >> below)) >> (low - below) == 1;
                let overflows = (a + b) >> low == 1;
                (if overflows && !carry { mask } else { (a + b) & mask }, carry)
            }
            Self::Saturating => match bits::leading_one(a & b) {
                Some(lead) => (a ^ b | bits::mask(lead + 1), false),
                None => (a ^ b, false),
            },
        }
    }

    /// The gates of a part of at least one bit, exact sums within it made so.
    pub(super) fn build(self, build: &mut Builder, exact: Carries, a: &[Net], b: &[Net]) -> (Bus, Net) {
        let (zero, one, top) = (build.constant(false), build.constant(true), a.len() - 1);
        let either: Bus = a.iter().zip(b).map(|(&a, &b)| build.or(a, b)).collect();
        let carry = build.and(a[top], b[top]);
        match self {
            Self::Constant(value) => (vec![if value { one } else { zero }; a.len()], zero),
            Self::Copy => (a.to_vec(), zero),
            Self::Or { carry: handed } => (either, if handed { carry } else { zero }),
            Self::OnesOr { ones, carry: handed } => {
                let sum =
                    either.iter().enumerate().map(|(at, &net)| if at < ones as usize { one } else { net });
                (sum.collect(), if handed { carry } else { zero })
            }
            Self::ExclusiveTop => {
                let mut sum = either;
                sum[top] = build.xor(a[top], b[top]);
                (sum, carry)
            }
            Self::Saturating => (saturating(build, a, b), zero),
            Self::Predicted(top) => predicted(build, exact, [a, b], top as usize),
            Self::Hoeraa | Self::Hoaaned | Self::Herloa { .. } => {
                (self.two_tops(build, [a, b], &either), carry)
            }
        }
    }

    /// Parts that treat their two top bits apart.
    fn two_tops(self, build: &mut Builder, [a, b]: [&[Net]; 2], either: &[Net]) -> Bus {
        let top = a.len() - 1;
        let one = build.constant(true);
        let x = build.xor(a[top], b[top]);
        let g = build.and(a[top - 1], b[top - 1]);
        let mut sum = vec![one; a.len()];
        sum[top - 1] = either[top - 1];
        sum[top] = build.or(x, g);
        match self {
            Self::Hoeraa => {
                let both = build.and(a[top], b[top]);
                sum[top] = build.mux(both, g, either[top]);
            }
            Self::Herloa { ones } => {
                let not_x = build.not(x);
                let excess = build.and(g, not_x);
                let kept = build.not(excess);
                sum[top - 1] = build.and(either[top - 1], kept);
                let raise = build.and(x, g);
                let first = if ones { (top + 1).saturating_sub(4) } else { 0 };
                for bit in first..top - 1 {
                    sum[bit] = build.or(either[bit], raise);
                }
            }
            _ => {}
        }
        sum
    }
}

fn predicted(build: &mut Builder, exact: Carries, [a, b]: [&[Net]; 2], top: usize) -> (Bus, Net) {
    let below = a.len() - top.min(a.len());
    let mut sum = exact.build(build, [a, b], None);
    let overflows = sum.pop().expect("the last bit is the carry");
    let carry =
        exact.build(build, [&a[below..], &b[below..]], None).pop().expect("the last bit is the carry");
    let foreseen = build.not(carry);
    let full = build.and(overflows, foreseen);
    (sum.into_iter().map(|net| build.or(net, full)).collect(), carry)
}

fn saturating(build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
    let mut saturated = build.constant(false);
    let mut bit = |(&a, &b): (&Net, &Net)| {
        let both = build.and(a, b);
        saturated = build.or(saturated, both);
        let differ = build.xor(a, b);
        build.or(differ, saturated)
    };
    let mut sum: Bus = a.iter().zip(b).rev().map(&mut bit).collect();
    sum.reverse();
    sum
}

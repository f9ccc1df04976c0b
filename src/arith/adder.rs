//! Adders: exact ones that differ in gates, and those that save on the low bits or on long carries.

mod block;
mod cell;
mod exact;
mod guess;
mod low_part;
mod prefix;

pub use block::Block;
pub use cell::Cell;
pub use exact::Carries;
pub use guess::Guess;
pub use low_part::LowPart;
pub use prefix::Network;

use crate::arith::{Design, two_operands};
use crate::bits;
use crate::kernel;
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::{Operation, Signature};

/// What exact sums within other designs are made with.
pub const FAST: Carries = Carries::Prefix(Network::KoggeStone);

/// How an adder is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// Exact.
    Exact(Carries),
    /// An inexact part of this many low bits; what is above is added exactly with the carry that the part hands on.
    Lower(LowPart, u32),
    /// A chain of approximate cells in this many low bits, exact above with the last cell's carry.
    Cells(Cell, u32),
    /// Blocks, at least one and the lowest first, that take the carry which a few bits below them generate (GeAr, QuAd); the last one
    /// repeats until the width is reached, and the top one may be short.
    Blocks(Vec<Block>),
    /// Blocks whose carries are guessed otherwise.
    Guessed {
        /// Bits of a block; the last one may be short.
        size: u32,
        /// How the carries are found.
        guess: Guess,
    },
}

impl Scheme {
    /// The sum with its carry out: `a.len()` + 1 bits.
    ///
    /// # Panics
    /// When the operands differ in width.
    pub fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        self.build_with(build, self.carries(), [a, b])
    }

    /// How [`Scheme::build`] makes the carries of exact parts.
    pub fn carries(&self) -> Carries {
        if let Scheme::Exact(carries) = self { *carries } else { FAST }
    }

    /// The same sum of gates whose exact parts have carries that are made so.
    ///
    /// # Panics
    /// When the operands differ in width.
    pub fn build_with(&self, build: &mut Builder, exact: Carries, [a, b]: [&[Net]; 2]) -> Bus {
        assert_eq!(a.len(), b.len(), "operands of one width");
        match *self {
            Scheme::Exact(_) => exact.build(build, [a, b], None),
            Scheme::Blocks(ref blocks) => block::build(build, exact, [a, b], blocks),
            Scheme::Guessed { size, guess } => guess.build(build, exact, [a, b], size as usize),
            Scheme::Lower(part, low) => {
                upper(build, exact, [a, b], low, |build, a, b| part.build(build, exact, a, b))
            }
            Scheme::Cells(cell, low) => {
                upper(build, exact, [a, b], low, |build, a, b| cell.build(build, a, b))
            }
        }
    }

    /// The sum of two `width`-bit codes with its carry out: `width` + 1 bits; `width` is at most 64.
    pub fn apply(&self, width: u32, a: u64, b: u64) -> u128 {
        let join = |low: u32, part: &dyn Fn(u64, u64) -> (u64, bool)| {
            let mask = bits::mask(low);
            let (sum, carry) = part(a & mask, b & mask);
            let [a, b] = [a, b].map(|x| u128::from(x) >> low);
            (a + b + u128::from(carry)) << low | u128::from(sum)
        };
        match *self {
            Scheme::Exact(_) => u128::from(a) + u128::from(b),
            Scheme::Blocks(ref blocks) => block::apply(width, [a, b], blocks),
            Scheme::Guessed { size, guess } => guess.apply(width, [a, b], size),
            Scheme::Lower(part, low) => join(low.min(width), &|a, b| part.apply(low.min(width), a, b)),
            Scheme::Cells(cell, low) => join(low.min(width), &|a, b| cell.apply(low.min(width), a, b)),
        }
    }

    /// What becomes of the low bits of numbers that are accumulated from 0, where their order does not matter; `None` where
    /// it does, or where the part is wider than the accumulator or than [`LowPart::MOST_BITS`](kernel::LowPart::MOST_BITS).
    pub fn low_part(&self, width: u32) -> Option<kernel::LowPart> {
        let &Scheme::Lower(part, bits) = self else { return None };
        let or = |bits: u32, carry, ones| Some(kernel::LowPart { bits, or: true, carry, ones });
        let dropped = |ones| Some(kernel::LowPart { bits, or: false, carry: false, ones });
        match part {
            _ if bits > width => None,
            LowPart::Constant(one) => dropped(if one { bits::mask(bits) as u32 } else { 0 }),
            LowPart::Copy => dropped(0),
            LowPart::Or { carry } => or(bits, carry, 0),
            // The highest bit is one of those that stay as they are.
            LowPart::OnesOr { ones, carry } if ones < bits => or(bits, carry, bits::mask(ones) as u32),
            // A highest bit that is a sum with its carry is exact.
            LowPart::ExclusiveTop => or(bits - 1, false, 0),
            _ => None,
        }
        .filter(|part| (1..=kernel::LowPart::MOST_BITS).contains(&part.bits))
    }

    /// Whether every sum is known to be exact.
    pub fn is_exact(&self) -> bool {
        matches!(self, Scheme::Exact(_) | Scheme::Lower(_, 0) | Scheme::Cells(_, 0))
    }
}

/// A low part that gives its sum bits and a carry, and an exact adder above it.
fn upper(
    build: &mut Builder,
    exact: Carries,
    [a, b]: [&[Net]; 2],
    low: u32,
    part: impl FnOnce(&mut Builder, &[Net], &[Net]) -> (Bus, Net),
) -> Bus {
    let low = (low as usize).min(a.len());
    if low == 0 {
        return exact.build(build, [a, b], None);
    }
    let (mut sums, carry) = part(build, &a[..low], &b[..low]);
    sums.extend(exact.build(build, [&a[low..], &b[low..]], Some(carry)));
    sums
}

/// An adder of `width`-bit operands with a result of one bit more.
///
/// The top bit is the carry out of the `width` bits, or for two's complement the sign: the exclusive-or of both
/// signs and that carry, so that no exact sum overflows.
#[derive(Debug, Clone)]
pub struct Adder {
    /// Operand width.
    pub width: u32,
    /// Two's complement operands and result.
    pub signed: bool,
    /// How it is built.
    pub scheme: Scheme,
    /// Family and parameters as the id has them (`exact` is built as Kogge-Stone).
    pub family: String,
}

impl Design for Adder {
    fn id(&self) -> String {
        format!("add{}{}_{}", self.width, if self.signed { 's' } else { 'u' }, self.family)
    }

    fn signature(&self) -> Signature {
        let Self { width, signed, .. } = *self;
        Signature { operation: Operation::Add, width_a: width, width_b: width, signed }
    }

    fn eval(&self, a: i64, b: i64) -> i64 {
        let width = self.width;
        let sum = self.scheme.apply(width, bits::encode(a, width), bits::encode(b, width)) as u64;
        let signs = if self.signed { u64::from((a < 0) != (b < 0)) << width } else { 0 };
        bits::decode(sum ^ signs, width + 1, self.signed)
    }

    fn netlist(&self) -> Netlist {
        two_operands(&self.id(), self.width.into(), |build, a, b| {
            let mut sum = self.scheme.build(build, a, b);
            if self.signed {
                let signs = build.xor(a[a.len() - 1], b[b.len() - 1]);
                let top = sum.len() - 1;
                sum[top] = build.xor(signs, sum[top]);
            }
            sum
        })
    }
}

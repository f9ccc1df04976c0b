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
        assert_eq!(a.len(), b.len(), "operands of one width");
        match *self {
            Scheme::Exact(carries) => carries.build(build, [a, b], None),
            Scheme::Blocks(ref blocks) => block::build(build, [a, b], blocks),
            Scheme::Guessed { size, guess } => guess.build(build, [a, b], size as usize),
            Scheme::Lower(part, low) => upper(build, [a, b], low, |build, a, b| part.build(build, a, b)),
            Scheme::Cells(cell, low) => upper(build, [a, b], low, |build, a, b| cell.build(build, a, b)),
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

    /// Adds each number to its sum as two's complement of `width` bits, without the carry out; of a wider sum the low 32
    /// bits are kept.
    ///
    /// As [`Scheme::apply`] on each of them; exact sums and simple low parts are computed on many at once.
    ///
    /// # Panics
    /// Above 64 bits.
    pub fn accumulate(&self, width: u32, sums: &mut [i32], numbers: &[i32]) {
        assert!((1..=64).contains(&width), "at most 64 bits");
        match *self {
            _ if width > 32 => self.accumulate_each(width, sums, numbers),
            _ if self.is_exact() => accumulate(width, 0, sums, numbers, |_, _| (0, 0)),
            Scheme::Lower(LowPart::Constant(one), low) if low <= width => {
                let ones = if one { u32::MAX } else { 0 };
                accumulate(width, low, sums, numbers, |_, _| (ones, 0));
            }
            Scheme::Lower(LowPart::Copy, low) if low <= width => {
                accumulate(width, low, sums, numbers, |a, _| (a, 0));
            }
            Scheme::Lower(LowPart::Or { carry: false }, low) if low <= width => {
                accumulate(width, low, sums, numbers, |a, b| (a | b, 0));
            }
            Scheme::Lower(LowPart::Or { carry: true }, low) if (1..=width).contains(&low) => {
                accumulate(
                    width,
                    low,
                    sums,
                    numbers,
                    #[inline(always)]
                    |a, b| (a | b, (a & b) >> (low - 1) & 1),
                );
            }
            _ => self.accumulate_each(width, sums, numbers),
        }
    }

    fn accumulate_each(&self, width: u32, sums: &mut [i32], numbers: &[i32]) {
        for (sum, &number) in sums.iter_mut().zip(numbers) {
            let [a, b] = [*sum, number].map(|value| bits::encode(i64::from(value), width));
            *sum = bits::sign_extend(self.apply(width, a, b) as u64, width) as i32;
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

/// Sums with a low part that gives its bits (those above are ignored) and a carry.
#[inline(always)]
fn accumulate(
    width: u32,
    low: u32,
    sums: &mut [i32],
    numbers: &[i32],
    part: impl Fn(u32, u32) -> (u32, u32),
) {
    let (mask, spare) = (bits::mask(low) as u32, 32 - width);
    // The carry out of a part of all 32 bits falls off.
    let place = bits::mask(low + 1) as u32 & !mask;
    crate::simd::widest(
        #[inline(always)]
        move || {
            for (sum, number) in sums.iter_mut().zip(numbers) {
                let (a, b) = (*sum as u32, *number as u32);
                let (below, carry) = part(a, b);
                let above = (a & !mask).wrapping_add(b & !mask).wrapping_add(carry * place);
                *sum = ((above | below & mask) << spare) as i32 >> spare;
            }
        },
    );
}

/// A low part that gives its sum bits and a carry, and an exact adder above it.
fn upper(
    build: &mut Builder,
    [a, b]: [&[Net]; 2],
    low: u32,
    part: impl FnOnce(&mut Builder, &[Net], &[Net]) -> (Bus, Net),
) -> Bus {
    let low = (low as usize).min(a.len());
    if low == 0 {
        return FAST.build(build, [a, b], None);
    }
    let (mut sums, carry) = part(build, &a[..low], &b[..low]);
    sums.extend(FAST.build(build, [&a[low..], &b[low..]], Some(carry)));
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

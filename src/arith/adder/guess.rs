//! Adders of blocks whose carries are guessed: chained at the top only (ETA-IIM), cut where they would run on (CCBA),
//! or estimated from the top bits of a block (CESA-PERL).
//!
//! # Sources
//! N. Zhu, W. L. Goh, K. S. Yeo, An enhanced low-power high-speed adder for error-tolerant application, ISIC 2009;
//! V. Camus, J. Schlachter, C. Enz, A low-power carry cut-back approximate adder with fixed-point implementation and
//! floating-point precision, DAC 2016; R. Bhattacharjya, V. Mishra, S. Singh, K. Goswami, D. S. Banerjee, An approximate
//! carry estimating simultaneous adder with rectification, GLSVLSI 2020.

use super::Carries;
use crate::bits;
use crate::netlist::{Builder, Bus, Net, balanced};

/// How a block's carry out is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    /// From the block's bits without a carry in; in this many of the upper blocks that have one above, with it.
    Chained(u32),
    /// With the carry in; but where the top bits of the next block, this many, all propagate, from as many top bits of
    /// this one alone.
    CutBack(u32),
    /// From its two top bits, or from the two below them where both propagate.
    Estimated,
}

/// The bits of one block of both operands.
#[derive(Clone, Copy)]
struct Block {
    a: u64,
    b: u64,
    bits: u32,
}

impl Block {
    fn all(width: u32, [a, b]: [u64; 2], size: u32) -> Vec<Self> {
        let block = |start: u32| {
            let bits = size.min(width - start);
            let field = |x: u64| x >> start & bits::mask(bits);
            Self { a: field(a), b: field(b), bits }
        };
        (0..width).step_by(size as usize).map(block).collect()
    }

    fn carry_out(self, carry: bool) -> bool {
        (u128::from(self.a) + u128::from(self.b) + u128::from(carry)) >> self.bits == 1
    }

    /// The top bits, at most as many as there are.
    fn top(self, bits: u32) -> Self {
        let bits = bits.min(self.bits);
        Self { a: self.a >> (self.bits - bits), b: self.b >> (self.bits - bits), bits }
    }

    fn propagates(self) -> bool {
        self.a ^ self.b == bits::mask(self.bits)
    }

    /// The carry that the top four bits suggest; bits that a short block lacks are 0.
    fn estimate(self) -> bool {
        let [a, b] = [self.a, self.b].map(|x| x << 4 >> self.bits & 15);
        let pair = |shift: u32| (a >> shift & 3) + (b >> shift & 3);
        // A generate in the upper bit, or in the lower one under an upper bit that is set at all: a sum above 3.
        pair(if (a ^ b) >> 2 == 3 { 0 } else { 2 }) > 3
    }
}

impl Guess {
    /// Whether the carry out of block `at` of `count` uses the carry into it.
    fn chains(self, at: usize, count: usize) -> bool {
        match self {
            Self::Chained(upper) => at + 1 == count || at + 1 + upper as usize >= count,
            _ => true,
        }
    }

    /// The sum of two codes with its carry out.
    pub(super) fn apply(self, width: u32, operands: [u64; 2], size: u32) -> u128 {
        let blocks = Block::all(width, operands, size);
        let (mut carry, mut sum) = (false, 0);
        for (at, block) in blocks.iter().enumerate() {
            let total = u128::from(block.a) + u128::from(block.b) + u128::from(carry);
            sum |= (total & u128::from(bits::mask(block.bits))) << (at as u32 * size);
            carry = match (self, blocks.get(at + 1)) {
                (Self::Estimated, _) => block.estimate(),
                (Self::CutBack(top), Some(next)) if next.top(top).propagates() => {
                    block.top(top).carry_out(false)
                }
                _ => block.carry_out(carry && self.chains(at, blocks.len())),
            };
        }
        sum | u128::from(carry) << width
    }

    /// The gates of [`Guess::apply`].
    pub(super) fn build(self, build: &mut Builder, exact: Carries, [a, b]: [&[Net]; 2], size: usize) -> Bus {
        let blocks: Vec<_> = a.chunks(size).zip(b.chunks(size)).collect();
        let mut carry = build.constant(false);
        let mut sums = Bus::new();
        for (at, &(a, b)) in blocks.iter().enumerate() {
            let mut sum = exact.build(build, [a, b], Some(carry));
            let whole = sum.pop().expect("the last bit is the carry");
            sums.extend(sum);
            carry = match (self, blocks.get(at + 1)) {
                (Self::Estimated, _) => estimate(build, a, b),
                (Self::CutBack(top), Some((next_a, next_b))) => {
                    let propagates = propagates(build, tops(next_a, top), tops(next_b, top));
                    let short = carry_out(build, exact, tops(a, top), tops(b, top));
                    build.mux(propagates, short, whole)
                }
                _ if self.chains(at, blocks.len()) => whole,
                _ => carry_out(build, exact, a, b),
            };
        }
        sums.push(carry);
        sums
    }
}

fn tops(bus: &[Net], count: u32) -> &[Net] {
    &bus[bus.len().saturating_sub(count as usize)..]
}

fn carry_out(build: &mut Builder, exact: Carries, a: &[Net], b: &[Net]) -> Net {
    exact.build(build, [a, b], None).pop().expect("the last bit is the carry")
}

fn propagates(build: &mut Builder, a: &[Net], b: &[Net]) -> Net {
    let bits = a.iter().zip(b).map(|(&a, &b)| build.xor(a, b)).collect();
    balanced(bits, |a, b| build.and(a, b)).expect("a block has bits")
}

fn estimate(build: &mut Builder, a: &[Net], b: &[Net]) -> Net {
    let zero = build.constant(false);
    let bit = |bus: &[Net], below: usize| bus.len().checked_sub(below).map_or(zero, |at| bus[at]);
    let mut pair = |upper: usize| {
        let [(a, b), (c, d)] = [upper, upper + 1].map(|below| (bit(a, below), bit(b, below)));
        let (high, low) = (build.and(a, b), build.and(c, d));
        let any = build.or(a, b);
        let carried = build.and(low, any);
        build.or(high, carried)
    };
    let (upper, lower) = (pair(1), pair(3));
    let [first, second] = [1, 2].map(|below| build.xor(bit(a, below), bit(b, below)));
    let both = build.and(first, second);
    build.mux(both, lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::adder::{Scheme, block};

    fn sums(scheme: Scheme) -> Vec<u128> {
        (0..1u64 << 16).map(|at| scheme.apply(8, at >> 8, at & 255)).collect()
    }

    #[test]
    fn chains_lead_from_blocks_of_their_own_to_an_exact_sum() {
        for size in [2, 3, 4] {
            let chained = |upper| sums(Scheme::Guessed { size, guess: Guess::Chained(upper) });
            let speculative = vec![block::Block { sum: size, lookback: size }];
            assert!(chained(0) == sums(Scheme::Blocks(speculative)), "{size}");
            let exact = (0..1u64 << 16).map(|at| u128::from((at >> 8) + (at & 255)));
            assert!(exact.eq(chained(4)), "{size}");
            assert!(size == 4 || chained(1) != chained(0), "{size}");
        }
    }

    /// A carry that is cut had the top bits of its block propagate it in vain.
    #[test]
    fn a_cut_carry_is_missing_only_where_the_next_block_would_hand_it_on() {
        let guess = Guess::CutBack(2);
        assert_eq!(guess.apply(8, [0b0000_1111, 0b0000_0001], 4), 0b1_0000);
        assert_eq!(guess.apply(8, [0b1100_1111, 0b0000_0001], 4), 0b1100_0000);
        assert_eq!(guess.apply(8, [0b1100_1100, 0b0000_1100], 4), 0b1101_1000);
    }

    #[test]
    fn an_estimate_looks_at_four_bits() {
        let carry = |a: u64, b: u64| Guess::Estimated.apply(8, [a, b], 8) >> 8 == 1;
        for (a, b, expected) in [
            (0x80, 0x80, true),
            (0xc0, 0x40, true),
            (0xe0, 0x20, true),
            (0xf0, 0x10, true),
            (0xf8, 0x08, false),
        ] {
            assert_eq!(carry(a, b), expected, "{a:x} {b:x}");
        }
    }
}

//! Speculative adders: each block of sum bits takes the carry that a few bits below it generate by themselves.
//!
//! # Sources
//! M. Shafique, W. Ahmad, R. Hafiz, J. Henkel, A low latency generic accuracy configurable adder (GeAr), DAC 2015;
//! M. A. Hanif, R. Hafiz, O. Hasan, M. Shafique, QuAd: design and analysis of quality-area optimal low-latency
//! approximate adders, DAC 2017.

use super::Carries;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Sum bits that share a guessed carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// How many sum bits.
    pub sum: u32,
    /// From how many bits below them their carry is guessed; 0, and there is none.
    pub lookback: u32,
}

/// Where a block of an adder stands.
struct Span {
    start: u32,
    end: u32,
    lookback: u32,
}

/// The blocks of an adder of a width, the lowest first: the last one listed repeats until the width is reached, and
/// the top one may be short.
fn spans(blocks: &[Block], width: u32) -> impl Iterator<Item = Span> {
    let last = *blocks.last().expect("an adder has a block");
    let mut all = blocks.iter().copied().chain(std::iter::repeat(last));
    let mut start = 0;
    std::iter::from_fn(move || {
        let Block { sum, lookback } = all.next().filter(|_| start < width)?;
        let span = Span { start, end: (start + sum).min(width), lookback: lookback.min(start) };
        start = span.end;
        Some(span)
    })
}

/// The carry into a block is the carry out of the bits below it, added without a carry in.
pub(super) fn apply(width: u32, [a, b]: [u64; 2], blocks: &[Block]) -> u128 {
    let field = |x: u64, from: u32, to: u32| u128::from(x >> from & bits::mask(to - from));
    spans(blocks, width).fold(0, |y, Span { start, end, lookback }| {
        let below = start - lookback;
        let guess =
            if lookback == 0 { 0 } else { (field(a, below, start) + field(b, below, start)) >> lookback };
        let sum = field(a, start, end) + field(b, start, end) + guess;
        y & ((1 << start) - 1) | sum << start
    })
}

/// Overlapping exact adders, of each of which the upper sum bits are taken.
pub(super) fn build(build: &mut Builder, exact: Carries, [a, b]: [&[Net]; 2], blocks: &[Block]) -> Bus {
    let mut y = Bus::new();
    for Span { start, end, lookback } in spans(blocks, a.len() as u32) {
        let range = (start - lookback) as usize..end as usize;
        let part = exact.build(build, [&a[range.clone()], &b[range]], None);
        y.truncate(start as usize);
        y.extend(&part[lookback as usize..]);
    }
    y
}

#[cfg(test)]
mod tests {
    use crate::arith::metric::Metrics;
    use crate::arith::{design, table};
    use crate::rng::Stream;

    /// The check value of ArithsGen's tests: blocks of 4, 2 and 2 bits with 0, 2 and 2 bits below them.
    #[test]
    fn blocks_of_their_own_sizes_err_as_published() {
        let design = design("add8u_quad_r4_p0_r2_p2_r2_p2").unwrap();
        let metrics = Metrics::of(&table(&*design).unwrap());
        assert_eq!((metrics.wce, metrics.med), (64, 7.5));
    }

    /// Random lists: the definition bit by bit, the carry of a position being generated or propagated from below.
    #[test]
    fn any_list_of_blocks_gives_what_its_definition_says() {
        let mut stream = Stream::new(4, "arith.blocks", 0);
        for _ in 0..300 {
            let (mut id, mut at, mut carry_from) = (String::from("add12u_quad"), 0, vec![]);
            while at < 12 {
                let (sum, lookback) = (1 + stream.below(12 - at), stream.below(at + 1));
                id += &format!("_r{sum}_p{lookback}");
                carry_from.extend(vec![at - lookback; sum as usize]);
                at += sum;
            }
            let (design, a, b) = (design(&id).unwrap(), stream.below(4096), stream.below(4096));
            let carry = |into: u64, from: u64| {
                (from..into).fold(0, |carry, bit| ((a >> bit & 1) + (b >> bit & 1) + carry) >> 1)
            };
            let bit = |at: u64| (a >> at ^ b >> at ^ carry(at, carry_from[at as usize])) & 1;
            let expected = (0..12).map(|at| bit(at) << at).sum::<u64>() | carry(12, carry_from[11]) << 12;
            assert_eq!(design.eval(a as i64, b as i64), expected as i64, "{id}: {a}, {b}");
            assert_eq!(design.netlist().eval(&[a, b])[0], expected, "{id}: {a}, {b}");
        }
    }
}

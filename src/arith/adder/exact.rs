//! Exact adders, which differ in how their carries are made: in gates, depth, and what they switch.

use super::prefix::{self, Network};
use crate::netlist::{Builder, Bus, Net, balanced};

/// How the carries of an exact sum are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// A chain of full adders.
    Ripple,
    /// A parallel prefix network.
    Prefix(Network),
    /// Groups of this many bits, the carries of each from generates and propagates at once; groups in a chain.
    Lookahead(u32),
    /// Groups of this many bits that a carry skips where every bit propagates.
    Skip(u32),
    /// Groups of this many bits added for both carries; the right sum is selected.
    Select(u32),
    /// Groups of this many bits added without a carry, and incremented by it.
    Increment(u32),
    /// Blocks of doubling size added for both carries, the lower half of each selecting the upper one.
    ConditionalSum,
}

impl Carries {
    /// Sum bits and the carry out.
    pub(in crate::arith) fn build(self, build: &mut Builder, [a, b]: [&[Net]; 2], carry: Option<Net>) -> Bus {
        match self {
            Carries::Ripple => ripple(build, a, b, carry),
            Carries::Prefix(network) => prefix::build(build, network, [a, b], carry),
            Carries::Lookahead(size) => grouped(build, size, [a, b], carry, lookahead),
            Carries::Skip(size) => grouped(build, size, [a, b], carry, skip),
            Carries::Select(size) => grouped(build, size, [a, b], carry, select),
            Carries::Increment(size) => grouped(build, size, [a, b], carry, increment),
            Carries::ConditionalSum => conditional_sum(build, [a, b], carry),
        }
    }
}

/// Sum bits and the carry out, from a chain of full adders.
pub(super) fn ripple(build: &mut Builder, a: &[Net], b: &[Net], carry: Option<Net>) -> Bus {
    let mut carry = carry.unwrap_or_else(|| build.constant(false));
    let mut sums = Bus::new();
    for (&a, &b) in a.iter().zip(b) {
        let (sum, next) = build.full_adder(a, b, carry);
        sums.push(sum);
        carry = next;
    }
    sums.push(carry);
    sums
}

/// Group after group, each given the carry of the one below.
fn grouped(
    build: &mut Builder,
    size: u32,
    [a, b]: [&[Net]; 2],
    carry: Option<Net>,
    group: impl Fn(&mut Builder, [&[Net]; 2], Net) -> (Bus, Net),
) -> Bus {
    let mut carry = carry.unwrap_or_else(|| build.constant(false));
    let mut sums = Bus::new();
    for (a, b) in a.chunks(size as usize).zip(b.chunks(size as usize)) {
        let (sum, next) = group(build, [a, b], carry);
        sums.extend(sum);
        carry = next;
    }
    sums.push(carry);
    sums
}

/// What each bit propagates and generates.
fn halves(build: &mut Builder, [a, b]: [&[Net]; 2]) -> (Bus, Bus) {
    a.iter().zip(b).map(|(&a, &b)| build.half_adder(a, b)).unzip()
}

fn lookahead(build: &mut Builder, operands: [&[Net]; 2], carry: Net) -> (Bus, Net) {
    let (propagate, generate) = halves(build, operands);
    let mut carries = vec![carry];
    for bit in 0..propagate.len() {
        // What is generated at or below this bit and propagated from there on, and the carry through all of them.
        let mut terms = vec![];
        for from in 0..=bit + 1 {
            let start = if from == 0 { carry } else { generate[from - 1] };
            let all = [&[start], &propagate[from..=bit]].concat();
            terms.extend(balanced(all, |a, b| build.and(a, b)));
        }
        carries.extend(balanced(terms, |a, b| build.or(a, b)));
    }
    let sums =
        propagate.iter().zip(&carries).map(|(&propagate, &carry)| build.xor(propagate, carry)).collect();
    (sums, carries[propagate.len()])
}

fn skip(build: &mut Builder, [a, b]: [&[Net]; 2], carry: Net) -> (Bus, Net) {
    let (propagate, _) = halves(build, [a, b]);
    let mut sums = ripple(build, a, b, Some(carry));
    let rippled = sums.pop().expect("the last bit is the carry");
    let all = balanced(propagate, |a, b| build.and(a, b)).expect("a group has bits");
    (sums, build.mux(all, carry, rippled))
}

fn select(build: &mut Builder, [a, b]: [&[Net]; 2], carry: Net) -> (Bus, Net) {
    let [zero, one] = [false, true].map(|carry| {
        let carry = build.constant(carry);
        ripple(build, a, b, Some(carry))
    });
    let mut sums: Bus = zero.iter().zip(&one).map(|(&zero, &one)| build.mux(carry, one, zero)).collect();
    let next = sums.pop().expect("the last bit is the carry");
    (sums, next)
}

/// Sum bits and carry out of a block without and with a carry in.
type Conditional = [Bus; 2];

fn conditional_sum(build: &mut Builder, [a, b]: [&[Net]; 2], carry: Option<Net>) -> Bus {
    let bit = |build: &mut Builder, (&a, &b): (&Net, &Net)| {
        let (sum, carry) = build.half_adder(a, b);
        [vec![sum, carry], vec![build.not(sum), build.or(a, b)]]
    };
    let mut blocks: Vec<Conditional> = a.iter().zip(b).map(|pair| bit(build, pair)).collect();
    while blocks.len() > 1 {
        blocks = blocks.chunks(2).map(|pair| joined(build, pair)).collect();
    }
    let carry = carry.unwrap_or_else(|| build.constant(false));
    blocks.pop().map_or_else(|| vec![carry], |block| selected(build, carry, &block))
}

fn selected(build: &mut Builder, carry: Net, [zero, one]: &Conditional) -> Bus {
    zero.iter().zip(one).map(|(&zero, &one)| build.mux(carry, one, zero)).collect()
}

fn joined(build: &mut Builder, pair: &[Conditional]) -> Conditional {
    let [low, high] = pair else { return pair[0].clone() };
    low.clone().map(|mut sums| {
        let carry = sums.pop().expect("the last bit is the carry");
        sums.extend(selected(build, carry, high));
        sums
    })
}

fn increment(build: &mut Builder, [a, b]: [&[Net]; 2], mut carry: Net) -> (Bus, Net) {
    let mut sums = ripple(build, a, b, None);
    let own = sums.pop().expect("the last bit is the carry");
    for sum in &mut sums {
        let (incremented, next) = build.half_adder(*sum, carry);
        (*sum, carry) = (incremented, next);
    }
    // A group that generates a carry is at most all ones less one, so its increment generates none.
    (sums, build.or(own, carry))
}

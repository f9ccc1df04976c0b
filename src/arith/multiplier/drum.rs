//! DRUM: both operands cut to k bits from their leading one, an exact k×k product shifted back.
//!
//! # Source
//! S. Hashemi, R. I. Bahar, S. Reda, DRUM: a dynamic range unbiased multiplier, ICCAD 2015.

use super::reduce;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

pub(super) fn apply(kept: u32, a: u64, b: u64) -> u64 {
    cut(kept, a) * cut(kept, b)
}

/// The operand as the small multiplier sees it, shifted back to its place.
fn cut(kept: u32, x: u64) -> u64 {
    match bits::leading_one(x) {
        Some(lead) if lead >= kept => {
            let shift = lead - kept + 1;
            ((x >> shift) | 1) << shift
        }
        _ => x,
    }
}

pub(super) fn build(build: &mut Builder, a: &[Net], b: &[Net], kept: usize) -> Bus {
    let width = a.len() + b.len();
    let (segment_a, shift_a) = segment(build, a, kept);
    let (segment_b, shift_b) = segment(build, b, kept);
    let product = reduce::dadda(build, &segment_a, &segment_b, 0);
    let once = shifted(build, &product, &shift_a, width);
    shifted(build, &once, &shift_b, width)
}

/// The kept bits and, one-hot, by how much they were shifted down.
fn segment(build: &mut Builder, x: &[Net], kept: usize) -> (Bus, Bus) {
    let kept = kept.min(x.len());
    let zero = build.constant(false);
    let mut hot = vec![zero; x.len() - kept + 1];
    let mut above = zero;
    for shift in (1..hot.len()).rev() {
        let bit = x[shift + kept - 1];
        let none = build.not(above);
        hot[shift] = build.and(bit, none);
        above = build.or(above, bit);
    }
    hot[0] = build.not(above);
    let mut bits: Bus = (0..kept).map(|bit| select(build, &hot, |shift| x[shift + bit])).collect();
    let lowest = build.and(hot[0], x[0]);
    bits[0] = build.or(lowest, above);
    (bits, hot)
}

fn select(build: &mut Builder, hot: &[Net], net: impl Fn(usize) -> Net) -> Net {
    let zero = build.constant(false);
    hot.iter().enumerate().fold(zero, |any, (shift, &hot)| {
        let one = build.and(hot, net(shift));
        build.or(any, one)
    })
}

/// Shifts up by the one-hot amount; bits beyond `width` are lost.
fn shifted(build: &mut Builder, bus: &[Net], hot: &[Net], width: usize) -> Bus {
    let zero = build.constant(false);
    let place = |bit: usize, shift: usize| bit.checked_sub(shift).and_then(|from| bus.get(from)).copied();
    (0..width).map(|bit| select(build, hot, |shift| place(bit, shift).unwrap_or(zero))).collect()
}

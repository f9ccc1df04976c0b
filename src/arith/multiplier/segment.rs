//! Multipliers of segments: a few bits of each operand, their exact product shifted back.
//!
//! # Sources
//! S. Narayanamoorthy and others, Energy-efficient approximate multiplication, IEEE TVLSI 2015 (SSM, ESSM, DSM);
//! S. Hashemi, R. I. Bahar, S. Reda, DRUM: a dynamic range unbiased multiplier, ICCAD 2015.

use super::{Core, reduce};
use crate::arith::Widths;
use crate::bits;
use crate::netlist::{Builder, Bus, Net};

/// Which bits of an operand are multiplied.
#[derive(Debug, Clone, Copy)]
pub enum Segments {
    /// Bits from the leading one on (DSM).
    Dynamic(u32),
    /// Bits from the leading one on, the lowest of them set to 1 when bits were cut (DRUM).
    Unbiased(u32),
    /// Bits from the lowest of a few evenly spaced places that reaches the leading one (SSM, ESSM).
    Static {
        /// Bits of a segment.
        bits: u32,
        /// How many places there are, the lowest at bit 0, the highest at the top; 2 or 3.
        places: u32,
    },
}

impl Core for Segments {
    fn apply(&self, widths: Widths, a: u64, b: u64) -> u64 {
        (self.cut(widths.a, a) * self.cut(widths.b, b)) & bits::mask(widths.sum())
    }

    fn build(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let width = a.len() + b.len();
        let (segment_a, shift_a) = self.segment(build, a);
        let (segment_b, shift_b) = self.segment(build, b);
        let product = reduce::dadda(build, &segment_a, &segment_b);
        let once = shifted(build, &product, &shift_a, width);
        shifted(build, &once, &shift_b, width)
    }
}

impl Segments {
    fn bits(self) -> u32 {
        match self {
            Self::Dynamic(bits) | Self::Unbiased(bits) | Self::Static { bits, .. } => bits,
        }
    }

    /// The operand as the small multiplier sees it, shifted back to its place.
    fn cut(self, width: u32, x: u64) -> u64 {
        let Some(lead) = bits::leading_one(x).filter(|lead| *lead >= self.bits()) else { return x };
        match self {
            Self::Dynamic(bits) => x >> (lead + 1 - bits) << (lead + 1 - bits),
            Self::Unbiased(bits) => (x >> (lead + 1 - bits) | 1) << (lead + 1 - bits),
            Self::Static { bits, places } => {
                let step = (width - bits) / (places - 1);
                let place = step * (lead + 1 - bits).div_ceil(step);
                x >> place << place
            }
        }
    }

    /// By how much a segment may be shifted down, ascending from 0.
    fn shifts(self, width: usize) -> Vec<usize> {
        let room = width.saturating_sub(self.bits() as usize);
        match self {
            Self::Dynamic(_) | Self::Unbiased(_) => (0..=room).collect(),
            Self::Static { places, .. } => {
                let step = (room / (places as usize - 1)).max(1);
                (0..=room).step_by(step).collect()
            }
        }
    }

    /// The kept bits and, one-hot, by how much they were shifted down.
    fn segment(self, build: &mut Builder, x: &[Net]) -> (Bus, Vec<(usize, Net)>) {
        let (kept, shifts) = ((self.bits() as usize).min(x.len()), self.shifts(x.len()));
        let mut hot = vec![];
        let mut above = build.constant(false);
        for pair in shifts.windows(2).rev() {
            // A one that the next lower place does not reach.
            let any = x[pair[0] + kept..pair[1] + kept].iter().fold(None, |any, &bit| match any {
                None => Some(bit),
                Some(any) => Some(build.or(any, bit)),
            });
            let any = any.expect("shifts ascend");
            let none = build.not(above);
            hot.push((pair[1], build.and(any, none)));
            above = build.or(above, any);
        }
        hot.push((0, build.not(above)));
        hot.reverse();
        let mut bits: Bus =
            (0..kept).map(|bit| select(build, &hot, |shift| x.get(shift + bit).copied())).collect();
        if let Self::Unbiased(_) = self {
            let lowest = build.and(hot[0].1, x[0]);
            bits[0] = build.or(lowest, above);
        }
        (bits, hot)
    }
}

/// The net that the one-hot shift picks; 0 where it picks none.
fn select(build: &mut Builder, hot: &[(usize, Net)], net: impl Fn(usize) -> Option<Net>) -> Net {
    let zero = build.constant(false);
    hot.iter().fold(zero, |any, &(shift, hot)| match net(shift) {
        Some(net) => {
            let one = build.and(hot, net);
            build.or(any, one)
        }
        None => any,
    })
}

/// Shifts up by the one-hot amount; bits beyond `width` are lost.
fn shifted(build: &mut Builder, bus: &[Net], hot: &[(usize, Net)], width: usize) -> Bus {
    let place = |bit: usize, shift: usize| bit.checked_sub(shift).and_then(|from| bus.get(from)).copied();
    (0..width).map(|bit| select(build, hot, |shift| place(bit, shift))).collect()
}

//! Output channels whose products are found in registers.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::super::half::Half;
use super::super::looked_up::{self, Block, Offsets, Outputs, UNIT, UNITS};
use super::super::reach::{Reach, Tap};
use super::put::Put;
use super::taps::{PAIRS, Take, Together, low_pairs, takers};
use crate::simd;

/// Sums of bytes after which 16-bit sums of them must be widened: 257 · 255 is the most that fits.
const FLUSH: usize = 252;
/// Bytes of rows that all units of a block read before others: they stay in the first-level cache.
const NEAR: usize = 18 << 10;

/// Taps that are too few to be taken in pairs: what is left over is taken apart.
const FEW: usize = 32;

/// Taps whose codes are in one half of a row.
#[derive(Debug, Clone)]
struct Kind<'a> {
    half: Half,
    reach: &'a Reach,
    /// Taps whose rows stay in the first-level cache together.
    near: usize,
    /// Whether taps of two bytes are taken in pairs: all, none, or those whose rows add up.
    in_pairs: Option<bool>,
    /// Whether low bytes of the others are.
    low_in_pairs: bool,
    /// Those whose rows have one byte, those whose have two, and such that are taken in pairs.
    taps: [Vec<Tap>; 3],
}

/// How taps are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taking {
    /// Each with so many bytes.
    Alone(usize),
    /// Two of them, whose low bytes add up to one.
    LowPairs,
    /// Two of them, whose bytes add up to two.
    Pairs,
}

impl Taking {
    fn takers(self, together: Together, half: Half) -> &'static [Take] {
        match self {
            Self::Alone(planes) => takers(together, planes, half),
            Self::LowPairs => low_pairs(half),
            Self::Pairs => PAIRS,
        }
    }

    /// How many bytes so many taps add to one sum at most.
    fn bytes(self, taps: usize) -> usize {
        if self == Self::Pairs { taps / 2 } else { taps }
    }
}

impl Kind<'_> {
    /// Takes some more, and tells what their bases add up to.
    ///
    /// Where few rows have one byte or none, those are taken as if they had two, the others of which are 0: that costs less
    /// than taking them apart.
    fn take(&mut self, weights: &[u8], offsets: &[u32]) -> i32 {
        let Self { reach, in_pairs, taps: [one, two, paired], .. } = self;
        let length = reach.length();
        let all = weights.iter().zip(offsets);
        let tap = |(&weight, &offset): (&u8, &u32)| Tap { row: u32::from(weight) * length, offset };
        let (base, fewer) = weights.iter().fold((0i32, 0), |(base, fewer), &weight| {
            (base.wrapping_add(reach.base(weight)), fewer + usize::from(reach.planes(weight) < 2))
        });
        let as_two = 4 * fewer < weights.len();
        if let (true, Some(in_pairs)) = (as_two, *in_pairs) {
            let taps = if in_pairs { paired } else { two };
            simd::widest(
                #[inline(always)]
                move || taps.extend(all.map(tap)),
            );
        } else {
            all.for_each(|at| match reach.planes(*at.0) {
                0 if !as_two => {}
                1 if !as_two => one.push(tap(at)),
                _ if in_pairs.unwrap_or(reach.adds_up(*at.0)) => paired.push(tap(at)),
                _ => two.push(tap(at)),
            });
        }
        base
    }

    /// Leaves no tap without another one among pairs.
    fn settle(&mut self) {
        let [_, two, paired] = &mut self.taps;
        if paired.len() >= FEW && !paired.len().is_multiple_of(2) {
            two.extend(paired.pop());
        }
    }

    /// Taps that are taken alike.
    #[inline]
    fn taps(&self) -> impl Iterator<Item = (Taking, &[Tap])> {
        let [one, two, paired] = &self.taps;
        let low_pairs = if self.low_in_pairs && two.len() >= FEW { two.len() / 2 * 2 } else { 0 };
        let (low_pairs, others) = two.split_at(low_pairs);
        let pairs = if paired.len() < FEW { Taking::Alone(2) } else { Taking::Pairs };
        let all = [
            (Taking::Alone(1), &one[..]),
            (Taking::LowPairs, low_pairs),
            (Taking::Alone(2), others),
            (pairs, paired),
        ];
        all.into_iter().filter(|(_, taps)| !taps.is_empty())
    }

    fn is_empty(&self) -> bool {
        self.taps.iter().all(Vec::is_empty)
    }
}

/// An output channel.
#[derive(Debug, Clone)]
pub(in super::super) struct Filter<'a> {
    weights: &'a [u8],
    together: Together,
    /// Those that the codes at hand ask for.
    kinds: Vec<Kind<'a>>,
    /// What the bases of all rows add up to.
    base: i32,
    /// How many bits of a product its low byte has.
    low_bits: u32,
    /// The halves that it was prepared for.
    halves: Vec<Half>,
    /// The greatest offset of a tap.
    farthest: usize,
}

impl<'a> Filter<'a> {
    /// With the rows of all weights by the half that codes are in, for a processor that has the instructions.
    pub(super) fn new(reaches: &'a [Option<Reach>; Half::ALL.len()], together: Together) -> Self {
        let kind = |(&half, reach): (&Half, &'a Option<Reach>)| {
            // Pairs stay together.
            let near = |reach: &Reach| (NEAR / reach.length() as usize).next_multiple_of(2);
            let can_pair = together == Together::Sum && half != Half::Both;
            reach.as_ref().map(|reach| Kind {
                half,
                reach,
                near: near(reach),
                in_pairs: if can_pair { reach.all_add_up() } else { Some(false) },
                low_in_pairs: together == Together::Sum && reach.low_adds_up(),
                taps: Default::default(),
            })
        };
        let kinds: Vec<_> = Half::ALL.iter().zip(reaches).filter_map(kind).collect();
        let low_bits = kinds.first().map_or(8, |kind| kind.reach.low_bits());
        Self { weights: &[], together, kinds, base: 0, low_bits, halves: vec![], farthest: 0 }
    }

    /// # Safety
    /// The processor needs AVX-512 F, BW and VBMI; 64 bytes of codes follow every tap behind each start, and outputs of all
    /// units end within their slice.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn put_words(&self, block: &Block<'_>, to: Outputs<'_>) {
        let mut words = [const { MaybeUninit::uninit() }; UNITS];
        let mut room = [block.codes.as_ptr(); UNITS];
        let (words, units) = (&mut words[..block.count], &mut room[..block.count]);
        // SAFETY: a unit begins within the codes.
        units.iter_mut().zip(block.starts()).for_each(|(unit, &start)| *unit = unsafe { unit.add(start) });
        let Self { base, together, low_bits, .. } = *self;
        let mut put = Put { block, base, together, low_bits, begun: to.begun };
        let mut taken = 0;
        for kind in self.kinds.iter().filter(|kind| !kind.is_empty()) {
            for (taking, taps) in kind.taps() {
                let (take, bytes) = (taking.takers(together, kind.half), kind.reach.bytes());
                let own = alike(units.len(), take.len());
                for taps in taps.chunks(kind.near) {
                    let count = taking.bytes(taps.len());
                    if together == Together::Sum && taken + count > FLUSH {
                        // SAFETY: taps were taken, and the caller's promise.
                        unsafe { put.words(words, to.outputs) };
                        taken = 0;
                    }
                    for (words, units) in words.chunks_mut(own).zip(units.chunks(own)) {
                        // SAFETY: the caller's promise; every row has all planes of its half.
                        unsafe { take[units.len() - 1](words, taken > 0, units, bytes, taps) }
                    }
                    taken += count;
                }
            }
        }
        if taken == 0 {
            // Products of all its weights are the same for all codes.
            words.fill(MaybeUninit::new([_mm512_setzero_si512(); 4]));
        }
        // SAFETY: all words are written, and the caller's promise.
        unsafe { put.words(words, to.outputs) }
    }
}

/// How many of so many make parts that are much alike, at most so many each: few units leave registers unused.
fn alike(count: usize, most: usize) -> usize {
    if count <= most { count } else { count.div_ceil(count.div_ceil(most)) }
}

impl<'a> looked_up::Filter<'a> for Filter<'a> {
    fn prepare(&mut self, weights: &'a [u8], offsets: &Offsets, halves: &[Half]) {
        if std::ptr::eq(self.weights, weights) && self.halves == halves {
            return;
        }
        self.weights = weights;
        halves.clone_into(&mut self.halves);
        self.farthest = offsets.farthest();
        self.base = 0;
        let window = self.weights.len() / halves.len();
        self.kinds.iter_mut().flat_map(|kind| &mut kind.taps).for_each(Vec::clear);
        let (mut weights, mut offsets) = (self.weights, offsets.each());
        for run in halves.chunk_by(|one, next| one == next) {
            let (own, at);
            (own, weights) = weights.split_at(run.len() * window);
            (at, offsets) = offsets.split_at(run.len() * window);
            let kind = self.kinds.iter_mut().find(|kind| kind.half == run[0]);
            let base = kind.expect("rows of the half that was asked for").take(own, at);
            self.base = self.base.wrapping_add(base);
        }
        self.kinds.iter_mut().for_each(Kind::settle);
    }

    fn reach(&self) -> Option<&'a Reach> {
        let both = self.kinds.iter().find(|kind| kind.half == Half::Both).map(|kind| kind.reach);
        both.filter(|_| self.together == Together::Sum)
    }

    fn put(&self, block: &Block<'_>, to: Outputs<'_>) {
        let Block { codes, units, .. } = *block;
        assert!(!self.halves.is_empty(), "a filter is prepared before it sums");
        assert!(units.last + self.farthest + UNIT <= codes.len(), "codes for every tap");
        assert!(units.end <= to.outputs.len(), "an output for every sum");
        // SAFETY: a filter is made where the instructions are; every tap's codes end within the slice, and so do outputs.
        #[allow(unsafe_code)]
        unsafe {
            self.put_words(block, to)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::looked_up::Filter as _;
    use super::super::super::tests::rows;
    use super::super::{Planes, supported};
    use super::*;
    use crate::simd::Level;

    /// How many taps are taken how, for weights of 40 codes, or nine of them.
    #[test]
    fn many_taps_whose_bytes_add_up_are_taken_in_pairs_where_they_are_summed() {
        if !supported(Level::at_hand()) {
            return eprintln!("skipped: the processor lacks AVX-512 VBMI");
        }
        let (whole, some) =
            (rows(|_, x| 129 * (x % 128)), rows(|w, x| (130 - i32::from(w != 5)) * (x % 128)));
        let (wide, full) = (rows(|_, x| 130 * (x % 128)), rows(|_, x| 65_535 * (x % 2)));
        let or =
            Together::Or(super::super::super::split::LowPart { bits: 9, or: true, carry: true, ones: 0 });
        let weights: Vec<u8> = (1..42).collect();
        for (rows, together, half, taps, expected) in [
            (&whole, Together::Sum, Half::Lower, 41, vec![(Taking::Alone(2), 1), (Taking::Pairs, 40)]),
            (&whole, Together::Sum, Half::Lower, 9, vec![(Taking::Alone(2), 9)]),
            (&whole, Together::Sum, Half::Both, 41, vec![(Taking::LowPairs, 40), (Taking::Alone(2), 1)]),
            (&whole, or, Half::Lower, 41, vec![(Taking::Alone(2), 41)]),
            (&some, Together::Sum, Half::Lower, 41, vec![(Taking::Alone(2), 1), (Taking::Pairs, 40)]),
            (&wide, Together::Sum, Half::Lower, 41, vec![(Taking::LowPairs, 40), (Taking::Alone(2), 1)]),
            (&wide, Together::Sum, Half::Lower, 9, vec![(Taking::Alone(2), 9)]),
            (&wide, or, Half::Both, 41, vec![(Taking::Alone(2), 41)]),
            (&full, Together::Sum, Half::Both, 41, vec![(Taking::Alone(2), 41)]),
        ] {
            let planes = Planes::whole(rows).unwrap();
            let mut filter = planes.filter(together);
            assert_eq!(filter.reach().is_some(), together == Together::Sum);
            filter.prepare(&weights[..taps], &Offsets::new((0..taps as u32).collect()), &[half]);
            let taken = filter.kinds.iter().flat_map(Kind::taps);
            let taken: Vec<_> = taken.map(|(taking, taps)| (taking, taps.len())).collect();
            assert_eq!(taken, expected, "{together:?} {half:?} {taps}");
        }
    }
}

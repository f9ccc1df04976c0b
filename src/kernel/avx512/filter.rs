//! Output channels whose products are found in registers.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::half::Half;
use super::super::looked_up::{self, Block, Offsets, UNIT, UNITS};
use super::super::reach::{Reach, Tap};
use super::taps::{Take, Together, Words, takers};
use crate::simd;

/// Sums of bytes after which 16-bit sums of them must be widened: 257 · 255 is the most that fits.
const FLUSH: usize = 252;
/// Bytes of rows that all units of a block read before others: they stay in the first-level cache.
const NEAR: usize = 18 << 10;

/// Taps whose codes are in one half of a row.
#[derive(Debug)]
struct Kind<'a> {
    half: Half,
    reach: &'a Reach,
    /// Those whose rows have one byte, and those whose have two.
    taps: [Vec<Tap>; 2],
}

impl Kind<'_> {
    /// Takes some more, and tells what their bases add up to.
    ///
    /// Where few rows have one byte or none, those are taken as if they had two, the others of which are 0: that costs less
    /// than taking them apart.
    fn take(&mut self, weights: &[u8], offsets: &[u32]) -> i32 {
        let Self { reach, taps: [one, two], .. } = self;
        let length = reach.length();
        let all = weights.iter().zip(offsets);
        let tap = |(&weight, &offset): (&u8, &u32)| Tap { row: u32::from(weight) * length, offset };
        let (base, fewer) = weights.iter().fold((0i32, 0), |(base, fewer), &weight| {
            (base.wrapping_add(reach.base(weight)), fewer + usize::from(reach.planes(weight) < 2))
        });
        if 4 * fewer < weights.len() {
            simd::widest(
                #[inline(always)]
                move || two.extend(all.map(tap)),
            );
        } else {
            all.for_each(|at| match reach.planes(*at.0) {
                0 => {}
                1 => one.push(tap(at)),
                _ => two.push(tap(at)),
            });
        }
        base
    }

    /// Taps whose rows stay near, the bytes of all rows, and how units take them.
    fn parts(&self, together: Together) -> impl Iterator<Item = (&'static [Take], &[u8], &[Tap])> {
        let Self { half, reach, taps } = self;
        let most = NEAR / reach.length() as usize;
        (1..).zip(taps).flat_map(move |(planes, taps)| {
            taps.chunks(most).map(move |taps| (takers(together, planes, *half), reach.bytes(), taps))
        })
    }
}

/// An output channel.
#[derive(Debug)]
pub(in super::super) struct Filter<'a> {
    weights: &'a [u8],
    together: Together,
    /// Those that the codes at hand ask for.
    kinds: Vec<Kind<'a>>,
    /// What the bases of all rows add up to.
    base: i32,
    /// The halves that it was prepared for.
    halves: Vec<Half>,
    /// The greatest offset of a tap.
    farthest: usize,
}

impl<'a> Filter<'a> {
    /// With the rows of its weights by the half that codes are in, for a processor that has the instructions.
    pub(super) fn new(reaches: &'a [Option<Reach>; 3], together: Together, weights: &'a [u8]) -> Self {
        let kind = |(&half, reach): (&Half, &'a Option<Reach>)| {
            reach.as_ref().map(|reach| Kind { half, reach, taps: Default::default() })
        };
        let kinds = Half::ALL.iter().zip(reaches).filter_map(kind).collect();
        Self { weights, together, kinds, base: 0, halves: vec![], farthest: 0 }
    }

    /// # Safety
    /// The processor needs AVX-512 F, BW and VBMI; 64 bytes of codes follow every tap behind each start.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn sum_words(&self, block: Block<'_>, sums: &mut [i32]) {
        let mut words = [const { MaybeUninit::uninit() }; UNITS];
        let words = &mut words[..block.starts.len()];
        let mut units = [block.codes.as_ptr(); UNITS];
        let units = &mut units[..block.starts.len()];
        // SAFETY: a unit begins within the codes.
        units.iter_mut().zip(block.starts).for_each(|(unit, &start)| *unit = unsafe { unit.add(start) });
        let mut first = Some(self.base);
        let mut taken = 0;
        for (take, bytes, taps) in self.kinds.iter().flat_map(|kind| kind.parts(self.together)) {
            if self.together == Together::Sum && taken + taps.len() > FLUSH {
                // SAFETY: taps were taken.
                unsafe { self.widen(words, first.take(), block.side, sums) };
                taken = 0;
            }
            for own in alike(units.len(), take.len()) {
                let (words, units) = (&mut words[own.clone()], &units[own]);
                // SAFETY: the caller's promise; every row has all planes of its half.
                unsafe { take[units.len() - 1](words, taken > 0, units, bytes, taps) }
            }
            taken += taps.len();
        }
        if taken == 0 {
            // Products of all its weights are the same for all codes.
            return sums.fill(self.base);
        }
        // SAFETY: taps were taken.
        unsafe { self.widen(words, first, block.side, sums) }
    }

    /// Moves sums of bytes to those of 32 bits: a first number each, or those that are there.
    ///
    /// # Safety
    /// The processor needs AVX-512 F and BW; all words are written.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn widen(&self, words: &[MaybeUninit<Words>], first: Option<i32>, side: usize, sums: &mut [i32]) {
        for (words, sums) in words.iter().zip(sums.as_chunks_mut().0) {
            // SAFETY: the caller's promise.
            let words = unsafe { words.assume_init_read() };
            let words = match self.together {
                Together::Sum => words,
                Together::Or => apart_by_bytes(words),
            };
            widen(words, first, side, sums);
        }
    }
}

impl looked_up::Filter for Filter<'_> {
    fn prepare(&mut self, offsets: &Offsets, halves: &[Half]) {
        if self.halves == halves {
            return;
        }
        self.halves = halves.to_vec();
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
    }

    fn sum(&self, block: Block<'_>, sums: &mut [i32]) {
        let end = block.starts.iter().max().map_or(0, |start| start + self.farthest + UNIT);
        assert!(!self.halves.is_empty(), "a filter is prepared before it sums");
        assert!(end <= block.codes.len(), "codes for every tap");
        assert!(sums.len() == block.starts.len() * UNIT, "a sum for each position");
        // SAFETY: a filter is made where the instructions are; every tap's codes end within the slice.
        #[allow(unsafe_code)]
        unsafe {
            self.sum_words(block, sums)
        }
    }
}

/// Ranges of at most so many, all much alike: few units leave registers unused.
fn alike(count: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = count.div_ceil(most);
    (0..parts).map(move |part| count * part / parts..count * (part + 1) / parts)
}

/// Bytes that were combined as if they were sums.
#[target_feature(enable = "avx512f,avx512bw")]
fn apart_by_bytes([low, _, high, _]: Words) -> Words {
    [low, _mm512_srli_epi16::<8>(low), high, _mm512_srli_epi16::<8>(high)]
}

/// Adds 64 sums of bytes to a first number each, or to the sums of 32 bits that are there, samples
/// [`apart`](super::super::field::apart).
#[target_feature(enable = "avx512f,avx512bw")]
fn widen([low, low_odd, high, high_odd]: Words, first: Option<i32>, side: usize, sums: &mut [i32; UNIT]) {
    let even = |words, odd| _mm512_sub_epi16(words, _mm512_slli_epi16::<8>(odd));
    let (low, high) = (even(low, low_odd), even(high, high_odd));
    let orders = ORDERS[side.ilog2() as usize].as_chunks::<16>().0;
    for (order, sums) in orders.iter().zip(sums.as_chunks_mut::<16>().0) {
        // SAFETY: sixteen numbers of 32 bits are the 64 bytes that are read and written.
        #[allow(unsafe_code)]
        unsafe {
            let order = _mm512_loadu_si512(order.as_ptr().cast());
            let wide = |even, odd| _mm512_maskz_permutex2var_epi16(LOW_WORDS, even, order, odd);
            let added = _mm512_add_epi32(wide(low, low_odd), _mm512_slli_epi32::<8>(wide(high, high_odd)));
            let before = match first {
                Some(first) => _mm512_set1_epi32(first),
                None => _mm512_loadu_si512(sums.as_ptr().cast()),
            };
            _mm512_storeu_si512(sums.as_mut_ptr().cast(), _mm512_add_epi32(before, added));
        }
    }
}

/// The lower words of numbers of 32 bits.
const LOW_WORDS: __mmask32 = 0x5555_5555;

/// For 1, 2, 4, 8 or 16 samples side by side, where the sums of a unit stand among those of even bytes and, 32 places later,
/// those of odd ones: neighbours where samples are alone, else every second sample is among the odd ones.
const ORDERS: [[i32; UNIT]; 5] = {
    let mut orders = [[0; UNIT]; 5];
    let mut at = 0;
    while at < 5 * UNIT {
        let (side, place) = (1 << (at / UNIT), at % UNIT);
        orders[at / UNIT][place] = match side {
            1 => place % 2 * 32 + place / 2,
            _ => place / 32 * 32 + place % 32 % (UNIT / side) * (side / 2) + place % 32 / (UNIT / side),
        } as i32;
        at += 1;
    }
    orders
};

//! From sums of bytes in registers to outputs.

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::super::field::{Segment, put_even};
use super::super::looked_up::{Block, UNIT};
use super::super::split::LowPart;
use super::taps::{Together, Words};

/// Positions of a register of sums.
const SUMS: usize = 16;

/// How a filter's sums go to their outputs.
pub(super) struct Put<'a> {
    pub(super) block: &'a Block<'a>,
    /// What each sum begins with, until it has been put.
    pub(super) base: i32,
    pub(super) together: Together,
    /// How many bits of a product its low byte has.
    pub(super) low_bits: u32,
    /// Whether outputs hold anything but 0, to which sums are added.
    pub(super) begun: bool,
}

impl Put<'_> {
    /// Adds what the sums of each unit have become since the last time.
    ///
    /// # Safety
    /// The processor needs AVX-512 F and BW; all words are written, and outputs of all units end within their slice.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) unsafe fn words(&mut self, words: &[MaybeUninit<Words>], outputs: &mut [i32]) {
        let Self { block, base, together, low_bits, begun } = *self;
        let units = block.units;
        let order = &ORDERS[units.side.ilog2() as usize];
        for (words, segments) in words.iter().zip(&units.ranges[block.first..]) {
            // SAFETY: the caller's promise.
            unsafe {
                let words = words.assume_init_read();
                let sums = match together {
                    Together::Sum => added(wide(words, low_bits, order), base),
                    Together::Or(part) => valued(wide(apart_by_bytes(words), low_bits, order), part),
                };
                let segments = &units.segments[segments.clone()];
                match units.columns {
                    Some(4) => put_stored::<4>(sums, segments, outputs, begun),
                    Some(8) => put_stored::<8>(sums, segments, outputs, begun),
                    _ => put(sums, segments, outputs.as_mut_ptr(), begun),
                }
            }
        }
        (self.base, self.begun) = (0, true);
    }
}

/// Bytes that were combined as if they were sums.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn apart_by_bytes([low, _, high, _]: Words) -> Words {
    [low, _mm512_srli_epi16::<8>(low), high, _mm512_srli_epi16::<8>(high)]
}

/// 64 sums of bytes as numbers of 32 bits, samples [`apart`](super::super::field::apart); the high bytes begin at this bit.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn wide([low, low_odd, high, high_odd]: Words, low_bits: u32, order: &[i32; UNIT]) -> [__m512i; UNIT / SUMS] {
    let even = |words, odd| _mm512_sub_epi16(words, _mm512_slli_epi16::<8>(odd));
    let (low, high) = (even(low, low_odd), even(high, high_odd));
    let low_bits = _mm_cvtsi32_si128(low_bits as i32);
    std::array::from_fn(|at| {
        // SAFETY: sixteen numbers of 32 bits are the 64 bytes that are read.
        #[allow(unsafe_code)]
        let order = unsafe { _mm512_loadu_si512(order[at * SUMS..][..SUMS].as_ptr().cast()) };
        let wide = |even, odd| _mm512_maskz_permutex2var_epi16(LOW_WORDS, even, order, odd);
        _mm512_add_epi32(wide(low, low_odd), _mm512_sll_epi32(wide(high, high_odd), low_bits))
    })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn added(sums: [__m512i; UNIT / SUMS], base: i32) -> [__m512i; UNIT / SUMS] {
    sums.map(|sums| _mm512_add_epi32(sums, _mm512_set1_epi32(base)))
}

/// As [`LowPart::value`], with the bits that any product sets.
#[inline]
#[target_feature(enable = "avx512f")]
fn valued(bits: [__m512i; UNIT / SUMS], part: LowPart) -> [__m512i; UNIT / SUMS] {
    let (ones, spare) = (_mm512_set1_epi32(part.ones as i32), _mm_cvtsi32_si128(32 - part.bits as i32));
    bits.map(|bits| {
        let high = _mm512_sll_epi32(_mm512_or_si512(bits, ones), spare);
        if part.carry { _mm512_sra_epi32(high, spare) } else { _mm512_srl_epi32(high, spare) }
    })
}

/// As [`put`] where all segments have as many columns, by way of memory that is near.
#[inline]
#[target_feature(enable = "avx512f")]
fn put_stored<const COLUMNS: usize>(
    sums: [__m512i; UNIT / SUMS],
    segments: &[Segment],
    outputs: &mut [i32],
    begun: bool,
) {
    let mut stored = [0; UNIT];
    for (stored, sums) in stored.as_chunks_mut::<SUMS>().0.iter_mut().zip(sums) {
        // SAFETY: sixteen numbers of 32 bits are the 64 bytes that are written.
        #[allow(unsafe_code)]
        unsafe {
            _mm512_storeu_si512(stored.as_mut_ptr().cast(), sums);
        }
    }
    put_even::<COLUMNS>(segments.iter().map(|segment| (segment, &stored[..])), outputs, begun);
}

/// Puts the sums of a unit where its segments have their outputs, or adds them.
///
/// # Safety
/// The processor needs AVX-512 F; behind the pointer are the outputs of each segment.
#[allow(unsafe_code)]
#[inline(always)]
pub(in super::super) unsafe fn put<const N: usize>(
    sums: [__m512i; N],
    segments: &[Segment],
    output: *mut i32,
    begun: bool,
) {
    for &Segment { from, to, columns } in segments {
        let places = u64::MAX >> (64 - columns) << from;
        // What lies before the segment's outputs is masked out.
        let to = output.wrapping_add(to).wrapping_sub(from);
        for (at, &sums) in sums.iter().enumerate() {
            let (mask, to) = ((places >> (at * SUMS)) as __mmask16, to.wrapping_add(at * SUMS));
            if mask == 0 {
                continue;
            }
            // SAFETY: a mask lets through only sums of the segment, to its outputs.
            unsafe {
                let sums = match begun {
                    true => _mm512_add_epi32(sums, _mm512_maskz_loadu_epi32(mask, to)),
                    false => sums,
                };
                _mm512_mask_storeu_epi32(to, mask, sums);
            }
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

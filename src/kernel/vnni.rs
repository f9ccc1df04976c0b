//! Products of bytes, four at a time in each lane, as `vpdpbusd` sums them: exact ones, the terms of a factored table,
//! or those that `vpermb` has looked up for four weights in a register.
//!
//! Three registers of sixteen positions and up to eight output channels are summed together, so that eleven loads serve
//! twenty-four instructions of 64 products each.

use std::arch::x86_64::*;

/// Positions whose sums stay in registers together.
pub(super) const POSITIONS: usize = 48;
/// Output channels that are summed together.
pub(super) const CHANNELS: usize = 8;

/// Whether the processor has the instructions.
pub(super) fn supported() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
}

/// Whether it also has the one that looks four weights' products up.
pub(super) fn looks_up() -> bool {
    supported() && is_x86_feature_detected!("avx512vbmi")
}

/// What the sums of a filter become: scale · (sum + constant), on top of what is there where another term was before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finish {
    pub(super) scale: i32,
    pub(super) constants: [i32; CHANNELS],
    pub(super) on_top: bool,
}

/// Four channels of a block as bytes, for each of some output channels: four weights, whose products with codes are
/// exact, or [`LOOKED_UP`] bytes, in which codes find their products.
pub(super) type Block<const BYTES: usize> = [[u8; BYTES]; CHANNELS];

/// Four weights as signed bytes.
pub(super) const EXACT: usize = 4;
/// The products of four weights, sixteen each.
pub(super) const LOOKED_UP: usize = 64;

/// Codes and weights of one term.
#[derive(Clone, Copy)]
pub(super) struct Taps<'a, const BYTES: usize> {
    /// Four channels of each position next to one another.
    pub(super) codes: &'a [u8],
    /// Where position 0 finds each block of four channels.
    pub(super) offsets: &'a [usize],
    /// The weights of each block.
    pub(super) weights: &'a [Block<BYTES>],
}

/// Sums products for some output channels, `columns` positions each. Sums wrap at 32 bits.
///
/// # Panics
/// When the processor lacks the instructions, there are more than eight channels, positions are no multiple of 48, or
/// blocks end beyond the codes.
pub(super) fn sum<const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    columns: usize,
    finish: &Finish,
    sums: &mut [i32],
) {
    assert!(supported() && (BYTES == EXACT || looks_up()), "the caller has asked");
    let reach = taps.offsets.iter().max().map_or(0, |offset| offset + 4 * columns);
    assert!(columns.is_multiple_of(POSITIONS) && sums.len().is_multiple_of(columns), "whole tiles");
    assert!(reach <= taps.codes.len() && taps.offsets.len() == taps.weights.len(), "codes for every block");
    for start in (0..columns).step_by(POSITIONS) {
        // SAFETY: the instructions are there, every block's codes end within the slice, and so do a channel's sums.
        #[allow(unsafe_code)]
        unsafe {
            match sums.len() / columns {
                1 => tile::<1, BYTES>(taps, [start, columns], finish, sums),
                2 => tile::<2, BYTES>(taps, [start, columns], finish, sums),
                3 => tile::<3, BYTES>(taps, [start, columns], finish, sums),
                4 => tile::<4, BYTES>(taps, [start, columns], finish, sums),
                5 => tile::<5, BYTES>(taps, [start, columns], finish, sums),
                6 => tile::<6, BYTES>(taps, [start, columns], finish, sums),
                7 => tile::<7, BYTES>(taps, [start, columns], finish, sums),
                8 => tile::<8, BYTES>(taps, [start, columns], finish, sums),
                count => panic!("{count} channels, at most {CHANNELS} are summed together"),
            }
        }
    }
}

/// # Safety
/// The processor needs AVX-512 F and VNNI, and VBMI to look up; 192 bytes of codes follow every offset behind `start`,
/// and `N` rows of `columns` sums have 48 of them from `start` on.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn tile<const N: usize, const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    place: [usize; 2],
    finish: &Finish,
    sums: &mut [i32],
) {
    // SAFETY: the caller's promise.
    unsafe {
        if BYTES == EXACT {
            exact_tile::<N, BYTES>(taps, place, finish, sums)
        } else {
            looked_up_tile::<N, BYTES>(taps, place, finish, sums)
        }
    }
}

/// # Safety
/// As [`tile`].
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn exact_tile<const N: usize, const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    place: [usize; 2],
    finish: &Finish,
    sums: &mut [i32],
) {
    // SAFETY: four bytes are read of the first four.
    let weights =
        |block: &[u8; BYTES]| unsafe { _mm512_set1_epi32(block.as_ptr().cast::<i32>().read_unaligned()) };
    let add = |sums, codes, weights| _mm512_dpbusd_epi32(sums, codes, weights);
    // SAFETY: the caller's promise.
    unsafe { tile_of::<N, BYTES>(taps, place, finish, sums, weights, add) }
}

/// # Safety
/// As [`tile`].
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512vnni,avx512vbmi")]
unsafe fn looked_up_tile<const N: usize, const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    place: [usize; 2],
    finish: &Finish,
    sums: &mut [i32],
) {
    let ones = _mm512_set1_epi8(1);
    // SAFETY: a block that is looked up in has 64 bytes.
    let products = |block: &[u8; BYTES]| unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let add =
        |sums, codes, products| _mm512_dpbusd_epi32(sums, _mm512_permutexvar_epi8(codes, products), ones);
    // SAFETY: the caller's promise.
    unsafe { tile_of::<N, BYTES>(taps, place, finish, sums, products, add) }
}

/// # Safety
/// As [`tile`]; the two functions read no more than a block's bytes.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn tile_of<const N: usize, const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    [start, columns]: [usize; 2],
    finish: &Finish,
    sums: &mut [i32],
    weights_of: impl Fn(&[u8; BYTES]) -> __m512i,
    add: impl Fn(__m512i, __m512i, __m512i) -> __m512i,
) {
    // SAFETY: the caller has the instructions, and 192 bytes after every offset.
    unsafe {
        let mut added = [[_mm512_setzero_si512(); 3]; N];
        for (&offset, weights) in taps.offsets.iter().zip(taps.weights) {
            let part =
                |at: usize| _mm512_loadu_si512(taps.codes.as_ptr().add(4 * start + offset + 64 * at).cast());
            let codes = [part(0), part(1), part(2)];
            for (added, weights) in added.iter_mut().zip(weights) {
                let weights = weights_of(weights);
                for (added, codes) in added.iter_mut().zip(codes) {
                    *added = add(*added, codes, weights);
                }
            }
        }
        let scale = _mm512_set1_epi32(finish.scale);
        for (channel, added) in added.iter().enumerate() {
            let constant = _mm512_set1_epi32(finish.constants[channel]);
            for (at, added) in added.iter().enumerate() {
                let place = channel * columns + start + 16 * at;
                let sums = &mut sums[place..place + 16];
                let finished = _mm512_mullo_epi32(_mm512_add_epi32(*added, constant), scale);
                // Sixteen sums of 32 bits fill the 64 bytes that are read and written.
                let before = if finish.on_top {
                    _mm512_loadu_si512(sums.as_ptr().cast())
                } else {
                    _mm512_setzero_si512()
                };
                _mm512_storeu_si512(sums.as_mut_ptr().cast(), _mm512_add_epi32(before, finished));
            }
        }
    }
}

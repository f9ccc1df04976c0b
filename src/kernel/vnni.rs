//! Exact products of bytes, four at a time in each lane: terms of a factored table as `vpdpbusd` sums them.
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

/// What the sums of a filter become: scale · (sum + constant), on top of what is there where another term was before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finish {
    pub(super) scale: i32,
    pub(super) constants: [i32; CHANNELS],
    pub(super) on_top: bool,
}

/// Codes and weights of one term.
#[derive(Clone, Copy)]
pub(super) struct Taps<'a> {
    /// Four channels of each position next to one another.
    pub(super) codes: &'a [u8],
    /// Where position 0 finds each block of four channels.
    pub(super) offsets: &'a [usize],
    /// For each block four weights of each output channel.
    pub(super) weights: &'a [[[i8; 4]; CHANNELS]],
}

/// Sums products for some output channels, `columns` positions each. Sums wrap at 32 bits.
///
/// # Panics
/// When the processor lacks the instructions, there are more than eight channels, positions are no multiple of 48, or
/// blocks end beyond the codes.
pub(super) fn sum(taps: Taps<'_>, columns: usize, finish: &Finish, sums: &mut [i32]) {
    assert!(supported(), "the caller has asked");
    let reach = taps.offsets.iter().max().map_or(0, |offset| offset + 4 * columns);
    assert!(columns.is_multiple_of(POSITIONS) && sums.len().is_multiple_of(columns), "whole tiles");
    assert!(reach <= taps.codes.len() && taps.offsets.len() == taps.weights.len(), "codes for every block");
    for start in (0..columns).step_by(POSITIONS) {
        // SAFETY: the instructions are there, every block's codes end within the slice, and so do a channel's sums.
        #[allow(unsafe_code)]
        unsafe {
            match sums.len() / columns {
                1 => tile::<1>(taps, [start, columns], finish, sums),
                2 => tile::<2>(taps, [start, columns], finish, sums),
                3 => tile::<3>(taps, [start, columns], finish, sums),
                4 => tile::<4>(taps, [start, columns], finish, sums),
                5 => tile::<5>(taps, [start, columns], finish, sums),
                6 => tile::<6>(taps, [start, columns], finish, sums),
                7 => tile::<7>(taps, [start, columns], finish, sums),
                8 => tile::<8>(taps, [start, columns], finish, sums),
                count => panic!("{count} channels, at most {CHANNELS} are summed together"),
            }
        }
    }
}

/// # Safety
/// The processor needs AVX-512 F and VNNI; 192 bytes of codes follow every offset behind `start`, and `N` rows of
/// `columns` sums have 48 of them from `start` on.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn tile<const N: usize>(
    taps: Taps<'_>,
    [start, columns]: [usize; 2],
    finish: &Finish,
    sums: &mut [i32],
) {
    let mut added = [[_mm512_setzero_si512(); 3]; N];
    for (&offset, weights) in taps.offsets.iter().zip(taps.weights) {
        // SAFETY: the caller has 192 bytes after every offset.
        let part = |at: usize| unsafe {
            _mm512_loadu_si512(taps.codes.as_ptr().add(4 * start + offset + 64 * at).cast())
        };
        let codes = [part(0), part(1), part(2)];
        for (added, weights) in added.iter_mut().zip(weights) {
            let weights = _mm512_set1_epi32(i32::from_le_bytes(weights.map(|weight| weight as u8)));
            for (added, codes) in added.iter_mut().zip(codes) {
                *added = _mm512_dpbusd_epi32(*added, codes, weights);
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
            // SAFETY: sixteen sums of 32 bits fill the 64 bytes that are read and written.
            unsafe {
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

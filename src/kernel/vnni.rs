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

/// Sums the products of codes and weights for some output channels, one row of `sums` each.
///
/// `codes` holds four channels of each position next to one another; `offsets` says where position 0 finds each block
/// of four, `weights` has four weights of each channel for each block. Sums wrap at 32 bits. False where the processor
/// lacks the instructions.
///
/// # Panics
/// When there are more than eight channels, rows are no multiple of 48 positions, or blocks end beyond the codes.
pub(super) fn add(
    codes: &[u8],
    offsets: &[usize],
    weights: &[[[i8; 4]; CHANNELS]],
    sums: &mut [Vec<i32>],
) -> bool {
    if !supported() {
        return false;
    }
    let columns = sums.first().map_or(0, Vec::len);
    let reach = offsets.iter().max().map_or(0, |offset| offset + 4 * columns);
    assert!(
        columns.is_multiple_of(POSITIONS) && sums.iter().all(|sums| sums.len() == columns),
        "whole tiles"
    );
    assert!(reach <= codes.len() && offsets.len() == weights.len(), "codes for every block");
    for start in (0..columns).step_by(POSITIONS) {
        let tile = Tile { codes: &codes[4 * start..], offsets, weights, start };
        // SAFETY: the instructions were detected above, and every block's codes end within the slice.
        #[allow(unsafe_code)]
        unsafe {
            match sums.len() {
                0 => {}
                1 => tile.add::<1>(sums),
                2 => tile.add::<2>(sums),
                3 | 4 => tile.add::<4>(sums),
                5..=CHANNELS => tile.add::<CHANNELS>(sums),
                _ => panic!("at most {CHANNELS} channels"),
            }
        }
    }
    true
}

struct Tile<'a> {
    codes: &'a [u8],
    offsets: &'a [usize],
    weights: &'a [[[i8; 4]; CHANNELS]],
    start: usize,
}

impl Tile<'_> {
    /// # Safety
    /// The processor needs AVX-512 F and VNNI; 192 bytes of codes follow every offset.
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn add<const N: usize>(&self, sums: &mut [Vec<i32>]) {
        let mut added = [[_mm512_setzero_si512(); 3]; N];
        for (&offset, weights) in self.offsets.iter().zip(self.weights) {
            // SAFETY: the caller has 192 bytes after every offset.
            let part =
                |at: usize| unsafe { _mm512_loadu_si512(self.codes.as_ptr().add(offset + 64 * at).cast()) };
            let codes = [part(0), part(1), part(2)];
            for (added, weights) in added.iter_mut().zip(weights) {
                let weights = _mm512_set1_epi32(i32::from_le_bytes(weights.map(|weight| weight as u8)));
                for (added, codes) in added.iter_mut().zip(codes) {
                    *added = _mm512_dpbusd_epi32(*added, codes, weights);
                }
            }
        }
        for (added, sums) in added.iter().zip(sums) {
            for (added, sums) in added.iter().zip(sums[self.start..].chunks_exact_mut(16)) {
                // SAFETY: sixteen sums of 32 bits fill the 64 bytes that are read and written.
                unsafe {
                    let before = _mm512_loadu_si512(sums.as_ptr().cast());
                    _mm512_storeu_si512(sums.as_mut_ptr().cast(), _mm512_add_epi32(before, *added));
                }
            }
        }
    }
}

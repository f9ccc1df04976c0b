//! Streams of codes side by side: code after code of one after the other.

use crate::simd::Level;

/// The most streams that stand side by side.
pub(super) const MOST: usize = 32;

/// Rows of codes: so many cells each, one row `pitch` after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub(super) rows: usize,
    pub(super) cells: usize,
    /// Between neighbouring rows of a stream.
    pub(super) pitch: usize,
    /// Between neighbouring rows of all streams side by side.
    pub(super) pitch_together: usize,
    /// Every so many codes of a stream are taken.
    pub(super) step: usize,
}

/// Streams, two or a greater power of two up to [`MOST`] of them, side by side.
pub(super) fn interleave(to: &mut [u8], from: &[&[u8]], rows: Rows, level: Level) {
    match from.len() {
        2 => interleave_of::<2>(to, from, rows, level),
        4 => interleave_of::<4>(to, from, rows, level),
        8 => interleave_of::<8>(to, from, rows, level),
        16 => interleave_of::<16>(to, from, rows, level),
        32 => interleave_of::<32>(to, from, rows, level),
        count => unreachable!("{count} streams"),
    }
}

fn interleave_of<const N: usize>(to: &mut [u8], from: &[&[u8]], rows: Rows, level: Level) {
    let from: &[&[u8]; N] = from.try_into().expect("N streams");
    let done = in_registers(to, from, rows, level);
    for row in done..rows.rows {
        let to = &mut to[row * rows.pitch_together..][..rows.cells * N];
        for (cell, to) in to.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            for (to, from) in to.iter_mut().zip(from) {
                *to = from[row * rows.pitch + cell * rows.step];
            }
        }
    }
}

/// How many of the first rows are done in registers.
#[cfg(target_arch = "x86_64")]
fn in_registers<const N: usize>(to: &mut [u8], from: &[&[u8]; N], rows: Rows, level: Level) -> usize {
    // Registers read whole steps, which the last row may not have.
    let whole = |from: &&[u8]| (from.len() + rows.pitch).saturating_sub(rows.cells * rows.step) / rows.pitch;
    let count = from.iter().map(whole).min().unwrap_or(0).min(rows.rows);
    let rows = Rows { rows: count, ..rows };
    if rows.cells < 8 || rows.step > 2 || count == 0 {
        return 0;
    }
    let end = (count - 1) * rows.pitch_together + rows.cells * N;
    assert!(
        end <= to.len()
            && from.iter().all(|from| (count - 1) * rows.pitch + rows.cells * rows.step <= from.len())
    );
    let registers = N <= 8 && rows.cells * N >= 64 && super::super::avx512::supported(level);
    // SAFETY: the instructions were detected; all rows lie within their slices.
    #[allow(unsafe_code)]
    unsafe {
        match rows.step {
            1 if registers => registers_of::<N, 1>(to, from, rows),
            2 if registers => registers_of::<N, 2>(to, from, rows),
            1 => eights_of::<N, 1>(to, from, rows),
            _ => eights_of::<N, 2>(to, from, rows),
        }
    }
    count
}

#[cfg(not(target_arch = "x86_64"))]
fn in_registers<const N: usize>(_: &mut [u8], _: &[&[u8]; N], _: Rows, _: Level) -> usize {
    0
}

/// 64 codes of all streams at once; the last ones of a row may begin among others.
///
/// # Safety
/// The processor needs AVX-512 F, BW and VBMI; slices have all rows, whose cells are at least 64 / N, each with all codes
/// of its step, one or two.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn registers_of<const N: usize, const STEP: usize>(to: &mut [u8], from: &[&[u8]; N], rows: Rows) {
    use std::arch::x86_64::*;
    let own = 64 / N;
    let order: [u8; 64] = std::array::from_fn(|at| (at % N * own * STEP + at / N * STEP) as u8);
    // SAFETY: 64 bytes are read; of each stream, 64 / N steps from a cell that as many follow, and as many cells are written.
    unsafe {
        let order = _mm512_loadu_si512(order.as_ptr().cast());
        for row in 0..rows.rows {
            let to = to.as_mut_ptr().add(row * rows.pitch_together);
            for start in (0..rows.cells - own).step_by(own).chain([rows.cells - own]) {
                let part = |at: usize| from[at].as_ptr().add(row * rows.pitch + start * STEP);
                let together = match STEP {
                    1 => _mm512_permutexvar_epi8(order, joined(part, own, 0)),
                    _ => _mm512_permutex2var_epi8(joined(part, 2 * own, 0), order, joined(part, 2 * own, 1)),
                };
                _mm512_storeu_si512(to.add(N * start).cast(), together);
            }
        }
    }
}

/// So many bytes of each stream one after the other, of which one half or the other fills a register.
///
/// # Safety
/// The processor needs AVX-512 F; behind the pointer to each stream are as many bytes.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn joined(
    stream: impl Fn(usize) -> *const u8,
    bytes: usize,
    half: usize,
) -> std::arch::x86_64::__m512i {
    use std::arch::x86_64::*;
    let first = 64 * half;
    // SAFETY: the caller's promise.
    unsafe {
        let eight = |at: usize| _mm_loadl_epi64(stream(at / bytes).add(at % bytes).cast());
        let sixteen = |at: usize| match bytes {
            8 => _mm_unpacklo_epi64(eight(at), eight(at + 8)),
            _ => _mm_loadu_si128(stream(at / bytes).add(at % bytes).cast()),
        };
        let all = _mm512_castsi128_si512(sixteen(first));
        let all = _mm512_inserti32x4::<1>(all, sixteen(first + 16));
        let all = _mm512_inserti32x4::<2>(all, sixteen(first + 32));
        _mm512_inserti32x4::<3>(all, sixteen(first + 48))
    }
}

/// Eight codes of each stream at once; the last eight of a row may begin among others.
///
/// Merging the first half of all bytes with the second moves the highest bit of a byte's place to the lowest: after as
/// many times as a stream's number has bits, the number stands below the place in the stream.
///
/// # Safety
/// Slices have all rows, whose cells are at least eight, each with all codes of its step.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
unsafe fn eights_of<const N: usize, const STEP: usize>(to: &mut [u8], from: &[&[u8]; N], rows: Rows) {
    use std::arch::x86_64::*;
    let starts = || (0..rows.cells - 8).step_by(8).chain([rows.cells - 8]);
    for (row, start) in (0..rows.rows).flat_map(|row| starts().map(move |start| (row, start))) {
        // SAFETY: every processor of this kind has the instructions; they read eight steps of each stream from a cell
        // that seven more follow, and write the eight cells.
        unsafe {
            let eight = |at: usize| {
                let from = from[at].as_ptr().add(row * rows.pitch + start * STEP);
                match STEP {
                    1 => _mm_loadl_epi64(from.cast()),
                    _ => {
                        let pairs = _mm_and_si128(_mm_loadu_si128(from.cast()), _mm_set1_epi16(0xff));
                        _mm_packus_epi16(pairs, pairs)
                    }
                }
            };
            let to = to.as_mut_ptr().add(row * rows.pitch_together + N * start).cast::<__m128i>();
            let mut merged = [_mm_setzero_si128(); MOST / 2];
            for (at, merged) in merged.iter_mut().enumerate().take(N / 2) {
                *merged = _mm_unpacklo_epi8(eight(at), eight(at + N / 2));
            }
            for _ in 1..N.ilog2() {
                let before = merged;
                for at in 0..N / 4 {
                    let (first, second) = (before[at], before[at + N / 4]);
                    merged[2 * at] = _mm_unpacklo_epi8(first, second);
                    merged[2 * at + 1] = _mm_unpackhi_epi8(first, second);
                }
            }
            for (at, merged) in merged[..N / 2].iter().enumerate() {
                _mm_storeu_si128(to.add(at), *merged);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_stand_side_by_side() {
        let sizes = [(5, 1), (8, 1), (16, 1), (21, 1), (64, 1), (70, 1), (9, 2), (20, 2), (8, 3)];
        for (count, (cells, step)) in [2, 4, 8, 16, 32].into_iter().flat_map(|n| sizes.map(|size| (n, size)))
        {
            let pitch = cells * step + 1;
            // The last row ends with its last code.
            let stream = |stream: usize| {
                (0..2 * pitch + (cells - 1) * step + 1).map(|at| (stream * 37 + at * 11) as u8).collect()
            };
            let streams: Vec<Vec<u8>> = (0..count).map(stream).collect();
            let rows = Rows { rows: 3, cells, pitch, pitch_together: (cells + 2) * count, step };
            let from: Vec<&[u8]> = streams.iter().map(Vec::as_slice).collect();
            for level in Level::ALL {
                let mut together = vec![0; 3 * (cells + 2) * count];
                interleave(&mut together, &from, rows, level);
                for (place, &code) in together.iter().enumerate() {
                    let (row, cell) = (place / rows.pitch_together, place % rows.pitch_together / count);
                    let expected = |stream: &Vec<u8>| stream[row * pitch + cell * step];
                    assert_eq!(code, if cell < cells { expected(&streams[place % count]) } else { 0 });
                }
            }
        }
    }
}

//! Table look-ups in registers: a weight's products as byte planes of 512-bit registers.
//!
//! `vpermi2b` looks 64 codes up in 128 bytes at once; two of them and a blend cover a row of 256. A gather of
//! the same products does about 0.8 elements per cycle, this about 20.

use std::arch::x86_64::*;

use super::form::{Form, Half, Reach};

/// Blocks of 64 columns whose sums stay in registers together.
const BLOCKS: usize = 4;
/// Sums of bytes after which 16-bit sums of them must be widened: 257 · 255 is the most that fits.
const FLUSH: usize = 252;

/// Whether the processor has the instructions.
pub(super) fn supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi")
}

/// What each code becomes.
pub(super) fn mapped(table: &[u8; 256], codes: &[u8]) -> Vec<u8> {
    if !supported() {
        return codes.iter().map(|&code| table[usize::from(code)]).collect();
    }
    // SAFETY: the instructions were detected above.
    #[allow(unsafe_code)]
    unsafe {
        mapped_vbmi(table, codes)
    }
}

/// # Safety
/// The processor needs AVX-512 F, BW and VBMI.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn mapped_vbmi(table: &[u8; 256], codes: &[u8]) -> Vec<u8> {
    let mut mapped = codes.to_vec();
    // SAFETY: four loads of 64 bytes are the table.
    let table_part = |at: usize| unsafe { _mm512_loadu_si512(table.as_ptr().add(64 * at).cast()) };
    let parts = [0, 1, 2, 3].map(table_part);
    let (whole, rest) = mapped.as_chunks_mut::<64>();
    for codes in whole {
        // SAFETY: a chunk has the 64 bytes that are read and written.
        unsafe {
            let code = _mm512_loadu_si512(codes.as_ptr().cast());
            _mm512_storeu_si512(codes.as_mut_ptr().cast(), found(parts, code, _mm512_movepi8_mask(code)));
        }
    }
    rest.iter_mut().for_each(|code| *code = table[usize::from(*code)]);
    mapped
}

/// The bytes of a table of 256 at 64 codes, whose highest bits are the mask.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn found([a, b, c, d]: [__m512i; 4], code: __m512i, upper: __mmask64) -> __m512i {
    // The look-up ignores a code's highest bit.
    let halves = (_mm512_permutex2var_epi8(a, code, b), _mm512_permutex2var_epi8(c, code, d));
    _mm512_mask_blend_epi8(upper, halves.0, halves.1)
}

/// Rows of products as a base and up to two bytes, for codes of one half of the table or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planes([Option<Reach>; 3]);

impl Planes {
    /// Splits rows; `None` when the products of some row span more than 16 bits wherever codes are.
    pub(super) fn split(rows: &[[i32; 256]]) -> Option<Self> {
        let reaches = [Half::Lower, Half::Upper, Half::Both].map(|half| Reach::split(rows, half));
        reaches.iter().any(Option::is_some).then_some(Self(reaches))
    }

    fn reach(&self, half: Half) -> Option<&Reach> {
        self.0[half as usize].as_ref().filter(|_| supported())
    }

    /// Adds the products of every tap to `sums`; false where the processor lacks the instructions, or the products of
    /// these codes span too much.
    ///
    /// `row(k)` gives the codes of tap `k`, one per sum; their number is a multiple of 64. Codes in one half of the table
    /// need half of it in registers, and products that span less need fewer instructions.
    pub(super) fn add<'a>(
        &self,
        sums: &mut [i32],
        weights: &[u8],
        half: Half,
        row: impl Fn(usize) -> &'a [u8],
    ) -> bool {
        let Some(reach) = self.reach(half) else { return false };
        let base = weights.iter().fold(0i32, |sum, &weight| sum.wrapping_add(reach.base(weight)));
        sums.iter_mut().for_each(|sum| *sum = sum.wrapping_add(base));
        for (form, taps) in reach.by_form(weights) {
            let taps: Vec<Tap<'_>> =
                taps.into_iter().map(|k| Tap { codes: row(k), table: reach.row(weights[k]) }).collect();
            match (half == Half::Both, form.planes, form.taps()) {
                (false, 1, 1) => add_form::<2, 1, 1>(sums, &taps, form),
                (false, 1, 2) => add_form::<2, 1, 2>(sums, &taps, form),
                (false, 1, _) => add_form::<2, 1, 4>(sums, &taps, form),
                (false, _, 1) => add_form::<2, 2, 1>(sums, &taps, form),
                (false, _, 2) => add_form::<2, 2, 2>(sums, &taps, form),
                (false, _, _) => add_form::<2, 2, 4>(sums, &taps, form),
                (true, 1, _) => add_form::<4, 1, 1>(sums, &taps, form),
                (true, _, _) => add_form::<4, 2, 1>(sums, &taps, form),
            }
        }
        true
    }

    /// The products of one weight with some codes, a multiple of 64; false where the processor lacks the instructions,
    /// or products span too much.
    pub(super) fn expand(&self, weight: u8, codes: &[u8], products: &mut [i32]) -> bool {
        let Some(reach) = self.reach(Half::Both).filter(|_| codes.len().is_multiple_of(64)) else {
            return false;
        };
        // SAFETY: the instructions were detected above.
        #[allow(unsafe_code)]
        unsafe {
            expand(reach, weight, codes, products)
        };
        true
    }
}

/// # Safety
/// The processor needs AVX-512 F, BW and VBMI; the reach has all codes.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn expand(reach: &Reach, weight: u8, codes: &[u8], products: &mut [i32]) {
    let base = _mm512_set1_epi32(reach.base(weight));
    let shift = _mm_cvtsi32_si128(reach.form(weight).bits as i32);
    let table = registers::<4, 2>(reach.row(weight));
    for (codes, products) in codes.as_chunks::<64>().0.iter().zip(products.as_chunks_mut::<64>().0) {
        // SAFETY: a chunk has the 64 bytes that are read.
        let code = unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) };
        let upper = _mm512_movepi8_mask(code);
        let planes = [found(table[0], code, upper), found(table[1], code, upper)];
        let quarters = [
            [_mm512_extracti32x4_epi32::<0>(planes[0]), _mm512_extracti32x4_epi32::<0>(planes[1])],
            [_mm512_extracti32x4_epi32::<1>(planes[0]), _mm512_extracti32x4_epi32::<1>(planes[1])],
            [_mm512_extracti32x4_epi32::<2>(planes[0]), _mm512_extracti32x4_epi32::<2>(planes[1])],
            [_mm512_extracti32x4_epi32::<3>(planes[0]), _mm512_extracti32x4_epi32::<3>(planes[1])],
        ];
        for ([low, high], products) in quarters.into_iter().zip(products.as_chunks_mut::<16>().0) {
            let high = _mm512_sll_epi32(_mm512_cvtepu8_epi32(high), shift);
            let above = _mm512_or_si512(_mm512_cvtepu8_epi32(low), high);
            // SAFETY: sixteen products of 32 bits fill the 64 bytes that are written.
            unsafe {
                _mm512_storeu_si512(products.as_mut_ptr().cast(), _mm512_add_epi32(base, above));
            }
        }
    }
}

/// The codes that one weight meets, and the planes of its row.
#[derive(Clone, Copy)]
struct Tap<'a> {
    codes: &'a [u8],
    table: &'a [u8],
}

/// The first planes of a row in registers.
#[inline]
#[target_feature(enable = "avx512f")]
fn registers<const PARTS: usize, const PLANES: usize>(table: &[u8]) -> [[__m512i; PARTS]; PLANES] {
    let parts = table.as_chunks::<64>().0;
    // SAFETY: a chunk has the 64 bytes that are read.
    #[allow(unsafe_code)]
    std::array::from_fn(|plane| {
        std::array::from_fn(|part| unsafe { _mm512_loadu_si512(parts[plane * PARTS + part].as_ptr().cast()) })
    })
}

/// Adds taps whose rows have this form: `PLANES` planes of `PARTS` registers, `TAPS` of whose bytes add up to a byte.
fn add_form<const PARTS: usize, const PLANES: usize, const TAPS: usize>(
    sums: &mut [i32],
    taps: &[Tap<'_>],
    form: Form,
) {
    for start in (0..sums.len()).step_by(64 * BLOCKS) {
        let end = (start + 64 * BLOCKS).min(sums.len());
        for taps in taps.chunks(FLUSH) {
            let sums = &mut sums[start..end];
            // SAFETY: the caller has detected the instructions; slices are indexed within their bounds.
            #[allow(unsafe_code)]
            unsafe {
                if sums.len() == 64 * BLOCKS {
                    add_blocks::<BLOCKS, PARTS, PLANES, TAPS>(sums, taps, start, form);
                } else {
                    for (at, sums) in sums.chunks_exact_mut(64).enumerate() {
                        add_blocks::<1, PARTS, PLANES, TAPS>(sums, taps, start + 64 * at, form);
                    }
                }
            }
        }
    }
}

/// Adds taps whose bytes add up to a byte.
#[inline]
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn add_taps<const B: usize, const PARTS: usize, const PLANES: usize, const TAPS: usize>(
    words: &mut [[__m512i; 4]; B],
    taps: &[Tap<'_>],
    start: usize,
) {
    let mut bytes = [[_mm512_setzero_si512(); PLANES]; B];
    for (at, tap) in taps.iter().enumerate() {
        let table = registers::<PARTS, PLANES>(tap.table);
        let codes = &tap.codes[start..start + 64 * B];
        for (block, bytes) in bytes.iter_mut().enumerate() {
            // SAFETY: block B − 1 ends at byte 64·B, where the slice above ends.
            let code = unsafe { _mm512_loadu_si512(codes.as_ptr().add(64 * block).cast()) };
            let upper = if PARTS == 4 { _mm512_movepi8_mask(code) } else { 0 };
            for (plane, bytes) in bytes.iter_mut().enumerate() {
                let own = &table[plane];
                let found = match PARTS {
                    4 => found([own[0], own[1], own[2], own[3]], code, upper),
                    _ => _mm512_permutex2var_epi8(own[0], code, own[1]),
                };
                *bytes = if TAPS == 1 || at == 0 { found } else { _mm512_add_epi8(*bytes, found) };
            }
        }
    }
    for (words, bytes) in words.iter_mut().zip(bytes) {
        for (plane, bytes) in bytes.into_iter().enumerate() {
            words[2 * plane] = _mm512_add_epi16(words[2 * plane], bytes);
            words[2 * plane + 1] = _mm512_add_epi16(words[2 * plane + 1], _mm512_srli_epi16::<8>(bytes));
        }
    }
}

/// At most [`FLUSH`] taps for `B` blocks of 64 columns.
///
/// A vector of bytes is summed twice as 16-bit words: as it is (even + 256 · odd) and shifted down (odd).
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn add_blocks<const B: usize, const PARTS: usize, const PLANES: usize, const TAPS: usize>(
    sums: &mut [i32],
    taps: &[Tap<'_>],
    start: usize,
    form: Form,
) {
    let mut words = [[_mm512_setzero_si512(); 4]; B];
    for taps in taps.chunks(TAPS) {
        // SAFETY: the caller's promise.
        unsafe { add_taps::<B, PARTS, PLANES, TAPS>(&mut words, taps, start) };
    }
    let shift = _mm_cvtsi32_si128(form.bits as i32);
    for (words, sums) in words.iter().zip(sums.chunks_exact_mut(64)) {
        // SAFETY: the caller has the instructions.
        unsafe { widen(words, shift, sums) };
    }
}

/// Adds 64 sums of bytes, [low, low of odd bytes, high, high of odd bytes] as 16-bit words, to sums of 32 bits; high
/// ones are shifted.
///
/// # Safety
/// The processor needs AVX-512 F and BW; `sums` holds 64 of them.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn widen(&[low, low_odd, high, high_odd]: &[__m512i; 4], shift: __m128i, sums: &mut [i32]) {
    let even = |words, odd| _mm512_sub_epi16(words, _mm512_slli_epi16::<8>(odd));
    let (low, high) = (even(low, low_odd), even(high, high_odd));
    let half = |words: __m512i, upper: bool| {
        let part = if upper { _mm512_extracti64x4_epi64::<1>(words) } else { _mm512_castsi512_si256(words) };
        _mm512_cvtepu16_epi32(part)
    };
    let whole =
        |low, high, upper| _mm512_add_epi32(half(low, upper), _mm512_sll_epi32(half(high, upper), shift));
    let first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    let second = _mm512_add_epi32(first, _mm512_set1_epi32(8));
    for (at, sums) in sums.chunks_exact_mut(32).enumerate() {
        let (even, odd) = (whole(low, high, at == 1), whole(low_odd, high_odd, at == 1));
        for (order, sums) in [first, second].into_iter().zip(sums.chunks_exact_mut(16)) {
            let added = _mm512_permutex2var_epi32(even, order, odd);
            // SAFETY: sixteen sums of 32 bits fill the 64 bytes that are read and written.
            unsafe {
                let before = _mm512_loadu_si512(sums.as_ptr().cast());
                _mm512_storeu_si512(sums.as_mut_ptr().cast(), _mm512_add_epi32(before, added));
            }
        }
    }
}

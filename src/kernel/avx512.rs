//! Table look-ups in registers: a weight's 256 products as two byte planes of four 512-bit registers each.
//!
//! `vpermi2b` looks 64 codes up in 128 bytes at once; two of them and a blend cover a row of 256. A gather of
//! the same products does about 0.8 elements per cycle, this about 20.

use std::arch::x86_64::*;

/// Blocks of 64 columns whose sums stay in registers together.
const BLOCKS: usize = 4;
/// Taps after which 16-bit sums of bytes must be widened: 257 · 255 is the most that fits.
const FLUSH: usize = 252;

/// Where in a row of 256 the codes at hand are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Lower,
    Upper,
    Both,
}

impl Half {
    /// The half that holds all of these codes.
    pub(super) fn of(codes: &[u8]) -> Self {
        let (any, all) = codes.iter().fold((0, 0xff), |(any, all), code| (any | code, all & code));
        match (any >> 7, all >> 7) {
            (0, _) => Self::Lower,
            (_, 1) => Self::Upper,
            _ => Self::Both,
        }
    }
}

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
    let part = |at: usize| unsafe { _mm512_loadu_si512(table.as_ptr().add(64 * at).cast()) };
    let [a, b, c, d] = [0, 1, 2, 3].map(part);
    let (whole, rest) = mapped.as_chunks_mut::<64>();
    for codes in whole {
        // SAFETY: a chunk has the 64 bytes that are read and written.
        unsafe {
            let code = _mm512_loadu_si512(codes.as_ptr().cast());
            let halves = (_mm512_permutex2var_epi8(a, code, b), _mm512_permutex2var_epi8(c, code, d));
            let found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(code), halves.0, halves.1);
            _mm512_storeu_si512(codes.as_mut_ptr().cast(), found);
        }
    }
    rest.iter_mut().for_each(|code| *code = table[usize::from(*code)]);
    mapped
}

/// Rows of products as base + low byte + 256 · high byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planes {
    /// Smallest product of each row.
    bases: Vec<i32>,
    /// Low bytes, then high bytes, of each product above its base.
    bytes: Vec<[u8; 512]>,
    /// Whether all high bytes are 0.
    low_alone: bool,
}

impl Planes {
    /// Splits rows; `None` when the products of a row span more than 16 bits.
    pub(super) fn split(rows: &[[i32; 256]]) -> Option<Self> {
        let (mut bases, mut bytes) = (vec![], vec![]);
        for row in rows {
            let base = *row.iter().min()?;
            let mut planes = [0; 512];
            for (at, &product) in row.iter().enumerate() {
                let above = u16::try_from(i64::from(product) - i64::from(base)).ok()?;
                [planes[at], planes[256 + at]] = above.to_le_bytes();
            }
            bases.push(base);
            bytes.push(planes);
        }
        let low_alone = bytes.iter().all(|row: &[u8; 512]| row[256..].iter().all(|&high| high == 0));
        Some(Self { bases, bytes, low_alone })
    }

    /// Adds the products of every tap to `sums`; false where the processor lacks the instructions.
    ///
    /// `row(k)` gives the codes of tap `k`, one per sum; their number is a multiple of 64. Codes in one half of the table
    /// need half of it in registers.
    pub(super) fn add<'a>(
        &self,
        sums: &mut [i32],
        weights: &[u8],
        half: Half,
        row: impl Fn(usize) -> &'a [u8],
    ) -> bool {
        if !supported() {
            return false;
        }
        let base =
            weights.iter().fold(0i32, |sum, &weight| sum.wrapping_add(self.bases[usize::from(weight)]));
        sums.iter_mut().for_each(|sum| *sum = sum.wrapping_add(base));
        match (half, self.low_alone) {
            (Half::Lower, false) => self.add_half::<0, 2>(sums, weights, row),
            (Half::Upper, false) => self.add_half::<1, 2>(sums, weights, row),
            (Half::Both, false) => self.add_half::<2, 2>(sums, weights, row),
            (Half::Lower, true) => self.add_half::<0, 1>(sums, weights, row),
            (Half::Upper, true) => self.add_half::<1, 1>(sums, weights, row),
            (Half::Both, true) => self.add_half::<2, 1>(sums, weights, row),
        }
        true
    }

    /// The products of one weight with some codes, a multiple of 64; false where the processor lacks the instructions.
    pub(super) fn expand(&self, weight: u8, codes: &[u8], products: &mut [i32]) -> bool {
        if !supported() || !codes.len().is_multiple_of(64) {
            return false;
        }
        // SAFETY: the instructions were detected above.
        #[allow(unsafe_code)]
        unsafe {
            self.expand_vbmi(weight, codes, products)
        };
        true
    }

    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn expand_vbmi(&self, weight: u8, codes: &[u8], products: &mut [i32]) {
        let (bytes, base) =
            (&self.bytes[usize::from(weight)], _mm512_set1_epi32(self.bases[usize::from(weight)]));
        // SAFETY: eight loads of 64 bytes lie within the 512 bytes of a row.
        let part = |at: usize| unsafe { _mm512_loadu_si512(bytes.as_ptr().add(64 * at).cast()) };
        let table = [part(0), part(1), part(2), part(3), part(4), part(5), part(6), part(7)];
        for (codes, products) in codes.as_chunks::<64>().0.iter().zip(products.as_chunks_mut::<64>().0) {
            // SAFETY: a chunk has the 64 bytes that are read.
            let code = unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) };
            let upper = _mm512_movepi8_mask(code);
            let mut planes = [code; 2];
            for (plane, found) in planes.iter_mut().enumerate() {
                let [a, b, c, d] = [0, 1, 2, 3].map(|at| table[4 * plane + at]);
                let halves = (_mm512_permutex2var_epi8(a, code, b), _mm512_permutex2var_epi8(c, code, d));
                *found = _mm512_mask_blend_epi8(upper, halves.0, halves.1);
            }
            let quarters = [
                [_mm512_extracti32x4_epi32::<0>(planes[0]), _mm512_extracti32x4_epi32::<0>(planes[1])],
                [_mm512_extracti32x4_epi32::<1>(planes[0]), _mm512_extracti32x4_epi32::<1>(planes[1])],
                [_mm512_extracti32x4_epi32::<2>(planes[0]), _mm512_extracti32x4_epi32::<2>(planes[1])],
                [_mm512_extracti32x4_epi32::<3>(planes[0]), _mm512_extracti32x4_epi32::<3>(planes[1])],
            ];
            for ([low, high], products) in quarters.into_iter().zip(products.as_chunks_mut::<16>().0) {
                let high = _mm512_slli_epi32::<8>(_mm512_cvtepu8_epi32(high));
                let above = _mm512_or_si512(_mm512_cvtepu8_epi32(low), high);
                // SAFETY: sixteen products of 32 bits fill the 64 bytes that are written.
                unsafe {
                    _mm512_storeu_si512(products.as_mut_ptr().cast(), _mm512_add_epi32(base, above));
                }
            }
        }
    }

    fn add_half<'a, const HALF: usize, const PLANES: usize>(
        &self,
        sums: &mut [i32],
        weights: &[u8],
        row: impl Fn(usize) -> &'a [u8],
    ) {
        for start in (0..sums.len()).step_by(64 * BLOCKS) {
            let end = (start + 64 * BLOCKS).min(sums.len());
            for (chunk, weights) in weights.chunks(FLUSH).enumerate() {
                let codes = |k: usize| &row(chunk * FLUSH + k)[start..end];
                let sums = &mut sums[start..end];
                // SAFETY: the caller has detected the instructions; slices are indexed within their bounds.
                #[allow(unsafe_code)]
                unsafe {
                    if sums.len() == 64 * BLOCKS {
                        self.add_blocks::<BLOCKS, HALF, PLANES>(sums, weights, &codes);
                    } else {
                        for at in (0..sums.len()).step_by(64) {
                            let codes = |k: usize| &codes(k)[at..at + 64];
                            self.add_blocks::<1, HALF, PLANES>(&mut sums[at..at + 64], weights, &codes);
                        }
                    }
                }
            }
        }
    }

    /// One chunk of at most [`FLUSH`] taps for `B` blocks of 64 columns.
    ///
    /// A vector of bytes is summed twice as 16-bit words: as it is (even + 256 · odd) and shifted down (odd).
    #[allow(unsafe_code)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn add_blocks<'a, const B: usize, const HALF: usize, const PLANES: usize>(
        &self,
        sums: &mut [i32],
        weights: &[u8],
        codes: &impl Fn(usize) -> &'a [u8],
    ) {
        let mut words = [[_mm512_setzero_si512(); 4]; B];
        for (k, &weight) in weights.iter().enumerate() {
            let table = &self.bytes[usize::from(weight)];
            // SAFETY: eight loads of 64 bytes lie within the 512 bytes of a row.
            let part = |at: usize| unsafe { _mm512_loadu_si512(table.as_ptr().add(64 * at).cast()) };
            let table: [__m512i; 8] = std::array::from_fn(part);
            let codes = &codes(k)[..64 * B];
            for (block, words) in words.iter_mut().enumerate() {
                // SAFETY: block B − 1 ends at byte 64·B, where the slice above ends.
                let code = unsafe { _mm512_loadu_si512(codes.as_ptr().add(64 * block).cast()) };
                let upper = _mm512_movepi8_mask(code);
                for plane in 0..PLANES {
                    // The look-up ignores a code's highest bit.
                    let look_up = |half: usize| {
                        let at = 4 * plane + 2 * half;
                        _mm512_permutex2var_epi8(table[at], code, table[at + 1])
                    };
                    let bytes = match HALF {
                        0 | 1 => look_up(HALF),
                        _ => _mm512_mask_blend_epi8(upper, look_up(0), look_up(1)),
                    };
                    words[2 * plane] = _mm512_add_epi16(words[2 * plane], bytes);
                    words[2 * plane + 1] =
                        _mm512_add_epi16(words[2 * plane + 1], _mm512_srli_epi16::<8>(bytes));
                }
            }
        }
        for (words, sums) in words.iter().zip(sums.chunks_exact_mut(64)) {
            // SAFETY: the caller has the instructions.
            unsafe { widen(words, sums) };
        }
    }
}

/// Adds 64 sums of bytes, [low, low of odd bytes, high, high of odd bytes] as 16-bit words, to sums of 32 bits.
///
/// # Safety
/// The processor needs AVX-512 F and BW; `sums` holds 64 of them.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn widen(&[low, low_odd, high, high_odd]: &[__m512i; 4], sums: &mut [i32]) {
    let even = |words, odd| _mm512_sub_epi16(words, _mm512_slli_epi16::<8>(odd));
    let (low, high) = (even(low, low_odd), even(high, high_odd));
    let half = |words: __m512i, upper: bool| {
        let part = if upper { _mm512_extracti64x4_epi64::<1>(words) } else { _mm512_castsi512_si256(words) };
        _mm512_cvtepu16_epi32(part)
    };
    let whole =
        |low, high, upper| _mm512_add_epi32(half(low, upper), _mm512_slli_epi32::<8>(half(high, upper)));
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

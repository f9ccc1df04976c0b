//! Table look-ups in registers: a weight's products as byte planes of 512-bit registers.
//!
//! `vpermi2b` looks 64 codes up in 128 bytes at once; two of them and a blend cover a row of 256. A gather of
//! the same products does about 0.8 elements per cycle, this about 20.

use std::arch::x86_64::*;

use super::cost::{self, Use};
use super::form::{Form, Half, Reach, Tap};
use super::looked_up::{self, Block, UNIT, UNITS};
use super::{Geometry, Operands};

/// Units at once where sums have two bytes: twice as many would not leave registers for tables.
const HALF: usize = UNITS / 2;
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
    // The look-up ignores a code's highest bit, and leaves codes outside its mask for the other one.
    let lower = _mm512_mask2_permutex2var_epi8(a, code, !upper, b);
    _mm512_mask2_permutex2var_epi8(c, lower, upper, d)
}

/// The bytes at 64 codes in a table of 256 or, of codes in one half, 128.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) fn found_in<const PARTS: usize>(table: [__m512i; PARTS], code: __m512i) -> __m512i {
    match table[..] {
        [a, b, c, d] => found([a, b, c, d], code, _mm512_movepi8_mask(code)),
        _ => _mm512_permutex2var_epi8(table[0], code, table[1]),
    }
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

    /// What a product costs, on the mean over weights; `None` where the processor lacks the instructions, or the products
    /// of some weight span too much.
    pub(super) fn cost(&self, asked: &Use<'_>) -> Option<f32> {
        let reach = self.reach(asked.half())?;
        let every: Vec<u8>;
        let weights = match asked.weights {
            [] => {
                every = (0..=255).collect();
                &every
            }
            weights => weights,
        };
        // Some thousand of them tell as much as all.
        let some = weights.iter().step_by(weights.len().div_ceil(4096));
        let count = some.len();
        let sum: f32 = some.map(|&weight| cost::looked_up(reach.form(weight), asked.half())).sum();
        Some(sum / count as f32)
    }

    /// Those of all output channels; `None` where the processor lacks the instructions, or the products of these codes
    /// span too much.
    pub(super) fn filters(&self, geometry: &Geometry, operands: &Operands<'_>) -> Option<Vec<Filter<'_>>> {
        let half = Use::of(geometry, operands).half();
        (0..geometry.out_channels)
            .map(|channel| self.filter(half, geometry.filter(operands.weights, channel)))
            .collect()
    }

    /// The rows of a filter's weights, in the order of its taps; `None` where the processor lacks the instructions, or the
    /// products of codes of this half span too much.
    ///
    /// Codes in one half of the table need half of it in registers, and products that span less need fewer instructions.
    fn filter(&self, half: Half, weights: &[u8]) -> Option<Filter<'_>> {
        let reach = self.reach(half)?;
        let base = weights.iter().fold(0i32, |sum, &weight| sum.wrapping_add(reach.base(weight)));
        Some(Filter { half, base, reach, parts: reach.by_form(weights) })
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

/// The first planes of a row in registers.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn registers<const PARTS: usize, const PLANES: usize>(table: &[u8]) -> [[__m512i; PARTS]; PLANES] {
    let parts = table.as_chunks::<64>().0;
    // SAFETY: a chunk has the 64 bytes that are read.
    #[allow(unsafe_code)]
    std::array::from_fn(|plane| {
        std::array::from_fn(|part| unsafe { _mm512_loadu_si512(parts[plane * PARTS + part].as_ptr().cast()) })
    })
}

/// The taps of an output channel by the form of their rows, the cheapest first.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    half: Half,
    /// What the bases of all rows add up to.
    base: i32,
    reach: &'a Reach,
    parts: Vec<(Form, Vec<Tap>)>,
}

impl looked_up::Filter for Filter<'_> {
    fn sum(&self, block: Block<'_>, sums: &mut [i32]) {
        sums.fill(self.base);
        assert_eq!(sums.len(), block.starts.len() * UNIT, "a sum for each position");
        let mut rest = sums;
        for block in block.parts() {
            let (sums, others) = rest.split_at_mut(block.starts.len() * UNIT);
            match block.starts.len() {
                UNITS => self.sum_units::<UNITS, HALF>(block, sums),
                HALF => self.sum_units::<HALF, HALF>(block, sums),
                _ => self.sum_units::<1, 1>(block, sums),
            }
            rest = others;
        }
    }
}

impl Filter<'_> {
    /// `B` units, `H` at once where sums have two bytes.
    fn sum_units<const B: usize, const H: usize>(&self, block: Block<'_>, sums: &mut [i32]) {
        block.check();
        // SAFETY: a filter is made where the instructions are; every tap's codes end within the slice.
        #[allow(unsafe_code)]
        unsafe {
            sum_parts::<B, H>(self, block, sums)
        }
    }
}

/// Sums of bytes as 16-bit words: [low, low of odd bytes, high, high of odd bytes] of each unit.
///
/// A vector of bytes is summed twice: as it is (even + 256 · odd) and shifted down (odd).
type Words<const B: usize> = [[__m512i; 4]; B];

/// # Safety
/// The processor needs AVX-512 F, BW and VBMI; 64 bytes of codes follow every offset behind each of `B` starts.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn sum_parts<const B: usize, const H: usize>(filter: &Filter<'_>, block: Block<'_>, sums: &mut [i32]) {
    let mut words: Words<B> = [[_mm512_setzero_si512(); 4]; B];
    let mut added = 0;
    let mut shift = 0;
    for (form, taps) in &filter.parts {
        for taps in taps.chunks(FLUSH) {
            // High bytes of another form stand for other bits.
            if added + taps.len() > FLUSH || shift != 0 {
                widen_all(&mut words, shift, block.side, sums);
                added = 0;
            }
            shift = if form.planes == 2 { form.bits } else { 0 };
            added += taps.len().div_ceil(form.taps());
            // SAFETY: the caller's promise.
            unsafe {
                if form.planes == 1 {
                    let add = match (filter.half == Half::Both, form.taps()) {
                        (false, 1) => add_taps::<B, 2, 1, 1>,
                        (false, 2) => add_taps::<B, 2, 1, 2>,
                        (false, _) => add_taps::<B, 2, 1, 4>,
                        (true, _) => add_taps::<B, 4, 1, 1>,
                    };
                    add(&mut words, filter.reach, taps, block);
                    continue;
                }
                let add = match (filter.half == Half::Both, form.taps()) {
                    (false, 1) => add_taps::<H, 2, 2, 1>,
                    (false, 2) => add_taps::<H, 2, 2, 2>,
                    (false, _) => add_taps::<H, 2, 2, 4>,
                    (true, _) => add_taps::<H, 4, 2, 1>,
                };
                for (words, starts) in
                    words.as_chunks_mut::<H>().0.iter_mut().zip(block.starts.chunks_exact(H))
                {
                    add(words, filter.reach, taps, Block { starts, ..block });
                }
            }
        }
    }
    widen_all(&mut words, shift, block.side, sums);
}

/// Adds at most [`FLUSH`] taps, `TAPS` of whose bytes add up to a byte, in `PLANES` planes of `PARTS` registers.
///
/// # Safety
/// As [`sum_parts`].
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn add_taps<const B: usize, const PARTS: usize, const PLANES: usize, const TAPS: usize>(
    words: &mut Words<B>,
    reach: &Reach,
    taps: &[Tap],
    block: Block<'_>,
) {
    let mut own = *words;
    // SAFETY: the caller's promise.
    let units: [*const u8; B] =
        std::array::from_fn(|at| unsafe { block.codes.as_ptr().add(block.starts[at]) });
    for taps in taps.chunks(TAPS) {
        let mut bytes = [[_mm512_setzero_si512(); PLANES]; B];
        for (at, tap) in taps.iter().enumerate() {
            let table = registers::<PARTS, PLANES>(reach.row(tap.weight));
            let offset = block.offsets[tap.at as usize];
            for unit in 0..B {
                // SAFETY: the caller's promise.
                let code = unsafe { _mm512_loadu_si512(units[unit].add(offset).cast()) };
                for plane in 0..PLANES {
                    let (found, bytes) = (found_in(table[plane], code), &mut bytes[unit][plane]);
                    *bytes = if TAPS == 1 || at == 0 { found } else { _mm512_add_epi8(*bytes, found) };
                }
            }
        }
        for unit in 0..B {
            for plane in 0..PLANES {
                let bytes = bytes[unit][plane];
                let [even, odd] = [2 * plane, 2 * plane + 1];
                own[unit][even] = _mm512_add_epi16(own[unit][even], bytes);
                own[unit][odd] = _mm512_add_epi16(own[unit][odd], _mm512_srli_epi16::<8>(bytes));
            }
        }
    }
    *words = own;
}

/// Moves sums of bytes to those of 32 bits.
#[target_feature(enable = "avx512f,avx512bw")]
fn widen_all<const B: usize>(words: &mut Words<B>, shift: u32, side: usize, sums: &mut [i32]) {
    let shift = _mm_cvtsi32_si128(shift as i32);
    for (words, sums) in words.iter().zip(sums.chunks_exact_mut(UNIT)) {
        // SAFETY: the caller has the instructions; a chunk has 64 sums.
        #[allow(unsafe_code)]
        unsafe {
            widen(words, shift, side, sums)
        };
    }
    *words = [[_mm512_setzero_si512(); 4]; B];
}

/// Adds 64 sums of bytes, [low, low of odd bytes, high, high of odd bytes] as 16-bit words, to sums of 32 bits, samples
/// [`apart`]; high ones are shifted.
///
/// # Safety
/// The processor needs AVX-512 F and BW; `sums` holds 64 of them.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) unsafe fn widen(words: &[__m512i; 4], shift: __m128i, side: usize, sums: &mut [i32]) {
    let &[low, low_odd, high, high_odd] = words;
    let even = |words, odd| _mm512_sub_epi16(words, _mm512_slli_epi16::<8>(odd));
    let (low, high) = (even(low, low_odd), even(high, high_odd));
    let half = |words: __m512i, upper: bool| {
        let part = if upper { _mm512_extracti64x4_epi64::<1>(words) } else { _mm512_castsi512_si256(words) };
        _mm512_cvtepu16_epi32(part)
    };
    let whole =
        |low, high, upper| _mm512_add_epi32(half(low, upper), _mm512_sll_epi32(half(high, upper), shift));
    let (even, odd) = (
        [false, true].map(|upper| whole(low, high, upper)),
        [false, true].map(|upper| whole(low_odd, high_odd, upper)),
    );
    // Of samples side by side, the even ones are in even bytes.
    let pairs = if side == 1 { [[even[0], odd[0]], [even[1], odd[1]]] } else { [even, odd] };
    let orders = ORDERS[side.ilog2() as usize].as_chunks::<16>().0;
    for (pair, sums) in pairs.into_iter().zip(sums.as_chunks_mut::<32>().0) {
        for (order, sums) in orders.iter().zip(sums.as_chunks_mut::<16>().0) {
            // SAFETY: sixteen numbers of 32 bits are the 64 bytes that are read and written.
            unsafe {
                let order = _mm512_loadu_si512(order.as_ptr().cast());
                let added = _mm512_permutex2var_epi32(pair[0], order, pair[1]);
                let before = _mm512_loadu_si512(sums.as_ptr().cast());
                _mm512_storeu_si512(sums.as_mut_ptr().cast(), _mm512_add_epi32(before, added));
            }
        }
    }
}

/// For 1, 2, 4, 8 or 16 samples side by side, where the sums of half a unit stand: among those of even and of odd bytes of
/// 32 neighbours where samples are alone, else among every second one of 64.
const ORDERS: [[i32; 32]; 5] = {
    let mut orders = [[0; 32]; 5];
    let mut at = 0;
    while at < 5 * 32 {
        let (side, place) = (1usize << (at / 32), at % 32);
        orders[at / 32][place] = match side {
            1 => place % 2 * 16 + place / 2,
            _ => place % (UNIT / side) * (side / 2) + place / (UNIT / side),
        } as i32;
        at += 1;
    }
    orders
};

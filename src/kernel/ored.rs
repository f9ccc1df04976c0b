//! The low bits of a filter's products combined by OR.

use super::aligned::Aligned;
#[cfg(target_arch = "x86_64")]
use super::avx512;
#[cfg(target_arch = "x86_64")]
use super::cost::Use;
use super::field::set_apart;
#[cfg(target_arch = "x86_64")]
use super::form::Half;
#[cfg(target_arch = "x86_64")]
use super::looked_up::UNITS;
use super::looked_up::{Block, Filter, UNIT};
use super::split::LowPart;
use super::{Geometry, Operands};
use crate::simd;

#[cfg(target_arch = "x86_64")]
const HALF: usize = UNITS / 2;
/// Codes of an operand.
const CODES: usize = 256;

/// The low bits of all products, low bytes and high bytes of a row apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LowBits {
    /// Bytes of a product.
    planes: usize,
    bytes: Aligned,
}

impl LowBits {
    /// At most 16 of them.
    pub(super) fn new(products: &[i32], bits: u32) -> Self {
        let planes = bits.div_ceil(8) as usize;
        let mask = (1u32 << bits) - 1;
        let byte = |product: &i32, plane: usize| ((*product as u32 & mask) >> (8 * plane)) as u8;
        let row = |row: &[i32]| {
            (0..planes)
                .flat_map(|plane| row.iter().map(move |product| byte(product, plane)))
                .collect::<Vec<_>>()
        };
        let bytes: Vec<u8> = products.chunks_exact(CODES).flat_map(row).collect();
        Self { planes, bytes: bytes[..].into() }
    }

    fn row(&self, weight: u8) -> &[u8] {
        let length = self.planes * CODES;
        &self.bytes[usize::from(weight) * length..][..length]
    }

    /// Whether all low bits of a product are 0.
    pub(super) fn is_zero(&self, weight: u8, code: u8) -> bool {
        self.row(weight).iter().skip(usize::from(code)).step_by(CODES).all(|&byte| byte == 0)
    }
}

/// What a filter adds: the low bits of all its products.
pub(super) struct Ored<'a> {
    part: LowPart,
    planes: usize,
    /// The rows of its weights.
    rows: Vec<&'a [u8]>,
    #[cfg(target_arch = "x86_64")]
    half: Half,
}

impl<'a> Ored<'a> {
    /// Those of all output channels.
    pub(super) fn filters(
        low: &'a LowBits,
        part: LowPart,
        geometry: &Geometry,
        operands: &Operands<'_>,
    ) -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let half = Use::of(geometry, operands).half();
        let filter = |channel| Self {
            part,
            planes: low.planes,
            rows: geometry.filter(operands.weights, channel).iter().map(|&weight| low.row(weight)).collect(),
            #[cfg(target_arch = "x86_64")]
            half,
        };
        (0..geometry.out_channels).map(filter).collect()
    }

    /// The path that runs on any processor.
    fn portable(&self, block: Block<'_>, sums: &mut [i32]) {
        sums.fill(0);
        for (tap, row) in self.rows.iter().enumerate() {
            for (codes, sums) in block.codes(tap).zip(sums.chunks_exact_mut(UNIT)) {
                for (sum, &code) in sums.iter_mut().zip(codes) {
                    let bytes = row.iter().skip(usize::from(code)).step_by(CODES).enumerate();
                    *sum |= bytes.map(|(plane, &byte)| i32::from(byte) << (8 * plane)).sum::<i32>();
                }
            }
        }
        set_apart::<UNIT>(sums, block.side);
    }

    #[cfg(target_arch = "x86_64")]
    fn in_registers(&self, block: Block<'_>, sums: &mut [i32]) -> bool {
        if !avx512::supported() {
            return false;
        }
        block.check();
        let mut rest = sums;
        for block in block.parts() {
            let (sums, others) = rest.split_at_mut(block.starts.len() * UNIT);
            match block.starts.len() {
                UNITS => self.or_units::<UNITS>(block, sums),
                HALF => self.or_units::<HALF>(block, sums),
                _ => self.or_units::<1>(block, sums),
            }
            rest = others;
        }
        true
    }

    #[cfg(target_arch = "x86_64")]
    fn or_units<const B: usize>(&self, block: Block<'_>, sums: &mut [i32]) {
        let or = match (self.half, self.planes) {
            (Half::Both, 1) => or_units::<B, 4, 1>,
            (Half::Both, _) => or_units::<B, 4, 2>,
            (_, 1) => or_units::<B, 2, 1>,
            _ => or_units::<B, 2, 2>,
        };
        // SAFETY: the caller has detected the instructions and checked the block.
        #[allow(unsafe_code)]
        unsafe {
            or(&self.rows, self.half, block, sums)
        };
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn in_registers(&self, _: Block<'_>, _: &mut [i32]) -> bool {
        false
    }
}

impl Filter for Ored<'_> {
    fn sum(&self, block: Block<'_>, sums: &mut [i32]) {
        if !self.in_registers(block, sums) {
            self.portable(block, sums);
        }
        let part = self.part;
        simd::widest(
            #[inline(always)]
            move || sums.iter_mut().for_each(|bits| *bits = part.value(*bits | part.ones as i32)),
        );
    }
}

/// The OR of the low bits at each position of `B` units: `PLANES` bytes, looked up in `PARTS` registers.
///
/// # Safety
/// The processor needs AVX-512 F, BW and VBMI; 64 bytes of codes follow every offset behind each of `B` starts.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn or_units<const B: usize, const PARTS: usize, const PLANES: usize>(
    rows: &[&[u8]],
    half: Half,
    block: Block<'_>,
    sums: &mut [i32],
) {
    use std::arch::x86_64::*;
    let first = if half == Half::Upper { CODES / 2 } else { 0 };
    let mut bits = [[_mm512_setzero_si512(); PLANES]; B];
    for (row, offset) in rows.iter().zip(block.offsets) {
        let plane = |plane: usize| avx512::registers::<PARTS, 1>(&row[plane * CODES + first..])[0];
        let tables: [[__m512i; PARTS]; PLANES] = std::array::from_fn(plane);
        for (start, bits) in block.starts.iter().zip(&mut bits) {
            // SAFETY: the caller's promise.
            let code = unsafe { _mm512_loadu_si512(block.codes.as_ptr().add(start + offset).cast()) };
            for (table, bits) in tables.iter().zip(bits) {
                *bits = _mm512_or_si512(*bits, avx512::found_in(*table, code));
            }
        }
    }
    sums.fill(0);
    for (bits, sums) in bits.iter().zip(sums.chunks_exact_mut(UNIT)) {
        let mut words = [_mm512_setzero_si512(); 4];
        for (words, &bits) in words.chunks_exact_mut(2).zip(bits) {
            words.copy_from_slice(&[bits, _mm512_srli_epi16::<8>(bits)]);
        }
        // SAFETY: the caller has the instructions; a chunk has 64 sums.
        unsafe { avx512::widen(&words, _mm_cvtsi32_si128(8), block.side, sums) };
    }
}

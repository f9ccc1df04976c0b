//! Table look-ups in registers: a weight's products as byte planes of 512-bit registers.
//!
//! `vpermi2b` looks 64 codes up in 128 bytes at once; two of them and a blend cover a row of 256. A gather of
//! the same products does about 0.8 elements per cycle, this about 20.

mod filter;
mod put;
mod sliced;
mod taps;

use std::arch::x86_64::*;

pub(super) use self::filter::Filter;
pub(super) use self::put::put;
pub(super) use self::sliced::sliced;
pub(super) use self::taps::Together;
use super::cost::{self, Use};
use super::half::Half;
use super::plan::Form;
use super::reach::{Reach, low_bits};
use crate::simd::{Level, detected};

/// Whether the processor has the instructions, and the level.
pub(super) fn supported(level: Level) -> bool {
    detected!(level, Avx512: "avx512f", "avx512bw", "avx512vbmi")
}

/// What each code becomes.
pub(super) fn mapped(table: &[u8; 256], codes: &[u8], level: Level) -> Vec<u8> {
    if !supported(level) {
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
    let parts = in_registers(table);
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

/// A table of 256 bytes.
#[inline]
#[target_feature(enable = "avx512f")]
fn in_registers(table: &[u8; 256]) -> [__m512i; 4] {
    // SAFETY: four loads of 64 bytes are the table.
    #[allow(unsafe_code)]
    [0, 1, 2, 3].map(|at| unsafe { _mm512_loadu_si512(table.as_ptr().add(64 * at).cast()) })
}

/// The bytes of a table of 256 at 64 codes, whose highest bits are the mask.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn found([a, b, c, d]: [__m512i; 4], code: __m512i, upper: __mmask64) -> __m512i {
    // The look-up ignores a code's highest bit, and leaves codes outside its mask for the other one.
    let lower = _mm512_mask2_permutex2var_epi8(a, code, !upper, b);
    _mm512_mask2_permutex2var_epi8(c, lower, upper, d)
}

/// Rows of products as a base and up to two bytes, for codes of one half of the table or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planes([Option<Reach>; Half::ALL.len()]);

impl Planes {
    /// Splits rows; `None` when the products of some row span more than 16 bits wherever codes are.
    pub(super) fn split(rows: &[[i32; 256]]) -> Option<Self> {
        Self::above(rows, |row| row.iter().copied().min().unwrap_or_default())
    }

    /// The same with bases of 0.
    pub(super) fn whole(rows: &[[i32; 256]]) -> Option<Self> {
        Self::above(rows, |_| 0)
    }

    fn above(rows: &[[i32; 256]], base: impl Fn(&[i32]) -> i32) -> Option<Self> {
        let low_bits = low_bits(rows, &base);
        let reaches = Half::ALL.map(|half| Reach::split(rows, half, low_bits, &base));
        reaches.iter().any(Option::is_some).then_some(Self(reaches))
    }

    fn reach(&self, half: Half, level: Level) -> Option<&Reach> {
        self.0[half as usize].as_ref().filter(|_| supported(level))
    }

    /// What a product costs, on the mean over weights; `None` where the processor lacks the instructions, or the products
    /// of some weight span too much.
    pub(super) fn cost(&self, asked: &Use<'_>) -> Option<f32> {
        let reach = self.reach(asked.half(), asked.level)?;
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
        let (mut two, mut in_pairs) = (0, 0);
        some.filter(|&&weight| reach.planes(weight) == 2).for_each(|&weight| match reach.adds_up(weight) {
            true => in_pairs += 1,
            false => two += 1,
        });
        let low = usize::from(reach.low_adds_up());
        let sum = [(1, 0, count - two - in_pairs), (2, low, two), (2, 2, in_pairs)]
            .map(|(planes, add_up, of)| of as f32 * cost::looked_up(planes, asked.half(), add_up));
        Some(sum.iter().sum::<f32>() / count as f32)
    }

    /// A filter, for operands for which there is a [cost](Self::cost).
    pub(super) fn filter(&self, together: Together) -> Filter<'_> {
        Filter::new(&self.0, together)
    }
}

impl Form for Planes {
    const NAME: &str = "bytes";

    fn gives(&self, weight: u8, row: &[i32; 256]) -> bool {
        let halves = Half::ALL.into_iter().zip(&self.0);
        halves
            .filter_map(|(half, reach)| Some((half, reach.as_ref()?)))
            .all(|(half, reach)| reach.gives(weight, row, half))
    }
}

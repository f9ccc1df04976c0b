//! Products of bytes, four at a time in each lane, as `vpdpbusd` sums them: exact ones, the terms of a factored table,
//! or those that `vpermb` has looked up for four weights in a register.
//!
//! Three registers of sixteen positions and up to eight output channels are summed together, so that eleven loads serve
//! twenty-four instructions of 64 products each.

mod put;

use std::arch::x86_64::*;

use self::put::{put, put_rows, whole_rows};
use super::factored::LANES;
use super::field::Units;
use crate::simd::{Level, detected};

/// Positions of one register.
pub(super) const UNIT: usize = 16;
/// Registers of positions whose sums stay in registers together.
const UNITS: usize = 3;
/// Output channels that are summed together.
pub(super) const CHANNELS: usize = 8;

/// Whether the processor has the instructions, and the level.
pub(super) fn supported(level: Level) -> bool {
    detected!(level, Avx512: "avx512f", "avx512vnni")
}

/// Whether it also has the one that looks four weights' products up.
pub(super) fn looks_up(level: Level) -> bool {
    detected!(level, Avx512: "avx512f", "avx512vnni", "avx512vbmi")
}

/// What the sums of filters become: scale · (sum + constant), and what every filter has besides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finish<'a> {
    pub(super) scale: i32,
    pub(super) constants: [i32; CHANNELS],
    /// One for each position, or none.
    pub(super) besides: &'a [i32],
    /// Whether outputs hold anything but 0, to which it is added.
    pub(super) begun: bool,
}

/// Where the sums of neighbouring output channels belong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) units: &'a Units,
    pub(super) channels: usize,
    /// The first output of the first channel.
    pub(super) first: usize,
    /// Outputs of a channel.
    pub(super) pitch: usize,
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

/// Adds what sums of products become to the outputs of up to eight channels. Sums wrap at 32 bits.
///
/// # Panics
/// When the processor lacks the instructions, there are more than eight channels, or blocks end beyond the codes or
/// outputs beyond their slice.
pub(super) fn sum<const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    place: Place<'_>,
    finish: &Finish<'_>,
    output: &mut [i32],
) {
    let has = if BYTES == EXACT { supported(Level::Avx512) } else { looks_up(Level::Avx512) };
    assert!(has, "the caller has asked");
    let Place { units, channels, first, pitch } = place;
    let farthest = taps.offsets.iter().max().copied().unwrap_or_default();
    let reach = farthest + LANES * (units.last + UNIT);
    assert!(reach <= taps.codes.len() && taps.offsets.len() == taps.weights.len(), "codes for every block");
    assert!(first + (channels - 1) * pitch + units.end <= output.len(), "an output for every sum");
    assert!(finish.besides.is_empty() || finish.besides.len() == units.starts.len() * UNIT, "one a position");
    for at in (0..units.starts.len()).step_by(UNITS) {
        let rows = whole_rows(units, at).filter(|_| finish.besides.is_empty() && pitch > 1);
        let at = (at, rows);
        // SAFETY: the instructions are there, every block's codes end within the slice, and so do a channel's outputs.
        #[allow(unsafe_code)]
        unsafe {
            match channels {
                1 => tile::<1, BYTES>(taps, place, at, finish, output),
                2 => tile::<2, BYTES>(taps, place, at, finish, output),
                3 => tile::<3, BYTES>(taps, place, at, finish, output),
                4 => tile::<4, BYTES>(taps, place, at, finish, output),
                5 => tile::<5, BYTES>(taps, place, at, finish, output),
                6 => tile::<6, BYTES>(taps, place, at, finish, output),
                7 => tile::<7, BYTES>(taps, place, at, finish, output),
                8 => tile::<8, BYTES>(taps, place, at, finish, output),
                count => panic!("{count} channels, at most {CHANNELS} are summed together"),
            }
        }
    }
}

/// # Safety
/// The processor needs AVX-512 F and VNNI, and VBMI to look up; 64 bytes of codes follow every offset behind each start,
/// and outputs end within their slice.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn tile<const N: usize, const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    place: Place<'_>,
    (at, rows): (usize, Option<[usize; UNITS]>),
    finish: &Finish<'_>,
    output: &mut [i32],
) {
    // SAFETY: the caller's promise.
    unsafe {
        if BYTES == EXACT {
            exact_tile::<N, BYTES>(taps, place, (at, rows), finish, output)
        } else {
            looked_up_tile::<N, BYTES>(taps, place, (at, rows), finish, output)
        }
    }
}

/// # Safety
/// As [`tile`].
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn exact_tile<const N: usize, const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    place: Place<'_>,
    (at, rows): (usize, Option<[usize; UNITS]>),
    finish: &Finish<'_>,
    output: &mut [i32],
) {
    // SAFETY: four bytes are read of the first four.
    let weights =
        |block: &[u8; BYTES]| unsafe { _mm512_set1_epi32(block.as_ptr().cast::<i32>().read_unaligned()) };
    let add = |sums, codes, weights| _mm512_dpbusd_epi32(sums, codes, weights);
    // SAFETY: the caller's promise.
    unsafe { tile_of::<N, BYTES>(taps, place, (at, rows), finish, output, weights, add) }
}

/// # Safety
/// As [`tile`].
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512vnni,avx512vbmi")]
unsafe fn looked_up_tile<const N: usize, const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    place: Place<'_>,
    (at, rows): (usize, Option<[usize; UNITS]>),
    finish: &Finish<'_>,
    output: &mut [i32],
) {
    let ones = _mm512_set1_epi8(1);
    // SAFETY: a block that is looked up in has 64 bytes.
    let products = |block: &[u8; BYTES]| unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let add =
        |sums, codes, products| _mm512_dpbusd_epi32(sums, _mm512_permutexvar_epi8(codes, products), ones);
    // SAFETY: the caller's promise.
    unsafe { tile_of::<N, BYTES>(taps, place, (at, rows), finish, output, products, add) }
}

/// # Safety
/// As [`tile`]; the two functions read no more than a block's bytes.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn tile_of<const N: usize, const BYTES: usize>(
    taps: Taps<'_, BYTES>,
    place: Place<'_>,
    (at, rows): (usize, Option<[usize; UNITS]>),
    finish: &Finish<'_>,
    output: &mut [i32],
    weights_of: impl Fn(&[u8; BYTES]) -> __m512i,
    add: impl Fn(__m512i, __m512i, __m512i) -> __m512i,
) {
    // SAFETY: the caller has the instructions, and 64 bytes after every offset.
    unsafe {
        let mut added = [[_mm512_setzero_si512(); UNITS]; N];
        let starts = &place.units.starts[at..];
        // Where units run out, the last one is summed again and left out.
        let unit = |own: usize| taps.codes.as_ptr().add(LANES * starts[own.min(starts.len() - 1)]);
        let units: [*const u8; UNITS] = std::array::from_fn(unit);
        for (&offset, weights) in taps.offsets.iter().zip(taps.weights) {
            let codes = units.map(|unit| _mm512_loadu_si512(unit.add(offset).cast()));
            for (added, weights) in added.iter_mut().zip(weights) {
                let weights = weights_of(weights);
                for (added, codes) in added.iter_mut().zip(codes) {
                    *added = add(*added, codes, weights);
                }
            }
        }
        if let Some(rows) = rows {
            return put_rows(added, place, rows, finish, output);
        }
        // Left by the registers for memory that is near: what becomes of sums shall not take registers from the loop.
        let mut sums = [[[0; UNIT]; UNITS]; N];
        for (sums, added) in sums.iter_mut().zip(added) {
            for (sums, added) in sums.iter_mut().zip(added) {
                _mm512_storeu_si512(sums.as_mut_ptr().cast(), added);
            }
        }
        put(&sums, place, at, finish, output);
    }
}

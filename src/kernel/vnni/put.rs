//! Where the sums of a tile go: added to outputs, in whole rows as registers hold them, else by masks or point by point.

use std::arch::x86_64::*;
use std::array;

use super::super::avx512;
use super::super::field::{Segment, Units, apart};
use super::{CHANNELS, Finish, Place, UNIT, UNITS};

/// Adds what the sums of a tile become to their outputs.
///
/// # Safety
/// The processor needs AVX-512 F; outputs end within their slice.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn put(
    sums: &[[[i32; UNIT]; UNITS]],
    place: Place<'_>,
    at: usize,
    finish: &Finish<'_>,
    output: &mut [i32],
) {
    if place.pitch == 1 {
        // SAFETY: the caller's promise.
        return unsafe { put_points(sums, place, at, finish, output) };
    }
    let units = place.units;
    for (channel, sums) in sums.iter().enumerate() {
        let constant = _mm512_set1_epi32(finish.constants[channel]);
        // SAFETY: sixteen numbers of 32 bits are the 64 bytes that are read and written.
        unsafe {
            let output = output.as_mut_ptr().add(place.first + channel * place.pitch);
            for (unit, sums) in (at..units.starts.len()).zip(sums) {
                let besides = match finish.besides.as_chunks::<UNIT>().0.get(unit) {
                    Some(besides) => _mm512_loadu_si512(besides.as_ptr().cast()),
                    None => _mm512_setzero_si512(),
                };
                let finished = scaled(_mm512_loadu_si512(sums.as_ptr().cast()), constant, finish.scale);
                put_unit(_mm512_add_epi32(finished, besides), units, unit, output, finish.begun);
            }
        }
    }
}

/// Adds them where a channel has one output, so that those of neighbouring channels are neighbours.
///
/// # Safety
/// As [`put`].
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn put_points(
    sums: &[[[i32; UNIT]; UNITS]],
    place: Place<'_>,
    at: usize,
    finish: &Finish<'_>,
    output: &mut [i32],
) {
    let units = place.units;
    let mask = ((1u32 << sums.len()) - 1) as __mmask16;
    let wide = |eight: &[i32; CHANNELS]| array::from_fn(|channel| eight.get(channel).copied().unwrap_or(0));
    // SAFETY: sixteen numbers of 32 bits are the 64 bytes that are read; a mask lets through only outputs of the channels.
    unsafe {
        let load = |numbers: &[i32; UNIT]| _mm512_loadu_si512(numbers.as_ptr().cast());
        let constants = load(&wide(&finish.constants));
        let output = output.as_mut_ptr().add(place.first);
        for unit in at..units.starts.len().min(at + UNITS) {
            let points = points(sums, unit - at);
            for segment in units.segments.get_unchecked(units.ranges[unit].clone()) {
                let own = ORDERS[units.side.ilog2() as usize][segment.from] as usize;
                let besides = finish.besides.get(unit * UNIT + own).copied().unwrap_or(0);
                let finished = scaled(load(&points[own]), constants, finish.scale);
                let finished = _mm512_add_epi32(finished, _mm512_set1_epi32(besides));
                let to = output.add(segment.to);
                let before = match finish.begun {
                    true => _mm512_maskz_loadu_epi32(mask, to),
                    false => _mm512_setzero_si512(),
                };
                _mm512_mask_storeu_epi32(to, mask, _mm512_add_epi32(finished, before));
            }
        }
    }
}

/// The sums of a unit, position after position, each with its channels.
fn points(sums: &[[[i32; UNIT]; UNITS]], unit: usize) -> [[i32; UNIT]; UNIT] {
    let mut points = [[0; UNIT]; UNIT];
    for (channel, sums) in sums.iter().enumerate() {
        for (point, sum) in points.iter_mut().zip(sums[unit]) {
            point[channel] = sum;
        }
    }
    points
}

/// Adds what sums that are in registers become to whole rows of outputs.
///
/// # Safety
/// As [`put`]; the rows are [`whole_rows`].
#[allow(unsafe_code)]
#[inline(always)]
pub(super) unsafe fn put_rows<const N: usize>(
    sums: [[__m512i; UNITS]; N],
    place: Place<'_>,
    rows: [usize; UNITS],
    finish: &Finish<'_>,
    output: &mut [i32],
) {
    for (channel, sums) in sums.into_iter().enumerate() {
        // SAFETY: sixteen numbers of 32 bits are the 64 bytes that are read and written.
        unsafe {
            let constant = _mm512_set1_epi32(finish.constants[channel]);
            let output = output.as_mut_ptr().add(place.first + channel * place.pitch);
            for (to, sums) in rows.into_iter().zip(sums) {
                let to = output.add(to).cast();
                let finished = scaled(sums, constant, finish.scale);
                let sums = match finish.begun {
                    true => _mm512_add_epi32(finished, _mm512_loadu_si512(to)),
                    false => finished,
                };
                _mm512_storeu_si512(to, sums);
            }
        }
    }
}

/// What sums become; most have a scale of 1, and multiplying takes long.
#[inline]
#[target_feature(enable = "avx512f")]
fn scaled(sums: __m512i, constant: __m512i, scale: i32) -> __m512i {
    let sums = _mm512_add_epi32(sums, constant);
    if scale == 1 { sums } else { _mm512_mullo_epi32(sums, _mm512_set1_epi32(scale)) }
}

/// The first outputs of a tile's units, where each is part of one row.
pub(super) fn whole_rows(units: &Units, at: usize) -> Option<[usize; UNITS]> {
    let ranges = units.ranges[at..].first_chunk::<UNITS>()?;
    let mut whole = [0; UNITS];
    for (whole, range) in whole.iter_mut().zip(ranges) {
        let [Segment { columns: UNIT, to, .. }] = units.segments[range.clone()] else { return None };
        *whole = to;
    }
    Some(whole)
}

/// Adds the sums of a unit to their outputs.
///
/// # Safety
/// The processor needs AVX-512 F; behind the pointer is an output for every sum.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn put_unit(sums: __m512i, units: &Units, unit: usize, output: *mut i32, begun: bool) {
    // SAFETY: a mask lets through only sums of the unit and outputs of a segment.
    unsafe {
        let order = _mm512_loadu_si512(ORDERS[units.side.ilog2() as usize].as_ptr().cast());
        let sums = _mm512_permutexvar_epi32(order, sums);
        avx512::put([sums], &units.segments[units.ranges[unit].clone()], output, begun);
    }
}

/// Samples [`apart`] out of 1, 2, 4, 8 or 16 side by side.
const ORDERS: [[i32; UNIT]; 5] = {
    let mut orders = [[0; UNIT]; 5];
    let mut at = 0;
    while at < 5 * UNIT {
        let (side, place) = (1 << (at / UNIT), at % UNIT);
        orders[at / UNIT][apart(place % side, side) * (UNIT / side) + place / side] = place as i32;
        at += 1;
    }
    orders
};

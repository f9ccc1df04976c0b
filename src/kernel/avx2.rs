//! Exact products of bytes on processors with registers of 256 bits: pairs of them are summed at once (`vpmaddwd`).

use std::arch::x86_64::*;

use super::factored::LANES;
use super::field::set_apart;
use super::vnni::{EXACT, Finish, Place, Taps, UNIT};
use crate::simd::{Level, detected};

/// Output channels that are summed together.
const CHANNELS: usize = 2;

/// Whether the processor has the instructions, and the level.
pub(super) fn supported(level: Level) -> bool {
    detected!(level, Avx2: "avx2")
}

/// As [`super::vnni::sum`].
///
/// # Panics
/// When the processor lacks the instructions, or blocks end beyond the codes or outputs beyond their slice.
pub(super) fn sum(taps: Taps<'_, EXACT>, place: Place<'_>, finish: &Finish<'_>, output: &mut [i32]) {
    assert!(supported(Level::Avx2), "the caller has asked");
    let last = |of: &[usize]| of.iter().max().copied().unwrap_or_default();
    let reach = last(taps.offsets) + LANES * (last(&place.units.starts) + UNIT);
    assert!(reach <= taps.codes.len() && taps.offsets.len() == taps.weights.len(), "codes for every block");
    for (unit, &start) in place.units.starts.iter().enumerate() {
        for first in (0..place.channels).step_by(CHANNELS) {
            // SAFETY: the instructions are there, and every block's codes end within the slice.
            #[allow(unsafe_code)]
            let sums = unsafe { tile(taps, start, first) };
            for (channel, mut sums) in (first..place.channels).zip(sums) {
                let besides = finish.besides.chunks_exact(UNIT).nth(unit).unwrap_or(&[0; UNIT]);
                for (sum, besides) in sums.iter_mut().zip(besides) {
                    let whole = sum.wrapping_add(finish.constants[channel]).wrapping_mul(finish.scale);
                    *sum = whole.wrapping_add(*besides);
                }
                set_apart::<UNIT>(&mut sums, place.units.side);
                let output = &mut output[place.first + channel * place.pitch..];
                place.units.put(unit, UNIT, &sums, output, finish.begun);
            }
        }
    }
}

/// The sums of two neighbouring channels at sixteen positions.
///
/// # Safety
/// The processor needs AVX2; 64 bytes of codes follow every offset behind the start.
#[allow(unsafe_code)]
#[target_feature(enable = "avx2")]
unsafe fn tile(taps: Taps<'_, EXACT>, start: usize, first: usize) -> [[i32; UNIT]; CHANNELS] {
    // Of each channel and eight positions: pairs of products at positions 0, 1, 4, 5, and those at 2, 3, 6, 7.
    let mut added = [[[_mm256_setzero_si256(); 2]; 2]; CHANNELS];
    for (&offset, weights) in taps.offsets.iter().zip(taps.weights) {
        let words = [0, 1].map(|half| {
            let from = taps.codes.as_ptr().wrapping_add(LANES * start + offset + 32 * half);
            // SAFETY: the caller's promise.
            let codes = unsafe { _mm256_loadu_si256(from.cast()) };
            let zero = _mm256_setzero_si256();
            [_mm256_unpacklo_epi8(codes, zero), _mm256_unpackhi_epi8(codes, zero)]
        });
        for (added, weights) in added.iter_mut().zip(&weights[first..]) {
            let weights = _mm256_cvtepi8_epi16(_mm_set1_epi32(i32::from_le_bytes(*weights)));
            for (added, words) in added.iter_mut().flatten().zip(words.as_flattened()) {
                *added = _mm256_add_epi32(*added, _mm256_madd_epi16(*words, weights));
            }
        }
    }
    added.map(|halves| {
        let mut sums = [0; UNIT];
        for (sums, [low, high]) in sums.as_chunks_mut::<8>().0.iter_mut().zip(halves) {
            // SAFETY: eight sums of 32 bits fill the 32 bytes that are written.
            unsafe { _mm256_storeu_si256(sums.as_mut_ptr().cast(), _mm256_hadd_epi32(low, high)) };
        }
        sums
    })
}

#[cfg(test)]
mod tests {
    use super::super::field::Layout;
    use super::super::vnni;
    use super::super::{Geometry, Operands};
    use super::*;
    use crate::rng::Stream;

    /// What [`sum`] adds, straight from the codes of each position.
    fn one_by_one(taps: Taps<'_, EXACT>, place: Place<'_>, finish: &Finish<'_>, output: &mut [i32]) {
        let units = place.units;
        for (unit, channel) in
            (0..units.starts.len()).flat_map(|unit| (0..place.channels).map(move |channel| (unit, channel)))
        {
            let whole = |at: usize| {
                let products = taps.offsets.iter().zip(taps.weights).flat_map(|(offset, weights)| {
                    (0..LANES).map(move |lane| {
                        let code = taps.codes[(units.starts[unit] + at) * LANES + offset + lane];
                        i32::from(code) * i32::from(weights[channel][lane] as i8)
                    })
                });
                (products.sum::<i32>() + finish.constants[channel]) * finish.scale
                    + finish.besides.get(unit * UNIT + at).unwrap_or(&0)
            };
            let mut sums: Vec<i32> = (0..UNIT).map(whole).collect();
            set_apart::<UNIT>(&mut sums, units.side);
            for segment in &units.segments[units.ranges[unit].clone()] {
                for column in 0..segment.columns {
                    let to = place.first + channel * place.pitch + segment.to + column;
                    output[to] += sums[segment.from + column];
                }
            }
        }
    }

    #[test]
    fn registers_of_both_widths_equal_sums_one_by_one() {
        if !supported(Level::Avx2) && !vnni::supported(Level::Avx512) {
            return eprintln!("skipped: the processor has neither AVX2 nor AVX-512 VNNI");
        }
        let mut stream = Stream::new(9, "kernel.exact", 0);
        let narrow = Geometry { in_height: 3, in_width: 8, ..Geometry::dense(5, 7) };
        for (geometry, batch) in [(Geometry::UNEVEN, 3), (narrow, 5), (Geometry::dense(9, 3), 20)] {
            let layout = Layout::<LANES>::new(&geometry, batch, UNIT, Level::at_hand());
            let units = layout.units(&geometry, batch);
            let input: Vec<u8> =
                (0..batch * geometry.inputs_per_sample()).map(|_| stream.word() as u8).collect();
            let (mut codes, offsets) = (layout.field(3), layout.offsets(geometry.kernel));
            layout.fill(
                &geometry,
                &Operands { batch, input: &input, weights: &[], pad: 3 },
                0,
                0..batch,
                &mut codes,
            );
            let channels = geometry.group_channels(0).len();
            let mut weights = || std::array::from_fn(|_| std::array::from_fn(|_| stream.word() as u8));
            let weights: Vec<_> = offsets.iter().map(|_| weights()).collect();
            let taps = Taps { codes: &codes, offsets: &offsets, weights: &weights };
            let place = Place { units: &units, channels, first: 0, pitch: geometry.positions() };
            let besides: Vec<i32> = (0..units.starts.len() * UNIT).map(|at| at as i32).collect();
            for (besides, begun) in [(&[][..], true), (&[], false), (&besides, true), (&besides, false)] {
                let finish = Finish { scale: -3, constants: [5, -6, 7, 8, -9, 10, 11, 12], besides, begun };
                let start = vec![i32::from(begun); batch * geometry.outputs_per_sample()];
                let (mut expected, mut wide, mut wider) = (start.clone(), start.clone(), start);
                one_by_one(taps, place, &finish, &mut expected);
                if supported(Level::Avx2) {
                    sum(taps, place, &finish, &mut wide);
                    assert_eq!(wide, expected, "{geometry:?}");
                }
                if vnni::supported(Level::Avx512) {
                    vnni::sum(taps, place, &finish, &mut wider);
                    assert_eq!(wider, expected, "{geometry:?}");
                }
            }
        }
    }
}

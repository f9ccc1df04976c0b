//! Contractions of signs: words of them multiplied by exclusive-nor, their products counted, and the sum scaled by what the
//! activations of its window are on average.

use super::{Geometry, Operands, check};

/// Signs of a word.
pub const SIGNS: usize = 64;

/// Signs in words, each bit 1 where a sign is +, and which bits there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signs {
    /// Words of signs; bits that are not there are 0.
    pub words: Vec<u64>,
    /// For each word the bits that are there.
    pub there: Vec<u64>,
}

impl Signs {
    /// Signs one after the other; none where padding is.
    fn of(signs: impl Iterator<Item = Option<bool>>) -> Self {
        let (mut words, mut there) = (vec![], vec![]);
        for (at, sign) in signs.enumerate() {
            if at % SIGNS == 0 {
                words.push(0);
                there.push(0);
            }
            let (word, bit) = (words.len() - 1, 1 << (at % SIGNS));
            there[word] |= if sign.is_some() { bit } else { 0 };
            words[word] |= if sign == Some(true) { bit } else { 0 };
        }
        Self { words, there }
    }

    /// The signs of a filter, whose codes are 1 for + and 0 for −.
    pub fn of_filter(filter: &[u8]) -> Self {
        Self::of(filter.iter().map(|code| Some(*code == 1)))
    }

    /// The signs of the activations that an output position reads, + for zero, and the sum of their magnitudes.
    pub fn of_window(
        geometry: &Geometry,
        input: &[u8],
        (group, position): (usize, usize),
        zero: u8,
    ) -> (Self, i32) {
        let [row, column] = [position / geometry.out_width(), position % geometry.out_width()];
        let start = geometry.group_offset(group);
        let codes = (0..geometry.depth()).map(|k| geometry.tap(k, row, column).map(|tap| input[start + tap]));
        let magnitude = codes.clone().flatten().map(|code| (i32::from(code) - i32::from(zero)).abs()).sum();
        (Self::of(codes.map(|code| code.map(|code| code >= zero))), magnitude)
    }

    /// The sum of products of ±1 with other signs, over those that are there.
    pub fn dot(&self, other: &Self) -> i32 {
        let words = self.words.iter().zip(&self.there).zip(&other.words);
        let word = |((own, there), other): ((&u64, &u64), &u64)| {
            2 * (!(own ^ other) & there).count_ones() as i32 - there.count_ones() as i32
        };
        words.map(word).sum()
    }
}

/// Sums of a layer of signs as XNOR-Net has them: of an output the sum of products of the signs of activations and weights,
/// times the sum of the magnitudes of the activations in its window.
///
/// Weight codes are signs, 1 for + and 0 for −. Padding has neither sign nor magnitude. The mean of magnitudes, K of the
/// paper, is their sum over the depth, which belongs to the scale of the layer. Sums wrap at 32 bits, which 2,901 products never
/// reach, nor 4,096 with magnitudes of 7 bits.
///
/// ```
/// use axsim::kernel::{Geometry, Operands, convolve_signs};
/// // Activations −2, +3 and +1 around 5; signs of weights +, + and −.
/// let operands = Operands { batch: 1, input: &[3, 8, 6], weights: &[1, 1, 0], pad: 5 };
/// assert_eq!(convolve_signs(&Geometry::dense(3, 1), operands), [(-1 + 1 - 1) * (2 + 3 + 1)]);
/// ```
///
/// Source: Rastegari, Ordonez, Redmon, Farhadi, "XNOR-Net", ECCV 2016, equation 11.
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve_signs(geometry: &Geometry, operands: Operands<'_>) -> Vec<i32> {
    check(geometry, &operands);
    let filters: Vec<Signs> = (0..geometry.out_channels)
        .map(|channel| Signs::of_filter(geometry.filter(operands.weights, channel)))
        .collect();
    let positions = geometry.positions();
    let mut sums = vec![0; operands.batch * geometry.outputs_per_sample()];
    let samples = operands.input.chunks_exact(geometry.inputs_per_sample());
    for (input, sums) in samples.zip(sums.chunks_exact_mut(geometry.outputs_per_sample())) {
        for (group, position) in
            (0..geometry.groups).flat_map(|group| (0..positions).map(move |at| (group, at)))
        {
            let (window, magnitude) = Signs::of_window(geometry, input, (group, position), operands.pad);
            for channel in geometry.group_channels(group) {
                sums[channel * positions + position] = window.dot(&filters[channel]).wrapping_mul(magnitude);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_the_most_products_of_bytes_fit() {
        let (input, weights) = (vec![255; 2901], vec![1; 2901]);
        let operands = Operands { batch: 1, input: &input, weights: &weights, pad: 0 };
        assert_eq!(convolve_signs(&Geometry::dense(2901, 1), operands), [255 * 2901 * 2901]);
        assert!(255 * 2902i64.pow(2) > i32::MAX.into());
    }

    proptest::proptest! {
        #[test]
        fn sums_are_those_of_the_paper_written_out(seed: u64, zero in 0u8..=255) {
            let geometry = Geometry::UNEVEN;
            let drawn = |at: usize| (crate::rng::uniform_at(seed, at as u64) * 256.0) as u8;
            let input: Vec<u8> = (0..2 * geometry.inputs_per_sample()).map(drawn).collect();
            let weights: Vec<u8> = (0..geometry.weights()).map(|at| drawn(1000 + at) & 1).collect();
            let operands = Operands { batch: 2, input: &input, weights: &weights, pad: zero };
            let found = convolve_signs(&geometry, operands);
            for (at, found) in found.iter().enumerate() {
                let (sample, at) = (at / geometry.outputs_per_sample(), at % geometry.outputs_per_sample());
                let (channel, position) = (at / geometry.positions(), at % geometry.positions());
                let group = channel / (geometry.out_channels / geometry.groups);
                let start = sample * geometry.inputs_per_sample() + geometry.group_offset(group);
                let (mut dot, mut magnitude) = (0, 0);
                for k in 0..geometry.depth() {
                    let Some(tap) = geometry.tap(k, position / geometry.out_width(), position % geometry.out_width()) else { continue };
                    let x = i32::from(input[start + tap]) - i32::from(zero);
                    let w = if geometry.filter(&weights, channel)[k] == 1 { 1 } else { -1 };
                    dot += if x < 0 { -w } else { w };
                    magnitude += x.abs();
                }
                proptest::prop_assert_eq!(*found, dot * magnitude);
            }
        }
    }
}

//! Hadamard's matrix on channels: orthogonal and its own inverse, made of additions alone.

use super::format::exchanged;

/// Where blocks of channels are rotated: numbers lie [.., channels, plane].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rotation {
    pub channels: usize,
    pub plane: usize,
}

impl Rotation {
    /// That of channels that are summed over; none where no two of them are in a block.
    pub fn of([_, channels, plane]: [usize; 3]) -> Option<Self> {
        Some(Self { channels, plane }).filter(|own| own.block() > 1)
    }

    /// Channels that are rotated together: the largest power of two that divides them.
    pub fn block(&self) -> usize {
        1 << self.channels.trailing_zeros()
    }

    /// The numbers rotated; those that are rotated, as they were.
    pub fn turn(&self, numbers: &[f32]) -> Vec<f32> {
        let mut rows = exchanged(numbers, self.channels, self.plane);
        rows.chunks_exact_mut(self.block()).for_each(turn);
        exchanged(&rows, self.plane, self.channels)
    }
}

/// Multiplies by Hadamard's matrix, whose rows have length 1; of a power of two of numbers.
fn turn(numbers: &mut [f32]) {
    let mut half = 1;
    while half < numbers.len() {
        for block in numbers.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            low.iter_mut().zip(high).for_each(|(a, b)| (*a, *b) = (*a + *b, *a - *b));
        }
        half *= 2;
    }
    let length = (numbers.len() as f32).sqrt();
    numbers.iter_mut().for_each(|number| *number /= length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::uniform_at;

    /// Sylvester's construction: the sign of an element is the parity of the ones that both places share.
    #[test]
    fn blocks_of_channels_are_multiplied_by_the_matrix_and_back() {
        for (channels, plane) in [(1, 3), (2, 1), (12, 5), (64, 2), (7, 4)] {
            let numbers: Vec<f32> =
                (0..3 * channels * plane).map(|at| uniform_at(1, at as u64) as f32 - 0.5).collect();
            let rotation = Rotation { channels, plane };
            let block = rotation.block();
            assert_eq!(block, if channels == 12 { 4 } else { channels & channels.wrapping_neg() });
            let found = rotation.turn(&numbers);
            for (at, found) in found.iter().enumerate() {
                let (row, channel, pixel) = (at / plane / channels, at / plane % channels, at % plane);
                let term = |other: usize| {
                    let sign =
                        if (other & (channel % block)).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
                    sign * numbers[(row * channels + channel / block * block + other) * plane + pixel]
                };
                let expected = (0..block).map(term).sum::<f32>() / (block as f32).sqrt();
                assert!((found - expected).abs() < 1e-5, "{channels} {at}: {found} {expected}");
            }
            let back = rotation.turn(&found);
            assert!(back.iter().zip(&numbers).all(|(one, other)| (one - other).abs() < 1e-5));
        }
        assert_eq!(Rotation::of([9, 9, 1]), None);
    }
}

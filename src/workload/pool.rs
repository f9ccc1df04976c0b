//! Pooling of real values.

use std::ops::Range;

use crate::kernel::Geometry;
use crate::simd::widest;

/// A pooling window on [channels, height, width].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Window {
    /// Kernel, stride, padding and image as those of a depthwise convolution.
    pub geometry: Geometry,
    /// Whether padding counts in an average.
    pub count_padding: bool,
}

impl Window {
    /// The greatest of the elements that each window sees.
    pub(super) fn greatest(&self, x: &[f32]) -> Vec<f32> {
        self.fold(x, f32::NEG_INFINITY, f32::max)
    }

    /// Their average.
    pub(super) fn average(&self, x: &[f32]) -> Vec<f32> {
        let mut sums = self.fold(x, 0.0, |sum, x| sum + x);
        let counts = self.counts();
        for sums in sums.chunks_exact_mut(counts.len()) {
            sums.iter_mut().zip(&counts).for_each(|(sum, count)| *sum /= count);
        }
        sums
    }

    /// Folds the elements that each window sees, row after row; a tap is taken for all windows at once, so that loops run along
    /// rows.
    fn fold(&self, x: &[f32], start: f32, fold: impl Fn(f32, f32) -> f32 + Copy) -> Vec<f32> {
        let mut out = vec![start; self.geometry.outputs_per_sample()];
        let (size, positions) = (self.geometry.in_height * self.geometry.in_width, self.geometry.positions());
        let (width, stride) = (self.geometry.out_width(), self.geometry.stride[1]);
        let sums = &mut out[..];
        widest(
            #[inline(always)]
            move || {
                for (row, columns, first) in self.rows() {
                    for (image, out) in x.chunks_exact(size).zip(sums.chunks_exact_mut(positions)) {
                        take(&mut out[row * width..][columns.clone()], &image[first..], stride, fold);
                    }
                }
            },
        );
        out
    }

    /// For each tap, the rows of windows in which it lies inside the image: the row, its columns, and the first element there.
    fn rows(&self) -> impl Iterator<Item = (usize, Range<usize>, usize)> {
        let geometry = self.geometry;
        (0..geometry.kernel[0] * geometry.kernel[1]).flat_map(move |tap| {
            let inside = geometry.inside(tap);
            inside.rows.filter_map(move |row| {
                let first = geometry.tap(tap, row, inside.columns.start)?;
                Some((row, inside.columns.clone(), first))
            })
        })
    }

    /// What each window's sum is divided by.
    fn counts(&self) -> Vec<f32> {
        let [rows, columns] = self.geometry.kernel;
        if self.count_padding {
            return vec![(rows * columns) as f32; self.geometry.positions()];
        }
        let mut seen = vec![0.0; self.geometry.positions()];
        for (row, columns, _) in self.rows() {
            seen[row * self.geometry.out_width()..][columns].iter_mut().for_each(|count| *count += 1.0);
        }
        seen
    }
}

/// Takes one element, `stride` from one another, into each of the results.
#[inline(always)]
fn take(out: &mut [f32], from: &[f32], stride: usize, fold: impl Fn(f32, f32) -> f32) {
    if stride == 1 {
        out.iter_mut().zip(from).for_each(|(out, x)| *out = fold(*out, *x));
    } else {
        out.iter_mut().zip(from.iter().step_by(stride)).for_each(|(out, x)| *out = fold(*out, *x));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Element by element, as the operator text has it.
    fn plain(
        geometry: &Geometry,
        x: &[f32],
        start: f32,
        fold: impl Fn(f32, f32) -> f32,
    ) -> Vec<(f32, usize)> {
        let window = geometry.kernel[0] * geometry.kernel[1];
        let mut out = vec![];
        for image in x.chunks_exact(geometry.in_height * geometry.in_width) {
            for at in 0..geometry.positions() {
                let (row, column) = (at / geometry.out_width(), at % geometry.out_width());
                let taps = (0..window).filter_map(|tap| geometry.tap(tap, row, column));
                out.push(taps.fold((start, 0), |(sum, seen), at| (fold(sum, image[at]), seen + 1)));
            }
        }
        out
    }

    #[test]
    fn windows_see_what_a_loop_over_elements_sees_bit_for_bit() {
        let geometry = |[height, width]: [usize; 2], kernel, stride, pads, dilation| Geometry {
            groups: 3,
            in_channels: 3,
            in_height: height,
            in_width: width,
            out_channels: 3,
            kernel,
            stride,
            pads,
            dilation,
        };
        let all = [
            geometry([9, 40], [3, 3], [1, 1], [1, 1, 1, 1], [1, 1]),
            geometry([8, 8], [8, 8], [1, 1], [0; 4], [1, 1]),
            geometry([16, 32], [1, 1], [2, 2], [0; 4], [1, 1]),
            geometry([11, 13], [3, 2], [2, 3], [2, 0, 1, 1], [1, 2]),
            geometry([5, 7], [2, 5], [3, 1], [1, 4, 0, 3], [2, 1]),
        ];
        let mut stream = Stream::new(7, "test.pool", 0);
        for geometry in all {
            let x: Vec<f32> =
                (0..geometry.inputs_per_sample()).map(|_| stream.below(2001) as f32 / 7.0 - 140.0).collect();
            for count_padding in [false, true] {
                let window = Window { geometry, count_padding };
                let taps = geometry.kernel[0] * geometry.kernel[1];
                let average =
                    |(sum, seen): (f32, usize)| sum / if count_padding { taps } else { seen } as f32;
                let sums = plain(&geometry, &x, 0.0, |a, b| a + b);
                assert_eq!(window.average(&x), sums.into_iter().map(average).collect::<Vec<_>>());
                let greatest = plain(&geometry, &x, f32::NEG_INFINITY, f32::max);
                assert_eq!(window.greatest(&x), greatest.into_iter().map(|(x, _)| x).collect::<Vec<_>>());
            }
        }
    }
}

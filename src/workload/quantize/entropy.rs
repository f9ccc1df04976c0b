//! The range whose codes lose the least information.

use super::grid::Grid;
use super::range::Range;

/// Bins of the histogram of magnitudes.
const BINS: usize = 2048;
/// Fewest of them that a range may have. With fewer levels than this, a range of a few bins, one of which holds values, would
/// lose nothing but what is outside: pictures of 256 values leave seven of eight bins empty.
const FEWEST: usize = 128;

/// The range cut off at the magnitude for which the Kullback-Leibler divergence of the codes' histogram from that of the
/// values is least; of equals the widest.
///
/// What lies outside counts as the last bin inside. The bin of zero weighs as its neighbour: zero has a code of its own in
/// every range, and after a ReLU would outweigh all else.
///
/// Source: S. Migacz, "8-bit Inference with TensorRT", GTC 2017, with 2048 bins, of which it takes 128 or more; the bin of zero
/// as in NVIDIA's pytorch-quantization, which also tries every bin from 128 on.
pub(super) fn range((low, high): Range, values: &Magnitudes, grid: &dyn Fn(Range) -> Grid) -> Range {
    let reach = values.reach;
    if reach == 0.0 {
        return (low, high);
    }
    let cut = |bins: usize| {
        let reach = reach * (bins as f32 / BINS as f32);
        (low.max(-reach), high.min(reach))
    };
    let histogram = values.histogram();
    let divergence = |bins: usize| {
        let levels = grid(cut(bins)).levels();
        (levels <= bins).then(|| (divergence(&histogram, bins, levels), bins))
    };
    let least = (FEWEST..=BINS).rev().filter_map(divergence).min_by(|a, b| a.0.total_cmp(&b.0));
    least.map_or((low, high), |(_, bins)| cut(bins))
}

/// How many magnitudes up to the largest fall into each bin.
#[derive(Debug, Clone)]
pub(super) struct Magnitudes {
    reach: f32,
    bins: Vec<u64>,
}

impl Magnitudes {
    /// None yet, of values in this range.
    pub(super) fn of((low, high): Range) -> Self {
        Self { reach: high.abs().max(low.abs()), bins: vec![0; BINS] }
    }

    /// Counts more values.
    pub(super) fn add(&mut self, values: &[f32]) {
        for value in values {
            self.bins[((value.abs() / self.reach * BINS as f32) as usize).min(BINS - 1)] += 1;
        }
    }

    /// The counts of both, which have the same range.
    pub(super) fn join(mut self, other: &Self) -> Self {
        self.bins.iter_mut().zip(&other.bins).for_each(|(bin, other)| *bin += other);
        self
    }

    /// The counts, that of zero as its neighbour's.
    fn histogram(&self) -> Vec<u64> {
        let mut histogram = self.bins.clone();
        histogram[0] = histogram[1];
        histogram
    }
}

/// Divergence of the first bins, merged into levels and spread out again over those that were not empty, from these bins
/// with all others in the last one; infinite where they have something in a bin that codes leave empty.
fn divergence(histogram: &[u64], bins: usize, levels: usize) -> f64 {
    let (inside, outside) = histogram.split_at(bins);
    let outside: u64 = outside.iter().sum();
    if outside > 0 && inside[bins - 1] == 0 {
        return f64::INFINITY;
    }
    let mut merged = vec![(0u64, 0u64); levels];
    let level = |bin: usize| bin * levels / bins;
    for (bin, &count) in inside.iter().enumerate().filter(|(_, count)| **count > 0) {
        merged[level(bin)].0 += count;
        merged[level(bin)].1 += 1;
    }
    let coded: u64 = inside.iter().sum();
    let all = (coded + outside) as f64;
    let term = |(bin, &count): (usize, &u64)| {
        let (mass, places) = merged[level(bin)];
        let kept = mass as f64 / places as f64 / coded as f64;
        let seen = (count + if bin + 1 == bins { outside } else { 0 }) as f64 / all;
        seen * (seen / kept).ln()
    };
    inside.iter().enumerate().filter(|(_, count)| **count > 0).map(term).sum()
}

#[cfg(test)]
mod tests {
    use super::super::grid::Scheme;
    use super::*;
    use crate::rng::uniform_at;

    fn range_of(whole: Range, values: &[f32], grid: &dyn Fn(Range) -> Grid) -> Range {
        let mut magnitudes = Magnitudes::of(whole);
        magnitudes.add(values);
        range(whole, &magnitudes, grid)
    }

    /// The source's own example: eight bins become two, 6 over three bins and 16 over four.
    #[test]
    fn the_published_example_of_merged_bins_has_the_divergence_of_its_distributions() {
        let (seen, kept) = ([1u64, 0, 2, 3, 5, 3, 1, 7], [2.0f64, 0.0, 2.0, 2.0, 4.0, 4.0, 4.0, 4.0]);
        let pairs = seen.iter().zip(kept).filter(|(seen, _)| **seen > 0);
        let expected: f64 = pairs.map(|(&p, q)| p as f64 / 22.0 * (p as f64 / q).ln()).sum();
        assert!((divergence(&seen, 8, 2) - expected).abs() < 1e-12);
    }

    #[test]
    fn what_lies_outside_counts_as_the_last_bin_and_is_forbidden_where_that_is_empty() {
        // 1, 1, 1 + 3 of six against three equal thirds.
        let expected = (2.0f64 / 6.0) * 0.5f64.ln() + (4.0 / 6.0) * 2f64.ln();
        assert!((divergence(&[1, 1, 1, 3], 3, 1) - expected).abs() < 1e-12);
        assert_eq!(divergence(&[1, 1, 0, 3], 3, 1), f64::INFINITY);
        assert_eq!(divergence(&[4, 4, 4, 0], 3, 1), 0.0);
    }

    /// Distributions written out bin by bin, level by level, with no shortcut.
    fn naive(values: &[f32], reach: f32, bins: usize, levels: usize) -> f64 {
        let mut seen = vec![0f64; BINS];
        values.iter().for_each(|x| seen[((x.abs() / reach * 2048.0).floor() as usize).min(2047)] += 1.0);
        seen[0] = seen[1];
        let mut kept = vec![0f64; bins];
        for level in 0..levels {
            let own: Vec<usize> =
                (0..bins).filter(|bin| bin * levels / bins == level && seen[*bin] > 0.0).collect();
            let mean = own.iter().map(|bin| seen[*bin]).sum::<f64>() / own.len() as f64;
            own.iter().for_each(|bin| kept[*bin] = mean);
        }
        let outside: f64 = seen.drain(bins..).sum();
        seen[bins - 1] += outside;
        let (all, coded) = (seen.iter().sum::<f64>(), kept.iter().sum::<f64>());
        let pairs = seen.iter().zip(&kept).filter(|(seen, _)| **seen > 0.0);
        pairs.map(|(p, q)| p / all * (p / all / (q / coded)).ln()).sum()
    }

    #[test]
    fn the_range_is_the_one_of_least_divergence_among_all_that_are_tried() {
        for (scheme, bits, low) in
            [(Scheme::Symmetric, 8, -0.2), (Scheme::Affine, 6, 0.0), (Scheme::Affine, 8, -0.5)]
        {
            let value = |at| {
                let (size, side) = (-uniform_at(3, at).max(1e-9).ln(), uniform_at(4, at));
                (if side < 0.3 { size * low } else { size }) as f32
            };
            let values: Vec<f32> = (0..20_000).map(value).collect();
            let whole = values.iter().fold((0f32, 0f32), |(low, high), &x| (low.min(x), high.max(x)));
            let grid = |(low, high): Range| Grid::new(scheme, bits, low, high);
            let (reach, found) = (whole.1.max(-whole.0), range_of(whole, &values, &grid));
            let cut = |bins: usize| reach * bins as f32 / 2048.0;
            let levels = |bins: usize| {
                let grid = grid((whole.0.max(-cut(bins)), whole.1.min(cut(bins))));
                let zero = usize::from(grid.zero_point);
                if scheme == Scheme::Symmetric { zero } else { zero.max((1 << bits) - 1 - zero) + 1 }
            };
            let tried = (128..=BINS).filter(|&bins| levels(bins) <= bins);
            let best = tried.min_by(|&a, &b| {
                let [a, b] = [a, b].map(|bins| naive(&values, reach, bins, levels(bins)));
                a.total_cmp(&b)
            });
            let best = best.unwrap();
            assert!(
                (found.1 / cut(best) - 1.0).abs() < 1e-6,
                "{scheme:?}: {found:?}, not {best} bins of {reach}"
            );
            assert!(best < BINS, "a long tail is cut off");
        }
    }

    /// Pictures: with few levels a range of the darkest pixels alone used to lose no information inside.
    #[test]
    fn few_levels_of_pictures_reach_far_enough() {
        let dark = |at| (uniform_at(5, at).powi(2) * 255.0).floor() as f32 / 255.0;
        let values: Vec<f32> = (0..20_000).map(dark).collect();
        for bits in 2..=8 {
            let grid = |(low, high): Range| Grid::new(Scheme::Symmetric, bits, low, high);
            let (_, high) = range_of((0.0, 1.0), &values, &grid);
            assert!(high > 0.5, "{bits} bits: up to {high}");
        }
    }

    #[test]
    fn zeros_alone_have_the_range_of_zeros() {
        assert_eq!(
            range_of((0.0, 0.0), &[0.0; 9], &|(low, high)| Grid::new(Scheme::Affine, 8, low, high)),
            (0.0, 0.0)
        );
    }
}

//! How often each code occurs at each place of a contraction's depth, and what follows without another pass.
//!
//! At depth `k` every weight of the group's output channels meets every activation that the tap reads, once each. So any
//! sum over all products of a function of the two codes (an error, an energy) needs only how often each code stands
//! there: work in proportion to depth × (outputs + positions), not to the products.
//!
//! Taps of a window read mostly the same pixels. So each pixel is counted once, with those that the same taps read: in the
//! middle of an image all taps do, at its borders and where a stride passes over a row only some. What a tap reads is a
//! sum of such counts, taken when it is asked for.

use super::Geometry;

/// How often each code occurs, [`CODES`] counts.
pub type Counts = [u64; CODES];

/// Codes of a byte.
pub const CODES: usize = 256;

/// Activation codes of a contraction by group and depth, of any number of samples.
///
/// Taps in the padding contribute no product and are not counted. Counts of the same samples are the same in whatever
/// order and parts they are counted.
///
/// ```
/// use axsim::kernel::{Geometry, Histograms};
/// let layer = Geometry::dense(2, 2);
/// let mut histograms = Histograms::of(&layer, &[3, 5]);
/// let (weights, product) = ([1, 2, 10, 20], |weight: u8, activation: u8| i64::from(weight) * i64::from(activation));
/// assert_eq!(histograms.total(&weights, product), 3 * (1 + 10) + 5 * (2 + 20));
/// histograms.count(&[1, 0]);
/// assert_eq!(histograms.channel_totals(&weights, product), [3 + 10 + 1, 30 + 100 + 10]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histograms {
    geometry: Geometry,
    /// Rows and columns by the taps that read them.
    axes: [Axis; 2],
    /// Per input channel, class of rows and class of columns.
    counts: Vec<Counts>,
    samples: u64,
}

impl Histograms {
    /// Of no samples.
    pub fn new(geometry: &Geometry) -> Self {
        let axes = [0, 1].map(|axis| Axis::of(geometry, axis));
        let counts = vec![[0; CODES]; count(geometry, &axes)];
        Self { geometry: *geometry, axes, counts, samples: 0 }
    }

    /// Bytes that the counts of such a contraction take.
    pub fn bytes(geometry: &Geometry) -> usize {
        count(geometry, &[0, 1].map(|axis| Axis::of(geometry, axis))) * size_of::<Counts>()
    }

    /// Of the codes [batch, C, H, W] of some samples.
    ///
    /// # Panics
    /// When codes and geometry do not fit together.
    pub fn of(geometry: &Geometry, codes: &[u8]) -> Self {
        let mut histograms = Self::new(geometry);
        histograms.count(codes);
        histograms
    }

    /// Counts the codes [batch, C, H, W] of more samples.
    ///
    /// # Panics
    /// When codes and geometry do not fit together.
    pub fn count(&mut self, codes: &[u8]) {
        let inputs = self.geometry.inputs_per_sample();
        assert_eq!(codes.len() % inputs, 0, "activation codes do not fit the geometry");
        let [rows, columns] = &self.axes;
        let classes = rows.taps.len() * columns.taps.len();
        let plane = self.geometry.in_height * self.geometry.in_width;
        // Counts of one channel stay near while all samples are counted. In long rows neighbours are counted apart, as equal ones
        // would wait for one another.
        let long = self.geometry.in_width >= LONG;
        let mut apart = vec![[0; CODES]; if long { classes } else { 0 }];
        for (channel, own) in self.counts.chunks_exact_mut(classes).enumerate() {
            for sample in codes.chunks_exact(inputs) {
                let lines = sample[channel * plane..][..plane].chunks_exact(self.geometry.in_width);
                for (line, class) in lines.zip(&rows.classes) {
                    let codes = line.iter().zip(&columns.classes);
                    for (at, (&code, of_column)) in codes.enumerate() {
                        let counts = if long && at % 2 == 1 { &mut apart[..] } else { &mut *own };
                        counts[class * columns.taps.len() + of_column][usize::from(code)] += 1;
                    }
                }
            }
            for (own, apart) in own.iter_mut().zip(&mut apart) {
                add(own, &std::mem::replace(apart, [0; CODES]));
            }
        }
        self.samples += (codes.len() / inputs) as u64;
    }

    /// Samples that were counted.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Activation codes of all places together.
    pub fn activations(&self) -> Counts {
        let mut all = [0; CODES];
        self.places(|_, _, counts| add(&mut all, counts));
        all
    }

    /// Sum of `value(weight code, activation code)` over every product of the contraction, exactly.
    ///
    /// # Panics
    /// When the weights are not as many as the geometry has.
    pub fn total(&self, weights: &[u8], value: impl Fn(u8, u8) -> i64) -> i128 {
        self.channel_totals(weights, value).into_iter().sum()
    }

    /// The same per output channel.
    ///
    /// # Panics
    /// When the weights are not as many as the geometry has.
    pub fn channel_totals(&self, weights: &[u8], value: impl Fn(u8, u8) -> i64) -> Vec<i128> {
        let geometry = self.of_weights(weights);
        let mut totals = vec![0; geometry.out_channels];
        self.places(|group, k, counts| {
            let (activations, mut known) = (present(counts), [None; CODES]);
            for channel in geometry.group_channels(group) {
                let weight = geometry.filter(weights, channel)[k];
                totals[channel] +=
                    *known[usize::from(weight)].get_or_insert_with(|| row(&activations, weight, &value));
            }
        });
        totals
    }

    /// How often each weight code, and then each activation code, meets the other over every product of the contraction;
    /// taps in the padding meet this code, or nothing.
    ///
    /// # Panics
    /// When the weights are not as many as the geometry has.
    pub fn pairs(&self, weights: &[u8], padding: Option<u8>) -> Vec<Counts> {
        let geometry = self.of_weights(weights);
        let reads = self.samples * geometry.positions() as u64;
        let mut pairs = vec![[0; CODES]; CODES];
        self.places(|group, k, counts| {
            let (mut activations, mut own) = (*counts, [0; CODES]);
            padding
                .iter()
                .for_each(|&pad| activations[usize::from(pad)] += reads - counts.iter().sum::<u64>());
            let filters = geometry.group_channels(group).map(|channel| geometry.filter(weights, channel));
            filters.for_each(|filter| own[usize::from(filter[k])] += 1);
            let activations = present(&activations);
            for (weight, times) in present(&own) {
                let row = &mut pairs[usize::from(weight)];
                activations.iter().for_each(|(code, count)| row[usize::from(*code)] += times * count);
            }
        });
        pairs
    }

    fn of_weights(&self, weights: &[u8]) -> &Geometry {
        assert_eq!(weights.len(), self.geometry.weights(), "weight codes do not fit the geometry");
        &self.geometry
    }

    /// Calls `see(group, depth, counts)` with what every tap of every channel reads.
    fn places(&self, mut see: impl FnMut(usize, usize, &Counts)) {
        let [rows, columns] = &self.axes;
        let classes = rows.taps.len() * columns.taps.len();
        let [height, width] = self.geometry.kernel;
        let channels = self.geometry.in_channels / self.geometry.groups;
        for (channel, own) in self.counts.chunks_exact(classes).enumerate() {
            let lines: Vec<&[Counts]> = own.chunks_exact(columns.taps.len()).collect();
            for r in 0..height {
                let line = |class| sum(rows.read_by(r).map(|row| &lines[row][class]));
                let line: Vec<Counts> = (0..columns.taps.len()).map(line).collect();
                for c in 0..width {
                    let counts = sum(columns.read_by(c).map(|class| &line[class]));
                    see(channel / channels, (channel % channels * height + r) * width + c, &counts);
                }
            }
        }
    }
}

/// Input channels by classes of rows and of columns.
fn count(geometry: &Geometry, axes: &[Axis; 2]) -> usize {
    geometry.in_channels * axes.iter().map(|axis| axis.taps.len()).product::<usize>()
}

/// Pixels from which on a row is long.
const LONG: usize = 16;

/// Rows or columns of an image in classes that the same taps read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Axis {
    /// By row or column.
    classes: Vec<usize>,
    /// By class.
    taps: Vec<Vec<usize>>,
}

impl Axis {
    fn of(geometry: &Geometry, axis: usize) -> Self {
        let size = [geometry.in_height, geometry.in_width][axis];
        let reads = |place: usize, tap: usize| geometry.output_at(axis, place, tap).is_some();
        let (mut classes, mut known) = (Vec::with_capacity(size), vec![]);
        for place in 0..size {
            let taps: Vec<usize> = (0..geometry.kernel[axis]).filter(|&tap| reads(place, tap)).collect();
            let class = known.iter().position(|other| *other == taps);
            classes.push(class.unwrap_or(known.len()));
            if class.is_none() {
                known.push(taps);
            }
        }
        Self { classes, taps: known }
    }

    /// The classes that a tap reads.
    fn read_by(&self, tap: usize) -> impl Iterator<Item = usize> {
        (0..self.taps.len()).filter(move |&class| self.taps[class].contains(&tap))
    }
}

fn add(all: &mut Counts, counts: &Counts) {
    all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
}

fn sum<'a>(parts: impl Iterator<Item = &'a Counts>) -> Counts {
    let mut all = [0; CODES];
    parts.for_each(|counts| add(&mut all, counts));
    all
}

/// The codes that occur, with their counts.
fn present(counts: &Counts) -> Vec<(u8, u64)> {
    let codes = counts.iter().enumerate().map(|(code, &count)| (code as u8, count));
    codes.filter(|(_, count)| *count > 0).collect()
}

/// What one weight adds up to over activations.
fn row(activations: &[(u8, u64)], weight: u8, value: &impl Fn(u8, u8) -> i64) -> i128 {
    let of = |&(code, count): &(u8, u64)| i128::from(count) * i128::from(value(weight, code));
    activations.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{codes, geometries};
    use super::*;
    use crate::rng::Stream;

    /// One count for each output position of each sample whose tap lies inside.
    fn one_by_one(geometry: &Geometry, input: &[u8], [group, k]: [usize; 2]) -> Counts {
        let mut counts = [0; CODES];
        for sample in input.chunks_exact(geometry.inputs_per_sample()) {
            for at in 0..geometry.positions() {
                let tap = geometry.tap(k, at / geometry.out_width(), at % geometry.out_width());
                let code = tap.map(|tap| sample[geometry.group_offset(group) + tap]);
                code.into_iter().for_each(|code| counts[usize::from(code)] += 1);
            }
        }
        counts
    }

    proptest! {
        #[test]
        fn every_tap_reads_what_a_walk_over_positions_finds(geometry in geometries(), parts in 1usize..4, seed: u64) {
            let mut stream = Stream::new(seed, "kernel.histogram", 2);
            let input: Vec<u8> = codes(&mut stream, parts * geometry.inputs_per_sample()).iter().map(|x| x & 7).collect();
            let mut found = Histograms::new(&geometry);
            input.chunks_exact(geometry.inputs_per_sample()).rev().for_each(|sample| found.count(sample));
            prop_assert_eq!(&found, &Histograms::of(&geometry, &input));
            prop_assert_eq!(found.samples(), parts as u64);
            let mut seen = vec![];
            found.places(|group, k, counts| seen.push(([group, k], *counts)));
            prop_assert_eq!(seen.len(), geometry.groups * geometry.depth());
            for (at, (place, counts)) in seen.into_iter().enumerate() {
                prop_assert_eq!(place, [at / geometry.depth(), at % geometry.depth()]);
                prop_assert_eq!(counts, one_by_one(&geometry, &input, place));
            }
        }
    }

    #[test]
    fn a_pixel_is_counted_with_those_that_the_same_taps_read() {
        let image =
            Geometry { in_height: 9, in_width: 8, kernel: [3; 2], pads: [1; 4], ..Geometry::dense(1, 1) };
        let classes = |geometry: &Geometry| [0, 1].map(|axis| Axis::of(geometry, axis).classes);
        assert_eq!(classes(&image), [vec![0, 1, 1, 1, 1, 1, 1, 1, 2], vec![0, 1, 1, 1, 1, 1, 1, 2]]);
        let strided = Geometry { stride: [2; 2], ..image };
        assert_eq!(classes(&strided), [vec![0, 1, 0, 1, 0, 1, 0, 1, 0], vec![0, 1, 0, 1, 0, 1, 0, 2]]);
    }
}

//! How often each code occurs at each place of a contraction's depth, and what follows without another pass.
//!
//! At depth `k` every weight of the group's output channels meets every activation that the tap reads, once each. So any
//! sum over all products of a function of the two codes (an error, an energy) needs only how often each code stands
//! there: work in proportion to depth × (outputs + positions), not to the products.

use super::{Geometry, Operands};

/// How often each code occurs, [`CODES`] counts.
pub type Counts = [u64; CODES];

/// Codes of a byte.
pub const CODES: usize = 256;

/// Activation and weight codes of a contraction by group and depth.
///
/// Taps in the padding contribute no product and are not counted.
///
/// ```
/// use axsim::kernel::{Geometry, Histograms, Operands};
/// let layer = Geometry::dense(2, 2);
/// let operands = Operands { batch: 1, input: &[3, 5], weights: &[1, 2, 10, 20], pad: 0 };
/// let histograms = Histograms::count(&layer, operands);
/// let product = |weight: u8, activation: u8| i64::from(weight) * i64::from(activation);
/// assert_eq!(histograms.total(product), 3 * (1 + 10) + 5 * (2 + 20));
/// assert_eq!(histograms.channel_totals(&layer, &[1, 2, 10, 20], product), [3 + 10, 30 + 100]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histograms {
    /// Per group and depth, over positions and samples.
    activations: Vec<Counts>,
    /// Per group and depth, over the group's output channels.
    weights: Vec<Counts>,
}

impl Histograms {
    /// Counts the codes of a contraction.
    ///
    /// # Panics
    /// When slices and geometry do not fit together.
    pub fn count(geometry: &Geometry, operands: Operands<'_>) -> Self {
        super::check(geometry, &operands);
        let depth = geometry.depth();
        let mut activations = vec![[0; CODES]; geometry.groups * depth];
        for sample in operands.input.chunks_exact(geometry.inputs_per_sample()) {
            for (at, counts) in activations.iter_mut().enumerate() {
                count_tap(geometry, at % depth, &sample[geometry.group_offset(at / depth)..], counts);
            }
        }
        let mut weights = vec![[0; CODES]; geometry.groups * depth];
        for group in 0..geometry.groups {
            for channel in geometry.group_channels(group) {
                let filter = geometry.filter(operands.weights, channel).iter();
                let counts = weights[group * depth..].iter_mut();
                filter.zip(counts).for_each(|(&code, counts)| counts[usize::from(code)] += 1);
            }
        }
        Self { activations, weights }
    }

    /// Activation codes of all places together.
    pub fn activations(&self) -> Counts {
        let mut all = [0; CODES];
        for counts in &self.activations {
            all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
        }
        all
    }

    /// Sum of `value(weight code, activation code)` over every product of the contraction, exactly.
    pub fn total(&self, value: impl Fn(u8, u8) -> i64) -> i128 {
        let places = self.weights.iter().zip(&self.activations);
        let place = |(weights, activations): (&Counts, &Counts)| {
            let activations = present(activations);
            let weight = |(weight, count): (u8, u64)| i128::from(count) * row(&activations, weight, &value);
            present(weights).into_iter().map(weight).sum::<i128>()
        };
        places.map(place).sum()
    }

    /// The same per output channel, for the contraction's weight codes or others in their place.
    ///
    /// # Panics
    /// When the geometry is not that of the counted contraction.
    pub fn channel_totals(
        &self,
        geometry: &Geometry,
        weights: &[u8],
        value: impl Fn(u8, u8) -> i64,
    ) -> Vec<i128> {
        let depth = geometry.depth();
        assert_eq!(self.activations.len(), geometry.groups * depth, "counts of another geometry");
        let mut totals = vec![0; geometry.out_channels];
        for (at, counts) in self.activations.iter().enumerate() {
            let (activations, mut known) = (present(counts), [None; CODES]);
            for channel in geometry.group_channels(at / depth) {
                let weight = geometry.filter(weights, channel)[at % depth];
                totals[channel] +=
                    *known[usize::from(weight)].get_or_insert_with(|| row(&activations, weight, &value));
            }
        }
        totals
    }
}

/// Adds what tap `k` reads of a group's channels.
fn count_tap(geometry: &Geometry, k: usize, codes: &[u8], counts: &mut Counts) {
    let inside = geometry.inside(k);
    for row in inside.rows {
        let Some(first) = geometry.tap(k, row, inside.columns.start) else { continue };
        let run = codes[first..].iter().step_by(geometry.stride[1]);
        run.take(inside.columns.len()).for_each(|&code| counts[usize::from(code)] += 1);
    }
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

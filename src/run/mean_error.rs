//! The exact mean error of a layer per output channel, from histograms of its codes.

use super::hardware::Hardware;
use super::outcome::MeanError;
use crate::kernel::{Histograms, Products};
use crate::workload::{Layer, Weights};

/// What is summed in a layer, and what is meant.
pub(super) struct Sums<'a> {
    found: &'a Products,
    exact: Products,
    hardware: &'a Hardware<'a>,
    layer: &'a Layer,
}

impl<'a> Sums<'a> {
    /// Of a layer whose codes of weights and activations have these zero points; none where no table holds its products.
    pub(super) fn of(
        hardware: &'a Hardware<'_>,
        layer: &'a Layer,
        [weight, activation]: [u8; 2],
    ) -> Option<Self> {
        let found = hardware.table(layer)?;
        Some(Self { found, exact: Products::exact(weight, activation), hardware, layer })
    }

    /// Whether they may differ.
    pub(super) fn differ(&self) -> bool {
        let correction = self.hardware.plan(self.layer).and_then(|plan| plan.correction.as_ref());
        *self.found != self.exact || correction.is_some()
    }

    /// Mean error of the sums of each output channel, its correction applied, for activations that were counted.
    ///
    /// Exact for an exact accumulator, blind to what an approximate one adds. Samples that have weights of their own are
    /// groups of one contraction.
    pub(super) fn errors(&self, activations: &Histograms, weights: &Weights) -> Vec<f64> {
        let plan = self.hardware.plan(self.layer);
        // Where other codes stand in a weight's place, its own products are what is meant.
        let meant = plan.and_then(|plan| plan.meant.as_ref()).unwrap_or(weights);
        let means = |weights: &Weights, products: &Products| {
            self.means(
                activations.channel_totals(&weights.codes, |w, x| products.get(w, x).into()),
                activations.samples(),
            )
        };
        let (found, expected) = (means(weights, self.found), means(meant, &self.exact));
        let correction = plan.and_then(|plan| plan.correction.as_ref());
        let off = |(channel, (found, expected)): (usize, (f64, f64))| {
            correction.map_or(found, |correction| correction.of_mean(channel, found)) - expected
        };
        found.into_iter().zip(expected).enumerate().map(off).collect()
    }

    /// Means of the layer's output channels over positions and samples, of totals sample after sample.
    fn means(&self, totals: Vec<i128>, samples: u64) -> Vec<f64> {
        let channels = self.layer.geometry.out_channels;
        let groups = (totals.len() / channels) as u64;
        let outputs = (samples * groups * self.layer.geometry.positions() as u64).max(1) as f64;
        let total = |channel: usize| totals.iter().skip(channel).step_by(channels).sum::<i128>();
        (0..channels).map(|channel| total(channel) as f64 / outputs).collect()
    }
}

impl MeanError {
    /// Summarises the mean errors of output channels on so many samples; `size` is the root mean square of exact sums.
    pub(super) fn of(means: &[f64], size: f64, samples: usize) -> Self {
        let count = means.len().max(1) as f64;
        let square = means.iter().map(|mean| mean * mean).sum::<f64>() / count;
        Self {
            value: means.iter().sum::<f64>() / count,
            largest: means.iter().fold(0.0, |largest, mean| mean.abs().max(largest)),
            relative: if size == 0.0 { 0.0 } else { square.sqrt() / size },
            samples,
        }
    }
}

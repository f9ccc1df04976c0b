//! The exact mean error of a layer per output channel, from histograms of its codes.

use super::outcome::MeanError;
use crate::kernel::{Geometry, Histograms, Products};

/// Mean of the sums of each output channel over positions and samples, for the weights counted or others in their place.
///
/// Exact for an exact accumulator, blind to what an approximate one adds.
pub(super) fn channel_means(
    geometry: &Geometry,
    (histograms, batch): (&Histograms, usize),
    weights: &[u8],
    products: &Products,
) -> Vec<f64> {
    let outputs = (batch * geometry.positions()).max(1) as f64;
    let product = |weight: u8, code: u8| products.get(weight, code).into();
    let totals = histograms.channel_totals(geometry, weights, product);
    totals.into_iter().map(|total| total as f64 / outputs).collect()
}

impl MeanError {
    /// Summarises the mean errors of output channels; `size` is the root mean square of the exact sums.
    pub(super) fn of(means: &[f64], size: f64) -> Self {
        let count = means.len().max(1) as f64;
        let square = means.iter().map(|mean| mean * mean).sum::<f64>() / count;
        Self {
            value: means.iter().sum::<f64>() / count,
            largest: means.iter().fold(0.0, |largest, mean| mean.abs().max(largest)),
            relative: if size == 0.0 { 0.0 } else { square.sqrt() / size },
        }
    }
}

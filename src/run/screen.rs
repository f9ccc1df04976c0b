//! What the multipliers of a setup do to the mean of every layer's sums, before it is run: from the codes that calibration
//! samples give its network with exact products.

use std::sync::Mutex;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::arrays::Arrays;
use super::hardware::Hardware;
use super::mean_error::Sums;
use super::outcome::MeanError;
use crate::kernel::Histograms;
use crate::workload::{Codes, Engine, Exact, Layer, Origin, Place, Quantized, Weights};

/// The layer whose sums are furthest off on average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Its name.
    pub layer: String,
    /// Root mean square of the mean errors of its output channels over that of exact sums.
    pub mean_error: f64,
}

/// Codes of a layer in the exact network.
#[derive(Debug)]
pub(super) struct Taken {
    activations: Histograms,
    /// Weights, where they are computed.
    weights: Option<Weights>,
    /// Sum of the squares of exact sums, and how many these are.
    squares: (u128, u64),
}

/// An engine of exact products that counts the codes of layers whose weights come from `origin`.
pub(super) struct Taker {
    origin: Origin,
    taken: Vec<Mutex<Option<Taken>>>,
}

impl Taker {
    pub(super) fn new(origin: Origin, layers: usize) -> Self {
        Self { origin, taken: (0..layers).map(|_| Mutex::default()).collect() }
    }

    /// By layer; none where weights come from elsewhere, or are signs.
    pub(super) fn into_taken(self) -> Vec<Option<Taken>> {
        let taken = self.taken.into_iter();
        taken.map(|taken| taken.into_inner().expect("no layer panicked while it was counted")).collect()
    }
}

impl Engine for Taker {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let sums = Exact.contract(layer, input, weights);
        if layer.weights == self.origin && !weights.are_signs() {
            let (geometry, operands) = layer.contraction(input, weights);
            let squares = sums.iter().map(|&sum| u128::from(sum.unsigned_abs()).pow(2)).sum::<u128>();
            let mut taken = self.taken[layer.index].lock().expect("no layer panicked while it was counted");
            // Those of a later step in time are others than the ones that are kept.
            if taken.is_some() && self.origin == Origin::Computed {
                return sums;
            }
            let taken = taken.get_or_insert_with(|| Taken {
                activations: Histograms::new(&geometry),
                weights: (self.origin == Origin::Computed).then(|| weights.clone()),
                squares: (0, 0),
            });
            taken.activations.count(operands.input);
            taken.squares = (taken.squares.0 + squares, taken.squares.1 + sums.len() as u64);
        }
        sums
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

impl Taken {
    fn size(&self) -> f64 {
        let (squares, count) = self.squares;
        (squares as f64 / count.max(1) as f64).sqrt()
    }

    /// The relative mean error that a layer's multiplier makes; none where it makes none, or no table holds its products.
    fn error(&self, hardware: &Hardware<'_>, quantized: &Quantized, layer: &Layer) -> Option<f64> {
        let weights = &quantized.weights()[layer.index];
        let zeros = [weights.zero_point, quantized.input_grid(layer.index).zero_point];
        let sums = Sums::of(hardware, layer, zeros).filter(Sums::differ)?;
        let means = sums.errors(&self.activations, self.weights.as_ref().unwrap_or(weights));
        Some(MeanError::of(&means, self.size(), 0).relative)
    }
}

/// The layer that a setup's multipliers put furthest off; none where they are exact, or neurons add what would be multiplied.
pub(super) fn worst(
    hardware: &Hardware<'_>,
    quantized: &Quantized,
    taken: &[Option<Taken>],
) -> Option<Worst> {
    if hardware.arrays.and_then(Arrays::neurons).is_some() {
        return None;
    }
    let error = |layer: &Layer| {
        let mean_error = taken[layer.index].as_ref()?.error(hardware, quantized, layer)?;
        Some(Worst { layer: layer.name.clone(), mean_error })
    };
    let errors: Vec<Option<Worst>> = quantized.layers().par_iter().map(error).collect();
    // Of equal ones the first.
    errors
        .into_iter()
        .flatten()
        .reduce(|worst, other| if other.mean_error > worst.mean_error { other } else { worst })
}

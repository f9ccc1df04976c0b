//! What each layer saw: its operands are replayed through the gates, its sums compared with exact ones.

use std::sync::Mutex;

use super::hardware::Hardware;
use crate::kernel::{self, Geometry, Products};
use crate::platform::compute::stream::{Operands, Replay, replay};
use crate::rng::Stream;
use crate::workload::{Codes, Engine, Layer, Place, Weights, operands};

/// The stream that draws the stretches of each layer.
pub(super) const PROBE: &str = "run.probe";
/// Samples whose operands are pooled.
pub(super) const SAMPLES: usize = 8;

/// What was found in one layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub replay: Option<Replay>,
    pub relative_error: f64,
    pub bias: f64,
}

/// An engine that behaves as the hardware and looks at every contraction.
pub(super) struct Probe<'a> {
    pub hardware: Hardware<'a>,
    pub seed: u64,
    /// What is known of each layer from a run that began alike.
    pub known: Vec<Option<Seen>>,
    pub seen: Mutex<Vec<Seen>>,
}

impl Engine for Probe<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let sums = self.hardware.contract(layer, input, weights);
        let note = |seen| self.seen.lock().expect("no layer panicked while it was looked at").push(seen);
        if let Some(seen) = self.known[layer.index] {
            note(seen);
            return sums;
        }
        let exact = Products::exact(weights.zero_point, input.zero_point);
        let exact = kernel::convolve(&layer.geometry, operands(input, weights), &exact);
        let (relative_error, bias) = errors(&sums, &exact);
        let mut stream = Stream::new(self.seed, PROBE, layer.index as u64);
        let mut price =
            |array| pooled(layer, input, weights, |operands| replay(array, operands, &mut stream));
        let replay = self.hardware.arrays.map(|arrays| price(arrays.of(layer.index)));
        note(Seen { replay, relative_error, bias });
        sums
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.hardware.store(place, codes);
    }
}

/// Root mean square and mean of the difference over the root mean square of the exact sums.
fn errors(sums: &[i32], exact: &[i32]) -> (f64, f64) {
    let differences = || sums.iter().zip(exact).map(|(sum, exact)| f64::from(*sum) - f64::from(*exact));
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
    let size = (square(&mut exact.iter().map(|&x| f64::from(x))) / exact.len() as f64).sqrt();
    if size == 0.0 {
        return (0.0, 0.0);
    }
    let count = exact.len() as f64;
    ((square(&mut differences()) / count).sqrt() / size, differences().sum::<f64>() / count / size)
}

/// The operands of all pooled samples as one long contraction: sample after sample.
pub(super) fn pooled<T>(
    layer: &Layer,
    input: &Codes,
    weights: &Weights,
    with: impl FnOnce(&Operands<'_>) -> T,
) -> T {
    let geometry: &Geometry = &layer.geometry;
    let gemm = geometry.gemm();
    let samples = input.codes.shape()[0];
    let centred = |code: u8, zero: u8| i64::from(code) - i64::from(zero);
    let activation = |group: usize, position: usize, k: usize| {
        let (sample, at) = (position / gemm.positions, position % gemm.positions);
        let tap = geometry.tap(k, at / geometry.out_width(), at % geometry.out_width());
        let start = sample * geometry.inputs_per_sample() + geometry.group_offset(group);
        tap.map_or(0, |tap| centred(input.codes.data()[start + tap], input.zero_point))
    };
    let weight = |group: usize, output: usize, k: usize| {
        let channel = group * gemm.outputs + output;
        centred(geometry.filter(&weights.codes, channel)[k], weights.zero_point)
    };
    let gemm = kernel::Gemm { positions: gemm.positions * samples, ..gemm };
    with(&Operands { gemm, activation: &activation, weight: &weight })
}

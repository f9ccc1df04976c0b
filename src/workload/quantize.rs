//! Static post-training quantisation: scales from calibration samples, weights per output channel.
//!
//! Every activation that leads to another contraction is put away as codes; what follows the last
//! contraction stays real, and so do biases and the addition of two tensors between being read and put away.

use super::engine::{Codes, Engine, Layer, Place, Weights};
use super::lower::ModelError;
use super::network::{Network, Step};
use super::op::Op;
use crate::config::{Calibration, Quantize};
use crate::tensor::Tensor;

/// How activations are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Zero in the middle: what a signed multiplier takes.
    Symmetric,
    /// The whole range from lowest to highest: what an unsigned multiplier takes, signs outside.
    Affine,
}

/// Why a network cannot be calibrated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// No calibration sample.
    #[error("there is no calibration sample; set quantize.calibration_samples to at least 1")]
    Empty,
    /// A value that is not finite appeared.
    #[error("a value that is not finite appeared after node `{0}` during calibration")]
    NotFinite(String),
    /// The samples do not fit the network.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Scale and zero point of one tensor.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grid {
    scale: f32,
    zero_point: u8,
    lowest: u8,
    bits: u32,
}

impl Grid {
    fn new(scheme: Scheme, bits: u32, low: f32, high: f32) -> Self {
        let top = (1u32 << bits) - 1;
        match scheme {
            Scheme::Symmetric => {
                let zero_point = 1u8 << (bits - 1);
                let steps = (zero_point - 1).max(1);
                Self {
                    scale: positive(low.abs().max(high.abs()) / f32::from(steps)),
                    zero_point,
                    lowest: 1,
                    bits,
                }
            }
            Scheme::Affine => {
                let (low, high) = (low.min(0.0), high.max(0.0));
                let scale = positive((high - low) / top as f32);
                Self { scale, zero_point: (-low / scale).round_ties_even() as u8, lowest: 0, bits }
            }
        }
    }

    /// Round half to even, saturating.
    ///
    /// Adding 1.5 · 2^23 leaves no fraction bits, so the sum is rounded as IEEE 754 rounds: half to even. The
    /// value is held within the codes first, which changes nothing because their ends are integers.
    fn code(&self, value: f32) -> u8 {
        const SHIFT: f32 = 12_582_912.0;
        let zero = f32::from(self.zero_point);
        let top = ((1u32 << self.bits) - 1) as f32;
        let steps = (value / self.scale).clamp(f32::from(self.lowest) - zero, top - zero);
        ((steps + SHIFT) - SHIFT + zero) as u8
    }

    fn value(&self, code: u8) -> f32 {
        (f32::from(code) - f32::from(self.zero_point)) * self.scale
    }
}

fn positive(scale: f32) -> f32 {
    if scale > 0.0 && scale.is_finite() { scale } else { 1.0 }
}

/// A network with integer weights and the grids of its activations.
#[derive(Debug, Clone)]
pub struct Quantized {
    network: Network,
    layers: Vec<Layer>,
    /// Grid of each value; absent where it stays real.
    grids: Vec<Option<Grid>>,
    weights: Vec<Weights>,
}

impl Quantized {
    /// Finds the range of every activation on calibration samples and rounds the weights.
    ///
    /// # Errors
    /// [`CalibrationError`].
    pub fn calibrate(
        network: &Network,
        settings: &Quantize,
        scheme: Scheme,
        calibration: &Tensor<f32>,
    ) -> Result<Self, CalibrationError> {
        if calibration.is_empty() {
            return Err(CalibrationError::Empty);
        }
        let ranges = ranges(network, settings.calibration, calibration)?;
        let grid = |(low, high)| Grid::new(scheme, settings.activation_bits, low, high);
        let grids = ranges.into_iter().map(|range| range.map(grid)).collect();
        let contractions = network.steps.iter().filter_map(|step| match &step.op {
            Op::Contract(contraction) => Some(contraction),
            _ => None,
        });
        let weights =
            contractions.map(|c| round(&c.weights, c.geometry.out_channels, settings.weight_bits)).collect();
        Ok(Self { network: network.clone(), layers: network.layers(), grids, weights })
    }

    /// The contractions in order.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Integer weights of each contraction.
    pub fn weights(&self) -> &[Weights] {
        &self.weights
    }

    /// The same network with other weight codes, for example as a memory returned them.
    pub fn with_weights(&self, weights: Vec<Weights>) -> Self {
        Self { weights, ..self.clone() }
    }

    /// Zero point of the activations that a contraction reads.
    pub fn input_zero_point(&self, layer: usize) -> u8 {
        let reads = self.network.steps.iter().filter(|step| matches!(step.op, Op::Contract(_)));
        let value = reads.map(|step| step.inputs[0]).nth(layer);
        value.and_then(|value| self.grids[value]).map_or(0, |grid| grid.zero_point)
    }

    /// Runs on an engine: [n, …] → [n, outputs].
    ///
    /// # Errors
    /// [`ModelError::Input`] when the samples have another shape.
    pub fn run(
        &self,
        engine: &dyn Engine,
        batch: &Tensor<f32>,
        first_sample: usize,
    ) -> Result<Tensor<f32>, ModelError> {
        let samples = batch.shape().first().copied().unwrap_or(0);
        let codes = |grid: &Grid, data: &[f32]| {
            let codes: Vec<u8> = data.iter().map(|&value| grid.code(value)).collect();
            let shape = [samples, codes.len() / samples.max(1)];
            let codes = Tensor::new(shape, codes).expect("codes fill their own shape");
            Codes { codes, scale: grid.scale, zero_point: grid.zero_point, bits: grid.bits }
        };
        let contract = |layer: usize, step: &Step, x: &[f32]| {
            let grid = self.grids[step.inputs[0]].expect("what a contraction reads is on a grid");
            let sums = engine.contract(&self.layers[layer], &codes(&grid, x), &self.weights[layer]);
            self.real(layer, step, grid.scale, &sums)
        };
        let put = |value: usize, data: &mut [f32]| {
            let Some(grid) = self.grids[value] else { return };
            let mut stored = codes(&grid, data);
            if self.is_put_away(value) {
                engine.store(Place { value, first_sample }, &mut stored);
            }
            data.iter_mut().zip(stored.codes.data()).for_each(|(value, &code)| *value = grid.value(code));
        };
        self.network.execute(batch, contract, put)
    }

    /// Values that only stand under another shape are not put away a second time.
    fn is_put_away(&self, value: usize) -> bool {
        value == 0 || !matches!(self.network.steps[value - 1].op, Op::Reshape)
    }

    /// Integer sums as real outputs: scaled, bias added.
    fn real(&self, layer: usize, step: &Step, scale: f32, sums: &[i32]) -> Vec<f32> {
        let Op::Contract(contraction) = &step.op else { unreachable!("only contractions are contracted") };
        let channels = contraction.geometry.out_channels;
        let mut out = Vec::with_capacity(sums.len());
        for (at, sums) in sums.chunks_exact(contraction.geometry.positions()).enumerate() {
            let channel = at % channels;
            let (step, bias) = (scale * self.weights[layer].scales[channel], contraction.bias[channel]);
            out.extend(sums.iter().map(|&sum| sum as f32 * step + bias));
        }
        out
    }
}

/// Symmetric codes per output channel.
fn round(weights: &[f32], channels: usize, bits: u32) -> Weights {
    let (mut codes, mut scales) = (Vec::with_capacity(weights.len()), vec![]);
    for filter in weights.chunks_exact(weights.len() / channels) {
        let largest = filter.iter().fold(0f32, |largest, weight| largest.max(weight.abs()));
        let grid = Grid::new(Scheme::Symmetric, bits, -largest, largest);
        codes.extend(filter.iter().map(|&weight| grid.code(weight)));
        scales.push(grid.scale);
    }
    Weights { codes, scales, zero_point: 1 << (bits - 1), bits }
}

/// Values kept per tensor for a percentile; every n-th is taken so that all samples count alike.
const KEPT: usize = 200_000;

type Range = (f32, f32);

/// The range of each value that is put away.
fn ranges(
    network: &Network,
    rule: Calibration,
    samples: &Tensor<f32>,
) -> Result<Vec<Option<Range>>, CalibrationError> {
    let count = network.steps.len() + 1;
    let wanted: Vec<bool> = (0..count).map(|value| is_wanted(network, value)).collect();
    let mut seen: Vec<Vec<f32>> = vec![vec![]; count];
    let mut broken = None;
    network.observe(samples, |value, data| {
        if data.iter().any(|x| !x.is_finite()) {
            broken.get_or_insert(value);
        } else if wanted[value] {
            seen[value] = summary(rule, data);
        }
    })?;
    if let Some(value) = broken {
        let name = value.checked_sub(1).map_or("input".into(), |step| network.steps[step].name.clone());
        return Err(CalibrationError::NotFinite(name));
    }
    let range = |mut values: Vec<f32>| {
        values.sort_by(f32::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        match rule {
            Calibration::MinMax => (at(0.0), at(1.0)),
            Calibration::Percentile(percent) => (at(1.0 - percent / 100.0), at(percent / 100.0)),
        }
    };
    let ranges = seen.into_iter().map(|values| (!values.is_empty()).then(|| range(values)));
    Ok(inherit(network, ranges.collect()))
}

fn summary(rule: Calibration, data: &[f32]) -> Vec<f32> {
    match rule {
        Calibration::MinMax => {
            let low = data.iter().copied().fold(f32::INFINITY, f32::min);
            vec![low, data.iter().copied().fold(f32::NEG_INFINITY, f32::max)]
        }
        Calibration::Percentile(_) => {
            data.iter().step_by(data.len().div_ceil(KEPT).max(1)).copied().collect()
        }
    }
}

/// A value is put away when a contraction follows and it is not merely on its way into a Clip.
fn is_wanted(network: &Network, value: usize) -> bool {
    let only_clipped =
        network.readers(value).all(|step| matches!(step.op, Op::Clip(..) | Op::AddConstant(..)));
    network.leads_to_contraction(value) && !(only_clipped && value > 0)
}

/// What is only reshaped or taken the maximum of lies on the grid of what it was made from.
fn inherit(network: &Network, mut ranges: Vec<Option<Range>>) -> Vec<Option<Range>> {
    for (at, step) in network.steps.iter().enumerate() {
        if matches!(step.op, Op::Reshape | Op::MaxPool(_))
            && ranges[at + 1].is_some()
            && ranges[step.inputs[0]].is_some()
        {
            ranges[at + 1] = ranges[step.inputs[0]];
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn codes_are_rounded_half_to_even_and_saturate(steps in -600f32..600.0, halves in -600i32..600, affine: bool) {
            let scheme = if affine { Scheme::Affine } else { Scheme::Symmetric };
            let grid = Grid::new(scheme, 8, -1.0, 3.0);
            for steps in [steps, halves as f32 / 2.0] {
                let value = steps * grid.scale;
                let plain = (value / grid.scale).round_ties_even() + f32::from(grid.zero_point);
                proptest::prop_assert_eq!(grid.code(value), plain.clamp(f32::from(grid.lowest), 255.0) as u8);
            }
        }

        #[test]
        fn a_code_reads_back_as_itself(code in 1u8.., low in -9f32..0.0, high in 0.1f32..9.0, affine: bool) {
            let grid = Grid::new(if affine { Scheme::Affine } else { Scheme::Symmetric }, 8, low, high);
            proptest::prop_assert_eq!(grid.code(grid.value(code)), code);
        }
    }
}

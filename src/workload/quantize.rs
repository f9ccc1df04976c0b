//! Static post-training quantisation: scales from calibration samples.
//!
//! Every activation that leads to another contraction is put away as codes; what follows the last
//! contraction stays real, and so do biases that no file has as whole numbers of a sum's step, the addition of two tensors
//! between being read and put away, and what is on its way through operators on elements or rows (as those of a normalisation,
//! or from scores of attention to their softmax).

use std::sync::Arc;

use super::engine::{Layer, Weights};
use super::lower::ModelError;
use super::network::{Network, Step};
use super::op::{Contraction, General, Op};
use super::rotation::Rotation;
use crate::config::{Quantize, WeightScales};
use crate::tensor::Tensor;

mod asking;
mod checkpoint;
mod chosen;
mod entropy;
mod filed;
mod grid;
mod group;
mod held;
mod layout;
mod mse;
mod precision;
mod range;
mod read;
mod recurrent;
mod role;
mod run;
mod signs;
mod stored;
mod tail;
mod tokens;
mod turned;

pub use checkpoint::{Checkpoint, Start};
use chosen::Chosen;
use filed::{Coded, FileCodes};
pub use grid::{Grid, Scheme};
pub use group::Coder;
use group::Layout;
use held::Held;
pub use layout::GroupError;
use layout::Written;
pub use precision::{Precision, PrecisionError};
pub use range::Observations;
use stored::StoredGroups;
pub use stored::{Groups, Razored, common_group};
pub use tokens::ScaledTokens;
use tokens::TokenLayout;
pub use turned::{RotationError, Turned};

/// Why a network cannot be calibrated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// No calibration sample.
    #[error("there is no calibration sample; set quantize.calibration_samples to at least 1")]
    Empty,
    /// A value that is not finite appeared.
    #[error(
        "a value that is not finite appeared after node `{0}` during calibration: a number too large for single precision, or one \
         that its operator does not have, as of a division by 0; look at its weights and operands, and at `preprocess`"
    )]
    NotFinite(String),
    /// Values of which a percentile leaves zeros alone, so that nothing tells their step.
    #[error(
        "values of node `{0}` are zero but for a share that `calibration: {{percentile: …}}` leaves out, so that all of them \
         would be; write a higher percentile, or `min_max`"
    )]
    Zeros(String),
    /// Products that no engine would form.
    #[error(
        "node `{node}` multiplies and adds, but is no layer of the array, so that only the float model can be run: {why}"
    )]
    Beside {
        /// Its name.
        node: String,
        /// Why it is no layer, or what is one instead.
        why: String,
    },
    /// Numbers cannot be written in the formats that were asked for.
    #[error(transparent)]
    Groups(#[from] GroupError),
    /// Channels cannot be rotated as was asked for.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// The samples do not fit the network.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl CalibrationError {
    fn beside(General { node, reason, .. }: &General) -> Self {
        let layers = match &*node.kind {
            "GRU" | "LSTM" | "RNN" => {
                "a recurrent cell goes to the array if it reads one sequence of a sample, all else is stored, its last inner \
                 state `Y_c` is not read, and a GRU has linear_before_reset = 1 (as PyTorch, and Keras with reset_after, write it)"
            }
            _ => {
                "convolutions with stored weights, products of matrices and recurrent cells with stored weights go to the array"
            }
        };
        Self::Beside { node: node.name.clone(), why: reason.clone().unwrap_or_else(|| layers.into()) }
    }
}

/// A network with integer weights and the grids of its activations.
#[derive(Debug, Clone)]
pub struct Quantized {
    network: Network,
    layers: Vec<Layer>,
    /// Grid of each value; absent where it stays real.
    grids: Vec<Option<Grid>>,
    /// Where groups of each value's codes have shifts.
    layouts: Vec<Option<Layout>>,
    /// Where tokens of each value's codes have scales.
    tokens: Vec<Option<TokenLayout>>,
    /// How the channels of each value are rotated before they become codes.
    rotations: Vec<Option<Rotation>>,
    weights: Vec<Weights>,
    /// What the weights of each layer have besides codes, where groups of them have shifts.
    groups: Vec<Option<StoredGroups>>,
    /// What is added to each channel of a contraction.
    biases: Arc<[Arc<[f32]>]>,
    /// What is added to the sums of each channel instead, where the file has it as whole numbers of their step.
    whole_biases: Arc<[Option<Arc<[i32]>>]>,
    /// What became of the codes that the file has for each layer.
    file_codes: Vec<FileCodes>,
    /// The expert that each layer is of, if it is.
    experts: Vec<Option<usize>>,
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
        let precision = Precision::uniform(network, settings);
        Self::calibrate_at(network, (settings, &precision), scheme, calibration)
    }

    /// The same where layers have widths of their own.
    ///
    /// # Errors
    /// [`CalibrationError`].
    pub fn calibrate_at(
        network: &Network,
        (settings, precision): (&Quantize, &Precision),
        scheme: Scheme,
        calibration: &Tensor<f32>,
    ) -> Result<Self, CalibrationError> {
        let observed = Observations::of(network, (settings, precision), calibration)?;
        Self::calibrate_on(network, (settings, precision), scheme, &observed)
    }

    /// The same on what the network's tensors held, which several widths of codes share.
    ///
    /// # Errors
    /// [`CalibrationError`].
    ///
    /// # Panics
    /// When another network, rule or rotation was observed.
    pub fn calibrate_on(
        network: &Network,
        (settings, precision): (&Quantize, &Precision),
        scheme: Scheme,
        observed: &Observations,
    ) -> Result<Self, CalibrationError> {
        Self::check(network, (settings, precision))?;
        let chosen = Chosen::of(network, (settings, precision), scheme, observed)?;
        let Chosen { grids, written, rotations, filed } = chosen;
        let weights = network.contractions().enumerate().map(|(layer, step)| match step.op.weighted() {
            Some(own) => coded(own, layer, (settings, precision), scheme),
            None => (computed(grids[step.inputs[1]], step), None),
        });
        let (weights, groups): (Vec<Weights>, Vec<Option<StoredGroups>>) = weights.unzip();
        let tokens: Vec<_> = written.iter().map(|own| own.and_then(Written::tokens)).collect();
        layout::check(network, (&grids, &tokens), &weights)?;
        let coded = Coded { network, grids: &grids, written: &written, weights: &weights, groups: &groups };
        let (whole_biases, file_codes) = (coded.biases(), coded.codes(&filed));
        let biases = network.contractions().zip(&*whole_biases).map(bias).collect();
        let (layers, experts) = (network.layers(), network.experts());
        Ok(Self {
            network: network.clone(),
            layers,
            grids,
            layouts: written.into_iter().map(|own| own.and_then(Written::groups)).collect(),
            tokens,
            rotations,
            weights,
            groups,
            biases,
            whole_biases,
            file_codes,
            experts,
        })
    }

    /// Refuses what calibrating would whatever the samples hold: layers that are none of an array, and formats that do not fit.
    ///
    /// # Errors
    /// [`CalibrationError`].
    pub fn check(
        network: &Network,
        (settings, precision): (&Quantize, &Precision),
    ) -> Result<(), CalibrationError> {
        if let Some(general) = network.beside() {
            return Err(CalibrationError::beside(general));
        }
        layout::layouts(network, settings, precision)?;
        turned::rotations(network, precision)?;
        Ok(())
    }

    /// The contractions in order.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Integer weights of each contraction; of computed ones the scales alone.
    pub fn weights(&self) -> &[Weights] {
        &self.weights
    }

    /// The layers that read codes of bytes, or have weights, which the file has on another grid: one that the scheme does not take.
    pub fn coded_anew(&self) -> Vec<&str> {
        let anew = self.layers.iter().zip(&self.file_codes).filter(|(_, codes)| **codes == FileCodes::Anew);
        anew.map(|(layer, _)| &*layer.name).collect()
    }

    /// Whether a layer reads codes, and has weights, as the model's file has them.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub fn keeps_file_codes(&self, layer: usize) -> bool {
        self.file_codes[layer] == FileCodes::Kept
    }

    /// The same network with other weight codes, for example as a memory returned them.
    pub fn with_weights(&self, weights: Vec<Weights>) -> Self {
        Self { weights, ..self.clone() }
    }

    /// The grid of the activations that a contraction reads.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub fn input_grid(&self, layer: usize) -> Grid {
        let value = self.network.multiplied().map(|(value, _)| value).nth(layer);
        let value = value.expect("the network has this layer");
        self.grids[value].expect("what a contraction reads is on a grid")
    }

    /// Bits that an output of a contraction takes where it is put away, its share of shifts included; none where it stays real.
    ///
    /// In a recurrent cell outputs of all gates become one element of the state, of which each takes its share.
    pub fn output_bits(&self, layer: usize) -> Option<f64> {
        let (at, step) = self.network.placed_contractions().nth(layer)?;
        let bits = self.put_away()[at + 1]?;
        Some(match &step.op {
            Op::Recurrent(cell) => bits * cell.gates.hidden() as f64 / cell.gates.rows() as f64,
            _ => bits,
        })
    }

    /// Whether a recurrent cell adds a layer's sums to its own, so that they wait as wide as they are.
    pub fn waits_as_sums(&self, layer: usize) -> bool {
        let place = self.network.placed_contractions().nth(layer).map(|(at, _)| at + 1);
        place.is_some_and(|value| self.network.readers(value).any(|step| matches!(step.op, Op::Recurrent(_))))
    }

    /// How many sums that wait each run of a layer takes up: those of all its gates in a recurrent cell, else none.
    pub fn sums_taken_up(&self, layer: usize) -> usize {
        match self.network.contractions().nth(layer).map(|step| &step.op) {
            Some(Op::Recurrent(cell)) => cell.gates.rows(),
            _ => 0,
        }
    }

    /// The same of an element of a sample.
    pub fn sample_bits(&self) -> Option<f64> {
        self.put_away()[0]
    }

    /// The values that are there when a layer is done and that the rest of the network reads: with them it can go on elsewhere.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub fn crossing(&self, layer: usize) -> Vec<usize> {
        self.network.crossing(layer)
    }

    /// Bits of these values of a sample as they are put away, shares of shifts included; numbers that stay real have 32.
    pub fn bits_of(&self, values: &[usize]) -> f64 {
        let bits = self.put_away();
        values.iter().map(|&value| self.network.size(value) as f64 * bits[value].unwrap_or(32.0)).sum()
    }

    /// Bits that a code of a value takes in memory, its share of shift or scale included.
    fn code_bits(&self, value: usize, grid: &Grid) -> f64 {
        match (self.layouts[value], self.tokens[value]) {
            (Some(layout), _) => layout.effective_bits(),
            (None, Some(tokens)) => tokens.effective_bits(),
            (None, None) => grid.bits.into(),
        }
    }

    /// Bits that a number of each value takes as the first codes that it becomes.
    fn put_away(&self) -> Vec<Option<f64>> {
        let signs = self.as_signs();
        let own = |(value, grid): (usize, &Option<Grid>)| {
            signs[value].or(grid.as_ref().map(|grid| self.code_bits(value, grid)))
        };
        let mut bits: Vec<Option<f64>> = self.grids.iter().enumerate().map(own).collect();
        // From the last step on, so that the first reader of a value that stays real has the last word.
        for (at, step) in self.network.steps.iter().enumerate().rev() {
            for &value in step.inputs.iter().filter(|value| self.grids[**value].is_none()) {
                bits[value] = bits[at + 1].or(bits[value]);
            }
        }
        bits
    }
}

/// What is added to each channel of a contraction, unless its sums have it already.
fn bias((step, whole): (&Step, &Option<Arc<[i32]>>)) -> Arc<[f32]> {
    match step.op.weighted() {
        Some(own) if whole.is_none() => own.bias.clone().into(),
        _ => vec![0.0; step.op.contraction().map_or(0, |geometry| geometry.out_channels)].into(),
    }
}

/// Weights as codes, and what else they have where groups of them have shifts.
fn coded(
    own: &Contraction,
    layer: usize,
    (settings, precision): (&Quantize, &Precision),
    scheme: Scheme,
) -> (Weights, Option<StoredGroups>) {
    let own = turned::weights(own, precision.rotates(layer));
    let (share, bits) = (settings.weight_scales, precision.of_weights(layer));
    match layout::of_filters(precision.formats(layer).weights, &own.geometry) {
        _ if bits == 1 => (signs(&own.weights, own.geometry.out_channels), None),
        Some(layout) => stored::grouped(&own, layout, share),
        None => (filed::or_round(&own, (share, bits), scheme), None),
    }
}

/// What is known of weights that are computed, before they are.
fn computed(grid: Option<Grid>, step: &Step) -> Weights {
    let grid = grid.expect("what a contraction reads is on a grid");
    let channels = step.op.contraction().map_or(0, |geometry| geometry.out_channels);
    Weights {
        codes: vec![],
        scales: vec![grid.scale; channels],
        zero_point: grid.zero_point,
        bits: grid.bits,
    }
}

/// Signs, each filter's scale its mean magnitude (α of XNOR-Net) over its depth, by which sums of magnitudes become means.
fn signs(weights: &[f32], channels: usize) -> Weights {
    let depth = weights.len() / channels;
    let mean = |filter: &[f32]| filter.iter().map(|weight| weight.abs()).sum::<f32>() / depth as f32;
    Weights {
        codes: weights.iter().map(|weight| u8::from(*weight >= 0.0)).collect(),
        scales: weights.chunks_exact(depth).map(|filter| mean(filter) / depth as f32).collect(),
        zero_point: 2,
        bits: 1,
    }
}

/// Symmetric codes.
fn round(weights: &[f32], channels: usize, (share, bits): (WeightScales, u32)) -> Weights {
    let largest = |weights: &[f32]| weights.iter().fold(0f32, |largest, weight| largest.max(weight.abs()));
    let of_all = largest(weights);
    let (mut codes, mut scales) = (Vec::with_capacity(weights.len()), vec![]);
    for filter in weights.chunks_exact(weights.len() / channels) {
        let largest = match share {
            WeightScales::PerChannel => largest(filter),
            WeightScales::PerTensor => of_all,
        };
        let grid = Grid::new(Scheme::Symmetric, bits, -largest, largest);
        codes.extend(grid.code(filter));
        scales.push(grid.scale);
    }
    Weights { codes, scales, zero_point: 1 << (bits - 1), bits }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::config::Rounding;
    use crate::kernel::Geometry;
    use crate::rng::uniform_at;
    use crate::workload::Form;
    use crate::workload::engine::{Codes, Engine, Exact, Place};
    use crate::workload::op::Contraction;
    use crate::workload::pool::Window;
    use crate::workload::tests::network;

    #[test]
    fn a_scale_is_that_of_the_filter_or_of_all_filters() {
        let weights = [0.6f32, -1.0, 0.25, 4.0, 0.0, 1.9];
        let rounded = |weight_scales| round(&weights, 3, (weight_scales, 4));
        let each = rounded(WeightScales::PerChannel);
        assert_eq!(each.scales, [1.0f32, 4.0, 1.9].map(|largest| largest / 7.0));
        // 0.6 is 4.2 steps of 1/7, 0.25 is 0.4 of 4/7.
        assert_eq!(each.codes, [12, 1, 8, 15, 8, 15]);
        let all = rounded(WeightScales::PerTensor);
        assert_eq!(all.scales, [4.0 / 7.0; 3]);
        // 0.6 is 1.05 steps of 4/7, -1 is -1.75, 1.9 is 3.3.
        assert_eq!(all.codes, [9, 6, 8, 15, 8, 11]);
    }

    /// The codes that are put away and those that layers read.
    #[derive(Default)]
    struct Witness(Mutex<Vec<Vec<u8>>>);

    impl Engine for Witness {
        fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
            self.0.lock().unwrap().push(input.codes.data().to_vec());
            Exact.contract(layer, input, weights)
        }

        fn store(&self, place: Place, codes: &mut Codes) {
            if place.value == 1 {
                self.0.lock().unwrap().push(codes.codes.data().to_vec());
            }
        }
    }

    #[test]
    fn the_greatest_of_some_codes_is_one_of_them_however_codes_are_rounded() {
        let geometry = |side: usize| Geometry { in_height: side, in_width: side, ..Geometry::dense(1, 1) };
        let contract = |side: usize| {
            Op::Contract(Contraction {
                geometry: geometry(side),
                weights: vec![0.7],
                bias: vec![0.1],
                scales: None,
                form: Form::Image,
            })
        };
        let pool = Geometry { kernel: [2; 2], stride: [2; 2], ..geometry(16) };
        let ops = vec![
            (contract(16), vec![0]),
            (Op::MaxPool(Window { geometry: pool, count_padding: false }), vec![1]),
            (contract(8), vec![2]),
        ];
        let shapes = [16, 16, 8, 8].map(|side| vec![1, side, side]).to_vec();
        let network = network(ops, shapes);
        let numbers = (0..256).map(|at| (uniform_at(3, at) * 2.0 - 0.7) as f32).collect();
        let images = Tensor::new([1, 1, 16, 16], numbers).unwrap();
        for rounding in [Rounding::HalfEven, Rounding::HalfUp, Rounding::HalfAway, Rounding::Floor] {
            for scheme in [Scheme::Symmetric, Scheme::Affine] {
                let settings = Quantize { rounding, ..Quantize::default() };
                let quantized = Quantized::calibrate(&network, &settings, scheme, &images).unwrap();
                let witness = Witness::default();
                quantized.run(&witness, &images, 0).unwrap();
                let seen = witness.0.into_inner().unwrap();
                let [_, made, read] = &seen[..] else { panic!("two layers and what the first one made") };
                let greatest = |at: usize| {
                    let first = at / 8 * 32 + at % 8 * 2;
                    [0, 1, 16, 17].map(|next| made[first + next]).into_iter().max().unwrap()
                };
                assert_eq!(read, &(0..64).map(greatest).collect::<Vec<u8>>(), "{rounding:?} {scheme:?}");
            }
        }
    }
}

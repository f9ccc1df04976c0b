//! What one layer of a network did.

use serde::{Deserialize, Serialize};

use super::LayerFormat;
use crate::config::Measure;
use crate::config::platform::{WeightFormat, Zeros};

/// One contraction of the network on the array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerOutcome {
    /// Node name in the model.
    pub name: String,
    /// How often it is computed per sample, the mean: less than once where samples leave the network before, once a step of a
    /// network in time.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    pub runs: f64,
    /// Multiply-accumulates each time.
    pub macs: u64,
    /// Array cycles each time.
    pub cycles: u64,
    /// Multiply-accumulates over cycles × units.
    pub utilisation: f64,
    /// Energy of one multiply-accumulate in joules, from the operands that this layer saw.
    pub mac_energy_j: f64,
    /// Standard error of that energy, from the batches of replayed streams, in joules.
    pub mac_energy_spread_j: f64,
    /// Operand pairs replayed through the gates.
    pub replayed_pairs: u64,
    /// Switching energy over that of gates that answer at once, without glitches; 1 where nothing switches.
    #[serde(default = "no_glitches")]
    pub glitch_factor: f64,
    /// Energy of the layer's multiply-accumulates per sample, in joules, the mean over all samples.
    pub energy_j: f64,
    /// Root mean square of (accumulated − exact) over that of exact, on the same codes.
    pub relative_error: f64,
    /// Mean of (accumulated − exact) over the root mean square of exact.
    pub bias: f64,
    /// How many products the accumulator surely holds the sum of, where the layer sums more: sums may leave its range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<u64>,
    /// How many it sums, where that is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summed: Option<u64>,
    /// Bits that surely hold their sum, where networks keep as many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_bits: Option<u32>,
    /// Mean error of the products by output channel; absent where results come late, which no table holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_error: Option<MeanError>,
    /// What the layer does about the errors of its products; absent where nothing was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovered>,
    /// Bits of its weight codes and of the activation codes that it reads; absent where no layer has widths of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_bits: Option<[u32; 2]>,
    /// Whether it reads codes, and has weights, as the model's file has them, whatever the configuration says of scales and
    /// ranges.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub file_codes: bool,
    /// How its numbers are written; absent where codes have no groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<LayerFormat>,
    /// What its zero weights came to; absent where nothing was asked of zeros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<WeightsOutcome>,
    /// What its spikes came to; absent where its activations are multiplied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spikes: Option<SpikesOutcome>,
    /// Zeros that the network itself puts among its activations, for a sample: the array computes them as any other code.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub inserted_zeros: usize,
    /// What it takes as a binary layer; absent where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<BinaryOutcome>,
    /// What its sums are kept in and how products are added, in words; empty where it has neither multiply-accumulate units nor
    /// units of signs.
    #[serde(default)]
    pub sums: String,
    /// How the processor at hand formed the layer's products in the first batch, in words; no sum depends on it.
    #[serde(default)]
    pub way: String,
}

/// What a binary layer takes for a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BinaryOutcome {
    /// Words of 64 signs multiplied and counted.
    pub words: f64,
    /// Multiplications of a count by a factor: α and K of every output.
    pub multiplications: f64,
    /// Magnitudes added for K.
    pub magnitudes: f64,
    /// Products over words and multiplications; XNOR-Net, which counts one multiplication an output, has 64·n/(n + 64) for
    /// filters of `n` weights.
    pub speed_up: f64,
    /// Cycles that the array would take for its products each time.
    pub multiplied_cycles: u64,
}

/// What the spikes of a layer came to on neurons that add.
///
/// Both energies are those of a sample, of what the layer computes with and of its buffer's traffic, from its inputs as they
/// are put away to its membranes; membranes and thresholds are in both, the time that memories leak is in neither.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpikesOutcome {
    /// Share of inputs and steps with a spike.
    pub rate: f64,
    /// Inputs that spike, in all steps of a sample, the mean.
    pub spikes: f64,
    /// Weights added for a sample, the mean.
    pub additions: f64,
    /// Energy of the layer on neurons, in joules.
    pub energy_j: f64,
    /// The same layer where every activation is multiplied, one step after the other.
    pub step_by_step: MultipliedOutcome,
    /// The same with all steps of the layer side by side, so that weights are fetched once for them.
    pub steps_together: MultipliedOutcome,
}

/// A layer of spikes whose activations are all multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MultipliedOutcome {
    /// Its energy in joules.
    pub energy_j: f64,
    /// The rate of spikes at which adding takes as much, from energies of single actions, more than 1 where adding always
    /// takes less; absent where it never does.
    pub break_even: Option<f64>,
    /// The same, found by asking the ledger for rates one after the other.
    pub break_even_by_ledger: Option<f64>,
}

/// What zero weights of a layer came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightsOutcome {
    /// Weights whose code is that of zero over all that the layer has.
    pub zero_share: f64,
    /// Filters that it has, and that it had before any was left out.
    pub filters: [usize; 2],
    /// How memories keep its weights; dense where they do not fit the pattern of the configured format.
    pub format: WeightFormat,
    /// Bits that its weights take in memory, indices included.
    pub stored_bits: u64,
    /// Bits of indices alone.
    pub index_bits: u64,
    /// What its array does about zeros.
    pub zeros: Zeros,
    /// Cycles per sample if zeros were computed; absent where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dense_cycles: Option<u64>,
    /// Where zeros are skipped, the slots in which columns multiply over those in which they multiply or wait for a longer
    /// column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balanced: Option<f64>,
}

/// What a layer chose, on the calibration samples, to do about the errors of its products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovered {
    /// The measures chosen, in the order in which they act; none where nothing brings outputs nearer.
    pub measures: Vec<Measure>,
    /// The calibration samples on which it was chosen.
    #[serde(default)]
    pub samples: usize,
    /// Weights that have another code.
    pub weights_changed: usize,
    /// Root mean square of the error of the layer's real outputs over that of exact ones, with nothing done.
    pub error_before: f64,
    /// The same with what was chosen: never more.
    pub error_after: f64,
}

/// What a layer's outputs are off on average, exactly, from histograms of its codes and the table of products.
///
/// Errors of an approximate accumulator are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanError {
    /// Mean over all outputs, in steps of an integer sum.
    pub value: f64,
    /// Largest magnitude among the means of output channels, in steps of an integer sum.
    pub largest: f64,
    /// Root mean square of the means of output channels over that of exact sums: the part of the error that a constant
    /// per output channel would take away. Those exact sums are of the samples whose operands are replayed.
    pub relative: f64,
    /// Samples that it is of: all that were scored, where weights are the model's; else those whose operands are replayed.
    #[serde(default)]
    pub samples: usize,
}

/// How often a layer runs of a network without exits and without time.
fn once() -> f64 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_once(runs: &f64) -> bool {
    *runs == once()
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_nothing(count: &usize) -> bool {
    *count == 0
}

/// What an outcome says that was stored before glitches were measured.
fn no_glitches() -> f64 {
    1.0
}

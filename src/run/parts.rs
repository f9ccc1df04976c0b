//! What a setup is built of.

use std::sync::Arc;

use super::arrays::{Arrays, settings};
use super::bill::Words;
use super::error::RunError;
use super::formats;
use crate::config::Setup;
use crate::config::platform::{Multiplier, Zeros};
use crate::platform::Platform;
use crate::platform::compute::array::MacArray;
use crate::workload::{Network, Quantized, Scheme};

/// The built parts of a setup.
pub(super) struct Parts<'a> {
    pub setup: &'a Setup,
    pub platform: Platform,
    /// Absent where compute is ideal.
    pub arrays: Option<Arrays>,
    pub sample: Vec<usize>,
    /// The network without what is left out of it.
    pub network: Arc<Network>,
    /// Filters that each layer had before any was left out.
    pub filters: Vec<usize>,
    /// The last layer on the device, whose features are sent; none where all run on it.
    pub last_layer: Option<usize>,
}

impl Parts<'_> {
    /// The array that a layer runs on, where there is one.
    pub(super) fn array(&self, layer: usize) -> Option<&MacArray> {
        self.arrays.as_ref().map(|arrays| arrays.of(layer))
    }

    /// A layer's multiplier as configured, where there is an array.
    pub(super) fn multiplier(&self, layer: usize) -> Option<&Multiplier> {
        self.arrays.as_ref().map(|arrays| arrays.multiplier(layer))
    }

    /// The arrays that some layer runs on.
    pub(super) fn used(&self) -> impl Iterator<Item = &MacArray> {
        self.arrays.iter().flat_map(Arrays::used)
    }

    /// The array of a layer, where there is one and its results come in time.
    pub(super) fn timely(&self, layer: usize) -> Result<&MacArray, RunError> {
        let array = self.array(layer).ok_or(RunError::NoUnit)?;
        let layers = self.network.layers();
        let own = &settings(&self.setup.workload, &layers)?[layer];
        if own.binary {
            return Err(RunError::Signs(layers[layer].name.clone()));
        }
        if formats::changes(&self.setup.workload, own) {
            return Err(RunError::Groups(layers[layer].name.clone()));
        }
        // What an earlier layer lost would be in this one's operands.
        if self.used().any(MacArray::is_late) {
            return Err(RunError::Late);
        }
        if array.zeros() == Zeros::Skip { Err(RunError::Skips) } else { Ok(array) }
    }

    /// Bytes of the words that a layer moves.
    pub(super) fn words(&self, quantized: &Quantized, layer: usize) -> Words {
        let plain = self.plain_bits();
        let input = match quantized.groups_of(layer) {
            // A word is a group.
            Some(groups) => groups.effective_bits[1] * groups.channels as f64 / groups.parts() as f64,
            None => quantized.input_bits(layer),
        };
        let sum = f64::from(self.array(layer).map_or(32, |array| array.mac().accumulator_width())) / 8.0;
        let output = quantized.output_bits(layer).unwrap_or(plain) / 8.0;
        Words { input: input / 8.0, output: if quantized.waits_as_sums(layer) { sum } else { output }, sum }
    }

    /// Bits of activations that nothing puts away in a format of its own.
    fn plain_bits(&self) -> f64 {
        let quantize = &self.setup.workload.quantize;
        quantize.format.activations.plain_bits().unwrap_or(quantize.activation_bits).into()
    }

    /// Bytes of a captured sample as it is put away.
    pub(super) fn frame_bytes(&self, quantized: &Quantized) -> f64 {
        let plain = self.plain_bits();
        self.frame_elements() as f64 * (quantized.sample_bits().unwrap_or(plain) / 8.0)
    }

    /// How activations are coded: with zero in the middle for signed multipliers, unless a file has codes and all units hold any.
    pub(super) fn scheme(&self) -> Scheme {
        let filed = self.network.has_codes();
        let symmetric = |arrays: &Arrays| {
            let holds = filed && arrays.used().all(MacArray::takes_any_bytes);
            arrays.signed() && !arrays.main().takes_raw_codes() && !holds
        };
        if formats::any(self.setup) || self.arrays.as_ref().map_or(!filed, symmetric) {
            Scheme::Symmetric
        } else {
            Scheme::Affine
        }
    }

    /// Elements of a captured sample.
    pub(super) fn frame_elements(&self) -> usize {
        self.sample.iter().product()
    }
}

//! What zero weights of a layer come to on its array and in memory.

use super::bill::Mapped;
use super::outcome::WeightsOutcome;
use super::parts::Parts;
use crate::config::Prune;
use crate::config::platform::{WeightFormat, Zeros};
use crate::platform::compute::array::MacArray;
use crate::platform::compute::mapping::Mapping;
use crate::platform::compute::nonzeros::Nonzeros;
use crate::platform::compute::storage::Stored;
use crate::workload::{Groups, Layer, Origin, Weights};

/// Weights of a layer as its hardware has them.
pub(super) struct Held {
    /// Those that take cycles; none where all do.
    pub nonzeros: Option<Nonzeros>,
    /// What they take in memory.
    pub stored: Stored,
    /// Bytes of them that an array reads for a sample.
    pub read_bytes: f64,
    /// What they take as a whole.
    pub bytes: f64,
    /// Of all weights those whose code is that of zero.
    zeros: usize,
    /// What the layer would take if zeros were computed.
    dense: Mapping,
}

/// Which weights of a layer take cycles of its array; none where all do, as where they are computed.
pub(super) fn nonzeros(array: &MacArray, layer: &Layer, weights: &Weights) -> Option<Nonzeros> {
    if layer.weights == Origin::Computed {
        return None;
    }
    let gemm = layer.geometry.gemm();
    array.skipped(gemm, |group, output, nth| {
        let filter = layer.geometry.filter(&weights.codes, group * gemm.outputs + output);
        filter[layer.geometry.nth_tap(array.order(), nth)] == weights.zero_point
    })
}

/// Zeros that no memory keeps cannot be changed by its faults.
pub(super) fn restore(weights: &mut Weights, meant: &Weights) {
    let codes = weights.codes.iter_mut().zip(&meant.codes);
    codes.filter(|(_, meant)| **meant == weights.zero_point).for_each(|(code, meant)| *code = *meant);
}

impl Held {
    /// Of a layer that is mapped as `dense` where all of its weights take cycles.
    pub(super) fn of(
        array: Option<&MacArray>,
        layer: &Layer,
        (weights, groups): (&Weights, Option<&Groups>),
        dense: Mapping,
    ) -> Self {
        let format = array.filter(|_| layer.weights == Origin::Stored);
        let format = format.map_or(WeightFormat::Dense, MacArray::weight_format);
        let zeros: Vec<bool> = weights.codes.iter().map(|&code| code == weights.zero_point).collect();
        let stored = Stored::of(format, &zeros, (layer.geometry.depth(), weights.bits));
        let each = groups.map_or(weights.bits.into(), |groups| groups.effective_bits[0]) / 8.0;
        // What an array reads at once.
        let word = groups.map_or(each, |groups| each * groups.channels as f64 / groups.parts() as f64);
        let (bytes, read_bytes) = match stored.format {
            // Of computed weights there are none to be kept, but words to be read.
            WeightFormat::Dense => (zeros.len() as f64 * each, dense.weight_reads as f64 * word),
            _ => {
                // A layer's weights pass whole, once or several times.
                let passes = dense.weight_reads / (zeros.len() as u64).max(1);
                let bytes = stored.bits() as f64 / 8.0;
                (bytes, passes as f64 * bytes)
            }
        };
        let nonzeros = array.and_then(|array| nonzeros(array, layer, weights));
        let zeros = zeros.iter().filter(|zero| **zero).count();
        Self { nonzeros, stored, read_bytes, bytes, zeros, dense }
    }

    /// How the layer is folded.
    pub(super) fn mapping(&self, array: Option<&MacArray>) -> Mapping {
        let skipping = array.zip(self.nonzeros.as_ref());
        skipping.map_or(self.dense, |(array, nonzeros)| array.map_skipping(nonzeros))
    }
}

/// What a layer's zeros came to, where anything is asked of zeros.
pub(super) fn outcome(parts: &Parts<'_>, part: &Mapped) -> Option<WeightsOutcome> {
    let workload = &parts.setup.workload;
    let array = parts.array(part.layer.index);
    let acts =
        |array: &MacArray| array.zeros() != Zeros::Compute || array.weight_format() != WeightFormat::Dense;
    let pruned = workload.prune != Prune::None || workload.layers.values().any(|own| own.prune.is_some());
    if !pruned && !array.is_some_and(acts) {
        return None;
    }
    let (held, geometry) = (&part.held, &part.layer.geometry);
    let nonzeros = held.nonzeros.as_ref();
    Some(WeightsOutcome {
        zero_share: held.zeros as f64 / geometry.weights().max(1) as f64,
        filters: [geometry.out_channels, parts.filters[part.layer.index]],
        format: held.stored.format,
        stored_bits: held.stored.value_bits + held.stored.index_bits,
        index_bits: held.stored.index_bits,
        zeros: array.map_or(Zeros::Compute, MacArray::zeros),
        dense_cycles: nonzeros.map(|_| held.dense.cycles),
        balanced: nonzeros.map(balanced),
    })
}

/// Slots that columns have work in, over those that they wait in as well: 1 where none waits.
fn balanced(nonzeros: &Nonzeros) -> f64 {
    let folds =
        (0..nonzeros.gemm().groups).flat_map(|group| (0..nonzeros.folds()).map(move |at| (group, at)));
    let offered: usize = folds.map(|(group, at)| nonzeros.slots(group, at) * nonzeros.width(at)).sum();
    nonzeros.total() as f64 / offered.max(1) as f64
}

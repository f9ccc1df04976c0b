//! Binary layers on units of signs: what they may be, what a word switches, what a sample takes.

use super::arrays::settings;
use super::bill::Mapped;
use super::error::RunError;
use super::outcome::BinaryOutcome;
use super::parts::Parts;
use crate::config::platform::Dataflow;
use crate::config::{LayerSettings, Prune};
use crate::kernel::{Geometry, Signs};
use crate::ledger::Ledger;
use crate::platform::compute::signs::{Counts, SignArray};
use crate::platform::compute::units::Switched;
use crate::rng::Stream;
use crate::workload::{Codes, Layer, Origin, Scheme, Weights};

/// Products of an output at most: 2^12 of them times as many magnitudes of 7 bits are within 31 bits.
const DEPTH: usize = 1 << 12;
/// The same with magnitudes of 8 bits, which codes around any zero point have: 255 · 2901² is within 31 bits.
const DEPTH_OF_BYTES: usize = 2901;

/// Refuses binary layers that cannot be; `all` prunes layers without a rule of their own.
pub(super) fn check(layers: &[Layer], settings: &[LayerSettings], all: Prune) -> Result<(), RunError> {
    for (layer, own) in layers.iter().zip(settings).filter(|(_, own)| own.binary) {
        let why = if layer.weights == Origin::Computed {
            "multiplies two computed values, and only stored weights become signs"
        } else if layer.geometry.depth() > DEPTH {
            "sums more than 4096 products, times their magnitudes more than 32 bits hold"
        } else if own.format.is_some() {
            "has a `format` too, and its codes are signs"
        } else if leaves_zeros(own.prune.unwrap_or(all)) {
            return Err(RunError::PrunedSigns { name: layer.name.clone() });
        } else {
            continue;
        };
        return Err(RunError::Binary { name: layer.name.clone(), why });
    }
    Ok(())
}

/// Refuses binary layers whose sums would not fit with the codes that arrays take.
pub(super) fn check_sums(parts: &Parts<'_>) -> Result<(), RunError> {
    let layers = parts.network.layers();
    let own = settings(&parts.setup.workload, &layers)?;
    let mut binary = layers.iter().zip(&own).filter(|(_, own)| own.binary);
    match binary.find(|(layer, _)| layer.geometry.depth() > DEPTH_OF_BYTES) {
        Some((layer, _)) if parts.scheme() == Scheme::Affine => Err(RunError::Binary {
            name: layer.name.clone(),
            why: "sums more than 2901 products, times their magnitudes of 8 bits more than 32 bits hold; a signed multiplier \
                  takes magnitudes of 7 bits",
        }),
        _ => Ok(()),
    }
}

/// Whether a rule leaves zeros among the weights that stay, which would become signs.
fn leaves_zeros(rule: Prune) -> bool {
    match rule {
        Prune::None | Prune::Channel { .. } => false,
        Prune::Magnitude { ratio, .. } | Prune::Random { ratio } => ratio > 0.0,
        Prune::NOfM { keep, of } => keep < of,
    }
}

/// The units of a setup and what a word switches, where a layer is binary.
pub(super) fn on_signs<'a>(parts: &'a Parts<'_>, part: &'a Mapped) -> Option<(&'a SignArray, &'a Switched)> {
    Some((parts.arrays.as_ref()?.signs()?, part.word.as_ref()?))
}

/// What a sample of a layer takes besides cycles.
pub(super) fn counts(geometry: &Geometry) -> Counts {
    let taps = geometry.kernel[0] * geometry.kernel[1];
    Counts::of(&geometry.gemm(), [geometry.inputs_per_sample(), taps])
}

/// Bills a layer once.
pub(super) fn bill((array, word): (&SignArray, &Switched), part: &Mapped, ledger: &mut Ledger) {
    array.bill(ledger, "compute.array", (&part.mapping, &counts(&part.layer.geometry)), word);
}

/// What a binary layer takes beside what its products would.
pub(super) fn outcome(parts: &Parts<'_>, part: &Mapped) -> Option<BinaryOutcome> {
    on_signs(parts, part)?;
    let Counts { words, multiplications, magnitudes } = counts(&part.layer.geometry);
    let products = part.layer.geometry.macs() as f64;
    let multiplied = parts.array(part.layer.index)?.map(&part.layer.geometry.gemm()).cycles;
    let speed_up = products / (words + multiplications);
    Some(BinaryOutcome { words, multiplications, magnitudes, speed_up, multiplied_cycles: multiplied })
}

/// Replays words of a layer through the unit.
pub(super) fn replay(
    array: &SignArray,
    layer: &Layer,
    (input, weights): (&Codes, &Weights),
    stream: &mut Stream,
) -> Switched {
    let words = Words { array, geometry: &layer.geometry, input, weights };
    array.replay(|stream| words.sequence(stream), stream)
}

/// The words of a layer in the order of the dataflow.
struct Words<'a> {
    array: &'a SignArray,
    geometry: &'a Geometry,
    input: &'a Codes,
    weights: &'a Weights,
}

impl Words<'_> {
    /// What a unit sees from a random place on: word after word of an output that stays, output position after the other; or
    /// position after position under a word of weights that stays, the count of the rows above entering.
    fn sequence(&self, stream: &mut Stream) -> Vec<[u64; 3]> {
        let gemm = self.geometry.gemm();
        let rows = self.input.codes.shape()[0] * gemm.positions;
        let group = stream.below(gemm.groups as u64) as usize;
        let channel = group * gemm.outputs + stream.below(gemm.outputs as u64) as usize;
        let filter = Signs::of_filter(self.geometry.filter(&self.weights.codes, channel));
        let first = stream.below(rows as u64) as usize;
        let kept = stream.below(filter.words.len() as u64) as usize;
        let from = kept / self.array.rows() * self.array.rows();
        let at = |row: usize| {
            let words = self.row(group, row % rows, &filter);
            match self.array.dataflow() {
                Dataflow::OutputStationary => {
                    (0..words.len()).map(|word| counted(&words, 0, word)).collect::<Vec<_>>()
                }
                Dataflow::WeightStationary => vec![counted(&words, from, kept)],
            }
        };
        (first..first + SignArray::SLOTS).flat_map(at).take(SignArray::SLOTS).collect()
    }

    /// The words of an output: activations and weights, unlike where there is no sign.
    fn row(&self, group: usize, row: usize, filter: &Signs) -> Vec<[u64; 2]> {
        let (positions, inputs) = (self.geometry.positions(), self.geometry.inputs_per_sample());
        let sample = &self.input.codes.data()[row / positions * inputs..][..inputs];
        let place = (group, row % positions);
        let (window, _) = Signs::of_window(self.geometry, sample, place, self.input.zero_point);
        let words = window.words.iter().zip(&window.there).zip(&filter.words);
        words.map(|((own, there), weights)| [own | !there, weights & there]).collect()
    }
}

/// Words and the count that enters with them: of the words from one on.
fn counted(words: &[[u64; 2]], from: usize, at: usize) -> [u64; 3] {
    let count = words[from..at].iter().map(|[a, b]| u64::from((!(a ^ b)).count_ones())).sum();
    [words[at][0], words[at][1], count]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::Form;

    #[test]
    fn a_layer_of_signs_has_no_format_of_its_own() {
        let layer = Layer {
            index: 0,
            name: "conv".into(),
            geometry: Geometry::dense(8, 2),
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        };
        let binary = LayerSettings { binary: true, ..LayerSettings::default() };
        assert!(check(std::slice::from_ref(&layer), std::slice::from_ref(&binary), Prune::None).is_ok());
        let both = LayerSettings { format: Some(Default::default()), ..binary };
        let error = check(&[layer], &[both], Prune::None).unwrap_err().to_string();
        assert_eq!(error, "layer `conv` has a `format` too, and its codes are signs; leave its `binary` out");
    }

    #[test]
    fn weights_that_are_left_out_have_no_sign() {
        let layer = Layer {
            index: 0,
            name: "conv".into(),
            geometry: Geometry::dense(8, 2),
            weights: Origin::Stored,
            form: Form::Image,
            zeros: 0,
        };
        let binary = LayerSettings { binary: true, ..LayerSettings::default() };
        let checked = |own: Option<Prune>, all: Prune| {
            let own = LayerSettings { prune: own, ..binary.clone() };
            check(std::slice::from_ref(&layer), &[own], all).map_err(|error| error.to_string())
        };
        let halves = [
            Prune::Random { ratio: 0.5 },
            Prune::NOfM { keep: 2, of: 4 },
            Prune::Magnitude { ratio: 0.5, scope: Default::default() },
        ];
        for half in halves {
            let error = checked(None, half).unwrap_err();
            assert!(
                error.contains("layer `conv` is pruned and binary") && error.contains("prune: none"),
                "{error}"
            );
            assert_eq!(checked(Some(half), Prune::None), Err(error));
            assert_eq!(checked(Some(Prune::None), half), Ok(()));
        }
        for whole in
            [Prune::Random { ratio: 0.0 }, Prune::NOfM { keep: 4, of: 4 }, Prune::Channel { ratio: 0.5 }]
        {
            assert_eq!(checked(Some(whole), Prune::None), Ok(()));
        }
    }
}

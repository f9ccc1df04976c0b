//! What it takes to write numbers in groups at run time, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use super::beside::Work;
use super::bill::Mapped;
use super::outcome::{FormatsOutcome, LayerFormat, Written};
use super::parts::Parts;
use crate::arith::razorer::Razorer;
use crate::platform::compute::beside::Beside;
use crate::units::Seconds;
use crate::workload::{Origin, Quantized, Use};

/// The circuits that razor what layers read, by id, and their work on a sample: so many beside the array that a row of
/// outputs is razored in a cycle. Weights are razored before, and values that are sent before they are.
pub(super) fn work(
    parts: &Parts<'_>,
    quantized: &Quantized,
    (mapped, sent): (&[Mapped], &[usize]),
) -> Vec<Work> {
    let Some(arrays) = &parts.arrays else { return vec![] };
    let mut groups: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    for own in quantized.razored() {
        let runs = match sent.contains(&own.value) {
            true => 1.0,
            false => own.layers.iter().map(|&layer| mapped[layer].runs).fold(0.0, f64::max),
        };
        groups.entry(own.coder.razorer()).or_insert((own.coder.group, 0.0)).1 += runs * own.groups as f64;
    }
    let (columns, library) = (arrays.main().shape()[1], arrays.main().library());
    let time: Seconds = mapped.iter().map(Mapped::mean_time).sum();
    let work = |(id, (group, count)): (String, (usize, f64))| {
        let unit = Razorer::from_id(&id).expect("a coder names its unit");
        Work::during(Beside::razoring(&unit, columns.div_ceil(group), library), count, time)
    };
    groups.into_iter().map(work).collect()
}

/// How a layer's numbers are written, where it has groups.
pub(super) fn layer(
    parts: &Parts<'_>,
    quantized: &Quantized,
    used: &BTreeMap<usize, Use>,
    part: &Mapped,
) -> Option<LayerFormat> {
    let (groups, layer) = (part.groups?, &part.layer);
    let reads = quantized.reads(layer.index);
    let weights = match layer.weights {
        Origin::Stored => quantized.weights_used(layer.index),
        Origin::Computed => used.get(&reads[1]).copied(),
    };
    let [of_weights, of_activations] = groups.effective_bits;
    Some(LayerFormat {
        unit: parts.array(layer.index).map(|array| array.mac().id().into()),
        group: groups.size,
        weights: written(of_weights, weights),
        activations: written(of_activations, used.get(&reads[0]).copied()),
    })
}

fn written(effective_bits: f64, used: Option<Use>) -> Written {
    Written {
        effective_bits,
        zeroed_share: used.map(|used| used.zeroed_share()),
        range_use: used.map(|used| used.range_use()),
    }
}

/// What formats come to in a network, of which some layer has groups; layers that run elsewhere are left out.
pub(super) fn outcome(
    quantized: &Quantized,
    used: &BTreeMap<usize, Use>,
    mapped: &[Mapped],
    work: &[Work],
) -> Option<FormatsOutcome> {
    mapped.iter().find_map(|part| part.groups)?;
    let here = || mapped.iter().filter(|part| part.runs > 0.0);
    let stored = || here().filter(|part| part.layer.weights == Origin::Stored);
    let weights = stored().map(|part| {
        let bits =
            part.groups.map_or(quantized.weights()[part.layer.index].bits.into(), |g| g.effective_bits[0]);
        (part.layer.geometry.weights(), bits)
    });
    let activations = here().map(|part| {
        let bits =
            part.groups.map_or(quantized.input_grid(part.layer.index).bits.into(), |g| g.effective_bits[1]);
        (part.layer.geometry.inputs_per_sample(), bits)
    });
    let of_weights = total(stored().filter_map(|part| quantized.weights_used(part.layer.index)));
    let read: BTreeSet<usize> = here().flat_map(|part| quantized.reads(part.layer.index)).copied().collect();
    let of_activations = total(read.iter().filter_map(|value| used.get(value).copied()));
    Some(FormatsOutcome {
        weights: written(mean(weights), of_weights),
        activations: written(mean(activations), of_activations),
        razorers: work.iter().map(|work| work.name().into()).collect(),
        razoring_energy_j: work.iter().map(|work| work.energy().0).sum(),
        razoring_area_mm2: work.iter().map(|work| work.area().0).sum::<f64>() * 1e-6,
    })
}

/// Bits of so many numbers each, on average.
fn mean(numbers: impl Iterator<Item = (usize, f64)>) -> f64 {
    let (count, bits) =
        numbers.fold((0.0, 0.0), |(all, sum), (count, bits)| (all + count as f64, sum + count as f64 * bits));
    bits / f64::max(count, 1.0)
}

fn total(used: impl Iterator<Item = Use>) -> Option<Use> {
    used.reduce(|mut all, one| {
        all += one;
        all
    })
}

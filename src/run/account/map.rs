//! Layers on the hardware that computes them.

use super::Observed;
use crate::kernel::Gemm;
use crate::platform::compute::mapping::Mapping;
use crate::platform::compute::signs::SignArray;
use crate::run::arrays::Arrays;
use crate::run::bill::{Mapped, Words};
use crate::run::events::{Spiking, on_neurons};
use crate::run::parts::Parts;
use crate::run::split;
use crate::run::zeros::Held;
use crate::units::Seconds;
use crate::workload::{Groups, Quantized};

/// All layers, as often as samples run them.
pub(super) fn mapped(parts: &Parts<'_>, observed: &Observed<'_>) -> Vec<Mapped> {
    let quantized = observed.quantized;
    let runs = split::on_device(parts.last_layer, &observed.exits.layers);
    let fetches = observed.experts.as_ref().map(|experts| experts.fetches(&parts.network));
    let swapped = |at: usize| observed.plans.get(at).is_some_and(|plan| plan.swapped.is_some());
    let mapped = |layer: &crate::workload::Layer| {
        let part = map((parts, quantized), layer, swapped(layer.index));
        let (counted, seen) = (observed.counted.get(layer.index), observed.seen.get(layer.index));
        let own = (runs[layer.index], quantized.weights()[layer.index].bits);
        let spiking = Spiking::of(counted, own, seen.and_then(|seen| seen.addition));
        let word = seen.and_then(|seen| seen.word);
        // Later steps in time find weights where the first one put them.
        let once = runs[layer.index].min(1.0);
        let fetched = fetches.as_ref().filter(|_| once > 0.0).map_or(once, |fetches| fetches[layer.index]);
        spiking_on(parts, Mapped { runs: runs[layer.index], fetched, spiking, word, ..part })
    };
    quantized.layers().iter().map(mapped).collect()
}

fn map(
    (parts, quantized): (&Parts<'_>, &Quantized),
    layer: &crate::workload::Layer,
    swapped: bool,
) -> Mapped {
    let groups = quantized.groups_of(layer.index);
    let work = grouped(layer.geometry.gemm(), groups.as_ref());
    let work = if swapped { work.transposed() } else { work };
    let array = parts.array(layer.index);
    let mapping = match array {
        Some(array) => array.map(&work),
        None => Mapping::of(&work, 0, 0, crate::config::platform::Dataflow::OutputStationary),
    };
    let mapping = if swapped { mapping.swapped() } else { mapping };
    let signs = parts.arrays.as_ref().and_then(Arrays::signs);
    let signs = signs.filter(|_| quantized.weights()[layer.index].are_signs());
    let mapping = signs.map_or(mapping, |signs| signs.map(&work));
    let weights = (&quantized.weights()[layer.index], groups.as_ref());
    let held = Held::of(array, layer, weights, mapping);
    let mapping = held.mapping(array);
    let time = array.map_or(Seconds::ZERO, |array| array.time(&mapping));
    let time = signs.map_or(time, |signs| signs.time(&mapping));
    let words = parts.words(quantized, layer.index);
    let words = Words { sum: signs.map_or(words.sum, SignArray::count_bytes), ..words };
    let (layer, taken_up) = (layer.clone(), quantized.sums_taken_up(layer.index));
    let (runs, fetched) = (1.0, 1.0);
    Mapped { layer, mapping, time, words, held, groups, taken_up, runs, fetched, word: None, spiking: None }
}

/// A layer whose spikes are added takes the time of that.
fn spiking_on(parts: &Parts<'_>, part: Mapped) -> Mapped {
    let time = on_neurons(parts, &part)
        .map(|(neurons, spiking)| spiking.time(neurons, &part.layer.geometry) / part.runs);
    Mapped { time: time.unwrap_or(part.time), ..part }
}

/// A contraction with groups in place of products.
fn grouped(work: Gemm, groups: Option<&Groups>) -> Gemm {
    let depth = groups.map_or(work.depth, |groups| work.depth / groups.channels * groups.parts());
    Gemm { depth, ..work }
}

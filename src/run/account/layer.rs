//! What is told of single layers.

use super::{Observed, cycles};
use crate::arith::mac::Mac;
use crate::config::LayerSettings;
use crate::platform::compute::array::MacArray;
use crate::run::bill::Mapped;
use crate::run::events;
use crate::run::outcome::LayerOutcome;
use crate::run::parts::Parts;
use crate::run::probe::Seen;
use crate::run::razoring;
use crate::run::signs::{self, counts, on_signs};
use crate::run::zeros;
use crate::workload::Quantized;

/// All layers, with what only some of them have.
pub(super) fn layers(parts: &Parts<'_>, observed: &Observed<'_>, mapped: &[Mapped]) -> Vec<LayerOutcome> {
    let quantized = observed.quantized;
    let chosen = |at: usize| observed.plans.get(at).map(|plan| plan.chosen.clone());
    let told = |(at, (part, seen)): (usize, (&Mapped, &Seen))| LayerOutcome {
        recovery: chosen(at),
        code_bits: code_bits(parts, quantized, at),
        file_codes: quantized.keeps_file_codes(at),
        format: razoring::layer(parts, quantized, &observed.used, part),
        weights: zeros::outcome(parts, part),
        spikes: events::outcome(parts, part, seen),
        binary: signs::outcome(parts, part),
        ..layer(parts, part, seen)
    };
    mapped.iter().zip(&observed.seen).enumerate().map(told).collect()
}

/// How many products an accumulator surely holds the sum of, and how many are summed, where these are more.
fn beyond(mac: &Mac, depth: usize) -> Option<(u64, u64)> {
    Some((mac.holds(), depth as u64)).filter(|(holds, summed)| holds < summed)
}

fn layer(parts: &Parts<'_>, part: &Mapped, seen: &Seen) -> LayerOutcome {
    let geometry = &part.layer.geometry;
    let operations = parts.array(part.layer.index).map_or(0, |array| part.operations(array));
    let each =
        seen.replay.map_or(0.0, |replay| replay.each.0) + seen.multiplication.map_or(0.0, |each| each.0);
    // Products of an operation, and the share of lanes that have one.
    let products = part.groups.map_or(1.0, |groups| groups.channels as f64 / groups.parts() as f64);
    let filled = part.groups.map_or(1.0, |groups| products / groups.size as f64);
    let added =
        part.spiking.map(|spiking| (spiking.addition().each.0, spiking.additions(geometry) / part.runs));
    let counted = part.word.map(|word| (word.each.0, counts(geometry).words));
    // Neither neurons nor units of signs have its accumulators.
    let multiplies = parts.array(part.layer.index).filter(|_| part.spiking.is_none() && part.word.is_none());
    let beyond = multiplies.and_then(|array| beyond(array.mac(), geometry.depth()));
    let needs = |(array, (_, summed)): (&MacArray, (u64, u64))| array.mac().bits_that_hold(summed);
    let (each, operations) = added.or(counted).unwrap_or((each, operations as f64));
    LayerOutcome {
        name: part.layer.name.clone(),
        runs: part.runs,
        macs: geometry.macs(),
        cycles: (cycles(parts, part) / part.runs).round() as u64,
        utilisation: part.mapping.utilisation * filled,
        mac_energy_j: each / products,
        mac_energy_spread_j: seen.replay.map_or(0.0, |replay| replay.spread.0),
        replayed_pairs: seen.replay.map_or(0, |replay| replay.pairs),
        glitch_factor: seen.replay.map_or(1.0, |replay| replay.glitch_factor()),
        energy_j: part.runs * each * operations,
        relative_error: seen.relative_error,
        bias: seen.bias,
        holds: beyond.map(|(holds, _)| holds),
        summed: beyond.map(|(_, summed)| summed),
        needs_bits: multiplies.zip(beyond).and_then(needs),
        mean_error: seen.mean_error,
        recovery: None,
        code_bits: None,
        file_codes: false,
        format: None,
        weights: None,
        spikes: None,
        inserted_zeros: part.layer.zeros,
        binary: None,
        sums: match (multiplies, on_signs(parts, part)) {
            (Some(array), _) => array.mac().sums(),
            (None, Some((signs, _))) => signs.sums(),
            (None, None) => String::new(),
        },
        way: seen.way.clone(),
    }
}

/// Bits of a layer's codes, where some layer has widths of its own.
fn code_bits(parts: &Parts<'_>, quantized: &Quantized, layer: usize) -> Option<[u32; 2]> {
    let own = |own: &LayerSettings| own.weight_bits.is_some() || own.activation_bits.is_some() || own.binary;
    let any = parts.setup.workload.layers.values().any(own);
    any.then(|| [quantized.weights()[layer].bits, quantized.input_grid(layer).bits])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accumulator_holds_as_many_products_as_it_says_and_no_more() {
        for id in [
            "mac4s_bw",
            "mac4u_exact",
            "mac8s_bw",
            "mac8u_exact",
            "mac8u_mitchell",
            "mac8s_exact__w20",
            "mac8s_exact__s17",
        ] {
            let mac = Mac::from_id(id).unwrap();
            let largest = mac.operands().flat_map(|a| mac.operands().map(move |b| (a, b)));
            let largest =
                largest.map(|(a, b)| mac.product(a, b)).max_by_key(|product| product.abs()).unwrap();
            let count = mac.holds();
            let summed = (0..count).fold(0, |sum, _| mac.accumulate(sum, largest));
            assert_eq!(summed, count as i64 * largest, "{id}");
            assert_ne!(mac.accumulate(summed, largest), summed + largest, "{id}");
            assert_eq!(
                [count as usize, count as usize + 1].map(|depth| beyond(&mac, depth)),
                [None, Some((count, count + 1))]
            );
        }
    }
}

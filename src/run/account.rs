//! From what was run and billed to the outcome: prices resolved, layers, dominant constants.

use std::collections::BTreeMap;

use super::arrays::Arrays;
use super::beside::{Work, beside, exit_tests, token_ranking};
use super::bill::{Mapped, Moved, Words, bill, multiplication_name, price_name, wires_name};
use super::capture::Captured;
use super::events::{self, Counted, Spiking, on_neurons};
use super::exits::Exits;
use super::experts::Experts;
use super::graded;
use super::outcome::{ConstantShare, Late, LayerOutcome, Outcome, StageEnergy, TokensOutcome};
use super::parts::Parts;
use super::payload;
use super::probe::Seen;
use super::razoring;
use super::recovery::LayerPlan;
use super::rotation;
use super::signs::{self, counts, on_signs};
use super::split;
use super::strain::strain;
use super::tokens;
use super::zeros::{self, Held};
use crate::arith::mac::Mac;
use crate::config::LayerSettings;
use crate::kernel::Gemm;
use crate::ledger::{Ledger, Price, UnresolvedPrice};
use crate::platform::compute::array::MacArray;
use crate::platform::compute::mapping::Mapping;
use crate::platform::compute::signs::SignArray;
use crate::platform::compute::stream::Replay;
use crate::units::{Joules, Seconds};
use crate::workload::score::{Marks, Metric};
use crate::workload::{Groups, KeptTokens, Quantized, Use};

/// What running a setup gave.
pub(super) struct Observed<'a> {
    pub quantized: &'a Quantized,
    pub captured: &'a Captured,
    /// The figure that answers are scored by.
    pub metric: Metric,
    /// What answers are worth per fault map.
    pub maps: Vec<Marks>,
    /// Seed of the draws behind intervals.
    pub seed: u64,
    /// Where samples left the network.
    pub exits: Exits,
    /// Which experts samples asked; none where there are none.
    pub experts: Option<Experts>,
    /// What each layer saw.
    pub seen: Vec<Seen>,
    /// What became of values whose codes have shifts, by their place.
    pub used: BTreeMap<usize, Use>,
    /// What came to each layer in all samples; empty where no spikes are added.
    pub counted: Vec<Counted>,
    /// What each layer does about the errors of its products; empty where nothing was asked for.
    pub plans: &'a [LayerPlan],
    /// How many samples ranges of activations were found on.
    pub calibrated_on: usize,
}

/// Bills a sample and draws everything together; `settings` repeats it.
pub(super) fn outcome(
    parts: &Parts<'_>,
    observed: Observed<'_>,
    settings: serde_json::Value,
) -> Result<Outcome, UnresolvedPrice> {
    let swapped = |at: usize| observed.plans.get(at).is_some_and(|plan| plan.swapped.is_some());
    let layers = observed.quantized.layers().iter();
    let quantized = observed.quantized;
    let runs = split::on_device(parts.last_layer, &observed.exits.layers);
    let fetches = observed.experts.as_ref().map(|experts| experts.fetches(&parts.network));
    let map = |layer: &crate::workload::Layer| {
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
    let mapped: Vec<Mapped> = layers.map(map).collect();
    let mut ledger = observed.captured.ledger.clone();
    let frame = events::frame(&mapped).unwrap_or_else(|| parts.frame_bytes(quantized));
    let sent = split::sent(parts, quantized);
    let features = quantized.bits_of(&sent) / 8.0;
    let payload = payload::bytes(parts, features, &observed.maps);
    let active = mapped.iter().map(Mapped::mean_time).sum();
    let time = bill(parts, &mapped, Moved { frame, features, payload }, &mut ledger);
    let mut beside = beside(parts, (&mapped, quantized.weights()), observed.plans);
    beside.extend(observed.exits.tests.iter().flat_map(|tests| exit_tests(parts, &mapped, tests)));
    let kept = parts.network.kept_tokens();
    beside.extend(token_ranking(parts, &mapped, &kept));
    let razoring = razoring::work(parts, quantized, (&mapped, &sent));
    let formats = razoring::outcome(quantized, &observed.used, &mapped, &razoring);
    beside.extend(razoring);
    let turned = quantized.turned();
    let rotating = rotation::work(parts, &turned, (&mapped, &sent));
    let rotation = rotation::outcome(&turned, &rotating);
    beside.extend(rotating);
    let scaled = quantized.scaled_tokens();
    let scaling = tokens::work(parts, &scaled, (&mapped, &sent));
    let token_scales = tokens::outcome(&scaled, &scaling);
    beside.extend(scaling);
    beside.iter().for_each(|work| work.bill(&mut ledger));
    let price = |name: &str| {
        let part = |Mapped { layer, .. }: &Mapped| {
            let names = [price_name(layer), wires_name(layer), multiplication_name(layer)];
            names.iter().position(|p| p == name)
        };
        let (at, kind) = mapped.iter().enumerate().find_map(|(at, one)| Some((at, part(one)?)))?;
        let (array, seen) = (parts.array(at)?, observed.seen.get(at)?);
        let library = array.library();
        if kind == 2 {
            let energy = seen.multiplication?;
            return Some((energy, array.multiplication_constant(energy)?));
        }
        let Replay { each, wires, .. } = seen.replay?;
        let (price, unit) = (each - wires, "J per multiply-accumulate, replayed");
        match (kind, library.wire_constant(wires)) {
            (1, Some(constant)) => Some((wires, constant)),
            (1, None) => Some((Joules::ZERO, library.constant("mac.wires", 0.0, unit))),
            _ => Some((price, library.constant("mac.switching", price.0, unit))),
        }
    };
    let ledger = ledger.resolve(price)?;
    let chosen = |at: usize| observed.plans.get(at).map(|plan| plan.chosen.clone());
    let layers = mapped.iter().zip(&observed.seen).enumerate();
    let layers = layers
        .map(|(at, (part, seen))| LayerOutcome {
            recovery: chosen(at),
            code_bits: code_bits(parts, quantized, at),
            file_codes: quantized.keeps_file_codes(at),
            format: razoring::layer(parts, quantized, &observed.used, part),
            weights: zeros::outcome(parts, part),
            spikes: events::outcome(parts, part, seen),
            binary: signs::outcome(parts, part),
            ..layer(parts, part, seen)
        })
        .collect();
    let errs = parts.platform.memory.values().any(|memory| memory.errs());
    Ok(Outcome {
        score: graded::score(observed.metric, &observed.maps, errs, observed.seed),
        delta: None,
        energy_j: StageEnergy::of(&ledger),
        datapath_energy_j: datapath(&ledger),
        latency_s: (observed.captured.latency + time + beside.iter().map(Work::waited).sum()).0,
        area_mm2: area(parts, &mapped, &beside),
        cycles: mapped.iter().map(|part| cycles(parts, part)).sum::<f64>().round() as u64,
        clock_hz: parts.arrays.as_ref().map_or(0.0, |arrays| arrays.main().clock().0),
        exits: observed.exits.taken,
        tuned_exit: observed.exits.tuned,
        experts: observed.experts.map(Experts::outcome),
        tokens: kept
            .into_iter()
            .map(|KeptTokens { after, tokens, kept, .. }| TokensOutcome { after, tokens, kept })
            .collect(),
        formats,
        rotation,
        token_scales,
        late: parts.used().find(|array| array.is_late()).map(late),
        strain: strain(parts, quantized, &mapped, active),
        layers,
        constants: constants(&ledger),
        priced_as: parts.used().find_map(|array| array.mac().multiplier().stand_in()),
        calibrated_on: observed.calibrated_on,
        settings,
        ledger,
        marks: Marks::over_maps(&observed.maps),
    })
}

fn late(array: &MacArray) -> Late {
    let [slowing, slowest] = array.library().slowing();
    let delay = array.timing().delay;
    Late {
        supply_v: array.library().supply().0,
        period_s: array.clock().period().0,
        delay_s: delay.0,
        slowest_s: (delay * (slowest / slowing)).0,
    }
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

/// Cycles of a sample, the mean.
fn cycles(parts: &Parts<'_>, part: &Mapped) -> f64 {
    on_neurons(parts, part).map_or(part.runs * part.mapping.cycles as f64, |(neurons, spiking)| {
        spiking.cycles(neurons, &part.layer.geometry)
    })
}

/// A contraction with groups in place of products.
fn grouped(work: Gemm, groups: Option<&Groups>) -> Gemm {
    let depth = groups.map_or(work.depth, |groups| work.depth / groups.channels * groups.parts());
    Gemm { depth, ..work }
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

/// Switching and clocking of the array: what the choice of a multiplier acts on.
fn datapath(ledger: &Ledger) -> f64 {
    let computes = ledger.entries().filter(|entry| entry.component == "compute.array");
    computes
        .filter(|entry| !entry.action.starts_with("leak"))
        .filter_map(|entry| entry.energy())
        .map(|e| e.0)
        .sum()
}

fn area(parts: &Parts<'_>, mapped: &[Mapped], beside: &[Work]) -> f64 {
    let memories: f64 = parts.platform.memory.values().map(|memory| memory.area().0).sum();
    let multiplies = |array: &MacArray| {
        let on = |part: &&Mapped| parts.array(part.layer.index).is_some_and(|own| std::ptr::eq(own, array));
        mapped.iter().filter(on).any(|part| part.spiking.is_none() && part.word.is_none())
    };
    let arrays = parts.used().filter(|array| multiplies(array)).map(|array| array.area().0).sum::<f64>();
    let neurons =
        mapped.iter().find_map(|part| on_neurons(parts, part)).map_or(0.0, |(neurons, _)| neurons.area().0);
    let signs = mapped.iter().find_map(|part| on_signs(parts, part)).map_or(0.0, |(signs, _)| signs.area().0);
    (memories + arrays + neurons + signs + beside.iter().map(|work| work.area().0).sum::<f64>()) * 1e-6
}

/// Constants by the energy that hangs on them, those above 1 %.
fn constants(ledger: &Ledger) -> Vec<ConstantShare> {
    let total = ledger.total().0;
    let mut shares: Vec<ConstantShare> = vec![];
    for entry in ledger.entries() {
        let (Some(energy), Price::Each(_, constant)) = (entry.energy(), &entry.price) else {
            continue;
        };
        let share = energy.0 / total;
        match shares.iter_mut().find(|known| known.constant.name == constant.name) {
            Some(known) => known.share += share,
            None => shares.push(ConstantShare { share, constant: constant.clone() }),
        }
    }
    shares.retain(|entry| entry.share > 0.01);
    shares.sort_by(|a, b| b.share.total_cmp(&a.share));
    shares
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

//! From what was run and billed to the outcome: prices resolved, layers, dominant constants.

mod layer;
mod map;

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::beside::{Work, beside, exit_tests, token_ranking};
use super::bill::{Mapped, Moved, Times, bill, multiplication_name, price_name, wires_name};
use super::capture::Captured;
use super::events::{self, Counted, on_neurons};
use super::exits::Exits;
use super::experts::Experts;
use super::graded;
use super::outcome::{
    ConstantShare, FormatsOutcome, Late, Outcome, RotationOutcome, StageEnergy, TokenScalesOutcome,
    TokensOutcome,
};
use super::parts::Parts;
use super::payload;
use super::probe::Seen;
use super::razoring;
use super::recovery::LayerPlan;
use super::rotation;
use super::signs::on_signs;
use super::split;
use super::strain::strain;
use super::tokens;
use crate::constant::Constant;
use crate::ledger::{Ledger, Price, UnresolvedPrice};
use crate::platform::compute::array::MacArray;
use crate::platform::compute::stream::Replay;
use crate::units::Joules;
use crate::workload::score::{Marks, Metric};
use crate::workload::{KeptTokens, Quantized, Use};

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
    /// Hash of all that decides answers.
    pub answers: String,
}

/// Bills a sample and draws everything together; `settings` repeats it.
pub(super) fn outcome(
    parts: &Parts<'_>,
    observed: Observed<'_>,
    settings: serde_json::Value,
) -> Result<Outcome, UnresolvedPrice> {
    let quantized = observed.quantized;
    let mapped = map::mapped(parts, &observed);
    let mut ledger = observed.captured.ledger.clone();
    let frame = events::frame(&mapped).unwrap_or_else(|| parts.frame_bytes(quantized));
    let sent = split::sent(parts, quantized);
    let features = quantized.bits_of(&sent) / 8.0;
    let payload = payload::bytes(parts, features, &observed.maps);
    let times = Times {
        sensor: observed.captured.latency,
        array: mapped.iter().map(Mapped::mean_time).sum(),
        link: parts.platform.link.latency(payload),
    };
    bill(parts, &mapped, Moved { frame, features, payload }, times, &mut ledger);
    let kept = parts.network.kept_tokens();
    let Beside { works, formats, rotation, token_scales } =
        Beside::of(parts, &observed, (&mapped, &sent), &kept);
    works.iter().for_each(|work| work.bill(&mut ledger));
    let ledger = ledger.resolve(|name| price(parts, (&mapped, &observed.seen), name))?;
    let layers = layer::layers(parts, &observed, &mapped);
    let memories = parts.platform.memory.iter();
    let failing_cells: IndexMap<String, f64> = memories
        .filter(|(_, memory)| memory.errs())
        .map(|(name, memory)| (name.clone(), memory.failing_share()))
        .collect();
    Ok(Outcome {
        score: graded::score(observed.metric, &observed.maps, !failing_cells.is_empty(), observed.seed),
        delta: None,
        energy_j: StageEnergy::of(&ledger),
        datapath_energy_j: datapath(&ledger),
        latency_s: (times.sensor + times.array + times.link + works.iter().map(Work::waited).sum()).0,
        area_mm2: area(parts, &mapped, &works),
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
        failing_cells,
        strain: strain(parts, quantized, &mapped, times),
        layers,
        constants: constants(&ledger),
        priced_as: parts.used().find_map(|array| array.mac().multiplier().stand_in()),
        calibrated_on: observed.calibrated_on,
        answers: observed.answers,
        settings,
        ledger,
        marks: Marks::over_maps(&observed.maps),
    })
}

/// What is computed and billed beside the layers, and what that comes to.
struct Beside {
    works: Vec<Work>,
    formats: Option<FormatsOutcome>,
    rotation: Option<RotationOutcome>,
    token_scales: Option<TokenScalesOutcome>,
}

impl Beside {
    fn of(
        parts: &Parts<'_>,
        observed: &Observed<'_>,
        (mapped, sent): (&[Mapped], &[usize]),
        kept: &[KeptTokens],
    ) -> Self {
        let quantized = observed.quantized;
        let mut works = beside(parts, (mapped, quantized.weights()), observed.plans);
        works.extend(observed.exits.tests.iter().flat_map(|tests| exit_tests(parts, mapped, tests)));
        works.extend(token_ranking(parts, mapped, kept));
        let razoring = razoring::work(parts, quantized, (mapped, sent));
        let formats = razoring::outcome(quantized, &observed.used, mapped, &razoring);
        let turned = quantized.turned();
        let rotating = rotation::work(parts, &turned, (mapped, sent));
        let rotation = rotation::outcome(&turned, &rotating);
        let scaled = quantized.scaled_tokens();
        let scaling = tokens::work(parts, &scaled, (mapped, sent));
        let token_scales = tokens::outcome(&scaled, &scaling);
        works.extend(razoring.into_iter().chain(rotating).chain(scaling));
        Self { works, formats, rotation, token_scales }
    }
}

/// What the replay of a layer says of a price that the ledger has by name.
fn price(parts: &Parts<'_>, (mapped, seen): (&[Mapped], &[Seen]), name: &str) -> Option<(Joules, Constant)> {
    let part = |Mapped { layer, .. }: &Mapped| {
        let names = [price_name(layer), wires_name(layer), multiplication_name(layer)];
        names.iter().position(|p| p == name)
    };
    let (at, kind) = mapped.iter().enumerate().find_map(|(at, one)| Some((at, part(one)?)))?;
    let (array, seen) = (parts.array(at)?, seen.get(at)?);
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

/// Cycles of a sample, the mean.
fn cycles(parts: &Parts<'_>, part: &Mapped) -> f64 {
    on_neurons(parts, part).map_or(part.runs * part.mapping.cycles as f64, |(neurons, spiking)| {
        spiking.cycles(neurons, &part.layer.geometry)
    })
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

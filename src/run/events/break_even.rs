//! What a layer of spikes costs on neurons and on the array, and at which rate of spikes both cost the same.

use super::{Spiking, buffer, membrane_bytes, moved, on_neurons, place_bytes};
use crate::kernel::Gemm;
use crate::ledger::Ledger;
use crate::platform::compute::array::MacArray;
use crate::platform::compute::mapping::Mapping;
use crate::platform::compute::neurons::{Events, Neurons};
use crate::run::bill::Mapped;
use crate::run::outcome::{MultipliedOutcome, SpikesOutcome};
use crate::run::parts::Parts;
use crate::run::probe::Seen;

/// Rates at which the ledger is asked, from none to one at which adding costs more.
const RATES: u32 = 200;

/// What the spikes of a layer came to, where it runs on neurons.
pub(in crate::run) fn outcome(parts: &Parts<'_>, part: &Mapped, seen: &Seen) -> Option<SpikesOutcome> {
    let (neurons, spiking) = on_neurons(parts, part)?;
    let layer = Compared { parts, part, seen, neurons, array: parts.array(part.layer.index)?, spiking };
    let geometry = &part.layer.geometry;
    Some(SpikesOutcome {
        rate: spiking.rate(geometry),
        spikes: spiking.spikes,
        additions: spiking.additions(geometry),
        energy_j: layer.on_neurons(spiking),
        step_by_step: layer.with(&layer.products(1.0)),
        steps_together: layer.with(&layer.products(spiking.steps)),
    })
}

/// A layer in both ways: what it computes with, and the traffic of its buffer from its inputs as they are put away to the
/// membranes; time that memories leak is in neither.
struct Compared<'a> {
    parts: &'a Parts<'a>,
    part: &'a Mapped,
    seen: &'a Seen,
    neurons: &'a Neurons,
    array: &'a MacArray,
    spiking: &'a Spiking,
}

/// How the array goes through the steps of a sample: so many times, each time so folded.
struct Products {
    mapping: Mapping,
    times: f64,
}

impl Compared<'_> {
    fn with(&self, products: &Products) -> MultipliedOutcome {
        let energy_j = self.multiplied(products);
        MultipliedOutcome {
            energy_j,
            break_even: self.closed_form(products),
            break_even_by_ledger: self.by_ledger(energy_j),
        }
    }

    /// So many steps side by side, as further positions that the same weights meet.
    fn products(&self, together: f64) -> Products {
        let gemm = self.part.layer.geometry.gemm();
        let gemm = Gemm { positions: gemm.positions * together as usize, ..gemm };
        Products { mapping: self.array.map(&gemm), times: self.spiking.steps / together }
    }

    /// Energy on neurons at these spikes.
    fn on_neurons(&self, spiking: &Spiking) -> f64 {
        let (geometry, mut ledger) = (&self.part.layer.geometry, Ledger::default());
        spiking.bill(self.neurons, geometry, &mut ledger);
        let [read, written] = spiking.traffic(self.neurons, geometry);
        moved(buffer(self.parts), [read, written + spiking.put_away(geometry)], &mut ledger);
        ledger.total().0
    }

    /// Energy where every activation is multiplied in every step, membranes and thresholds as on neurons.
    fn multiplied(&self, products: &Products) -> f64 {
        let geometry = &self.part.layer.geometry;
        let mut ledger = Ledger::default();
        for _ in 0..products.times as u64 {
            self.array.bill(&mut ledger, "compute.array", &products.mapping);
        }
        let membranes = membrane_bytes(self.neurons, geometry, self.spiking.steps);
        moved(buffer(self.parts), self.bytes(products).map(|bytes| bytes + membranes), &mut ledger);
        let updates = self.spiking.events(self.neurons, geometry).updates;
        let thresholds = self.of_neurons(Events { additions: 0.0, cycles: 0.0, updates });
        ledger.total().0 + thresholds + self.operations() * self.operation()
    }

    fn of_neurons(&self, events: Events) -> f64 {
        let mut ledger = Ledger::default();
        self.neurons.bill(&mut ledger, "compute.array", &events, &self.spiking.addition);
        ledger.total().0
    }

    /// Bytes that the array reads and writes for a sample, its inputs as they are put away among them.
    fn bytes(&self, products: &Products) -> [f64; 2] {
        let (Mapped { words, layer, .. }, Products { mapping, times }) = (self.part, products);
        let outputs = self.spiking.steps * layer.geometry.outputs_per_sample() as f64;
        let partial = times * mapping.output_writes as f64 - outputs;
        let inputs = self.spiking.steps * layer.geometry.inputs_per_sample() as f64;
        let read = mapping.input_reads as f64 * words.input
            + mapping.weight_reads as f64 * self.spiking.weight_bytes()
            + mapping.partial_reads as f64 * words.sum;
        [times * read, inputs * words.input + partial * words.sum]
    }

    /// Operations of the array for a sample.
    fn operations(&self) -> f64 {
        self.spiking.steps * self.array.operations(&self.part.layer.geometry, None) as f64
    }

    /// Energy of an operation of the array.
    fn operation(&self) -> f64 {
        self.seen.replay.map_or(0.0, |replay| replay.each.0)
            + self.seen.multiplication.map_or(0.0, |each| each.0)
    }

    /// The rate from energies of single actions: what products take, less what neurons take without a spike, over what a
    /// rate of one adds. Membranes and thresholds are in both and fall out, but for the cycles of thresholds.
    fn closed_form(&self, products: &Products) -> Option<f64> {
        let Self { part, neurons, array, spiking, .. } = self;
        let (geometry, gemm) = (&part.layer.geometry, part.layer.geometry.gemm());
        let mut of_array = Ledger::default();
        array.bill(&mut of_array, "compute.array", &products.mapping);
        let cycle = self.of_neurons(Events { additions: 0.0, cycles: 1.0, updates: 0.0 });
        let [read, write] = [[1.0, 0.0], [0.0, 1.0]].map(|bytes| {
            let mut ledger = Ledger::default();
            moved(buffer(self.parts), bytes, &mut ledger);
            ledger.total().0
        });
        let (passes, place) = (neurons.passes(gemm.outputs) as f64, place_bytes(geometry));
        let bytes = self.bytes(products);
        let multiplied = products.times * of_array.total().0
            + self.operations() * self.operation()
            + bytes[0] * read
            + bytes[1] * write;
        let silent = spiking.steps * passes * (gemm.groups * gemm.positions) as f64 * cycle;
        let addition = spiking.addition.each.0 + spiking.weight_bytes() * read;
        let event = gemm.outputs as f64 * addition + passes * (cycle + place * read);
        let slots = geometry.macs_inside() as f64 / gemm.outputs as f64;
        let full = spiking.steps * (slots * event + geometry.inputs_per_sample() as f64 * place * write);
        Some((multiplied - silent) / full).filter(|rate| *rate >= 0.0 && rate.is_finite())
    }

    /// The rate at which the ledger of neurons comes to that of products, between two that it was asked for.
    fn by_ledger(&self, multiplied: f64) -> Option<f64> {
        let energy = |rate: f64| self.on_neurons(&self.spiking.at(&self.part.layer.geometry, rate));
        let mut rates = (0..32).map(|doubled| f64::from(1u32 << doubled));
        let step = rates.find(|rate| energy(*rate) > multiplied)? / f64::from(RATES);
        let (below, above) = (0..RATES)
            .map(|at| (f64::from(at) * step, f64::from(at + 1) * step))
            .find(|(below, above)| energy(*below) <= multiplied && multiplied < energy(*above))?;
        let [low, high] = [below, above].map(energy);
        Some(below + (multiplied - low) / (high - low) * step)
    }
}

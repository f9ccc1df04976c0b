//! What a layer of spikes costs on neurons and on the array, and at which rate of spikes both cost the same.

use super::{Spiking, buffer, membrane_bytes, moved, on_neurons};
use crate::ledger::Ledger;
use crate::platform::compute::array::MacArray;
use crate::platform::compute::neurons::{Events, Neurons};
use crate::run::bill::Mapped;
use crate::run::outcome::SpikesOutcome;
use crate::run::parts::Parts;
use crate::run::probe::Seen;

/// Rates at which the ledger is asked, from none to all inputs.
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
        multiplied_energy_j: layer.multiplied(),
        break_even: layer.closed_form(),
        break_even_by_ledger: layer.by_ledger(),
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

impl Compared<'_> {
    /// Energy on neurons at these spikes.
    fn on_neurons(&self, spiking: &Spiking) -> f64 {
        let (geometry, mut ledger) = (&self.part.layer.geometry, Ledger::default());
        spiking.bill(self.neurons, geometry, &mut ledger);
        let [read, written] = spiking.traffic(self.neurons, geometry);
        moved(buffer(self.parts), [read, written + spiking.put_away(geometry)], &mut ledger);
        ledger.total().0
    }

    /// Energy where every activation is multiplied in every step, membranes and thresholds as on neurons.
    fn multiplied(&self) -> f64 {
        let Self { part, neurons, array, spiking, .. } = self;
        let (geometry, mut ledger) = (&part.layer.geometry, Ledger::default());
        for _ in 0..spiking.steps as u64 {
            array.bill(&mut ledger, "compute.array", &part.mapping);
        }
        let thresholds =
            Events { additions: 0.0, cycles: 0.0, updates: spiking.events(neurons, geometry).updates };
        neurons.bill(&mut ledger, "compute.array", &thresholds, &spiking.addition);
        let membranes = membrane_bytes(neurons, geometry, spiking.steps);
        let [read, written] = self.words().map(|bytes| spiking.steps * bytes + membranes);
        moved(buffer(self.parts), [read, written], &mut ledger);
        ledger.total().0 + spiking.steps * self.operations() * self.operation()
    }

    /// Bytes that the array reads and writes in a step.
    fn words(&self) -> [f64; 2] {
        let Mapped { mapping, words, held, layer, .. } = self.part;
        let partial = mapping.output_writes as f64 - layer.geometry.outputs_per_sample() as f64;
        let inputs = layer.geometry.inputs_per_sample() as f64;
        [
            mapping.input_reads as f64 * words.input
                + held.read_bytes
                + mapping.partial_reads as f64 * words.sum,
            inputs * words.input + partial * words.sum,
        ]
    }

    fn operations(&self) -> f64 {
        self.array.operations(&self.part.layer.geometry, self.part.held.nonzeros.as_ref()) as f64
    }

    /// Energy of an operation of the array.
    fn operation(&self) -> f64 {
        self.seen.replay.map_or(0.0, |replay| replay.each.0)
            + self.seen.multiplication.map_or(0.0, |each| each.0)
    }

    /// The rate from unit energies: what products take, less what neurons take without a spike, over what a rate of one
    /// adds. Membranes and thresholds are in both and fall out, but for the cycles of thresholds.
    fn closed_form(&self) -> Option<f64> {
        let Self { part, neurons, array, .. } = self;
        let (geometry, gemm) = (&part.layer.geometry, part.layer.geometry.gemm());
        let cycle = |ledger: Ledger| ledger.total().0;
        let of_array = {
            let mut ledger = Ledger::default();
            array.bill(&mut ledger, "compute.array", &part.mapping);
            cycle(ledger)
        };
        let of_neurons = {
            let (mut ledger, one) = (Ledger::default(), Events { additions: 0.0, cycles: 1.0, updates: 0.0 });
            neurons.bill(&mut ledger, "compute.array", &one, &self.spiking.addition);
            cycle(ledger)
        };
        let [read, write] = [[1.0, 0.0], [0.0, 1.0]].map(|bytes| {
            let mut ledger = Ledger::default();
            moved(buffer(self.parts), bytes, &mut ledger);
            cycle(ledger)
        });
        let passes = neurons.passes(gemm.outputs) as f64;
        let slots = geometry.macs_inside() as f64 / gemm.outputs as f64;
        let place = super::place_bytes(geometry);
        let words = self.words();
        let products = of_array + self.operations() * self.operation() + words[0] * read + words[1] * write;
        let silent = passes * (gemm.groups * gemm.positions) as f64 * of_neurons;
        let addition = self.spiking.addition.each.0 + self.spiking.weight_bytes() * read;
        let event = gemm.outputs as f64 * addition + passes * (of_neurons + place * read);
        let full = slots * event + geometry.inputs_per_sample() as f64 * place * write;
        within((products - silent) / full)
    }

    /// The rate at which the ledger of neurons comes to that of products, between two that it was asked for.
    fn by_ledger(&self) -> Option<f64> {
        let products = self.multiplied();
        let rate = |at: u32| f64::from(at) / f64::from(RATES);
        let energy = |at: u32| self.on_neurons(&self.spiking.at(&self.part.layer.geometry, rate(at)));
        let (below, above) = (0..RATES)
            .map(|at| (at, at + 1))
            .find(|(below, above)| energy(*below) <= products && products < energy(*above))?;
        let [low, high] = [below, above].map(energy);
        Some(rate(below) + (products - low) / (high - low) * rate(1))
    }
}

/// A rate that spikes may have.
fn within(rate: f64) -> Option<f64> {
    Some(rate).filter(|rate| (0.0..1.0).contains(rate))
}

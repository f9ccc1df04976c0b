//! Layers of spikes on neurons that add: what reaches them is counted on every sample, billed, and compared with products.

use std::sync::Mutex;

use super::bill::Mapped;
use super::hardware::Hardware;
use super::parts::Parts;
use crate::kernel::Geometry;
use crate::ledger::Ledger;
use crate::platform::compute::neurons::{Events, Neurons};
use crate::platform::compute::units::Switched;
use crate::platform::memory::{Memory, Traffic};
use crate::units::Seconds;
use crate::workload::{Codes, Engine, Layer, Origin, Place, Weights};

mod break_even;

pub(super) use break_even::outcome;

/// What came to a layer in all samples and steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counted {
    /// Steps of samples.
    pub steps: u64,
    /// Inputs that were not zero.
    pub spikes: u64,
    /// The same, each as often as an output position reads it.
    pub reaching: u64,
    /// Whether some input was neither zero nor the one other code; different batches have the same.
    pub is_other: bool,
}

/// An engine that behaves as the hardware and counts what comes to each layer.
pub(super) struct Counter<'a> {
    hardware: Hardware<'a>,
    counted: Mutex<Vec<Counted>>,
}

impl<'a> Counter<'a> {
    pub(super) fn new(hardware: Hardware<'a>, layers: usize) -> Self {
        Self { hardware, counted: Mutex::new(vec![Counted::default(); layers]) }
    }

    pub(super) fn into_counted(self) -> Vec<Counted> {
        self.counted.into_inner().expect("no layer panicked while it was counted")
    }
}

impl Engine for Counter<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let is_other = !are_spikes(layer, input, weights);
        let readers = readers(&layer.geometry);
        let inputs = readers.len().max(1);
        let is_spike = |(_, code): &(usize, &u8)| **code != input.zero_point;
        let places =
            input.codes.data().iter().enumerate().filter(is_spike).map(|(at, _)| readers[at % inputs]);
        let [spikes, reaching] =
            places.fold([0, 0], |[spikes, reaching], read| [spikes + 1, reaching + read]);
        let mut counted = self.counted.lock().expect("no layer panicked while it was counted");
        let known = &mut counted[layer.index];
        *known = Counted {
            steps: known.steps + input.codes.shape()[0] as u64,
            spikes: known.spikes + spikes,
            reaching: known.reaching + reaching,
            is_other: known.is_other || is_other,
        };
        drop(counted);
        self.hardware.contract(layer, input, weights)
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.hardware.store(place, codes);
    }
}

/// Whether neurons that add could do what a layer does.
pub(super) fn are_spikes(layer: &Layer, input: &Codes, weights: &Weights) -> bool {
    layer.weights == Origin::Stored
        && !weights.are_signs()
        && crate::kernel::are_spikes(input.codes.data(), input.zero_point)
}

/// For each input of a sample by how many output positions it is read.
fn readers(geometry: &Geometry) -> Vec<u64> {
    let mut readers = vec![0; geometry.inputs_per_sample()];
    for (group, position) in
        (0..geometry.groups).flat_map(|group| (0..geometry.positions()).map(move |at| (group, at)))
    {
        let [row, column] = [position / geometry.out_width(), position % geometry.out_width()];
        let taps = (0..geometry.depth()).filter_map(|k| geometry.tap(k, row, column));
        taps.for_each(|tap| readers[geometry.group_offset(group) + tap] += 1);
    }
    readers
}

/// What spikes have a layer do for a sample, the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spiking {
    /// Steps of a sample.
    steps: f64,
    /// Inputs that spike, in all steps.
    spikes: f64,
    /// The same, each as often as an output position reads it.
    reaching: f64,
    /// Bits of a weight.
    weight_bits: u32,
    /// What an addition switches.
    addition: Switched,
}

impl Spiking {
    /// None where what came to the layer were no spikes, or nothing was.
    pub(super) fn of(
        counted: Option<&Counted>,
        (steps, weight_bits): (f64, u32),
        addition: Option<Switched>,
    ) -> Option<Self> {
        let counted = counted.filter(|counted| !counted.is_other && counted.steps > 0)?;
        let samples = counted.steps as f64 / steps;
        let [spikes, reaching] = [counted.spikes, counted.reaching].map(|count| count as f64 / samples);
        Some(Self { steps, spikes, reaching, weight_bits, addition: addition? })
    }

    /// The same at another share of the products that a spike is in.
    fn at(&self, geometry: &Geometry, rate: f64) -> Self {
        let slots = geometry.macs_inside() as f64 / geometry.gemm().outputs as f64;
        let spikes = rate * self.steps * geometry.inputs_per_sample() as f64;
        Self { spikes, reaching: rate * self.steps * slots, ..*self }
    }

    /// Share of inputs and steps with a spike.
    fn rate(&self, geometry: &Geometry) -> f64 {
        self.spikes / (self.steps * geometry.inputs_per_sample() as f64)
    }

    /// What neurons do: every pass of a step takes a cycle for each event and one for thresholds.
    fn events(&self, neurons: &Neurons, geometry: &Geometry) -> Events {
        let gemm = geometry.gemm();
        let passes = neurons.passes(gemm.outputs) as f64;
        let rows = (gemm.groups * gemm.positions) as f64;
        Events {
            additions: self.reaching * gemm.outputs as f64,
            cycles: passes * (self.reaching + self.steps * rows),
            updates: self.steps * geometry.outputs_per_sample() as f64,
        }
    }

    /// Time of a sample.
    pub(super) fn time(&self, neurons: &Neurons, geometry: &Geometry) -> Seconds {
        neurons.time(self.events(neurons, geometry).cycles)
    }

    /// Cycles of a sample.
    pub(super) fn cycles(&self, neurons: &Neurons, geometry: &Geometry) -> f64 {
        self.events(neurons, geometry).cycles
    }

    /// Energy of an addition.
    pub(super) fn addition(&self) -> Switched {
        self.addition
    }

    /// Weights added for a sample.
    pub(super) fn additions(&self, geometry: &Geometry) -> f64 {
        self.reaching * geometry.gemm().outputs as f64
    }

    /// Bills what neurons do for a sample.
    pub(super) fn bill(&self, neurons: &Neurons, geometry: &Geometry, ledger: &mut Ledger) {
        neurons.bill(ledger, "compute.array", &self.events(neurons, geometry), &self.addition);
    }

    fn weight_bytes(&self) -> f64 {
        f64::from(self.weight_bits) / 8.0
    }

    /// Bytes in which the inputs that spike are put away, each by its place.
    pub(super) fn put_away(&self, geometry: &Geometry) -> f64 {
        self.spikes * place_bytes(geometry)
    }

    /// Bytes read from and written to the buffer for a sample, without the inputs as they are put away: places of spikes in
    /// every pass, a weight for every addition, membranes.
    pub(super) fn traffic(&self, neurons: &Neurons, geometry: &Geometry) -> [f64; 2] {
        let passes = neurons.passes(geometry.gemm().outputs) as f64;
        let weights = self.additions(geometry) * self.weight_bytes();
        let membranes = membrane_bytes(neurons, geometry, self.steps);
        [passes * self.reaching * place_bytes(geometry) + weights + membranes, membranes]
    }
}

/// Bytes of the place of an input.
fn place_bytes(geometry: &Geometry) -> f64 {
    let inputs = geometry.inputs_per_sample().max(2) as u64;
    f64::from(u64::BITS - (inputs - 1).leading_zeros()) / 8.0
}

/// Bytes of all membranes of a layer in all steps.
fn membrane_bytes(neurons: &Neurons, geometry: &Geometry, steps: f64) -> f64 {
    steps * geometry.outputs_per_sample() as f64 * f64::from(neurons.membrane_bits()) / 8.0
}

/// What traffic alone costs.
fn moved(buffer: Option<&dyn Memory>, [read_bytes, written_bytes]: [f64; 2], ledger: &mut Ledger) {
    let still = Seconds::ZERO;
    let traffic = Traffic { read_bytes, written_bytes, active: still, period: still };
    buffer.iter().for_each(|buffer| buffer.bill(ledger, "memory.buffer", &traffic));
}

/// Bytes that all layers on neurons read from and write to the buffer for a sample; a layer whose inputs are those of the
/// sample finds them there.
pub(super) fn traffic(parts: &Parts<'_>, mapped: &[Mapped]) -> [f64; 2] {
    let on = mapped.iter().filter_map(|part| Some((part, on_neurons(parts, part)?)));
    let each = on.map(|(part, (neurons, spiking))| {
        let [read, written] = spiking.traffic(neurons, &part.layer.geometry);
        let inputs = if part.layer.index == 0 { 0.0 } else { spiking.put_away(&part.layer.geometry) };
        [read, written + inputs]
    });
    each.fold([0.0; 2], |[read, written], own| [read + own[0], written + own[1]])
}

/// Bytes of a sample as it is put away, where the first layer takes its spikes.
pub(super) fn frame(mapped: &[Mapped]) -> Option<f64> {
    let first = mapped.first()?;
    Some(first.spiking.as_ref()?.put_away(&first.layer.geometry))
}

/// The buffer of a setup.
fn buffer<'a>(parts: &'a Parts<'_>) -> Option<&'a dyn Memory> {
    parts.platform.memory.get("buffer").map(|memory| &**memory)
}

/// The neurons of a setup and what spikes have a layer do, where it has any.
pub(super) fn on_neurons<'a>(parts: &'a Parts<'_>, part: &'a Mapped) -> Option<(&'a Neurons, &'a Spiking)> {
    Some((parts.arrays.as_ref()?.neurons()?, part.spiking.as_ref()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Joules;

    const GEOMETRY: Geometry = Geometry::UNEVEN;

    fn neurons() -> Neurons {
        let file = "rows: 1\ncolumns: 2\ndataflow: output_stationary\nclock: fit\nmultiplier: exact\naccumulator: exact\n";
        Neurons::new(&serde_yaml::from_str(file).unwrap(), 8, &crate::tech::CellLibrary::nangate45()).unwrap()
    }

    fn spiking(steps: f64, spikes: f64) -> Spiking {
        let addition = Switched { each: Joules(2e-13), wires: Joules::ZERO, count: 1 };
        Spiking { steps, spikes, reaching: 3.0 * spikes, weight_bits: 8, addition }
    }

    fn energy(neurons: &Neurons, spiking: Spiking) -> f64 {
        let mut ledger = Ledger::default();
        spiking.bill(neurons, &GEOMETRY, &mut ledger);
        ledger.total().0
    }

    #[test]
    fn an_input_is_read_as_often_as_positions_come_to_it() {
        let readers = readers(&GEOMETRY);
        let products = readers.iter().sum::<u64>() * GEOMETRY.gemm().outputs as u64;
        assert_eq!(products, GEOMETRY.macs_inside());
        // One spike alone reaches what the sums of events add.
        for at in 0..GEOMETRY.inputs_per_sample() {
            let mut input = vec![0; GEOMETRY.inputs_per_sample()];
            input[at] = 1;
            let places = (0..GEOMETRY.groups)
                .flat_map(|group| (0..GEOMETRY.positions()).map(move |place| (group, place)));
            let reached =
                places.map(|place| crate::kernel::reaching(&GEOMETRY, &input, place, 0).len() as u64);
            assert_eq!(readers[at], reached.sum::<u64>());
        }
    }

    #[test]
    fn energy_and_traffic_are_linear_in_steps_and_in_spikes() {
        let neurons = neurons();
        let figures = |steps: f64, spikes: f64| {
            let spiking = spiking(steps, spikes);
            let [read, written] = spiking.traffic(&neurons, &GEOMETRY);
            [energy(&neurons, spiking), read, written, spiking.put_away(&GEOMETRY)]
        };
        let (of_step, of_spike) = (figures(1.0, 0.0), figures(0.0, 1.0));
        for (steps, spikes) in [(20.0, 0.0), (20.0, 31.0), (7.0, 500.0)] {
            for (at, found) in figures(steps, spikes).into_iter().enumerate() {
                let expected = steps * of_step[at] + spikes * of_spike[at];
                assert!((found - expected).abs() <= 1e-9 * expected, "{at}: {found} {expected}");
            }
        }
    }

    #[test]
    fn without_spikes_there_are_membranes_thresholds_and_their_cycles_alone() {
        let (neurons, silent) = (neurons(), spiking(20.0, 0.0));
        let mut ledger = Ledger::default();
        silent.bill(&neurons, &GEOMETRY, &mut ledger);
        let billed: Vec<(&str, f64)> = ledger.entries().map(|entry| (&*entry.action, entry.count)).collect();
        assert!(billed.iter().all(|(action, _)| *action != "add weights"), "{billed:?}");
        let outputs = 20.0 * GEOMETRY.outputs_per_sample() as f64;
        assert!(billed.contains(&("compare membranes", outputs)), "{billed:?}");
        let membranes = outputs * 3.0;
        assert_eq!(silent.traffic(&neurons, &GEOMETRY), [membranes, membranes]);
        assert_eq!(silent.put_away(&GEOMETRY), 0.0);
    }
}

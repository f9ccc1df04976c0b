//! What one sample costs on array, memories and link, billed from the layers' mappings.

use super::events::{self, Spiking, on_neurons};
use super::parts::Parts;
use super::signs::{self, on_signs};
use super::zeros::Held;
use crate::ledger::Ledger;
use crate::platform::compute::array::MacArray;
use crate::platform::compute::mapping::Mapping;
use crate::platform::compute::units::Switched;
use crate::platform::memory::Traffic;
use crate::units::Seconds;
use crate::workload::{Groups, Layer};

/// A layer as it is folded onto the array.
pub(super) struct Mapped {
    pub layer: Layer,
    pub mapping: Mapping,
    pub time: Seconds,
    pub words: Words,
    pub held: Held,
    /// Groups of its codes; none where they are plain.
    pub groups: Option<Groups>,
    /// Sums of another layer that each run takes up and goes on from.
    pub taken_up: usize,
    /// How often it is computed per sample, the mean.
    pub runs: f64,
    /// How often its weights are fetched from main memory per sample, the mean.
    pub fetched: f64,
    /// What a word of signs switches, where it is binary.
    pub word: Option<Switched>,
    /// What spikes have it do, where it runs on neurons.
    pub spiking: Option<Spiking>,
}

impl Mapped {
    /// Operations that switch units each time: products, or groups of them.
    pub(super) fn operations(&self, array: &MacArray) -> u64 {
        match &self.groups {
            Some(groups) => array.group_operations(&self.layer.geometry, groups.parts()),
            None => array.operations(&self.layer.geometry, self.held.nonzeros.as_ref()),
        }
    }

    /// Time per sample, the mean over all; on neurons `time` is that of a mean step.
    pub(super) fn mean_time(&self) -> Seconds {
        self.time * self.runs
    }
}

/// Bytes of the words that a layer moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Words {
    /// An activation that it reads.
    pub input: f64,
    /// An activation as which an output is put away.
    pub output: f64,
    pub sum: f64,
}

/// Bytes of a sample besides those that its layers move.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moved {
    /// The frame.
    pub frame: f64,
    /// What is sent for layers to be run elsewhere; 0 where none are.
    pub features: f64,
    /// All that is sent.
    pub payload: f64,
}

/// The name under which a layer's operations are priced after the run.
pub(super) fn price_name(layer: &Layer) -> String {
    format!("mac.{}.{}", layer.index, layer.name)
}

/// The name under which the wires that a layer's operations charge are priced after the run.
pub(super) fn wires_name(layer: &Layer) -> String {
    format!("wires.{}.{}", layer.index, layer.name)
}

/// The name under which a layer's multiplications are priced after the run where an energy table prices them.
pub(super) fn multiplication_name(layer: &Layer) -> String {
    format!("multiply.{}.{}", layer.index, layer.name)
}

/// How long the stages of a system work for a sample, one beside the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub sensor: Seconds,
    pub array: Seconds,
    pub link: Seconds,
}

impl Times {
    /// From one sample to the next: the frame period, or as long as the slowest stage takes.
    fn period(&self, frame: Seconds) -> Seconds {
        Seconds([self.sensor, self.array, self.link].iter().fold(frame.0, |most, time| most.max(time.0)))
    }
}

/// Bills one sample.
pub(super) fn bill(parts: &Parts<'_>, mapped: &[Mapped], moved: Moved, times: Times, ledger: &mut Ledger) {
    for part in mapped.iter().filter(|part| part.runs > 0.0) {
        if let Some((neurons, spiking)) = on_neurons(parts, part) {
            spiking.bill(neurons, &part.layer.geometry, ledger);
            continue;
        }
        let Some(array) = parts.array(part.layer.index) else { continue };
        let once = |ledger: &mut Ledger| match on_signs(parts, part) {
            Some(units) => signs::bill(units, part, ledger),
            None => layer(array, part, ledger),
        };
        if part.runs == 1.0 {
            once(ledger);
        } else {
            let mut own = Ledger::default();
            once(&mut own);
            ledger.merge(own.per(1.0 / part.runs));
        }
    }
    memories(parts, (mapped, moved), times, ledger);
    parts.platform.link.bill(ledger, moved.payload);
}

/// Bills a sample that comes to a layer.
fn layer(array: &MacArray, part: &Mapped, ledger: &mut Ledger) {
    array.bill(ledger, "compute.array", &part.mapping);
    let macs = part.operations(array);
    let mut switching = |action: &str, price: String| {
        array.bill_switching(ledger, "compute.array", (action, &price), macs);
    };
    switching("multiply-accumulate", price_name(&part.layer));
    switching("multiply-accumulate", wires_name(&part.layer));
    if array.is_priced_by_file() {
        switching("multiply", multiplication_name(&part.layer));
    }
}

/// Buffer traffic from the mappings, and of features that are sent; main memory moves weights and frame once in and once out.
fn memories(parts: &Parts<'_>, (mapped, moved): (&[Mapped], Moved), times: Times, ledger: &mut Ledger) {
    let Moved { frame, features, .. } = moved;
    let (active, period) = (times.array, times.period(parts.platform.frame_period));
    // Weights that are computed are activations of the layer before, which the buffer has already.
    let weights: f64 = mapped.iter().map(|part| part.fetched * part.held.bytes).sum();
    let total = |words: &dyn Fn(&Mapped) -> f64| {
        mapped.iter().filter(|part| part.spiking.is_none()).map(|part| part.runs * words(part)).sum::<f64>()
    };
    let spiking = events::traffic(parts, mapped);
    let main = parts.platform.memory.contains_key("main");
    for (name, memory) in &parts.platform.memory {
        let component = format!("memory.{name}");
        let traffic = if name == "main" {
            Traffic { read_bytes: weights + frame, written_bytes: frame, active, period }
        } else {
            let finished = |part: &Mapped| part.layer.geometry.outputs_per_sample() as f64;
            let read_bytes = total(&|part| {
                let mapping = &part.mapping;
                mapping.input_reads as f64 * part.words.input
                    + part.held.read_bytes
                    + (mapping.partial_reads + part.taken_up as u64) as f64 * part.words.sum
            }) + spiking[0]
                + features;
            let outputs = total(&|part| {
                finished(part) * part.words.output
                    + (part.mapping.output_writes as f64 - finished(part)) * part.words.sum
            }) + spiking[1];
            let loaded = if main { weights } else { 0.0 };
            // Without a main memory the buffer keeps the weights and so never sleeps.
            let active = if main { active } else { period };
            Traffic { read_bytes, written_bytes: outputs + loaded + frame, active, period }
        };
        memory.bill(ledger, &component, &traffic);
    }
}

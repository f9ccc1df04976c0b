//! Is the platform asked for more than it can do: a memory too small, frames too fast, codes that a unit does not take?

use super::bill::{Mapped, Times};
use super::outcome::{Overfull, Strain};
use super::parts::Parts;
use crate::config::platform::Memory;
use crate::units::Seconds;
use crate::workload::Quantized;

/// What a setup asks for too much; nothing where its platform can do all of it.
pub(super) fn strain(
    parts: &Parts<'_>,
    quantized: &Quantized,
    mapped: &[Mapped],
    times: Times,
) -> Option<Strain> {
    let beyond = |time: Seconds| Some(time.0).filter(|_| time > parts.platform.frame_period);
    let strain = Strain {
        overfull: overfull(parts, mapped),
        sensor_s: beyond(times.sensor),
        busy_s: beyond(times.array),
        link_s: beyond(times.link),
        recoded: quantized.coded_anew().into_iter().map(String::from).collect(),
    };
    Some(strain).filter(|strain| *strain != Strain::default())
}

/// The static memory that is too small for what layers and, without a main memory, weights take.
fn overfull(parts: &Parts<'_>, mapped: &[Mapped]) -> Option<Overfull> {
    let here = || mapped.iter().filter(|part| part.runs > 0.0);
    let largest = here().map(activations).fold(0.0, f64::max);
    let weights: f64 = here().map(|part| part.held.bytes).sum();
    parts.setup.platform.memory.iter().find_map(|(name, memory)| {
        let Memory::Sram(sram) = memory else { return None };
        let resident = if parts.platform.memory.contains_key("main") { 0.0 } else { weights };
        let (size_bytes, needed_bytes) = (sram.size.0, resident + largest);
        (needed_bytes > size_bytes).then(|| Overfull { memory: name.clone(), size_bytes, needed_bytes })
    })
}

/// Bytes of what a layer reads and writes.
fn activations(part: &Mapped) -> f64 {
    let geometry = &part.layer.geometry;
    let [read, written] = [geometry.inputs_per_sample(), geometry.outputs_per_sample()].map(|n| n as f64);
    // A word that is read is a group.
    let numbers = part.groups.map_or(1.0, |groups| groups.channels as f64 / groups.parts() as f64);
    read / numbers * part.words.input + written * part.words.output
}

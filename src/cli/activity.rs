//! What a layer makes a unit do, as files for other tools.

use std::path::Path;

use super::files;
use super::layer::stem;
use super::sdf::ABOUT;
use crate::error::Error;
use crate::netlist::export::{mapped, saif, sdf, vcd};
use crate::platform::compute::activity::STRETCHES;
use crate::run::Activity;
use crate::workload::Layer;

/// Writes the files of a layer and says what is in them.
pub(super) fn write(layer: &Layer, activity: &Activity, folder: &Path) -> Result<String, Error> {
    let Activity { netlist, delays, trace, operands, pairs, energy } = activity;
    let texts = [
        ("v", mapped::write(netlist)),
        ("sdf", sdf::write(netlist, delays, ABOUT)),
        ("vcd", vcd::write(netlist, &trace.waveform)),
        ("saif", saif::write(netlist, &trace.waveform)),
        ("operands.csv", operands.to_csv()),
    ];
    let mut paths = vec![];
    for (ending, text) in &texts {
        paths.push(folder.join(format!("{}.{ending}", stem(layer))));
        files::write(&paths[paths.len() - 1], text)?;
    }
    Ok(format!(
        "layer `{}` in `{}`: {STRETCHES} stretches one after the other, {} clocks of {} ps, {} operand pairs at {energy} \
         each, with the jumps from a stretch to the next and without clock pins; operands.csv counts all {pairs} pairs of the pooled samples\n{}",
        layer.name,
        netlist.name(),
        trace.waveform.edges(),
        trace.waveform.period(),
        trace.pairs,
        files::written(&paths)
    ))
}

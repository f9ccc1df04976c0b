//! What a layer makes a unit do, as files for other tools.

use std::path::{Path, PathBuf};

use super::files;
use super::sdf::ABOUT;
use crate::error::Error;
use crate::netlist::export::{mapped, saif, sdf, vcd};
use crate::platform::compute::activity::STRETCHES;
use crate::run::Activity;
use crate::workload::Layer;

/// Endings of the files of a layer.
const ENDINGS: [&str; 5] = ["v", "sdf", "vcd", "saif", "operands.csv"];

/// Checks that the files of a layer, of this [stem](super::layer::stem), can stand in a folder.
///
/// # Errors
/// Where something stands in the place of one and cannot be written.
pub(super) fn placeable(stem: &str, folder: &Path) -> Result<(), Error> {
    let else_do = "name another folder for results with --out DIR";
    ENDINGS.iter().try_for_each(|ending| files::placeable(&place(stem, folder, ending), else_do))
}

fn place(stem: &str, folder: &Path, ending: &str) -> PathBuf {
    folder.join(format!("{stem}.{ending}"))
}

/// Writes the files of a layer, under its stem, and says what is in them.
pub(super) fn write(
    (layer, stem): (&Layer, &str),
    activity: &Activity,
    folder: &Path,
) -> Result<String, Error> {
    let Activity { netlist, delays, trace, operands, pairs, energy } = activity;
    let texts = [
        mapped::write(netlist),
        sdf::write(netlist, delays, ABOUT),
        vcd::write(netlist, &trace.waveform),
        saif::write(netlist, &trace.waveform),
        operands.to_csv(),
    ];
    let paths = ENDINGS.map(|ending| place(stem, folder, ending));
    for (path, text) in paths.iter().zip(&texts) {
        files::write(path, text)?;
    }
    Ok(format!(
        "layer `{}` in `{}`: {STRETCHES} stretches one after the other, {} clocks of {} ps, {} operand pairs at {energy} \
         each (in the other clocks the unit has no work and keeps its inputs), with the jumps from a stretch to the next and without clock pins; operands.csv counts all {pairs} pairs of the pooled samples\n{}",
        layer.name,
        netlist.name(),
        trace.waveform.edges(),
        trace.waveform.period(),
        trace.pairs,
        files::written(&paths)
    ))
}

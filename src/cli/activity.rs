//! What a layer makes a unit do, as files for other tools.

use std::path::Path;

use super::files;
use super::sdf::ABOUT;
use crate::config::suggest;
use crate::error::Error;
use crate::netlist::export::{mapped, saif, sdf, vcd};
use crate::platform::compute::activity::STRETCHES;
use crate::run::Activity;
use crate::workload::{Layer, Task};

/// The layer that an argument names: by its name in the model, or by `#` and its place from 0.
pub(super) fn layer(task: &Task, wanted: &str) -> Result<Layer, Error> {
    let mut layers = task.network.layers();
    let index = match wanted.strip_prefix('#') {
        Some(index) => index.parse().ok().filter(|index| *index < layers.len()),
        None => layers.iter().position(|layer| layer.name == wanted),
    };
    if let Some(index) = index {
        return Ok(layers.swap_remove(index));
    }
    let names: Vec<&str> = layers.iter().map(|layer| &*layer.name).collect();
    let last = layers.len().saturating_sub(1);
    let help = suggest(wanted, &names).unwrap_or_default();
    Err(Error::Usage(format!("`--activity {wanted}`: there is no such layer among #0 to #{last}; {help}")))
}

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
         each without clock pins; operands.csv counts all {pairs} pairs of the pooled samples\n{}",
        layer.name,
        netlist.name(),
        trace.waveform.edges(),
        trace.waveform.period(),
        trace.pairs,
        files::written(&paths)
    ))
}

/// A layer's name as a file's; where nothing of it can be one, its number.
fn stem(layer: &Layer) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = layer.name.chars().map(plain).collect();
    let name = name.trim_matches(['_', '.']);
    if name.is_empty() { format!("layer{}", layer.index) } else { name.into() }
}

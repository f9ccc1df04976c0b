//! The longest path of a design, cell by cell.

use std::fmt::Write;

use crate::arith::Unit;
use crate::netlist::{Cell, Netlist};
use crate::tech::{CellLibrary, Edge, Step};

/// A cell of the longest path, for machines.
#[derive(serde::Serialize)]
pub(super) struct Stage {
    /// The cell: a gate of the catalogue, `register`, or the input port and its bit.
    cell: String,
    /// The library's cell; null at an input port.
    library_cell: Option<String>,
    /// The pin that the path comes in by; null at its start.
    pin: Option<String>,
    /// Its output in the mapped netlist.
    net: usize,
    /// What it drives in fF.
    load_ff: f64,
    /// What its output does: `rise` or `fall`; null where the library does not tell edges apart.
    edge: Option<&'static str>,
    /// How long it takes to do it in ps; null where the library does not know.
    slew_ps: Option<f64>,
    /// When its output has changed, in ps.
    arrival_ps: f64,
}

/// The longest path of a unit as it is mapped to the library.
pub(super) fn stages(unit: &Unit, library: &CellLibrary) -> Vec<Stage> {
    let netlist = library.map(&unit.netlist());
    let known = library.band == 0.0;
    let stage = |step: Step| {
        let cell = &netlist.cells()[step.net.index()];
        let named = library.named(cell);
        let edge = if step.edge == Edge::Rise { "rise" } else { "fall" };
        Stage {
            cell: name(&netlist, step.net.index()),
            pin: named.as_ref().zip(step.pin).map(|(named, pin)| named.pins[pin].into()),
            library_cell: named.map(|named| named.cell.into()),
            net: step.net.index(),
            load_ff: step.load,
            edge: known.then_some(edge),
            slew_ps: known.then_some(step.slew.0 * 1e12),
            arrival_ps: step.arrival.0 * 1e12,
        }
    };
    library.critical_path(&netlist).path.into_iter().map(stage).collect()
}

fn name(netlist: &Netlist, at: usize) -> String {
    let port = |(name, bus): &(String, Vec<_>)| {
        let bit = bus.iter().position(|net: &crate::netlist::Net| net.index() == at)?;
        Some(format!("{name}[{bit}]"))
    };
    match netlist.cells()[at] {
        Cell::Gate(gate, _) => format!("{gate:?}").to_lowercase(),
        Cell::State => "register".into(),
        Cell::Constant(_) => "constant".into(),
        Cell::Input => netlist.inputs().iter().find_map(port).unwrap_or_default(),
    }
}

/// A line a cell.
pub(super) fn text(id: &str, stages: &[Stage]) -> String {
    let mut out = format!("{id}, longest path\n");
    out += "    arrival, ps   slew, ps   load, fF  edge  net    cell\n";
    for Stage { cell, library_cell, pin, net, load_ff, edge, slew_ps, arrival_ps } in stages {
        let slew = slew_ps.map_or("–".into(), |slew| format!("{slew:.1}"));
        let by = pin.as_ref().map_or(String::new(), |pin| format!(" from {pin}"));
        let made = library_cell.as_ref().map_or(String::new(), |name| format!(", {name}{by}"));
        let edge = edge.unwrap_or("–");
        let _ = writeln!(
            out,
            "{arrival_ps:>15.1} {slew:>10} {load_ff:>10.2}  {edge:<5} {:<6} {cell}{made}",
            format!("n{net}")
        );
    }
    out
}

//! The longest path of a design, cell by cell.

use std::fmt::Write;

use crate::arith::Unit;
use crate::netlist::{Cell, Netlist};
use crate::tech::{CellLibrary, Step};

/// A cell of the longest path, for machines.
#[derive(serde::Serialize)]
pub(super) struct Stage {
    /// The cell: a gate of the catalogue, `register`, or the input port and its bit.
    cell: String,
    /// Its output in the mapped netlist.
    net: usize,
    /// What it drives in fF.
    load_ff: f64,
    /// When its output has changed, in ps.
    arrival_ps: f64,
}

/// The longest path of a unit as it is mapped to the library.
pub(super) fn stages(unit: &Unit, library: &CellLibrary) -> Vec<Stage> {
    let netlist = library.map(&unit.netlist());
    let stage = |Step { net, arrival, load }: Step| Stage {
        cell: name(&netlist, net.index()),
        net: net.index(),
        load_ff: load,
        arrival_ps: arrival.0 * 1e12,
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
    let mut out = format!("{id}, longest path\n    arrival, ps   load, fF  net    cell\n");
    for Stage { cell, net, load_ff, arrival_ps } in stages {
        let _ = writeln!(out, "{arrival_ps:>15.1} {load_ff:>10.2}  {:<6} {cell}", format!("n{net}"));
    }
    out
}

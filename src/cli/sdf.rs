//! Delay files: those of others for a circuit, and ours.

use std::path::Path;

use super::files;
use crate::arith::{Cost, annotated as annotated_cost};
use crate::error::Error;
use crate::netlist::export::sdf;
use crate::netlist::import::verilog;
use crate::netlist::{Cell, Netlist};
use crate::tech::CellLibrary;
use crate::tech::sdf::{Annotation, Sdf};

/// The cost of a circuit's cells as they stand, with the delays of a file.
pub(super) fn annotated(circuit: &Path, delays: &Path, library: &CellLibrary) -> Result<Cost, Error> {
    let read =
        |path: &Path| files::text(path).map_err(|error| Error::File(path.display().to_string(), error));
    let wrong =
        |path: &Path, error: &dyn std::fmt::Display| Error::Usage(format!("{}: {error}", path.display()));
    if circuit.extension().is_none_or(|ending| ending != "v") {
        return Err(wrong(circuit, &"`--sdf` belongs to a Verilog file (`.v`) of library cells"));
    }
    let stem = circuit.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
    let (netlist, instances) =
        verilog::read_cells(&read(circuit)?, stem).map_err(|error| wrong(circuit, &error))?;
    let lacking = netlist.cells().iter().find_map(|cell| match cell {
        Cell::Gate(gate, _) if !library.has(*gate) => Some(gate.name()),
        _ => None,
    });
    if let Some(gate) = lacking {
        return Err(wrong(circuit, &format!("the cell library has no cell for the gate `{gate}`")));
    }
    let sdf = Sdf::read(&read(delays)?).map_err(|error| wrong(delays, &error))?;
    let annotation = Annotation::of(&netlist, &instances, &sdf).map_err(|error| wrong(delays, &error))?;
    Ok(annotated_cost(&netlist, library, &annotation, &delays.display().to_string()))
}

/// The delays of a design's cells as a text.
pub(super) fn write(library: &CellLibrary, netlist: &Netlist) -> String {
    let cells = library.map(netlist);
    let named = |cell: &Cell| library.named(cell).expect("gates and registers are cells of the library");
    sdf::write_as(&cells, &library.delay_triples(&cells), ABOUT, named)
}

/// What the delays of [`CellLibrary::delay_triples`] are.
pub(super) const ABOUT: &str = "typical: as simulated; least and greatest: the band of the cell library";

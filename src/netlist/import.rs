//! Circuits that others wrote: structural and dataflow Verilog, BLIF, Yosys JSON, CGP chromosomes.
//!
//! Every reader fills a graph of bits in the order of its text; the graph puts gates in topological order, folds
//! constants, shares equal gates and drops what no output needs. What cannot be read is an error with its line.

pub mod blif;
pub mod cgp;
mod error;
mod graph;
pub mod verilog;
pub mod yosys;

pub use error::{Fault, ImportError};

use super::{Netlist, text};

/// Cells and nets that a circuit may have: far above a design, small enough for the memory at hand.
pub const LIMIT: usize = 1 << 25;

/// Endings of files that [`read`] knows.
pub const ENDINGS: [&str; 5] = ["v", "blif", "json", "cgp", "netlist"];

/// Why a circuit's file is not read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// Verilog, BLIF or a chromosome.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// JSON of Yosys.
    #[error(transparent)]
    Yosys(#[from] yosys::YosysError),
    /// The text form.
    #[error(transparent)]
    Text(#[from] text::TextError),
    /// A file that ends otherwise.
    #[error("a circuit's file ends in `.v`, `.blif`, `.json` (of Yosys), `.cgp` or `.netlist`")]
    Ending,
}

/// Reads a circuit in the form that the ending of its file's name says; of several Verilog modules, the one named as
/// the file is meant, without what follows a last `_pdk45`.
///
/// # Errors
/// [`ReadError`] with the line, or the cell.
pub fn read(file_name: &str, text: &str) -> Result<Netlist, ReadError> {
    let (stem, ending) = file_name.rsplit_once('.').unwrap_or((file_name, ""));
    Ok(match ending {
        "v" => verilog::read(text, stem.strip_suffix("_pdk45").unwrap_or(stem))?,
        "blif" => blif::read(text)?,
        "cgp" => cgp::read(text, &[])?,
        "json" => yosys::read(text)?,
        "netlist" => super::text::parse(text)?,
        _ => return Err(ReadError::Ending),
    })
}

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

/// A circuit as far as its file describes one, with every fault that reading can go on after: of a net that is driven
/// twice the first driver counts, a net that nothing drives and one that closes a loop are 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked<E> {
    /// The circuit.
    pub netlist: Netlist,
    /// What is wrong with it, in the order of lines; at most a thousand.
    pub faults: Vec<E>,
    /// Nets that nothing drives and that only gates read which no output needs, in the order of lines: they do not keep
    /// the circuit from being read; at most a thousand.
    pub unneeded: Vec<E>,
}

impl<E> Checked<E> {
    /// The circuit, where it has no fault.
    ///
    /// # Errors
    /// The first fault.
    pub fn sound(mut self) -> Result<Netlist, E> {
        if self.faults.is_empty() { Ok(self.netlist) } else { Err(self.faults.swap_remove(0)) }
    }

    fn map<F>(self, mut into: impl FnMut(E) -> F) -> Checked<F> {
        let Self { netlist, faults, unneeded } = self;
        let mut each = |faults: Vec<E>| faults.into_iter().map(&mut into).collect();
        Checked { netlist, faults: each(faults), unneeded: each(unneeded) }
    }
}

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
    check(file_name, text)?.sound()
}

/// As [`read`], but tells every fault that reading can go on after.
///
/// ```
/// use axsim::netlist::import::check;
/// let text = "module m(input a, output y, z);\n  assign y = b;\n  wire b, c;\n  assign z = c;\nendmodule\n";
/// let faults = check("m.v", text).unwrap().faults;
/// let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
/// assert_eq!(faults, ["line 3: `b` is read, but nothing drives it", "line 3: `c` is read, but nothing drives it"]);
/// ```
///
/// # Errors
/// [`ReadError`] where it cannot go on.
pub fn check(file_name: &str, text: &str) -> Result<Checked<ReadError>, ReadError> {
    let (stem, ending) = file_name.rsplit_once('.').unwrap_or((file_name, ""));
    let whole = |netlist| Checked { netlist, faults: vec![], unneeded: vec![] };
    Ok(match ending {
        "v" => verilog::check(text, stem.strip_suffix("_pdk45").unwrap_or(stem))?.map(ReadError::from),
        "blif" => blif::check(text)?.map(ReadError::from),
        "cgp" => whole(cgp::read(text, &[])?),
        "json" => yosys::check(text)?.map(ReadError::from),
        "netlist" => whole(super::text::parse(text)?),
        _ => return Err(ReadError::Ending),
    })
}

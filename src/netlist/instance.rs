//! Library cells as a netlist in Verilog names them.

use super::Net;

/// A library cell in a circuit: what stands as one instance in a Verilog text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its name; within instances of modules their names first, each followed by `/`.
    pub name: String,
    /// The cell of the library.
    pub cell: String,
    /// Input pins and the nets that they read.
    pub inputs: Vec<(String, Net)>,
    /// Output pins and the nets that they drive; a pin that drives nothing is left out.
    pub outputs: Vec<(String, Net)>,
}

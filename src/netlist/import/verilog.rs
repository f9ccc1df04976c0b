//! Verilog as circuit libraries and synthesis tools write it.
//!
//! Read are modules with ports in either style, parameters, nets and buses, continuous assignments with all operators
//! but division, gate primitives, instances (of modules of the file, and of the cells of NanGate 45 nm, the
//! FreePDK45 library, SkyWater's high-density library, and Yosys), and registers under one rising clock. Widths and
//! signs follow IEEE 1364-2001, clause 4; a net that is not declared has one bit where it connects a port.
//!
//! Not read, each an error that names its line: unknown (`x`, `z`) values, delays, `inout`, other `always` blocks,
//! functions, generate blocks and loops.

mod cells;
mod constant;
mod elaborate;
mod expression;
mod instance;
mod kept;
mod lex;
mod parse;
mod statement;
mod syntax;
mod synthesize;

use super::{Checked, Fault, ImportError};
use crate::netlist::{Instance, Netlist};

/// Reads the circuit of a Verilog text: the module named `name` if there is one, else the only one that is part of no
/// other module.
///
/// Inputs and outputs keep the order of the ports; a clock that only clocks registers is no input.
///
/// # Errors
/// [`ImportError`] with the line.
///
/// ```
/// use axsim::netlist::import::verilog;
/// let adder = "module add(input [3:0] a, b, output [4:0] y);\n  assign y = a + b;\nendmodule\n";
/// let netlist = verilog::read(adder, "").unwrap();
/// assert_eq!(netlist.eval(&[9, 13]), [22]);
/// let error = verilog::read("module m(input a, output y);\n  assign y = a & c;\nendmodule\n", "").unwrap_err();
/// assert_eq!(error.to_string(), "line 2: `c` is not declared");
/// ```
pub fn read(text: &str, name: &str) -> Result<Netlist, ImportError> {
    check(text, name)?.sound()
}

/// As [`read`], but tells every fault that reading can go on after.
///
/// # Errors
/// [`ImportError`] where it cannot go on.
pub fn check(text: &str, name: &str) -> Result<Checked<ImportError>, ImportError> {
    let modules = parse::modules(lex::tokens(text)?)?;
    let top = top(&modules, name)?;
    elaborate::circuit(&modules, top)
}

/// Reads a circuit of library cells as it stands, with the instances that it is made of; the module is found as by
/// [`read`].
///
/// Nothing is folded or shared. Where a cell computes what a gate of three inputs or less does, it is that gate; else,
/// it is several, a buffer two inverters. Cells that no output needs are among the instances, without outputs.
///
/// # Errors
/// As [`read`]; also where logic stands outside of library cells, or a cell is a register.
///
/// ```
/// use axsim::netlist::{Net, import::verilog};
/// let text = "module m(input a, b, output y);\n  wire n;\n  NAND2_X2 U1 (.A1(a), .A2(b), .ZN(n));\n  BUF_X1 U2 (.A(n), .Z(y));\nendmodule\n";
/// let (netlist, instances) = verilog::read_cells(text, "").unwrap();
/// assert_eq!(netlist.gate_count(), 3);
/// assert_eq!((&*instances[0].name, &*instances[0].cell), ("U1", "NAND2_X2"));
/// assert_eq!((&instances[1].inputs[..], &instances[1].outputs[..]), (&[("A".into(), Net(2))][..], &[("Z".into(), Net(4))][..]));
/// ```
pub fn read_cells(text: &str, name: &str) -> Result<(Netlist, Vec<Instance>), ImportError> {
    let modules = parse::modules(lex::tokens(text)?)?;
    let top = top(&modules, name)?;
    elaborate::cells(&modules, top)
}

/// The module that is meant.
fn top<'m, 't>(modules: &'m [syntax::Module<'t>], name: &str) -> Result<&'m syntax::Module<'t>, ImportError> {
    if let Some(module) = modules.iter().find(|module| module.name == name) {
        return Ok(module);
    }
    let used: std::collections::HashSet<&str> = modules.iter().flat_map(syntax::Module::instances).collect();
    let roots: Vec<&syntax::Module> = modules.iter().filter(|module| !used.contains(module.name)).collect();
    match (roots[..].as_ref(), modules) {
        ([one], _) => Ok(one),
        ([], []) => Err(ImportError::new(1, Fault::Empty)),
        // Modules that contain one another in a ring: the elaboration says so.
        ([], [first, ..]) => Ok(first),
        ([first, ..], _) => {
            let names: Vec<String> =
                roots.iter().take(8).map(|module| format!("`{}`", module.name)).collect();
            Err(ImportError::new(first.line, Fault::Top(names.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests;

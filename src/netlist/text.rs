//! The text form of a netlist, good enough to write tests and bug reports in, and to read gate by gate.
//!
//! One statement a line; `#` starts a comment. Nets are defined before they are read, so the lines are in
//! topological order; only the next state of a register may close a loop.
//!
//! | statement | meaning |
//! |---|---|
//! | `netlist NAME` | the first one |
//! | `input a[8]` | a bus of eight bits, read as `a[0]` (least significant) to `a[7]` |
//! | `n12 = xor a[0] b[1]` | a gate: `not`, `and`, `or`, `xor`, `nand`, `nor`, `xnor`, `mux SELECT ONE ZERO`, `and3`, `or3`, `nand3`, `nor3`, `aoi21 A B1 B2`, `oai21 A B1 B2`, `sum`, `majority` |
//! | `n13 = constant 1` | a constant bit |
//! | `n14 = state` | a register's output |
//! | `next n14 = n12` | what that register takes over at the clock edge |
//! | `output y = n12 n13` | a bus to the outside, least significant bit first |

mod error;
mod parse;

use std::fmt::Write;

use super::{Cell, Netlist};

pub use error::{Mistake, TextError};
pub use parse::parse;

/// Writes a netlist in its text form; [`parse()`] reads the same netlist back.
///
/// ```
/// use axsim::netlist::{Builder, text};
/// let mut build = Builder::new("half_adder");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let (sum, carry) = build.half_adder(a, b);
/// build.output("y", vec![sum, carry]);
/// let netlist = build.finish();
/// let written = text::write(&netlist);
/// assert_eq!(written, "\
/// netlist half_adder
/// input a[1]
/// input b[1]
/// n2 = xor a[0] b[0]
/// n3 = and a[0] b[0]
/// output y = n2 n3
/// ");
/// assert_eq!(text::parse(&written), Ok(netlist));
/// ```
pub fn write(netlist: &Netlist) -> String {
    let names = netlist.net_names("n", str::to_string);
    let listed =
        |nets: &[super::Net]| nets.iter().map(|net| format!(" {}", names[net.index()])).collect::<String>();
    let mut out = format!("netlist {}\n", netlist.name());
    let mut buses = netlist.inputs().iter().peekable();
    for (at, cell) in netlist.cells().iter().enumerate() {
        // The first bit of a bus brings its line; a bus without bits goes with a neighbour.
        let here = |(_, bus): &&(String, super::Bus)| bus.first().is_none_or(|net| net.index() <= at);
        while let Some((name, bus)) = buses.next_if(here) {
            let _ = writeln!(out, "input {name}[{}]", bus.len());
        }
        let _ = match cell {
            Cell::Input => Ok(()),
            Cell::State => writeln!(out, "{} = state", names[at]),
            Cell::Constant(value) => writeln!(out, "{} = constant {}", names[at], u8::from(*value)),
            Cell::Gate(gate, _) => writeln!(out, "{} = {}{}", names[at], gate.name(), listed(cell.reads())),
        };
    }
    for (name, bus) in buses {
        let _ = writeln!(out, "input {name}[{}]", bus.len());
    }
    for register in netlist.registers() {
        let _ = writeln!(out, "next {} ={}", names[register.state.index()], listed(&[register.next]));
    }
    for (name, bus) in netlist.outputs() {
        let _ = writeln!(out, "output {name} ={}", listed(bus));
    }
    out
}

#[cfg(test)]
mod tests;

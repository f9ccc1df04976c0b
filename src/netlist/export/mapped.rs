//! Verilog of library cells, one instance a gate, for tools that price a netlist as it stands.

use std::collections::HashMap;
use std::fmt::Write;

use super::verilog::{self, Names};
use crate::netlist::{Cell, Gate, Net, Netlist};

/// A cell of the NanGate 45 nm library: name, input pins in the order of the gate's inputs, output pin.
pub type Mapping = (&'static str, &'static [&'static str], &'static str);

/// The register.
pub const REGISTER: &str = "DFF_X1";

/// The cell that a gate becomes.
pub fn mapping(gate: Gate) -> Mapping {
    match gate {
        Gate::Not => ("INV_X1", &["A"], "ZN"),
        Gate::And => ("AND2_X1", &["A1", "A2"], "ZN"),
        Gate::Or => ("OR2_X1", &["A1", "A2"], "ZN"),
        Gate::Xor => ("XOR2_X1", &["A", "B"], "Z"),
        Gate::Nand => ("NAND2_X1", &["A1", "A2"], "ZN"),
        Gate::Nor => ("NOR2_X1", &["A1", "A2"], "ZN"),
        Gate::Xnor => ("XNOR2_X1", &["A", "B"], "ZN"),
        // One where the select is 1 comes second.
        Gate::Mux => ("MUX2_X1", &["S", "B", "A"], "Z"),
        Gate::And3 => ("AND3_X1", &["A1", "A2", "A3"], "ZN"),
        Gate::Or3 => ("OR3_X1", &["A1", "A2", "A3"], "ZN"),
        Gate::Nand3 => ("NAND3_X1", &["A1", "A2", "A3"], "ZN"),
        Gate::Nor3 => ("NOR3_X1", &["A1", "A2", "A3"], "ZN"),
        Gate::Aoi21 => ("AOI21_X1", &["A", "B1", "B2"], "ZN"),
        Gate::Oai21 => ("OAI21_X1", &["A", "B1", "B2"], "ZN"),
        Gate::Sum => ("FA_X1", &["A", "B", "CI"], "S"),
        Gate::Majority => ("FA_X1", &["A", "B", "CI"], "CO"),
    }
}

/// Writes a netlist as instances of NanGate 45 nm cells of drive X1, ports as [`verilog::write`] has them.
///
/// ```
/// use axsim::netlist::{Builder, export::mapped};
/// let mut build = Builder::new("and");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let y = build.and(a, b);
/// build.output("y", vec![y]);
/// assert_eq!(mapped::write(&build.finish()), "\
/// module and_(input [0:0] a, input [0:0] b, output [0:0] y);
///   wire n2;
///   AND2_X1 g2 (.A1(a[0]), .A2(b[0]), .ZN(n2));
///   assign y = {n2};
/// endmodule
/// ".replace("and_", "\\and "));
/// ```
pub fn write(netlist: &Netlist) -> String {
    let Names { nets, clock, head } = verilog::names(netlist);
    let mut out = head;
    // A full adder is one cell with two outputs: the instance stands with the first of them.
    let mut waiting: HashMap<(Gate, [Net; 3]), usize> = HashMap::new();
    let mut carried = vec![None; nets.len()];
    for (at, cell) in netlist.cells().iter().enumerate() {
        if let Cell::Gate(gate @ (Gate::Sum | Gate::Majority), mut operands) = *cell {
            operands.sort_unstable();
            let other = if gate == Gate::Sum { Gate::Majority } else { Gate::Sum };
            match waiting.remove(&(other, operands)) {
                Some(first) => (carried[first], carried[at]) = (Some(at), Some(first)),
                None => drop(waiting.insert((gate, operands), at)),
            }
        }
    }
    for (at, (name, cell)) in nets.iter().zip(netlist.cells()).enumerate() {
        let _ = match cell {
            Cell::Input => Ok(()),
            Cell::State => writeln!(out, "  wire {name};"),
            Cell::Constant(value) => writeln!(out, "  wire {name} = 1'b{};", u8::from(*value)),
            Cell::Gate(gate, _) => {
                let (kind, inputs, output) = mapping(*gate);
                let pins = inputs
                    .iter()
                    .zip(cell.reads())
                    .map(|(pin, net)| format!(".{pin}({}), ", nets[net.index()]));
                let mut pins: String = pins.collect();
                match carried[at] {
                    Some(first) if first < at => continue,
                    Some(second) => {
                        let other = if output == "S" { "CO" } else { "S" };
                        let _ = writeln!(out, "  wire {};", nets[second]);
                        let _ = write!(pins, ".{other}({}), ", nets[second]);
                    }
                    None => {}
                }
                writeln!(out, "  wire {name};\n  {kind} g{at} ({pins}.{output}({name}));")
            }
        };
    }
    for register in netlist.registers() {
        let (state, next) = (&nets[register.state.index()], &nets[register.next.index()]);
        let clock = clock.as_deref().unwrap_or_default();
        let _ = writeln!(
            out,
            "  {REGISTER} r{} (.D({next}), .CK({clock}), .Q({state}), .QN());",
            register.state.0
        );
    }
    out + &verilog::tail(netlist, &nets)
}

//! Structural Verilog: one module named as the netlist, ports named as its buses, one `assign` a gate.

use std::fmt::Write;

use super::{Cell, Gate, Net, Netlist};

/// Writes a netlist as Verilog-2001; registers add a port `clk` and start at 0.
pub fn write(netlist: &Netlist) -> String {
    let clocked = !netlist.registers().is_empty();
    let clock = clocked.then(|| "input clk".to_string());
    let inputs = netlist.inputs().iter().map(|(name, bus)| format!("input [{}:0] {name}", bus.len() - 1));
    let outputs = netlist.outputs().iter().map(|(name, bus)| format!("output [{}:0] {name}", bus.len() - 1));
    let ports: Vec<String> = clock.into_iter().chain(inputs).chain(outputs).collect();
    let mut out = format!("module {}({});\n", netlist.name(), ports.join(", "));
    for (at, cell) in netlist.cells().iter().enumerate() {
        let _ = match cell {
            Cell::Input => Ok(()),
            Cell::State => writeln!(out, "  reg n{at} = 1'b0;"),
            Cell::Constant(value) => writeln!(out, "  wire n{at} = 1'b{};", u8::from(*value)),
            Cell::Gate(gate, nets) => writeln!(out, "  wire n{at} = {};", expression(netlist, *gate, nets)),
        };
    }
    if clocked {
        out += "  always @(posedge clk) begin\n";
        for register in netlist.registers() {
            let _ = writeln!(out, "    n{} <= {};", register.state.0, name(netlist, register.next));
        }
        out += "  end\n";
    }
    for (port, bus) in netlist.outputs() {
        let bits: Vec<String> = bus.iter().rev().map(|net| name(netlist, *net)).collect();
        let _ = writeln!(out, "  assign {port} = {{{}}};", bits.join(", "));
    }
    out + "endmodule\n"
}

/// A net as Verilog sees it: a bit of an input port, or the wire of its cell.
fn name(netlist: &Netlist, net: Net) -> String {
    let place = |(port, bus): &(String, Vec<Net>)| {
        bus.iter().position(|&bit| bit == net).map(|bit| format!("{port}[{bit}]"))
    };
    netlist.inputs().iter().find_map(place).unwrap_or_else(|| format!("n{}", net.0))
}

fn expression(netlist: &Netlist, gate: Gate, nets: &[Net; 3]) -> String {
    let [a, b, c] = nets.map(|net| name(netlist, net));
    match gate {
        Gate::Not => format!("~{a}"),
        Gate::And => format!("{a} & {b}"),
        Gate::Or => format!("{a} | {b}"),
        Gate::Xor => format!("{a} ^ {b}"),
        Gate::Nand => format!("~({a} & {b})"),
        Gate::Nor => format!("~({a} | {b})"),
        Gate::Xnor => format!("~({a} ^ {b})"),
        Gate::Mux => format!("{a} ? {b} : {c}"),
    }
}

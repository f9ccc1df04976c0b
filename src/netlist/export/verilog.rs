//! Structural Verilog: one module named as the netlist, ports named as its buses, one `assign` a gate.
//!
//! Names stay as they are: a keyword is written as an escaped identifier (`\wire `), which other tools
//! know as the same name. Wires and the clock port give way to ports of the same name.

use std::fmt::Write;

use super::keyword::is_keyword;
use crate::netlist::{Bus, Cell, Gate, Net, Netlist};

/// Writes a netlist as Verilog-2001; registers start at 0 and add a clock port, the first one.
///
/// A bus of no bits has no port, for Verilog has no width 0. Wires are named `n` and the cell's position; the
/// clock port is [`clock`].
///
/// ```
/// use axsim::netlist::{Builder, export::verilog};
/// let mut build = Builder::new("pair");
/// let (a, b) = (build.input("a", 2), build.input("b", 1));
/// let y = build.and(a[1], b[0]);
/// build.output("y", vec![y, a[0]]);
/// assert_eq!(verilog::write(&build.finish()), "\
/// module pair(input [1:0] a, input [0:0] b, output [1:0] y);
///   wire n3 = a[1] & b[0];
///   assign y = {a[0], n3};
/// endmodule
/// ");
/// ```
pub fn write(netlist: &Netlist) -> String {
    let Names { nets: names, clock, head } = names(netlist);
    let mut out = head;
    for (at, cell) in netlist.cells().iter().enumerate() {
        self::cell(&mut out, at, cell, &names);
    }
    out + &registers(netlist, clock.as_deref(), &names) + &tail(netlist, &names)
}

/// What makes one net.
pub(super) fn cell(out: &mut String, at: usize, cell: &Cell, names: &[String]) {
    let name = &names[at];
    let _ = match cell {
        Cell::Input => Ok(()),
        Cell::State => writeln!(out, "  reg {name} = 1'b0;"),
        Cell::Constant(value) => writeln!(out, "  wire {name} = 1'b{};", u8::from(*value)),
        Cell::Gate(gate, nets) => writeln!(out, "  wire {name} = {};", expression(*gate, nets, names)),
    };
}

/// What registers take over at the clock edge.
pub(super) fn registers(netlist: &Netlist, clock: Option<&str>, names: &[String]) -> String {
    let mut out = String::new();
    if let Some(clock) = clock {
        let _ = writeln!(out, "  always @(posedge {clock}) begin");
        for register in netlist.registers() {
            let (state, next) = (&names[register.state.index()], &names[register.next.index()]);
            let _ = writeln!(out, "    {state} <= {next};");
        }
        out += "  end\n";
    }
    out
}

/// What every Verilog text of a netlist calls its parts.
pub(super) struct Names {
    /// Nets.
    pub(super) nets: Vec<String>,
    /// The clock, where there are registers.
    pub(super) clock: Option<String>,
    /// The first line, with the ports.
    pub(super) head: String,
}

/// Names, and the line that declares the ports.
pub(super) fn names(netlist: &Netlist) -> Names {
    let clock = clock(netlist);
    let nets = netlist.net_names(&wire_prefix(netlist), spelled);
    let head = format!("module {}({});\n", spelled(netlist.name()), ports(netlist, clock.as_deref()));
    Names { nets, clock, head }
}

/// Names of nets as they are, without what Verilog adds to keywords.
pub(super) fn plain_names(netlist: &Netlist) -> Vec<String> {
    netlist.net_names(&wire_prefix(netlist), str::to_string)
}

/// What drives the output ports, and the end of the module.
pub(super) fn tail(netlist: &Netlist, names: &[String]) -> String {
    let mut out = String::new();
    for (port, bus) in netlist.outputs().iter().filter(|(_, bus)| !bus.is_empty()) {
        let bits: Vec<&str> = bus.iter().rev().map(|net| &*names[net.index()]).collect();
        let _ = writeln!(out, "  assign {} = {{{}}};", spelled(port), bits.join(", "));
    }
    out + "endmodule\n"
}

/// The name of the clock port: `clk`, or with as many `_` as it takes to differ from every bus; `None`
/// without registers.
pub fn clock(netlist: &Netlist) -> Option<String> {
    let taken = |name: &str| buses(netlist).any(|(bus, _)| bus == name);
    (!netlist.registers().is_empty()).then(|| lengthened("clk", taken))
}

/// What a wire's name begins with, so that no bus is named as a wire.
fn wire_prefix(netlist: &Netlist) -> String {
    let is_wire = |bus: &str, prefix: &str| {
        bus.strip_prefix(prefix).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    lengthened("n", |prefix| buses(netlist).any(|(bus, _)| bus != prefix && is_wire(bus, prefix)))
}

fn lengthened(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut name = name.to_string();
    while taken(&name) {
        name.push('_');
    }
    name
}

fn buses(netlist: &Netlist) -> impl Iterator<Item = &(String, Bus)> {
    netlist.inputs().iter().chain(netlist.outputs())
}

/// A name as Verilog takes it; an escaped identifier ends with its blank.
pub(super) fn spelled(name: &str) -> String {
    if is_keyword(name) { format!("\\{name} ") } else { name.into() }
}

fn ports(netlist: &Netlist, clock: Option<&str>) -> String {
    let port = |direction: &str, (name, bus): &(String, Bus)| {
        (!bus.is_empty()).then(|| format!("{direction} [{}:0] {}", bus.len() - 1, spelled(name)))
    };
    let clock = clock.map(|name| format!("input {name}"));
    let inputs = netlist.inputs().iter().filter_map(|bus| port("input", bus));
    let outputs = netlist.outputs().iter().filter_map(|bus| port("output", bus));
    clock.into_iter().chain(inputs).chain(outputs).collect::<Vec<_>>().join(", ")
}

fn expression(gate: Gate, nets: &[Net; 3], names: &[String]) -> String {
    let [a, b, c] = nets.map(|net| &names[net.index()]);
    match gate {
        Gate::Not => format!("~{a}"),
        Gate::And => format!("{a} & {b}"),
        Gate::Or => format!("{a} | {b}"),
        Gate::Xor => format!("{a} ^ {b}"),
        Gate::Nand => format!("~({a} & {b})"),
        Gate::Nor => format!("~({a} | {b})"),
        Gate::Xnor => format!("~({a} ^ {b})"),
        Gate::Mux => format!("{a} ? {b} : {c}"),
        Gate::And3 => format!("{a} & {b} & {c}"),
        Gate::Or3 => format!("{a} | {b} | {c}"),
        Gate::Nand3 => format!("~({a} & {b} & {c})"),
        Gate::Nor3 => format!("~({a} | {b} | {c})"),
        Gate::Aoi21 => format!("~({a} | ({b} & {c}))"),
        Gate::Oai21 => format!("~({a} & ({b} | {c}))"),
        Gate::Sum => format!("{a} ^ {b} ^ {c}"),
        Gate::Majority => format!("({a} & {b}) | ({c} & ({a} | {b}))"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::{Builder, text};

    #[test]
    fn ports_keep_their_names_and_everything_else_gives_way() {
        let mut build = Builder::new("wire");
        let (a, clk) = (build.input("n4", 1), build.input("clk", 2));
        build.input("none", 0);
        let both = build.and(a[0], clk[1]);
        let held = build.register(&[both]);
        build.output("reg", held);
        build.output("clk_", vec![]);
        insta::assert_snapshot!(write(&build.finish()), @r"
        module \wire (input clk__, input [0:0] n4, input [1:0] clk, output [0:0] \reg );
          wire n_3 = n4[0] & clk[1];
          reg n_4 = 1'b0;
          always @(posedge clk__) begin
            n_4 <= n_3;
          end
          assign \reg  = {n_4};
        endmodule
        ");
    }

    #[test]
    fn a_bus_of_keyword_name_is_read_by_its_bits() {
        let netlist = text::parse("netlist m\ninput output[2]\nx = nand output[0] output[1]\noutput n = x\n");
        let written = write(&netlist.unwrap());
        assert!(written.contains("wire n2 = ~(\\output [0] & \\output [1]);"), "{written}");
        assert!(written.contains("assign n = {n2};"), "{written}");
    }

    #[test]
    fn a_circuit_without_ports_is_a_module() {
        assert_eq!(write(&Builder::new("nothing").finish()), "module nothing();\nendmodule\n");
    }
}

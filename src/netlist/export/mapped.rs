//! Verilog of library cells, one instance a gate, for tools that price a netlist as it stands.

use std::collections::HashMap;
use std::fmt::Write;

use super::verilog::{self, Names};
use crate::netlist::{Cell, Gate, Instance, Net, Netlist, Register};

/// A cell of the NanGate 45 nm library: name, input pins in the order of the gate's inputs, output pin.
pub type Mapping = (&'static str, &'static [&'static str], &'static str);

/// The register.
pub const REGISTER: &str = "DFF_X1";

/// The clock pin of the register.
pub const CLOCK_PIN: &str = "CK";

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

/// A cell by name, its input pins in the order of the gate's inputs (data and clock of a register), its output pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// The cell.
    pub cell: &'a str,
    /// Its inputs.
    pub pins: Vec<&'a str>,
    /// Its output.
    pub output: &'a str,
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
    write_as(netlist, shipped)
}

/// The NanGate 45 nm cell for a gate or a register.
pub fn shipped(cell: &Cell) -> Named<'static> {
    match cell {
        Cell::Gate(gate, _) => {
            let (cell, pins, output) = mapping(*gate);
            Named { cell, pins: pins.into(), output }
        }
        _ => Named { cell: REGISTER, pins: vec!["D", CLOCK_PIN], output: "Q" },
    }
}

/// Writes a netlist as instances of cells that `named` names for gates and for registers ([`Cell::State`]).
///
/// Instances are called `g` or, of registers, `r` and the cell's position; the sum and the carry of a full adder are one
/// instance, called after the first of them.
pub fn write_as<'a>(netlist: &Netlist, named: impl Fn(&Cell) -> Named<'a>) -> String {
    let Names { nets, clock, head } = verilog::names(netlist);
    let mut out = head;
    for (name, cell) in nets.iter().zip(netlist.cells()) {
        let _ = match cell {
            Cell::Input => Ok(()),
            Cell::State | Cell::Gate(..) => writeln!(out, "  wire {name};"),
            Cell::Constant(value) => writeln!(out, "  wire {name} = 1'b{};", u8::from(*value)),
        };
    }
    let (clock, register) = (clock.as_deref().unwrap_or_default(), named(&Cell::State));
    for Instance { name, cell, inputs, outputs } in instances_as(netlist, &named) {
        let pins = inputs.iter().chain(&outputs).map(|(pin, net)| format!(".{pin}({})", nets[net.index()]));
        let mut pins: Vec<String> = pins.collect();
        if cell == register.cell {
            pins.push(format!(".{}({clock})", register.pins[1]));
        }
        if cell == REGISTER {
            pins.push(".QN()".into());
        }
        let _ = writeln!(out, "  {cell} {name} ({});", pins.join(", "));
    }
    out + &verilog::tail(netlist, &nets)
}

/// The cells of the text that [`write()`] writes: `g` or `r` (registers) and the number of the first net that they drive.
///
/// A sum and a carry of the same nets are one full adder; the clock pin of a register is none of its inputs.
///
/// ```
/// use axsim::netlist::{Builder, Net, export::mapped};
/// let mut build = Builder::new("and");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let y = build.and(a, b);
/// build.output("y", vec![y]);
/// let instances = mapped::instances(&build.finish());
/// assert_eq!((&*instances[0].name, &*instances[0].cell), ("g2", "AND2_X1"));
/// assert_eq!(instances[0].outputs, [("ZN".to_string(), Net(2))]);
/// ```
pub fn instances(netlist: &Netlist) -> Vec<Instance> {
    instances_as(netlist, shipped)
}

/// The cells of the text that [`write_as`] writes.
pub fn instances_as<'a>(netlist: &Netlist, named: impl Fn(&Cell) -> Named<'a>) -> Vec<Instance> {
    let mut found: Vec<Instance> = vec![];
    // A full adder is one cell with two outputs: the second of them joins the first.
    let mut waiting: HashMap<(Gate, [Net; 3]), usize> = HashMap::new();
    for (at, cell) in netlist.cells().iter().enumerate() {
        let Cell::Gate(gate, mut operands) = *cell else { continue };
        let Named { cell, pins, output } = named(cell);
        let output = (output.to_string(), Net(at as u32));
        if matches!(gate, Gate::Sum | Gate::Majority) {
            operands.sort_unstable();
            let other = if gate == Gate::Sum { Gate::Majority } else { Gate::Sum };
            if let Some(first) = waiting.remove(&(other, operands)) {
                found[first].outputs.push(output);
                continue;
            }
            waiting.insert((gate, operands), found.len());
        }
        let reads = netlist.cells()[at].reads();
        let inputs = pins.iter().zip(reads).map(|(pin, net)| (pin.to_string(), *net)).collect();
        found.push(Instance { name: format!("g{at}"), cell: cell.into(), inputs, outputs: vec![output] });
    }
    let Named { cell, pins, output } = named(&Cell::State);
    let register = |register: &Register| Instance {
        name: format!("r{}", register.state.0),
        cell: cell.into(),
        inputs: vec![(pins[0].into(), register.next)],
        outputs: vec![(output.into(), register.state)],
    };
    found.extend(netlist.registers().iter().map(register));
    found
}

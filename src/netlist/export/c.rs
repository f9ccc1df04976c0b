//! C99: one function named as the netlist, one statement a gate.

use std::fmt::Write;

use crate::netlist::{Cell, Gate, Net, Netlist};

/// Writes a combinational netlist of one output as a C function of one `uint64_t` a bus, which returns the code of the
/// output; `None` where it has registers, more outputs, or a bus of more than 64 bits.
///
/// Bits of an input above its bus are not looked at.
///
/// ```
/// use axsim::netlist::{Builder, export::c};
/// let mut build = Builder::new("half");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let (sum, carry) = build.half_adder(a, b);
/// build.output("y", vec![sum, carry]);
/// assert_eq!(c::write(&build.finish()).unwrap(), "\
/// #include <stdint.h>
///
/// uint64_t half(uint64_t a, uint64_t b)
/// {
///   const uint64_t n0 = a >> 0 & 1;
///   const uint64_t n1 = b >> 0 & 1;
///   const uint64_t n2 = n0 ^ n1;
///   const uint64_t n3 = n0 & n1;
///   return n2 << 0 | n3 << 1;
/// }
/// ");
/// ```
pub fn write(netlist: &Netlist) -> Option<String> {
    let [(_, output)] = netlist.outputs() else { return None };
    let wide =
        netlist.inputs().iter().map(|(_, bus)| bus.len()).chain([output.len()]).any(|width| width > 64);
    if wide || !netlist.registers().is_empty() {
        return None;
    }
    let mut sources = vec![String::new(); netlist.cells().len()];
    for (name, bus) in netlist.inputs() {
        bus.iter().enumerate().for_each(|(bit, net)| sources[net.index()] = format!("{name} >> {bit} & 1"));
    }
    let inputs: Vec<String> = netlist.inputs().iter().map(|(name, _)| format!("uint64_t {name}")).collect();
    let inputs = if inputs.is_empty() { "void".into() } else { inputs.join(", ") };
    let mut out = format!("#include <stdint.h>\n\nuint64_t {}({inputs})\n{{\n", netlist.name());
    for (at, (cell, source)) in netlist.cells().iter().zip(sources).enumerate() {
        let value = match cell {
            Cell::Gate(gate, nets) => expression(*gate, nets),
            Cell::Constant(value) => u8::from(*value).to_string(),
            Cell::Input | Cell::State => source,
        };
        let _ = writeln!(out, "  const uint64_t n{at} = {value};");
    }
    let bits: Vec<String> =
        output.iter().enumerate().map(|(bit, net)| format!("n{} << {bit}", net.0)).collect();
    let _ = writeln!(out, "  return {};", if bits.is_empty() { "0".into() } else { bits.join(" | ") });
    Some(out + "}\n")
}

fn expression(gate: Gate, nets: &[Net; 3]) -> String {
    let [a, b, c] = nets.map(|net| format!("n{}", net.0));
    match gate {
        Gate::Not => format!("{a} ^ 1"),
        Gate::And => format!("{a} & {b}"),
        Gate::Or => format!("{a} | {b}"),
        Gate::Xor => format!("{a} ^ {b}"),
        Gate::Nand => format!("({a} & {b}) ^ 1"),
        Gate::Nor => format!("({a} | {b}) ^ 1"),
        Gate::Xnor => format!("{a} ^ {b} ^ 1"),
        Gate::Mux => format!("{a} ? {b} : {c}"),
        Gate::And3 => format!("{a} & {b} & {c}"),
        Gate::Or3 => format!("{a} | {b} | {c}"),
        Gate::Nand3 => format!("({a} & {b} & {c}) ^ 1"),
        Gate::Nor3 => format!("({a} | {b} | {c}) ^ 1"),
        Gate::Aoi21 => format!("({a} | ({b} & {c})) ^ 1"),
        Gate::Oai21 => format!("({a} & ({b} | {c})) ^ 1"),
        Gate::Sum => format!("{a} ^ {b} ^ {c}"),
        Gate::Majority => format!("({a} & {b}) | ({c} & ({a} | {b}))"),
    }
}

//! Verilog whose full and half adders are instances of modules, for people who read it and tools that keep hierarchy.

use std::fmt::Write;

use super::verilog::{self, Names};
use crate::netlist::adders::Blocks;
use crate::netlist::{Cell, Gate, Netlist};

/// Writes a netlist as [`verilog::write`] does, but with its full and half adders, found by what its nets compute, as
/// instances of two modules that follow it; they are named as the netlist, so that several files go together.
///
/// ```
/// use axsim::netlist::{Builder, export::hierarchical};
/// let mut build = Builder::new("count");
/// let a = build.input("a", 2);
/// let (sum, carry) = build.half_adder(a[0], a[1]);
/// build.output("y", vec![sum, carry]);
/// assert_eq!(hierarchical::write(&build.finish()), "\
/// module count(input [1:0] a, output [1:0] y);
///   wire n2, n3;
///   count_half_adder u2 (.a(a[0]), .b(a[1]), .sum(n2), .carry(n3));
///   assign y = {n3, n2};
/// endmodule
/// module count_half_adder(input a, input b, output sum, output carry);
///   assign sum = a ^ b;
///   assign carry = a & b;
/// endmodule
/// ");
/// ```
pub fn write(netlist: &Netlist) -> String {
    let netlist = &netlist.apart(|gate| matches!(gate, Gate::Sum | Gate::Majority));
    let Blocks { adders, needed } = Blocks::of(netlist);
    let Names { nets, clock, head } = verilog::names(netlist);
    let mut out = head;
    let mut modules = [false; 2];
    for (at, cell) in netlist.cells().iter().enumerate() {
        if !needed[at] && *cell != Cell::State {
            continue;
        }
        let Some(adder) = adders.get(&at) else {
            verilog::cell(&mut out, at, cell, &nets);
            continue;
        };
        // The instance stands where the first of its two nets does.
        if at == adder.sum.index().min(adder.carry.index()) {
            let full = adder.operands.len() == 3;
            modules[usize::from(full)] = true;
            let pins = ["a", "b", "c"].iter().zip(&adder.operands);
            let pins: String = pins.map(|(pin, net)| format!(".{pin}({}), ", nets[net.index()])).collect();
            let (sum, carry) = (&nets[adder.sum.index()], &nets[adder.carry.index()]);
            let module = verilog::spelled(&module(netlist, full));
            let _ = writeln!(
                out,
                "  wire {sum}, {carry};\n  {module} u{at} ({pins}.sum({sum}), .carry({carry}));"
            );
        }
    }
    out += &verilog::registers(netlist, clock.as_deref(), &nets);
    out += &verilog::tail(netlist, &nets);
    for full in [false, true].into_iter().filter(|full| modules[usize::from(*full)]) {
        out += &definition(&module(netlist, full), full);
    }
    out
}

fn module(netlist: &Netlist, full: bool) -> String {
    format!("{}_{}_adder", netlist.name(), if full { "full" } else { "half" })
}

fn definition(name: &str, full: bool) -> String {
    let (third, sum, carry) =
        if full { ("input c, ", "a ^ b ^ c", "(a & b) | (c & (a | b))") } else { ("", "a ^ b", "a & b") };
    format!(
        "module {name}(input a, input b, {third}output sum, output carry);\n  assign sum = {sum};\n  assign carry = {carry};\nendmodule\n"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::netlist::import::verilog::read;
    use crate::netlist::sample::{netlists, same, words};

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same_circuit(netlist in netlists(), seed in any::<u64>()) {
            same(&netlist, &read(&write(&netlist), netlist.name()).unwrap(), words(seed));
        }
    }
}

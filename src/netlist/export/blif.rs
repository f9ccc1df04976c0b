//! BLIF: a model named as the netlist, one `.names` a gate, one `.latch` a register.

use std::fmt::Write;

use crate::netlist::{Cell, Gate, Netlist};

/// Writes a netlist as BLIF, which [`crate::netlist::import::blif`] reads as the same circuit; bits of buses are `a[0]`,
/// `a[1]` …
///
/// ```
/// use axsim::netlist::{Builder, export::blif};
/// let mut build = Builder::new("and");
/// let a = build.input("a", 2);
/// let y = build.and(a[0], a[1]);
/// build.output("y", vec![y]);
/// assert_eq!(blif::write(&build.finish()), "\
/// .model and
/// .inputs a[0] a[1]
/// .outputs y[0]
/// .names a[0] a[1] n2
/// 11 1
/// .names n2 y[0]
/// 1 1
/// .end
/// ");
/// ```
pub fn write(netlist: &Netlist) -> String {
    // A bus may be named as a wire is, but its bits have brackets.
    let names = netlist.net_names("n", str::to_string);
    let bits = |buses: &[(String, Vec<_>)]| {
        let bits =
            buses.iter().flat_map(|(name, bus)| (0..bus.len()).map(move |bit| format!(" {name}[{bit}]")));
        bits.collect::<String>()
    };
    let mut out = format!(
        ".model {}\n.inputs{}\n.outputs{}\n",
        netlist.name(),
        bits(netlist.inputs()),
        bits(netlist.outputs())
    );
    for register in netlist.registers() {
        let _ = writeln!(
            out,
            ".latch {} {} re clk 0",
            names[register.next.index()],
            names[register.state.index()]
        );
    }
    for (cell, name) in netlist.cells().iter().zip(&names) {
        let _ = match cell {
            Cell::Input | Cell::State => Ok(()),
            Cell::Constant(false) => writeln!(out, ".names {name}"),
            Cell::Constant(true) => writeln!(out, ".names {name}\n1"),
            Cell::Gate(gate, _) => {
                let inputs: Vec<&str> = cell.reads().iter().map(|net| &*names[net.index()]).collect();
                writeln!(out, ".names {} {name}\n{}", inputs.join(" "), cover(*gate))
            }
        };
    }
    for (port, bus) in netlist.outputs() {
        for (bit, net) in bus.iter().enumerate() {
            let _ = writeln!(out, ".names {} {port}[{bit}]\n1 1", names[net.index()]);
        }
    }
    out + ".end\n"
}

fn cover(gate: Gate) -> &'static str {
    match gate {
        Gate::Not => "0 1",
        Gate::And => "11 1",
        Gate::Or => "1- 1\n-1 1",
        Gate::Xor => "10 1\n01 1",
        Gate::Nand => "0- 1\n-0 1",
        Gate::Nor => "00 1",
        Gate::Xnor => "11 1\n00 1",
        Gate::Mux => "11- 1\n0-1 1",
        Gate::And3 => "111 1",
        Gate::Or3 => "1-- 1\n-1- 1\n--1 1",
        Gate::Nand3 => "0-- 1\n-0- 1\n--0 1",
        Gate::Nor3 => "000 1",
        Gate::Aoi21 => "00- 1\n0-0 1",
        Gate::Oai21 => "0-- 1\n-00 1",
        Gate::Sum => "100 1\n010 1\n001 1\n111 1",
        Gate::Majority => "11- 1\n1-1 1\n-11 1",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::netlist::import::blif::read;
    use crate::netlist::sample::{netlists, same, words};

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same_circuit(netlist in netlists(), seed in any::<u64>()) {
            same(&netlist, &read(&super::write(&netlist)).unwrap(), words(seed));
        }
    }
}

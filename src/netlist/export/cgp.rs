//! The chromosome of Cartesian genetic programming, as ArithsGen and the authors of EvoApproxLib exchange it.
//!
//! `{inputs,outputs,rows,columns,inputs a node,outputs a node,levels back}`, a node as `([net]a,b,function)`, the nets
//! of the outputs at the end. Nets 0 and 1 are the constants, inputs follow; functions are 0 identity, 1 not, 2 and,
//! 3 or, 4 exclusive-or, 5 nand, 6 nor, 7 exclusive-nor.

use std::fmt::Write;

use crate::netlist::{Cell, Gate, Net, Netlist};

/// Writes a combinational netlist; `None` where it has registers. A gate of three inputs becomes nodes of two.
///
/// ```
/// use axsim::netlist::{Builder, export::cgp};
/// let mut build = Builder::new("half");
/// let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
/// let (sum, carry) = build.half_adder(a, b);
/// build.output("y", vec![sum, carry]);
/// assert_eq!(cgp::write(&build.finish()).unwrap(), "{2,2,1,2,2,1,0}([4]2,3,4)([5]2,3,2)(4,5)\n");
/// ```
pub fn write(netlist: &Netlist) -> Option<String> {
    if !netlist.registers().is_empty() {
        return None;
    }
    let netlist = netlist.apart(|gate| gate.inputs() == 3);
    let mut nets = vec![0usize; netlist.cells().len()];
    let inputs: Vec<Net> = netlist.inputs().iter().flat_map(|(_, bus)| bus.iter().copied()).collect();
    inputs.iter().enumerate().for_each(|(at, net)| nets[net.index()] = at + 2);
    let (mut nodes, mut next) = (String::new(), inputs.len() + 2);
    for (at, cell) in netlist.cells().iter().enumerate() {
        match cell {
            Cell::Gate(gate, [a, b, _]) => {
                nets[at] = next;
                let (a, b) = (nets[a.index()], nets[if *gate == Gate::Not { a } else { b }.index()]);
                let _ = write!(nodes, "([{next}]{a},{b},{})", function(*gate));
                next += 1;
            }
            Cell::Constant(value) => nets[at] = usize::from(*value),
            Cell::Input | Cell::State => {}
        }
    }
    let outputs: Vec<String> = netlist
        .outputs()
        .iter()
        .flat_map(|(_, bus)| bus.iter().map(|net| nets[net.index()].to_string()))
        .collect();
    let columns = next - inputs.len() - 2;
    Some(format!("{{{},{},1,{columns},2,1,0}}{nodes}({})\n", inputs.len(), outputs.len(), outputs.join(",")))
}

fn function(gate: Gate) -> u8 {
    match gate {
        Gate::Not => 1,
        Gate::And => 2,
        Gate::Or => 3,
        Gate::Xor => 4,
        Gate::Nand => 5,
        Gate::Nor => 6,
        Gate::Xnor => 7,
        _ => unreachable!("gates of three inputs are taken apart before"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::netlist::import::cgp::read;
    use crate::netlist::sample::{netlists, words};

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same_circuit(netlist in netlists(), seed in any::<u64>()) {
            if let Some(text) = super::write(&netlist) {
                // Widths are not in the text: what goes in is one number.
                let widths: Vec<u32> = netlist.inputs().iter().map(|(_, bus)| bus.len() as u32).collect();
                let read = read(&text, &[widths.iter().sum()]).unwrap();
                let mut random = words(seed);
                for _ in 0..16 {
                    let inputs: Vec<u64> = widths.iter().map(|width| random() & crate::bits::mask(*width)).collect();
                    let shifted = inputs.iter().zip(&widths).rev().fold(0, |whole, (input, width)| whole << width | input);
                    prop_assert_eq!(netlist.eval(&inputs), read.eval(&[shifted]));
                }
            }
        }
    }
}

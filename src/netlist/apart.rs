//! Gates of three inputs taken apart.

use super::{Builder, Bus, Cell, Gate, Net, Netlist};

impl Netlist {
    /// The same circuit without gates of three inputs for which `which` holds: gates of two stand for them. Constants
    /// are folded, equal gates shared.
    pub fn apart(&self, which: impl Fn(Gate) -> bool) -> Netlist {
        let mut build = Builder::new(self.name());
        let mut nets = vec![Net(0); self.cells().len()];
        for (name, bus) in self.inputs() {
            let inputs = build.input(name, bus.len() as u32);
            bus.iter().zip(inputs).for_each(|(old, new)| nets[old.index()] = new);
        }
        for (at, cell) in self.cells().iter().enumerate() {
            match *cell {
                Cell::Gate(gate, pins) => {
                    let pins = pins.map(|net| nets[net.index()]);
                    let three = gate.inputs() == 3 && which(gate);
                    nets[at] =
                        if three { two_by_two(&mut build, gate, pins) } else { build.copy(gate, pins) };
                }
                Cell::Constant(value) => nets[at] = build.constant(value),
                Cell::State => nets[at] = build.state(1)[0],
                Cell::Input => {}
            }
        }
        for register in self.registers() {
            build.set_next(&[nets[register.state.index()]], &[nets[register.next.index()]]);
        }
        for (name, bus) in self.outputs() {
            build.output(name, bus.iter().map(|net| nets[net.index()]).collect::<Bus>());
        }
        build.finish()
    }
}

/// A gate of three inputs as gates of two.
fn two_by_two(build: &mut Builder, gate: Gate, [a, b, c]: [Net; 3]) -> Net {
    match gate {
        Gate::Mux => {
            let (one, not) = (build.and(a, b), build.not(a));
            let zero = build.and(not, c);
            build.or(one, zero)
        }
        Gate::And3 | Gate::Nand3 => {
            let first = build.and(a, b);
            build.copy(if gate == Gate::And3 { Gate::And } else { Gate::Nand }, [first, c, c])
        }
        Gate::Or3 | Gate::Nor3 => {
            let first = build.or(a, b);
            build.copy(if gate == Gate::Or3 { Gate::Or } else { Gate::Nor }, [first, c, c])
        }
        Gate::Aoi21 => {
            let both = build.and(b, c);
            build.nor(a, both)
        }
        Gate::Oai21 => {
            let any = build.or(b, c);
            build.nand(a, any)
        }
        Gate::Sum => build.full_adder(a, b, c).0,
        _ => build.full_adder(a, b, c).1,
    }
}

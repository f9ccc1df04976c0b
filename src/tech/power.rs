//! Switching and clock energy of a netlist.

use super::CellLibrary;
use crate::netlist::Netlist;
use crate::units::Joules;

impl CellLibrary {
    /// Energy of counted transitions: internal energy of the driver plus ½·C·V² of the pins driven, each.
    ///
    /// `toggles` holds one count per cell, as [`crate::netlist::Timed::total_toggles`] (glitches included) or
    /// [`crate::netlist::Lanes::toggles`] (settled) give them. Internal energies are looked up at the load and at the mean
    /// slew of the input; the mean of rise and fall is taken, for a net does both equally often. A cell pays for what moves its
    /// output and for what its pins do by themselves: so a register pays for a transition of its data pin, which moves
    /// its input stage, and for one of its output. [`CellLibrary::clock_energy`] bills its clock pin apart.
    ///
    /// A circuit pays for the pins of its own cells: transitions of its inputs charge the pins they drive, those of
    /// its outputs charge nothing outside. So the energies of circuits that feed one another add up. The wires to those
    /// pins are paid for where the library has them ([`CellLibrary::wired`]).
    ///
    /// # Panics
    /// When there is not one count per cell.
    pub fn switching_energy(&self, netlist: &Netlist, toggles: &[u64]) -> Joules {
        assert_eq!(toggles.len(), netlist.cells().len(), "one toggle count per cell");
        let half_square = 0.5 * self.voltage.0 * self.voltage.0;
        let loads = self.loads(netlist);
        let answers = self.typical(netlist, &loads);
        let mut femtojoules = 0.0;
        for (at, (cell, load)) in netlist.cells().iter().zip(loads).enumerate() {
            let slew = |pin: usize| cell.reads().get(pin).map_or(self.slew, |net| answers[net.index()].slew);
            let tables = self.tables(cell);
            let internal = tables.map_or(0.0, |tables| tables.energy(slew, load));
            femtojoules += toggles[at] as f64 * (internal + half_square * load);
            let pins = tables.into_iter().flat_map(|tables| &tables.pins);
            for (pin, net) in pins.zip(cell.reads()) {
                femtojoules += toggles[net.index()] as f64 * pin.own_energy(answers[net.index()].slew);
            }
        }
        let data = &self.register_tables.pins[0];
        for register in netlist.registers() {
            let next = register.next.index();
            femtojoules += toggles[next] as f64 * data.own_energy(answers[next].slew);
        }
        Joules(femtojoules * self.energy_factor() * 1e-15)
    }

    /// Energy of one clock cycle (two edges) inside the registers; [`CellLibrary::clock_tree`] bills what brings it
    /// there.
    pub fn clock_energy(&self, netlist: &Netlist) -> Joules {
        let edge = self.register_tables.pins[1].own_energy(self.slew);
        Joules(netlist.registers().len() as f64 * 2.0 * edge * self.energy_factor() * 1e-15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::{Builder, Cell, Lanes};

    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} is not {expected}");
    }

    /// y = register(a & b), with figures taken by hand from the table's rows.
    fn clocked_and() -> Netlist {
        let mut build = Builder::new("clocked_and");
        let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
        let both = build.and(a, b);
        let y = build.register(&[both]);
        build.output("y", y);
        build.finish()
    }

    #[test]
    fn a_small_circuit_costs_what_the_table_says() {
        let (library, netlist) = (CellLibrary::nangate45(), clocked_and());
        near(library.area(&netlist).0, 1.064 + 4.522);
        near(library.leakage(&netlist).0, (25.0661 + 79.1123) * 1e-9);
        near(library.clock_energy(&netlist).0, 2.0 * 3.6005e-15);
        let and_to_setup = 43.4918 + 1.9667 * (1.045 - 6.8) + 37.7411;
        let clock_to_output = 97.3594 + 1.806 * (1.7002 - 6.8);
        near(library.critical_path(&netlist).delay.0, f64::max(and_to_setup, clock_to_output) * 1e-12);
    }

    #[test]
    fn every_transition_is_paid_once() {
        let (library, netlist) = (CellLibrary::nangate45(), clocked_and());
        let mut lanes = Lanes::<1>::new(&netlist);
        // Lane 0 sees b rise and fall while a is 1; all other lanes rest.
        [[[1], [0]], [[1], [1]], [[1], [0]]].iter().for_each(|inputs| lanes.step(inputs));
        let half = 0.5 * 1.1 * 1.1;
        let input = 2.0 * half * 0.9464;
        let gate = 2.0 * (2.6685 + half * 1.045);
        // The data pin rose and fell; the output has only risen so far, and drives nothing in here.
        let register = 2.0 * 1.8382 + 1.0 * 4.289;
        near(library.switching_energy(&netlist, lanes.toggles()).0, (input + gate + register) * 1e-15);
    }

    /// By hand, of 2 V: the input charges 2 fF twice, ½·4·2 each; the inverter's slew at the input is 31 ps, so its energy is
    /// the mean of 4 + 0.1·31 and 2; the register's data pin, moved with a slew of (8 + 4·1 + 6 + 2·1) / 2, costs
    /// 1 + 0.02·10 and is a load of 1 fF; its output costs 10.
    #[test]
    fn energies_are_looked_up_at_slew_and_load() {
        let library = crate::tech::hand::library();
        let mut build = Builder::new("part");
        let a = build.input("a", 1)[0];
        let next = build.cell(crate::netlist::Gate::Not, [a; 3]);
        let y = build.register(&[next]);
        build.output("y", y);
        let netlist = build.finish();
        let order: Vec<u64> =
            netlist.cells().iter().map(|cell| if *cell == Cell::State { 3 } else { 2 }).collect();
        let expected = 2.0 * 4.0 + 2.0 * ((4.0 + 3.1 + 2.0) / 2.0 + 2.0) + 2.0 * 1.2 + 3.0 * 10.0;
        near(library.switching_energy(&netlist, &order).0, expected * 1e-15);
        near(library.clock_energy(&netlist).0, 2.0 * 5e-15);
        // A state that the file does not name has its figure without one.
        near(library.leakage(&netlist).0, (8.5 + 20.0) * 1e-9);
    }

    /// Switching energy of a circuit under a fixed stream of input bits.
    fn replayed(
        netlist: &Netlist,
        steps: impl Iterator<Item = Vec<[u64; 1]>>,
    ) -> (Joules, Vec<Vec<[u64; 1]>>) {
        let mut lanes = Lanes::<1>::new(netlist);
        let mut outputs = vec![];
        for step in steps {
            lanes.step(&step);
            outputs.push(lanes.output(0));
        }
        (CellLibrary::nangate45().switching_energy(netlist, lanes.toggles()), outputs)
    }

    #[test]
    fn energies_of_circuits_that_feed_one_another_add_up() {
        // An exclusive-or that feeds a register, and the register's circuit apart.
        let circuit = |with_gate: bool, with_register: bool| {
            let mut build = Builder::new("part");
            let a = build.input("a", if with_gate { 2 } else { 1 });
            let x = if with_gate { build.xor(a[0], a[1]) } else { a[0] };
            let y = if with_register { build.register(&[x])[0] } else { x };
            let kept = if with_register { build.not(y) } else { y };
            build.output("y", vec![kept]);
            build.finish()
        };
        let mut state = 1u64;
        let steps: Vec<Vec<[u64; 1]>> = (0..50)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                vec![[state], [state.rotate_left(23)]]
            })
            .collect();
        let (whole, _) = replayed(&circuit(true, true), steps.iter().cloned());
        let (first, between) = replayed(&circuit(true, false), steps.into_iter());
        let (second, _) = replayed(&circuit(false, true), between.into_iter());
        near((first + second).0, whole.0);
    }

    /// y = register(c ^ (a & b)): the product comes from outside, the sum stays.
    #[test]
    fn a_part_and_what_feeds_it_cost_together_what_the_whole_costs() {
        let whole = |with_product: bool, with_sum: bool| {
            let mut build = Builder::new("part");
            let inputs = build.input("a", if with_product { 2 } else { 1 });
            let c = build.input("c", 1)[0];
            let product = if with_product { build.and(inputs[0], inputs[1]) } else { inputs[0] };
            let sum = if with_sum { build.xor(c, product) } else { product };
            let y = if with_sum { build.register(&[sum]) } else { vec![sum] };
            build.output("y", y);
            build.finish()
        };
        let library = CellLibrary::nangate45().wired();
        let (netlist, product) = (whole(true, true), whole(true, false));
        let mut stream = crate::rng::Stream::new(1, "test", 0);
        let (mut lanes, mut alone) = (Lanes::<1>::new(&netlist), Lanes::<1>::new(&product));
        for _ in 0..20 {
            let inputs = [0; 3].map(|_| [stream.word()]);
            lanes.step(&inputs);
            alone.step(&inputs);
        }
        let part = netlist.reached_from("c");
        assert_eq!((part.gate_count(), part.inputs().last().unwrap().1.len()), (1, 1));
        let [all, rest] = [&netlist, &part].map(|circuit| library.switching_energy(circuit, lanes.toggles()));
        let fed = library.switching_energy(&product, alone.toggles());
        assert!(rest.0 > 0.0 && fed.0 > 0.0 && ((rest + fed) / all - 1.0).abs() < 1e-9, "{all} {rest} {fed}");
    }
}

//! What is not in the cells: wires, as a load per fan-out, and the tree that brings the clock to the registers.

use super::CellLibrary;
use crate::constant::{Constant, Trust};
use crate::netlist::{Gate, Netlist};
use crate::units::Joules;

/// Area in µm² of the smallest NAND of two inputs where the wire load was taken.
const NAND_AREA: f64 = 0.798;

/// What wires and clock tree are reckoned with.
#[derive(Debug, Clone, PartialEq)]
pub struct Wires {
    /// Capacitance of wire in fF for each input pin that a net feeds, clock pins too.
    pub load: Constant,
    /// Registers for each buffer of the clock tree, of all its levels.
    pub sinks: Constant,
}

impl Wires {
    fn nangate45() -> Self {
        let load = "the library's wire-load model 5K_hvratio_1_1: 0.31 fF at one fan-out, 0.41 at four; gcd routed by \
            OpenROAD-flow-scripts (2022): 3574 µm for 1017 pins at 0.105 fF/µm, 0.37 fF; low: 1K_hvratio_1_4, high: its \
            routed aes";
        let sinks =
            "clock trees of OpenROAD-flow-scripts: 35 flip-flops and 5 buffers in gcd, 562 and 30 in aes";
        Self {
            load: Constant::new("wire.load_per_fanout", 0.35, "fF", Trust::Derived, load).within(0.23, 1.1),
            sinks: Constant::new("clock.registers_per_buffer", 10.0, "registers", Trust::Derived, sinks)
                .within(7.0, 19.0),
        }
    }

    /// In cells of another size, that of their NAND: lengths go with the square root of the area, the capacitance of a
    /// length stays.
    fn scaled(mut self, area: f64) -> Self {
        let factor = (area / NAND_AREA).sqrt();
        if factor != 1.0 {
            let scaled = |bound: Option<f64>| bound.map(|bound| bound * factor);
            (self.load.low, self.load.high) = (scaled(self.load.low), scaled(self.load.high));
            self.load.value *= factor;
            self.load.source += "; from 45 nm by the square root of the NAND's area";
        }
        self
    }
}

impl CellLibrary {
    /// The same library with wires: 0.35 fF a fan-out in the 45 nm library, elsewhere more or less by the square root of
    /// the cells' area, and a buffer of the clock tree for every ten registers.
    ///
    /// Wires load the cells, so they cost time and energy. The law is rough: in sky130 it says 0.76 fF, where a gcd routed
    /// by OpenROAD has 1.4.
    ///
    /// ```
    /// use axsim::{arith::design, tech::CellLibrary};
    /// let (bare, wired) = (CellLibrary::nangate45(), CellLibrary::nangate45().wired());
    /// let netlist = bare.map(&design("mul8u_array").unwrap().netlist());
    /// assert!(wired.critical_path(&netlist).delay > bare.critical_path(&netlist).delay);
    /// ```
    pub fn wired(mut self) -> Self {
        self.wires = Some(Wires::nangate45().scaled(self.gates[&Gate::Nand].area));
        self
    }

    /// The same with a wire load of one's own in fF a fan-out.
    pub fn wired_with(mut self, load: f64) -> Self {
        let load = Constant::new("wire.load_per_fanout", load, "fF", Trust::Chosen, "as chosen");
        self.wires = Some(Wires { load, ..Wires::nangate45() });
        self
    }

    /// What wires and clock tree are reckoned with; none where they are left out.
    pub fn wires(&self) -> Option<&Wires> {
        self.wires.as_ref()
    }

    /// Wire load in fF a fan-out.
    pub(super) fn wire_load(&self) -> f64 {
        self.wires.as_ref().map_or(0.0, |wires| wires.load.value)
    }

    /// Energy that the wires of a circuit take for counted transitions, a part of [`CellLibrary::switching_energy`].
    ///
    /// # Panics
    /// When there is not one count per cell.
    pub fn wire_energy(&self, netlist: &Netlist, toggles: &[u64]) -> Joules {
        assert_eq!(toggles.len(), netlist.cells().len(), "one toggle count per cell");
        let each = 0.5 * self.voltage.0 * self.voltage.0 * self.wire_load();
        let fanouts = self.fanouts(netlist);
        let charged: f64 = fanouts.iter().zip(toggles).map(|(fanout, count)| fanout * *count as f64).sum();
        Joules(charged * each * self.energy_factor() * 1e-15)
    }

    /// Energy of wires as a constant of a report, its band that of the wire load; none where wires are left out.
    pub fn wire_constant(&self, energy: Joules) -> Option<Constant> {
        let load = &self.wires.as_ref()?.load;
        let constant = Constant {
            name: "mac.wires".into(),
            value: energy.0,
            unit: "J per multiply-accumulate".into(),
            source: self.at_supply(&load.source),
            ..load.clone()
        };
        let bound = |bound: Option<f64>| bound.map(|bound| energy.0 * bound / load.value);
        Some(Constant { low: bound(load.low), high: bound(load.high), ..constant })
    }

    /// Energy in joules of a clock cycle outside the registers, idle or not: charging their clock pins and the wires to them,
    /// and the buffers of the tree; none where wires are left out.
    ///
    /// The wire to a clock pin is as long as that to another (3.5 fF and 3.4 fF in a routed gcd).
    pub fn clock_tree(&self, netlist: &Netlist, name: &str) -> Option<Constant> {
        let Wires { load, sinks } = self.wires.as_ref()?;
        let registers = netlist.registers().len() as f64;
        let square = self.voltage.0 * self.voltage.0;
        let energy = |wire: f64, sinks: f64| {
            let pin = square * (self.register_tables.pins[1].capacitance + wire);
            let buffer = 2.0 * self.buffer.internal_energy + square * (self.buffer.input_capacitance + wire);
            registers * (pin + buffer / sinks) * self.energy_factor() * 1e-15
        };
        let bound =
            |load: Option<f64>, sinks: Option<f64>| load.zip(sinks).map(|(load, sinks)| energy(load, sinks));
        let source = format!("{}; {}; {}", self.source, load.source, sinks.source);
        let constant = Constant::new(
            name,
            energy(load.value, sinks.value),
            "J per unit and cycle",
            Trust::Derived,
            &self.at_supply(&source),
        );
        Some(Constant { low: bound(load.low, sinks.high), high: bound(load.high, sinks.low), ..constant })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::Builder;

    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} is not {expected}");
    }

    /// y = register(a & b), z = its inverse.
    fn circuit() -> Netlist {
        let mut build = Builder::new("part");
        let a = build.input("a", 2);
        let both = build.and(a[0], a[1]);
        let y = build.register(&[both]);
        let z = build.not(y[0]);
        build.output("z", vec![z]);
        build.finish()
    }

    #[test]
    fn each_pin_has_its_wire_and_each_register_its_part_of_the_tree() {
        let (bare, netlist) = (CellLibrary::nangate45(), circuit());
        let wired = bare.clone().wired();
        let toggles = vec![2; netlist.cells().len()];
        // Two pins of the gate, the register's data pin, the inverter's pin.
        near(wired.wire_energy(&netlist, &toggles).0, 2.0 * 4.0 * 0.5 * 1.21 * 0.35e-15);
        let more = wired.switching_energy(&netlist, &toggles) - bare.switching_energy(&netlist, &toggles);
        near(more.0, wired.wire_energy(&netlist, &toggles).0);
        let tree = wired.clock_tree(&netlist, "tree").unwrap();
        near(tree.value, (1.21 * (1.045 + 0.35) + (2.0 * 2.4172 + 1.21 * (0.9747 + 0.35)) / 10.0) * 1e-15);
        assert!(tree.low.unwrap() < tree.value && tree.value < tree.high.unwrap());
        assert_eq!(
            (bare.clock_tree(&netlist, "tree"), bare.wire_energy(&netlist, &toggles)),
            (None, Joules(0.0))
        );
        near(
            bare.wired_with(0.7).wire_energy(&netlist, &toggles).0,
            2.0 * wired.wire_energy(&netlist, &toggles).0,
        );
    }

    #[test]
    fn the_pins_of_a_full_adder_have_one_wire_each() {
        let library = CellLibrary::nangate45();
        let mut build = Builder::new("adder");
        let a = build.input("a", 3);
        let (sum, carry) = build.full_adder(a[0], a[1], a[2]);
        build.output("y", vec![sum, carry]);
        let netlist = library.map(&build.finish());
        assert_eq!(library.fanouts(&netlist)[..3], [1.0; 3]);
    }
}

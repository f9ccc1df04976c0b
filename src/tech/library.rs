//! The cell library: published figures as data, and which cell stands for which gate.

mod from_liberty;
mod liberty;
mod table;
mod tables;

use std::collections::HashMap;

use crate::constant::{Constant, Trust};
use crate::netlist::export::mapped::{Named, REGISTER, mapping};
use crate::netlist::{Cell, Gate, Netlist};
use crate::tech::liberty::Table;
use crate::tech::supply::{self, FREEPDK45, SupplyLaw};
use crate::tech::wires::Wires;
use crate::units::{Celsius, SquareMicrometres, Volts, Watts};

pub use tables::Edge;
pub(super) use tables::{Arc, CellTables, Pin};

/// The figures of one cell at the library's working point: means over its inputs, states and edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellFigures {
    /// Area in µm².
    pub area: f64,
    /// Mean input capacitance in fF.
    pub input_capacitance: f64,
    /// Mean leakage over input states in nW.
    pub leakage: f64,
    /// Internal energy of an output transition in fJ, load excluded.
    pub internal_energy: f64,
    /// Energy inside a register of a transition of its data pin in fJ, its output at rest; 0 for gates.
    pub data_edge_energy: f64,
    /// Energy of one edge of the clock pin alone in fJ; 0 for gates.
    pub clock_edge_energy: f64,
    /// Mean delay over arcs at the library's load in ps (clock to output for a register).
    pub delay: f64,
    /// Delay per additional load in ps/fF.
    pub delay_slope: f64,
    /// Setup time in ps; 0 for gates.
    pub setup: f64,
}

impl CellFigures {
    /// Of a cell with two outputs the half that each carries: area, leakage, and the load at the inputs.
    fn half(self) -> Self {
        let Self { area, input_capacitance, leakage, .. } = self;
        Self { area: area / 2.0, input_capacitance: input_capacitance / 2.0, leakage: leakage / 2.0, ..self }
    }

    /// What is known of an output when all is known at one working point, that with a load of `load`.
    fn tables(&self, (cell, pins, output): (&str, &[&str], &str), load: f64) -> CellTables {
        let arc = |to| Arc {
            from: Edge::BOTH.into(),
            to,
            delay: Table::line((load, self.delay), self.delay_slope),
            transition: Table::constant(0.0),
        };
        let pin = |name: &&str| Pin {
            name: (*name).into(),
            capacitance: self.input_capacitance,
            edge_capacitances: [self.input_capacitance; 2],
            fanout: 1.0,
            arcs: Edge::BOTH.map(arc).into(),
            powers: vec![Table::constant(self.internal_energy)],
            own_powers: vec![],
        };
        CellTables {
            cell: cell.into(),
            output: output.into(),
            pins: pins.iter().map(pin).collect(),
            setup: None,
            leakage: vec![self.leakage],
        }
    }

    /// The same of a flip-flop.
    fn register_tables(&self, load: f64) -> CellTables {
        let mut tables = self.tables((REGISTER, &["D", "CK"], "Q"), load);
        let [data, clock] = &mut tables.pins[..] else { unreachable!("two pins are named") };
        (data.arcs, data.powers) = (vec![], vec![]);
        data.own_powers = vec![Table::constant(self.data_edge_energy)];
        clock.own_powers = vec![Table::constant(self.clock_edge_energy)];
        tables.setup = Some([(); 2].map(|()| Table::constant(self.setup)));
        tables
    }
}

/// A technology: what each cell does over slew and load, and its figures at one working point.
#[derive(Debug, Clone)]
pub struct CellLibrary {
    /// Name in reports.
    pub name: String,
    /// Supply of the working point.
    pub voltage: Volts,
    /// Temperature of the working point.
    pub temperature: Celsius,
    /// Load in fF of the working point.
    pub load: f64,
    /// Slew in ps of the working point, with which input ports and clock pins change.
    pub slew: f64,
    /// What delays may be off by, as a fraction: 0.2 where one working point is known, 0 of tables over slew and load,
    /// which a timing analyser would read alike.
    pub band: f64,
    /// Where the figures stand.
    pub source: String,
    /// Supply of the cells, and how their figures follow it.
    pub(super) supply: Volts,
    pub(super) law: Option<SupplyLaw>,
    pub(super) gates: HashMap<Gate, CellFigures>,
    register: CellFigures,
    tables: HashMap<Gate, CellTables>,
    pub(super) register_tables: CellTables,
    /// Clock trees and synthesis tools need one.
    pub(super) buffer: CellFigures,
    pub(super) wires: Option<Wires>,
}

/// A buffer and its output.
const BUFFER: (&str, &str) = ("BUF_X1", "Z");

pub(super) const NANGATE45: &str = include_str!("nangate45.csv");

impl CellLibrary {
    /// The NanGate 45 nm open cell library, typical corner: the default, because the field publishes at it.
    ///
    /// Numbers only are shipped, with their source. A full adder's sum and carry share one cell, half of it each.
    pub fn nangate45() -> Self {
        let output = |gate| {
            let (cell, _, output) = mapping(gate);
            (cell, output)
        };
        let cells =
            table::read(NANGATE45, &[&Gate::ALL.map(output)[..], &[BUFFER]].concat(), (REGISTER, "Q"))
                .expect("the shipped table is well formed, as every test of a price shows");
        let gates = Gate::ALL.map(|gate| {
            let figures = cells[&output(gate)];
            (gate, if matches!(gate, Gate::Sum | Gate::Majority) { figures.half() } else { figures })
        });
        let load = 6.8;
        let tables = |gate: Gate| {
            let tables = cells[&output(gate)].tables(mapping(gate), load);
            if matches!(gate, Gate::Sum | Gate::Majority) { tables.half() } else { tables }
        };
        let register = cells[&(REGISTER, "Q")];
        Self {
            name: "nangate45".into(),
            voltage: Volts(1.10),
            supply: Volts(1.10),
            law: Some(FREEPDK45),
            temperature: Celsius(25.0),
            load,
            slew: 14.0,
            band: 0.2,
            source: "NanGate 45 nm open cell library, typical corner, figures at its FO4 working point"
                .into(),
            tables: gates.map(|(gate, _)| (gate, tables(gate))).into(),
            gates: gates.into(),
            register_tables: register.register_tables(load),
            register,
            buffer: cells[&BUFFER],
            wires: None,
        }
    }

    /// Whether the library has a cell for a gate.
    pub fn has(&self, gate: Gate) -> bool {
        self.gates.contains_key(&gate)
    }

    /// The figures of a cell; `None` for inputs and constants, which cost nothing.
    ///
    /// # Panics
    /// On a gate that the library does not have; [`CellLibrary::map`] leaves none.
    pub fn figures(&self, cell: &Cell) -> Option<&CellFigures> {
        match cell {
            Cell::Gate(gate, _) => {
                Some(self.gates.get(gate).expect("a mapped netlist has gates of the library alone"))
            }
            Cell::State => Some(&self.register),
            Cell::Input | Cell::Constant(_) => None,
        }
    }

    /// What a cell does over slew and load; `None` for inputs and constants.
    ///
    /// # Panics
    /// As [`CellLibrary::figures`].
    pub(super) fn tables(&self, cell: &Cell) -> Option<&CellTables> {
        match cell {
            Cell::Gate(gate, _) => Some(self.tables.get(gate).expect("every gate of the library has tables")),
            Cell::State => Some(&self.register_tables),
            Cell::Input | Cell::Constant(_) => None,
        }
    }

    /// What the cell of a gate or a register and its pins are called; `None` for inputs and constants.
    ///
    /// # Panics
    /// As [`CellLibrary::figures`].
    pub fn named(&self, cell: &Cell) -> Option<Named<'_>> {
        let CellTables { cell, output, pins, .. } = self.tables(cell)?;
        Some(Named { cell, pins: pins.iter().map(|pin| &*pin.name).collect(), output })
    }

    /// Sum of the cell areas; wires and placement are left out.
    pub fn area(&self, netlist: &Netlist) -> SquareMicrometres {
        SquareMicrometres(self.sum(netlist, |figures| figures.area))
    }

    /// Sum of the mean cell leakages.
    pub fn leakage(&self, netlist: &Netlist) -> Watts {
        Watts(self.sum(netlist, |figures| figures.leakage) * self.leakage_factor() * 1e-9)
    }

    fn sum(&self, netlist: &Netlist, figure: impl Fn(&CellFigures) -> f64) -> f64 {
        // A sum of no floats is −0, which no report should print.
        netlist
            .cells()
            .iter()
            .filter_map(|cell| self.figures(cell))
            .map(figure)
            .fold(0.0, |sum, one| sum + one)
    }

    /// Capacitance that each net drives within the circuit, in fF: the input pins it feeds, and the wires to them.
    ///
    /// An output port adds nothing: what it feeds belongs to the circuit that reads it.
    pub(super) fn loads(&self, netlist: &Netlist) -> Vec<f64> {
        self.loads_of(netlist, |pin| pin.capacitance + self.wire_load() * pin.fanout)
    }

    /// How many input pins each net feeds within the circuit.
    pub(super) fn fanouts(&self, netlist: &Netlist) -> Vec<f64> {
        self.loads_of(netlist, |pin| pin.fanout)
    }

    /// Sum over the input pins that each net feeds.
    fn loads_of(&self, netlist: &Netlist, load: impl Fn(&Pin) -> f64) -> Vec<f64> {
        let mut loads = vec![0.0; netlist.cells().len()];
        for cell in netlist.cells() {
            let pins = self.tables(cell).into_iter().flat_map(|tables| &tables.pins);
            cell.reads().iter().zip(pins).for_each(|(net, pin)| loads[net.index()] += load(pin));
        }
        let data = load(&self.register_tables.pins[0]);
        netlist.registers().iter().for_each(|register| loads[register.next.index()] += data);
        loads
    }

    /// What each net drives in fF when it rises and when it falls, every output port an inverter besides.
    pub(super) fn timed_loads(&self, netlist: &Netlist) -> [Vec<f64>; 2] {
        let inverter = &self.tables[&Gate::Not].pins[0];
        Edge::BOTH.map(|edge| {
            let load = |pin: &Pin| pin.edge_capacitances[edge as usize] + self.wire_load() * pin.fanout;
            let mut loads = self.loads_of(netlist, load);
            let ports = netlist.outputs().iter().flat_map(|(_, bus)| bus);
            ports.for_each(|net| loads[net.index()] += load(inverter));
            loads
        })
    }

    /// The library as a constant of a report: a price in joules that rests on it.
    pub fn constant(&self, name: &str, value: f64, unit: &str) -> Constant {
        Constant::new(name, value, unit, Trust::Derived, &self.at_supply(&self.source))
    }

    /// A source, and the law by which its figure is brought to the supply of the cells.
    pub(super) fn at_supply(&self, source: &str) -> String {
        if self.supply == self.voltage {
            return source.into();
        }
        format!("{source}; at {} by the {}", self.supply, supply::SOURCE)
    }
}

//! Units other than multiply-accumulate units in the cells of a library: their clock, and what they cost whatever they see.

use super::array::clocking::{clock, late};
use crate::config::platform as config;
use crate::constant::Constant;
use crate::ledger::{Ledger, Stage};
use crate::netlist::Netlist;
use crate::platform::{Bill, PlatformError};
use crate::tech::CellLibrary;
use crate::units::{Hertz, Joules, Seconds, SquareMicrometres};

/// Equal units at the supply and the clock of an array.
pub(super) struct Units {
    noun: &'static str,
    name: &'static str,
    count: usize,
    cells: Netlist,
    library: CellLibrary,
    clock: Hertz,
    leakage: Constant,
    clocking: Constant,
    /// None where the library has no wires.
    clock_tree: Option<Constant>,
}

/// What replayed operations switch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Switched {
    /// Mean energy of one, glitches included, without clock and leakage.
    pub each: Joules,
    /// What of it the wires take.
    pub wires: Joules,
    /// Operations replayed.
    pub count: u64,
}

impl Units {
    /// As many units as an array has; constants begin with `name`, and one unit is called `noun`.
    pub(super) fn new(
        netlist: &Netlist,
        [name, noun]: [&'static str; 2],
        config: &config::Array,
        library: &CellLibrary,
    ) -> Result<Self, PlatformError> {
        let library = library.clone().at(config.voltage.unwrap_or(library.supply()));
        let library = library.map_err(PlatformError::Supply)?;
        let cells = library.map(netlist);
        let delay = library.critical_path(&cells).delay;
        let clock = clock(config, delay, delay)?;
        if late(delay, clock) {
            return Err(PlatformError::TooSlow { unit: cells.name().into(), delay, clock });
        }
        let constant =
            |what: &str, value, unit: &str| library.constant(&format!("{name}.{what}"), value, unit);
        Ok(Self {
            noun,
            name,
            count: config.rows * config.columns,
            clock,
            leakage: constant("leakage", library.leakage(&cells).0, &format!("W per {noun}")),
            clocking: constant("clock", library.clock_energy(&cells).0, &format!("J per {noun} and cycle")),
            clock_tree: library.clock_tree(&cells, &format!("{name}.clock_tree")),
            cells,
            library,
        })
    }

    /// What clock and leakage of a unit are priced by.
    pub(super) fn constants(&self) -> Vec<Constant> {
        [&self.clocking, &self.leakage].into_iter().chain(&self.clock_tree).cloned().collect()
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn cells(&self) -> &Netlist {
        &self.cells
    }

    pub(super) fn library(&self) -> &CellLibrary {
        &self.library
    }

    /// The clock, as configured or as an operation allows.
    pub(super) fn clock(&self) -> Hertz {
        self.clock
    }

    /// Cell area of all.
    pub(super) fn area(&self) -> SquareMicrometres {
        self.library.area(&self.cells) * self.count as f64
    }

    /// Time of so many cycles.
    pub(super) fn time(&self, cycles: f64) -> Seconds {
        Seconds(cycles / self.clock.0)
    }

    /// Bills leakage and clock of all units for so many cycles.
    pub(super) fn bill(&self, ledger: &mut Ledger, component: &str, cycles: f64) {
        let (count, noun) = (self.count as f64, self.noun);
        let mut bill = Bill { ledger, stage: Stage::Compute, component };
        bill.at(&format!("leak {noun} seconds"), self.time(cycles).0 * count, &self.leakage);
        bill.at(&format!("clock {noun} cycles"), cycles * count, &self.clocking);
        if let Some(tree) = &self.clock_tree {
            bill.at(&format!("clock tree {noun} cycles"), cycles * count, tree);
        }
    }

    /// Bills so many operations; the constant is called `what`, and one operation `each`.
    pub(super) fn bill_operations(
        &self,
        (ledger, component): (&mut Ledger, &str),
        [action, what, each]: [&str; 3],
        count: f64,
        switched: &Switched,
    ) {
        let mut bill = Bill { ledger, stage: Stage::Compute, component };
        let (name, unit) = (format!("{}.{what}", self.name), format!("J per {each}, replayed"));
        let gates = self.library.constant(&name, (switched.each - switched.wires).0, &unit);
        bill.at(action, count, &gates);
        self.library.wire_constant(switched.wires).iter().for_each(|wires| bill.at(action, count, wires));
    }

    /// What each of so many replayed operations switched; nothing where there were none.
    pub(super) fn switched(&self, toggles: &[u64], count: u64) -> Switched {
        let energies = [
            self.library.switching_energy(&self.cells, toggles),
            self.library.wire_energy(&self.cells, toggles),
        ];
        let [each, wires] = energies.map(|energy| energy / count.max(1) as f64);
        Switched { each, wires, count }
    }
}

/// The reason that stands beside the first condition that does not hold.
pub(super) fn first_refusal<const N: usize>(conditions: [(bool, &'static str); N]) -> Option<&'static str> {
    conditions.into_iter().find(|(fine, _)| !fine).map(|(_, why)| why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::xnor::Xnor;

    fn units(clock: &str) -> Result<Units, PlatformError> {
        let file =
            "rows: 4\ncolumns: 3\ndataflow: output_stationary\nmultiplier: exact\naccumulator: exact\n";
        let config: config::Array = serde_yaml::from_str(&format!("{file}clock: {clock}\n")).unwrap();
        let netlist = Xnor::from_id("xnor64").unwrap().netlist();
        Units::new(&netlist, ["xnor64", "unit"], &config, &CellLibrary::nangate45().wired())
    }

    #[test]
    fn a_clock_is_kept_where_the_units_are_in_time_and_refused_otherwise() {
        let fastest = units("fit").unwrap().clock();
        let slower = Hertz(fastest.0 * 0.99);
        assert_eq!(units(&format!("{} Hz", slower.0)).unwrap().clock(), slower);
        let refused = |clock: f64| units(&format!("{clock} Hz")).err().unwrap().to_string();
        assert!(refused(fastest.0 * 1.01).contains("xnor64"), "{}", refused(fastest.0 * 1.01));
        assert!(refused(0.0).contains("compute.array.clock"), "{}", refused(0.0));
    }

    #[test]
    fn every_unit_leaks_and_is_clocked_and_operations_cost_what_they_switched() {
        let units = units("fit").unwrap();
        let total = |act: &dyn Fn(&mut Ledger)| {
            let mut ledger = Ledger::default();
            act(&mut ledger);
            ledger.total().0
        };
        let (cells, library) = (units.cells(), units.library());
        let a_cycle = library.leakage(cells).0 / units.clock().0 + library.clock_energy(cells).0;
        let tree = units.clock_tree.as_ref().unwrap().value;
        let found = total(&|ledger| units.bill(ledger, "compute.array", 5.0));
        assert!((found / (60.0 * (a_cycle + tree)) - 1.0).abs() < 1e-9, "{found}");
        let switched = units.switched(&vec![3; cells.cells().len()], 2);
        let names = ["count words of signs", "word", "word of signs"];
        let found = total(&|ledger| units.bill_operations((ledger, "compute.array"), names, 7.0, &switched));
        let all = library.switching_energy(cells, &vec![3; cells.cells().len()]).0;
        assert!((found / (3.5 * all) - 1.0).abs() < 1e-9 && switched.wires > Joules::ZERO, "{found} {all}");
    }
}

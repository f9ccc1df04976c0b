//! A grid of multiply-accumulate units made of gates: clock, area, leakage, clock energy and products.

use std::sync::OnceLock;

use super::mapping::Mapping;
use super::nonzeros::Nonzeros;
use crate::arith::mac::{KEPT_BITS, Mac};
use crate::config::platform::{self as config, AccumulationOrder, Dataflow, Padding, WeightFormat, Zeros};
use crate::constant::Constant;
use crate::kernel::{Accumulator, Gemm, Geometry};
use crate::ledger::{Entry, Ledger, Price, Stage};
use crate::netlist::Netlist;
use crate::platform::{Bill, PlatformError};
use crate::tech::{CellLibrary, Timing};
use crate::units::{Hertz, Seconds, SquareMicrometres, Watts};

pub(super) mod clocking;
mod energies;
mod lanes;
mod products;
mod unit;
mod zeros;

pub use clocking::{Lateness, STEPS};
use clocking::{clock, late, may_be_late};
use energies::Priced;
pub use energies::{Open, OpenEnergies};
pub use lanes::GroupUnit;
pub use products::CodeRange;
pub use unit::{OpenTable, unit};

/// A grid of multiply-accumulate units.
pub struct MacArray {
    rows: usize,
    columns: usize,
    dataflow: Dataflow,
    order: AccumulationOrder,
    padding: Padding,
    zeros: Zeros,
    zero_window: usize,
    weight_format: WeightFormat,
    raw: bool,
    mac: Mac,
    /// Whether the configuration says how wide accumulators are.
    sum_bits_chosen: bool,
    accumulator: OnceLock<Accumulator>,
    cells: Netlist,
    library: CellLibrary,
    timing: Timing,
    late: Option<Lateness>,
    clock: Hertz,
    unit_area: SquareMicrometres,
    unit_leakage: Constant,
    unit_clock: Constant,
    /// None where the library has no wires.
    unit_clock_tree: Option<Constant>,
    /// None where multiplications are priced from their gates.
    priced: Option<Priced>,
}

impl MacArray {
    /// Builds the array of `mac` units from the cells of `library`.
    ///
    /// # Errors
    /// When there is no unit, or a fixed clock is faster than the unit's critical path allows.
    pub fn new(config: &config::Array, mac: Mac, library: &CellLibrary) -> Result<Self, PlatformError> {
        for (field, count) in [("compute.array.rows", config.rows), ("compute.array.columns", config.columns)]
        {
            PlatformError::unless((1..=4096).contains(&count), field, count, "between 1 and 4096")?;
        }
        let plain = config.products == config::Products::Centred && config.padding == Padding::Drop;
        if !plain && !config.recovery.measures().is_empty() {
            return Err(PlatformError::RecoveryOfOther);
        }
        zeros::check(config, &mac)?;
        let netlist = library.map(&mac.netlist());
        let nominal = library.critical_path(&netlist).delay;
        let library = library.clone().at(config.voltage.unwrap_or(library.supply()));
        let library = library.map_err(PlatformError::Supply)?;
        let timing = library.critical_path(&netlist);
        let clock = clock(config, nominal, timing.delay)?;
        let late = if late(timing.delay, clock) {
            zeros::in_time(config)?;
            may_be_late(config, &mac, timing.delay, clock)?;
            Some(Lateness::new(&netlist, &library, clock)?)
        } else {
            None
        };
        let name = |what: &str| format!("{}.{what}", mac.id());
        let leakage = library.leakage(&netlist).0;
        let clocking = library.clock_energy(&netlist).0;
        Ok(Self {
            rows: config.rows,
            columns: config.columns,
            dataflow: config.dataflow,
            order: config.accumulation_order,
            padding: config.padding,
            zeros: config.zeros,
            zero_window: config.zero_window,
            weight_format: config.weight_format,
            raw: config.products == config::Products::Raw,
            sum_bits_chosen: config.accumulator_bits.is_some(),
            unit_leakage: library.constant(&name("leakage"), leakage, "W per unit"),
            unit_clock: library.constant(&name("clock"), clocking, "J per unit and cycle"),
            unit_clock_tree: library.clock_tree(&netlist, &name("clock_tree")),
            unit_area: library.area(&netlist),
            timing,
            clock,
            mac,
            accumulator: OnceLock::new(),
            cells: netlist,
            library,
            late,
            priced: None,
        })
    }

    /// What clock and leakage of its units are priced by.
    pub fn constants(&self) -> Vec<Constant> {
        let own = [&self.unit_clock, &self.unit_leakage].into_iter().chain(&self.unit_clock_tree);
        own.cloned().collect()
    }

    /// The unit.
    pub fn mac(&self) -> &Mac {
        &self.mac
    }

    /// The unit's accumulator, as contractions evaluate it, of the 32 bits that networks keep.
    pub fn accumulator(&self) -> &Accumulator {
        self.accumulator.get_or_init(|| Accumulator::new(&self.mac.accumulator_gates(KEPT_BITS)))
    }

    /// The unit in cells of the library.
    pub fn cells(&self) -> &Netlist {
        &self.cells
    }

    /// How the unit runs under a clock by whose edge some results have not come; none where all have.
    pub fn late(&self) -> Option<&Lateness> {
        self.late.as_ref()
    }

    /// Refuses an array that loses results, which no baseline may.
    ///
    /// # Errors
    /// [`PlatformError::LateBaseline`].
    pub fn in_time(&self) -> Result<(), PlatformError> {
        if !self.is_late() {
            return Ok(());
        }
        let (unit, supply) = (self.mac.id().into(), self.library.supply());
        Err(PlatformError::LateBaseline { unit, supply, delay: self.timing.delay, clock: self.clock })
    }

    /// Whether some results come after the clock edge, to be lost.
    pub fn is_late(&self) -> bool {
        self.late.is_some()
    }

    /// The cells, at the array's supply.
    pub fn library(&self) -> &CellLibrary {
        &self.library
    }

    /// The unit's critical path with its band.
    pub fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The clock, as configured or as the critical path allows.
    pub fn clock(&self) -> Hertz {
        self.clock
    }

    /// Which operand stays in place.
    pub fn dataflow(&self) -> Dataflow {
        self.dataflow
    }

    /// In which order an accumulator meets the products of an output.
    pub fn order(&self) -> AccumulationOrder {
        self.order
    }

    /// What becomes of the zeros around an image.
    pub fn padding(&self) -> Padding {
        self.padding
    }

    /// Operations of a sample of a contraction that switch units; the others idle. Where zeros are skipped, `nonzeros` tells
    /// of the weights that are not.
    pub fn operations(&self, geometry: &Geometry, nonzeros: Option<&Nonzeros>) -> u64 {
        let inside = |k: usize| match self.padding {
            Padding::Skip => geometry.positions_inside(k),
            Padding::Drop | Padding::Multiply => geometry.positions(),
        };
        match (self.padding, nonzeros) {
            (_, Some(nonzeros)) => {
                nonzeros.depths().map(|nth| inside(geometry.nth_tap(self.order, nth)) as u64).sum()
            }
            (Padding::Skip, None) => geometry.macs_inside(),
            (Padding::Drop | Padding::Multiply, None) => geometry.macs(),
        }
    }

    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The number of units.
    pub fn units(&self) -> usize {
        self.rows * self.columns
    }

    /// Cell area of all units.
    pub fn area(&self) -> SquareMicrometres {
        self.unit_area * self.units() as f64
    }

    /// Leakage of all units.
    pub fn leakage(&self) -> Watts {
        Watts(self.unit_leakage.value * self.units() as f64)
    }

    /// How `work` is folded onto the array.
    pub fn map(&self, work: &Gemm) -> Mapping {
        Mapping::of(work, self.rows, self.columns, self.dataflow)
    }

    /// How it is folded where only some of its weights take cycles.
    pub fn map_skipping(&self, nonzeros: &Nonzeros) -> Mapping {
        Mapping::skipping(nonzeros, [self.rows, self.columns], self.dataflow)
    }

    /// Time of a mapping at the array's clock.
    pub fn time(&self, mapping: &Mapping) -> Seconds {
        Seconds(mapping.cycles as f64 / self.clock.0)
    }

    /// Bills a mapping under `component`: every unit leaks and is clocked in every cycle; between layers and
    /// frames the array is gated off. What the operands switch is billed by [`MacArray::bill_switching`].
    pub fn bill(&self, ledger: &mut Ledger, component: &str, mapping: &Mapping) {
        let mut bill = Bill { ledger, stage: Stage::Compute, component };
        let units = self.units() as f64;
        bill.at("leak unit seconds", self.time(mapping).0 * units, &self.unit_leakage);
        let cycles = mapping.cycles as f64 * units;
        bill.at("clock unit cycles", cycles, &self.unit_clock);
        self.unit_clock_tree.iter().for_each(|tree| bill.at("clock tree unit cycles", cycles, tree));
    }

    /// Bills `count` actions at the named price `price`: the switching energy of an action without clock and leakage, which
    /// depends on the operands of the whole run and is resolved after it.
    pub fn bill_switching(
        &self,
        ledger: &mut Ledger,
        component: &str,
        (action, price): (&str, &str),
        count: u64,
    ) {
        let (component, action) = (component.to_owned(), action.to_owned());
        let price = Price::Named(price.to_owned());
        ledger.bill(Entry { stage: Stage::Compute, component, action, count: count as f64, price });
    }
}

#[cfg(test)]
mod tests;

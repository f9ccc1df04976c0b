//! A grid of multiply-accumulate units made of gates: clock, area, leakage, clock energy and products.

use std::path::Path;

use super::mapping::Mapping;
use crate::arith::mac::Mac;
use crate::arith::tabulated::{NotSquare, Tabulated};
use crate::arith::{Design, accumulator, design};
use crate::config::platform::{self as config, Clock, Dataflow, Multiplier, Padding, Timing as Late};
use crate::constant::Constant;
use crate::kernel::{Gemm, Geometry, Products};
use crate::ledger::{Entry, Ledger, Price, Stage};
use crate::netlist::Netlist;
use crate::platform::{Bill, PlatformError};
use crate::table::{Operation, Signature, Table};
use crate::tech::{CellLibrary, Grid, TICK, Timing};
use crate::units::{Hertz, Seconds, SquareMicrometres, Watts};

/// Opens a user's product table; the sign is as configured.
pub type OpenTable<'a> = dyn Fn(&Path, Option<bool>) -> Result<Table, PlatformError> + Sync + 'a;

/// The unit of an array; `exact` is a two's complement multiplier of `bits` after Baugh and Wooley, the smallest
/// and fastest exact one here: what is approximate must beat a good design, not a poor one.
///
/// # Errors
/// When an id names no multiplier, or a product table cannot be opened or is not square.
pub fn unit(config: &config::Array, bits: u32, open: &OpenTable<'_>) -> Result<Mac, PlatformError> {
    let multiplier: Box<dyn Design> = match &config.multiplier {
        Multiplier::Id(id) => {
            let id = if id == "exact" { &format!("mul{bits}s_bw") } else { id };
            design(id).map_err(|fault| PlatformError::Design { field: "compute.array.multiplier", fault })?
        }
        Multiplier::Table { table, signed } => {
            let wrong = |error: NotSquare| PlatformError::Table(format!("{}: {error}", table.display()));
            Box::new(Tabulated::new(open(table, *signed)?).map_err(wrong)?)
        }
    };
    let Signature { operation, width_a, width_b, .. } = multiplier.signature();
    if operation != Operation::Mul || width_a != width_b {
        let allowed = match operation {
            Operation::Mul => "a multiplier of operands of one width such as `mul8s_exact`",
            Operation::Add => "a multiplier such as `mul8s_exact`",
        };
        let field = "compute.multiplier".into();
        return Err(PlatformError::OutOfRange { field, value: format!("`{}`", multiplier.id()), allowed });
    }
    let adder = accumulator(&config.accumulator);
    let adder = adder.map_err(|fault| PlatformError::Design { field: "compute.array.accumulator", fault })?;
    let mac = Mac::new(multiplier, adder);
    let mac = if config.products == config::Products::Raw { mac.raw() } else { mac };
    let bits = config.accumulator_bits.unwrap_or(mac.accumulator_width());
    let wrong = |fault| PlatformError::Design { field: "compute.array.accumulator_bits", fault };
    mac.with_accumulator(bits, config.overflow).map_err(wrong)
}

/// Width and zero point of a tensor's codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRange {
    /// Bits of a code, at most 8.
    pub bits: u32,
    /// The code of zero.
    pub zero: u8,
}

/// Steps of a clock period on whose grid the results of a network arrive.
///
/// With fewer, a step is longer than the fastest gates take, and paths are stretched: on 64 samples of the scenes network at
/// 1.0 V, 64 steps score 14.1 %, 128 and 256 both 23.4 %.
pub const STEPS: u32 = 128;

/// A unit whose clock is too fast for it.
pub struct Lateness {
    /// In steps of [`TICK`], for energy.
    pub fine: Grid,
    /// In [`STEPS`] a period, for the results of a network.
    pub coarse: Grid,
}

impl Lateness {
    fn new(netlist: &Netlist, library: &CellLibrary, clock: Hertz) -> Result<Self, PlatformError> {
        let period = clock.period();
        let grid = |step: f64| library.grid(netlist, period, Seconds(step));
        let late = Self { fine: grid(TICK * 1e-12), coarse: grid(period.0 / f64::from(STEPS)) };
        let holds = [&late.fine, &late.coarse].iter().all(|grid| grid.holds_registers(netlist));
        let allowed = "slower: delay and setup time of a register alone do not fit into a period";
        PlatformError::unless(holds, "compute.array.clock", clock, allowed).map(|()| late)
    }
}

/// The clock as configured, or the one that fits: the delay at the array's supply, or where results may come late that at
/// the supply of the figures.
fn clock(config: &config::Array, nominal: Seconds, delay: Seconds) -> Result<Hertz, PlatformError> {
    match (config.clock, config.timing) {
        (Clock::Fit, Late::Safe) => Ok(Hertz(1.0 / delay.0)),
        (Clock::Fit, Late::Latch) => Ok(Hertz(1.0 / nominal.0)),
        (Clock::Fixed(clock), _) => {
            PlatformError::unless(clock.0 > 0.0, "compute.clock", clock, "more than 0 Hz").map(|()| clock)
        }
    }
}

/// Refuses late results where they are not allowed, of a unit without gates that could tell what is lost, and where layers
/// recover from the errors of products that a table holds.
fn may_be_late(config: &config::Array, mac: &Mac, delay: Seconds, clock: Hertz) -> Result<(), PlatformError> {
    let unit = mac.id().into();
    match config.timing {
        Late::Safe => Err(PlatformError::TooSlow { unit, delay, clock }),
        Late::Latch if !config.recovery.measures().is_empty() => Err(PlatformError::LateRecovery { unit }),
        Late::Latch if mac.multiplier().stand_in().is_some() => Err(PlatformError::LateTable { unit }),
        Late::Latch => Ok(()),
    }
}

/// A grid of multiply-accumulate units.
pub struct MacArray {
    rows: usize,
    columns: usize,
    dataflow: Dataflow,
    padding: Padding,
    raw: bool,
    mac: Mac,
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
}

impl MacArray {
    /// Builds the array of `mac` units from the cells of `library`.
    ///
    /// # Errors
    /// When there is no unit, or a fixed clock is faster than the unit's critical path allows.
    pub fn new(config: &config::Array, mac: Mac, library: &CellLibrary) -> Result<Self, PlatformError> {
        for (field, count) in [("compute.rows", config.rows), ("compute.columns", config.columns)] {
            PlatformError::unless((1..=4096).contains(&count), field, count, "between 1 and 4096")?;
        }
        let plain = config.products == config::Products::Centred && config.padding == Padding::Drop;
        if !plain && !config.recovery.measures().is_empty() {
            return Err(PlatformError::RecoveryOfOther);
        }
        let netlist = library.map(&mac.netlist());
        let nominal = library.critical_path(&netlist).delay;
        let library = library.clone().at(config.voltage.unwrap_or(library.supply()));
        let library = library.map_err(PlatformError::Supply)?;
        let timing = library.critical_path(&netlist);
        let clock = clock(config, nominal, timing.delay)?;
        let late = if late(timing.delay, clock) {
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
            padding: config.padding,
            raw: config.products == config::Products::Raw,
            unit_leakage: library.constant(&name("leakage"), leakage, "W per unit"),
            unit_clock: library.constant(&name("clock"), clocking, "J per unit and cycle"),
            unit_clock_tree: library.clock_tree(&netlist, &name("clock_tree")),
            unit_area: library.area(&netlist),
            timing,
            clock,
            mac,
            cells: netlist,
            library,
            late,
        })
    }

    /// The unit.
    pub fn mac(&self) -> &Mac {
        &self.mac
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

    /// What becomes of the zeros around an image.
    pub fn padding(&self) -> Padding {
        self.padding
    }

    /// Operations of a sample of a contraction that switch units; the others idle.
    pub fn operations(&self, geometry: &Geometry) -> u64 {
        match self.padding {
            Padding::Skip => geometry.macs_inside(),
            Padding::Drop | Padding::Multiply => geometry.macs(),
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

    /// Bills `macs` operations at the named price `price`: the switching energy of an operation without
    /// clock and leakage, which depends on the operands of the whole run and is resolved after it.
    pub fn bill_switching(&self, ledger: &mut Ledger, component: &str, price: &str, macs: u64) {
        let (component, action) = (component.to_owned(), "multiply-accumulate".to_owned());
        let price = Price::Named(price.to_owned());
        ledger.bill(Entry { stage: Stage::Compute, component, action, count: macs as f64, price });
    }

    /// Whether units take codes as they are, instead of less their zero points.
    pub fn takes_raw_codes(&self) -> bool {
        self.raw
    }

    /// What is taken from a code before it enters a unit: its zero point, or of raw codes what makes them two's complement
    /// for a signed multiplier.
    pub fn offset(&self, codes: CodeRange) -> u8 {
        match (self.raw, self.mac.multiplier().signature().signed) {
            (false, _) => codes.zero,
            (true, true) => 1 << (codes.bits - 1),
            (true, false) => 0,
        }
    }

    /// What is added to the unit's products of raw codes for what their zero points add: of a code w and a code x that are 0
    /// at z and v, −z·x − v·w + z·v exactly. None where units take codes less their zero points.
    pub fn correction(&self, weights: CodeRange, activations: CodeRange) -> Option<Products> {
        let offsets = [weights, activations].map(|codes| i32::from(self.offset(codes)));
        let zeros = [weights, activations].map(|codes| i32::from(codes.zero));
        let product = |at: i32, [w, x]: [i32; 2]| ((at >> 8) - w) * ((at & 255) - x);
        let correction = |at: i32| product(at, zeros) - product(at, offsets);
        (offsets != zeros).then(|| Products::new(&(0..1 << 16).map(correction).collect::<Vec<_>>()))
    }

    /// The unit's products of all weight and activation codes, less their [`MacArray::offset`]; activations enter port `a`,
    /// weights port `b`. Codes that do not occur at these widths have the product 0.
    ///
    /// # Errors
    /// When a code does not fit an operand: centred ones need a zero point of 2^(bits − 1) where the multiplier is signed,
    /// and any fits an unsigned one (the sign travels outside).
    pub fn products(&self, weights: CodeRange, activations: CodeRange) -> Result<Products, PlatformError> {
        self.holds(weights)?;
        self.holds(activations)?;
        let offsets = [weights, activations].map(|codes| self.offset(codes));
        let product = |weight: i64, activation: i64| {
            if weight >> weights.bits != 0 || activation >> activations.bits != 0 {
                return 0;
            }
            self.mac.product(activation - i64::from(offsets[1]), weight - i64::from(offsets[0])) as i32
        };
        let all: Vec<i32> = (0..1i64 << 16).map(|pair| product(pair >> 8, pair & 255)).collect();
        let exact = Products::exact(offsets[0], offsets[1]);
        let codes = |range: CodeRange| 0..(1u32 << range.bits) as u16;
        let same =
            |w: u16| codes(activations).all(|x| all[usize::from(w << 8 | x)] == exact.get(w as u8, x as u8));
        Ok(self.prepared(if codes(weights).all(same) { exact } else { Products::new(&all) }))
    }

    /// The same products, prepared for the accumulator of the units.
    pub fn prepared(&self, products: Products) -> Products {
        match self.mac.low_part() {
            Some(part) => products.split(part),
            None => products,
        }
    }

    /// Checks that the operands of the unit hold every code less its offset.
    ///
    /// # Errors
    /// When one does not fit.
    pub fn holds(&self, codes: CodeRange) -> Result<(), PlatformError> {
        let (bits, offset) = (codes.bits, i64::from(self.offset(codes)));
        let reach = [-offset, (1i64 << bits) - 1 - offset];
        if bits <= 8 && reach.iter().all(|value| self.mac.operands().contains(value)) {
            return Ok(());
        }
        let (multiplier, width) = (self.mac.multiplier().id(), self.mac.width());
        Err(PlatformError::Operands { multiplier, width, bits, reach })
    }
}

/// Whether a delay is longer than a period, but for rounding.
fn late(delay: Seconds, clock: Hertz) -> bool {
    delay.0 > clock.period().0 * (1.0 + 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Joules;

    fn config(multiplier: &str, clock: Clock) -> config::Array {
        config::Array {
            rows: 4,
            columns: 8,
            dataflow: Dataflow::WeightStationary,
            clock,
            voltage: None,
            timing: Late::Safe,
            multiplier: Multiplier::Id(multiplier.into()),
            layers: Default::default(),
            accumulator: "exact".into(),
            recovery: crate::config::Recovery::default(),
            accumulator_bits: None,
            overflow: config::Overflow::Wrap,
            padding: Padding::Drop,
            products: config::Products::Centred,
        }
    }

    fn no_table(path: &Path, _: Option<bool>) -> Result<Table, PlatformError> {
        Err(PlatformError::Table(format!("{}: there is none", path.display())))
    }

    fn range(bits: u32, zero: u8) -> CodeRange {
        CodeRange { bits, zero }
    }

    fn build(config: &config::Array) -> Result<MacArray, PlatformError> {
        MacArray::new(config, unit(config, 8, &no_table)?, &CellLibrary::nangate45())
    }

    #[test]
    fn a_fitted_clock_is_the_fastest_that_the_unit_keeps() {
        let fitted = build(&config("exact", Clock::Fit)).unwrap();
        let delay = fitted.timing().delay;
        assert!((fitted.clock().0 * delay.0 - 1.0).abs() < 1e-12);
        assert!(build(&config("exact", Clock::Fixed(fitted.clock() * 0.999))).is_ok());
        let error = build(&config("exact", Clock::Fixed(fitted.clock() * 1.001))).err().unwrap();
        assert!(matches!(error, PlatformError::TooSlow { ref unit, .. } if unit == "mac8s_bw"), "{error}");
    }

    #[test]
    fn an_array_is_as_many_units_as_it_has_places() {
        let array = build(&config("mul8s_drum_k4", Clock::Fit)).unwrap();
        let (library, netlist) = (CellLibrary::nangate45(), array.cells().clone());
        assert_eq!(array.units(), 32);
        assert_eq!(array.area(), library.area(&netlist) * 32.0);
        let mapping = array.map(&Gemm { groups: 1, positions: 10, outputs: 8, depth: 4 });
        let mut ledger = Ledger::default();
        array.bill(&mut ledger, "compute.array", &mapping);
        let leaked = array.leakage() * array.time(&mapping);
        let clocked = library.clock_energy(&netlist) * (32.0 * mapping.cycles as f64);
        assert!((ledger.total() / (leaked + clocked) - 1.0).abs() < 1e-12);
        array.bill_switching(&mut ledger, "compute.array", "mac.conv1", 320);
        let price = library.constant("mac.conv1", 1e-12, "J");
        let before = ledger.total();
        let resolved = ledger.resolve(|_| Some((Joules(1e-12), price.clone()))).unwrap();
        assert!(((resolved.total() - before).0 / 320e-12 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn products_are_those_of_the_design_on_centred_codes() {
        let exact =
            build(&config("exact", Clock::Fit)).unwrap().products(range(8, 128), range(8, 128)).unwrap();
        assert_eq!(exact, Products::exact(128, 128));
        let drum = design("mul8u_drum_k4").unwrap();
        let products = build(&config("mul8u_drum_k4", Clock::Fit))
            .unwrap()
            .products(range(8, 128), range(8, 37))
            .unwrap();
        for (weight, activation) in [(0u8, 0u8), (1, 255), (128, 99), (200, 37), (77, 213), (255, 255)] {
            let (w, x) = (i64::from(weight) - 128, i64::from(activation) - 37);
            let expected = drum.eval(x.abs(), w.abs()) * x.signum() * w.signum();
            assert_eq!(i64::from(products.get(weight, activation)), expected, "{weight} {activation}");
        }
    }

    #[test]
    fn raw_products_and_their_correction_sum_to_the_exact_ones() {
        for (multiplier, weight_offset, activation_offset) in [("exact", 128, 128), ("mul8u_exact", 0, 0)] {
            let mut raw = config(multiplier, Clock::Fit);
            raw.products = config::Products::Raw;
            let array = build(&raw).unwrap();
            let (weights, activations) = (range(8, 128), range(8, 37));
            assert_eq!(
                [weights, activations].map(|codes| array.offset(codes)),
                [weight_offset, activation_offset]
            );
            let (products, correction) = (
                array.products(weights, activations).unwrap(),
                array.correction(weights, activations).unwrap(),
            );
            let exact = Products::exact(128, 37);
            for (w, x) in (0..=255).flat_map(|w| (0..=255).map(move |x| (w, x))) {
                let raw =
                    (i32::from(w) - i32::from(weight_offset)) * (i32::from(x) - i32::from(activation_offset));
                assert_eq!(products.get(w, x), raw);
                assert_eq!(products.get(w, x) + correction.get(w, x), exact.get(w, x));
            }
        }
        let centred = build(&config("mul8u_exact", Clock::Fit)).unwrap();
        assert!(centred.correction(range(8, 128), range(8, 37)).is_none());
    }

    #[test]
    fn weights_and_activations_may_differ_in_width() {
        let mixed = build(&config("mul8s_drum_k4", Clock::Fit)).unwrap();
        let products = mixed.products(range(4, 8), range(8, 128)).unwrap();
        let expected = mixed.mac().product(99 - 128, 3 - 8);
        assert_eq!((i64::from(products.get(3, 99)), products.get(16, 99)), (expected, 0));
    }

    #[test]
    fn a_table_multiplies_by_itself_and_costs_what_the_exact_multiplier_costs() {
        let signature = Signature { operation: Operation::Mul, width_a: 8, width_b: 8, signed: true };
        let open = |_: &Path, signed: Option<bool>| {
            assert_eq!(signed, Some(true));
            Ok(Table::from_function(signature, |a, b| a * b + a).unwrap())
        };
        let mut named = config("exact", Clock::Fit);
        named.multiplier = Multiplier::Table { table: "mine.npy".into(), signed: Some(true) };
        let array =
            MacArray::new(&named, unit(&named, 8, &open).unwrap(), &CellLibrary::nangate45()).unwrap();
        let products = array.products(range(8, 128), range(8, 128)).unwrap();
        assert_eq!(products.get(128 + 7, 128 - 5), -5 * 7 - 5);
        let exact = build(&config("exact", Clock::Fit)).unwrap();
        assert_eq!((array.area(), array.clock()), (exact.area(), exact.clock()));
        let error = unit(&named, 8, &no_table).err().unwrap();
        assert_eq!(error.to_string(), "compute.array.multiplier: mine.npy: there is none");
    }

    #[test]
    fn operands_that_do_not_fit_are_refused() {
        let signed = build(&config("mul8s_drum_k4", Clock::Fit)).unwrap();
        assert!(signed.products(range(8, 128), range(8, 37)).is_err());
        assert!(signed.products(range(4, 8), range(4, 8)).is_ok());
        let narrow = build(&config("mul4s_exact", Clock::Fit)).unwrap();
        assert!(narrow.products(range(8, 128), range(8, 128)).is_err());
        assert!(unit(&config("add8s_exact", Clock::Fit), 8, &no_table).is_err());
        assert!(unit(&config("mul8s_drom_k4", Clock::Fit), 8, &no_table).is_err());
    }
}

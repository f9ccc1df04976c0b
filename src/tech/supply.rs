//! How delay, energy and leakage follow the supply.
//!
//! Delays follow the alpha-power law of Sakurai and Newton ("Alpha-power law MOSFET model and its applications to CMOS
//! inverter delay and other formulas", IEEE JSSC 25(2), 1990): `V / (V − V_t)^α`, all of them alike. Energy of switching is
//! proportional to `V²`; the current that leaks grows exponentially with the supply, for the drain lowers the barrier.

use super::CellLibrary;
use crate::constant::{SUPPLIES, supply};
use crate::units::Volts;

/// What a technology's transistors make of another supply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupplyLaw {
    /// Threshold `V_t` of the alpha-power law in volts: a parameter of the fit.
    threshold: f64,
    /// Exponent α.
    exponent: f64,
    /// Growth of the leaking current, per volt.
    leakage: f64,
}

/// FreePDK45's transistors of low threshold, nominal corner, 25 °C: inverters with a fan-out of four in ngspice 39, over
/// [`SUPPLIES`]; delays within 0.8 % of the simulated ones, leakage within 5 %.
pub(super) const FREEPDK45: SupplyLaw = SupplyLaw { threshold: 0.3762, exponent: 1.0659, leakage: 2.585 };

/// The same with transistors of general threshold, which slow down more: the other end of the band.
const FREEPDK45_GENERAL: SupplyLaw = SupplyLaw { threshold: 0.4235, exponent: 1.1743, leakage: 2.713 };

/// Where the law's figures come from, for reports.
pub const SOURCE: &str = "alpha-power law fitted to ngspice 39 with FreePDK45 models (low threshold; general threshold is the slow end)";

impl SupplyLaw {
    fn delay(&self, supply: f64) -> f64 {
        supply / (supply - self.threshold).powf(self.exponent)
    }

    /// Delay at one supply over that at another.
    fn slowing(&self, supply: Volts, from: Volts) -> f64 {
        self.delay(supply.0) / self.delay(from.0)
    }
}

/// Why a library has no figures at a supply.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SupplyError {
    /// No law is known.
    #[error(
        "`{0}` has figures at {1} alone, write that or leave the supply out; others are known of the shipped 45 nm table"
    )]
    Unknown(String, Volts),
    /// A supply that was not simulated.
    #[error("a supply of {0} is outside what was simulated; write {range}", range = supply!(range))]
    Outside(Volts),
}

impl CellLibrary {
    /// The same cells at another supply.
    ///
    /// At the supply of its figures a library stays as it is, to the last bit.
    ///
    /// # Errors
    /// [`SupplyError`].
    ///
    /// ```
    /// use axsim::{arith::design, tech::CellLibrary, units::Volts};
    /// let adder = design("add8u_exact").unwrap().netlist();
    /// let (nominal, low) = (CellLibrary::nangate45(), CellLibrary::nangate45().at(Volts(0.8)).unwrap());
    /// let slower = low.critical_path(&adder).delay / nominal.critical_path(&adder).delay;
    /// assert!((1.28..1.30).contains(&slower));
    /// ```
    pub fn at(mut self, supply: Volts) -> Result<Self, SupplyError> {
        if supply != self.voltage {
            if self.law.is_none() {
                return Err(SupplyError::Unknown(self.name, self.voltage));
            }
            let [low, high] = SUPPLIES;
            if !(low..=high).contains(&supply.0) {
                return Err(SupplyError::Outside(supply));
            }
        }
        self.supply = supply;
        Ok(self)
    }

    /// The supply of the cells.
    pub fn supply(&self) -> Volts {
        self.supply
    }

    /// Times the delay of the figures, and the slow end of its band.
    pub fn slowing(&self) -> [f64; 2] {
        let of = |law: &SupplyLaw| law.slowing(self.supply, self.voltage);
        self.law.map_or([1.0; 2], |law| [of(&law), of(&FREEPDK45_GENERAL)])
    }

    /// Times the energy of switching at the supply of the figures.
    pub fn energy_factor(&self) -> f64 {
        (self.supply / self.voltage).powi(2)
    }

    /// Times the power that leaks.
    pub(super) fn leakage_factor(&self) -> f64 {
        let current = self.law.map_or(1.0, |law| (law.leakage * (self.supply - self.voltage).0).exp());
        self.supply / self.voltage * current
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::Builder;

    fn near(found: f64, expected: f64, tolerance: f64) {
        assert!((found / expected - 1.0).abs() < tolerance, "{found} is not {expected}");
    }

    /// Delay in ps of an inverter with a fan-out of four and leakage in nW of an inverter, as ngspice 39 has them.
    #[test]
    fn the_law_gives_what_a_circuit_simulator_measured() {
        for (supply, low, leakage, general) in [
            (1.0, 12.045, 52.75, 15.490),
            (0.9, 13.059, 36.70, 17.420),
            (0.8, 14.590, 25.35, 20.473),
            (0.7, 17.066, 17.27, 25.872),
            (0.6, 21.581, 11.52, 37.430),
        ] {
            let library = CellLibrary::nangate45().at(Volts(supply)).unwrap();
            let [slowing, slowest] = library.slowing();
            near(slowing, low / 11.334, 0.01);
            near(slowest, general / 14.172, 0.01);
            near(library.leakage_factor(), leakage / 75.73, 0.05);
        }
    }

    #[test]
    fn at_its_own_supply_nothing_changes_and_elsewhere_everything_follows() {
        let mut build = Builder::new("sum");
        let (a, b) = (build.input("a", 2), build.input("b", 1));
        let (sum, carry) = build.full_adder(a[0], a[1], b[0]);
        let y = build.register(&[sum, carry]);
        build.output("y", y);
        let netlist = build.finish();
        let nominal = CellLibrary::nangate45();
        let same = nominal.clone().at(Volts(1.1)).unwrap();
        assert_eq!(same.leakage(&netlist), nominal.leakage(&netlist));
        assert_eq!(same.critical_path(&netlist), nominal.critical_path(&netlist));
        assert_eq!(same.delays(&netlist), nominal.delays(&netlist));
        let toggles = vec![3; netlist.cells().len()];
        assert_eq!(same.switching_energy(&netlist, &toggles), nominal.switching_energy(&netlist, &toggles));
        let low = nominal.clone().at(Volts(0.88)).unwrap();
        let energy = |library: &CellLibrary| library.switching_energy(&netlist, &toggles).0;
        near(energy(&low) / energy(&nominal), 0.64, 1e-9);
        near(low.clock_energy(&netlist).0 / nominal.clock_energy(&netlist).0, 0.64, 1e-9);
        let outside = |library: &CellLibrary| {
            let library = library.clone().wired();
            let tree = library.clock_tree(&netlist, "tree").expect("wires bring a clock tree").value;
            [library.wire_energy(&netlist, &toggles).0, tree]
        };
        outside(&low)
            .iter()
            .zip(outside(&nominal))
            .for_each(|(low, nominal)| near(low / nominal, 0.64, 1e-9));
    }

    #[test]
    fn supplies_without_a_law_are_refused() {
        let unknown = crate::tech::hand::library().at(Volts(0.9)).unwrap_err();
        assert!(matches!(unknown, SupplyError::Unknown(..)), "{unknown}");
        let refused = |volts| CellLibrary::nangate45().at(Volts(volts)).unwrap_err().to_string();
        assert_eq!(refused(0.4), "a supply of 400 mV is outside what was simulated; write 0.6 V to 1.25 V");
    }
}

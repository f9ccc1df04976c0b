//! Multiplications that cost what a file says of each operand pair; what surrounds the multiplier costs what its gates do.

use std::path::Path;

use super::{MacArray, OpenTable};
use crate::config::platform::Multiplier;
use crate::constant::{Constant, Trust};
use crate::netlist::Netlist;
use crate::platform::PlatformError;
use crate::table::Energies;
use crate::units::Joules;

/// Opens a user's file of energies.
pub type OpenEnergies<'a> = dyn Fn(&Path) -> Result<Energies, PlatformError> + Sync + 'a;

/// How the files that a multiplier names are opened.
#[derive(Clone, Copy)]
pub struct Open<'a> {
    /// Product tables.
    pub products: &'a OpenTable<'a>,
    /// Energies by operand pair.
    pub energies: &'a OpenEnergies<'a>,
}

impl Open<'static> {
    /// Opens nothing, for configurations that name no file.
    pub const NONE: Self = Self {
        products: &|path, _| Err(PlatformError::Table(closed(path))),
        energies: &|path| Err(PlatformError::Energies(closed(path))),
    };
}

fn closed(path: &Path) -> String {
    format!("{}: no files are opened here", path.display())
}

/// What a file says that multiplications cost.
pub(super) struct Priced {
    energies: Energies,
    file: String,
    /// The cells around the multiplier, fed by its products.
    rest: Netlist,
}

impl MacArray {
    /// The same array, its multiplications priced by the file that a multiplier names; without one from their gates.
    ///
    /// # Errors
    /// When the file cannot be read, its operands have other widths than the multiplier's, or results come late.
    pub fn priced_as(self, multiplier: &Multiplier, open: &OpenEnergies<'_>) -> Result<Self, PlatformError> {
        let Some(path) = multiplier.energy_table() else { return Ok(self) };
        if self.is_late() {
            return Err(PlatformError::LateEnergies { unit: self.mac.id().into() });
        }
        let (energies, file) = (open(path)?, path.display().to_string());
        let codes = [energies.width(), self.mac.width()].map(|width| 1u64 << width);
        if codes[0] != codes[1] {
            let [found, expected] = codes;
            let id = self.mac.multiplier().id();
            return Err(PlatformError::Energies(format!(
                "{file} has energies of {found} by {found} codes, but operands of `{id}` have {expected}; write {expected} rows \
                 of {expected}"
            )));
        }
        // The sum enters at `c`: what it does not reach is the multiplier.
        let rest = self.cells.reached_from("c");
        Ok(Self { priced: Some(Priced { energies, file, rest }), ..self })
    }

    /// The cells whose switching is priced by replaying operands: all of the unit's, but for a multiplier that a file prices.
    pub fn replayed_cells(&self) -> &Netlist {
        self.priced.as_ref().map_or(&self.cells, |priced| &priced.rest)
    }

    /// Whether a file prices multiplications.
    pub fn is_priced_by_file(&self) -> bool {
        self.priced.is_some()
    }

    /// Mean energy of a multiplication by the file over pairs (activation, weight) as they enter a unit, each with how often;
    /// none where there is no file.
    ///
    /// A unit whose signs travel outside hands its multiplier magnitudes. The file is meant at the supply of the cells' figures; at another one energies go with its square, as theirs do.
    pub fn multiplication(&self, pairs: &[(i64, i64, u64)]) -> Option<Joules> {
        let priced = self.priced.as_ref()?;
        let taken = |&(a, b, count): &(i64, i64, u64)| (self.mac.operand(a), self.mac.operand(b), count);
        let pairs: Vec<(i64, i64, u64)> = pairs.iter().map(taken).collect();
        Some(priced.energies.mean(&pairs) * self.library.energy_factor())
    }

    /// Such a mean as a figure of reports.
    pub fn multiplication_constant(&self, energy: Joules) -> Option<Constant> {
        let Priced { energies, file, .. } = self.priced.as_ref()?;
        let source =
            format!("{file} (BLAKE3 {}), over every operand pair of all scored samples", energies.hash());
        Some(Constant::new(
            "multiplier.energy_table",
            energy.0,
            "J per multiplication",
            Trust::Chosen,
            &source,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::{design, energies};
    use crate::config::platform::{Array, Clock, Dataflow, Timing};
    use crate::kernel::Gemm;
    use crate::platform::compute::activity::histogram;
    use crate::platform::compute::array::unit;
    use crate::platform::compute::stream::{Operands, Replay, replay};
    use crate::rng::{Stream, uniform_at};
    use crate::tech::CellLibrary;
    use crate::units::{Hertz, Volts};

    const GEMM: Gemm = Gemm { groups: 2, positions: 20, outputs: 7, depth: 50 };

    fn config(multiplier: &str, dataflow: Dataflow) -> Array {
        Array {
            multiplier: Multiplier::Design { design: multiplier.into(), energy_table: "mine.csv".into() },
            ..Array::exact([4, 3], dataflow)
        }
    }

    fn library() -> CellLibrary {
        CellLibrary::nangate45().wired()
    }

    fn plain(config: &Array) -> MacArray {
        MacArray::new(config, unit(config, 8, Open::NONE.products).unwrap(), &library()).unwrap()
    }

    fn priced(config: &Array, energies: Energies) -> Result<MacArray, PlatformError> {
        plain(config).priced_as(&config.multiplier, &|_| Ok(energies.clone()))
    }

    fn value(seed: u64, [a, b, c]: [usize; 3]) -> i64 {
        (uniform_at(seed, (a * 1_000_000 + b * 1000 + c) as u64) * 255.0) as i64 - 127
    }

    /// Calls `with` with operands of every value between −127 and 127; units idle for some.
    fn some<T>(idle: bool, with: impl FnOnce(&Operands<'_>) -> T) -> T {
        let activation = |g, p, k| Some(value(1, [g, p, k])).filter(|x| !idle || x % 3 != 0);
        let weight = |g, o, k| value(2, [g, o, k]);
        with(&Operands { gemm: GEMM, activation: &activation, weight: &weight })
    }

    #[test]
    fn multiplications_cost_the_sum_over_all_of_them() {
        let energies = Energies::new(8, (0..1 << 16).map(|at| f64::from(at * 7919 % 1021)).collect());
        for (multiplier, signed) in [("exact", true), ("mul8u_exact", false)] {
            let array = priced(&config(multiplier, Dataflow::WeightStationary), energies.clone()).unwrap();
            for idle in [false, true] {
                let found =
                    some(idle, |operands| array.multiplication(&histogram(&array, operands))).unwrap();
                let (mut sum, mut count) = (0.0, 0);
                some(idle, |operands| {
                    for (g, p) in (0..GEMM.groups).flat_map(|g| (0..GEMM.positions).map(move |p| (g, p))) {
                        for (o, k) in (0..GEMM.outputs).flat_map(|o| (0..GEMM.depth).map(move |k| (o, k))) {
                            let Some(a) = (operands.activation)(g, p, k) else { continue };
                            let pair = [a, (operands.weight)(g, o, k)];
                            // Signs pass outside an unsigned multiplier.
                            let [a, b] = pair.map(|value| if signed { value } else { value.abs() });
                            (sum, count) = (sum + energies.of(a, b).0, count + 1);
                        }
                    }
                });
                assert!((found.0 * f64::from(count) / sum - 1.0).abs() < 1e-12, "{multiplier} {idle}");
            }
        }
    }

    #[test]
    fn on_independent_operands_a_table_from_gates_agrees_with_their_replay() {
        let config = config("mul8s_bw", Dataflow::OutputStationary);
        let energies = energies(&*design("mul8s_bw").unwrap(), &library()).unwrap();
        let (whole, array) = (plain(&config), priced(&config, energies).unwrap());
        let replayed = |array: &MacArray| {
            some(false, |operands| replay(array, operands, &mut Stream::new(1, "test", 0)))
        };
        let [Replay { each, wires, .. }, rest] = [&whole, &array].map(replayed);
        let by_table = some(false, |operands| array.multiplication(&histogram(&array, operands))).unwrap();
        let by_gates = each - rest.each;
        assert!(
            by_gates > rest.each * 0.3 && wires > rest.wires && rest.wires.0 > 0.0,
            "{by_gates} {rest:?}"
        );
        assert!((by_table / by_gates - 1.0).abs() < 0.05, "{by_table} by the table, {by_gates} by the gates");
    }

    #[test]
    fn energies_go_with_the_square_of_the_supply() {
        let energies = Energies::new(8, vec![100.0; 1 << 16]);
        let low = Array { voltage: Some(Volts(0.88)), ..config("exact", Dataflow::WeightStationary) };
        let array = priced(&low, energies).unwrap();
        let found = some(false, |operands| array.multiplication(&histogram(&array, operands))).unwrap();
        assert!((found.0 * 1e15 - 64.0).abs() < 1e-9, "{found}");
    }

    #[test]
    fn tables_that_do_not_fit_the_multiplier_or_the_clock_are_refused() {
        let energies = |width: u32| Energies::new(width, vec![1.0; 1 << (2 * width)]);
        let config = config("exact", Dataflow::WeightStationary);
        let error = priced(&config, energies(4)).err().unwrap().to_string();
        assert_eq!(
            error,
            "energy table mine.csv has energies of 16 by 16 codes, but operands of `mul8s_bw` have \
             256; write 256 rows of 256"
        );
        let fast = Hertz(plain(&config).clock().0 * 1.1);
        let late = Array { clock: Clock::Fixed(fast), timing: Timing::Latch, ..config };
        let error = priced(&late, energies(8)).err().unwrap();
        assert!(matches!(error, PlatformError::LateEnergies { .. }), "{error}");
    }
}

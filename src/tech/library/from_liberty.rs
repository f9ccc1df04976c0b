//! A library of Liberty files: which cells compute our gates, their tables, and their figures at the working point.

use std::collections::HashMap;

use super::{CellFigures, CellLibrary, CellTables};
use crate::netlist::Gate;
use crate::tech::liberty::{Group, LibertyError};
use crate::units::{Celsius, Volts};
use candidate::Candidate;
use units::Units;

mod candidate;
mod function;
mod units;

/// Gates that every netlist may hold; others are taken apart where a library has no cell for them.
const REQUIRED: [Gate; 7] = [Gate::Not, Gate::And, Gate::Or, Gate::Xor, Gate::Nand, Gate::Nor, Gate::Xnor];

/// Times that the slew is put in for the slew at the output: it settles after a few.
const ITERATIONS: usize = 40;

impl CellLibrary {
    /// Reads Liberty files with tables over slew and load, each a name for messages and its text; some technologies come
    /// in several.
    ///
    /// For each gate the smallest cell that computes it is taken, whatever its name (of equal ones the one whose inputs load
    /// least), and for registers the smallest flip-flop without set, reset or scan. Delays, slews, setup and energies are looked up in the file's tables. The
    /// working point stands beside them: four inverters as load, and the slew that an inverter under this load hands on.
    ///
    /// # Errors
    /// [`LibertyError`] with file and line: a unit, a template, a table or a figure that is not there, a gate that every
    /// circuit may hold without a cell.
    ///
    /// ```
    /// use axsim::{arith::design, tech::CellLibrary};
    /// let ours = CellLibrary::nangate45();
    /// let read = CellLibrary::from_liberty(&[("ours.lib", &ours.to_liberty())]).unwrap();
    /// let netlist = ours.map(&design("mul8u_array").unwrap().netlist());
    /// let (ours, read) = (ours.critical_path(&netlist).delay, read.critical_path(&netlist).delay);
    /// assert!((ours / read - 1.0).abs() < 1e-4);
    /// ```
    pub fn from_liberty(files: &[(&str, &str)]) -> Result<Self, LibertyError> {
        let mut libraries = vec![];
        for (file, text) in files {
            libraries.push(Group::read(text).map_err(|error| error.in_file(file))?);
        }
        let first = libraries.first().ok_or_else(|| LibertyError::new(1, "a Liberty file is expected"))?;
        let cells = candidates(files, &libraries)?;
        let missing =
            |what: &str| LibertyError::new(first.line, format!("no cell is {what}")).in_file(files[0].0);
        let inverter = chosen(&cells, Gate::Not)?.ok_or_else(|| missing("an inverter"))?;
        let point = Point::of(&inverter.tables);
        let (gates, tables) = gates(&cells, point, missing)?;
        let register = smallest(&cells, Candidate::flip_flop, |cell, pins| cell.register(pins))?;
        let register = register.ok_or_else(|| missing("a flip-flop with a rising clock and nothing else"))?;
        let buffer = smallest(&cells, Candidate::buffer, |cell, role| cell.tables(role, 1))?;
        let voltage = Volts(supply(files, &libraries)?);
        Ok(Self {
            name: first.arguments.first().copied().unwrap_or("library").into(),
            voltage,
            supply: voltage,
            law: None,
            temperature: Celsius(first.number("nom_temperature")?.unwrap_or(25.0)),
            load: point.load,
            slew: point.slew,
            band: 0.0,
            source: format!(
                "Liberty file of the user's, tables over slew and load; ports change with {:.1} ps",
                point.slew
            ),
            gates,
            tables,
            register: register.figures(point),
            register_tables: register.tables,
            buffer: buffer.unwrap_or(inverter).figures(point),
            wires: None,
        })
    }
}

/// The cells of all files.
fn candidates<'t>(
    files: &[(&'t str, &'t str)],
    libraries: &'t [Group<'t>],
) -> Result<Vec<Candidate<'t>>, LibertyError> {
    let mut cells = vec![];
    for ((file, _), library) in files.iter().zip(libraries) {
        let units = Units::of(library).map_err(|error| error.in_file(file))?;
        for group in library.all("cell") {
            let cell = Candidate::of(file, group, library, units);
            cells.push(cell.map_err(|error| error.in_file(file))?);
        }
    }
    Ok(cells)
}

/// Figures and tables of each gate that there is a cell for.
type Gates = (HashMap<Gate, CellFigures>, HashMap<Gate, CellTables>);

/// The cell of each gate; an error where one that every netlist may hold has none.
fn gates(
    cells: &[Candidate],
    point: Point,
    missing: impl Fn(&str) -> LibertyError,
) -> Result<Gates, LibertyError> {
    let (mut gates, mut tables) = (HashMap::new(), HashMap::new());
    for gate in Gate::ALL {
        match chosen(cells, gate)? {
            Some(cell) => {
                let (shared, figures) = (matches!(gate, Gate::Sum | Gate::Majority), cell.figures(point));
                gates.insert(gate, if shared { figures.half() } else { figures });
                tables.insert(gate, if shared { cell.tables.half() } else { cell.tables });
            }
            None if REQUIRED.contains(&gate) => {
                return Err(missing(&format!("a gate of {} inputs for {gate:?}", gate.inputs())));
            }
            None => {}
        }
    }
    // A full adder is one cell with both outputs, or none.
    if !(gates.contains_key(&Gate::Sum) && gates.contains_key(&Gate::Majority)) {
        gates.retain(|gate, _| !matches!(gate, Gate::Sum | Gate::Majority));
    }
    Ok((gates, tables))
}

/// The one supply of all files in V.
fn supply(files: &[(&str, &str)], libraries: &[Group]) -> Result<f64, LibertyError> {
    let mut voltage = None;
    for ((file, _), library) in files.iter().zip(libraries) {
        let fail = |message: String| LibertyError::new(library.line, message).in_file(file);
        let found = library.number("nom_voltage").map_err(|error| error.in_file(file))?;
        let found = found.ok_or_else(|| fail("the library has no `nom_voltage`".into()))?;
        if found <= 0.0 || voltage.is_some_and(|known| known != found) {
            let expected =
                voltage.map_or("more than 0 V".into(), |known| format!("{known} V as in the file before"));
            return Err(fail(format!("`nom_voltage` is {found}, {expected} is expected")));
        }
        voltage = Some(found);
    }
    Ok(voltage.expect("there is a file"))
}

/// A cell of the files that is taken.
struct Chosen {
    area: f64,
    tables: CellTables,
}

/// The smallest cell that plays a role, with its tables.
fn smallest<'t, R>(
    cells: &[Candidate<'t>],
    role: impl Fn(&Candidate<'t>) -> Option<R>,
    tables: impl Fn(&Candidate<'t>, R) -> Result<CellTables, LibertyError>,
) -> Result<Option<Chosen>, LibertyError> {
    let fit = cells.iter().filter_map(|cell| Some((cell, role(cell)?)));
    let order = |[one, one_load]: [f64; 2], [other, other_load]: [f64; 2]| {
        one.total_cmp(&other).then(one_load.total_cmp(&other_load))
    };
    let Some((cell, role)) = fit.min_by(|a, b| order(a.0.size(), b.0.size())) else { return Ok(None) };
    let tables = tables(cell, role).map_err(|error| error.in_file(cell.file))?;
    Ok(Some(Chosen { area: cell.area, tables }))
}

/// The smallest cell that computes a gate.
fn chosen(cells: &[Candidate], gate: Gate) -> Result<Option<Chosen>, LibertyError> {
    smallest(cells, |cell| cell.role(gate), |cell, role| cell.tables(role, gate.inputs()))
}

/// Where figures are taken: load in fF and slew in ps.
#[derive(Clone, Copy)]
struct Point {
    load: f64,
    slew: f64,
}

impl Point {
    fn of(inverter: &CellTables) -> Self {
        let load = 4.0 * inverter.pins[0].capacitance;
        let slew = (0..ITERATIONS).fold(0.0, |slew, _| inverter.mean_answer(|_| slew, load).1);
        Self { load, slew }
    }
}

impl Chosen {
    fn figures(&self, Point { load, slew }: Point) -> CellFigures {
        let Self { area, ref tables } = *self;
        let delay = |load: f64| tables.mean_answer(|_| slew, load).0;
        let pins = tables.pins.iter();
        let register = |pin: usize| tables.setup.as_ref().map_or(0.0, |_| tables.pins[pin].own_energy(slew));
        // The later of both edges counts.
        let setup = tables.setup.iter().flatten().map(|table| table.at(slew, slew)).fold(0.0, f64::max);
        CellFigures {
            area,
            input_capacitance: pins.map(|pin| pin.capacitance).sum::<f64>() / tables.pins.len() as f64,
            leakage: tables.mean_leakage(),
            internal_energy: tables.energy(|_| slew, load),
            data_edge_energy: register(0),
            clock_edge_energy: register(1),
            delay: delay(load),
            delay_slope: (delay(2.0 * load) - delay(load / 2.0)) / (1.5 * load),
            setup,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CellLibrary, LibertyError> {
        CellLibrary::from_liberty(&[("cells.lib", text)])
    }

    /// What differs by more than a share between two libraries' figures.
    fn differences(found: &CellLibrary, expected: &CellLibrary, share: f64) -> Vec<String> {
        let mut different = vec![];
        let register = ("register".to_string(), &found.register, &expected.register);
        let gates = Gate::ALL.map(|gate| (format!("{gate:?}"), &found.gates[&gate], &expected.gates[&gate]));
        for (name, found, expected) in gates.into_iter().chain([register]) {
            for (figure, found, expected) in [
                ("area", found.area, expected.area),
                ("capacitance", found.input_capacitance, expected.input_capacitance),
                ("leakage", found.leakage, expected.leakage),
                ("energy", found.internal_energy, expected.internal_energy),
                ("data edge", found.data_edge_energy, expected.data_edge_energy),
                ("clock edge", found.clock_edge_energy, expected.clock_edge_energy),
                ("delay", found.delay, expected.delay),
                ("slope", found.delay_slope, expected.delay_slope),
                ("setup", found.setup, expected.setup),
            ] {
                if (found - expected).abs() > share * expected {
                    different.push(format!("{name} {figure}: {found} {expected}"));
                }
            }
        }
        different
    }

    #[test]
    fn our_own_library_reads_back() {
        let ours = CellLibrary::nangate45();
        let back = read(&ours.to_liberty()).unwrap();
        assert_eq!((&*back.name, back.voltage, back.band), ("nangate45", ours.voltage, 0.0));
        let different = differences(&back, &ours, 1e-4);
        assert!(different.is_empty(), "{different:#?}");
    }

    #[test]
    fn a_library_at_another_supply_reads_back_with_the_figures_at_that_supply() {
        let mut build = crate::netlist::Builder::new("part");
        let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
        let (half, both) = (build.xor(a, b), build.and(a, b));
        let held = build.register(&[half, both]);
        let y = build.or(held[0], held[1]);
        build.output("y", vec![y]);
        let netlist = CellLibrary::nangate45().map(&build.finish());
        let toggles: Vec<u64> = (1..=netlist.cells().len() as u64).collect();
        for supply in [0.6, 0.8, 1.25] {
            let ours = CellLibrary::nangate45().at(Volts(supply)).unwrap();
            let back = read(&ours.to_liberty()).unwrap();
            assert_eq!((back.voltage, back.supply()), (Volts(supply), Volts(supply)));
            let figures = |library: &CellLibrary| {
                [
                    library.critical_path(&netlist).delay.0,
                    library.switching_energy(&netlist, &toggles).0,
                    library.clock_energy(&netlist).0,
                    library.leakage(&netlist).0,
                    library.area(&netlist).0,
                ]
            };
            for (ours, back) in figures(&ours).into_iter().zip(figures(&back)) {
                assert!((back / ours - 1.0).abs() < 1e-3, "{supply} V: {back} is not {ours}");
            }
        }
    }

    /// The file that the shipped table was extracted from gives its figures again, where it is at hand: the folder
    /// that `AXSIM_LIBERTY` names holds `nangate45_typ.lib`.
    #[test]
    fn the_whole_file_gives_the_figures_of_the_shipped_table() {
        let Some(folder) = std::env::var_os("AXSIM_LIBERTY") else {
            eprintln!("skipped: AXSIM_LIBERTY names no folder with nangate45_typ.lib");
            return;
        };
        let text = std::fs::read_to_string(std::path::Path::new(&folder).join("nangate45_typ.lib")).unwrap();
        let different = differences(&read(&text).unwrap(), &CellLibrary::nangate45(), 0.02);
        assert!(different.is_empty(), "{different:#?}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let text = crate::tech::hand::text();
        let message = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            read(&text.replacen(from, to, 1)).unwrap_err().to_string()
        };
        for (from, to, expected) in [
            ("time_unit : \"1ps\";", "", "cells.lib: line 1: the library has no `time_unit`"),
            ("capacitive_load_unit (1, ff);", "", "the library has no `capacitive_load_unit`"),
            ("leakage_power_unit : \"1nW\";", "", "the library has no `leakage_power_unit`"),
            ("time_unit : \"1ps\"", "time_unit : \"1parsec\"", "`1parsec` is no unit of s"),
            ("nom_voltage : 2;", "", "the library has no `nom_voltage`"),
            (
                "cell_fall (both)",
                "cell_full (both)",
                "line 21: `timing` of the cell `INV` has no table `cell_fall`",
            ),
            (
                "rise_transition (turned)",
                "x (turned)",
                "`timing` of the cell `INV` has no table `rise_transition`",
            ),
            (
                "cell_rise (both)",
                "cell_rise (neither)",
                "line 22: `cell_rise`: the library has no template `neither`",
            ),
            ("capacitance : 2;", "", "`A` of the cell `INV` has no `capacitance`"),
            ("timing () { related_pin : \"A\"", "timing () { related_pin : \"Z\"", "has no timing from `A`"),
            (
                "internal_power () { related_pin : \"A\"",
                "x () { related_pin : \"A\"",
                "no tables of `internal_power`",
            ),
            ("leakage_power () { value : 7; }", "", ""),
            ("cell_leakage_power : 20;", "", "the cell `FF` has no leakage"),
            ("timing_type : setup_rising", "timing_type : hold_rising", "no timing of type `setup_rising`"),
            ("area : 2;", "area : much;", "`area`: a number is expected, not `much`"),
            ("function : \"A & B\"", "function : \"A\"", "no cell is a gate of 2 inputs for And"),
            ("ff (IQ, IQN)", "gg (IQ, IQN)", "no cell is a flip-flop"),
        ] {
            if expected.is_empty() {
                // The mean of the states that are given stands for the others.
                assert_eq!(read(&text.replacen(from, to, 1)).unwrap().gates[&Gate::Not].leakage, 10.0);
            } else {
                assert!(message(from, to).contains(expected), "{}", message(from, to));
            }
        }
    }

    #[test]
    fn a_technology_may_come_in_several_files() {
        let text = crate::tech::hand::text();
        let at = text.find("  cell (FF)").unwrap();
        let end = at + text[at..].find("  cell (AND)").unwrap();
        let head = &text[..text.find("  cell (INV)").unwrap()];
        let (gates, registers) =
            (text[..at].to_owned() + &text[end..], format!("{head}{}}}", &text[at..end]));
        let whole = read(&text).unwrap();
        let parts =
            CellLibrary::from_liberty(&[("gates.lib", &gates), ("registers.lib", &registers)]).unwrap();
        assert_eq!((&parts.gates, parts.register), (&whole.gates, whole.register));
        let message = |registers: &str| {
            CellLibrary::from_liberty(&[("gates.lib", &gates), ("registers.lib", registers)])
                .unwrap_err()
                .to_string()
        };
        assert!(message("library (x) {").starts_with("registers.lib: line 1: "));
        let other = message(&registers.replace("nom_voltage : 2", "nom_voltage : 3"));
        assert_eq!(other, "registers.lib: line 1: `nom_voltage` is 3, 2 V as in the file before is expected");
        let broken = message(&registers.replace("rise_constraint (setup)", "rise_constraint (set)"));
        assert!(broken.contains("registers.lib: line") && broken.contains("no template `set`"), "{broken}");
    }
}

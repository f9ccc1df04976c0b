//! A library of a Liberty file: which cells compute our gates, and their figures at the working point.

use std::collections::HashMap;

use super::{CellFigures, CellLibrary};
use crate::netlist::Gate;
use crate::tech::liberty::{Group, LibertyError, Table};
use crate::units::{Celsius, Volts};

mod function;

/// Gates that every netlist may hold; others are taken apart where a library has no cell for them.
const REQUIRED: [Gate; 7] = [Gate::Not, Gate::And, Gate::Or, Gate::Xor, Gate::Nand, Gate::Nor, Gate::Xnor];

/// Times that the slew is put in for the slew at the output: it settles after a few.
const ITERATIONS: usize = 40;

impl CellLibrary {
    /// Reads a Liberty file with tables over slew and load.
    ///
    /// For each gate the smallest cell that computes it is taken, whatever its name, and for registers the smallest
    /// flip-flop without set, reset or scan. Figures are those at the library's own working point: four inverters as load,
    /// and the slew that an inverter under this load hands on; delays and energies are means over arcs and edges.
    ///
    /// # Errors
    /// [`LibertyError`] with the line; also where a gate that every circuit may hold has no cell.
    pub fn from_liberty(text: &str) -> Result<Self, LibertyError> {
        let library = Group::read(text)?;
        let units = Units::of(&library)?;
        let cells: Vec<Candidate> = library
            .all("cell")
            .map(|group| Candidate::of(group, &library, units))
            .collect::<Result<_, _>>()?;
        let chosen = |gate: Gate| {
            let computes = |cell: &&Candidate| cell.output_of(gate).is_some();
            cells.iter().filter(computes).min_by(|a, b| a.area.total_cmp(&b.area))
        };
        let missing = |what: &str| LibertyError::new(library.line, format!("no cell is {what}"));
        let inverter = chosen(Gate::Not).ok_or_else(|| missing("an inverter"))?;
        let point = inverter.working_point()?;
        let mut gates = HashMap::new();
        for gate in Gate::ALL {
            match chosen(gate) {
                Some(cell) => {
                    let figures = cell.figures(cell.output_of(gate).expect("it was chosen for it"), point)?;
                    let shared = matches!(gate, Gate::Sum | Gate::Majority);
                    gates.insert(gate, if shared { figures.half() } else { figures });
                }
                None if REQUIRED.contains(&gate) => {
                    return Err(missing(&format!("a gate of {} inputs for {gate:?}", gate.inputs())));
                }
                None => {}
            }
        }
        // A full adder is one cell with both outputs, or none.
        if !(gates.contains_key(&Gate::Sum) && gates.contains_key(&Gate::Majority)) {
            gates.remove(&Gate::Sum);
            gates.remove(&Gate::Majority);
        }
        let register = cells.iter().filter(|cell| cell.flip_flop().is_some());
        let register = register.min_by(|a, b| a.area.total_cmp(&b.area));
        let register = register.ok_or_else(|| missing("a flip-flop with a rising clock and nothing else"))?;
        let buffer = cells.iter().filter(|cell| cell.buffers()).min_by(|a, b| a.area.total_cmp(&b.area));
        let buffer = buffer.unwrap_or(inverter);
        let voltage = Volts(library.number("nom_voltage")?.unwrap_or(1.0));
        Ok(Self {
            name: library.arguments.first().copied().unwrap_or("library").into(),
            voltage,
            supply: voltage,
            law: None,
            temperature: Celsius(library.number("nom_temperature")?.unwrap_or(25.0)),
            load: point.load,
            source: format!(
                "Liberty file of the user's; load {:.2} fF, slew {:.1} ps",
                point.load, point.slew
            ),
            gates,
            register: register.register(point)?,
            buffer: buffer.figures(0, point)?,
        })
    }
}

/// Factors from the file's units to fF, ps, nW and fJ.
#[derive(Clone, Copy)]
struct Units {
    capacitance: f64,
    time: f64,
    leakage: f64,
    energy: f64,
}

impl Units {
    fn of(library: &Group) -> Result<Self, LibertyError> {
        let scaled = |name: &str, text: &str, unit: &str| {
            let text = text.to_ascii_lowercase();
            let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
            let (count, named) = text.split_at(at);
            let power = match named.strip_suffix(unit) {
                Some("") => 0,
                Some("m") => -3,
                Some("u") => -6,
                Some("n") => -9,
                Some("p") => -12,
                Some("f") => -15,
                _ => return Err(LibertyError::new(library.line, format!("`{name}`: `{text}` is no unit"))),
            };
            let count = if count.trim().is_empty() { 1.0 } else { count.trim().parse().unwrap_or(f64::NAN) };
            Ok(count * 10f64.powi(power))
        };
        let load = library.attributes.iter().find(|(name, _)| *name == "capacitive_load_unit");
        let load = load.map_or(vec!["1", "pf"], |(_, values)| values.clone()).concat();
        let farads = scaled("capacitive_load_unit", &load, "f")?;
        let seconds = scaled("time_unit", library.text("time_unit").unwrap_or("1ns"), "s")?;
        let watts = scaled("leakage_power_unit", library.text("leakage_power_unit").unwrap_or("1nW"), "w")?;
        let volts = scaled("voltage_unit", library.text("voltage_unit").unwrap_or("1V"), "v")?;
        Ok(Self {
            capacitance: farads * 1e15,
            time: seconds * 1e12,
            leakage: watts * 1e9,
            energy: farads * volts * volts * 1e15,
        })
    }
}

/// Where figures are taken: load in fF and slew in ps.
#[derive(Clone, Copy)]
struct Point {
    load: f64,
    slew: f64,
}

/// A cell as far as it may stand for a gate.
struct Candidate<'t> {
    group: &'t Group<'t>,
    library: &'t Group<'t>,
    units: Units,
    area: f64,
    inputs: Vec<&'t Group<'t>>,
    outputs: Vec<&'t Group<'t>>,
    /// The truth table of each output over the inputs, where it is a function of at most three of them.
    tables: Vec<Option<u8>>,
}

impl<'t> Candidate<'t> {
    fn of(group: &'t Group<'t>, library: &'t Group<'t>, units: Units) -> Result<Self, LibertyError> {
        let pins = |direction: &'static str| {
            group.all("pin").filter(move |pin| pin.text("direction") == Some(direction)).collect::<Vec<_>>()
        };
        let (inputs, outputs) = (pins("input"), pins("output"));
        let names: Vec<&str> =
            inputs.iter().map(|pin| pin.arguments.first().copied().unwrap_or("")).collect();
        let table = |pin: &&Group| match (pin.text("function"), names.len()) {
            (Some(text), 1..=3) => function::table(text, &names),
            _ => None,
        };
        let tables = outputs.iter().map(table).collect();
        // A cell that must not be used is as large as can be.
        let barred = group.text("dont_use") == Some("true");
        let area = if barred { f64::INFINITY } else { group.number("area")?.unwrap_or(f64::INFINITY) };
        Ok(Self { group, library, units, area, inputs, outputs, tables })
    }

    fn plain(&self) -> bool {
        self.area.is_finite()
            && self.area > 0.0
            && !["ff", "latch"].iter().any(|kind| self.group.groups.iter().any(|g| g.kind == *kind))
    }

    /// The output that is a gate, under any order of the pins; a full adder's have two, all other gates' cells one.
    fn output_of(&self, gate: Gate) -> Option<usize> {
        let outputs = if matches!(gate, Gate::Sum | Gate::Majority) { 2 } else { 1 };
        if !self.plain() || self.outputs.len() != outputs || self.inputs.len() != gate.inputs() {
            return None;
        }
        self.tables.iter().position(|table| table.is_some_and(|table| function::is(gate, table)))
    }

    fn buffers(&self) -> bool {
        self.plain() && self.inputs.len() == 1 && self.outputs.len() == 1 && self.tables[0] == Some(0b10)
    }

    /// Clock and data pins, and the output, of a plain flip-flop.
    fn flip_flop(&self) -> Option<(&'t Group<'t>, &'t Group<'t>, usize)> {
        let flip_flop = self.group.all("ff").next()?;
        let plain = self.inputs.len() == 2 && flip_flop.text("clear").or(flip_flop.text("preset")).is_none();
        let pin = |name: &str| self.inputs.iter().find(|pin| pin.arguments.first() == Some(&name)).copied();
        let bare = |text: &'t str| text.trim().trim_matches(['(', ')']);
        let clock = pin(bare(flip_flop.text("clocked_on")?))?;
        let data = pin(bare(flip_flop.text("next_state")?))?;
        let state = flip_flop.arguments.first()?;
        let output = self.outputs.iter().position(|pin| pin.text("function").map(bare) == Some(*state))?;
        (plain && self.area.is_finite()).then_some((clock, data, output))
    }

    /// The mean of tables of some kinds in some groups of a pin, at a slew and a load in the file's units.
    fn mean<'a>(
        &self,
        groups: impl Iterator<Item = &'a Group<'a>>,
        kinds: &[&str],
        at: impl Fn(&Table) -> f64,
    ) -> Result<Option<f64>, LibertyError> {
        let (mut sum, mut count) = (0.0, 0u32);
        for group in groups {
            for table in group.groups.iter().filter(|table| kinds.contains(&table.kind)) {
                sum += at(&Table::read(table, self.library)?);
                count += 1;
            }
        }
        Ok((count > 0).then(|| sum / f64::from(count)))
    }

    /// Timing arcs from inputs to an output; those of set, reset and three-state are not among them.
    fn arcs(&self, output: usize) -> impl Iterator<Item = &Group<'t>> {
        let kinds = ["combinational", "combinational_rise", "combinational_fall", "rising_edge"];
        self.outputs[output]
            .all("timing")
            .filter(move |arc| arc.text("timing_type").is_none_or(|kind| kinds.contains(&kind)))
    }

    /// Powers of a pin; of libraries that give every energy at both rails, that of the supply.
    fn powers(pin: &'t Group<'t>) -> impl Iterator<Item = &'t Group<'t>> {
        pin.all("internal_power").filter(|power| power.text("related_pg_pin") != Some("VSS"))
    }

    fn input_capacitance(&self) -> Result<f64, LibertyError> {
        let mut sum = 0.0;
        for pin in &self.inputs {
            sum += pin.number("capacitance")?.unwrap_or(0.0);
        }
        Ok(sum / self.inputs.len().max(1) as f64 * self.units.capacitance)
    }

    fn working_point(&self) -> Result<Point, LibertyError> {
        let load = 4.0 * self.input_capacitance()?;
        let in_units = load / self.units.capacitance;
        let mut slew = 0.0;
        for _ in 0..ITERATIONS {
            let kinds = ["rise_transition", "fall_transition"];
            let next = self.mean(self.arcs(0), &kinds, |table| table.at(slew, in_units))?;
            slew = next
                .ok_or_else(|| LibertyError::new(self.group.line, "an inverter without transition tables"))?;
        }
        Ok(Point { load, slew: slew * self.units.time })
    }

    /// The mean leakage over input states; of states at both rails, those of the supply.
    fn leakage(&self) -> Result<f64, LibertyError> {
        let (mut sum, mut count) = (0.0, 0u32);
        for state in self.group.all("leakage_power").filter(|state| state.text("when").is_some()) {
            if state.text("related_pg_pin") != Some("VSS") {
                sum += state.number("value")?.unwrap_or(0.0);
                count += 1;
            }
        }
        let whole = self.group.number("cell_leakage_power")?.unwrap_or(0.0);
        Ok(if count > 0 { sum / f64::from(count) } else { whole } * self.units.leakage)
    }

    fn figures(&self, output: usize, point: Point) -> Result<CellFigures, LibertyError> {
        let (slew, load) = (point.slew / self.units.time, point.load / self.units.capacitance);
        let kinds = ["cell_rise", "cell_fall"];
        let delay = |load: f64| self.mean(self.arcs(output), &kinds, |table| table.at(slew, load));
        let missing = || LibertyError::new(self.group.line, "an output without delay tables");
        let (at, half, double) = (
            delay(load)?.ok_or_else(missing)?,
            delay(load / 2.0)?.unwrap_or(0.0),
            delay(2.0 * load)?.unwrap_or(0.0),
        );
        let energy = self.energy(output, |table| table.at(slew, load))?;
        Ok(CellFigures {
            area: self.area,
            input_capacitance: self.input_capacitance()?,
            leakage: self.leakage()?,
            internal_energy: energy * self.units.energy,
            data_edge_energy: 0.0,
            clock_edge_energy: 0.0,
            delay: at * self.units.time,
            delay_slope: (double - half) * self.units.time / (1.5 * point.load),
            setup: 0.0,
        })
    }

    /// The mean over the inputs that move an output, each the mean over the states it does so in.
    fn energy(&self, output: usize, at: impl Fn(&Table) -> f64) -> Result<f64, LibertyError> {
        let mut means = vec![];
        for input in &self.inputs {
            let related = |power: &&Group| {
                power.text("related_pin").is_some_and(|pins| {
                    pins.split_whitespace().any(|pin| Some(&pin) == input.arguments.first())
                })
            };
            let powers = Self::powers(self.outputs[output]).filter(related);
            means.extend(self.mean(powers, &["rise_power", "fall_power"], &at)?);
        }
        Ok(means.iter().sum::<f64>() / means.len().max(1) as f64)
    }

    fn register(&self, point: Point) -> Result<CellFigures, LibertyError> {
        let (clock, data, output) = self.flip_flop().expect("it was chosen for it");
        let slew = point.slew / self.units.time;
        let edge = |pin: &'t Group<'t>| -> Result<f64, LibertyError> {
            let powers = Self::powers(pin).filter(|power| power.text("related_pin").is_none());
            let mean = self.mean(powers, &["rise_power", "fall_power"], |table| table.at(slew, slew))?;
            Ok(mean.unwrap_or(0.0) * self.units.energy)
        };
        let setup = data.all("timing").filter(|arc| arc.text("timing_type") == Some("setup_rising"));
        // The later of both edges counts.
        let mut latest: f64 = 0.0;
        for arc in setup {
            for kind in ["rise_constraint", "fall_constraint"] {
                let constraint = self.mean([arc].into_iter(), &[kind], |table| table.at(slew, slew))?;
                latest = latest.max(constraint.unwrap_or(0.0));
            }
        }
        Ok(CellFigures {
            data_edge_energy: edge(data)?,
            clock_edge_energy: edge(clock)?,
            setup: latest * self.units.time,
            ..self.figures(output, point)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shipped table goes out as Liberty and comes back with its figures; the text has neither energy nor setup.
    #[test]
    fn our_own_library_reads_back() {
        let ours = CellLibrary::nangate45();
        let back = CellLibrary::from_liberty(&ours.to_liberty()).unwrap();
        assert_eq!((&*back.name, back.voltage), ("nangate45", ours.voltage));
        for gate in Gate::ALL {
            let (back, ours) = (&back.gates[&gate], &ours.gates[&gate]);
            for (name, found, expected) in [
                ("area", back.area, ours.area),
                ("capacitance", back.input_capacitance, ours.input_capacitance),
                ("leakage", back.leakage, ours.leakage),
                ("delay", back.delay, ours.delay),
                ("slope", back.delay_slope, ours.delay_slope),
            ] {
                assert!((found - expected).abs() <= 2e-3 * expected, "{gate:?} {name}: {found} {expected}");
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
        let (file, table) = (CellLibrary::from_liberty(&text).unwrap(), CellLibrary::nangate45());
        let mut different = vec![];
        let register = ("register".to_string(), &file.register, &table.register);
        let gates = Gate::ALL.map(|gate| (format!("{gate:?}"), &file.gates[&gate], &table.gates[&gate]));
        for (name, file, table) in gates.into_iter().chain([register]) {
            for (figure, found, expected) in [
                ("area", file.area, table.area),
                ("capacitance", file.input_capacitance, table.input_capacitance),
                ("leakage", file.leakage, table.leakage),
                ("energy", file.internal_energy, table.internal_energy),
                ("data edge", file.data_edge_energy, table.data_edge_energy),
                ("clock edge", file.clock_edge_energy, table.clock_edge_energy),
                ("delay", file.delay, table.delay),
                ("slope", file.delay_slope, table.delay_slope),
                ("setup", file.setup, table.setup),
            ] {
                if (found - expected).abs() > 0.02 * expected {
                    different.push(format!("{name} {figure}: {found} {expected}"));
                }
            }
        }
        assert!(different.is_empty(), "{different:#?}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let text = CellLibrary::nangate45().to_liberty();
        let message = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            CellLibrary::from_liberty(&text.replace(from, to)).unwrap_err().to_string()
        };
        assert!(
            message("function : \"A1 & A2\"", "function : \"A1\"")
                .contains("no cell is a gate of 2 inputs for And")
        );
        assert!(message("ff (IQ, IQN)", "gg (IQ, IQN)").contains("no cell is a flip-flop"));
        assert!(message("time_unit : \"1ns\"", "time_unit : \"1parsec\"").contains("`1parsec` is no unit"));
        assert!(message("area : 0.798", "area : much").contains("`area`: a number is expected, not `much`"));
    }
}

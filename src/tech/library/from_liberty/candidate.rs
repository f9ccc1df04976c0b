//! A cell of a Liberty file as far as it may stand for one of our gates, and its tables.

use super::function;
use super::units::Units;
use crate::netlist::Gate;
use crate::tech::liberty::{Group, LibertyError, Table};
use crate::tech::library::{Arc, CellTables, Edge, Pin};

/// A cell of a file.
pub(super) struct Candidate<'t> {
    pub file: &'t str,
    group: &'t Group<'t>,
    library: &'t Group<'t>,
    units: Units,
    pub area: f64,
    inputs: Vec<&'t Group<'t>>,
    outputs: Vec<&'t Group<'t>>,
    /// The truth table of each output over the inputs, where it is a function of at most three of them.
    functions: Vec<Option<u8>>,
}

/// An output that does a gate's work, and which input of the cell is which of the gate.
#[derive(Clone, Copy)]
pub(super) struct Role {
    output: usize,
    order: [usize; 3],
}

/// Clock and data pins, and the output, of a plain flip-flop.
#[derive(Clone, Copy)]
pub(super) struct FlipFlop<'t> {
    clock: &'t Group<'t>,
    data: &'t Group<'t>,
    output: usize,
}

fn name<'t>(group: &Group<'t>) -> &'t str {
    group.arguments.first().copied().unwrap_or("")
}

/// Whether an arc or an energy is told of a pin.
fn relates(group: &Group, pin: &str) -> bool {
    group.text("related_pin").is_some_and(|pins| pins.split_whitespace().any(|known| known == pin))
}

impl<'t> Candidate<'t> {
    pub fn of(
        file: &'t str,
        group: &'t Group<'t>,
        library: &'t Group<'t>,
        units: Units,
    ) -> Result<Self, LibertyError> {
        let pins = |direction: &'static str| {
            group.all("pin").filter(move |pin| pin.text("direction") == Some(direction)).collect::<Vec<_>>()
        };
        let (inputs, outputs) = (pins("input"), pins("output"));
        let names: Vec<&str> = inputs.iter().map(|pin| name(pin)).collect();
        let function = |pin: &&Group| match (pin.text("function"), names.len()) {
            (Some(text), 1..=3) => function::table(text, &function::inputs(&names)),
            _ => None,
        };
        let functions = outputs.iter().map(function).collect();
        // A cell that must not be used is as large as can be.
        let barred = group.text("dont_use") == Some("true");
        let area = if barred { f64::INFINITY } else { group.number("area")?.unwrap_or(f64::INFINITY) };
        Ok(Self { file, group, library, units, area, inputs, outputs, functions })
    }

    /// Area, and what the inputs load their drivers with: the least comes first.
    pub fn size(&self) -> [f64; 2] {
        let load = |pin: &&Group| pin.number("capacitance").ok().flatten().unwrap_or(f64::INFINITY);
        [self.area, self.inputs.iter().map(load).sum()]
    }

    fn plain(&self) -> bool {
        self.area.is_finite()
            && self.area > 0.0
            && !["ff", "latch", "statetable"]
                .iter()
                .any(|kind| self.group.groups.iter().any(|g| g.kind == *kind))
    }

    /// The output that is a gate, under any order of the pins; a full adder's have two, all other gates' cells one.
    pub fn role(&self, gate: Gate) -> Option<Role> {
        let outputs = if matches!(gate, Gate::Sum | Gate::Majority) { 2 } else { 1 };
        if !self.plain() || self.outputs.len() != outputs || self.inputs.len() != gate.inputs() {
            return None;
        }
        let mut orders = self.functions.iter().enumerate();
        orders.find_map(|(output, table)| Some(Role { output, order: function::order(gate, (*table)?)? }))
    }

    /// The output of a cell that does nothing but drive.
    pub fn buffer(&self) -> Option<Role> {
        let follows = self.functions.first().copied().flatten().is_some_and(|table| table & 3 == 0b10);
        let one = self.inputs.len() == 1 && self.outputs.len() == 1;
        (self.plain() && one && follows).then_some(Role { output: 0, order: [0; 3] })
    }

    /// The pins of a flip-flop with a rising clock and nothing else.
    pub fn flip_flop(&self) -> Option<FlipFlop<'t>> {
        let flip_flop = self.group.all("ff").next()?;
        let plain = self.inputs.len() == 2 && flip_flop.text("clear").or(flip_flop.text("preset")).is_none();
        let pin = |named: &str| self.inputs.iter().find(|pin| name(pin) == named).copied();
        let bare = |text: &'t str| text.trim().trim_matches(['(', ')']);
        let clock = pin(bare(flip_flop.text("clocked_on")?))?;
        let data = pin(bare(flip_flop.text("next_state")?))?;
        let state = flip_flop.arguments.first()?;
        let output = self.outputs.iter().position(|pin| pin.text("function").map(bare) == Some(*state))?;
        (plain && self.area.is_finite()).then_some(FlipFlop { clock, data, output })
    }

    /// The tables of an output that does a gate's work.
    pub fn tables(&self, role: Role, inputs: usize) -> Result<CellTables, LibertyError> {
        let order = &role.order[..inputs];
        let pins = order.iter().map(|at| {
            let mut pin = self.pin(self.inputs[*at], role.output)?;
            let table = self.functions[role.output].unwrap_or(0);
            pin.arcs = self.arcs(self.inputs[*at], role.output, |to| edges(table, *at, to))?;
            Ok(pin)
        });
        let pins = pins.collect::<Result<Vec<_>, LibertyError>>()?;
        self.checked(
            CellTables {
                cell: name(self.group).into(),
                output: name(self.outputs[role.output]).into(),
                pins,
                setup: None,
                leakage: self.leakage_by_state(order)?,
            },
            role.output,
        )
    }

    /// The tables of a flip-flop: pins are data and clock.
    pub fn register(
        &self,
        FlipFlop { clock, data, output }: FlipFlop<'t>,
    ) -> Result<CellTables, LibertyError> {
        let mut pins = vec![self.pin(data, output)?, self.pin(clock, output)?];
        pins[1].arcs = self.arcs(clock, output, |_| vec![Edge::Rise])?;
        let setup = data.all("timing").find(|arc| arc.text("timing_type") == Some("setup_rising"));
        let setup = setup.ok_or_else(|| self.missing(data, "timing of type `setup_rising`"))?;
        let time = self.units.time;
        let constraint = |kind: &str| Ok(self.table(setup, kind)?.scaled(time, time, time));
        let leakage = vec![self.leakage()?];
        self.checked(
            CellTables {
                cell: name(self.group).into(),
                output: name(self.outputs[output]).into(),
                pins,
                setup: Some([constraint("rise_constraint")?, constraint("fall_constraint")?]),
                leakage,
            },
            output,
        )
    }

    /// Nothing is priced at zero for want of a number.
    fn checked(&self, tables: CellTables, output: usize) -> Result<CellTables, LibertyError> {
        if tables.pins.iter().all(|pin| pin.powers.is_empty()) {
            return Err(self.missing(self.outputs[output], "tables of `internal_power`"));
        }
        Ok(tables)
    }

    fn missing(&self, group: &Group, what: &str) -> LibertyError {
        let message = format!("`{}` of the cell `{}` has no {what}", name(group), name(self.group));
        LibertyError::new(group.line, message)
    }

    fn table(&self, group: &Group, kind: &str) -> Result<Table, LibertyError> {
        let table = group.groups.iter().find(|table| table.kind == kind).ok_or_else(|| {
            let message =
                format!("`{}` of the cell `{}` has no table `{kind}`", group.kind, name(self.group));
            LibertyError::new(group.line, message)
        })?;
        Table::read(table, self.library)
    }

    /// An input without its ways to the output.
    fn pin(&self, pin: &Group, output: usize) -> Result<Pin, LibertyError> {
        let unit = self.units.capacitance;
        let capacitance =
            pin.number("capacitance")?.ok_or_else(|| self.missing(pin, "`capacitance`"))? * unit;
        let edge = |name: &str| Ok(pin.number(name)?.map_or(capacitance, |value| value * unit));
        let named = name(pin);
        let any = |group: &&Group| group.text("related_pin").is_none();
        Ok(Pin {
            name: named.into(),
            capacitance,
            edge_capacitances: [edge("rise_capacitance")?, edge("fall_capacitance")?],
            fanout: 1.0,
            arcs: vec![],
            powers: self.powers(self.outputs[output], |power| relates(power, named) || any(power))?,
            own_powers: self.powers(pin, |power| any(power))?,
        })
    }

    /// Energies told at a pin; of libraries that give every energy at both rails, that of the supply.
    fn powers(&self, pin: &Group, told: impl Fn(&&Group) -> bool) -> Result<Vec<Table>, LibertyError> {
        let groups = pin.all("internal_power").filter(|power| !self.at_ground(power)).filter(told);
        let tables = groups.flat_map(|power| &power.groups);
        let tables = tables.filter(|table| ["rise_power", "fall_power", "power"].contains(&table.kind));
        let Units { time, capacitance, energy, .. } = self.units;
        tables.map(|table| Ok(Table::read(table, self.library)?.scaled(time, capacitance, energy))).collect()
    }

    fn at_ground(&self, group: &Group) -> bool {
        let ground = |rail: &&str| {
            let mut pins = self.group.all("pg_pin");
            pins.any(|pin| {
                name(pin) == *rail && pin.text("pg_type").is_some_and(|kind| kind.ends_with("ground"))
            })
        };
        group.text("related_pg_pin").as_ref().is_some_and(ground)
    }

    /// Ways from an input to an output: those of set, reset and three-state are not among them. Where the file does not say
    /// whether a way is unate, the function does.
    fn arcs(
        &self,
        input: &Group,
        output: usize,
        by_function: impl Fn(Edge) -> Vec<Edge>,
    ) -> Result<Vec<Arc>, LibertyError> {
        let mut arcs = vec![];
        let (time, capacitance) = (self.units.time, self.units.capacitance);
        for timing in self.outputs[output].all("timing").filter(|timing| relates(timing, name(input))) {
            let ends: &[Edge] = match timing.text("timing_type") {
                None | Some("combinational" | "rising_edge") => &Edge::BOTH,
                Some("combinational_rise") => &[Edge::Rise],
                Some("combinational_fall") => &[Edge::Fall],
                Some(_) => continue,
            };
            for &to in ends {
                let (delay, transition, other) = match to {
                    Edge::Rise => ("cell_rise", "rise_transition", Edge::Fall),
                    Edge::Fall => ("cell_fall", "fall_transition", Edge::Rise),
                };
                let from = match (timing.text("timing_type"), timing.text("timing_sense")) {
                    (Some("rising_edge"), _) => vec![Edge::Rise],
                    (_, Some("positive_unate")) => vec![to],
                    (_, Some("negative_unate")) => vec![other],
                    (_, Some(_)) => Edge::BOTH.into(),
                    (_, None) => by_function(to),
                };
                let table = |kind| Ok(self.table(timing, kind)?.scaled(time, capacitance, time));
                arcs.push(Arc { from, to, delay: table(delay)?, transition: table(transition)? });
            }
        }
        if arcs.is_empty() {
            return Err(self.missing(self.outputs[output], &format!("timing from `{}`", name(input))));
        }
        Ok(arcs)
    }

    /// Leakage in nW where no state is told apart: the mean over those that are given, else the cell's.
    fn leakage(&self) -> Result<f64, LibertyError> {
        let (mut sum, mut count) = (0.0, 0u32);
        for (state, value) in self.leakages()? {
            if state.is_some() {
                (sum, count) = (sum + value, count + 1);
            }
        }
        if count > 0 { Ok(sum / f64::from(count)) } else { self.stateless_leakage() }
    }

    /// Leakage by the state of a gate's inputs, pin `i` bit `i`; the mean where the file has none for a state.
    fn leakage_by_state(&self, order: &[usize]) -> Result<Vec<f64>, LibertyError> {
        let names: Vec<&str> = self.inputs.iter().map(|pin| name(pin)).collect();
        let mut known = function::inputs(&names);
        let outputs = self.outputs.iter().zip(&self.functions);
        known.extend(outputs.filter_map(|(pin, table)| Some((name(pin), (*table)?))));
        let mut states = vec![];
        for (when, value) in self.leakages()? {
            if let Some(table) = when.and_then(|when| function::table(when, &known)) {
                states.push((table, value));
            }
        }
        let of = |state: usize| {
            let at = order.iter().enumerate().fold(0, |at, (bit, pin)| at | (state >> bit & 1) << pin);
            let found = states.iter().find(|(table, _)| table >> at & 1 == 1);
            found
                .map_or_else(|| self.stateless_leakage().or_else(|_| self.leakage()), |(_, value)| Ok(*value))
        };
        (0..1 << order.len()).map(of).collect()
    }

    fn stateless_leakage(&self) -> Result<f64, LibertyError> {
        let given = self.leakages()?.into_iter().find_map(|(state, value)| state.is_none().then_some(value));
        let whole = self.group.number("cell_leakage_power")?.map(|value| value * self.units.leakage);
        given.or(whole).ok_or_else(|| {
            LibertyError::new(self.group.line, format!("the cell `{}` has no leakage", name(self.group)))
        })
    }

    /// Leakages in nW and the states they hold in; of those at both rails, the ones of the supply.
    fn leakages(&self) -> Result<Vec<(Option<&'t str>, f64)>, LibertyError> {
        let groups = self.group.all("leakage_power").filter(|group| !self.at_ground(group));
        let value = |group: &'t Group<'t>| {
            let value = group.number("value")?;
            let value =
                value.ok_or_else(|| LibertyError::new(group.line, "`leakage_power` has no `value`"))?;
            Ok((group.text("when"), value * self.units.leakage))
        };
        groups.map(value).collect()
    }
}

/// The edges of an input that bring an edge of the output about, by the function alone.
fn edges(table: u8, pin: usize, to: Edge) -> Vec<Edge> {
    let value = |state: usize| table >> state & 1 == 1;
    let low = || (0..8usize).filter(|state| state >> pin & 1 == 0);
    let same = low().any(|state| !value(state) && value(state | 1 << pin));
    let opposite = low().any(|state| value(state) && !value(state | 1 << pin));
    Edge::BOTH.into_iter().filter(|from| if *from == to { same } else { opposite }).collect()
}

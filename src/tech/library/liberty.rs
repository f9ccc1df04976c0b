//! The library in the Liberty format, for tools that synthesise or analyse with it.

use std::fmt::Write;

use super::{BUFFER, CellFigures, CellLibrary};
use crate::netlist::Gate;
use crate::netlist::export::mapped::{REGISTER, mapping};

/// Loads in fF of the tables' columns; delays are straight lines between them.
const LOADS: [f64; 3] = [0.0, 10.0, 80.0];

impl CellLibrary {
    /// Writes the cells that netlists are mapped to, with their figures at the one working point that the table has and at
    /// the supply of the cells ([`CellLibrary::at`]), which is the text's `nom_voltage`.
    ///
    /// Delays are linear in the load and do not depend on the slew, rise and fall are alike, internal energy is given per
    /// transition and leakage is the mean over input states: what the table does not know, the text does not either.
    /// Units: 1 ns, 1 fF, 1 nW, 1 V.
    pub fn to_liberty(&self) -> String {
        self.written(Self::full_adder)
    }

    /// The same with the full adder as two cells, `FA_X1_S` and `FA_X1_CO`, half of it each, for tools that take no cell
    /// of two outputs.
    pub(crate) fn to_liberty_of_single_outputs(&self) -> String {
        self.written(|library, out| {
            for gate in [Gate::Sum, Gate::Majority] {
                let (name, _, output) = mapping(gate);
                library.gate(out, &format!("{name}_{output}"), gate);
            }
        })
    }

    fn written(&self, full_adder: impl Fn(&Self, &mut String)) -> String {
        self.restated().written_as_it_is(full_adder)
    }

    /// The same library with the figures that its cells have at their supply.
    fn restated(&self) -> Self {
        let at = |figures: &CellFigures| self.at_its_supply(figures);
        Self {
            gates: self.gates.iter().map(|(gate, figures)| (*gate, at(figures))).collect(),
            register: at(&self.register),
            buffer: at(&self.buffer),
            voltage: self.supply,
            source: self.at_supply(&self.source),
            ..self.clone()
        }
    }

    fn at_its_supply(&self, figures: &CellFigures) -> CellFigures {
        let (slowing, energy) = (self.slowing()[0], self.energy_factor());
        CellFigures {
            leakage: figures.leakage * self.leakage_factor(),
            internal_energy: figures.internal_energy * energy,
            data_edge_energy: figures.data_edge_energy * energy,
            clock_edge_energy: figures.clock_edge_energy * energy,
            delay: figures.delay * slowing,
            delay_slope: figures.delay_slope * slowing,
            setup: figures.setup * slowing,
            ..*figures
        }
    }

    fn written_as_it_is(&self, full_adder: impl Fn(&Self, &mut String)) -> String {
        let mut out = format!(
            "/* {}. One working point per cell, delays linear in the load. */
library ({}) {{
  delay_model : table_lookup;
  time_unit : \"1ns\";
  voltage_unit : \"1V\";
  current_unit : \"1mA\";
  leakage_power_unit : \"1nW\";
  capacitive_load_unit (1, ff);
  nom_voltage : {};
  nom_temperature : {};
  nom_process : 1;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 30;
  slew_upper_threshold_pct_rise : 70;
  slew_lower_threshold_pct_fall : 30;
  slew_upper_threshold_pct_fall : 70;
  lu_table_template (loads) {{
    variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance;
    index_1 (\"0, 1\");
    index_2 (\"{}\");
  }}
",
            self.source,
            self.name,
            self.voltage.0,
            self.temperature.0,
            LOADS.map(|load| load.to_string()).join(", "),
        );
        for gate in Gate::ALL.into_iter().filter(|gate| !matches!(gate, Gate::Sum | Gate::Majority)) {
            self.gate(&mut out, mapping(gate).0, gate);
        }
        head(&mut out, BUFFER.0, self.buffer.area, self.buffer.leakage);
        inputs(&mut out, &["A"], self.buffer.input_capacitance);
        self.output(&mut out, BUFFER.1, "A".into(), &["A"], &self.buffer);
        out += "  }\n";
        full_adder(self, &mut out);
        self.flip_flop(&mut out);
        out + "}\n"
    }

    fn gate(&self, out: &mut String, name: &str, gate: Gate) {
        let (_, pins, output) = mapping(gate);
        let figures = &self.gates[&gate];
        head(out, name, figures.area, figures.leakage);
        inputs(out, pins, figures.input_capacitance);
        self.output(out, output, function(gate, pins), pins, figures);
        *out += "  }\n";
    }

    fn full_adder(&self, out: &mut String) {
        let [sum, carry] = [Gate::Sum, Gate::Majority];
        let (name, pins, _) = mapping(sum);
        let both = |figure: fn(&CellFigures) -> f64| figure(&self.gates[&sum]) + figure(&self.gates[&carry]);
        head(out, name, both(|figures| figures.area), both(|figures| figures.leakage));
        inputs(out, pins, both(|figures| figures.input_capacitance));
        for gate in [sum, carry] {
            self.output(out, mapping(gate).2, function(gate, pins), pins, &self.gates[&gate]);
        }
        *out += "  }\n";
    }

    fn flip_flop(&self, out: &mut String) {
        let figures = &self.register;
        head(out, REGISTER, figures.area, figures.leakage);
        *out += "    ff (IQ, IQN) { next_state : \"D\"; clocked_on : \"CK\"; }\n";
        let pin = |out: &mut String, name: &str, further: &str, edge: f64| {
            let capacitance = figures.input_capacitance;
            let _ =
                writeln!(out, "    pin ({name}) {{ direction : input; capacitance : {capacitance};{further}");
            let _ = writeln!(out, "      internal_power () {{ {} }}", energies(edge));
        };
        pin(out, "D", "", figures.data_edge_energy);
        let setup = ["rise_constraint", "fall_constraint"].map(|kind| scalar(kind, figures.setup / 1e3));
        let kind = "related_pin : \"CK\"; timing_type : setup_rising;";
        let _ = writeln!(out, "      timing () {{ {kind} {} }}\n    }}", setup.join(" "));
        pin(out, "CK", " clock : true;", figures.clock_edge_energy);
        *out += "    }\n";
        self.output(out, "Q", "IQ".into(), &["CK"], figures);
        *out += "  }\n";
    }

    fn output(&self, out: &mut String, pin: &str, function: String, inputs: &[&str], figures: &CellFigures) {
        let _ = writeln!(
            out,
            "    pin ({pin}) {{ direction : output; function : \"{function}\"; max_capacitance : 80;"
        );
        let delay = LOADS.map(|load| {
            let picoseconds = figures.delay + figures.delay_slope * (load - self.load);
            format!("{:.6}", picoseconds.max(0.0) / 1e3)
        });
        let row = delay.join(", ");
        for input in inputs {
            let kind = if *input == "CK" { " timing_type : rising_edge;" } else { "" };
            let _ = writeln!(out, "      timing () {{ related_pin : \"{input}\";{kind}");
            for table in ["cell_rise", "cell_fall", "rise_transition", "fall_transition"] {
                let _ = writeln!(out, "        {table} (loads) {{ values (\"{row}\", \"{row}\"); }}");
            }
            *out += "      }\n";
            let energies = energies(figures.internal_energy);
            let _ = writeln!(out, "      internal_power () {{ related_pin : \"{input}\"; {energies} }}");
        }
        *out += "    }\n";
    }
}

fn scalar(kind: &str, value: f64) -> String {
    format!("{kind} (scalar) {{ values (\"{value:.6}\"); }}")
}

fn energies(edge: f64) -> String {
    ["rise_power", "fall_power"].map(|kind| scalar(kind, edge)).join(" ")
}

fn head(out: &mut String, name: &str, area: f64, leakage: f64) {
    let _ = writeln!(out, "  cell ({name}) {{\n    area : {area};\n    cell_leakage_power : {leakage};");
}

fn inputs(out: &mut String, pins: &[&str], capacitance: f64) {
    for pin in pins {
        let _ = writeln!(out, "    pin ({pin}) {{ direction : input; capacitance : {capacitance}; }}");
    }
}

fn function(gate: Gate, pins: &[&str]) -> String {
    let [a, b, c] = [0, 1, 2].map(|pin| pins.get(pin).copied().unwrap_or_default());
    match gate {
        Gate::Not => format!("!{a}"),
        Gate::And => format!("{a} & {b}"),
        Gate::Or => format!("{a} | {b}"),
        Gate::Xor => format!("{a} ^ {b}"),
        Gate::Nand => format!("!({a} & {b})"),
        Gate::Nor => format!("!({a} | {b})"),
        Gate::Xnor => format!("!({a} ^ {b})"),
        Gate::Mux => format!("({a} & {b}) | (!{a} & {c})"),
        Gate::And3 => format!("{a} & {b} & {c}"),
        Gate::Or3 => format!("{a} | {b} | {c}"),
        Gate::Nand3 => format!("!({a} & {b} & {c})"),
        Gate::Nor3 => format!("!({a} | {b} | {c})"),
        Gate::Aoi21 => format!("!({a} | ({b} & {c}))"),
        Gate::Oai21 => format!("!({a} & ({b} | {c}))"),
        Gate::Sum => format!("{a} ^ {b} ^ {c}"),
        Gate::Majority => format!("({a} & {b}) | ({c} & ({a} | {b}))"),
    }
}

//! A library written by hand, small enough for paths computed by hand: an inverter with tables, gates with constants.

use super::CellLibrary;

/// Over slew (0 and 100 ps) and load (0 and 10 fF); delays and slews of the inverter, by hand:
/// rise 10 + 2·load + 0.1·slew + 0.02·slew·load, its slew 8 + 4·load; fall 5 + load + 0.05·slew, its slew 6 + 2·load.
const INVERTER: &str = r#"
  cell (INV) { area : 1;
    leakage_power () { when : "!A"; value : 10; }
    leakage_power () { value : 7; }
    pin (A) { direction : input; capacitance : 2; rise_capacitance : 1; fall_capacitance : 2; }
    pin (Y) { direction : output; function : "!A";
      timing () { related_pin : "A"; timing_sense : negative_unate;
        cell_rise (both) { values ("10, 30", "20, 60"); }
        cell_fall (both) { values ("5, 15", "10, 20"); }
        rise_transition (turned) { values ("8, 8", "48, 48"); }
        fall_transition (load) { values ("6, 26"); } }
      internal_power () { related_pin : "A";
        rise_power (slew) { values ("4, 14"); } fall_power (scalar) { values ("2"); } } } }
"#;

/// A flip-flop: setup of a rising data pin 3 + 0.1·clock slew + 0.2·data slew, of a falling one 5.
const FLIP_FLOP: &str = r#"
  cell (FF) { area : 4; cell_leakage_power : 20;
    ff (IQ, IQN) { next_state : "D"; clocked_on : "C"; }
    pin (C) { direction : input; clock : true; capacitance : 1;
      internal_power () { rise_power (scalar) { values ("6"); } fall_power (scalar) { values ("4"); } } }
    pin (D) { direction : input; capacitance : 1;
      internal_power () { rise_power (slew) { values ("1, 3"); } fall_power (slew) { values ("1, 3"); } }
      timing () { related_pin : "C"; timing_type : setup_rising;
        rise_constraint (setup) { values ("3, 13", "23, 33"); } fall_constraint (scalar) { values ("5"); } } }
    pin (Q) { direction : output; function : "IQ";
      timing () { related_pin : "C"; timing_type : rising_edge;
        cell_rise (scalar) { values ("70"); } cell_fall (load) { values ("50, 60"); }
        rise_transition (scalar) { values ("20"); } fall_transition (scalar) { values ("30"); } }
      internal_power () { related_pin : "C";
        rise_power (scalar) { values ("9"); } fall_power (scalar) { values ("11"); } } } }
"#;

const TEMPLATES: &str = r#"
  lu_table_template (both) { variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0, 100"); index_2 ("0, 10"); }
  lu_table_template (turned) { variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;
    index_1 ("0, 10"); index_2 ("0, 100"); }
  lu_table_template (load) { variable_1 : total_output_net_capacitance; index_1 ("0, 10"); }
  power_lut_template (slew) { variable_1 : input_transition_time; index_1 ("0, 100"); }
  lu_table_template (setup) { variable_1 : constrained_pin_transition; variable_2 : related_pin_transition;
    index_1 ("0, 100"); index_2 ("0, 100"); }
"#;

/// The text: units 1 ps, 1 fF, 1 nW and 2 V.
pub(super) fn text() -> String {
    let gate = |(name, function): (&str, &str)| {
        let pins = ["A", "B"].map(|pin| format!("pin ({pin}) {{ direction : input; capacitance : 1; }}"));
        let of_pins = ["A", "B"].map(|pin| {
            let tables = ["cell_rise", "cell_fall", "rise_transition", "fall_transition"];
            let tables = tables.map(|table| format!("{table} (scalar) {{ values (\"40\"); }}")).concat();
            format!(
                "timing () {{ related_pin : \"{pin}\"; {tables} }} \
                 internal_power () {{ related_pin : \"{pin}\"; power (scalar) {{ values (\"1\"); }} }}"
            )
        });
        format!(
            "  cell ({name}) {{ area : 2; cell_leakage_power : 5; {} pin (Y) {{ direction : output; \
             function : \"{function}\"; {} }} }}\n",
            pins.concat(),
            of_pins.concat()
        )
    };
    let gates = [
        ("AND", "A & B"),
        ("OR", "A | B"),
        ("XOR", "A ^ B"),
        ("NAND", "!(A & B)"),
        ("NOR", "!(A | B)"),
        ("XNOR", "!(A ^ B)"),
    ];
    let head = "library (hand) {\n  time_unit : \"1ps\";\n  capacitive_load_unit (1, ff);\n  \
        leakage_power_unit : \"1nW\";\n  nom_voltage : 2;\n";
    let gates = gates.map(gate).concat();
    format!("{head}{TEMPLATES}{INVERTER}{FLIP_FLOP}{gates}}}\n")
}

pub(super) fn library() -> CellLibrary {
    CellLibrary::from_liberty(&[("hand.lib", &text())]).expect("the text is well formed")
}

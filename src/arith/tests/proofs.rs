//! Formal proofs, where trying every pair would take too long.

use std::time::Duration;

use crate::arith::{GROUPS, design};
use crate::netlist::import::verilog;
use crate::netlist::{Proof, prove};
use crate::tech::CellLibrary;

/// Formally, where trying every pair would take 2^64 of them.
#[test]
fn exact_adders_of_every_structure_are_proved_equal_at_32_bits() {
    let minute = Duration::from_secs(60);
    for sign in ["u", "s"] {
        let ripple = design(&format!("add32{sign}_exact")).unwrap().netlist();
        for family in GROUPS[0].families {
            let values: Vec<u32> = family.choices(32, 1).swap_remove(0);
            let netlist = design(&format!("add32{sign}_{}", family.suffix(&values))).unwrap().netlist();
            assert_eq!(prove(&ripple, &netlist, minute), Proof::Equal, "{} {sign}", family.name);
        }
    }
}

/// The definition in Verilog, read by another way than the generator's: ors below, a carry of the last pair into the rest.
#[test]
fn a_lower_part_or_adder_is_proved_to_be_its_definition_at_32_bits() {
    let text = "module loa(input [31:0] a, b, output [32:0] y);\n  assign y[7:0] = a[7:0] | b[7:0];\n  \
        assign y[32:8] = a[31:8] + b[31:8] + (a[7] & b[7]);\nendmodule\n";
    let ours = design("add32u_loa_k8").unwrap().netlist();
    let read = |text: &str| verilog::read(text, "").unwrap();
    let minute = Duration::from_secs(60);
    assert_eq!(prove(&ours, &read(text), minute), Proof::Equal);
    let other = read(&text.replace("a[7] & b[7]", "a[6] & b[6]"));
    assert!(matches!(prove(&ours, &other, minute), Proof::Differ(_)));
}

#[test]
fn multipliers_are_proved_where_their_structures_are_alike_and_open_where_not() {
    let gates = |id: &str| design(id).unwrap().netlist();
    let (array, minute) = (gates("mul16u_array"), Duration::from_secs(60));
    let cells = CellLibrary::nangate45().map(&array);
    assert_eq!(prove(&array, &cells, minute), Proof::Equal);
    let soon = Duration::from_millis(200);
    assert_eq!(prove(&array, &gates("mul16u_dadda"), soon), Proof::Open);
    assert!(matches!(prove(&array, &gates("mul16u_trunc_t1"), soon), Proof::Differ(_)));
}

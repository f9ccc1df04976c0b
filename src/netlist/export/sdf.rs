//! Standard delay format (IEEE 1497-2001) of a circuit in library cells.

use std::fmt::Write;

use super::mapped::{Named, instances_as, shipped};
use crate::netlist::{Cell, Netlist};

/// Least, typical and greatest delay of a cell in picoseconds.
pub type Triple = [f64; 3];

/// Writes the delay of every cell, from each of its inputs to each of its outputs, names as in [`super::mapped::write`];
/// `delays` holds those of each net's driver.
///
/// Rise and fall are alike. A register has one from the rising clock to its output.
///
/// ```
/// use axsim::netlist::{Builder, export::sdf};
/// let mut build = Builder::new("inverter");
/// let a = build.input("a", 1)[0];
/// let y = build.not(a);
/// build.output("y", vec![y]);
/// let text = sdf::write(&build.finish(), &[[0.0; 3], [8.0, 10.0, 12.5]], "by hand");
/// assert!(text.contains("(IOPATH A ZN (8:10:12.5) (8:10:12.5))"));
/// ```
///
/// # Panics
/// When there is not one delay per net.
pub fn write(netlist: &Netlist, delays: &[Triple], about: &str) -> String {
    write_as(netlist, delays, about, shipped)
}

/// As [`write()`], for the cells that `named` names, as in [`super::mapped::write_as`].
///
/// # Panics
/// When there is not one delay per net.
pub fn write_as<'a>(
    netlist: &Netlist,
    delays: &[Triple],
    about: &str,
    named: impl Fn(&Cell) -> Named<'a>,
) -> String {
    assert_eq!(netlist.cells().len(), delays.len(), "one delay per net");
    let name = netlist.name();
    let mut out = format!(
        "(DELAYFILE\n  (SDFVERSION \"3.0\")\n  (DESIGN \"{name}\")\n  (VENDOR \"{about}\")\n  (PROGRAM \"axsim\")\n  \
         (DIVIDER /)\n  (TIMESCALE 1ps)\n"
    );
    let register = named(&Cell::State);
    for instance in instances_as(netlist, &named) {
        let _ = writeln!(out, "  (CELL (CELLTYPE \"{}\") (INSTANCE {})", instance.cell, instance.name);
        out += "    (DELAY (ABSOLUTE\n";
        let clocked = [format!("(posedge {})", register.pins[1])];
        let inputs: Vec<&String> = if instance.cell == register.cell {
            clocked.iter().collect()
        } else {
            instance.inputs.iter().map(|(pin, _)| pin).collect()
        };
        for (output, net) in &instance.outputs {
            let [low, typical, high] = delays[net.index()];
            let triple = format!("({low}:{typical}:{high})");
            for input in &inputs {
                let _ = writeln!(out, "      (IOPATH {input} {output} {triple} {triple})");
            }
        }
        out += "    ))\n  )\n";
    }
    out + ")\n"
}

//! What the targets of several readers share.

pub mod fields;

use std::fmt::Debug;

use axsim::netlist::{Lanes, Netlist};

/// Cells up to which a circuit is written and read again.
const SMALL: usize = 4096;

/// Any text is a circuit or an error; a circuit is written and read back as the same function.
pub fn round_trip<E: Debug>(
    text: &str,
    read: impl Fn(&str) -> Result<Netlist, E>,
    write: impl Fn(&Netlist) -> String,
) {
    let Ok(netlist) = read(text) else { return };
    if netlist.cells().len() <= SMALL {
        let again = read(&write(&netlist)).expect("what we write is read");
        assert_eq!(outputs(&netlist), outputs(&again));
    }
}

/// All outputs in three clocks, for some inputs.
fn outputs(netlist: &Netlist) -> Vec<Vec<[u64; 1]>> {
    let width: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
    let mut lanes = Lanes::<1>::new(netlist);
    let mut word = 1u64;
    let clock = |_| {
        let mut random = || {
            word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            [word ^ word >> 32]
        };
        lanes.step(&(0..width).map(|_| random()).collect::<Vec<_>>());
        (0..netlist.outputs().len()).flat_map(|bus| lanes.output(bus)).collect()
    };
    (0..3).map(clock).collect()
}

//! Delays of cells in the standard delay format, out and in.

use super::{CellLibrary, TICK};
use crate::netlist::Netlist;
use crate::netlist::export::sdf::Triple;

/// Least and greatest delay over the typical one, as of [`super::Timing`].
const BAND: [f64; 2] = [0.8, 1.2];

impl CellLibrary {
    /// Least, typical and greatest delay of the driver of every net in picoseconds; the typical ones are those that
    /// [`CellLibrary::delays`] simulates with.
    pub fn delay_triples(&self, netlist: &Netlist) -> Vec<Triple> {
        // To a thousandth of a picosecond, so that 0.8 · 44 is written as 35.2.
        let rounded = |delay: f64| (delay * 1000.0).round() / 1000.0;
        let triple = |ticks: u32| {
            let typical = f64::from(ticks) * TICK;
            [rounded(typical * BAND[0]), typical, rounded(typical * BAND[1])]
        };
        self.delays(netlist).into_iter().map(triple).collect()
    }
}

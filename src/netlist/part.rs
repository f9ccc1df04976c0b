//! A part of a circuit, fed by what the rest of it gives.

use super::{Bus, Cell, Net, Netlist};

impl Netlist {
    /// The registers, and the gates that an input bus reaches within a clock; what the other gates give comes from outside,
    /// on the bus `given`. Every net keeps its place.
    ///
    /// # Panics
    /// When there is no such input bus.
    pub fn reached_from(&self, bus: &str) -> Netlist {
        let (_, start) =
            self.inputs.iter().find(|(name, _)| name == bus).expect("the bus is one of the circuit's");
        let mut reached = vec![false; self.cells.len()];
        start.iter().for_each(|net| reached[net.index()] = true);
        let mut part = self.clone();
        let mut given = Bus::new();
        for (at, cell) in self.cells.iter().enumerate().filter(|(_, cell)| matches!(cell, Cell::Gate(..))) {
            reached[at] = cell.reads().iter().any(|net| reached[net.index()]);
            if !reached[at] {
                part.cells[at] = Cell::Input;
                given.push(Net(at as u32));
            }
        }
        part.inputs.push(("given".into(), given));
        part
    }
}

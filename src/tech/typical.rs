//! What cells do on the mean: one delay a cell for the event-driven simulation, and the slews that energies are looked up at.

use super::CellLibrary;
use crate::netlist::{Cell, Netlist};

/// The resolution in ps at which gates answer one after the other; a gate takes ten times as long.
pub const TICK: f64 = 2.0;

/// The mean answer of a cell over its inputs and edges, in ps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Answer {
    pub delay: f64,
    /// Of its output.
    pub slew: f64,
}

impl CellLibrary {
    /// Mean delay and slew of every cell under `loads`, slews handed on from cell to cell.
    pub(super) fn typical(&self, netlist: &Netlist, loads: &[f64]) -> Vec<Answer> {
        let mut answers: Vec<Answer> = Vec::with_capacity(loads.len());
        for (cell, &load) in netlist.cells().iter().zip(loads) {
            let slew = |pin: usize| cell.reads().get(pin).map_or(self.slew, |net| answers[net.index()].slew);
            let answer = self.tables(cell).map(|tables| tables.mean_answer(slew, load));
            let (delay, slew) = answer.unwrap_or((0.0, self.slew));
            answers.push(Answer { delay, slew });
        }
        answers
    }

    /// Delay of every cell under the pins it drives within the circuit, in ticks of [`TICK`], at least one for what
    /// takes time at all; for [`crate::netlist::Timed`].
    ///
    /// A cell has one delay: the mean over its inputs and edges, each looked up at the mean slew that its input has.
    pub fn delays(&self, netlist: &Netlist) -> Vec<u32> {
        let answers = self.typical(netlist, &self.loads(netlist));
        let ticks = |(cell, answer): (&Cell, Answer)| match cell {
            Cell::Input | Cell::Constant(_) => 0,
            Cell::Gate(..) | Cell::State => ((answer.delay * self.slowing()[0] / TICK).round() as u32).max(1),
        };
        netlist.cells().iter().zip(answers).map(ticks).collect()
    }

    /// Delay in ps of every cell at the supply of the figures, before rounding; of an input that of the register that drives it.
    pub(super) fn mean_delays(&self, netlist: &Netlist) -> Vec<f64> {
        let loads = self.loads(netlist);
        let answers = self.typical(netlist, &loads);
        let delay = |((cell, answer), load): ((&Cell, Answer), f64)| match cell {
            Cell::Input => self.register_tables.mean_answer(|_| self.slew, load).0,
            _ => answer.delay,
        };
        netlist.cells().iter().zip(answers).zip(loads).map(delay).collect()
    }
}

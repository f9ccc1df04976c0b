//! The longest path through a netlist.

use super::CellLibrary;
use crate::netlist::{Cell, Net, Netlist};
use crate::units::Seconds;

/// The resolution in ps at which gates answer one after the other; a gate takes ten times as long.
pub const TICK: f64 = 2.0;

/// How long a netlist needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// Delay of the longest path: input or clock edge to output or setup.
    pub delay: Seconds,
    /// The delay less 20 %: what a one-point table cannot exclude below.
    pub low: Seconds,
    /// The delay plus 20 %: what a one-point table cannot exclude above.
    pub high: Seconds,
    /// The cells on the longest path, the input or clock edge first.
    pub path: Vec<Step>,
}

/// A cell of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its output.
    pub net: Net,
    /// When the output has changed.
    pub arrival: Seconds,
    /// What it drives in fF.
    pub load: f64,
}

impl CellLibrary {
    /// Delay in ps of a cell that drives `load` fF: its mean arc, and the slope from the table's load on.
    fn delay(&self, cell: &Cell, load: f64) -> f64 {
        self.figures(cell).map_or(0.0, |f| (f.delay + f.delay_slope * (load - self.load)).max(0.0))
            * self.slowing()[0]
    }

    /// Delay of every cell under the pins it drives within the circuit, in ticks of [`TICK`], at least one for what
    /// takes time at all; for [`crate::netlist::Timed`].
    pub fn delays(&self, netlist: &Netlist) -> Vec<u32> {
        let loads = self.loads(netlist);
        let ticks = |(cell, load): (&Cell, &f64)| match cell {
            Cell::Input | Cell::Constant(_) => 0,
            Cell::Gate(..) | Cell::State => ((self.delay(cell, *load) / TICK).round() as u32).max(1),
        };
        netlist.cells().iter().zip(&loads).map(ticks).collect()
    }

    /// The longest path with mean arcs, `d + slope · (load − library load)` per cell.
    ///
    /// Register to register paths include clock-to-output and setup; an output port drives one inverter. One working point per cell brackets
    /// the delay by ±20 % (mean arcs 1.19 ns, a timing analyser 1.48 ns, largest arcs 1.78 ns on one
    /// 295-cell multiplier), which is returned with it.
    pub fn critical_path(&self, netlist: &Netlist) -> Timing {
        let mut loads = self.loads(netlist);
        let ports = netlist.outputs().iter().flat_map(|(_, bus)| bus);
        ports.for_each(|net| loads[net.index()] += self.port_load());
        let mut arrival: Vec<f64> = Vec::with_capacity(loads.len());
        for (cell, load) in netlist.cells().iter().zip(&loads) {
            let start = cell.reads().iter().map(|net| arrival[net.index()]).fold(0.0, f64::max);
            arrival.push(start + self.delay(cell, *load));
        }
        let setup = self.setup();
        let ports = netlist.outputs().iter().flat_map(|(_, bus)| bus).map(|&net| (net, arrival[net.index()]));
        let registers = netlist.registers().iter().map(|r| (r.next, arrival[r.next.index()] + setup));
        let last = ports.chain(registers).max_by(|a, b| a.1.total_cmp(&b.1));
        let delay = Seconds(last.map_or(0.0, |(_, at)| at) * 1e-12);
        let step =
            |net: Net| Step { net, arrival: Seconds(arrival[net.index()] * 1e-12), load: loads[net.index()] };
        let path = last.map_or(vec![], |(net, _)| trace(netlist, &arrival, net));
        let path = path.into_iter().map(step).collect();
        Timing { delay, low: delay * 0.8, high: delay * 1.2, path }
    }
}

/// A circuit and its clock on a grid of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Delay of every cell in steps; that of an input is the one of the register that drives it.
    pub delays: Vec<u32>,
    /// Steps of a clock period.
    pub period: u32,
    /// Steps that a register's data must be there before the edge.
    pub setup: u32,
}

impl Grid {
    /// Whether a period holds the delay of each register, and of those that drive the inputs, and the setup time after it.
    pub fn holds_registers(&self, netlist: &Netlist) -> bool {
        let driven = |cell: &Cell| matches!(cell, Cell::Input | Cell::State);
        let mut cells = netlist.cells().iter().zip(&self.delays).filter(|(cell, _)| driven(cell));
        cells.all(|(_, delay)| delay + self.setup < self.period)
    }
}

impl CellLibrary {
    /// A circuit between registers under a clock, time in steps of `step`: for [`crate::netlist::Timed::clock`] and
    /// [`crate::netlist::Clocked`].
    ///
    /// Arrival times are rounded, not delays, so that errors do not add up along a path; everything takes a step at least.
    pub fn grid(&self, netlist: &Netlist, period: Seconds, step: Seconds) -> Grid {
        let steps = |picoseconds: f64| (picoseconds * 1e-12 / step.0).round() as u32;
        let loads = self.loads(netlist);
        let (mut exact, mut rounded) = (vec![0.0; loads.len()], vec![0u32; loads.len()]);
        let mut delays = vec![0; loads.len()];
        for (at, cell) in netlist.cells().iter().enumerate() {
            let source = if *cell == Cell::Input { Cell::State } else { *cell };
            let (mut start, mut before) = (0.0, 0);
            for net in cell.reads() {
                start = f64::max(start, exact[net.index()]);
                before = before.max(rounded[net.index()]);
            }
            exact[at] = start + self.delay(&source, loads[at]);
            rounded[at] = steps(exact[at]).max(before + 1);
            delays[at] = rounded[at] - before;
        }
        Grid { delays, period: steps(period.0 * 1e12), setup: steps(self.setup()).max(1) }
    }

    /// Setup time of a register in ps.
    fn setup(&self) -> f64 {
        self.figures(&Cell::State).map_or(0.0, |figures| figures.setup * self.slowing()[0])
    }
}

fn trace(netlist: &Netlist, arrival: &[f64], end: Net) -> Vec<Net> {
    let mut path = vec![end];
    let latest = |net: Net| {
        let reads = netlist.cells()[net.index()].reads().iter().copied();
        reads.max_by(|a, b| arrival[a.index()].total_cmp(&arrival[b.index()]))
    };
    while let Some(net) = latest(path[path.len() - 1]) {
        path.push(net);
    }
    path.reverse();
    path
}

//! Delays of cells in the standard delay format, out and in.

mod read;
mod tree;

use std::collections::HashMap;

use super::{CellLibrary, TICK};
use crate::netlist::export::sdf::Triple;
use crate::netlist::{Cell, Instance, Net, Netlist};
use crate::units::Seconds;
pub use read::Sdf;
use read::{Arc, Delay};
use tree::Node;

impl CellLibrary {
    /// Least, typical and greatest delay of the driver of every net in picoseconds; the typical ones are those that
    /// [`CellLibrary::delays`] simulates with, the others as far off as the library's band says.
    pub fn delay_triples(&self, netlist: &Netlist) -> Vec<Triple> {
        // To a thousandth of a picosecond, so that 0.8 · 44 is written as 35.2.
        let rounded = |delay: f64| (delay * 1000.0).round() / 1000.0;
        let triple = |ticks: u32| {
            let typical = f64::from(ticks) * TICK;
            [rounded(typical * (1.0 - self.band)), typical, rounded(typical * (1.0 + self.band))]
        };
        self.delays(netlist).into_iter().map(triple).collect()
    }
}

/// A fault of a delay file and its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct SdfError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub fault: SdfFault,
}

/// What is wrong with a delay file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdfFault {
    /// No list of words.
    #[error("{0}")]
    Syntax(&'static str),
    /// Something else stands where this belongs.
    #[error("{0} is expected")]
    Expected(&'static str),
    /// A construct that is not read.
    #[error(
        "{0} is not read; delays are written as `(ABSOLUTE (IOPATH …))`, `(INTERCONNECT …)` or `(PORT …)`"
    )]
    Unsupported(String),
    /// A time scale that is none.
    #[error("`{0}` is no time scale; write 1, 10 or 100 and s, ms, us, ns, ps or fs, as in `1ns`")]
    Timescale(String),
    /// An instance that the circuit does not have.
    #[error("the circuit has no instance `{0}`")]
    Instance(String),
    /// A port that the circuit does not have.
    #[error("the circuit has no output `{0}`")]
    Port(String),
    /// An instance of another cell.
    #[error("`{name}` is `{found}` in the circuit, not `{cell}`: does the file belong to another circuit?")]
    Cell {
        /// The instance.
        name: String,
        /// Its cell in the delay file.
        cell: String,
        /// Its cell in the circuit.
        found: String,
    },
    /// A pin that a cell does not have.
    #[error("`{instance}` has no input pin `{pin}`")]
    Pin {
        /// The instance.
        instance: String,
        /// The pin.
        pin: String,
    },
    /// Cells without a delay; the line is that of the whole file.
    #[error("{count} of the circuit's cells have no delay in the file, the first are {first}")]
    Missing {
        /// How many.
        count: usize,
        /// Names of some.
        first: String,
    },
}

impl SdfError {
    fn new(line: u32, fault: SdfFault) -> Self {
        Self { line, fault }
    }

    fn expected(node: &Node<'_>, what: &'static str) -> Self {
        Self::new(node.line, SdfFault::Expected(what))
    }
}

/// Delays of a file for the cells of a circuit.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation {
    /// Ticks of every cell, for [`crate::netlist::Timed`].
    pub delays: Vec<u32>,
    /// The longest path, from an input or a clock edge to an output or to the data pin of a register, without its setup
    /// time, which is not read.
    pub longest: Seconds,
}

impl Annotation {
    /// Picoseconds of a tick: finer than [`TICK`], because delays of others are taken as they are.
    pub const TICK: f64 = 1.0;

    /// Gives every cell of a circuit its delay; `instances` names the cells as the file does
    /// ([`crate::netlist::import::verilog::read_cells`], [`crate::netlist::export::mapped::instances`]).
    ///
    /// A cell answers after the mean of its paths to the output, rise and fall alike, each with the wire to its pin, and
    /// takes a tick at least. A cell of several gates takes a tick for each but the last. The longest path adds the larger of rise and
    /// fall, path by path and wire by wire, whatever can follow what: a bound from above but for setup times.
    ///
    /// # Errors
    /// [`SdfError`] where names do not fit, or cells that are needed have no delay.
    ///
    /// ```
    /// use axsim::{netlist::import::verilog, tech::sdf::{Annotation, Sdf}};
    /// let text = "module m(input a, b, output y);\n  NAND2_X1 U1 (.A1(a), .A2(b), .ZN(y));\nendmodule\n";
    /// let (netlist, instances) = verilog::read_cells(text, "").unwrap();
    /// let sdf = "(DELAYFILE (TIMESCALE 1ps) (CELL (CELLTYPE \"NAND2_X1\") (INSTANCE U1) (DELAY (ABSOLUTE
    ///   (IOPATH A1 ZN (10) (14)) (IOPATH A2 ZN (11) (17))))))";
    /// let found = Annotation::of(&netlist, &instances, &Sdf::read(sdf).unwrap()).unwrap();
    /// assert_eq!((found.delays[2], found.longest.0 * 1e12), (13, 17.0));
    /// ```
    pub fn of(netlist: &Netlist, instances: &[Instance], sdf: &Sdf) -> Result<Self, SdfError> {
        let named: HashMap<&str, usize> =
            instances.iter().enumerate().map(|(at, instance)| (&*instance.name, at)).collect();
        let wires = wires(netlist, instances, &named, sdf)?;
        let mut paths: Vec<Vec<Path>> = vec![vec![]; netlist.cells().len()];
        for arc in &sdf.arcs {
            let fault = |fault| SdfError::new(arc.line, fault);
            let unknown = || fault(SdfFault::Instance(arc.instance.clone()));
            let at = *named.get(&*arc.instance).ok_or_else(unknown)?;
            if let Some((net, path)) = path(at, &instances[at], arc, &wires).map_err(fault)? {
                paths[net.index()].push(path);
            }
        }
        missing(netlist, instances, &paths)?;
        let arrivals = arrivals(netlist, &paths);
        let port = |net: &Net| arrivals[net.index()] + wires.ports.get(net).map_or(0.0, |wire| wire.most);
        let ports = netlist.outputs().iter().flat_map(|(_, bus)| bus).map(port);
        let ends = ports.chain(data_pins(netlist, instances, &arrivals, &wires));
        let longest = Seconds(ends.fold(0.0, f64::max) * 1e-12);
        Ok(Self { delays: ticks(netlist, &paths), longest })
    }
}

/// One way through a cell: the net that it starts from, if any gate reads it, and its delay with that of the wire.
#[derive(Debug, Clone, Copy)]
struct Path {
    from: Option<Net>,
    delay: Delay,
}

/// Delays of wires: by instance and pin, and by the net of an output port.
struct Wires<'a> {
    pins: HashMap<(usize, &'a str), Delay>,
    ports: HashMap<Net, Delay>,
}

fn wires<'a>(
    netlist: &Netlist,
    instances: &[Instance],
    named: &HashMap<&str, usize>,
    sdf: &'a Sdf,
) -> Result<Wires<'a>, SdfError> {
    let mut bits: HashMap<String, Net> = HashMap::new();
    for (name, bus) in netlist.outputs() {
        bits.extend(bus.iter().enumerate().map(|(bit, net)| (format!("{name}[{bit}]"), *net)));
        bits.extend(bus.first().filter(|_| bus.len() == 1).map(|net| (name.clone(), *net)));
    }
    let mut wires = Wires { pins: HashMap::new(), ports: HashMap::new() };
    for wire in &sdf.wires {
        let fault = |fault| SdfError::new(wire.line, fault);
        if wire.instance.is_empty() {
            let net = bits.get(&wire.pin).ok_or_else(|| fault(SdfFault::Port(wire.pin.clone())))?;
            wires.ports.insert(*net, wire.delay);
            continue;
        }
        let unknown = || fault(SdfFault::Instance(wire.instance.clone()));
        let at = *named.get(&*wire.instance).ok_or_else(unknown)?;
        let known = instances[at].inputs.iter().any(|(pin, _)| *pin == wire.pin);
        if !known && !instances[at].outputs.is_empty() {
            let (instance, pin) = (wire.instance.clone(), wire.pin.clone());
            return Err(fault(SdfFault::Pin { instance, pin }));
        }
        wires.pins.insert((at, &wire.pin), wire.delay);
    }
    Ok(wires)
}

/// The net that a path drives, and the path; `None` where nothing needs what it drives.
fn path(
    at: usize,
    instance: &Instance,
    arc: &Arc,
    wires: &Wires<'_>,
) -> Result<Option<(Net, Path)>, SdfFault> {
    if !arc.cell.is_empty() && arc.cell != instance.cell {
        let (name, cell, found) = (arc.instance.clone(), arc.cell.clone(), instance.cell.clone());
        return Err(SdfFault::Cell { name, cell, found });
    }
    let find =
        |pins: &[(String, Net)], name: &str| pins.iter().find(|(pin, _)| pin == name).map(|(_, net)| *net);
    let Some(net) = find(&instance.outputs, &arc.to) else {
        // Which of its outputs are needed is known of a cell, what all of them are called is not.
        return Ok(None);
    };
    let wire = wires.pins.get(&(at, &*arc.from)).copied().unwrap_or_default();
    let delay = Delay { mean: arc.delay.mean + wire.mean, most: arc.delay.most + wire.most };
    Ok(Some((net, Path { from: find(&instance.inputs, &arc.from), delay })))
}

/// Refuses cells that are needed and have no delay.
fn missing(netlist: &Netlist, instances: &[Instance], paths: &[Vec<Path>]) -> Result<(), SdfError> {
    let timed = |net: &Net| matches!(netlist.cells()[net.index()], Cell::Gate(..) | Cell::State);
    let bare = |instance: &&Instance| {
        let mut outputs = instance.outputs.iter().map(|(_, net)| net).filter(|net| timed(net));
        outputs.any(|net| paths[net.index()].is_empty())
    };
    let names: Vec<&str> = instances.iter().filter(bare).map(|instance| &*instance.name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let first: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    Err(SdfError::new(1, SdfFault::Missing { count: names.len(), first: first.join(", ") }))
}

/// When the output of every cell has changed at the latest, in picoseconds; a gate within a cell changes with its inputs.
fn arrivals(netlist: &Netlist, paths: &[Vec<Path>]) -> Vec<f64> {
    let mut arrivals: Vec<f64> = Vec::with_capacity(paths.len());
    for (cell, paths) in netlist.cells().iter().zip(paths) {
        // Registers and paths from nothing start at the clock edge.
        let start = |net: Net| arrivals.get(net.index()).copied().unwrap_or(0.0);
        let inner = cell.reads().iter().map(|net| start(*net));
        let through = paths.iter().map(|path| path.from.map_or(0.0, start) + path.delay.most);
        arrivals.push(if paths.is_empty() { inner.fold(0.0, f64::max) } else { through.fold(0.0, f64::max) });
    }
    arrivals
}

/// When the data has come to the pin of each register, in picoseconds.
fn data_pins(
    netlist: &Netlist,
    instances: &[Instance],
    arrivals: &[f64],
    wires: &Wires<'_>,
) -> impl Iterator<Item = f64> {
    let holds = |(_, net): &(String, Net)| matches!(netlist.cells()[net.index()], Cell::State);
    let registers = instances.iter().enumerate().filter(move |(_, cell)| cell.outputs.iter().any(holds));
    registers.flat_map(move |(at, cell)| {
        let wire = move |pin: &str| wires.pins.get(&(at, pin)).map_or(0.0, |wire| wire.most);
        cell.inputs.iter().map(move |(pin, net)| arrivals[net.index()] + wire(pin))
    })
}

/// Ticks of every cell.
fn ticks(netlist: &Netlist, paths: &[Vec<Path>]) -> Vec<u32> {
    // How many gates of the same cell come before.
    let mut inner = vec![0u32; paths.len()];
    let mut ticks = vec![0; paths.len()];
    for (at, (cell, paths)) in netlist.cells().iter().zip(paths).enumerate() {
        let before = cell.reads().iter().map(|net| inner[net.index()]).max().unwrap_or(0);
        ticks[at] = match (cell, &paths[..]) {
            (Cell::Input | Cell::Constant(_), _) => 0,
            (Cell::Gate(..) | Cell::State, []) => {
                inner[at] = before + 1;
                1
            }
            (Cell::Gate(..) | Cell::State, paths) => {
                let mean = paths.iter().map(|path| path.delay.mean).sum::<f64>() / paths.len() as f64;
                ((mean / Annotation::TICK).round() as u32).saturating_sub(before).max(1)
            }
        };
    }
    ticks
}

#[cfg(test)]
mod tests;

//! The verb `trace`.

use std::path::Path;

use super::files;
use crate::arith::Unit;
use crate::arith::mac::{Cycle, Mac, Stimulus};
use crate::bits;
use crate::config::platform::Overflow;
use crate::error::Error;
use crate::netlist::export::vcd;
use crate::netlist::{Lanes, Waveform};
use crate::tech::{CellLibrary, TICK};

/// A run, for programs.
#[derive(serde::Serialize)]
struct Trace {
    unit: String,
    latency: u32,
    lanes: u32,
    /// Products whose sum the accumulator surely holds, whatever they are.
    surely_holds: u64,
    /// Products that were added to the unit's own result.
    accumulated: u64,
    /// A name a number of every cycle.
    columns: Vec<String>,
    cycles: Vec<Vec<i64>>,
    /// The first cycle whose result is not what was expected; null where all are or none was.
    first_differing: Option<usize>,
}

pub(super) fn trace(
    id: &str,
    stimulus: &Path,
    waveform: Option<&Path>,
    json: Option<&Path>,
) -> Result<bool, Error> {
    let Unit::Mac(mac) = Unit::from_id(id)? else {
        let message = format!("`{id}` has no registers to trace; name a MAC unit such as `mac4s_exact`");
        return Err(Error::Usage(message));
    };
    let failed = |error| Error::File(stimulus.display().to_string(), error);
    let text = files::text(stimulus).map_err(failed)?;
    let read = Stimulus::read(&text, &mac);
    let read = read.map_err(|error| Error::Usage(format!("{}: {error}", stimulus.display())))?;
    warn_of_wrapping(&mac, read.accumulated(&mac));
    let cycles = read.run(&mac);
    let words = words(&mac, &cycles);
    if let Some(cycle) = unlike(&mac, &cycles, &words) {
        return Err(Error::Usage(format!(
            "`{id}`: gates and function differ in cycle {cycle}, a fault of axsim"
        )));
    }
    let differs = |cycle: &Cycle| cycle.expected.is_some_and(|expected| expected != cycle.result);
    let first_differing = cycles.iter().position(differs);
    if let Some(path) = waveform {
        files::write(path, &recorded(&mac, &words))?;
    }
    match json {
        Some(path) => {
            files::json(path, &stored(&mac, &cycles, read.accumulated(&mac), first_differing))?;
        }
        None => {
            files::print(&(table(&mac, &cycles) + &sentence(&mac, &cycles, first_differing))).map(drop)?
        }
    }
    Ok(first_differing.is_none())
}

/// Tells of more products than the accumulator surely holds the sum of.
fn warn_of_wrapping(mac: &Mac, accumulated: u64) {
    let (bits, holds) = (mac.accumulator_width(), mac.depth(mac.accumulator_width()));
    if accumulated > holds {
        let leaves = match mac.overflow() {
            Overflow::Wrap => "wrap",
            Overflow::Saturate => "saturate",
        };
        eprintln!(
            "warning: the accumulator of {bits} bits surely holds the sum of {holds} products, and the stimulus adds \
             {accumulated}: a sum may {leaves}; `__k{accumulated}` names one that holds them"
        );
    }
}

/// The bits at the ports of every cycle.
fn words(mac: &Mac, cycles: &[Cycle]) -> Vec<Vec<bool>> {
    let ports = mac.ports();
    let bits = |cycle: &Cycle| {
        let words = ports.iter().zip(&cycle.inputs).map(|(port, value)| (port.word(*value), port.width));
        words.flat_map(|(word, width)| (0..width).map(move |bit| word >> bit & 1 == 1)).collect()
    };
    cycles.iter().map(bits).collect()
}

/// The first cycle in which the gates hold another result than the function.
fn unlike(mac: &Mac, cycles: &[Cycle], words: &[Vec<bool>]) -> Option<usize> {
    let netlist = mac.netlist();
    let mut lanes = Lanes::<1>::new(&netlist);
    let mut differs = |(cycle, bits): (&Cycle, &Vec<bool>)| {
        lanes.step(&bits.iter().map(|bit| [u64::from(*bit)]).collect::<Vec<_>>());
        let word =
            lanes.output(0).iter().enumerate().fold(0, |word, (bit, lane)| word | (lane[0] & 1) << bit);
        bits::sign_extend(word, mac.accumulator_width()) != cycle.result
    };
    cycles.iter().zip(words).position(&mut differs)
}

/// The waveform of the unit in library cells, at the highest clock that it meets.
fn recorded(mac: &Mac, words: &[Vec<bool>]) -> String {
    let library = CellLibrary::nangate45().wired();
    let cells = library.map(&mac.netlist());
    let period = (library.critical_path(&cells).delay.0 * 1e12).ceil() as u64;
    let steps = words.iter().cloned();
    vcd::write(&cells, &Waveform::record(&cells, &library.delays(&cells), TICK as u64, period, steps))
}

fn columns(mac: &Mac, cycles: &[Cycle]) -> Vec<String> {
    let registers =
        cycles.iter().take(1).flat_map(|cycle| cycle.registers.iter().map(|(name, _)| name.clone()));
    mac.ports().into_iter().map(|port| port.name).chain(registers).chain(["y".into()]).collect()
}

fn numbers(cycle: &Cycle) -> impl Iterator<Item = i64> + '_ {
    let registers = cycle.registers.iter().map(|(_, value)| *value);
    cycle.inputs.iter().copied().chain(registers).chain([cycle.result])
}

fn stored(mac: &Mac, cycles: &[Cycle], accumulated: u64, first_differing: Option<usize>) -> Trace {
    Trace {
        unit: mac.id().into(),
        latency: mac.latency(),
        lanes: mac.shape().lanes,
        surely_holds: mac.depth(mac.accumulator_width()),
        accumulated,
        columns: columns(mac, cycles),
        cycles: cycles.iter().map(|cycle| numbers(cycle).collect()).collect(),
        first_differing,
    }
}

fn table(mac: &Mac, cycles: &[Cycle]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["cycle".into()].into_iter().chain(columns(mac, cycles)));
    for (at, cycle) in cycles.iter().enumerate() {
        table.add_row([at.to_string()].into_iter().chain(numbers(cycle).map(|number| number.to_string())));
    }
    table.column_iter_mut().for_each(|column| {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    });
    format!("{table}\n")
}

fn sentence(mac: &Mac, cycles: &[Cycle], first_differing: Option<usize>) -> String {
    let compared = cycles.iter().filter(|cycle| cycle.expected.is_some()).count();
    let told = match first_differing {
        Some(at) => {
            let Cycle { result, expected, .. } = &cycles[at];
            let expected = expected.map_or(String::new(), |expected| expected.to_string());
            format!("; the first difference is in cycle {at}: y is {result}, {expected} was expected")
        }
        None if compared > 0 => "; y is what was expected".into(),
        None => String::new(),
    };
    format!(
        "{}: {} cycles from reset on, gates and function alike; operands reach y {} cycles later, {} products a cycle{told}\n",
        mac.id(),
        cycles.len(),
        mac.latency(),
        mac.shape().lanes
    )
}

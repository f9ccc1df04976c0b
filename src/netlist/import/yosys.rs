//! The JSON netlist of Yosys (`write_json`), of gates: its own ones, and cells of the known libraries.

use std::fmt::Write;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Checked, Fault, ImportError, verilog};
use crate::netlist::Netlist;

/// What is wrong, and with which part of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YosysError {
    /// Not JSON; the message names line and column.
    #[error("{0}")]
    Json(String),
    /// JSON, but no netlist of Yosys.
    #[error("{0} is missing; `write_json` of Yosys writes it")]
    Missing(String),
    /// A part that cannot be read.
    #[error("{place}: {fault}")]
    Part {
        /// A cell or a port.
        place: String,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// A file; its cells are read one by one, as there may be millions.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    modules: Option<IndexMap<String, Module<'a>>>,
}

#[derive(Deserialize)]
struct Module<'a> {
    #[serde(default)]
    attributes: Attributes,
    ports: Option<IndexMap<String, Port>>,
    #[serde(borrow)]
    cells: Option<IndexMap<String, &'a RawValue>>,
}

#[derive(Default, Deserialize)]
struct Attributes {
    top: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Port {
    direction: Option<String>,
    bits: Option<Vec<Bit>>,
}

#[derive(Deserialize)]
struct Cell {
    r#type: Option<String>,
    connections: Option<IndexMap<String, Vec<Bit>>>,
}

/// A net by its number, or a constant.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bit {
    Net(u64),
    Constant(String),
}

/// Reads the top module of a JSON netlist, or the only one.
///
/// # Errors
/// [`YosysError`], naming the cell.
pub fn read(text: &str) -> Result<Netlist, YosysError> {
    check(text)?.sound()
}

/// As [`read`], but tells every fault that reading can go on after.
///
/// # Errors
/// [`YosysError`] where it cannot go on.
pub fn check(text: &str) -> Result<Checked<YosysError>, YosysError> {
    let file: File = serde_json::from_str(text).map_err(|error| YosysError::Json(error.to_string()))?;
    let missing = |what: &str| YosysError::Missing(format!("`{what}`"));
    let modules = file.modules.ok_or_else(|| missing("modules"))?;
    let top = modules.iter().find(|(_, module)| module.attributes.top.is_some()).or_else(|| modules.first());
    let (name, module) = top.ok_or_else(|| missing("a module"))?;
    let mut written = Written::default();
    written.module(name, module)?;
    let part = |error: ImportError| {
        let place = written.places.get(error.line as usize - 1).cloned();
        YosysError::Part { place: place.unwrap_or_else(|| format!("module `{name}`")), fault: error.fault }
    };
    Ok(verilog::check(&written.text, "").map_err(part)?.map(part))
}

/// The netlist as Verilog, and which part of the file each of its lines is.
#[derive(Default)]
struct Written {
    text: String,
    places: Vec<String>,
}

impl Written {
    fn line(&mut self, place: String, line: std::fmt::Arguments) {
        let _ = writeln!(self.text, "{line}");
        self.places.push(place);
    }

    fn module(&mut self, name: &str, module: &Module) -> Result<(), YosysError> {
        let missing = |what: &str| YosysError::Missing(format!("`{what}`"));
        let ports = module.ports.as_ref().ok_or_else(|| missing("ports"))?;
        let cells = module.cells.as_ref().ok_or_else(|| missing("cells"))?;
        let names: Vec<String> = ports.keys().map(|port| escaped(port)).collect();
        self.line(
            format!("module `{name}`"),
            format_args!("module {}({});", escaped(name), names.join(", ")),
        );
        let mut bits: Vec<u64> = vec![];
        for (name, port) in ports {
            self.port(name, port, &mut bits)?;
        }
        for (name, cell) in cells {
            self.cell(name, cell, &mut bits)?;
        }
        bits.sort_unstable();
        bits.dedup();
        // Declarations may follow their use.
        for bit in bits {
            self.line(format!("net {bit}"), format_args!("wire n{bit};"));
        }
        self.line(String::new(), format_args!("endmodule"));
        Ok(())
    }

    fn port(&mut self, name: &str, port: &Port, bits: &mut Vec<u64>) -> Result<(), YosysError> {
        let place = format!("port `{name}`");
        let missing = |what: &str| YosysError::Missing(format!("{what} of the {place}"));
        let direction = port.direction.as_deref().ok_or_else(|| missing("the direction"))?;
        let nets = port.bits.as_ref().filter(|nets| !nets.is_empty()).ok_or_else(|| missing("the bits"))?;
        let word = escaped(name);
        self.line(place.clone(), format_args!("{direction} [{}:0] {word};", nets.len() - 1));
        for (at, net) in nets.iter().enumerate() {
            let net = spelled(net, bits).ok_or_else(|| missing("a known bit"))?;
            match direction {
                "input" => self.line(place.clone(), format_args!("assign {net} = {word}[{at}];")),
                _ => self.line(place.clone(), format_args!("assign {word}[{at}] = {net};")),
            }
        }
        Ok(())
    }

    fn cell(&mut self, name: &str, cell: &RawValue, bits: &mut Vec<u64>) -> Result<(), YosysError> {
        let place = format!("cell `{name}`");
        let missing = |what: &str| YosysError::Missing(format!("{what} of the {place}"));
        let cell: Cell = serde_json::from_str(cell.get())
            .map_err(|error| YosysError::Json(format!("in the {place}: {error}")))?;
        let kind = cell.r#type.ok_or_else(|| missing("the type"))?;
        let connections = cell.connections.ok_or_else(|| missing("the connections"))?;
        let mut pins = vec![];
        for (pin, nets) in &connections {
            let net = nets.first().filter(|_| nets.len() == 1).and_then(|net| spelled(net, bits));
            let net = net.ok_or_else(|| missing(&format!("one known bit at `{pin}`")))?;
            pins.push(format!(".{}({net})", escaped(pin)));
        }
        self.line(place, format_args!("{} c ({});", escaped(&kind), pins.join(", ")));
        Ok(())
    }
}

fn escaped(name: &str) -> String {
    // What would end an escaped name cannot be part of one.
    format!("\\{} ", name.replace(char::is_whitespace, "_"))
}

fn spelled(net: &Bit, bits: &mut Vec<u64>) -> Option<String> {
    match net {
        Bit::Constant(constant) => matches!(&**constant, "0" | "1").then(|| format!("1'b{constant}")),
        Bit::Net(bit) => {
            bits.push(*bit);
            Some(format!("n{bit}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: &str = r#"{"modules": {"half": {"attributes": {"top": "1"},
        "ports": {"a": {"direction": "input", "bits": [2, 3]}, "y": {"direction": "output", "bits": [4, 5, "1"]}},
        "cells": {"s": {"type": "$_XOR_", "connections": {"A": [2], "B": [3], "Y": [4]}},
                  "c": {"type": "AND2_X2", "connections": {"A1": [2], "A2": [3], "ZN": [5]}}}}}}"#;

    #[test]
    fn gates_of_yosys_and_cells_of_libraries_are_read() {
        let netlist = read(HALF).unwrap();
        assert_eq!([0, 1, 2, 3].map(|a| netlist.eval(&[a])[0]), [0b100, 0b101, 0b101, 0b110]);
        assert_eq!(netlist.name(), "half");
    }

    #[test]
    fn mistakes_name_the_cell() {
        let message = |text: &str| read(text).unwrap_err().to_string();
        assert!(message("{").starts_with("EOF while parsing"), "{}", message("{"));
        assert_eq!(message("{}"), "`modules` is missing; `write_json` of Yosys writes it");
        assert!(message(&HALF.replace("$_XOR_", "$add")).starts_with("cell `s`: no module `$add`"));
        assert!(message(&HALF.replace("\"A2\": [3]", "\"A2\": [9]")).contains("`n9` is read"));
        assert!(
            message(&HALF.replace("\"A2\": [3]", "\"A2\": [\"x\"]"))
                .starts_with("one known bit at `A2` of the cell `c`")
        );
    }
}

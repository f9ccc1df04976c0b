//! A design folder against itself: its Verilog, our gates, our function and its golden must tell the same.
//!
//! A folder holds `design.yaml` (`id`, `source`), `<id>.v` and `golden.txt`: `#` lines say where the
//! golden is from, every other line is one vector, `a b y` (for a MAC `a b c y`), in decimal. `bench.v`, the
//! testbench that printed the golden, is for readers who want to repeat it.

use std::path::Path;

use serde::Deserialize;

use super::ValidateError;
use crate::arith::Unit;
use crate::bits;
use crate::netlist::{Lanes, Netlist, pack, unpack};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    id: String,
    source: String,
}

/// The first vector on which the four answers differ.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The line of the golden file, from 1.
    pub line: usize,
    /// That line.
    pub text: String,
    /// `a`, `b` and for a MAC `c`.
    pub operands: Vec<i64>,
    /// What the folder's Verilog says.
    pub verilog: i64,
    /// What the netlist says.
    pub gates: i64,
    /// What the function says.
    pub function: i64,
    /// What the golden says.
    pub golden: i64,
}

/// What validation found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// The design.
    pub id: String,
    /// Where the golden is from.
    pub source: String,
    /// Vectors compared.
    pub vectors: usize,
    /// Vectors on which Verilog, gates, function and golden are not all equal.
    pub differing: usize,
    /// The first of them.
    pub first: Option<Difference>,
}

impl Verdict {
    /// Whether everything agrees.
    pub fn agrees(&self) -> bool {
        self.differing == 0
    }
}

fn function(unit: &Unit, operands: &[i64]) -> i64 {
    match unit {
        Unit::Design(design) => design.eval(operands[0], operands[1]),
        Unit::Mac(mac) => mac.accumulate(operands[2], mac.product(operands[0], operands[1])),
    }
}

fn words(unit: &Unit, operands: &[i64], netlist: &Netlist) -> Vec<u64> {
    let word = |(at, (&value, (_, bus))): (usize, (&i64, &(String, Vec<_>)))| match unit {
        Unit::Mac(mac) if at < 2 => mac.port_word(value),
        _ => bits::encode(value, bus.len() as u32),
    };
    operands.iter().zip(netlist.inputs()).enumerate().map(word).collect()
}

/// Operands held for three clocks pass both ranks of registers.
fn gates(unit: &Unit, netlist: &Netlist, chunk: &[Vector]) -> Vec<i64> {
    let vectors: Vec<_> = chunk.iter().map(|vector| words(unit, &vector.numbers, netlist)).collect();
    let operand = |at: usize| vectors.iter().map(|words| words[at]).collect::<Vec<u64>>();
    let buses = netlist.inputs().iter().enumerate();
    let inputs: Vec<_> = buses.flat_map(|(at, (_, bus))| pack::<1>(&operand(at), bus.len())).collect();
    let mut lanes = Lanes::<1>::new(netlist);
    (0..3).for_each(|_| lanes.step(&inputs));
    let output = lanes.output(0);
    let decoded = |code| bits::decode(code, output.len() as u32, unit.signed());
    unpack(&output, chunk.len()).into_iter().map(decoded).collect()
}

/// The unit that the `design.yaml` of a folder names.
///
/// # Errors
/// [`ValidateError`] when there is no such file, or it names no design.
pub fn unit(path: &Path) -> Result<Unit, ValidateError> {
    Ok(Unit::from_id(&description(path)?.id)?)
}

fn description(path: &Path) -> Result<Description, ValidateError> {
    Ok(serde_yaml::from_str(&read(path, "design.yaml")?)?)
}

fn read(folder: &Path, name: &str) -> Result<String, ValidateError> {
    let file = folder.join(name);
    std::fs::read_to_string(&file).map_err(|error| ValidateError::Read(file.display().to_string(), error))
}

/// Compares everything that the folder of a design says.
///
/// # Errors
/// [`ValidateError`] when a file is missing or malformed; a disagreement is no error but a [`Verdict`].
pub fn folder(path: &Path) -> Result<Verdict, ValidateError> {
    let Description { id, source } = description(path)?;
    let unit = Unit::from_id(&id)?;
    let netlist = unit.netlist();
    let name = format!("{id}.v");
    let verilog =
        verilog(path, &name, &netlist).map_err(|error| ValidateError::Named(name, Box::new(error)))?;
    let vectors = golden(&read(path, "golden.txt")?, &unit, &netlist)?;
    let differences = differences(&unit, [&verilog, &netlist], &vectors);
    let (differing, first) = (differences.len(), differences.into_iter().next());
    Ok(Verdict { id, source, vectors: vectors.len(), differing, first })
}

/// The folder's Verilog, with the ports that the design has.
fn verilog(path: &Path, name: &str, ours: &Netlist) -> Result<Netlist, ValidateError> {
    let theirs = super::circuit(&path.join(name))?;
    super::equivalence::same_ports(ours, &theirs).map(|()| theirs)
}

/// A line of the golden file.
struct Vector {
    line: usize,
    text: String,
    /// Operands, and the result last.
    numbers: Vec<i64>,
}

/// Vectors of operands with the golden result last.
fn golden(text: &str, unit: &Unit, netlist: &Netlist) -> Result<Vec<Vector>, ValidateError> {
    let fields = netlist.inputs().len() + 1;
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    let vector = |(at, text): (usize, &str)| {
        let numbers: Option<Vec<i64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
        let line = at + 1;
        numbers
            .filter(|numbers| numbers.len() == fields && fits(&numbers[..fields - 1], unit, netlist))
            .map(|numbers| Vector { line, text: text.into(), numbers })
            .ok_or(ValidateError::Golden { line, fields })
    };
    let vectors: Vec<_> = lines.map(vector).collect::<Result<_, _>>()?;
    if vectors.is_empty() { Err(ValidateError::Empty) } else { Ok(vectors) }
}

fn fits(operands: &[i64], unit: &Unit, netlist: &Netlist) -> bool {
    let fits = |(at, (&value, (_, bus))): (usize, (&i64, &(String, Vec<_>)))| match unit {
        Unit::Mac(mac) if at < 2 => mac.operands().contains(&value),
        _ => {
            let width = bus.len() as u32;
            bits::decode(bits::encode(value, width), width, unit.signed()) == value
        }
    };
    operands.iter().zip(netlist.inputs()).enumerate().all(fits)
}

fn differences(unit: &Unit, [verilog, netlist]: [&Netlist; 2], vectors: &[Vector]) -> Vec<Difference> {
    let mut found = vec![];
    for chunk in vectors.chunks(64) {
        let answers = [verilog, netlist].map(|netlist| gates(unit, netlist, chunk));
        for (at, Vector { line, text, numbers }) in chunk.iter().enumerate() {
            let (&golden, operands) = numbers.split_last().expect("a vector has a result");
            let [verilog, gates, function] = [answers[0][at], answers[1][at], function(unit, operands)];
            if [verilog, gates, function] != [golden; 3] {
                let (line, text, operands) = (*line, text.clone(), operands.to_vec());
                found.push(Difference { line, text, operands, verilog, gates, function, golden });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn designs() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("designs")
    }

    #[test]
    fn every_shipped_design_agrees_with_its_golden() {
        let folders = std::fs::read_dir(designs()).unwrap().map(|entry| entry.unwrap().path());
        let folders = folders.filter(|path| path.is_dir());
        let verdicts: Vec<_> = folders.map(|path| folder(&path).unwrap()).collect();
        assert!(verdicts.len() >= 7);
        for verdict in verdicts {
            assert!(verdict.agrees(), "{verdict:?}");
            let text = read(&designs().join(&verdict.id), &format!("{}.v", verdict.id)).unwrap();
            let unit = Unit::from_id(&verdict.id).unwrap();
            assert_eq!(text, crate::netlist::export::verilog::write(&unit.netlist()), "{}", verdict.id);
        }
    }

    #[test]
    fn a_wrong_golden_and_wrong_verilog_are_named() {
        let copy = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(copy.path().join(name), text).unwrap();
        let module = |product: &str| {
            format!(
                "module mul4u_exact(input [3:0] a, b, output [7:0] y);\n  assign y = {product};\nendmodule\n"
            )
        };
        write("design.yaml", "{id: mul4u_exact, source: a test}");
        write("mul4u_exact.v", &module("a * b"));
        write("golden.txt", "# wrong once\n2 3 6\n3 5 14\n");
        let verdict = folder(copy.path()).unwrap();
        let first = Difference {
            line: 3,
            text: "3 5 14".into(),
            operands: vec![3, 5],
            verilog: 15,
            gates: 15,
            function: 15,
            golden: 14,
        };
        assert_eq!((verdict.differing, verdict.first), (1, Some(first)));
        write("mul4u_exact.v", &module("a * b + a[3]"));
        write("golden.txt", "2 3 6\n8 1 8\n");
        let first = folder(copy.path()).unwrap().first.unwrap();
        assert_eq!((first.line, first.verilog, first.gates), (2, 9, 8));
        write("mul4u_exact.v", "module mul4u_exact();\n");
        let error = folder(copy.path()).unwrap_err().to_string();
        assert!(error.starts_with("mul4u_exact.v: line "), "{error}");
        write("mul4u_exact.v", "module m(input [3:0] a, output [7:0] y);\n  assign y = a;\nendmodule\n");
        let error = folder(copy.path()).unwrap_err().to_string();
        assert_eq!(
            error,
            "mul4u_exact.v: the design has inputs of 4, 4 bits, outputs of 8; the file has inputs of 4 bits, outputs of 8"
        );
        write("mul4u_exact.v", &module("a * b"));
        write("golden.txt", "2 3 6\n16 5 80\n");
        let error = folder(copy.path()).unwrap_err().to_string();
        assert_eq!(error, "golden.txt:2: 3 integers within the ports' range are expected");
    }

    #[test]
    fn the_operands_of_a_mac_are_what_its_ports_can_carry() {
        for (id, low, high) in [("mac4u_exact", -15, 15), ("mac4s_exact", -8, 7)] {
            let unit = Unit::from_id(id).unwrap();
            let netlist = unit.netlist();
            let read = |a: i64| golden(&format!("{a} 3 0 {}\n", 3 * a), &unit, &netlist);
            for operand in [low, 0, high] {
                assert_eq!(differences(&unit, [&netlist; 2], &read(operand).unwrap()), [], "{id} {operand}");
            }
            for operand in [low - 1, high + 1] {
                assert!(
                    matches!(read(operand), Err(ValidateError::Golden { line: 1, fields: 4 })),
                    "{id} {operand}"
                );
            }
        }
    }
}

//! A design folder against itself: its Verilog, our gates, our function and its golden must tell the same.
//!
//! A folder holds `design.yaml` (`id`, `source`), `<id>.v` and `golden.txt`: `#` lines say where the
//! golden is from, every other line is one vector, `a b y` (for a MAC `a b c y`), in decimal. With `trace: true` a line is
//! one clock cycle from reset on: what is at the ports, and what the result register holds. `bench.v`, the testbench that
//! printed the golden, is for readers who want to repeat it.

use std::path::Path;

use serde::Deserialize;

use super::ValidateError;
use super::equivalence::Word;
use crate::arith::mac::Mac;
use crate::arith::xnor::Xnor;
use crate::arith::{ArithError, Unit};
use crate::bits;
use crate::netlist::{Lanes, Netlist, pack, unpack};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    id: String,
    source: String,
    /// Whether the lines of the golden are consecutive clock cycles.
    #[serde(default)]
    trace: bool,
}

/// The first vector on which the four answers differ.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The line of the golden file, from 1.
    pub line: usize,
    /// That line.
    pub text: String,
    /// The clock cycle from reset on, from 0; null where lines stand for themselves.
    pub cycle: Option<usize>,
    /// `a`, `b` and for a MAC `c`, as its ports carry them.
    pub operands: Vec<Word>,
    /// What the folder's Verilog, the netlist, the function and the golden say.
    pub answers: Vec<Word>,
}

/// What validation found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// The design.
    pub id: String,
    /// Where the golden is from.
    pub source: String,
    /// Vectors or cycles compared.
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

/// The function's answers, vector by vector or, for a trace, cycle by cycle.
fn functions(unit: &Unit, vectors: &[Vector], trace: bool) -> Vec<i64> {
    let operands = vectors.iter().map(|vector| &vector.numbers[..]);
    match unit {
        Unit::Design(design) => operands.map(|operands| design.eval(operands[0], operands[1])).collect(),
        Unit::Mac(mac) if trace => {
            let mut cycles = mac.cycles();
            operands.map(|operands| cycles.step(&operands[..operands.len() - 1])).collect()
        }
        Unit::Xnor(xnor) => counts(xnor, vectors, trace),
        Unit::Razorer(_) => unreachable!("a folder of such a unit is refused"),
        Unit::Mac(mac) => operands.map(|operands| settled(mac, &operands[..operands.len() - 1])).collect(),
    }
}

/// What a unit counts, cycle by cycle or of words that stay at its ports.
fn counts(xnor: &Xnor, vectors: &[Vector], trace: bool) -> Vec<i64> {
    let held = if trace { 1 } else { Xnor::LATENCY as usize + 1 };
    let words = |vector: &Vector| [0, 1, 2].map(|port| vector.numbers[port] as u64);
    let cycles: Vec<[u64; 3]> = vectors.iter().flat_map(|vector| vec![words(vector); held]).collect();
    xnor.run(&cycles).into_iter().skip(held - 1).step_by(held).map(|count| count as i64).collect()
}

/// What a unit makes of numbers that stay at its ports.
fn settled(mac: &Mac, operands: &[i64]) -> i64 {
    let mut cycles = mac.cycles();
    let shown = (0..=mac.latency()).map(|_| cycles.step(operands));
    shown.last().expect("a cycle at least")
}

fn words(unit: &Unit, operands: &[i64]) -> Vec<u64> {
    operands.iter().zip(unit.ports()).map(|(&value, port)| port.word(value)).collect()
}

/// The answers of gates: 64 vectors side by side, or one cycle after the other.
fn gates(unit: &Unit, netlist: &Netlist, vectors: &[Vector], trace: bool) -> Vec<i64> {
    let mut lanes = Lanes::<1>::new(netlist);
    if trace {
        return vectors.chunks(1).flat_map(|cycle| answers(unit, netlist, &mut lanes, cycle, 1)).collect();
    }
    // Operands that are held for long enough pass every rank of registers.
    let clocks = match unit {
        Unit::Mac(mac) => mac.latency() as usize + 1,
        Unit::Xnor(_) => Xnor::LATENCY as usize + 1,
        Unit::Design(_) | Unit::Razorer(_) => 1,
    };
    vectors.chunks(64).flat_map(|chunk| answers(unit, netlist, &mut lanes, chunk, clocks)).collect()
}

/// The answers to up to 64 vectors, each at the ports for some clocks.
fn answers(
    unit: &Unit,
    netlist: &Netlist,
    lanes: &mut Lanes<'_, 1>,
    chunk: &[Vector],
    clocks: usize,
) -> Vec<i64> {
    let vectors: Vec<_> = chunk.iter().map(|vector| words(unit, &vector.numbers)).collect();
    let operand = |at: usize| vectors.iter().map(|words| words[at]).collect::<Vec<u64>>();
    let buses = netlist.inputs().iter().enumerate();
    let inputs: Vec<_> = buses.flat_map(|(at, (_, bus))| pack::<1>(&operand(at), bus.len())).collect();
    (0..clocks).for_each(|_| lanes.step(&inputs));
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
    let Description { id, source, trace } = description(path)?;
    let unit = Unit::from_id(&id)?;
    if let Unit::Razorer(_) = unit {
        let expected = "a design folder has one result a line, not a group of codes".into();
        return Err(ArithError::Parameter { id, expected }.into());
    }
    let netlist = unit.netlist();
    let name = format!("{id}.v");
    let verilog =
        verilog(path, &name, &netlist).map_err(|error| ValidateError::Named(name, Box::new(error)))?;
    let vectors = golden(&read(path, "golden.txt")?, &unit)?;
    let differences = differences(&unit, [&verilog, &netlist], &vectors, trace);
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
fn golden(text: &str, unit: &Unit) -> Result<Vec<Vector>, ValidateError> {
    let fields = unit.ports().len() + 1;
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    let vector = |(at, text): (usize, &str)| {
        let numbers: Option<Vec<i64>> = text.split_whitespace().map(|word| word.parse().ok()).collect();
        let line = at + 1;
        numbers
            .filter(|numbers| numbers.len() == fields && fits(&numbers[..fields - 1], unit))
            .map(|numbers| Vector { line, text: text.into(), numbers })
            .ok_or(ValidateError::Golden { line, fields })
    };
    let vectors: Vec<_> = lines.map(vector).collect::<Result<_, _>>()?;
    if vectors.is_empty() { Err(ValidateError::Empty) } else { Ok(vectors) }
}

fn fits(operands: &[i64], unit: &Unit) -> bool {
    operands.iter().zip(unit.ports()).all(|(value, port)| port.range.contains(value))
}

fn differences(
    unit: &Unit,
    [verilog, netlist]: [&Netlist; 2],
    vectors: &[Vector],
    trace: bool,
) -> Vec<Difference> {
    let [verilog, gates] = [verilog, netlist].map(|netlist| gates(unit, netlist, vectors, trace));
    let functions = functions(unit, vectors, trace);
    let mut found = vec![];
    for (at, vector) in vectors.iter().enumerate() {
        let golden = *vector.numbers.last().expect("a vector has a result");
        let answers = [verilog[at], gates[at], functions[at], golden];
        if answers != [golden; 4] {
            found.push(difference(unit, netlist, vector, trace.then_some(at), answers));
        }
    }
    found
}

fn difference(
    unit: &Unit,
    netlist: &Netlist,
    vector: &Vector,
    cycle: Option<usize>,
    answers: [i64; 4],
) -> Difference {
    let ports = netlist.inputs().iter().zip(words(unit, &vector.numbers));
    let operand = |(((name, bus), code), value): ((&(String, Vec<_>), u64), &i64)| Word {
        decimal: i128::from(*value),
        ..Word::new(name, code, bus.len(), unit.signed())
    };
    let width = netlist.outputs()[0].1.len();
    let answer =
        |(name, value): (&str, i64)| Word::new(name, bits::encode(value, width as u32), width, unit.signed());
    Difference {
        line: vector.line,
        text: vector.text.clone(),
        cycle,
        operands: ports.zip(&vector.numbers).map(operand).collect(),
        answers: ["Verilog", "gates", "function", "golden"].into_iter().zip(answers).map(answer).collect(),
    }
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
        let first = verdict.first.unwrap();
        let decimals = |words: &[Word]| words.iter().map(|word| word.decimal).collect::<Vec<_>>();
        assert_eq!((verdict.differing, first.line, &*first.text), (1, 3, "3 5 14"));
        assert_eq!((decimals(&first.operands), decimals(&first.answers)), (vec![3, 5], vec![15, 15, 15, 14]));
        assert_eq!((&*first.answers[3].hex, &*first.answers[3].bits), ("0e", "00001110"));
        write("mul4u_exact.v", &module("a * b + a[3]"));
        write("golden.txt", "2 3 6\n8 1 8\n");
        let first = folder(copy.path()).unwrap().first.unwrap();
        assert_eq!((first.line, decimals(&first.answers)), (2, vec![9, 8, 8, 8]));
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
    fn a_trace_is_compared_cycle_by_cycle() {
        let unit = Unit::from_id("mac4s_exact").unwrap();
        let netlist = unit.netlist();
        let differing = |text: &str| {
            let vectors = golden(text, &unit).unwrap();
            differences(&unit, [&netlist; 2], &vectors, true)
                .iter()
                .map(|found| found.cycle)
                .collect::<Vec<_>>()
        };
        assert_eq!(differing("2 3 9 0\n-8 7 100 9\n0 0 -1 106\n0 0 0 -57\n"), []);
        assert_eq!(differing("2 3 9 0\n-8 7 100 9\n0 0 -1 107\n0 0 0 -57\n"), [Some(2)]);
    }

    #[test]
    fn the_operands_of_a_mac_are_what_its_ports_can_carry() {
        for (id, low, high) in [("mac4u_exact", -15, 15), ("mac4s_exact", -8, 7)] {
            let unit = Unit::from_id(id).unwrap();
            let netlist = unit.netlist();
            let read = |a: i64| golden(&format!("{a} 3 0 {}\n", 3 * a), &unit);
            for operand in [low, 0, high] {
                assert_eq!(
                    differences(&unit, [&netlist; 2], &read(operand).unwrap(), false),
                    [],
                    "{id} {operand}"
                );
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

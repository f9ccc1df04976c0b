//! A circuit of a file against the design that it is meant to be: on every input up to 32 bits, else on random ones and
//! then by proof; with registers, clock by clock.

use std::path::Path;
use std::time::Duration;

use rayon::prelude::*;
use serde::Serialize;

use super::{ValidateError, circuit};
use crate::arith::Unit;
use crate::bits;
use crate::netlist::{Builder, Bus, Lane, Lanes, Net, Netlist, Proof, consecutive, prove, unpack};
use crate::rng::Stream;

/// Input bits up to which every input is tried.
pub const EXHAUSTIVE_BITS: usize = 32;

/// Words of 64 inputs that are tried side by side.
const WORDS: usize = 8;
const LANES: u64 = 64 * WORDS as u64;
/// Blocks of lanes that are tried where not every input is.
const RANDOM_BLOCKS: u64 = 2048;
/// Blocks that one task tries, and after which progress is told.
const TASK: u64 = 1024;

/// One word of a port, as people and as waveforms write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Word {
    /// The port, or who gave the answer.
    pub name: String,
    /// Decimal, with the sign of the design.
    pub decimal: i128,
    /// Hexadecimal.
    pub hex: String,
    /// Every bit.
    pub bits: String,
}

impl Word {
    pub(super) fn new(name: &str, code: u64, width: usize, signed: bool) -> Self {
        let decimal =
            if signed { i128::from(bits::decode(code, width as u32, true)) } else { i128::from(code) };
        let (name, digits) = (name.into(), width.div_ceil(4));
        Self { name, decimal, hex: format!("{code:0digits$x}"), bits: format!("{code:0width$b}") }
    }
}

/// An input on which two answers differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counterexample {
    /// The clock cycle after reset, from 0; null without registers.
    pub cycle: Option<u64>,
    /// What was put in.
    pub operands: Vec<Word>,
    /// The answers of the file, of our gates, and of our function where there is one without state.
    pub answers: Vec<Word>,
}

/// How a file compares with a design.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Equivalence {
    /// The design.
    pub id: String,
    /// `every input`; `proof` (of equality, or a counterexample from the attempt); where that took too long
    /// `random inputs` or `random cycles`.
    pub method: &'static str,
    /// Inputs compared one by one, or cycles; fewer than planned where they differ.
    pub compared: u64,
    /// The first difference.
    pub first: Option<Counterexample>,
    /// Whether the circuit differs, but computes what the design does with its two operands exchanged.
    pub exchanged: bool,
    /// Why there is no proof, where not every input was tried and no difference was found; else null.
    pub unproved: Option<Unproved>,
}

/// Why equality is not proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unproved {
    /// The proof takes longer than it may.
    Time,
    /// The registers of the two do not hold the same, one by one.
    Registers,
    /// They differ in a state that may never be reached from reset.
    Unreached,
}

/// Compares the circuit of a file, gates and registers, with a design: its ports by their order, whatever their names.
///
/// `like` names the design; without it, the module's name does. A proof may take as long as `time`. `progress` hears how
/// many of how many blocks are done.
///
/// # Errors
/// [`ValidateError`] when the file is no circuit, no design is named, or the ports are others.
pub fn equivalence(
    path: &Path,
    like: Option<&str>,
    time: Duration,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Equivalence, ValidateError> {
    let theirs = circuit(path)?;
    let unit = match like {
        Some(id) => Unit::from_id(id)?,
        None => Unit::from_id(theirs.name()).map_err(|_| ValidateError::Unnamed(theirs.name().into()))?,
    };
    let ours = unit.netlist();
    same_ports(&ours, &theirs)?;
    let compare = |theirs: &Netlist| Pair { unit: &unit, ours: &ours, theirs }.compare(time, progress);
    let mut found = compare(&theirs);
    if let (Some(_), Unit::Design(_)) = (&found.first, &unit) {
        let turned = exchanged(&theirs);
        found.exchanged = same_ports(&ours, &turned).is_ok() && compare(&turned).first.is_none();
    }
    Ok(found)
}

/// A circuit with its two operands exchanged.
fn exchanged(netlist: &Netlist) -> Netlist {
    let mut build = Builder::new(netlist.name());
    let inputs = netlist.inputs().iter().rev();
    let inputs: Vec<Bus> = inputs.map(|(name, bus)| build.input(name, bus.len() as u32)).collect();
    let turned: Vec<&[Net]> = inputs.iter().rev().map(Vec::as_slice).collect();
    let outputs = build.instance(netlist, &turned);
    netlist.outputs().iter().zip(outputs).for_each(|((name, _), bus)| build.output(name, bus));
    build.finish()
}

/// Refuses circuits whose ports differ in number, width or registers.
pub(super) fn same_ports(ours: &Netlist, theirs: &Netlist) -> Result<(), ValidateError> {
    let shape = |netlist: &Netlist| {
        let widths = |buses: &[(String, Vec<_>)]| {
            buses.iter().map(|(_, bus)| bus.len().to_string()).collect::<Vec<_>>().join(", ")
        };
        let state = if netlist.registers().is_empty() { "" } else { " and registers" };
        format!(
            "inputs of {} bits, outputs of {}{state}",
            widths(netlist.inputs()),
            widths(netlist.outputs())
        )
    };
    let (expected, found) = (shape(ours), shape(theirs));
    if expected == found { Ok(()) } else { Err(ValidateError::Ports { expected, found }) }
}

struct Pair<'a> {
    unit: &'a Unit,
    ours: &'a Netlist,
    theirs: &'a Netlist,
}

impl Pair<'_> {
    /// One input after the other, and where that cannot be all of them and none differs, by proof.
    fn compare(&self, time: Duration, progress: &(dyn Fn(usize, usize) + Sync)) -> Equivalence {
        let found = self.tried(progress);
        if found.method == "every input" || found.first.is_some() {
            return found;
        }
        let open = |why| Equivalence { unproved: Some(why), ..found.clone() };
        match prove(self.ours, self.theirs, time) {
            Proof::Equal => Equivalence { method: "proof", ..found },
            Proof::Open => open(Unproved::Time),
            Proof::Unmatched => open(Unproved::Registers),
            Proof::Unreached => open(Unproved::Unreached),
            Proof::Differ(bits) => {
                let inputs: Vec<Lane<WORDS>> = bits.iter().map(|bit| [u64::from(*bit); WORDS]).collect();
                let mut lanes = [self.ours, self.theirs].map(Lanes::<WORDS>::new);
                lanes.iter_mut().for_each(|lanes| lanes.settle(&inputs));
                let first = self.example(None, &inputs, [&lanes[1], &lanes[0]], 0);
                Equivalence { method: "proof", first: Some(first), ..found }
            }
        }
    }

    fn tried(&self, progress: &(dyn Fn(usize, usize) + Sync)) -> Equivalence {
        let bits: usize = self.ours.inputs().iter().map(|(_, bus)| bus.len()).sum();
        let clocked = !self.ours.registers().is_empty();
        let every = !clocked && bits <= EXHAUSTIVE_BITS;
        let total = if every { (1u64 << bits).div_ceil(LANES) } else { RANDOM_BLOCKS };
        let done = std::sync::atomic::AtomicUsize::new(0);
        let tasks = total.div_ceil(TASK);
        let found = (0..tasks).into_par_iter().find_map_first(|task| {
            let blocks = task * TASK..total.min((task + 1) * TASK);
            let found = if clocked { self.clocked(blocks) } else { self.settled(blocks, every) };
            progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, tasks as usize);
            found
        });
        let planned = if every { 1 << bits } else { total * LANES };
        let method = match (clocked, every) {
            (true, _) => "random cycles",
            (false, true) => "every input",
            (false, false) => "random inputs",
        };
        let (compared, first) = found.map_or((planned, None), |(at, first)| (at + 1, Some(first)));
        Equivalence { id: self.unit.id(), method, compared, first, exchanged: false, unproved: None }
    }

    /// The first differing input of some blocks: every one of a block's numbers, or as many random ones.
    fn settled(&self, blocks: std::ops::Range<u64>, every: bool) -> Option<(u64, Counterexample)> {
        let (mut ours, mut theirs) = (Lanes::<WORDS>::new(self.ours), Lanes::<WORDS>::new(self.theirs));
        blocks.into_iter().find_map(|block| {
            let inputs = if every { self.numbers(block) } else { self.random(block) };
            ours.settle(&inputs);
            theirs.settle(&inputs);
            let lane = self.differing(&ours, &theirs)?;
            Some((block * LANES + lane as u64, self.example(None, &inputs, [&theirs, &ours], lane)))
        })
    }

    /// The first differing cycle: as many runs side by side as there are lanes, from reset on.
    fn clocked(&self, blocks: std::ops::Range<u64>) -> Option<(u64, Counterexample)> {
        let (mut ours, mut theirs) = (Lanes::<WORDS>::new(self.ours), Lanes::<WORDS>::new(self.theirs));
        let first = blocks.start;
        blocks.into_iter().find_map(|block| {
            let inputs = self.random(block);
            ours.step(&inputs);
            theirs.step(&inputs);
            let lane = self.differing(&ours, &theirs)?;
            let example = self.example(Some(block - first), &inputs, [&theirs, &ours], lane);
            Some((block * LANES + lane as u64, example))
        })
    }

    fn numbers(&self, block: u64) -> Vec<Lane<WORDS>> {
        let widths = self.ours.inputs().iter().map(|(_, bus)| bus.len());
        let mut above: usize = widths.clone().sum();
        let mut inputs = vec![];
        for width in widths {
            above -= width;
            inputs.extend((0..width).map(|bit| consecutive(block * LANES, above + bit)));
        }
        inputs
    }

    fn random(&self, block: u64) -> Vec<Lane<WORDS>> {
        let mut stream = Stream::new(1, "validate.equivalence", block);
        let bits: usize = self.ours.inputs().iter().map(|(_, bus)| bus.len()).sum();
        (0..bits).map(|_| std::array::from_fn(|_| stream.word())).collect()
    }

    fn differing(&self, ours: &Lanes<WORDS>, theirs: &Lanes<WORDS>) -> Option<usize> {
        let mut differing = [0u64; WORDS];
        for bus in 0..self.ours.outputs().len() {
            for (ours, theirs) in ours.output(bus).iter().zip(theirs.output(bus)) {
                (0..WORDS).for_each(|word| differing[word] |= ours[word] ^ theirs[word]);
            }
        }
        let word = differing.iter().position(|word| *word != 0)?;
        Some(64 * word + differing[word].trailing_zeros() as usize)
    }

    fn example(
        &self,
        cycle: Option<u64>,
        inputs: &[Lane<WORDS>],
        [theirs, ours]: [&Lanes<WORDS>; 2],
        lane: usize,
    ) -> Counterexample {
        let (signed, mut ports) = (self.unit.signed(), self.unit.ports().into_iter());
        let code = |lanes: &[Lane<WORDS>]| unpack(lanes, lane + 1)[lane];
        let mut rest = inputs;
        let mut codes = vec![];
        let operand = |(name, bus): &(String, Vec<_>)| {
            let (here, after) = rest.split_at(bus.len());
            rest = after;
            codes.push(code(here));
            let port = ports.next().expect("a port for each input");
            let decimal = port.code.value(code(here), port.width).into();
            Word { decimal, ..Word::new(name, code(here), bus.len(), signed) }
        };
        let operands = self.ours.inputs().iter().map(operand).collect();
        let outputs = self.ours.outputs();
        let differs = |bus: &usize| code(&theirs.output(*bus)) != code(&ours.output(*bus));
        let bus = (0..outputs.len()).find(differs).unwrap_or(0);
        let width = outputs[bus].1.len();
        let answer = |name: &str, code: u64| {
            let name = if outputs.len() == 1 { name } else { &format!("{name} {}", outputs[bus].0) };
            Word::new(name, code, width, signed)
        };
        let mut answers =
            vec![answer("file", code(&theirs.output(bus))), answer("gates", code(&ours.output(bus)))];
        if let Unit::Design(design) = self.unit {
            let signature = design.signature();
            let result = design.eval(signature.value_a(codes[0]), signature.value_b(codes[1]));
            answers.push(answer("function", bits::encode(result, width as u32)));
        }
        Counterexample { cycle, operands, answers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::export::{blif, verilog};

    fn compared(name: &str, text: &str, like: Option<&str>) -> Result<Equivalence, ValidateError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        equivalence(&path, like, Duration::from_secs(60), &|_, _| ())
    }

    fn exported(id: &str) -> String {
        verilog::write(&Unit::from_id(id).unwrap().netlist())
    }

    #[test]
    fn what_was_exported_is_what_it_was() {
        for (id, method, count) in [
            ("mul8s_drum_k4", "every input", 1 << 16),
            ("add12u_loa_k5", "every input", 1 << 24),
            ("mul20u_trunc_t9", "proof", 1 << 20),
            ("mac4s_exact", "proof", 1 << 20),
        ] {
            let found = compared("any.v", &exported(id), None).unwrap();
            assert_eq!((&*found.id, found.method, found.compared, found.first), (id, method, count, None));
        }
        let text = blif::write(&Unit::from_id("mul4u_kulkarni").unwrap().netlist());
        assert_eq!(compared("any.blif", &text, Some("mul4u_kulkarni")).unwrap().first, None);
    }

    /// One pair of 2^64, and a multiplier of another structure.
    #[test]
    fn beyond_every_input_a_proof_says_what_random_inputs_cannot() {
        let odd = "module m(input [31:0] a, b, output [32:0] y);\n  assign y = (a + b) ^ \
            (a == 32'hdeadbeef && b == 32'd77);\nendmodule\n";
        let found = compared("m.v", odd, Some("add32u_exact")).unwrap();
        let first = found.first.unwrap();
        assert_eq!((found.method, found.compared), ("proof", 1 << 20));
        assert_eq!(first.operands.iter().map(|word| word.decimal).collect::<Vec<_>>(), [0xdead_beef, 77]);
        assert_eq!(first.answers[0].decimal ^ 1, first.answers[2].decimal);
        let sum = odd.replace("== 32'd77", "!= b");
        assert_eq!(compared("m.v", &sum, Some("add32u_kogge_stone")).unwrap().method, "proof");

        let path = tempfile::tempdir().unwrap();
        let path = path.path().join("m.v");
        std::fs::write(&path, exported("mul20u_array")).unwrap();
        let soon = Duration::from_millis(200);
        let found = equivalence(&path, Some("mul20u_dadda"), soon, &|_, _| ()).unwrap();
        assert_eq!(
            (found.method, found.first, found.unproved),
            ("random inputs", None, Some(Unproved::Time))
        );
    }

    /// The pair 0, 5 is the sixth.
    #[test]
    fn the_first_input_that_differs_is_shown_in_every_notation() {
        let text = "module m(input [2:0] p, q, output [5:0] r);\n  assign r = p * q + (q == 5);\nendmodule\n";
        let found = compared("m.v", text, Some("mul3u_exact")).unwrap();
        let first = found.first.unwrap();
        assert_eq!(found.compared, 6);
        assert_eq!(
            first.operands[1],
            Word { name: "b".into(), decimal: 5, hex: "5".into(), bits: "101".into() }
        );
        let answers: Vec<(&str, i128)> =
            first.answers.iter().map(|word| (&*word.name, word.decimal)).collect();
        assert_eq!(answers, [("file", 1), ("gates", 0), ("function", 0)]);
    }

    /// Of a unit that razors, the code that differs; operands of sign and magnitude as their numbers.
    #[test]
    fn what_differs_is_shown_as_its_port_has_it() {
        let text = exported("sdr8x4_g4");
        let broken = text.replacen("assign y2 = {", "assign y2 = {1'b1 ^ ", 1);
        let first = compared("m.v", &broken, None).unwrap().first.unwrap();
        let names: Vec<&str> = first.answers.iter().map(|word| &*word.name).collect();
        assert_eq!(names, ["file y2", "gates y2"]);
        let text = exported("mac3u_exact");
        let broken = text.replacen("assign y = {", "assign y = {1'b1 ^ ", 1);
        let first = compared("m.v", &broken, None).unwrap().first.unwrap();
        let [a, ..] = &first.operands[..] else { panic!("operands") };
        let magnitude = i128::from_str_radix(&a.bits[1..], 2).unwrap();
        assert_eq!(a.decimal, if a.bits.starts_with('1') { -magnitude } else { magnitude });
    }

    /// A broken array drops rows of one operand; another tool may call that one `a`.
    #[test]
    fn exchanged_operands_are_noticed() {
        let ports = ["input [3:0] a, input [3:0] b", "input [3:0] b, input [3:0] a"];
        let text = exported("mul4u_bam_h2_v1").replace(ports[0], ports[1]);
        assert!(text.contains(ports[1]), "{text}");
        let found = compared("m.v", &text, Some("mul4u_bam_h2_v1")).unwrap();
        assert!(found.first.is_some() && found.exchanged, "{found:?}");
        let found = compared("m.v", &exported("mul4u_bam_h1_v1"), Some("mul4u_bam_h2_v1")).unwrap();
        assert!(found.first.is_some() && !found.exchanged);
    }

    /// One register too few: what comes out is a cycle early.
    #[test]
    fn a_cycle_that_differs_is_numbered_from_reset() {
        let text = "module mac2u_exact(input clk, input [2:0] a, b, input [15:0] c, output reg [15:0] y);\n  \
            always @(posedge clk) y <= c + a * b;\nendmodule\n";
        let error = compared("m.v", text, None).unwrap_err().to_string();
        assert!(error.contains("inputs of 3, 3, "), "{error}");
        let late = exported("mac4s_exact").replacen(" ^ ", " ~^ ", 1);
        let first = compared("m.v", &late, None).unwrap().first.unwrap();
        assert!(first.cycle.unwrap() < 4 && first.answers.len() == 2, "{first:?}");
    }

    /// A unit that keeps the exclusive or of two of its bits in the place of one of them.
    #[test]
    fn registers_that_hold_something_else_are_said_to_stand_in_the_way_of_a_proof() {
        let text = exported("mac4s_exact");
        let mut kept = text.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once(" <= "));
        let [(one, next), (other, next_other)] = [(); 2].map(|()| kept.next().unwrap());
        let theirs = text
            .replace(
                &format!("reg {one} = 1'b0;"),
                &format!("reg both = 1'b0;\n  wire {one} = both ^ {other};"),
            )
            .replace(&format!("{one} <= {next};"), &format!("both <= {next} ^ {next_other};"));
        let found = compared("m.v", &theirs, Some("mac4s_exact")).unwrap();
        assert_eq!((found.method, &found.first), ("random cycles", &None), "{theirs}");
        assert_eq!(found.unproved, Some(Unproved::Registers));
    }

    #[test]
    fn a_file_without_a_name_is_asked_for_one() {
        let error =
            compared("m.v", "module m(input [1:0] a, output y);\nassign y = a[0];\nendmodule\n", None);
        assert!(error.unwrap_err().to_string().contains("--like"));
    }
}

//! Do other simulators (Icarus Verilog, Verilator) read our Verilog as we mean it?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use axsim::arith::mac::{Mac, Port};
use axsim::arith::xnor::Xnor;
use axsim::arith::{self, Unit};
use axsim::bits;
use axsim::netlist::export::{hierarchical, verilog};
use axsim::netlist::{Builder, Lanes, Netlist};
use axsim::rng::Stream;

use crate::simulators::{Folder, Module, icarus, outputs, outputs_in, simulate, verilated};

fn design_folders() -> Vec<PathBuf> {
    let designs = Path::new(env!("CARGO_MANIFEST_DIR")).join("designs");
    let entries = fs::read_dir(designs).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("design.yaml").exists()).collect();
    folders.sort();
    folders
}

/// The vectors of a golden: its lines without the header.
fn golden_lines(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("golden.txt")).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_string).collect()
}

/// Operands and result of every golden line.
fn golden(folder: &Path) -> Vec<Vec<i64>> {
    let lines = golden_lines(folder);
    lines.iter().map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect()).collect()
}

#[test]
fn the_committed_verilog_of_every_design_gives_its_golden_on_every_vector() {
    if !icarus() {
        return;
    }
    let folders = design_folders();
    assert!(folders.len() >= 7);
    for folder in folders {
        let id = folder.file_name().unwrap().to_str().unwrap();
        let netlist = Unit::from_id(id).unwrap().netlist();
        let clocked = !netlist.registers().is_empty();
        let ports = Unit::from_id(id).unwrap().ports();
        let width = netlist.outputs()[0].1.len() as u32;
        let verilog = fs::read_to_string(folder.join(format!("{id}.v"))).unwrap();
        let vectors = golden(&folder);
        // Operands held for three clocks pass both ranks of registers; those of a trace are not held.
        let trace = fs::read_to_string(folder.join("design.yaml")).unwrap().contains("trace: true");
        let held = if clocked && !trace { 3 } else { 1 };
        let words = vectors.iter().flat_map(|vector| {
            let words = vector.iter().zip(&ports).map(|(&value, port)| port.word(value));
            vec![words.collect::<Vec<u64>>(); held]
        });
        let found = outputs(&[Module { netlist, verilog }], &words.collect::<Vec<_>>());
        assert_eq!(found.len(), held * vectors.len(), "{id}");
        for (vector, found) in vectors.iter().zip(found.iter().skip(held - 1).step_by(held)) {
            let expected = bits::encode(*vector.last().unwrap(), width);
            assert_eq!(found[0], expected, "{id}: {vector:?}");
        }
    }
}

#[test]
fn a_golden_is_what_its_testbench_prints() {
    if !icarus() {
        return;
    }
    let mut repeated = vec![];
    for folder in design_folders() {
        let bench = fs::read_to_string(folder.join("bench.v")).unwrap();
        let header = fs::read_to_string(folder.join("golden.txt")).unwrap();
        let command = header.lines().find_map(|line| line.strip_prefix("# command: ")).unwrap();
        // The others need Verilog that is not ours to keep; their header says where it is.
        if command == "iverilog -g2012 -o bench bench.v && vvp bench" {
            let printed = simulate("-g2012", &[("bench.v", &bench)]);
            assert!(printed.lines().eq(golden_lines(&folder)), "{}", folder.display());
            repeated.push(folder);
        }
    }
    assert!(repeated.len() >= 3, "{repeated:?}");
}

/// The text with one occurrence of a piece replaced.
fn planted(text: &str, piece: &str, other: &str, at: usize) -> String {
    let (place, _) = text.match_indices(piece).nth(at).unwrap_or_else(|| panic!("no {piece} number {at}"));
    format!("{}{other}{}", &text[..place], &text[place + piece.len()..])
}

/// Faults of one gate, one register or one bit: `validate` finds each, in the cycle in which Icarus first shows another
/// result than the golden.
#[test]
fn planted_faults_are_found_in_their_first_cycle() {
    if !icarus() {
        return;
    }
    let saturating = "mac4s_bw__s10__l2__p1__z";
    let razored = "mac4s_sdr_g16";
    for (id, piece, other, at) in [
        (saturating, " & ", " | ", 20),
        (saturating, " ^ ", " | ", 30),
        (saturating, " | ", " & ", 40),
        (saturating, "<= n38;", "<= n39;", 0),
        (saturating, "a0[1]", "1'b0", 1),
        (saturating, "? b1[2]", "? b1[1]", 0),
        (razored, "b3[1]", "b4[1]", 0),
        (razored, "t[2]", "1'b0", 0),
        (razored, "c[7]", "c[8]", 0),
        (razored, "assign y = {", "assign y = {1'b1 ^ ", 0),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("designs").join(id);
        let copy = tempfile::tempdir().unwrap();
        for name in ["design.yaml", "golden.txt"] {
            fs::copy(folder.join(name), copy.path().join(name)).unwrap();
        }
        let name = format!("{id}.v");
        let verilog = planted(&fs::read_to_string(folder.join(&name)).unwrap(), piece, other, at);
        fs::write(copy.path().join(&name), &verilog).unwrap();
        let unit = Unit::from_id(id).unwrap();
        let (ports, netlist, vectors) = (unit.ports(), unit.netlist(), golden(&folder));
        let width = netlist.outputs()[0].1.len() as u32;
        let word =
            |vector: &Vec<i64>| ports.iter().zip(vector).map(|(port, value)| port.word(*value)).collect();
        let found = outputs(&[Module { netlist, verilog }], &vectors.iter().map(word).collect::<Vec<_>>());
        let differs = |(found, vector): (&Vec<u64>, &Vec<i64>)| {
            found[0] != bits::encode(*vector.last().unwrap(), width)
        };
        let first = found.iter().zip(&vectors).position(differs);
        assert!(first.is_some(), "{id}: `{other}` for `{piece}` changes nothing");
        let verdict = axsim::validate::folder(copy.path()).unwrap();
        assert_eq!(verdict.first.and_then(|first| first.cycle), first, "{id}: `{other}` for `{piece}`");
    }
}

/// Every id of a width, all parameters.
fn ids(width: u32) -> Vec<String> {
    let member = |family: &arith::Family, sign: &str, values: &[u32]| {
        format!("{}{width}{sign}_{}", family.operation(), family.suffix(values))
    };
    let mut ids = vec![];
    for family in arith::families() {
        // A family with many members is sampled.
        for values in family.choices(width, [1, 20, 5, 3][family.parameters.len()]) {
            ids.extend(["u", "s"].map(|sign| member(family, sign, &values)));
        }
    }
    ids.retain(|id| arith::design(id).is_ok());
    ids
}

#[test]
fn every_family_computes_in_icarus_what_its_function_says() {
    if !icarus() {
        return;
    }
    for width in [2, 3, 4, 5] {
        let designs: Vec<_> = ids(width).iter().map(|id| arith::design(id).unwrap()).collect();
        let modules: Vec<Module> = designs.iter().map(|design| Module::new(design.netlist())).collect();
        let codes: Vec<Vec<u64>> =
            (0..1 << (2 * width)).map(|at| vec![at >> width, at & bits::mask(width)]).collect();
        let found = outputs(&modules, &codes);
        assert_eq!(found.len(), codes.len());
        for (codes, found) in codes.iter().zip(found) {
            for (design, found) in designs.iter().zip(found) {
                let signature = design.signature();
                let result = design.eval(signature.value_a(codes[0]), signature.value_b(codes[1]));
                assert_eq!(found, bits::encode(result, design.width_out()), "{} of {codes:?}", design.id());
            }
        }
    }
}

#[test]
fn a_mac_unit_follows_its_function_clock_by_clock() {
    if !icarus() {
        return;
    }
    let mac = Mac::from_id("mac4u_mitchell__loa_k5").unwrap();
    let (width, mut stream) = (mac.accumulator_width(), Stream::new(5, "verilog.mac", 0));
    let mut code = || stream.below(31) as i64 - 15;
    let operands: Vec<(i64, i64)> = (0..400).map(|_| (code(), code())).collect();
    let sums: Vec<u64> = (0..400).map(|_| stream.word() & bits::mask(width)).collect();
    let words = operands.iter().zip(&sums).map(|(&(a, b), &c)| vec![mac.port_word(a), mac.port_word(b), c]);
    let found = outputs(&[Module::new(mac.netlist())], &words.collect::<Vec<_>>());
    // The result register reset to 0 shows; then the operands of one clock meet the partial sum of the next.
    assert_eq!(found[0], [0]);
    for at in 2..operands.len() {
        let (a, b) = operands[at - 2];
        let sum = mac.accumulate(bits::sign_extend(sums[at - 1], width), mac.product(a, b));
        assert_eq!(found[at], [bits::encode(sum, width)], "clock {at}");
    }
}

/// Lanes, ranks, gating, stalls, policies and shifts, in Icarus and, where it is there, Verilator.
#[test]
fn units_of_every_shape_follow_their_function_in_other_simulators() {
    if !icarus() {
        return;
    }
    let verilator = Command::new("verilator").arg("--version").output().is_ok();
    assert!(
        verilator || std::env::var_os("CI").is_none(),
        "verilator is missing; in CI it must be installed"
    );
    for id in [
        "mac4s_bw__s12__l2__p2__z__e",
        "mac16x8s_bw__k100",
        "mac4s_sdr_g4__s30__p1",
        "mac4s_sdrtc_g2__l4",
        "mac4s_vsq_g4__s30__p1",
    ] {
        let mac = Mac::from_id(id).unwrap();
        let (ports, width, mut stream) = (mac.ports(), mac.accumulator_width(), Stream::new(9, id, 0));
        let draw = |port: &Port, stream: &mut Stream| {
            let (low, high) = port.range.clone().into_inner();
            if stream.below(5) == 0 { high } else { low + stream.below((high - low + 1) as u64) as i64 }
        };
        let runs: Vec<Vec<i64>> =
            (0..2000).map(|_| ports.iter().map(|port| draw(port, &mut stream)).collect()).collect();
        let word = |run: &Vec<i64>| ports.iter().zip(run).map(|(port, value)| port.word(*value)).collect();
        let words: Vec<Vec<u64>> = runs.iter().map(word).collect();
        let mut cycles = mac.cycles();
        let expected: Vec<Vec<u64>> =
            runs.iter().map(|run| vec![bits::encode(cycles.step(run), width)]).collect();
        let module = [Module::new(mac.netlist())];
        assert_eq!(outputs(&module, &words), expected, "{id} in Icarus");
        if verilator {
            assert_eq!(outputs_in(verilated, &module, &words), expected, "{id} in Verilator");
        }
    }
}

#[test]
fn words_of_signs_are_counted_in_other_simulators_as_their_function_says() {
    if !icarus() {
        return;
    }
    let verilator = Command::new("verilator").arg("--version").output().is_ok();
    for id in ["xnor1", "xnor16__w6", "xnor64"] {
        let unit = Xnor::from_id(id).unwrap();
        let widths = unit.ports().into_iter().map(|port| port.width).collect::<Vec<_>>();
        let mut stream = Stream::new(10, id, 0);
        let words: Vec<[u64; 3]> =
            (0..2000).map(|_| [0, 1, 2].map(|port| stream.word() & bits::mask(widths[port]))).collect();
        let expected: Vec<Vec<u64>> = unit.run(&words).into_iter().map(|count| vec![count]).collect();
        let words: Vec<Vec<u64>> = words.iter().map(|words| words.to_vec()).collect();
        let module = [Module::new(unit.netlist())];
        assert_eq!(outputs(&module, &words), expected, "{id} in Icarus");
        if verilator {
            assert_eq!(outputs_in(verilated, &module, &words), expected, "{id} in Verilator");
        }
    }
}

#[test]
fn names_that_verilog_reserves_are_read_as_they_are() {
    if !icarus() {
        return;
    }
    let mut build = Builder::new("module");
    let (n4, clk) = (build.input("n4", 3), build.input("clk", 2));
    let wire = build.input("wire", 1);
    let some = build.mux(wire[0], n4[2], clk[1]);
    let more = build.xor(some, n4[0]);
    let held = build.register(&[some, more]);
    let y = build.or(held[1], clk[0]);
    build.output("assign", vec![y, held[0], more]);
    let netlist = build.finish();
    let mut lanes = Lanes::<1>::new(&netlist);
    let vectors: Vec<Vec<u64>> =
        (0..64).map(|at| vec![(at * 5) & 7, (at * 3) >> 2 & 3, at >> 1 & 1]).collect();
    let ours = vectors.iter().map(|words| {
        let bits = words.iter().zip(netlist.inputs());
        let bits = bits.flat_map(|(word, (_, bus))| (0..bus.len()).map(move |bit| [word >> bit & 1]));
        lanes.step(&bits.collect::<Vec<_>>());
        vec![lanes.output(0).iter().enumerate().fold(0, |word, (bit, lane)| word | lane[0] << bit)]
    });
    let ours: Vec<Vec<u64>> = ours.collect();
    assert_eq!(outputs(&[Module::new(netlist.clone())], &vectors), ours);
}

/// Verilator finds what other simulators let pass: widths, unused bits, undriven nets.
#[test]
fn every_family_passes_verilators_lint() {
    if Command::new("verilator").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "verilator is missing; in CI it must be installed");
        eprintln!("skipped: verilator is not installed, so no lint read our Verilog");
        return;
    }
    for write in [verilog::write, hierarchical::write] {
        let examples = arith::families().map(|family| arith::design(&family.example()).unwrap().netlist());
        let all = examples.chain([Unit::from_id("mac8s_exact").unwrap().netlist()]);
        let text: String = all.map(|netlist| write(&netlist)).collect();
        // A module a file, several tops, and operand bits that a truncated design does not read, are meant so.
        let allowed = ["-Wno-DECLFILENAME", "-Wno-MULTITOP", "-Wno-UNUSED"];
        let options = ["--lint-only", "-Wall"].into_iter().chain(allowed).chain(["all.v"]);
        Folder::of(&[("all.v", &text)]).run("verilator", options.collect());
    }
}

/// Products of 8 bits on every pair, sums of 16 bits on 100,000 random ones: of every family with `AXSIM_EVERY_FAMILY`
/// set, else of every twentieth.
#[test]
fn examples_of_families_compute_in_two_simulators_what_their_functions_say() {
    let found = icarus() && Command::new("verilator").arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "verilator is missing; in CI it must be installed");
    if !found {
        eprintln!("skipped: without Icarus and Verilator no two simulators can agree");
        return;
    }
    let step = if std::env::var_os("AXSIM_EVERY_FAMILY").is_some() { 1 } else { 20 };
    let mut stream = Stream::new(6, "verilog.simulators", 0);
    let sums: Vec<Vec<u64>> =
        (0..100_000).map(|_| vec![stream.below(1 << 16), stream.below(1 << 16)]).collect();
    let products = (0..1u64 << 16).map(|at| vec![at >> 8, at & 255]).collect();
    let write: [fn(&Netlist) -> String; 2] = [hierarchical::write, verilog::write];
    for ((operation, vectors), write) in [("add", sums), ("mul", products)].into_iter().zip(write) {
        let families = arith::families().filter(|family| family.operation() == operation).step_by(step);
        let designs: Vec<_> = families.map(|family| arith::design(&family.example()).unwrap()).collect();
        let netlists = designs.iter().map(|design| design.netlist());
        let modules: Vec<Module> =
            netlists.map(|netlist| Module { verilog: write(&netlist), netlist }).collect();
        let found = outputs(&modules, &vectors);
        assert_eq!(found, outputs_in(verilated, &modules, &vectors), "Icarus and Verilator differ");
        for (codes, found) in vectors.iter().zip(found) {
            for (design, found) in designs.iter().zip(found) {
                let signature = design.signature();
                let result = design.eval(signature.value_a(codes[0]), signature.value_b(codes[1]));
                assert_eq!(found, bits::encode(result, design.width_out()), "{} of {codes:?}", design.id());
            }
        }
    }
}

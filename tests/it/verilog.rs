//! Does another simulator (Icarus Verilog) read our Verilog as we mean it?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use axsim::arith::{self, Unit, mac::Mac};
use axsim::bits;
use axsim::netlist::export::{hierarchical, verilog};
use axsim::netlist::{Builder, Cell, Lanes, Netlist, Timed};
use axsim::rng::Stream;
use axsim::tech::CellLibrary;

/// Whether Icarus is at hand; without it a test is skipped aloud, in CI it fails.
pub(super) fn icarus() -> bool {
    let found = Command::new("iverilog").arg("-V").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "iverilog is missing; in CI it must be installed");
    if !found {
        eprintln!("skipped: iverilog is not installed, so no other simulator read our Verilog");
    }
    found
}

/// A circuit as a testbench sees it: its netlist for names and widths, its text as it stands in a file.
struct Module {
    netlist: Netlist,
    verilog: String,
}

impl Module {
    fn new(netlist: Netlist) -> Self {
        let verilog = verilog::write(&netlist);
        Self { netlist, verilog }
    }
}

/// Files in a folder in which tools run.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    /// What a tool prints, which may not complain.
    fn run(&self, tool: &str, arguments: Vec<&str>) -> String {
        let output = Command::new(tool).args(arguments).current_dir(self.0.path()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{tool}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Runs Icarus on Verilog files and returns what the simulation prints.
fn simulate(generation: &str, files: &[(&str, &str)]) -> String {
    let folder = Folder::of(files);
    let sources = files.iter().map(|(name, _)| *name).filter(|name| name.ends_with(".v"));
    folder.run("iverilog", [generation, "-Wall", "-o", "bench"].into_iter().chain(sources).collect());
    folder.run("vvp", vec!["-n", "bench"])
}

/// As [`simulate`], of files of these names, with Verilator.
fn verilated(files: &[(&str, &str)]) -> String {
    let folder = Folder::of(files);
    // The bench is not of ours to be linted; the modules are, elsewhere.
    let options = vec!["--binary", "-Wno-lint", "--top-module", "bench", "-o", "sim", "modules.v", "bench.v"];
    folder.run("verilator", options);
    folder.run("./obj_dir/sim", vec![])
}

/// The outputs of every module for every vector; all modules have the same input buses.
///
/// A clocked module sees one rising edge between two vectors, as [`Lanes::step`] has it.
fn outputs(modules: &[Module], vectors: &[Vec<u64>]) -> Vec<Vec<u64>> {
    outputs_in(|files| simulate("-g2001", files), modules, vectors)
}

fn outputs_in(
    simulator: impl Fn(&[(&str, &str)]) -> String,
    modules: &[Module],
    vectors: &[Vec<u64>],
) -> Vec<Vec<u64>> {
    let inputs: Vec<(&str, usize)> =
        modules[0].netlist.inputs().iter().map(|(name, bus)| (&**name, bus.len())).collect();
    let bench = bench(modules, &inputs, vectors.len());
    let word = |vector: &Vec<u64>| {
        let bits = vector.iter().zip(&inputs).map(|(value, (_, width))| format!("{value:0width$b}"));
        bits.collect::<String>() + "\n"
    };
    let vectors: String = vectors.iter().map(word).collect();
    let text: String = modules.iter().map(|module| &*module.verilog).collect();
    let printed = simulator(&[("modules.v", &text), ("bench.v", &bench), ("vectors.bin", &vectors)]);
    let number =
        |word: &str| u64::from_str_radix(word, 16).unwrap_or_else(|_| panic!("the simulator printed {word}"));
    printed.lines().map(|line| line.split(' ').map(number).collect()).collect()
}

fn bench(modules: &[Module], inputs: &[(&str, usize)], count: usize) -> String {
    let total: usize = inputs.iter().map(|(_, width)| width).sum();
    let registers = inputs.iter().map(|(name, width)| format!("  reg [{}:0] in_{name};\n", width - 1));
    let targets: Vec<String> = inputs.iter().map(|(name, _)| format!("in_{name}")).collect();
    let mut text = format!(
        "module bench;\n  reg clk = 0;\n  integer at;\n  reg [{}:0] v [0:{}];\n",
        total - 1,
        count - 1
    );
    text.extend(registers);
    for (at, module) in modules.iter().enumerate() {
        let (netlist, output) = (&module.netlist, &module.netlist.outputs()[0]);
        let escaped = |name: &str| format!("\\{name} ");
        let clock = verilog::clock(netlist).map(|clock| format!(".{}(clk), ", escaped(&clock)));
        let ports = inputs.iter().map(|(name, _)| format!(".{}(in_{name}), ", escaped(name)));
        let ports: String = clock.into_iter().chain(ports).collect();
        let (module, port) = (escaped(netlist.name()), escaped(&output.0));
        text +=
            &format!("  wire [{}:0] y{at};\n  {module} u{at}({ports}.{port}(y{at}));\n", output.1.len() - 1);
    }
    let format = vec!["%h"; modules.len()].join(" ");
    let results: Vec<String> = (0..modules.len()).map(|at| format!("y{at}")).collect();
    text += &format!(
        "  initial begin\n    $readmemb(\"vectors.bin\", v);\n    for (at = 0; at < {count}; at = at + 1) begin
      if (at > 0) begin clk = 1; #1; clk = 0; end
      {{{}}} = v[at]; #1;
      $display(\"{format}\", {});\n    end\n  end\nendmodule\n",
        targets.join(", "),
        results.join(", ")
    );
    text
}

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
        let widths: Vec<u32> = netlist.inputs().iter().map(|(_, bus)| bus.len() as u32).collect();
        let width = netlist.outputs()[0].1.len() as u32;
        let verilog = fs::read_to_string(folder.join(format!("{id}.v"))).unwrap();
        let vectors = golden(&folder);
        // Operands held for three clocks pass both ranks of registers; those of a trace are not held.
        let trace = fs::read_to_string(folder.join("design.yaml")).unwrap().contains("trace: true");
        let held = if clocked && !trace { 3 } else { 1 };
        let words = vectors.iter().flat_map(|vector| {
            let words = vector.iter().zip(&widths).map(|(&value, &width)| bits::encode(value, width));
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

/// A multiplier that leaves out the lowest columns, with the parameters, loops and blocks that our reader does not take.
#[test]
fn parametric_modules_are_read_by_way_of_yosys() {
    if Command::new("yosys").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "yosys is missing; in CI it must be installed");
        eprintln!("skipped: yosys is not installed, so no parametric module is read");
        return;
    }
    let text = "module cut #(parameter W = 4, parameter T = 0) (input [W-1:0] a, b, output reg [2*W-1:0] y);
  integer i;
  reg [2*W-1:0] row;
  always @* begin
    y = 0;
    for (i = 0; i < W; i = i + 1) begin
      row = b[i] ? a << i : 0;
      y = y + (row & ~((1 << T) - 1));
    end
  end
endmodule
";
    let folder = Folder::of(&[("cut.v", text)]);
    let axsim = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_axsim"));
        command.args(["validate", "cut.v"]).args(options).current_dir(folder.0.path());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(axsim(&["--like", "mul8u_trunc_t3"]).0, Some(2));
    let yosys = ["--via-yosys", "--top", "cut", "--chparam", "W=8", "--chparam", "T=3"];
    let (code, said) = axsim(&[&yosys[..], &["--like", "mul8u_trunc_t3"]].concat());
    assert!(code == Some(0) && said.starts_with("cut.v: computes what mul8u_trunc_t3 does"), "{said}");
    assert_eq!(axsim(&[&yosys[..], &["--like", "mul8u_trunc_t4"]].concat()).0, Some(1));
}

#[test]
fn an_exported_testbench_passes_its_module_and_fails_another() {
    if !icarus() {
        return;
    }
    let export = |id: &str, format: &str| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_axsim")).args(["export", id, "--format", format]).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    for id in ["mul8s_drum_k4", "add16u_loa_k6", "mul4u_kulkarni"] {
        let bench = export(id, "testbench");
        let printed = simulate("-g2005", &[("module.v", &export(id, "verilog")), ("bench.v", &bench)]);
        assert!(printed.starts_with("PASS: "), "{id}: {printed}");
        let mapped = export(id, "mapped");
        assert!(mapped.contains("XOR2_X1"), "{id}");
        let wrong = export(id, "verilog").replacen(" & ", " | ", 1);
        let printed = simulate("-g2005", &[("module.v", &wrong), ("bench.v", &bench)]);
        assert!(printed.contains("first difference") && printed.contains("FAIL: "), "{id}: {printed}");
    }
}

/// The C text of a design, compiled, against its function.
#[test]
fn exported_c_computes_the_function() {
    let folder = tempfile::tempdir().unwrap();
    let design = arith::design("mul8s_drum_k4").unwrap();
    let text = axsim::netlist::export::c::write(&design.netlist()).unwrap();
    let main = "#include <stdio.h>\nint main(void) { for (uint64_t at = 0; at < 65536; at++) printf(\"%llu\\n\", (unsigned long long)mul8s_drum_k4(at >> 8, at & 255)); }\n";
    fs::write(folder.path().join("design.c"), text + main).unwrap();
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-Wall", "-Werror", "-o", "design", "design.c"]).current_dir(folder.path());
    let compiled = compiler.output().expect("Rust links with a C compiler, so there is one");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let printed = Command::new(folder.path().join("design")).output().unwrap().stdout;
    let table = arith::table(&*design).unwrap();
    let expected = table.entries().iter().map(|entry| (*entry as u16).to_string());
    assert!(String::from_utf8(printed).unwrap().lines().map(str::to_string).eq(expected));
}

/// The module with the delay of every gate in its assignment, `n7` the net of cell 7.
pub(super) fn delayed(netlist: &Netlist, delays: &[u32]) -> String {
    let plain = verilog::write(netlist);
    let mut gates =
        delays.iter().enumerate().filter(|(at, _)| matches!(netlist.cells()[*at], Cell::Gate(..)));
    let line = |line: &str| match line.trim_start().strip_prefix("wire ") {
        Some(rest) => {
            let (name, value) = rest.split_once(" = ").unwrap();
            let (at, delay) = gates.next().unwrap();
            assert_eq!(name, format!("n{at}"));
            format!("  wire {name};\n  assign #{delay} {name} = {value}\n")
        }
        None => format!("{line}\n"),
    };
    plain.lines().map(line).collect()
}

/// Value changes of every net `n7` in a VCD file, after the values at its start.
fn changes(vcd: &str, cells: usize) -> Vec<u64> {
    let mut nets = std::collections::HashMap::new();
    let mut counts = vec![0; cells];
    let (mut dumping, mut started) = (false, false);
    for line in vcd.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["$var", "wire", "1", code, name, "$end"] => {
                if let Some(at) = name.strip_prefix('n').and_then(|at| at.parse::<usize>().ok()) {
                    nets.insert(code.to_string(), at);
                }
            }
            ["$dumpvars"] => dumping = true,
            ["$end"] => started = dumping,
            [change] if started && change.starts_with(['0', '1']) => {
                if let Some(at) = nets.get(&change[1..]) {
                    counts[*at] += 1;
                }
            }
            _ => {}
        }
    }
    counts
}

#[test]
fn glitches_are_those_that_icarus_sees_at_the_same_delays() {
    if !icarus() {
        return;
    }
    for id in ["mul8u_array", "mul8s_drum_k4", "add16u_loa_k6", "mul6u_mitchell"] {
        let netlist = Unit::from_id(id).unwrap().netlist();
        let delays = CellLibrary::nangate45().delays(&netlist);
        let widths: Vec<u32> = netlist.inputs().iter().map(|(_, bus)| bus.len() as u32).collect();
        let mut stream = Stream::new(7, "test.glitches", 0);
        let vectors: Vec<Vec<u64>> =
            (0..60).map(|_| widths.iter().map(|width| stream.below(1 << width)).collect()).collect();
        let mut timed = Timed::<1>::new(&netlist, &delays);
        let mut steps = String::new();
        for (at, vector) in vectors.iter().enumerate() {
            let bits = vector
                .iter()
                .zip(&widths)
                .flat_map(|(word, width)| (0..*width).map(move |bit| [word >> bit & 1]));
            timed.step(&bits.collect::<Vec<_>>());
            steps += &format!("    a = {}; b = {}; #100000;\n", vector[0], vector[1]);
            if at == 0 {
                steps += "    $dumpfile(\"out.vcd\"); $dumpvars(0, circuit);\n";
            }
        }
        let bench = format!(
            "module bench;\n  reg [{}:0] a;\n  reg [{}:0] b;\n  {id} circuit (.a(a), .b(b), .y());\n  initial begin\n{steps}    $finish;\n  end\nendmodule\n",
            widths[0] - 1,
            widths[1] - 1
        );
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("all.v"), delayed(&netlist, &delays) + &bench).unwrap();
        let run = |tool: &str, arguments: &[&str]| {
            let output = Command::new(tool).args(arguments).current_dir(folder.path()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run("iverilog", &["-g2001", "-o", "bench", "all.v"]);
        run("vvp", &["-n", "bench"]);
        let seen = changes(&fs::read_to_string(folder.path().join("out.vcd")).unwrap(), delays.len());
        let gate = |at: &usize| matches!(netlist.cells()[*at], Cell::Gate(..));
        let total = timed.total_toggles();
        let differing: Vec<usize> =
            (0..total.len()).filter(gate).filter(|at| total[*at] != seen[*at]).collect();
        assert!(differing.is_empty(), "{id}: {} nets differ, the first is {}", differing.len(), differing[0]);
        assert!(total.iter().sum::<u64>() > 1000, "{id}");
    }
}

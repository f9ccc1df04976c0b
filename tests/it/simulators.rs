//! Runs circuits in other simulators: Icarus Verilog and Verilator.

use std::fs;
use std::process::Command;

use axsim::netlist::export::verilog;
use axsim::netlist::{Cell, Netlist};

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
pub(super) struct Module {
    pub(super) netlist: Netlist,
    pub(super) verilog: String,
}

impl Module {
    pub(super) fn new(netlist: Netlist) -> Self {
        let verilog = verilog::write(&netlist);
        Self { netlist, verilog }
    }
}

/// Files in a folder in which tools run.
pub(super) struct Folder(pub(super) tempfile::TempDir);

impl Folder {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    /// What a tool prints, which may not complain.
    pub(super) fn run(&self, tool: &str, arguments: Vec<&str>) -> String {
        let output = Command::new(tool).args(arguments).current_dir(self.0.path()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{tool}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Runs Icarus on Verilog files and returns what the simulation prints.
pub(super) fn simulate(generation: &str, files: &[(&str, &str)]) -> String {
    let folder = Folder::of(files);
    let sources = files.iter().map(|(name, _)| *name).filter(|name| name.ends_with(".v"));
    folder.run("iverilog", [generation, "-Wall", "-o", "bench"].into_iter().chain(sources).collect());
    folder.run("vvp", vec!["-n", "bench"])
}

/// As [`simulate`], of files of these names, with Verilator.
pub(super) fn verilated(files: &[(&str, &str)]) -> String {
    let folder = Folder::of(files);
    // The bench is not of ours to be linted; the modules are, elsewhere.
    let options = vec!["--binary", "-Wno-lint", "--top-module", "bench", "-o", "sim", "modules.v", "bench.v"];
    folder.run("verilator", options);
    folder.run("./obj_dir/sim", vec![])
}

/// The outputs of every module for every vector; all modules have the same input buses.
///
/// A clocked module sees one rising edge between two vectors, as [`Lanes::step`] has it.
pub(super) fn outputs(modules: &[Module], vectors: &[Vec<u64>]) -> Vec<Vec<u64>> {
    outputs_in(|files| simulate("-g2001", files), modules, vectors)
}

pub(super) fn outputs_in(
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

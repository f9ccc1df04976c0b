//! Do other tools see in our activity and delay files what we simulated?

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use axsim::arith::Unit;
use axsim::netlist::export::mapped::{CLOCK_PIN, REGISTER, mapping};
use axsim::netlist::export::{mapped, saif, sdf, vcd, verilog};
use axsim::netlist::{Gate, Netlist, Timed, Waveform};
use axsim::rng::Stream;
use axsim::tech::CellLibrary;

use crate::cli::axsim;
use crate::simulators::icarus;

const PERIOD: u64 = 4_000_000;
const CLOCKS: usize = 100;

/// A unit in library cells, some clocks of random inputs, and the transitions that they make.
struct Sample {
    netlist: Netlist,
    /// Ticks of every net's driver: a thousand times those of the library and a random rest, so that hardly two
    /// changes fall on one time, where a simulator is free to take either first.
    delays: Vec<u32>,
    waveform: Waveform,
    toggles: Vec<u64>,
}

impl Sample {
    fn new(id: &str, library: &CellLibrary) -> Self {
        let netlist = library.map(&Unit::from_id(id).unwrap().netlist());
        let mut rest = Stream::new(4, "test.activity", 0);
        let spread = |ticks: u32| ticks * 2000 + rest.below(2000) as u32;
        let delays: Vec<u32> = library.delays(&netlist).into_iter().map(spread).collect();
        let width: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
        let mut stream = Stream::new(3, "test.activity", 0);
        let steps: Vec<Vec<bool>> =
            (0..CLOCKS).map(|_| (0..width).map(|_| stream.below(2) == 1).collect()).collect();
        let mut timed = Timed::<1>::new(&netlist, &delays);
        for step in &steps {
            timed.step(&step.iter().map(|bit| [if *bit { u64::MAX } else { 0 }]).collect::<Vec<_>>());
        }
        let toggles = timed.total_toggles().iter().map(|toggles| toggles / 64).collect();
        let waveform = Waveform::record(&netlist, &delays, 1, PERIOD, steps);
        Self { netlist, delays, waveform, toggles }
    }

    /// What the exported Verilog calls each net.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = (0..self.toggles.len()).map(|at| format!("n{at}")).collect();
        for (name, bus) in self.netlist.inputs() {
            bus.iter().enumerate().for_each(|(bit, net)| names[net.index()] = format!("{name}[{bit}]"));
        }
        names
    }
}

/// A value change dump as it stands: variables by scope and name, and every change after the first values.
#[derive(Default)]
struct Dump {
    codes: HashMap<String, String>,
    changes: Vec<(u64, String, char)>,
    end: u64,
}

impl Dump {
    fn read(text: &str) -> Self {
        let (mut dump, mut scopes, mut started, mut time) = (Self::default(), vec![], false, 0);
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["$scope", _, name, _] => scopes.push(name),
                ["$upscope", _] => drop(scopes.pop()),
                ["$var", _, "1", code, ref name @ .., "$end"] => {
                    let path = [&scopes[..], &[&*name.concat()]].concat().join("/");
                    dump.codes.insert(path, code.into());
                }
                ["$dumpvars"] => started = true,
                [change] if change.starts_with('#') => time = change[1..].parse().unwrap(),
                [change] if started && change.starts_with(['0', '1', 'x']) => {
                    dump.changes.push((time, change[1..].into(), change.chars().next().unwrap()));
                }
                _ => {}
            }
        }
        dump.end = time;
        dump
    }

    /// Changes of each variable after its first value.
    fn toggles(&self) -> HashMap<&str, u64> {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        self.changes.iter().for_each(|(_, code, _)| *counts.entry(code).or_default() += 1);
        self.codes
            .iter()
            .map(|(path, code)| (&**path, counts.get(&**code).map_or(0, |count| count - 1)))
            .collect()
    }
}

/// T0, T1, TC by instance and net of a SAIF file, and its duration.
fn saif_nets(text: &str) -> (HashMap<String, [u64; 3]>, u64) {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (mut found, mut path, mut duration) = (HashMap::new(), vec![], 0);
    // Every open parenthesis, and whether it is that of an instance.
    let mut open = vec![];
    for (at, word) in words.iter().enumerate() {
        match *word {
            "(" => {
                let instance = words[at + 1] == "INSTANCE";
                open.push(instance);
                if instance {
                    path.push(words[at + if words[at + 2].starts_with('"') { 3 } else { 2 }]);
                }
                if words[at + 1] == "DURATION" {
                    duration = words[at + 2].parse().unwrap();
                }
                if words[at + 3..].starts_with(&["T0"]) && words[at + 2] == "(" {
                    let number = |at: usize| words[at].parse().unwrap();
                    let name = words[at + 1].replace('\\', "");
                    let key = [&path[..], &[&*name]].concat().join("/");
                    found.insert(key, [number(at + 4), number(at + 8), number(at + 16)]);
                }
            }
            ")" if open.pop() == Some(true) => drop(path.pop()),
            _ => {}
        }
    }
    (found, duration)
}

#[test]
fn vcd_and_saif_hold_every_transition_once() {
    let library = CellLibrary::nangate45();
    for id in ["mac8s_exact", "mac4u_drum_k3__loa_k4", "mul6u_mitchell"] {
        let sample = Sample::new(id, &library);
        let text = vcd::write(&sample.netlist, &sample.waveform);
        let dump = Dump::read(&text);
        let toggles = dump.toggles();
        let (nets, duration) = saif_nets(&saif::write(&sample.netlist, &sample.waveform));
        assert_eq!((dump.end, duration), (CLOCKS as u64 * PERIOD, CLOCKS as u64 * PERIOD), "{id}");
        for (name, expected) in sample.names().iter().zip(&sample.toggles) {
            let path = format!("{id}/{name}");
            assert_eq!(toggles[&*path], *expected, "{path}");
            assert_eq!(nets[&path][2], *expected, "{path}");
        }
        assert!(sample.toggles.iter().sum::<u64>() > 2000, "{id}");
        // Time at 1 from the dump itself.
        let mut since: HashMap<&str, (u64, char)> = HashMap::new();
        let mut high: HashMap<&str, u64> = HashMap::new();
        for (time, code, value) in &dump.changes {
            if let Some((then, '1')) = since.insert(code, (*time, *value)) {
                *high.entry(code).or_default() += time - then;
            }
        }
        since.iter().filter(|(_, (_, value))| *value == '1').for_each(|(code, (then, _))| {
            *high.entry(code).or_default() += dump.end - then;
        });
        assert_eq!(nets.len(), dump.codes.len(), "{id}");
        for (path, [low, one, count]) in &nets {
            assert_eq!(low + one, duration, "{id}: {path}");
            assert_eq!(*one, high.get(&*dump.codes[path]).copied().unwrap_or(0), "{id}: {path}");
            assert_eq!(*count, toggles[&**path], "{id}: {path}");
        }
    }
}

/// Verilog of the cells; delays are parameters of the assignments, or paths for an annotator.
fn models(paths: bool) -> String {
    type Model = (Vec<&'static str>, Vec<(&'static str, Gate)>);
    let mut found: HashMap<&str, Model> = HashMap::new();
    for gate in Gate::ALL {
        let (cell, inputs, output) = mapping(gate);
        found.entry(cell).or_insert((inputs.to_vec(), vec![])).1.push((output, gate));
    }
    let mut out = "`timescale 1ps/1ps\n".to_string();
    for (cell, (inputs, outputs)) in found {
        let [a, b, c] = [0, 1, 2].map(|pin| *inputs.get(pin).unwrap_or(&inputs[0]));
        let names: Vec<&str> = outputs.iter().map(|(pin, _)| *pin).collect();
        out += &format!("module {cell}(input {}, output {});\n", inputs.join(", "), names.join(", "));
        for (pin, gate) in outputs {
            let value = match gate {
                Gate::Not => format!("~{a}"),
                Gate::And => format!("{a} & {b}"),
                Gate::Or => format!("{a} | {b}"),
                Gate::Xor => format!("{a} ^ {b}"),
                Gate::Nand => format!("~({a} & {b})"),
                Gate::Nor => format!("~({a} | {b})"),
                Gate::Xnor => format!("~({a} ^ {b})"),
                Gate::Mux => format!("{a} ? {b} : {c}"),
                Gate::And3 => format!("{a} & {b} & {c}"),
                Gate::Or3 => format!("{a} | {b} | {c}"),
                Gate::Nand3 => format!("~({a} & {b} & {c})"),
                Gate::Nor3 => format!("~({a} | {b} | {c})"),
                Gate::Aoi21 => format!("~({a} | {b} & {c})"),
                Gate::Oai21 => format!("~({a} & ({b} | {c}))"),
                Gate::Sum => format!("{a} ^ {b} ^ {c}"),
                Gate::Majority => format!("{a} & {b} | {c} & ({a} | {b})"),
            };
            if paths {
                let path = |input: &&str| format!("    ({input} => {pin}) = 0;\n");
                let paths: String = inputs.iter().map(path).collect();
                out += &format!("  assign {pin} = {value};\n  specify\n{paths}  endspecify\n");
            } else {
                out += &format!("  parameter D_{pin} = 0;\n  assign #(D_{pin}) {pin} = {value};\n");
            }
        }
        out += "endmodule\n";
    }
    let (delay, path) = if paths {
        ("", format!("  specify (posedge {CLOCK_PIN} => (Q : D)) = 0; endspecify\n"))
    } else {
        ("#(D_Q) ", "  parameter D_Q = 0;\n".to_string())
    };
    out + &format!(
        "module {REGISTER}(input D, {CLOCK_PIN}, output Q, QN);\n{path}  reg q = 0;\n  always @(posedge {CLOCK_PIN}) q <= D;\n  \
         assign {delay}Q = q;\n  assign QN = ~q;\nendmodule\n"
    )
}

/// A testbench that puts in what the dump says of the ports, and dumps what comes of it.
fn bench(netlist: &Netlist, dump: &Dump, setup: &str) -> String {
    let id = netlist.name();
    let clock = verilog::clock(netlist);
    let buses = netlist.inputs().iter().map(|(name, bus)| (name.clone(), bus.len()));
    let buses: Vec<(String, usize)> = clock.iter().map(|name| (name.clone(), 1)).chain(buses).collect();
    let mut ports: HashMap<&str, String> = HashMap::new();
    for (name, width) in &buses {
        for bit in 0..*width {
            let clocking = clock.as_deref() == Some(name);
            let bit = if clocking { name.clone() } else { format!("{name}[{bit}]") };
            ports.insert(&dump.codes[&format!("{id}/{bit}")], bit);
        }
    }
    let registers: String =
        buses.iter().map(|(name, width)| format!("  reg [{}:0] {name} = 0;\n", width - 1)).collect();
    let tied: Vec<String> = buses.iter().map(|(name, _)| format!(".{name}({name})")).collect();
    let mut text = format!(
        "`timescale 1ps/1ps\nmodule bench;\n{registers}  {id} unit ({}, .y());\n{setup}  initial begin\n",
        tied.join(", ")
    );
    let mut last = 0;
    for (time, code, value) in &dump.changes {
        let Some(port) = ports.get(&**code) else { continue };
        if last == 0 && *time > 0 {
            text += &format!("    #{}; $dumpfile(\"out.vcd\"); $dumpvars(0, unit); #1;\n", PERIOD - 1);
            last = PERIOD;
        }
        if *time > last {
            text += &format!("    #{};\n", time - last);
            last = *time;
        }
        // Registers take over what stands before the edge, at which the ports change.
        let how = if clock.as_deref() == Some(port) { "=" } else { "<=" };
        text += &format!("    {port} {how} {value};\n");
    }
    text + &format!("    #{PERIOD} $finish;\n  end\nendmodule\n")
}

/// Transitions that Icarus sees in the exported Verilog, by name of the net.
fn simulated(sample: &Sample, dump: &Dump, paths: bool, delays: &str) -> HashMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let setup = if paths {
        "  initial $sdf_annotate(\"delays.sdf\", unit);\n".to_string()
    } else {
        parameters(delays)
    };
    let unit = format!("`timescale 1ps/1ps\n{}", mapped::write(&sample.netlist));
    let files = [
        ("bench.v", bench(&sample.netlist, dump, &setup)),
        ("cells.v", models(paths)),
        ("unit.v", unit),
        ("delays.sdf", delays.to_string()),
    ];
    files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    let run = |tool: &str, arguments: &[&str]| {
        let output = Command::new(tool).args(arguments).current_dir(folder.path()).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{tool}: {said}");
        assert!(
            !said.to_lowercase().contains("warning") && !said.to_lowercase().contains("error"),
            "{tool}: {said}"
        );
    };
    run("iverilog", &["-g2005", "-gspecify", "-Ttyp", "-o", "bench", "bench.v", "cells.v", "unit.v"]);
    run("vvp", &["-n", "bench"]);
    let seen = Dump::read(&fs::read_to_string(folder.path().join("out.vcd")).unwrap());
    let inside = |(path, count): (&str, u64)| Some((path.strip_prefix("bench/unit/")?.to_string(), count));
    seen.toggles().into_iter().filter_map(inside).collect()
}

/// The typical delays of an exported file as parameters of the instances.
fn parameters(sdf: &str) -> String {
    let (mut out, mut instance) = (String::new(), "");
    for line in sdf.lines() {
        let words: Vec<&str> = line.split(['(', ')', ' ']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            ["CELL", "CELLTYPE", _, "INSTANCE", name] => instance = name,
            ["IOPATH", .., output, triple, _] => {
                let typical = triple.split(':').nth(1).unwrap();
                out += &format!("  defparam unit.{instance}.D_{output} = {typical};\n");
            }
            _ => {}
        }
    }
    // A path from each input, all alike: one line is enough.
    let mut lines: Vec<&str> = out.lines().collect();
    lines.dedup();
    lines.join("\n") + "\n"
}

#[test]
fn icarus_sees_the_same_transitions_in_the_exported_verilog_at_the_exported_delays() {
    if !icarus() {
        return;
    }
    let library = CellLibrary::nangate45();
    for id in ["mac8s_exact", "mac4u_drum_k3__loa_k4", "mul6u_mitchell"] {
        let sample = Sample::new(id, &library);
        let dump = Dump::read(&vcd::write(&sample.netlist, &sample.waveform));
        let triples: Vec<sdf::Triple> = sample.delays.iter().map(|ticks| [f64::from(*ticks); 3]).collect();
        let delays = sdf::write(&sample.netlist, &triples, "test");
        let seen = simulated(&sample, &dump, false, &delays);
        let wires = sample.names().into_iter().zip(&sample.toggles);
        let wires: Vec<(String, &u64)> = wires.filter(|(name, _)| seen.contains_key(name)).collect();
        assert!(wires.len() > 50, "{id}");
        let differences: u64 = wires.iter().map(|(name, toggles)| seen[name].abs_diff(**toggles)).sum();
        let all: u64 = wires.iter().map(|(_, toggles)| **toggles).sum();
        assert!(differences * 5000 <= all, "{id}: {differences} of {all}");
        // Path delays of Icarus drop other short pulses than the assignments of the language do: nearly the same.
        let annotated = simulated(&sample, &dump, true, &delays);
        let total =
            |count: &dyn Fn(&str) -> u64| wires.iter().map(|(name, _)| count(name)).sum::<u64>() as f64;
        let ratio = total(&|name| annotated[name]) / total(&|name| seen[name]);
        assert!((ratio - 1.0).abs() < 0.05, "{id}: {ratio}");
    }
}

#[test]
fn a_layer_of_a_run_weighs_errors_and_leaves_files_for_other_tools() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let run = ["run", "configs/runs/quickstart.yaml", "--quiet", "--set", "workload.samples=8", "--out", out];
    let unknown = axsim(&run).args(["--activity", "conv9"]).assert().code(2).get_output().stderr.clone();
    let unknown = String::from_utf8(unknown).unwrap();
    assert!(unknown.contains("among #0 to #4") && unknown.contains("did you mean `conv"), "{unknown}");
    let done = axsim(&run).args(["--activity", "conv2", "--activity", "#4"]).assert().success();
    let printed = String::from_utf8(done.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("layer `conv2` in `mac8s_bwtrunc_t4`: 64 stretches"), "{printed}");
    let text = |name: &str| fs::read_to_string(Path::new(out).join(name)).unwrap();
    // The weights are all the products of the eight samples.
    let csv = text("conv2.operands.csv");
    let total: u64 =
        csv.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse::<u64>().unwrap()).sum();
    let outcome: serde_json::Value = serde_json::from_str(&text("outcome.json")).unwrap();
    let layer =
        outcome["approximate"]["layers"].as_array().unwrap().iter().find(|layer| layer["name"] == "conv2");
    assert_eq!(total, 8 * layer.unwrap()["macs"].as_u64().unwrap());
    let weighed = |id: &str, operands: &str| {
        let path = Path::new(out).join(operands);
        let output =
            axsim(&["characterize", id, "--json", "-", "--operands", path.to_str().unwrap()]).output();
        let found: serde_json::Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        found[0]["weighted"]["med"].as_f64().unwrap()
    };
    assert_eq!(weighed("mul8s_exact", "conv2.operands.csv"), 0.0);
    let layers =
        ["conv2.operands.csv", "classifier.operands.csv"].map(|file| weighed("mul8s_bwtrunc_t4", file));
    // Uniform operands give 12.25; each layer has an error of its own.
    assert!(layers.iter().all(|med| *med > 1.0 && *med < 20.0) && layers[0] != layers[1], "{layers:?}");
    // Transitions of the first and of the last clock in both forms, and the unit as it was priced.
    let dump = Dump::read(&text("conv2.vcd"));
    let (nets, _) = saif_nets(&text("conv2.saif"));
    assert!(dump.toggles().iter().all(|(path, count)| nets[*path][2] == *count));
    assert!(
        nets.len() > 500
            && text("classifier.v").contains("FA_X1")
            && text("classifier.sdf").contains("IOPATH")
    );
}

#[test]
fn a_delay_file_prices_a_netlist_as_our_own_delays_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
    let export =
        |format: &str| axsim(&["export", "mul8u_dadda", "--format", format]).output().unwrap().stdout;
    fs::write(path("unit.v"), export("mapped")).unwrap();
    fs::write(path("unit.sdf"), export("sdf")).unwrap();
    let cost = |arguments: &[&str]| {
        let output = axsim(&[&["characterize", "--json", "-"], arguments].concat()).output().unwrap();
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        found[0]["cost"].clone()
    };
    let ours_cost = cost(&["mul8u_dadda"]);
    let theirs_cost = cost(&[&path("unit.v"), "--sdf", &path("unit.sdf")]);
    for figure in ["energy_fj", "settled_fj", "area_um2", "leakage_nw"] {
        let [ours, theirs] = [&ours_cost, &theirs_cost].map(|cost| cost[figure].as_f64().unwrap());
        assert!((theirs / ours - 1.0).abs() < 1e-9, "{figure}: {ours} {theirs}");
    }
    // Delays are rounded to 2 ps a cell, and the ports drive nothing.
    let [ours, theirs] = [&ours_cost, &theirs_cost].map(|cost| cost["delay_ps"].as_f64().unwrap());
    assert!((theirs / ours - 1.0).abs() < 0.03, "{ours} {theirs}");
    // Ten times slower everywhere: the same transitions, later.
    let text = String::from_utf8(export("sdf")).unwrap();
    fs::write(path("slow.sdf"), text.replace("(TIMESCALE 1ps)", "(TIMESCALE 10ps)")).unwrap();
    let slow = cost(&[&path("unit.v"), "--sdf", &path("slow.sdf")]);
    assert_eq!(slow["energy_fj"], theirs_cost["energy_fj"]);
    assert!((slow["delay_ps"].as_f64().unwrap() / theirs - 10.0).abs() < 1e-9);
    // Slower carries alone make other glitches.
    let carry = |line: &str| match line.split_once(" CO (") {
        Some((head, _)) => format!("{head} CO (500))\n"),
        None => format!("{line}\n"),
    };
    fs::write(path("carry.sdf"), text.lines().map(carry).collect::<String>()).unwrap();
    let carry = cost(&[&path("unit.v"), "--sdf", &path("carry.sdf")]);
    assert!(
        carry["energy_fj"] != theirs_cost["energy_fj"] && carry["settled_fj"] == theirs_cost["settled_fj"]
    );
    assert!(carry["delay_ps"].as_f64().unwrap() > 2.0 * theirs);
    let message = |arguments: &[&str]| {
        let output =
            axsim(&[&["characterize"], arguments].concat()).assert().code(2).get_output().stderr.clone();
        String::from_utf8(output).unwrap()
    };
    let (unit, delays) = (path("unit.v"), path("unit.sdf"));
    assert!(message(&[&unit, "mul8u_array", "--sdf", &delays]).contains("one Verilog file"));
    assert!(message(&["mul8u_array", "--sdf", &delays]).contains("(`.v`) of library cells"));
    fs::write(path("none.sdf"), "(DELAYFILE (TIMESCALE 1ns))").unwrap();
    assert!(message(&[&unit, "--sdf", &path("none.sdf")]).contains("of the circuit's cells have no delay"));
}

#[test]
fn a_product_table_has_no_gates_to_be_seen_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // A product too large by 2000 wherever both operands are odd.
    let product = |a: u32, b: u32| (a * b + 2000 * (a & b & 1)).to_string();
    let row = |a: u32| (0..256).map(|b| product(a, b)).collect::<Vec<_>>().join(" ") + "\n";
    let table = folder.path().join("noisy.txt");
    fs::write(&table, (0..256).map(row).collect::<String>()).unwrap();
    let multiplier = format!("approximate.compute.array.multiplier={{table: {}}}", table.display());
    let run = ["run", "configs/runs/quickstart.yaml", "--quiet", "--set", "workload.samples=2", "--out", out];
    let refused = axsim(&run).args(["--set", &multiplier, "--activity", "conv2"]).assert().code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(message.contains("there are no gates"), "{message}");
    assert!(!Path::new(out).join("outcome.json").exists(), "told before the work");
}

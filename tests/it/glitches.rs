//! Does another simulator see the glitches that ours does?

use std::fs;
use std::process::Command;

use axsim::arith::Unit;
use axsim::netlist::{Cell, Timed};
use axsim::rng::Stream;
use axsim::tech::CellLibrary;

use crate::simulators::{delayed, icarus};

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

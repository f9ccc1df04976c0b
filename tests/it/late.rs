//! Does another simulator latch under a clock that is too fast what ours does?

use std::fs;
use std::process::Command;

use axsim::arith::Unit;
use axsim::netlist::{Cell, Netlist, Timed};
use axsim::rng::Stream;
use axsim::tech::{CellLibrary, Grid};
use axsim::units::Seconds;

use crate::simulators::{delayed, icarus};

/// Clocks that both simulators see.
const STEPS: usize = 200;

/// The results that a unit's registers take, clock by clock.
fn latched(netlist: &Netlist, grid: &Grid, vectors: &[Vec<u64>]) -> Vec<u64> {
    let mut timed = Timed::<1>::new(netlist, &grid.delays);
    let place = |net| netlist.registers().iter().position(|register| register.state == net).unwrap();
    let result: Vec<usize> = netlist.outputs()[0].1.iter().map(|net| place(*net)).collect();
    let mut clock = |vector: &Vec<u64>| {
        let words = vector.iter().zip(netlist.inputs());
        let bits = words.flat_map(|(word, (_, bus))| (0..bus.len()).map(move |bit| [word >> bit & 1]));
        timed.clock(&bits.collect::<Vec<_>>(), grid.period, grid.setup);
        let bit = |(at, place): (usize, &usize)| (timed.captured()[*place][0] & 1) << at;
        result.iter().enumerate().map(bit).sum()
    };
    vectors.iter().map(&mut clock).collect()
}

#[test]
fn what_a_unit_latches_too_early_is_what_icarus_latches() {
    if !icarus() {
        return;
    }
    let library = CellLibrary::nangate45();
    for (id, share) in [("mac4s_exact", 0.55), ("mac4u_trunc_t2__loa_k4", 0.7), ("mac4s_drum_k3", 0.8)] {
        let netlist = library.map(&Unit::from_id(id).unwrap().netlist());
        let period = library.critical_path(&netlist).delay * share;
        let mut grid = library.grid(&netlist, period, Seconds(2e-12));
        // The bench changes inputs at the edge itself.
        let inputs = netlist.cells().iter().zip(&mut grid.delays).filter(|(cell, _)| **cell == Cell::Input);
        inputs.for_each(|(_, delay)| *delay = 0);
        let widths: Vec<usize> = netlist.inputs().iter().map(|(_, bus)| bus.len()).collect();
        let mut stream = Stream::new(11, "test.late", 0);
        let vectors: Vec<Vec<u64>> =
            (0..STEPS).map(|_| widths.iter().map(|width| stream.below(1 << width)).collect()).collect();

        let ours = latched(&netlist, &grid, &vectors);
        // A register takes over at the edge what it saw a setup time before it.
        let module = delayed(&netlist, &grid.delays);
        let clocked = module.lines().map(|line| {
            let Some((name, value)) = line.trim().split_once(" <= ") else { return format!("{line}\n") };
            let at: usize = name.trim_start_matches('n').parse().unwrap();
            format!("    {name} <= #{} {value}\n", grid.setup + grid.delays[at])
        });
        let mut bench = format!(
            "module bench;\n  reg clk = 0;\n  reg [{}:0] a;\n  reg [{}:0] b;\n  reg [{}:0] c;\n  wire [{}:0] y;\n  \
             {id} unit (.clk(clk), .a(a), .b(b), .c(c), .y(y));\n  initial begin\n",
            widths[0] - 1,
            widths[1] - 1,
            widths[2] - 1,
            netlist.outputs()[0].1.len() - 1
        );
        for (step, vector) in vectors.iter().enumerate() {
            let wait = if step == 0 { 1_000_000 } else { grid.period - grid.setup };
            bench += &format!(
                "    a = {}; b = {}; c = {}; #{wait} $display(\"%h\", y); clk = 1; #{} clk = 0;\n",
                vector[0], vector[1], vector[2], grid.setup
            );
        }
        bench += "    $finish;\n  end\nendmodule\n";
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("all.v"), clocked.collect::<String>() + &bench).unwrap();
        let run = |tool: &str, arguments: &[&str]| {
            let output = Command::new(tool).args(arguments).current_dir(folder.path()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        run("iverilog", &["-g2001", "-o", "bench", "all.v"]);
        let printed = run("vvp", &["-n", "bench"]);
        let theirs: Vec<u64> =
            printed.lines().skip(1).map(|line| u64::from_str_radix(line, 16).unwrap()).collect();
        assert_eq!(theirs, ours[..STEPS - 1], "{id}");
        let in_time = latched(&netlist, &Grid { period: 10_000, ..grid }, &vectors);
        let wrong = ours.iter().zip(&in_time).filter(|(ours, in_time)| ours != in_time).count();
        assert!((STEPS / 20..STEPS - 10).contains(&wrong), "{id}: {wrong} of {STEPS} latched wrongly");
    }
}

//! Clocks per second of a multiply-accumulate unit under a clock that is too fast for it.
//!
//! `agenda` simulates event by event, 64 lanes a word; `plan` repeats the work of a period that the delays allow. The
//! ratio in one run is what counts: nobody publishes such a figure for whole networks. Gate-level simulators take the
//! agenda's way one vector at a time. One item is one multiply-accumulate.

use axsim::arith::mac::Mac;
use axsim::netlist::{Clocked, Netlist, Timed, clocked::LANES};
use axsim::rng::Stream;
use axsim::tech::{CellLibrary, Grid};
use axsim::units::Seconds;
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// The unit of the presets, its clock 7 % too fast, on a grid of 128 steps a period.
fn unit() -> (Netlist, Grid) {
    let library = CellLibrary::nangate45();
    let netlist = library.map(&Mac::from_id("mac8s_bw").expect("an id of the catalogue").netlist());
    let period = library.critical_path(&netlist).delay * 0.93;
    let grid = library.grid(&netlist, period, Seconds(period.0 / 128.0));
    (netlist, grid)
}

fn inputs<const W: usize>(netlist: &Netlist) -> Vec<Vec<[u64; W]>> {
    let mut stream = Stream::new(1, "bench.late", 0);
    let bits: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
    let mut lanes = || [0; W].map(|_: u64| stream.word());
    (0..8).map(|_| (0..bits).map(|_| lanes()).collect()).collect()
}

#[divan::bench]
fn plan(bencher: Bencher<'_, '_>) {
    let (netlist, grid) = unit();
    let steps = inputs(&netlist);
    let mut clocked = Clocked::new(&netlist, &grid.delays, grid.period as usize, grid.setup as usize);
    clocked.quiet(&steps[0], 2);
    bencher
        .counter(ItemsCount::new(steps.len() * LANES))
        .bench_local(|| steps.iter().for_each(|step| clocked.step(step)));
}

#[divan::bench]
fn agenda(bencher: Bencher<'_, '_>) {
    let (netlist, grid) = unit();
    let steps = inputs(&netlist);
    let mut timed = Timed::<8>::new(&netlist, &grid.delays);
    bencher
        .counter(ItemsCount::new(steps.len() * LANES))
        .bench_local(|| steps.iter().for_each(|step| timed.clock(step, grid.period, grid.setup)));
}

/// A clock that is slow enough, as layers are replayed to be priced: every transition with the delays of the cells, about
/// 230,000 operations a second on a Zen 4. Half of the time of an evaluation of the quickstart goes here.
#[divan::bench]
fn glitches(bencher: Bencher<'_, '_>) {
    const WORDS: usize = axsim::platform::compute::stream::BATCHES;
    let (netlist, _) = unit();
    let delays = CellLibrary::nangate45().delays(&netlist);
    let steps = inputs::<WORDS>(&netlist);
    let mut timed = Timed::<WORDS>::new(&netlist, &delays);
    bencher
        .counter(ItemsCount::new(steps.len() * 64 * WORDS))
        .bench_local(|| steps.iter().for_each(|step| timed.step(step)));
}

//! Time of the complete error metrics of multipliers from their gates, one thread, beside a compiled C loop over the
//! same gates.
//!
//! The peer is what `export --format c` writes, compiled with `cc -O3` in the same run: a plain loop over the operands
//! that adds up the products. Its published figures (a Zen 5 at 3.8 GHz, products alone): EvoApproxLib's mul8u_1JFF 33 ns
//! a pair, mul12u_08N 82, mul16u_GZ7 124 to 184, mul16u_0ZG 230 to 260; bit-sliced evaluation by hand-written AVX-512
//! code took 0.035, 0.12, 0.16 and 0.20 ns. After Divan's own table `main` prints a pair's time of both and their ratio;
//! targets on one quiet core: 8×8 bits 100 µs (a netlist given), 12×12 20 ms, 16×16 5 s with all metrics, 250 times the
//! peer for the products alone and 100 times with all metrics. One item is one operand pair.

use std::process::Command;
use std::time::{Duration, Instant};

use axsim::arith::imported::Imported;
use axsim::arith::metric::Metrics;
use axsim::arith::{Design, design, table};
use axsim::netlist::export::c;
use axsim::netlist::program::{LANES, Program, counting};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("no pool was used before");
    divan::main();
    if std::env::args().skip(1).all(|argument| argument == "--bench") {
        ALL.iter().for_each(|id| beside_peer(id));
    }
}

const DESIGNS: [&str; 3] = ["mul8u_trunc_t4", "mul8u_drum_k4", "mul8u_mitchell"];
const ALL: [&str; 7] = [
    "mul8u_trunc_t4",
    "mul8u_drum_k4",
    "mul8u_mitchell",
    "mul12u_drum_k4",
    "mul16u_drum_k6",
    "mul16u_array",
    "mul16u_dadda",
];
const PAIRS: u64 = 1 << 16;

fn built(id: &str) -> Box<dyn Design> {
    design(id).unwrap_or_else(|error| panic!("{id}: {error}"))
}

/// Gates to every metric, the compilation of the gates included.
#[divan::bench(args = ["mul8u_trunc_t4", "mul8u_drum_k4", "mul8u_mitchell", "mul12u_drum_k4"])]
fn gates_and_metrics(bencher: Bencher<'_, '_>, id: &str) {
    let design = built(id);
    let pairs = 1u64 << design.signature().operand_bits();
    bencher.counter(ItemsCount::new(pairs)).bench_local(|| Metrics::of_gates(black_box(&*design)));
}

/// A given netlist, as of a file, to every metric, its compilation included.
#[divan::bench(args = DESIGNS)]
fn netlist_and_metrics(bencher: Bencher<'_, '_>, id: &str) {
    let design = Imported::new(built(id).netlist()).expect("a multiplier of its own gates");
    bencher.counter(ItemsCount::new(PAIRS)).bench_local(|| Metrics::of_gates(black_box(&design)));
}

/// Gates to products, the compilation of the gates excluded; of wide operands 2^24 pairs.
#[divan::bench(args = ALL)]
fn gates(bencher: Bencher<'_, '_>, id: &str) {
    let walk = Walk::new(&*built(id));
    bencher.counter(ItemsCount::new(walk.blocks * LANES)).bench_local(|| walk.run());
}

/// The function, one pair after the other.
#[divan::bench(args = DESIGNS)]
fn products_one_by_one(bencher: Bencher<'_, '_>, id: &str) {
    let design = built(id);
    bencher.counter(ItemsCount::new(PAIRS)).bench_local(|| table(black_box(&*design)));
}

/// Products of consecutive pairs, the fastest operand bits in the lanes.
struct Walk {
    program: Program,
    widths: [usize; 2],
    blocks: u64,
}

impl Walk {
    fn new(design: &dyn Design) -> Self {
        let signature = design.signature();
        let widths = [signature.width_a as usize, signature.width_b as usize];
        let bits = widths[0] + widths[1];
        let fixed = (0..bits).filter(|&bit| place(widths, bit) < LANES.ilog2() as usize);
        let fixed = fixed.fold(0, |fixed, bit| fixed | 1 << bit);
        let program = Program::new(&design.netlist(), fixed, bits > 16);
        Self { program, widths, blocks: (1 << bits.min(24)) / LANES }
    }

    fn run(&self) -> u64 {
        let places: Vec<usize> = self.program.order().iter().map(|&bit| place(self.widths, bit)).collect();
        let base = |block: u64| {
            places.iter().enumerate().fold(0, |base, (bit, place)| base | (block >> bit & 1) << place)
        };
        let mut slots = self.program.start(|bit| counting(0, place(self.widths, bit)));
        let mut sum = 0;
        for block in 1..self.blocks {
            let (base, changed) = (base(block), block.trailing_zeros() as usize + 1);
            self.program.step(&mut slots, changed, |bit| counting(base, place(self.widths, bit)));
            sum ^= slots[self.program.outputs()[0]].0[0];
        }
        black_box(sum)
    }
}

/// Where in a pair's index an input bit is: `a` in the high bits.
fn place([a, b]: [usize; 2], bit: usize) -> usize {
    if bit < a { bit + b } else { bit - a }
}

/// Prints how long a pair takes here and in the compiled C loop.
fn beside_peer(id: &str) {
    let design = built(id);
    let pairs = (1u64 << design.signature().operand_bits()) as f64;
    let walk = Walk::new(&*design);
    let products = least(10, || walk.run()).as_secs_f64() * 1e9 / (walk.blocks * LANES) as f64;
    let repeats = if pairs > 1e9 { 1 } else { 100 };
    let metrics = least(repeats, || Metrics::of_gates(&*design)).as_secs_f64() * 1e9;
    let Some(peer) = peer(&*design) else {
        return println!("{id}: skipped: no C compiler `cc`");
    };
    println!(
        "{id}: C loop {peer:.2} ns a pair; products {products:.3} ns, {:.0} times; all metrics {:.3} ns ({:.3} ms), {:.0} times",
        peer / products,
        metrics / pairs,
        metrics * 1e-6,
        peer * pairs / metrics
    );
}

/// The least time on the processor that the work took in some repeats.
fn least<T>(repeats: usize, mut work: impl FnMut() -> T) -> Duration {
    let once = |_| {
        let (before, start) = (on_processor(), Instant::now());
        black_box(work());
        let elapsed = start.elapsed();
        match (before, on_processor()) {
            // The system counts in steps of milliseconds.
            (Some(before), Some(after)) if after - before > Duration::from_millis(50) => after - before,
            _ => elapsed,
        }
    };
    (0..repeats).map(once).min().expect("at least once")
}

/// How long the threads of this process have run, where the system tells.
fn on_processor() -> Option<Duration> {
    let of_thread = |thread: std::fs::DirEntry| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    threads.map(|thread| of_thread(thread.ok()?)).sum::<Option<u64>>().map(Duration::from_nanos)
}

/// Nanoseconds a pair in the compiled C loop over some rows; `None` without a C compiler.
fn peer(design: &dyn Design) -> Option<f64> {
    let netlist = design.netlist();
    let (name, widths) = (netlist.name(), design.signature());
    let (rows, columns) = (1u64 << widths.width_a.min(6), 1u64 << widths.width_b);
    let step = (1u64 << widths.width_a) / rows + 1;
    let text = format!(
        "{}
#include <stdio.h>
#include <time.h>

static double now(void)
{{
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}}

int main(void)
{{
  double least = 1e300;
  volatile uint64_t sum = 0;
  for (int repeat = 0; repeat < 3; repeat++) {{
    double start = now();
    uint64_t products = 0;
    for (uint64_t a = 0; a < {rows} * {step}; a += {step})
      for (uint64_t b = 0; b < {columns}; b++)
        products += {name}(a, b);
    sum += products;
    double time = now() - start;
    if (time < least) least = time;
  }}
  printf(\"%f\", least / ({rows}.0 * {columns}));
}}
",
        c::write(&netlist)?
    );
    let folder = tempfile::tempdir().ok()?;
    let (source, program) = (folder.path().join("peer.c"), folder.path().join("peer"));
    std::fs::write(&source, text).ok()?;
    let compiled = Command::new("cc").args(["-O3", "-o"]).args([&program, &source]).status();
    compiled.ok().filter(|status| status.success())?;
    String::from_utf8(Command::new(&program).output().ok()?.stdout).ok()?.parse().ok()
}

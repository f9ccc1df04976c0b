//! Time of the complete error metrics of an 8×8 multiplier from its gates, one thread.
//!
//! Peers: a plain C loop over the 65,536 pairs of an EvoApproxLib circuit takes 0.1 to 2.2 ms for the products
//! alone (mul8u_1JFF 2.2 ms); the target for gates and all metrics is below 1 ms. `products_one_by_one` is the plain
//! loop over our own function, in the same run. One item is one operand pair.

use axsim::arith::metric::Metrics;
use axsim::arith::{Design, design, table};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const DESIGNS: [&str; 3] = ["mul8u_trunc_t4", "mul8u_drum_k4", "mul8u_mitchell"];
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

/// Gates to products.
#[divan::bench(args = DESIGNS)]
fn gates(bencher: Bencher<'_, '_>, id: &str) {
    let netlist = built(id).netlist();
    bencher.counter(ItemsCount::new(PAIRS)).bench_local(|| black_box(&netlist).eval_all());
}

/// The function, one pair after the other.
#[divan::bench(args = DESIGNS)]
fn products_one_by_one(bencher: Bencher<'_, '_>, id: &str) {
    let design = built(id);
    bencher.counter(ItemsCount::new(PAIRS)).bench_local(|| table(black_box(&*design)));
}

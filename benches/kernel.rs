//! Products per second of one core, beside the peers' way of doing it.
//!
//! Figures of peers on a comparable core (Zen, AVX-512): AdaPT's convolution 1.9 to 2.7 GMAC/s, the best loop of
//! AVX-512 gathers 3.2 to 3.7; the ports' limit of exact 8-bit products (`vpdpbusd`) is 486. `scalar_lookup` is the
//! peers' inner loop, one look-up per product, on the same operands in the same run: the ratio is what counts.
//! One item is one multiply-accumulate.

use axsim::kernel::{Geometry, Operands, Products, convolve, convolve_accumulating};
use axsim::rng::Stream;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const BATCH: usize = 64;

/// A 3×3 layer in the middle of a ResNet, a 1×1 layer and a dense one.
const LAYERS: [(&str, Geometry); 3] = [
    ("3x3", layer([32, 16, 16], 32, 3)),
    ("1x1", layer([64, 16, 16], 64, 1)),
    ("dense", layer([784, 1, 1], 128, 1)),
];

const fn layer([in_channels, in_height, in_width]: [usize; 3], out_channels: usize, side: usize) -> Geometry {
    Geometry {
        groups: 1,
        in_channels,
        in_height,
        in_width,
        out_channels,
        kernel: [side; 2],
        stride: [1; 2],
        pads: [side / 2; 4],
        dilation: [1; 2],
    }
}

/// Random entries whose rows span `reach` at most.
fn table(reach: u64) -> Products {
    let mut stream = Stream::new(1, "bench.table", 0);
    Products::new(&(0..1 << 16).map(|_| stream.below(reach) as i32).collect::<Vec<_>>())
}

fn measure(bencher: Bencher<'_, '_>, name: &str, run: impl Fn(&Geometry, Operands<'_>) -> Vec<i32>) {
    let (_, geometry) = LAYERS.iter().find(|(known, _)| *known == name).expect("a known layer");
    let mut stream = Stream::new(2, "bench.codes", 0);
    let mut codes = |count: usize| (0..count).map(|_| stream.word() as u8).collect::<Vec<u8>>();
    let (input, weights) = (codes(BATCH * geometry.inputs_per_sample()), codes(geometry.weights()));
    let operands = Operands { batch: BATCH, input: &input, weights: &weights, pad: 128 };
    bencher
        .counter(ItemsCount::new(BATCH as u64 * geometry.macs()))
        .bench_local(|| run(geometry, black_box(operands)));
}

/// Any table whose rows span 16 bits: the fastest path that this processor has.
#[divan::bench(args = ["3x3", "1x1", "dense"])]
fn any_table(bencher: Bencher<'_, '_>, layer: &str) {
    let products = table(1 << 16);
    measure(bencher, layer, |geometry, operands| convolve(geometry, operands, &products));
}

/// A table whose rows span more: the portable path, on any processor.
#[divan::bench(args = ["3x3", "1x1", "dense"])]
fn portable(bencher: Bencher<'_, '_>, layer: &str) {
    let products = table(1 << 20);
    measure(bencher, layer, |geometry, operands| convolve(geometry, operands, &products));
}

/// Exact products, as every baseline and rival runs them.
#[divan::bench(args = ["3x3", "1x1", "dense"])]
fn exact(bencher: Bencher<'_, '_>, layer: &str) {
    let products = Products::exact(128, 128);
    measure(bencher, layer, |geometry, operands| convolve(geometry, operands, &products));
}

/// The definition, one product after the other through a chosen accumulator.
#[divan::bench(args = ["3x3"], sample_count = 5)]
fn accumulating(bencher: Bencher<'_, '_>, layer: &str) {
    let products = table(1 << 16);
    let add = |sum: i32, product: i32| (sum | product & 15) + (product & !15);
    measure(bencher, layer, |geometry, operands| convolve_accumulating(geometry, operands, &products, &add));
}

/// The peers' inner loop on packed columns of 1024 positions: one look-up per product, eight sums at a time.
#[divan::bench]
fn scalar_lookup(bencher: Bencher<'_, '_>) {
    const DEPTH: usize = 288;
    const COLUMNS: usize = 1024;
    let mut stream = Stream::new(3, "bench.codes", 0);
    let table: Vec<i32> = (0..1 << 16).map(|_| stream.below(1 << 16) as i32).collect();
    let weights: Vec<u8> = (0..DEPTH).map(|_| stream.word() as u8).collect();
    let codes: Vec<u8> = (0..DEPTH * COLUMNS).map(|_| stream.word() as u8).collect();
    let mut sums = vec![0i32; COLUMNS];
    bencher.counter(ItemsCount::new(DEPTH * COLUMNS)).bench_local(|| {
        for (weight, codes) in weights.iter().zip(codes.chunks_exact(COLUMNS)) {
            let row = &table[usize::from(*weight) << 8..][..256];
            for (sums, codes) in sums.chunks_exact_mut(8).zip(codes.chunks_exact(8)) {
                for (sum, code) in sums.iter_mut().zip(codes) {
                    *sum = sum.wrapping_add(row[usize::from(*code)]);
                }
            }
        }
        black_box(&mut sums)[0]
    });
}

//! Bytes of numbers razored per second of one core, and products of razored codes; the numbers of a group are in the cache, those of a tensor are not.
//!
//! Best of many runs on one shared core with AVX-512, numbers of 16 bits, tensors of 2 MiB: 2.2 GB/s in groups of 8, 6.1 of
//! 16, 8.9 of 32, 9.7 of 64 and 128, 6.4 of 100; of 32 MiB 1.7 to 6.2 GB/s.

use axsim::kernel::{Geometry, Operands, Products, Shifts, Steps, convolve_shifted};
use axsim::razor::{Code, Razor};
use axsim::rng::Stream;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// Numbers of 16 bits, of magnitudes that differ from place to place.
fn numbers(count: usize) -> Vec<i16> {
    let mut stream = Stream::new(1, "bench.razor", 0);
    (0..count).map(|at| (stream.word() as i16).max(-i16::MAX) >> (at / 50 % 12)).collect()
}

#[divan::bench(args = [8, 16, 32, 64, 100, 128])]
fn tensor(bencher: Bencher<'_, '_>, group: usize) {
    let numbers = numbers(1 << 20);
    let razor = Razor::new(16, 4, group).expect("a group of that size");
    bencher
        .counter(BytesCount::of_slice(&numbers))
        .bench_local(|| black_box(razor.razor(black_box(&numbers), 4096).expect("numbers of the basis")));
}

#[divan::bench]
fn twos_complement(bencher: Bencher<'_, '_>) {
    let numbers = numbers(1 << 14);
    let razor = Razor::new(16, 4, 16).expect("a group of that size").with_code(Code::TwosComplement);
    bencher
        .counter(BytesCount::of_slice(&numbers))
        .bench_local(|| black_box(razor.razor(black_box(&numbers), 4096).expect("numbers of the basis")));
}

/// A layer of 512 tokens, 512 channels to 512 channels, products of any table of four bits: 26 GMAC/s in groups of 16, 32 of
/// 32, 35 of 128 on one core of a Zen 5, where the same products without shifts make 231 to 238 (`kernel`, `four_bits`).
#[divan::bench(args = [16, 32, 128])]
fn products_in_groups(bencher: Bencher<'_, '_>, group: usize) {
    let mut stream = Stream::new(1, "bench.razor.table", 0);
    let entry = |at: usize| if at & 0xf0f0 == 0 { stream.below(223) as i32 - 100 } else { 0 };
    let products = Products::new(&(0..1 << 16).map(entry).collect::<Vec<_>>());
    in_groups(bencher, group, &products);
}

/// The same with exact products: at least 42 GMAC/s there in groups of any size, each an exact product of bytes for either digit of an
/// activation of 16 bits.
#[divan::bench(args = [16, 32, 128])]
fn exact_products_in_groups(bencher: Bencher<'_, '_>, group: usize) {
    in_groups(bencher, group, &Products::exact(8, 8));
}

/// Activations of a basis of 16 bits, weights of a basis of 8.
fn in_groups(bencher: Bencher<'_, '_>, group: usize, products: &Products) {
    let mut stream = Stream::new(1, "bench.razor.products", 0);
    let geometry = Geometry { in_width: 512, ..Geometry::dense(512, 512) };
    let mut below = |limit: u64, count: usize| -> Vec<u8> {
        (0..count).map(|_| (16 - limit + stream.below(limit)) as u8).collect()
    };
    // Codes of −7 to 7.
    let (input, weights) = (below(15, 512 * 512), below(15, 512 * 512));
    let parts = 512 / group;
    let shifts = |limit: u64, codes: Vec<u8>| codes.iter().map(|code| code % limit as u8).collect::<Vec<_>>();
    let of_input = shifts(13, below(16, parts * 512));
    let of_weights = shifts(5, below(16, 512 * parts));
    let operands = Operands { batch: 1, input: &input, weights: &weights, pad: 8 };
    let steps = Steps::PowersOfTwo;
    let shifts = Shifts { size: group, input: &of_input, weights: &of_weights, steps };
    bencher
        .counter(ItemsCount::new(geometry.macs()))
        .bench_local(|| black_box(convolve_shifted(&geometry, black_box(operands), shifts, products)));
}

//! Products per second of one core, beside the peers' way of doing it.
//!
//! Figures of peers on a comparable core (Zen, AVX-512): AdaPT's convolution 1.9 to 2.7 GMAC/s, the best loop of
//! AVX-512 gathers 3.2 to 3.7; the ports' limit of exact 8-bit products (`vpdpbusd`) is 486 on Zen 5 and 224 on Zen 4.
//! `scalar_lookup` is the peers' inner loop, one look-up per product, on the same operands in the same run: the ratio is
//! what counts. One item is one multiply-accumulate.
//!
//! `resnet20` are the convolutions of the CIFAR network, 64 images. AdaPT's own kernel (dimdano/adapt at f0ffc2c,
//! `axx_conv2d.cpp` unmodified, g++ 12 with its flags, PyTorch 2.15's extension loader, one thread, processor time) does
//! 2.7 to 2.9 GMAC/s on them on a Zen 5 at 4.2 GHz, whatever the table; on three of its layers and three tables, one of
//! them asymmetric, its sums and ours are the same. Ours there in the same minutes, weights of all codes alike, medians of
//! GMAC/s in five pairs, and how many times AdaPT's: `exact` 354 (120 to 127), `few_terms` 345 (117 to 122), `four_bits` 242
//! (81 to 86), `near_lines` 99 (34 to 35), `mitchell` 102 (35 to 36) and with all codes 56 (19 to 20), `any_table` 93 (32 to
//! 33), with `weights near zero` as trained ones are 93 (32 to 33), with all codes 57 (19 to 20), and 64 (22) where one in 300
//! is in the other half. Codes on both sides of zero, nearly all within 64 of it, make 81 where all codes make 55 in the same
//! minutes. A Zen 4 at 3.7 GHz does 512-bit instructions at half the rate: some versions ago AdaPT did 1.9 there
//! and ours 145, 140, 99, 41, 36 and 24, 36 and 24.
//!
//! What bounds a look-up: two permutes and six additions for 64 products are 2.0 cycles of four instructions each (134
//! GMAC/s); a loop on data in the first-level cache takes 2.25. Where two bytes add up to one (rows of fourteen bits, as those of
//! signed multipliers are after a rectifier), two permutes and four additions are 1.5, and such a loop takes 1.93; where low bytes
//! alone do (rows of fifteen bits), 2.10, and with all codes 3.80 instead of 3.95. Rows of random weights, codes, which cross cache
//! lines, and sums come and go besides.
//!
//! `resnet20_low_part` sums the same products with an adder whose eight low bits are an OR: 59 (20) with exact products, 59
//! with Mitchell's, 54 (19) with any table. `resnet20_in_order` sums those of any table where their order matters, by the gates of the
//! accumulator: 10 to 13 (3.4 to 4.6), 10 with the deepest of speculative adders and 13 with one that saturates.
//!
//! `structures`: of as many products, dense, dilated and grouped layers of exact products make 387, 385 and 308, of any table
//! 96, 96 and 84; depthwise ones make 30, 33, 20, 25 and 13.4 in the order of their planes with either: an output has nine products
//! alone, for which its channel is laid out and its sum is written. onnxruntime's exact ones (`QLinearConv`, one thread, the same
//! samples) make 25, 22, 16, 34 and 31. With AVX2 alone exact products of a dense layer make 66. On any processor (here with the
//! 128 bits that all of x86 have) exact products make 12 to 14 (`portable_exact`), those of any table 3.4 to 4.6 (`portable`).
//!
//! Of 62 circuits of 8×8 bits in EvoApproxLib (`resnet20_library`, after a rectifier; without one whose products are all 0) the
//! slowest makes 90 (31), the geometric mean 144 (50): signed ones 200, unsigned ones 114.

use axsim::arith::imported::Imported;
use axsim::arith::mac::Mac;
use axsim::arith::{Design, design};
use axsim::config::platform::AccumulationOrder;
use axsim::kernel::{
    Accumulator, Geometry, LowPart, Operands, Products, convolve, convolve_accumulating, convolve_in_order,
    convolve_split,
};
use axsim::netlist::import::verilog;
use axsim::rng::Stream;
use axsim::simd::Level;
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

/// Random entries whose rows span `reach` at most, none at the zero point, as of every multiplier of use.
fn table(reach: u64) -> Products {
    let mut stream = Stream::new(1, "bench.table", 0);
    let mut entry = |at: usize| if at & 255 == 128 { 0 } else { stream.below(reach) as i32 };
    Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>())
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

/// The convolutions of a ResNet-20 on 32×32 pixels: channels in and out, rows, side of the kernel, stride, how often.
const RESNET20: [([usize; 2], usize, usize, usize, usize); 8] = [
    ([3, 16], 32, 3, 1, 1),
    ([16, 16], 32, 3, 1, 6),
    ([16, 32], 32, 3, 2, 1),
    ([16, 32], 32, 1, 2, 1),
    ([32, 32], 16, 3, 1, 5),
    ([32, 64], 16, 3, 2, 1),
    ([32, 64], 16, 1, 2, 1),
    ([64, 64], 8, 3, 1, 5),
];

const RESNET20_TABLES: [&str; 12] = [
    "exact",
    "few_terms",
    "four_bits",
    "near_lines",
    "lines but for one row in four, all codes",
    "mitchell",
    "mitchell, all codes",
    "any_table",
    "any_table, weights near zero",
    "any_table, all codes",
    "any_table, one code in 300 in the other half",
    "any_table, codes on both sides of zero",
];

/// All of them, with signed codes as a network has them after its rectifiers, or with all codes.
#[divan::bench(args = RESNET20_TABLES, sample_count = 10)]
fn resnet20(bencher: Bencher<'_, '_>, table_of: &str) {
    let products = resnet20_products(table_of);
    resnet20_with(bencher, table_of, |geometry, operands| convolve(geometry, operands, &products));
}

/// The same with tables whose rows span so many bits: what a byte or two of them cost, from which ways are chosen
/// (`kernel/cost.rs`).
#[divan::bench(args = [8, 14, 15, 16], sample_count = 10)]
fn resnet20_span(bencher: Bencher<'_, '_>, bits: u32) {
    let products = table(1 << bits);
    resnet20_with(bencher, "rectified", |geometry, operands| convolve(geometry, operands, &products));
}

/// With codes of both halves of a table.
#[divan::bench(args = [8, 15, 16], sample_count = 10)]
fn resnet20_span_of_all_codes(bencher: Bencher<'_, '_>, bits: u32) {
    let products = table(1 << bits);
    resnet20_with(bencher, "all codes", |geometry, operands| convolve(geometry, operands, &products));
}

/// The same with an accumulator whose eight low bits are combined by OR, the lower-part-OR adder.
#[divan::bench(args = ["exact", "mitchell", "any_table"], sample_count = 10)]
fn resnet20_low_part(bencher: Bencher<'_, '_>, table_of: &str) {
    let part = LowPart { bits: 8, or: true, carry: true, ones: 0 };
    let products = resnet20_products(table_of).split(part);
    resnet20_with(bencher, table_of, |geometry, operands| {
        convolve_split(geometry, operands, &products).expect("padding has no product")
    });
}

/// The same with any table and accumulators of which order matters: gates, on the bits of a thousand sums at once.
#[divan::bench(args = ACCUMULATORS, sample_count = 10)]
fn resnet20_in_order(bencher: Bencher<'_, '_>, unit: &str) {
    let products = table(1 << 15);
    let accumulator = Accumulator::new(&Mac::from_id(unit).expect("a known unit").accumulator_gates(32));
    resnet20_with(bencher, "any_table", |geometry, operands| {
        convolve_in_order(geometry, operands, &products, AccumulationOrder::default(), &accumulator)
    });
}

const ACCUMULATORS: [&str; 8] = [
    "mac8s_exact__s20",
    "mac8s_exact__loa_k8",
    "mac8s_exact__etai_k8",
    "mac8s_exact__hoeraa_k8",
    "mac8s_exact__ama1_k8",
    "mac8s_exact__gear_r4_p4",
    "mac8s_exact__cesa_x4",
    "mac8s_exact__aca_k8",
];

/// The same with every circuit of a library of 8×8 multipliers, such as EvoApproxLib: Verilog files under the folder that
/// `AXSIM_CIRCUITS` names. Unsigned ones take magnitudes, as arrays use them.
#[divan::bench(args = circuits(), sample_count = 12)]
fn resnet20_library(bencher: Bencher<'_, '_>, file: &str) {
    let text = std::fs::read_to_string(file).expect("a file that was listed");
    let circuit = Imported::new(verilog::read(&text, "").expect("Verilog")).expect("a multiplier");
    let signed = circuit.signature().signed;
    let product = |x: i32, w: i32| match signed {
        true => circuit.eval(x.into(), w.into()) as i32,
        false => circuit.eval(x.abs().into(), w.abs().into()) as i32 * x.signum() * w.signum(),
    };
    let products = by_codes(|weight, activation| product(activation, weight));
    resnet20_with(bencher, "library", |geometry, operands| convolve(geometry, operands, &products));
}

fn circuits() -> Vec<String> {
    let mut folders: Vec<_> =
        std::env::var_os("AXSIM_CIRCUITS").map(std::path::PathBuf::from).into_iter().collect();
    let mut found = vec![];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match path.is_dir() {
                true => folders.push(path),
                false if name.starts_with("mul8") && name.ends_with(".v") => {
                    found.push(path.display().to_string())
                }
                false => {}
            }
        }
    }
    found.sort();
    found
}

fn resnet20_products(table_of: &str) -> Products {
    match table_of {
        "exact" => Products::exact(128, 128),
        // Two bits of each operand cut, as in several published signed multipliers.
        "few_terms" => by_codes(|weight, activation| 16 * (weight >> 2) * (activation >> 2)),
        "mitchell" | "mitchell, all codes" => {
            let design = design("mul8s_mitchell").expect("a known design");
            by_codes(|weight, activation| design.eval(activation.into(), weight.into()) as i32)
        }
        "four_bits" => {
            let mut stream = Stream::new(1, "bench.four_bits", 0);
            let mut entry = |at: usize| if at & 0xf0f0 == 0 { stream.below(226) as i32 } else { 0 };
            Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>())
        }
        "near_lines" => {
            by_codes(|weight, activation| weight * activation + ((weight * 7) ^ (activation * 5)) % 100)
        }
        "lines but for one row in four, all codes" => {
            let mut stream = Stream::new(1, "bench.lines", 1);
            by_codes(move |weight, activation| match weight % 4 {
                0 => stream.below(30_000) as i32,
                _ => weight * activation + stream.below(200) as i32,
            })
        }
        _ => table(1 << 16),
    }
}

fn resnet20_with(
    bencher: Bencher<'_, '_>,
    table_of: &str,
    run: impl Fn(&Geometry, Operands<'_>) -> Vec<i32>,
) {
    let mut stream = Stream::new(5, "bench.resnet20", 0);
    let rectified = !table_of.ends_with("all codes");
    let layers: Vec<_> = RESNET20
        .iter()
        .map(|&([inputs, outputs], rows, side, stride, count)| {
            let geometry = Geometry { stride: [stride; 2], ..layer([inputs, rows, rows], outputs, side) };
            let activation = |at: usize| match table_of {
                "four_bits" => stream.word() as u8 & 15,
                "any_table, one code in 300 in the other half" if at.is_multiple_of(300) => {
                    stream.word() as u8 & 127
                }
                // Nearly normal, with a deviation of 20 codes.
                "any_table, codes on both sides of zero" => {
                    58 + (0..4).map(|_| stream.below(36) as u8).sum::<u8>()
                }
                _ => stream.word() as u8 | if rectified { 128 } else { 0 },
            };
            let input: Vec<u8> = (0..BATCH * geometry.inputs_per_sample()).map(activation).collect();
            let weight = |_| match table_of {
                "four_bits" => stream.below(15) as u8 + 1,
                // Nearly normal, with a deviation of 37 codes.
                "any_table, weights near zero" => 2 + (0..4).map(|_| stream.below(64) as u8).sum::<u8>(),
                _ => stream.below(255) as u8 + 1,
            };
            let weights: Vec<u8> = (0..geometry.weights()).map(weight).collect();
            (geometry, input, weights, count)
        })
        .collect();
    let macs: u64 = layers.iter().map(|(geometry, .., count)| geometry.macs() * *count as u64).sum();
    bencher.counter(ItemsCount::new(BATCH as u64 * macs)).bench_local(|| {
        for (geometry, input, weights, count) in &layers {
            let pad = if table_of == "four_bits" { 8 } else { 128 };
            let operands = Operands { batch: BATCH, input, weights, pad };
            (0..*count).for_each(|_| _ = black_box(run(geometry, black_box(operands))));
        }
    });
}

/// A table of signed operands, codes 128 above them.
fn by_codes(mut product: impl FnMut(i32, i32) -> i32) -> Products {
    Products::new(&(0..1 << 16).map(|at| product((at >> 8) - 128, (at & 255) - 128)).collect::<Vec<_>>())
}

/// Convolutions of 3×3 taps with another structure: samples, [channels in, channels out, groups], pixels, stride, dilation. Those
/// of 32×32 pixels with all samples have equally many products, 16·16 = 4·(8·8). The depthwise ones are layers of networks for
/// keywords and of MobileNets, with as many samples as are run together.
const STRUCTURES: [(&str, Structure); 8] = [
    ("dense", (64, [16, 16, 1], [32, 32], 1, 1)),
    ("grouped", (64, [32, 32, 4], [32, 32], 1, 1)),
    ("dilated", (64, [16, 16, 1], [32, 32], 1, 2)),
    ("depthwise, 25x5", (64, [64, 64, 64], [25, 5], 1, 1)),
    ("depthwise, 112x112", (4, [32, 32, 32], [112, 112], 1, 1)),
    ("depthwise, 112x112, stride 2", (4, [96, 96, 96], [112, 112], 2, 1)),
    ("depthwise, 14x14", (4, [576, 576, 576], [14, 14], 1, 1)),
    ("depthwise, 7x7", (4, [960, 960, 960], [7, 7], 1, 1)),
];

type Structure = (usize, [usize; 3], [usize; 2], usize, usize);

/// What groups, depthwise layers and dilation cost beside the products of a dense layer, with exact products and with those of any
/// table, after a rectifier.
#[divan::bench(args = STRUCTURES.map(|(name, _)| name), consts = [false, true], sample_count = 50)]
fn structures<const ANY: bool>(bencher: Bencher<'_, '_>, name: &str) {
    let known = STRUCTURES.into_iter().find(|(known, _)| *known == name).expect("a known structure");
    let (batch, [inputs, outputs, groups], [rows, columns], stride, dilation) = known.1;
    let plain = layer([inputs, rows, columns], outputs, 3);
    let wide = Geometry { pads: [dilation; 4], dilation: [dilation; 2], ..plain };
    let geometry = Geometry { groups, stride: [stride; 2], ..wide };
    let products = if ANY { table(1 << 16) } else { Products::exact(128, 128) };
    let mut stream = Stream::new(6, "bench.structures", 0);
    let mut codes = |count: usize, or: u8| (0..count).map(|_| stream.word() as u8 | or).collect::<Vec<u8>>();
    let (input, weights) = (codes(batch * geometry.inputs_per_sample(), 128), codes(geometry.weights(), 0));
    let operands = Operands { batch, input: &input, weights: &weights, pad: 128 };
    bencher
        .counter(ItemsCount::new(batch as u64 * geometry.macs()))
        .bench_local(|| convolve(&geometry, black_box(operands), &products));
}

/// Any table whose rows span 16 bits: the fastest path that this processor has.
#[divan::bench(args = ["3x3", "1x1", "dense"])]
fn any_table(bencher: Bencher<'_, '_>, layer: &str) {
    let products = table(1 << 16);
    measure(bencher, layer, |geometry, operands| convolve(geometry, operands, &products));
}

/// A table whose rows are lines but for a byte, as many approximate multipliers have.
#[divan::bench(args = ["3x3", "1x1", "dense"])]
fn near_lines(bencher: Bencher<'_, '_>, layer: &str) {
    let mut stream = Stream::new(1, "bench.lines", 0);
    let mut entry = |at: i32| ((at >> 8) - 128) * ((at & 255) - 128) + stream.below(200) as i32;
    let products = Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>());
    measure(bencher, layer, |geometry, operands| convolve(geometry, operands, &products));
}

/// A table whose rows span more: the portable path, on any processor.
#[divan::bench(args = ["3x3", "1x1", "dense"])]
fn portable(bencher: Bencher<'_, '_>, layer: &str) {
    let products = table(1 << 20);
    measure(bencher, layer, |geometry, operands| convolve(geometry, operands, &products));
}

/// Exact products where no registers are asked for: multiplied in a loop that compilers turn into vector instructions.
#[divan::bench(args = ["3x3", "1x1", "dense"])]
fn portable_exact(bencher: Bencher<'_, '_>, layer: &str) {
    let products = Products::exact(128, 128).at(Level::Portable);
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
    measure(bencher, layer, |geometry, operands| {
        convolve_accumulating(geometry, operands, &products, AccumulationOrder::default(), &add)
    });
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

mod levels;

use proptest::prelude::*;

use super::*;
use crate::config::platform::AccumulationOrder;
use crate::netlist::{Builder, Net, Netlist};
use crate::rng::Stream;
use crate::simd::Level;

/// The order of those whose sums do not depend on it.
pub(super) const FIRST: AccumulationOrder = AccumulationOrder::ChannelsFirst;
const BOTH: [AccumulationOrder; 2] = [FIRST, AccumulationOrder::ChannelsLast];

pub(super) fn geometries() -> impl Strategy<Value = Geometry> {
    prop_oneof![4 => any_geometries(), 1 => depthwise()]
}

/// Layers whose outputs stand as their pixels do, each group with a channel.
fn depthwise() -> impl Strategy<Value = Geometry> {
    let window = (1usize..4, 1usize..3, 0usize..3, 0usize..3);
    (1usize..4, 1usize..3, 1usize..20, 1usize..70, window).prop_map(
        |(groups, outs, in_height, in_width, (columns, dilation, above, below))| Geometry {
            groups,
            in_channels: groups,
            in_height,
            in_width,
            out_channels: groups * outs,
            kernel: [in_height.min(2), 2 * columns - 1],
            stride: [1; 2],
            pads: [above, (columns - 1) * dilation, below, (columns - 1) * dilation],
            dilation: [1, dilation],
        },
    )
}

fn any_geometries() -> impl Strategy<Value = Geometry> {
    let channels = (1usize..4, 1usize..10, 1usize..12);
    let window = (1usize..4, 1usize..4, 1usize..3, 1usize..3, 1usize..3, 1usize..3);
    (channels, 1usize..9, 1usize..9, window, prop::array::uniform4(0usize..3))
        .prop_map(|((groups, ins, outs), in_height, in_width, (kr, kc, sr, sc, dr, dc), pads)| Geometry {
            groups,
            in_channels: groups * ins,
            in_height,
            in_width,
            out_channels: groups * outs,
            kernel: [kr, kc],
            stride: [sr, sc],
            pads,
            dilation: [dr, dc],
        })
        .prop_filter("the kernel fits", |geometry| geometry.check().is_ok())
}

pub(super) fn codes(stream: &mut Stream, count: usize) -> Vec<u8> {
    (0..count).map(|_| stream.word() as u8).collect()
}

/// A table by weight code and activation code.
pub(super) fn rows(entry: impl Fn(i32, i32) -> i32) -> Vec<[i32; 256]> {
    (0..256).map(|w| std::array::from_fn(|x| entry(w, x as i32))).collect()
}

/// A product without the products of bits in its lowest columns.
pub(super) fn columns_cut(columns: u32, w: i32, x: i32) -> i32 {
    let bits = (0..8).flat_map(|i| (0..8).map(move |j| (i, j))).filter(|(i, j)| i + j < columns);
    w * x - bits.map(|(i, j)| (w >> i & x >> j & 1) << (i + j)).sum::<i32>()
}

/// A table without any structure; `spread` bounds its entries.
fn table(stream: &mut Stream, spread: i64) -> Products {
    let entry = |_| (stream.below(2 * spread as u64) as i64 - spread) as i32;
    Products::new(&(0..1 << 16).map(entry).collect::<Vec<_>>())
}

/// A table of few terms, one of them with factors above 127.
fn few_terms(stream: &mut Stream, count: usize) -> Products {
    let mut factor = |low: i32| (0..256).map(|_| low + stream.below(100) as i32).collect::<Vec<_>>();
    let terms: Vec<_> = (0..count).map(|at| (factor(100 * at as i32), factor(-50))).collect();
    let product = |at: usize| terms.iter().map(|(w, x)| 3 * w[at >> 8] * x[at & 255]).sum();
    Products::new(&(0..1 << 16).map(product).collect::<Vec<_>>())
}

/// A table of four-bit codes without any structure.
fn four_bits(stream: &mut Stream) -> Products {
    let mut entry = |at: usize| match at & 0xf0f0 {
        0 => stream.below(256) as i32 - 100 * (at >> 8) as i32,
        _ => 0,
    };
    Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>())
}

/// A table whose rows are lines but for a byte, and one row that is not.
fn near_lines(stream: &mut Stream) -> Products {
    let mut entry = |at: usize| match at >> 8 {
        7 => stream.below(1 << 15) as i32,
        weight => (weight as i32 - 100) * (at & 255) as i32 + stream.below(200) as i32,
    };
    Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>())
}

/// An accumulator that is neither associative nor neutral for a product of 0.
fn lossy(sum: i32, product: i32) -> i32 {
    (sum | 5).wrapping_add(product & !3)
}

fn lossy_gates() -> Netlist {
    let mut build = Builder::new("lossy");
    let (mut sum, mut product) = (build.input("sum", 32), build.input("product", 32));
    let (zero, one) = (build.constant(false), build.constant(true));
    [0, 2].into_iter().for_each(|bit| sum[bit] = one);
    product[..2].fill(zero);
    let mut carry = zero;
    let bit = |(a, b): (&Net, &Net)| {
        let (sum, next) = build.full_adder(*a, *b, carry);
        carry = next;
        sum
    };
    let next = sum.iter().zip(&product).map(bit).collect();
    build.output("y", next);
    build.finish()
}

proptest! {
    #[test]
    fn every_path_equals_the_oracle(geometry in geometries(), batch in 1usize..5, seed: u64, wide: bool) {
        let mut stream = Stream::new(seed, "kernel", 0);
        let input = codes(&mut stream, batch * geometry.inputs_per_sample());
        let weights = codes(&mut stream, geometry.weights());
        let operands = Operands { batch, input: &input, weights: &weights, pad: stream.word() as u8 };
        let spread = if wide { i64::from(i32::MAX) } else { 30_000 };
        let tables = [
            table(&mut stream, spread),
            Products::exact(128, operands.pad),
            Products::exact(3, 250),
            few_terms(&mut stream, 1),
            few_terms(&mut stream, 2),
            near_lines(&mut stream),
            four_bits(&mut stream),
        ];
        let low: [Vec<u8>; 2] = [&input, &weights].map(|codes| codes.iter().map(|code| code & 15).collect());
        let narrow = Operands { input: &low[0], weights: &low[1], pad: operands.pad & 15, ..operands };
        let accumulator = Accumulator::new(&lossy_gates());
        for (products, operands) in tables.iter().flat_map(|table| [(table, operands), (table, narrow)]) {
            let expected = convolve_accumulating(&geometry, operands, products, FIRST, &i32::wrapping_add);
            for level in Level::ALL {
                prop_assert_eq!(&convolve(&geometry, operands, &products.clone().at(level)), &expected);
            }
            for order in BOTH {
                let expected = convolve_accumulating(&geometry, operands, products, order, &lossy);
                for level in Level::ALL {
                    let products = products.clone().at(level);
                    prop_assert_eq!(&convolve_in_order(&geometry, operands, &products, order, &accumulator), &expected);
                }
            }
        }
    }
}

#[test]
fn parts_of_a_batch_sum_what_the_whole_does_whatever_their_room_holds() {
    let mut stream = Stream::new(5, "kernel.parts", 0);
    let wide = Geometry { in_height: 41, in_width: 39, ..Geometry::UNEVEN };
    let same = Geometry { groups: 1, stride: [1; 2], pads: [1; 4], kernel: [3; 2], ..wide };
    for geometry in [wide, same, Geometry { groups: 4, out_channels: 4, ..same }] {
        let input = codes(&mut stream, 7 * geometry.inputs_per_sample());
        let weights = codes(&mut stream, geometry.weights());
        let operands = Operands { batch: 7, input: &input, weights: &weights, pad: 7 };
        let tables = [
            table(&mut stream, 30_000),
            Products::new(&[0; 1 << 16]),
            Products::exact(128, 7),
            few_terms(&mut stream, 2),
            near_lines(&mut stream),
            four_bits(&mut stream),
        ];
        for products in &tables {
            let expected = convolve_accumulating(&geometry, operands, products, FIRST, &i32::wrapping_add);
            for level in Level::ALL {
                let (mut sums, mut parts) = (vec![], 0);
                convolve_by_parts(&geometry, operands, &products.clone().at(level), &mut |part| {
                    sums.extend_from_slice(part);
                    part.fill(0x0bad_0bad);
                    parts += 1;
                });
                assert_eq!(sums, expected, "{geometry:?} {level:?}");
                assert!(parts > 1);
            }
        }
    }
}

/// Channel, row and column of every product of an output, in order.
fn met(geometry: &Geometry, order: AccumulationOrder) -> Vec<[usize; 3]> {
    let ([rows, columns], channels) = (geometry.kernel, geometry.in_channels / geometry.groups);
    let mut met = vec![];
    match order {
        AccumulationOrder::ChannelsFirst => {
            for channel in 0..channels {
                for row in 0..rows {
                    (0..columns).for_each(|column| met.push([channel, row, column]));
                }
            }
        }
        AccumulationOrder::ChannelsLast => {
            for row in 0..rows {
                for column in 0..columns {
                    (0..channels).for_each(|channel| met.push([channel, row, column]));
                }
            }
        }
    }
    met
}

/// Sums of the first sample in this order, by coordinates alone.
fn summed(
    geometry: &Geometry,
    operands: Operands<'_>,
    products: &Products,
    order: AccumulationOrder,
    add: impl Fn(i32, i32) -> i32,
) -> Vec<i32> {
    let Geometry { in_height, in_width, kernel, stride, pads, dilation, .. } = *geometry;
    let channels = geometry.in_channels / geometry.groups;
    let inside = |at: usize, tap: usize, axis: usize| {
        (at * stride[axis] + tap * dilation[axis])
            .checked_sub(pads[axis])
            .filter(|&at| at < [in_height, in_width][axis])
    };
    let product = |output: usize, [y, x]: [usize; 2], [channel, row, column]: [usize; 3]| {
        let (y, x) = (inside(y, row, 0)?, inside(x, column, 1)?);
        let of_group = output / (geometry.out_channels / geometry.groups) * channels;
        let weight = operands.weights[((output * channels + channel) * kernel[0] + row) * kernel[1] + column];
        Some(products.get(weight, operands.input[((of_group + channel) * in_height + y) * in_width + x]))
    };
    let met = met(geometry, order);
    let mut sums = vec![];
    for output in 0..geometry.out_channels {
        for y in 0..geometry.out_height() {
            for x in 0..geometry.out_width() {
                sums.push(met.iter().filter_map(|at| product(output, [y, x], *at)).fold(0, &add));
            }
        }
    }
    sums
}

proptest! {
    #[test]
    fn products_are_met_in_the_order_that_is_named(geometry in geometries(), seed: u64) {
        let mut stream = Stream::new(seed, "kernel.order", 0);
        let input = codes(&mut stream, geometry.inputs_per_sample());
        let weights = codes(&mut stream, geometry.weights());
        let operands = Operands { batch: 1, input: &input, weights: &weights, pad: 7 };
        let (products, accumulator) = (table(&mut stream, 30_000), Accumulator::new(&lossy_gates()));
        // Tells every order from any other.
        let polynomial = |sum: i32, product: i32| sum.wrapping_mul(31).wrapping_add(product);
        for order in BOTH {
            let found = convolve_accumulating(&geometry, operands, &products, order, &polynomial);
            prop_assert_eq!(found, summed(&geometry, operands, &products, order, polynomial));
            let found = convolve_in_order(&geometry, operands, &products, order, &accumulator);
            prop_assert_eq!(found, summed(&geometry, operands, &products, order, lossy));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Windows of one pixel, columns and dense layers, of enough positions or samples to fill registers.
    #[test]
    fn long_rows_sum_what_their_pixels_do(
        (groups, ins, outs) in (1usize..3, 1usize..10, 1usize..20), (height, width) in (1usize..60, 1usize..6),
        (kernel, stride, pads) in (1usize..4, 1usize..3, [0usize..3, 0usize..3]), batch in 1usize..40, shape in 0..3, seed: u64,
    ) {
        let channels = Geometry { groups, in_channels: groups * ins, out_channels: groups * outs, ..Geometry::dense(1, 1) };
        let geometry = match shape {
            0 => channels,
            1 => Geometry { in_height: height, in_width: width, ..channels },
            _ => Geometry {
                in_height: height,
                kernel: [kernel, 1],
                stride: [stride, 2],
                pads: [pads[0], 0, pads[1], 0],
                ..channels
            },
        };
        prop_assume!(geometry.check().is_ok());
        let long = geometry.in_long_rows();
        prop_assert_eq!([long.in_height, long.out_height()], [1, 1]);
        let mut stream = Stream::new(seed, "kernel.rows", 0);
        let input = codes(&mut stream, batch * geometry.inputs_per_sample());
        let weights = codes(&mut stream, geometry.weights());
        let operands = Operands { batch, input: &input, weights: &weights, pad: 7 };
        for products in [Products::exact(128, 7), Products::exact(3, 250), table(&mut stream, 30_000), few_terms(&mut stream, 2)] {
            let expected = convolve_accumulating(&geometry, operands, &products, FIRST, &i32::wrapping_add);
            prop_assert_eq!(&convolve_accumulating(&long, operands, &products, FIRST, &i32::wrapping_add), &expected);
            prop_assert_eq!(convolve(&geometry, operands, &products), expected);
        }
    }
}

proptest! {
    /// The definition of the accumulator, product after product.
    #[test]
    fn low_parts_by_or_equal_the_oracle(
        geometry in geometries(), batch in 1usize..20, seed: u64, half: bool, bits in 1u32..17, or: bool, carry: bool, ones in 0u32..16,
    ) {
        let mut stream = Stream::new(seed, "kernel.split", 0);
        let ones = (1 << ones.min(bits - 1)) - 1;
        let part = LowPart { bits, or, carry: or && carry, ones };
        let input = codes(&mut stream, batch * geometry.inputs_per_sample());
        let input: Vec<u8> = input.iter().map(|code| if half { code | 128 } else { *code }).collect();
        let weights = codes(&mut stream, geometry.weights());
        let operands = Operands { batch, input: &input, weights: &weights, pad: 128 };
        let mask = (1 << bits) - 1;
        let accumulate = |sum: i32, product: i32| {
            let carry = if part.carry { (sum & product) >> (bits - 1) & 1 } else { 0 };
            let low = if or { (sum | product) & mask } else { 0 };
            (sum & !mask).wrapping_add(product & !mask).wrapping_add(carry << bits) | low | ones as i32
        };
        let tables = [Products::exact(128, 128), Products::exact(7, 128), table(&mut stream, 30_000), near_lines(&mut stream)];
        for products in tables.map(|table| table.split(part)) {
            let expected = convolve_accumulating(&geometry, operands, &products, FIRST, &accumulate);
            if let Some(found) = convolve_split(&geometry, operands, &products) {
                prop_assert_eq!(found, expected);
            } else {
                // Only padding can stand in the way.
                prop_assert!(geometry.macs_inside() < geometry.macs());
            }
        }
        // The zero point has no product, so padding leaves no trace.
        let exact = convolve_split(&geometry, operands, &Products::exact(128, 128).split(part));
        prop_assert!(exact.is_some() || ones != 0);
    }
}

/// Channels whose codes are in one half of a row, which it is, or that they are not, changes between the samples.
#[test]
fn channels_in_halves_of_a_row_that_change_sum_what_others_do() {
    let mut stream = Stream::new(4, "kernel.halves", 0);
    let geometry = Geometry {
        groups: 2,
        in_channels: 8,
        in_height: 40,
        in_width: 40,
        out_channels: 6,
        kernel: [3; 2],
        stride: [1; 2],
        pads: [1; 4],
        dilation: [1; 2],
    };
    let batch = 2 * field::chunks(&geometry, 100).next().unwrap().len() + 1;
    let size = geometry.in_height * geometry.in_width;
    let of_channel = |at: usize| {
        let (sample, channel) = (at / geometry.in_channels, at % geometry.in_channels);
        let half = (channel + sample * batch / 7) % 6;
        move |code: u8| match half {
            0 => code & 127,
            1 => code | 128,
            2 => 64 + code % 128,
            3 => (192 + u32::from(code) % 128) as u8,
            _ => code,
        }
    };
    let channels = (0..batch * geometry.in_channels).map(of_channel);
    let input: Vec<u8> = channels
        .flat_map(|half| codes(&mut stream, size).into_iter().map(half).collect::<Vec<_>>())
        .collect();
    let weights = codes(&mut stream, geometry.weights());
    let tables = [30_000, 1 << 13].map(|spread| table(&mut stream, spread));
    let part = LowPart { bits: 9, or: true, carry: true, ones: 0 };
    for (products, pad) in tables.iter().flat_map(|table| [0, 100, 128, 255].map(|pad| (table, pad))) {
        let operands = Operands { batch, input: &input, weights: &weights, pad };
        let expected = convolve_accumulating(&geometry, operands, products, FIRST, &i32::wrapping_add);
        assert_eq!(convolve(&geometry, operands, products), expected);
        let (geometry, input) = padded(&geometry, operands);
        let operands = Operands { input: &input, ..operands };
        let accumulate = |sum: i32, product: i32| {
            let carry = ((sum & product) >> 8 & 1) << 9;
            (sum & !511).wrapping_add(product & !511).wrapping_add(carry) | (sum | product) & 511
        };
        let expected = convolve_accumulating(&geometry, operands, products, FIRST, &accumulate);
        assert_eq!(convolve_split(&geometry, operands, &products.clone().split(part)), Some(expected));
    }
}

/// What every output adds up to over its products, one after the other: [batch, O, positions].
fn one_by_one(geometry: &Geometry, operands: Operands<'_>, value: impl Fn(u8, u8) -> i64) -> Vec<i128> {
    let mut sums = vec![];
    for sample in operands.input.chunks_exact(geometry.inputs_per_sample()) {
        for channel in 0..geometry.out_channels {
            let group = channel / (geometry.out_channels / geometry.groups);
            let (codes, filter) =
                (&sample[geometry.group_offset(group)..], geometry.filter(operands.weights, channel));
            for at in 0..geometry.positions() {
                let (row, column) = (at / geometry.out_width(), at % geometry.out_width());
                let product =
                    |(k, &weight)| Some(i128::from(value(weight, codes[geometry.tap(k, row, column)?])));
                sums.push(filter.iter().enumerate().filter_map(product).sum());
            }
        }
    }
    sums
}

/// The sum of one output straight from the definition, with every tap in the padding a code like any other.
fn with_padding(
    geometry: &Geometry,
    operands: Operands<'_>,
    at: [usize; 3],
    add: impl Fn(i32, usize, u8) -> i32,
) -> i32 {
    let [channel, row, column] = at;
    let group = channel / (geometry.out_channels / geometry.groups);
    let inputs = &operands.input[geometry.group_offset(group)..];
    let code = |k: usize| geometry.tap(k, row, column).map_or(operands.pad, |place| inputs[place]);
    (0..geometry.depth()).fold(0, |sum, k| add(sum, channel * geometry.depth() + k, code(k)))
}

proptest! {
    #[test]
    fn histograms_give_what_a_walk_over_all_products_gives(
        geometry in geometries(), batch in 1usize..4, few: bool, seed: u64,
    ) {
        let mut stream = Stream::new(seed, "kernel.histogram", 0);
        let mask = if few { 3 } else { 255 };
        let mut some = |count| codes(&mut stream, count).iter().map(|code| code & mask).collect::<Vec<u8>>();
        let (input, weights) = (some(batch * geometry.inputs_per_sample()), some(geometry.weights()));
        let operands = Operands { batch, input: &input, weights: &weights, pad: 7 };
        // Unlike a product in both codes, and 0 nowhere.
        let value = |w: u8, x: u8| i64::from(w) * 1000 - i64::from(x) * i64::from(w ^ x) - 1;
        let histograms = Histograms::of(&geometry, &input);
        let every = one_by_one(&geometry, operands, value);
        let of_channel = |channel: usize| {
            let outputs = every.chunks(geometry.positions()).enumerate();
            outputs.filter(|(at, _)| at % geometry.out_channels == channel).flat_map(|(_, sums)| sums).sum::<i128>()
        };
        let expected: Vec<i128> = (0..geometry.out_channels).map(of_channel).collect();
        prop_assert_eq!(histograms.total(&weights, value), every.iter().sum::<i128>());
        prop_assert_eq!(histograms.channel_totals(&weights, value), expected);
        let pairs = |padding| {
            let counts = histograms.pairs(&weights, padding);
            let count = |at: usize| i128::from(counts.as_flattened()[at]);
            (0..1 << 16).map(|at| count(at) * i128::from(value((at >> 8) as u8, at as u8))).sum::<i128>()
        };
        let (around, codes) = padded(&geometry, operands);
        let fed = one_by_one(&around, Operands { input: &codes, ..operands }, value).iter().sum::<i128>();
        prop_assert_eq!([pairs(None), pairs(Some(operands.pad))], [every.iter().sum::<i128>(), fed]);
        let activations = histograms.activations().iter().map(|&count| i128::from(count)).sum::<i128>();
        let channels = (geometry.out_channels / geometry.groups) as i128;
        prop_assert_eq!(activations * channels, one_by_one(&geometry, operands, |_, _| 1).iter().sum::<i128>());
    }

    /// The mean error of a table per output channel is the mean of what the kernel sums wrongly.
    #[test]
    fn mean_errors_from_histograms_are_those_of_the_sums(geometry in geometries(), batch in 1usize..4, seed: u64) {
        let mut stream = Stream::new(seed, "kernel.histogram", 1);
        let input = codes(&mut stream, batch * geometry.inputs_per_sample());
        let weights = codes(&mut stream, geometry.weights());
        let operands = Operands { batch, input: &input, weights: &weights, pad: 128 };
        let (table, exact) = (table(&mut stream, 30_000), Products::exact(128, 128));
        let error = |w: u8, x: u8| i64::from(table.get(w, x)) - i64::from(exact.get(w, x));
        let found = Histograms::of(&geometry, &input).channel_totals(&weights, error);
        let mut expected = vec![0i128; geometry.out_channels];
        let sums = convolve(&geometry, operands, &table).into_iter().zip(convolve(&geometry, operands, &exact));
        for (at, (sum, exact)) in sums.enumerate() {
            expected[at / geometry.positions() % geometry.out_channels] += i128::from(sum) - i128::from(exact);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn padding_that_is_multiplied_counts_as_any_other_code_on_every_path(geometry in geometries(), seed: u64) {
        let mut stream = Stream::new(seed, "kernel.padded", 0);
        let (input, weights) = (codes(&mut stream, geometry.inputs_per_sample()), codes(&mut stream, geometry.weights()));
        let operands = Operands { batch: 1, input: &input, weights: &weights, pad: stream.word() as u8 };
        let (inner, around) = padded(&geometry, operands);
        let all = Operands { input: &around, ..operands };
        prop_assert_eq!(inner.gemm(), geometry.gemm());
        let accumulator = Accumulator::new(&lossy_gates());
        for products in [table(&mut stream, 30_000), Products::exact(3, 250), few_terms(&mut stream, 2), near_lines(&mut stream)] {
            let found = [convolve(&inner, all, &products), convolve_in_order(&inner, all, &products, FIRST, &accumulator)];
            let outputs = (0..geometry.out_channels).flat_map(|channel| (0..geometry.positions()).map(move |at| (channel, at)));
            for (place, (channel, position)) in outputs.enumerate() {
                let at = [channel, position / geometry.out_width(), position % geometry.out_width()];
                let product = |k: usize, code| products.get(weights[k], code);
                let exact = with_padding(&geometry, operands, at, |sum, k, code| sum.wrapping_add(product(k, code)));
                let ordered = with_padding(&geometry, operands, at, |sum, k, code| lossy(sum, product(k, code)));
                prop_assert_eq!([found[0][place], found[1][place]], [exact, ordered]);
            }
        }
    }

    #[test]
    fn operations_inside_are_those_whose_taps_read_a_pixel(geometry in geometries()) {
        let positions = (0..geometry.positions()).map(|at| (at / geometry.out_width(), at % geometry.out_width()));
        let taps = positions.flat_map(|(row, column)| (0..geometry.depth()).map(move |k| (k, row, column)));
        let inside = taps.filter(|&(k, row, column)| geometry.tap(k, row, column).is_some()).count();
        prop_assert_eq!(geometry.macs_inside(), (inside * geometry.out_channels) as u64);
    }
}

#[test]
fn padding_contributes_no_product_even_where_the_table_says_so() {
    let geometry = Geometry { pads: [1; 4], kernel: [3, 3], in_height: 1, ..Geometry::dense(1, 1) };
    let products = Products::new(&[7; 1 << 16]);
    let operands = Operands { batch: 1, input: &[9], weights: &[1; 9], pad: 0 };
    assert_eq!(convolve(&geometry, operands, &products), [7]);
}

#[test]
fn a_geometry_that_makes_no_sense_is_named() {
    let dense = Geometry::dense(4, 4);
    assert_eq!(
        Geometry { groups: 3, ..dense }.check(),
        Err(GeometryError::Groups { channels: 4, groups: 3 })
    );
    assert_eq!(
        Geometry { kernel: [2, 1], ..dense }.check(),
        Err(GeometryError::Kernel { span: 2, padded: 1 })
    );
    assert_eq!(Geometry { stride: [0, 1], ..dense }.check(), Err(GeometryError::Zero));
    assert_eq!((dense.macs(), dense.gemm().depth), (16, 4));
}

/// The only output reads the padding, none the only pixel.
#[test]
fn a_pixel_that_a_stride_jumps_over_is_not_read() {
    let geometry = Geometry { pads: [0, 1, 0, 0], stride: [1, 2], ..Geometry::dense(1, 1) };
    let operands = Operands { batch: 1, input: &[9], weights: &[1], pad: 0 };
    assert_eq!(convolve(&geometry, operands, &Products::new(&[7; 1 << 16])), [0]);
    assert_eq!(convolve(&geometry, operands, &Products::exact(0, 3)), [0]);
}

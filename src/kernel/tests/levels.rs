//! Does every way sum the same with whatever registers?

use super::*;

/// Dense, grouped, depthwise, dilated and strided convolutions, columns, and dense layers, one of more products than 16 bits
/// hold the sums of.
fn shapes() -> [Geometry; 8] {
    let plain = Geometry {
        groups: 1,
        in_channels: 12,
        in_height: 9,
        in_width: 11,
        out_channels: 16,
        kernel: [3; 2],
        stride: [1; 2],
        pads: [1; 4],
        dilation: [1; 2],
    };
    [
        plain,
        Geometry { groups: 4, ..plain },
        Geometry { groups: 12, out_channels: 12, ..plain },
        Geometry { dilation: [2, 3], pads: [2, 3, 2, 3], ..plain },
        Geometry { stride: [2, 3], pads: [0, 1, 2, 0], ..plain },
        Geometry { in_width: 1, kernel: [3, 1], pads: [1, 0, 1, 0], ..plain },
        Geometry::dense(70, 21),
        Geometry::dense(1111, 3),
    ]
}

const BATCH: usize = 19;

struct Operand {
    input: Vec<u8>,
    weights: Vec<u8>,
}

impl Operand {
    fn new(geometry: &Geometry, of: impl Fn(u8) -> u8) -> Self {
        let mut stream = Stream::new(3, "kernel.levels", 0);
        let mut some = |count| codes(&mut stream, count).into_iter().map(&of).collect();
        Self { input: some(BATCH * geometry.inputs_per_sample()), weights: some(geometry.weights()) }
    }

    fn with(&self, pad: u8) -> Operands<'_> {
        Operands { batch: BATCH, input: &self.input, weights: &self.weights, pad }
    }
}

fn any(code: u8) -> u8 {
    code
}

fn upper(code: u8) -> u8 {
    code | 128
}

fn low(code: u8) -> u8 {
    code & 15
}

type Codes = fn(u8) -> u8;

/// Tables and codes for which a processor of 512-bit registers takes each of its ways.
fn tables() -> Vec<(&'static str, Products, Codes)> {
    let mut stream = Stream::new(3, "kernel.levels", 1);
    vec![
        ("exact", Products::exact(128, 128), any as Codes),
        ("few terms", few_terms(&mut stream, 2), any),
        ("near lines", lines(&mut stream), any),
        ("four bits", four_bits(&mut stream), low),
        ("two bytes", table(&mut stream, 30_000), any),
        ("two bytes", table(&mut stream, 30_000), upper),
        ("pairs of bytes", table(&mut stream, 1 << 13), upper),
        ("pairs of bytes but for some rows", pairs_but_for_some(&mut stream), upper),
        ("a byte", table(&mut stream, 127), any),
        ("lines but for some rows", lines_but_for_some(&mut stream), any),
        ("constant rows", constant_rows(&mut stream), any),
        ("constant rows alone", constant_rows(&mut stream), |code| code & 127),
        ("wider", table(&mut stream, 1 << 30), any),
    ]
}

/// A table all of whose rows are lines but for a byte.
fn lines(stream: &mut Stream) -> Products {
    let mut entry = |at: usize| (at >> 8) as i32 * (at & 255) as i32 - stream.below(200) as i32;
    Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>())
}

/// The same with every fourth row far from any line.
fn lines_but_for_some(stream: &mut Stream) -> Products {
    let mut entry = |at: usize| match (at >> 8) % 4 {
        0 => stream.below(30_000) as i32,
        _ => (at >> 8) as i32 * (at & 255) as i32 - stream.below(200) as i32,
    };
    Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>())
}

/// A table with no structure, of rows of fourteen bits and, every fifth, of fifteen.
fn pairs_but_for_some(stream: &mut Stream) -> Products {
    let mut entry =
        |at: usize| stream.below(if (at >> 8).is_multiple_of(5) { 1 << 15 } else { 1 << 14 }) as i32;
    Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>())
}

/// A table half of whose rows have the same product for all codes, with low bits of 0; others have one byte, or two.
fn constant_rows(stream: &mut Stream) -> Products {
    let mut entry = |at: usize| match at >> 8 {
        weight @ ..128 => weight as i32 * 512,
        weight => stream.below(if weight.is_multiple_of(2) { 255 } else { 30_000 }) as i32,
    };
    Products::new(&(0..1 << 16).map(&mut entry).collect::<Vec<_>>())
}

#[test]
fn every_way_sums_what_single_products_do() {
    let accumulator = Accumulator::new(&lossy_gates());
    for (geometry, (name, products, of)) in
        shapes().iter().flat_map(|shape| tables().into_iter().map(move |t| (shape, t)))
    {
        let operand = Operand::new(geometry, of);
        let operands = operand.with(of(128));
        let sums = convolve_accumulating(geometry, operands, &products, FIRST, &i32::wrapping_add);
        let in_order = convolve_accumulating(geometry, operands, &products, FIRST, &lossy);
        for level in Level::ALL {
            let products = products.clone().at(level);
            assert!(convolve(geometry, operands, &products) == sums, "{name}, {level}, {geometry:?}");
            let found = convolve_in_order(geometry, operands, &products, FIRST, &accumulator);
            assert!(found == in_order, "{name} in order, {level}, {geometry:?}");
        }
    }
}

#[test]
fn low_parts_are_combined_alike() {
    let part = LowPart { bits: 9, or: true, carry: true, ones: 0 };
    let accumulate = |sum: i32, product: i32| {
        let carry = ((sum & product) >> 8 & 1) << 9;
        (sum & !511).wrapping_add(product & !511).wrapping_add(carry) | (sum | product) & 511
    };
    for (plain, (name, products, of)) in
        shapes().iter().flat_map(|shape| tables().into_iter().map(move |t| (shape, t)))
    {
        let operand = Operand::new(plain, of);
        let (geometry, input) = padded(plain, operand.with(of(128)));
        let operands = Operands { input: &input, ..operand.with(of(128)) };
        let expected = convolve_accumulating(&geometry, operands, &products, FIRST, &accumulate);
        for level in Level::ALL {
            let products = products.clone().split(part).at(level);
            let found = convolve_split(&geometry, operands, &products);
            assert!(found.as_ref() == Some(&expected), "{name}, {level}, {geometry:?}");
        }
    }
}

#[test]
fn shifted_groups_sum_alike() {
    let mut stream = Stream::new(3, "kernel.levels", 2);
    for (geometry, products) in
        shapes().iter().flat_map(|shape| [Products::exact(8, 8), four_bits(&mut stream)].map(|t| (shape, t)))
    {
        let operand = Operand::new(geometry, low);
        let size = 5;
        let parts = (geometry.in_channels / geometry.groups).div_ceil(size);
        let plane = geometry.in_height * geometry.in_width;
        let window = geometry.kernel[0] * geometry.kernel[1];
        let mut stream = Stream::new(3, "kernel.levels", 3);
        let mut few = |count: usize| -> Vec<u8> { (0..count).map(|_| stream.below(5) as u8).collect() };
        let (input, weights) =
            (few(BATCH * geometry.groups * parts * plane), few(geometry.out_channels * parts * window));
        let shifts = Shifts { size, input: &input, weights: &weights, steps: Steps::PowersOfTwo };
        let expected = convolve_shifted_one_by_one(geometry, operand.with(8), shifts, &products);
        for level in Level::ALL {
            let found = convolve_shifted(geometry, operand.with(8), shifts, &products.clone().at(level));
            assert!(found == expected, "{level}, {geometry:?}");
        }
    }
}

/// Spikes are counted and signs compared without any table; their tables give the same.
#[test]
fn spikes_and_signs_are_what_tables_of_them_give() {
    for geometry in shapes() {
        let spikes = Operand::new(&geometry, |code| if code & 1 == 1 { 131 } else { 128 });
        let counted = convolve_spikes(&geometry, spikes.with(128), [128, 128]).expect("spikes");
        let signs = Operand { weights: low_bits(&geometry), ..Operand::new(&geometry, any) };
        let magnitude = |x: usize| (x as i32 - 100).abs();
        let sign = |w: usize, x: usize| if (w == 1) == (x >= 100) { 1 } else { -1 };
        let of = |entry: &dyn Fn(usize, usize) -> i32| {
            Products::new(&(0..1 << 16).map(|at| entry(at >> 8, at & 255)).collect::<Vec<_>>())
        };
        let (dots, magnitudes) = (of(&sign), of(&|_, x| magnitude(x)));
        let compared = convolve_signs(&geometry, signs.with(100));
        for level in Level::ALL {
            let products = Products::exact(128, 128).at(level);
            assert!(convolve(&geometry, spikes.with(128), &products) == counted, "{level}, {geometry:?}");
            let [dots, magnitudes] = [&dots, &magnitudes]
                .map(|table| convolve(&geometry, signs.with(100), &table.clone().at(level)));
            let found: Vec<i32> = dots.iter().zip(magnitudes).map(|(dot, sum)| dot * sum).collect();
            assert!(found == compared, "{level}, {geometry:?}");
        }
    }
}

fn low_bits(geometry: &Geometry) -> Vec<u8> {
    codes(&mut Stream::new(3, "kernel.levels", 4), geometry.weights()).iter().map(|code| code & 1).collect()
}

/// The tables above are summed by the ways that they are named after, where the processor has them and may use them.
#[cfg(target_arch = "x86_64")]
#[test]
fn levels_decide_which_ways_there_are() {
    use super::super::cost::{Use, Way};
    if !avx512::supported(Level::Avx512) || !vnni::looks_up(Level::Avx512) {
        return eprintln!("skipped: the processor lacks AVX-512 VBMI or VNNI");
    }
    let geometry = &shapes()[0];
    for (name, products, of) in tables() {
        let operand = Operand::new(geometry, of);
        let way = |level| products.plan.cheapest(&Use::of(geometry, &operand.with(of(128)), level));
        let expected = match name {
            "exact" | "few terms" => [Way::Memory, Way::Terms, Way::Terms],
            "near lines" | "lines but for some rows" => [Way::Memory, Way::Memory, Way::Line],
            "four bits" => [Way::Memory, Way::Memory, Way::FourBits],
            "wider" => [Way::Memory; 3],
            _ => [Way::Memory, Way::Memory, Way::Bytes],
        };
        assert_eq!(Level::ALL.map(way), expected, "{name}");
    }
}

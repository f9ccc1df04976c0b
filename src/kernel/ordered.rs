//! Any accumulator at the speed of its gates: the bits of many sums are lanes of words, to which products of one tap are
//! added at once.
//!
//! A product is looked up as bytes, whose bits are swapped into planes; sums stay planes from the first tap to the last.

use super::field::{self, Layout, Units, set_apart};
use super::sliced::{self, Lookup, PARTS, Planes, UNIT};
use super::{Geometry, Operands, Products};
use crate::config::platform::AccumulationOrder;
use crate::netlist::program::{LANES, Lane, Program, Slot, WORDS};
use crate::netlist::{Builder, Netlist};
use crate::simd::{self, Level};

/// What sums are kept in and what adds to them: gates from a sum and a product, both in two's complement, to the next sum.
///
/// # Examples
/// ```
/// use axsim::config::platform::AccumulationOrder;
/// use axsim::kernel::{Accumulator, Geometry, Operands, Products, convolve_in_order};
/// use axsim::netlist::Builder;
/// // Four bits, of which each product turns some over.
/// let mut build = Builder::new("parity");
/// let (sum, product) = (build.input("sum", 4), build.input("product", 4));
/// let next = sum.iter().zip(&product).map(|(a, b)| build.xor(*a, *b)).collect();
/// build.output("y", next);
/// let accumulator = Accumulator::new(&build.finish());
/// let operands = Operands { batch: 1, input: &[3, 6], weights: &[1, 1], pad: 0 };
/// let order = AccumulationOrder::default();
/// let sums = convolve_in_order(&Geometry::dense(2, 1), operands, &Products::exact(0, 0), order, &accumulator);
/// assert_eq!(sums, [3 ^ 6]);
/// ```
#[derive(Debug, Clone)]
pub struct Accumulator {
    program: Program,
    bits: usize,
    product_bits: usize,
}

impl Accumulator {
    /// Compiles the gates.
    ///
    /// # Panics
    /// Unless there are two inputs of at most 32 bits and an output as wide as the first one; where bits of the sum change
    /// places.
    pub fn new(gates: &Netlist) -> Self {
        let [(_, sum), (_, product)] = gates.inputs() else { panic!("a sum and a product enter") };
        let (bits, product_bits) = (sum.len(), product.len());
        assert!(bits <= 32 && product_bits <= 32, "sums and products of at most 32 bits");
        Self { program: Program::stepping(&skipping(gates)), bits, product_bits }
    }

    /// Bytes of a product that are added.
    fn product_bytes(&self) -> usize {
        self.product_bits.div_ceil(8)
    }
}

/// The same gates with a third input, where it is 1 the sum stays as it is.
fn skipping(gates: &Netlist) -> Netlist {
    let mut build = Builder::new(gates.name());
    let [sum, product] = [0, 1]
        .map(|at| (&gates.inputs()[at].0, gates.inputs()[at].1.len() as u32))
        .map(|(name, width)| build.input(name, width));
    let skip = build.input("skip", 1)[0];
    let next = build.instance(gates, &[&sum, &product]).remove(0);
    assert_eq!(next.len(), sum.len(), "the next sum is as wide as the sum");
    let next = sum.iter().zip(&next).map(|(bit, next)| build.mux(skip, *bit, *next)).collect();
    build.output("y", next);
    build.finish()
}

/// Sums products of weight and activation codes one after the other, as [`super::convolve_accumulating`] does with the
/// function that the accumulator's gates compute: [batch, O, OH, OW] sums.
///
/// Taps in the padding are skipped. Of a product the bits are added that the accumulator takes.
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve_in_order(
    geometry: &Geometry,
    operands: Operands<'_>,
    products: &Products,
    order: AccumulationOrder,
    accumulator: &Accumulator,
) -> Vec<i32> {
    super::check(geometry, &operands);
    let size = geometry.outputs_per_sample();
    let mut output = vec![0; operands.batch * size];
    let layout = Layout::<1>::new(geometry, operands.batch, UNIT, products.level);
    let (offsets, outside) = (layout.filter_offsets(geometry), field::outside(geometry));
    let order: Vec<usize> = geometry.taps(order).collect();
    let rows = Rows::new(operands.weights, products, accumulator.product_bytes());
    let mut codes = layout.field(operands.pad);
    for samples in field::chunks(geometry, operands.batch) {
        let units = layout.units(geometry, samples.len());
        let skip = |tap: &Vec<_>| (!tap.is_empty()).then(|| layout.mask(geometry, tap, samples.len()));
        let skips: Vec<Option<Vec<u8>>> = outside.iter().map(skip).collect();
        for group in 0..geometry.groups {
            layout.fill(geometry, &operands, group, samples.clone(), &mut codes);
            let taps = Taps {
                codes: &codes,
                order: &order,
                offsets: &offsets,
                skips: &skips,
                rows: &rows,
                units: &units,
                level: products.level,
            };
            let filters = geometry
                .group_channels(group)
                .map(|channel| (channel, rows.starts_of(geometry.filter(operands.weights, channel))));
            let filters: Vec<(usize, Vec<usize>)> = filters.collect();
            let all = filters.iter().flat_map(|(channel, rows)| {
                (0..units.starts.len()).map(|unit| Part { channel: *channel, unit, rows })
            });
            let all: Vec<Part<'_>> = all.collect();
            for parts in all.chunks(PARTS) {
                let mut sums = taps.sums(parts, accumulator);
                set_apart::<UNIT>(&mut sums, units.side);
                for (part, sums) in parts.iter().zip(sums.chunks_exact(UNIT)) {
                    let output = &mut output[samples.start * size + part.channel * geometry.positions()..];
                    units.put(part.unit, UNIT, sums, output, false);
                }
            }
        }
    }
    output
}

/// A unit of positions of one output channel.
#[derive(Clone, Copy)]
struct Part<'a> {
    channel: usize,
    unit: usize,
    /// The first table of the weight of each tap.
    rows: &'a [usize],
}

/// The bytes of the products of each weight code in use.
struct Rows {
    bytes: usize,
    /// So many tables for each weight code, none for those that are not in use.
    tables: Vec<[u8; 256]>,
    /// Where each weight's tables begin.
    starts: [usize; 256],
}

impl Rows {
    fn new(weights: &[u8], products: &Products, bytes: usize) -> Self {
        let (mut tables, mut starts) = (vec![], [usize::MAX; 256]);
        for &weight in weights {
            if starts[usize::from(weight)] == usize::MAX {
                starts[usize::from(weight)] = tables.len();
                let table = |place: usize| {
                    std::array::from_fn(|code| (products.get(weight, code as u8) >> (8 * place)) as u8)
                };
                tables.extend((0..bytes).map(table));
            }
        }
        Self { bytes, tables, starts }
    }

    /// Where the tables of some weights begin.
    fn starts_of(&self, weights: &[u8]) -> Vec<usize> {
        weights.iter().map(|weight| self.starts[usize::from(*weight)]).collect()
    }
}

/// What the taps of a filter read, and which sums skip them.
struct Taps<'a> {
    codes: &'a [u8],
    order: &'a [usize],
    offsets: &'a [usize],
    /// 1 where a tap of the window lies in the padding; the same in every channel.
    skips: &'a [Option<Vec<u8>>],
    rows: &'a Rows,
    units: &'a Units,
    level: Level,
}

impl Taps<'_> {
    /// The sums of some parts, tap after tap.
    fn sums(&self, parts: &[Part<'_>], accumulator: &Accumulator) -> Vec<i32> {
        let skips: Vec<Option<Lane>> =
            self.skips.iter().map(|skip| skip.as_ref().map(|skip| skipped(parts, skip))).collect();
        let mut adding = Adding::new(accumulator);
        let of_part = |at: usize| &parts[at.min(parts.len() - 1)];
        let starts = std::array::from_fn(|at| self.units.starts[of_part(at).unit]);
        let lookup = Lookup { codes: self.codes, starts, tables: &self.rows.tables, level: self.level };
        let alike = parts.iter().all(|part| part.channel == parts[0].channel);
        let mut tables = [0; PARTS];
        let tables = &mut tables[..if alike { 1 } else { PARTS }];
        for &tap in self.order {
            tables.iter_mut().enumerate().for_each(|(at, table)| *table = of_part(at).rows[tap]);
            for place in 0..self.rows.bytes {
                adding.take(place, &lookup, tables, self.offsets[tap]);
                tables.iter_mut().for_each(|table| *table += 1);
            }
            adding.add(skips[tap % skips.len()].as_ref());
        }
        adding.sums(parts.len())
    }
}

/// Which lanes skip a tap, of which the mask of all units is given.
fn skipped(parts: &[Part<'_>], mask: &[u8]) -> Lane {
    let mut bytes = [0; LANES as usize];
    for (part, bytes) in parts.iter().zip(bytes.as_chunks_mut::<UNIT>().0) {
        bytes.copy_from_slice(&mask[part.unit * UNIT..][..UNIT]);
    }
    sliced::swapped(&bytes)[0]
}

/// Sums that are being accumulated.
struct Adding<'a> {
    accumulator: &'a Accumulator,
    slots: Vec<Slot>,
}

impl<'a> Adding<'a> {
    fn new(accumulator: &'a Accumulator) -> Self {
        let Accumulator { program, bits, .. } = accumulator;
        let mut slots = program.start(|_| [0; WORDS]);
        // The start was a step.
        program.inputs()[..*bits].iter().for_each(|&bit| slots[bit].0 = [0; WORDS]);
        Self { accumulator, slots }
    }

    /// Takes one byte of the next products.
    fn take(&mut self, place: usize, lookup: &Lookup<'_>, tables: &[usize], offset: usize) {
        let Accumulator { program, bits, product_bits } = self.accumulator;
        let of_product = &program.inputs()[*bits..][..*product_bits];
        lookup.write(tables, offset, &mut self.slots, &of_product[8 * place..]);
    }

    /// Adds the products that it took, but for lanes that skip them.
    fn add(&mut self, skip: Option<&Lane>) {
        let program = &self.accumulator.program;
        let place = *program.inputs().last().expect("the last input skips");
        self.slots[place].0 = *skip.unwrap_or(&[0; WORDS]);
        program.settle(&mut self.slots);
    }

    /// The sums of the first so many parts.
    fn sums(&self, parts: usize) -> Vec<i32> {
        let of_sum = &self.accumulator.program.inputs()[..self.accumulator.bits];
        let plane = |bit: usize| self.slots[of_sum[bit.min(of_sum.len() - 1)]].0;
        let places = [0, 8, 16, 24].map(|first| {
            let planes: Planes = std::array::from_fn(|at| plane(first + at));
            sliced::bytes_of(&sliced::swapped(&sliced::bytes_of(&planes)))
        });
        let mut sums = vec![0; parts * UNIT];
        let [a, b, c, d] = &places;
        let all = sums.iter_mut().zip(a).zip(b).zip(c).zip(d);
        simd::widest(
            #[inline(always)]
            move || {
                all.for_each(|((((sum, a), b), c), d)| *sum = i32::from_le_bytes([*a, *b, *c, *d]));
            },
        );
        sums
    }
}

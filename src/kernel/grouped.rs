//! Codes whose groups have shifts, or other steps: the products of a group are summed as they are, and the sum is shifted once.
//!
//! The sums of a group are those of [`convolve`] for its channels alone, so that any product table has its fastest way;
//! where all products are exact, so are those of the [numbers](decompressed) that the codes stand for.

use super::{Geometry, Operands, Products, Steps, convolve, decompressed};
use crate::simd;

/// How far codes are shifted left, or by what they are multiplied, by groups of neighbouring channels at one place; the last group of a row of channels is
/// short where groups do not divide them.
///
/// # Shapes
/// As those of [`Operands`], with groups of channels in place of channels: `input` [batch, groups · parts, H, W], `weights`
/// [O, parts, kernel rows, kernel columns], where `parts` are the groups of channels of each of the geometry's groups.
#[derive(Debug, Clone, Copy)]
pub struct Shifts<'a> {
    /// Channels of a group.
    pub size: usize,
    /// Of the activations.
    pub input: &'a [u8],
    /// Of the weights.
    pub weights: &'a [u8],
    /// Which of both.
    pub steps: Steps,
}

/// Places that are summed together: few enough for sums to stay in the cache.
const PLACES: usize = 512;

/// Sums products of codes of a group and shifts the sum by what its activations and its weights are shifted:
/// [batch, O, OH, OW] sums of 64 bits, of groups whose own sums wrap at 32 bits. Padding contributes no product.
///
/// # Panics
/// When slices and geometry do not fit together, or groups have no channel.
///
/// ```
/// use axsim::kernel::{Geometry, Operands, Products, Shifts, Steps, convolve_shifted};
/// let operands = Operands { batch: 1, input: &[1, 2, 3], weights: &[5, 6, 7], pad: 0 };
/// let shifts = Shifts { size: 2, input: &[4, 0], weights: &[1, 2], steps: Steps::PowersOfTwo };
/// let sums = convolve_shifted(&Geometry::dense(3, 1), operands, shifts, &Products::exact(0, 0));
/// assert_eq!(sums, [((5 + 12) << (4 + 1)) + (21 << 2)]);
/// ```
pub fn convolve_shifted(
    geometry: &Geometry,
    operands: Operands<'_>,
    shifts: Shifts<'_>,
    products: &Products,
) -> Vec<i64> {
    check(geometry, &operands, shifts);
    if let Some(sums) = decompressed::sums(geometry, &operands, shifts, products) {
        return sums;
    }
    let mut output = vec![0; operands.batch * geometry.outputs_per_sample()];
    let contraction = Contraction { geometry, operands, shifts, products };
    for group in 0..geometry.groups {
        for tap in 0..geometry.kernel[0] * geometry.kernel[1] {
            for places in contraction.places(tap).chunks(PLACES) {
                contraction.add(group, tap, places, &mut output);
            }
        }
    }
    output
}

/// The same one product after the other, straight from the definition.
///
/// # Panics
/// As [`convolve_shifted`].
pub fn convolve_shifted_one_by_one(
    geometry: &Geometry,
    operands: Operands<'_>,
    shifts: Shifts<'_>,
    products: &Products,
) -> Vec<i64> {
    check(geometry, &operands, shifts);
    let (window, plane) = (geometry.kernel[0] * geometry.kernel[1], geometry.in_height * geometry.in_width);
    let parts = parts(geometry, shifts.size);
    let mut output = vec![];
    for sample in 0..operands.batch {
        for channel in 0..geometry.out_channels {
            let group = channel / (geometry.out_channels / geometry.groups);
            let filter = geometry.filter(operands.weights, channel);
            for position in 0..geometry.positions() {
                let (row, column) = (position / geometry.out_width(), position % geometry.out_width());
                let product = |k: usize| {
                    let at = geometry.tap(k, row, column)?;
                    let part = k / window / shifts.size;
                    let input = sample * geometry.inputs_per_sample() + geometry.group_offset(group) + at;
                    let of_input = ((sample * geometry.groups + group) * parts + part) * plane + at % plane;
                    let of_weight = (channel * parts + part) * window + k % window;
                    let by = shifts.steps.both(shifts.input[of_input], shifts.weights[of_weight]);
                    Some(shifts.steps.of(products.get(filter[k], operands.input[input]).into(), by))
                };
                output.push((0..filter.len()).filter_map(product).sum());
            }
        }
    }
    output
}

/// Groups of channels in each of the geometry's groups.
fn parts(geometry: &Geometry, size: usize) -> usize {
    (geometry.in_channels / geometry.groups).div_ceil(size)
}

fn check(geometry: &Geometry, operands: &Operands<'_>, shifts: Shifts<'_>) {
    super::check(geometry, operands);
    let parts = parts(geometry, shifts.size);
    let input = operands.batch * geometry.groups * parts * geometry.in_height * geometry.in_width;
    assert_eq!(shifts.input.len(), input, "shifts of activations do not fit the geometry");
    let weights = geometry.out_channels * parts * geometry.kernel[0] * geometry.kernel[1];
    assert_eq!(shifts.weights.len(), weights, "shifts of weights do not fit the geometry");
}

/// Where a tap reads and what it adds to.
#[derive(Clone, Copy)]
struct Place {
    sample: usize,
    /// In a plane of the input.
    from: usize,
    /// In a plane of the output.
    to: usize,
}

struct Contraction<'a> {
    geometry: &'a Geometry,
    operands: Operands<'a>,
    shifts: Shifts<'a>,
    products: &'a Products,
}

impl Contraction<'_> {
    /// The places at which a tap lies inside the image, of all samples.
    fn places(&self, tap: usize) -> Vec<Place> {
        let Self { geometry, operands, .. } = self;
        let inside = geometry.inside(tap);
        let of_sample = |sample: usize| {
            let columns = inside.columns.clone();
            let positions = inside.rows.clone().flat_map(move |row| columns.clone().map(move |c| (row, c)));
            positions.map(move |(row, column)| Place {
                sample,
                // The first channel's place in the plane is that of all.
                from: geometry.tap(tap, row, column).expect("a tap inside"),
                to: row * geometry.out_width() + column,
            })
        };
        (0..operands.batch).flat_map(of_sample).collect()
    }

    /// Adds the products of one tap at some places.
    fn add(&self, group: usize, tap: usize, places: &[Place], output: &mut [i64]) {
        let Self { geometry, operands, shifts, products } = self;
        let channels = geometry.in_channels / geometry.groups;
        let outputs = geometry.group_channels(group);
        let mut sums = vec![0; outputs.len() * places.len()];
        let count = parts(geometry, shifts.size);
        for part in 0..count {
            let own = part * shifts.size..channels.min((part + 1) * shifts.size);
            let shape = Geometry { in_width: places.len(), ..Geometry::dense(own.len(), outputs.len()) };
            let input = self.codes(group, own.clone(), places);
            let weights = self.weights(tap, outputs.clone(), own);
            let inner = Operands { batch: 1, input: &input, weights: &weights, ..*operands };
            let of_group = convolve(&shape, inner, products);
            let by = self.input_shifts(group * count + part, places);
            let rows = sums.chunks_exact_mut(places.len()).zip(of_group.chunks_exact(places.len()));
            for (channel, (sums, of_group)) in outputs.clone().zip(rows) {
                let window = geometry.kernel[0] * geometry.kernel[1];
                let of_weight = shifts.weights[(channel * count + part) * window + tap];
                shift_in(sums, of_group, &by, (of_weight, shifts.steps));
            }
        }
        for (channel, sums) in outputs.zip(sums.chunks_exact(places.len())) {
            for (Place { sample, to, .. }, sum) in places.iter().zip(sums) {
                let sample = sample * geometry.outputs_per_sample();
                output[sample + channel * geometry.positions() + to] += sum;
            }
        }
    }

    /// The codes of some channels at these places, channel after channel.
    fn codes(&self, group: usize, channels: std::ops::Range<usize>, places: &[Place]) -> Vec<u8> {
        let Self { geometry, operands, .. } = self;
        let plane = geometry.in_height * geometry.in_width;
        let code = |channel: usize, place: &Place| {
            let sample = place.sample * geometry.inputs_per_sample() + geometry.group_offset(group);
            operands.input[sample + channel * plane + place.from]
        };
        channels.flat_map(|channel| places.iter().map(move |place| code(channel, place))).collect()
    }

    /// The weights of a tap, output channel after output channel.
    fn weights(
        &self,
        tap: usize,
        outputs: std::ops::Range<usize>,
        channels: std::ops::Range<usize>,
    ) -> Vec<u8> {
        let Self { geometry, operands, .. } = self;
        let window = geometry.kernel[0] * geometry.kernel[1];
        let of_output = |output: usize| {
            let filter = geometry.filter(operands.weights, output);
            channels.clone().map(move |channel| filter[channel * window + tap])
        };
        outputs.flat_map(of_output).collect()
    }

    fn input_shifts(&self, part: usize, places: &[Place]) -> Vec<u8> {
        let Self { geometry, shifts, .. } = self;
        let plane = geometry.in_height * geometry.in_width;
        let parts = geometry.groups * parts(geometry, shifts.size);
        let shift = |place: &Place| shifts.input[(place.sample * parts + part) * plane + place.from];
        places.iter().map(shift).collect()
    }
}

/// Adds sums of a group, each in a step of its own and one for all.
fn shift_in(sums: &mut [i64], of_group: &[i32], own: &[u8], (all, steps): (u8, Steps)) {
    simd::widest(
        #[inline(always)]
        move || {
            for ((sum, group), by) in sums.iter_mut().zip(of_group).zip(own) {
                *sum += steps.of((*group).into(), steps.both(*by, all));
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{codes, geometries};
    use super::*;
    use crate::razor::{Granularity, Razor, Razored};
    use crate::rng::Stream;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn groups_are_summed_and_shifted_as_products_are_one_by_one(
            geometry in geometries(), batch in 1usize..4, size in 1usize..8, seed: u64, exact: bool, multiples: bool,
        ) {
            let mut stream = Stream::new(seed, "kernel.grouped", 0);
            let four = |codes: Vec<u8>| codes.into_iter().map(|code| code & 15).collect::<Vec<_>>();
            let input = four(codes(&mut stream, batch * geometry.inputs_per_sample()));
            let weights = four(codes(&mut stream, geometry.weights()));
            let parts = parts(&geometry, size);
            let plane = geometry.in_height * geometry.in_width;
            let by_input = four(codes(&mut stream, batch * geometry.groups * parts * plane));
            let window = geometry.kernel[0] * geometry.kernel[1];
            let by_weight = four(codes(&mut stream, geometry.out_channels * parts * window));
            let entry = |at: usize| if at & 0xf0f0 == 0 { stream.below(256) as i32 - 100 } else { 0 };
            let table = Products::new(&(0..1 << 16).map(entry).collect::<Vec<_>>());
            let products = if exact { Products::exact(8, 8) } else { table };
            let operands = Operands { batch, input: &input, weights: &weights, pad: 0 };
            let steps = if multiples { Steps::Multiples } else { Steps::PowersOfTwo };
            let shifts = Shifts { size, input: &by_input, weights: &by_weight, steps };
            prop_assert_eq!(
                convolve_shifted(&geometry, operands, shifts, &products),
                convolve_shifted_one_by_one(&geometry, operands, shifts, &products)
            );
        }

        /// Decompression, then exact products: a dense layer of razored rows.
        #[test]
        fn razored_codes_need_no_decompression(
            inputs in 1usize..70, outputs in 1usize..9, batch in 1usize..9, seed: u64,
        ) {
            let mut stream = Stream::new(seed, "kernel.grouped", 1);
            let mut razored = |basis: u32, rows: usize| -> Razored {
                let razor = Razor::new(basis, 4, 16).unwrap();
                let numbers: Vec<f32> = (0..rows * inputs).map(|_| stream.normal() as f32).collect();
                razor.razor(&razor.scale(&numbers, inputs, Granularity::Channel).unwrap().numbers, inputs).unwrap()
            };
            let (input, weights) = (razored(16, batch), razored(8, outputs));
            let bytes = |razored: &Razored| razored.codes().iter().map(|code| (code + 8) as u8).collect::<Vec<_>>();
            let (in_codes, weight_codes) = (bytes(&input), bytes(&weights));
            let operands = Operands { batch, input: &in_codes, weights: &weight_codes, pad: 8 };
            let steps = Steps::PowersOfTwo;
            let shifts = Shifts { size: 16, input: input.flags(), weights: weights.flags(), steps };
            let geometry = Geometry::dense(inputs, outputs);
            let found = convolve_shifted(&geometry, operands, shifts, &Products::exact(8, 8));
            let (input, weights) = (input.numbers(), weights.numbers());
            let dot = |at: usize| {
                let rows = [&input[at / outputs * inputs..][..inputs], &weights[at % outputs * inputs..][..inputs]];
                rows[0].iter().zip(rows[1]).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum::<i64>()
            };
            prop_assert_eq!(found, (0..batch * outputs).map(dot).collect::<Vec<_>>());
        }
    }
}

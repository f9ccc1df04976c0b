//! Codes outside of the half of a row in which nearly all codes of their channel are: all are looked up in that half, which takes
//! fewer registers, and what that gives wrong is put right product by product.
//!
//! Networks without negative activations have such channels where codes are unsigned: few values are more than half of the
//! greatest one. So have others where zero is in the middle: few are more than half of it away.

use std::ops::Range;

use super::half::{Bits, Half, changes};
use super::reach::Reach;
use super::{Geometry, Operands};
use crate::simd::widest;

/// At most one code in so many is rare: to put one right takes 220 times as long as one half saves for a code (`resnet20` of the
/// kernel bench, "one code in 300").
const RARE: usize = 256;
/// Pixels of a channel below which it takes longer to look for them than they save.
const LEAST: usize = 32;
/// Codes that are passed over together.
const BLOCK: usize = 64;

/// A rare code, with where it stands in a sample.
struct Odd {
    sample: usize,
    channel: usize,
    pixel: usize,
    code: u8,
}

/// Rare codes of some samples, and what products of theirs are.
pub(super) struct Rare<'a> {
    reach: &'a Reach,
    /// For each code, what products with all weights are above those of the code with its place in a half.
    differences: Vec<Option<Box<[i32; 256]>>>,
    found: Vec<Odd>,
}

impl<'a> Rare<'a> {
    /// For products of codes in both halves.
    pub(super) fn new(reach: &'a Reach) -> Self {
        Self { reach, differences: vec![None; 256], found: vec![] }
    }

    /// Finds the rare codes of a group's channels, and makes the half of those channels that of the other codes.
    pub(super) fn find(
        &mut self,
        geometry: &Geometry,
        operands: &Operands<'_>,
        group: usize,
        samples: Range<usize>,
        halves: &mut [Half],
    ) {
        self.found.clear();
        let size = geometry.in_height * geometry.in_width;
        if size < LEAST {
            return;
        }
        let padding = (geometry.pads != [0; 4]).then_some(operands.pad);
        for (channel, half) in halves.iter_mut().enumerate().filter(|(_, half)| **half == Half::Both) {
            let plane = |sample: usize| {
                let start = sample * geometry.inputs_per_sample() + geometry.group_offset(group);
                &operands.input[start + channel * size..][..size]
            };
            let planes = || samples.clone().map(plane);
            let Some(most) = most(planes(), padding) else { continue };
            *half = most;
            self.found.extend(planes().enumerate().flat_map(|(sample, codes)| {
                odd(codes, most).map(move |(pixel, code)| Odd { sample, channel, pixel, code })
            }));
        }
    }

    /// Puts the sums of a group right, in which they were looked up as the codes that have their places in a half.
    pub(super) fn put_right(
        &mut self,
        geometry: &Geometry,
        weights: &[u8],
        group: usize,
        output: &mut [i32],
    ) {
        let (window, depth) = (geometry.kernel[0] * geometry.kernel[1], geometry.depth());
        let mut taps = vec![];
        for odd in &self.found {
            let own = &mut self.differences[usize::from(odd.code)];
            let differences = own.get_or_insert_with(|| differences(self.reach, odd.code));
            taps.clear();
            taps.extend(met_by(geometry, odd));
            for channel in geometry.group_channels(group) {
                let weights = &weights[channel * depth + odd.channel * window..][..window];
                let sums = &mut output[channel * geometry.positions()..];
                for &(tap, at) in &taps {
                    sums[at] = sums[at].wrapping_add(differences[usize::from(weights[tap])]);
                }
            }
        }
    }
}

/// The half that has nearly all codes, and the padding.
fn most<'a>(planes: impl Iterator<Item = &'a [u8]>, padding: Option<u8>) -> Option<Half> {
    let counts = planes.map(|codes| (codes.len(), highest(codes, |code| code), highest(codes, changes)));
    let (all, upper, middle) =
        counts.fold((0, 0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1, sum.2 + own.2));
    let outside = [
        (Half::Lower, upper),
        (Half::Upper, all - upper),
        (Half::Middle, all - middle),
        (Half::Ends, middle),
    ];
    let rare = outside.into_iter().filter(|&(_, few)| few <= all / RARE);
    let fit = rare.filter(|(half, _)| padding.is_none_or(|pad| half.has(pad)));
    fit.min_by_key(|(_, few)| *few).map(|(half, _)| half)
}

/// Of how many codes the bits have the highest one.
fn highest(codes: &[u8], bits: impl Fn(u8) -> u8) -> usize {
    widest(
        #[inline(always)]
        move || codes.iter().map(|&code| u32::from(bits(code) >> 7)).sum::<u32>() as usize,
    )
}

/// The codes that are not in a half, with their places.
fn odd(codes: &[u8], most: Half) -> impl Iterator<Item = (usize, u8)> {
    let blocks = codes.chunks(BLOCK).enumerate();
    let some = blocks.filter(move |(_, codes)| !most.holds(Bits::NONE.with(codes)));
    some.flat_map(move |(block, codes)| {
        let placed = codes.iter().enumerate().map(move |(at, &code)| (block * BLOCK + at, code));
        placed.filter(move |(_, code)| !most.has(*code))
    })
}

/// What products of a code are above those of the same place in the other half, for all weights.
fn differences(reach: &Reach, code: u8) -> Box<[i32; 256]> {
    let of = |weight: usize| {
        let product = |code| reach.product(weight as u8, code);
        product(code).wrapping_sub(product(code ^ 128))
    };
    Box::new(std::array::from_fn(of))
}

/// The taps that meet a code, each with the output where it does.
fn met_by(geometry: &Geometry, odd: &Odd) -> impl Iterator<Item = (usize, usize)> {
    let (geometry, first) = (*geometry, odd.sample * geometry.outputs_per_sample());
    let [rows, columns] = geometry.kernel;
    let (row, column) = (odd.pixel / geometry.in_width, odd.pixel % geometry.in_width);
    (0..rows).flat_map(move |r| {
        let down = geometry.output_at(0, row, r);
        (0..columns).filter_map(move |c| {
            let across = geometry.output_at(1, column, c)?;
            Some((r * columns + c, first + down? * geometry.out_width() + across))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{codes, rows};
    use super::super::{Products, convolve, convolve_accumulating};
    use super::*;
    use crate::rng::Stream;

    /// Those that have one code of each place.
    const HALVES: [Half; 4] = [Half::Lower, Half::Upper, Half::Middle, Half::Ends];

    /// Codes of one half but for every 301st or one a plane of some channels, and of all in others.
    fn mostly(stream: &mut Stream, geometry: &Geometry, batch: usize, half: Half) -> Vec<u8> {
        let size = geometry.in_height * geometry.in_width;
        let within = |code: u8| if half.has(code) { code } else { code ^ 128 };
        let code = |at: usize, code: u8| match at / size % geometry.in_channels % 4 {
            3 => code,
            0 if at % 301 == 7 => within(code) ^ 128,
            1 if at.is_multiple_of(size) => within(code) ^ 128,
            _ => within(code),
        };
        let all = codes(stream, batch * geometry.inputs_per_sample());
        all.into_iter().enumerate().map(|(at, own)| code(at, own)).collect()
    }

    fn shapes() -> [Geometry; 5] {
        let plain = Geometry {
            groups: 1,
            in_channels: 4,
            in_height: 23,
            in_width: 29,
            out_channels: 8,
            kernel: [3; 2],
            stride: [1; 2],
            pads: [1; 4],
            dilation: [1; 2],
        };
        [
            plain,
            Geometry { groups: 2, in_channels: 8, pads: [0; 4], ..plain },
            Geometry { groups: 4, out_channels: 4, ..plain },
            Geometry { stride: [2, 3], pads: [0, 2, 1, 0], ..plain },
            Geometry { dilation: [3, 2], kernel: [2, 4], pads: [2, 0, 3, 5], ..plain },
        ]
    }

    #[test]
    fn sums_with_rare_codes_are_those_of_single_products() {
        let mut stream = Stream::new(6, "kernel.rare", 0);
        let spans = [1 << 16, 1 << 14, 200].map(|span| {
            Products::new(&(0..1 << 16).map(|_| stream.below(span) as i32 - 100).collect::<Vec<_>>())
        });
        for (geometry, products) in
            shapes().iter().flat_map(|shape| spans.iter().map(move |own| (shape, own)))
        {
            for (half, pad) in HALVES.into_iter().flat_map(|half| [0, 100, 255].map(|pad| (half, pad))) {
                let batch = 11;
                let input = mostly(&mut stream, geometry, batch, half);
                let weights = codes(&mut stream, geometry.weights());
                let operands = Operands { batch, input: &input, weights: &weights, pad };
                let first = super::super::tests::FIRST;
                let expected = convolve_accumulating(geometry, operands, products, first, &i32::wrapping_add);
                assert_eq!(convolve(geometry, operands, products), expected, "{half:?} {pad}");
            }
        }
    }

    #[test]
    fn channels_of_few_codes_in_the_other_half_are_found_where_padding_is_in_theirs() {
        let mut stream = Stream::new(6, "kernel.rare", 1);
        let rows = rows(|w, x| w * x);
        let reach = Reach::split(&rows, Half::Both, 8, |_| 0).unwrap();
        let geometry = shapes()[0];
        for (half, inside) in HALVES.into_iter().zip([5, 200, 130, 250]) {
            let input = mostly(&mut stream, &geometry, 3, half);
            for (pad, found) in [(inside, true), (inside ^ 128, false)] {
                let operands = Operands { batch: 3, input: &input, weights: &[], pad };
                let mut halves = [Half::Both; 4];
                let mut rare = Rare::new(&reach);
                rare.find(&geometry, &operands, 0, 1..3, &mut halves);
                let own = if found { half } else { Half::Both };
                assert_eq!(halves, [own, own, own, Half::Both]);
                let odd = |at: &usize| !half.has(input[*at]);
                let sample = geometry.inputs_per_sample();
                let expected = (sample..3 * sample).filter(odd).filter(|at| at % sample < sample / 4 * 3);
                let expected: Vec<usize> = expected.filter(|_| found).collect();
                let size = geometry.in_height * geometry.in_width;
                let place =
                    |odd: &Odd| ((odd.sample + 1) * geometry.in_channels + odd.channel) * size + odd.pixel;
                let mut places: Vec<usize> = rare.found.iter().map(place).collect();
                places.sort_unstable();
                assert_eq!(places, expected, "{half:?} {pad}");
                assert!(rare.found.iter().all(|odd| !half.has(odd.code)));
            }
        }
    }

    #[test]
    fn one_in_so_many_is_rare() {
        for (half, [one, other]) in HALVES.into_iter().zip([[10, 100], [150, 250], [100, 150], [10, 250]]) {
            let most_of = |rare: usize| {
                let mut codes = [one, other].repeat(5 * RARE);
                codes[..rare].fill(one ^ 128);
                most([&codes[..]].into_iter(), None)
            };
            assert_eq!([0, 10, 11].map(most_of), [Some(half), Some(half), None]);
        }
    }

    #[test]
    fn of_two_halves_that_have_nearly_all_codes_the_one_with_more_of_them_and_the_padding_is_taken() {
        let mut codes = vec![10; 10 * RARE];
        codes[..5].fill(100);
        codes[5..8].fill(250);
        let most = |pad| most([&codes[..]].into_iter(), pad);
        assert_eq!(
            [None, Some(100), Some(250), Some(150)].map(most),
            [Some(Half::Lower), Some(Half::Lower), Some(Half::Ends), None]
        );
    }
}

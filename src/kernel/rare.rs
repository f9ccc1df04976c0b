//! Codes in the half of a row in which few codes of their channel are: all are looked up in the other half, which takes fewer
//! registers, and what that gives wrong is put right product by product.
//!
//! Networks without negative activations have such channels where codes are unsigned: few values are more than half of the
//! greatest one.

use std::ops::Range;

use super::half::{self, Half};
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
    /// For each code, what products with all weights are above those of the code in the other half.
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
        let of_padding = (geometry.pads != [0; 4]).then_some(Half::of((operands.pad, operands.pad)));
        for (channel, half) in halves.iter_mut().enumerate().filter(|(_, half)| **half == Half::Both) {
            let plane = |sample: usize| {
                let start = sample * geometry.inputs_per_sample() + geometry.group_offset(group);
                &operands.input[start + channel * size..][..size]
            };
            let planes = || samples.clone().map(plane);
            let most = most(planes().map(in_upper_half).sum(), samples.len() * size);
            let Some(most) = most.filter(|most| of_padding.is_none_or(|own| own == *most)) else { continue };
            *half = most;
            self.found.extend(planes().enumerate().flat_map(|(sample, codes)| {
                odd(codes, most).map(move |(pixel, code)| Odd { sample, channel, pixel, code })
            }));
        }
    }

    /// Puts the sums of a group right, in which they were looked up as codes of the other half.
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

/// How many codes are in the upper half.
fn in_upper_half(codes: &[u8]) -> usize {
    widest(
        #[inline(always)]
        move || codes.iter().map(|code| u32::from(code >> 7)).sum::<u32>() as usize,
    )
}

/// The half of nearly all codes, of which so many are in the upper one.
fn most(upper: usize, all: usize) -> Option<Half> {
    match (upper, all - upper) {
        (few, _) if few <= all / RARE => Some(Half::Lower),
        (_, few) if few <= all / RARE => Some(Half::Upper),
        _ => None,
    }
}

/// The codes that are not in a half, with their places.
fn odd(codes: &[u8], most: Half) -> impl Iterator<Item = (usize, u8)> {
    let is_odd = move |code: u8| Half::of((code, code)) != most;
    let blocks = codes.chunks(BLOCK).enumerate();
    let some = blocks.filter(move |(_, codes)| Half::of(half::bits(codes, (codes[0], codes[0]))) != most);
    some.flat_map(move |(block, codes)| {
        let placed = codes.iter().enumerate().map(move |(at, &code)| (block * BLOCK + at, code));
        placed.filter(move |(_, code)| is_odd(*code))
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

    /// Codes of one half but for every 301st or one a plane of some channels, and of both halves in others.
    fn mostly(stream: &mut Stream, geometry: &Geometry, batch: usize, upper: bool) -> Vec<u8> {
        let size = geometry.in_height * geometry.in_width;
        let code = |at: usize, code: u8| match at / size % geometry.in_channels % 4 {
            3 => code,
            0 if at % 301 == 7 => code & 127 | if upper { 0 } else { 128 },
            1 if at.is_multiple_of(size) => code & 127 | if upper { 0 } else { 128 },
            _ => code & 127 | if upper { 128 } else { 0 },
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
            for (upper, pad) in [(false, 0), (false, 255), (true, 0), (true, 255)] {
                let batch = 11;
                let input = mostly(&mut stream, geometry, batch, upper);
                let weights = codes(&mut stream, geometry.weights());
                let operands = Operands { batch, input: &input, weights: &weights, pad };
                let first = super::super::tests::FIRST;
                let expected = convolve_accumulating(geometry, operands, products, first, &i32::wrapping_add);
                assert_eq!(convolve(geometry, operands, products), expected, "{upper} {pad}");
            }
        }
    }

    #[test]
    fn channels_of_few_codes_in_the_other_half_are_found_where_padding_is_in_theirs() {
        let mut stream = Stream::new(6, "kernel.rare", 1);
        let rows = rows(|w, x| w * x);
        let reach = Reach::split(&rows, Half::Both, 8, |_| 0).unwrap();
        let geometry = shapes()[0];
        for (upper, half) in [(false, Half::Lower), (true, Half::Upper)] {
            let input = mostly(&mut stream, &geometry, 3, upper);
            for (pad, found) in [(if upper { 200 } else { 5 }, true), (if upper { 5 } else { 200 }, false)] {
                let operands = Operands { batch: 3, input: &input, weights: &[], pad };
                let mut halves = [Half::Both; 4];
                let mut rare = Rare::new(&reach);
                rare.find(&geometry, &operands, 0, 1..3, &mut halves);
                let own = if found { half } else { Half::Both };
                assert_eq!(halves, [own, own, own, Half::Both]);
                let odd = |at: &usize| Half::of((input[*at], input[*at])) != half;
                let sample = geometry.inputs_per_sample();
                let expected = (sample..3 * sample).filter(odd).filter(|at| at % sample < sample / 4 * 3);
                let expected: Vec<usize> = expected.filter(|_| found).collect();
                let size = geometry.in_height * geometry.in_width;
                let place =
                    |odd: &Odd| ((odd.sample + 1) * geometry.in_channels + odd.channel) * size + odd.pixel;
                let mut places: Vec<usize> = rare.found.iter().map(place).collect();
                places.sort_unstable();
                assert_eq!(places, expected, "{upper} {pad}");
                assert!(
                    rare.found.iter().zip(&places).all(|(odd, _)| Half::of((odd.code, odd.code)) != half)
                );
            }
        }
    }

    #[test]
    fn one_in_so_many_is_rare() {
        let most = |upper| most(upper, 10 * RARE);
        assert_eq!([0, 10, 11].map(most), [Some(Half::Lower), Some(Half::Lower), None]);
        assert_eq!([10 * RARE - 11, 10 * RARE - 10].map(most), [None, Some(Half::Upper)]);
    }
}

//! Contractions with a table of few terms: each is a contraction with exact products of bytes.

use std::borrow::Cow;
use std::ops::Range;

use super::aligned::Aligned;
use super::cost::{EXACT_AVX2, EXACT_VNNI, Use};
use super::factors::{Factors, Term};
use super::field::{Layout, Units};
use super::path::Path;
use super::vnni::{self, Block, CHANNELS, EXACT, Finish, Place, Taps, UNIT};
use super::{Geometry, Operands, avx2, avx512};
use crate::simd::Level;

/// Channels that stand next to one another.
pub(super) const LANES: usize = 4;

/// What a product costs; `None` where the processor lacks the instructions, or terms do not give all products.
pub(super) fn cost(factors: &Factors, asked: &Use<'_>) -> Option<f32> {
    let exact = match (vnni::supported(asked.level), avx2::supported(asked.level)) {
        (true, _) => EXACT_VNNI,
        (_, true) => EXACT_AVX2,
        _ => return None,
    };
    let covered = factors.cover(asked.weights, asked.activations) && factors.cover(&[], asked.pad.as_slice());
    // Three terms cost 3.2 times as much as one, four, whose codes leave the cache, 7.7 times (`resnet20_library`).
    let terms = factors.terms.len() as f32;
    let apart = if terms > 3.0 { 1.9 } else { 1.0 };
    covered.then(|| exact * terms * apart * asked.filled(LANES))
}

/// Adds what the sums of one term become to the outputs of up to eight channels.
fn sum(taps: Taps<'_, EXACT>, place: Place<'_>, finish: &Finish<'_>, output: &mut [i32], level: Level) {
    match vnni::supported(level) {
        true => vnni::sum(taps, place, finish, output),
        false => avx2::sum(taps, place, finish, output),
    }
}

/// A contraction as the sum of terms.
pub(super) struct Factored<'a> {
    geometry: &'a Geometry,
    operands: &'a Operands<'a>,
    layout: Layout<LANES>,
    offsets: Vec<usize>,
    terms: Vec<Prepared<'a>>,
    /// The codes of each term.
    fields: Vec<Aligned>,
    /// What offsets of weights bring to every channel; empty where there are none.
    ones: Vec<i32>,
}

impl<'a> Factored<'a> {
    pub(super) fn new(
        geometry: &'a Geometry,
        operands: &'a Operands<'a>,
        factors: &'a Factors,
        level: Level,
    ) -> Self {
        let layout = Layout::new(geometry, operands.batch, UNIT, level);
        let terms: Vec<Prepared<'_>> =
            factors.terms.iter().map(|term| Prepared::new(geometry, operands, term, level)).collect();
        Self {
            offsets: layout.offsets(geometry.kernel),
            fields: terms.iter().map(|term| layout.field(term.pad)).collect(),
            ones: vec![],
            geometry,
            operands,
            layout,
            terms,
        }
    }

    /// Lays the codes of all terms out.
    fn fill(&mut self, samples: Range<usize>, group: usize, units: &Units) {
        self.ones.clear();
        for (term, field) in self.terms.iter().zip(&mut self.fields) {
            let mapped = Operands { input: &term.input, pad: term.pad, ..*self.operands };
            self.layout.fill(self.geometry, &mapped, group, samples.clone(), field);
            term.add_ones(field, (&self.offsets, units), &mut self.ones, self.layout.level());
        }
    }
}

impl Path for Factored<'_> {
    fn add(&mut self, samples: Range<usize>, output: &mut [i32], begun: bool) {
        let units = self.layout.units(self.geometry, samples.len());
        let pitch = self.geometry.positions();
        if self.terms.is_empty() && !begun {
            output.fill(0);
        }
        for group in 0..self.geometry.groups {
            self.fill(samples.clone(), group, &units);
            let channels: Vec<usize> = self.geometry.group_channels(group).collect();
            for (tile, channels) in channels.chunks(CHANNELS).enumerate() {
                let place =
                    Place { units: &units, channels: channels.len(), first: channels[0] * pitch, pitch };
                for (at, (term, codes)) in self.terms.iter().zip(&self.fields).enumerate() {
                    let besides = if at == 0 { &self.ones[..] } else { &[] };
                    let weights = &term.tiles[group * term.tiles_of_group + tile];
                    let taps = Taps { codes, offsets: &self.offsets, weights };
                    let finish = term.finish(channels, besides, begun || at > 0);
                    sum(taps, place, &finish, output, self.layout.level());
                }
            }
        }
    }
}

/// A term with its operands.
struct Prepared<'a> {
    term: &'a Term,
    input: Cow<'a, [u8]>,
    pad: u8,
    /// Weights of eight channels each, group after group.
    tiles: Vec<Vec<Block<EXACT>>>,
    tiles_of_group: usize,
    /// Weights of 1 where weights have an offset.
    ones: Option<Vec<Block<EXACT>>>,
    /// What the offset of activations adds to each output channel.
    constants: Vec<i32>,
}

impl<'a> Prepared<'a> {
    fn new(geometry: &Geometry, operands: &Operands<'a>, term: &'a Term, level: Level) -> Self {
        let bytes = term.weights.map(|weight| weight as u8);
        let weights = avx512::mapped(&bytes, operands.weights, level);
        let tiles = |group: usize| {
            let channels: Vec<usize> = geometry.group_channels(group).collect();
            let tile = |channels: &[usize]| exact_blocks(geometry, channels, |at| weights[at]);
            channels.chunks(CHANNELS).map(tile).collect::<Vec<_>>()
        };
        let constant = |channel: usize| {
            let filter = geometry.filter(&weights, channel);
            let sum: i32 = filter.iter().map(|&weight| i32::from(weight as i8)).sum();
            let offsets = term.weight_offset.wrapping_mul(filter.len() as i32);
            sum.wrapping_add(offsets).wrapping_mul(term.activation_offset)
        };
        let identical =
            term.activations.iter().enumerate().all(|(code, factor)| code == usize::from(*factor));
        Self {
            term,
            input: match identical {
                true => operands.input.into(),
                false => avx512::mapped(&term.activations, operands.input, level).into(),
            },
            pad: term.activations[usize::from(operands.pad)],
            tiles: (0..geometry.groups).flat_map(tiles).collect(),
            tiles_of_group: geometry.group_channels(0).len().div_ceil(CHANNELS),
            ones: (term.weight_offset != 0).then(|| exact_blocks(geometry, &[0], |_| 1)),
            constants: (0..geometry.out_channels).map(constant).collect(),
        }
    }

    fn finish<'b>(&self, channels: &[usize], besides: &'b [i32], begun: bool) -> Finish<'b> {
        let mut finish = Finish { scale: self.term.scale, constants: [0; CHANNELS], besides, begun };
        let own = finish.constants.iter_mut().zip(channels);
        own.for_each(|(constant, &channel)| *constant = self.constants[channel]);
        finish
    }

    /// Adds what an offset of the weights brings to every channel.
    fn add_ones(
        &self,
        codes: &[u8],
        (offsets, units): (&[usize], &Units),
        ones: &mut Vec<i32>,
        level: Level,
    ) {
        let Some(weights) = &self.ones else { return };
        ones.resize(units.starts.len() * UNIT, 0);
        let scale = self.term.scale.wrapping_mul(self.term.weight_offset);
        let finish = Finish { scale, constants: [0; CHANNELS], besides: &[], begun: true };
        let place = Place { units: &units.in_order(UNIT), channels: 1, first: 0, pitch: 0 };
        sum(Taps { codes, offsets, weights }, place, &finish, ones, level);
    }
}

fn exact_blocks(geometry: &Geometry, channels: &[usize], weight: impl Fn(usize) -> u8) -> Vec<Block<EXACT>> {
    let mut found = vec![[[0; EXACT]; CHANNELS]; blocks_of(geometry)];
    blocks(geometry, channels, |at| [weight(at)], &mut found);
    found
}

/// Blocks of four channels that a filter sums, tap after tap.
pub(super) fn blocks_of(geometry: &Geometry) -> usize {
    geometry.kernel[0] * geometry.kernel[1] * (geometry.in_channels / geometry.groups).div_ceil(LANES)
}

/// Puts the weights of some output channels in the order of [`Layout::offsets`]; `weight` gives the bytes of one, by its
/// place among all weights.
pub(super) fn blocks<const OWN: usize, const BYTES: usize>(
    geometry: &Geometry,
    channels: &[usize],
    weight: impl Fn(usize) -> [u8; OWN],
    found: &mut [Block<BYTES>],
) {
    let inputs = geometry.in_channels / geometry.groups;
    let (window, blocks) = (geometry.depth() / inputs, inputs.div_ceil(LANES));
    for (at, found) in found.iter_mut().enumerate() {
        let (tap, first) = (at / blocks, at % blocks * LANES);
        for (found, channel) in found.iter_mut().zip(channels) {
            let place = channel * geometry.depth() + first * window + tap;
            for (lane, own) in found.as_chunks_mut::<OWN>().0.iter_mut().enumerate().take(inputs - first) {
                *own = weight(place + lane * window);
            }
        }
    }
}

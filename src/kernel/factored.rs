//! Contractions with a table of few terms: each is a contraction with exact products of bytes.

use std::borrow::Cow;

use super::factors::{Factors, Term};
use super::field::{self, Layout};
use super::vnni::{Block, CHANNELS, EXACT, Finish, POSITIONS, Taps, sum};
use super::{Geometry, Operands, avx512};

/// Channels that stand next to one another.
pub(super) const LANES: usize = 4;

/// Whether this is faster than looking products up: a look-up costs as much as about four terms.
pub(super) fn pays(geometry: &Geometry, factors: &Factors) -> bool {
    let channels = geometry.in_channels / geometry.groups;
    super::vnni::supported() && factors.terms.len() * channels.next_multiple_of(LANES) < 4 * channels
}

/// As [`super::convolve`].
pub(super) fn convolve(geometry: &Geometry, operands: &Operands<'_>, factors: &Factors, output: &mut [i32]) {
    let mut chunks = field::chunks(geometry, operands.batch).peekable();
    let Some(largest) = chunks.peek().map(ExactSizeIterator::len) else { return };
    let layout = Layout::<LANES>::new(geometry, largest);
    let offsets = layout.offsets(geometry.kernel);
    let terms: Vec<Prepared<'_>> =
        factors.terms.iter().map(|term| Prepared::new(geometry, operands, term)).collect();
    let mut work = Work::default();
    for samples in chunks {
        let columns = layout.columns(samples.len()).next_multiple_of(POSITIONS);
        for group in 0..geometry.groups {
            let channels: Vec<usize> = geometry.group_channels(group).collect();
            // The first term writes over what is there.
            work.totals.resize(channels.len() * columns, 0);
            if terms.is_empty() {
                work.totals.fill(0);
            }
            for (at, term) in terms.iter().enumerate() {
                let mapped = Operands { input: &term.input, pad: term.pad, ..*operands };
                layout.fill(geometry, &mapped, group, samples.clone(), &mut work.codes);
                term.add(&offsets, &channels, columns, at > 0, &mut work);
            }
            for (&channel, sums) in channels.iter().zip(work.totals.chunks_exact(columns)) {
                layout.scatter(geometry, channel, samples.clone(), sums, output);
            }
        }
    }
}

/// What is kept from chunk to chunk.
#[derive(Default)]
struct Work {
    codes: Vec<u8>,
    ones: Vec<i32>,
    totals: Vec<i32>,
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
    fn new(geometry: &Geometry, operands: &Operands<'a>, term: &'a Term) -> Self {
        let bytes = term.weights.map(|weight| weight as u8);
        let weights = avx512::mapped(&bytes, operands.weights);
        let tiles = |group: usize| {
            let channels: Vec<usize> = geometry.group_channels(group).collect();
            let tile = |channels: &[usize]| blocks(geometry, channels, |at| [weights[at]]);
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
                false => avx512::mapped(&term.activations, operands.input).into(),
            },
            pad: term.activations[usize::from(operands.pad)],
            tiles: (0..geometry.groups).flat_map(tiles).collect(),
            tiles_of_group: geometry.group_channels(0).len().div_ceil(CHANNELS),
            ones: (term.weight_offset != 0).then(|| blocks(geometry, &[0], |_| [1])),
            constants: (0..geometry.out_channels).map(constant).collect(),
        }
    }

    /// Adds the term to the totals of a group's channels, or begins them with it.
    fn add(&self, offsets: &[usize], channels: &[usize], columns: usize, on_top: bool, work: &mut Work) {
        let Work { codes, ones, totals } = work;
        let group = channels[0] / channels.len();
        let tiles = &self.tiles[group * self.tiles_of_group..][..self.tiles_of_group];
        let parts = channels.chunks(CHANNELS).zip(totals.chunks_mut(CHANNELS * columns));
        for ((channels, totals), weights) in parts.zip(tiles) {
            let mut finish = Finish { scale: self.term.scale, constants: [0; CHANNELS], on_top };
            let own = finish.constants.iter_mut().zip(channels);
            own.for_each(|(constant, &channel)| *constant = self.constants[channel]);
            sum(Taps { codes, offsets, weights }, columns, &finish, totals);
        }
        if let Some(weights) = &self.ones {
            let scale = self.term.scale.wrapping_mul(self.term.weight_offset);
            ones.resize(columns, 0);
            let finish = Finish { scale, constants: [0; CHANNELS], on_top: false };
            sum(Taps { codes, offsets, weights }, columns, &finish, ones);
            for totals in totals.chunks_exact_mut(columns) {
                totals.iter_mut().zip(&*ones).for_each(|(total, ones)| *total = total.wrapping_add(*ones));
            }
        }
    }
}

/// The weights of some output channels in the order of [`Layout::offsets`]; `weight` gives the bytes of one, by its place
/// among all weights.
pub(super) fn blocks<const OWN: usize, const BYTES: usize>(
    geometry: &Geometry,
    channels: &[usize],
    weight: impl Fn(usize) -> [u8; OWN],
) -> Vec<Block<BYTES>> {
    let inputs = geometry.in_channels / geometry.groups;
    let (window, blocks) = (geometry.depth() / inputs, inputs.div_ceil(LANES));
    let mut found = vec![[[0; BYTES]; CHANNELS]; window * blocks];
    for (at, channel) in channels.iter().enumerate() {
        for input in 0..inputs {
            for tap in 0..window {
                let place = channel * geometry.depth() + input * window + tap;
                let own = &mut found[tap * blocks + input / LANES][at][input % LANES * OWN..][..OWN];
                own.copy_from_slice(&weight(place));
            }
        }
    }
    found
}

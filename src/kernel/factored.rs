//! Contractions with a table of few terms: each is a contraction with exact products of bytes.

use super::factors::{Factors, Term};
use super::field::{self, Layout};
use super::vnni::{CHANNELS, POSITIONS, add};
use super::{Geometry, Operands, avx512};

/// Channels that stand next to one another.
const LANES: usize = 4;

/// Four weights of each of some output channels, for one block of input channels.
type Block = [[i8; LANES]; CHANNELS];

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
            work.totals.clear();
            work.totals.resize(channels.len() * columns, 0);
            for term in &terms {
                let mapped = Operands { input: &term.input, pad: term.pad, ..*operands };
                layout.fill(geometry, &mapped, group, samples.clone(), &mut work.codes);
                term.add(&offsets, &channels, columns, &mut work);
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
    sums: Vec<Vec<i32>>,
    ones: Vec<Vec<i32>>,
    totals: Vec<i32>,
}

/// A term with its operands.
struct Prepared<'a> {
    term: &'a Term,
    input: Vec<u8>,
    pad: u8,
    /// Weights of eight channels each, group after group.
    tiles: Vec<Vec<Block>>,
    tiles_of_group: usize,
    /// Weights of 1 where weights have an offset.
    ones: Option<Vec<Block>>,
    /// What the offset of activations adds to each output channel.
    constants: Vec<i32>,
}

impl<'a> Prepared<'a> {
    fn new(geometry: &Geometry, operands: &Operands<'_>, term: &'a Term) -> Self {
        let tiles = |group: usize| {
            let channels: Vec<usize> = geometry.group_channels(group).collect();
            let tile = |channels: &[usize]| {
                blocks(geometry, channels, |at| term.weights[usize::from(operands.weights[at])])
            };
            channels.chunks(CHANNELS).map(tile).collect::<Vec<_>>()
        };
        let constant = |channel: usize| {
            let filter = geometry.filter(operands.weights, channel).iter();
            filter
                .fold(0i32, |sum, &code| sum.wrapping_add(term.weight(code)))
                .wrapping_mul(term.activation_offset)
        };
        Self {
            term,
            input: avx512::mapped(&term.activations, operands.input),
            pad: term.activations[usize::from(operands.pad)],
            tiles: (0..geometry.groups).flat_map(tiles).collect(),
            tiles_of_group: geometry.group_channels(0).len().div_ceil(CHANNELS),
            ones: (term.weight_offset != 0).then(|| blocks(geometry, &[0], |_| 1)),
            constants: (0..geometry.out_channels).map(constant).collect(),
        }
    }

    /// Adds the term to the totals of a group's channels.
    fn add(&self, offsets: &[usize], channels: &[usize], columns: usize, work: &mut Work) {
        let Work { codes, sums, ones, totals } = work;
        fresh(ones, usize::from(self.ones.is_some()), columns);
        if let Some(weights) = &self.ones {
            add(codes, offsets, weights, ones);
        }
        let group = channels[0] / channels.len();
        let tiles = &self.tiles[group * self.tiles_of_group..][..self.tiles_of_group];
        let parts = channels.chunks(CHANNELS).zip(totals.chunks_mut(CHANNELS * columns));
        for ((channels, totals), weights) in parts.zip(tiles) {
            fresh(sums, channels.len(), columns);
            add(codes, offsets, weights, sums);
            for ((&channel, sums), totals) in
                channels.iter().zip(&*sums).zip(totals.chunks_exact_mut(columns))
            {
                self.join(self.constants[channel], sums, ones.first(), totals);
            }
        }
    }

    /// Adds the scaled sums of one channel to its totals, with what offsets add.
    fn join(&self, constant: i32, sums: &[i32], ones: Option<&Vec<i32>>, totals: &mut [i32]) {
        let (scale, constant) = (self.term.scale, self.term.scale.wrapping_mul(constant));
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total = total.wrapping_add(sum.wrapping_mul(scale)).wrapping_add(constant);
        }
        let offset = self.term.weight_offset.wrapping_mul(scale);
        for (total, ones) in totals.iter_mut().zip(ones.into_iter().flatten()) {
            *total = total.wrapping_add(ones.wrapping_mul(offset));
        }
    }
}

/// So many rows of zeros.
fn fresh(rows: &mut Vec<Vec<i32>>, count: usize, columns: usize) {
    rows.resize(count, vec![]);
    for row in rows {
        row.clear();
        row.resize(columns, 0);
    }
}

/// The weights of some output channels in the order of [`Layout::offsets`]; `weight` takes a place among all weights.
fn blocks(geometry: &Geometry, channels: &[usize], weight: impl Fn(usize) -> i8) -> Vec<Block> {
    let inputs = geometry.in_channels / geometry.groups;
    let window = geometry.depth() / inputs;
    let block = |tap: usize, block: usize| {
        let mut found = Block::default();
        for (found, channel) in found.iter_mut().zip(channels) {
            for (found, input) in found.iter_mut().zip(block * LANES..inputs) {
                *found = weight(channel * geometry.depth() + input * window + tap);
            }
        }
        found
    };
    let places = (0..window).flat_map(|tap| (0..inputs.div_ceil(LANES)).map(move |block| (tap, block)));
    places.map(|(tap, at)| block(tap, at)).collect()
}

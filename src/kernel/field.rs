//! The activations of some samples, laid out so that every tap of the kernel reads runs of codes.
//!
//! Samples are rows of padded pixels one after the other. Output position (row, column) of a sample stands at
//! `row · width + column` from its start, and each tap reads at a constant distance from there: no code is copied
//! for more than one tap, and one loop runs over all positions of all samples. A stride splits pixels by their
//! remainder first. Rows that would fill registers badly have the pixels of several samples side by side; then positions
//! that no output has, between rows, are left out, else they are summed and left out later. Where a group has one channel
//! (depthwise layers), few products pay for what is beside them: each column of the window has its pixels for itself, so that
//! positions of a sample follow one another without anything between rows.

mod alone;
mod axis;
mod side;
mod units;

use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;

#[cfg(target_arch = "x86_64")]
use self::alone::Whole;
use self::axis::Axis;
use self::side::{Rows, interleave};
#[cfg(target_arch = "x86_64")]
pub(super) use self::units::put_even;
pub(super) use self::units::{Segment, Units, apart, set_apart};
use super::Operands;
use super::aligned::Aligned;
use super::geometry::{Geometry, Inside};
use super::half::{Bits, Half};
use crate::simd::Level;

/// Positions that one field aims at: its codes fit the second-level cache.
const POSITIONS: usize = 4096;
/// Bytes that a kernel may read beyond the last position.
const SLACK: usize = 256;

/// How many samples of a batch are laid out together.
fn samples(geometry: &Geometry, batch: usize) -> usize {
    (POSITIONS / geometry.positions()).clamp(1, batch.max(1))
}

/// Whether each column of the window has its pixels for itself, which takes more room and, but where outputs stand as pixels
/// do, more time to be laid out.
fn by_tap(geometry: &Geometry) -> bool {
    let as_pixels = geometry.stride == [1; 2] && geometry.out_width() == geometry.in_width;
    geometry.in_channels == geometry.groups && as_pixels
}

/// Ranges of samples that are laid out together.
pub(super) fn chunks(geometry: &Geometry, batch: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    let samples = samples(geometry, batch);
    (0..batch).step_by(samples).map(move |start| start..(start + samples).min(batch))
}

/// Neighbouring positions that are summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// The first one's cell.
    cell: usize,
    /// Where its sum stands.
    place: usize,
    /// How many, a multiple of the unit.
    length: usize,
}

/// Pixels of one phase.
#[derive(Debug)]
struct Part {
    /// The first one in a channel of a sample.
    pixel: usize,
    /// Where it stands in the field, for the first heap and block.
    start: usize,
    rows: Rows,
    /// The same where all rows can be copied at once.
    #[cfg(target_arch = "x86_64")]
    whole: Option<Whole>,
}

/// Where codes of a geometry stand; `LANES` channels stand next to one another in each cell.
#[derive(Debug)]
pub(super) struct Layout<const LANES: usize> {
    axes: [Axis; 2],
    /// Blocks of channels of a group.
    blocks: usize,
    /// Samples whose pixels stand side by side.
    side: usize,
    /// So many times that many samples at once.
    heaps: usize,
    /// Positions that are summed together.
    unit: usize,
    /// Whether each row of outputs is a run of its own.
    by_row: bool,
    /// Rows of outputs that follow one another without a gap: one, or all of a sample.
    rows: usize,
    /// Cells of a plane: one phase, one block.
    cells: usize,
    /// With which codes are laid out.
    level: Level,
    /// Those of as many samples as there is room for.
    units: OnceCell<Rc<Units>>,
    parts: OnceCell<Vec<Part>>,
}

impl<const LANES: usize> Layout<LANES> {
    /// For a batch, by whatever puts the fewest registers of `unit` positions to use.
    pub(super) fn new(geometry: &Geometry, batch: usize, unit: usize, level: Level) -> Self {
        let samples = samples(geometry, batch);
        let most = if by_tap(geometry) { 1 } else { samples.min(side::MOST / LANES) };
        let sides = [1, 2, 4, 8, 16].into_iter().filter(|side| *side <= most);
        let all = sides
            .flat_map(|side| [false, true].map(|by_row| Self::of(geometry, samples, unit, side, by_row)));
        let best =
            all.min_by_key(|layout| layout.columns(samples)).expect("a sample alone is always possible");
        Self { level, ..best }
    }

    fn of(geometry: &Geometry, samples: usize, unit: usize, side: usize, by_row: bool) -> Self {
        let axes = [Axis::new(geometry, 0, false), Axis::new(geometry, 1, by_tap(geometry))];
        let blocks = (geometry.in_channels / geometry.groups).div_ceil(LANES);
        let (heaps, level) = (samples.div_ceil(side), Level::at_hand());
        let rows = if axes[1].pitch == axes[1].outputs { axes[0].outputs } else { 1 };
        let last = ((heaps - 1) * axes[0].pitch + axes[0].reach - 1) * axes[1].pitch + axes[1].reach;
        let cells = (last * side).next_multiple_of(64);
        let (units, parts) = Default::default();
        Self { axes, blocks, side, heaps, unit, by_row, rows, cells, level, units, parts }
    }

    /// With which codes are laid out, and which those who read them may use.
    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// The cell of the first position of a row of outputs.
    fn row(&self, heap: usize, row: usize) -> usize {
        (heap * self.axes[0].pitch + row) * self.axes[1].pitch * self.side
    }

    /// Where the sums of a row of outputs stand, sample next to sample.
    fn row_place(&self, heap: usize, row: usize) -> usize {
        if !self.by_row {
            return self.row(heap, row);
        }
        let line = heap * self.axes[0].outputs.div_ceil(self.rows) + row / self.rows;
        line * self.line_length().next_multiple_of(self.unit)
            + row % self.rows * self.axes[1].outputs * self.side
    }

    /// Positions without a gap, sample next to sample.
    fn line_length(&self) -> usize {
        self.rows * self.axes[1].outputs * self.side
    }

    /// The first row of each line of so many samples, with its heap.
    fn lines(&self, samples: usize) -> impl Iterator<Item = (usize, usize)> + use<LANES> {
        let (rows, line) = (self.axes[0].outputs, self.rows);
        (0..samples.div_ceil(self.side))
            .flat_map(move |heap| (0..rows).step_by(line).map(move |row| (heap, row)))
    }

    /// All positions of so many samples.
    fn runs(&self, samples: usize) -> Vec<Run> {
        let (heaps, rows) = (samples.div_ceil(self.side), self.axes[0].outputs);
        if !self.by_row {
            let end = self.row(heaps - 1, rows - self.rows) + self.line_length();
            return vec![Run { cell: 0, place: 0, length: end.next_multiple_of(self.unit) }];
        }
        let length = self.line_length().next_multiple_of(self.unit);
        let run = |(heap, row)| Run { cell: self.row(heap, row), place: self.row_place(heap, row), length };
        self.lines(samples).map(run).collect()
    }

    /// All positions of so many samples as units; outputs of a sample are those of one channel.
    pub(super) fn units(&self, geometry: &Geometry, samples: usize) -> Rc<Units> {
        if samples != self.heaps * self.side {
            return self.made_units(geometry, samples).into();
        }
        self.units.get_or_init(|| self.made_units(geometry, samples).into()).clone()
    }

    fn made_units(&self, geometry: &Geometry, samples: usize) -> Units {
        let starts = |run: Run| (run.cell..run.cell + run.length).step_by(self.unit);
        let starts: Vec<usize> = self.runs(samples).into_iter().flat_map(starts).collect();
        let mut segments = vec![];
        let mut ranges = vec![0..0; starts.len()];
        for (heap, row) in self.lines(samples) {
            let first = self.row_place(heap, row);
            let mut to = heap * self.side * geometry.outputs_per_sample() + row * self.axes[1].outputs;
            let mut place = first;
            while place < first + self.line_length() {
                let from = place % self.unit;
                let length = (self.unit - from).min(first + self.line_length() - place);
                let columns = length / self.side;
                let first = segments.len();
                for sample in 0..(samples - heap * self.side).min(self.side) {
                    let from = apart(sample, self.side) * (self.unit / self.side) + from / self.side;
                    let to = to + sample * geometry.outputs_per_sample();
                    segments.push(Segment { from, to, columns });
                }
                let range = &mut ranges[place / self.unit];
                *range = if range.end == 0 { first } else { range.start }..segments.len();
                (place, to) = (place + length, to + columns);
            }
        }
        Units::new(starts, ranges, segments, self.side)
    }

    /// Sums of so many samples, those of positions that no output has counted.
    pub(super) fn columns(&self, samples: usize) -> usize {
        self.runs(samples).last().map_or(0, |run| run.place + run.length)
    }

    fn plane(&self, phases: [usize; 2], block: usize) -> usize {
        let phase = phases[0] * self.axes[1].phases + phases[1];
        (phase * self.blocks + block) * self.cells * LANES
    }

    /// In which half of a row the codes of each block of channels are, padding among them.
    pub(super) fn halves(&self, field: &[u8]) -> Vec<Half> {
        let phases = self.axes[0].phases * self.axes[1].phases;
        let planes = |block| (0..phases).map(move |phase| phase * self.blocks + block);
        let length = self.cells * LANES;
        let half = |block| {
            let planes = planes(block).map(|plane| &field[plane * length..][..length]);
            Half::of(planes.fold(Bits::NONE, Bits::with))
        };
        (0..self.blocks).map(half).collect()
    }

    /// Room for the codes of a group, with padding around them. Only [`Layout::fill`] of this layout may write to it.
    pub(super) fn field(&self, pad: u8) -> Aligned {
        let phases = self.axes[0].phases * self.axes[1].phases;
        Aligned::new(pad, phases * self.blocks * self.cells * LANES + SLACK)
    }

    /// Where position 0 finds the codes of each tap of the window in each block, tap after tap.
    pub(super) fn offsets(&self, kernel: [usize; 2]) -> Vec<usize> {
        let window = (0..kernel[0]).flat_map(|row| (0..kernel[1]).map(move |column| [row, column]));
        let of_tap = |[row, column]: [usize; 2]| {
            let ((phase_row, down), (phase_column, right)) =
                (self.axes[0].tap(row), self.axes[1].tap(column));
            let cell = (down * self.axes[1].pitch + right) * self.side;
            (0..self.blocks).map(move |block| self.plane([phase_row, phase_column], block) + cell * LANES)
        };
        window.flat_map(of_tap).collect()
    }

    /// The same in the order of a filter, whose channels have their taps together; one channel a cell.
    pub(super) fn filter_offsets(&self, geometry: &Geometry) -> Vec<usize> {
        let taps = self.offsets(geometry.kernel);
        let window = taps.len() / self.blocks;
        (0..taps.len()).map(|k| taps[k % window * self.blocks + k / window]).collect()
    }

    /// 1 where the sums of these runs of output positions stand, each within one row, in all samples.
    pub(super) fn mask(&self, geometry: &Geometry, positions: &[Range<usize>], samples: usize) -> Vec<u8> {
        let width = geometry.out_width();
        let mut mask = vec![0; self.columns(samples)];
        for (heap, run) in
            (0..samples.div_ceil(self.side)).flat_map(|heap| positions.iter().map(move |run| (heap, run)))
        {
            let start = self.row_place(heap, run.start / width) + run.start % width * self.side;
            mask[start..start + run.len() * self.side].fill(1);
        }
        mask
    }

    /// Lays out one group of some samples.
    pub(super) fn fill(
        &self,
        geometry: &Geometry,
        operands: &Operands<'_>,
        group: usize,
        samples: Range<usize>,
        field: &mut [u8],
    ) {
        assert!(samples.len() <= self.heaps * self.side, "a layout has room for its samples");
        let size = geometry.inputs_per_sample();
        let input = |sample: usize| {
            // Where samples run out, the last one fills the place of those that nothing reads.
            let sample = sample.min(samples.end - 1);
            &operands.input[sample * size + geometry.group_offset(group)..(sample + 1) * size]
        };
        if self.side == 1 && self.axes.iter().all(|axis| axis.reach == 1 && axis.size == 1 && axis.pad == 0) {
            for (at, sample) in samples.clone().enumerate() {
                self.fill_points(geometry, input(sample), at, field);
            }
            return;
        }
        let parts = self.parts.get_or_init(|| self.made_parts());
        if self.side * LANES == 1 {
            let first = &operands.input[samples.start * size + geometry.group_offset(group)..];
            return self.fill_alone(geometry, first, samples.len(), parts, field);
        }
        for heap in 0..samples.len().div_ceil(self.side) {
            let first = samples.start + heap * self.side;
            let mut inputs = [&[][..]; side::MOST];
            inputs[..self.side].iter_mut().enumerate().for_each(|(side, own)| *own = input(first + side));
            for block in 0..self.blocks {
                self.fill_block(geometry, &inputs[..self.side], [heap, block], parts, field);
            }
        }
    }

    /// A sample of one pixel, as dense layers have it: channels are neighbours already.
    fn fill_points(&self, geometry: &Geometry, input: &[u8], sample: usize, field: &mut [u8]) {
        let channels = &input[..geometry.in_channels / geometry.groups];
        for (block, codes) in channels.chunks(LANES).enumerate() {
            let start = (block * self.cells + sample) * LANES;
            field[start..start + codes.len()].copy_from_slice(codes);
        }
    }

    /// Channels that stand alone, one a cell, of samples from the first one on.
    fn fill_alone(
        &self,
        geometry: &Geometry,
        first: &[u8],
        samples: usize,
        parts: &[Part],
        field: &mut [u8],
    ) {
        let pixels = geometry.in_height * geometry.in_width;
        let (size, heap) = (geometry.inputs_per_sample(), self.row(1, 0));
        for block in 0..self.blocks {
            for part in parts {
                let from = &first[block * pixels + part.pixel..];
                let to = &mut field[part.start + block * self.cells..];
                #[cfg(target_arch = "x86_64")]
                if let Some(whole) = &part.whole {
                    whole.copy(to, from, samples, [heap, size]);
                    continue;
                }
                for sample in 0..samples {
                    alone::copy(&mut to[sample * heap..], &from[sample * size..], part.rows, self.level);
                }
            }
        }
    }

    fn fill_block(
        &self,
        geometry: &Geometry,
        inputs: &[&[u8]],
        [heap, block]: [usize; 2],
        parts: &[Part],
        field: &mut [u8],
    ) {
        let channels = geometry.in_channels / geometry.groups;
        let pixels = geometry.in_height * geometry.in_width;
        let channel = |lane: usize| (block * LANES + lane).min(channels - 1);
        let heap = self.row(heap, 0);
        let mut from = [&[][..]; side::MOST];
        let from = &mut from[..self.side * LANES];
        for part in parts {
            for (at, from) in from.iter_mut().enumerate() {
                *from = &inputs[at / LANES][channel(at % LANES) * pixels + part.pixel..];
            }
            let start = part.start + (block * self.cells + heap) * LANES;
            interleave(&mut field[start..], from, part.rows, self.level);
        }
    }

    /// The pixels of each phase that taps reach.
    fn made_parts(&self) -> Vec<Part> {
        let [rows, columns] = &self.axes;
        let phases = (0..rows.phases).flat_map(|row| (0..columns.phases).map(move |column| [row, column]));
        let part = |phases: [usize; 2]| {
            let (down, across) = (rows.cells(phases[0]), columns.cells(phases[1]));
            if down.is_empty() || across.is_empty() {
                return None;
            }
            let own = Rows {
                rows: down.len(),
                cells: across.len(),
                pitch: rows.stride * columns.size,
                pitch_together: columns.pitch * self.side * LANES,
                step: columns.stride,
            };
            Some(Part {
                pixel: rows.pixel(phases[0], down.start) * columns.size
                    + columns.pixel(phases[1], across.start),
                start: self.plane(phases, 0) + (self.row(0, down.start) + across.start * self.side) * LANES,
                rows: own,
                #[cfg(target_arch = "x86_64")]
                whole: if self.side * LANES == 1 { Whole::new(own, self.level) } else { None },
            })
        };
        phases.filter_map(part).collect()
    }
}

/// The runs of positions at which each tap of the window lies outside the image; the same in every channel.
pub(super) fn outside(geometry: &Geometry) -> Vec<Vec<Range<usize>>> {
    let width = geometry.out_width();
    let taps = (0..geometry.kernel[0] * geometry.kernel[1]).map(|k| geometry.inside(k));
    taps.map(|tap: Inside| tap.outside(geometry.positions() / width, width)).collect()
}

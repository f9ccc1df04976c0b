//! The activations of some samples, laid out so that every tap of the kernel reads a run of codes.
//!
//! Samples are rows of padded pixels one after the other. Output position (row, column) of a sample stands at
//! `row · width + column` from its start, and each tap reads at a constant distance from there: no code is copied
//! for more than one tap, and one loop runs over all positions of all samples. A stride splits pixels by their
//! remainder first. Positions that no output has, at the ends of rows, are summed and left out.

use std::ops::Range;

use super::Operands;
use super::geometry::{Geometry, Inside};

/// Positions that one field aims at: its codes fit the second-level cache.
const POSITIONS: usize = 2048;
/// Bytes that a kernel may read beyond the last position.
const SLACK: usize = 256;

/// Ranges of samples that are laid out together.
pub(super) fn chunks(geometry: &Geometry, batch: usize) -> impl Iterator<Item = Range<usize>> {
    let samples = (POSITIONS / geometry.positions()).max(1);
    (0..batch).step_by(samples).map(move |start| start..(start + samples).min(batch))
}

/// One axis: how padded pixels are split and how many of them stand between neighbours.
#[derive(Debug, Clone, Copy)]
struct Axis {
    stride: usize,
    dilation: usize,
    pad: usize,
    size: usize,
    /// Output positions.
    outputs: usize,
    /// Cells from one row, or sample, to the next: padding at the end of one is padding at the start of the other.
    pitch: usize,
    /// Cells that taps of one row, or sample, reach.
    reach: usize,
}

impl Axis {
    fn new(geometry: &Geometry, axis: usize) -> Self {
        let (stride, dilation) = (geometry.stride[axis], geometry.dilation[axis]);
        let size = [geometry.in_height, geometry.in_width][axis];
        let outputs = [geometry.out_height(), geometry.out_width()][axis];
        let reach = outputs + (geometry.kernel[axis] - 1) * dilation / stride;
        let own = Self { stride, dilation, pad: geometry.pads[axis], size, outputs, pitch: reach, reach };
        let shared = (0..stride).map(|phase| {
            let cells = own.cells(phase);
            if cells.is_empty() { reach } else { cells.start.min(reach.saturating_sub(cells.end)) }
        });
        let shared = shared.min().unwrap_or(0).min(reach - 1);
        Self { pitch: (reach - shared).max(outputs), ..own }
    }

    /// The cells of a phase that pixels fill, of those that taps reach.
    fn cells(&self, phase: usize) -> Range<usize> {
        let first = |pixel: usize| (pixel + self.pad).saturating_sub(phase).div_ceil(self.stride);
        let end = first(self.size).min(self.reach);
        first(0).min(end)..end
    }

    /// The pixel in a cell that a pixel fills.
    fn pixel(&self, phase: usize, cell: usize) -> usize {
        cell * self.stride + phase - self.pad
    }

    /// Phase of a tap, and how many cells after its output's it reads.
    fn tap(&self, at: usize) -> (usize, usize) {
        (at * self.dilation % self.stride, at * self.dilation / self.stride)
    }
}

/// Where codes of a geometry stand; `LANES` channels stand next to one another in each cell.
#[derive(Debug)]
pub(super) struct Layout<const LANES: usize> {
    axes: [Axis; 2],
    /// Blocks of channels of a group.
    blocks: usize,
    /// Cells of a plane: one phase, one block.
    cells: usize,
    samples: usize,
}

impl<const LANES: usize> Layout<LANES> {
    /// For at most so many samples.
    pub(super) fn new(geometry: &Geometry, samples: usize) -> Self {
        let axes = [0, 1].map(|axis| Axis::new(geometry, axis));
        let blocks = (geometry.in_channels / geometry.groups).div_ceil(LANES);
        let [rows, columns] = &axes;
        let cells = ((samples - 1) * rows.pitch + rows.reach - 1) * columns.pitch + columns.reach;
        Self { axes, blocks, cells: cells.next_multiple_of(64), samples }
    }

    /// Positions from one sample to the next.
    fn pitch(&self) -> usize {
        self.axes[0].pitch * self.axes[1].pitch
    }

    /// Positions that a field of so many samples has, those between outputs counted.
    pub(super) fn columns(&self, samples: usize) -> usize {
        let [rows, columns] = &self.axes;
        (samples - 1) * self.pitch() + (rows.outputs - 1) * columns.pitch + columns.outputs
    }

    fn plane(&self, phases: [usize; 2], block: usize) -> usize {
        let phase = phases[0] * self.axes[1].stride + phases[1];
        (phase * self.blocks + block) * self.cells * LANES
    }

    fn bytes(&self) -> usize {
        self.axes[0].stride * self.axes[1].stride * self.blocks * self.cells * LANES
    }

    /// Where position 0 finds the codes of each tap of the window in each block, tap after tap.
    pub(super) fn offsets(&self, kernel: [usize; 2]) -> Vec<usize> {
        let window = (0..kernel[0]).flat_map(|row| (0..kernel[1]).map(move |column| [row, column]));
        let of_tap = |[row, column]: [usize; 2]| {
            let ((phase_row, down), (phase_column, right)) =
                (self.axes[0].tap(row), self.axes[1].tap(column));
            let cell = down * self.axes[1].pitch + right;
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

    /// All ones at the places of these runs of output positions, each within one row, in all samples.
    pub(super) fn mask(
        &self,
        geometry: &Geometry,
        positions: &[Range<usize>],
        samples: usize,
        columns: usize,
    ) -> Vec<i32> {
        let (width, pitch) = (geometry.out_width(), self.axes[1].pitch);
        let mut mask = vec![0; columns];
        for sample in 0..samples {
            for run in positions {
                let start = sample * self.pitch() + run.start / width * pitch + run.start % width;
                mask[start..start + run.len()].fill(-1);
            }
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
        field: &mut Vec<u8>,
    ) {
        assert!(samples.len() <= self.samples, "a layout has room for its samples");
        field.clear();
        field.resize(self.bytes() + SLACK, operands.pad);
        let size = geometry.inputs_per_sample();
        for (at, sample) in samples.enumerate() {
            let input = &operands.input[sample * size + geometry.group_offset(group)..(sample + 1) * size];
            if self.axes.iter().all(|axis| axis.reach == 1 && axis.size == 1) {
                self.fill_points(geometry, input, at, field);
                continue;
            }
            for block in 0..self.blocks {
                self.fill_block(geometry, input, [at, block], field);
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

    fn fill_block(&self, geometry: &Geometry, input: &[u8], [sample, block]: [usize; 2], field: &mut [u8]) {
        let [rows, columns] = &self.axes;
        let channels = geometry.in_channels / geometry.groups;
        for phases in (0..rows.stride).flat_map(|row| (0..columns.stride).map(move |column| [row, column])) {
            let (plane, filled) = (self.plane(phases, block), columns.cells(phases[1]));
            if filled.is_empty() {
                continue;
            }
            let left = columns.pixel(phases[1], filled.start);
            for cell in rows.cells(phases[0]) {
                let row = sample * rows.pitch + cell;
                let start = plane + (row * columns.pitch + filled.start) * LANES;
                let to = &mut field[start..start + filled.len() * LANES];
                let y = rows.pixel(phases[0], cell);
                let from = |lane: usize| {
                    let channel = (block * LANES + lane).min(channels - 1);
                    &input[(channel * rows.size + y) * columns.size + left..]
                };
                interleave::<LANES>(to, from, columns.stride);
            }
        }
    }

    /// Adds the sums of one output channel to what is in their places.
    pub(super) fn scatter(
        &self,
        geometry: &Geometry,
        channel: usize,
        samples: Range<usize>,
        sums: &[i32],
        output: &mut [i32],
    ) {
        let [rows, columns] = &self.axes;
        for (at, sample) in samples.enumerate() {
            let to = sample * geometry.outputs_per_sample() + channel * geometry.positions();
            for (row, to) in
                output[to..to + geometry.positions()].chunks_exact_mut(columns.outputs).enumerate()
            {
                let from = (at * rows.pitch + row) * columns.pitch;
                let sums = &sums[from..from + columns.outputs];
                to.iter_mut().zip(sums).for_each(|(to, sum)| *to = to.wrapping_add(*sum));
            }
        }
    }
}

/// Every `step`-th code of each lane, lanes next to one another.
fn interleave<'a, const LANES: usize>(to: &mut [u8], from: impl Fn(usize) -> &'a [u8], step: usize) {
    let from: [&[u8]; LANES] = std::array::from_fn(from);
    match (&from[..], step) {
        (&[one], 1) => to.copy_from_slice(&one[..to.len()]),
        #[cfg(target_arch = "x86_64")]
        (&[a, b, c, d], 1) if to.len() >= 32 => interleave_eights(to, [a, b, c, d]),
        _ => interleave_by::<LANES>(to, from, step),
    }
}

fn interleave_by<const LANES: usize>(to: &mut [u8], from: [&[u8]; LANES], step: usize) {
    let cells = to.len() / LANES;
    let from = from.map(|from| &from[..(cells - 1) * step + 1]);
    for (cell, to) in to.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        for lane in 0..LANES {
            to[lane] = from[lane][cell * step];
        }
    }
}

/// Neighbours of four lanes, eight at once; the last eight may begin among others.
#[cfg(target_arch = "x86_64")]
fn interleave_eights(to: &mut [u8], from: [&[u8]; 4]) {
    use std::arch::x86_64::*;
    let cells = to.len() / 4;
    for start in (0..cells - 8).step_by(8).chain([cells - 8]) {
        let to: &mut [u8; 32] = to[4 * start..].first_chunk_mut().expect("eight whole cells");
        let eight = from.map(|from| from[start..].first_chunk::<8>().expect("eight codes"));
        // SAFETY: every processor of this kind has the instructions; they read eight bytes of a lane and write 32.
        #[allow(unsafe_code)]
        unsafe {
            let [a, b, c, d] = eight.map(|codes| _mm_loadl_epi64(codes.as_ptr().cast()));
            let (first, second) = (_mm_unpacklo_epi8(a, b), _mm_unpacklo_epi8(c, d));
            let to: *mut __m128i = to.as_mut_ptr().cast();
            _mm_storeu_si128(to, _mm_unpacklo_epi16(first, second));
            _mm_storeu_si128(to.add(1), _mm_unpackhi_epi16(first, second));
        }
    }
}

/// The runs of positions at which each tap of the window lies outside the image; the same in every channel.
pub(super) fn outside(geometry: &Geometry) -> Vec<Vec<Range<usize>>> {
    let width = geometry.out_width();
    let taps = (0..geometry.kernel[0] * geometry.kernel[1]).map(|k| geometry.inside(k));
    taps.map(|tap: Inside| tap.outside(geometry.positions() / width, width)).collect()
}

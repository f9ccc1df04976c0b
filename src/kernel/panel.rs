//! The packed operand: for each tap `k` the activation codes of all positions of a chunk of samples.

use std::ops::Range;

use super::Operands;
use super::geometry::{Geometry, Inside};

/// Positions that a chunk aims at: a panel row fits the first-level cache beside a table row.
const CHUNK: usize = 1024;

/// Activation codes [depth, columns]; `columns` is a multiple of 64, the rest holds the pad code.
pub(super) struct Panel {
    codes: Vec<u8>,
    /// The positions at which each tap lies inside the image.
    inside: Vec<Inside>,
    /// Runs of positions at which each tap of the window lies outside; the same in every channel.
    outside: Vec<Vec<Range<usize>>>,
    width: usize,
    positions: usize,
    columns: usize,
    samples: Range<usize>,
    pad: u8,
}

/// Ranges of samples that are packed together.
pub(super) fn chunks(geometry: &Geometry, batch: usize) -> impl Iterator<Item = Range<usize>> {
    let samples = (CHUNK / geometry.positions()).max(1);
    (0..batch).step_by(samples).map(move |start| start..(start + samples).min(batch))
}

impl Panel {
    pub(super) fn new(geometry: &Geometry) -> Self {
        let inside: Vec<Inside> = (0..geometry.depth()).map(|k| geometry.inside(k)).collect();
        let (width, positions) = (geometry.out_width(), geometry.positions());
        let window = geometry.kernel[0] * geometry.kernel[1];
        let outside = inside[..window].iter().map(|tap| tap.outside(positions / width, width)).collect();
        Self { codes: vec![], inside, outside, width, positions, columns: 0, samples: 0..0, pad: 0 }
    }

    pub(super) fn row(&self, k: usize) -> &[u8] {
        &self.codes[k * self.columns..(k + 1) * self.columns]
    }
    /// Positions of a sample.
    pub(super) fn positions(&self) -> usize {
        self.positions
    }
    pub(super) fn columns(&self) -> usize {
        self.columns
    }
    pub(super) fn pad(&self) -> u8 {
        self.pad
    }

    /// The runs of positions of a sample at which tap `k` reads padding.
    pub(super) fn outside(&self, k: usize) -> &[Range<usize>] {
        &self.outside[k % self.outside.len()]
    }

    /// Gathers the codes of `samples` for one group.
    pub(super) fn pack(
        &mut self,
        geometry: &Geometry,
        operands: &Operands<'_>,
        group: usize,
        samples: Range<usize>,
    ) {
        self.columns = (samples.len() * self.positions).next_multiple_of(64);
        self.pad = operands.pad;
        self.codes.clear();
        self.codes.resize(geometry.depth() * self.columns, operands.pad);
        let (size, step) = (geometry.inputs_per_sample(), geometry.stride[1]);
        for (inside, row) in self.inside.iter().zip(self.codes.chunks_exact_mut(self.columns)) {
            for (sample, row) in samples.clone().zip(row.chunks_mut(self.positions)) {
                let input =
                    &operands.input[sample * size + geometry.group_offset(group)..(sample + 1) * size];
                for y in inside.rows.clone() {
                    let to = &mut row[y * self.width..][inside.columns.clone()];
                    copy(to, &input[inside.offset(geometry, y)..], step);
                }
            }
        }
        self.samples = samples;
    }

    /// Writes the sums of one output channel to their places.
    pub(super) fn scatter(&self, geometry: &Geometry, channel: usize, sums: &[i32], output: &mut [i32]) {
        for (sample, sums) in self.samples.clone().zip(sums.chunks(self.positions)) {
            let start = sample * geometry.outputs_per_sample() + channel * self.positions;
            output[start..start + self.positions].copy_from_slice(sums);
        }
    }
}

/// Every `step`-th code from the first on.
fn copy(to: &mut [u8], from: &[u8], step: usize) {
    if step == 1 {
        to.copy_from_slice(&from[..to.len()]);
    } else {
        to.iter_mut().zip(from.iter().step_by(step)).for_each(|(to, from)| *to = *from);
    }
}

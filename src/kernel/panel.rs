//! The packed operand: for each tap `k` the activation codes of all positions of a chunk of samples.

use std::ops::Range;

use super::{Geometry, Operands};

/// Positions that a chunk aims at: a panel row fits the first-level cache beside a table row.
const CHUNK: usize = 1024;

/// Offset of a tap that falls into the padding.
const PADDING: u32 = u32::MAX;

/// Activation codes [depth, columns]; `columns` is a multiple of 64, the rest holds the pad code.
pub(super) struct Panel {
    codes: Vec<u8>,
    /// Where tap `k` of each position reads within a group's channels; `PADDING` outside the image.
    offsets: Vec<u32>,
    /// Row after row, the columns that are padding; they contribute nothing.
    padding: Vec<Vec<u32>>,
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
        let padding = vec![vec![]; geometry.depth()];
        let width = geometry.out_width();
        let offset =
            |k: usize, at: usize| geometry.tap(k, at / width, at % width).map_or(PADDING, |at| at as u32);
        let taps = (0..geometry.depth()).flat_map(|k| (0..geometry.positions()).map(move |at| (k, at)));
        let offsets = taps.map(|(k, at)| offset(k, at)).collect();
        Self { codes: vec![], offsets, padding, columns: 0, samples: 0..0, pad: 0 }
    }

    pub(super) fn row(&self, k: usize) -> &[u8] {
        &self.codes[k * self.columns..(k + 1) * self.columns]
    }
    pub(super) fn padding(&self, k: usize) -> &[u32] {
        &self.padding[k]
    }
    pub(super) fn columns(&self) -> usize {
        self.columns
    }
    pub(super) fn pad(&self) -> u8 {
        self.pad
    }

    /// Gathers the codes of `samples` for one group.
    pub(super) fn pack(
        &mut self,
        geometry: &Geometry,
        operands: &Operands<'_>,
        group: usize,
        samples: Range<usize>,
    ) {
        self.columns = (samples.len() * geometry.positions()).next_multiple_of(64);
        self.pad = operands.pad;
        self.codes.clear();
        self.codes.resize(geometry.depth() * self.columns, operands.pad);
        let (size, positions) = (geometry.inputs_per_sample(), geometry.positions());
        for k in 0..geometry.depth() {
            self.padding[k].clear();
            let row = &mut self.codes[k * self.columns..(k + 1) * self.columns];
            let mut at = 0;
            for sample in samples.clone() {
                let inputs =
                    &operands.input[sample * size + geometry.group_offset(group)..(sample + 1) * size];
                for &from in &self.offsets[k * positions..(k + 1) * positions] {
                    match from {
                        PADDING => self.padding[k].push(at as u32),
                        from => row[at] = inputs[from as usize],
                    }
                    at += 1;
                }
            }
        }
        self.samples = samples;
    }

    /// Writes the sums of one output channel to their places.
    pub(super) fn scatter(&self, geometry: &Geometry, channel: usize, sums: &[i32], output: &mut [i32]) {
        let positions = geometry.positions();
        for (sample, sums) in self.samples.clone().zip(sums.chunks(positions)) {
            let start = sample * geometry.outputs_per_sample() + channel * positions;
            output[start..start + positions].copy_from_slice(sums);
        }
    }
}

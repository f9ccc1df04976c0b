//! One axis of a field.

use std::ops::Range;

use super::super::geometry::Geometry;

/// One axis: how padded pixels are split and how many of them stand between neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub(super) stride: usize,
    dilation: usize,
    /// Parts of the pixels that stand apart: those of each remainder by the stride that some tap has, or for each tap those that
    /// it reads.
    pub(super) phases: usize,
    /// Whether each tap has a phase of its own.
    by_tap: bool,
    pub(super) pad: usize,
    pub(super) size: usize,
    /// Output positions.
    pub(super) outputs: usize,
    /// Cells from one row, or sample, to the next: padding at the end of one is padding at the start of the other.
    pub(super) pitch: usize,
    /// Cells that taps of one row, or sample, reach.
    pub(super) reach: usize,
}

impl Axis {
    /// Pixels that taps share, or those of each tap.
    pub(super) fn new(geometry: &Geometry, axis: usize, by_tap: bool) -> Self {
        let (stride, dilation) = (geometry.stride[axis], geometry.dilation[axis]);
        let size = [geometry.in_height, geometry.in_width][axis];
        let outputs = [geometry.out_height(), geometry.out_width()][axis];
        let (taps, pad) = (geometry.kernel[axis], geometry.pads[axis]);
        let reach = outputs + if by_tap { 0 } else { (taps - 1) * dilation / stride };
        let phases = if by_tap { taps } else { taps.min(period(stride, dilation)) };
        let own = Self { stride, dilation, phases, by_tap, pad, size, outputs, pitch: reach, reach };
        let shared = (0..phases).map(|phase| {
            let cells = own.cells(phase);
            if cells.is_empty() { reach } else { cells.start.min(reach.saturating_sub(cells.end)) }
        });
        let shared = shared.min().unwrap_or(0).min(reach - 1);
        Self { pitch: (reach - shared).max(outputs), ..own }
    }

    /// The cells of a phase that pixels fill, of those that taps reach.
    pub(super) fn cells(&self, phase: usize) -> Range<usize> {
        let before = self.before(phase);
        let first = |pixel: usize| (pixel + self.pad).saturating_sub(before).div_ceil(self.stride);
        let end = first(self.size).min(self.reach);
        first(0).min(end)..end
    }

    /// The pixel in a cell that a pixel fills.
    pub(super) fn pixel(&self, phase: usize, cell: usize) -> usize {
        cell * self.stride + self.before(phase) - self.pad
    }

    /// Padded pixels before the first one of a phase.
    fn before(&self, phase: usize) -> usize {
        let pixels = phase * self.dilation;
        if self.by_tap { pixels } else { pixels % self.stride }
    }

    /// Phase of a tap, and how many cells after its output's it reads.
    pub(super) fn tap(&self, at: usize) -> (usize, usize) {
        if self.by_tap {
            return (at, 0);
        }
        (at % period(self.stride, self.dilation), at * self.dilation / self.stride)
    }
}

/// After how many taps the remainders by the stride are the same again.
fn period(stride: usize, dilation: usize) -> usize {
    (1..=stride).find(|taps| (taps * dilation).is_multiple_of(stride)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of every remainder would not fit a memory.
    #[test]
    fn pixels_stand_apart_only_where_taps_read_them() {
        for (kernel, stride, dilation, phases) in
            [(1, 4096, 1, 1), (2, 4096, 4095, 2), (3, 2, 1, 2), (3, 2, 2, 1), (5, 6, 4, 3), (3, 1, 5, 1)]
        {
            let geometry = Geometry {
                in_width: 5000,
                kernel: [1, kernel],
                stride: [1, stride],
                dilation: [1, dilation],
                ..Geometry::dense(1, 1)
            };
            let axis = Axis::new(&geometry, 1, false);
            assert_eq!(axis.phases, phases);
            for tap in 0..kernel {
                let (phase, cell) = axis.tap(tap);
                assert_eq!(axis.pixel(phase, cell), tap * dilation, "{kernel} {stride} {dilation}");
            }
        }
    }
}

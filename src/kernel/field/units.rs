//! Where the sums of registers of neighbouring positions belong.

use std::ops::Range;

use crate::simd;

/// Positions of a unit that one row of outputs has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Segment {
    /// The first one's place in the unit.
    pub(in super::super) from: usize,
    /// The place of its output in the first of the samples side by side.
    pub(in super::super) to: usize,
    /// Columns of the row.
    pub(in super::super) columns: usize,
    /// Samples side by side that there are.
    pub(in super::super) samples: usize,
}

/// All positions of some samples by units that are summed together.
#[derive(Debug)]
pub(in super::super) struct Units {
    /// The cell of each unit's first position.
    pub(in super::super) starts: Vec<usize>,
    /// Which segments each unit has.
    pub(in super::super) ranges: Vec<Range<usize>>,
    pub(in super::super) segments: Vec<Segment>,
    /// Samples whose positions stand side by side.
    pub(in super::super) side: usize,
    /// From an output of one of them to that of the next.
    pub(in super::super) pitch: usize,
}

impl Units {
    /// One place after the other, for sums that are kept as they come.
    pub(in super::super) fn in_order(&self, unit: usize) -> Self {
        let segment = |at: usize| Segment { from: 0, to: at * unit, columns: unit, samples: 1 };
        let count = self.starts.len();
        Self {
            starts: self.starts.clone(),
            ranges: (0..count).map(|at| at..at + 1).collect(),
            segments: (0..count).map(segment).collect(),
            side: 1,
            pitch: 0,
        }
    }

    /// One more than the greatest place of an output.
    pub(in super::super) fn end(&self) -> usize {
        let end = |of: &Segment| of.to + (of.samples - 1) * self.pitch + of.columns;
        self.segments.iter().map(end).max().unwrap_or_default()
    }

    /// Adds the sums of some units, [apart](apart) each, to their outputs.
    pub(in super::super) fn add(&self, first: usize, unit: usize, sums: &[i32], output: &mut [i32]) {
        let (own, count) = (unit / self.side, sums.len() / unit);
        simd::widest(
            #[inline(always)]
            move || {
                for (ranges, sums) in self.ranges[first..first + count].iter().zip(sums.chunks_exact(unit)) {
                    for segment in &self.segments[ranges.clone()] {
                        for sample in 0..segment.samples {
                            let from = apart(sample, self.side) * own + segment.from / self.side;
                            let to = &mut output[segment.to + sample * self.pitch..][..segment.columns];
                            let sums = sums[from..].iter();
                            to.iter_mut().zip(sums).for_each(|(to, sum)| *to = to.wrapping_add(*sum));
                        }
                    }
                }
            },
        );
    }
}

/// The place of a sample's sums in a unit: first every second sample, as registers of bytes widen to words.
#[inline(always)]
pub(in super::super) const fn apart(sample: usize, side: usize) -> usize {
    sample % 2 * (side / 2) + sample / 2
}

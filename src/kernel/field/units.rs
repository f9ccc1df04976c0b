//! Where the sums of registers of neighbouring positions belong.

use std::ops::Range;

use crate::simd;

/// Positions of a unit that one row of outputs of one sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Segment {
    /// The first one's place in a unit whose samples stand [`apart`].
    pub(in super::super) from: usize,
    /// The place of its output.
    pub(in super::super) to: usize,
    /// Columns of the row.
    pub(in super::super) columns: usize,
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
    /// The cell of the last unit's first position.
    pub(in super::super) last: usize,
    /// One more than the greatest place of an output.
    pub(in super::super) end: usize,
    /// Columns of each segment, where all have as many.
    pub(in super::super) columns: Option<usize>,
}

impl Units {
    pub(super) fn new(
        starts: Vec<usize>,
        ranges: Vec<Range<usize>>,
        segments: Vec<Segment>,
        side: usize,
    ) -> Self {
        let last = starts.iter().max().copied().unwrap_or_default();
        let end = segments.iter().map(|segment| segment.to + segment.columns).max().unwrap_or_default();
        let columns = segments.first().map(|segment| segment.columns);
        let columns = columns.filter(|&columns| segments.iter().all(|segment| segment.columns == columns));
        Self { starts, ranges, segments, side, last, end, columns }
    }

    /// One place after the other, for sums that are kept as they come.
    pub(in super::super) fn in_order(&self, unit: usize) -> Self {
        let segment = |at: usize| Segment { from: 0, to: at * unit, columns: unit };
        let count = self.starts.len();
        let ranges = (0..count).map(|at| at..at + 1).collect();
        Self::new(self.starts.clone(), ranges, (0..count).map(segment).collect(), 1)
    }

    /// Puts the sums of some units, [apart] each, where their outputs are, or adds them to those that have begun.
    pub(in super::super) fn put(
        &self,
        first: usize,
        unit: usize,
        sums: &[i32],
        output: &mut [i32],
        begun: bool,
    ) {
        let ranges = &self.ranges[first..first + sums.len() / unit];
        let all = ranges.iter().zip(sums.chunks_exact(unit));
        let all = all.flat_map(|(range, sums)| self.segments[range.clone()].iter().map(move |to| (to, sums)));
        simd::widest(
            #[inline(always)]
            move || match self.columns {
                Some(4) => put_even::<4>(all, output, begun),
                Some(8) => put_even::<8>(all, output, begun),
                Some(16) => put_even::<16>(all, output, begun),
                Some(32) => put_even::<32>(all, output, begun),
                Some(64) => put_even::<64>(all, output, begun),
                _ => all.for_each(|(segment, sums)| put_segment(segment, sums, output, begun)),
            },
        );
    }
}

/// Puts segments of so many columns, whose copies need no call.
#[inline(always)]
pub(in super::super) fn put_even<'a, const COLUMNS: usize>(
    all: impl Iterator<Item = (&'a Segment, &'a [i32])>,
    output: &mut [i32],
    begun: bool,
) {
    for (segment, sums) in all {
        let to = output[segment.to..].first_chunk_mut::<COLUMNS>().expect("an output for every sum");
        let sums = sums[segment.from..].first_chunk::<COLUMNS>().expect("a sum for every column");
        *to = if begun { std::array::from_fn(|at| to[at].wrapping_add(sums[at])) } else { *sums };
    }
}

#[inline(always)]
fn put_segment(&Segment { from, to, columns }: &Segment, sums: &[i32], output: &mut [i32], begun: bool) {
    let (to, sums) = (&mut output[to..][..columns], &sums[from..][..columns]);
    if begun {
        to.iter_mut().zip(sums).for_each(|(to, sum)| *to = to.wrapping_add(*sum));
    } else {
        to.copy_from_slice(sums);
    }
}

/// The place of a sample's sums in a unit: first every second sample, as registers of bytes widen to words.
#[inline(always)]
pub(in super::super) const fn apart(sample: usize, side: usize) -> usize {
    sample % 2 * (side / 2) + sample / 2
}

/// Puts the sums of units of `N` positions, samples side by side, [`apart`].
pub(in super::super) fn set_apart<const N: usize>(sums: &mut [i32], side: usize) {
    if side == 1 {
        return;
    }
    for sums in sums.as_chunks_mut::<N>().0 {
        let together = *sums;
        for sample in 0..side {
            let own = &mut sums[apart(sample, side) * (N / side)..][..N / side];
            own.iter_mut().zip(together[sample..].iter().step_by(side)).for_each(|(own, sum)| *own = *sum);
        }
    }
}

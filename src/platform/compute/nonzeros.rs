//! Where the weights of a contraction are not zero, and the time slots that are left of its depth where zeros are skipped.
//!
//! The array that is modelled skips zeros of weights, which are known before a sample comes, and none of activations. The
//! depth of a contraction, in the order of accumulation, is cut into windows of some products that follow each other. A row
//! holds the activations of one window in registers; every unit chooses, by the index that stands beside its weight, the one
//! that its weight is multiplied with. All columns of a fold leave a window together: it takes as many slots as the column
//! with most weights that are not zero, and the other columns wait. Windows without any such weight take none.

use crate::kernel::Gemm;

/// The weights of a contraction that are not zero, by windows of the depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonzeros {
    gemm: Gemm,
    window: usize,
    columns: usize,
    /// Depths of the weights that are not zero, of each group's outputs in order.
    filters: Vec<Vec<u32>>,
    /// Slots before each window and after the last, of each group's folds of columns in order.
    starts: Vec<Vec<u32>>,
}

impl Nonzeros {
    /// Of the weights of `gemm` where `is_zero(group, output, depth)` does not hold, on an array of so many columns.
    ///
    /// ```
    /// use axsim::kernel::Gemm;
    /// use axsim::platform::compute::nonzeros::Nonzeros;
    /// // Of every four weights the first two are zero.
    /// let gemm = Gemm { groups: 1, positions: 1, outputs: 1, depth: 8 };
    /// let nonzeros = Nonzeros::of(gemm, (4, 1), |_, _, k| k % 4 < 2);
    /// assert_eq!((nonzeros.slots(0, 0), nonzeros.place(0, 0, 3)), (4, Some(7)));
    /// ```
    ///
    /// # Panics
    /// Without a column, or with empty windows.
    pub fn of(
        gemm: Gemm,
        (window, columns): (usize, usize),
        is_zero: impl Fn(usize, usize, usize) -> bool,
    ) -> Self {
        let filter = |group, output| {
            (0..gemm.depth).filter(|&k| !is_zero(group, output, k)).map(|k| k as u32).collect()
        };
        let outputs = (0..gemm.groups).flat_map(|group| (0..gemm.outputs).map(move |at| (group, at)));
        let filters: Vec<Vec<u32>> = outputs.map(|(group, output)| filter(group, output)).collect();
        let groups = filters.chunks(gemm.outputs.max(1));
        let folds = groups.flat_map(|group| group.chunks(columns));
        let starts = folds.map(|fold| starts(fold, gemm.depth.div_ceil(window), window)).collect();
        Self { gemm, window, columns, filters, starts }
    }

    /// The shape of the contraction.
    pub fn gemm(&self) -> &Gemm {
        &self.gemm
    }

    /// Products that share a window.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Folds of columns that a group takes.
    pub fn folds(&self) -> usize {
        self.gemm.outputs.div_ceil(self.columns)
    }

    /// Slots of the depth that are left in a fold of columns.
    pub fn slots(&self, group: usize, fold: usize) -> usize {
        *self.starts(group, fold).last().expect("there is an end") as usize
    }

    /// The most slots that are left in any fold.
    pub fn most_slots(&self) -> usize {
        let last = |starts: &Vec<u32>| starts.last().copied().unwrap_or(0) as usize;
        self.starts.iter().map(last).max().unwrap_or(0)
    }

    /// Outputs of a fold of columns.
    pub fn width(&self, fold: usize) -> usize {
        self.columns.min(self.gemm.outputs - fold * self.columns)
    }

    /// Weights of a fold of columns that are not zero.
    pub fn count(&self, group: usize, fold: usize) -> usize {
        let first = group * self.gemm.outputs + fold * self.columns;
        self.filters[first..first + self.width(fold)].iter().map(Vec::len).sum()
    }

    /// All weights that are not zero.
    pub fn total(&self) -> usize {
        self.filters.iter().map(Vec::len).sum()
    }

    /// The depths of all weights that are not zero.
    pub fn depths(&self) -> impl Iterator<Item = usize> {
        self.filters.iter().flatten().map(|&k| k as usize)
    }

    /// Activations of the windows that have work in these slots of a fold.
    pub fn activations(&self, (group, fold): (usize, usize), slots: std::ops::Range<usize>) -> usize {
        let starts = self.starts(group, fold);
        let windows = starts.windows(2).enumerate();
        let meets = |bounds: &[u32]| {
            (bounds[0] as usize) < slots.end && slots.start < bounds[1] as usize && bounds[0] < bounds[1]
        };
        let length = |at: usize| self.window.min(self.gemm.depth - at * self.window);
        windows.filter(|(_, bounds)| meets(bounds)).map(|(at, _)| length(at)).sum()
    }

    /// The depth of the weight that a column multiplies with in a slot; none where it waits.
    pub fn place(&self, group: usize, output: usize, slot: usize) -> Option<usize> {
        let starts = self.starts(group, output / self.columns);
        let window = starts.partition_point(|&start| start as usize <= slot).checked_sub(1)?;
        let [low, high] = [window, window + 1].map(|window| (window * self.window) as u32);
        let filter = &self.filters[group * self.gemm.outputs + output];
        let first = filter.partition_point(|&k| k < low);
        let found = filter.get(first + slot - starts[window] as usize).copied();
        found.filter(|&k| k < high && window + 1 < starts.len()).map(|k| k as usize)
    }

    fn starts(&self, group: usize, fold: usize) -> &[u32] {
        &self.starts[group * self.folds() + fold]
    }
}

/// Slots before each window and after the last: a window takes those of its longest column.
fn starts(fold: &[Vec<u32>], windows: usize, window: usize) -> Vec<u32> {
    let mut longest = vec![0u32; windows];
    for filter in fold {
        let mut counts = vec![0u32; windows];
        filter.iter().for_each(|&k| counts[k as usize / window] += 1);
        longest.iter_mut().zip(counts).for_each(|(longest, count)| *longest = count.max(*longest));
    }
    let mut starts = vec![0];
    for slots in longest {
        starts.push(starts[starts.len() - 1] + slots);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_weight_that_is_not_zero_has_one_slot_and_columns_wait_for_the_longest(
            groups in 1usize..3, outputs in 1usize..8, depth in 1usize..30, window in 1usize..9, columns in 1usize..5,
            seed: u64, share in 0.0f64..1.0,
        ) {
            let gemm = Gemm { groups, positions: 1, outputs, depth };
            let zero = |g: usize, o: usize, k: usize| {
                crate::rng::uniform_at(seed, (g * 10_000 + o * 100 + k) as u64) < share
            };
            let found = Nonzeros::of(gemm, (window, columns), zero);
            for (group, output) in (0..groups).flat_map(|g| (0..outputs).map(move |o| (g, o))) {
                let fold = output / columns;
                let slots = found.slots(group, fold);
                let placed: Vec<usize> = (0..slots).filter_map(|slot| found.place(group, output, slot)).collect();
                let expected: Vec<usize> = (0..depth).filter(|&k| !zero(group, output, k)).collect();
                proptest::prop_assert_eq!(placed, expected);
                proptest::prop_assert_eq!(found.place(group, output, slots), None);
                // Window by window, the longest column.
                let in_window = |o: usize, w: usize| {
                    (w * window..((w + 1) * window).min(depth)).filter(|&k| !zero(group, o, k)).count()
                };
                let fold_outputs = fold * columns..((fold + 1) * columns).min(outputs);
                let longest = |w: usize| fold_outputs.clone().map(|o| in_window(o, w)).max().unwrap();
                let walked: usize = (0..depth.div_ceil(window)).map(longest).sum();
                proptest::prop_assert_eq!(slots, walked);
            }
        }
    }
}

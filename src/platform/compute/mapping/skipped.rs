//! A contraction whose zero weights are skipped, folded onto an array.

use super::Mapping;
use crate::config::platform::Dataflow;
use crate::platform::compute::nonzeros::Nonzeros;

impl Mapping {
    /// Folds the weights that are not zero onto `rows` × `columns` units.
    ///
    /// Output stationary: a fold takes the slots that are left of the depth (see [`Nonzeros`]) and `rows + columns − 2` cycles.
    /// Weight stationary: rows carry these slots, so fewer folds are needed; each takes `positions + 2·rows + columns − 2`
    /// cycles. Where work has begun in a window, all its activations are read, in every fold that it reaches into. Columns
    /// whose weights are all zero take nothing but the writing of their outputs.
    ///
    /// ```
    /// use axsim::config::platform::Dataflow;
    /// use axsim::kernel::Gemm;
    /// use axsim::platform::compute::{mapping::Mapping, nonzeros::Nonzeros};
    /// let gemm = Gemm { groups: 1, positions: 4, outputs: 4, depth: 8 };
    /// let half = Nonzeros::of(gemm, (4, 4), |_, _, k| k % 4 < 2);
    /// assert_eq!(Mapping::of(&gemm, 4, 4, Dataflow::OutputStationary).cycles, 8 + 6);
    /// assert_eq!(Mapping::skipping(&half, [4, 4], Dataflow::OutputStationary).cycles, 4 + 6);
    /// ```
    pub fn skipping(nonzeros: &Nonzeros, [rows, columns]: [usize; 2], dataflow: Dataflow) -> Self {
        let gemm = nonzeros.gemm();
        if [gemm.positions, gemm.depth, rows, columns].contains(&0) {
            return Self::NOTHING;
        }
        let folds = (0..gemm.groups).flat_map(|group| (0..nonzeros.folds()).map(move |fold| (group, fold)));
        let (mut total, mut offered) = (Self::NOTHING, 0);
        for fold in folds {
            let part = one_fold(nonzeros, fold, [rows, columns], dataflow);
            let time = match dataflow {
                Dataflow::OutputStationary => nonzeros.slots(fold.0, fold.1),
                Dataflow::WeightStationary => gemm.positions,
            };
            offered += part.folds * (time * rows * columns) as u64;
            total = Self {
                folds: total.folds + part.folds,
                cycles: total.cycles + part.cycles,
                input_reads: total.input_reads + part.input_reads,
                weight_reads: total.weight_reads + part.weight_reads,
                output_writes: total.output_writes + part.output_writes,
                partial_reads: total.partial_reads + part.partial_reads,
                accounting_slip: total.accounting_slip + part.accounting_slip,
                utilisation: 0.0,
            };
        }
        let busy = (nonzeros.total() * gemm.positions) as f64;
        Self { utilisation: if offered > 0 { busy / offered as f64 } else { 0.0 }, ..total }
    }
}

/// One fold of columns.
fn one_fold(
    nonzeros: &Nonzeros,
    (group, fold): (usize, usize),
    [rows, columns]: [usize; 2],
    dataflow: Dataflow,
) -> Mapping {
    let positions = nonzeros.gemm().positions;
    let (slots, weights) = (nonzeros.slots(group, fold), nonzeros.count(group, fold));
    let outputs = (positions * nonzeros.width(fold)) as u64;
    if slots == 0 {
        return Mapping { output_writes: outputs, ..Mapping::NOTHING };
    }
    let activations = |slots| positions * nonzeros.activations((group, fold), slots);
    match dataflow {
        Dataflow::OutputStationary => {
            let folds = positions.div_ceil(rows);
            Mapping {
                folds: folds as u64,
                cycles: (folds * (slots + rows + columns - 2)) as u64,
                input_reads: activations(0..slots) as u64,
                weight_reads: (folds * weights) as u64,
                output_writes: outputs,
                accounting_slip: (folds * (rows + columns)) as u64,
                ..Mapping::NOTHING
            }
        }
        Dataflow::WeightStationary => {
            let folds = slots.div_ceil(rows);
            let each = |at: usize| activations(at * rows..((at + 1) * rows).min(slots));
            Mapping {
                folds: folds as u64,
                cycles: (folds * (positions + 2 * rows + columns - 2)) as u64,
                input_reads: (0..folds).map(each).sum::<usize>() as u64,
                weight_reads: weights as u64,
                output_writes: folds as u64 * outputs,
                partial_reads: (folds as u64 - 1) * outputs,
                ..Mapping::NOTHING
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Gemm;
    use crate::rng::uniform_at;

    const BOTH: [Dataflow; 2] = [Dataflow::OutputStationary, Dataflow::WeightStationary];

    proptest::proptest! {
        #[test]
        fn without_zeros_nothing_is_skipped(
            groups in 1usize..3, positions in 1usize..30, outputs in 1usize..20, depth in 1usize..40,
            rows in 1usize..9, columns in 1usize..9, window in 1usize..9, which in 0usize..2,
        ) {
            let gemm = Gemm { groups, positions, outputs, depth };
            let full = Nonzeros::of(gemm, (window, columns), |_, _, _| false);
            let [dense, found] = [
                Mapping::of(&gemm, rows, columns, BOTH[which]),
                Mapping::skipping(&full, [rows, columns], BOTH[which]),
            ];
            // A window that reaches into two folds of rows is read in both.
            let whole = which == 0 || rows % window == 0;
            proptest::prop_assert!(whole || found.input_reads >= dense.input_reads);
            let input_reads = if whole { found.input_reads } else { dense.input_reads };
            proptest::prop_assert!((found.utilisation - dense.utilisation).abs() < 1e-12);
            proptest::prop_assert_eq!(Mapping { input_reads, utilisation: dense.utilisation, ..found }, dense);
        }

        #[test]
        fn two_of_four_take_exactly_half_of_the_slots_and_fewer_zeros_never_less(
            positions in 1usize..30, outputs in 1usize..20, quads in 1usize..12, rows in 1usize..9, columns in 1usize..9,
            seed: u64,
        ) {
            let gemm = Gemm { groups: 1, positions, outputs, depth: 4 * quads };
            // Any two of every four.
            let pick = |o: usize, k: usize| uniform_at(seed, (o * 1000 + k) as u64);
            let zero = |_: usize, o: usize, k: usize| {
                let four = k / 4 * 4..k / 4 * 4 + 4;
                four.filter(|&other| (pick(o, other), other) < (pick(o, k), k)).count() < 2
            };
            let half = Nonzeros::of(gemm, (4, columns), zero);
            let ideal = |mapping: &Mapping, fill: usize| mapping.cycles - mapping.folds * fill as u64;
            let (dense, found) = (
                Mapping::of(&gemm, rows, columns, BOTH[0]),
                Mapping::skipping(&half, [rows, columns], BOTH[0]),
            );
            let fill = rows + columns - 2;
            proptest::prop_assert_eq!(2 * ideal(&found, fill), ideal(&dense, fill));
            proptest::prop_assert_eq!(2 * found.weight_reads, dense.weight_reads);
            proptest::prop_assert_eq!([found.input_reads, found.output_writes], [dense.input_reads, dense.output_writes]);
            let fewer = Nonzeros::of(gemm, (4, columns), |g, o, k| zero(g, o, k) && pick(o, k) < 0.5);
            for dataflow in BOTH {
                let [some, half] = [&fewer, &half].map(|of| Mapping::skipping(of, [rows, columns], dataflow));
                proptest::prop_assert!(some.cycles >= half.cycles);
            }
            // Half of the rows, to a whole fold.
            let still = Mapping::skipping(&half, [rows, columns], BOTH[1]);
            let folds = (2 * quads).div_ceil(rows) * outputs.div_ceil(columns);
            proptest::prop_assert_eq!(still.folds, folds as u64);
        }
    }

    #[test]
    fn one_long_column_holds_up_the_others() {
        let gemm = Gemm { groups: 1, positions: 1, outputs: 8, depth: 64 };
        // One filter is full, of the others three of four weights are zero.
        let zero = |_: usize, output: usize, k: usize| output != 5 && !k.is_multiple_of(4);
        let time = |window| {
            let found = Nonzeros::of(gemm, (window, 8), zero);
            Mapping::skipping(&found, [1, 8], BOTH[0]).cycles - 7
        };
        assert_eq!([4, 16, 64].map(time), [64; 3]);
        // Where the long one changes from window to window, long windows even it out.
        let turns = |_: usize, output: usize, k: usize| k / 4 % 8 != output && !k.is_multiple_of(4);
        let time = |window| {
            let found = Nonzeros::of(gemm, (window, 8), turns);
            Mapping::skipping(&found, [1, 8], BOTH[0]).cycles - 7
        };
        assert_eq!([4, 8, 32].map(time), [64, 40, 22]);
    }
}

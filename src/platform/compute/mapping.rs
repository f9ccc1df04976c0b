//! How a contraction is folded onto a systolic array: cycles, utilisation and buffer words in closed form.
//!
//! The formulas are those that SCALE-Sim 3.0.0 (Samajdar et al., ISPASS 2020) computes by stepping; they are
//! tested for equality against its output. Folds do not overlap, and an under-filled fold costs as much as
//! a full one. Where the tool's report differs from the model the difference is a separate view
//! ([`Mapping::scalesim_total_cycles`], [`Mapping::scalesim_output_writes`]).

use crate::config::platform::Dataflow;
use crate::kernel::Gemm;

mod skipped;

/// What a contraction does to an array and its buffer. Words are operands or partial sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mapping {
    /// Times the array is filled.
    pub folds: u64,
    /// Clock cycles from the first word in to the last result out.
    pub cycles: u64,
    /// Share of the units that have work, mean over folds, 0 to 1.
    pub utilisation: f64,
    /// Input words read from the buffer.
    pub input_reads: u64,
    /// Weight words read from the buffer.
    pub weight_reads: u64,
    /// Results and partial sums written to the buffer.
    pub output_writes: u64,
    /// Partial sums read back; SCALE-Sim does not count these.
    pub partial_reads: u64,
    /// Words that SCALE-Sim adds to the writes of an output-stationary array.
    accounting_slip: u64,
}

impl Mapping {
    /// Folds `work` onto `rows` × `columns` units.
    ///
    /// Output stationary: rows carry positions, columns outputs, depth is time; a fold takes
    /// `depth + rows + columns − 2` cycles. Weight stationary: rows carry depth, columns outputs, positions
    /// are time; a fold takes `positions + 2·rows + columns − 2` cycles, loading the weights included.
    ///
    /// Empty work or an empty array takes nothing.
    ///
    /// ```
    /// use axsim::config::platform::Dataflow;
    /// use axsim::kernel::Gemm;
    /// use axsim::platform::compute::mapping::Mapping;
    /// let square = Gemm { groups: 1, positions: 4, outputs: 4, depth: 4 };
    /// assert_eq!(Mapping::of(&square, 4, 4, Dataflow::OutputStationary).cycles, 10);
    /// ```
    pub fn of(work: &Gemm, rows: usize, columns: usize, dataflow: Dataflow) -> Self {
        let [groups, m, n, k, rows, columns] =
            [work.groups, work.positions, work.outputs, work.depth, rows, columns].map(|n| n as u64);
        if [groups, m, n, k, rows, columns].contains(&0) {
            return Self::NOTHING;
        }
        let (down, time, fold_overhead) = match dataflow {
            Dataflow::OutputStationary => (m, k, rows + columns - 2),
            Dataflow::WeightStationary => (k, m, 2 * rows + columns - 2),
        };
        let (row_folds, column_folds) = (down.div_ceil(rows), n.div_ceil(columns));
        let folds = row_folds * column_folds;
        let [weight_reads, output_writes, partial_reads, slip] = match dataflow {
            Dataflow::OutputStationary => [row_folds * k * n, m * n, 0, folds * (rows + columns)],
            Dataflow::WeightStationary => [k * n, row_folds * m * n, (row_folds - 1) * m * n, 0],
        };
        Self {
            folds: groups * folds,
            cycles: groups * folds * (time + fold_overhead),
            utilisation: (down * n) as f64 / (folds * rows * columns) as f64,
            input_reads: groups * column_folds * m * k,
            weight_reads: groups * weight_reads,
            output_writes: groups * output_writes,
            partial_reads: groups * partial_reads,
            accounting_slip: groups * slip,
        }
    }

    /// The same where the operands have changed places: what counts as an input word is a weight, and the other way round.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { input_reads: self.weight_reads, weight_reads: self.input_reads, ..self }
    }

    const NOTHING: Self = Self {
        folds: 0,
        cycles: 0,
        utilisation: 0.0,
        input_reads: 0,
        weight_reads: 0,
        output_writes: 0,
        partial_reads: 0,
        accounting_slip: 0,
    };

    /// What SCALE-Sim reports as total cycles: the number of the last cycle, counted from 0.
    pub fn scalesim_total_cycles(&self) -> u64 {
        self.cycles.saturating_sub(1)
    }

    /// What SCALE-Sim reports as output writes: `rows + columns` words a fold too many when the outputs stay.
    pub fn scalesim_output_writes(&self) -> u64 {
        self.output_writes + self.accounting_slip
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn goldens() -> Option<csv::Reader<std::fs::File>> {
        let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let shared = std::env::var_os("AXSIM_SHARED").map_or(beside, PathBuf::from);
        csv::Reader::from_path(shared.join("goldens/scalesim_goldens.csv")).ok()
    }

    #[test]
    fn scalesim_goldens_are_reproduced_exactly() {
        let Some(mut reader) = goldens() else {
            eprintln!("skipped: no goldens/scalesim_goldens.csv under AXSIM_SHARED or ../shared");
            return;
        };
        let header = reader.headers().unwrap().clone();
        let mut checked = 0;
        for row in reader.records().map(Result::unwrap) {
            let text = |name: &str| &row[header.iter().position(|column| column == name).unwrap()];
            let number = |name: &str| text(name).parse::<u64>().unwrap();
            let dataflow = match text("dataflow") {
                "os" => Dataflow::OutputStationary,
                "ws" => Dataflow::WeightStationary,
                _ => continue,
            };
            if text("mode") == "USER" {
                continue;
            }
            let size = |name: &str| number(name) as usize;
            let work = Gemm { groups: 1, positions: size("M"), outputs: size("N"), depth: size("K") };
            let mapping = Mapping::of(&work, size("array_rows"), size("array_cols"), dataflow);
            let layer = format!("{} {} {row:?}", text("topology"), text("layer"));
            assert_eq!(mapping.scalesim_total_cycles(), number("total_cycles"), "{layer}");
            assert_eq!(format!("{:.6}", mapping.utilisation * 100.0), text("mapping_eff_pct"), "{layer}");
            assert_eq!(mapping.input_reads, number("sram_ifmap_reads"), "{layer}");
            assert_eq!(mapping.weight_reads, number("sram_filter_reads"), "{layer}");
            assert_eq!(mapping.scalesim_output_writes(), number("sram_ofmap_writes"), "{layer}");
            checked += 1;
        }
        assert!(checked >= 150, "only {checked} rows");
    }

    /// The same counts by walking over every fold.
    fn walked(work: &Gemm, [rows, columns]: [usize; 2], dataflow: Dataflow) -> [u64; 4] {
        let (down, stationary) = match dataflow {
            Dataflow::OutputStationary => (work.positions, false),
            Dataflow::WeightStationary => (work.depth, true),
        };
        let mut words = [0; 4];
        for _ in 0..work.groups {
            for column in (0..work.outputs).step_by(columns) {
                for row in (0..down).step_by(rows) {
                    let (r, c) = (rows.min(down - row), columns.min(work.outputs - column));
                    let time = if stationary { work.positions } else { work.depth };
                    words[0] += r * time;
                    words[1] += if stationary { r * c } else { c * time };
                    words[2] += if stationary { c * time } else { r * c };
                    words[3] += if stationary && row > 0 { c * time } else { 0 };
                }
            }
        }
        words.map(|n| n as u64)
    }

    proptest::proptest! {
        #[test]
        fn the_formula_is_the_walk_over_all_folds(
            groups in 1usize..4, positions in 1usize..40, outputs in 1usize..40, depth in 1usize..40,
            rows in 1usize..12, columns in 1usize..12, weights_stay: bool,
        ) {
            let work = Gemm { groups, positions, outputs, depth };
            let dataflow = if weights_stay { Dataflow::WeightStationary } else { Dataflow::OutputStationary };
            let m = Mapping::of(&work, rows, columns, dataflow);
            let counted = [m.input_reads, m.weight_reads, m.output_writes, m.partial_reads];
            proptest::prop_assert_eq!(counted, walked(&work, [rows, columns], dataflow));
            proptest::prop_assert!(m.cycles * (rows * columns) as u64 >= (groups * positions * outputs * depth) as u64);
            proptest::prop_assert!(m.utilisation > 0.0 && m.utilisation <= 1.0);
        }
    }
}

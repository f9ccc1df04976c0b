//! A grid of units that multiply words of signs, for binary layers.

use super::beside::Beside;
use super::mapping::Mapping;
use super::stream::BATCHES;
use super::units::{Switched, Units, first_refusal};
use crate::arith::xnor::Xnor;
use crate::bits;
use crate::config::platform::{self as config, Dataflow, Products, Timing, WeightFormat, Zeros};
use crate::constant::Constant;
use crate::kernel::{Gemm, SIGNS};
use crate::ledger::Ledger;
use crate::netlist::{Timed, pack};
use crate::platform::PlatformError;
use crate::rng::Stream;
use crate::tech::CellLibrary;
use crate::units::{Hertz, Seconds, SquareMicrometres};

/// A grid of units of signs with the rows, columns and dataflow of an array.
///
/// What scales their counts stands beside them: a multiplier a column for the factor of a filter (α) and that of a window
/// (K), and an adder a row that sums magnitudes for K.
pub struct SignArray {
    rows: usize,
    columns: usize,
    dataflow: Dataflow,
    unit: Xnor,
    units: Units,
    scaling: Beside,
    summing: Beside,
}

/// What a binary layer takes for a sample, besides cycles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Words of signs multiplied and counted.
    pub words: f64,
    /// Multiplications of a count by a factor: α and K of every output.
    pub multiplications: f64,
    /// Magnitudes added for K.
    pub magnitudes: f64,
}

impl SignArray {
    /// The unit, of words of [`SIGNS`].
    pub const UNIT: &str = "xnor64";
    /// Slots of a replayed stretch.
    pub const SLOTS: usize = 34;

    /// Builds as many units as an array has.
    ///
    /// # Errors
    /// [`PlatformError::Signs`] where the array is asked for what these units do not do; others as those of an array.
    pub fn new(config: &config::Array, library: &CellLibrary) -> Result<Self, PlatformError> {
        check(config)?;
        let unit = Xnor::from_id(Self::UNIT).expect("an id of the catalogue");
        let units = Units::new(&unit.netlist(), [Self::UNIT, "unit"], config, library)?;
        let (rows, columns, width) = (config.rows, config.columns, unit.accumulator_width());
        Ok(Self {
            rows,
            columns,
            dataflow: config.dataflow,
            scaling: Beside::scaling(width, columns, units.library()),
            summing: Beside::summing(width, rows, units.library()),
            unit,
            units,
        })
    }

    /// Which operand stays in place.
    pub fn dataflow(&self) -> Dataflow {
        self.dataflow
    }

    /// Rows of units.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of a count.
    pub fn count_bytes(&self) -> f64 {
        f64::from(self.unit.accumulator_width()) / 8.0
    }

    /// How sums of signs are kept, in words.
    pub fn sums(&self) -> String {
        self.unit.sums()
    }

    /// What clock and leakage of a unit are priced by.
    pub fn constants(&self) -> Vec<Constant> {
        self.units.constants()
    }

    /// The clock, as configured or as a word allows.
    pub fn clock(&self) -> Hertz {
        self.units.clock()
    }

    /// Cell area of units and what stands beside them.
    pub fn area(&self) -> SquareMicrometres {
        self.units.area() + self.scaling.area() + self.summing.area()
    }

    /// How a contraction is folded: cycles of words, traffic of single signs.
    pub fn map(&self, work: &Gemm) -> Mapping {
        let words = Gemm { depth: work.depth.div_ceil(SIGNS), ..*work };
        let mut mapping = Mapping::of(&words, self.rows, self.columns, self.dataflow);
        let signs = |count: u64| count / words.depth.max(1) as u64 * work.depth as u64;
        mapping.input_reads = signs(mapping.input_reads);
        mapping.weight_reads = signs(mapping.weight_reads);
        mapping
    }

    /// Time of a mapping.
    pub fn time(&self, mapping: &Mapping) -> Seconds {
        self.units.time(mapping.cycles as f64)
    }

    /// Bills a mapping under `component`; between layers and frames the units are gated off.
    pub fn bill(
        &self,
        ledger: &mut Ledger,
        component: &str,
        (mapping, counts): (&Mapping, &Counts),
        word: &Switched,
    ) {
        self.units.bill(ledger, component, mapping.cycles as f64);
        let names = ["count words of signs", "word", "word of signs"];
        self.units.bill_operations((ledger, component), names, counts.words, word);
        let time = self.time(mapping);
        self.scaling.bill(ledger, component, counts.multiplications, time);
        self.summing.bill(ledger, component, counts.magnitudes, time);
    }

    /// Replays words as units see them: each of 64 sequences in [`BATCHES`] batches has words of activations, of weights and
    /// the count that enters, one operation after the other; the first only fills the registers.
    pub fn replay(
        &self,
        mut sequence: impl FnMut(&mut Stream) -> Vec<[u64; 3]>,
        stream: &mut Stream,
    ) -> Switched {
        let mut drawn = || sequence(stream).into_iter().take(Self::SLOTS).collect::<Vec<_>>();
        let sequences: Vec<Vec<[u64; 3]>> = (0..64 * BATCHES).map(|_| drawn()).collect();
        let longest = sequences.iter().map(Vec::len).max().unwrap_or(0);
        let cells = self.units.cells();
        let delays = self.units.library().delays(cells);
        let mut timed = Timed::<BATCHES>::new(cells, &delays);
        let widths: Vec<u32> = self.unit.ports().iter().map(|port| port.width).collect();
        let mut filling = vec![0; cells.cells().len()];
        for cycle in 0..=longest {
            // A sequence that has ended keeps its last words; the count belongs to the words of the cycle before.
            let word = |sequence: &Vec<[u64; 3]>, port: usize| {
                let at = if port == 2 { cycle.saturating_sub(1) } else { cycle };
                sequence
                    .get(at.min(sequence.len().saturating_sub(1)))
                    .map_or(0, |words| words[port] & bits::mask(widths[port]))
            };
            let inputs = (0..3).flat_map(|port| {
                let words: Vec<u64> = sequences.iter().map(|sequence| word(sequence, port)).collect();
                pack::<BATCHES>(&words, widths[port] as usize)
            });
            timed.step(&inputs.collect::<Vec<_>>());
            if cycle == 0 {
                filling = timed.total_toggles();
            }
        }
        let count = sequences.iter().map(|words| words.len() as u64).sum();
        let after = timed.total_toggles();
        let toggles: Vec<u64> = after.iter().zip(&filling).map(|(all, first)| all - first).collect();
        self.units.switched(&toggles, count)
    }
}

impl Counts {
    /// What a sample of a layer takes, of so many inputs and so many taps a window.
    ///
    /// A filter of `n` products takes ⌈n/64⌉ words and two multiplications; magnitudes are added over channels once for every
    /// input, and then over the taps of every window.
    pub fn of(work: &Gemm, [inputs, taps]: [usize; 2]) -> Self {
        let outputs = (work.groups * work.positions * work.outputs) as f64;
        Self {
            words: outputs * work.depth.div_ceil(SIGNS) as f64,
            multiplications: 2.0 * outputs,
            magnitudes: (inputs + work.groups * work.positions * taps) as f64,
        }
    }
}

/// Refuses what units of signs do not do.
fn check(config: &config::Array) -> Result<(), PlatformError> {
    let refused = [
        (config.products == Products::Centred, "signs have no zero points; write `products: centred`"),
        (config.zeros == Zeros::Compute, "signs have no zeros; write `zeros: compute`"),
        (config.weight_format == WeightFormat::Dense, "signs have no zeros; write `weight_format: dense`"),
        (config.timing == Timing::Safe, "counts are known in time; write `timing: safe`"),
        (config.recovery.measures().is_empty(), "counts make no errors; write `recovery: none`"),
    ];
    first_refusal(refused).map_or(Ok(()), |why| Err(PlatformError::Signs(why)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of the paper for a kernel of `n` taps on `c` channels, in operations of 64 signs and one of full precision.
    #[test]
    fn words_speed_up_as_the_formula_says() {
        for (channels, taps, expected) in [(256, 9, 62.27), (64, 9, 57.6), (512, 1, 56.9)] {
            let work = Gemm { groups: 1, positions: 100, outputs: 7, depth: channels * taps };
            let counts = Counts::of(&work, [100 * channels, taps]);
            let products = (work.positions * work.outputs * work.depth) as f64;
            // The paper counts one operation of full precision an output, as α goes into the next layer.
            let found = products / (counts.words + counts.multiplications / 2.0);
            let cn = (channels * taps) as f64;
            assert!(
                (found - 64.0 * cn / (cn + 64.0)).abs() < 1e-9 && (found - expected).abs() < 0.05,
                "{found}"
            );
        }
    }
}

//! What one layer of a real run makes a multiply-accumulate unit do, for tools of others.

use super::probe::{PROBE, pooled};
use super::tap::Contraction;
use crate::arith::metric::operands;
use crate::netlist::Netlist;
use crate::netlist::export::sdf;
use crate::platform::compute::activity::{Trace, histogram, trace};
use crate::platform::compute::array::MacArray;
use crate::rng::Stream;
use crate::units::Joules;

/// What a layer makes a unit do.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The unit in cells of the library.
    pub netlist: Netlist,
    /// Delay of the driver of each of its nets.
    pub delays: Vec<sdf::Triple>,
    /// Some stretches in time.
    pub trace: Trace,
    /// Every operand pair of the pooled samples with how often the multiplier meets it.
    pub operands: operands::Operands,
    /// How many pairs those are.
    pub pairs: u64,
    /// Switching energy of a pair of the trace, glitches included, without clock pins and leakage.
    pub energy: Joules,
}

impl Activity {
    /// What a contraction makes the unit of an array do; `seed` is that of the run.
    pub(super) fn of(array: &MacArray, contraction: &Contraction, seed: u64) -> Self {
        let Contraction { layer, input, weights, swapped, .. } = contraction;
        // The stream that prices the layer as well: the stretches are among those that it was priced by.
        let mut stream = Stream::new(seed, PROBE, layer.index as u64);
        let library = array.library();
        let (trace, counts) = pooled(array, layer, (input, weights, *swapped), |operands| {
            (trace(array, operands, &mut stream), histogram(array, operands))
        });
        let pairs = counts.iter().map(|pair| pair.2).sum();
        let weighted = counts.into_iter().map(|(a, b, count)| (a, b, count as f64)).collect();
        let operands = operands::Operands::Pairs(weighted);
        let netlist = array.cells().clone();
        let energy =
            library.switching_energy(&netlist, &trace.waveform.toggles()) / trace.pairs.max(1) as f64;
        Self { delays: library.delay_triples(&netlist), netlist, trace, operands, pairs, energy }
    }
}

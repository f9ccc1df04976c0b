//! What one layer of a real run makes a multiply-accumulate unit do, for tools of others.

use std::sync::Mutex;

use super::hardware::Hardware;
use super::probe::{PROBE, pooled};
use crate::arith::metric::operands;
use crate::netlist::Netlist;
use crate::netlist::export::sdf;
use crate::platform::compute::activity::{Trace, histogram, trace};
use crate::platform::compute::array::MacArray;
use crate::rng::Stream;
use crate::units::Joules;
use crate::workload::{Codes, Engine, Layer, Place, Weights};

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

/// An engine that behaves as the hardware and keeps what one layer does.
pub(super) struct Tap<'a> {
    pub hardware: Hardware<'a>,
    pub array: &'a MacArray,
    pub seed: u64,
    /// Which layer.
    pub layer: usize,
    pub found: Mutex<Option<Activity>>,
}

impl Engine for Tap<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        if layer.index == self.layer {
            let activity = self.activity(layer, input, weights);
            *self.found.lock().expect("no layer panicked while it was looked at") = Some(activity);
        }
        self.hardware.contract(layer, input, weights)
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.hardware.store(place, codes);
    }
}

impl Tap<'_> {
    fn activity(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Activity {
        // The stream that prices the layer as well: the stretches are among those that it was priced by.
        let mut stream = Stream::new(self.seed, PROBE, layer.index as u64);
        let (array, library) = (self.array, self.array.library());
        let (trace, counts) = pooled(layer, input, weights, |operands| {
            (trace(array, operands, &mut stream), histogram(array, operands))
        });
        let pairs = counts.iter().map(|pair| pair.2).sum();
        let weighted = counts.into_iter().map(|(a, b, count)| (a, b, count as f64)).collect();
        let operands = operands::Operands::Pairs(weighted);
        let netlist = array.cells().clone();
        let energy =
            library.switching_energy(&netlist, &trace.waveform.toggles()) / trace.pairs.max(1) as f64;
        Activity { delays: library.delay_triples(&netlist), netlist, trace, operands, pairs, energy }
    }
}

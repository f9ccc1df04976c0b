//! What layers need beside the units of their arrays to go on with exact sums.

use super::bill::Mapped;
use super::parts::Parts;
use super::recovery::LayerPlan;
use crate::config::{Measure, WeightScales};
use crate::ledger::Ledger;
use crate::platform::compute::array::{CodeRange, MacArray};
use crate::platform::compute::beside::Beside;
use crate::units::{Seconds, SquareMicrometres};

/// Circuits beside an array and their work on a sample.
pub(super) struct Work {
    hardware: Beside,
    operations: f64,
    time: Seconds,
}

impl Work {
    /// Bills a sample.
    pub(super) fn bill(&self, ledger: &mut Ledger) {
        self.hardware.bill(ledger, "compute.array", self.operations, self.time);
    }

    /// Cell area of the circuits.
    pub(super) fn area(&self) -> SquareMicrometres {
        self.hardware.area()
    }
}

/// All circuits beside the arrays of a setup.
///
/// Where weights of raw codes have a zero point of their own, every activation code is summed once, by an adder a row, and
/// an adder a column takes the sum's multiple, a power of two, from every output; what zero points of activations add is a
/// constant of each output channel and part of its bias. With one scale for all weights, a factor of recovery is a
/// multiplication of every output of its layer, by a multiplier a column.
pub(super) fn beside(parts: &Parts<'_>, mapped: &[Mapped], plans: &[LayerPlan]) -> Vec<Work> {
    let quantize = &parts.setup.workload.quantize;
    let weights = CodeRange { bits: quantize.weight_bits, zero: 1 << (quantize.weight_bits - 1) };
    let scaled = |part: &&Mapped| {
        let plan = plans.get(part.layer.index);
        quantize.weight_scales == WeightScales::PerTensor
            && plan.is_some_and(|plan| plan.chosen.measures.contains(&Measure::Affine))
    };
    let of_array = |array: &MacArray| {
        let own: Vec<&Mapped> = mapped
            .iter()
            .filter(|part| parts.array(part.layer.index).is_some_and(|other| std::ptr::eq(other, array)))
            .collect();
        let ([rows, columns], library) = (array.shape(), array.library());
        // Networks sum in 32 bits, so a wider accumulator counts as one of 32.
        let bits = array.mac().accumulator_width().min(32);
        let time: Seconds = own.iter().map(|part| part.time).sum();
        let mut works = vec![];
        let mut work = |hardware: Beside, operations: u64| {
            works.push(Work { hardware, operations: operations as f64, time });
        };
        let outputs = |part: &Mapped| part.layer.geometry.outputs_per_sample() as u64;
        if array.takes_raw_codes() && array.offset(weights) != weights.zero {
            let codes = |part: &&Mapped| {
                let gemm = part.layer.geometry.gemm();
                (gemm.groups * gemm.positions * gemm.depth) as u64
            };
            work(Beside::summing(bits, rows, library), own.iter().map(codes).sum());
            work(Beside::adding(bits, columns, library), own.iter().map(|part| outputs(part)).sum());
        }
        let scaled: Vec<&Mapped> = own.iter().copied().filter(scaled).collect();
        if !scaled.is_empty() {
            let sums = scaled.iter().map(|part| outputs(part)).sum();
            work(Beside::scaling(bits, columns, library), sums);
        }
        works
    };
    parts.used().flat_map(of_array).collect()
}

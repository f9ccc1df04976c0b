//! What one layer of a run took and gave.

use std::sync::Mutex;

use super::hardware::Hardware;
use crate::kernel::Shifts;
use crate::tensor::Tensor;
use crate::workload::{Codes, Engine, Layer, Place, WeightShifts, Weights, Wide};

/// A contraction as the hardware computed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Contraction {
    /// Which one.
    pub layer: Layer,
    /// Activation codes of some samples, with the padding where that is multiplied.
    pub input: Codes,
    /// Weight codes, as the memories returned them.
    pub weights: Weights,
    /// Sums of the accumulators [batch, O, OH, OW], before what the zero points of raw codes add is taken away and recovery
    /// corrects them.
    pub output: Tensor<i32>,
    /// Whether weights enter the unit's port `a` and activations its port `b`.
    pub swapped: bool,
    /// Factor and constant by which recovery corrects the sums of each output channel; empty where it does not.
    pub corrections: Vec<[f64; 2]>,
}

/// An engine that behaves as the hardware and keeps one contraction.
pub(super) struct Tap<'a> {
    hardware: Hardware<'a>,
    layer: usize,
    found: Mutex<Option<Contraction>>,
}

impl<'a> Tap<'a> {
    pub(super) fn new(hardware: Hardware<'a>, layer: usize) -> Self {
        Self { hardware, layer, found: Mutex::default() }
    }

    /// What was kept; none where no sample ran through the layer.
    pub(super) fn into_found(self) -> Option<Contraction> {
        self.found.into_inner().expect("no layer panicked while it was looked at")
    }
}

impl Engine for Tap<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        if layer.index != self.layer {
            return self.hardware.contract(layer, input, weights);
        }
        let (layer, input) = self.hardware.fed(layer, input);
        let sums = self.hardware.sums(&layer, &input, weights);
        let corrected = self.hardware.corrected(sums.clone(), &layer, &input, weights);
        let geometry = &layer.geometry;
        let batch = input.codes.shape()[0];
        let shape = [batch, geometry.out_channels, geometry.out_height(), geometry.out_width()];
        let output = Tensor::new(shape, sums).expect("a contraction gives a sum an output");
        let swapped = self.hardware.is_swapped(&layer);
        let corrections = self.hardware.plan(&layer).and_then(|plan| plan.correction.as_ref());
        let corrections = corrections.map_or_else(Vec::new, |correction| correction.lines());
        let (layer, input, weights) = (layer.into_owned(), input.into_owned(), weights.clone());
        let found = Contraction { layer, input, weights, output, swapped, corrections };
        *self.found.lock().expect("no layer panicked while it was looked at") = Some(found);
        corrected
    }

    fn contract_shifted(
        &self,
        layer: &Layer,
        input: &Codes,
        weights: &Weights,
        shifts: Shifts<'_>,
    ) -> Vec<i64> {
        self.hardware.contract_shifted(layer, input, weights, shifts)
    }

    fn contract_wide(
        &self,
        layer: &Layer,
        input: &Wide,
        weights: &Weights,
        shifts: WeightShifts<'_>,
    ) -> Vec<i64> {
        self.hardware.contract_wide(layer, input, weights, shifts)
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.hardware.store(place, codes);
    }
}

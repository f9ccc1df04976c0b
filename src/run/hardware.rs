//! The engine that a network runs on: the array's products, and a buffer that may flip bits.

use super::arrays::Arrays;
use super::recovery::LayerPlan;
use crate::kernel::{self, Products};
use crate::platform::compute::late;
use crate::platform::memory::{Memory, Place as Cells};
use crate::workload::{Codes, Engine, Layer, Place, Weights, operands};

/// Bytes reserved for one tensor; faults of different tensors fall on different cells.
const REGION: u64 = 1 << 24;

/// Array and buffer of one device.
pub(super) struct Hardware<'a> {
    /// Products per layer.
    pub products: &'a [Products],
    /// The arrays; absent where compute is ideal.
    pub arrays: Option<&'a Arrays>,
    /// What activations are put away in.
    pub buffer: Option<&'a dyn Memory>,
    /// The device's number among the fault maps.
    pub map: u64,
    /// What each layer does about the errors of its products; empty where nothing is done.
    pub plans: &'a [LayerPlan],
}

impl<'a> Hardware<'a> {
    /// The products that a layer sums; none where results come late, which no table holds.
    pub fn table(&self, layer: &Layer) -> Option<&'a Products> {
        let late = self.arrays.is_some_and(|arrays| arrays.of(layer.index).is_late());
        (!late).then(|| self.products(layer))
    }

    /// What a layer does about the errors of its products.
    pub fn plan(&self, layer: &Layer) -> Option<&'a LayerPlan> {
        self.plans.get(layer.index)
    }

    /// Whether activations and weights of a layer enter the multiplier by each other's ports.
    pub fn is_swapped(&self, layer: &Layer) -> bool {
        self.plan(layer).is_some_and(|plan| plan.swapped.is_some())
    }

    /// The products that a layer sums.
    pub fn products(&self, layer: &Layer) -> &'a Products {
        let swapped = self.plan(layer).and_then(|plan| plan.swapped.as_ref());
        swapped.unwrap_or(&self.products[layer.index])
    }

    /// Sums as the units accumulate them.
    pub fn sums(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        self.sums_of(layer, input, weights, self.products(layer))
    }

    /// Sums of these products.
    pub fn sums_of(&self, layer: &Layer, input: &Codes, weights: &Weights, products: &Products) -> Vec<i32> {
        let operands = operands(input, weights);
        let array = self.arrays.map(|arrays| arrays.of(layer.index));
        if let Some(array) = array.filter(|array| array.is_late()) {
            return late::contract(array, &layer.geometry, operands, weights.zero_point);
        }
        match array.map(|array| array.mac()).filter(|mac| !mac.accumulates_exactly()) {
            None => kernel::convolve(&layer.geometry, operands, products),
            Some(mac) => {
                let add = |sums: &mut [i32], products: &[i32]| mac.accumulate_all(sums, products);
                kernel::convolve_in_order(&layer.geometry, operands, products, &add)
            }
        }
    }

    /// Sums as the network goes on with them.
    pub fn recovered(&self, layer: &Layer, mut sums: Vec<i32>) -> Vec<i32> {
        if let Some(correction) = self.plan(layer).and_then(|plan| plan.correction.as_ref()) {
            correction.apply(&layer.geometry, &mut sums);
        }
        sums
    }
}

impl Engine for Hardware<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        self.recovered(layer, self.sums(layer, input, weights))
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        let Some(buffer) = self.buffer.filter(|buffer| buffer.errs()) else { return };
        let samples = codes.codes.shape()[0];
        let size = codes.codes.len() / samples.max(1);
        // Every sample passes the same cells: a fault is fixed to its place.
        let cells = Cells { map: self.map, address: REGION * (place.value as u64 + 1), bits: codes.bits };
        codes.codes.data_mut().chunks_mut(size.max(1)).for_each(|sample| {
            buffer.hold(cells, sample);
        });
    }
}

/// The weights as a memory returns them: its faults have flipped some bits.
pub(super) fn held(memory: &dyn Memory, map: u64, weights: Vec<Weights>) -> Vec<Weights> {
    let mut address = 0;
    let mut hold = |mut weights: Weights| {
        memory.hold(Cells { map, address, bits: weights.bits }, &mut weights.codes);
        address += weights.codes.len() as u64;
        weights
    };
    weights.into_iter().map(&mut hold).collect()
}

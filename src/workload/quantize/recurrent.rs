//! Recurrent cells on an engine: their state is put away as codes, which the engine multiplies in the next step.

use super::Quantized;
use super::held::{Held, Scaled};
use crate::workload::Codes;
use crate::workload::engine::{Engine, Place};
use crate::workload::recurrent::{Hold, Recurrent};

/// States on their grid, and what an engine makes of them.
struct OnEngine<'a> {
    quantized: &'a Quantized,
    engine: &'a dyn Engine,
    layer: usize,
    place: Place,
    samples: usize,
    /// All states [samples, steps, hidden] that were put away.
    states: Vec<u8>,
    sizes: [usize; 2],
}

impl Quantized {
    /// All states of a cell that is layer `layer` and makes the value of `place`, from real products of its input.
    pub(super) fn recur(
        &self,
        engine: &dyn Engine,
        (cell, layer): (&Recurrent, usize),
        products: &[f32],
        (place, samples): (Place, usize),
    ) -> Held {
        let grid = self.grids[place.value].expect("the state of a recurrent cell is on a grid");
        let sizes = [cell.steps, cell.gates.hidden()];
        let states = vec![grid.zero_point; samples * sizes[0] * sizes[1]];
        let mut hold = OnEngine { quantized: self, engine, layer, place, samples, states, sizes };
        cell.run(samples, products, &mut hold);
        Held::Codes(grid.coded(hold.states, samples))
    }
}

impl Hold for OnEngine<'_> {
    type Held = Codes;

    fn put(&mut self, step: Option<usize>, states: Vec<f32>) -> Codes {
        let [steps, hidden] = self.sizes;
        let grid =
            self.quantized.grids[self.place.value].expect("the state of a recurrent cell is on a grid");
        let mut codes = grid.coded(grid.code(&states), self.samples);
        let Some(step) = step else { return codes };
        self.engine.store(Place { start: step * hidden, ..self.place }, &mut codes);
        for (sample, state) in codes.codes.data().chunks_exact(hidden).enumerate() {
            self.states[(sample * steps + step) * hidden..][..hidden].copy_from_slice(state);
        }
        codes
    }

    fn reals(&self, codes: &Codes) -> Vec<f32> {
        Held::Codes(codes.clone()).reals().into_owned()
    }

    fn multiply(&mut self, codes: &Codes) -> Vec<f32> {
        let (layer, own) = (&self.quantized.layers[self.layer], &self.quantized.weights[self.layer]);
        let sums = self.engine.contract(layer, codes, own);
        let factors = own.scales.iter().map(|scale| codes.scale * scale).collect();
        let constants = self.quantized.biases[self.layer].clone();
        Held::Sums(Scaled { sums, factors, constants, positions: 1 }).reals().into_owned()
    }
}

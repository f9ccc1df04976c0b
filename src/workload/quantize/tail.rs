//! What becomes of the sums of a contraction until they are codes, some samples after the other: sums of a whole batch leave
//! the caches, so that to write and read them takes longer than to make them.

use std::sync::Arc;

use super::Quantized;
use super::grid::Grid;
use super::held::{Held, Then};
use super::run::add_biases;
use crate::workload::engine::{Engine, Origin};
use crate::workload::op::Op;

/// The steps behind a contraction that do the same with every element, up to a value that is put on a grid.
struct Tail<'a> {
    /// That value.
    value: usize,
    steps: Vec<Then>,
    grid: &'a Grid,
}

impl Quantized {
    /// The codes at the end of a contraction's tail, made of one part of the batch after the other, and which value they are; `None`
    /// where it has no such tail, or a sum needs more than its own sample and one scale to be a number.
    pub(super) fn by_parts(
        &self,
        engine: &dyn Engine,
        (step, at): (usize, usize),
        values: &[Arc<Held>],
        (samples, first_sample): (usize, usize),
    ) -> Option<(usize, Arc<Held>)> {
        let (layer, input) = (&self.layers[at], &values[self.network.steps[step].inputs[0]]);
        let plain = input.wide().is_none() && input.tokens().is_none() && self.groups_of(at).is_none();
        let tail = self.tail(step, values).filter(|_| plain && layer.weights == Origin::Stored)?;
        let mut codes = Vec::with_capacity(samples * layer.geometry.outputs_per_sample());
        let mut scaled = self.with_scales(at, input.codes(), vec![]);
        engine.contract_by_parts(layer, input.codes(), &self.weights[at], &mut |sums| {
            if let Some(biases) = &self.whole_biases[at] {
                add_biases(sums, biases, layer.geometry.positions());
            }
            std::mem::swap(sums, &mut scaled.sums);
            scaled.code_onto(&tail.steps, tail.grid, &mut codes);
            std::mem::swap(sums, &mut scaled.sums);
        });
        let mut codes = tail.grid.coded(codes, samples);
        self.store(engine, tail.value, &mut codes, first_sample);
        Some((tail.value, Arc::new(Held::Codes(codes))))
    }

    /// The tail of a step, where nothing else reads what it gives, and all is there that is added to it.
    fn tail(&self, step: usize, values: &[Arc<Held>]) -> Option<Tail<'_>> {
        let (mut value, mut steps) = (step + 1, vec![]);
        while self.grids[value].is_none() {
            let next = self.network.steps.get(value).filter(|_| self.waits(value))?;
            steps.push(match (&next.op, &next.inputs[..]) {
                (Op::Clip(low, high), &[of]) if of == value => Then::Clip(*low, *high),
                (Op::Add, &[one, other]) | (Op::Add, &[other, one]) if one == value && other <= step => {
                    Then::Add(values[other].clone())
                }
                _ => return None,
            });
            value += 1;
        }
        let grid = self.grids[value].as_ref().filter(|grid| !grid.is_wide())?;
        let alike =
            self.rotations[value].is_none() && self.tokens[value].is_none() && self.layouts[value].is_none();
        let turned = |then: &Then| matches!(then, Then::Add(held) if matches!(**held, Held::Turned(..)));
        (alike && !steps.iter().any(turned)).then_some(Tail { value, steps, grid })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Quantized, Scheme};
    use super::*;
    use crate::config::{Quantize, Rounding};
    use crate::kernel::Geometry;
    use crate::rng::uniform_at;
    use crate::tensor::Tensor;
    use crate::workload::Form;
    use crate::workload::engine::{Codes, Exact, Layer, Place, Take, Weights};
    use crate::workload::network::Network;
    use crate::workload::op::Contraction;
    use crate::workload::tests::network;

    /// Has all samples as one part.
    struct Whole;

    impl Engine for Whole {
        fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
            Exact.contract(layer, input, weights)
        }

        fn store(&self, _: Place, _: &mut Codes) {}
    }

    /// Counts parts, and leaves other numbers in their room.
    struct Parts(std::sync::Mutex<Vec<usize>>);

    impl Engine for Parts {
        fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
            Exact.contract(layer, input, weights)
        }

        fn contract_by_parts(&self, layer: &Layer, input: &Codes, weights: &Weights, take: Take<'_>) {
            let mut parts = 0;
            Exact.contract_by_parts(layer, input, weights, &mut |sums| {
                take(sums);
                sums.fill(1 << 20);
                parts += 1;
            });
            self.0.lock().unwrap().push(parts);
        }

        fn store(&self, _: Place, _: &mut Codes) {}
    }

    const SIDE: usize = 40;

    /// A contraction with a bound behind it, one that its result is added to, and one whose sums are the answer.
    fn residual() -> Network {
        let geometry = Geometry {
            in_height: SIDE,
            in_width: SIDE,
            kernel: [3; 2],
            pads: [1; 4],
            ..Geometry::dense(2, 2)
        };
        let contract = |seed: u64, geometry: Geometry| {
            let weight = |at| uniform_at(seed, at) as f32 - 0.5;
            Op::Contract(Contraction {
                geometry,
                weights: (0..geometry.weights() as u64).map(weight).collect(),
                bias: vec![0.3, -0.2],
                scales: None,
                form: Form::Image,
            })
        };
        let plain = Geometry { kernel: [1; 2], pads: [0; 4], ..geometry };
        let ops = vec![
            (contract(1, geometry), vec![0]),
            (Op::Clip(0.0, 0.9), vec![1]),
            (contract(2, geometry), vec![2]),
            (Op::Add, vec![2, 3]),
            (Op::Clip(0.0, f32::INFINITY), vec![4]),
            (contract(3, plain), vec![5]),
        ];
        network(ops, vec![vec![2, SIDE, SIDE]; 7])
    }

    fn images(count: usize) -> Tensor<f32> {
        let pixels = (0..count * 2 * SIDE * SIDE).map(|at| (uniform_at(9, at as u64) * 2.0 - 1.0) as f32);
        Tensor::new([count, 2, SIDE, SIDE], pixels.collect()).unwrap()
    }

    #[test]
    fn samples_by_parts_give_what_a_batch_does() {
        let (network, images) = (residual(), images(5));
        for (scheme, rounding) in
            [(Scheme::Affine, Rounding::HalfEven), (Scheme::Symmetric, Rounding::HalfAway)]
        {
            let settings = Quantize { rounding, ..Quantize::default() };
            let quantized = Quantized::calibrate(&network, &settings, scheme, &images).unwrap();
            let parts = Parts(Default::default());
            let [whole, apart] =
                [&Whole as &dyn Engine, &parts].map(|engine| quantized.run(engine, &images, 0).unwrap());
            assert_eq!(whole, apart);
            // The last one has no tail.
            assert_eq!(*parts.0.lock().unwrap(), [3, 3]);
            let alone = (0..5).map(|at| {
                let image = images.data().chunks_exact(2 * SIDE * SIDE).nth(at).unwrap().to_vec();
                quantized.run(&Whole, &Tensor::new([1, 2, SIDE, SIDE], image).unwrap(), at).unwrap()
            });
            let alone: Vec<f32> = alone.flat_map(|answers| answers[0].data().to_vec()).collect();
            assert_eq!(whole[0].data(), alone);
        }
    }

    /// Whole numbers of a sum's step in place of the biases that they stand for.
    #[test]
    fn whole_biases_are_added_to_sums_before_they_are_codes() {
        let (network, images) = (residual(), images(2));
        let quantized =
            Quantized::calibrate(&network, &Quantize::default(), Scheme::Affine, &images).unwrap();
        let answer =
            |quantized: &Quantized| quantized.run(&Exact, &images, 0).unwrap().remove(0).data().to_vec();
        let whole = |at: usize| {
            let steps =
                quantized.weights[at].scales.iter().map(|scale| scale * quantized.input_grid(at).scale);
            let biases = steps.zip(&*quantized.biases[at]).map(|(step, bias)| (bias / step).round() as i32);
            Some(biases.collect())
        };
        let whole_biases = (0..3).map(whole).collect();
        let biases = vec![vec![0.0; 2].into(); 3].into();
        let found = answer(&Quantized { whole_biases, biases, ..quantized.clone() });
        let expected = answer(&quantized);
        // Now and then a code is another one.
        let error = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
        let mean = error.sum::<f32>() / found.len() as f32;
        assert!(mean < 1e-3, "{mean}");
    }
}

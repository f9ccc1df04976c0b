//! Running a network step by step, in single precision or on whatever its callers make of contractions.

use super::{Network, Output, Step};
use crate::tensor::Tensor;
use crate::workload::float;
use crate::workload::lower::ModelError;
use crate::workload::op::Op;
use crate::workload::recurrent::Float;

impl Network {
    /// Runs the network with `contract` for its contractions; `put` turns every result into the value that is kept.
    ///
    /// `contract(layer, step, inputs)` returns the layer's real outputs; all other operators read what was kept.
    pub(in crate::workload) fn execute(
        &self,
        batch: &Tensor<f32>,
        mut contract: impl FnMut(usize, &Step, &[&Vec<f32>]) -> Vec<f32>,
        mut put: impl FnMut(usize, Vec<f32>) -> Vec<f32>,
    ) -> Result<Vec<Tensor<f32>>, ModelError> {
        self.fits(batch)?;
        let samples = batch.shape()[0];
        let values = vec![put(0, batch.data().to_vec())];
        let make = |at: usize, layer: Option<usize>, values: &[Vec<f32>]| {
            let step = &self.steps[at];
            let inputs = &step.values(values);
            let out = match layer {
                Some(layer) => contract(layer, step, inputs),
                None => {
                    per_sample(&step.op, samples, &inputs.iter().map(|&data| &data[..]).collect::<Vec<_>>())?
                }
            };
            Ok((at + 1, put(at + 1, out)))
        };
        let values = self.proceed(values, make, |_, _| {})?;
        Ok(self.answers(samples, |value| values[value].clone()))
    }

    /// Whether samples have the shape that the network reads.
    pub(in crate::workload) fn fits(&self, batch: &Tensor<f32>) -> Result<(), ModelError> {
        let found = batch.shape().get(1..).unwrap_or_default().to_vec();
        let step = self.time.is_some() && found == self.shapes[0];
        if found == self.sample || step {
            Ok(())
        } else {
            Err(ModelError::Input { expected: self.sample.clone(), found })
        }
    }

    /// Goes on from the values that are there, the input's at least, to those that are outputs; the others are freed as
    /// soon as nothing reads them any more.
    ///
    /// `make(step, layer, values)` makes the value of a step, `layer` being its place among the contractions if it is one, or a
    /// later value, where those between are of no use to others; it tells which.
    /// `reach` is told of every contraction that is reached, with all values before it.
    pub(in crate::workload) fn proceed<V: Default>(
        &self,
        mut values: Vec<V>,
        mut make: impl FnMut(usize, Option<usize>, &[V]) -> Result<(usize, V), ModelError>,
        mut reach: impl FnMut(usize, &[V]),
    ) -> Result<Vec<V>, ModelError> {
        let done = values.len() - 1;
        let mut layers = self.steps[..done].iter().filter(|step| step.op.contraction().is_some()).count();
        while let Some(step) = self.steps.get(values.len() - 1) {
            let at = values.len() - 1;
            let layer = step.op.contraction().map(|_| layers);
            if let Some(layer) = layer {
                reach(layer, &values);
                layers += 1;
            }
            let (value, made) = make(at, layer, &values)?;
            values.resize_with(value, V::default);
            values.push(made);
            (at..value).for_each(|step| self.release(step, &mut values));
        }
        Ok(values)
    }

    /// Every output, [samples, …] each.
    pub(in crate::workload) fn answers(
        &self,
        samples: usize,
        reals: impl Fn(usize) -> Vec<f32>,
    ) -> Vec<Tensor<f32>> {
        let answer = |(_, value): &Output| {
            let shape = [&[samples], &self.shapes[*value][..]].concat();
            Tensor::new(shape, reals(*value)).expect("every step keeps its shape")
        };
        self.outputs.iter().map(answer).collect()
    }

    /// Frees values that no later step reads.
    fn release<V: Default>(&self, done: usize, values: &mut [V]) {
        for &value in &self.steps[done].inputs {
            let later = self.steps[done + 1..].iter().any(|step| step.inputs.contains(&value));
            if !later && !self.is_output(value) {
                values[value] = V::default();
            }
        }
    }

    /// Runs in single precision: [n, …] → for each of [`Network::outputs`] [n, …].
    ///
    /// # Errors
    /// [`ModelError::Input`] when the samples have another shape.
    pub fn run(&self, batch: &Tensor<f32>) -> Result<Vec<Tensor<f32>>, ModelError> {
        self.observe(batch, |_, _| {})
    }

    /// Like [`Network::run`], showing every value to `see`.
    pub(in crate::workload) fn observe(
        &self,
        batch: &Tensor<f32>,
        mut see: impl FnMut(usize, &[f32]),
    ) -> Result<Vec<Tensor<f32>>, ModelError> {
        match self.time(batch) {
            Some(time) => time.run(batch, |step| self.observe_once(step, &mut see)),
            None => self.observe_once(batch, &mut see),
        }
    }

    fn observe_once(
        &self,
        batch: &Tensor<f32>,
        see: &mut dyn FnMut(usize, &[f32]),
    ) -> Result<Vec<Tensor<f32>>, ModelError> {
        let samples = batch.shape().first().copied().unwrap_or(0);
        let contract = |_, step: &Step, inputs: &[&Vec<f32>]| match &step.op {
            Op::Contract(contraction) => float::contract(contraction, samples, inputs[0]),
            Op::Product(geometry) => float::product(geometry, inputs[0], inputs[1]),
            Op::Recurrent(cell) => {
                let read = <[f32]>::to_vec;
                cell.run(samples, inputs[0], &mut Float { contraction: &cell.contraction, samples, read })
            }
            _ => unreachable!("only contractions are contracted"),
        };
        let keep = |value, data: Vec<f32>| {
            see(value, &data);
            data
        };
        self.execute(batch, contract, keep)
    }
}

/// Applies any operator but a contraction to samples that are one after the other.
pub(in crate::workload) fn per_sample(
    op: &Op,
    samples: usize,
    inputs: &[&[f32]],
) -> Result<Vec<f32>, ModelError> {
    if matches!(op, Op::Clip(..) | Op::Add | Op::Reshape) {
        // These treat every element alike, so the batch is one long sample.
        return op.apply(inputs);
    }
    let slice = |sample: usize, data: &[f32]| {
        let size = data.len() / samples.max(1);
        sample * size..(sample + 1) * size
    };
    let sample = |at: usize| op.apply(&inputs.iter().map(|data| &data[slice(at, data)]).collect::<Vec<_>>());
    let mut out = Vec::new();
    for at in 0..samples {
        out.extend(sample(at)?);
    }
    Ok(out)
}

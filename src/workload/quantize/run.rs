//! Running a quantised network on an engine.

use std::cell::RefCell;
use std::sync::Arc;

use super::asking::Asking;
use super::group::Shifted;
use super::held::{Grouped, Held, Scaled, of_places};
use super::{Checkpoint, Grid, Quantized, Start};
use crate::tensor::Tensor;
use crate::workload::Codes;
use crate::workload::engine::{Engine, Origin, Place, Weights};
use crate::workload::lower::ModelError;
use crate::workload::network::per_sample;
use crate::workload::op::Op;

impl Quantized {
    /// Runs on an engine: [n, …] → for each output of the network [n, …].
    ///
    /// # Errors
    /// [`ModelError::Input`] when the samples have another shape.
    pub fn run(
        &self,
        engine: &dyn Engine,
        batch: &Tensor<f32>,
        first_sample: usize,
    ) -> Result<Vec<Tensor<f32>>, ModelError> {
        self.run_from(engine, Start::Input(batch), first_sample, &mut |_, _| {})
    }

    /// As [`Quantized::run`] from the input, or from what another run had put away when it reached a layer.
    ///
    /// `reach` is told of every layer that is reached and may ask for what is put away there. What comes out is the same
    /// bit for bit, as long as the other run's layers before that one and all that was put away before were the same.
    ///
    /// # Errors
    /// [`ModelError::Input`] when the samples have another shape.
    pub fn run_from(
        &self,
        engine: &dyn Engine,
        start: Start<'_>,
        first_sample: usize,
        reach: &mut dyn FnMut(usize, &dyn Fn() -> Checkpoint),
    ) -> Result<Vec<Tensor<f32>>, ModelError> {
        if let Start::Input(batch) = start
            && let Some(time) = self.network.time(batch)
        {
            // What one step puts away says nothing of the states that the next one meets.
            return time
                .run(batch, |step| self.once(engine, Start::Input(step), first_sample, &mut |_, _| {}));
        }
        self.once(engine, start, first_sample, reach)
    }

    /// One run through all layers.
    fn once(
        &self,
        engine: &dyn Engine,
        start: Start<'_>,
        first_sample: usize,
        reach: &mut dyn FnMut(usize, &dyn Fn() -> Checkpoint),
    ) -> Result<Vec<Tensor<f32>>, ModelError> {
        let samples = match start {
            Start::Input(batch) => batch.shape().first().copied().unwrap_or(0),
            Start::Layer(checkpoint) => checkpoint.samples,
        };
        let asking = RefCell::new(None);
        let make = |at: usize, layer: Option<usize>, values: &[Arc<Held>]| {
            let inputs = &self.network.steps[at].values(values);
            if let (Op::Recurrent(cell), Some(layer)) = (&self.network.steps[at].op, layer) {
                let place = Place { value: at + 1, first_sample, start: 0 };
                let products = inputs[0].reals();
                let made = self.recur(engine, (cell, layer), &products, (place, samples));
                return Ok((at + 1, Arc::new(made)));
            }
            if let Some(layer) = layer.filter(|_| asking.borrow().is_none())
                && let Some(made) = self.by_parts(engine, (at, layer), values, (samples, first_sample))
            {
                return Ok(made);
            }
            let made = match layer {
                Some(layer) => match self.groups_of(layer) {
                    Some(groups) => Held::Reals(self.contract_groups(engine, layer, inputs, &groups)),
                    None => self.scaled(layer, inputs[0], self.sums((engine, asking.take()), layer, inputs)),
                },
                None => self.apply(at, samples, inputs)?,
            };
            Ok((at + 1, self.put(engine, at + 1, made, (samples, first_sample))))
        };
        let values = match start {
            Start::Input(batch) => {
                self.network.fits(batch)?;
                let input = Held::Reals(batch.data().to_vec());
                vec![self.put(engine, 0, input, (samples, first_sample))]
            }
            Start::Layer(checkpoint) => checkpoint.values.clone(),
        };
        let reach = |layer: usize, values: &[Arc<Held>]| {
            asking.replace(self.asking(layer, values));
            reach(layer, &|| Checkpoint::of(samples, values));
        };
        let values = self.network.proceed(values, make, reach)?;
        Ok(self.network.answers(samples, |value| values[value].reals().into_owned()))
    }

    /// The samples that ask the expert of a layer; none where all run through it.
    fn asking(&self, layer: usize, values: &[Arc<Held>]) -> Option<Asking> {
        let (expert, gates) = (self.experts[layer]?, self.network.gates_value()?);
        let gates = values[gates].reals();
        let rows = gates.chunks_exact(self.network.expert_count());
        Asking::of(&rows.map(|gates| gates[expert] != 0.0).collect::<Vec<_>>())
    }

    /// What a contraction makes of its inputs for the samples that ask for it, bias and scales to be applied.
    fn sums(
        &self,
        (engine, asking): (&dyn Engine, Option<Asking>),
        at: usize,
        inputs: &[&Arc<Held>],
    ) -> Scaled {
        let (layer, own) = (&self.layers[at], &self.weights[at]);
        let input = inputs[0].codes();
        let mut sums = match (layer.weights, asking) {
            (Origin::Stored, None) => engine.contract(layer, input, own),
            (Origin::Stored, Some(asking)) => {
                asking.among_all(&engine.contract(layer, &asking.of_codes(input), own))
            }
            (Origin::Computed, _) if input.codes.shape()[0] == 0 => vec![],
            (Origin::Computed, _) => {
                let weights = Weights { codes: inputs[1].codes().codes.data().to_vec(), ..own.clone() };
                engine.contract(layer, input, &weights)
            }
        };
        if let Some(biases) = &self.whole_biases[at] {
            add_biases(&mut sums, biases, layer.geometry.positions());
        }
        self.with_scales(at, input, sums)
    }

    /// The sums of a layer with what makes real values of them.
    pub(super) fn with_scales(&self, at: usize, input: &Codes, sums: Vec<i32>) -> Scaled {
        let factors = self.weights[at].scales.iter().map(|scale| input.scale * scale).collect();
        let positions = self.layers[at].geometry.positions();
        Scaled { sums, factors, constants: self.biases[at].clone(), positions }
    }

    /// Sums of which each channel has a factor, and where tokens have scales each place another one.
    fn scaled(&self, layer: usize, input: &Held, sums: Scaled) -> Held {
        match input.tokens() {
            Some(tokens) => {
                let Scaled { sums, factors, constants, positions } = sums;
                let scales = tokens.of_outputs(&self.layers[layer].geometry);
                let of_channels = (&factors[..], &constants[..]);
                Held::Reals(of_places((&sums, |sum| sum as f32), of_channels, positions, Some(&scales)))
            }
            None => Held::Sums(sums),
        }
    }

    /// What another operator makes of its inputs: what it does with single elements waits until they are read.
    fn apply(&self, at: usize, samples: usize, inputs: &[&Arc<Held>]) -> Result<Held, ModelError> {
        let op = &self.network.steps[at].op;
        Ok(match op {
            Op::Clip(low, high) => Held::Clipped(alone(inputs[0]), *low, *high),
            Op::Add => Held::Added(alone(inputs[0]), alone(inputs[1])),
            _ => {
                let reals: Vec<_> = inputs.iter().map(|held| held.reals()).collect();
                Held::Reals(per_sample(
                    op,
                    samples,
                    &reals.iter().map(|reals| &reals[..]).collect::<Vec<_>>(),
                )?)
            }
        })
    }

    /// Puts a value on its grid and away; without a grid, it waits if one step alone reads it, element by element.
    fn put(
        &self,
        engine: &dyn Engine,
        value: usize,
        made: Held,
        (samples, first_sample): (usize, usize),
    ) -> Arc<Held> {
        let Some(grid) = self.grids[value] else {
            return Arc::new(if self.waits(value) { made } else { made.settled() });
        };
        let made = match self.rotations[value] {
            Some(rotation) => Held::Reals(rotation.turn(&made.reals())),
            None => made,
        };
        let held = if grid.is_wide() {
            Held::Wide(made.wide_on(&grid, samples))
        } else {
            self.put_narrow(engine, (value, &grid), &made, (samples, first_sample))
        };
        Arc::new(match self.rotations[value] {
            Some(rotation) => Held::Turned(Box::new(held), rotation),
            None => held,
        })
    }

    /// Puts a value on a grid of at most 8 bits and away.
    fn put_narrow(
        &self,
        engine: &dyn Engine,
        (value, grid): (usize, &Grid),
        made: &Held,
        (samples, first_sample): (usize, usize),
    ) -> Held {
        if let Some(layout) = self.tokens[value] {
            let (codes, scales) = layout.code(&made.reals());
            return Held::Tokens(layout.tokens(grid.coded(codes, samples), scales));
        }
        let (mut codes, grouped) = match self.layouts[value] {
            Some(layout) => {
                let reals = made.reals();
                let Shifted { codes, shifts } = layout.code(&reals, grid.scale);
                engine.grouped(value, &|| layout.used(&reals, &codes));
                (grid.coded(codes, samples), Some((shifts, layout)))
            }
            None => (made.codes_on(grid, samples), None),
        };
        self.store(engine, value, &mut codes, first_sample);
        match grouped {
            Some((shifts, layout)) => Held::Grouped(Grouped { codes, shifts, layout }),
            None => Held::Codes(codes),
        }
    }

    /// Puts a value away, if it is one that is.
    pub(super) fn store(&self, engine: &dyn Engine, value: usize, codes: &mut Codes, first_sample: usize) {
        if self.is_put_away(value) {
            engine.store(Place { value, first_sample, start: 0 }, codes);
        }
    }

    /// Whether one step alone reads a value, which does the same with every element.
    pub(super) fn waits(&self, value: usize) -> bool {
        let mut readers = self.network.readers(value);
        let only = readers.next().filter(|_| readers.next().is_none());
        !self.network.is_output(value) && only.is_some_and(|step| matches!(step.op, Op::Clip(..) | Op::Add))
    }

    /// Values that only stand under another shape or in another order, or are part of one, are not put away a second time.
    fn is_put_away(&self, value: usize) -> bool {
        value == 0 || !matches!(self.network.steps[value - 1].op, Op::Reshape | Op::Permute(_) | Op::Keep(_))
    }
}

/// Adds to sums [samples, channels, positions] those of each channel.
pub(super) fn add_biases(sums: &mut [i32], biases: &[i32], positions: usize) {
    for (at, sums) in sums.chunks_exact_mut(positions).enumerate() {
        let bias = biases[at % biases.len()];
        sums.iter_mut().for_each(|sum| *sum = sum.wrapping_add(bias));
    }
}

/// The same value as one whose elements are read one by one.
fn alone(held: &Arc<Held>) -> Arc<Held> {
    match **held {
        Held::Turned(..) => Arc::new(Held::Reals(held.reals().into_owned())),
        _ => held.clone(),
    }
}

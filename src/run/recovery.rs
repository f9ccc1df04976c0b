//! Recovery without training: each layer chooses, on the calibration samples, what brings its outputs nearest to exact ones.
//!
//! Layers choose in the order of the network, on what the layers before, already recovered, make of the samples. What a
//! layer does about it is compared by the squared error of its outputs in real units, against exact products of its own
//! weights with the same activations. To do nothing is always among the candidates, so no layer is worse off on these samples.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use super::hardware::Hardware;
use super::outcome::Recovered;
use crate::config::Measure;
use crate::kernel::{CODES, Counts, Histograms, Products};
use crate::tensor::Tensor;
use crate::workload::{Codes, Engine, Exact, Layer, ModelError, Network, Origin, Place, Quantized, Weights};

mod correction;
mod remap;

use correction::Correction;
use remap::{Activations, Goal, remap};

/// Samples that are summed together.
const BATCH: usize = 16;
/// Elements of the largest activation of all samples that layers choose on: their sums are held for some candidates at once.
const ELEMENTS: usize = 1 << 24;

/// A network with what its layers do about the errors of products.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The network, with the weight codes that hardware holds.
    pub network: Arc<Quantized>,
    /// What each layer does; empty where nothing was asked for.
    pub layers: Vec<LayerPlan>,
}

/// What one layer does.
#[derive(Debug, Clone)]
pub(super) struct LayerPlan {
    /// What was chosen, in figures.
    pub chosen: Recovered,
    /// The weights that products are meant to be of, where others were put in their place.
    pub meant: Option<Weights>,
    /// The products of swapped operands, where they are swapped.
    pub swapped: Option<Products>,
    /// What is done to the sums.
    pub correction: Option<Correction>,
}

/// What layers choose among.
#[derive(Clone, Copy)]
pub(super) struct Options<'a> {
    /// Sums products, and keeps tensors as they are.
    pub hardware: &'a Hardware<'a>,
    /// What may be done.
    pub measures: &'a [Measure],
    /// Per layer the products of swapped operands; none where those are the same. Empty where they may not be swapped.
    pub swapped: &'a [Option<Products>],
}

impl Plan {
    /// Nothing is done.
    pub(super) fn none(network: Arc<Quantized>) -> Self {
        Self { network, layers: vec![] }
    }

    /// On how many calibration samples layers choose at most, so that what they hold is bounded whatever the network.
    pub(super) fn most_samples(network: &Network) -> usize {
        (ELEMENTS / network.largest().max(1)).max(1)
    }

    /// Lets every layer choose on calibration samples.
    ///
    /// # Errors
    /// [`ModelError::Input`] when the samples have another shape.
    pub(super) fn choose(
        network: &Quantized,
        options: Options<'_>,
        samples: &Tensor<f32>,
    ) -> Result<Self, ModelError> {
        let choice = Choice { options, found: Mutex::default() };
        network.run(&choice, samples, 0)?;
        let found = choice.found.into_inner().expect("no layer panicked while it chose");
        let (weights, layers) = found.into_iter().unzip();
        Ok(Self { network: Arc::new(network.with_weights(weights)), layers })
    }
}

/// An engine on which every layer tries its candidates and goes on with the best.
struct Choice<'a> {
    options: Options<'a>,
    found: Mutex<Vec<(Weights, LayerPlan)>>,
}

impl Engine for Choice<'_> {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let trial = Trial::new(self.options, layer, input, weights);
        let (best, before) = trial.best();
        let changed = best.weights.codes.iter().zip(&weights.codes).filter(|(new, old)| new != old).count();
        let swapped = best.swapped().then(|| best.products.clone());
        let chosen = Recovered {
            measures: best.measures,
            samples: input.codes.shape()[0],
            weights_changed: changed,
            error_before: trial.relative(before),
            error_after: trial.relative(best.error),
        };
        let meant = (changed > 0).then(|| weights.clone());
        // What is computed is computed again for every sample.
        let held = match layer.weights {
            Origin::Stored => best.weights,
            Origin::Computed => Weights { codes: vec![], ..best.weights },
        };
        let plan = LayerPlan { chosen, meant, swapped, correction: best.correction };
        self.found.lock().expect("no layer panicked while it chose").push((held, plan));
        best.sums
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

/// One layer on the calibration samples.
struct Trial<'a> {
    options: Options<'a>,
    layer: &'a Layer,
    weights: &'a Weights,
    /// The activations, some samples each.
    batches: Vec<Codes>,
    exact: Vec<i32>,
}

/// One way to go on, and what it gives.
struct Candidate<'a> {
    measures: Vec<Measure>,
    products: &'a Products,
    weights: Weights,
    correction: Option<Correction>,
    sums: Vec<i32>,
    /// Sum of squared errors of the outputs, in real units over the scale of the activations.
    error: f64,
}

impl Candidate<'_> {
    fn swapped(&self) -> bool {
        self.measures.contains(&Measure::Swap)
    }
}

impl<'a> Trial<'a> {
    fn new(options: Options<'a>, layer: &'a Layer, input: &Codes, weights: &'a Weights) -> Self {
        let size = layer.geometry.inputs_per_sample();
        let batch = |codes: &[u8]| {
            let codes = Tensor::new([codes.len() / size, size], codes.to_vec()).expect("whole samples");
            Codes { codes, ..*input }
        };
        let batches: Vec<Codes> = input.codes.data().chunks(BATCH * size).map(batch).collect();
        let exact = sums(&batches, |at, input| Exact.contract(layer, input, &own(layer, weights, at)));
        Self { options, layer, weights, batches, exact }
    }

    /// The candidate of least error, the simplest of equals, and the error where nothing is done.
    fn best(&self) -> (Candidate<'a>, f64) {
        let own = self.options.hardware.products(self.layer);
        let mut best = self.candidate(own, self.weights.clone(), vec![]);
        let before = best.error;
        if before == 0.0 {
            return (best, before);
        }
        let keep =
            |best: Candidate<'a>, other: Candidate<'a>| if other.error < best.error { other } else { best };
        for (measures, products) in self.products() {
            for (measures, weights) in self.weights_tried(measures, products) {
                let plain = self.candidate(products, weights, measures);
                let corrected = self.corrected(&plain);
                best = corrected.into_iter().fold(keep(best, plain), keep);
            }
        }
        (best, before)
    }

    /// The layer's own weights and, where asked for, others in their place, each with what it takes.
    fn weights_tried(&self, measures: Vec<Measure>, products: &Products) -> Vec<(Vec<Measure>, Weights)> {
        let mut tried = vec![(measures.clone(), self.weights.clone())];
        // Codes of stored weights are others before the run; computed ones would have to pass a table.
        let stored = self.layer.weights == Origin::Stored;
        if stored && self.options.measures.contains(&Measure::Remap) {
            let measures = [measures, vec![Measure::Remap]].concat();
            tried.extend(self.remapped(products).map(|weights| (measures.clone(), weights)));
        }
        tried
    }

    /// The layer's own products and those of swapped operands, each with what it takes.
    fn products(&self) -> Vec<(Vec<Measure>, &'a Products)> {
        let own = self.options.hardware.products(self.layer);
        let swapped = self.options.swapped.get(self.layer.index).and_then(Option::as_ref);
        let swapped = swapped.map(|products| (vec![Measure::Swap], products));
        [(vec![], own)].into_iter().chain(swapped).collect()
    }

    fn candidate(&self, products: &'a Products, weights: Weights, measures: Vec<Measure>) -> Candidate<'a> {
        let sum = |at: usize, input: &Codes| {
            self.options.hardware.sums_of(self.layer, input, &own(self.layer, &weights, at), products)
        };
        let sums = sums(&self.batches, sum);
        let error = self.error(|at| f64::from(sums[at]) - f64::from(self.exact[at]));
        Candidate { measures, products, weights, correction: None, sums, error }
    }

    /// The same with its sums corrected in every way asked for.
    fn corrected(&self, plain: &Candidate<'a>) -> Vec<Candidate<'a>> {
        let geometry = &self.layer.geometry;
        let fit = |&measure: &Measure| {
            let correction = match measure {
                Measure::Swap | Measure::Remap => return None,
                Measure::Bias => Correction::bias(geometry, &plain.sums, &self.exact),
                Measure::Affine => Correction::affine(geometry, &plain.sums, &self.exact),
            };
            let mut sums = plain.sums.clone();
            correction.apply(geometry, &mut sums);
            let error = self.error(|at| f64::from(sums[at]) - f64::from(self.exact[at]));
            let measures = plain.measures.iter().copied().chain([measure]).collect();
            Some(Candidate {
                measures,
                products: plain.products,
                weights: plain.weights.clone(),
                correction: Some(correction),
                sums,
                error,
            })
        };
        self.options.measures.iter().filter_map(fit).collect()
    }

    /// The weights in other codes, for either goal.
    fn remapped(&self, products: &Products) -> [Weights; 2] {
        let activations = Activations { counts: self.counts(), zero_point: self.batches[0].zero_point };
        [Goal::Square, Goal::Variance].map(|goal| {
            let zero = (self.weights.zero_point, self.weights.bits);
            let map = remap(&activations, products, zero, goal);
            let codes = self.weights.codes.iter().map(|&code| map[usize::from(code)]).collect();
            Weights { codes, ..self.weights.clone() }
        })
    }

    /// How often each activation code meets a weight.
    fn counts(&self) -> Counts {
        let count = |input: &Codes| Histograms::of(&self.layer.geometry, input.codes.data()).activations();
        let add = |one: Counts, other: Counts| std::array::from_fn(|code| one[code] + other[code]);
        self.batches.par_iter().map(count).reduce(|| [0; CODES], add)
    }

    /// Sum of squares of a figure per output, weighted as real outputs are scaled.
    fn error(&self, figure: impl Fn(usize) -> f64) -> f64 {
        let (positions, channels) = (self.layer.geometry.positions(), self.layer.geometry.out_channels);
        let scale = |at: usize| f64::from(self.weights.scales[at / positions % channels]);
        (0..self.exact.len()).map(|at| (scale(at) * figure(at)).powi(2)).sum()
    }

    /// Root mean square of an error over that of the exact outputs.
    fn relative(&self, error: f64) -> f64 {
        let size = self.error(|at| f64::from(self.exact[at]));
        if size == 0.0 { 0.0 } else { (error / size).sqrt() }
    }
}

/// Sums of all batches, in their order, each made of its place and its activations.
fn sums(batches: &[Codes], of: impl Fn(usize, &Codes) -> Vec<i32> + Send + Sync) -> Vec<i32> {
    batches.par_iter().enumerate().map(|(at, input)| of(at, input)).collect::<Vec<_>>().concat()
}

/// The weights of a batch: those of its samples where every sample has its own.
fn own<'w>(layer: &Layer, weights: &'w Weights, batch: usize) -> Cow<'w, Weights> {
    if layer.weights == Origin::Stored {
        return Cow::Borrowed(weights);
    }
    let mut batches = weights.codes.chunks(BATCH * layer.geometry.weights());
    let codes = batches.nth(batch).map_or(vec![], <[u8]>::to_vec);
    Cow::Owned(Weights { codes, ..weights.clone() })
}

#[cfg(test)]
mod tests;

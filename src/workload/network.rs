//! A network ready to run: steps in order, every shape known.

mod run;

use std::sync::Arc;

pub(super) use run::per_sample;

use super::engine::{Layer, Origin};
use super::form::Form;
use super::lower::{Leaving, ModelError, lower};
use super::op::{General, Op};
use super::time::Time;
use super::tokens::KeptTokens;
use super::value::Kind;
use crate::config::Ranking;
use crate::tensor::Tensor;

/// Samples that are run together at most.
const BATCH: usize = 64;
/// Elements of the largest activation of samples that are run together: what a thread needs is some such tensors.
const ELEMENTS: usize = 1 << 22;
/// The same of those that all threads run at a time, where each can have one sample.
const OF_THREADS: usize = 1 << 25;

/// One operator with the values it reads.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub name: String,
    pub op: Op,
    /// Value 0 is the input, value i + 1 the output of step i.
    pub inputs: Vec<usize>,
}

impl Step {
    /// What it reads of all values.
    pub fn values<'v, V>(&self, values: &'v [V]) -> Vec<&'v V> {
        self.inputs.iter().map(|&at| &values[at]).collect()
    }
}

/// A trained network.
#[derive(Debug, Clone)]
pub struct Network {
    sample: Vec<usize>,
    /// Shared by all networks that only what is beside them tells apart, as a quantised one has for every setup.
    pub(super) steps: Arc<Vec<Step>>,
    shapes: Vec<Vec<usize>>,
    kinds: Vec<Kind>,
    outputs: Vec<Output>,
    /// Names and sizes of the inputs beside the first, which lie behind it in a sample.
    states: Vec<(String, usize)>,
    time: Option<Time>,
    /// The place among the outputs of that which holds the gates of experts.
    pub(super) gates: Option<usize>,
}

/// A value that the network answers with, under its name in the model.
pub(super) type Output = (String, usize);

impl Network {
    pub(super) fn new(
        sample: Vec<usize>,
        steps: Vec<Step>,
        (shapes, kinds): (Vec<Vec<usize>>, Vec<Kind>),
        outputs: Vec<Output>,
    ) -> Self {
        let steps = Arc::new(steps);
        let mut network =
            Self { sample, steps, shapes, kinds, outputs, states: vec![], time: None, gates: None };
        network.prune();
        network.fold_channels();
        network
    }

    /// Reads an ONNX file with one input. Samples are run one by one, so a batch that the file fixes counts as 1.
    ///
    /// # Errors
    /// [`ModelError`], naming the node or value that is not supported or does not fit.
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, ModelError> {
        Self::leaving(bytes, None)
    }

    /// Reads an ONNX file with one input without the tokens that are to be left out.
    pub(super) fn leaving(bytes: &[u8], leaving: Option<Leaving>) -> Result<Self, ModelError> {
        let network = lower(bytes, leaving)?;
        if network.states.is_empty() {
            return Ok(network);
        }
        let what =
            format!("a graph with exactly one input is expected, this one has {}", network.states.len() + 1);
        Err(ModelError::NoNetwork(
            what + "; give all others a number, as in `workload.constants: {attention_mask: 1}`, or name those that are \
                    states in time",
        ))
    }

    /// Reads an ONNX file whose inputs beside the first are states, as one step of [`Network::in_time`].
    ///
    /// # Errors
    /// As for [`Network::from_onnx`].
    pub fn step_from_onnx(bytes: &[u8]) -> Result<Self, ModelError> {
        lower(bytes, None)
    }

    pub(super) fn with_states(mut self, states: Vec<(String, usize)>) -> Self {
        self.states = states;
        self
    }

    /// Names and sizes of states.
    pub(super) fn states(&self) -> impl Iterator<Item = (&str, usize)> {
        self.states.iter().map(|(name, size)| (&**name, *size))
    }

    pub(super) fn loop_over(&mut self, time: Time) {
        self.sample = time.sample().to_vec();
        self.time = Some(time);
    }

    /// The loop over time that samples of this shape ask for.
    pub(super) fn time(&self, batch: &Tensor<f32>) -> Option<&Time> {
        self.time.as_ref().filter(|_| batch.shape().get(1..) == Some(&self.sample))
    }

    /// How often every layer runs for a sample that leaves at the end.
    pub fn steps_in_time(&self) -> usize {
        self.time.as_ref().map_or(1, |time| time.sample()[0])
    }

    /// The same network for samples whose channels come first, [C, H, W], where it reads them last, [H, W, C].
    ///
    /// Any other network is returned as it is.
    #[must_use]
    pub fn channels_first(mut self) -> Self {
        let &[height, width, channels] = &self.sample[..] else {
            return self;
        };
        let pixel = |place: usize| (place % channels * height * width + place / channels) as u32;
        let order = Op::Permute((0..height * width * channels).map(pixel).collect());
        let steps = self.steps_mut();
        steps.iter_mut().flat_map(|step| &mut step.inputs).for_each(|value| *value += 1);
        steps.insert(0, Step { name: "input (channels last)".into(), op: order, inputs: vec![0] });
        self.sample = vec![channels, height, width];
        self.shapes.insert(0, self.sample.clone());
        self.kinds.insert(0, self.kinds[0]);
        self.outputs.iter_mut().for_each(|(_, value)| *value += 1);
        self
    }

    /// The same network for samples of another shape with the same elements in the same order.
    ///
    /// One for samples with more or fewer elements is returned as it is.
    #[must_use]
    pub fn reshaped(mut self, sample: &[usize]) -> Self {
        if sample.iter().product::<usize>() == self.sample.iter().product::<usize>() {
            self.sample = sample.to_vec();
            self.shapes[0] = sample.to_vec();
        }
        self
    }

    /// The same network with these outputs alone, in this order, and without the steps that no one of them needs.
    ///
    /// # Errors
    /// [`ModelError::NoOutput`], naming the outputs there are.
    pub fn only(mut self, names: &[&str]) -> Result<Self, ModelError> {
        let found = |name: &&str| {
            let output = self.outputs.iter().find(|(own, _)| own == name).cloned();
            let known = || self.outputs().iter().map(|(name, _)| name.to_string()).collect();
            output.ok_or_else(|| ModelError::NoOutput { name: name.to_string(), known: known() })
        };
        self.outputs = names.iter().map(found).collect::<Result<_, _>>()?;
        self.prune();
        Ok(self)
    }

    /// Puts value `other` in the place of value `at` wherever it is read or answered, and takes away what then leads to no
    /// output.
    pub(super) fn replace(&mut self, at: usize, other: usize) {
        let read = Arc::make_mut(&mut self.steps).iter_mut().flat_map(|step| &mut step.inputs);
        let answered = self.outputs.iter_mut().map(|(_, value)| value);
        read.chain(answered).filter(|value| **value == at).for_each(|value| *value = other);
        self.prune();
    }

    /// Takes steps away that lead to no output.
    fn prune(&mut self) {
        let mut needed = self.needed(self.outputs.iter().map(|(_, value)| *value));
        needed[0] = true;
        let kept: Vec<usize> = (0..needed.len()).filter(|&value| needed[value]).collect();
        let place = |value: &mut usize| *value = kept.binary_search(value).expect("what is needed is kept");
        let steps = self.steps_mut();
        let mut needs = needed[1..].iter();
        steps.retain(|_| *needs.next().expect("a value for each step"));
        steps.iter_mut().flat_map(|step| &mut step.inputs).for_each(place);
        self.shapes = kept.iter().map(|&value| std::mem::take(&mut self.shapes[value])).collect();
        self.kinds = kept.iter().map(|&value| self.kinds[value]).collect();
        self.outputs.iter_mut().map(|(_, value)| value).for_each(place);
    }

    /// For each value whether one of `values` is made from it, or is it.
    pub(super) fn needed(&self, values: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut needed = vec![false; self.steps.len() + 1];
        values.for_each(|value| needed[value] = true);
        for (at, step) in self.steps.iter().enumerate().rev() {
            if needed[at + 1] {
                step.inputs.iter().for_each(|&value| needed[value] = true);
            }
        }
        needed
    }

    /// How often each of [`Network::layers`] runs for a sample that comes to it: once a step in time, and in a recurrent cell
    /// that multiplies its state once an element of the sequence.
    pub fn runs(&self) -> Vec<usize> {
        let own = |step: &Step| if let Op::Recurrent(cell) = &step.op { cell.steps } else { 1 };
        self.contractions().map(|step| self.steps_in_time() * own(step)).collect()
    }

    /// Whether a layer runs more than once for a sample.
    pub fn repeats(&self) -> bool {
        self.runs().iter().any(|&runs| runs > 1)
    }

    /// Shape of one sample, for example [3, 32, 32].
    pub fn sample_shape(&self) -> &[usize] {
        &self.sample
    }

    /// Whether a sample is made of integers, as it is where a file begins with codes.
    pub fn takes_integers(&self) -> bool {
        !self.kinds[0].is_real()
    }

    /// Whether the model's file quantises values on their way.
    pub(crate) fn has_codes(&self) -> bool {
        let quantises = |step: &Step| match &step.op {
            Op::General(general) => general.node.kind == "QuantizeLinear",
            _ => false,
        };
        self.steps.iter().any(quantises)
    }

    /// Name and shape per sample of each output, in the order in which a run answers.
    pub fn outputs(&self) -> Vec<(&str, &[usize])> {
        // In time the others are states.
        let shown = if self.time.is_some() { 1 } else { self.outputs.len() };
        let outputs = self.outputs.iter().take(shown);
        outputs.map(|(name, value)| (&**name, &self.shapes[*value][..])).collect()
    }

    /// The value of an output, by its place.
    pub(super) fn output_value(&self, output: usize) -> usize {
        self.outputs[output].1
    }

    /// Whether a value is one that the network answers with.
    pub(super) fn is_output(&self, value: usize) -> bool {
        self.outputs.iter().any(|(_, own)| *own == value)
    }

    /// Elements of the largest value of a sample.
    pub fn largest(&self) -> usize {
        self.shapes.iter().map(|shape| shape.iter().product()).max().unwrap_or(0)
    }

    /// How many samples are run together, so that what they take is bounded whatever their size.
    pub fn together(&self) -> usize {
        (ELEMENTS / self.largest()).clamp(1, BATCH)
    }

    /// The same where what all threads take together is bounded as well: fewer samples in each of many threads.
    pub fn together_in(&self, threads: usize) -> usize {
        (OF_THREADS / (self.largest() * threads)).clamp(1, self.together())
    }

    /// For each of [`Network::layers`] whether an output, by its place, is made from it.
    ///
    /// # Panics
    /// When there is no such output.
    pub fn leads_to(&self, output: usize) -> Vec<bool> {
        let needed = self.needed([self.outputs[output].1].into_iter());
        let steps = self.steps.iter().zip(&needed[1..]);
        steps.filter(|(step, _)| step.op.contraction().is_some()).map(|(_, needed)| *needed).collect()
    }

    /// Where tokens are left out, and how many go on.
    pub fn kept_tokens(&self) -> Vec<KeptTokens> {
        let kept = |step: &Step| {
            let Op::Keep(keep) = &step.op else {
                return None;
            };
            let rows = match keep.by {
                Ranking::Attention => self.size(step.inputs[1]) / keep.tokens,
                Ranking::ClassAttention => self.size(step.inputs[1]) / keep.tokens / keep.tokens,
                Ranking::Random => 0,
            };
            let (after, scores) = (keep.after.clone(), rows * keep.tokens);
            Some(KeptTokens { after, tokens: keep.tokens, kept: keep.kept, scores })
        };
        self.steps.iter().filter_map(kept).collect()
    }

    /// The contractions in order.
    pub fn layers(&self) -> Vec<Layer> {
        let layer = |(index, step): (usize, &Step)| Layer {
            index,
            name: step.name.clone(),
            geometry: *step.op.contraction().expect("only contractions are layers"),
            weights: if matches!(step.op, Op::Product(_)) { Origin::Computed } else { Origin::Stored },
            form: if let Op::Contract(own) = &step.op { own.form } else { Form::Matrix },
            zeros: self.zeros(step.inputs[0]),
        };
        self.contractions().enumerate().map(layer).collect()
    }

    /// What the step that makes a value is called.
    pub(super) fn value_name(&self, value: usize) -> String {
        value.checked_sub(1).map_or("input".into(), |step| self.steps[step].name.clone())
    }

    /// Zeros that the step of a value puts into it.
    fn zeros(&self, value: usize) -> usize {
        match value.checked_sub(1).map(|step| &self.steps[step].op) {
            Some(Op::Arrange(places, fill)) if *fill == 0.0 => {
                places.iter().filter(|place| place.is_none()).count()
            }
            _ => 0,
        }
    }

    /// The steps that an array runs.
    pub(super) fn contractions(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.op.contraction().is_some())
    }

    /// The same with the values whose codes they multiply: that of a recurrent cell is its own.
    pub(super) fn multiplied(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.placed_contractions().map(|(at, step)| match &step.op {
            Op::Recurrent(_) => (at + 1, step),
            _ => (step.inputs[0], step),
        })
    }

    /// The same with their places among all steps.
    pub(super) fn placed_contractions(&self) -> impl Iterator<Item = (usize, &Step)> {
        self.steps.iter().enumerate().filter(|(_, step)| step.op.contraction().is_some())
    }

    /// Weights of a contraction, where they are stored.
    pub(super) fn weights(&self, layer: usize) -> Option<&[f32]> {
        self.contractions().nth(layer).and_then(|step| step.op.weighted()).map(|own| &own.weights[..])
    }

    /// The steps, to be changed; those of networks that share them stay as they are.
    pub(super) fn steps_mut(&mut self) -> &mut Vec<Step> {
        Arc::make_mut(&mut self.steps)
    }

    /// The same, to be changed.
    pub(super) fn weights_mut(&mut self, layer: usize) -> Option<&mut Vec<f32>> {
        let mut contractions = self.steps_mut().iter_mut().filter(|step| step.op.contraction().is_some());
        contractions.nth(layer).and_then(|step| step.op.weighted_mut()).map(|own| &mut own.weights)
    }

    /// Elements of value `at` of a sample.
    pub(super) fn size(&self, at: usize) -> usize {
        self.shapes[at].iter().product()
    }

    /// Gives value `at` another shape.
    pub(super) fn reshape(&mut self, at: usize, shape: impl FnOnce(&[usize]) -> Vec<usize>) {
        self.shapes[at] = shape(&self.shapes[at]);
    }

    /// Factors and constants of a contraction's output that nothing else reads become part of its weights and bias.
    fn fold_channels(&mut self) {
        let Self { steps, outputs, .. } = self;
        let steps = Arc::make_mut(steps);
        for at in 0..steps.len() {
            let Op::Affine(factors, constants, _) = &steps[at].op else {
                continue;
            };
            let (factors, constants, from) = (factors.clone(), constants.clone(), steps[at].inputs[0]);
            let readers = steps.iter().flat_map(|step| &step.inputs).filter(|&&value| value == from).count();
            let alone = readers == 1 && outputs.iter().all(|(_, value)| *value != from);
            if let Some(Op::Contract(contraction)) =
                from.checked_sub(1).filter(|_| alone).map(|step| &mut steps[step].op)
            {
                let depth = contraction.geometry.depth();
                for (filter, factor) in contraction.weights.chunks_mut(depth).zip(&factors) {
                    filter.iter_mut().for_each(|weight| *weight *= factor);
                }
                let scales = contraction.scales.iter_mut().flatten().zip(&factors);
                scales.for_each(|(scale, factor)| *scale *= factor.abs());
                let channels = contraction.bias.iter_mut().zip(factors).zip(constants);
                channels.for_each(|((bias, factor), constant)| *bias = *bias * factor + constant);
                steps[at].op = Op::Reshape;
            }
        }
    }

    /// For each value whether a contraction reads it, directly or through operators on reals.
    pub(super) fn lead_to_contractions(&self) -> Vec<bool> {
        let mut leads = vec![false; self.steps.len() + 1];
        for (at, step) in self.steps.iter().enumerate().rev() {
            if step.op.contraction().is_some() || leads[at + 1] {
                step.inputs.iter().for_each(|&value| leads[value] = self.kinds[value].is_real());
            }
        }
        // Several inputs side by side are no tensor of the model: each has codes of its own.
        leads[0] &= self.states.is_empty();
        leads
    }

    /// The values that are there when a layer is done and the next one starts, of which what follows reads or answers with.
    ///
    /// # Panics
    /// When the network has no such layer.
    pub(super) fn crossing(&self, layer: usize) -> Vec<usize> {
        let mut places = self.placed_contractions().map(|(at, _)| at).skip(layer);
        places.next().expect("the network has this layer");
        let next = places.next().unwrap_or(self.steps.len());
        let read = |value: &usize| {
            self.is_output(*value) || self.steps[next..].iter().any(|step| step.inputs.contains(value))
        };
        (0..=next).filter(read).collect()
    }

    /// The first node that multiplies and adds elsewhere than in a contraction.
    pub(super) fn beside(&self) -> Option<&General> {
        self.steps.iter().find_map(|step| match &step.op {
            Op::General(general) if general.contracts() => Some(&**general),
            _ => None,
        })
    }

    /// The steps that read value `at`.
    pub(super) fn readers(&self, at: usize) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.inputs.contains(&at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_fewer_where_they_are_large_and_where_threads_are_many() {
        let together = |pixels: usize| {
            let shapes = vec![vec![3, pixels], vec![3 * pixels]];
            let network = super::super::tests::network(vec![(Op::Reshape, vec![0])], shapes);
            (network.together(), [1, 8, 64, 1000].map(|threads| network.together_in(threads)))
        };
        assert_eq!(together(32 * 32), (64, [64, 64, 64, 10]));
        assert_eq!(together(224 * 224), (27, [27, 27, 3, 1]));
        assert_eq!(together(5000 * 5000), (1, [1; 4]));
    }
}

//! A network that is one step in time: states go in and out, samples are sequences.

use super::lower::ModelError;
use super::network::Network;
use crate::tensor::Tensor;

/// How inputs lie in a sample of one step, and which outputs go back into them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Time {
    steps: usize,
    /// Elements of the input.
    input: usize,
    /// For each state in the order of the inputs: its elements, and the place of the output that is its next value.
    states: Vec<(usize, usize)>,
}

impl Network {
    /// The same network as a loop over so many steps: the sample is a sequence of its first input, every other input is a
    /// state that starts at 0 and takes what an output gave the step before. The answer is the sum of the first output.
    ///
    /// `states` names an output for every input but the first.
    ///
    /// # Errors
    /// [`ModelError::State`], naming the state that has no output, or one of another size.
    pub fn in_time(mut self, steps: usize, states: &[(&str, &str)]) -> Result<Self, ModelError> {
        let fault = |name: &str, what: String| ModelError::State { name: name.into(), what };
        if let Some((name, _)) = states.iter().find(|(name, _)| self.states().all(|(own, _)| own != *name)) {
            let known: Vec<&str> = self.states().map(|(name, _)| name).collect();
            return Err(fault(
                name,
                format!("the model has no such input; beside the first it has {known:?}"),
            ));
        }
        let place = |(name, size): (&str, usize)| {
            let next = states.iter().find(|(own, _)| *own == name).map(|(_, next)| *next);
            let next = next.ok_or_else(|| fault(name, "name the output that is its next value".into()))?;
            let at = self.outputs().iter().position(|(own, _)| *own == next);
            let at = at.ok_or_else(|| fault(name, format!("the model has no output `{next}`")))?;
            match self.outputs()[at].1.iter().product::<usize>() {
                found if found == size => Ok((size, at)),
                found => Err(fault(name, format!("it has {size} elements, output `{next}` has {found}"))),
            }
        };
        let states = self.states().map(place).collect::<Result<Vec<_>, _>>()?;
        let input = self.sample_shape().iter().product::<usize>()
            - states.iter().map(|(size, _)| size).sum::<usize>();
        self.loop_over(Time { steps, input, states });
        Ok(self)
    }
}

impl Time {
    /// The shape of a sample: the input at every step.
    pub(super) fn sample(&self) -> [usize; 2] {
        [self.steps, self.input]
    }

    /// Runs all steps: `once` answers a batch of one step, its inputs side by side.
    pub(super) fn run(
        &self,
        batch: &Tensor<f32>,
        mut once: impl FnMut(&Tensor<f32>) -> Result<Vec<Tensor<f32>>, ModelError>,
    ) -> Result<Vec<Tensor<f32>>, ModelError> {
        let samples = batch.shape()[0];
        let mut states: Vec<Vec<f32>> =
            self.states.iter().map(|(size, _)| vec![0.0; samples * size]).collect();
        let mut sum: Option<Tensor<f32>> = None;
        for step in 0..self.steps {
            let mut answers = once(&self.packed(batch, step, &states))?;
            for (state, (_, at)) in states.iter_mut().zip(&self.states) {
                state.copy_from_slice(answers[*at].data());
            }
            let answer = answers.swap_remove(0);
            sum = Some(match sum {
                None => answer,
                Some(mut sum) => {
                    sum.data_mut().iter_mut().zip(answer.data()).for_each(|(sum, x)| *sum += x);
                    sum
                }
            });
        }
        Ok(sum.into_iter().collect())
    }

    /// What goes into a step: for each sample the input, then the states.
    fn packed(&self, batch: &Tensor<f32>, step: usize, states: &[Vec<f32>]) -> Tensor<f32> {
        let samples = batch.shape()[0];
        let mut data = vec![];
        for sample in 0..samples {
            data.extend(&batch.data()[(sample * self.steps + step) * self.input..][..self.input]);
            for (state, (size, _)) in states.iter().zip(&self.states) {
                data.extend(&state[sample * size..(sample + 1) * size]);
            }
        }
        Tensor::new([samples, data.len() / samples], data).expect("as many elements for every sample")
    }
}

//! A recurrent cell behind the products of its input: a contraction of the state before, step after step, and gates.

use super::float;
use super::op::Contraction;
use super::operator::Gates;

/// A cell along one direction of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recurrent {
    /// What the state before is multiplied by, with its bias.
    pub contraction: Contraction,
    pub gates: Gates,
    pub steps: usize,
    /// Whether the last step comes first.
    pub back: bool,
    /// The states `h` and `c` before the first step.
    pub start: [Vec<f64>; 2],
}

/// How states are held from one step to the next, and multiplied.
pub(super) trait Hold {
    /// What is held of the states of all samples.
    type Held;
    /// Puts states [samples, hidden] away: those of a step, or those before the first.
    fn put(&mut self, step: Option<usize>, states: Vec<f32>) -> Self::Held;
    /// The states that are held.
    fn reals(&self, held: &Self::Held) -> Vec<f32>;
    /// The sums [samples, rows] of what is held, biases included.
    fn multiply(&mut self, held: &Self::Held) -> Vec<f32>;
}

impl Recurrent {
    /// The states [samples, steps, hidden] that follow from products of the input [samples, rows, steps].
    pub fn run(&self, samples: usize, products: &[f32], hold: &mut impl Hold) -> Vec<f32> {
        let (rows, hidden) = (self.gates.rows(), self.gates.hidden());
        let [mut h, mut c] = [0, 1].map(|at| self.start[at].repeat(samples));
        let mut held = hold.put(None, narrow(&h));
        let mut states = vec![0.0; samples * self.steps * hidden];
        for done in 0..self.steps {
            let step = if self.back { self.steps - 1 - done } else { done };
            let sums = hold.multiply(&held);
            h = wide(&hold.reals(&held));
            for sample in 0..samples {
                let own = sample * hidden..(sample + 1) * hidden;
                let x: Vec<f32> =
                    (0..rows).map(|row| products[(sample * rows + row) * self.steps + step]).collect();
                let sums = [wide(&x), wide(&sums[sample * rows..][..rows])];
                self.advance(&sums, (&mut h[own.clone()], &mut c[own]));
            }
            held = hold.put(Some(step), narrow(&h));
            for (sample, state) in hold.reals(&held).chunks_exact(hidden).enumerate() {
                states[(sample * self.steps + step) * hidden..][..hidden].copy_from_slice(state);
            }
        }
        states
    }

    /// One step of one sample.
    fn advance(&self, [x, r]: &[Vec<f64>; 2], states: (&mut [f64], &mut [f64])) {
        let again = |_: &[f64]| unreachable!("a cell that multiplies its state twice is not lowered");
        self.gates.step([x, r], states, again).expect("only a second product can fail");
    }
}

fn narrow(reals: &[f64]) -> Vec<f32> {
    reals.iter().map(|&x| x as f32).collect()
}

fn wide(reals: &[f32]) -> Vec<f64> {
    reals.iter().map(|&x| f64::from(x)).collect()
}

/// States as they are, multiplied in single precision after `read` has seen them.
pub(super) struct Float<'a, R: FnMut(&[f32]) -> Vec<f32>> {
    pub contraction: &'a Contraction,
    pub samples: usize,
    /// What is multiplied in the place of states.
    pub read: R,
}

impl<R: FnMut(&[f32]) -> Vec<f32>> Hold for Float<'_, R> {
    type Held = Vec<f32>;

    fn put(&mut self, _: Option<usize>, states: Vec<f32>) -> Vec<f32> {
        states
    }

    fn reals(&self, held: &Vec<f32>) -> Vec<f32> {
        held.clone()
    }

    fn multiply(&mut self, held: &Vec<f32>) -> Vec<f32> {
        float::contract(self.contraction, self.samples, &(self.read)(held))
    }
}

//! What each value is put away as, if it is.
//!
//! What only operators on elements or rows read is on its way through them and stays real; so does what one of them hands to
//! a sum, a bound or a factor alone. All else that leads to a contraction is put away.

use crate::workload::network::{Network, Step};
use crate::workload::op::Op;

/// What a value is put away as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Activations,
    /// What contractions read as their weights alone.
    Weights,
}

/// What reads a value, other places apart.
#[derive(Clone, Copy)]
struct End<'a> {
    step: &'a Step,
    /// Whether it is read as the weights.
    weights: bool,
}

impl End<'_> {
    fn is_by_row(&self) -> bool {
        is_by_row(self.step) || is_recurrent(self.step)
    }

    fn is_pointwise(&self) -> bool {
        matches!(self.step.op, Op::Add | Op::Affine(..) | Op::Clip(..))
    }
}

fn is_by_row(step: &Step) -> bool {
    matches!(&step.op, Op::General(general) if general.is_by_row())
}

/// A recurrent cell adds what it reads to its own sums; what it gives, it multiplies.
fn is_recurrent(step: &Step) -> bool {
    matches!(step.op, Op::Recurrent(_))
}

/// The role of each value; none where it stays real.
pub(super) fn roles(network: &Network) -> Vec<Option<Role>> {
    let (leads, ends) = (network.lead_to_contractions(), ends(network));
    let made_by_row = made_by_row(network);
    let role = |value: usize| {
        if value > 0 && is_recurrent(&network.steps[value - 1]) {
            return Some(Role::Activations);
        }
        let ends = &ends[value];
        let passes = ends.iter().all(End::is_by_row)
            || made_by_row[value] && ends.len() == 1 && ends[0].is_pointwise()
            || is_only_clipped(network, value);
        let role = if ends.iter().all(|end| end.weights) { Role::Weights } else { Role::Activations };
        (leads[value] && (value == 0 || !passes)).then_some(role)
    };
    (0..ends.len()).map(role).collect()
}

/// What reads each value in the end: through steps that give elements other places.
fn ends(network: &Network) -> Vec<Vec<End<'_>>> {
    let mut ends: Vec<Vec<End<'_>>> = vec![vec![]; network.steps.len() + 1];
    for (at, step) in network.steps.iter().enumerate().rev() {
        for (place, &value) in step.inputs.iter().enumerate() {
            let weights = place == 1 && matches!(step.op, Op::Product(_));
            let own = vec![End { step, weights }];
            let read = if step.op.moves() { ends[at + 1].clone() } else { own };
            ends[value].extend(read);
        }
    }
    ends
}

/// Whether each value comes from an operator on rows, other places apart.
fn made_by_row(network: &Network) -> Vec<bool> {
    let mut made = vec![false];
    for step in network.steps.iter() {
        let moved = step.op.moves() && made[step.inputs[0]];
        made.push(moved || is_by_row(step));
    }
    made
}

/// A value that is merely on its way into a bound or a factor is not put away before.
fn is_only_clipped(network: &Network, value: usize) -> bool {
    network.readers(value).all(|step| matches!(step.op, Op::Clip(..) | Op::Affine(..)))
}

//! A mixture of experts: layers that are computed for the samples alone whose gate of them is not zero.
//!
//! A model computes all experts and multiplies each by its gate. What is multiplied by zero need not be computed, so the
//! answers are those of the whole model.

use super::lower::ModelError;
use super::network::{Network, Step};
use super::op::Op;

/// What a value is multiplied by in the end, whatever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nothing reads it.
    Unread,
    /// This gate, before anything else is made of it.
    Gate(usize),
    /// Other things too.
    Other,
}

impl Fate {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unread, fate) | (fate, Self::Unread) => fate,
            (one, other) if one == other => one,
            _ => Self::Other,
        }
    }
}

impl Network {
    /// The same network with its experts told by the output that holds their gates.
    ///
    /// # Errors
    /// [`ModelError::Experts`] where it has no such output, no layer is an expert's alone, or one comes before its gate.
    pub fn with_gates(mut self, output: &str) -> Result<Self, ModelError> {
        let fault = |what: String| ModelError::Experts { gates: output.into(), what };
        let known = self.outputs().iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let Some(at) = self.outputs().iter().position(|(name, _)| *name == output) else {
            return Err(fault(format!("the model has no such output; it has {known}")));
        };
        self.gates = Some(at);
        let experts = self.experts();
        if experts.iter().all(Option::is_none) {
            let what =
                "no layer's result is multiplied by one of its elements, before anything else is made of it";
            return Err(fault(what.into()));
        }
        let gates = self.gates_value().unwrap_or_default();
        let early = self
            .placed_contractions()
            .zip(&experts)
            .find(|((at, _), expert)| expert.is_some() && *at < gates);
        match early {
            Some(((_, step), _)) => {
                Err(fault(format!("layer `{}` of an expert comes before it in the file", step.name)))
            }
            None => Ok(self),
        }
    }

    /// The value that holds the gates, in a network with experts.
    pub(super) fn gates_value(&self) -> Option<usize> {
        self.gates.map(|at| self.output_value(at))
    }

    /// How many experts there are; 0 in a network without.
    pub fn expert_count(&self) -> usize {
        self.gates_value().map_or(0, |value| self.size(value))
    }

    /// For each of [`Network::layers`] the expert that it is of, if it is.
    pub fn experts(&self) -> Vec<Option<usize>> {
        let Some(gates) = self.gates_value() else {
            return vec![None; self.layers().len()];
        };
        let mut fates = vec![Fate::Unread; self.steps.len() + 1];
        for value in (0..fates.len()).rev() {
            let read = |(at, step): (usize, &Step)| match self.factor(step, value, gates) {
                Some(expert) => Fate::Gate(expert),
                None if fates[at + 1] == Fate::Unread => Fate::Other,
                None => fates[at + 1],
            };
            let readers = self.steps.iter().enumerate().filter(|(_, step)| step.inputs.contains(&value));
            let fate = readers.map(read).fold(Fate::Unread, Fate::and);
            fates[value] = if self.is_output(value) { Fate::Other } else { fate };
        }
        let expert = |(at, _): (usize, &Step)| match fates[at + 1] {
            Fate::Gate(expert) => Some(expert),
            _ => None,
        };
        self.placed_contractions().map(expert).collect()
    }

    /// The gate by which a step multiplies a value, if it does.
    fn factor(&self, step: &Step, value: usize, gates: usize) -> Option<usize> {
        let Op::General(general) = &step.op else {
            return None;
        };
        match step.inputs[..] {
            [a, b] if general.node.kind == "Mul" && a != b => {
                self.gate(if a == value { b } else { a }, gates)
            }
            _ => None,
        }
    }

    /// The place of the one gate of which a value holds copies alone.
    fn gate(&self, value: usize, gates: usize) -> Option<usize> {
        let (mut at, mut place) = (value, None);
        while at != gates {
            let step = &self.steps[at.checked_sub(1)?];
            place = match &step.op {
                Op::Reshape => place,
                Op::Permute(from) => Some(alone(from.iter().map(|&from| Some(from)), place)?),
                Op::Arrange(from, _) => Some(alone(from.iter().copied(), place)?),
                _ => return None,
            };
            at = step.inputs[0];
        }
        place.or((self.size(gates) == 1).then_some(0))
    }
}

/// Where the elements come from that matter, if all come from one place.
fn alone(mut from: impl Iterator<Item = Option<u32>>, place: Option<usize>) -> Option<usize> {
    if let Some(place) = place {
        return from.nth(place).flatten().map(|from| from as usize);
    }
    let first = from.next().flatten()?;
    from.all(|other| other == Some(first)).then_some(first as usize)
}

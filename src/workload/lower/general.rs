//! Nodes that are no step of ours: computed once where no sample matters, else as their operator text has it.

use super::{Lowering, ModelError, elements, shape};
use crate::workload::network::Step;
use crate::workload::onnx::Node;
use crate::workload::op::{General, Op, Operand};
use crate::workload::operator;
use crate::workload::value::{Kind, Value, room};

/// Operators that only give elements other places, if all operands but the first are stored.
const MOVES: [&str; 8] =
    ["DepthToSpace", "Expand", "Gather", "Slice", "SpaceToDepth", "Split", "Tile", "Transpose"];

/// Operators that only give elements another shape.
const RESHAPES: [&str; 6] = ["Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"];

/// Whether a node only gives elements other places or another shape.
pub(super) fn only_moves(node: &Node) -> bool {
    MOVES.contains(&&*node.kind) || RESHAPES.contains(&&*node.kind)
}

impl Lowering {
    /// Computes a node whose operands are all stored, or that asks for a shape alone; whether it is one.
    pub(super) fn fold(&mut self, node: &Node) -> Result<bool, ModelError> {
        let of_shape = ["Shape", "Size"].contains(&&*node.kind);
        let computed = |name: &String| !name.is_empty() && self.values.contains_key(name);
        if node.inputs.iter().any(computed) && !of_shape {
            return Ok(false);
        }
        let operands = self.operands(node)?;
        let samples: Vec<Option<Value>> = operands.iter().map(sample).collect::<Result<_, _>>()?;
        let operands: Vec<Option<&Value>> = samples.iter().map(Option::as_ref).collect();
        let answer = operator::run(node, self.opset, &operands)?;
        self.note_scales(node)?;
        let count = answer.iter().map(Value::len).sum();
        self.budget.keep(count);
        self.budget.compute(count);
        self.stored.extend(node.outputs.iter().cloned().zip(answer));
        Ok(true)
    }

    fn operands(&self, node: &Node) -> Result<Vec<Operand>, ModelError> {
        let operand = |name: &String| match (self.stored.get(name), self.values.get(name)) {
            _ if name.is_empty() => Ok(Operand::Absent),
            (Some(value), _) => Ok(Operand::Stored(value.clone())),
            (None, Some(&value)) => Ok(Operand::Computed(self.kinds[value], self.whole_shape(value))),
            (None, None) => {
                Err(shape(node, format!("operand `{name}` is neither stored nor computed before")))
            }
        };
        node.inputs.iter().map(operand).collect()
    }

    /// The shape of a value for a batch of one sample.
    pub(super) fn whole_shape(&self, value: usize) -> Vec<usize> {
        let batch = if self.batched[value] { &[1][..] } else { &[] };
        [batch, &self.shapes[value]].concat()
    }

    /// A step for each result that the node has a name for; with the reason why it is no step of ours.
    pub(super) fn general(&mut self, node: &Node, reason: Option<String>) -> Result<(), ModelError> {
        let operands = self.operands(node)?;
        let from_samples = |at: &&usize| matches!(operands.get(**at), Some(Operand::Computed(..)));
        if let Some(at) = operator::shaping(&node.kind).iter().find(from_samples) {
            let what =
                format!("operand `{}` decides on a shape and may not depend on the sample", node.inputs[*at]);
            return Err(shape(node, what));
        }
        let samples: Vec<Option<Value>> = operands.iter().map(sample).collect::<Result<_, _>>()?;
        let answer =
            operator::run(node, self.opset, &samples.iter().map(Option::as_ref).collect::<Vec<_>>())?;
        self.budget.compute(answer.iter().map(Value::len).sum());
        let inputs: Vec<usize> =
            node.inputs.iter().filter_map(|name| self.values.get(name).copied()).collect();
        let moved = self.moved(node, &operands)?;
        for (result, (name, value)) in node.outputs.iter().zip(&answer).enumerate() {
            if name.is_empty() {
                continue;
            }
            // Without elements it is the same for all samples.
            if value.is_empty() {
                self.stored.insert(name.clone(), value.clone());
                continue;
            }
            let moves = moved.as_ref().map(|moved| moved_from(&moved[result], &operands[0]));
            let op = match moves {
                Some(op) => op,
                None => Op::General(Box::new(General {
                    node: node.clone(),
                    opset: self.opset,
                    operands: operands.clone(),
                    result,
                    size: value.len(),
                    reason: reason.clone(),
                })),
            };
            self.add_step(node, op, inputs.clone(), value);
            self.values.insert(name.clone(), self.steps.len());
        }
        Ok(())
    }

    fn add_step(&mut self, node: &Node, op: Op, inputs: Vec<usize>, value: &Value) {
        let batched = value.shape().first() == Some(&1) && value.shape().len() > 1;
        self.steps.push(Step { name: node.name.clone(), op, inputs });
        self.shapes.push(value.shape()[usize::from(batched)..].to_vec());
        self.batched.push(batched);
        self.kinds.push(value.kind());
    }

    /// The results of a node that only moves elements, if it is one: for each element the place that it comes from.
    fn moved(&self, node: &Node, operands: &[Operand]) -> Result<Option<Vec<Value>>, ModelError> {
        let [Operand::Computed(_, own), rest @ ..] = operands else { return Ok(None) };
        let stored = rest.iter().all(|operand| !matches!(operand, Operand::Computed(..)));
        let Some(count) = elements(own).filter(|_| stored && only_moves(node)) else { return Ok(None) };
        let places = Value::whole(Kind::I64, own, (0..count as i64).collect());
        let places = places.map_err(|what| shape(node, what))?;
        let rest: Vec<Option<Value>> = rest.iter().map(sample).collect::<Result<_, _>>()?;
        let operands: Vec<Option<&Value>> =
            [Some(&places)].into_iter().chain(rest.iter().map(Option::as_ref)).collect();
        operator::run(node, self.opset, &operands).map(Some)
    }
}

/// A value of an operand's type and shape: the stored one, or zeros.
fn sample(operand: &Operand) -> Result<Option<Value>, ModelError> {
    match operand {
        Operand::Absent => Ok(None),
        Operand::Stored(value) => Ok(Some(value.clone())),
        Operand::Computed(kind, shape) => {
            let zeros = vec![0.0; room(shape).map_err(ModelError::NotOnnx)?];
            Value::numbers(*kind, shape, zeros).map(Some).map_err(ModelError::NotOnnx)
        }
    }
}

/// The step that takes elements from these places of an operand.
fn moved_from(places: &Value, operand: &Operand) -> Op {
    let count = if let Operand::Computed(_, shape) = operand { shape.iter().product() } else { 0 };
    order(places.to_reals().iter().map(|&at| at as u32).collect(), count)
}

/// The step that takes elements from these places among so many, and zeros from none.
pub(super) fn or_zeros(places: Vec<Option<u32>>, count: usize) -> Op {
    match places.iter().copied().collect::<Option<Vec<u32>>>() {
        Some(places) => order(places, count),
        None => Op::Arrange(places.into(), 0.0),
    }
}

/// The step that takes elements from these places among so many.
pub(super) fn order(from: Vec<u32>, count: usize) -> Op {
    let mut seen = vec![false; from.len()];
    let once =
        from.iter().all(|&at| seen.get_mut(at as usize).is_some_and(|seen| !std::mem::replace(seen, true)));
    let whole = from.len() == count;
    if whole && from.iter().enumerate().all(|(at, &place)| at == place as usize) {
        Op::Reshape
    } else if whole && once {
        Op::Permute(from)
    } else {
        Op::Arrange(from.into_iter().map(Some).collect(), 0.0)
    }
}

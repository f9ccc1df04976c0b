//! Fewer tokens behind some nodes: a step that keeps the best of them, and later shapes for as many.

use super::{Lowering, ModelError};
use crate::config::{Ranking, Tokens};
use crate::workload::onnx::Node;
use crate::workload::op::{General, Op};
use crate::workload::tokens::Keep;
use crate::workload::value::{Kind, Value};

/// What a network is read without.
#[derive(Clone)]
pub(in crate::workload) struct Leaving {
    /// Tokens to be left out.
    pub tokens: Option<Tokens>,
    /// The seed of those that are drawn.
    pub seed: u64,
    /// How many the model's TopK takes instead of its own number.
    pub top: Option<usize>,
}

/// Where tokens were left out.
pub(super) struct Cut {
    /// The value that holds those that go on.
    value: usize,
    after: String,
    tokens: usize,
    kept: usize,
}

impl Lowering {
    /// Leaves tokens out of what a node computes, where that is asked for.
    pub(super) fn leave(&mut self, node: &Node) -> Result<(), ModelError> {
        let Some(Leaving { tokens: Some(asked), seed, .. }) = self.leaving.clone() else {
            return Ok(());
        };
        if !asked.after.contains(&node.name) {
            return Ok(());
        }
        let name = node.outputs.first().cloned().unwrap_or_default();
        let value = self.values.get(&name).copied();
        let shape = value.filter(|&value| self.batched[value]).map(|value| self.shapes[value].clone());
        let (Some(value), Some(&[tokens, features])) = (value, shape.as_deref()) else {
            return Err(fault(&node.name, "it gives no value [tokens, features] of a sample"));
        };
        let Tokens { keep, by, always, .. } = asked;
        let kept = ((keep * tokens as f64).round() as usize).max(always).clamp(1, tokens);
        if kept < tokens {
            let other = if by == Ranking::Random { 0 } else { self.attention(node, value, tokens)? };
            let after = node.name.clone();
            let op = Op::Keep(Keep { after: after.clone(), tokens, kept, always, by, seed });
            let name_of_step = format!("{} (tokens kept)", node.name);
            let value = self.step(&name_of_step, op, &[value, other], vec![kept, features]);
            self.values.insert(name, value);
            self.cuts.push(Cut { value, after, tokens, kept });
        }
        Ok(())
    }

    /// The last probabilities of attention [heads, queries, keys] from which a value is made.
    fn attention(&self, node: &Node, value: usize, tokens: usize) -> Result<usize, ModelError> {
        let mut made_of = vec![false; value + 1];
        made_of[value] = true;
        for at in (0..value).rev() {
            if made_of[at + 1] {
                self.steps[at].inputs.iter().for_each(|&read| made_of[read] = true);
            }
        }
        let none = || fault(&node.name, "no attention of these tokens, as softmax along rows, leads to it");
        (1..=value).rev().find(|&at| made_of[at] && self.is_attention(at, tokens)).ok_or_else(none)
    }

    /// Whether a value is a softmax along rows of [heads, queries, keys], also where these stand under another shape.
    fn is_attention(&self, value: usize, tokens: usize) -> bool {
        let is_softmax = |general: &General| general.node.kind == "Softmax" && general.is_by_row();
        let Op::General(general) = &self.steps[value - 1].op else {
            return false;
        };
        if !is_softmax(general) || self.shapes[value].last() != Some(&tokens) {
            return false;
        }
        let size = |at: usize| self.shapes[at].iter().product::<usize>();
        let before = std::iter::successors(Some(value), |&at| {
            let step = &self.steps[at.checked_sub(1)?];
            step.inputs.first().copied().filter(|&read| size(read) == size(value) && step.op.is_in_place())
        });
        before.into_iter().any(|at| self.shapes[at].ends_with(&[tokens, tokens]))
    }

    /// The node for fewer tokens, where it asks for a shape with as many as there were.
    pub(super) fn fitted(&mut self, node: &Node) -> Result<Option<Node>, ModelError> {
        let (Some(first), Some(last)) = (self.cuts.first(), self.cuts.last()) else {
            return Ok(None);
        };
        let [Some(value), Some(target)] = [0, 1].map(|at| node.inputs.get(at)) else {
            return Ok(None);
        };
        let (Some(&value), Some(stored)) = (self.values.get(value), self.stored.get(target)) else {
            return Ok(None);
        };
        if node.kind != "Reshape" {
            return Ok(None);
        }
        let (tokens, kept) = (first.tokens as i64, last.kept as i64);
        let given = stored.wholes().unwrap_or_default().to_vec();
        let fewer: Vec<i64> = given.iter().map(|&size| if size == tokens { kept } else { size }).collect();
        let shape = self.whole_shape(value);
        let Some(open) = opened(&fewer, &shape).filter(|_| fewer != given) else {
            return Ok(None);
        };
        if open.is_some() && opened(&given, &shape) == Some(Some(last.kept)) {
            let what = format!("which axis of {given:?} counts tokens at node `{}` is not clear", node.name);
            return Err(fault(&last.after, &what));
        }
        let name = format!("{target} ({kept} tokens)");
        let fewer = Value::whole(Kind::I64, &[fewer.len()], fewer).map_err(ModelError::NotOnnx)?;
        self.stored.insert(name.clone(), fewer);
        let mut node = node.clone();
        node.inputs[1] = name;
        Ok(Some(node))
    }

    /// Whether tokens were left out wherever that is asked for, and no later node reads those that were.
    pub(super) fn left(&self, nodes: &[Node]) -> Result<(), ModelError> {
        let tokens = self.leaving.iter().flat_map(|leaving| &leaving.tokens);
        let asked = tokens.flat_map(|tokens| &tokens.after);
        for name in asked {
            if nodes.iter().all(|node| node.name != *name) {
                let names: Vec<&str> =
                    nodes.iter().filter(|node| node.kind == "Add").map(|node| &*node.name).collect();
                let near =
                    crate::config::suggest(name, &names).map_or(String::new(), |help| format!("; {help}"));
                return Err(fault(name, &format!("there is no such node{near}")));
            }
        }
        for cut in &self.cuts {
            let reads_before = |(at, step): &(usize, &crate::workload::network::Step)| {
                *at >= cut.value
                    && !matches!(step.op, Op::Keep(_))
                    && step.inputs.iter().any(|&read| read < cut.value)
            };
            if let Some((_, step)) = self.steps.iter().enumerate().find(reads_before) {
                let what = format!("node `{}` reads what was made of all tokens before", step.name);
                return Err(fault(&cut.after, &what));
            }
        }
        Ok(())
    }
}

/// What the open axis of a target shape comes to for elements of this shape, none where it has none; `None` where they do
/// not fit.
fn opened(target: &[i64], shape: &[usize]) -> Option<Option<usize>> {
    let count: usize = shape.iter().product();
    let size = |(at, &size): (usize, &i64)| match size {
        0 => shape.get(at).copied(),
        -1 => Some(1),
        size => usize::try_from(size).ok(),
    };
    let known = target.iter().enumerate().map(size).product::<Option<usize>>()?;
    if target.contains(&-1) {
        (known > 0 && count.is_multiple_of(known)).then(|| Some(count / known))
    } else {
        (known == count).then_some(None)
    }
}

fn fault(node: &str, what: &str) -> ModelError {
    ModelError::Tokens { node: node.into(), what: what.into() }
}

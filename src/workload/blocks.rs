//! Leaving out residual blocks: their input goes on in their place.

use super::network::{Network, Step};
use super::op::Op;
use crate::config::suggest;

/// A block that cannot be left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// No node has this name.
    #[error("there is no node `{name}`; {known}")]
    Unknown {
        /// As named.
        name: String,
        /// What may be named instead.
        known: String,
    },
    /// What the node adds is not a value and what a block makes of it alone.
    #[error("node `{name}` does not add a block's input to what the block makes of it alone; {known}")]
    NotResidual {
        /// As named.
        name: String,
        /// What may be named instead.
        known: String,
    },
}

/// The network without residual blocks, each named by the node that adds its input to what it computes.
///
/// # Errors
/// [`BlockError`], naming the nodes that may be named.
pub fn without_blocks(network: &Network, names: &[String]) -> Result<Network, BlockError> {
    let mut left = network.clone();
    for name in names {
        let Some(at) = left.steps.iter().position(|step| step.name == *name) else {
            return Err(BlockError::Unknown { name: name.clone(), known: known(&left, name) });
        };
        let Some(input) = block_input(&left, at) else {
            return Err(BlockError::NotResidual { name: name.clone(), known: known(&left, name) });
        };
        left.replace(at + 1, input);
    }
    Ok(left)
}

/// What may be named, in words.
fn known(network: &Network, wanted: &str) -> String {
    let ends = (0..network.steps.len()).filter(|&at| block_input(network, at).is_some());
    let names: Vec<&str> = ends.map(|at| &*network.steps[at].name).collect();
    if names.is_empty() {
        return "the network has no block whose input is added to its result".into();
    }
    let near = suggest(wanted, &names).filter(|help| help.starts_with("did you mean"));
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let near = near.map_or(String::new(), |help| format!("; {help}"));
    format!("blocks that can be left out end in {}{near}", names.join(", "))
}

/// The value that a block reads which ends in this step, if one does.
fn block_input(network: &Network, end: usize) -> Option<usize> {
    let Step { op: Op::Add, inputs, .. } = &network.steps[end] else { return None };
    let &[a, b] = &inputs[..] else { return None };
    [(a, b), (b, a)]
        .into_iter()
        .find(|&(input, result)| is_block(network, (input, result), end))
        .map(|pair| pair.0)
}

/// Whether `result` is made of `input` alone, and nothing on the way is used elsewhere than in the step `end`.
fn is_block(network: &Network, (input, result): (usize, usize), end: usize) -> bool {
    let before = network.needed(std::iter::once(input));
    let inside: Vec<bool> = network
        .needed(std::iter::once(result))
        .iter()
        .zip(before)
        .map(|(way, before)| *way && !before)
        .collect();
    let reads =
        |value: usize| network.steps[value - 1].inputs.iter().all(|&read| read == input || inside[read]);
    let is_used_here = |value: usize| {
        let readers = network.steps.iter().enumerate().filter(|(_, step)| step.inputs.contains(&value));
        !network.is_output(value) && readers.into_iter().all(|(at, _)| at == end || inside[at + 1])
    };
    inside[result]
        && (0..inside.len()).filter(|&value| inside[value]).all(|value| reads(value) && is_used_here(value))
}

#[cfg(test)]
mod tests;

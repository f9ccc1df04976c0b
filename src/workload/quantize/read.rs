//! The tensors that layers read: in a network each layer may have put one in order for itself, and hardware has it once.

use std::collections::HashSet;

use super::Quantized;
use super::group::Layout;
use crate::workload::format::exchanged;
use crate::workload::network::{Network, Step};
use crate::workload::op::Op;

/// A tensor and the layers that read it.
pub(super) struct Read<T> {
    /// It, as the first of them reads it.
    pub value: usize,
    /// What is done to it before.
    pub way: T,
    /// Their indices, in order.
    pub layers: Vec<usize>,
}

impl Quantized {
    /// Tensors that something is done to before layers read them, each once however many layers do.
    pub(super) fn tensors<T: PartialEq>(&self, way: impl Fn(usize) -> Option<T>) -> Vec<Read<T>> {
        let mut found: Vec<Read<T>> = vec![];
        for (layer, (own, step)) in self.network.multiplied().enumerate() {
            let second = if matches!(step.op, Op::Product(_)) { step.inputs.get(1).copied() } else { None };
            for value in [own].into_iter().chain(second) {
                let Some(way) = way(value) else { continue };
                let known = |read: &&mut Read<T>| read.way == way && same(&self.network, read.value, value);
                match found.iter_mut().find(known) {
                    Some(known) => known.layers.push(layer),
                    None => found.push(Read { value, way, layers: vec![layer] }),
                }
            }
        }
        found
    }
}

/// Groups of the elements of a value [.., channels, plane], each once where elements are repeated.
pub(super) fn groups(network: &Network, value: usize, layout: &Layout) -> usize {
    let Some(places) = places(network, value) else {
        return network.size(value) / layout.channels * layout.parts();
    };
    let rows = exchanged(&places, layout.channels, layout.plane);
    let groups = rows.chunks_exact(layout.channels).flat_map(|row| row.chunks(layout.coder.group));
    groups.collect::<HashSet<_>>().len()
}

/// Where each element of a value stood before it was put elsewhere; none of a value that an operator has made.
fn places(network: &Network, value: usize) -> Option<Vec<Option<u32>>> {
    let step = moving(network, value)?;
    let before = step.inputs[0];
    let from = places(network, before);
    let from = from.unwrap_or_else(|| (0..network.size(before) as u32).map(Some).collect());
    Some(match &step.op {
        Op::Permute(order) => order.iter().map(|&at| from[at as usize]).collect(),
        Op::Arrange(order, _) => order.iter().map(|at| from[(*at)? as usize]).collect(),
        _ => from,
    })
}

/// The step that made a value by giving elements other places.
fn moving(network: &Network, value: usize) -> Option<&Step> {
    network.steps.get(value.checked_sub(1)?).filter(|step| step.op.moves())
}

/// Whether two values are one tensor, in the same order of elements.
fn same(network: &Network, one: usize, other: usize) -> bool {
    one == other
        || match (moving(network, one), moving(network, other)) {
            (Some(a), Some(b)) => a.op == b.op && same(network, a.inputs[0], b.inputs[0]),
            _ => false,
        }
}

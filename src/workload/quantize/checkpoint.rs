//! What a run has put away when it reaches a layer: another run that begins alike goes on from there.

use std::sync::Arc;

use super::Held;
use crate::tensor::Tensor;

/// Where a run begins.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// Samples [n, …] as the network takes them.
    Input(&'a Tensor<f32>),
    /// What another run had put away.
    Layer(&'a Checkpoint),
}

/// The values of some samples that the layers from one on read.
#[derive(Default)]
pub struct Checkpoint {
    pub(super) samples: usize,
    pub(super) values: Vec<Arc<Held>>,
}

impl Checkpoint {
    pub(super) fn of(samples: usize, values: &[Arc<Held>]) -> Self {
        let kept = |held: &Arc<Held>| match **held {
            // What waits is kept as what it will be.
            Held::Sums(_) | Held::Clipped(..) | Held::Added(..) => {
                Arc::new(Held::Reals(held.reals().into_owned()))
            }
            _ => held.clone(),
        };
        Self { samples, values: values.iter().map(kept).collect() }
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.values.iter().map(|held| size_of::<Held>() + bytes(held)).sum::<usize>()
    }
}

fn bytes(held: &Held) -> usize {
    match held {
        Held::Codes(codes) => codes.codes.len(),
        Held::Grouped(grouped) => grouped.codes.codes.len() + grouped.shifts.len(),
        Held::Tokens(tokens) => tokens.codes.codes.len() + size_of_val(&*tokens.scales),
        Held::Wide(wide) => size_of_val(wide.codes.data()),
        Held::Turned(of, _) => size_of::<Held>() + bytes(of),
        held => size_of_val(&*held.reals()),
    }
}

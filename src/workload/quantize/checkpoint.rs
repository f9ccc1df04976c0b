//! What a run has put away when it reaches a layer: another run that begins alike goes on from there.

use super::Held;
use crate::tensor::Tensor;
use crate::workload::Codes;

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
    values: Vec<Kept>,
}

/// A value between two steps.
enum Kept {
    /// Values follow from codes and their shifts.
    Codes(Codes, Vec<u8>),
    /// Empty where nothing reads it any more.
    Reals(Vec<f32>),
}

impl Checkpoint {
    pub(super) fn of(samples: usize, values: &[Held]) -> Self {
        let kept = |held: &Held| match &held.codes {
            Some(codes) => Kept::Codes(codes.clone(), held.shifts.clone()),
            None => Kept::Reals(held.real.clone()),
        };
        Self { samples, values: values.iter().map(kept).collect() }
    }

    pub(super) fn values(&self, held: impl Fn(usize, Codes, Vec<u8>) -> Held) -> Vec<Held> {
        let value = |(at, kept): (usize, &Kept)| match kept {
            Kept::Codes(codes, shifts) => held(at, codes.clone(), shifts.clone()),
            Kept::Reals(real) => Held { real: real.clone(), ..Held::default() },
        };
        self.values.iter().enumerate().map(value).collect()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        let bytes = |kept: &Kept| match kept {
            Kept::Codes(codes, shifts) => codes.codes.len() + shifts.len(),
            Kept::Reals(real) => size_of_val(&real[..]),
        };
        size_of::<Self>() + self.values.iter().map(|kept| size_of::<Kept>() + bytes(kept)).sum::<usize>()
    }
}

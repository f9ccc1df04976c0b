//! The low bits of a filter's products combined by OR.

#[cfg(target_arch = "x86_64")]
use super::avx512::{self, Planes, Together};
use super::half::Half;
use super::looked_up::{Block, Filter, Offsets, Outputs};
#[cfg(target_arch = "x86_64")]
use super::plan::{Failed, Unfit};
use super::split::LowPart;
use crate::simd::Level;

/// The low bits of all products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LowBits {
    rows: Box<[[i32; 256]]>,
    #[cfg(target_arch = "x86_64")]
    planes: Option<Planes>,
    #[cfg(target_arch = "x86_64")]
    failed: Failed,
}

impl LowBits {
    /// At most 16 of them.
    pub(super) fn new(products: &[i32], bits: u32) -> Self {
        let mask = (1 << bits) - 1;
        let rows = products.as_chunks().0.iter();
        let rows: Box<[[i32; 256]]> = rows.map(|row| row.map(|product| product & mask)).collect();
        #[cfg(target_arch = "x86_64")]
        let mut failed = Failed::default();
        Self {
            #[cfg(target_arch = "x86_64")]
            planes: failed.verified(Planes::whole(&rows).ok_or(Unfit::Large), &rows),
            #[cfg(target_arch = "x86_64")]
            failed,
            rows,
        }
    }

    /// What to say of a form of them that failed, after the way that is used.
    pub(super) fn told(&self) -> String {
        #[cfg(target_arch = "x86_64")]
        return self.failed.told();
        #[cfg(not(target_arch = "x86_64"))]
        String::new()
    }

    /// Whether all low bits of a product are 0.
    pub(super) fn is_zero(&self, weight: u8, code: u8) -> bool {
        self.rows[usize::from(weight)][usize::from(code)] == 0
    }
}

/// A filter that adds the low bits of all its products.
#[derive(Clone)]
pub(super) enum Ored<'a> {
    #[cfg(target_arch = "x86_64")]
    InRegisters(avx512::Filter<'a>),
    /// On any processor.
    InMemory { low: &'a LowBits, part: LowPart, weights: &'a [u8] },
}

impl<'a> Ored<'a> {
    pub(super) fn new(low: &'a LowBits, part: LowPart, level: Level) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(planes) = low.planes.as_ref().filter(|_| avx512::supported(level)) {
            return Self::InRegisters(planes.filter(Together::Or(part)));
        }
        let _ = level;
        Self::InMemory { low, part, weights: &[] }
    }
}

impl<'a> Filter<'a> for Ored<'a> {
    fn prepare(&mut self, weights: &'a [u8], offsets: &Offsets, halves: &[Half]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::InRegisters(filter) => filter.prepare(weights, offsets, halves),
            Self::InMemory { weights: own, .. } => *own = weights,
        }
    }

    fn put(&self, block: &Block<'_>, to: Outputs<'_>) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::InRegisters(filter) => filter.put(block, to),
            Self::InMemory { low, part, weights } => {
                let value = |bits: i32| part.value(bits | part.ones as i32);
                block.put_one_by_one(&low.rows, weights, |all, bits| all | bits, value, to);
            }
        }
    }
}

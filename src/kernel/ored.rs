//! The low bits of a filter's products combined by OR.

#[cfg(target_arch = "x86_64")]
use super::avx512::{self, Planes, Together};
use super::field::set_apart;
#[cfg(target_arch = "x86_64")]
use super::half::Half;
#[cfg(target_arch = "x86_64")]
use super::looked_up::Offsets;
use super::looked_up::{Block, Filter, UNIT};
#[cfg(target_arch = "x86_64")]
use super::plan::{Failed, Unfit};
use super::split::LowPart;
use super::{Geometry, Operands};
use crate::simd::{self, Level};

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

/// What a filter adds: the low bits of all its products.
pub(super) struct Ored<'a> {
    part: LowPart,
    bits: Bits<'a>,
}

enum Bits<'a> {
    #[cfg(target_arch = "x86_64")]
    InRegisters(avx512::Filter<'a>),
    /// The rows of its weights, on any processor.
    InMemory(Vec<&'a [i32; 256]>),
}

impl<'a> Ored<'a> {
    /// Those of all output channels.
    pub(super) fn filters(
        low: &'a LowBits,
        part: LowPart,
        geometry: &Geometry,
        operands: &Operands<'a>,
        level: Level,
    ) -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        if let Some(planes) = low.planes.as_ref().filter(|_| avx512::supported(level)) {
            let filters = planes.filters(geometry, operands, Together::Or).into_iter();
            return filters.map(|filter| Self { part, bits: Bits::InRegisters(filter) }).collect();
        }
        let row = |&weight: &u8| &low.rows[usize::from(weight)];
        let rows = |channel| geometry.filter(operands.weights, channel).iter().map(row).collect();
        let all = 0..geometry.out_channels;
        all.map(|channel| Self { part, bits: Bits::InMemory(rows(channel)) }).collect()
    }
}

impl Filter for Ored<'_> {
    #[cfg(target_arch = "x86_64")]
    fn prepare(&mut self, offsets: &Offsets, halves: &[Half]) {
        if let Bits::InRegisters(filter) = &mut self.bits {
            filter.prepare(offsets, halves);
        }
    }

    fn sum(&self, block: Block<'_>, sums: &mut [i32]) {
        match &self.bits {
            #[cfg(target_arch = "x86_64")]
            Bits::InRegisters(filter) => filter.sum(block, sums),
            Bits::InMemory(rows) => or_rows(rows, block, sums),
        }
        let part = self.part;
        simd::widest(
            #[inline(always)]
            move || sums.iter_mut().for_each(|bits| *bits = part.value(*bits | part.ones as i32)),
        );
    }
}

/// The OR of the low bits at each position.
fn or_rows(rows: &[&[i32; 256]], block: Block<'_>, sums: &mut [i32]) {
    sums.fill(0);
    for (tap, row) in rows.iter().enumerate() {
        for (codes, sums) in block.codes(tap).zip(sums.chunks_exact_mut(UNIT)) {
            for (sum, &code) in sums.iter_mut().zip(codes) {
                *sum |= row[usize::from(code)];
            }
        }
    }
    set_apart::<UNIT>(sums, block.side);
}

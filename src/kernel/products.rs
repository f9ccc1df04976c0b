//! The product of every weight code with every activation code, prepared for summing.

use std::ops::Range;
use std::sync::Arc;

use super::half::Half;
use super::looked_up::{Block, Filter, Offsets, Outputs};
use super::plan::Plan;
use super::plans;
use super::split::{LowPart, Split};
use crate::simd::Level;

/// Products of all pairs of 8-bit codes: row = weight code, column = activation code.
///
/// Equal tables share what is prepared of them, throughout the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    pub(super) plan: Arc<Plan>,
    /// With which they are formed.
    pub(super) level: Level,
    /// As an accumulator sums them whose low bits are no sum.
    pub(super) split: Option<Arc<Split>>,
}

impl Products {
    /// Takes 65,536 products, weight code in the high byte of the index.
    ///
    /// # Panics
    /// When the number of products is not 65,536.
    pub fn new(products: &[i32]) -> Self {
        assert_eq!(products.len(), 1 << 16, "one product per pair of codes");
        let row = |row: &[i32]| <[i32; 256]>::try_from(row).expect("rows of 256");
        Self::of(products.chunks_exact(256).map(row).collect())
    }

    /// Exact products of centred codes: (weight − zero) · (activation − zero).
    pub fn exact(weight_zero: u8, activation_zero: u8) -> Self {
        let product = |w: i32, x: i32| (w - i32::from(weight_zero)) * (x - i32::from(activation_zero));
        Self::of((0..256).map(|w| std::array::from_fn(|x| product(w, x as i32))).collect())
    }

    fn of(rows: Box<[[i32; 256]]>) -> Self {
        Self { plan: plans::of(rows), level: Level::at_hand(), split: None }
    }

    /// The same products, prepared for an accumulator that does not add its low bits too
    /// ([`convolve_split`](super::convolve_split)).
    ///
    /// # Panics
    /// Unless the low part has 1 to 16 bits.
    #[must_use]
    pub fn split(self, part: LowPart) -> Self {
        let split = Some(Arc::new(Split::new(&self, part)));
        Self { split, ..self }
    }

    /// The same products, formed with registers of this level at most; without, that of the process
    /// ([`Level::at_hand`]). Sums are the same.
    ///
    /// ```
    /// use axsim::kernel::Products;
    /// use axsim::simd::Level;
    /// assert_eq!(Products::exact(128, 128).at(Level::Portable).way(), "looked up one by one");
    /// ```
    #[must_use]
    pub fn at(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// How layers form these products on the processor at hand, in words.
    ///
    /// Whatever the way, sums are those of the table bit for bit. A layer of few channels, or one that uses a code which
    /// the faster way leaves out, takes a slower one. "; a plan of … failed its check" at the end tells of a defect that costs
    /// speed alone: a form of the table was found that does not give all of its products, and is not used.
    ///
    /// ```
    /// use axsim::kernel::Products;
    /// let ways = ["one exact product of bytes", "looked up one by one", "looked up, two bytes each, in registers"];
    /// assert!(ways.contains(&&*Products::exact(128, 128).way()));
    /// ```
    pub fn way(&self) -> String {
        if let Some(split) = &self.split {
            return split.way(self.level);
        }
        self.plan.way(self.level)
    }

    /// The product of two codes.
    pub fn get(&self, weight: u8, activation: u8) -> i32 {
        self.plan.rows[usize::from(weight)][usize::from(activation)]
    }

    /// A filter for any processor.
    pub(super) fn filter(&self) -> Rows<'_> {
        Rows { rows: &self.plan.rows, weights: &[] }
    }

    /// Whether a code of padding has no product but 0, as it mostly does.
    pub(super) fn is_neutral(&self, pad: u8) -> bool {
        self.plan.rows.iter().all(|row| row[usize::from(pad)] == 0)
    }

    /// What padding adds to each position of a sample; nothing where no tap is outside.
    pub(super) fn padded(
        &self,
        weights: &[u8],
        pad: u8,
        outside: &[Vec<Range<usize>>],
        positions: usize,
    ) -> Option<Vec<i32>> {
        let mut added = None;
        for (tap, runs) in outside.iter().enumerate().filter(|(_, runs)| !runs.is_empty()) {
            // Every channel of the window has its tap outside at the same positions.
            let channels = weights[tap..].iter().step_by(outside.len());
            let product = channels.fold(0i32, |sum, &weight| sum.wrapping_add(self.get(weight, pad)));
            let sums = added.get_or_insert_with(|| vec![0i32; positions]);
            for run in runs {
                sums[run.clone()].iter_mut().for_each(|sum| *sum = sum.wrapping_add(product));
            }
        }
        added
    }
}

/// The products of each weight of a filter, looked up one by one on any processor.
#[derive(Clone)]
pub(super) struct Rows<'a> {
    rows: &'a [[i32; 256]],
    weights: &'a [u8],
}

impl<'a> Filter<'a> for Rows<'a> {
    fn prepare(&mut self, weights: &'a [u8], _: &Offsets, _: &[Half]) {
        self.weights = weights;
    }

    fn put(&self, block: &Block<'_>, to: Outputs<'_>) {
        block.put_one_by_one(self.rows, self.weights, i32::wrapping_add, |sum| sum, to);
    }
}

#[cfg(test)]
mod tests {
    use super::super::looked_up::LookedUp;
    use super::super::path::{self, Path};
    use super::super::{Geometry, Operands};
    use super::*;
    use crate::rng::Stream;

    /// Deep enough to flush the 16-bit sums several times, wide enough for whole and partial groups of blocks.
    #[test]
    fn register_tables_equal_plain_look_ups_at_any_depth_and_width() {
        let mut stream = Stream::new(4, "kernel.planes", 0);
        for (depth, columns, low, high) in [
            (1, 64, 0, 256),
            (251, 64, 0, 128),
            (252, 128, 128, 256),
            (253, 320, 0, 256),
            (1000, 576, 0, 256),
            (2100, 320, 0, 128),
        ] {
            let input: Vec<u8> =
                (0..depth * columns).map(|_| (low + stream.below(high - low)) as u8).collect();
            let weights: Vec<u8> = (0..depth).map(|_| stream.word() as u8).collect();
            let geometry = Geometry { in_width: columns, ..Geometry::dense(depth, 1) };
            let operands = Operands { batch: 1, input: &input, weights: &weights, pad: low as u8 };
            // Entries at both ends of what bytes hold make their sums as large as they get.
            // Every second row or every eighth may span a byte alone.
            for (bits, narrow) in [(6, 1), (8, 1), (12, 1), (16, 1), (16, 2), (16, 8)] {
                let entry = |at: usize| {
                    let bits = if narrow > 1 && (at >> 8).is_multiple_of(narrow) { 8 } else { bits };
                    if stream.below(4) == 0 { -32768 } else { (1 << bits) - 1 - 32768 }
                };
                let products = Products::new(&(0..1 << 16).map(entry).collect::<Vec<_>>());
                let (mut plain, mut found) = (vec![0; columns], vec![0; columns]);
                let filter = products.filter();
                LookedUp::new(&geometry, &operands, Half::Both, filter, Level::at_hand()).add(
                    0..1,
                    &mut plain,
                    false,
                );
                path::fastest(&geometry, &operands, &products).add(0..1, &mut found, false);
                assert_eq!(found, plain, "depth {depth}, {columns} columns, {bits} bits, {narrow}");
            }
        }
    }
}

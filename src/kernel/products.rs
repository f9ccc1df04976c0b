//! The product of every weight code with every activation code, prepared for summing.

use std::ops::Range;
use std::sync::Arc;

use super::half::Half;
use super::looked_up::{Block, Filter, Offsets, Outputs};
use super::plan::Plan;
use super::split::{LowPart, Split};
use super::{Geometry, Operands, plans};
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
    /// assert_eq!(Products::exact(128, 128).at(Level::Portable).way(), "multiplied one by one");
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
    /// let ways = ["one exact product of bytes", "multiplied one by one", "looked up, two bytes each, in registers"];
    /// assert!(ways.contains(&&*Products::exact(128, 128).way()));
    /// ```
    pub fn way(&self) -> String {
        self.way_in(false)
    }

    /// The same where all activation codes are in the upper half, as those around 128 are that a rectifier leaves.
    ///
    /// ```
    /// use axsim::kernel::Products;
    /// assert_eq!(Products::exact(128, 128).way_of_upper_half(), Products::exact(128, 128).way());
    /// ```
    pub fn way_of_upper_half(&self) -> String {
        self.way_in(true)
    }

    fn way_in(&self, upper_half: bool) -> String {
        match &self.split {
            Some(split) => split.told(split.above.plan.way(self.level, upper_half)),
            None => self.plan.way(self.level, upper_half),
        }
    }

    /// How those of a contraction are formed, which depends on its channels and codes; `None` where the low bits of an
    /// accumulator are no sum and [`convolve_split`](super::convolve_split) cannot tell them.
    ///
    /// ```
    /// use axsim::kernel::{Geometry, Operands, Products};
    /// let (products, operands) = (Products::exact(0, 0), Operands { batch: 1, input: &[1; 4], weights: &[1; 4], pad: 0 });
    /// assert_eq!(products.way_of(&Geometry::dense(4, 1), &operands), Some(products.way()));
    /// ```
    pub fn way_of(&self, geometry: &Geometry, operands: &Operands<'_>) -> Option<String> {
        let of = |plan: &Plan| plan.way_of(geometry, operands, self.level);
        match &self.split {
            Some(split) => split.allows(geometry, operands).then(|| split.told(of(&split.above.plan))),
            None => Some(of(&self.plan)),
        }
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
            for (bits, narrow) in [(6, 1), (8, 1), (12, 1), (15, 1), (16, 1), (16, 2), (16, 8)] {
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

    /// Four channels fill the lanes of an exact product; one is looked up, but for codes of both halves, which cost more.
    #[test]
    fn a_contraction_tells_the_way_that_its_channels_and_codes_take() {
        let exact = Products::exact(128, 128);
        let way = |level: Level, channels: usize, input: &[u8]| {
            let (geometry, weights) = (Geometry::dense(channels, 1), vec![3; channels]);
            let operands = Operands { batch: 1, input: &input.repeat(channels), weights: &weights, pad: 128 };
            exact.clone().at(level).way_of(&geometry, &operands).unwrap()
        };
        for codes in [&[200], &[20]] {
            assert_eq!(way(Level::Portable, 4, codes), "multiplied one by one");
        }
        if Level::at_hand() != Level::Avx512 {
            return eprintln!("skipped: the processor has no AVX-512");
        }
        let [exact, found] = ["one exact product of bytes", "looked up, two bytes each, in registers"];
        assert_eq!([4, 1].map(|channels| way(Level::Avx512, channels, &[200])), [exact, found]);
        // Padding is in the upper half, this code in the lower one.
        assert_eq!([4, 1].map(|channels| way(Level::Avx512, channels, &[20])), [exact, exact]);
    }

    #[test]
    fn low_bits_that_padding_would_change_have_no_way() {
        let part = LowPart { bits: 2, or: true, carry: true, ones: 0 };
        let geometry = Geometry { pads: [0, 1, 0, 1], kernel: [1, 3], ..Geometry::dense(1, 1) };
        let operands = Operands { batch: 1, input: &[9], weights: &[1; 3], pad: 0 };
        let of = |products: Products| {
            let told = products.way_of(&geometry, &operands);
            assert_eq!(
                told.is_some(),
                super::super::convolve_split(&geometry, operands, &products).is_some()
            );
            told
        };
        assert_eq!(of(Products::new(&[3; 1 << 16]).split(part)), None);
        assert!(
            of(Products::exact(0, 0).split(part))
                .is_some_and(|told| told.ends_with("; 2 low bits combined by OR"))
        );
    }
}

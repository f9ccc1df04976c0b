//! Accumulators whose low bits are no sum: exact sums above, and the low bits of all products combined by OR below.
//!
//! An adder whose low part is an OR (LOA and its like) takes products one after the other, yet where a sum begins at 0 the
//! order does not matter. With S the low k bits of a product as a signed number, a carry from the part's highest bit
//! makes the sum Σ (product − S) + S(OR of all low bits): the first product whose highest low bit is 1 leaves it there,
//! and each later one carries. Without a carry, S is the low bits as they are. Products less S are multiples of 2^k: a
//! table of fewer bits, which is summed as any other.

use std::fmt;
use std::ops::Range;

use super::field;
use super::half::Half;
use super::looked_up::LookedUp;
use super::ored::{LowBits, Ored};
use super::path::{self, Path};
use super::{Geometry, Operands, Products};
use crate::simd;

/// What becomes of the low bits of products that are summed from 0.
///
/// ```
/// use axsim::kernel::{Geometry, LowPart, Operands, Products, convolve_split};
/// // Two products of 3: 3 | 3 below, and one carry above.
/// let part = LowPart { bits: 2, or: true, carry: true, ones: 0 };
/// let products = Products::new(&[3; 1 << 16]).split(part);
/// let operands = Operands { batch: 1, input: &[1, 1], weights: &[1, 1], pad: 0 };
/// assert_eq!(convolve_split(&Geometry::dense(2, 1), operands, &products), Some(vec![4 + 3]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LowPart {
    /// How many bits.
    pub bits: u32,
    /// Whether they are combined by OR; else they are dropped.
    pub or: bool,
    /// Whether two highest bits of 1 carry into the sum above.
    pub carry: bool,
    /// Bits that are 1 as soon as a product is added.
    pub ones: u32,
}

impl LowPart {
    /// The most bits: those of two bytes.
    pub const MOST_BITS: u32 = 16;

    /// The low bits as the number that they stand for in a sum.
    #[inline(always)]
    pub(super) fn value(self, bits: i32) -> i32 {
        let spare = 32 - self.bits;
        if self.carry { bits << spare >> spare } else { ((bits as u32) << spare >> spare) as i32 }
    }
}

impl fmt::Display for LowPart {
    /// What becomes of the bits, in words.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match (self.or, self.ones) {
            (true, _) => "combined by OR",
            (false, 0) => "dropped",
            (false, _) => "all 1",
        };
        write!(out, "{} low bits {fate}", self.bits)
    }
}

/// The products of a table as such an accumulator sums them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    part: LowPart,
    /// Products without their low bits, in units of the bit above them.
    pub(super) above: Products,
    low: LowBits,
}

impl Split {
    /// # Panics
    /// Unless the part has 1 to 16 bits.
    pub(super) fn new(products: &Products, part: LowPart) -> Self {
        assert!((1..=LowPart::MOST_BITS).contains(&part.bits), "a low part of 1 to 16 bits");
        let products = (0..1 << 16).map(|at| products.get((at >> 8) as u8, at as u8));
        let products: Vec<i32> = products.collect();
        let above = |&product: &i32| {
            // One bit more than 32 before the low bits are gone.
            ((i64::from(product) - i64::from(part.value(product))) >> part.bits) as i32
        };
        let above: Vec<i32> = products.iter().map(above).collect();
        Self { part, above: Products::new(&above), low: LowBits::new(&products, part.bits) }
    }

    /// As [`Products::way`], behind the way of the products above.
    pub(super) fn told(&self, above: String) -> String {
        format!("{above}; {}{}", self.part, self.low.told())
    }

    /// Whether padding leaves no trace, and each output has a product that sets what is set by any.
    pub(super) fn allows(&self, geometry: &Geometry, operands: &Operands<'_>) -> bool {
        let outside = field::outside(geometry);
        let mut taps = vec![outside.len(); geometry.positions()];
        for run in outside.into_iter().flatten() {
            taps[run].iter_mut().for_each(|taps| *taps -= 1);
        }
        let inside = taps.iter().all(|&taps| taps == geometry.kernel[0] * geometry.kernel[1]);
        let neutral = || operands.weights.iter().all(|&weight| self.low.is_zero(weight, operands.pad));
        (inside || !self.part.or || neutral()) && (self.part.ones == 0 || taps.iter().all(|&taps| taps > 0))
    }
}

/// As [`super::convolve_in_order`] with an accumulator whose low part [`Products::split`] was told of; `None` where it was
/// told of none, or where padding cannot be left out afterwards.
///
/// Sums wrap at 32 bits.
///
/// # Panics
/// When slices and geometry do not fit together.
pub fn convolve_split(geometry: &Geometry, operands: Operands<'_>, products: &Products) -> Option<Vec<i32>> {
    super::check(geometry, &operands);
    let geometry = &geometry.in_long_rows();
    let split = products.split.as_ref().filter(|split| split.allows(geometry, &operands))?;
    let low = split.part.or.then(|| {
        let filter = Ored::new(&split.low, split.part, products.level);
        LookedUp::new(geometry, &operands, Half::Both, filter, products.level)
    });
    let above = split.above.clone().at(products.level);
    let begin = super::without_padding(geometry, &operands, &above);
    let above = path::fastest(geometry, &operands, &above);
    let mut path = Parts { above, low, part: split.part };
    Some(super::sum_along(geometry, &operands, begin.as_deref(), &mut path))
}

/// Both parts of a sum.
struct Parts<'a> {
    above: Box<dyn Path + 'a>,
    low: Option<LookedUp<'a, Ored<'a>>>,
    part: LowPart,
}

impl Path for Parts<'_> {
    fn add(&mut self, samples: Range<usize>, output: &mut [i32], begun: bool) {
        self.above.add(samples.clone(), output, begun);
        let (bits, ones) = (self.part.bits, if self.part.or { 0 } else { self.part.ones as i32 });
        let sums = &mut *output;
        simd::widest(
            #[inline(always)]
            move || sums.iter_mut().for_each(|sum| *sum = *sum << bits | ones),
        );
        if let Some(low) = &mut self.low {
            low.add(samples, output, true);
        }
    }
}

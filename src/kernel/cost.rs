//! What the ways to form products cost, by which the cheapest is taken.
//!
//! Picoseconds of a product with its sum, on one core of a Zen 5 at 4.2 GHz: the ResNet-20 convolutions of
//! `cargo bench --bench kernel -- resnet20 portable`. On another core all of them change much alike; what counts is which
//! is least.

use std::cell::OnceCell;
use std::ops::RangeInclusive;

use super::half::{Bits, Half};
use super::{Geometry, Operands};
use crate::simd::Level;

/// An exact product in one of `vpdpbusd` (`exact`).
pub(super) const EXACT_VNNI: f32 = 2.9;
/// An exact product with AVX2 (`exact` without AVX-512).
pub(super) const EXACT_AVX2: f32 = 15.2;
/// One of four weights' products, looked up together (`four_bits`).
pub(super) const FOUR_BITS: f32 = 4.1;
/// Looked up without registers that hold tables (`portable`).
pub(super) const ONE_BY_ONE: f32 = 250.0;
/// Multiplied without (`portable_exact`).
pub(super) const MULTIPLIED: f32 = 75.0;

/// So many bytes looked up in registers, for codes of one half of the table or of both (`resnet20_span`,
/// `resnet20_span_of_all_codes`), of which so many add up to one with those of another product. Channels of one half among others
/// cost less than this tells.
pub(super) fn looked_up(planes: usize, half: Half, add_up: usize) -> f32 {
    match (half == Half::Both, planes, add_up) {
        (true, 1, _) => 11.4,
        (true, _, 0) => 17.4,
        (true, ..) => 16.8,
        (false, 1, _) => 8.8,
        (false, _, 0) => 10.7,
        (false, _, 1) => 10.4,
        (false, ..) => 9.9,
    }
}

/// What a contraction asks of a way to form its products.
#[derive(Debug)]
pub(super) struct Use<'a> {
    /// Channels that a filter sums over at a tap.
    channels: usize,
    /// Weight codes; none where any may occur.
    pub weights: &'a [u8],
    /// Activation codes; none where any of the half may occur.
    pub activations: &'a [u8],
    pub pad: Option<u8>,
    /// With which products are formed.
    pub level: Level,
    /// Those of activation codes and padding; reading all of them takes time, so they are found when they are asked for.
    bits: OnceCell<Bits>,
}

impl<'a> Use<'a> {
    pub(super) fn of(geometry: &Geometry, operands: &Operands<'a>, level: Level) -> Self {
        let Operands { input, weights, pad, .. } = *operands;
        Self {
            channels: geometry.in_channels / geometry.groups,
            weights,
            activations: input,
            pad: Some(pad),
            level,
            bits: OnceCell::new(),
        }
    }

    /// A layer of many channels, with these activation codes.
    pub(super) fn any(codes: RangeInclusive<u8>, level: Level) -> Self {
        let bits = Bits::NONE.with(&codes.collect::<Vec<_>>());
        let (channels, bits) = (usize::MAX / 8, OnceCell::from(bits));
        Self { channels, weights: &[], activations: &[], pad: None, level, bits }
    }

    fn bits(&self) -> Bits {
        let pad = self.pad.unwrap_or_default();
        *self.bits.get_or_init(|| Bits::of(pad).with(self.activations))
    }

    /// The bits that some activation code has.
    pub(super) fn any_bits(&self) -> u8 {
        self.bits().any()
    }

    /// Where activation codes and padding are.
    pub(super) fn half(&self) -> Half {
        Half::of(self.bits())
    }

    /// Products that are formed for each that is needed, where channels are filled up to a multiple of `lanes`.
    pub(super) fn filled(&self, lanes: usize) -> f32 {
        self.channels.next_multiple_of(lanes) as f32 / self.channels as f32
    }
}

/// A way to form products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As sums of few exact products.
    Terms,
    /// Four weights at a time, of codes of four bits.
    FourBits,
    /// As an exact product and a byte looked up.
    Line,
    /// Looked up in registers.
    Bytes,
    /// Without registers that hold tables: looked up in memory, or multiplied.
    Memory,
}

/// The cheapest of those that there are beside the one [without registers](Way::Memory); the first of equals.
pub(super) fn cheapest(memory: f32, costs: impl IntoIterator<Item = (Way, Option<f32>)>) -> Way {
    let known = costs.into_iter().filter_map(|(way, cost)| Some((way, cost?)));
    let less = |best: (Way, f32), other: (Way, f32)| if other.1 < best.1 { other } else { best };
    known.fold((Way::Memory, memory), less).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_way_is_taken_and_memory_where_there_is_no_other() {
        assert_eq!(cheapest(ONE_BY_ONE, []), Way::Memory);
        assert_eq!(cheapest(ONE_BY_ONE, [(Way::Terms, None), (Way::Bytes, Some(27.0))]), Way::Bytes);
        assert_eq!(cheapest(ONE_BY_ONE, [(Way::Terms, Some(20.4)), (Way::Bytes, Some(17.2))]), Way::Bytes);
        assert_eq!(cheapest(ONE_BY_ONE, [(Way::Terms, Some(13.6)), (Way::Bytes, Some(17.2))]), Way::Terms);
        assert_eq!(cheapest(MULTIPLIED, [(Way::Terms, Some(8.0 * EXACT_AVX2))]), Way::Memory);
        // Seventeen exact products with AVX2 take longer than a look-up in memory.
        assert_eq!(cheapest(ONE_BY_ONE, [(Way::Terms, Some(17.0 * EXACT_AVX2))]), Way::Memory);
    }

    #[test]
    fn channels_that_fill_no_lanes_cost_those_that_do() {
        let of = |in_channels: usize| {
            let geometry = Geometry { in_channels, ..Geometry::dense(1, 1) };
            let operands = Operands { batch: 1, input: &[], weights: &[], pad: 0 };
            Use::of(&geometry, &operands, Level::Portable).filled(4)
        };
        assert_eq!([of(1), of(3), of(4), of(6)], [4.0, 4.0 / 3.0, 1.0, 8.0 / 6.0]);
        assert_eq!(Use::any(0..=255, Level::Portable).filled(4), 1.0);
    }
}

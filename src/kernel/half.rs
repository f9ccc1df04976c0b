//! Where in a table's rows some codes are: those of one half take half as many registers.
//!
//! What looks codes up in 128 places goes by their seven lower bits. Two codes that differ in the highest bit alone have one place,
//! so that a half is 128 codes with one of each two.

use crate::simd;

/// Codes that stay in the first-level cache.
const NEAR: usize = 4096;

/// Which codes of a row of 256 are at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// Those below 128.
    Lower,
    /// Those from 128, as a rectifier leaves of codes with zero there.
    Upper,
    /// From 64 to 191, where most codes with zero in the middle are.
    Middle,
    /// All but the middle.
    Ends,
    /// Any.
    Both,
}

impl Half {
    pub(super) const ALL: [Self; 5] = [Self::Lower, Self::Upper, Self::Middle, Self::Ends, Self::Both];

    /// The first that has codes with these bits.
    pub(super) fn of(bits: Bits) -> Self {
        Self::ALL.into_iter().find(|half| half.holds(bits)).unwrap_or(Self::Both)
    }

    /// Whether all codes that have these bits are in it.
    pub(super) fn holds(self, Bits { any, all, any_change, all_change }: Bits) -> bool {
        let highest = |bits: u8| bits >> 7 == 1;
        match self {
            Self::Lower => !highest(any),
            Self::Upper => highest(all),
            Self::Middle => highest(all_change),
            Self::Ends => !highest(any_change),
            Self::Both => true,
        }
    }

    pub(super) fn has(self, code: u8) -> bool {
        self.holds(Bits::of(code))
    }

    /// A row at its codes, in the order of their places.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) fn of_row(self, row: &[i32; 256]) -> Vec<i32> {
        let of_place = |place| [place, place + 128].into_iter().filter(|&code| self.has(code));
        match self {
            Self::Both => row.to_vec(),
            _ => (0..128).flat_map(of_place).map(|code| row[usize::from(code)]).collect(),
        }
    }
}

/// The bits that any of some codes has and those that all have; the same of [`changes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bits {
    any: u8,
    all: u8,
    any_change: u8,
    all_change: u8,
}

/// Which bits of a code differ from the next lower one: the highest does in the middle half.
pub(super) fn changes(code: u8) -> u8 {
    code ^ code << 1
}

impl Bits {
    /// Of no code.
    pub(super) const NONE: Self = Self { any: 0, all: 255, any_change: 0, all_change: 255 };

    pub(super) fn of(code: u8) -> Self {
        Self { any: code, all: code, any_change: changes(code), all_change: changes(code) }
    }

    /// Those of more codes.
    pub(super) fn with(self, codes: &[u8]) -> Self {
        // One bit after the other of codes that are near: a loop over all four at once is not turned into wide instructions.
        let more = |Self { any, all, any_change, all_change }, codes: &[u8]| Self {
            any: codes.iter().fold(any, |any, code| any | code),
            all: codes.iter().fold(all, |all, code| all & code),
            any_change: codes.iter().fold(any_change, |any, &code| any | changes(code)),
            all_change: codes.iter().fold(all_change, |all, &code| all & changes(code)),
        };
        simd::widest(
            #[inline(always)]
            move || codes.chunks(NEAR).fold(self, more),
        )
    }

    /// The bits that any of the codes has.
    pub(super) fn any(self) -> u8 {
        self.any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_the_half_that_their_highest_bits_tell() {
        let half = |codes: &[u8], pad: u8| Half::of(Bits::of(pad).with(codes));
        assert_eq!(half(&[0, 127, 5], 0), Half::Lower);
        assert_eq!(half(&[255, 128], 200), Half::Upper);
        assert_eq!(half(&[64, 191, 127], 128), Half::Middle);
        assert_eq!(half(&[0, 255, 63], 192), Half::Ends);
        assert_eq!([half(&[0, 128], 0), half(&[128; 100], 0), half(&[64, 191, 192], 128)], [Half::Both; 3]);
    }

    #[test]
    fn a_half_has_one_code_of_each_place() {
        let of_range = |half: Half, codes: [std::ops::Range<usize>; 2]| {
            let expected = |code: u8| codes.iter().any(|codes| codes.contains(&usize::from(code)));
            assert!((0..=255).all(|code| half.has(code) == expected(code)), "{half:?}");
        };
        of_range(Half::Lower, [0..128, 0..0]);
        of_range(Half::Upper, [128..256, 0..0]);
        of_range(Half::Middle, [64..192, 0..0]);
        of_range(Half::Ends, [0..64, 192..256]);
        let row = std::array::from_fn(|code| code as i32);
        for half in Half::ALL.into_iter().filter(|half| *half != Half::Both) {
            let codes = half.of_row(&row);
            let places: Vec<i32> = codes.iter().map(|code| code % 128).collect();
            assert_eq!(places, (0..128).collect::<Vec<_>>(), "{half:?}");
            assert!(codes.iter().all(|&code| half.has(code as u8)));
        }
        assert_eq!(Half::Both.of_row(&row), row);
    }
}

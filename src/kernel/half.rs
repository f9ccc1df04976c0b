//! Where in a table's rows some codes are: those of one half take half as many registers.

use crate::simd;

/// Where in a row of 256 the codes at hand are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Lower,
    Upper,
    Both,
}

impl Half {
    #[cfg(target_arch = "x86_64")]
    pub(super) const ALL: [Self; 3] = [Self::Lower, Self::Upper, Self::Both];

    /// That of codes of which one has the first bits and all have the others.
    pub(super) fn of((any, all): (u8, u8)) -> Self {
        match (any >> 7, all >> 7) {
            (0, _) => Self::Lower,
            (_, 1) => Self::Upper,
            _ => Self::Both,
        }
    }

    /// A row at these codes.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) fn of_row(self, row: &[i32; 256]) -> &[i32] {
        match self {
            Self::Lower => &row[..128],
            Self::Upper => &row[128..],
            Self::Both => row,
        }
    }
}

/// The bits that one of the codes or of the first ones has, and those that all have.
pub(super) fn bits(codes: &[u8], first: (u8, u8)) -> (u8, u8) {
    simd::widest(
        #[inline(always)]
        move || codes.iter().fold(first, |(any, all), code| (any | code, all & code)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_the_half_that_their_highest_bits_tell() {
        let half = |codes: &[u8], pad: u8| Half::of(bits(codes, (pad, pad)));
        assert_eq!(half(&[0, 127, 5], 0), Half::Lower);
        assert_eq!(half(&[255, 128], 200), Half::Upper);
        assert_eq!([half(&[0, 128], 0), half(&[128; 100], 0)], [Half::Both; 2]);
    }
}

//! Which products the entries of a table are: a table that is read in another order or sign than it was written in has the
//! right size and the right range.

use std::fmt;

use crate::table::Signature;

/// What a code of an operand stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Itself.
    Unsigned,
    /// An integer in two's complement.
    TwosComplement,
    /// The integers of so many bits from the lowest on, in which order no code is.
    Ascending {
        /// Bits of both operands.
        widths: [u32; 2],
    },
}

impl fmt::Display for Meaning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => out.write_str("unsigned codes; write `signed: false`"),
            Self::TwosComplement => out.write_str("codes in two's complement; write `signed: true`"),
            Self::Ascending { widths: [a, b] } => {
                let [rows, columns] = [a, b].map(|width| 1i64 << (width - 1));
                write!(
                    out,
                    "rows that begin with -{rows}; begin with those of 0, and let -{rows} follow {}, columns alike: \
                     numpy.roll(table, [{rows}, {columns}], [0, 1])",
                    rows - 1
                )
            }
        }
    }
}

impl Meaning {
    fn is_signed(self) -> bool {
        self != Self::Unsigned
    }

    fn operand(self, code: i64, width: u32) -> i64 {
        match self {
            Self::Unsigned => code,
            Self::TwosComplement => wrapped(code, width),
            Self::Ascending { .. } => code - (1 << (width - 1)),
        }
    }

    /// The word of an entry that was read with `signed` as this meaning reads it.
    fn entry(self, entry: i64, signed: bool, bits: u32) -> i64 {
        match (signed, self.is_signed()) {
            (false, true) => wrapped(entry, bits),
            (true, false) => entry.rem_euclid(1 << bits),
            _ => entry,
        }
    }

    /// How far entries are from exact products in all.
    fn distance(self, entries: &[i32], signature: Signature) -> u64 {
        let Signature { width_a, width_b, signed, .. } = signature;
        let each = entries.iter().zip(0i64..).map(|(&entry, at)| {
            let (a, b) =
                (self.operand(at >> width_b, width_a), self.operand(at & ((1 << width_b) - 1), width_b));
            (a * b).abs_diff(self.entry(entry.into(), signed, width_a + width_b))
        });
        each.sum()
    }
}

/// The low bits of a number in two's complement.
fn wrapped(number: i64, bits: u32) -> i64 {
    let half = 1 << (bits - 1);
    (number + half).rem_euclid(2 * half) - half
}

/// Operand bits from which on the entries of any table tell what they mean.
const TELLING: u32 = 4;

/// What entries mean that are less than half as far from exact products so than as the signature says; none where they are not.
pub(super) fn other(entries: &[i32], signature: Signature) -> Option<Meaning> {
    let widths = [signature.width_a, signature.width_b];
    if widths.iter().any(|&width| width < TELLING) {
        return None;
    }
    let all = [Meaning::Unsigned, Meaning::TwosComplement, Meaning::Ascending { widths }];
    let distance = |meaning: &Meaning| meaning.distance(entries, signature);
    let own = distance(&all[usize::from(signature.signed)]);
    all.into_iter().min_by_key(distance).filter(|meaning| 2 * distance(meaning) < own)
}

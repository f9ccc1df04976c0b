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
    /// A magnitude below the bit of its sign.
    SignMagnitude {
        /// Bits of both operands.
        widths: [u32; 2],
    },
    /// Itself or an integer in two's complement, while the bytes of each entry stand the other way round.
    Swapped {
        /// Whether codes are in two's complement.
        signed: bool,
        /// Bytes of an entry.
        size: usize,
    },
}

impl fmt::Display for Meaning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => {
                out.write_str("unsigned codes; write `signed: false` (`--signed false` with `explain`)")
            }
            Self::TwosComplement => out.write_str(
                "codes in two's complement; write `signed: true` (`--signed true` with `explain`)",
            ),
            Self::Ascending { widths: [a, b] } => {
                let [rows, columns] = [a, b].map(|width| 1i64 << (width - 1));
                write!(
                    out,
                    "rows that begin with -{rows}; begin with those of 0, and let -{rows} follow {}, columns alike: \
                     numpy.roll(table, [{rows}, {columns}], [0, 1])",
                    rows - 1
                )
            }
            Self::SignMagnitude { widths: [a, _] } => {
                let half = 1i64 << (a - 1);
                write!(
                    out,
                    "codes in sign and magnitude; order rows by two's complement, columns alike: the row of -1 is {}, that of \
                     -{half}, which sign and magnitude lacks, {half}",
                    2 * half - 1
                )
            }
            Self::Swapped { signed, size } => {
                let kind = if *signed || *size > 2 { 'i' } else { 'u' };
                write!(out, "big-endian words; write little-endian ones: table.astype('<{kind}{size}')")
            }
        }
    }
}

impl Meaning {
    fn is_signed(self) -> bool {
        !matches!(self, Self::Unsigned | Self::Swapped { signed: false, .. })
    }

    fn operand(self, code: i64, width: u32) -> i64 {
        match self {
            Self::Ascending { .. } => code - (1 << (width - 1)),
            Self::SignMagnitude { .. } => {
                let half = 1 << (width - 1);
                if code < half { code } else { half - code }
            }
            _ if self.is_signed() => wrapped(code, width),
            _ => code,
        }
    }

    /// The word of an entry that was read with `signed` as this meaning reads it.
    fn entry(self, entry: i64, signed: bool, bits: u32) -> i64 {
        if let Self::Swapped { signed, size } = self {
            let bits = 8 * size as u32;
            let word = (entry.swap_bytes() as u64 >> (64 - bits)) as i64;
            return if signed { wrapped(word, bits) } else { word };
        }
        match (signed, self.is_signed()) {
            (false, true) => wrapped(entry, bits),
            (true, false) => entry.rem_euclid(1 << bits),
            _ => entry,
        }
    }

    /// How far entries are from exact products in all, over the magnitudes of those.
    ///
    /// Signed products are about four times smaller than unsigned ones, so that a table of little but zeros is nearer to them.
    fn distance(self, entries: &[i64], signature: Signature) -> f64 {
        let Signature { width_a, width_b, signed, .. } = signature;
        let each = entries.iter().zip(0i64..).map(|(&entry, at)| {
            let (a, b) =
                (self.operand(at >> width_b, width_a), self.operand(at & ((1 << width_b) - 1), width_b));
            ((a * b).abs_diff(self.entry(entry, signed, width_a + width_b)), (a * b).unsigned_abs())
        });
        let sum = |(off, all): (u128, u128), (own, product): (u64, u64)| {
            (off + u128::from(own), all + u128::from(product))
        };
        let (off, all) = each.fold((0, 0), sum);
        off as f64 / all as f64
    }
}

/// The low bits of a number in two's complement.
fn wrapped(number: i64, bits: u32) -> i64 {
    let half = 1 << (bits - 1);
    number.wrapping_add(half).rem_euclid(2 * half) - half
}

/// Operand bits from which on the entries of any table tell what they mean.
const TELLING: u32 = 4;

/// How far entries that are products at all may be from exact ones, over the magnitudes of those.
const PRODUCTS: f64 = 0.5;

/// What entries mean that are [products](PRODUCTS) so, and less than half as far from exact ones than as the signature says; none
/// where they are not. Only `bare` words of so many bytes, of which no header tells the order, may be swapped.
pub(super) fn other(entries: &[i64], signature: Signature, bare: Option<usize>) -> Option<Meaning> {
    let widths = [signature.width_a, signature.width_b];
    if widths.iter().any(|&width| width < TELLING) {
        return None;
    }
    let ordered = [Meaning::Ascending { widths }, Meaning::SignMagnitude { widths }];
    let swapped =
        bare.into_iter().flat_map(|size| [false, true].map(|signed| Meaning::Swapped { signed, size }));
    let all = [Meaning::Unsigned, Meaning::TwosComplement].into_iter().chain(ordered).chain(swapped);
    let distances: Vec<(Meaning, f64)> =
        all.map(|meaning| (meaning, meaning.distance(entries, signature))).collect();
    let own = distances[usize::from(signature.signed)].1;
    let nearest = distances.into_iter().min_by(|(_, one), (_, other)| one.total_cmp(other));
    nearest.filter(|(_, distance)| *distance < PRODUCTS.min(own / 2.0)).map(|(meaning, _)| meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Operation, Table};

    /// What is said of a table of such magnitudes of products that is read as signed or not.
    fn told(signed: bool, magnitude: impl Fn(i64) -> i64, read_signed: bool) -> Option<Meaning> {
        let signature = Signature { operation: Operation::Mul, width_a: 8, width_b: 8, signed };
        let product = |a: i64, b: i64| (a * b).signum() * magnitude((a * b).abs());
        let table = Table::from_function(signature, product).unwrap();
        let reread = |&entry: &i32| match read_signed {
            true => wrapped(entry.into(), 16),
            false => i64::from(entry).rem_euclid(1 << 16),
        };
        let entries: Vec<i64> = table.entries().iter().map(reread).collect();
        other(&entries, Signature { signed: read_signed, ..signature }, Some(2))
    }

    #[test]
    fn products_read_in_another_sign_are_recognised() {
        for cut in [0, 4, 8] {
            let coarse = |product: i64| product >> cut << cut;
            assert_eq!(told(false, coarse, true), Some(Meaning::Unsigned), "{cut}");
            assert_eq!(told(true, coarse, false), Some(Meaning::TwosComplement), "{cut}");
            assert_eq!([false, true].map(|signed| told(signed, coarse, signed)), [None; 2], "{cut}");
        }
    }

    /// Signed products are smaller, so that little but zeros is nearer to them.
    #[test]
    fn coarse_products_are_what_they_say() {
        for cut in [13, 14, 15, 16] {
            let coarse = |product: i64| product >> cut << cut;
            assert_eq!([false, true].map(|signed| told(signed, coarse, signed)), [None; 2], "{cut}");
        }
    }
}

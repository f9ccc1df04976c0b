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

    /// How far entries are from exact products in all, over the magnitudes of those.
    ///
    /// Signed products are about four times smaller than unsigned ones, so that a table of little but zeros is nearer to them.
    fn distance(self, entries: &[i32], signature: Signature) -> f64 {
        let Signature { width_a, width_b, signed, .. } = signature;
        let each = entries.iter().zip(0i64..).map(|(&entry, at)| {
            let (a, b) =
                (self.operand(at >> width_b, width_a), self.operand(at & ((1 << width_b) - 1), width_b));
            ((a * b).abs_diff(self.entry(entry.into(), signed, width_a + width_b)), (a * b).unsigned_abs())
        });
        let (off, all) = each.fold((0, 0), |(off, all), (own, product)| (off + own, all + product));
        off as f64 / all as f64
    }
}

/// The low bits of a number in two's complement.
fn wrapped(number: i64, bits: u32) -> i64 {
    let half = 1 << (bits - 1);
    (number + half).rem_euclid(2 * half) - half
}

/// Operand bits from which on the entries of any table tell what they mean.
const TELLING: u32 = 4;

/// What entries mean that are less than half as far from exact products so, in proportion to those, than as the signature says;
/// none where they are not.
pub(super) fn other(entries: &[i32], signature: Signature) -> Option<Meaning> {
    let widths = [signature.width_a, signature.width_b];
    if widths.iter().any(|&width| width < TELLING) {
        return None;
    }
    let all = [Meaning::Unsigned, Meaning::TwosComplement, Meaning::Ascending { widths }];
    let distance = |meaning: &Meaning| meaning.distance(entries, signature);
    let own = distance(&all[usize::from(signature.signed)]);
    let nearest = all.into_iter().min_by(|one, other| distance(one).total_cmp(&distance(other)));
    nearest.filter(|meaning| 2.0 * distance(meaning) < own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::design;
    use crate::table::Table;

    fn told(id: &str, read_signed: bool) -> Option<Meaning> {
        let circuit = design(id).unwrap();
        let product = |a, b| circuit.eval(a, b);
        let table = Table::from_function(circuit.signature(), product).unwrap();
        let bits = table.signature().width_a + table.signature().width_b;
        let reread = |&entry: &i32| match read_signed {
            true => wrapped(entry.into(), bits) as i32,
            false => i64::from(entry).rem_euclid(1 << bits) as i32,
        };
        let entries: Vec<i32> = table.entries().iter().map(reread).collect();
        other(&entries, Signature { signed: read_signed, ..table.signature() })
    }

    #[test]
    fn coarse_tables_are_what_they_say_and_others_are_recognised() {
        // The last two have no product but 0.
        let coarse = ["trunc_t15", "trunc_t8", "bam_h8_v12", "mitchell", "exact", "bam_h8_v16"];
        for circuit in coarse {
            assert_eq!(told(&format!("mul8u_{circuit}"), false), None, "{circuit}");
        }
        for circuit in ["exact", "mitchell", "drum_k4", "trunc_t6"] {
            assert_eq!(told(&format!("mul8u_{circuit}"), true), Some(Meaning::Unsigned), "{circuit}");
            assert_eq!(told(&format!("mul8s_{circuit}"), false), Some(Meaning::TwosComplement), "{circuit}");
            assert_eq!(told(&format!("mul8s_{circuit}"), true), None, "{circuit}");
        }
    }
}

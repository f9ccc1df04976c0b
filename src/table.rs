//! The complete function of a small design: every result for every pair of operand codes.
//!
//! This is where the circuit column and the system column meet.

mod energies;
mod read;
mod write;

pub use energies::Energies;
pub use read::{ENDINGS, Fault, Place, ReadError};

use crate::bits;

/// Name of the operation a design performs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Sum of two operands; the result has one bit more.
    Add,
    /// Product of two operands; an exact one has the widths' sum of bits.
    Mul,
}

/// What goes in and comes out of a two-operand design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Signature {
    /// The operation.
    pub operation: Operation,
    /// Bits of operand `a`.
    pub width_a: u32,
    /// Bits of operand `b`.
    pub width_b: u32,
    /// Whether operands and result are two's complement.
    pub signed: bool,
}

impl Signature {
    /// Bits of an exact result: one more than the wider operand for a sum, both widths together for a product.
    pub fn width_out(&self) -> u32 {
        match self.operation {
            Operation::Add => self.width_a.max(self.width_b) + 1,
            Operation::Mul => self.width_a + self.width_b,
        }
    }

    /// Bits of both operands together.
    pub fn operand_bits(&self) -> u32 {
        self.width_a + self.width_b
    }

    /// The exact result for two operand values; a product of unsigned 32-bit operands needs more than 63 bits.
    pub fn exact(&self, a: i64, b: i64) -> i128 {
        match self.operation {
            Operation::Add => i128::from(a) + i128::from(b),
            Operation::Mul => i128::from(a) * i128::from(b),
        }
    }

    /// The number that a result stands for: the 64 bits of an unsigned one are all its own.
    pub fn number(&self, result: i64) -> i128 {
        if self.signed { i128::from(result) } else { i128::from(result as u64) }
    }

    /// The value of an `a` code.
    pub fn value_a(&self, code: u64) -> i64 {
        bits::decode(code, self.width_a, self.signed)
    }

    /// The value of a `b` code.
    pub fn value_b(&self, code: u64) -> i64 {
        bits::decode(code, self.width_b, self.signed)
    }
}

/// Why a table cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// More operand bits than a table holds.
    #[error("{0} operand bits are too many to tabulate; the limit is {limit}", limit = Table::LIMIT)]
    TooWide(u32),
    /// A result that 16-bit words do not hold.
    #[error(
        "the result {0} does not fit the 16-bit words that TFApprox reads; \
         write the table as text, as a C header or as NPY, whose entries have 32 bits"
    )]
    Word(i32),
    /// The number of entries is not two to the operand bits.
    #[error("a table of {expected} entries was expected, {found} were given")]
    WrongLength {
        /// Entries needed.
        expected: usize,
        /// Entries at hand.
        found: usize,
    },
}

/// The complete function of a design of at most [`Table::LIMIT`] operand bits.
///
/// Entry order: `a` code in the high bits, `b` code in the low bits; entries are result values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    signature: Signature,
    entries: Box<[i32]>,
}

impl Table {
    /// Operand bits together that a table may have.
    pub const LIMIT: u32 = 16;

    /// Tabulates a function of operand values.
    ///
    /// # Errors
    /// [`TableError::TooWide`] above [`Table::LIMIT`] operand bits.
    ///
    /// ```
    /// use axsim::table::{Operation, Signature, Table};
    /// let signature = Signature { operation: Operation::Mul, width_a: 4, width_b: 4, signed: true };
    /// let table = Table::from_function(signature, |a, b| a * b).unwrap();
    /// assert_eq!(table.get(0xf, 0x7), -7);
    /// ```
    pub fn from_function(signature: Signature, f: impl Fn(i64, i64) -> i64) -> Result<Self, TableError> {
        let codes = Self::codes(signature)?;
        let result = |(a, b)| f(signature.value_a(a), signature.value_b(b)) as i32;
        Ok(Self { signature, entries: codes.map(result).collect() })
    }

    /// Takes entries in table order.
    ///
    /// # Errors
    /// [`TableError::TooWide`], or [`TableError::WrongLength`] when the count does not fit the widths.
    pub fn from_entries(signature: Signature, entries: Vec<i32>) -> Result<Self, TableError> {
        let expected = Self::codes(signature)?.count();
        let found = entries.len();
        if found != expected {
            return Err(TableError::WrongLength { expected, found });
        }
        Ok(Self { signature, entries: entries.into() })
    }

    /// All operand code pairs in table order.
    pub fn codes(signature: Signature) -> Result<impl Iterator<Item = (u64, u64)>, TableError> {
        let bits = signature.operand_bits();
        if bits > Self::LIMIT {
            return Err(TableError::TooWide(bits));
        }
        let low = signature.width_b;
        Ok((0..1u64 << bits).map(move |index| (index >> low, index & bits::mask(low))))
    }

    /// The result for two operand codes (not values).
    pub fn get(&self, a: u64, b: u64) -> i32 {
        self.entries[((a << self.signature.width_b) | b) as usize]
    }

    /// The result for two operand values.
    pub fn at(&self, a: i64, b: i64) -> i32 {
        let Signature { width_a, width_b, .. } = self.signature;
        self.get(bits::encode(a, width_a), bits::encode(b, width_b))
    }

    /// Widths, sign and operation.
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// Bits of the results: those of an exact one, or as many as the widest entry has.
    pub fn width_out(&self) -> u32 {
        let signature = self.signature;
        let entry = |entry: &i32| 32 - (entry ^ (entry >> 31)).leading_zeros() + u32::from(signature.signed);
        self.entries.iter().map(entry).fold(signature.width_out(), u32::max)
    }

    /// All results in table order.
    pub fn entries(&self) -> &[i32] {
        &self.entries
    }

    /// BLAKE3 of the function: equal for equal functions, whatever their names.
    pub fn hash(&self) -> String {
        let mut hash = blake3::Hasher::new();
        hash.update(format!("{:?}", self.signature).as_bytes());
        for entry in &self.entries {
            hash.update(&entry.to_le_bytes());
        }
        hash.finalize().to_hex()[..16].to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: Signature = Signature { operation: Operation::Mul, width_a: 3, width_b: 5, signed: true };

    #[test]
    fn every_pair_is_found_by_code_and_by_value() {
        let table = Table::from_function(SIGNED, |a, b| a * b).unwrap();
        for (a, b) in Table::codes(SIGNED).unwrap() {
            let (x, y) = (SIGNED.value_a(a), SIGNED.value_b(b));
            assert_eq!((i64::from(table.get(a, b)), i64::from(table.at(x, y))), (x * y, x * y));
        }
    }

    #[test]
    fn a_table_too_wide_or_too_short_is_refused() {
        let wide = Signature { width_b: 14, ..SIGNED };
        let error = Table::from_function(wide, |a, b| a * b).unwrap_err();
        assert_eq!(error.to_string(), "17 operand bits are too many to tabulate; the limit is 16");
        assert_eq!(
            Table::from_entries(SIGNED, vec![0; 255]).unwrap_err(),
            TableError::WrongLength { expected: 256, found: 255 }
        );
    }
}

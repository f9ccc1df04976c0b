//! A product table in the forms that other tools read.

use std::fmt::Write;

use super::{Signature, Table, TableError};
use crate::tensor::npy;

impl Table {
    /// Results as text: row = code of `a`, column = code of `b`.
    pub fn to_text(&self) -> String {
        self.rows(" ", "", "\n")
    }

    /// Results as text in the order of the operands' values, from the lowest on: as ApproxTorch reads a multiplier. The
    /// order of unsigned codes is the same.
    pub fn to_ordered_text(&self) -> String {
        let Signature { width_a, width_b, signed, .. } = self.signature();
        // Of two's complement codes the upper half comes first.
        let half = |width: u32| if signed { 1u64 << (width - 1) } else { 0 };
        let (a, b) = (half(width_a), half(width_b));
        let entries: Vec<i32> = Self::codes(self.signature())
            .expect("this table has been made")
            .map(|(row, column)| self.get(row ^ a, column ^ b))
            .collect();
        let ordered = Self { signature: self.signature(), entries: entries.into() };
        ordered.to_text()
    }

    /// Rows and columns exchanged: the function of swapped operands.
    ///
    /// ```
    /// use axsim::table::{Operation, Signature, Table};
    /// let signature = Signature { operation: Operation::Mul, width_a: 2, width_b: 3, signed: false };
    /// let table = Table::from_function(signature, |a, b| 2 * a + b).unwrap();
    /// assert_eq!(table.transposed().get(7, 1), table.get(1, 7));
    /// ```
    #[must_use]
    pub fn transposed(&self) -> Self {
        let Signature { width_a, width_b, .. } = self.signature();
        let signature = Signature { width_a: width_b, width_b: width_a, ..self.signature() };
        let codes = Self::codes(signature).expect("this table has been made");
        Self { signature, entries: codes.map(|(b, a)| self.get(a, b)).collect() }
    }

    /// Results as little-endian 16-bit words in table order, as TFApprox reads a multiplier; a negative product is its
    /// two's complement code.
    ///
    /// # Errors
    /// [`TableError::Word`] where a result needs more bits.
    pub fn to_words(&self) -> Result<Vec<u8>, TableError> {
        let fits = |entry: i32| match self.signature().signed {
            true => i16::try_from(entry).is_ok(),
            false => u16::try_from(entry).is_ok(),
        };
        match self.entries().iter().find(|entry| !fits(**entry)) {
            Some(entry) => Err(TableError::Word(*entry)),
            None => Ok(self.entries().iter().flat_map(|entry| (*entry as u16).to_le_bytes()).collect()),
        }
    }

    /// Results as a C header with the array `lut`, as AdaPT includes a multiplier: both indices are codes.
    pub fn to_header(&self) -> String {
        let signature = self.signature();
        let (rows, columns) = (1u64 << signature.width_a, 1u64 << signature.width_b);
        let body = self.rows(", ", "  {", "},\n");
        format!("#include <stdint.h>\n\nconst int32_t lut [{rows}][{columns}] = {{\n{body}}};\n")
    }

    /// Results as an NPY file of 32-bit integers, version 1.0.
    pub fn to_npy(&self) -> Vec<u8> {
        let signature = self.signature();
        npy::write(&[1 << signature.width_a, 1 << signature.width_b], self.entries())
    }

    fn rows(&self, between: &str, before: &str, after: &str) -> String {
        let columns = 1usize << self.signature().width_b;
        let mut text = String::new();
        for row in self.entries().chunks(columns) {
            let row: Vec<String> = row.iter().map(i32::to_string).collect();
            let _ = write!(text, "{before}{}{after}", row.join(between));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::table::{Operation, Signature, Table};

    #[test]
    fn every_form_is_read_back_as_the_table() {
        for signed in [false, true] {
            let signature = Signature { operation: Operation::Mul, width_a: 8, width_b: 8, signed };
            let table = Table::from_function(signature, |a, b| (a * b) & !3).unwrap();
            for (name, bytes) in [
                ("t.txt", table.to_text().into_bytes()),
                ("t.bin", table.to_words().unwrap()),
                ("t.npy", table.to_npy()),
            ] {
                assert_eq!(Table::read(&bytes, name, signed).as_ref(), Ok(&table), "{name}");
            }
            // The value at row i and column j of the ordered form is that of the i-th and j-th lowest operands.
            let lowest = if signed { -128 } else { 0 };
            for (row, line) in (lowest..).zip(table.to_ordered_text().lines()) {
                let products: Vec<i32> = (lowest..lowest + 256).map(|column| table.at(row, column)).collect();
                assert_eq!(line.split(' ').map(|word| word.parse().unwrap()).collect::<Vec<i32>>(), products);
            }
        }
    }

    /// A 17-bit product, as a multiplier that overestimates has it.
    #[test]
    fn a_result_beyond_a_word_is_refused_as_words_and_written_in_the_other_forms() {
        let signature = Signature { operation: Operation::Mul, width_a: 8, width_b: 8, signed: false };
        let table = Table::from_function(signature, |a, b| a * b + a * b / 32).unwrap();
        assert_eq!((table.get(255, 255), table.width_out()), (67_057, 17));
        let first = table.entries().iter().find(|entry| **entry > 65_535).unwrap();
        let error = table.to_words().unwrap_err().to_string();
        let expected = format!("the result {first} does not fit the 16-bit words that TFApprox reads");
        assert!(error.starts_with(&expected), "{error}");
        for (name, bytes) in [("t.txt", table.to_text().into_bytes()), ("t.npy", table.to_npy())] {
            assert_eq!(Table::read(&bytes, name, false).as_ref(), Ok(&table), "{name}");
        }
    }

    #[test]
    fn the_header_is_an_array_of_rows() {
        let signature = Signature { operation: Operation::Mul, width_a: 1, width_b: 1, signed: true };
        let table = Table::from_function(signature, |a, b| a * b).unwrap();
        assert_eq!(
            table.to_header(),
            "#include <stdint.h>\n\nconst int32_t lut [2][2] = {\n  {0, 0},\n  {0, 1},\n};\n"
        );
    }
}

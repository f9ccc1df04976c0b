//! The energy of a small design by the operands of an operation.

use std::fmt::Write;

use super::{ReadError, read};
use crate::bits;
use crate::units::Joules;

/// Mean switching energy of an operation for each pair of operand codes, whatever the operands before.
///
/// Entry order as in [`super::Table`]: `a` code in the high bits, `b` code in the low bits; of a signed design two's
/// complement codes.
#[derive(Debug, Clone, PartialEq)]
pub struct Energies {
    width: u32,
    femtojoules: Box<[f64]>,
}

impl Energies {
    /// Takes energies in femtojoules, one for each pair of codes of so many bits.
    ///
    /// # Panics
    /// When there are not 4^width.
    pub fn new(width: u32, femtojoules: Vec<f64>) -> Self {
        assert_eq!(femtojoules.len(), 1 << (2 * width), "an energy for every operand pair");
        Self { width, femtojoules: femtojoules.into() }
    }

    /// Reads energies in femtojoules: row = code of `a`, column = code of `b`, as text (numbers separated by spaces or
    /// commas, `#` starts a comment) or NPY (`<f4`, `<f8`).
    ///
    /// # Errors
    /// [`ReadError`] with line and column, or the byte, of what is no energy: below 0, infinite, not a number; or when rows
    /// and columns are not as many as operands of one width, at most 8 bits, have codes.
    ///
    /// ```
    /// use axsim::{table::Energies, units::Joules};
    /// let and = Energies::read(b"0 0.5\n0.5 2 # fJ\n", "and.csv").unwrap();
    /// assert_eq!((and.width(), and.of(1, 1)), (1, Joules(2e-15)));
    /// // In one bit of two's complement the code of -1 is 1.
    /// assert_eq!(and.of(-1, 0), Joules(0.5e-15));
    /// let error = Energies::read(b"0 1\n1 -2\n", "and.csv").unwrap_err().to_string();
    /// assert!(error.starts_with("and.csv:2:3: `-2` is no energy; write femtojoules, 0 or more"));
    /// ```
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, ReadError> {
        let (femtojoules, width) = read::energies(bytes, name)?;
        Ok(Self::new(width, femtojoules))
    }

    /// Bits of an operand.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The energy of an operation on two operands.
    pub fn of(&self, a: i64, b: i64) -> Joules {
        let [a, b] = [a, b].map(|operand| bits::encode(operand, self.width) as usize);
        Joules(self.femtojoules[a << self.width | b] * 1e-15)
    }

    /// The mean over operand pairs, each with how often it occurs; none are free.
    pub fn mean(&self, pairs: &[(i64, i64, u64)]) -> Joules {
        let count: u64 = pairs.iter().map(|pair| pair.2).sum();
        let energy: Joules = pairs.iter().map(|&(a, b, count)| self.of(a, b) * count as f64).sum();
        energy / count.max(1) as f64
    }

    /// Energies as [`Energies::read`] takes them, a thousandth of a femtojoule exact, each line of `about` a comment before
    /// them.
    pub fn to_text(&self, about: &str) -> String {
        let mut text: String = about.lines().map(|line| format!("# {line}\n")).collect();
        for row in self.femtojoules.chunks(1 << self.width) {
            let row: Vec<String> = row.iter().map(|energy| format!("{energy:.3}")).collect();
            let _ = writeln!(text, "{}", row.join(","));
        }
        text
    }

    /// Identity of the energies: the start of their BLAKE3 hash.
    pub fn hash(&self) -> String {
        let bytes: Vec<u8> = self.femtojoules.iter().flat_map(|energy| energy.to_le_bytes()).collect();
        blake3::hash(&bytes).to_hex()[..16].to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(shape: &str, kind: &str, body: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let size = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", &size[..], header.as_bytes(), body].concat()
    }

    #[test]
    fn every_form_is_read_back() {
        let values: Vec<f64> = (0..16).map(|at| f64::from(at) * 0.125).collect();
        let energies = Energies::new(2, values.clone());
        assert_eq!(Energies::read(energies.to_text("by hand\nin fJ").as_bytes(), "e.csv").unwrap(), energies);
        let single: Vec<u8> = values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect();
        let double: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        for (kind, body) in [("<f4", single), ("<f8", double)] {
            let file = npy("(4, 4)", kind, &body);
            assert_eq!(Energies::read(&file, "e.npy").unwrap(), energies);
            assert_eq!(Energies::read(&file, "energies").unwrap(), energies);
        }
        let found = [energies.of(1, 2), energies.of(-1, -2)].map(|energy| energy.0 * 1e15);
        assert!((found[0] - 0.75).abs() < 1e-12 && (found[1] - 1.75).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn a_mean_weighs_pairs_by_how_often_they_occur() {
        let energies = Energies::new(1, vec![1.0, 2.0, 4.0, 8.0]);
        let mean = energies.mean(&[(0, 0, 3), (1, 0, 1)]);
        assert!((mean.0 * 1e15 - 1.75).abs() < 1e-12, "{mean}");
        assert_eq!(energies.mean(&[]), Joules::ZERO);
    }

    #[test]
    fn what_is_no_energy_table_is_refused_with_its_place_and_what_to_write() {
        let refused = |text: &str| Energies::read(text.as_bytes(), "e.csv").unwrap_err().to_string();
        for word in ["-0.5", "nan", "inf", "0x3", "twelve"] {
            let message = refused(&format!("0,0\n0,{word}\n"));
            assert!(
                message.starts_with(&format!("e.csv:2:3: `{word}` is no energy; write femtojoules")),
                "{message}"
            );
        }
        for (text, size) in
            [("0 0 0\n0 0 0\n", "2 by 3"), ("0 0\n0 0\n0 0\n0 0\n", "4 by 2"), ("1\n", "1"), ("", "0")]
        {
            let message = refused(text);
            assert!(
                message.starts_with(&format!("e.csv: {size} entries are no energy table; write a row")),
                "{message}"
            );
        }
        assert!(refused("0 0\n0\n").contains("this row holds 1 entries, the first one 2"));
        let integers = Energies::read(&npy("(2, 2)", "<i4", &[0; 16]), "e.npy").unwrap_err().to_string();
        assert!(integers.ends_with("elements `<i4` are not read; save one of <f4, <f8"), "{integers}");
        let negative: Vec<u8> =
            [0f32, 1.0, f32::NAN, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let file = npy("(2, 2)", "<f4", &negative);
        let message = Energies::read(&file, "e.npy").unwrap_err().to_string();
        let place = file.len() - 8;
        assert!(message.starts_with(&format!("e.npy, byte {place}: `NaN` is no energy")), "{message}");
    }
}

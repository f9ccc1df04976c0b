//! A user's own product table from bytes: text, raw little-endian words or NPY.
//!
//! Entry order in every form: row = code of `a`, column = code of `b`, from code 0 on. A signed table is
//! ordered by two's complement codes too, so that row 255 of an 8-bit table is `a` = −1.

mod meaning;
mod npy;
mod text;

use std::fmt;
use std::ops::Range;

use num_traits::FromBytes;

use super::{Operation, Signature, Table};
pub use meaning::Meaning;

/// Why bytes are not a product table, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{place}: {fault}")]
pub struct ReadError {
    /// Name of the file.
    pub file: String,
    /// Where in the file.
    pub place: Place,
    /// What is wrong there.
    pub fault: Fault,
}

impl ReadError {
    /// Whether an entry does not fit an unsigned table, and fewer would not fit a signed one.
    pub fn is_signed(&self) -> bool {
        matches!(self.fault, Fault::Range { low: 0, other: true, .. })
    }
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// Line and column of a text, from 1.
    Text {
        /// The line.
        line: usize,
        /// The column, in characters.
        column: usize,
    },
    /// Offset from the start of a binary file.
    Byte(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Text { line, column } => write!(out, ":{line}:{column}"),
            Self::Byte(at) => write!(out, ", byte {at}"),
        }
    }
}

/// What is wrong with a product table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A word that is no integer.
    #[error(
        "`{0}` is not an integer; write decimal integers, separated by spaces or commas, `#` before a comment"
    )]
    NotAnInteger(String),
    /// A row with more or fewer entries than the first.
    #[error("this row holds {found} entries, the first one {expected}; write one row a code of `a`")]
    Ragged {
        /// Entries of the first row.
        expected: usize,
        /// Entries of this row.
        found: usize,
    },
    /// The entries are not those of a table.
    #[error(
        "{0} entries are no product table; write 2^a rows of 2^b entries, or 4^b entries in one list: \
         256 by 256 or 65536 for 8 by 8 bits, the widest"
    )]
    Entries(String),
    /// A raw file whose length fits no table.
    #[error(
        "{0} bytes are no raw product table; write 2 or 4 little-endian bytes an entry: 131072 (16-bit) or \
         262144 (32-bit) bytes for 8 by 8 bits"
    )]
    Length(usize),
    /// An entry that the result's bits cannot hold.
    #[error("entry {value} does not fit the {bits} {kind} result bits; write {low} to {high}{hint}")]
    Range {
        /// The entry.
        value: i64,
        /// Bits of the result.
        bits: u32,
        /// `signed` or `unsigned`.
        kind: &'static str,
        /// The smallest that fits.
        low: i64,
        /// The largest that fits.
        high: i64,
        /// Whether more entries fit the other sign.
        other: bool,
        /// What may have been meant.
        hint: String,
    },
    /// Entries that are products of other operands than those that their places say.
    #[error("the entries are not products of the operands in their places, but of {0}")]
    Misread(Meaning),
    /// A header that is not one of NPY, or of an array that is no table.
    #[error("{0}")]
    Npy(String),
    /// A word that is no energy.
    #[error(
        "`{0}` is no energy; write femtojoules, 0 or more, such as 12.5, separated by spaces or commas, `#` before a comment"
    )]
    NotAnEnergy(String),
    /// Energies that are not those of all operand pairs.
    #[error(
        "{0} entries are no energy table; write a row a code of `a` and a column a code of `b`: 256 by 256 for 8-bit operands, \
         the widest"
    )]
    Energies(String),
}

/// The entries of a file before their widths are known.
pub(super) struct Entries<T> {
    values: Vec<(T, Place)>,
    /// Rows and columns where the file says so; a flat list is square.
    shape: Option<[usize; 2]>,
    /// Bytes of a word where nothing in the file says in which order they stand.
    bare: Option<usize>,
}

/// A fault at its place, before the file's name is known.
pub(super) type At<T> = Result<T, (Place, Fault)>;

/// The most entries a table has.
const MOST: usize = 1 << Table::LIMIT;

impl Table {
    /// Reads a product table; `signed` says whether operand codes and results are two's complement.
    ///
    /// Forms, told apart by the ending of `name` (`txt`, `csv`; `npy`; `bin`, `raw`), else by content:
    /// - *text*: decimal integers separated by spaces, commas and line breaks, `#` starts a comment; what
    ///   `axsim export --format table` writes. A line is a row; one line alone, or one entry a line, is a
    ///   flat list.
    /// - *raw*: little-endian words without a header; the length tells 16-bit from 32-bit ones. 16-bit words
    ///   are read as `signed` says, 32-bit words are always two's complement.
    /// - *NPY* 1.0 to 3.0: element types `<i2 <u2 <i4 <u4 <i8`, C order, one or two axes.
    ///
    /// Widths follow from the shape: 2^a rows by 2^b columns. A flat list has equal widths.
    ///
    /// # Errors
    /// [`ReadError`] with the line and column, or the byte, of what is wrong; entries that do not fit the
    /// result's bits are refused, and so are those of operands of at least 4 bits that are less than half as far from exact
    /// products in another sign, counted from the lowest operand on, of operands in sign and magnitude, or as raw words with
    /// their bytes swapped. An unsigned result may have one bit more than an exact one, as that of a multiplier
    /// that overestimates has.
    ///
    /// ```
    /// use axsim::table::Table;
    /// let table = Table::read(b"0 0\n0 1 # a = b = 1\n", "and.txt", false).unwrap();
    /// assert_eq!(table.get(1, 1), 1);
    /// let error = Table::read(b"0 0\n0 x\n", "and.txt", false).unwrap_err();
    /// assert!(error.to_string().starts_with("and.txt:2:3: `x` is not an integer"));
    /// ```
    pub fn read(bytes: &[u8], name: &str, signed: bool) -> Result<Self, ReadError> {
        let table = entries(bytes, name, signed).and_then(|entries| entries.table(signed));
        table.map_err(|(place, fault)| ReadError { file: name.into(), place, fault })
    }
}

/// What files of product tables end on; others are told apart by content.
pub const ENDINGS: [&str; 5] = ["txt", "csv", "npy", "bin", "raw"];

/// The form that a file's name ends on.
fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase()
}

fn entries(bytes: &[u8], name: &str, signed: bool) -> At<Entries<i64>> {
    let words = || npy::read(bytes, &npy::INTEGERS);
    let text = || text::read(bytes, &|word| word.parse().map_err(|_| Fault::NotAnInteger(text::shown(word))));
    match ending(name).as_str() {
        "npy" => words(),
        "txt" | "csv" => text(),
        "bin" | "raw" => raw(bytes, signed),
        _ if bytes.starts_with(npy::MAGIC) => words(),
        // Text never holds a zero byte; words do, for small products have empty high bytes.
        _ if bytes.contains(&0) => raw(bytes, signed),
        _ => text(),
    }
}

/// Energies in femtojoules, row by row, and the width of both operands.
pub(super) fn energies(bytes: &[u8], name: &str) -> Result<(Vec<f64>, u32), ReadError> {
    let energy = |value: f64| Some(value).filter(|value| value.is_finite() && *value >= 0.0);
    let parsed =
        |word: &str| word.parse().ok().and_then(energy).ok_or_else(|| Fault::NotAnEnergy(text::shown(word)));
    let read = if ending(name) == "npy" || bytes.starts_with(npy::MAGIC) {
        npy::read(bytes, &npy::REALS)
    } else {
        text::read(bytes, &parsed)
    };
    let checked = |entries: Entries<f64>| {
        let [width, other] = entries.widths().map_err(|fault| (Place::File, fault))?;
        if width != other {
            return Err((Place::File, Fault::Energies(entries.size())));
        }
        let value =
            |(value, place)| energy(value).ok_or_else(|| (place, Fault::NotAnEnergy(value.to_string())));
        Ok((entries.values.into_iter().map(value).collect::<At<_>>()?, width))
    };
    read.and_then(checked).map_err(|(place, fault)| {
        let fault = if let Fault::Entries(size) = fault { Fault::Energies(size) } else { fault };
        ReadError { file: name.into(), place, fault }
    })
}

/// A little-endian number of a binary file.
#[derive(Debug, Clone, Copy)]
struct Word<T> {
    /// Bytes.
    size: usize,
    /// Its value; the slice has its size.
    value: fn(&[u8]) -> T,
}

impl<T> Word<T> {
    const fn of<N: FromBytes + Into<T>>() -> Self
    where
        for<'a> &'a N::Bytes: TryFrom<&'a [u8]>,
    {
        Self { size: size_of::<N>(), value: little_endian::<N, T> }
    }
}

fn little_endian<N: FromBytes + Into<T>, T>(bytes: &[u8]) -> T
where
    for<'a> &'a N::Bytes: TryFrom<&'a [u8]>,
{
    let Ok(bytes) = bytes.try_into() else { unreachable!("a word is read from as many bytes as it has") };
    N::from_le_bytes(bytes).into()
}

/// Words without a header: 4^w entries of two bytes are an odd power of two, of four bytes an even one.
fn raw(bytes: &[u8], signed: bool) -> At<Entries<i64>> {
    let length = bytes.len();
    let power = length.is_power_of_two().then(|| length.ilog2()).filter(|power| (3..=18).contains(power));
    let word = match power.map(|power| power % 2) {
        Some(0) => Word::of::<i32>(),
        Some(_) if signed => Word::of::<i16>(),
        Some(_) => Word::of::<u16>(),
        None => return Err((Place::File, Fault::Length(length))),
    };
    Ok(Entries { values: words(bytes, 0, word), shape: None, bare: Some(word.size) })
}

/// The words from `start` on, each with its place.
fn words<T>(bytes: &[u8], start: usize, word: Word<T>) -> Vec<(T, Place)> {
    let places = (start..).step_by(word.size).map(Place::Byte);
    bytes[start..].chunks_exact(word.size).map(word.value).zip(places).collect()
}

impl Entries<i64> {
    fn table(self, signed: bool) -> At<Table> {
        let [width_a, width_b] = self.widths().map_err(|fault| (Place::File, fault))?;
        let signature = Signature { operation: Operation::Mul, width_a, width_b, signed };
        let values: Vec<i64> = self.values.iter().map(|(value, _)| *value).collect();
        let misread = meaning::other(&values, signature, self.bare);
        let refused = |meaning| Err((Place::File, Fault::Misread(meaning)));
        // Words with swapped bytes need not even fit.
        if let Some(swapped @ Meaning::Swapped { .. }) = misread {
            return refused(swapped);
        }
        let entries = self.fitting(signature)?;
        misread.map_or(Ok(Table { signature, entries }), refused)
    }

    /// The entries where all fit the result's bits.
    fn fitting(&self, signature: Signature) -> At<Box<[i32]>> {
        let range = results(signature).1;
        let first = |unfit: &dyn Fn(i64) -> bool| self.values.iter().find(|(value, _)| unfit(*value));
        // A negative entry first: it says what the others are.
        let negative = first(&|value| !signature.signed && value < 0);
        match negative.or_else(|| first(&|value| !range.contains(&value))) {
            Some(&(value, place)) => Err((place, self.unfit(value, signature))),
            None => Ok(self.values.iter().map(|(value, _)| *value as i32).collect()),
        }
    }

    /// What is wrong with an entry that does not fit, in the light of all others.
    fn unfit(&self, value: i64, signature: Signature) -> Fault {
        let Signature { signed, .. } = signature;
        let (bits, range) = results(signature);
        let fit = |range: &Range<i64>| self.values.iter().filter(|(value, _)| range.contains(value)).count();
        let (all, own) = (self.values.len(), fit(&range));
        let others = fit(&results(Signature { signed: !signed, ..signature }).1);
        let hint = match others {
            _ if others == all && signed => {
                ", or say that the table is not: `signed: false` (`--signed false` with `explain`)".into()
            }
            _ if others == all => {
                ", or say that the table is signed: `signed: true` (`--signed true` with `explain`)".into()
            }
            _ if own > others => format!(", as {own} of the {all} entries are"),
            _ => String::new(),
        };
        let kind = if signed { "signed" } else { "unsigned" };
        Fault::Range { value, bits, kind, low: range.start, high: range.end - 1, other: others > own, hint }
    }
}

/// Bits and range of a product; an unsigned one may have a bit more than an exact one.
fn results(signature: Signature) -> (u32, Range<i64>) {
    let bits = signature.width_out() + u32::from(!signature.signed);
    (bits, if signature.signed { -1 << (bits - 1)..1 << (bits - 1) } else { 0..1 << bits })
}

impl<T> Entries<T> {
    /// How many entries there are, in words.
    fn size(&self) -> String {
        self.shape.map_or(self.values.len().to_string(), |[rows, columns]| format!("{rows} by {columns}"))
    }

    fn widths(&self) -> Result<[u32; 2], Fault> {
        let count = self.values.len();
        let width = |codes: usize| (codes > 1 && codes.is_power_of_two()).then(|| codes.ilog2());
        let [a, b] = match self.shape {
            Some([rows, columns]) => [width(rows), width(columns)],
            None => [width(count.isqrt()); 2],
        };
        match (a, b) {
            (Some(a), Some(b)) if a + b <= Table::LIMIT && count == 1 << (a + b) => Ok([a, b]),
            _ => Err(Fault::Entries(self.size())),
        }
    }
}

#[cfg(test)]
mod tests;

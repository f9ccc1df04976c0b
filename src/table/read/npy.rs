//! NumPy's array file: magic, version, a header that is a Python dictionary, the elements.
//!
//! Source: `numpy.lib.format` (NEP 1), versions 1.0 to 3.0.

use super::{At, Entries, Fault, MOST, Place, Word, words};

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Element types of integers by their name in a header.
pub(super) const INTEGERS: [(&str, Word<i64>); 5] = [
    ("<i2", Word::of::<i16>()),
    ("<u2", Word::of::<u16>()),
    ("<i4", Word::of::<i32>()),
    ("<u4", Word::of::<u32>()),
    ("<i8", Word::of::<i64>()),
];

/// Element types of real numbers.
pub(super) const REALS: [(&str, Word<f64>); 2] = [("<f4", Word::of::<f32>()), ("<f8", Word::of::<f64>())];

/// Reads an array of one of these element types.
pub(super) fn read<T: Copy>(bytes: &[u8], elements: &[(&str, Word<T>)]) -> At<Entries<T>> {
    let (header, start) = header(bytes)?;
    // Every fault of the header is shown at its first byte: it is one line that says what it holds.
    let (shape, word) =
        array(&header, elements).map_err(|fault| (Place::Byte(start - header.len()), fault))?;
    let expected = start + shape.iter().product::<usize>() * word.size;
    if bytes.len() != expected {
        let what = format!("the header announces {expected} bytes, the file has {}", bytes.len());
        return Err((Place::Byte(bytes.len().min(expected)), Fault::Npy(what)));
    }
    Ok(Entries { values: words(bytes, start, word), shape: shape.try_into().ok(), bare: None })
}

/// The header's text and where the elements start.
fn header(bytes: &[u8]) -> At<(String, usize)> {
    let wrong = |at: usize, what: &str| (Place::Byte(at), Fault::Npy(what.into()));
    if !bytes.starts_with(MAGIC) {
        return Err(wrong(0, "an NPY file starts with the byte 0x93 and NUMPY"));
    }
    let length = |at: usize, bytes: &[u8]| {
        let word = bytes.iter().rev().fold(0, |word, &byte| word << 8 | usize::from(byte));
        (at + bytes.len(), word)
    };
    let (at, length) = match bytes.get(6..12) {
        Some([1, _, size @ .., _, _]) => length(8, size),
        Some([2 | 3, _, size @ ..]) => length(8, size),
        Some(_) => return Err(wrong(6, "this version of NPY is not read; 1.0, 2.0 and 3.0 are")),
        None => return Err(wrong(bytes.len(), "the header is cut off")),
    };
    let text = bytes.get(at..at.saturating_add(length));
    let text = text.ok_or_else(|| wrong(bytes.len(), "the header is cut off"))?;
    let text = std::str::from_utf8(text).map_err(|_| wrong(at, "the header is no text"))?;
    Ok((text.to_string(), at + length))
}

/// Shape and element type of an array that may be a table.
fn array<T: Copy>(header: &str, elements: &[(&str, Word<T>)]) -> Result<(Vec<usize>, Word<T>), Fault> {
    let no_shape = || Fault::Npy("the header gives no shape; save an array of 2^a by 2^b entries".into());
    let shape = field(header, "shape").and_then(sizes).ok_or_else(no_shape)?;
    let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
    if !(1..=2).contains(&shape.len()) || count.is_none_or(|count| count > MOST) {
        let axes: Vec<String> = shape.iter().map(usize::to_string).collect();
        return Err(Fault::Entries(if axes.is_empty() { "no".into() } else { axes.join(" by ") }));
    }
    if !field(header, "fortran_order").is_some_and(|value| value.starts_with("False")) {
        return Err(Fault::Npy("the array is not in C order; save numpy.ascontiguousarray of it".into()));
    }
    let element = field(header, "descr").and_then(|value| value.strip_prefix('\'')?.split('\'').next());
    let word = elements.iter().find(|(name, _)| Some(*name) == element).map(|(_, word)| *word);
    let unread = || {
        let names: Vec<&str> = elements.iter().map(|(name, _)| *name).collect();
        Fault::Npy(format!(
            "elements `{}` are not read; save one of {}",
            element.unwrap_or("without a type"),
            names.join(", ")
        ))
    };
    word.map(|word| (shape, word)).ok_or_else(unread)
}

/// What follows a key of the dictionary.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}':"))?;
    Some(rest.trim_start())
}

/// A tuple of sizes, `(256, 256)` or `(65536,)`.
fn sizes(tuple: &str) -> Option<Vec<usize>> {
    let (inside, _) = tuple.strip_prefix('(')?.split_once(')')?;
    let items = inside.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| item.parse().ok()).collect()
}

//! Samples as NumPy's array file, of bytes or 32-bit floating point, and classes as one of whole numbers.
//!
//! Source: `numpy.lib.format` (NEP 1), versions 1.0 to 3.0.

use std::cmp::Ordering;

use super::{DataError, Values};
use crate::tensor::Tensor;

/// Reads an array [n, …] in C order.
///
/// # Errors
/// [`DataError::Header`] for another file, element type or order, [`DataError::Length`] for one that is cut off or goes on,
/// [`DataError::NotFinite`] for a sample with a NaN or an infinity.
///
/// ```
/// use axsim::workload::data::{Values, npy};
/// let head = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1), }\n";
/// let file = [b"\x93NUMPY\x01\x00", &[head.len() as u8, 0][..], head.as_bytes(), &[4, 5]].concat();
/// let Values::Bytes(array) = npy::read(&file).unwrap() else { panic!() };
/// assert_eq!((array.shape(), array.data()), (&[2, 1][..], &[4, 5][..]));
/// ```
pub fn read(bytes: &[u8]) -> Result<Values, DataError> {
    let Array { at, shape, element, data } = Array::of(bytes, &["|u1", "<f4"], "uint8 or float32")?;
    if shape.first() == Some(&0) {
        return Err(DataError::Header { at, what: format!("the array of shape {shape:?} holds no samples") });
    }
    if shape.len() < 2 || shape.contains(&0) {
        let what = format!("an array [samples, …] is expected, this one has the shape {shape:?}");
        return Err(DataError::Header { at, what });
    }
    if element == "|u1" {
        return Ok(Values::Bytes(Tensor::new(shape, data.to_vec()).expect("elements were counted")));
    }
    let reals = data.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect();
    Values::Reals(Tensor::new(shape, reals).expect("elements were counted")).finite()
}

/// Reads classes, an array `[samples]` of whole numbers from 0.
///
/// # Errors
/// As for [`read`], and [`DataError::Header`] at a number below 0.
///
/// ```
/// use axsim::tensor::npy::write;
/// use axsim::workload::data::npy;
/// assert_eq!(npy::classes(&write(&[3], &[7i32, 0, 300])).unwrap(), [7, 0, 300]);
/// assert!(npy::classes(&write(&[1], &[-1i8])).is_err());
/// ```
pub fn classes(bytes: &[u8]) -> Result<Vec<usize>, DataError> {
    let types = ["|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8"];
    let Array { at, shape, element, data } = Array::of(bytes, &types, "whole numbers, for example int64")?;
    if shape.len() != 1 {
        let what = format!("an array [samples] is expected, this one has the shape {shape:?}");
        return Err(DataError::Header { at, what });
    }
    let size = bytes_of(element);
    let signed = element.as_bytes()[1] == b'i';
    let class = |(sample, number): (usize, &[u8])| {
        let below = signed && number[size - 1] >= 0x80;
        let class = number.iter().rev().fold(0, |class, &byte| class << 8 | usize::from(byte));
        let what = || format!("label {sample} (from 0) is below 0; classes count from 0");
        let at = bytes.len() - data.len() + sample * size;
        if below { Err(DataError::Header { at, what: what() }) } else { Ok(class) }
    };
    data.chunks_exact(size).enumerate().map(class).collect()
}

/// Whether bytes begin as a file of this format does.
pub fn is_array(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// An array in C order before its elements are read.
struct Array<'a> {
    /// Where the header's dictionary begins.
    at: usize,
    shape: Vec<usize>,
    element: &'static str,
    data: &'a [u8],
}

impl<'a> Array<'a> {
    /// The array of a file, with elements of one of these types, which an error names as `save`.
    fn of(bytes: &'a [u8], types: &[&'static str], save: &str) -> Result<Self, DataError> {
        let (head, start) = head(bytes)?;
        let at = start - head.len();
        let fault = |what: &str| DataError::Header { at, what: what.into() };
        let shape =
            field(&head, "shape").and_then(sizes).ok_or_else(|| fault("the header gives no shape"))?;
        if !field(&head, "fortran_order").is_some_and(|value| value.starts_with("False")) {
            return Err(fault("the array is not in C order; save numpy.ascontiguousarray of it"));
        }
        let element = field(&head, "descr").and_then(|value| value.strip_prefix('\'')?.split('\'').next());
        let element = types.iter().find(|known| element == Some(**known)).ok_or_else(|| {
            let found = element.map_or("this type".into(), |element| format!("type `{element}`"));
            fault(&format!("elements of {found} are not read; save an array of {save}"))
        })?;
        let count = shape.iter().try_fold(bytes_of(element), |count, &axis| count.checked_mul(axis));
        let (expected, found) = (count.unwrap_or(usize::MAX).saturating_add(start), bytes.len());
        match found.cmp(&expected) {
            Ordering::Less => Err(DataError::Length { expected, found }),
            Ordering::Equal => Ok(Self { at, shape, element, data: &bytes[start..] }),
            Ordering::Greater => Err(DataError::Surplus { expected }),
        }
    }
}

/// The bytes of an element, which its type's name ends with.
fn bytes_of(element: &str) -> usize {
    element[2..].parse().expect("types that are read name their size")
}

/// The header's text and where the elements start.
fn head(bytes: &[u8]) -> Result<(String, usize), DataError> {
    let fault = |at: usize, what: &str| DataError::Header { at, what: what.into() };
    if !is_array(bytes) {
        return Err(fault(0, "an NPY file starts with the byte 0x93 and NUMPY"));
    }
    let (at, length): (usize, usize) = match bytes.get(6..12) {
        Some(&[1, _, low, high, ..]) => (10, usize::from(u16::from_le_bytes([low, high]))),
        Some(&[2 | 3, _, a, b, c, d]) => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        Some(_) => return Err(fault(6, "this version of NPY is not read; 1.0, 2.0 and 3.0 are")),
        None => return Err(fault(bytes.len(), "the header is cut off")),
    };
    let text = bytes.get(at..at.saturating_add(length)).and_then(|text| std::str::from_utf8(text).ok());
    let text = text.ok_or_else(|| fault(at, "the header is cut off or no text"))?;
    Ok((text.to_string(), at + length))
}

/// What follows a key of the dictionary.
fn field<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = head.split_once(&format!("'{key}':"))?;
    Some(rest.trim_start())
}

/// A tuple of sizes such as `(256, 3)`.
fn sizes(tuple: &str) -> Option<Vec<usize>> {
    let (inside, _) = tuple.strip_prefix('(')?.split_once(')')?;
    inside.split(',').map(str::trim).filter(|size| !size.is_empty()).map(|size| size.parse().ok()).collect()
}

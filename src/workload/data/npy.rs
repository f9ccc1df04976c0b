//! Samples as NumPy's array file, of bytes or 32-bit floating point.
//!
//! Source: `numpy.lib.format` (NEP 1), versions 1.0 to 3.0.

use super::{DataError, Values};
use crate::tensor::Tensor;

/// Reads an array [n, …] in C order.
///
/// # Errors
/// [`DataError::Header`] for another file, element type or order, [`DataError::Length`] for one that is cut off or goes on.
///
/// ```
/// use axsim::workload::data::{Values, npy};
/// let head = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1), }\n";
/// let file = [b"\x93NUMPY\x01\x00", &[head.len() as u8, 0][..], head.as_bytes(), &[4, 5]].concat();
/// let Values::Bytes(array) = npy::read(&file).unwrap() else { panic!() };
/// assert_eq!((array.shape(), array.data()), (&[2, 1][..], &[4, 5][..]));
/// ```
pub fn read(bytes: &[u8]) -> Result<Values, DataError> {
    let (head, start) = head(bytes)?;
    let fault = |what: &str| DataError::Header { at: start - head.len(), what: what.into() };
    let shape = field(&head, "shape").and_then(sizes).ok_or_else(|| fault("the header gives no shape"))?;
    if shape.len() < 2 || shape.contains(&0) {
        return Err(fault(&format!("an array [samples, …] is expected, this one has the shape {shape:?}")));
    }
    if !field(&head, "fortran_order").is_some_and(|value| value.starts_with("False")) {
        return Err(fault("the array is not in C order; save numpy.ascontiguousarray of it"));
    }
    let element = field(&head, "descr").and_then(|value| value.strip_prefix('\'')?.split('\'').next());
    let size = match element {
        Some("|u1") => 1,
        Some("<f4") => 4,
        _ => return Err(fault("elements of this type are not read; save an array of uint8 or float32")),
    };
    let count = shape.iter().try_fold(size, |count: usize, &axis| count.checked_mul(axis));
    let (expected, found) = (count.unwrap_or(usize::MAX).saturating_add(start), bytes.len());
    if expected != found {
        return Err(if found < expected {
            DataError::Length { expected, found }
        } else {
            DataError::Surplus { expected }
        });
    }
    let data = &bytes[start..];
    Ok(if size == 1 {
        Values::Bytes(Tensor::new(shape, data.to_vec()).expect("elements were counted"))
    } else {
        let reals = data.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect();
        Values::Reals(Tensor::new(shape, reals).expect("elements were counted"))
    })
}

/// The header's text and where the elements start.
fn head(bytes: &[u8]) -> Result<(String, usize), DataError> {
    let fault = |at: usize, what: &str| DataError::Header { at, what: what.into() };
    if !bytes.starts_with(b"\x93NUMPY") {
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

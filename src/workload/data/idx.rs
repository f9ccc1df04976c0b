//! The IDX format of MNIST: magic, sizes as big-endian words, unsigned bytes; plain or gzipped.

use std::io::Read;

use super::{DataError, Images};
use crate::tensor::Tensor;

/// Joins an image file and a label file.
///
/// # Errors
/// [`DataError`] with the byte that is wrong.
pub fn read(images: &[u8], labels: &[u8]) -> Result<Images, DataError> {
    let pixels = array(images, 3)?;
    let labels = array(labels, 1)?;
    let [n, rows, columns] = pixels.shape()[..] else { unreachable!("three axes were asked for") };
    if labels.len() != n {
        return Err(DataError::Count { images: n, labels: labels.len() });
    }
    let pixels = pixels.reshaped([n, 1, rows, columns]).expect("the same elements");
    Ok(Images { pixels, labels: labels.into_data() })
}

/// Reads unsigned bytes with this number of axes.
///
/// # Errors
/// [`DataError`] with the byte that is wrong.
pub fn array(bytes: &[u8], axes: usize) -> Result<Tensor<u8>, DataError> {
    let bytes = &unzipped(bytes)?[..];
    let header = 4 + 4 * axes;
    if bytes.len() < header {
        return Err(DataError::Length { expected: header, found: bytes.len() });
    }
    if bytes[..2] != [0, 0] {
        return Err(DataError::Header { at: 0, what: "an IDX file starts with two zero bytes".into() });
    }
    if bytes[2] != 8 {
        let what = format!("elements of kind {:#04x} are not supported; unsigned bytes (0x08) are", bytes[2]);
        return Err(DataError::Header { at: 2, what });
    }
    if usize::from(bytes[3]) != axes {
        return Err(DataError::Header { at: 3, what: format!("{axes} axes are expected, not {}", bytes[3]) });
    }
    let size =
        |axis: usize| bytes[4 + 4 * axis..8 + 4 * axis].iter().fold(0, |n, &byte| n << 8 | usize::from(byte));
    let shape: Vec<usize> = (0..axes).map(size).collect();
    let elements = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size)).unwrap_or(usize::MAX);
    let found = bytes.len() - header;
    Tensor::new(shape, bytes[header..].to_vec())
        .map_err(|_| DataError::Length { expected: elements.saturating_add(header), found: found + header })
}

fn unzipped(bytes: &[u8]) -> Result<Vec<u8>, DataError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.to_vec());
    }
    let mut plain = Vec::new();
    let read = flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain);
    read.map(|_| plain).map_err(|error| DataError::Gzip(error.to_string()))
}

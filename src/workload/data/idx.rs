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

/// The most bytes that are unpacked: a small gzip file can hold a thousand times its size.
const MOST_UNPACKED: usize = 1 << 30;

/// Reads unsigned bytes with this number of axes, plain or gzipped.
///
/// # Errors
/// [`DataError`] with the byte that is wrong; no more memory is taken than the header and the file agree on.
pub fn array(bytes: &[u8], axes: usize) -> Result<Tensor<u8>, DataError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        elements(flate2::read::GzDecoder::new(bytes), axes, MOST_UNPACKED)
    } else {
        elements(bytes, axes, usize::MAX)
    }
}

/// Reads the header, then as many bytes as it announces.
fn elements(mut stream: impl Read, axes: usize, most: usize) -> Result<Tensor<u8>, DataError> {
    let start = 4 + 4 * axes;
    let header = take(&mut stream, start)?;
    let shape = shape(&header, axes)?;
    let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size)).unwrap_or(usize::MAX);
    let expected = count.saturating_add(start);
    if expected > most {
        return Err(DataError::TooLarge { bytes: expected, most });
    }
    // One byte more shows whether the file ends where it should.
    let data = take(&mut stream, count.saturating_add(1))?;
    let found = start + data.len();
    if found > expected {
        return Err(DataError::Surplus { expected });
    }
    Tensor::new(shape, data).map_err(|_| DataError::Length { expected, found })
}

/// At most `count` bytes; room grows with what is there, not with what is asked for.
fn take(stream: &mut impl Read, count: usize) -> Result<Vec<u8>, DataError> {
    let mut data = Vec::new();
    let read = stream.take(count as u64).read_to_end(&mut data);
    read.map(|_| data).map_err(|error| DataError::Gzip(error.to_string()))
}

fn shape(header: &[u8], axes: usize) -> Result<Vec<usize>, DataError> {
    if header.len() < 4 + 4 * axes {
        return Err(DataError::Length { expected: 4 + 4 * axes, found: header.len() });
    }
    if header[..2] != [0, 0] {
        return Err(DataError::Header { at: 0, what: "an IDX file starts with two zero bytes".into() });
    }
    if header[2] != 8 {
        let what =
            format!("elements of kind {:#04x} are not supported; unsigned bytes (0x08) are", header[2]);
        return Err(DataError::Header { at: 2, what });
    }
    if usize::from(header[3]) != axes {
        return Err(DataError::Header {
            at: 3,
            what: format!("{axes} axes are expected, not {}", header[3]),
        });
    }
    let (sizes, _) = header[4..].as_chunks::<4>();
    Ok(sizes.iter().map(|&size| u32::from_be_bytes(size) as usize).collect())
}

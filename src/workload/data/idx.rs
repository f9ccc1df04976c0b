//! The IDX format of MNIST: magic, sizes as big-endian words, unsigned bytes; plain or gzipped.

use std::cmp::Ordering;
use std::io::Read;

use super::DataError;
use crate::tensor::Tensor;
use crate::workload::limit;

/// Reads grey images [n, 1, rows, columns], plain or gzipped.
///
/// # Errors
/// [`DataError`] with the byte that is wrong; no more memory is taken than the header and the file agree on.
pub fn images(bytes: &[u8]) -> Result<Tensor<u8>, DataError> {
    let (shape, data) = array::<3>(bytes)?;
    let [n, rows, columns] = shape;
    Ok(Tensor::new([n, 1, rows, columns], data).expect("as many elements as the shape has"))
}

/// Reads labels, plain or gzipped.
///
/// # Errors
/// As for [`images`].
pub fn labels(bytes: &[u8]) -> Result<Vec<u8>, DataError> {
    array::<1>(bytes).map(|(_, labels)| labels)
}

/// Shape and elements of an array with this number of axes.
type Array<const AXES: usize> = ([usize; AXES], Vec<u8>);

fn array<const AXES: usize>(bytes: &[u8]) -> Result<Array<AXES>, DataError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        elements(flate2::read::MultiGzDecoder::new(bytes), limit::UNPACKED)
    } else {
        elements(bytes, usize::MAX)
    }
}

/// Reads the header, then as many bytes as it announces.
fn elements<const AXES: usize>(mut stream: impl Read, most: usize) -> Result<Array<AXES>, DataError> {
    let start = 4 + 4 * AXES;
    let header = take(&mut stream, start)?;
    let shape: [usize; AXES] = shape(&header)?;
    let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size)).unwrap_or(usize::MAX);
    let expected = count.saturating_add(start);
    if expected > most {
        return Err(DataError::TooLarge { bytes: expected, most });
    }
    // One byte more shows whether the file ends where it should.
    let data = take(&mut stream, count.saturating_add(1))?;
    let found = start + data.len();
    match found.cmp(&expected) {
        Ordering::Less => Err(DataError::Length { expected, found }),
        Ordering::Equal => Ok((shape, data)),
        Ordering::Greater => Err(DataError::Surplus { expected }),
    }
}

/// At most `count` bytes; room grows with what is there, not with what is asked for.
fn take(stream: &mut impl Read, count: usize) -> Result<Vec<u8>, DataError> {
    let mut data = Vec::new();
    let read = stream.take(count as u64).read_to_end(&mut data);
    read.map(|_| data).map_err(|error| DataError::Gzip(error.to_string()))
}

fn shape<const AXES: usize>(header: &[u8]) -> Result<[usize; AXES], DataError> {
    if header.len() < 4 + 4 * AXES {
        return Err(DataError::Length { expected: 4 + 4 * AXES, found: header.len() });
    }
    if header[..2] != [0, 0] {
        return Err(DataError::Header { at: 0, what: "an IDX file starts with two zero bytes".into() });
    }
    if header[2] != 8 {
        let what =
            format!("elements of kind {:#04x} are not supported; unsigned bytes (0x08) are", header[2]);
        return Err(DataError::Header { at: 2, what });
    }
    if usize::from(header[3]) != AXES {
        let what = format!("{AXES} axes are expected, there are {}; images have 3, labels 1", header[3]);
        return Err(DataError::Header { at: 3, what });
    }
    let (sizes, _) = header[4..].as_chunks::<4>();
    Ok(std::array::from_fn(|axis| u32::from_be_bytes(sizes[axis]) as usize))
}

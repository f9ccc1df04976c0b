//! Raw arrays without a header, plain or gzipped: pictures, tokens, frames and labels.

use std::io::Read;

use super::{DataError, Truth, Values};
use crate::tensor::Tensor;
use crate::workload::limit;

/// The bytes of a file, unpacked where they are gzipped, all members one after the other.
///
/// # Errors
/// [`DataError::Gzip`] where the stream is broken, [`DataError::TooLarge`] where it is endless.
pub fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, DataError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = vec![];
    let mut stream = flate2::read::MultiGzDecoder::new(&bytes[..]).take(limit::UNPACKED as u64 + 1);
    let read = stream.read_to_end(&mut plain).map_err(|error| DataError::Gzip(error.to_string()))?;
    if read > limit::UNPACKED {
        return Err(DataError::TooLarge { bytes: read, most: limit::UNPACKED });
    }
    Ok(plain)
}

/// How many whole samples of `size` bytes there are; at least one.
fn whole(bytes: &[u8], size: usize) -> Result<usize, DataError> {
    let size = size.max(1);
    if bytes.is_empty() || !bytes.len().is_multiple_of(size) {
        let expected = bytes.len().div_ceil(size).max(1) * size;
        return Err(DataError::Length { expected, found: bytes.len() });
    }
    Ok(bytes.len() / size)
}

/// Pictures [n, rows, columns, channels] as planes [n, channels, rows, columns].
///
/// # Errors
/// [`DataError::Length`] when the bytes are not whole pictures.
///
/// ```
/// use axsim::workload::data::raw;
/// assert_eq!(raw::pictures(&[1, 2, 3, 4, 5, 6], [1, 2, 3]).unwrap().data(), [1, 4, 2, 5, 3, 6]);
/// ```
pub fn pictures(bytes: &[u8], [rows, columns, channels]: [usize; 3]) -> Result<Tensor<u8>, DataError> {
    let size = rows * columns * channels;
    let count = whole(bytes, size)?;
    let mut planes = Vec::with_capacity(bytes.len());
    for picture in bytes.chunks_exact(size) {
        for channel in 0..channels {
            planes.extend(picture[channel..].iter().step_by(channels));
        }
    }
    Ok(Tensor::new([count, channels, rows, columns], planes).expect("whole pictures were counted"))
}

/// Classes of one byte each.
pub fn bytes(bytes: &[u8]) -> Truth {
    Truth::Classes(bytes.iter().map(|&class| usize::from(class)).collect())
}

/// Classes of 16 bits each, low byte first, counted from `first`.
///
/// # Errors
/// [`DataError::Length`] when a byte is left over.
pub fn words(bytes: &[u8], first: usize) -> Result<Truth, DataError> {
    whole(bytes, 2)?;
    Ok(Truth::Classes(integers(bytes).map(|class| class + first).collect()))
}

fn integers(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes.as_chunks::<2>().0.iter().map(|&word| usize::from(u16::from_le_bytes(word)))
}

/// Rows of `length` tokens: all but the last are the sample, all but the first its targets.
///
/// # Errors
/// [`DataError::Length`] when the bytes are not whole rows.
///
/// ```
/// use axsim::workload::data::{Truth, raw};
/// let (rows, targets) = raw::tokens(&[7, 0, 8, 0, 9, 1], 3).unwrap();
/// assert_eq!(rows, axsim::workload::data::Values::Reals(axsim::tensor::Tensor::new([1, 2], vec![7.0, 8.0]).unwrap()));
/// assert_eq!(targets, Truth::Tokens(vec![vec![8, 265]]));
/// ```
pub fn tokens(bytes: &[u8], length: usize) -> Result<(Values, Truth), DataError> {
    let count = whole(bytes, 2 * length)?;
    let tokens: Vec<usize> = integers(bytes).collect();
    let rows = tokens.chunks_exact(length);
    let given = rows.clone().flat_map(|row| row[..length - 1].iter().map(|&token| token as f32)).collect();
    let given = Tensor::new([count, length - 1], given).expect("whole rows were counted");
    Ok((Values::Reals(given), Truth::Tokens(rows.map(|row| row[1..].to_vec()).collect())))
}

/// Spike trains [n, steps, size] of zeros and ones, from bits that fill whole bytes step by step.
///
/// # Errors
/// [`DataError::Length`] when the bytes are not whole trains.
///
/// ```
/// use axsim::workload::data::raw;
/// assert_eq!(raw::spikes(&[0b101, 0b010], 2, 3).unwrap().data(), [1, 0, 1, 0, 1, 0]);
/// ```
pub fn spikes(bytes: &[u8], steps: usize, size: usize) -> Result<Tensor<u8>, DataError> {
    let row = size.div_ceil(8);
    let count = whole(bytes, steps * row)?;
    let bits = bytes.chunks_exact(row).flat_map(|row| (0..size).map(|at| row[at / 8] >> (at % 8) & 1));
    Ok(Tensor::new([count, steps, size], bits.collect()).expect("whole trains were counted"))
}

/// Every `window` neighbouring frames of `size` reals each as a sample [window · size].
///
/// # Errors
/// [`DataError::Length`] when the bytes are not whole frames, or fewer than a window; [`DataError::NotFinite`] for a window with
/// a NaN or an infinity.
///
/// ```
/// use axsim::workload::data::{Values, raw};
/// let frames: Vec<u8> = [1f32, 2.0, 3.0].iter().flat_map(|x| x.to_le_bytes()).collect();
/// let Values::Reals(windows) = raw::windows(&frames, 1, 2).unwrap() else { panic!() };
/// assert_eq!((windows.shape(), windows.data()), (&[2, 2][..], &[1.0, 2.0, 2.0, 3.0][..]));
/// ```
pub fn windows(bytes: &[u8], size: usize, window: usize) -> Result<Values, DataError> {
    let frames = whole(bytes, 4 * size)?;
    if frames < window {
        return Err(DataError::Length { expected: 4 * size * window, found: bytes.len() });
    }
    let reals: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect();
    let count = frames - window + 1;
    let samples = (0..count).flat_map(|at| &reals[at * size..(at + window) * size]).copied().collect();
    Values::Reals(Tensor::new([count, window * size], samples).expect("whole windows were taken")).finite()
}

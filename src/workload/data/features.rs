//! Features as raw bytes: a signed byte each, sample after sample without a header, labels in a file of their own.

use std::ops::Range;

use super::{DataError, Images};
use crate::tensor::Tensor;

/// Reads the samples of `range` of [n, …] features with the sample's `shape`; a feature q becomes the pixel q + 128.
///
/// # Errors
/// [`DataError`] when the bytes are not whole samples, or fewer or more than labels, or the range is none of them.
///
/// ```
/// use axsim::workload::data::features;
/// let images = features::read(&[0x80, 0x00, 0x7f, 0xff], &[4, 9], &[1, 1, 2], 1..2).unwrap();
/// assert_eq!((images.image(0), &images.labels[..]), (&[255, 127][..], &[9][..]));
/// ```
pub fn read(
    features: &[u8],
    labels: &[u8],
    shape: &[usize],
    range: Range<usize>,
) -> Result<Images, DataError> {
    let size = shape.iter().product::<usize>().max(1);
    if features.is_empty() || !features.len().is_multiple_of(size) {
        let expected = features.len().div_ceil(size).max(1) * size;
        return Err(DataError::Length { expected, found: features.len() });
    }
    let images = features.len() / size;
    if images != labels.len() {
        return Err(DataError::Count { images, labels: labels.len() });
    }
    let Range { start: from, end: to } = range;
    if from >= to || to > images {
        return Err(DataError::Range { from, to, held: images });
    }
    // Turning the sign bit adds 128.
    let pixels = features[from * size..to * size].iter().map(|feature| feature ^ 0x80).collect();
    let pixels = Tensor::new([&[to - from], shape].concat(), pixels).expect("whole samples were counted");
    Ok(Images { pixels, labels: labels[from..to].to_vec() })
}

//! The CIFAR-10 binary records: a label byte, then 32×32 bytes each of red, green and blue.

use super::{DataError, Images};
use crate::tensor::Tensor;

const IMAGE: usize = 3 * 32 * 32;

/// Reads all records.
///
/// # Errors
/// [`DataError`] when the last record is incomplete or a label is above 9.
pub fn read(bytes: &[u8]) -> Result<Images, DataError> {
    let record = IMAGE + 1;
    if bytes.is_empty() {
        return Err(DataError::Header { at: 0, what: "the file is empty: it has no images".into() });
    }
    if !bytes.len().is_multiple_of(record) {
        let expected = bytes.len().div_ceil(record).max(1) * record;
        return Err(DataError::Length { expected, found: bytes.len() });
    }
    let labels: Vec<u8> = bytes.chunks_exact(record).map(|record| record[0]).collect();
    if let Some(image) = labels.iter().position(|&label| label > 9) {
        return Err(DataError::Label { image, label: labels[image].into(), classes: 10 });
    }
    let pixels = bytes.chunks_exact(record).flat_map(|record| record[1..].to_vec()).collect();
    let pixels = Tensor::new([labels.len(), 3, 32, 32], pixels).expect("whole records were counted");
    Ok(Images { pixels, labels })
}

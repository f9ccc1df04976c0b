//! Samples and labels, read from bytes.

pub mod boxes;
pub mod cifar10;
pub mod features;
pub mod idx;
pub mod npy;
pub mod raw;
mod set;

pub use set::{Set, Truth, Values};

use crate::tensor::Tensor;

/// Images of unsigned bytes with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// [n, channels, rows, columns].
    pub pixels: Tensor<u8>,
    /// One label per image.
    pub labels: Vec<u8>,
}

/// Why bytes are not the data they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// The compressed stream is broken.
    #[error("the gzip stream is broken: {0}")]
    Gzip(String),
    /// The first bytes are those of another format.
    #[error("byte {at}: {what}")]
    Header {
        /// Offset from the start.
        at: usize,
        /// What is wrong there.
        what: String,
    },
    /// Too few or too many bytes.
    #[error("{expected} bytes are expected, there are {found}: the file is cut off")]
    Length {
        /// Bytes that the header or record size asks for.
        expected: usize,
        /// Bytes at hand.
        found: usize,
    },
    /// More bytes than the header announces.
    #[error("there are more than the {expected} bytes that the header announces")]
    Surplus {
        /// Bytes that the header asks for.
        expected: usize,
    },
    /// A compressed file that would fill the memory.
    #[error(
        "the header announces {bytes} bytes; at most {most} are unpacked from gzip, unpack the file first"
    )]
    TooLarge {
        /// Bytes announced.
        bytes: usize,
        /// The most that are unpacked.
        most: usize,
    },
    /// As many labels as images are needed.
    #[error("{images} images but {labels} labels")]
    Count {
        /// Images.
        images: usize,
        /// Labels.
        labels: usize,
    },
    /// A part of the samples that is none.
    #[error(
        "there are no samples from {from} to before {to} among {held}; write `from` below `to`, and `to` up to {held}"
    )]
    Range {
        /// The first one asked for.
        from: usize,
        /// The one before which to stop.
        to: usize,
        /// Samples in the file.
        held: usize,
    },
    /// A label that names no class.
    #[error(
        "label {label} of image {image} (from 0) is out of range; {classes} classes have labels below {classes}"
    )]
    Label {
        /// The image, from 0.
        image: usize,
        /// The label.
        label: usize,
        /// Classes of the data set or network.
        classes: usize,
    },
    /// NumPy's file format where other bytes are asked for.
    #[error(
        "this is a NumPy array, and its bytes are not labels as they stand; write `labels: {{npy: FILE}}`"
    )]
    Array,
    /// A sample with a value that is no number.
    #[error("sample {sample} (from 0) holds {value}; write a finite number there, or leave the sample out")]
    NotFinite {
        /// The sample, from 0.
        sample: usize,
        /// The value in words.
        value: &'static str,
    },
    /// A line of text that cannot be read.
    #[error("line {line}: {what}")]
    Line {
        /// Its number from 1.
        line: usize,
        /// What is wrong there.
        what: String,
    },
}

impl Images {
    /// Joins images [n, channels, rows, columns] and their labels.
    ///
    /// # Errors
    /// [`DataError::Count`] when there are not as many of both.
    pub fn join(pixels: Tensor<u8>, labels: Vec<u8>) -> Result<Self, DataError> {
        let images = pixels.shape()[0];
        if images == labels.len() {
            Ok(Self { pixels, labels })
        } else {
            Err(DataError::Count { images, labels: labels.len() })
        }
    }
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
    /// Bytes of an image.
    pub fn size(&self) -> usize {
        self.pixels.shape()[1..].iter().product()
    }
    /// One image.
    pub fn image(&self, at: usize) -> &[u8] {
        &self.pixels.data()[at * self.size()..(at + 1) * self.size()]
    }
}

//! Samples of any kind with what is true of them.

use std::ops::Range;

use super::{DataError, Images};
use crate::tensor::Tensor;
use crate::workload::score::Corners;

/// Samples [n, …] as they are in a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Unsigned bytes.
    Bytes(Tensor<u8>),
    /// Reals, which no image sensor sees.
    Reals(Tensor<f32>),
}

impl Values {
    /// The same values where all of them are finite.
    ///
    /// # Errors
    /// [`DataError::NotFinite`], naming the first sample that holds another.
    ///
    /// ```
    /// use axsim::tensor::Tensor;
    /// use axsim::workload::data::Values;
    /// let reals = Tensor::new([2, 2], vec![0.5, 1.0, f32::NAN, 2.0]).unwrap();
    /// let refused = Values::Reals(reals).finite().unwrap_err();
    /// assert!(refused.to_string().starts_with("sample 1 (from 0) holds a NaN"));
    /// ```
    pub fn finite(self) -> Result<Self, DataError> {
        let Self::Reals(reals) = &self else { return Ok(self) };
        let size = reals.shape()[1..].iter().product::<usize>().max(1);
        match reals.data().iter().position(|value| !value.is_finite()) {
            None => Ok(self),
            Some(at) => {
                let value = if reals.data()[at].is_nan() { "a NaN" } else { "an infinity" };
                Err(DataError::NotFinite { sample: at / size, value })
            }
        }
    }
}

/// What is true of samples, one entry for each.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// Nothing but the sample itself.
    Itself,
    /// A class.
    Classes(Vec<usize>),
    /// The token that follows each one of the sample.
    Tokens(Vec<Vec<usize>>),
    /// The objects in it, with their classes.
    Objects(Vec<Vec<(usize, Corners)>>),
    /// What a reference network finds in it.
    Detections(Vec<Vec<(usize, Corners)>>),
    /// Another picture [n, …].
    Pictures(Tensor<u8>),
}

impl Truth {
    /// Of how many samples it is; none where it is the sample itself.
    fn len(&self) -> Option<usize> {
        Some(match self {
            Self::Itself => return None,
            Self::Classes(classes) => classes.len(),
            Self::Tokens(rows) => rows.len(),
            Self::Objects(objects) | Self::Detections(objects) => objects.len(),
            Self::Pictures(pictures) => pictures.shape()[0],
        })
    }

    fn part(&self, range: Range<usize>) -> Self {
        match self {
            Self::Itself => Self::Itself,
            Self::Classes(classes) => Self::Classes(classes[range].to_vec()),
            Self::Tokens(rows) => Self::Tokens(rows[range].to_vec()),
            Self::Objects(objects) => Self::Objects(objects[range].to_vec()),
            Self::Detections(objects) => Self::Detections(objects[range].to_vec()),
            Self::Pictures(pictures) => Self::Pictures(part(pictures, range)),
        }
    }
}

/// Samples and what is true of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    values: Values,
    truth: Truth,
}

impl From<Images> for Set {
    fn from(images: Images) -> Self {
        let labels = images.labels.into_iter().map(usize::from).collect();
        Self { values: Values::Bytes(images.pixels), truth: Truth::Classes(labels) }
    }
}

impl Set {
    /// Joins samples with what is true of them.
    ///
    /// # Errors
    /// [`DataError::Count`] when there are not as many of both.
    pub fn join(values: Values, truth: Truth) -> Result<Self, DataError> {
        let set = Self { values, truth };
        match set.truth.len() {
            Some(labels) if labels != set.len() => Err(DataError::Count { images: set.len(), labels }),
            _ => Ok(set),
        }
    }

    /// The samples.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// What is true of them.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    fn whole_shape(&self) -> &[usize] {
        match &self.values {
            Values::Bytes(bytes) => bytes.shape(),
            Values::Reals(reals) => reals.shape(),
        }
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.whole_shape()[0]
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape of a sample.
    pub fn shape(&self) -> &[usize] {
        &self.whole_shape()[1..]
    }

    /// Samples of a range as reals, bytes as 0 to 255.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn reals(&self, range: Range<usize>) -> Tensor<f32> {
        match &self.values {
            Values::Reals(reals) => part(reals, range),
            Values::Bytes(bytes) => {
                let bytes = part(bytes, range);
                let reals = bytes.data().iter().map(|&byte| f32::from(byte)).collect();
                Tensor::new(bytes.shape(), reals).expect("the same shape")
            }
        }
    }

    /// Hash of a sample's content.
    ///
    /// # Panics
    /// When there is no such sample.
    pub fn hash(&self, at: usize) -> blake3::Hash {
        let size: usize = self.shape().iter().product();
        let range = at * size..(at + 1) * size;
        match &self.values {
            Values::Bytes(bytes) => blake3::hash(&bytes.data()[range]),
            Values::Reals(reals) => {
                let bytes: Vec<u8> = reals.data()[range].iter().flat_map(|x| x.to_le_bytes()).collect();
                blake3::hash(&bytes)
            }
        }
    }

    /// The first tenth of the samples, at least one, and the rest.
    ///
    /// ```
    /// use axsim::tensor::Tensor;
    /// use axsim::workload::data::{Set, Truth, Values};
    /// let eleven = Tensor::new([11, 1], vec![0.5; 11]).unwrap();
    /// let [first, rest] = Set::join(Values::Reals(eleven), Truth::Itself).unwrap().split();
    /// assert_eq!((first.len(), rest.len()), (2, 9));
    /// ```
    pub fn split(&self) -> [Self; 2] {
        let tenth = self.len().div_ceil(10);
        [0..tenth, tenth..self.len()].map(|range| {
            let values = match &self.values {
                Values::Bytes(bytes) => Values::Bytes(part(bytes, range.clone())),
                Values::Reals(reals) => Values::Reals(part(reals, range.clone())),
            };
            Self { values, truth: self.truth.part(range) }
        })
    }
}

/// Some entries along the first axis.
fn part<T: Copy>(tensor: &Tensor<T>, range: Range<usize>) -> Tensor<T> {
    let size: usize = tensor.shape()[1..].iter().product();
    let shape = [&[range.len()], &tensor.shape()[1..]].concat();
    let data = tensor.data()[range.start * size..range.end * size].to_vec();
    Tensor::new(shape, data).expect("whole entries were taken")
}

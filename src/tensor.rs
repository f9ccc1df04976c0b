//! Dense row-major arrays; nothing but shape and data.

pub mod npy;

/// A dense row-major array.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor<T> {
    shape: Vec<usize>,
    data: Vec<T>,
}

/// Data and shape do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{elements} elements do not fill the shape {shape:?}")]
pub struct ShapeError {
    /// The shape asked for.
    pub shape: Vec<usize>,
    /// The number of elements at hand.
    pub elements: usize,
}

impl<T> Tensor<T> {
    /// Joins a shape with its data.
    ///
    /// # Errors
    /// When the product of the shape is not the number of elements.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<T>) -> Result<Self, ShapeError> {
        let shape = shape.into();
        let fits = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)) == Some(data.len());
        if fits { Ok(Self { shape, data }) } else { Err(ShapeError { shape, elements: data.len() }) }
    }

    /// Fills a shape with one value.
    pub fn filled(shape: impl Into<Vec<usize>>, value: T) -> Self
    where
        T: Clone,
    {
        let shape = shape.into();
        let data = vec![value; shape.iter().product()];
        Self { shape, data }
    }

    /// Lengths of the axes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
    /// The elements in row-major order.
    pub fn data(&self) -> &[T] {
        &self.data
    }
    /// The elements in row-major order, to change in place.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }
    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
    /// The elements alone.
    pub fn into_data(self) -> Vec<T> {
        self.data
    }

    /// The same elements under another shape.
    ///
    /// # Errors
    /// When the element counts differ.
    pub fn reshaped(self, shape: impl Into<Vec<usize>>) -> Result<Self, ShapeError> {
        Self::new(shape, self.data)
    }

    /// Applies a function to every element.
    pub fn map<U>(&self, f: impl FnMut(&T) -> U) -> Tensor<U> {
        Tensor { shape: self.shape.clone(), data: self.data.iter().map(f).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        assert!(Tensor::new([2, 3], vec![0; 6]).is_ok());
        let error = Tensor::new([2, 3], vec![0; 5]).unwrap_err();
        assert_eq!(error.to_string(), "5 elements do not fill the shape [2, 3]");
        assert!(Tensor::new([usize::MAX, 2], vec![0; 5]).is_err());
    }
}

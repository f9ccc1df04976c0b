//! Arrays of any ONNX element type.
//!
//! Real elements are held in double precision and rounded to their type after every operator, whole ones in 64 bits
//! and wrapped. A sum or a product of two numbers, a quotient or a square root comes out as if it had been computed in
//! the type itself; long sums are nearer to the true one.

mod kind;
mod read;

pub use kind::Kind;

use std::fmt::Display;

use super::limit;

/// The elements of an array in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// Of a floating-point type.
    Real(Vec<f64>),
    /// Of an integer type, or 0 and 1 of a Boolean one.
    Whole(Vec<i64>),
}

/// An array of one of the ONNX element types.
///
/// ```
/// use axsim::workload::{Elements, Kind, Value};
/// let value = Value::whole(Kind::I8, &[2], vec![127, 128]).unwrap();
/// assert_eq!(value.elements(), &Elements::Whole(vec![127, -128]));
/// assert!(Value::real(Kind::F32, &[3], vec![0.5]).is_err());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    kind: Kind,
    shape: Vec<usize>,
    elements: Elements,
}

/// What is wrong with an operand, in words that follow the name of a node.
pub(super) type Fault = String;

/// Elements of a shape.
///
/// # Errors
/// When they are too many to be held; an empty axis does not make up for long ones, whose places are listed.
pub(super) fn room(shape: &[usize]) -> Result<usize, Fault> {
    let longest = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size.max(1)));
    let longest = longest.filter(|&count| count <= limit::ELEMENTS);
    let longest = longest.ok_or_else(|| format!("a result of shape {shape:?} has too many elements"))?;
    Ok(if shape.contains(&0) { 0 } else { longest })
}

/// Refuses a node whose sizes multiply to too many products.
pub(super) fn effort(sizes: &[usize]) -> Result<(), Fault> {
    let products = sizes.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
    match products.filter(|&products| products <= limit::PRODUCTS) {
        Some(_) => Ok(()),
        None => Err(format!("sizes {sizes:?} make more than 2^33 products")),
    }
}

/// Distance between neighbours along each axis.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The place of padding in a list of places.
pub(super) const NOWHERE: usize = usize::MAX;

/// For each element of a result its place in the source: the sum of one offset per axis; [`NOWHERE`] wins.
pub(super) fn places(offsets: &[Vec<usize>]) -> Vec<usize> {
    let add = |base: usize, offset: usize| {
        if base == NOWHERE || offset == NOWHERE { NOWHERE } else { base + offset }
    };
    let mut places = vec![0];
    for offsets in offsets {
        let longer = places.iter().flat_map(|&base| offsets.iter().map(move |&offset| add(base, offset)));
        places = longer.collect();
    }
    places
}

impl Value {
    /// Joins a shape with real elements, rounded to the type.
    ///
    /// # Errors
    /// When the elements do not fill the shape.
    pub fn real(kind: Kind, shape: &[usize], elements: Vec<f64>) -> Result<Self, String> {
        fills(shape, elements.len())?;
        let elements = elements.into_iter().map(|x| kind.round(x)).collect();
        Ok(Self { kind, shape: shape.to_vec(), elements: Elements::Real(elements) })
    }

    /// Joins a shape with whole elements, wrapped to the type.
    ///
    /// # Errors
    /// When the elements do not fill the shape, or one of an unsigned type of 64 bits has its highest bit set, as it stands
    /// for a number of 2^63 or more.
    pub fn whole(kind: Kind, shape: &[usize], elements: Vec<i64>) -> Result<Self, String> {
        fills(shape, elements.len())?;
        if let Some(large) = elements.iter().find(|&&x| kind == Kind::U64 && x < 0) {
            return Err(too_large(*large as u64));
        }
        let elements = elements.into_iter().map(|x| kind.wrap(x)).collect();
        Ok(Self { kind, shape: shape.to_vec(), elements: Elements::Whole(elements) })
    }

    /// Joins a shape with truth values.
    pub(super) fn truths(shape: &[usize], truths: impl Iterator<Item = bool>) -> Result<Self, Fault> {
        Self::whole(Kind::Bool, shape, truths.map(i64::from).collect())
    }

    /// Numbers of either sort as elements of a type; reals lose what follows the point where the type is whole.
    pub(super) fn numbers(kind: Kind, shape: &[usize], elements: Vec<f64>) -> Result<Self, Fault> {
        if kind.is_real() {
            Self::real(kind, shape, elements)
        } else {
            Self::whole(kind, shape, elements.into_iter().map(|x| x as i64).collect())
        }
    }

    /// The element type.
    pub fn kind(&self) -> Kind {
        self.kind
    }
    /// Lengths of the axes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
    /// The elements in row-major order.
    pub fn elements(&self) -> &Elements {
        &self.elements
    }
    /// The number of elements.
    pub fn len(&self) -> usize {
        match &self.elements {
            Elements::Real(elements) => elements.len(),
            Elements::Whole(elements) => elements.len(),
        }
    }
    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as reals, whatever their type.
    pub fn to_reals(&self) -> Vec<f64> {
        match &self.elements {
            Elements::Real(elements) => elements.clone(),
            Elements::Whole(elements) => elements.iter().map(|&x| x as f64).collect(),
        }
    }

    pub(super) fn reals(&self) -> Result<&[f64], Fault> {
        match &self.elements {
            Elements::Real(elements) => Ok(elements),
            Elements::Whole(_) => Err(format!("reals are expected, not elements of type {}", self.kind)),
        }
    }

    pub(super) fn wholes(&self) -> Result<&[i64], Fault> {
        match &self.elements {
            Elements::Whole(elements) => Ok(elements),
            Elements::Real(_) => Err(format!("integers are expected, not elements of type {}", self.kind)),
        }
    }

    /// The same elements under another shape.
    pub(super) fn reshaped(&self, shape: &[usize]) -> Result<Self, Fault> {
        fills(shape, self.len())?;
        Ok(Self { shape: shape.to_vec(), ..self.clone() })
    }

    /// Elements taken from places of this array, zeros where there is none.
    pub(super) fn arranged(&self, shape: &[usize], places: &[usize]) -> Result<Self, Fault> {
        self.padded(shape, places, 0.0)
    }

    /// Elements taken from places of this array, `fill` where there is none.
    pub(super) fn padded(&self, shape: &[usize], places: &[usize], fill: f64) -> Result<Self, Fault> {
        fn take<T: Copy>(from: &[T], places: &[usize], fill: T) -> Vec<T> {
            places.iter().map(|&place| from.get(place).copied().unwrap_or(fill)).collect()
        }
        match &self.elements {
            Elements::Real(elements) => Self::real(self.kind, shape, take(elements, places, fill)),
            Elements::Whole(elements) => Self::whole(self.kind, shape, take(elements, places, fill as i64)),
        }
    }

    /// The elements of several arrays of one type behind each other.
    pub(super) fn joined(values: &[&Self]) -> Result<Self, Fault> {
        let first = values.first().ok_or("there is no operand")?;
        if let Some(other) = values.iter().find(|value| value.kind != first.kind) {
            return Err(format!("operands of types {} and {} do not go together", first.kind, other.kind));
        }
        let count = values.iter().map(|value| value.len()).sum();
        let elements = match first.elements {
            Elements::Real(_) => Elements::Real(values.iter().flat_map(|value| value.to_reals()).collect()),
            Elements::Whole(_) => {
                let wholes: Result<Vec<&[i64]>, Fault> = values.iter().map(|value| value.wholes()).collect();
                Elements::Whole(wholes?.concat())
            }
        };
        Ok(Self { kind: first.kind, shape: vec![count], elements })
    }
}

/// Refuses an unsigned number of 64 bits: elements are held as signed ones, and it would compare as negative.
pub(super) fn too_large(number: impl Display) -> Fault {
    format!("{number} is more than the largest UINT64 that is computed, 2^63 − 1")
}

fn fills(shape: &[usize], count: usize) -> Result<(), Fault> {
    if room(shape)? == count {
        Ok(())
    } else {
        Err(format!("{count} elements do not fill the shape {shape:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsigned_numbers_are_refused_where_signed_ones_would_compare_as_negative() {
        let largest = vec![i64::MAX];
        assert_eq!(
            Value::whole(Kind::U64, &[1], largest.clone()).unwrap().elements(),
            &Elements::Whole(largest)
        );
        let error = Value::whole(Kind::U64, &[2], vec![0, i64::MIN]).unwrap_err();
        assert_eq!(error, "9223372036854775808 is more than the largest UINT64 that is computed, 2^63 − 1");
        assert!(Value::whole(Kind::I64, &[1], vec![i64::MIN]).is_ok());
    }

    #[test]
    fn an_empty_axis_does_not_excuse_an_endless_one() {
        assert_eq!(room(&[]), Ok(1));
        assert_eq!(room(&[3, 0, 5]), Ok(0));
        for shape in [[1 << 26, 1], [0, 1 << 40], [1 << 40, 1 << 40]] {
            assert!(Value::real(Kind::F32, &shape, vec![]).unwrap_err().contains("too many elements"));
        }
    }
}

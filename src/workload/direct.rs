//! Operators on reals of single precision straight from their elements: what between layers would take longest.
//!
//! Results are those of the operator text bit for bit. That computes in double precision and rounds each result; a sum,
//! product, quotient or root of single precision comes out the same, because doubles have more than twice its bits and two.
//!
//! # Source
//! S. A. Figueroa, When is double rounding innocuous?, ACM SIGNUM Newsletter 30 (3), 1995.

use std::borrow::Cow;

use super::op::{General, Operand};
use super::operator::{common, sigmoid};
use super::softmax::softmax;
use super::value::Kind;

/// The elements of an operand, and its shape.
type Array<'a> = (Cow<'a, [f32]>, &'a [usize]);

/// The result for the computed operands of one sample; none where the operator text has to be followed.
pub(super) fn apply(general: &General, inputs: &[&[f32]]) -> Option<Vec<f32>> {
    let operands = operands(general, inputs)?;
    let result = match (&*general.node.kind, &operands[..]) {
        ("Add", [a, b]) => pairs(a, b, |a, b| a + b),
        ("Sub", [a, b]) => pairs(a, b, |a, b| a - b),
        ("Mul", [a, b]) => pairs(a, b, |a, b| a * b),
        ("Div", [a, b]) => pairs(a, b, |a, b| a / b),
        ("Sqrt", [x]) => Some(x.0.iter().map(|x| x.sqrt()).collect()),
        ("Sigmoid", [x]) => Some(x.0.iter().map(|&x| sigmoid(x.into()) as f32).collect()),
        ("Softmax", [x]) if general.is_by_row() => Some(rows(x, softmax)),
        ("ReduceMean", [x, ..]) if general.is_by_row() => {
            Some(rows(x, |x| [x.iter().sum::<f64>() / x.len() as f64]))
        }
        _ => None,
    };
    result.filter(|result| result.len() == general.size)
}

/// All operands that are reals of single precision; none where another is needed.
fn operands<'a>(general: &'a General, inputs: &[&'a [f32]]) -> Option<Vec<Array<'a>>> {
    let mut inputs = inputs.iter();
    let operand = |operand: &'a Operand| match operand {
        Operand::Computed(Kind::F32, shape) => Some((Cow::Borrowed(*inputs.next()?), &shape[..])),
        Operand::Stored(value) if value.kind() == Kind::F32 => {
            Some((value.reals().ok()?.iter().map(|&x| x as f32).collect(), value.shape()))
        }
        // Axes of a reduction, which `General::is_by_row` has read.
        Operand::Stored(value) => Some((Cow::Borrowed(&[][..]), value.shape())),
        _ => None,
    };
    general.operands.iter().map(operand).collect()
}

/// Combines two arrays element by element, stretched to a common shape.
fn pairs(a: &Array<'_>, b: &Array<'_>, of: impl Fn(f32, f32) -> f32) -> Option<Vec<f32>> {
    let shape = common(&[a.1, b.1]).ok()?;
    let (a, b) = (stretched(a, &shape)?, stretched(b, &shape)?);
    Some(a.iter().zip(b.iter()).map(|(&a, &b)| of(a, b)).collect())
}

/// An array whose axes of one element repeat, counted from the end.
fn stretched<'a>((elements, own): &'a Array<'_>, shape: &[usize]) -> Option<Cow<'a, [f32]>> {
    if elements.len() != own.iter().product::<usize>() {
        return None;
    }
    let mut stretched = Cow::Borrowed(&elements[..]);
    let mut block = 1;
    for (axis, &size) in shape.iter().enumerate().rev() {
        let missing = shape.len() - own.len();
        let length = axis.checked_sub(missing).map_or(1, |at| own[at]);
        if length != size {
            let repeat = |block: &[f32]| block.repeat(size);
            stretched = Cow::Owned(stretched.chunks_exact(block).flat_map(repeat).collect());
        }
        block *= size;
    }
    Some(stretched)
}

/// What becomes of each row along the last axis.
fn rows<R: IntoIterator<Item = f64>>((elements, shape): &Array<'_>, of: impl Fn(&[f64]) -> R) -> Vec<f32> {
    let size = shape.last().copied().unwrap_or(1).max(1);
    let mut row = vec![0.0; size];
    let mut out = Vec::with_capacity(elements.len());
    for elements in elements.chunks_exact(size) {
        row.iter_mut().zip(elements).for_each(|(wide, &x)| *wide = f64::from(x));
        out.extend(of(&row).into_iter().map(|x| x as f32));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::workload::onnx::{Attribute, Node};
    use crate::workload::operator;
    use crate::workload::value::Value;

    /// Numbers of any size, also at the ends of single precision.
    fn number() -> impl Strategy<Value = f32> {
        prop_oneof![-4f32..4.0, any::<f32>(), Just(0.0), Just(f32::NEG_INFINITY)]
    }

    /// A value and the operand that holds it, stored or computed.
    fn operand(shape: Vec<usize>, elements: &[f32], stored: bool) -> (Value, Operand) {
        let wide = elements[..shape.iter().product()].iter().map(|&x| x.into()).collect();
        let value = Value::real(Kind::F32, &shape, wide).unwrap();
        let operand =
            if stored { Operand::Stored(value.clone()) } else { Operand::Computed(Kind::F32, shape) };
        (value, operand)
    }

    fn agree(
        kind: &str,
        attributes: HashMap<String, Attribute>,
        of: &[(Value, Operand)],
    ) -> Result<(), TestCaseError> {
        let node = Node { kind: kind.into(), attributes, ..Node::default() };
        let values: Vec<Option<&Value>> = of.iter().map(|(value, _)| Some(value)).collect();
        let expected = operator::run(&node, 17, &values).unwrap().remove(0);
        let operands = of.iter().map(|(_, operand)| operand.clone()).collect();
        let general = General { node, opset: 17, operands, result: 0, size: expected.len(), reason: None };
        let computed = of.iter().filter(|(_, operand)| matches!(operand, Operand::Computed(..)));
        let inputs: Vec<Vec<f32>> =
            computed.map(|(value, _)| value.to_reals().iter().map(|&x| x as f32).collect()).collect();
        let found = apply(&general, &inputs.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        let bits = |x: f32| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
        let expected: Vec<u32> = expected.to_reals().iter().map(|&x| bits(x as f32)).collect();
        prop_assert_eq!(found.into_iter().map(bits).collect::<Vec<_>>(), expected, "{}", kind);
        Ok(())
    }

    proptest! {
        #[test]
        fn pairs_are_those_of_the_operator_text(
            shape in prop::collection::vec(1usize..4, 1..4), ones: [u8; 2], missing in 0usize..3, stored: bool,
            x in prop::collection::vec(number(), 27), y in prop::collection::vec(number(), 27), turn: bool,
        ) {
            let cut = |ones: u8, missing: usize| -> Vec<usize> {
                let axis = |(at, &size): (usize, &usize)| if ones >> at & 1 == 1 { 1 } else { size };
                shape.iter().enumerate().map(axis).skip(missing.min(shape.len())).collect()
            };
            let mut both = [operand(cut(ones[0], 0), &x, stored), operand(cut(ones[1], missing), &y, false)];
            if turn {
                both.reverse();
            }
            for kind in ["Add", "Sub", "Mul", "Div"] {
                agree(kind, HashMap::new(), &both)?;
            }
        }

        #[test]
        fn rows_are_those_of_the_operator_text(rows in 1usize..4, size in 1usize..8, x in prop::collection::vec(number(), 21)) {
            let of = [operand(vec![1, rows, size], &x, false)];
            for kind in ["Sqrt", "Sigmoid"] {
                agree(kind, HashMap::new(), &of)?;
            }
            agree("Softmax", HashMap::from([("axis".into(), Attribute::Int(2))]), &of)?;
            agree("ReduceMean", HashMap::from([("axes".into(), Attribute::Ints(vec![-1]))]), &of)?;
            let axes = Value::whole(Kind::I64, &[1], vec![-1]).unwrap();
            let [x] = of;
            agree("ReduceMean", HashMap::new(), &[x, (axes.clone(), Operand::Stored(axes))])?;
        }
    }
}

//! Stored operands that may not be any number: scales of codes, and what a recurrent cell multiplies and adds.

use std::collections::HashMap;

use super::{ModelError, shape};
use crate::workload::onnx::Node;
use crate::workload::value::{Elements, Value};

/// Numbers that an operand may be.
#[derive(Debug, Clone, Copy)]
enum Bound {
    /// Finite and above zero.
    Scale,
    /// Finite in single precision.
    Finite,
}

/// The operands of operators that are bound, by their places.
const BOUNDS: [(&str, Bound, &[usize]); 7] = [
    ("DequantizeLinear", Bound::Scale, &[1]),
    ("QuantizeLinear", Bound::Scale, &[1]),
    ("QLinearConv", Bound::Scale, &[1, 4, 6]),
    ("QLinearMatMul", Bound::Scale, &[1, 4, 6]),
    ("GRU", Bound::Finite, &[1, 2, 3, 5]),
    ("LSTM", Bound::Finite, &[1, 2, 3, 5, 6, 7]),
    ("RNN", Bound::Finite, &[1, 2, 3, 5]),
];

impl Bound {
    fn holds(self, number: f64) -> bool {
        match self {
            Self::Scale => number.is_finite() && number > 0.0,
            Self::Finite => (number as f32).is_finite(),
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Scale => "a scale must be above 0 and finite",
            Self::Finite => "a recurrent cell reads finite numbers of single precision",
        }
    }
}

/// Refuses a node with a stored number that its operator has no use for.
pub(super) fn check(node: &Node, stored: &HashMap<String, Value>) -> Result<(), ModelError> {
    let Some((_, bound, places)) = BOUNDS.iter().find(|(kind, ..)| *kind == node.kind) else { return Ok(()) };
    for name in places.iter().filter_map(|&at| node.inputs.get(at)) {
        let Some(Elements::Real(numbers)) = stored.get(name).map(Value::elements) else { continue };
        if let Some(at) = numbers.iter().position(|&number| !bound.holds(number)) {
            let what = format!("element {at} of `{name}` is {}; {}", numbers[at], bound.remedy());
            return Err(shape(node, what));
        }
    }
    Ok(())
}

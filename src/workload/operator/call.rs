//! A node with its operands, as an operator reads them.

use crate::workload::limit;
use crate::workload::onnx::{Attribute, Node};
use crate::workload::value::{Fault, Value};

/// A node, the opset that its text is from, and its operands.
pub(in crate::workload) struct Call<'a> {
    pub node: &'a Node,
    pub opset: i64,
    pub inputs: &'a [Option<&'a Value>],
}

/// The results of a node, or what is wrong with its operands.
pub(in crate::workload) type Answer = Result<Vec<Value>, Fault>;

impl<'a> Call<'a> {
    pub fn optional(&self, at: usize) -> Option<&'a Value> {
        self.inputs.get(at).copied().flatten()
    }

    pub fn input(&self, at: usize) -> Result<&'a Value, Fault> {
        self.optional(at).ok_or_else(|| format!("operand {at} is missing"))
    }

    pub fn reals(&self, at: usize) -> Result<&'a [f64], Fault> {
        self.input(at)?.reals().map_err(|what| format!("operand {at}: {what}"))
    }

    pub fn wholes(&self, at: usize) -> Result<&'a [i64], Fault> {
        self.input(at)?.wholes().map_err(|what| format!("operand {at}: {what}"))
    }

    /// All operands, none of which may be absent.
    pub fn every(&self) -> Result<Vec<&'a Value>, Fault> {
        let every: Option<Vec<&Value>> = self.inputs.iter().copied().collect();
        every.filter(|every| !every.is_empty()).ok_or_else(|| "an operand is missing".into())
    }

    /// Whether the node asks for its result `at`.
    pub fn wants(&self, at: usize) -> bool {
        self.node.outputs.get(at).is_some_and(|name| !name.is_empty())
    }

    pub fn attribute(&self, name: &str) -> Option<&'a Attribute> {
        self.node.attributes.get(name)
    }

    pub fn int(&self, name: &str, default: i64) -> Result<i64, Fault> {
        match self.attribute(name) {
            None => Ok(default),
            Some(Attribute::Int(value)) => Ok(*value),
            Some(_) => Err(wrong(name)),
        }
    }

    pub fn flag(&self, name: &str, default: bool) -> Result<bool, Fault> {
        Ok(self.int(name, i64::from(default))? != 0)
    }

    pub fn float(&self, name: &str, default: f32) -> Result<f64, Fault> {
        match self.attribute(name) {
            None => Ok(f64::from(default)),
            Some(Attribute::Float(value)) => Ok(f64::from(*value)),
            Some(_) => Err(wrong(name)),
        }
    }

    pub fn text(&self, name: &str, default: &'a str) -> Result<&'a str, Fault> {
        match self.attribute(name) {
            None => Ok(default),
            Some(Attribute::Text(value)) => Ok(value),
            Some(_) => Err(wrong(name)),
        }
    }

    pub fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, Fault> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Ints(values)) => Ok(Some(values.clone())),
            Some(_) => Err(wrong(name)),
        }
    }

    pub fn floats(&self, name: &str) -> Result<Option<Vec<f32>>, Fault> {
        match self.attribute(name) {
            None => Ok(None),
            Some(Attribute::Floats(values)) => Ok(Some(values.clone())),
            Some(_) => Err(wrong(name)),
        }
    }

    /// Sizes from an attribute, each at most what is believed of a stride, a pad or a kernel.
    pub fn sizes(&self, name: &str, axes: usize, default: usize) -> Result<Vec<usize>, Fault> {
        let Some(ints) = self.ints(name)? else { return Ok(vec![default; axes]) };
        let right = ints.len() == axes && ints.iter().all(|size| (0..=limit::TEXT_WINDOW).contains(size));
        if right {
            Ok(ints.iter().map(|&size| size as usize).collect())
        } else {
            Err(format!("{name} = {ints:?}; {axes} numbers from 0 to 2^20 are expected"))
        }
    }

    /// Whole numbers from an operand, or in older opsets from an attribute.
    pub fn ints_at(&self, at: usize, name: &str) -> Result<Option<Vec<i64>>, Fault> {
        match self.optional(at) {
            Some(_) => Ok(Some(self.wholes(at)?.to_vec())),
            None => self.ints(name),
        }
    }

    /// One number from an operand, or in older opsets from an attribute.
    pub fn float_at(&self, at: usize, name: &str, default: f32) -> Result<f64, Fault> {
        match self.optional(at).map(|value| value.to_reals()) {
            Some(values) => values.first().copied().ok_or_else(|| format!("operand {at} is empty")),
            None => self.float(name, default),
        }
    }

    /// The axis that an attribute names.
    pub fn axis(&self, name: &str, default: i64, axes: usize) -> Result<usize, Fault> {
        axis(self.int(name, default)?, axes)
    }

    /// Axes from an operand or an attribute; all where there are none.
    pub fn axes_at(&self, at: usize, axes: usize) -> Result<Option<Vec<usize>>, Fault> {
        let given = self.ints_at(at, "axes")?;
        given.map(|given| given.into_iter().map(|one| axis(one, axes)).collect()).transpose()
    }
}

/// An axis that may be counted from the end.
pub(super) fn axis(axis: i64, axes: usize) -> Result<usize, Fault> {
    let counted = if axis < 0 { axis + axes as i64 } else { axis };
    let inside = usize::try_from(counted).ok().filter(|&counted| counted < axes);
    inside.ok_or_else(|| format!("axis {axis} is none of {axes}"))
}

/// An attribute with a value that the operator does not know, and those that it does.
pub(in crate::workload) fn unknown(attribute: &str, value: &str, known: &[&str]) -> Fault {
    let [rest @ .., last] = known else { return format!("{attribute} = `{value}`") };
    format!("{attribute} = `{value}`; {} or {last} is expected", rest.join(", "))
}

fn wrong(name: &str) -> Fault {
    format!("attribute {name} is of another sort than expected")
}

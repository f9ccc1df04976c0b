//! The operators of ONNX on arrays of any type: what nodes compute that no hardware of ours does.
//!
//! Written from the operator texts of opsets 7 to 21. An operator that is not in the lists below, an attribute that it
//! does not have and an element type that it cannot take are errors that name the node.

mod binary;
mod call;
mod cast;
mod index;
mod layout;
mod matrix;
mod normalize;
mod pool;
mod quantized;
mod recurrent;
mod reduce;
mod resize;
mod scatter;
mod sort;
mod unary;
mod window;

pub(super) use binary::common;
pub(super) use call::{Answer, Call, unknown};
pub(super) use matrix::{labels, result};
pub(super) use recurrent::{Direction, Gates, directions};
pub(super) use unary::sigmoid;
pub(super) use window::{AUTO_PAD, Window, transposed_window, window};

use super::lower::ModelError;
use super::onnx::Node;
use super::value::Value;

/// An operator: its name, the attributes that it may have, and what it computes.
pub(super) struct Operator {
    name: &'static str,
    attributes: &'static [&'static str],
    run: fn(&Call<'_>) -> Answer,
}

const fn operator(
    name: &'static str,
    attributes: &'static [&'static str],
    run: fn(&Call<'_>) -> Answer,
) -> Operator {
    Operator { name, attributes, run }
}

fn all() -> impl Iterator<Item = &'static Operator> {
    let lists = [
        binary::OPERATORS,
        cast::OPERATORS,
        index::OPERATORS,
        layout::OPERATORS,
        matrix::OPERATORS,
        normalize::OPERATORS,
        pool::OPERATORS,
        quantized::OPERATORS,
        recurrent::OPERATORS,
        reduce::OPERATORS,
        resize::OPERATORS,
        scatter::OPERATORS,
        sort::OPERATORS,
        unary::OPERATORS,
        window::OPERATORS,
    ];
    lists.into_iter().flatten()
}

/// The names of all operators in alphabetical order.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = all().map(|operator| operator.name).collect();
    names.sort_unstable();
    names
}

/// Refuses an unknown operator and an attribute that it does not have.
pub(super) fn check(node: &Node) -> Result<&'static Operator, ModelError> {
    let (kind, name) = (node.kind.clone(), node.name.clone());
    let Some(operator) = all().find(|operator| operator.name == kind) else {
        return Err(ModelError::Operator { node: name, kind });
    };
    let mut attributes: Vec<&String> = node.attributes.keys().collect();
    attributes.sort();
    let strange = attributes.into_iter().find(|name| !operator.attributes.contains(&name.as_str()));
    strange.map_or(Ok(operator), |what| {
        Err(ModelError::Attribute { node: name, what: format!("{what} is none of the operator {kind}") })
    })
}

/// Computes a node; an absent optional operand is `None`.
pub(super) fn run(node: &Node, opset: i64, inputs: &[Option<&Value>]) -> Result<Vec<Value>, ModelError> {
    let operator = check(node)?;
    (operator.run)(&Call { node, opset, inputs })
        .map_err(|what| ModelError::Shape { node: node.name.clone(), what })
}

/// The operands of an operator that decide on the shape of its results.
pub(super) fn shaping(kind: &str) -> &'static [usize] {
    match kind {
        "CenterCropPad" | "Compress" | "Expand" | "OneHot" | "Reshape" | "Split" | "Squeeze" | "Tile"
        | "TopK" | "Unsqueeze" | "Upsample" => &[1],
        "ConstantOfShape" | "NonZero" => &[0],
        "Range" => &[0, 1, 2],
        "Pad" => &[1, 3],
        "Resize" => &[1, 2, 3],
        "Slice" => &[1, 2, 3, 4],
        kind if kind.starts_with("Reduce") => &[1],
        _ => &[],
    }
}

//! Operators on codes as what they stand for: codes read as reals, the operator on reals, its result as codes.

use std::collections::HashMap;

use crate::workload::onnx::{Attribute, Node};
use crate::workload::value::Value;

/// The nodes with quantised convolutions and products written out.
///
/// Reals between are counted in steps of the result: codes of activations stand for themselves, and the scales of all three
/// operands become one of each filter. So sums of codes, with the bias, are multiplied once and rounded once, as the operators
/// themselves do it, and the same codes come out bit for bit.
pub(super) fn written_out(nodes: Vec<Node>, stored: &HashMap<String, Value>) -> Vec<Node> {
    let one = |node: &Node, at: usize| stored.get(&node.inputs[at]).is_none_or(|scale| scale.len() == 1);
    let write = |node: Node| match node.kind.as_str() {
        "QLinearConv" if node.inputs.len() >= 8 && one(&node, 1) && one(&node, 6) => layer(node, "Conv", 0),
        "QLinearMatMul" if node.inputs.len() == 8 && one(&node, 1) && one(&node, 6) => {
            layer(node, "MatMul", 1)
        }
        _ => vec![node],
    };
    nodes.into_iter().flat_map(write).collect()
}

/// Operands x, scale, zero point, w, scale, zero point, and scale and zero point of the result; then a bias.
fn layer(node: Node, kind: &str, axis: i64) -> Vec<Node> {
    let of = |what: &str| format!("{} ({what})", node.name);
    let part = |what: &str, kind: &str, inputs: &[&str]| Node {
        name: of(what),
        kind: kind.into(),
        inputs: inputs.iter().map(|name| (*name).into()).collect(),
        outputs: vec![of(what)],
        ..Node::default()
    };
    let with = |mut node: Node, name: &str, value: Attribute| {
        node.attributes.insert(name.into(), value);
        node
    };
    let along = |node: Node| with(node, "axis", Attribute::Int(axis));
    let at = |at: usize| &*node.inputs[at];
    let [one, factor] = ["one", "factor"].map(of);
    let mut nodes = vec![
        with(part("one", "Constant", &[]), "value_float", Attribute::Float(1.0)),
        part("scale of sums", "Mul", &[at(1), at(4)]),
        part("factor", "Div", &[&of("scale of sums"), at(6)]),
        part("reals", "DequantizeLinear", &[at(0), &one, at(2)]),
        along(part("weights", "DequantizeLinear", &[at(3), &factor, at(5)])),
    ];
    let mut inputs = vec![of("reals"), of("weights")];
    if node.inputs.get(8).is_some_and(|name| !name.is_empty()) {
        // Sums of a convolution count their channels along the first axis of the bias.
        nodes.push(with(part("bias", "DequantizeLinear", &[at(8), &factor]), "axis", Attribute::Int(0)));
        inputs.push(of("bias"));
    }
    let (attributes, outputs) = (node.attributes.clone(), vec![of("sums")]);
    nodes.push(Node { name: node.name.clone(), kind: kind.into(), inputs, outputs, attributes });
    let mut codes = part("codes", "QuantizeLinear", &[&of("sums"), &one, at(7)]);
    codes.outputs.clone_from(&node.outputs);
    nodes.push(codes);
    nodes
}

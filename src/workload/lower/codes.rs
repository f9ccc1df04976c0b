//! Operators on codes as what they stand for: codes read as reals, the operator on reals, its result as codes.

use crate::workload::onnx::Node;

/// The nodes with quantised convolutions and products written out.
///
/// Sums of reals on the grids of their codes are those of the codes, scaled; only a result half-way between two codes
/// may come out as the other one.
pub(super) fn written_out(nodes: Vec<Node>) -> Vec<Node> {
    let write = |node: Node| match node.kind.as_str() {
        "QLinearConv" if node.inputs.len() >= 8 => layer(node, "Conv", 0),
        "QLinearMatMul" if node.inputs.len() == 8 => layer(node, "MatMul", 1),
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
    let along = |mut node: Node| {
        node.attributes.insert("axis".into(), crate::workload::onnx::Attribute::Int(axis));
        node
    };
    let at = |at: usize| &*node.inputs[at];
    let mut nodes = vec![
        part("reals", "DequantizeLinear", &[at(0), at(1), at(2)]),
        along(part("weights", "DequantizeLinear", &[at(3), at(4), at(5)])),
    ];
    let mut inputs = vec![of("reals"), of("weights")];
    if node.inputs.get(8).is_some_and(|name| !name.is_empty()) {
        nodes.push(part("scale", "Mul", &[at(1), at(4)]));
        nodes.push(along(part("bias", "DequantizeLinear", &[at(8), &of("scale")])));
        inputs.push(of("bias"));
    }
    let (attributes, outputs) = (node.attributes.clone(), vec![of("sums")]);
    nodes.push(Node { name: node.name.clone(), kind: kind.into(), inputs, outputs, attributes });
    let mut codes = part("codes", "QuantizeLinear", &[&of("sums"), at(6), at(7)]);
    codes.outputs.clone_from(&node.outputs);
    nodes.push(codes);
    nodes
}

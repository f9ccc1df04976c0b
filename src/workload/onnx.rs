//! Bytes → plain nodes and initial values; the only file that knows the ONNX message format.

mod bound;
mod single;
mod wire;

pub(super) use bound::bound;
pub(super) use wire::check_tensor;

use std::collections::HashMap;

use rten_onnx::onnx::{
    AttributeProto, AttributeType, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

use super::lower::ModelError;
use super::value::{Kind, Value};

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Attribute {
    Int(i64),
    Float(f32),
    Text(String),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Texts(Vec<String>),
    Tensor(Value),
    Other,
}

/// An operator with the names of its values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Node {
    pub name: String,
    pub kind: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: HashMap<String, Attribute>,
}

/// An input that is not stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    pub name: String,
    /// Absent where the file states none that can be held.
    pub kind: Option<Kind>,
    /// A size that the file leaves open is none; absent where it states no shape.
    pub shape: Option<Vec<Option<usize>>>,
}

/// What a file holds.
pub(super) struct Model {
    pub nodes: Vec<Node>,
    pub stored: HashMap<String, Value>,
    pub inputs: Vec<Input>,
    pub outputs: Vec<String>,
    pub opset: i64,
}

/// Opset versions whose operator texts are implemented.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=21;

pub(super) fn read(bytes: &[u8]) -> Result<Model, ModelError> {
    // The file identifier of its schema, behind the offset of the root table.
    if bytes.get(4..8) == Some(b"TFL3") {
        return Err(ModelError::TensorFlowLite);
    }
    wire::check(bytes)?;
    let model = ModelProto::parse_buf(bytes).map_err(|error| ModelError::NotOnnx(error.to_string()))?;
    let graph = model.graph.ok_or_else(|| ModelError::NotOnnx("it holds no graph".into()))?;
    let opset = model.opset_import.iter().find(|set| own(&set.domain)).and_then(|set| set.version);
    let opset = opset.unwrap_or(0);
    if !OPSETS.contains(&opset) {
        return Err(ModelError::Opset(opset, *OPSETS.start(), *OPSETS.end()));
    }
    let mut stored = HashMap::new();
    for tensor in &graph.initializer {
        let name = tensor.name.clone().unwrap_or_default();
        stored.insert(name.clone(), store(&name, tensor)?);
    }
    let nodes = graph.node.iter().enumerate().map(|(at, proto)| node(at, proto));
    let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
    single::check(&graph, &nodes)?;
    let inputs = free_inputs(&graph, &stored);
    let outputs: Option<Vec<String>> = graph.output.iter().map(|value| value.name.clone()).collect();
    let outputs = outputs.filter(|outputs| !outputs.is_empty());
    let outputs = outputs.ok_or_else(|| ModelError::NotOnnx("its graph has no output".into()))?;
    Ok(Model { nodes, stored, inputs, outputs, opset })
}

/// Whether a domain is the one of ONNX itself.
fn own(domain: &Option<String>) -> bool {
    domain.as_deref().is_none_or(|name| name.is_empty() || name == "ai.onnx")
}

fn node(at: usize, proto: &NodeProto) -> Result<Node, ModelError> {
    let kind = proto.op_type.clone().unwrap_or_default();
    let given = proto.name.clone().filter(|name| !name.is_empty());
    let name = given.unwrap_or_else(|| format!("#{at} {kind}"));
    if !own(&proto.domain) {
        let kind = format!("{}.{kind}", proto.domain.as_deref().unwrap_or_default());
        return Err(ModelError::Operator { node: name, kind });
    }
    let mut attributes = HashMap::new();
    for own in &proto.attribute {
        let called = own.name.clone().unwrap_or_default();
        if attributes.insert(called.clone(), attribute(&name, own)?).is_some() {
            return Err(ModelError::Attribute { node: name, what: format!("`{called}` is given twice") });
        }
    }
    Ok(Node { name, kind, inputs: proto.input.clone(), outputs: proto.output.clone(), attributes })
}

fn free_inputs(graph: &GraphProto, stored: &HashMap<String, Value>) -> Vec<Input> {
    let input = |proto: &ValueInfoProto| {
        let tensor = proto.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
        let kind = tensor.and_then(|tensor| Kind::from_code(tensor.elem_type?.0));
        let size = |size: Option<i64>| size.and_then(|size| usize::try_from(size).ok());
        let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
        let shape = shape.map(|shape| shape.dim.iter().map(|dim| size(dim.dim_value)).collect());
        Input { name: proto.name.clone().unwrap_or_default(), kind, shape }
    };
    graph.input.iter().map(input).filter(|input| !stored.contains_key(&input.name)).collect()
}

fn attribute(node: &str, proto: &AttributeProto) -> Result<Attribute, ModelError> {
    Ok(match proto {
        AttributeProto { t: Some(tensor), .. } => Attribute::Tensor(store(node, tensor)?),
        AttributeProto { i: Some(value), .. } => Attribute::Int(*value),
        AttributeProto { f: Some(value), .. } => Attribute::Float(*value),
        AttributeProto { s: Some(value), .. } => Attribute::Text(value.clone()),
        AttributeProto { floats, .. } if !floats.is_empty() => Attribute::Floats(floats.clone()),
        AttributeProto { strings, .. } if !strings.is_empty() => Attribute::Texts(strings.clone()),
        AttributeProto { ints, .. } if !ints.is_empty() => Attribute::Ints(ints.clone()),
        AttributeProto { r#type: Some(AttributeType::INTS), .. } => Attribute::Ints(vec![]),
        _ => Attribute::Other,
    })
}

fn store(name: &str, tensor: &TensorProto) -> Result<Value, ModelError> {
    Value::stored(tensor).map_err(|why| ModelError::Stored { value: name.into(), why })
}

//! Bytes → plain nodes and initial values; the only file that knows the ONNX message format.

mod wire;

use std::collections::HashMap;

use rten_onnx::onnx::{AttributeProto, DataLocation, DataType, GraphProto, ModelProto, TensorProto};

use super::lower::ModelError;

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Attribute {
    Int(i64),
    Float(f32),
    Text(String),
    Ints(Vec<i64>),
    Other,
}

/// An operator with the names of its values.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    pub name: String,
    pub kind: String,
    pub inputs: Vec<String>,
    pub outputs: Vec<String>,
    pub attributes: HashMap<String, Attribute>,
}

/// A stored value: real or integer, with its shape.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub shape: Vec<usize>,
    pub reals: Vec<f32>,
    pub integers: Vec<i64>,
}

/// What a file holds.
pub(super) struct Model {
    pub nodes: Vec<Node>,
    pub stored: HashMap<String, Stored>,
    /// The input that is not stored, with its shape; 0 stands for a free dimension.
    pub input: (String, Vec<usize>),
    pub output: String,
}

/// Opset versions whose operator texts are implemented.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=21;

pub(super) fn read(bytes: &[u8]) -> Result<Model, ModelError> {
    wire::check(bytes)?;
    let model = ModelProto::parse_buf(bytes).map_err(|error| ModelError::NotOnnx(error.to_string()))?;
    let graph = model.graph.ok_or_else(|| ModelError::NotOnnx("it holds no graph".into()))?;
    let own =
        |domain: &Option<String>| domain.as_deref().is_none_or(|name| name.is_empty() || name == "ai.onnx");
    let opset = model.opset_import.iter().find(|set| own(&set.domain)).and_then(|set| set.version);
    match opset {
        Some(version) if OPSETS.contains(&version) => {}
        _ => return Err(ModelError::Opset(opset.unwrap_or(0), *OPSETS.start(), *OPSETS.end())),
    }
    let mut stored = HashMap::new();
    for tensor in &graph.initializer {
        let name = tensor.name.clone().unwrap_or_default();
        stored.insert(name.clone(), store(&name, tensor)?);
    }
    let mut nodes = vec![];
    for (at, node) in graph.node.iter().enumerate() {
        let kind = node.op_type.clone().unwrap_or_default();
        let given = node.name.clone().filter(|name| !name.is_empty());
        let name = given.unwrap_or_else(|| format!("#{at} {kind}"));
        if !own(&node.domain) {
            return Err(ModelError::Operator {
                node: name,
                kind: format!("{}.{kind}", node.domain.as_ref().unwrap()),
            });
        }
        if kind == "Constant" {
            let value = node.attribute.iter().find_map(|attribute| attribute.t.as_ref());
            let value =
                value.ok_or_else(|| ModelError::Attribute { node: name.clone(), what: "value".into() })?;
            stored.insert(node.output.first().cloned().unwrap_or_default(), store(&name, value)?);
            continue;
        }
        let attributes = node.attribute.iter().map(|a| (a.name.clone().unwrap_or_default(), attribute(a)));
        let attributes = attributes.collect();
        nodes.push(Node { name, kind, inputs: node.input.clone(), outputs: node.output.clone(), attributes });
    }
    let input = free_input(&graph, &stored)?;
    let output = graph.output.first().and_then(|value| value.name.clone());
    let output = output.ok_or_else(|| ModelError::NotOnnx("its graph has no output".into()))?;
    Ok(Model { nodes, stored, input, output })
}

fn free_input(
    graph: &GraphProto,
    stored: &HashMap<String, Stored>,
) -> Result<(String, Vec<usize>), ModelError> {
    let free = |name: &Option<String>| name.as_ref().is_some_and(|name| !stored.contains_key(name));
    let mut inputs = graph.input.iter().filter(|input| free(&input.name));
    let (Some(input), None) = (inputs.next(), inputs.next()) else {
        return Err(ModelError::NotOnnx("a graph with exactly one input is expected".into()));
    };
    let shape = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()?.shape.as_ref());
    let shape = shape.ok_or_else(|| ModelError::NotOnnx("its input has no shape".into()))?;
    let dims = shape.dim.iter().map(|dim| dim.dim_value.and_then(|n| usize::try_from(n).ok()).unwrap_or(0));
    Ok((input.name.clone().unwrap_or_default(), dims.collect()))
}

fn attribute(attribute: &AttributeProto) -> Attribute {
    match attribute {
        AttributeProto { i: Some(value), .. } => Attribute::Int(*value),
        AttributeProto { f: Some(value), .. } => Attribute::Float(*value),
        AttributeProto { s: Some(value), .. } => Attribute::Text(value.clone()),
        AttributeProto { ints, .. } if !ints.is_empty() => Attribute::Ints(ints.clone()),
        _ => Attribute::Other,
    }
}

fn store(name: &str, tensor: &TensorProto) -> Result<Stored, ModelError> {
    let fail = |why: String| ModelError::Stored { value: name.into(), why };
    if tensor.data_location == Some(DataLocation::EXTERNAL) {
        return Err(fail("its data lies in another file, which is not supported".into()));
    }
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let shape = shape.ok_or_else(|| fail(format!("its shape {:?} is not one", tensor.dims)))?;
    let count = shape.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
    let raw = tensor.raw_data.as_ref().map(|raw| raw.borrow().clone()).unwrap_or_default();
    let (mut reals, mut integers) = (tensor.float_data.clone(), tensor.int64_data.clone());
    match tensor.data_type {
        Some(DataType::FLOAT) => {
            reals.extend(raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
        }
        Some(DataType::INT64) => {
            let word = |b: &[u8]| i64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
            integers.extend(raw.chunks_exact(8).map(word));
        }
        kind => {
            let kind =
                kind.and_then(|kind| kind.name().map(str::to_string)).unwrap_or_else(|| "of no type".into());
            return Err(fail(format!("elements {kind} are not supported; FLOAT and INT64 are")));
        }
    }
    if count != Some(reals.len() + integers.len()) {
        return Err(fail(format!(
            "{} elements do not fill the shape {shape:?}",
            reals.len() + integers.len()
        )));
    }
    if let Some(at) = reals.iter().position(|value| !value.is_finite()) {
        return Err(fail(format!("element {at} is {}; weights must be finite", reals[at])));
    }
    Ok(Stored { shape, reals, integers })
}

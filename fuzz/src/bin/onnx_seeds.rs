//! Writes a tiny model for every operator, and its weightless start of the shipped one: `onnx_seeds FOLDER`.

use axsim::workload::Graph;
use rten_onnx::onnx::{
    AttributeProto, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

/// Operands that fit one operator or another: filters, a vector, sizes, one index.
fn stored() -> Vec<TensorProto> {
    let reals = |name: &str, dims: &[i64]| TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(DataType::FLOAT),
        float_data: (0..dims.iter().product()).map(|at| at as f32 / 4.0).collect(),
        ..Default::default()
    };
    let wholes = |name: &str, values: &[i64]| TensorProto {
        name: Some(name.into()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::INT64),
        int64_data: values.to_vec(),
        ..Default::default()
    };
    vec![
        reals("filters", &[2, 2, 3, 3]),
        reals("matrix", &[4, 4]),
        reals("pair", &[2]),
        reals("one", &[]),
        wholes("shape", &[1, 2, 8, 2]),
        wholes("axis", &[1]),
        wholes("zero", &[0]),
    ]
}

/// A file with one node between its input and its output.
fn model(kind: &str, operands: &[&str], attribute: Vec<AttributeProto>) -> ModelProto {
    let dim = |size| Dimension { dim_value: Some(size), ..Default::default() };
    let shape = TensorShapeProto { dim: [1, 2, 4, 4].map(dim).to_vec() };
    let tensor = TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(shape) };
    let input = TypeProto { tensor_type: Some(tensor), ..Default::default() };
    let node = NodeProto {
        op_type: Some(kind.into()),
        input: std::iter::once(&"x").chain(operands).map(|name| (*name).into()).collect(),
        output: vec!["y".into()],
        attribute,
        ..Default::default()
    };
    let graph = GraphProto {
        node: vec![node],
        initializer: stored()
            .into_iter()
            .filter(|tensor| operands.contains(&tensor.name.as_deref().unwrap()))
            .collect(),
        input: vec![ValueInfoProto { name: Some("x".into()), r#type: Some(input) }],
        output: vec![ValueInfoProto { name: Some("y".into()), ..Default::default() }],
        ..Default::default()
    };
    let opset = OperatorSetIdProto { version: Some(17), ..Default::default() };
    ModelProto { graph: Some(graph), opset_import: vec![opset], ..Default::default() }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: Some(name.into()), ints: ints.to_vec(), ..Default::default() }
}

fn main() {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).expect("a folder is named"));
    let save = |name: String, model: ModelProto| {
        std::fs::write(folder.join(name), model.write_buf().expect("a model is written"))
            .expect("the folder is there");
    };
    for kind in Graph::operators() {
        let operands: [&[&str]; 7] = [
            &[],
            &["x"],
            &["filters", "pair"],
            &["matrix"],
            &["pair", "pair", "pair", "pair"],
            &["shape"],
            &["axis", "zero", "axis"],
        ];
        for (at, operands) in operands.into_iter().enumerate() {
            save(format!("{kind}-{at}"), model(kind, operands, vec![]));
        }
        if kind.ends_with("Pool") {
            save(format!("{kind}-kernel"), model(kind, &[], vec![ints("kernel_shape", &[2, 2])]));
        }
    }
    let scenes =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/workloads/scenes/scenes.onnx");
    let mut scenes =
        ModelProto::parse_buf(&std::fs::read(scenes).expect("the shipped model")).expect("it is readable");
    for tensor in &mut scenes.graph.as_mut().expect("it has a graph").initializer {
        // A tensor of length 1 along every axis stays small.
        if tensor.raw_data.is_some() {
            (tensor.raw_data, tensor.dims, tensor.float_data) = (None, vec![1; tensor.dims.len()], vec![0.5]);
        }
    }
    save("scenes".into(), scenes);
}

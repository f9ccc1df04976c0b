//! Are models that ask for too much, or for what no operator means, refused by name at the node?

use rten_onnx::onnx::{
    AttributeProto, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

use crate::tensor::Tensor;
use crate::workload::{Graph, Kind, Network, Value};

fn reals(name: &str, dims: &[i64]) -> TensorProto {
    let float_data = vec![0.5; dims.iter().product::<i64>() as usize];
    let (name, data_type) = (Some(name.into()), Some(DataType::FLOAT));
    TensorProto { name, dims: dims.to_vec(), data_type, float_data, ..Default::default() }
}

fn wholes(name: &str, values: &[i64]) -> TensorProto {
    let (dims, int64_data) = (vec![values.len() as i64], values.to_vec());
    TensorProto {
        name: Some(name.into()),
        dims,
        data_type: Some(DataType::INT64),
        int64_data,
        ..Default::default()
    }
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { name: Some(name.into()), ints: ints.to_vec(), ..Default::default() }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: Some(name.into()), i: Some(value), ..Default::default() }
}

fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto { name: Some(name.into()), s: Some(value.into()), ..Default::default() }
}

fn node(kind: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        name: Some("odd".into()),
        op_type: Some(kind.into()),
        input: inputs.iter().map(|name| (*name).into()).collect(),
        output: vec![output.into()],
        attribute,
        ..Default::default()
    }
}

/// A file that reads `x` of reals and this shape and returns `y`.
fn file(shape: &[i64], initializer: Vec<TensorProto>, node: Vec<NodeProto>) -> Vec<u8> {
    let dim = |&size: &i64| Dimension { dim_value: Some(size), ..Default::default() };
    let shape = TensorShapeProto { dim: shape.iter().map(dim).collect() };
    let tensor = TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(shape) };
    let input = TypeProto { tensor_type: Some(tensor), ..Default::default() };
    let graph = GraphProto {
        node,
        initializer,
        input: vec![ValueInfoProto { name: Some("x".into()), r#type: Some(input) }],
        output: vec![ValueInfoProto { name: Some("y".into()), ..Default::default() }],
        ..Default::default()
    };
    let opset = OperatorSetIdProto { version: Some(17), ..Default::default() };
    ModelProto { graph: Some(graph), opset_import: vec![opset], ..Default::default() }.write_buf().unwrap()
}

/// Why a file is no network.
fn network(shape: &[i64], stored: Vec<TensorProto>, nodes: Vec<NodeProto>) -> String {
    Network::from_onnx(&file(shape, stored, nodes)).err().unwrap().to_string()
}

/// Why a file does not run as a graph on zeros; with four axes where the file says nothing else.
fn graph(shape: &[i64], stored: Vec<TensorProto>, nodes: Vec<NodeProto>) -> String {
    let sizes: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
    let zeros = Value::real(Kind::F32, &sizes, vec![0.0; sizes.iter().product()]).unwrap();
    let graph = Graph::from_onnx(&file(shape, stored, nodes)).unwrap();
    graph.run(vec![zeros]).err().unwrap().to_string()
}

#[track_caller]
fn says(found: &str, expected: &str) {
    assert!(found.starts_with("node `odd`: ") && found.contains(expected), "{found}");
}

#[test]
fn an_empty_axis_does_not_excuse_long_ones() {
    assert!(Value::real(Kind::F32, &[0, 1 << 40], vec![]).is_err());
    assert!(Value::real(Kind::F32, &[0, 1 << 40, 1 << 40], vec![]).is_err());
    assert!(Value::real(Kind::F32, &[0, 1 << 10], vec![]).is_ok());
    let sizes = [0, 1 << 62, 1 << 62, 1 << 62];
    let split = node("Split", &["x", "sizes"], "y", vec![]);
    let split = NodeProto { output: ["y", "a", "b", "c"].map(Into::into).to_vec(), ..split };
    says(&graph(&[4], vec![wholes("sizes", &sizes)], vec![split]), "too many elements");
}

#[test]
fn a_result_without_elements_is_read_as_any_other() {
    let none = node("Slice", &["x", "start", "end", "axis"], "none", vec![]);
    let joined = node("Concat", &["none", "x", "none"], "y", vec![int("axis", 1)]);
    let stored = vec![wholes("start", &[0]), wholes("end", &[0]), wholes("axis", &[1])];
    let network = Network::from_onnx(&file(&[1, 3, 2, 2], stored, vec![none, joined])).unwrap();
    let batch = Tensor::new([2, 3, 2, 2], (0..24).map(|at| at as f32).collect()).unwrap();
    let found = network.run(&batch).unwrap();
    assert_eq!((found[0].shape(), found[0].data()), (batch.shape(), batch.data()));
}

#[test]
fn results_that_no_memory_holds_are_refused_before_they_are_made() {
    let twice = |kind: &str, inputs: &[&str]| vec![node(kind, inputs, "y", vec![])];
    let pads = [vec![1 << 20; 64], vec![0; 64]].concat();
    let again = vec![wholes("pads", &pads), reals("fill", &[1]), wholes("axes", &[1; 64])];
    let pad = || twice("Pad", &["x", "pads", "fill", "axes"]);
    says(&network(&[1, 4], again.clone(), pad()), "repeat");
    says(&graph(&[1, 4], again, pad()), "repeat");
    let starts = || vec![wholes("start", &[0]), wholes("end", &[9]), wholes("axis", &[1])];
    says(
        &network(&[1, 1 << 28], starts(), twice("Slice", &["x", "start", "end", "axis"])),
        "too many elements",
    );
    assert!(Network::from_onnx(&file(&[1, 1 << 28], vec![], twice("Sin", &["x"]))).is_err());
}

#[test]
fn windows_and_indices_that_no_memory_holds_are_refused_before_they_are_laid_out() {
    let twice = |kind: &str, inputs: &[&str]| vec![node(kind, inputs, "y", vec![])];
    let wide = vec![ints("strides", &[4096, 4096])];
    let spread = vec![node("ConvTranspose", &["x", "w"], "y", wide)];
    says(&network(&[1, 1, 1 << 14, 1], vec![reals("w", &[1, 1, 1, 1])], spread), "too large");
    let window = vec![ints("kernel_shape", &[1]), ints("pads", &[1 << 20, 1 << 20])];
    let window = vec![node("MaxPool", &["x"], "y", window)];
    says(&graph(&[1, 64, 1], vec![], window), "too many elements");
    let point = TensorProto { dims: vec![1 << 14, 1], ..wholes("at", &[0; 1 << 14]) };
    says(&graph(&[2, 1 << 14], vec![point], twice("GatherND", &["x", "at"])), "too many elements");
    let (w, r) = (reals("w", &[1, 0, 1]), reals("r", &[1, 0, 1 << 24]));
    says(&graph(&[16, 16, 1], vec![w, r], twice("RNN", &["x", "w", "r"])), "too many elements");
}

#[test]
fn a_model_may_neither_hold_nor_compute_more_than_any_does() {
    let shape = || wholes("shape", &[1 << 12, 1 << 12]);
    let fills =
        |count: usize| (0..count).map(|at| node("ConstantOfShape", &["shape"], &format!("c{at}"), vec![]));
    says(&network(&[1, 4], vec![shape()], fills(3).collect()), "the network comes to hold");
    let sum =
        NodeProto { input: (0..5).map(|at| format!("c{at}")).collect(), ..node("Sum", &[], "y", vec![]) };
    says(&graph(&[1, 4], vec![shape()], fills(5).chain([sum]).collect()), "elements are held at once");
    let product = node("MatMul", &["c0", "c0"], "y", vec![]);
    says(&graph(&[1, 4], vec![shape()], fills(1).chain([product]).collect()), "more than 2^33 products");
}

#[test]
fn numbers_at_the_ends_of_their_range_are_refused_or_wrap() {
    let group = vec![int("group", i64::MAX)];
    let shape = [1, 2, 4, 4];
    let convolution = vec![node("Conv", &["x", "w"], "y", group)];
    says(&graph(&shape, vec![reals("w", &[2, 2, 1, 1])], convolution), "do not fit");
    let ends = || vec![wholes("a", &[i64::MIN, i64::MAX])];
    for kind in ["PRelu", "Mul", "Add", "Sub", "Div"] {
        let graph =
            Graph::from_onnx(&file(&[1], ends(), vec![node(kind, &["a", "a"], "y", vec![])])).unwrap();
        assert!(graph.run(vec![Value::real(Kind::F32, &[1], vec![0.0]).unwrap()]).is_ok(), "{kind}");
    }
    let zero = [wholes("zero", &[i64::MAX]), reals("scale", &[1]), wholes("a", &[i64::MIN])].to_vec();
    let graph = file(&[1], zero, vec![node("DequantizeLinear", &["a", "scale", "zero"], "y", vec![])]);
    let run = |bytes: &[u8], shape: &[usize]| {
        let zeros = Value::real(Kind::F32, shape, vec![0.0; shape.iter().product()]).unwrap();
        Graph::from_onnx(bytes).unwrap().run(vec![zeros])
    };
    assert!(run(&graph, &[1]).is_ok());
    let diagonal = file(&[2, 2], vec![], vec![node("EyeLike", &["x"], "y", vec![int("k", i64::MAX)])]);
    assert_eq!(run(&diagonal, &[2, 2]).unwrap()[0].to_reals(), [0.0; 4]);
    let reverse = vec![node("ReverseSequence", &["x", "length"], "y", vec![])];
    let reverse = file(&[2, 2], vec![wholes("length", &[-1, i64::MAX])], reverse);
    assert!(run(&reverse, &[2, 2]).is_ok());
}

/// A fuzzer found an operator that took the square of an axis' length.
#[test]
fn a_long_axis_takes_no_longer_than_its_elements() {
    let long = 1 << 20;
    for kind in ["Hardmax", "Softmax", "CumSum", "ArgMax", "LpNormalization", "ReduceMax"] {
        let nodes = vec![node(kind, if kind == "CumSum" { &["x", "axis"] } else { &["x"] }, "y", vec![])];
        let bytes = file(&[1, long], vec![wholes("axis", &[1])], nodes);
        let zeros = Value::real(Kind::F32, &[1, long as usize], vec![0.0; long as usize]).unwrap();
        assert!(Graph::from_onnx(&bytes).unwrap().run(vec![zeros]).is_ok(), "{kind}");
    }
}

#[test]
fn operands_that_no_operator_has_are_refused() {
    let stored = || vec![wholes("one", &[1]), wholes("zero", &[0])];
    for kind in ["Div", "Mod", "Add", "BitwiseAnd"] {
        let three = vec![node(kind, &["one", "one", "zero"], "y", vec![])];
        says(&graph(&[1], stored(), three), "exactly two operands");
    }
    says(&graph(&[1], stored(), vec![node("Div", &["one", "zero"], "y", vec![])]), "divided by zero");
}

#[test]
fn equations_and_bounds_that_mean_nothing_are_refused() {
    let einsum = |equation: &str| {
        let nodes = vec![node("Einsum", &["x"], "y", vec![text("equation", equation)])];
        graph(&[2, 2], vec![], nodes)
    };
    says(&einsum("ij->iij"), "appears twice");
    says(&einsum("......->"), "does not name");
    says(&einsum("ij->k"), "is in no operand");
    let clip = AttributeProto { name: Some("clip".into()), f: Some(-1.0), ..Default::default() };
    let (w, r) = (reals("w", &[1, 1, 1]), reals("r", &[1, 1, 1]));
    let recurrent = vec![node("RNN", &["x", "w", "r"], "y", vec![clip])];
    says(&graph(&[1, 1, 1], vec![w, r], recurrent), "clip = -1");
}

/// One of three elements of an operand that is stored, or that a node makes, is no scale, or not finite.
#[test]
fn scales_and_weights_of_cells_that_mean_nothing_are_named() {
    let said = |number: f32, kind: &str, inputs: &[&str]| {
        let stored = TensorProto { float_data: vec![0.5, number, 0.5], ..reals("bad", &[3]) };
        network(&[1, 3], vec![stored], vec![node(kind, inputs, "y", vec![])])
    };
    for (number, shown) in [(0.0, "0"), (-1.0, "-1"), (f32::INFINITY, "inf")] {
        let told = format!("element 1 of `bad` is {shown}; a scale must be above 0 and finite");
        for kind in ["QuantizeLinear", "DequantizeLinear"] {
            says(&said(number, kind, &["x", "bad"]), &told);
        }
        for kind in ["QLinearConv", "QLinearMatMul"] {
            for at in [1, 4, 6] {
                let mut inputs = ["x", "s", "z", "w", "s", "z", "s", "z"];
                inputs[at] = "bad";
                says(&said(number, kind, &inputs), &told);
            }
        }
    }
    let value = AttributeProto { f: Some(-1.0), ..int("value_float", 0) };
    let value = AttributeProto { i: None, ..value };
    let nodes =
        vec![node("Constant", &[], "made", vec![value]), node("QuantizeLinear", &["x", "made"], "y", vec![])];
    says(&network(&[1, 3], vec![], nodes), "element 0 of `made` is -1; a scale must be above 0");
    for kind in ["LSTM", "GRU", "RNN"] {
        for inputs in [["x", "bad", "r", "b"], ["x", "w", "bad", "b"], ["x", "w", "r", "bad"]] {
            let told = "element 1 of `bad` is inf; a recurrent cell reads finite numbers";
            says(&said(f32::INFINITY, kind, &inputs), told);
        }
    }
}

#[test]
fn values_that_are_given_twice_are_refused_with_both_origins() {
    let relu = |name: &str, from: &str, to: &str| NodeProto {
        name: Some(name.into()),
        ..node("Relu", &[from], to, vec![])
    };
    let refused = |stored: Vec<TensorProto>, nodes: Vec<NodeProto>, expected: &str| {
        let bytes = file(&[1, 4], stored, nodes);
        let [network, graph] = [Network::from_onnx(&bytes).map(drop), Graph::from_onnx(&bytes).map(drop)];
        let told = network.unwrap_err().to_string();
        assert!(told.starts_with(expected) && graph.unwrap_err().to_string() == told, "{told}");
    };
    let two = vec![relu("first", "x", "h"), relu("second", "x", "h"), relu("last", "h", "y")];
    refused(vec![], two, "value `h` is given by node `first` and again by node `second`");
    refused(
        vec![reals("w", &[4]), reals("w", &[4])],
        vec![relu("one", "x", "y")],
        "value `w` is given by the stored values and",
    );
    refused(
        vec![reals("y", &[4])],
        vec![relu("one", "x", "y")],
        "value `y` is given by the stored values and again by node `one`",
    );
    refused(vec![], vec![relu("one", "x", "x")], "value `x` is given by an input and again by node `one`");
    let split = NodeProto {
        output: vec![String::new(), "y".into()],
        ..node("Split", &["x"], "", vec![int("axis", 1)])
    };
    let again = NodeProto { output: vec!["a".into(), String::new()], ..split.clone() };
    assert!(
        Graph::from_onnx(&file(&[1, 4], vec![], vec![again, split])).is_ok(),
        "outputs without names are none"
    );
}

//! Does a network of DeiT-S's shapes multiply as often as its closed form says, with all tokens and with fewer?

use rten_onnx::onnx::{
    AttributeProto, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

use crate::config::{Ranking, Tokens};
use crate::workload::Network;
use crate::workload::lower::Leaving;

const WIDTH: usize = 384;
const HEADS: usize = 6;
const BLOCKS: usize = 12;
const PATCHES: usize = 14 * 14;

/// A graph in the making.
#[derive(Default)]
struct Graph {
    nodes: Vec<NodeProto>,
    stored: Vec<TensorProto>,
}

impl Graph {
    fn node(&mut self, name: &str, kind: &str, inputs: &[&str], attributes: &[(&str, &[i64])]) -> String {
        let attribute = |&(name, ints): &(&str, &[i64])| {
            let mut attribute = AttributeProto { name: Some(name.into()), ..Default::default() };
            match ints {
                [one] if name == "axis" => attribute.i = Some(*one),
                _ => attribute.ints = ints.to_vec(),
            }
            attribute
        };
        self.nodes.push(NodeProto {
            name: Some(name.into()),
            op_type: Some(kind.into()),
            input: inputs.iter().map(|name| (*name).into()).collect(),
            output: vec![name.into()],
            attribute: attributes.iter().map(attribute).collect(),
            ..Default::default()
        });
        name.into()
    }

    fn zeros(&mut self, name: &str, dims: &[usize]) {
        self.stored.push(TensorProto {
            name: Some(name.into()),
            dims: dims.iter().map(|&size| size as i64).collect(),
            data_type: Some(DataType::FLOAT),
            float_data: vec![0.0; dims.iter().product()],
            ..Default::default()
        });
    }

    fn shape(&mut self, name: &str, sizes: &[i64]) {
        self.stored.push(TensorProto {
            name: Some(name.into()),
            dims: vec![sizes.len() as i64],
            data_type: Some(DataType::INT64),
            int64_data: sizes.to_vec(),
            ..Default::default()
        });
    }

    /// Rows of `x` under heads, in an order of the axes [batch, tokens, heads, features].
    fn heads(&mut self, name: &str, x: &str, order: &[i64]) -> String {
        let rows = self.node(&format!("{name}.rows"), "MatMul", &[x, "square"], &[]);
        let split = self.node(&format!("{name}.split"), "Reshape", &[&rows, "in heads"], &[]);
        self.node(&format!("{name}.heads"), "Transpose", &[&split], &[("perm", order)])
    }

    /// A block of attention and a perceptron; all blocks share their weights, which changes no count.
    fn block(&mut self, at: usize, x: &str) -> String {
        let name = |what: &str| format!("block{at}.{what}");
        let query = self.heads(&name("query"), x, &[0, 2, 1, 3]);
        let key = self.heads(&name("key"), x, &[0, 2, 3, 1]);
        let value = self.heads(&name("value"), x, &[0, 2, 1, 3]);
        let scores = self.node(&name("scores"), "MatMul", &[&query, &key], &[]);
        let attention = self.node(&name("attention"), "Softmax", &[&scores], &[("axis", &[-1])]);
        let read = self.node(&name("read"), "MatMul", &[&attention, &value], &[]);
        let read = self.node(&name("turned"), "Transpose", &[&read], &[("perm", &[0, 2, 1, 3])]);
        let read = self.node(&name("joined"), "Reshape", &[&read, "in rows"], &[]);
        let read = self.node(&name("projected"), "MatMul", &[&read, "square"], &[]);
        let x = self.node(&name("middle"), "Add", &[x, &read], &[]);
        let wide = self.node(&name("wide"), "MatMul", &[&x, "up"], &[]);
        let wide = self.node(&name("relu"), "Relu", &[&wide], &[]);
        let narrow = self.node(&name("narrow"), "MatMul", &[&wide, "down"], &[]);
        self.node(&name("out"), "Add", &[&x, &narrow], &[])
    }
}

/// Patches of 16 × 16 pixels and a class token through twelve blocks; normalisations, which multiply no weights, are left out.
fn deit_s() -> Vec<u8> {
    let mut graph = Graph::default();
    graph.zeros("patch", &[WIDTH, 3, 16, 16]);
    graph.zeros("class", &[1, 1, WIDTH]);
    graph.zeros("square", &[WIDTH, WIDTH]);
    graph.zeros("up", &[WIDTH, 4 * WIDTH]);
    graph.zeros("down", &[4 * WIDTH, WIDTH]);
    graph.shape("in heads", &[0, -1, HEADS as i64, (WIDTH / HEADS) as i64]);
    graph.shape("in rows", &[0, -1, WIDTH as i64]);
    graph.shape("patches", &[0, WIDTH as i64, PATCHES as i64]);
    let patches = graph.node("embedding", "Conv", &["x", "patch"], &[("strides", &[16, 16])]);
    let patches = graph.node("flat", "Reshape", &[&patches, "patches"], &[]);
    let patches = graph.node("rows", "Transpose", &[&patches], &[("perm", &[0, 2, 1])]);
    let x = graph.node("tokens", "Concat", &["class", &patches], &[("axis", &[1])]);
    let out = (0..BLOCKS).fold(x, |x, at| graph.block(at, &x));
    let dim = |size: i64| Dimension { dim_value: Some(size), ..Default::default() };
    let tensor = TypeProtoTensor {
        elem_type: Some(DataType::FLOAT),
        shape: Some(TensorShapeProto { dim: [1, 3, 224, 224].map(dim).to_vec() }),
    };
    let kind = TypeProto { tensor_type: Some(tensor), ..Default::default() };
    let graph = GraphProto {
        node: graph.nodes,
        initializer: graph.stored,
        input: vec![ValueInfoProto { name: Some("x".into()), r#type: Some(kind) }],
        output: vec![ValueInfoProto { name: Some(out), ..Default::default() }],
        ..Default::default()
    };
    let opset = OperatorSetIdProto { version: Some(17), ..Default::default() };
    ModelProto { graph: Some(graph), opset_import: vec![opset], ..Default::default() }.write_buf().unwrap()
}

/// Multiply-accumulates of a sample, tokens left out behind the third, sixth and ninth block.
fn macs(model: &[u8], keep: f64) -> u64 {
    let after = [2, 5, 8].map(|at| format!("block{at}.out")).to_vec();
    let tokens = Some(Tokens { after, keep, by: Ranking::ClassAttention, always: 1 });
    let network = Network::leaving(model, Some(Leaving { tokens, seed: 1, top: None })).unwrap();
    network.layers().iter().map(|layer| layer.geometry.macs()).sum()
}

/// Of N tokens of d features a block multiplies 12 N d² + 2 N² d times.
fn closed_form(tokens: [usize; 4]) -> u64 {
    let block = |n: usize| 12 * n * WIDTH * WIDTH + 2 * n * n * WIDTH;
    let blocks: usize = tokens.iter().map(|&n| BLOCKS / 4 * block(n)).sum();
    (blocks + PATCHES * 3 * 16 * 16 * WIDTH) as u64
}

/// Published of DynamicViT: 4.6 GMAC with all tokens, 2.9 with a keep ratio of 0.7 at each of three stages.
#[test]
fn deit_s_multiplies_as_often_as_its_closed_form_says() {
    let model = deit_s();
    // A class token and 196 patches, of all of which 0.7 go on, to the nearest whole number.
    for (keep, tokens, giga) in [(1.0, [197; 4], 4.60), (0.7, [197, 138, 97, 68], 2.88)] {
        let found = macs(&model, keep);
        assert_eq!(found, closed_form(tokens), "{keep}");
        assert!((found as f64 / 1e9 - giga).abs() < 0.005, "{keep}: {found}");
    }
    let sweep = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0].map(|keep| macs(&model, keep));
    assert!(sweep.is_sorted(), "{sweep:?}");
}

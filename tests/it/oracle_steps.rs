//! Does every step of a model of codes give the codes that onnxruntime gives from the same codes, with its graph optimisation
//! off?
//!
//! Between codes such models compute with reals. There onnxruntime sums in single precision, in an order that the processor at
//! hand decides on, and we in double precision; so codes may differ where the real lies half-way between two, and nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use axsim::config::Quantize;
use axsim::tensor::Tensor;
use axsim::workload::{Exact, Graph, Network, Quantized, Scheme, Value};
use rten_onnx::onnx::{DataType, GraphProto, ModelProto, NodeProto, ValueInfoProto};

use crate::onnx_models::{input, set, shared};
use crate::onnxruntime::{answers, onnxruntime};
use crate::oracle::sample;

/// Models, and samples that they are asked.
const MODELS: [(&str, usize); 3] =
    [("resnet8_cifar10_int8_qdq", 32), ("dscnn_kws_int8_qdq", 32), ("mobilenetv2_imagenet_u8_qdq", 1)];

/// How far from half-way between two codes a real may be that onnxruntime rounds to the other one, in steps: its sums of a
/// thousand products lose some units in the last of 24 bits.
const HALF_WAY: f64 = 1e-4;

/// The part of a graph between the codes that it reads and those that one node makes.
struct Step {
    /// The operators between.
    kinds: String,
    codes: String,
    /// Its outputs are the codes, and the same before they are rounded.
    part: Graph,
}

fn kind(node: &NodeProto) -> &str {
    node.op_type.as_deref().unwrap()
}

fn is_codes(node: &NodeProto) -> bool {
    kind(node) == "QuantizeLinear"
}

fn info(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: Some(name.into()), ..Default::default() }
}

/// Names of the nodes that a node is made by, itself included, and of the codes that those read.
fn traced(graph: &GraphProto, end: &NodeProto) -> [Vec<String>; 2] {
    let makers: HashMap<&String, &NodeProto> =
        graph.node.iter().map(|node| (&node.output[0], node)).collect();
    let (mut open, mut made, mut read) = (vec![end], vec![], vec![]);
    while let Some(node) = open.pop() {
        made.push(node.output[0].clone());
        for input in &node.input {
            let samples = graph.input.iter().any(|own| own.name.as_ref() == Some(input));
            match makers.get(input) {
                Some(maker) if !is_codes(maker) => open.push(maker),
                None if !samples => {}
                _ => read.push(input.clone()),
            }
        }
    }
    read.sort();
    read.dedup();
    [made, read]
}

/// The part of a model that leads to the codes of a node.
fn step(model: &ModelProto, end: &NodeProto) -> Step {
    let graph = model.graph.as_ref().unwrap();
    let [made, read] = traced(graph, end);
    let mut node: Vec<NodeProto> =
        graph.node.iter().filter(|node| made.contains(&node.output[0])).cloned().collect();
    let kinds: Vec<&str> = node.iter().map(kind).filter(|kind| !kind.ends_with("Linear")).collect();
    let (kinds, codes) = (kinds.join(" "), end.output[0].clone());
    node.push(NodeProto {
        op_type: Some("Div".into()),
        input: end.input[..2].to_vec(),
        output: vec!["steps".into()],
        ..Default::default()
    });
    let part = GraphProto {
        node,
        initializer: graph.initializer.clone(),
        input: read.iter().map(|name| info(name)).collect(),
        output: vec![info(&codes), info("steps")],
        ..Default::default()
    };
    let part =
        ModelProto { graph: Some(part), opset_import: model.opset_import.clone(), ..Default::default() };
    Step { kinds, codes, part: Graph::from_onnx(&part.write_buf().unwrap()).unwrap() }
}

/// A model with the codes of all its steps as outputs behind its own; its steps; its own outputs' number.
fn parted(file: &Path) -> (Vec<u8>, Vec<Step>, usize) {
    let mut model = ModelProto::parse_buf(&std::fs::read(file).unwrap()).unwrap();
    let nodes = model.graph.as_ref().unwrap().node.iter().filter(|node| is_codes(node));
    let steps: Vec<Step> = nodes.map(|node| step(&model, node)).collect();
    let graph = model.graph.as_mut().unwrap();
    let own = graph.output.len();
    graph.output.extend(steps.iter().map(|step| info(&step.codes)));
    (model.write_buf().unwrap(), steps, own)
}

/// The samples of a model as one value.
fn samples(root: &Path, name: &str, count: usize) -> Value {
    let set = set(root, name);
    let inputs: Vec<Value> = (0..count).map(|at| input(name, &set, at)).collect();
    let codes = inputs.iter().flat_map(Value::to_reals).map(|code| code as i64).collect();
    Value::whole(inputs[0].kind(), &[&[count], &inputs[0].shape()[1..]].concat(), codes).unwrap()
}

/// Codes, and those that differ.
type Unlike = (usize, usize);

/// Codes of a step that differ from those of onnxruntime, each by one, and made of reals half-way between both.
fn unlike(step: &Step, values: &HashMap<&str, &Value>, count: usize) -> Unlike {
    let mut unlike = 0;
    for at in 0..count {
        let read = step.part.inputs().into_iter().map(|name| sample(values[name], at)).collect();
        let [codes, steps] = step.part.run(read).unwrap().try_into().unwrap();
        let expected = sample(values[&*step.codes], at).to_reals();
        for ((found, expected), steps) in codes.to_reals().into_iter().zip(expected).zip(steps.to_reals()) {
            let half_way = ((steps - steps.floor()) - 0.5).abs() <= HALF_WAY;
            let near = half_way && (found - expected).abs() == 1.0;
            assert!(found == expected || near, "{} {}: {steps} steps are {expected}", step.codes, step.kinds);
            unlike += usize::from(found != expected);
        }
    }
    (values[&*step.codes].len(), unlike)
}

#[test]
fn every_step_of_models_of_codes_gives_the_codes_of_onnxruntime() {
    let Some(root) = shared() else { return };
    if !onnxruntime() {
        return;
    }
    let models = MODELS.map(|(name, _)| parted(&root.join(format!("models/{name}.onnx"))));
    let samples = MODELS.map(|(name, count)| samples(&root, name, count));
    let questions = std::array::from_fn::<_, 3, _>(|at| (models[at].0.clone(), samples[at].clone()));
    let answers = answers(&questions);
    for (at, (name, count)) in MODELS.into_iter().enumerate() {
        let (model, steps, own) = &models[at];
        let whole = Graph::from_onnx(model).unwrap();
        let (inputs, found) = (whole.inputs(), &answers[at]);
        let made = steps.iter().zip(&found[*own..]).map(|(step, value)| (&*step.codes, value));
        let values: HashMap<&str, &Value> = made.chain([(inputs[0], &samples[at])]).collect();
        let mut by_kind: BTreeMap<&str, Unlike> = BTreeMap::new();
        for step in steps {
            let (codes, unlike) = unlike(step, &values, count);
            let all = by_kind.entry(&step.kinds).or_default();
            *all = (all.0 + codes, all.1 + unlike);
        }
        eprintln!("{name}: of so many codes so many differ: {by_kind:?}");
        for (kinds, (codes, unlike)) in by_kind {
            // A mean of so many codes as a power of two is half-way again and again.
            let most = if kinds == "AveragePool" { codes / 50 } else { codes / 20_000 };
            assert!(unlike <= most, "{name}, {kinds}: {unlike} of {codes}");
        }
        let (quantized, batch) = quantized(&root, name, count, Scheme::Affine);
        let network = quantized.run(&Exact, &batch, 0).unwrap().remove(0);
        let pairs = || network.data().iter().map(|&code| f64::from(code)).zip(found[0].to_reals());
        let unlike = pairs().filter(|(found, expected)| found != expected).count();
        let most = pairs().fold(0f64, |most, (a, b)| most.max((a - b).abs()));
        eprintln!("{name} as a network: {unlike} of {} codes differ, by {most} at most", network.len());
        // What differs in a step is handed on, and a softmax at the end may make more of it.
        assert!(unlike * 200 <= network.len() && most <= 2.0, "{name}: {unlike} of {}", network.len());
    }
}

/// The bytes of a stored tensor.
fn bytes(graph: &GraphProto, name: &str) -> Vec<u8> {
    let stored = graph.initializer.iter().find(|own| own.name.as_deref() == Some(name)).unwrap();
    match &stored.raw_data {
        Some(raw) => raw.borrow().clone(),
        None if stored.float_data.is_empty() => stored.int32_data.iter().map(|&code| code as u8).collect(),
        None => stored.float_data.iter().flat_map(|scale| scale.to_le_bytes()).collect(),
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect()
}

/// What a file has of operand `at` of a node: codes counted from the lowest one on, if it is stored, scales and the code of zero.
fn filed(graph: &GraphProto, node: &NodeProto, at: usize) -> (Vec<u8>, Vec<f32>, u8) {
    let makes = |name: &String| graph.node.iter().find(|node| node.output[0] == *name).unwrap();
    let mut maker = makes(&node.input[at]);
    while kind(maker) != "DequantizeLinear" {
        maker = makes(&maker.input[0]);
    }
    let named = |name: &str| graph.initializer.iter().find(|own| own.name.as_deref() == Some(name));
    let zero = named(&maker.input[2]).unwrap();
    let signed = zero.data_type == Some(DataType::INT8);
    let from_lowest = |code: u8| if signed { code.wrapping_add(128) } else { code };
    let codes = named(&maker.input[0]).map(|_| bytes(graph, &maker.input[0])).unwrap_or_default();
    let codes = codes.into_iter().map(from_lowest).collect();
    let zero = from_lowest(bytes(graph, &maker.input[2])[0]);
    (codes, floats(&bytes(graph, &maker.input[1])), zero)
}

/// The codes of weights, zero points taken off, filter by filter.
fn centred(codes: &[u8], zero: u8) -> Vec<i16> {
    codes.iter().map(|&code| i16::from(code) - i16::from(zero)).collect()
}

/// A network of a model whose file has codes, as it is run with exact products; its samples.
fn quantized(root: &Path, name: &str, count: usize, scheme: Scheme) -> (Quantized, Tensor<f32>) {
    let network =
        Network::from_onnx(&std::fs::read(root.join(format!("models/{name}.onnx"))).unwrap()).unwrap();
    let samples = samples(root, name, count);
    let codes = samples.to_reals().iter().map(|&code| code as f32).collect();
    let batch = Tensor::new(samples.shape(), codes).unwrap();
    (Quantized::calibrate(&network, &Quantize::default(), scheme, &batch).unwrap(), batch)
}

#[test]
fn codes_that_are_multiplied_are_those_of_the_file() {
    let Some(root) = shared() else { return };
    for (name, _) in MODELS {
        let model = std::fs::read(root.join(format!("models/{name}.onnx"))).unwrap();
        let model = ModelProto::parse_buf(&model).unwrap();
        let graph = model.graph.as_ref().unwrap();
        for scheme in [Scheme::Affine, Scheme::Symmetric] {
            let (quantized, _) = quantized(&root, name, 1, scheme);
            let anew = quantized.coded_anew();
            for (layer, weights) in quantized.layers().iter().zip(quantized.weights()) {
                let node = graph.node.iter().find(|node| node.name.as_ref() == Some(&layer.name)).unwrap();
                let (_, scales, zero) = filed(graph, node, 0);
                let grid = quantized.input_grid(layer.index);
                let same = (grid.scale, grid.zero_point) == (scales[0], zero);
                // A signed multiplier of 8 bits has zero in the middle.
                assert_eq!(same, scheme == Scheme::Affine || zero == 128, "{name} {}", layer.name);
                let (codes, scales, zero) = filed(graph, node, 1);
                let mut codes = centred(&codes, zero);
                if kind(node) == "MatMul" {
                    let (outputs, depth) = (layer.geometry.out_channels, layer.geometry.depth());
                    codes = (0..codes.len()).map(|at| codes[at % depth * outputs + at / depth]).collect();
                }
                let fits = scheme == Scheme::Affine || codes.iter().all(|code| (-128..128).contains(code));
                let kept = centred(&weights.codes, weights.zero_point) == codes;
                let scales =
                    weights.scales.iter().zip(scales.iter().cycle()).all(|(own, filed)| own == filed);
                assert_eq!((kept, scales), (fits, fits), "{name} {}", layer.name);
                assert_eq!(anew.contains(&&*layer.name), !same || !fits, "{name} {}", layer.name);
            }
        }
    }
}

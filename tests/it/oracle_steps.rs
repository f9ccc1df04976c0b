//! Does every step of a model of codes give the codes that onnxruntime gives from the same codes, with its graph optimisation
//! off?
//!
//! Between codes such models compute with reals. There onnxruntime sums in single precision, in an order that the processor at
//! hand decides on, and we in double precision; so codes may differ where the real lies half-way between two, and nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use axsim::workload::{Graph, Value};
use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto, ValueInfoProto};

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
    }
}

//! Nodes of a file → the operators we run, every shape known; biases and identities are folded away.

mod affine;
mod arrange;
mod attribute;
mod axes;
mod bounded;
mod budget;
mod codes;
mod contract;
mod fault;
mod general;
mod line;
mod operand;
mod pool;
mod product;
mod recurrent;
mod reshape;
mod rows;
mod same;
mod scales;
mod tokens;
mod top;
mod transposed;
mod volume;

use std::collections::HashMap;

use self::budget::Budget;
pub use self::fault::ModelError;
use self::fault::shape;
use self::operand::Stored;
use self::tokens::Cut;
pub(super) use self::tokens::Leaving;
use super::limit;
use super::network::{Network, Output, Step};
use super::onnx::{self, Input, Model, Node};
use super::op::Op;
use super::operator;
use super::value::{Elements, Kind, Value};

/// An operator, the values it reads and the shape of its result.
type Lowered = (Op, Vec<usize>, Vec<usize>);

/// What becomes of a node.
enum Way {
    /// A step of ours.
    Step(Box<Lowered>),
    /// Nothing that is still to be done.
    Done,
    /// What its operator text has, and if that multiplies and adds why it is no step of ours, where that is known.
    Text(Option<String>),
}

/// Name and size of an input beside the first.
type State = (String, usize);

/// Elements of a shape; `None` beyond [`limit::VALUE`].
fn elements(shape: &[usize]) -> Option<usize> {
    let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
    count.filter(|&count| count <= limit::VALUE)
}

/// The state of lowering: what each value name stands for.
///
/// A batch is one sample: every shape follows from that, and no operator can mix samples.
struct Lowering {
    opset: i64,
    stored: HashMap<String, Value>,
    /// The scale of each element of stored values that are made of codes of bytes.
    scales: HashMap<String, Value>,
    /// Value name → index of the value; value 0 is the input, value i + 1 the output of step i.
    values: HashMap<String, usize>,
    /// Shapes of values without the batch where that comes first.
    shapes: Vec<Vec<usize>>,
    /// Whether the batch comes first in a value; otherwise the shape is the whole one.
    batched: Vec<bool>,
    kinds: Vec<Kind>,
    steps: Vec<Step>,
    budget: Budget,
    /// Tokens to be left out, if any, and where they were.
    leaving: Option<Leaving>,
    cuts: Vec<Cut>,
}

pub(super) fn lower(bytes: &[u8], leaving: Option<Leaving>) -> Result<Network, ModelError> {
    let Model { nodes, stored, inputs, outputs, opset } = onnx::read(bytes)?;
    numbers(&stored)?;
    let Some(input) = inputs.first() else {
        return Err(ModelError::NotOnnx("its graph has no input".into()));
    };
    let (sample, kind) = sample(input)?;
    let mut lowering = Lowering {
        opset,
        stored,
        scales: HashMap::new(),
        values: HashMap::from([(input.name.clone(), 0)]),
        shapes: vec![sample.clone()],
        batched: vec![true],
        kinds: vec![kind],
        steps: vec![],
        budget: Budget::new(bytes.len()),
        leaving,
        cuts: vec![],
    };
    let (sample, states) = if inputs.len() > 1 { lowering.inputs(&inputs)? } else { (sample, vec![]) };
    // Before what is written out has scales of its own; those that nodes make are met later.
    nodes.iter().try_for_each(|node| bounded::check(node, &lowering.stored))?;
    let nodes = codes::written_out(nodes, &lowering.stored);
    for node in &nodes {
        let other = lowering.fitted(node)?.or(lowering.asking(node)?);
        lowering.node(other.as_ref().unwrap_or(node)).map_err(|error| of_batch(error, input))?;
        lowering.leave(node)?;
        lowering.afford(node)?;
    }
    lowering.left(&nodes)?;
    let outputs = lowering.outputs(outputs)?;
    Ok(Network::new(sample, lowering.steps, (lowering.shapes, lowering.kinds), outputs).with_states(states))
}

/// A shape that does not fit may rest on a batch that the file fixes, while samples are run one by one.
fn of_batch(error: ModelError, input: &Input) -> ModelError {
    match (error, input.shape.as_ref().and_then(|shape| shape.first())) {
        (ModelError::Shape { node, what }, Some(&Some(batch))) if batch > 1 => ModelError::Shape {
            node,
            what: format!(
                "{what}; the file fixes a batch of {batch}, samples are run one by one: export it with a batch of 1 or an \
                 open one"
            ),
        },
        (error, _) => error,
    }
}

/// Shape and type of a sample, which must be known.
fn sample(Input { name, kind, shape }: &Input) -> Result<(Vec<usize>, Kind), ModelError> {
    let fault = |what: String| ModelError::Bound { input: name.clone(), what };
    let remedy = "write the sizes of a sample behind the batch, as in `workload.sample_shape: [3, 224, 224]`";
    let shape = shape.as_ref().ok_or_else(|| fault(format!("it has no shape; {remedy}")))?;
    let kind = kind.ok_or_else(|| fault("its elements are of no type that is supported".into()))?;
    let sizes: Vec<String> =
        shape.iter().map(|size| size.map_or("?".into(), |size| size.to_string())).collect();
    let own = format!("its shape [{}]", sizes.join(", "));
    let behind = shape.get(1..).unwrap_or_default();
    if behind.is_empty() {
        return Err(fault(format!("{own} has no axis behind the batch, so that it holds no samples")));
    }
    let Some(sample) = behind.iter().copied().collect::<Option<Vec<usize>>>() else {
        return Err(fault(format!("{own} is open; {remedy}, or export it with fixed ones")));
    };
    if sample.contains(&0) {
        return Err(fault(format!(
            "{own} leaves no elements for a sample; {remedy}, if it stands for an open one"
        )));
    }
    if elements(&sample).is_none() {
        return Err(fault(format!("a sample of shape {sample:?} has too many elements")));
    }
    Ok((sample, kind))
}

/// Stored values must be numbers; infinity may be a bound or a mask.
fn numbers(stored: &HashMap<String, Value>) -> Result<(), ModelError> {
    let mut names: Vec<&String> = stored.keys().collect();
    names.sort();
    for name in names {
        let Elements::Real(reals) = stored[name].elements() else {
            continue;
        };
        if let Some(at) = reals.iter().position(|x| x.is_nan()) {
            let why = format!("element {at} is {}; stored values must be numbers", reals[at]);
            return Err(ModelError::Stored { value: name.clone(), why });
        }
    }
    Ok(())
}

impl Lowering {
    /// Several inputs as parts of one sample, side by side; returns its shape, and names and sizes of all but the first.
    fn inputs(&mut self, inputs: &[Input]) -> Result<(Vec<usize>, Vec<State>), ModelError> {
        let (mut start, mut states) = (0, vec![]);
        for (at, input) in inputs.iter().enumerate() {
            let (shape, kind) = sample(input)?;
            let size: usize = shape.iter().product();
            if !kind.is_real() || elements(&[start + size]).is_none() {
                let what = "one of several, it is not of floating point, or too large".into();
                return Err(ModelError::Bound { input: input.name.clone(), what });
            }
            let places = (start..start + size).map(|place| Some(place as u32)).collect();
            self.steps.push(Step { name: input.name.clone(), op: Op::Arrange(places, 0.0), inputs: vec![0] });
            self.shapes.push(shape);
            self.batched.push(true);
            self.kinds.push(kind);
            self.values.insert(input.name.clone(), self.steps.len());
            states.extend((at > 0).then(|| (input.name.clone(), size)));
            start += size;
        }
        self.shapes[0] = vec![start];
        Ok((vec![start], states))
    }

    /// The outputs that depend on the sample, with their values.
    fn outputs(&self, names: Vec<String>) -> Result<Vec<Output>, ModelError> {
        let unknown = |name: &String| !self.values.contains_key(name) && !self.stored.contains_key(name);
        if let Some(name) = names.iter().find(|name| unknown(name)) {
            return Err(ModelError::NoNetwork(format!("its output `{name}` is never computed")));
        }
        let output = |name: String| self.values.get(&name).map(|&value| (name, value));
        let outputs: Vec<Output> = names.into_iter().filter_map(output).collect();
        let none = || ModelError::NoNetwork("no output of it depends on its input".into());
        if outputs.is_empty() { Err(none()) } else { Ok(outputs) }
    }

    /// What depends on no sample is computed now; the rest by the first of three ways that takes the node: as one of
    /// our own steps, as its operator text has it, or not at all.
    fn node(&mut self, node: &Node) -> Result<(), ModelError> {
        operator::check(node)?;
        bounded::check(node, &self.stored)?;
        if self.fold(node)? {
            return Ok(());
        }
        let (refusal, reason) = match self.special(node) {
            Ok(Way::Step(lowered)) => return self.push(node, *lowered),
            Ok(Way::Done) => return Ok(()),
            Ok(Way::Text(reason)) => (None, reason),
            Err(refusal) => (Some(refusal.clone()), Some(refusal.reason())),
        };
        self.general(node, reason).map_err(|fault| refusal.unwrap_or(fault))
    }

    /// The step of ours that does what the node does, if there is one.
    fn special(&mut self, node: &Node) -> Result<Way, ModelError> {
        if matches!(&*node.kind, "Gemm" | "MatMul") && self.rows(node)? {
            return Ok(Way::Done);
        }
        if self.is_product(node)? {
            let product = self.product(node);
            return Ok(product.map_or_else(|fault| Way::Text(Some(fault.reason())), |()| Way::Done));
        }
        if matches!(&*node.kind, "GRU" | "LSTM" | "RNN") {
            return Ok(if self.recurrent(node)? { Way::Done } else { Way::Text(None) });
        }
        let other = node.inputs.iter().find_map(|name| self.unread(name));
        let several = node.outputs.iter().skip(1).any(|name| !name.is_empty()) && node.kind != "Dropout";
        if other.is_some() || several {
            return Ok(Way::Text(other));
        }
        // One that trains, or may, is read as the operator is written.
        let rests = |name: &String| self.stored.get(name).is_some_and(|value| value.to_reals() == [0.0]);
        let said = node.inputs.get(2).filter(|name| node.kind == "Dropout" && !name.is_empty());
        let trains = said.is_some_and(|name| !rests(name));
        if matches!(&*node.kind, "Identity" | "Dropout") && !trains {
            let value = self.value(node, 0)?;
            self.values.insert(node.outputs.first().cloned().unwrap_or_default(), value);
            return Ok(Way::Done);
        }
        let own = self.own(node)?;
        Ok(own.map_or(Way::Text(None), |lowered| Way::Step(Box::new(lowered))))
    }

    /// Why no step of ours that takes the batch for one sample reads a computed value; none where it may.
    fn unread(&self, name: &str) -> Option<String> {
        let value = *self.values.get(name)?;
        match self.kinds[value] {
            kind if !kind.is_real() => {
                Some(format!("operand `{name}` is of type {kind}, not of floating point"))
            }
            _ if self.batched[value] => None,
            _ => Some(format!(
                "operand `{name}` of shape {:?} has no batch of one in front",
                self.shapes[value]
            )),
        }
    }

    fn own(&mut self, node: &Node) -> Result<Option<Lowered>, ModelError> {
        let lowered = match node.kind.as_str() {
            "Conv" => self.convolution(node),
            "ConvTranspose" => self.transposed(node),
            "Gemm" | "MatMul" => self.dense(node),
            "Add" => self.add(node),
            "Relu" => self.same(node, Op::Clip(0.0, f32::INFINITY)),
            "Clip" => self.clip(node),
            "BatchNormalization" => self.normalization(node),
            "Slice" => self.slice(node),
            "Pad" if attribute::text(node, "mode", "constant")? == "constant" => self.pad(node),
            "Softmax" => self.softmax(node),
            "MaxPool" | "AveragePool" | "GlobalAveragePool" => self.pool(node),
            "Flatten" => self.flatten(node),
            "Reshape" => self.reshape(node),
            _ => return Ok(None),
        };
        lowered.map(Some)
    }

    fn push(&mut self, node: &Node, (op, inputs, out): Lowered) -> Result<(), ModelError> {
        if elements(&out).is_none() {
            return Err(shape(node, format!("a result of shape {out:?} has too many elements")));
        }
        if let Some((what, at, value)) = op.not_finite() {
            return Err(shape(
                node,
                format!("{what} {at} comes to {value}; check the values that the node reads"),
            ));
        }
        self.kinds.push(self.kinds[inputs[0]]);
        self.steps.push(Step { name: node.name.clone(), op, inputs });
        self.shapes.push(out);
        self.batched.push(true);
        self.values.insert(node.outputs.first().cloned().unwrap_or_default(), self.steps.len());
        Ok(())
    }
}

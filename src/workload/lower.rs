//! Nodes of a file → the operators we run, every shape known; biases and identities are folded away.

mod arrange;
mod attribute;
mod budget;
mod codes;
mod general;
mod line;
mod rows;

use std::collections::HashMap;

use self::attribute::{float, int, pair, window};
use self::budget::Budget;
use super::network::{Network, Step};
use super::onnx::{self, Input, Model, Node};
use super::op::{Contraction, Op, Window};
use super::operator;
use super::value::{Elements, Kind, Value};
use crate::kernel::{Geometry, GeometryError};

/// Why a model cannot be run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// Truncated, or another kind of file.
    #[error("this is not a readable ONNX file: {0}")]
    NotOnnx(String),
    /// An operator set outside the supported range.
    #[error("opset {0} is not supported; export the model with opset {1} to {2}")]
    Opset(i64, i64, i64),
    /// An operator that is not implemented.
    #[error("node `{node}`: operator {kind} is not supported; see README.md")]
    Operator {
        /// The node.
        node: String,
        /// Its operator.
        kind: String,
    },
    /// An attribute that is missing or has an unsupported value.
    #[error("node `{node}`: attribute {what} is missing or has an unsupported value")]
    Attribute {
        /// The node.
        node: String,
        /// The attribute.
        what: String,
    },
    /// Operands of wrong number or shape.
    #[error("node `{node}`: {what}")]
    Shape {
        /// The node.
        node: String,
        /// What does not fit.
        what: String,
    },
    /// A window that makes no sense.
    #[error("node `{node}`: {fault}")]
    Geometry {
        /// The node.
        node: String,
        /// What is wrong.
        fault: GeometryError,
    },
    /// A stored value that cannot be used.
    #[error("value `{value}`: {why}")]
    Stored {
        /// The value.
        value: String,
        /// What is wrong.
        why: String,
    },
    /// A sample of another shape than the model's input.
    #[error("the model expects samples of shape {expected:?}, these have {found:?}")]
    Input {
        /// The model's input.
        expected: Vec<usize>,
        /// The samples.
        found: Vec<usize>,
    },
}

/// An operator, the values it reads and the shape of its result.
type Lowered = (Op, Vec<usize>, Vec<usize>);

/// What becomes of a node.
enum Way {
    /// A step of ours.
    Step(Box<Lowered>),
    /// Nothing that is still to be done.
    Done,
    /// What its operator text has.
    Text,
}

/// The most elements of a value per sample: a damaged shape shall not ask for all memory.
const LARGEST_VALUE: usize = 1 << 28;

/// Elements of a shape; `None` beyond [`LARGEST_VALUE`].
fn elements(shape: &[usize]) -> Option<usize> {
    let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
    count.filter(|&count| count <= LARGEST_VALUE)
}

/// A stored operand: reals or integers, the other list empty.
struct Stored {
    shape: Vec<usize>,
    reals: Vec<f32>,
    integers: Vec<i64>,
}

impl From<&Value> for Stored {
    fn from(value: &Value) -> Self {
        let (mut reals, mut integers) = (vec![], vec![]);
        match value.elements() {
            Elements::Real(elements) => reals = elements.iter().map(|&x| x as f32).collect(),
            Elements::Whole(elements) => integers.clone_from(elements),
        }
        Self { shape: value.shape().to_vec(), reals, integers }
    }
}

/// The state of lowering: what each value name stands for.
///
/// A batch is one sample: every shape follows from that, and no operator can mix samples.
struct Lowering {
    opset: i64,
    stored: HashMap<String, Value>,
    /// Value name → index of the value; value 0 is the input, value i + 1 the output of step i.
    values: HashMap<String, usize>,
    /// Shapes of values without the batch where that comes first.
    shapes: Vec<Vec<usize>>,
    /// Whether the batch comes first in a value; otherwise the shape is the whole one.
    batched: Vec<bool>,
    kinds: Vec<Kind>,
    steps: Vec<Step>,
    budget: Budget,
}

pub(super) fn lower(bytes: &[u8]) -> Result<Network, ModelError> {
    let Model { nodes, stored, inputs, outputs, opset } = onnx::read(bytes)?;
    numbers(&stored)?;
    let [Input { name: input, kind, shape }] = &inputs[..] else {
        return Err(ModelError::NotOnnx("a graph with exactly one input is expected".into()));
    };
    let shape = shape.as_ref().ok_or_else(|| ModelError::NotOnnx("its input has no shape".into()))?;
    let kind =
        kind.ok_or_else(|| ModelError::NotOnnx("its input has no element type that is supported".into()))?;
    let sample = shape.get(1..).unwrap_or_default().to_vec();
    if sample.is_empty() || sample.contains(&0) {
        return Err(ModelError::NotOnnx(format!(
            "its input has the open shape {shape:?}; export it with a fixed one"
        )));
    }
    if elements(&sample).is_none() {
        return Err(ModelError::NotOnnx(format!("a sample of shape {sample:?} has too many elements")));
    }
    let values = HashMap::from([(input.clone(), 0)]);
    let (shapes, batched, kinds) = (vec![sample.clone()], vec![true], vec![kind]);
    let mut lowering = Lowering {
        opset,
        stored,
        values,
        shapes,
        batched,
        kinds,
        steps: vec![],
        budget: Budget::new(bytes.len()),
    };
    for node in &codes::written_out(nodes) {
        lowering.node(node)?;
        lowering.afford(node)?;
    }
    let unknown = || ModelError::NotOnnx(format!("its output `{}` is never computed", outputs[0]));
    let output = *lowering.values.get(&outputs[0]).ok_or_else(unknown)?;
    Ok(Network::new(sample, lowering.steps, (lowering.shapes, lowering.kinds), output))
}

/// Stored values must be numbers; infinity may be a bound or a mask.
fn numbers(stored: &HashMap<String, Value>) -> Result<(), ModelError> {
    let mut names: Vec<&String> = stored.keys().collect();
    names.sort();
    for name in names {
        let Elements::Real(reals) = stored[name].elements() else { continue };
        if let Some(at) = reals.iter().position(|x| x.is_nan()) {
            let why = format!("element {at} is {}; weights must be finite", reals[at]);
            return Err(ModelError::Stored { value: name.clone(), why });
        }
    }
    Ok(())
}

impl Lowering {
    /// What depends on no sample is computed now; the rest by the first of three ways that takes the node: as one of
    /// our own steps, as its operator text has it, or not at all.
    fn node(&mut self, node: &Node) -> Result<(), ModelError> {
        operator::check(node)?;
        if self.fold(node)? {
            return Ok(());
        }
        let refusal = match self.special(node) {
            Ok(Way::Step(lowered)) => return self.push(node, *lowered),
            Ok(Way::Done) => return Ok(()),
            Ok(Way::Text) => None,
            Err(refusal) => Some(refusal),
        };
        self.general(node).map_err(|fault| refusal.unwrap_or(fault))
    }

    /// The step of ours that does what the node does, if there is one.
    fn special(&mut self, node: &Node) -> Result<Way, ModelError> {
        if matches!(&*node.kind, "Gemm" | "MatMul") && self.rows(node)? {
            return Ok(Way::Done);
        }
        let computed = node.inputs.iter().filter_map(|name| self.values.get(name));
        if computed.clone().any(|&value| !self.batched[value] || !self.kinds[value].is_real()) {
            return Ok(Way::Text);
        }
        if node.outputs.iter().skip(1).any(|name| !name.is_empty()) && node.kind != "Dropout" {
            return Ok(Way::Text);
        }
        let lowered = match node.kind.as_str() {
            "Conv" => self.convolution(node)?,
            "ConvTranspose" => self.transposed(node)?,
            "Gemm" | "MatMul" => self.dense(node)?,
            "Add" => self.add(node)?,
            "Relu" => self.same(node, Op::Clip(0.0, f32::INFINITY))?,
            "Clip" => {
                let bounds = self.clip(node)?;
                self.same(node, bounds)?
            }
            "BatchNormalization" => self.normalization(node)?,
            "Slice" => self.slice(node)?,
            "Pad" => self.pad(node)?,
            "Softmax" => self.softmax(node)?,
            "MaxPool" | "AveragePool" | "GlobalAveragePool" => self.pool(node)?,
            "Flatten" | "Reshape" => self.reshape(node)?,
            "Identity" | "Dropout" => {
                let value = self.value(node, 0)?;
                self.values.insert(node.outputs.first().cloned().unwrap_or_default(), value);
                return Ok(Way::Done);
            }
            _ => return Ok(Way::Text),
        };
        Ok(Way::Step(Box::new(lowered)))
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

    fn value(&self, node: &Node, at: usize) -> Result<usize, ModelError> {
        let name = node.inputs.get(at).ok_or_else(|| shape(node, format!("operand {at} is missing")))?;
        self.values
            .get(name)
            .copied()
            .ok_or_else(|| shape(node, format!("operand `{name}` must be computed, not stored")))
    }

    fn stored(&self, node: &Node, at: usize) -> Result<Option<Stored>, ModelError> {
        let Some(name) = node.inputs.get(at).filter(|name| !name.is_empty()) else { return Ok(None) };
        let stored =
            self.stored.get(name).ok_or_else(|| shape(node, format!("operand `{name}` must be stored")));
        stored.map(|value| Some(value.into()))
    }

    fn weights(&self, node: &Node, axes: usize) -> Result<Stored, ModelError> {
        let weights = self.stored(node, 1)?.ok_or_else(|| shape(node, "the weights are missing".into()))?;
        if weights.shape.len() != axes || weights.reals.is_empty() {
            return Err(shape(
                node,
                format!("weights of {axes} axes are expected, these have {:?}", weights.shape),
            ));
        }
        Ok(weights)
    }

    fn bias(&self, node: &Node, outputs: usize) -> Result<Vec<f32>, ModelError> {
        match self.stored(node, 2)? {
            None => Ok(vec![0.0; outputs]),
            Some(bias) if bias.reals.len() == outputs => Ok(bias.reals),
            Some(bias) => {
                Err(shape(node, format!("a bias of {outputs} elements is expected, not {:?}", bias.shape)))
            }
        }
    }

    fn image(&self, node: &Node) -> Result<(usize, [usize; 3]), ModelError> {
        let value = self.value(node, 0)?;
        let found = &self.shapes[value];
        let image = <[usize; 3]>::try_from(&found[..]);
        let image =
            image.map_err(|_| shape(node, format!("an image [C, H, W] is expected, not {found:?}")))?;
        Ok((value, image))
    }

    fn convolution(&mut self, node: &Node) -> Result<Lowered, ModelError> {
        if node.inputs.get(1).and_then(|name| self.stored.get(name)).is_some_and(|w| w.shape().len() == 3) {
            return self.line(node);
        }
        let image = self.image(node)?;
        let weights = self.weights(node, 4)?;
        self.convolved(node, image, weights)
    }

    /// A convolution over an image, the value with this index, with weights [O, C / groups, rows, columns].
    fn convolved(
        &self,
        node: &Node,
        (value, image): (usize, [usize; 3]),
        weights: Stored,
    ) -> Result<Lowered, ModelError> {
        let groups = usize::try_from(int(node, "group", 1)?).unwrap_or(0);
        let kernel = [weights.shape[2], weights.shape[3]];
        let stated = pair(node, "kernel_shape", Some(kernel))?;
        if stated != kernel {
            return Err(shape(
                node,
                format!("kernel_shape {stated:?} is not that of weights {:?}", weights.shape),
            ));
        }
        let geometry = window(node, image, kernel, weights.shape[0], groups)?;
        geometry.check().map_err(|fault| ModelError::Geometry { node: node.name.clone(), fault })?;
        if weights.shape[1] * groups != image[0] {
            return Err(shape(
                node,
                format!("weights {:?} do not fit {} input channels", weights.shape, image[0]),
            ));
        }
        let bias = self.bias(node, weights.shape[0])?;
        let out = vec![geometry.out_channels, geometry.out_height(), geometry.out_width()];
        Ok((Op::Contract(Contraction { geometry, weights: weights.reals, bias }), vec![value], out))
    }

    fn dense(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let weights = self.weights(node, 2)?;
        let transposed = int(node, "transB", 0)? == 1;
        let neutral = int(node, "transA", 0)? == 0
            && float(node, "alpha", 1.0)? == 1.0
            && float(node, "beta", 1.0)? == 1.0;
        if !neutral {
            return Err(ModelError::Attribute {
                node: node.name.clone(),
                what: "transA, alpha or beta".into(),
            });
        }
        let (rows, columns) = (weights.shape[0], weights.shape[1]);
        let (inputs, outputs) = if transposed { (columns, rows) } else { (rows, columns) };
        if self.shapes[value] != [inputs] {
            return Err(shape(node, format!("{inputs} inputs are expected, not {:?}", self.shapes[value])));
        }
        let at =
            |o: usize, k: usize| weights.reals[if transposed { o * inputs + k } else { k * outputs + o }];
        let reals =
            (0..outputs).flat_map(|o| (0..inputs).map(move |k| (o, k))).map(|(o, k)| at(o, k)).collect();
        let bias = if node.kind == "Gemm" { self.bias(node, outputs)? } else { vec![0.0; outputs] };
        let geometry = Geometry::dense(inputs, outputs);
        Ok((Op::Contract(Contraction { geometry, weights: reals, bias }), vec![value], vec![outputs]))
    }

    /// A sum of two computed values, or of one and a constant per channel (folded into a contraction's bias).
    fn add(&self, node: &Node) -> Result<Lowered, ModelError> {
        let constant =
            (0..2).find(|&at| node.inputs.get(at).is_some_and(|name| self.stored.contains_key(name)));
        let Some(at) = constant else {
            let inputs = vec![self.value(node, 0)?, self.value(node, 1)?];
            let [a, b] = [&self.shapes[inputs[0]], &self.shapes[inputs[1]]];
            if a != b {
                return Err(shape(node, format!("operands of shapes {a:?} and {b:?} do not add up")));
            }
            let out = a.clone();
            return Ok((Op::Add, inputs, out));
        };
        let value = self.value(node, 1 - at)?;
        let out = self.shapes[value].clone();
        let span: usize = out[1..].iter().product();
        let Stored { shape: own, reals: bias, .. } = (&self.stored[&node.inputs[at]]).into();
        // Axes are counted from the end: all but the channel's must repeat.
        let channel = own.len().checked_sub(out.len());
        let others = own.iter().enumerate().any(|(axis, &size)| Some(axis) != channel && size != 1);
        if bias.len() != out[0] || channel.is_none() || others {
            return Err(shape(
                node,
                format!("a constant of shape {own:?} does not add to {out:?} channel by channel"),
            ));
        }
        Ok((Op::Affine(vec![1.0; bias.len()], bias, span), vec![value], out))
    }

    /// A factor and a constant per channel, from the statistics of training.
    fn normalization(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let out = self.shapes[value].clone();
        if int(node, "training_mode", 0)? != 0 || int(node, "spatial", 1)? != 1 {
            let what = "training_mode or spatial".into();
            return Err(ModelError::Attribute { node: node.name.clone(), what });
        }
        let parameter = |at: usize| match self.stored(node, at)? {
            Some(stored) if stored.reals.len() == out[0] => Ok(stored.reals),
            _ => Err(shape(node, format!("operand {at} must have {} elements, one a channel", out[0]))),
        };
        let [scale, bias, mean, variance] = [parameter(1)?, parameter(2)?, parameter(3)?, parameter(4)?];
        let epsilon = f64::from(float(node, "epsilon", 1e-5)?);
        let factor = |at: usize| f64::from(scale[at]) / (f64::from(variance[at]) + epsilon).sqrt();
        let constant = |at: usize| f64::from(bias[at]) - f64::from(mean[at]) * factor(at);
        let factors = (0..out[0]).map(|at| factor(at) as f32).collect();
        let constants = (0..out[0]).map(|at| constant(at) as f32).collect();
        let span = out[1..].iter().product();
        Ok((Op::Affine(factors, constants, span), vec![value], out))
    }

    fn same(&self, node: &Node, op: Op) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        Ok((op, vec![value], self.shapes[value].clone()))
    }

    fn clip(&self, node: &Node) -> Result<Op, ModelError> {
        let bound = |at: usize, name: &str, open: f32| -> Result<f32, ModelError> {
            let stored = self.stored(node, at)?.and_then(|stored| stored.reals.first().copied());
            stored.map_or_else(|| float(node, name, open), Ok)
        };
        let (low, high) = (bound(1, "min", f32::NEG_INFINITY)?, bound(2, "max", f32::INFINITY)?);
        if low <= high { Ok(Op::Clip(low, high)) } else { Err(shape(node, format!("{low} is above {high}"))) }
    }

    fn softmax(&self, node: &Node) -> Result<Lowered, ModelError> {
        let (op, inputs, out) = self.same(node, Op::Softmax)?;
        let axis = int(node, "axis", -1)?;
        if out.len() != 1 || ![-1, 1].contains(&axis) {
            return Err(ModelError::Attribute {
                node: node.name.clone(),
                what: format!("axis {axis} on {out:?}"),
            });
        }
        Ok((op, inputs, out))
    }

    fn pool(&self, node: &Node) -> Result<Lowered, ModelError> {
        let (value, image) = self.image(node)?;
        let [channels, height, width] = image;
        let kernel = if node.kind == "GlobalAveragePool" {
            [height, width]
        } else {
            pair(node, "kernel_shape", None)?
        };
        let geometry = window(node, image, kernel, channels, channels)?;
        geometry.check().map_err(|fault| ModelError::Geometry { node: node.name.clone(), fault })?;
        if int(node, "ceil_mode", 0)? != 0 {
            return Err(ModelError::Attribute { node: node.name.clone(), what: "ceil_mode".into() });
        }
        if (0..4).any(|side| geometry.pads[side] >= kernel[side % 2].max(1) * geometry.dilation[side % 2]) {
            return Err(shape(
                node,
                format!("pads {:?} put a whole window outside of the image", geometry.pads),
            ));
        }
        let count_padding = int(node, "count_include_pad", 0)? == 1;
        let pool = Window { geometry, count_padding };
        let op = if node.kind == "MaxPool" { Op::MaxPool(pool) } else { Op::AveragePool(pool) };
        Ok((op, vec![value], vec![channels, geometry.out_height(), geometry.out_width()]))
    }

    /// The batch stays; the rest of the target shape must hold a sample's elements.
    fn reshape(&self, node: &Node) -> Result<Lowered, ModelError> {
        let value = self.value(node, 0)?;
        let from = &self.shapes[value];
        let count: usize = from.iter().product();
        if node.kind == "Flatten" {
            let axis = int(node, "axis", 1)?;
            if axis != 1 {
                return Err(ModelError::Attribute { node: node.name.clone(), what: format!("axis {axis}") });
            }
            return Ok((Op::Reshape, vec![value], vec![count]));
        }
        let target = self.stored(node, 1)?.map(|stored| stored.integers.clone()).unwrap_or_default();
        let refused = || {
            shape(node, format!("a sample of shape {from:?} cannot become {target:?} with the batch first"))
        };
        if int(node, "allowzero", 0)? != 0 && target.contains(&0) {
            return Err(refused());
        }
        let sizes = target.get(1..).filter(|sizes| !sizes.is_empty()).ok_or_else(refused)?;
        let size = |(at, &size): (usize, &i64)| match size {
            // 0 keeps the size, -1 takes what is left.
            0 => from.get(at).copied(),
            -1 => Some(1),
            size => usize::try_from(size).ok(),
        };
        let mut out: Vec<usize> =
            sizes.iter().enumerate().map(size).collect::<Option<_>>().ok_or_else(refused)?;
        if let [free] = sizes
            .iter()
            .enumerate()
            .filter(|(_, size)| **size == -1)
            .map(|(at, _)| at)
            .collect::<Vec<_>>()[..]
        {
            out[free] = count / elements(&out).unwrap_or(usize::MAX).max(1);
        }
        if elements(&out) != Some(count) {
            return Err(refused());
        }
        Ok((Op::Reshape, vec![value], out))
    }
}

fn shape(node: &Node, what: String) -> ModelError {
    ModelError::Shape { node: node.name.clone(), what }
}

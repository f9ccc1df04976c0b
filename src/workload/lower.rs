//! Nodes of a file → the operators we run, every shape known; biases and identities are folded away.

mod arrange;
mod attribute;

use std::collections::HashMap;

use self::attribute::{float, int, pair, window};
use super::network::{Network, Step};
use super::onnx::{self, Model, Node, Stored};
use super::op::{Contraction, Op, Window};
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
    #[error("node `{node}`: operator {kind} is not supported; supported are {}", attribute::operators())]
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

/// The most elements of a value per sample: a damaged shape shall not ask for all memory.
const LARGEST_VALUE: usize = 1 << 28;

/// Elements of a shape; `None` beyond [`LARGEST_VALUE`].
fn elements(shape: &[usize]) -> Option<usize> {
    let count = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
    count.filter(|&count| count <= LARGEST_VALUE)
}

/// The state of lowering: what each value name stands for.
struct Lowering {
    stored: HashMap<String, Stored>,
    /// Value name → index of the value; value 0 is the input, value i + 1 the output of step i.
    values: HashMap<String, usize>,
    shapes: Vec<Vec<usize>>,
    steps: Vec<Step>,
}

pub(super) fn lower(bytes: &[u8]) -> Result<Network, ModelError> {
    let Model { nodes, stored, input: (input, shape), output } = onnx::read(bytes)?;
    let sample = shape.get(1..).unwrap_or_default().to_vec();
    if sample.is_empty() || sample.contains(&0) {
        return Err(ModelError::NotOnnx(format!(
            "its input has the open shape {shape:?}; export it with a fixed one"
        )));
    }
    if elements(&sample).is_none() {
        return Err(ModelError::NotOnnx(format!("a sample of shape {sample:?} has too many elements")));
    }
    let values = HashMap::from([(input, 0)]);
    let mut lowering = Lowering { stored, values, shapes: vec![sample.clone()], steps: vec![] };
    for node in &nodes {
        lowering.node(node)?;
    }
    let unknown = || ModelError::NotOnnx(format!("its output `{output}` is never computed"));
    let output = *lowering.values.get(&output).ok_or_else(unknown)?;
    Ok(Network::new(sample, lowering.steps, lowering.shapes, output))
}

impl Lowering {
    fn node(&mut self, node: &Node) -> Result<(), ModelError> {
        attribute::check(node)?;
        let (op, inputs, shape) = match node.kind.as_str() {
            "Conv" => self.convolution(node)?,
            "Gemm" | "MatMul" => self.dense(node)?,
            "Add" => return self.add(node),
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
                return Ok(());
            }
            kind => return Err(ModelError::Operator { node: node.name.clone(), kind: kind.into() }),
        };
        self.push(node, op, inputs, shape)
    }

    fn push(&mut self, node: &Node, op: Op, inputs: Vec<usize>, out: Vec<usize>) -> Result<(), ModelError> {
        if elements(&out).is_none() {
            return Err(shape(node, format!("a result of shape {out:?} has too many elements")));
        }
        if let Some((what, at, value)) = op.not_finite() {
            return Err(shape(
                node,
                format!("{what} {at} comes to {value}; check the values that the node reads"),
            ));
        }
        self.steps.push(Step { name: node.name.clone(), op, inputs });
        self.shapes.push(out);
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

    fn stored(&self, node: &Node, at: usize) -> Result<Option<&Stored>, ModelError> {
        let Some(name) = node.inputs.get(at).filter(|name| !name.is_empty()) else { return Ok(None) };
        let stored =
            self.stored.get(name).ok_or_else(|| shape(node, format!("operand `{name}` must be stored")));
        stored.map(Some)
    }

    fn weights(&self, node: &Node, axes: usize) -> Result<&Stored, ModelError> {
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
            Some(bias) if bias.reals.len() == outputs => Ok(bias.reals.clone()),
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

    fn convolution(&self, node: &Node) -> Result<Lowered, ModelError> {
        let (value, image) = self.image(node)?;
        let weights = self.weights(node, 4)?;
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
        Ok((Op::Contract(Contraction { geometry, weights: weights.reals.clone(), bias }), vec![value], out))
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
    fn add(&mut self, node: &Node) -> Result<(), ModelError> {
        let constant =
            (0..2).find(|&at| node.inputs.get(at).is_some_and(|name| self.stored.contains_key(name)));
        let Some(at) = constant else {
            let inputs = vec![self.value(node, 0)?, self.value(node, 1)?];
            let [a, b] = [&self.shapes[inputs[0]], &self.shapes[inputs[1]]];
            if a != b {
                return Err(shape(node, format!("operands of shapes {a:?} and {b:?} do not add up")));
            }
            let out = a.clone();
            return self.push(node, Op::Add, inputs, out);
        };
        let value = self.value(node, 1 - at)?;
        let out = self.shapes[value].clone();
        let span: usize = out[1..].iter().product();
        let bias = self.stored[&node.inputs[at]].reals.clone();
        if bias.len() != out[0] {
            return Err(shape(
                node,
                format!("a constant of {} elements does not add to {out:?}", bias.len()),
            ));
        }
        self.push(node, Op::Affine(vec![1.0; bias.len()], bias, span), vec![value], out)
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
            Some(stored) if stored.reals.len() == out[0] => Ok(&stored.reals),
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

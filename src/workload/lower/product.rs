//! A product of two arrays as a grouped convolution of one tap, also where both are computed, as in attention.
//!
//! Axes of both operands that the result keeps are groups, those that are summed over the depth; rows of the first operand
//! are positions, columns of the second output channels. So the second one holds the weights.

use super::attribute::float;
use super::axes::Axes;
use super::contract::is_plain;
use super::general::order;
use super::scales::of_filters;
use super::{Lowering, ModelError, shape};
use crate::workload::form::Form;
use crate::workload::network::Step;
use crate::workload::onnx::Node;
use crate::workload::op::{Contraction, Op};
use crate::workload::value::Value;

/// An operand of a product.
enum Factor {
    /// With the scale of each element, where it is made of codes.
    Stored(Value, Vec<f32>),
    Computed(usize),
}

/// What is done to the output channels of a Gemm: a factor for all, and to each a constant is added.
struct Scaled {
    factor: f32,
    constants: Vec<f32>,
}

impl Lowering {
    /// Whether no layer of stored weights [outputs, depth] is what the node is.
    pub(super) fn is_product(&self, node: &Node) -> Result<bool, ModelError> {
        let matrix = node.inputs.get(1).and_then(|name| self.stored.get(name)).map(|w| w.shape().len() == 2);
        Ok(match &*node.kind {
            "Einsum" => true,
            "MatMul" => matrix != Some(true),
            "Gemm" => matrix != Some(true) || !is_plain(node)?,
            _ => false,
        })
    }

    /// Lowers a product of which an operand at least is computed.
    ///
    /// # Errors
    /// Why it is no layer; it may still be what its operator text has.
    pub(super) fn product(&mut self, node: &Node) -> Result<(), ModelError> {
        let [first, second] = self.factors(node)?;
        let shapes = [&first, &second].map(|factor| match factor {
            Factor::Stored(value, _) => value.shape().to_vec(),
            Factor::Computed(value) => self.whole_shape(*value),
        });
        let axes = Axes::of(node, shapes)?;
        let (input, weights, axes, exchanged) = match (first, second) {
            (Factor::Computed(input), weights) => (input, weights, axes, false),
            (weights, Factor::Computed(input)) => (input, weights, axes.exchanged(), true),
            _ => return Err(shape(node, "both operands are stored".into())),
        };
        let scaled = self.scaled(node, axes.geometry().out_channels, exchanged)?;
        let sums = self.sums(node, (input, weights), &axes);
        let sums = self.channels(node, sums, &axes, scaled);
        self.result(node, sums, &axes);
        Ok(())
    }

    /// The two operands of a product on reals.
    fn factors(&self, node: &Node) -> Result<[Factor; 2], ModelError> {
        if node.kind != "Gemm" && node.inputs.len() != 2 {
            let what = format!("a product of two operands is a layer, this is one of {}", node.inputs.len());
            return Err(shape(node, what));
        }
        let factor = |at: usize| {
            let name = node.inputs.get(at).ok_or_else(|| shape(node, format!("operand {at} is missing")))?;
            let computed = self.values.get(name).filter(|&&value| self.kinds[value].is_real());
            let stored = self.stored.get(name).filter(|value| value.kind().is_real());
            let stored = stored.map(|value| Factor::Stored(value.clone(), self.scales_of(node, at)));
            let real = computed.map(|&value| Factor::Computed(value)).or(stored);
            real.ok_or_else(|| shape(node, format!("operand `{name}` is not of floating point")))
        };
        Ok([factor(0)?, factor(1)?])
    }

    /// What is done to each output channel of a product.
    fn scaled(&self, node: &Node, outputs: usize, exchanged: bool) -> Result<Scaled, ModelError> {
        if node.kind != "Gemm" {
            return Ok(Scaled { factor: 1.0, constants: vec![0.0; outputs] });
        }
        let beta = float(node, "beta", 1.0)?;
        let constants = self.addends(node, outputs, exchanged)?.into_iter().map(|c| beta * c).collect();
        Ok(Scaled { factor: float(node, "alpha", 1.0)?, constants })
    }

    /// The sums of products [groups and columns, rows].
    fn sums(&mut self, node: &Node, (input, weights): (usize, Factor), axes: &Axes) -> usize {
        let geometry = axes.geometry();
        let shape = vec![geometry.in_channels, geometry.in_height, 1];
        let activations = order(axes.activations(), axes.elements(0));
        let input = self.step(&of(node, "activations"), activations, &[input], shape);
        let out = vec![geometry.out_channels, geometry.in_height, 1];
        match weights {
            Factor::Stored(value, scales) => {
                let stored = value.to_reals();
                let weights = axes.weights().into_iter().map(|at| stored[at as usize] as f32).collect();
                let order = |of: &[f32]| {
                    axes.weights()
                        .into_iter()
                        .filter_map(|at| of.get(at as usize).copied())
                        .collect::<Vec<_>>()
                };
                let scales = of_filters(&order(&scales), geometry.out_channels);
                let bias = vec![0.0; geometry.out_channels];
                let op = Op::Contract(Contraction { geometry, weights, bias, scales, form: Form::Matrix });
                self.step(&node.name, op, &[input], out)
            }
            Factor::Computed(value) => {
                let shape = vec![geometry.out_channels, geometry.depth()];
                let weights = order(axes.weights(), axes.elements(1));
                let weights = self.step(&of(node, "weights"), weights, &[value], shape);
                self.step(&node.name, Op::Product(geometry), &[input, weights], out)
            }
        }
    }

    /// The sums after a factor and constants, where those do anything.
    fn channels(&mut self, node: &Node, sums: usize, axes: &Axes, scaled: Scaled) -> usize {
        let Scaled { factor, constants } = scaled;
        if factor == 1.0 && constants.iter().all(|&constant| constant == 0.0) {
            return sums;
        }
        let geometry = axes.geometry();
        let op = Op::Affine(vec![factor; geometry.out_channels], constants, geometry.in_height);
        let shape = self.shapes[sums].clone();
        self.step(&of(node, "scale"), op, &[sums], shape)
    }

    /// The result in the order of its own axes.
    fn result(&mut self, node: &Node, sums: usize, axes: &Axes) {
        let shape = axes.shape();
        let batched = shape.first() == Some(&1) && shape.len() > 1;
        let op = order(axes.results(), axes.geometry().outputs_per_sample());
        let result = self.step(&of(node, "result"), op, &[sums], shape[usize::from(batched)..].to_vec());
        self.batched[result] = batched;
        self.values.insert(node.outputs.first().cloned().unwrap_or_default(), result);
    }

    /// Adds a step whose result has the batch first; returns the result.
    pub(super) fn step(&mut self, name: &str, op: Op, inputs: &[usize], shape: Vec<usize>) -> usize {
        self.steps.push(Step { name: name.into(), op, inputs: inputs.to_vec() });
        self.shapes.push(shape);
        self.batched.push(true);
        self.kinds.push(self.kinds[inputs[0]]);
        self.steps.len()
    }
}

/// The name of a step that is part of a node.
fn of(node: &Node, what: &str) -> String {
    format!("{} ({what})", node.name)
}

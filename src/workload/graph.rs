//! A whole ONNX graph, run operator by operator on arrays of any type: the definition, slow and general.

use std::collections::HashMap;

use super::lower::ModelError;
use super::onnx::{self, Input, Model, Node};
use super::operator;
use super::value::Value;

/// The most elements that are held at once: a damaged file shall not ask for all memory.
const HELD: usize = 1 << 26;

/// A graph of operators, run as it is written.
///
/// Nothing is lowered, quantised or put away: this says what a model computes. [`Network`](super::Network) runs one
/// on hardware.
#[derive(Debug, Clone)]
pub struct Graph {
    nodes: Vec<Node>,
    stored: HashMap<String, Value>,
    inputs: Vec<Input>,
    outputs: Vec<String>,
    opset: i64,
}

impl Graph {
    /// Reads an ONNX file.
    ///
    /// # Errors
    /// [`ModelError`], naming the node or value that is not supported or does not fit.
    pub fn from_onnx(bytes: &[u8]) -> Result<Self, ModelError> {
        let Model { nodes, stored, inputs, outputs, opset } = onnx::read(bytes)?;
        nodes.iter().try_for_each(|node| operator::check(node).map(|_| ()))?;
        Ok(Self { nodes, stored, inputs, outputs, opset })
    }

    /// The names of the inputs that are not stored in the file, in order.
    pub fn inputs(&self) -> Vec<&str> {
        self.inputs.iter().map(|input| &*input.name).collect()
    }

    /// The names of the outputs, in order.
    pub fn outputs(&self) -> Vec<&str> {
        self.outputs.iter().map(String::as_str).collect()
    }

    /// The operators that any graph may use, in alphabetical order.
    pub fn operators() -> Vec<&'static str> {
        operator::names()
    }

    /// Runs on one value for each of [`Graph::inputs`], and returns one for each of [`Graph::outputs`].
    ///
    /// # Errors
    /// [`ModelError`], naming the node whose operands do not fit.
    ///
    /// ```no_run
    /// use axsim::workload::{Graph, Kind, Value};
    /// let graph = Graph::from_onnx(&std::fs::read("model.onnx")?)?;
    /// let tokens = Value::whole(Kind::I64, &[1, 3], vec![1, 403, 7])?;
    /// println!("{:?}", graph.run(vec![tokens])?[0].shape());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&self, inputs: Vec<Value>) -> Result<Vec<Value>, ModelError> {
        if inputs.len() != self.inputs.len() {
            let what = format!("{} values are expected, for {:?}", self.inputs.len(), self.inputs());
            return Err(ModelError::NoNetwork(what));
        }
        let names = self.inputs.iter().map(|input| input.name.clone());
        let mut values: HashMap<String, Value> = names.zip(inputs).collect();
        let mut left = self.readers();
        for node in &self.nodes {
            let answer = operator::run(node, self.opset, &self.operands(node, &values)?)?;
            let read =
                |(name, _): &(String, Value)| left.contains_key(&**name) || self.outputs.contains(name);
            values.extend(node.outputs.iter().cloned().zip(answer).filter(read));
            let held: usize = values.values().map(Value::len).sum();
            if held > HELD {
                let what = format!("{held} elements are held at once, at most {HELD} may be");
                return Err(ModelError::Shape { node: node.name.clone(), what });
            }
            for name in &node.inputs {
                if let Some(readers) = left.get_mut(name.as_str()) {
                    *readers -= 1;
                    if *readers == 0 {
                        values.remove(name);
                    }
                }
            }
        }
        let output = |name: &String| values.get(name).or_else(|| self.stored.get(name)).cloned();
        let unknown = |name: &String| ModelError::NoNetwork(format!("its output `{name}` is never computed"));
        self.outputs.iter().map(|name| output(name).ok_or_else(|| unknown(name))).collect()
    }

    /// How often each value is read; outputs are kept.
    fn readers(&self) -> HashMap<&str, usize> {
        let mut readers = HashMap::new();
        for name in self.nodes.iter().flat_map(|node| &node.inputs) {
            *readers.entry(name.as_str()).or_insert(0) += 1;
        }
        readers.retain(|name, _| !self.outputs.iter().any(|output| output == name));
        readers
    }

    fn operands<'a>(
        &'a self,
        node: &Node,
        values: &'a HashMap<String, Value>,
    ) -> Result<Vec<Option<&'a Value>>, ModelError> {
        let operand = |name: &String| {
            if name.is_empty() {
                return Ok(None);
            }
            let value = values.get(name).or_else(|| self.stored.get(name));
            let what = || format!("operand `{name}` is neither stored nor computed before");
            value.map(Some).ok_or_else(|| ModelError::Shape { node: node.name.clone(), what: what() })
        };
        node.inputs.iter().map(operand).collect()
    }
}

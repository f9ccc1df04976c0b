//! Why a model cannot be run.

use crate::kernel::GeometryError;
use crate::workload::onnx::Node;

/// Why a model cannot be run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// Truncated, or another kind of file.
    #[error("this is not a readable ONNX file: {0}")]
    NotOnnx(String),
    /// A graph that is no network from samples to answers.
    #[error("this file cannot be run as a network: {0}")]
    NoNetwork(String),
    /// A TensorFlow Lite file.
    #[error(
        "this is a TensorFlow Lite file; `python -m tf2onnx.convert --tflite FILE.tflite --opset 13 --output FILE.onnx` makes \
         an ONNX file of it, in float or in its own 8-bit codes (tf2onnx and tensorflow are on PyPI)"
    )]
    TensorFlowLite,
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
    /// An attribute that is missing, that the operator does not have, or whose value is not supported.
    #[error("node `{node}`: attribute {what}")]
    Attribute {
        /// The node.
        node: String,
        /// The attribute, and which of these it is.
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
    /// Experts that cannot be told apart.
    #[error("experts of the gates `{gates}`: {what}")]
    Experts {
        /// The output with the gates.
        gates: String,
        /// What is wrong.
        what: String,
    },
    /// Tokens that cannot be left out.
    #[error("tokens cannot be left out behind `{node}`: {what}")]
    Tokens {
        /// The node as configured.
        node: String,
        /// What is wrong.
        what: String,
    },
    /// A value that is given twice.
    #[error(
        "value `{value}` is given by {} and again by {}, so that nothing says which is meant; give one of them another name", origins[0], origins[1]
    )]
    Twice {
        /// The value.
        value: String,
        /// What gives it, in the order of the file.
        origins: [String; 2],
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
    /// An input whose shape, element type or number does not fit.
    #[error("input `{input}`: {what}")]
    Bound {
        /// The input.
        input: String,
        /// What does not fit.
        what: String,
    },
    /// A state of a network in time that is not fed.
    #[error("state `{name}`: {what}")]
    State {
        /// The input.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// An output that the model does not have.
    #[error("the model has no output `{name}`; its outputs are {}", .known.join(", "))]
    NoOutput {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
}

impl ModelError {
    /// What is wrong, without the node where it is.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Shape { what, .. } => what.clone(),
            Self::Attribute { what, .. } => format!("attribute {what}"),
            Self::Geometry { fault, .. } => fault.to_string(),
            other => other.to_string(),
        }
    }
}

/// An attribute and what is wrong with it.
pub(super) fn attribute(node: &Node, what: String) -> ModelError {
    ModelError::Attribute { node: node.name.clone(), what }
}

pub(super) fn shape(node: &Node, what: String) -> ModelError {
    ModelError::Shape { node: node.name.clone(), what }
}

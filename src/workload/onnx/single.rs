//! Whether every value of a file comes from one place, as the format demands.

use std::collections::{HashMap, HashSet};
use std::fmt;

use rten_onnx::onnx::GraphProto;

use super::{ModelError, Node};

/// Refuses a value that two inputs, stored values or nodes give: nothing says which of them is meant where it is read.
///
/// A stored value may have the name of an input, which it is then the value of.
pub(super) fn check(graph: &GraphProto, nodes: &[Node]) -> Result<(), ModelError> {
    let stored = || graph.initializer.iter().filter_map(|tensor| tensor.name.as_deref());
    let defaults: HashSet<&str> = stored().collect();
    let inputs = graph.input.iter().filter_map(|input| input.name.as_deref());
    let fed = inputs.filter(|name| !defaults.contains(name)).map(|name| (name, Origin::Input));
    let stored = stored().map(|name| (name, Origin::Stored));
    let computed = nodes.iter().flat_map(|node| {
        let outputs = node.outputs.iter().filter(|name| !name.is_empty());
        outputs.map(|name| (&**name, Origin::Node(&node.name)))
    });
    let mut known = HashMap::new();
    for (name, origin) in fed.chain(stored).chain(computed) {
        if let Some(first) = known.insert(name, origin) {
            let origins = [first, origin].map(|origin| origin.to_string());
            return Err(ModelError::Twice { value: name.into(), origins });
        }
    }
    Ok(())
}

/// What gives a value.
#[derive(Clone, Copy)]
enum Origin<'a> {
    Input,
    Stored,
    Node(&'a str),
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => out.write_str("an input"),
            Self::Stored => out.write_str("the stored values"),
            Self::Node(name) => write!(out, "node `{name}`"),
        }
    }
}

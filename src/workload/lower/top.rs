//! Another number of experts that are asked.

use super::{Lowering, ModelError};
use crate::workload::onnx::{Attribute, Node};
use crate::workload::value::{Kind, Value};

impl Lowering {
    /// A TopK that takes as many as are asked for instead of its own number; any other node is none.
    pub(super) fn asking(&mut self, node: &Node) -> Result<Option<Node>, ModelError> {
        let Some(top) = self.leaving.as_ref().and_then(|leaving| leaving.top) else {
            return Ok(None);
        };
        if node.kind != "TopK" {
            return Ok(None);
        }
        let mut node = node.clone();
        match node.inputs.get_mut(1) {
            Some(name) => {
                *name = format!("{name} (asked: {top})");
                let top = Value::whole(Kind::I64, &[1], vec![top as i64]).map_err(ModelError::NotOnnx)?;
                self.stored.insert(name.clone(), top);
            }
            None => {
                node.attributes.insert("k".into(), Attribute::Int(top as i64));
            }
        }
        Ok(Some(node))
    }
}

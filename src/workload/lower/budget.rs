//! What lowering may cost: a damaged file shall ask neither for all memory nor for all time.

use super::{Lowering, ModelError, shape};
use crate::workload::onnx::Node;

/// Elements of eight bytes that a network may hold beyond what its file does.
const HELD: usize = 1 << 25;

/// Elements that may be computed to learn shapes and constants.
const COMPUTED: usize = 1 << 27;

/// What is held and has been computed so far.
pub(super) struct Budget {
    most: usize,
    held: usize,
    computed: usize,
    /// Steps that are counted.
    steps: usize,
}

impl Budget {
    /// For a file of so many bytes.
    pub fn new(file: usize) -> Self {
        Self { most: file.saturating_add(HELD), held: 0, computed: 0, steps: 0 }
    }

    pub fn keep(&mut self, elements: usize) {
        self.held = self.held.saturating_add(elements);
    }

    pub fn compute(&mut self, elements: usize) {
        self.computed = self.computed.saturating_add(elements);
    }
}

impl Lowering {
    /// Counts what the steps of a node hold.
    pub(super) fn afford(&mut self, node: &Node) -> Result<(), ModelError> {
        let new = &self.steps[self.budget.steps..];
        self.budget.keep(new.iter().map(|step| step.op.held()).sum());
        self.budget.steps = self.steps.len();
        let Budget { most, held, computed, .. } = self.budget;
        if held > most {
            return Err(shape(
                node,
                format!("the network comes to hold {held} elements, at most {most} may be"),
            ));
        }
        if computed > COMPUTED {
            return Err(shape(
                node,
                format!("{computed} elements are computed for shapes, at most {COMPUTED} may be"),
            ));
        }
        Ok(())
    }
}

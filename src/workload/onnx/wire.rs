//! The framing of an ONNX file: every length lies within its message before the decoder believes it.
//!
//! The decoder allocates what a length promises and recurses as deep as messages nest. A damaged file shall
//! cost neither the memory nor the stack, so both are checked here first.
//!
//! Source: Protocol Buffers wire format; field numbers of `onnx.proto`.

use super::ModelError;

/// Messages that the decoder opens.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    Sequence,
    Shape,
    /// Any message that holds no message.
    Flat,
}

use Message::{Attribute, Flat, Graph, Model, Node, Sequence, Shape, Tensor, TensorType, Type, Value};

/// A message, the number of a field in it, and the message which that field is.
const FIELDS: [(Message, u64, Message); 18] = [
    (Model, 7, Graph),
    (Model, 8, Flat),
    (Model, 14, Flat),
    (Graph, 1, Node),
    (Graph, 5, Tensor),
    (Graph, 11, Value),
    (Graph, 12, Value),
    (Graph, 13, Value),
    (Node, 5, Attribute),
    (Attribute, 5, Tensor),
    (Attribute, 6, Graph),
    (Tensor, 13, Flat),
    (Value, 2, Type),
    (Type, 1, TensorType),
    (Type, 4, Sequence),
    (Sequence, 1, Type),
    (TensorType, 2, Shape),
    (Shape, 1, Flat),
];

/// How deep messages may nest; a plain network needs seven, each subgraph three more.
const DEEPEST: usize = 64;

/// Checks all lengths of a model's bytes.
///
/// # Errors
/// [`ModelError::NotOnnx`] with the byte at which a field does not fit.
pub(super) fn check(bytes: &[u8]) -> Result<(), ModelError> {
    let mut reader = Reader { bytes, at: 0 };
    reader.message(Model, bytes.len(), 0).map_err(|what| {
        let what = format!("byte {}: {what}; it is cut off, damaged or of another kind", reader.at);
        ModelError::NotOnnx(what)
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// Reads the fields of a message that ends before byte `end`.
    fn message(&mut self, message: Message, end: usize, depth: usize) -> Result<(), &'static str> {
        if depth > DEEPEST {
            return Err("messages nest too deeply");
        }
        while self.at < end {
            let tag = self.varint(end)?;
            match tag & 7 {
                0 => drop(self.varint(end)?),
                1 => self.skip(8, end)?,
                5 => self.skip(4, end)?,
                2 => self.field(message, tag >> 3, end, depth)?,
                _ => return Err("there is no such kind of field"),
            }
        }
        Ok(())
    }

    /// A field of so many bytes: opened if it is a message, else passed over.
    fn field(&mut self, message: Message, number: u64, end: usize, depth: usize) -> Result<(), &'static str> {
        let length = usize::try_from(self.varint(end)?).unwrap_or(usize::MAX);
        let inner = FIELDS.iter().find(|(outer, field, _)| (*outer, *field) == (message, number));
        match inner {
            Some((.., inner)) if length <= end - self.at => self.message(*inner, self.at + length, depth + 1),
            _ => self.skip(length, end),
        }
    }

    fn skip(&mut self, length: usize, end: usize) -> Result<(), &'static str> {
        if length > end - self.at {
            return Err("a field is longer than what is left");
        }
        self.at += length;
        Ok(())
    }

    /// Seven bits a byte, the lowest first; the high bit says that more follow.
    fn varint(&mut self, end: usize) -> Result<u64, &'static str> {
        let mut value = 0;
        for (place, &byte) in self.bytes[self.at..end].iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                self.at += place + 1;
                return Ok(value);
            }
        }
        Err("a number does not end")
    }
}

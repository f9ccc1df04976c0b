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
    /// Not a message but numbers of varying length, one after the other.
    Numbers,
    /// Numbers of four bytes.
    Words,
    /// Numbers of eight bytes.
    Doubles,
}

use Message::{
    Attribute, Doubles, Flat, Graph, Model, Node, Numbers, Sequence, Shape, Tensor, TensorType, Type, Value,
    Words,
};

/// A message, the number of a field in it, and the message which that field is.
const FIELDS: [(Message, u64, Message); 26] = [
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
    (Attribute, 7, Words),
    (Attribute, 8, Numbers),
    (Tensor, 1, Numbers),
    (Tensor, 4, Words),
    (Tensor, 5, Numbers),
    (Tensor, 7, Numbers),
    (Tensor, 10, Doubles),
    (Tensor, 11, Numbers),
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
    framed(bytes, Model).map_err(ModelError::NotOnnx)
}

/// Checks all lengths of a tensor's bytes.
///
/// # Errors
/// The byte at which a field does not fit.
pub(in crate::workload) fn check_tensor(bytes: &[u8]) -> Result<(), String> {
    framed(bytes, Tensor)
}

fn framed(bytes: &[u8], message: Message) -> Result<(), String> {
    let mut reader = Reader { bytes, at: 0 };
    let read = reader.message(message, bytes.len(), 0);
    read.map_err(|what| format!("byte {}: {what}; it is cut off, damaged or of another kind", reader.at))
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
            Some((.., inner)) if length <= end - self.at => self.inside(*inner, self.at + length, depth),
            _ => self.skip(length, end),
        }
    }

    /// What is in a field up to byte `end`: of numbers that do not end there the decoder would make no end.
    fn inside(&mut self, inner: Message, end: usize, depth: usize) -> Result<(), &'static str> {
        let each = match inner {
            Numbers => {
                while self.at < end {
                    self.varint(end)?;
                }
                return Ok(());
            }
            Words => 4,
            Doubles => 8,
            message => return self.message(message, end, depth + 1),
        };
        if (end - self.at).is_multiple_of(each) {
            self.skip(end - self.at, end)
        } else {
            Err("numbers do not fill their field")
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

//! The elements of a stored ONNX tensor.

use rten_onnx::onnx::{DataLocation, TensorProto};
use rten_onnx::protobuf::{DecodeMessage, ValueReader};

use super::{Fault, Kind, Value, room};
use crate::workload::onnx::check_tensor;

impl Value {
    /// Reads a `TensorProto` in its binary form, as the ONNX project's tests store operands.
    ///
    /// # Errors
    /// What is wrong with it: not readable, in another file, of another element type, or not as many elements as its
    /// shape has.
    pub fn from_tensor_proto(bytes: &[u8]) -> Result<Self, String> {
        check_tensor(bytes)?;
        Self::stored(&TensorProto::decode(ValueReader::from_buf(bytes)).map_err(|error| error.to_string())?)
    }

    pub(in crate::workload) fn stored(tensor: &TensorProto) -> Result<Self, Fault> {
        if tensor.data_location == Some(DataLocation::EXTERNAL) {
            return Err("its elements lie in another file; `onnx.save(onnx.load(\"IN.onnx\"), \"OUT.onnx\")` in Python \
                        puts all of them into one".into());
        }
        let shape: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let shape = shape.ok_or_else(|| format!("its shape {:?} is not one", tensor.dims))?;
        let code = tensor.data_type.map_or(0, |kind| kind.0);
        let kind = Kind::from_code(code).ok_or_else(|| {
            let name = tensor.data_type.and_then(|kind| kind.name().map(str::to_string));
            format!("elements {} are not supported", name.unwrap_or_else(|| "of no type".into()))
        })?;
        let raw = tensor.raw_data.as_ref().map(|raw| raw.borrow());
        let raw = raw.as_ref().map_or(&[][..], |raw| &raw[..]);
        if kind.is_real() {
            Self::real(kind, &shape, reals(kind, tensor, raw))
        } else {
            let mut wholes = wholes(kind, tensor, raw);
            // Half a byte each: the last byte may be half empty.
            if matches!(kind, Kind::U4 | Kind::I4) && wholes.len() == room(&shape)? + 1 {
                wholes.pop();
            }
            Self::whole(kind, &shape, wholes)
        }
    }
}

fn reals(kind: Kind, tensor: &TensorProto, raw: &[u8]) -> Vec<f64> {
    let half = |bits: u16| {
        if kind == Kind::F16 { half(bits) } else { f64::from(f32::from_bits(u32::from(bits) << 16)) }
    };
    match kind {
        Kind::F32 => {
            let (words, _) = raw.as_chunks::<4>();
            let listed = tensor.float_data.iter().copied();
            listed.chain(words.iter().map(|&word| f32::from_le_bytes(word))).map(f64::from).collect()
        }
        Kind::F64 => {
            let (words, _) = raw.as_chunks::<8>();
            let listed = tensor.double_data.iter().copied();
            listed.chain(words.iter().map(|&word| f64::from_le_bytes(word))).collect()
        }
        _ => {
            let (words, _) = raw.as_chunks::<2>();
            let listed = tensor.int32_data.iter().map(|&bits| bits as u16);
            listed.chain(words.iter().map(|&word| u16::from_le_bytes(word))).map(half).collect()
        }
    }
}

/// The number that a half-precision word stands for.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    let magnitude = match exponent {
        0 => libm::ldexp(fraction, -14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => libm::ldexp(1.0 + fraction, exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

fn wholes(kind: Kind, tensor: &TensorProto, raw: &[u8]) -> Vec<i64> {
    let listed = tensor.int64_data.iter().copied().chain(tensor.int32_data.iter().map(|&x| i64::from(x)));
    let bytes = match kind {
        Kind::U4 | Kind::I4 => {
            let packed = listed.map(|x| x as u8).chain(raw.iter().copied());
            return packed.flat_map(|byte| [i64::from(byte & 15), i64::from(byte >> 4)]).collect();
        }
        Kind::Bool | Kind::U8 | Kind::I8 => 1,
        Kind::U16 | Kind::I16 => 2,
        Kind::U32 | Kind::I32 => 4,
        _ => 8,
    };
    let word = |word: &[u8]| word.iter().rev().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte)) as i64;
    listed.chain(raw.chunks_exact(bytes).map(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_reads_back_as_itself() {
        for bits in 0..=u16::MAX {
            let x = half(bits);
            assert!(x.is_nan() || Kind::F16.round(x) == x, "{bits:#x}");
        }
        assert_eq!([half(0x3c00), half(0xc000), half(1)], [1.0, -2.0, 2f64.powi(-24)]);
    }
}

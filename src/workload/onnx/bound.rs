//! What a file leaves open, filled in: sizes of a sample, and inputs that are one number everywhere.

use std::collections::HashMap;

use indexmap::IndexMap;
use rten_onnx::onnx::{
    Dimension, ModelProto, TensorProto, TensorShapeProto, TypeProtoTensor, ValueInfoProto,
};

use super::wire;
use crate::workload::limit;
use crate::workload::lower::ModelError;
use crate::workload::value::Kind;

/// The same file with a sample of these sizes as its first input, or what the file itself says where there are none, and
/// with other inputs stored, every element of each the number given.
///
/// An open size of a stored input is that of the first input with the same name; a batch counts as 1.
pub(in crate::workload) fn bound(
    bytes: &[u8],
    sample: &[usize],
    constants: &IndexMap<String, f64>,
) -> Result<Vec<u8>, ModelError> {
    wire::check(bytes)?;
    let unreadable = |error: String| ModelError::NotOnnx(error);
    let mut model = ModelProto::parse_buf(bytes).map_err(|error| unreadable(error.to_string()))?;
    let graph = model.graph.as_mut().ok_or_else(|| unreadable("it holds no graph".into()))?;
    let stored: Vec<_> = graph.initializer.iter().map(|tensor| tensor.name.clone()).collect();
    let mut free: Vec<&mut ValueInfoProto> =
        graph.input.iter_mut().filter(|input| !stored.contains(&input.name)).collect();
    let names: Vec<String> = free.iter().map(|input| name(input).to_string()).collect();
    if let Some(unknown) = constants.keys().find(|constant| !names.contains(constant)) {
        return Err(misfit(unknown, format!("the model has no such input; it has {}", names.join(", "))));
    }
    let first = free.iter().position(|input| !constants.contains_key(name(input)));
    let first = first
        .ok_or_else(|| ModelError::NoNetwork("every input has a number, none is left for samples".into()))?;
    let sizes = open_sizes(free[first], sample)?;
    let constant = |input: &&mut ValueInfoProto| Some(filled(input, *constants.get(name(input))?, &sizes));
    let added = free.iter().filter_map(constant).collect::<Result<Vec<_>, _>>()?;
    graph.initializer.extend(added);
    model.write_buf().map_err(|error| unreadable(error.to_string()))
}

fn name(input: &ValueInfoProto) -> &str {
    input.name.as_deref().unwrap_or_default()
}

fn misfit(input: &str, what: String) -> ModelError {
    ModelError::Bound { input: input.into(), what }
}

fn tensor(input: &mut ValueInfoProto) -> Option<&mut TypeProtoTensor> {
    input.r#type.as_mut()?.tensor_type.as_mut()
}

fn size(dimension: &Dimension) -> Option<usize> {
    dimension.dim_value.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0)
}

/// Writes the sizes of a sample into the input; returns those that had names.
fn open_sizes(input: &mut ValueInfoProto, sample: &[usize]) -> Result<HashMap<String, usize>, ModelError> {
    let own = name(input).to_string();
    let no_tensor = || misfit(&own, "it is no tensor".into());
    let shape = &mut tensor(input).ok_or_else(no_tensor)?.shape;
    let rank = shape.as_ref().map_or(sample.len() + 1, |shape| shape.dim.len());
    let dimensions = &mut shape.get_or_insert_with(TensorShapeProto::default).dim;
    dimensions.resize_with(rank, Dimension::default);
    if !sample.is_empty() && rank != sample.len() + 1 {
        let what =
            format!("the model's has {} sizes behind the batch, {sample:?} has {}", rank - 1, sample.len());
        return Err(misfit(&own, what));
    }
    for (dimension, &wanted) in dimensions[1..].iter_mut().zip(sample) {
        if let Some(fixed) = size(dimension).filter(|fixed| *fixed != wanted) {
            return Err(misfit(
                &own,
                format!("the model fixes a size of {fixed} where {sample:?} has {wanted}"),
            ));
        }
        dimension.dim_value = Some(wanted as i64);
    }
    let named = |dimension: &Dimension| Some((dimension.dim_param.clone()?, size(dimension)?));
    Ok(dimensions.iter().filter_map(named).collect())
}

/// An input as a stored value, all of whose elements are a number.
fn filled(
    input: &ValueInfoProto,
    number: f64,
    sizes: &HashMap<String, usize>,
) -> Result<TensorProto, ModelError> {
    let own = name(input);
    let tensor = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let kind = tensor.and_then(|tensor| Kind::from_code(tensor.elem_type?.0));
    let (Some(tensor), Some(kind)) = (tensor, kind) else {
        return Err(misfit(own, "it is no tensor of numbers".into()));
    };
    let (low, high) = kind.range();
    let is_whole = number.fract() == 0.0 && (low as f64..=high as f64).contains(&number);
    if !(kind.is_real() || is_whole) {
        return Err(misfit(own, format!("{number} is no element of type {kind}")));
    }
    let length = |(at, dimension): (usize, &Dimension)| {
        let by_name = || sizes.get(dimension.dim_param.as_ref()?).copied();
        let found = size(dimension).or_else(by_name).or((at == 0).then_some(1));
        found.ok_or_else(|| {
            misfit(own, format!("its size {at} is open, and no size of the samples has its name"))
        })
    };
    let dimensions = tensor.shape.iter().flat_map(|shape| &shape.dim).enumerate();
    let dims: Vec<usize> = dimensions.map(length).collect::<Result<_, _>>()?;
    let count = dims.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
    let count = count
        .filter(|count| *count <= limit::PLACES)
        .ok_or_else(|| misfit(own, format!("{dims:?} is too large")))?;
    let mut stored = TensorProto {
        name: Some(own.into()),
        data_type: tensor.elem_type,
        dims: dims.iter().map(|&size| size as i64).collect(),
        ..Default::default()
    };
    match kind {
        Kind::F32 => stored.float_data = vec![number as f32; count],
        Kind::F64 => stored.double_data = vec![number; count],
        Kind::I64 => stored.int64_data = vec![number as i64; count],
        Kind::F16 | Kind::Bf16 | Kind::U32 | Kind::U64 => {
            return Err(misfit(own, format!("no number is written as {kind}")));
        }
        _ => stored.int32_data = vec![number as i32; count],
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::{DataType, GraphProto, NodeProto, OperatorSetIdProto, TypeProto};

    use super::*;
    use crate::tensor::Tensor;
    use crate::workload::Network;

    fn input(name: &str, kind: DataType, sizes: &[Result<i64, &str>]) -> ValueInfoProto {
        let dimension = |size: &Result<i64, &str>| Dimension {
            dim_value: size.ok(),
            dim_param: size.err().map(String::from),
        };
        let shape = Some(TensorShapeProto { dim: sizes.iter().map(dimension).collect() });
        let tensor_type = Some(TypeProtoTensor { elem_type: Some(kind), shape });
        ValueInfoProto {
            name: Some(name.into()),
            r#type: Some(TypeProto { tensor_type, ..Default::default() }),
        }
    }

    /// `y = x + mask`, both [n, length, 2] with an open length, the mask made real first.
    fn masked() -> Vec<u8> {
        let node = |kind: &str, inputs: &[&str], output: &str, to: Option<i64>| NodeProto {
            op_type: Some(kind.into()),
            input: inputs.iter().map(|name| name.to_string()).collect(),
            output: vec![output.into()],
            attribute: to
                .map(|to| rten_onnx::onnx::AttributeProto {
                    name: Some("to".into()),
                    i: Some(to),
                    ..Default::default()
                })
                .into_iter()
                .collect(),
            ..Default::default()
        };
        let open = [Err("n"), Err("length"), Ok(2)];
        let graph = GraphProto {
            input: vec![input("mask", DataType::INT64, &open), input("x", DataType::FLOAT, &open)],
            node: vec![
                node("Cast", &["mask"], "real", Some(DataType::FLOAT.0.into())),
                node("Add", &["x", "real"], "y", None),
            ],
            output: vec![ValueInfoProto { name: Some("y".into()), ..Default::default() }],
            ..Default::default()
        };
        let opset = OperatorSetIdProto { version: Some(13), ..Default::default() };
        let model = ModelProto { graph: Some(graph), opset_import: vec![opset], ..Default::default() };
        model.write_buf().unwrap()
    }

    fn numbers(of: &[(&str, f64)]) -> IndexMap<String, f64> {
        of.iter().map(|(name, number)| (name.to_string(), *number)).collect()
    }

    #[test]
    fn open_sizes_are_filled_in_and_a_mask_is_stored() {
        let file = bound(&masked(), &[3, 2], &numbers(&[("mask", 5.0)])).unwrap();
        let network = Network::from_onnx(&file).unwrap();
        assert_eq!(network.sample_shape(), [3, 2]);
        let samples = Tensor::new([2, 3, 2], (0..12).map(|x| x as f32).collect()).unwrap();
        let expected: Vec<f32> = (0..12).map(|x| x as f32 + 5.0).collect();
        assert_eq!(network.run(&samples).unwrap()[0].data(), expected);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_the_name_of_the_input() {
        for (sample, constants, told) in [
            (&[3, 2][..], &[("mosk", 1.0)][..], "input `mosk`: the model has no such input; it has mask, x"),
            (&[3, 4], &[("mask", 1.0)], "input `x`: the model fixes a size of 2 where [3, 4] has 4"),
            (&[3], &[("mask", 1.0)], "input `x`: the model's has 2 sizes behind the batch, [3] has 1"),
            (&[3, 2], &[("mask", 0.5)], "input `mask`: 0.5 is no element of type INT64"),
            (
                &[],
                &[("mask", 1.0)],
                "input `mask`: its size 1 is open, and no size of the samples has its name",
            ),
            (&[1 << 30, 2], &[("mask", 1.0)], "input `mask`: [1, 1073741824, 2] is too large"),
            (
                &[3, 2],
                &[("mask", 1.0), ("x", 0.0)],
                "this file cannot be run as a network: every input has a number",
            ),
        ] {
            let error = bound(&masked(), sample, &numbers(constants)).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
        let error = Network::from_onnx(&masked()).unwrap_err().to_string();
        assert!(error.contains("its shape [?, ?, 2] is open; write the sizes"), "{error}");
    }
}

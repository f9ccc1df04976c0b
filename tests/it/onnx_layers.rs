//! Are products that a file writes in other forms layers of the array, with the results of the operator text?

use axsim::config::Quantize;
use axsim::tensor::Tensor;
use axsim::workload::{Exact, Graph, Kind, Network, Quantized, Scheme, Value};
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

/// A stored operand: name, type, shape and elements.
pub type Stored<'a> = (&'a str, DataType, &'a [i64], Vec<f64>);

fn stored((name, kind, dims, elements): &Stored<'_>) -> TensorProto {
    let real = *kind == DataType::FLOAT;
    TensorProto {
        name: Some((*name).into()),
        data_type: Some(*kind),
        dims: dims.to_vec(),
        float_data: if real { elements.iter().map(|&x| x as f32).collect() } else { vec![] },
        int32_data: if real { vec![] } else { elements.iter().map(|&x| x as i32).collect() },
        ..Default::default()
    }
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: Some(name.into()), r#type: Some(kind), ..Default::default() }
}

pub fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { ints: ints.to_vec(), ..attribute(name, AttributeType::INTS) }
}

pub fn int(name: &str, int: i64) -> AttributeProto {
    AttributeProto { i: Some(int), ..attribute(name, AttributeType::INT) }
}

pub fn float(name: &str, real: f32) -> AttributeProto {
    AttributeProto { f: Some(real), ..attribute(name, AttributeType::FLOAT) }
}

pub fn text(name: &str, text: &str) -> AttributeProto {
    AttributeProto { s: Some(text.into()), ..attribute(name, AttributeType::STRING) }
}

/// A file with one node that reads `x` and stored operands.
pub fn model(
    kind: &str,
    inputs: &[&str],
    attributes: Vec<AttributeProto>,
    (x, shape): (DataType, &[i64]),
    operands: &[Stored<'_>],
) -> Vec<u8> {
    let dim = |&size: &i64| Dimension { dim_value: Some(size), ..Default::default() };
    let tensor = TypeProtoTensor {
        elem_type: Some(x),
        shape: Some(TensorShapeProto { dim: shape.iter().map(dim).collect() }),
    };
    let input = TypeProto { tensor_type: Some(tensor), ..Default::default() };
    let input = ValueInfoProto { name: Some("x".into()), r#type: Some(input) };
    let output = ValueInfoProto { name: Some("y".into()), ..Default::default() };
    let node = NodeProto {
        name: Some("layer".into()),
        op_type: Some(kind.into()),
        input: inputs.iter().map(|name| (*name).into()).collect(),
        output: vec!["y".into()],
        attribute: attributes,
        ..Default::default()
    };
    let graph = GraphProto {
        node: vec![node],
        initializer: operands.iter().map(stored).collect(),
        input: vec![input],
        output: vec![output],
        ..Default::default()
    };
    let opset = OperatorSetIdProto { version: Some(17), ..Default::default() };
    let (graph, opset_import) = (Some(graph), vec![opset]);
    ModelProto { ir_version: Some(8), graph, opset_import, ..Default::default() }.write_buf().unwrap()
}

/// Numbers between -1 and 1 that look random.
pub fn wave(count: usize, step: f64) -> Vec<f64> {
    (0..count).map(|at| (at as f64 * step).sin()).collect()
}

/// Runs a file as a graph and as a network, whose largest difference is `slack` at most; the network has one layer, and
/// with 8 bits on exact hardware it stays within a twentieth of the largest result.
fn agree(bytes: &[u8], kind: Kind, shape: &[usize], elements: Vec<f64>, slack: f64) {
    let input = if kind.is_real() {
        Value::real(kind, shape, elements)
    } else {
        Value::whole(kind, shape, elements.iter().map(|x| (x * 100.0) as i64).collect())
    };
    let input = input.unwrap();
    let expected = Graph::from_onnx(bytes).unwrap().run(vec![input.clone()]).unwrap()[0].to_reals();
    let network = Network::from_onnx(bytes).unwrap();
    let batch = Tensor::new(shape, input.to_reals().iter().map(|&x| x as f32).collect()).unwrap();
    let near = |found: &Tensor<f32>, slack: f64| {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.data().iter().zip(&expected) {
            assert!((f64::from(*found) - expected).abs() <= slack, "{found} is not {expected}");
        }
    };
    near(&network.run(&batch).unwrap()[0], slack);
    assert_eq!(network.layers().iter().map(|layer| &*layer.name).collect::<Vec<_>>(), ["layer"]);
    let quantized = Quantized::calibrate(&network, &Quantize::default(), Scheme::Affine, &batch).unwrap();
    let largest = expected.iter().fold(0f64, |largest, x| largest.max(x.abs()));
    near(&quantized.run(&Exact, &batch, 0).unwrap()[0], slack.max(largest / 20.0));
}

#[test]
fn a_convolution_along_a_line_is_a_layer() {
    let weights = ("w", DataType::FLOAT, &[6, 2, 3][..], wave(36, 0.7));
    let bias = ("b", DataType::FLOAT, &[6][..], wave(6, 1.3));
    let attributes =
        vec![ints("kernel_shape", &[3]), ints("strides", &[2]), ints("pads", &[2, 1]), int("group", 2)];
    let bytes = model("Conv", &["x", "w", "b"], attributes, (DataType::FLOAT, &[1, 4, 9]), &[weights, bias]);
    agree(&bytes, Kind::F32, &[1, 4, 9], wave(36, 0.37), 1e-5);
}

#[test]
fn a_transposed_convolution_along_a_line_is_a_layer() {
    for (stride, pads, more, dilation) in [(1, [0, 0], 0, 1), (3, [1, 2], 1, 2), (2, [3, 3], 1, 1)] {
        let weights = ("w", DataType::FLOAT, &[4, 3, 3][..], wave(36, 0.7));
        let bias = ("b", DataType::FLOAT, &[6][..], wave(6, 1.3));
        let attributes = vec![
            ints("strides", &[stride]),
            ints("pads", &pads),
            ints("output_padding", &[more]),
            ints("dilations", &[dilation]),
            int("group", 2),
        ];
        let x = (DataType::FLOAT, &[1, 4, 7][..]);
        let bytes = model("ConvTranspose", &["x", "w", "b"], attributes, x, &[weights, bias]);
        agree(&bytes, Kind::F32, &[1, 4, 7], wave(28, 0.37), 1e-5);
    }
}

#[test]
fn the_size_of_a_transposed_convolution_may_be_asked_for() {
    for sizes in
        [ints("output_shape", &[9, 13]), text("auto_pad", "SAME_UPPER"), text("auto_pad", "SAME_LOWER")]
    {
        let weights = ("w", DataType::FLOAT, &[2, 3, 3, 4][..], wave(72, 0.7));
        let attributes = vec![ints("strides", &[2, 3]), sizes];
        let x = (DataType::FLOAT, &[1, 2, 4, 4][..]);
        agree(
            &model("ConvTranspose", &["x", "w"], attributes, x, &[weights]),
            Kind::F32,
            &[1, 2, 4, 4],
            wave(32, 0.37),
            1e-5,
        );
    }
}

#[test]
fn a_transposed_convolution_is_a_layer() {
    for (stride, pads, more, dilation) in [
        ([1, 1], [0; 4], [0, 0], [1, 1]),
        ([2, 3], [1, 0, 0, 2], [1, 2], [1, 2]),
        ([2, 2], [3, 3, 3, 3], [1, 1], [1, 1]),
    ] {
        let weights = ("w", DataType::FLOAT, &[4, 3, 3, 2][..], wave(72, 0.7));
        let bias = ("b", DataType::FLOAT, &[6][..], wave(6, 1.3));
        let attributes = vec![
            ints("strides", &stride),
            ints("pads", &pads),
            ints("output_padding", &more),
            ints("dilations", &dilation),
            int("group", 2),
        ];
        let bytes = model(
            "ConvTranspose",
            &["x", "w", "b"],
            attributes,
            (DataType::FLOAT, &[1, 4, 5, 4]),
            &[weights, bias],
        );
        agree(&bytes, Kind::F32, &[1, 4, 5, 4], wave(80, 0.37), 1e-5);
    }
}

/// A convolution over a volume: sizes of the volume and the kernel, channels of both sides, and how the window goes.
struct Volume {
    image: [usize; 3],
    kernel: [usize; 3],
    channels: [usize; 2],
    groups: usize,
    stride: [usize; 3],
    /// Before each axis, then after each.
    pads: [usize; 6],
    dilation: [usize; 3],
}

impl Volume {
    fn out(&self, axis: usize) -> usize {
        let length = self.image[axis] + self.pads[axis] + self.pads[axis + 3];
        (length - (self.kernel[axis] - 1) * self.dilation[axis] - 1) / self.stride[axis] + 1
    }

    /// Sums from the definition, tap by tap.
    fn naive(&self, x: &[f64], w: &[f64], bias: &[f64]) -> Vec<f64> {
        let ([d, h, width], [kd, kh, kw]) = (self.image, self.kernel);
        let inputs = self.channels[0] / self.groups;
        let mut sums = vec![];
        for output in 0..self.channels[1] {
            let group = output / (self.channels[1] / self.groups);
            for at in 0..self.out(0) * self.out(1) * self.out(2) {
                let position =
                    [at / self.out(2) / self.out(1), at / self.out(2) % self.out(1), at % self.out(2)];
                let mut sum = bias[output];
                for tap in 0..inputs * kd * kh * kw {
                    let of_kernel = [tap / kw / kh % kd, tap / kw % kh, tap % kw];
                    let place = |axis: usize| {
                        (position[axis] * self.stride[axis] + of_kernel[axis] * self.dilation[axis])
                            .checked_sub(self.pads[axis])
                            .filter(|&place| place < self.image[axis])
                    };
                    if let [Some(z), Some(y), Some(column)] = [place(0), place(1), place(2)] {
                        let channel = group * inputs + tap / (kd * kh * kw);
                        sum += w[output * inputs * kd * kh * kw + tap]
                            * x[((channel * d + z) * h + y) * width + column];
                    }
                }
                sums.push(sum);
            }
        }
        sums
    }
}

#[test]
fn a_convolution_over_a_volume_is_a_layer() {
    let plain = Volume {
        image: [4, 5, 6],
        kernel: [2, 3, 3],
        channels: [4, 6],
        groups: 1,
        stride: [1; 3],
        pads: [0; 6],
        dilation: [1; 3],
    };
    let volumes = [
        Volume { pads: [1, 1, 1, 1, 1, 1], ..plain },
        Volume { stride: [2, 1, 3], pads: [1, 0, 2, 0, 3, 1], ..plain },
        Volume { dilation: [2, 2, 1], groups: 2, pads: [0, 2, 0, 1, 2, 0], ..plain },
        Volume { kernel: [1, 1, 1], groups: 2, ..plain },
        Volume { kernel: [4, 1, 2], channels: [3, 3], groups: 3, dilation: [1, 1, 3], ..plain },
        Volume { image: [1, 5, 6], kernel: [1, 2, 2], channels: [1, 2], ..plain },
        plain,
    ];
    for volume in volumes {
        let whole = |sizes: &[usize]| sizes.iter().map(|&size| size as i64).collect::<Vec<i64>>();
        let [inputs, outputs] = volume.channels;
        let dims = whole(&[&[outputs, inputs / volume.groups][..], &volume.kernel].concat());
        let shape = whole(&[&[1, inputs][..], &volume.image].concat());
        let count = |sizes: &[i64]| sizes.iter().product::<i64>() as usize;
        let (w, b, x) = (wave(count(&dims), 0.7), wave(outputs, 1.3), wave(count(&shape), 0.37));
        let operands = [
            ("w", DataType::FLOAT, &dims[..], w.clone()),
            ("b", DataType::FLOAT, &[outputs as i64][..], b.clone()),
        ];
        let attributes = vec![
            ints("strides", &whole(&volume.stride)),
            ints("pads", &whole(&volume.pads)),
            ints("dilations", &whole(&volume.dilation)),
            int("group", volume.groups as i64),
        ];
        let bytes = model("Conv", &["x", "w", "b"], attributes, (DataType::FLOAT, &shape), &operands);
        let sizes: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
        agree(&bytes, Kind::F32, &sizes, x.clone(), 1e-5);
        let network = Network::from_onnx(&bytes).unwrap();
        let batch = Tensor::new(sizes, x.iter().map(|&x| x as f32).collect()).unwrap();
        let found = network.run(&batch).unwrap().remove(0);
        let expected = volume.naive(&x, &w, &b);
        assert_eq!(found.shape()[1..], [outputs, volume.out(0), volume.out(1), volume.out(2)]);
        assert!(found.data().iter().zip(&expected).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5));
        let macs = expected.len() * inputs / volume.groups * volume.kernel.iter().product::<usize>();
        assert_eq!(network.layers()[0].geometry.macs(), macs as u64);
    }
}

/// What the operator text scatters is gathered from a volume with zeros between its elements.
#[test]
fn a_transposed_convolution_over_a_volume_is_a_layer() {
    let plain = || vec![];
    let strides = ints("strides", &[2, 1, 3]);
    let odd = vec![
        strides.clone(),
        ints("pads", &[1, 0, 2, 0, 1, 1]),
        ints("output_padding", &[1, 0, 2]),
        ints("dilations", &[1, 2, 1]),
        int("group", 2),
    ];
    let asked = vec![ints("strides", &[2, 2, 2]), ints("output_shape", &[5, 7, 6])];
    let alike = vec![strides, text("auto_pad", "SAME_LOWER")];
    let cut = vec![ints("pads", &[1, 1, 0, 1, 1, 1])];
    for (attributes, w) in [
        (plain(), [4, 3, 2, 2, 2]),
        (odd, [4, 3, 2, 3, 2]),
        (asked, [4, 2, 2, 3, 2]),
        (alike, [4, 1, 3, 1, 4]),
        (cut, [4, 2, 1, 2, 2]),
    ] {
        let outputs = w[1] * if attributes.len() == 5 { 2 } else { 1 };
        let count = w.iter().product::<i64>() as usize;
        let operands = [
            ("w", DataType::FLOAT, &w[..], wave(count, 0.7)),
            ("b", DataType::FLOAT, &[outputs][..], wave(outputs as usize, 1.3)),
        ];
        let shape = [1, 4, 3, 4, 2];
        let bytes =
            model("ConvTranspose", &["x", "w", "b"], attributes, (DataType::FLOAT, &shape), &operands);
        let words = Network::from_onnx(&bytes).unwrap().layers()[0].form.words().unwrap();
        assert!(words.starts_with("a transposed convolution over a volume"), "{words}");
        agree(&bytes, Kind::F32, &shape.map(|size| size as usize), wave(96, 0.37), 1e-5);
    }
}

#[test]
fn a_volume_is_padded_alike_as_an_image_is() {
    for pad in ["SAME_UPPER", "SAME_LOWER", "VALID"] {
        let w = ("w", DataType::FLOAT, &[2, 1, 2, 3, 2][..], wave(24, 0.7));
        let attributes = vec![text("auto_pad", pad), ints("strides", &[1, 2, 1])];
        let x = (DataType::FLOAT, &[1, 1, 3, 4, 4][..]);
        agree(
            &model("Conv", &["x", "w"], attributes, x, &[w]),
            Kind::F32,
            &[1, 1, 3, 4, 4],
            wave(48, 0.37),
            1e-5,
        );
    }
    let w = ("w", DataType::FLOAT, &[2, 2, 2, 3, 2][..], wave(48, 0.7));
    let x = (DataType::FLOAT, &[1, 1, 3, 4, 4][..]);
    let error = Network::from_onnx(&model("Conv", &["x", "w"], vec![], x, &[w])).unwrap_err().to_string();
    assert!(error.contains("do not fit"), "{error}");
}

/// Values that no operator text has are told with those that it has.
#[test]
fn an_attribute_that_is_not_understood_is_told_with_the_values_there_are() {
    let refused = |kind: &str, inputs: &[&str], attribute: AttributeProto, operands: &[Stored<'_>]| {
        let bytes = model(kind, inputs, vec![attribute], (DataType::FLOAT, &[1, 4, 4, 4]), operands);
        Network::from_onnx(&bytes).unwrap_err().to_string()
    };
    let pads = ("pads", DataType::INT64, &[8][..], vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
    let found = refused("Pad", &["x", "pads"], text("mode", "mirror"), &[pads]);
    assert!(found.ends_with("mode = `mirror`; constant, edge, wrap or reflect is expected"), "{found}");
    let w = ("w", DataType::FLOAT, &[2, 4, 3, 3][..], wave(72, 0.7));
    let found = refused("Conv", &["x", "w"], text("auto_pad", "SAME"), &[w]);
    assert!(
        found.ends_with("auto_pad = `SAME`; NOTSET, VALID, SAME_UPPER or SAME_LOWER is expected"),
        "{found}"
    );
    let found = refused("Gelu", &["x"], text("approximate", "erf"), &[]);
    assert!(found.contains("approximate = `erf`; none or tanh is expected"), "{found}");
    let scales = ("scales", DataType::FLOAT, &[4][..], vec![1.0, 1.0, 2.0, 2.0]);
    let found = refused("Resize", &["x", "", "scales"], text("mode", "area"), &[scales]);
    assert!(found.ends_with("mode = `area`; nearest, linear or cubic is expected"), "{found}");
}

/// A rotary embedding exchanges the two of every pair by a stored matrix of ones: a product, so a layer like any other.
#[test]
fn an_exchange_of_elements_that_a_file_writes_as_a_product_is_a_layer() {
    let turn = [0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0];
    let weights = ("w", DataType::FLOAT, &[4, 4][..], turn.to_vec());
    let bytes = model("MatMul", &["x", "w"], vec![], (DataType::FLOAT, &[1, 2, 3, 4]), &[weights]);
    agree(&bytes, Kind::F32, &[1, 2, 3, 4], wave(24, 0.37), 1e-6);
    assert_eq!(Network::from_onnx(&bytes).unwrap().layers()[0].geometry.macs(), 2 * 3 * 4 * 4);
}

/// Two values that are both computed, and one that is stored where most files do not have it.
#[test]
fn a_product_over_shared_axes_is_a_layer() {
    let both = |kind: &str, attributes: Vec<AttributeProto>, shape: &[i64]| {
        let bytes = model(kind, &["x", "x"], attributes, (DataType::FLOAT, shape), &[]);
        let sizes: Vec<usize> = shape.iter().map(|&size| size as usize).collect();
        agree(&bytes, Kind::F32, &sizes, wave(sizes.iter().product(), 0.37), 1e-5);
    };
    both("MatMul", vec![], &[1, 5, 5]);
    both("MatMul", vec![], &[1, 3, 4, 4]);
    both("Gemm", vec![int("transA", 1)], &[1, 6]);
    both("Gemm", vec![int("transB", 1), float("alpha", 0.25)], &[1, 6]);
    for equation in
        ["bij,bkj->bik", "bij,bjk", "bij,bik->bjk", "bij,bij->bi", "bij,bkl->bijkl", "...ij,...kj->...ki"]
    {
        both("Einsum", vec![text("equation", equation)], &[1, 4, 4]);
    }
    let of_stored = |kind: &str, inputs: &[&str], attributes: Vec<AttributeProto>, weights: &[i64]| {
        let count = weights.iter().product::<i64>() as usize;
        let weights = ("w", DataType::FLOAT, weights, wave(count, 0.7));
        let bytes = model(kind, inputs, attributes, (DataType::FLOAT, &[1, 3, 4, 6]), &[weights]);
        agree(&bytes, Kind::F32, &[1, 3, 4, 6], wave(72, 0.37), 1e-5);
    };
    of_stored("MatMul", &["x", "w"], vec![], &[3, 6, 5]);
    of_stored("MatMul", &["w", "x"], vec![], &[5, 4]);
    of_stored("MatMul", &["w", "x"], vec![], &[1, 3, 5, 4]);
    of_stored("MatMul", &["x", "w"], vec![], &[6]);
    of_stored("Einsum", &["x", "w"], vec![text("equation", "bhij,hjk->bhik")], &[3, 6, 5]);
    of_stored("Einsum", &["w", "x"], vec![text("equation", "kj,bhij->bikh")], &[5, 6]);
}

/// A Gemm's third operand is stretched as its text allows, from a row or one number; where the stored matrix comes first, its
/// rows are outputs, and a column is added.
#[test]
fn a_gemm_adds_a_row_or_a_number_and_may_have_the_stored_matrix_first() {
    let gemm = |inputs: &[&str], attributes: &[AttributeProto], w: &[i64], bias: &[i64]| {
        let count = |sizes: &[i64]| sizes.iter().product::<i64>() as usize;
        let w = ("w", DataType::FLOAT, w, wave(count(w), 0.7));
        let c = ("c", DataType::FLOAT, bias, wave(count(bias) + 1, 1.3)[1..].to_vec());
        let inputs = [inputs, &["c"]].concat();
        let bytes = model("Gemm", &inputs, attributes.to_vec(), (DataType::FLOAT, &[1, 6]), &[w, c]);
        agree(&bytes, Kind::F32, &[1, 6], wave(6, 0.37), 1e-5);
    };
    let scaled = || [float("alpha", 0.5), float("beta", 3.0)];
    for bias in [&[][..], &[1], &[1, 1], &[5], &[1, 5]] {
        gemm(&["x", "w"], &[], &[6, 5], bias);
        gemm(&["x", "w"], &[int("transB", 1)], &[5, 6], bias);
        gemm(&["x", "w"], &scaled(), &[6, 5], bias);
        gemm(&["x", "w"], &[int("transA", 1)], &[1, 5], bias);
    }
    for bias in [&[][..], &[1], &[1, 1], &[5, 1]] {
        gemm(&["w", "x"], &[int("transB", 1)], &[5, 6], bias);
        let turned = [&[int("transB", 1), int("transA", 1)][..], &scaled()].concat();
        gemm(&["w", "x"], &turned, &[6, 5], bias);
    }
}

/// What sums over an axis of one operand alone, or takes a diagonal, is no contraction.
#[test]
fn other_sums_of_products_are_run_in_float_alone() {
    for equation in ["bij,bkj->bi", "bii,bij->bj", "bij,bkl->bk"] {
        let bytes = model(
            "Einsum",
            &["x", "x"],
            vec![text("equation", equation)],
            (DataType::FLOAT, &[1, 4, 4]),
            &[],
        );
        let network = Network::from_onnx(&bytes).unwrap();
        let batch = Tensor::new([1, 4, 4], vec![0.5; 16]).unwrap();
        assert!(network.layers().is_empty() && network.run(&batch).is_ok(), "{equation}");
        let error = Quantized::calibrate(&network, &Quantize::default(), Scheme::Affine, &batch).unwrap_err();
        assert!(error.to_string().starts_with("node `layer` multiplies and adds"), "{error}");
    }
}

#[test]
fn a_product_of_many_rows_is_a_layer() {
    let weights = ("w", DataType::FLOAT, &[6, 5][..], wave(30, 0.7));
    let bytes = model("MatMul", &["x", "w"], vec![], (DataType::FLOAT, &[1, 2, 7, 6]), &[weights]);
    agree(&bytes, Kind::F32, &[1, 2, 7, 6], wave(84, 0.37), 1e-5);
    let weights = ("w", DataType::FLOAT, &[5, 6][..], wave(30, 0.7));
    let bias = ("b", DataType::FLOAT, &[5][..], wave(5, 1.3));
    let bytes =
        model("Gemm", &["x", "w", "b"], vec![int("transB", 1)], (DataType::FLOAT, &[7, 6]), &[weights, bias]);
    // The first axis is the batch, so that a sample is one row.
    agree(&bytes, Kind::F32, &[1, 6], wave(6, 0.37), 1e-5);
}

#[test]
fn a_convolution_of_codes_is_a_layer_with_the_same_codes() {
    let scale = |name, value| (name, DataType::FLOAT, &[][..], vec![value]);
    let zero = |name, value| (name, DataType::INT8, &[][..], vec![value]);
    let codes = |count, step| wave(count, step).iter().map(|x| (x * 127.0).round()).collect::<Vec<_>>();
    let operands = [
        scale("xs", 0.02),
        zero("xz", 3.0),
        ("w", DataType::INT8, &[4, 2, 3, 3][..], codes(72, 0.7)),
        ("ws", DataType::FLOAT, &[4][..], vec![0.01, 0.02, 0.015, 0.03]),
        ("wz", DataType::INT8, &[4][..], vec![0.0; 4]),
        scale("ys", 0.1),
        zero("yz", -5.0),
        ("b", DataType::INT32, &[4][..], vec![100.0, -200.0, 0.0, 50.0]),
    ];
    let inputs = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"];
    let attributes = vec![ints("pads", &[1, 1, 1, 1])];
    let bytes = model("QLinearConv", &inputs, attributes, (DataType::INT8, &[1, 2, 5, 5]), &operands);
    agree(&bytes, Kind::I8, &[1, 2, 5, 5], wave(50, 0.37), 0.0);
}

#[test]
fn a_product_of_codes_is_a_layer_with_the_same_codes() {
    let scale = |name, value| (name, DataType::FLOAT, &[][..], vec![value]);
    let zero = |name, value| (name, DataType::INT8, &[][..], vec![value]);
    let codes = wave(30, 0.7).iter().map(|x| (x * 127.0).round()).collect();
    let operands = [
        scale("xs", 0.02),
        zero("xz", 3.0),
        ("w", DataType::INT8, &[6, 5][..], codes),
        scale("ws", 0.01),
        zero("wz", 0.0),
        scale("ys", 0.05),
        zero("yz", -5.0),
    ];
    let inputs = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"];
    let bytes = model("QLinearMatMul", &inputs, vec![], (DataType::INT8, &[1, 6]), &operands);
    agree(&bytes, Kind::I8, &[1, 6], wave(6, 0.37), 0.0);
}

#[test]
fn a_shape_that_rests_on_a_fixed_batch_is_refused_with_what_to_export() {
    let shape = ("shape", DataType::INT64, &[3][..], vec![4.0, 3.0, 2.0]);
    let bytes = model("Reshape", &["x", "shape"], vec![], (DataType::FLOAT, &[2, 2, 6]), &[shape]);
    let error = Network::from_onnx(&bytes).unwrap_err().to_string();
    assert!(error.contains("the file fixes a batch of 2"), "{error}");
    assert!(error.ends_with("export it with a batch of 1 or an open one"), "{error}");
}

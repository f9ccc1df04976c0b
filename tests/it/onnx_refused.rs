//! Is it told, and truly, why a product of a file is no layer of the array, or why a file is no network?

use axsim::config::Quantize;
use axsim::tensor::Tensor;
use axsim::workload::{Network, Quantized, Scheme};
use rten_onnx::onnx::{AttributeProto, DataType};

use crate::onnx_layers::{Stored, int, ints, model, text, wave};

fn weights(name: &'static str, dims: &'static [i64]) -> Stored<'static> {
    (name, DataType::FLOAT, dims, wave(dims.iter().product::<i64>() as usize, 0.7))
}

/// Why a network that runs in float has no layers.
fn float_alone(
    kind: &str,
    inputs: &[&str],
    attributes: Vec<AttributeProto>,
    x: &[i64],
    operands: &[Stored<'_>],
) -> String {
    let network =
        Network::from_onnx(&model(kind, inputs, attributes, (DataType::FLOAT, x), operands)).unwrap();
    let sizes: Vec<usize> = x.iter().map(|&size| size as usize).collect();
    let batch = Tensor::new(&sizes[..], vec![0.5; sizes.iter().product()]).unwrap();
    assert!(network.layers().is_empty() && network.run(&batch).is_ok());
    let error = Quantized::calibrate(&network, &Quantize::default(), Scheme::Affine, &batch).unwrap_err();
    let told = "node `layer` multiplies and adds, but is no layer of the array, so that only the float model can be run: ";
    error.to_string().strip_prefix(told).unwrap_or_else(|| panic!("{error}")).to_string()
}

#[test]
fn the_reason_why_a_product_is_no_layer_is_told() {
    let image = &[1, 2, 5, 5];
    let pads = ints("pads", &[100_000, 0, 0, 0]);
    assert_eq!(
        float_alone("Conv", &["x", "w"], vec![pads], image, &[weights("w", &[3, 2, 3, 3])]),
        "attribute pads = [100000, 0, 0, 0]; a layer takes numbers from 0 to 4096"
    );
    assert_eq!(float_alone("Conv", &["x", "x"], vec![], &[1, 1, 5, 5], &[]), "operand `x` must be stored");
    let turned = vec![int("transA", 1)];
    let column = [weights("w", &[1, 5]), weights("c", &[6, 1])];
    assert_eq!(
        float_alone("Gemm", &["x", "w", "c"], turned, &[1, 6], &column),
        "a bias of shape [1, 5], or of one number, is expected, not one of shape [6, 1]"
    );
    let every = float_alone("Einsum", &["x"], vec![text("equation", "ij->i")], &[1, 6], &[]);
    assert_eq!(every, "a product of two operands is a layer, this is one of 1");
    let sums = float_alone("Einsum", &["x", "x"], vec![text("equation", "bij,bkj->bi")], &[1, 4, 4], &[]);
    assert!(sums.starts_with("a layer sums over axes that both operands have in full"), "{sums}");
}

/// Why a file cannot be run at all.
fn refused(kind: &str, attributes: Vec<AttributeProto>, x: &[i64], w: &'static [i64]) -> String {
    let bytes = model(kind, &["x", "w"], attributes, (DataType::FLOAT, x), &[weights("w", w)]);
    Network::from_onnx(&bytes).unwrap_err().to_string()
}

#[test]
fn one_reason_is_told_why_an_attribute_or_weights_cannot_be_used() {
    let conv = |attribute: AttributeProto| refused("Conv", vec![attribute], &[1, 2, 5, 5], &[3, 2, 3, 3]);
    assert_eq!(
        conv(ints("strides", &[-1, 1])),
        "node `layer`: attribute strides = [-1, 1]; 2 numbers from 0 to 2^20 are expected"
    );
    assert_eq!(
        conv(ints("dilations", &[1 << 40, 1])),
        "node `layer`: attribute dilations = [1099511627776, 1]; 2 numbers from 0 to 2^20 are expected"
    );
    assert_eq!(
        conv(ints("pads", &[(1 << 20) + 1, 0, 0, 0])),
        "node `layer`: attribute pads = [1048577, 0, 0, 0]; 4 numbers from 0 to 2^20 are expected"
    );
    assert_eq!(conv(int("strides", 2)), "node `layer`: attribute strides is of another sort than expected");
    assert_eq!(conv(int("stride", 2)), "node `layer`: attribute stride is none of the operator Conv");
    let pool = |pads: &[i64]| {
        let attributes = vec![ints("kernel_shape", &[2, 2]), ints("dilations", &[3, 3]), ints("pads", pads)];
        let bytes = model("MaxPool", &["x"], attributes, (DataType::FLOAT, &[1, 1, 6, 6]), &[]);
        format!("{:?}", Network::from_onnx(&bytes).unwrap())
    };
    // Taps at −4 and −1 meet no pixel, so that the operator runs as it is written, and the reason is kept.
    assert!(pool(&[4, 0, 0, 0]).contains("pads [4, 0, 0, 0] put a whole window outside of the image"));
    assert!(!pool(&[3, 0, 0, 0]).contains("put a whole window outside"));
    assert_eq!(
        refused("Conv", vec![], &[1, 2, 5, 5], &[0, 2, 3, 3]),
        "node `layer`: weights of shape [0, 2, 3, 3] have no elements"
    );
}

/// A size below 0 stands for an open one.
#[test]
fn a_shape_is_told_as_the_file_has_it() {
    let of = |x: &[i64]| refused("Conv", vec![], x, &[3, 2, 3, 3]);
    let remedy = "write the sizes of a sample behind the batch, as in `workload.sample_shape: [3, 224, 224]`";
    assert_eq!(
        of(&[-1, 2, -1, -1]),
        format!("input `x`: its shape [?, 2, ?, ?] is open; {remedy}, or export it with fixed ones")
    );
    let empty = of(&[-1, 0, 5, 5]);
    assert!(
        empty.starts_with("input `x`: its shape [?, 0, 5, 5] leaves no elements for a sample; "),
        "{empty}"
    );
    assert_eq!(
        of(&[4]),
        "input `x`: its shape [4] has no axis behind the batch, so that it holds no samples"
    );
}

#[test]
fn attributes_given_twice_and_dropouts_that_train_are_refused() {
    let pads = || ints("pads", &[0, 0, 0, 0]);
    assert_eq!(
        refused("Conv", vec![pads(), pads()], &[1, 2, 5, 5], &[3, 2, 3, 3]),
        "node `layer`: attribute `pads` is given twice"
    );
    let dropout = |training: f64| {
        let operands = [
            ("ratio", DataType::FLOAT, &[][..], vec![0.5]),
            ("training", DataType::BOOL, &[][..], vec![training]),
        ];
        let bytes =
            model("Dropout", &["x", "ratio", "training"], vec![], (DataType::FLOAT, &[1, 4]), &operands);
        let batch = Tensor::new([1, 4], vec![0.5; 4]).unwrap();
        Network::from_onnx(&bytes)
            .map_err(|error| error.to_string())?
            .run(&batch)
            .map_err(|error| error.to_string())
    };
    assert_eq!(dropout(0.0).unwrap()[0].data(), [0.5; 4]);
    let error = dropout(1.0).unwrap_err();
    assert!(error.contains("a dropout that draws at random is for training"), "{error}");
}

use std::path::Path;

use super::super::op::Contraction;
use super::super::value::Kind;
use super::*;
use crate::config::Quantize;
use crate::kernel::Geometry;
use crate::rng::uniform_at;
use crate::tensor::Tensor;
use crate::workload::{Exact, Form, Quantized, Scheme};

const IMAGE: Geometry = Geometry {
    groups: 1,
    in_channels: 3,
    in_height: 4,
    in_width: 4,
    out_channels: 3,
    kernel: [3, 3],
    stride: [1, 1],
    pads: [1; 4],
    dilation: [1, 1],
};

fn convolution(seed: u64) -> Op {
    let weights = (0..IMAGE.weights()).map(|at| uniform_at(seed, at as u64) as f32 - 0.5).collect();
    Op::Contract(Contraction {
        geometry: IMAGE,
        weights,
        bias: vec![0.1, -0.2, 0.3],
        scales: None,
        form: Form::Image,
    })
}

/// Nodes by name, operator and the values that they read.
fn network(nodes: &[(&str, Op, &[usize])]) -> Network {
    let step = |(name, op, inputs): &(&str, Op, &[usize])| Step {
        name: name.to_string(),
        op: op.clone(),
        inputs: inputs.to_vec(),
    };
    let count = nodes.len() + 1;
    let values = (vec![vec![3, 4, 4]; count], vec![Kind::F32; count]);
    Network::new(vec![3, 4, 4], nodes.iter().map(step).collect(), values, vec![("y".into(), count - 1)])
}

fn relu() -> Op {
    Op::Clip(0.0, f32::INFINITY)
}

/// A convolution, a block of two, one more convolution; the block's input is added first or second.
fn residual(first: bool) -> Network {
    let inputs: &[usize] = if first { &[2, 5] } else { &[5, 2] };
    network(&[
        ("conv0", convolution(0), &[0]),
        ("relu0", relu(), &[1]),
        ("conv1", convolution(1), &[2]),
        ("relu1", relu(), &[3]),
        ("conv2", convolution(2), &[4]),
        ("add", Op::Add, inputs),
        ("relu2", relu(), &[6]),
        ("conv3", convolution(3), &[7]),
    ])
}

#[test]
fn a_network_without_a_block_is_the_graph_without_it_bit_for_bit() {
    let plain = network(&[
        ("conv0", convolution(0), &[0]),
        ("relu0", relu(), &[1]),
        ("relu2", relu(), &[2]),
        ("conv3", convolution(3), &[3]),
    ]);
    let values = (0..10 * 48).map(|at| uniform_at(7, at) as f32 - 0.4).collect();
    let batch = Tensor::new([10, 3, 4, 4], values).unwrap();
    let bits = |outputs: Vec<Tensor<f32>>| outputs[0].data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for first in [true, false] {
        let whole = residual(first);
        let left = without_blocks(&whole, &["add".into()]).unwrap();
        assert_eq!(format!("{left:?}"), format!("{plain:?}"));
        let run = |network: &Network| {
            let quantized =
                Quantized::calibrate(network, &Quantize::default(), Scheme::Affine, &batch).unwrap();
            [bits(network.run(&batch).unwrap()), bits(quantized.run(&Exact, &batch, 0).unwrap())]
        };
        assert_eq!(run(&left), run(&plain));
        assert_ne!(run(&left), run(&whole));
        assert_eq!(format!("{:?}", without_blocks(&whole, &[]).unwrap()), format!("{whole:?}"));
    }
}

#[test]
fn what_is_no_block_is_refused_with_the_blocks_there_are() {
    let whole = residual(true);
    let error = |name: &str| without_blocks(&whole, &[name.into()]).unwrap_err().to_string();
    assert!(
        error("conv2").contains("does not add") && error("conv2").ends_with("end in `add`"),
        "{}",
        error("conv2")
    );
    assert!(error("ad").starts_with("there is no node `ad`; "), "{}", error("ad"));
    // What is in the block is read once more.
    let shared = network(&[
        ("conv1", convolution(1), &[0]),
        ("conv2", convolution(2), &[1]),
        ("add", Op::Add, &[0, 2]),
        ("end", Op::Add, &[3, 1]),
    ]);
    let error = without_blocks(&shared, &["add".into()]).unwrap_err().to_string();
    assert!(error.ends_with("the network has no block whose input is added to its result"), "{error}");
}

#[test]
fn of_a_residual_network_blocks_with_a_shortcut_of_their_own_stay() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/models/resnet8_cifar10.onnx");
    let Ok(file) = std::fs::read(file) else {
        eprintln!("skipped: no ../shared/data/models/resnet8_cifar10.onnx");
        return;
    };
    let network = Network::from_onnx(&file).unwrap();
    let ends: Vec<usize> =
        (0..network.steps.len()).filter(|&at| block_input(&network, at).is_some()).collect();
    let adds = network.steps.iter().filter(|step| step.op == Op::Add).count();
    assert_eq!((ends.len(), adds), (1, 3));
    let left = without_blocks(&network, &[network.steps[ends[0]].name.clone()]).unwrap();
    assert_eq!([network.layers().len(), left.layers().len()], [10, 8]);
}

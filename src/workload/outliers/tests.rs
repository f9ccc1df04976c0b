use super::*;
use crate::kernel::Geometry;
use crate::rng::uniform_at;
use crate::tensor::Tensor;
use crate::workload::form::Form;
use crate::workload::onnx::Node;
use crate::workload::tests::network;
use crate::workload::value::Kind;

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    (0..count).map(|at| uniform_at(seed, at as u64) as f32 - 0.5).collect()
}

fn gains(factor: f64, share: f64) -> Outliers {
    Outliers::Gains { factor, share }
}

fn general(kind: &str, shape: &[usize], stored: &[Vec<f32>]) -> Op {
    let value = |row: &Vec<f32>| {
        Value::real(Kind::F32, &[row.len()], row.iter().map(|&x| x.into()).collect()).unwrap()
    };
    let operands = [Operand::Computed(Kind::F32, shape.to_vec())]
        .into_iter()
        .chain(stored.iter().map(|row| Operand::Stored(value(row))));
    let node = Node { name: kind.to_lowercase(), kind: kind.into(), ..Node::default() };
    let (operands, size) = (operands.collect(), shape.iter().product());
    Op::General(Box::new(General { node, opset: 17, operands, result: 0, size, reason: None }))
}

fn contract(geometry: Geometry, seed: u64) -> Op {
    let bias = numbers(geometry.out_channels, seed + 1);
    Op::Contract(Contraction {
        geometry,
        weights: numbers(geometry.weights(), seed),
        bias,
        scales: None,
        form: Form::Image,
    })
}

const ROWS: usize = 3;
const CHANNELS: usize = 6;

/// Rows of channels normalised, with a gain and constants that two layers read, one of grouped filters.
fn normalised(kind: &str) -> Network {
    let shape = [1, ROWS, CHANNELS];
    let turn: Vec<u32> =
        (0..CHANNELS).flat_map(|c| (0..ROWS).map(move |r| (r * CHANNELS + c) as u32)).collect();
    let mut geometry = Geometry { in_height: ROWS, ..Geometry::dense(CHANNELS, 4) };
    let (gain, constants) = (numbers(CHANNELS, 1), numbers(CHANNELS, 2));
    let first: Vec<(Op, Vec<usize>)> = match kind {
        "LayerNormalization" => {
            vec![(general(kind, &shape, &[gain, constants]), vec![0]), (Op::Reshape, vec![1])]
        }
        _ => {
            vec![(general("Mul", &shape, &[gain]), vec![0]), (general("Add", &shape, &[constants]), vec![1])]
        }
    };
    let one = contract(geometry, 3);
    geometry.groups = 2;
    let rest = [
        (Op::Permute(turn.clone()), vec![2]),
        (one, vec![3]),
        (Op::Permute(turn), vec![2]),
        (contract(geometry, 5), vec![5]),
        (Op::Add, vec![4, 6]),
    ];
    let rows = vec![ROWS, CHANNELS];
    let turned = vec![CHANNELS, ROWS, 1];
    let out = vec![4, ROWS, 1];
    let shapes =
        vec![rows.clone(), rows.clone(), rows, turned.clone(), out.clone(), turned, out.clone(), out];
    network(first.into_iter().chain(rest).collect(), shapes)
}

fn answer(network: &Network) -> Vec<f32> {
    let shape = [&[2], network.sample_shape()].concat();
    let count = shape.iter().product();
    network.run(&Tensor::new(shape, numbers(count, 9)).unwrap()).unwrap().remove(0).data().to_vec()
}

fn near(one: &[f32], other: &[f32]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-5 * (1.0 + b.abs()))
}

/// A value for two samples.
fn value(network: &Network, value: usize) -> Vec<f32> {
    let shape = [&[2], network.sample_shape()].concat();
    let samples = Tensor::new(shape.clone(), numbers(shape.iter().product(), 9)).unwrap();
    let mut found = vec![];
    let see = |at: usize, data: &[f32]| {
        if at == value {
            found = data.to_vec();
        }
    };
    network.observe(&samples, see).unwrap();
    found
}

/// What is looked at: the value that layers read, its channels drawn or not.
#[test]
fn drawn_channels_of_a_gain_are_larger_and_what_is_computed_stays() {
    for kind in ["LayerNormalization", "Mul"] {
        let plain = normalised(kind);
        for (factor, share, count) in [(10.0, 0.0, 1), (100.0, 0.5, 3), (7.0, 1.0, 6)] {
            let with = with_outliers(&plain, gains(factor, share), 1).unwrap();
            assert!(near(&answer(&with), &answer(&plain)), "{kind} {factor}");
            let (before, after) = (value(&plain, 2), value(&with, 2));
            let grown = |channel: usize| {
                let rows = (0..2 * ROWS).map(|row| row * CHANNELS + channel);
                let ratio = rows.map(|at| after[at] / before[at]).collect::<Vec<_>>();
                let all = ratio.iter().all(|other| (other / ratio[0] - 1.0).abs() < 1e-4);
                assert!(
                    all && [1.0, factor as f32].iter().any(|f| (ratio[0] / f - 1.0).abs() < 1e-4),
                    "{ratio:?}"
                );
                ratio[0] > 2.0
            };
            assert_eq!((0..CHANNELS).filter(|&channel| grown(channel)).count(), count, "{kind} {share}");
        }
    }
}

#[test]
fn a_factor_of_one_and_no_outliers_are_the_network_bit_for_bit() {
    let plain = normalised("Mul");
    for rule in [Outliers::None, gains(1.0, 1.0)] {
        let with = with_outliers(&plain, rule, 1).unwrap();
        let same = with.steps.iter().zip(plain.steps.iter()).all(|(one, other)| one.op == other.op);
        assert!(same && with.steps.len() == plain.steps.len());
    }
}

/// A batch normalisation that two things read, filters whose channels pass a ReLU and are pooled, and a flattened image.
#[test]
fn filters_and_factors_count_as_gains_past_what_keeps_factors() {
    let image = |channels: usize| Geometry {
        in_channels: channels,
        in_height: 4,
        in_width: 4,
        kernel: [3, 3],
        pads: [1; 4],
        ..Geometry::dense(channels, 4)
    };
    let pool = Geometry { groups: 4, kernel: [2, 2], stride: [2, 2], pads: [0; 4], ..image(4) };
    let ops = vec![
        (contract(image(2), 1), vec![0]),
        (Op::Clip(0.0, f32::INFINITY), vec![1]),
        (contract(image(4), 3), vec![2]),
        (Op::AveragePool(super::super::pool::Window { geometry: pool, count_padding: false }), vec![3]),
        (Op::Reshape, vec![4]),
        (contract(Geometry::dense(16, 3), 5), vec![5]),
    ];
    let shapes =
        vec![vec![2, 4, 4], vec![4, 4, 4], vec![4, 4, 4], vec![4, 4, 4], vec![4, 2, 2], vec![16], vec![3]];
    let plain = network(ops, shapes);
    let with = with_outliers(&plain, gains(50.0, 0.25), 3).unwrap();
    assert!(near(&answer(&with), &answer(&plain)));
    let largest = |network: &Network, at| value(network, at).iter().fold(0f32, |a, x| a.max(x.abs()));
    for at in [2, 5] {
        assert!(largest(&with, at) > 10.0 * largest(&plain, at), "{at}");
    }
}

#[test]
fn a_network_that_would_compute_something_else_has_no_place() {
    let dense = |seed| contract(Geometry::dense(4, 4), seed);
    let shapes = |count: usize| vec![vec![4]; count];
    // Answers of the network itself; a bound; a sum with what is not multiplied.
    let networks = [
        network(vec![(dense(1), vec![0])], shapes(2)),
        network(vec![(dense(1), vec![0]), (Op::Clip(0.0, 6.0), vec![1]), (dense(3), vec![2])], shapes(4)),
        network(vec![(dense(1), vec![0]), (Op::Add, vec![0, 1]), (dense(3), vec![2])], shapes(4)),
    ];
    for network in networks {
        assert_eq!(with_outliers(&network, gains(10.0, 0.5), 1).unwrap_err(), OutlierError);
        assert!(with_outliers(&network, Outliers::None, 1).is_ok());
    }
}

#[test]
fn channels_are_drawn_by_seed_and_alike_for_as_many() {
    let places = |seed: u64, channels: usize| -> Vec<usize> {
        let own = drawn(channels, (3.0, 0.125), seed);
        (0..channels).filter(|&at| own[at] == 3.0).collect()
    };
    assert_eq!(places(1, 64), places(1, 64));
    assert_eq!((places(1, 64).len(), places(1, 3).len()), (8, 1));
    assert_ne!(places(1, 64), places(2, 64));
}

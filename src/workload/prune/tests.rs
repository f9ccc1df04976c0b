use std::path::Path;

use super::super::network::Step;
use super::super::op::{Contraction, Op};
use super::super::pool::Window;
use super::super::value::Kind;
use super::*;
use crate::config::{Quantize, Workload};
use crate::kernel::Geometry;
use crate::rng::uniform_at;
use crate::tensor::Tensor;
use crate::workload::data::{Set, Truth};
use crate::workload::{Exact, Form, Quantized, Scheme, Task, load, top1};

fn none(network: &Network) -> Vec<LayerSettings> {
    vec![LayerSettings::default(); network.layers().len()]
}

fn pruned(network: &Network, rule: Prune) -> Network {
    prune(network, rule, &none(network), 1).unwrap()
}

/// The embedded task.
fn scenes() -> (Workload, Task) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes");
    let text = std::fs::read_to_string(folder.join("scenes.yaml")).unwrap();
    let tree: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    let workload: Workload = serde_json::from_value(tree).unwrap();
    let task = load(&workload, &[folder]).unwrap();
    (workload, task)
}

fn layer_weights(network: &Network) -> Vec<Vec<f32>> {
    (0..network.layers().len()).map(|layer| network.weights(layer).unwrap().to_vec()).collect()
}

const RATIOS: [f64; 5] = [0.0, 0.1, 0.5, 0.9, 1.0];

#[test]
fn a_ratio_leaves_out_its_share_and_the_least_where_magnitude_counts() {
    let network = scenes().1.network;
    for ratio in RATIOS {
        let each = pruned(&network, Prune::Magnitude { ratio, scope: Scope::Layer });
        let drawn = pruned(&network, Prune::Random { ratio });
        for ((before, least), drawn) in
            layer_weights(&network).iter().zip(layer_weights(&each)).zip(layer_weights(&drawn))
        {
            let gone = |after: &[f32]| -> Vec<usize> {
                (0..after.len()).filter(|&at| after[at] == 0.0 && before[at] != 0.0).collect()
            };
            let expected = (ratio * before.len() as f64).round() as usize;
            assert_eq!([gone(&least).len(), gone(&drawn).len()], [expected; 2]);
            let largest = gone(&least).iter().map(|&at| before[at].abs()).fold(0.0, f32::max);
            let stays = least.iter().filter(|weight| **weight != 0.0).map(|weight| weight.abs());
            assert!(stays.fold(f32::INFINITY, f32::min) >= largest);
            let kept = (0..before.len()).filter(|&at| least[at] != 0.0);
            assert!(kept.into_iter().all(|at| least[at] == before[at]));
        }
        let across = pruned(&network, Prune::Magnitude { ratio, scope: Scope::Network });
        let (before, after) = (layer_weights(&network).concat(), layer_weights(&across).concat());
        let zeros = after.iter().filter(|weight| **weight == 0.0).count();
        assert_eq!(zeros, (ratio * before.len() as f64).round() as usize);
        let gone =
            before.iter().zip(&after).filter(|(_, after)| **after == 0.0).map(|(weight, _)| weight.abs());
        let stays = after.iter().filter(|weight| **weight != 0.0).map(|weight| weight.abs());
        assert!(gone.fold(0.0, f32::max) <= stays.fold(f32::INFINITY, f32::min));
    }
}

#[test]
fn nothing_left_out_is_the_network_itself() {
    let network = scenes().1.network;
    let rules = [
        Prune::None,
        Prune::Magnitude { ratio: 0.0, scope: Scope::Layer },
        Prune::Magnitude { ratio: 0.0, scope: Scope::Network },
        Prune::Random { ratio: 0.0 },
        Prune::NOfM { keep: 4, of: 4 },
        Prune::Channel { ratio: 0.0 },
    ];
    for rule in rules {
        assert_eq!(format!("{:?}", pruned(&network, rule)), format!("{network:?}"), "{rule:?}");
    }
}

#[test]
fn two_of_four_leave_the_two_largest_of_every_four_along_a_filter() {
    let network = scenes().1.network;
    let found = layer_weights(&pruned(&network, Prune::NOfM { keep: 2, of: 4 }));
    for ((layer, before), after) in network.layers().iter().zip(layer_weights(&network)).zip(found) {
        let depth = layer.geometry.depth();
        for (before, after) in before.chunks(depth).zip(after.chunks(depth)) {
            for (before, after) in before.chunks(4).zip(after.chunks(4)) {
                let mut sizes: Vec<f32> = before.iter().map(|weight| weight.abs()).collect();
                sizes.sort_by(f32::total_cmp);
                let mut kept: Vec<f32> = after.iter().filter(|w| **w != 0.0).map(|w| w.abs()).collect();
                kept.sort_by(f32::total_cmp);
                assert_eq!(kept, sizes[sizes.len().saturating_sub(2)..]);
            }
        }
    }
}

#[test]
fn what_is_drawn_for_a_smaller_ratio_is_drawn_for_a_larger_one() {
    let network = scenes().1.network;
    let [some, more] =
        [0.3, 0.6].map(|ratio| layer_weights(&pruned(&network, Prune::Random { ratio })).concat());
    assert!(some.iter().zip(&more).all(|(some, more)| *some != 0.0 || *more == 0.0));
    let other = prune(&network, Prune::Random { ratio: 0.3 }, &none(&network), 2).unwrap();
    assert_ne!(layer_weights(&other).concat(), some);
}

/// Right answers of the quantised network among the first samples.
fn right(workload: &Workload, task: &Task, network: &Network) -> usize {
    const SAMPLES: usize = 300;
    let batch = |set: &Set, count: usize| Task::preprocess(workload, &set.reals(0..count));
    let calibration = batch(&task.calibration, 64);
    let quantized =
        Quantized::calibrate(network, &Quantize::default(), Scheme::Symmetric, &calibration).unwrap();
    let outputs = quantized.run(&Exact, &batch(&task.test, SAMPLES), 0).unwrap();
    let Truth::Classes(labels) = task.test.truth() else { panic!("classes are expected") };
    top1(&outputs[0], &labels[..SAMPLES]).into_iter().filter(|right| *right).count()
}

#[test]
fn accuracy_falls_with_the_ratio_and_magnitude_beats_chance() {
    let (workload, task) = scenes();
    let of = |rule: Prune| right(&workload, &task, &pruned(&task.network, rule));
    let least = [0.0, 0.4, 0.8, 1.0].map(|ratio| of(Prune::Magnitude { ratio, scope: Scope::Layer }));
    let drawn = [0.0, 0.4, 0.8, 1.0].map(|ratio| of(Prune::Random { ratio }));
    eprintln!("by magnitude {least:?}, drawn {drawn:?}, 2:4 {}", of(Prune::NOfM { keep: 2, of: 4 }));
    // Guessing is right in a tenth of 300 samples; what is left of a network that is ruined is that, more or less.
    let falls = |right: [usize; 4]| right.windows(2).all(|pair| pair[1] <= pair[0] || pair[1] < 50);
    assert!(falls(least) && falls(drawn) && least[1] + 30 >= least[0], "{least:?} {drawn:?}");
    assert!(least[1] > drawn[1] + 100, "{least:?} {drawn:?}");
}

/// Weights of a layer for the original numbers of its channels.
fn weight(layer: usize, [output, input, tap]: [usize; 3]) -> f32 {
    (uniform_at(9, (layer * 1_000_000 + output * 10_000 + input * 100 + tap) as u64) * 2.0 - 1.0) as f32
}

fn contract(layer: usize, geometry: Geometry, outputs: &[usize], inputs: &[usize]) -> Op {
    let taps = geometry.depth() / inputs.len();
    let weights = outputs
        .iter()
        .flat_map(|&o| inputs.iter().flat_map(move |&i| (0..taps).map(move |tap| weight(layer, [o, i, tap]))))
        .collect();
    let bias = outputs.iter().map(|&o| weight(layer, [o, 77, 0])).collect();
    Op::Contract(Contraction { geometry, weights, bias, scales: None, form: Form::Image })
}

/// Convolution, clip, pool, depthwise convolution, clip, convolution, flatten, dense layer, with these channels of the first
/// and of the third.
fn chain(first: &[usize], third: &[usize]) -> Network {
    let image = |channels: usize, side: usize| Geometry {
        in_height: side,
        in_width: side,
        kernel: [3, 3],
        pads: [1; 4],
        ..Geometry::dense(channels, channels)
    };
    let (a, b) = (first.len(), third.len());
    let pool = Geometry { kernel: [2, 2], stride: [2, 2], pads: [0; 4], groups: a, ..image(a, 6) };
    let dense = Geometry { in_channels: b * 9, ..Geometry::dense(b * 9, 3) };
    // The reader of a flattened channel has its nine pixels.
    let ops = [
        contract(0, Geometry { in_channels: 2, out_channels: a, ..image(a, 6) }, first, &[0, 1]),
        Op::Clip(0.0, f32::INFINITY),
        Op::MaxPool(Window { geometry: pool, count_padding: false }),
        contract_depthwise(Geometry { groups: a, ..image(a, 3) }, first),
        Op::Clip(0.0, 6.0),
        contract(2, Geometry { kernel: [1, 1], pads: [0; 4], out_channels: b, ..image(a, 3) }, third, first),
        Op::Reshape,
        contract(3, dense, &[0, 1, 2], third),
    ];
    let shapes = vec![
        vec![2, 6, 6],
        vec![a, 6, 6],
        vec![a, 6, 6],
        vec![a, 3, 3],
        vec![a, 3, 3],
        vec![a, 3, 3],
        vec![b, 3, 3],
        vec![b * 9],
        vec![3],
    ];
    let step = |(at, op): (usize, Op)| Step { name: format!("node{at}"), op, inputs: vec![at] };
    let steps: Vec<Step> = ops.into_iter().enumerate().map(step).collect();
    let kinds = vec![Kind::F32; shapes.len()];
    Network::new(vec![2, 6, 6], steps, (shapes, kinds), vec![("answer".into(), 8)])
}

fn contract_depthwise(geometry: Geometry, channels: &[usize]) -> Op {
    let weights = channels.iter().flat_map(|&o| (0..9).map(move |tap| weight(1, [o, 0, tap]))).collect();
    let bias = channels.iter().map(|&o| weight(1, [o, 77, 0])).collect();
    Op::Contract(Contraction { geometry, weights, bias, scales: None, form: Form::Image })
}

/// All but the half of `count` filters of least norm.
fn larger_half(layer: usize, count: usize, inputs: usize, taps: usize) -> Vec<usize> {
    let norm = |o: usize| {
        (0..inputs).flat_map(|i| (0..taps).map(move |tap| weight(layer, [o, i, tap]).abs())).sum::<f32>()
    };
    let mut all: Vec<usize> = (0..count).collect();
    all.sort_by(|&a, &b| norm(b).total_cmp(&norm(a)));
    all.truncate(count - count / 2);
    all.sort_unstable();
    all
}

#[test]
fn a_network_without_filters_is_the_smaller_network_bit_for_bit() {
    let whole = chain(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3]);
    let small = chain(&larger_half(0, 6, 2, 9), &larger_half(2, 4, 6, 1));
    let found = pruned(&whole, Prune::Channel { ratio: 0.5 });
    assert_eq!(format!("{found:?}"), format!("{small:?}"));
    let values = (0..20 * 72).map(|at| uniform_at(4, at) as f32 - 0.3).collect();
    let batch = Tensor::new([20, 2, 6, 6], values).unwrap();
    let bits = |outputs: Vec<Tensor<f32>>| outputs[0].data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(found.run(&batch).unwrap()), bits(small.run(&batch).unwrap()));
    for scheme in [Scheme::Symmetric, Scheme::Affine] {
        let run = |network: &Network| {
            let quantized = Quantized::calibrate(network, &Quantize::default(), scheme, &batch).unwrap();
            bits(quantized.run(&Exact, &batch, 0).unwrap())
        };
        assert_eq!(run(&found), run(&small));
        assert_ne!(run(&found), run(&whole));
    }
}

#[test]
fn a_layer_whose_channels_are_answers_stays_whole_and_its_own_rule_is_refused() {
    let whole = chain(&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 3]);
    let filters =
        |network: &Network| network.layers().iter().map(|l| l.geometry.out_channels).collect::<Vec<_>>();
    assert_eq!(filters(&pruned(&whole, Prune::Channel { ratio: 0.5 })), [3, 3, 2, 3]);
    let own = |layer: usize| {
        let mut own = none(&whole);
        own[layer].prune = Some(Prune::Channel { ratio: 0.5 });
        prune(&whole, Prune::None, &own, 1).map(|network| filters(&network))
    };
    assert_eq!(own(2).unwrap(), [6, 6, 2, 3]);
    assert!(own(3).unwrap_err().to_string().contains("answers of the network"));
    assert!(own(1).unwrap_err().to_string().contains("grouped"));
}

#[test]
fn residual_blocks_keep_the_channels_that_they_add() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/models/resnet8_cifar10.onnx");
    let Ok(file) = std::fs::read(shared) else {
        eprintln!("skipped: no ../shared/data/models/resnet8_cifar10.onnx");
        return;
    };
    let network = Network::from_onnx(&file).unwrap();
    let found = pruned(&network, Prune::Channel { ratio: 0.5 });
    let layers = network.layers();
    let halves = layers.iter().zip(found.layers()).filter(|(whole, cut)| {
        assert!(
            [whole.geometry.out_channels, whole.geometry.out_channels / 2]
                .contains(&cut.geometry.out_channels)
        );
        whole.geometry.out_channels != cut.geometry.out_channels
    });
    assert_eq!(halves.count(), 3, "the first convolution of each block");
}

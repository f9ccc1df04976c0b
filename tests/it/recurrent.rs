//! Are the two products of a recurrent cell layers of the array, with the results of the operator text and closed-form costs?

use std::sync::Mutex;

use axsim::config::platform::Dataflow;
use axsim::config::{LayerSettings, Quantize, Rotation};
use axsim::platform::compute::mapping::Mapping;
use axsim::tensor::Tensor;
use axsim::workload::{
    Codes, Engine, Exact, Graph, Kind, Layer, Network, Place, Precision, Quantized, Scheme, Value, Weights,
    top1,
};
use rten_onnx::onnx::{AttributeProto, DataType, ModelProto, NodeProto};

use crate::cli::axsim;
use crate::onnx_layers::{Stored, float, int, ints, model, text, wave};
use crate::onnx_models::shared;

const STEPS: usize = 5;
const INPUT: usize = 3;
const HIDDEN: usize = 4;

fn gates(kind: &str) -> usize {
    match kind {
        "LSTM" => 4,
        "GRU" => 3,
        _ => 1,
    }
}

/// A cell behind an exchange of batch and steps, or one that takes the batch first; `result` is which of its results is read.
fn cell(
    kind: &str,
    (result, batch_first): (usize, bool),
    mut attributes: Vec<AttributeProto>,
    more: &[Stored<'_>],
) -> Vec<u8> {
    let both = attributes.iter().any(|one| one.s.as_deref() == Some("bidirectional"));
    let (directions, rows) = (1 + i64::from(both), (gates(kind) * HIDDEN) as i64);
    let [w, r, b] = [
        vec![directions, rows, INPUT as i64],
        vec![directions, rows, HIDDEN as i64],
        vec![directions, 2 * rows],
    ];
    let filled = |dims: &[i64], step: f64| wave(dims.iter().product::<i64>() as usize, step);
    let mut operands: Vec<Stored<'_>> = vec![
        ("w", DataType::FLOAT, &w, filled(&w, 0.7)),
        ("r", DataType::FLOAT, &r, filled(&r, 1.1)),
        ("b", DataType::FLOAT, &b, filled(&b, 1.9)),
    ];
    operands.extend(more.iter().cloned());
    let named = |name| if operands.iter().any(|one| one.0 == name) { name } else { "" };
    let x = if batch_first { "x" } else { "turned" };
    let inputs = [x, "w", "r", "b", named("lengths"), named("h"), named("c"), named("p")];
    attributes.push(int("hidden_size", HIDDEN as i64));
    if batch_first {
        attributes.push(int("layout", 1));
    }
    let inputs = &inputs[..if kind == "LSTM" { 8 } else { 6 }];
    let sample = [1, STEPS as i64, INPUT as i64];
    let bytes = model(kind, inputs, attributes, (DataType::FLOAT, &sample), &operands);
    let mut proto = ModelProto::parse_buf(&bytes).unwrap();
    let nodes = &mut proto.graph.as_mut().unwrap().node;
    nodes[0].output = (0..=result).map(|at| if at == result { "y".into() } else { String::new() }).collect();
    if !batch_first {
        let turn = NodeProto {
            name: Some("turn".into()),
            op_type: Some("Transpose".into()),
            input: vec!["x".into()],
            output: vec!["turned".into()],
            attribute: vec![ints("perm", &[1, 0, 2])],
            ..Default::default()
        };
        nodes.insert(0, turn);
    }
    proto.opset_import[0].version = Some(14);
    proto.write_buf().unwrap()
}

/// What the operator text makes of it, and the network of the same file.
fn both_ways(bytes: &[u8], samples: &Tensor<f32>) -> (Vec<f64>, Network) {
    let graph = Graph::from_onnx(bytes).unwrap();
    let one = |sample: &[f32]| {
        let elements = sample.iter().map(|&x| f64::from(x)).collect();
        let value = Value::real(Kind::F32, &[1, STEPS, INPUT], elements).unwrap();
        graph.run(vec![value]).unwrap()[0].to_reals()
    };
    (samples.data().chunks(STEPS * INPUT).flat_map(one).collect(), Network::from_onnx(bytes).unwrap())
}

fn samples(count: usize) -> Tensor<f32> {
    let values = wave(count * STEPS * INPUT, 0.37).iter().map(|&x| x as f32).collect();
    Tensor::new([count, STEPS, INPUT], values).unwrap()
}

fn most_apart(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).fold(0.0, |most, (a, b)| (f64::from(*a) - b).abs().max(most))
}

/// Every cell in every direction, with each of what it may have besides.
fn cells() -> Vec<(&'static str, String, Vec<u8>)> {
    let states =
        |name, directions: i64| (name, DataType::FLOAT, dims(directions), wave(4 * directions as usize, 0.6));
    let mut cells = vec![];
    for kind in ["LSTM", "GRU", "RNN"] {
        for (direction, directions) in [("forward", 1), ("reverse", 1), ("bidirectional", 2)] {
            for (batch_first, result) in [(false, 0), (true, 0), (false, 1), (true, 1)] {
                for more in ["", "states", "length", "clip", "peepholes"] {
                    let mut attributes = vec![text("direction", direction)];
                    let mut operands = vec![];
                    match (kind, more) {
                        (_, "states") => operands.push(states("h", directions)),
                        (_, "length") => operands.push(("lengths", DataType::INT32, &[1][..], vec![3.0])),
                        (_, "clip") => attributes.push(float("clip", 0.5)),
                        ("LSTM", "peepholes") => {
                            let dims: &[i64] = if directions == 1 { &[1, 12] } else { &[2, 12] };
                            operands.push(("p", DataType::FLOAT, dims, wave(12 * directions as usize, 0.8)));
                            operands.push(states("c", directions));
                        }
                        _ => {}
                    }
                    if kind == "GRU" {
                        attributes.push(int("linear_before_reset", 1));
                    }
                    // With the batch first, states have it first too.
                    if batch_first && ["states", "peepholes"].contains(&more) {
                        continue;
                    }
                    let bytes = cell(kind, (result, batch_first), attributes, &operands);
                    cells.push((
                        kind,
                        format!("{kind}, {direction}, {batch_first}, {result}, {more}"),
                        bytes,
                    ));
                }
            }
        }
    }
    cells
}

fn dims(directions: i64) -> &'static [i64] {
    if directions == 1 { &[1, 1, 4] } else { &[2, 1, 4] }
}

#[test]
fn cells_are_two_layers_a_direction_with_the_results_of_the_operator_text() {
    let samples = samples(3);
    for (kind, what, bytes) in cells() {
        let (expected, network) = both_ways(&bytes, &samples);
        let found = network.run(&samples).unwrap().remove(0);
        assert!(most_apart(found.data(), &expected) < 1e-5, "{what}: {found:?} is not {expected:?}");
        let layers = network.layers();
        let names: Vec<&str> = layers.iter().map(|layer| &*layer.name).collect();
        let all = ["layer/input", "layer/recurrent", "layer/input_reverse", "layer/recurrent_reverse"];
        let directions = if what.contains("bidirectional") { 2 } else { 1 };
        assert_eq!(names, all[..2 * directions], "{what}");
        // Of every step the rows of all gates, over input and state.
        let steps = if what.ends_with("length") { 3 } else { STEPS };
        let macs: usize = layers
            .iter()
            .zip(network.runs())
            .map(|(layer, runs)| layer.geometry.macs() as usize * runs)
            .sum();
        assert_eq!(macs, directions * steps * gates(kind) * HIDDEN * (INPUT + HIDDEN), "{what}");
        assert_eq!(network.runs()[..2], [1, steps], "{what}");
    }
}

#[test]
fn eight_bits_are_near_and_samples_together_are_what_each_is_alone() {
    let many = samples(6);
    for (_, what, bytes) in cells() {
        let (expected, network) = both_ways(&bytes, &many);
        for scheme in [Scheme::Symmetric, Scheme::Affine] {
            let quantized = Quantized::calibrate(&network, &Quantize::default(), scheme, &many).unwrap();
            let found = quantized.run(&Exact, &many, 0).unwrap().remove(0);
            assert!(
                most_apart(found.data(), &expected) < 0.06,
                "{what}: {}",
                most_apart(found.data(), &expected)
            );
            let size = STEPS * INPUT;
            let alone = |sample: &[f32]| {
                let sample = Tensor::new([1, STEPS, INPUT], sample.to_vec()).unwrap();
                quantized.run(&Exact, &sample, 0).unwrap()[0].data().to_vec()
            };
            assert_eq!(found.data(), many.data().chunks(size).flat_map(alone).collect::<Vec<_>>(), "{what}");
        }
    }
}

/// Reals of codes, and codes of reals, on the grid that a layer's activations are on.
struct Naive<'a>(&'a Quantized, usize, Scheme);

impl Naive<'_> {
    fn code(&self, x: f32) -> i32 {
        let grid = self.0.input_grid(self.1);
        let lowest = i32::from(self.2 == Scheme::Symmetric);
        ((x / grid.scale).round_ties_even() as i32 + i32::from(grid.zero_point)).clamp(lowest, 255)
    }

    fn real(&self, code: i32) -> f32 {
        let grid = self.0.input_grid(self.1);
        (code - i32::from(grid.zero_point)) as f32 * grid.scale
    }

    /// Sums of the products of weight codes and these codes, scaled, a bias added.
    fn sums(&self, codes: &[i32], bias: &[f64]) -> Vec<f32> {
        let (grid, weights) = (self.0.input_grid(self.1), &self.0.weights()[self.1]);
        let filter = |(row, filter): (usize, &[u8])| {
            let product = |(w, x): (&u8, &i32)| {
                (i32::from(*w) - i32::from(weights.zero_point)) * (x - i32::from(grid.zero_point))
            };
            let sum: i32 = filter.iter().zip(codes).map(product).sum();
            sum as f32 * (grid.scale * weights.scales[row]) + bias[row] as f32
        };
        weights.codes.chunks(codes.len()).enumerate().map(filter).collect()
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The states of one sample, step by step from the definitions, on codes.
fn states(kind: &str, (quantized, scheme): (&Quantized, Scheme), sample: &[f32]) -> Vec<f32> {
    let (of_input, of_state) = (Naive(quantized, 0, scheme), Naive(quantized, 1, scheme));
    let rows = gates(kind) * HIDDEN;
    let bias = wave(2 * rows, 1.9);
    let (mut h, mut c) = (vec![of_state.code(0.0); HIDDEN], vec![0.0; HIDDEN]);
    let mut all = vec![];
    for x in sample.chunks(INPUT) {
        let x: Vec<i32> = x.iter().map(|&x| of_input.code(x)).collect();
        let (x, r) = (of_input.sums(&x, &bias[..rows]), of_state.sums(&h, &bias[rows..]));
        let x = |gate: usize, at: usize| f64::from(x[gate * HIDDEN + at]);
        let r = |gate: usize, at: usize| f64::from(r[gate * HIDDEN + at]);
        let sum = |gate: usize, at: usize| x(gate, at) + r(gate, at);
        let state = |at: usize| match kind {
            "LSTM" => {
                // The gates are input, output, forget, cell.
                c[at] = sigmoid(sum(2, at)) * c[at] + sigmoid(sum(0, at)) * sum(3, at).tanh();
                sigmoid(sum(1, at)) * f64::tanh(c[at])
            }
            "GRU" => {
                let (z, reset) = (sigmoid(sum(0, at)), sigmoid(sum(1, at)));
                let new = (x(2, at) + reset * r(2, at)).tanh();
                (1.0 - z) * new + z * f64::from(of_state.real(h[at]))
            }
            _ => sum(0, at).tanh(),
        };
        h = (0..HIDDEN).map(state).map(|x| of_state.code(x as f32)).collect();
        all.extend(h.iter().map(|&code| of_state.real(code)));
    }
    all
}

#[test]
fn states_are_those_of_a_naive_loop_over_the_same_codes() {
    let many = samples(8);
    for kind in ["LSTM", "GRU", "RNN"] {
        let attributes = if kind == "GRU" { vec![int("linear_before_reset", 1)] } else { vec![] };
        let network = Network::from_onnx(&cell(kind, (0, false), attributes, &[])).unwrap();
        for scheme in [Scheme::Symmetric, Scheme::Affine] {
            for bits in [8, 5] {
                let settings = Quantize { weight_bits: bits, ..Quantize::default() };
                let quantized = Quantized::calibrate(&network, &settings, scheme, &many).unwrap();
                let found = quantized.run(&Exact, &many, 0).unwrap().remove(0);
                let expected = many.data().chunks(STEPS * INPUT);
                let expected: Vec<f32> =
                    expected.flat_map(|one| states(kind, (&quantized, scheme), one)).collect();
                assert_eq!(found.data(), expected, "{kind}, {scheme:?}, {bits} bits");
            }
        }
    }
}

/// Notes what is asked for, and adds what hardware might to stored states.
#[derive(Default)]
struct Spy {
    calls: Mutex<Vec<(String, usize)>>,
    places: Mutex<Vec<(usize, usize)>>,
}

impl Engine for Spy {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        self.calls.lock().unwrap().push((layer.name.clone(), weights.codes.len()));
        Exact.contract(layer, input, weights)
    }

    fn store(&self, place: Place, codes: &mut Codes) {
        self.places.lock().unwrap().push((place.start, codes.codes.len()));
    }
}

#[test]
fn an_engine_is_asked_for_the_input_once_and_for_the_state_at_every_step() {
    let network =
        Network::from_onnx(&cell("LSTM", (0, false), vec![text("direction", "reverse")], &[])).unwrap();
    let many = samples(2);
    let quantized = Quantized::calibrate(&network, &Quantize::default(), Scheme::Symmetric, &many).unwrap();
    let spy = Spy::default();
    quantized.run(&spy, &many, 0).unwrap();
    let calls = spy.calls.into_inner().unwrap();
    let recurrent = ("layer/recurrent".to_string(), 4 * HIDDEN * HIDDEN);
    assert_eq!(calls[0], ("layer/input".to_string(), 4 * HIDDEN * INPUT));
    assert_eq!(calls[1..], vec![recurrent; STEPS]);
    // The sample, then the states of each step where they belong.
    let expected = (0..STEPS).rev().map(|step| (step * HIDDEN, 2 * HIDDEN));
    let expected: Vec<_> = [(0, 2 * STEPS * INPUT)].into_iter().chain(expected).collect();
    assert_eq!(spy.places.into_inner().unwrap(), expected);
}

#[test]
fn layers_of_a_cell_have_widths_of_their_own() {
    let network = Network::from_onnx(&cell("LSTM", (0, false), vec![], &[])).unwrap();
    let many = samples(4);
    let own = [
        LayerSettings::default(),
        LayerSettings { weight_bits: Some(3), activation_bits: Some(4), ..LayerSettings::default() },
    ];
    let settings = Quantize::default();
    let precision = Precision::of(&network, &settings, &own).unwrap();
    let quantized =
        Quantized::calibrate_at(&network, (&settings, &precision), Scheme::Symmetric, &many).unwrap();
    assert_eq!([0, 1].map(|layer| quantized.weights()[layer].bits), [8, 3]);
    assert_eq!([0, 1].map(|layer| quantized.input_grid(layer).bits), [8, 4]);
    // Four sums become one element of the state.
    assert_eq!(quantized.output_bits(1), Some(1.0));
    let mut found = quantized.run(&Exact, &many, 0).unwrap().remove(0).data().to_vec();
    found.sort_by(f32::total_cmp);
    found.dedup();
    assert!(found.len() < 16, "{found:?}");
}

#[test]
fn the_input_of_a_cell_may_be_rotated_and_its_state_may_not() {
    let network = Network::from_onnx(&cell("LSTM", (0, false), vec![], &[])).unwrap();
    let settings = Quantize { rotation: Rotation::Hadamard, ..Quantize::default() };
    let calibrate = |own: [Option<Rotation>; 2]| {
        let own = own.map(|rotation| LayerSettings { rotation, ..LayerSettings::default() });
        let precision = Precision::of(&network, &settings, &own).unwrap();
        Quantized::calibrate_at(&network, (&settings, &precision), Scheme::Symmetric, &samples(2))
    };
    let error = calibrate([None; 2]).unwrap_err().to_string();
    assert!(error.contains("layer `layer/recurrent`") && error.contains("`rotation: none`"), "{error}");
    calibrate([None, Some(Rotation::None)]).unwrap();
}

#[test]
fn what_an_array_is_not_asked_for_runs_in_float_and_is_refused_by_name() {
    let many = samples(2);
    let twice = cell("GRU", (0, false), vec![], &[]);
    let inner = cell("LSTM", (2, false), vec![], &[]);
    for bytes in [twice, inner] {
        let (expected, network) = both_ways(&bytes, &many);
        assert!(most_apart(network.run(&many).unwrap()[0].data(), &expected) < 1e-6);
        let error = Quantized::calibrate(&network, &Quantize::default(), Scheme::Affine, &many).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("node `layer` multiplies and adds"), "{error}");
        assert!(error.contains("linear_before_reset = 1") && error.contains("`Y_c`"), "{error}");
    }
    let wrong = cell("RNN", (0, false), vec![text("direction", "backward")], &[]);
    let error = Network::from_onnx(&wrong).unwrap_err().to_string();
    assert!(error.contains("forward, reverse or bidirectional"), "{error}");
}

/// Rows of MNIST digits as steps, and the digits.
fn digits(root: &std::path::Path, [images, labels]: [&str; 2], count: usize) -> (Tensor<f32>, Vec<usize>) {
    let open = |name: &str| {
        let mut bytes = vec![];
        let file = std::fs::File::open(root.join("mnist").join(name)).unwrap();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(file), &mut bytes).unwrap();
        bytes
    };
    let pixels = open(images)[16..][..count * 784].iter().map(|&byte| f32::from(byte) / 255.0).collect();
    let labels = open(labels)[8..][..count].iter().map(|&label| usize::from(label)).collect();
    (Tensor::new([count, 28, 28], pixels).unwrap(), labels)
}

#[test]
fn a_trained_cell_reads_digits_in_eight_bits_as_in_float() {
    let Some(root) = shared() else { return };
    let network = Network::from_onnx(&std::fs::read(root.join("models/lstm_mnist.onnx")).unwrap()).unwrap();
    let (test, labels) = digits(&root, ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"], 1000);
    let calibration = ["calib-1000-train-images-idx3-ubyte.gz", "calib-1000-train-labels-idx1-ubyte.gz"];
    let (calibration, _) = digits(&root, calibration, 200);
    let right = |logits: &Tensor<f32>| top1(logits, &labels).into_iter().filter(|right| *right).count();
    let float = right(&network.run(&test).unwrap()[0]);
    for scheme in [Scheme::Symmetric, Scheme::Affine] {
        let quantized = Quantized::calibrate(&network, &Quantize::default(), scheme, &calibration).unwrap();
        let found = right(&quantized.run(&Exact, &test, 0).unwrap()[0]);
        eprintln!("{scheme:?}: {found} of 1000 with 8 bits, {float} in float");
        assert!(found.abs_diff(float) <= 10, "{scheme:?}: {found} with 8 bits, {float} in float");
    }
}

#[test]
fn a_run_pays_for_the_state_once_a_step_and_fetches_its_weights_once() {
    let Some(root) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let workload = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/lstm_mnist.yaml");
    let config = folder.path().join("run.yaml");
    let text = format!(
        "workload: {}\nplatform: camera_edge\napproximate: {{compute.array.layers.#1: mul8s_bwtrunc_t6}}\n",
        workload.display()
    );
    std::fs::write(&config, text).unwrap();
    let (config, out) = (config.to_str().unwrap(), folder.path().to_str().unwrap());
    let mut command = axsim(&["run", config, "--quiet", "--out", out, "--set", "workload.samples=20"]);
    command.arg("--data").arg(root).assert().success();
    let found: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap();
    let layers = found["baseline"]["layers"].as_array().unwrap();
    let sizes =
        |layer: &serde_json::Value| (layer["runs"].as_f64().unwrap_or(1.0), layer["macs"].as_u64().unwrap());
    let sizes: Vec<(f64, u64)> = layers.iter().map(sizes).collect();
    assert_eq!(sizes, [(1.0, 28 * 80 * 28), (28.0, 80 * 20), (1.0, 28 * 20 * 10)], "{layers:?}");
    // Only what the state is multiplied with is approximate.
    let errors: Vec<bool> = found["approximate"]["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["relative_error"].as_f64().unwrap() > 0.0)
        .collect();
    assert_eq!(errors, [false, true, false]);
    let ledger = |component: &str, action: &str| -> f64 {
        let lines = found["baseline"]["ledger"].as_object().unwrap().values();
        let named = lines.filter(|line| line["component"] == component && line["action"] == action);
        named.map(|line| line["count"].as_f64().unwrap()).sum()
    };
    let weights = (80 * 28 + 80 * 20 + 28 * 20 * 10) as f64;
    assert_eq!(ledger("memory.main", "read bits"), 8.0 * (weights + 784.0));
    let mapping = |positions: usize, depth: usize, outputs: usize| {
        Mapping::of(
            &axsim::kernel::Gemm { groups: 1, positions, depth, outputs },
            16,
            16,
            Dataflow::WeightStationary,
        )
    };
    let all =
        [(1.0, mapping(28, 28, 80), 0.0), (28.0, mapping(1, 20, 80), 80.0), (1.0, mapping(1, 560, 10), 0.0)];
    let read = |(runs, of, taken): &(f64, Mapping, f64)| {
        runs * ((of.input_reads + of.weight_reads) as f64 + 4.0 * (of.partial_reads as f64 + taken))
    };
    assert_eq!(8.0 * ledger("memory.buffer", "read words"), all.iter().map(read).sum::<f64>());
    // Sums of the input wait as they are, a state is a byte, a class too.
    let partial: f64 = all.iter().map(|(runs, of, _)| 4.0 * runs * of.partial_reads as f64).sum();
    let written = partial + 4.0 * 28.0 * 80.0 + 28.0 * 20.0 + 10.0 + weights + 784.0;
    assert_eq!(8.0 * ledger("memory.buffer", "write words"), written);
    let macs =
        all.iter().zip([28 * 28 * 80, 20 * 80, 560 * 10]).map(|((runs, ..), macs)| runs * f64::from(macs));
    let spent: f64 =
        layers.iter().zip(macs).map(|(layer, macs)| layer["mac_energy_j"].as_f64().unwrap() * macs).sum();
    let energy: f64 = layers.iter().map(|layer| layer["energy_j"].as_f64().unwrap()).sum();
    assert!((spent / energy - 1.0).abs() < 1e-9, "{spent} is not {energy}");
}

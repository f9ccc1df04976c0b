//! What do units of signs cost beside integer units, and what do binary layers cost a network that was trained for them?

use std::io::Read;
use std::path::Path;

use axsim::rng::Stream;
use axsim::tensor::Tensor;
use axsim::workload::Network;
use rten_onnx::onnx::{AttributeProto, DataType, GraphProto, ModelProto, NodeProto, TensorProto};
use serde_json::{Value, json};

use crate::cli::axsim;
use crate::memory::value_info;
use crate::straight_through::{Net, Shape};

#[test]
fn one_command_prices_units_of_signs_beside_integer_units_and_a_published_chip() {
    let run = axsim(&["characterize", "binary", "--json", "-"]).assert().success();
    let found: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let units = found["units"].as_array().unwrap();
    let each = |id: &str| {
        let unit = units.iter().find(|unit| unit["unit"]["design"] == id).unwrap();
        unit["energy_fj"].as_f64().unwrap()
    };
    // Words share accumulator and registers: the longer, the less a product takes.
    let energies = ["mac8s_bw", "mac8s_bw__l16", "xnor8", "xnor16", "xnor64"].map(each);
    assert!(energies.is_sorted_by(|one, next| one > next), "{energies:?}");
    assert_eq!(found["context"]["trust"], "abstract");
    let text = axsim(&["characterize", "binary"]).assert().success();
    let text = String::from_utf8(text.get_output().stdout.clone()).unwrap();
    for told in [
        "times less than mac8s_bw__l16",
        "published [abstract]: 35 and 405 fJ, 11.6 times less",
        "nangate45 at 1.1 V",
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    let refused =
        axsim(&["characterize", "binary", "--terms", "3"]).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(refused).unwrap().contains("leave out `--terms`"));
}

/// Scenes of a file of the embedded task with their digits.
fn scenes(name: &str) -> (Vec<Vec<u8>>, Vec<u8>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes");
    let bytes = |kind: &str| {
        let file = std::fs::File::open(folder.join(format!("{name}-{kind}-ubyte.gz"))).unwrap();
        let mut bytes = vec![];
        flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        bytes
    };
    let (images, labels) = (bytes("images-idx3"), bytes("labels-idx1"));
    (images[16..].chunks_exact(48 * 48).map(<[u8]>::to_vec).collect(), labels[8..].to_vec())
}

fn idx(folder: &Path, name: &str, images: &[Vec<u8>], labels: &[u8]) {
    let size = |n: usize| (n as u32).to_be_bytes().to_vec();
    let header = [vec![0, 0, 8, 3], size(images.len()), size(48), size(48)].concat();
    std::fs::write(folder.join(format!("{name}-images")), [header, images.concat()].concat()).unwrap();
    let header = [vec![0, 0, 8, 1], size(labels.len())].concat();
    std::fs::write(folder.join(format!("{name}-labels")), [header, labels.to_vec()].concat()).unwrap();
}

/// The first two convolutions of the embedded network, whose sums are features before their rectifier.
fn front() -> ModelProto {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.onnx");
    let mut model = ModelProto::parse_buf(&std::fs::read(file).unwrap()).unwrap();
    let graph = model.graph.as_mut().unwrap();
    graph.node.truncate(3);
    graph.output = vec![value_info(&graph.node[2].output[0], &[1, 16, 12, 12])];
    model
}

/// Features of scenes, in single precision.
fn features(scenes: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let network = Network::from_onnx(&front().write_buf().unwrap()).unwrap();
    let of = |scene: &Vec<f32>| {
        let scene = Tensor::new([1, 1, 48, 48], scene.clone()).unwrap();
        network.run(&scene).unwrap().remove(0).data().to_vec()
    };
    scenes.iter().map(of).collect()
}

/// Behind those convolutions what was trained on their features, as `binary0`, `binary1` and `scores`.
fn onnx(net: &Net) -> Vec<u8> {
    let mut model = front();
    let graph = model.graph.as_mut().unwrap();
    let stored = |graph: &mut GraphProto, name: String, dims: &[usize], data: &[f32]| {
        graph.initializer.push(TensorProto {
            name: Some(name.clone()),
            dims: dims.iter().map(|size| *size as i64).collect(),
            data_type: Some(DataType::FLOAT),
            float_data: data.to_vec(),
            ..Default::default()
        });
        name
    };
    let node = |graph: &mut GraphProto,
                kind: &str,
                inputs: Vec<String>,
                output: &str,
                attribute: Vec<AttributeProto>| {
        graph.node.push(NodeProto {
            name: Some(output.into()),
            op_type: Some(kind.into()),
            input: inputs,
            output: vec![output.into()],
            attribute,
            ..Default::default()
        });
        output.to_string()
    };
    let window =
        |name: &str, ints: Vec<i64>| AttributeProto { name: Some(name.into()), ints, ..Default::default() };
    let mut value = graph.node[2].output[0].clone();
    for (layer, shape) in net.shapes.iter().enumerate() {
        let [weights, bias] = &net.parameters[layer];
        let dims = [shape.outputs, shape.inputs, shape.kernel, shape.kernel];
        let inputs = vec![
            value,
            stored(graph, format!("binary{layer}.weights"), &dims, weights),
            stored(graph, format!("binary{layer}.bias"), &dims[..1], bias),
        ];
        let attributes = vec![
            window("strides", vec![shape.stride as i64; 2]),
            window("pads", vec![shape.pad() as i64; 4]),
        ];
        value = node(graph, "Conv", inputs, &format!("binary{layer}"), attributes);
    }
    value = node(graph, "Relu", vec![value], "rectified", vec![]);
    value = node(graph, "Flatten", vec![value], "flat", vec![]);
    let [weights, bias] = &net.parameters[net.shapes.len()];
    let inputs = vec![
        value,
        stored(graph, "scores.weights".into(), &[10, weights.len() / 10], weights),
        stored(graph, "scores.bias".into(), &[10], bias),
    ];
    let transposed = AttributeProto { name: Some("transB".into()), i: Some(1), ..Default::default() };
    node(graph, "Gemm", inputs, "scores", vec![transposed]);
    graph.output = vec![value_info("scores", &[1, 10])];
    model.write_buf().unwrap()
}

/// Trains so many epochs on features: two binary convolutions and a dense layer that is not.
fn trained(features: &[Vec<f32>], classes: &[usize], epochs: usize) -> Net {
    let shape = |inputs, outputs, side| Shape { inputs, outputs, kernel: 3, stride: 2, side };
    let mut stream = Stream::new(1, "test.binary", 0);
    let mut net = Net::new(vec![shape(16, 40, 12), shape(40, 64, 6)], &mut stream);
    net.balance(&features[..128]);
    net.train(features, classes, epochs, &mut stream);
    net
}

/// A run of a workload file, and what was printed.
fn run(folder: &Path, workload: &Value, knobs: &Value) -> (Value, String) {
    let config = folder.join("run.yaml");
    let platform = json!({"preset": "always_on", "sensor": "ideal"});
    let file = json!({"workload": workload, "platform": platform, "approximate": knobs});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.to_str().unwrap();
    let run = axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", out]).assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    (serde_json::from_slice(&std::fs::read(folder.join("outcome.json")).unwrap()).unwrap(), printed)
}

fn real(scenes: &[Vec<u8>]) -> Vec<Vec<f32>> {
    scenes.iter().map(|scene| scene.iter().map(|pixel| f32::from(*pixel) / 255.0).collect()).collect()
}

/// Trained on the features of 1,056 scenes of the embedded task and scored on the 200 others, by the trainer and by the array.
#[test]
fn a_network_trained_to_be_binary_scores_on_units_of_signs_what_its_trainer_says() {
    let (calibration, own) = scenes("calibration");
    let (test, digits) = scenes("test");
    let (learned, scored) = test.split_at(800);
    let images = [&calibration[..], learned].concat();
    let classes: Vec<usize> = own.iter().chain(&digits[..800]).map(|digit| usize::from(*digit)).collect();
    let net = trained(&features(&real(&images)), &classes, 20);
    let right = net
        .classes(&features(&real(scored)))
        .iter()
        .zip(&digits[800..])
        .filter(|(a, b)| **a == usize::from(**b))
        .count();
    let by_trainer = right as f64 / scored.len() as f64;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net.onnx"), onnx(&net)).unwrap();
    idx(folder.path(), "test", scored, &digits[800..]);
    idx(folder.path(), "calibration", &calibration, &own);
    let files = |name: &str| json!({"images": format!("{name}-images"), "labels": format!("{name}-labels")});
    let workload = json!({
        "model": "net.onnx",
        "data": {"idx": {"test": files("test"), "calibration": files("calibration")}},
        "preprocess": {"scale": 1.0 / 255.0, "mean": [0], "std": [1]},
        "samples": scored.len(), "score": "top1",
        "layers": {"binary0": {"binary": true}, "binary1": {"binary": true}},
    });
    let (found, printed) = run(folder.path(), &workload, &json!({"layers.scores.weight_bits": 8}));
    let score = found["baseline"]["score"]["value"].as_f64().unwrap();
    eprintln!("{by_trainer} by the trainer, {score} by the array\n{printed}");
    // Codes of 8 bits instead of reals before the first signs and in K turn a few answers.
    assert!((score - by_trainer).abs() <= 0.03, "{by_trainer} by the trainer, {score} by the array");
    assert!(score > 0.4, "{score}");
    let layers = found["baseline"]["layers"].as_array().unwrap();
    assert!([0, 1, 4].iter().all(|wide| layers[*wide]["binary"].is_null()));
    // 144 and 360 products take 3 and 6 words, and two multiplications scale each output.
    for (layer, [outputs, depth, words]) in
        layers[2..4].iter().zip([[36.0 * 40.0, 144.0, 3.0], [9.0 * 64.0, 360.0, 6.0]])
    {
        let binary = &layer["binary"];
        assert_eq!(binary["words"], outputs * words);
        assert_eq!(binary["multiplications"], 2.0 * outputs);
        let speed_up = binary["speed_up"].as_f64().unwrap();
        assert!((speed_up - depth / (words + 2.0)).abs() < 1e-9);
        assert!(layer["cycles"].as_u64().unwrap() < binary["multiplied_cycles"].as_u64().unwrap());
    }
    // The same weights multiplied in 8 bits take more of everything.
    let mut wide = workload.clone();
    wide.as_object_mut().unwrap().remove("layers");
    let (wide, _) =
        run(folder.path(), &wide, &json!({"layers.binary0.binary": true, "layers.binary1.binary": true}));
    assert_eq!(wide["approximate"]["score"], found["baseline"]["score"]);
    assert_eq!(wide["approximate"]["energy_j"], found["baseline"]["energy_j"]);
    for figure in ["compute", "memory"] {
        let [binary, wide] =
            ["approximate", "baseline"].map(|which| wide[which]["energy_j"][figure].as_f64().unwrap());
        assert!(binary < wide, "{figure}: {binary} {wide}");
    }
}

/// The embedded network was trained in float, and its rectifiers leave nothing negative: all signs are +.
#[test]
fn a_network_that_was_not_trained_for_it_loses_most_of_what_it_knows() {
    let folder = tempfile::tempdir().unwrap();
    let scenes = json!(Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml"));
    let config = folder.path().join("run.yaml");
    let file = json!({"workload": scenes, "platform": "always_on", "approximate": {"layers.#1.binary": true, "layers.#2.binary": true}});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.path().to_str().unwrap();
    let run =
        axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", out, "--set", "workload.samples=100"])
            .assert()
            .success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    eprintln!("{printed}");
    let found: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap();
    let [exact, binary] =
        ["baseline", "approximate"].map(|which| found[which]["score"]["value"].as_f64().unwrap());
    assert!(exact > 0.9 && binary < 0.5, "{exact} {binary}");
    for told in ["Binary after XNOR-Net: ", "1-bit weights"] {
        assert!(printed.contains(told), "{told}\n{printed}");
    }
}

#[test]
fn layers_that_are_not_binary_are_the_exact_run_and_two_widths_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let scenes = json!(Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.yaml"));
    let config = folder.path().join("run.yaml");
    let file =
        json!({"workload": scenes, "platform": "always_on", "approximate": {"layers.#1.binary": false}});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.path().to_str().unwrap();
    axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", out, "--set", "workload.samples=32"])
        .assert()
        .success();
    let found: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap();
    for figure in ["score", "energy_j", "ledger", "cycles", "area_mm2", "latency_s"] {
        assert_eq!(found["approximate"][figure], found["baseline"][figure], "{figure}");
    }
    for (settings, expected) in [
        (r##"{"#1": {"binary": true, "weight_bits": 4}}"##, "leave `weight_bits` out, or `binary`"),
        (r##"{"#1": {"binary": 1}}"##, "expected a boolean"),
    ] {
        let set = format!("workload.layers={settings}");
        let refused = axsim(&["check", config.to_str().unwrap(), "--set", &set]).assert().code(2);
        let told = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        let told = told.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(expected), "{settings}: {told}");
    }
}

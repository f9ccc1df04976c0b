//! What do units of signs cost beside integer units, and what do binary layers cost a network that was trained for them?

use std::io::Read;
use std::path::Path;

use axsim::tensor::Tensor;
use axsim::workload::Network;
use rayon::prelude::*;
use rten_onnx::onnx::{DataType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto};
use serde_json::{Value, json};

use crate::cli::axsim;
use crate::memory::value_info;
use crate::own_data::{npy, reals};

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

/// The shipped network whose third and fourth convolution are trained to multiply signs.
fn shipped() -> ModelProto {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/binary.onnx");
    ModelProto::parse_buf(&std::fs::read(file).unwrap()).unwrap()
}

/// What its second convolution makes of a scene, which no rectifier bounds.
fn front() -> Network {
    let mut model = shipped();
    let graph = model.graph.as_mut().unwrap();
    graph.node.truncate(3);
    graph.output = vec![value_info(&graph.node[2].output[0], &[1, 16, 12, 12])];
    Network::from_onnx(&model.write_buf().unwrap()).unwrap()
}

/// Weights and biases of a layer.
fn parameters(model: &ModelProto, layer: &str) -> [Vec<f64>; 2] {
    ["weight", "bias"].map(|what| {
        let name = format!("{layer}.{what}");
        let stored = &model.graph.as_ref().unwrap().initializer;
        let stored = stored.iter().find(|stored| stored.name.as_ref() == Some(&name)).unwrap();
        let bytes = stored.raw_data.as_ref().unwrap();
        bytes.borrow().chunks(4).map(|real| f64::from(f32::from_le_bytes(real.try_into().unwrap()))).collect()
    })
}

/// A convolution of a kernel of 3 after equation 11 of XNOR-Net, of reals [channels, side, side].
fn signs_multiplied(
    reals: &[f64],
    [weights, bias]: &[Vec<f64>; 2],
    [inputs, side, stride, pad]: [usize; 4],
) -> Vec<f64> {
    let (depth, out_side) = (inputs * 9, (side + 2 * pad - 3) / stride + 1);
    let sign = |real: f64| if real < 0.0 { -1.0 } else { 1.0 };
    let mut sums = vec![];
    for (filter, bias) in weights.chunks(depth).zip(bias) {
        let alpha = filter.iter().map(|weight| weight.abs()).sum::<f64>() / depth as f64;
        for position in 0..out_side * out_side {
            let (mut sum, mut magnitudes) = (0.0, 0.0);
            for (k, weight) in filter.iter().enumerate() {
                let y = position / out_side * stride + k % 9 / 3;
                let x = position % out_side * stride + k % 3;
                if (pad..side + pad).contains(&y) && (pad..side + pad).contains(&x) {
                    let real = reals[(k / 9 * side + y - pad) * side + x - pad];
                    sum += sign(real) * sign(*weight);
                    magnitudes += real.abs();
                }
            }
            sums.push(sum * alpha * magnitudes / depth as f64 + bias);
        }
    }
    sums
}

/// What the network answers in reals, computed as its definition says.
fn answer([conv3, conv4, classifier]: &[[Vec<f64>; 2]; 3], features: &[f64]) -> usize {
    let third = signs_multiplied(features, conv3, [16, 12, 2, 1]);
    let fourth = signs_multiplied(&third, conv4, [40, 6, 1, 0]);
    let pooled: Vec<f64> =
        fourth.chunks(16).map(|channel| channel.iter().map(|sum| sum.max(0.0)).sum::<f64>() / 16.0).collect();
    let [weights, bias] = classifier;
    let score = |(row, bias): (&[f64], &f64)| row.iter().zip(&pooled).map(|(w, x)| w * x).sum::<f64>() + bias;
    let scores: Vec<f64> = weights.chunks(pooled.len()).zip(bias).map(score).collect();
    (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap()
}

fn run(folder: &Path, settings: &[&str]) -> (Value, String) {
    let out = folder.to_str().unwrap();
    let run = axsim(&["run", "configs/runs/binary.yaml", "--quiet", "--out", out])
        .args(settings)
        .assert()
        .success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    (serde_json::from_slice(&std::fs::read(folder.join("outcome.json")).unwrap()).unwrap(), printed)
}

/// `train_binary.py` printed 90.20 % when it wrote the file.
#[test]
fn the_shipped_binary_network_scores_what_its_trainer_says_by_its_definition_and_on_units_of_signs() {
    let (images, digits) = scenes("test");
    let (model, front) = (shipped(), front());
    let layers = ["conv3", "conv4", "classifier"].map(|layer| parameters(&model, layer));
    let is_right = |(image, digit): (&Vec<u8>, &u8)| {
        let reals = image.iter().map(|pixel| f32::from(*pixel) / 255.0).collect();
        let features = front.run(&Tensor::new([1, 1, 48, 48], reals).unwrap()).unwrap().remove(0);
        let features: Vec<f64> = features.data().iter().copied().map(f64::from).collect();
        answer(&layers, &features) == usize::from(*digit)
    };
    let right = images.par_iter().zip(&digits).filter(|one| is_right(*one)).count();
    // Sums in another order may turn the answer to a scene or two.
    assert!(right.abs_diff(902) <= 2, "{right} of 1000");
    let folder = tempfile::tempdir().unwrap();
    let (found, printed) = run(folder.path(), &[]);
    let score = found["baseline"]["score"]["value"].as_f64().unwrap();
    // Codes of 8 bits instead of reals turn a few more.
    assert!((score - 0.902).abs() <= 0.01, "{score} by the array");
    assert!(printed.contains("which multiplies reals where layers are binary"), "{printed}");
    let counts = "16 bits that count signs alike, added exactly";
    let semantics = format!(
        "\nSemantics: products `centred`; padding `drop`; sums of 32 bits that wrap, added exactly; order `channels_first`; weight \
         scales `per_channel`; rounding `half_even`; ranges `min_max` on 256 samples; binary in conv3, conv4: products of signs by \
         exclusive-nor, zero as +, none in padding, sums of {counts}, in any order, scaled by the mean magnitudes of filter (α) \
         and window (K).\n"
    );
    let same =
        |of: &str| printed.contains(&semantics.replacen("Semantics", &format!("Semantics of {of}"), 1));
    assert!(printed.contains(&semantics) || ["exact", "approximate"].into_iter().all(same), "{printed}");
    let layers = found["baseline"]["layers"].as_array().unwrap();
    assert!(layers.iter().all(|layer| (layer["sums"] == counts) == layer["binary"].is_object()));
    assert!([0, 1, 4].iter().all(|wide| layers[*wide]["binary"].is_null()));
    // 144 and 360 products take 3 and 6 words, and two multiplications scale each output.
    for (layer, [outputs, depth, words]) in
        layers[2..4].iter().zip([[36.0 * 40.0, 144.0, 3.0], [16.0 * 112.0, 360.0, 6.0]])
    {
        let binary = &layer["binary"];
        assert_eq!(binary["words"], outputs * words);
        assert_eq!(binary["multiplications"], 2.0 * outputs);
        let speed_up = binary["speed_up"].as_f64().unwrap();
        assert!((speed_up - depth / (words + 2.0)).abs() < 1e-9);
        assert!(layer["cycles"].as_u64().unwrap() < binary["multiplied_cycles"].as_u64().unwrap());
    }
}

/// Products of two's complement bytes reach 2^14, so that 20 bits surely hold 31 of them.
#[test]
fn a_narrow_accumulator_is_not_told_of_layers_that_count_signs() {
    let folder = tempfile::tempdir().unwrap();
    let narrow = "platform.compute.array.accumulator_bits=20";
    let (found, printed) = run(folder.path(), &["--set", "workload.samples=4", "--set", narrow]);
    for layer in found["baseline"]["layers"].as_array().unwrap() {
        let wide = layer["binary"].is_null() && layer["name"] != "conv1";
        assert_eq!(layer["holds"].as_u64(), wide.then_some(31), "{layer}");
    }
    let layers = found["baseline"]["layers"].as_array().unwrap().iter();
    let told = layers.filter(|layer| !layer["holds"].is_null());
    let told = told.map(|layer| format!("{} ({})", layer["name"].as_str().unwrap(), layer["summed"]));
    let warned = format!(
        "surely hold the sum of 31 products, and more are summed in {}: ",
        told.collect::<Vec<_>>().join(", ")
    );
    assert!(
        printed.contains(&warned) && warned.contains("conv2 (") && warned.contains(", classifier ("),
        "{printed}"
    );
}

/// The same weights multiplied in 8 bits take more of everything, and know less.
#[test]
fn binary_as_a_knob_is_binary_by_the_workload() {
    let folders = [0, 1].map(|_| tempfile::tempdir().unwrap());
    let samples = ["--set", "workload.samples=100"];
    let (by_workload, _) = run(folders[0].path(), &samples);
    let knobs = [
        "--set",
        "workload.layers={}",
        "--set",
        r#"approximate={"layers.conv3.binary": true, "layers.conv4.binary": true}"#,
    ];
    let (by_knob, _) = run(folders[1].path(), &[&samples[..], &knobs].concat());
    for figure in ["score", "energy_j", "latency_s"] {
        assert_eq!(by_knob["approximate"][figure], by_workload["baseline"][figure], "{figure}");
    }
    let of = |which: &str, figure: [&str; 2]| by_knob[which][figure[0]][figure[1]].as_f64().unwrap();
    for figure in ["compute", "memory"] {
        let [binary, wide] = ["approximate", "baseline"].map(|which| of(which, ["energy_j", figure]));
        assert!(binary < wide, "{figure}: {binary} {wide}");
    }
    assert!(of("approximate", ["score", "value"]) > of("baseline", ["score", "value"]));
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
        (
            r##"{"#1": {"weight_bits": 2, "format": {"weights": {"int": {"bits": 4}}}}}"##,
            "leave `weight_bits` out, or give it plain numbers",
        ),
    ] {
        let set = format!("workload.layers={settings}");
        let refused = axsim(&["check", config.to_str().unwrap(), "--set", &set]).assert().code(2);
        let told = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        let told = told.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(expected), "{settings}: {told}");
    }
}

/// A file of one product of matrices as deep as said.
fn deep(depth: usize) -> Vec<u8> {
    let values = (0..2 * depth).map(|at| (at % 7) as f32 - 3.0).collect();
    let weights = TensorProto {
        name: Some("w".into()),
        dims: vec![depth as i64, 2],
        data_type: Some(DataType::FLOAT),
        float_data: values,
        ..Default::default()
    };
    let product = NodeProto {
        name: Some("deep".into()),
        op_type: Some("MatMul".into()),
        input: vec!["x".into(), "w".into()],
        output: vec!["y".into()],
        ..Default::default()
    };
    let graph = GraphProto {
        node: vec![product],
        initializer: vec![weights],
        input: vec![value_info("x", &[1, depth as i64])],
        output: vec![value_info("y", &[1, 2])],
        ..Default::default()
    };
    let opset = OperatorSetIdProto { version: Some(17), ..Default::default() };
    ModelProto { graph: Some(graph), opset_import: vec![opset], ..Default::default() }.write_buf().unwrap()
}

/// Codes of bytes reach 255, those of signed multipliers 127.
#[test]
fn sums_of_a_deep_binary_layer_fit_or_are_refused_with_what_fits() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
    let check = |depth: usize, multiplier: &str| {
        write("deep.onnx", deep(depth));
        write("x.npy", reals(&[20, depth], &(0..20 * depth).map(|at| at as f32).collect::<Vec<_>>()));
        write("y.npy", npy("<i8", &[20], &[0; 8 * 20]));
        let data = json!({"npy": {"test": {"array": "x.npy", "labels": {"npy": "y.npy"}}}});
        let layers = json!({"deep": {"binary": true}});
        let workload = json!({"model": "deep.onnx", "data": data, "samples": 18, "layers": layers});
        let array = json!({"multiplier": multiplier});
        let platform = json!({"preset": "always_on", "sensor": "ideal", "compute": {"array": array}});
        let config = folder.path().join("run.yaml");
        std::fs::write(&config, json!({"workload": workload, "platform": platform}).to_string()).unwrap();
        let output = axsim(&["check", config.to_str().unwrap()]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let told = told.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        if output.status.success() { Ok(()) } else { Err(told) }
    };
    let refused = check(2902, "mul8u_exact").unwrap_err();
    assert!(
        refused.contains("`deep`") && refused.contains("a signed multiplier takes magnitudes of 7 bits"),
        "{refused}"
    );
    assert_eq!([check(2901, "mul8u_exact"), check(2902, "mul8s_bw")], [Ok(()), Ok(())]);
}

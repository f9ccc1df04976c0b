//! Does a mixture of experts compute, and pay for, the experts alone that each sample asks?

mod train;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use axsim::config::{Config, Experts, Quantize, Setup};
use axsim::platform::compute::array::Open;
use axsim::run::Evaluator;
use axsim::run::outcome::Outcome;
use axsim::tensor::Tensor;
use axsim::workload::data::{Set, Truth};
use axsim::workload::{Codes, Engine, Exact, Layer, Network, Place, Quantized, Scheme, Task, Weights, load};
use indexmap::IndexMap;
use rten_onnx::onnx::{AttributeProto, DataType, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use tempfile::TempDir;
use train::{Dense, EXPERTS, Mixture, gates, train};

const TOP: usize = 2;
/// Multiply-accumulates of an expert: 112 features to 48 to 10 classes.
const EXPERT: u64 = 112 * 48 + 48 * 10;
/// Those of the convolutions, and of the router.
const ALWAYS: u64 = 115_200 + 165_888 + 207_360 + 645_120 + 112 * EXPERTS as u64;

fn scenes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes")
}

fn node(name: &str, kind: &str, inputs: &[&str], outputs: &[&str], attributes: &[(&str, i64)]) -> NodeProto {
    let int = |&(name, i): &(&str, i64)| AttributeProto {
        name: Some(name.into()),
        i: Some(i),
        ..Default::default()
    };
    NodeProto {
        name: Some(name.into()),
        op_type: Some(kind.into()),
        input: inputs.iter().map(|name| (*name).into()).collect(),
        output: outputs.iter().map(|name| (*name).into()).collect(),
        attribute: attributes.iter().map(int).collect(),
        ..Default::default()
    }
}

fn reals(name: &str, dims: &[i64], data: impl Iterator<Item = f64>) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        data_type: Some(DataType::FLOAT),
        dims: dims.to_vec(),
        float_data: data.map(|x| x as f32).collect(),
        ..Default::default()
    }
}

fn wholes(name: &str, data: &[i64]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        data_type: Some(DataType::INT64),
        dims: vec![data.len() as i64],
        int64_data: data.to_vec(),
        ..Default::default()
    }
}

fn output(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: Some(name.into()), ..Default::default() }
}

/// The embedded network up to its features.
fn trunk() -> ModelProto {
    let mut model = ModelProto::parse_buf(&fs::read(scenes().join("scenes.onnx")).unwrap()).unwrap();
    let graph = model.graph.as_mut().unwrap();
    graph.node.pop();
    graph.initializer.retain(|stored| !stored.name.as_ref().unwrap().starts_with("classifier"));
    graph.output = vec![output("features")];
    model
}

/// The same with a mixture of experts behind them, answering `logits` and `gates`.
fn model(mixture: &Mixture) -> Vec<u8> {
    let mut model = trunk();
    let graph = model.graph.as_mut().unwrap();
    let mut dense = |name: &str, layer: &Dense, [from, to]: [&str; 2]| {
        let [weights, bias] = ["weight", "bias"].map(|what| format!("{name}.{what}"));
        let dims = [layer.weights.len() as i64, layer.weights[0].len() as i64];
        graph.initializer.push(reals(&weights, &dims, layer.weights.iter().flatten().copied()));
        graph.initializer.push(reals(&bias, &dims[..1], layer.bias.iter().copied()));
        graph.node.push(node(name, "Gemm", &[from, &weights, &bias], &[to], &[("transB", 1)]));
    };
    dense("router", &mixture.router, ["features", "scores"]);
    for (at, [hidden, readout]) in mixture.experts.iter().enumerate() {
        let of = |what: &str| format!("expert{at}.{what}");
        dense(&of("hidden"), hidden, ["features", &of("sums")]);
        // The readout reads what the bound makes of the sums, which is put before it below.
        dense(&of("readout"), readout, [&of("bounded"), &of("answer")]);
    }
    let stored =
        [wholes("top", &[TOP as i64]), reals("none", &[1, EXPERTS as i64], [0.0; EXPERTS].into_iter())];
    graph.initializer.extend(stored);
    let (router, experts) =
        (graph.node.iter().position(|node| node.name.as_deref() == Some("router")).unwrap(), EXPERTS);
    let mut of_experts = graph.node.split_off(router + 1).into_iter();
    graph.node.push(node("best", "TopK", &["scores", "top"], &["high", "places"], &[("axis", -1)]));
    graph.node.push(node("share", "Softmax", &["high"], &["shares"], &[("axis", -1)]));
    graph.node.push(node(
        "spread",
        "ScatterElements",
        &["none", "places", "shares"],
        &["gates"],
        &[("axis", 1)],
    ));
    for at in 0..experts {
        let of = |what: &str| format!("expert{at}.{what}");
        graph.node.extend(of_experts.next());
        graph.node.push(node(&of("relu"), "Relu", &[&of("sums")], &[&of("bounded")], &[]));
        graph.node.extend(of_experts.next());
        graph.initializer.push(wholes(&of("place"), &[at as i64]));
        graph.node.push(node(
            &of("pick"),
            "Gather",
            &["gates", &of("place")],
            &[&of("gate")],
            &[("axis", 1)],
        ));
        graph.node.push(node(&of("weigh"), "Mul", &[&of("answer"), &of("gate")], &[&of("part")], &[]));
    }
    let parts: Vec<String> = (0..experts).map(|at| format!("expert{at}.part")).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    graph.node.push(node("sum", "Sum", &parts, &["logits"], &[]));
    graph.output = vec![output("logits"), output("gates")];
    model.write_buf().unwrap()
}

/// The same with weights in bytes, a scale each filter, read by nodes that make reals of them.
fn in_bytes(model: &[u8]) -> Vec<u8> {
    let mut model = ModelProto::parse_buf(model).unwrap();
    let graph = model.graph.as_mut().unwrap();
    let (mut nodes, mut kept) = (vec![], vec![]);
    for stored in std::mem::take(&mut graph.initializer) {
        let weights = floats(&stored);
        if stored.data_type != Some(DataType::FLOAT) || stored.dims.len() < 2 || weights.len() < 64 {
            kept.push(stored);
            continue;
        }
        let name = stored.name.clone().unwrap();
        let filters = weights.chunks(weights.len() / stored.dims[0] as usize);
        let scale = |filter: &[f32]| filter.iter().fold(1e-9f32, |most, w| most.max(w.abs())) / 127.0;
        let scales: Vec<f32> = filters.clone().map(scale).collect();
        let codes =
            filters.zip(&scales).flat_map(|(filter, scale)| filter.iter().map(move |w| (w / scale).round()));
        let [bytes, steps] = ["bytes", "scales"].map(|what| format!("{name}.{what}"));
        kept.push(TensorProto {
            name: Some(bytes.clone()),
            data_type: Some(DataType::INT8),
            dims: stored.dims.clone(),
            raw_data: Some(codes.map(|code| code as i8 as u8).collect::<Vec<u8>>().into()),
            ..Default::default()
        });
        kept.push(reals(&steps, &stored.dims[..1], scales.iter().map(|&scale| f64::from(scale))));
        nodes.push(node(
            &format!("{name}.read"),
            "DequantizeLinear",
            &[&bytes, &steps],
            &[&name],
            &[("axis", 0)],
        ));
    }
    graph.initializer = kept;
    graph.node.splice(0..0, nodes);
    model.write_buf().unwrap()
}

fn floats(stored: &TensorProto) -> Vec<f32> {
    match &stored.raw_data {
        Some(raw) => raw.borrow().as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
        None => stored.float_data.clone(),
    }
}

fn labels(set: &Set) -> &[usize] {
    let Truth::Classes(labels) = set.truth() else { panic!("scenes have classes") };
    labels
}

fn setup(platform: &str, samples: usize) -> Setup {
    let text = format!("workload: scenes.yaml\nplatform: {platform}\n");
    let sets = [("workload.samples".to_string(), samples.to_string())];
    let read = |file: &Path| fs::read_to_string(scenes().join(file));
    Config::load(&text, Path::new("run.yaml"), &read, &sets).unwrap().setup(&IndexMap::new()).unwrap()
}

/// The trained mixture as a file in a folder, and what it was trained to.
fn trained() -> &'static (TempDir, Mixture) {
    static TRAINED: std::sync::OnceLock<(TempDir, Mixture)> = std::sync::OnceLock::new();
    TRAINED.get_or_init(|| {
        let setup = setup("ideal", 10);
        let task = load(&setup.workload, &[scenes()]).unwrap();
        let trunk = Network::from_onnx(&trunk().write_buf().unwrap()).unwrap();
        let samples = Task::preprocess(&setup.workload, &task.calibration.reals(0..task.calibration.len()));
        let features = trunk.run(&samples).unwrap().remove(0);
        let rows = features.data().chunks_exact(112).map(|row| row.iter().map(|&x| f64::from(x)).collect());
        let mixture = train(&rows.collect::<Vec<_>>(), labels(&task.calibration), TOP);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mixture.onnx"), model(&mixture)).unwrap();
        fs::write(folder.path().join("experts.onnx"), in_bytes(&model(&mixture))).unwrap();
        (folder, mixture)
    })
}

/// A setup of the mixture, in which every sample asks so many experts.
fn mixed(platform: &str, samples: usize, top: Option<usize>) -> Setup {
    let mut setup = setup(platform, samples);
    setup.workload.model = "mixture.onnx".into();
    setup.workload.output = Some("logits".into());
    setup.workload.experts = Some(Experts { gates: "gates".into(), top, batch: 1 });
    setup
}

fn task(setup: &Setup) -> Task {
    load(&setup.workload, &[trained().0.path().into(), scenes()]).unwrap()
}

fn evaluate(setup: &Setup) -> Outcome {
    Evaluator::new(&task(setup), 1, 8, Open::NONE).evaluate(setup, serde_json::Value::Null).unwrap()
}

/// Multiply-accumulates per sample that are paid for.
fn paid(outcome: &Outcome) -> f64 {
    outcome.layers.iter().map(|layer| layer.runs * layer.macs as f64).sum()
}

#[test]
fn operations_are_the_active_share_exactly_and_the_model_s_own_number_is_neutral() {
    let own = evaluate(&mixed("ideal", 1000, None));
    eprintln!("two of four experts: {}, asked by {:?}", own.score.value, own.experts);
    assert!(own.score.value > 0.88, "{}", own.score.value);
    assert_eq!(own, evaluate(&mixed("ideal", 1000, Some(TOP))));
    // One after the other, as knobs of one run are.
    let task = task(&mixed("ideal", 200, None));
    let evaluator = Evaluator::new(&task, 1, 8, Open::NONE);
    for top in 1..=EXPERTS {
        let found = evaluator.evaluate(&mixed("ideal", 200, Some(top)), serde_json::Value::Null).unwrap();
        let active = (ALWAYS + top as u64 * EXPERT) as f64;
        assert!((paid(&found) / active - 1.0).abs() < 1e-12, "{top}: {} of {active}", paid(&found));
        let experts = found.experts.unwrap();
        assert!((experts.asked.iter().sum::<f64>() - top as f64).abs() < 1e-12, "{experts:?}");
        assert!((experts.fetched[0].experts - top as f64).abs() < 1e-12, "{experts:?}");
        let grows = experts.fetched.windows(2).all(|pair| pair[0].experts <= pair[1].experts);
        assert!(grows && experts.fetched.iter().all(|one| one.experts <= EXPERTS as f64), "{experts:?}");
    }
}

/// `AXSIM_WRITE_WORKLOADS=1` writes the file that is shipped; its codes are those of training again.
#[test]
fn the_shipped_mixture_is_what_training_gives() {
    let (trained, shipped) = (trained().0.path().join("experts.onnx"), scenes().join("experts.onnx"));
    if std::env::var_os("AXSIM_WRITE_WORKLOADS").is_some() {
        fs::copy(&trained, &shipped).unwrap();
    }
    let [trained, shipped] = [trained, shipped].map(|file| fs::read(file).unwrap());
    assert!(shipped.len() < 100_000, "{} bytes", shipped.len());
    let stored = |bytes: &[u8]| ModelProto::parse_buf(bytes).unwrap().graph.unwrap().initializer;
    let (trained, shipped) = (stored(&trained), stored(&shipped));
    assert_eq!(trained.len(), shipped.len());
    for (new, old) in trained.iter().zip(&shipped) {
        assert_eq!((&new.name, &new.dims), (&old.name, &old.dims));
        if new.data_type == Some(DataType::INT8) {
            // Powers of e may differ in their last bit from machine to machine, and so a code by one.
            let [new, old] = [new, old].map(|stored| stored.raw_data.as_ref().unwrap().borrow().clone());
            assert!(new.iter().zip(&old).all(|(&a, &b)| (a as i8).abs_diff(b as i8) <= 1), "{new:?} {old:?}");
        } else if new.data_type == Some(DataType::FLOAT) {
            let near = |(a, b): (f32, f32)| (a - b).abs() <= 1e-4 * (1.0 + a.abs());
            assert!(floats(new).into_iter().zip(floats(old)).all(near), "{:?}", new.name);
        } else {
            assert_eq!(new.int64_data, old.int64_data);
        }
    }
    let read = |file: &Path| fs::read_to_string(scenes().join(file));
    let text = "workload: experts.yaml\nplatform: ideal\n";
    let setup =
        Config::load(text, Path::new("run.yaml"), &read, &[]).unwrap().setup(&IndexMap::new()).unwrap();
    let task = load(&setup.workload, &[scenes()]).unwrap();
    let found = Evaluator::new(&task, 1, 8, Open::NONE).evaluate(&setup, serde_json::Value::Null).unwrap();
    eprintln!("shipped: {}, asked by {:?}", found.score.value, found.experts);
    assert!(found.score.value > 0.88 && found.score.samples == 1000);
    assert!((found.experts.unwrap().asked.iter().sum::<f64>() - TOP as f64).abs() < 1e-12);
}

#[test]
fn routes_are_those_of_the_trained_router() {
    let setup = mixed("ideal", 200, None);
    let (task, found) = (task(&setup), evaluate(&setup));
    let trunk = Network::from_onnx(&trunk().write_buf().unwrap()).unwrap();
    let samples = Task::preprocess(&setup.workload, &task.test.reals(0..200));
    let features = trunk.run(&samples).unwrap().remove(0);
    let mut asked = [0.0; EXPERTS];
    for row in features.data().chunks_exact(112) {
        let row: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();
        let gates = gates(&trained().1.router.apply(&row), TOP);
        asked.iter_mut().zip(gates).for_each(|(sum, gate)| *sum += f64::from(u8::from(gate > 0.0)) / 200.0);
    }
    // In 8 bits a few samples stand on the other side of a border.
    for (found, expected) in found.experts.unwrap().asked.iter().zip(asked) {
        assert!((found - expected).abs() < 0.04, "{found} of {expected}");
    }
}

/// Counts the multiply-accumulates that are formed.
#[derive(Default)]
struct Counting(Mutex<u64>);

impl Engine for Counting {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        *self.0.lock().unwrap() += layer.geometry.macs() * input.codes.shape()[0] as u64;
        Exact.contract(layer, input, weights)
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

#[test]
fn products_of_experts_that_no_one_asks_are_not_formed_and_answers_stay() {
    let setup = mixed("ideal", 64, None);
    let task = task(&setup);
    let batch = |set: &Set| Task::preprocess(&setup.workload, &set.reals(0..64));
    let calibrated = |network: &Network| {
        let settings = Quantize::default();
        Quantized::calibrate(network, &settings, Scheme::Affine, &batch(&task.calibration)).unwrap()
    };
    let dense = Network::from_onnx(&model(&trained().1)).unwrap();
    let (sparse, dense) = (calibrated(&task.network), calibrated(&dense));
    let run = |network: &Quantized| -> (Vec<Tensor<f32>>, u64) {
        let counting = Counting::default();
        let answers = network.run(&counting, &batch(&task.test), 0).unwrap();
        (answers, counting.0.into_inner().unwrap())
    };
    let ((sparse, few), (dense, all)) = (run(&sparse), run(&dense));
    assert_eq!(sparse, dense);
    assert_eq!([few, all], [TOP, EXPERTS].map(|experts| 64 * (ALWAYS + experts as u64 * EXPERT)));
}

#[test]
fn a_sample_fetches_the_weights_of_the_experts_that_it_asks() {
    let read = |outcome: &Outcome| -> f64 {
        let lines = outcome.ledger.entries();
        let lines = lines.filter(|entry| entry.component == "memory.main" && entry.action == "read bits");
        lines.map(|entry| entry.count).sum()
    };
    let found = [1, 2, 4].map(|top| evaluate(&mixed("camera_edge", 32, Some(top))));
    for (outcome, top) in found.iter().zip([1.0, 2.0, 4.0]) {
        let always = 8 * 25 + 16 * 72 + 40 * 144 + 112 * 360 + 112 * EXPERTS + 48 * 48;
        let bits = 8.0 * (always as f64 + top * EXPERT as f64);
        assert!((read(outcome) / bits - 1.0).abs() < 1e-12, "{top}: {} of {bits}", read(outcome));
        let expert = outcome.layers.iter().find(|layer| layer.name == "expert1.hidden").unwrap();
        assert_eq!(expert.runs, outcome.experts.as_ref().unwrap().asked[1]);
    }
    let energies = found.map(|outcome| outcome.energy_j.total);
    assert!(energies.is_sorted(), "{energies:?}");
}

/// Layers for all are fetched once a batch, experts as often as the routes say: in a large batch nearly all of them.
#[test]
fn samples_together_fetch_an_expert_once() {
    let read = |batch: usize| -> (f64, Outcome) {
        let mut setup = mixed("camera_edge", 64, Some(1));
        setup.workload.experts.as_mut().unwrap().batch = batch;
        let outcome = evaluate(&setup);
        let lines = outcome.ledger.entries();
        let lines = lines.filter(|entry| entry.component == "memory.main" && entry.action == "read bits");
        (lines.map(|entry| entry.count).sum(), outcome)
    };
    let (_, alone) = read(1);
    for batch in [1, 2, 4, 8, 32] {
        let (bits, outcome) = read(batch);
        let always = (8 * 25 + 16 * 72 + 40 * 144 + 112 * 360 + 112 * EXPERTS) as f64;
        let found = outcome.experts.as_ref().unwrap().fetched.iter().find(|one| one.batch == batch).unwrap();
        let expected = 8.0 * ((always + found.experts * EXPERT as f64) / batch as f64 + 48.0 * 48.0);
        assert!((bits / expected - 1.0).abs() < 1e-12, "{batch}: {bits} of {expected}");
        // Only main memory and the buffer behind it are asked for less.
        assert_eq!((outcome.score, outcome.energy_j.compute), (alone.score.clone(), alone.energy_j.compute));
        assert!(outcome.energy_j.memory <= alone.energy_j.memory);
    }
}

#[test]
fn gates_that_tell_no_experts_apart_are_refused() {
    let refused = |gates: &str| {
        let mut setup = mixed("ideal", 10, None);
        setup.workload.experts = Some(Experts { gates: gates.into(), top: None, batch: 1 });
        load(&setup.workload, &[trained().0.path().into(), scenes()]).err().unwrap().to_string()
    };
    assert!(refused("gate").contains("`gate`"), "{}", refused("gate"));
    let setup = mixed("ideal", 10, Some(EXPERTS + 1));
    let fault = task(&setup).with_less(&setup.workload, 1).unwrap_err().to_string();
    assert!(fault.contains("k = 5 of 4"), "{fault}");
}

//! Do networks that multiply two computed values run on the array, product by product as their definition says?

use std::path::Path;
use std::sync::Mutex;

use axsim::config::Quantize;
use axsim::tensor::Tensor;
use axsim::workload::{
    Codes, Engine, Exact, Layer, Network, Origin, Place, Quantized, Scheme, Weights, top1,
};

use crate::cli::axsim;
use crate::onnx_models::shared;

fn network(root: &Path, model: &str) -> Network {
    Network::from_onnx(&std::fs::read(root.join(format!("models/{model}.onnx"))).unwrap()).unwrap()
}

/// Normalised pictures of CIFAR-10, and what they show.
fn pictures(root: &Path, file: &str, count: usize) -> (Tensor<f32>, Vec<usize>) {
    let (mean, deviation) = ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]);
    let records = std::fs::read(root.join("cifar10").join(file)).unwrap();
    let records: Vec<&[u8]> = records.chunks_exact(3073).take(count).collect();
    let pixel = |(at, &byte): (usize, &u8)| {
        ((f64::from(byte) / 255.0 - mean[at / 1024]) / deviation[at / 1024]) as f32
    };
    let pixels = records.iter().flat_map(|record| record[1..].iter().enumerate().map(pixel)).collect();
    let labels = records.iter().map(|record| usize::from(record[0])).collect();
    (Tensor::new([count, 3, 32, 32], pixels).unwrap(), labels)
}

/// Rows of 129 tokens: 128 to read and the one that follows each of them.
fn stories(root: &Path, rows: std::ops::Range<usize>) -> (Tensor<f32>, Vec<usize>) {
    let bytes = std::fs::read(root.join("tinystories/tokens_u16le_111x129.bin")).unwrap();
    let tokens: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|&word| u16::from_le_bytes(word)).collect();
    let rows: Vec<&[u16]> = tokens.chunks_exact(129).skip(rows.start).take(rows.len()).collect();
    let read = rows.iter().flat_map(|row| row[..128].iter().map(|&token| f32::from(token))).collect();
    let next = rows.iter().flat_map(|row| row[1..].iter().map(|&token| usize::from(token))).collect();
    (Tensor::new([rows.len(), 128], read).unwrap(), next)
}

/// Mean negative log-likelihood in nat.
fn surprise(logits: &Tensor<f32>, next: &[usize]) -> f64 {
    let row = |(row, &next): (&[f32], &usize)| {
        let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        sum.ln() - f64::from(row[next])
    };
    let size = logits.len() / next.len();
    logits.data().chunks_exact(size).zip(next).map(row).sum::<f64>() / next.len() as f64
}

/// Runs some samples at a time.
fn in_batches(
    samples: &Tensor<f32>,
    together: usize,
    run: impl Fn(&Tensor<f32>, usize) -> Tensor<f32>,
) -> Tensor<f32> {
    let (count, size) = (samples.shape()[0], samples.len() / samples.shape()[0]);
    let batch = |(at, some): (usize, &[f32])| {
        let shape = [&[some.len() / size], &samples.shape()[1..]].concat();
        run(&Tensor::new(shape, some.to_vec()).unwrap(), at * together).data().to_vec()
    };
    let found: Vec<f32> = samples.data().chunks(together * size).enumerate().flat_map(batch).collect();
    Tensor::new([count, found.len() / count], found).unwrap()
}

/// Exact sums of every product of computed values, one product after the other, from the codes of its own sample.
#[derive(Default)]
struct Naive {
    compared: Mutex<Vec<String>>,
}

impl Engine for Naive {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        let sums = Exact.contract(layer, input, weights);
        if layer.weights == Origin::Computed {
            assert_eq!(sums, plain(layer, input, weights), "{}", layer.name);
            self.compared.lock().unwrap().push(layer.name.clone());
        }
        sums
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

/// Σ over k of a[g, k, row] · b[g, column, k] as [g, column, row], sample by sample.
fn plain(layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
    let gemm = layer.geometry.gemm();
    let centred = |code: u8, zero: u8| i32::from(code) - i32::from(zero);
    let mut sums = vec![];
    for sample in 0..input.codes.shape()[0] {
        let a = &input.codes.data()[sample * gemm.groups * gemm.depth * gemm.positions..];
        let b = &weights.codes[sample * gemm.groups * gemm.outputs * gemm.depth..];
        for (g, column) in (0..gemm.groups).flat_map(|g| (0..gemm.outputs).map(move |column| (g, column))) {
            for row in 0..gemm.positions {
                let product = |k: usize| {
                    centred(a[(g * gemm.depth + k) * gemm.positions + row], input.zero_point)
                        * centred(b[(g * gemm.outputs + column) * gemm.depth + k], weights.zero_point)
                };
                sums.push((0..gemm.depth).map(product).sum());
            }
        }
    }
    sums
}

fn computed(network: &Network) -> Vec<(String, [usize; 4])> {
    let layers = network.layers().into_iter().filter(|layer| layer.weights == Origin::Computed);
    let size = |layer: Layer| {
        let gemm = layer.geometry.gemm();
        (layer.name, [gemm.groups, gemm.positions, gemm.outputs, gemm.depth])
    };
    layers.map(size).collect()
}

#[test]
fn a_vision_transformer_runs_on_the_array_with_its_attention() {
    let Some(root) = shared() else { return };
    let (test, labels) = pictures(&root, "test_first1000.bin", 1000);
    let (calibration, _) = pictures(&root, "calib_train_first1000.bin", 100);
    for model in ["vit_pgd_cifar10_static", "vit_pgd_cifar10_asfound_opset9"] {
        let network = network(&root, model);
        let products = computed(&network);
        // Two layers of three heads: five tokens meet five over 16 features, then weigh 16 features of five.
        let sizes: Vec<[usize; 4]> = products.iter().map(|(_, size)| *size).collect();
        assert_eq!(sizes, [[3, 5, 5, 16], [3, 5, 16, 5], [3, 5, 5, 16], [3, 5, 16, 5]], "{model}");
        if model.ends_with("static") {
            let names: Vec<&str> = products.iter().map(|(name, _)| &**name).collect();
            assert_eq!(names, ["n20_MatMul", "n25_MatMul", "n53_MatMul", "n58_MatMul"]);
        }
        for scheme in [Scheme::Symmetric, Scheme::Affine] {
            let quantized =
                Quantized::calibrate(&network, &Quantize::default(), scheme, &calibration).unwrap();
            let found =
                in_batches(&test, 64, |some, first| quantized.run(&Exact, some, first).unwrap().remove(0));
            let right = top1(&found, &labels).into_iter().filter(|right| *right).count();
            eprintln!("{model}, {scheme:?}: {right} of 1000, in float 611");
            assert!((596..=626).contains(&right), "{model}, {scheme:?}: {right}");
            let (naive, first) = (Naive::default(), pictures(&root, "test_first1000.bin", 3).0);
            let alone =
                in_batches(&first, 1, |some, first| quantized.run(&Exact, some, first).unwrap().remove(0));
            assert_eq!(quantized.run(&naive, &first, 0).unwrap()[0].data(), alone.data(), "sample by sample");
            assert_eq!(naive.compared.into_inner().unwrap().len(), 4);
        }
    }
}

#[test]
fn a_language_model_runs_on_the_array_with_its_attention() {
    let Some(root) = shared() else { return };
    let network = network(&root, "stories260k_ctx128");
    let products = computed(&network);
    assert_eq!(products.len(), 10, "{products:?}");
    assert_eq!(products[0], ("layers.0.qk_n".into(), [8, 128, 128, 8]));
    assert_eq!(products[9], ("layers.4.av_n".into(), [8, 128, 8, 128]));
    let rows = if std::env::var_os("AXSIM_LARGE_NETWORK").is_some() { 111 } else { 24 };
    let (calibration, _) = stories(&root, 0..11);
    let (test, next) = stories(&root, 0..rows);
    let float = surprise(&in_batches(&test, 4, |some, _| network.run(some).unwrap().remove(0)), &next);
    let quantized =
        Quantized::calibrate(&network, &Quantize::default(), Scheme::Symmetric, &calibration).unwrap();
    let started = std::time::Instant::now();
    let run = |some: &Tensor<f32>, first: usize| quantized.run(&Exact, some, first).unwrap().remove(0);
    let found = surprise(&in_batches(&test, 4, run), &next);
    eprintln!("{found:.4} nat with 8 bits, {float:.4} in float, {rows} rows in {:.1?}", started.elapsed());
    if rows == 111 {
        assert!((float - 1.7433).abs() < 5e-4, "{float}");
    }
    assert!((found - float).abs() < 0.05, "{found} nat with 8 bits, {float} in float");
    let naive = Naive::default();
    let few = stories(&root, 0..2).0;
    let alone = in_batches(&few, 1, run);
    assert_eq!(quantized.run(&naive, &few, 0).unwrap()[0].data(), alone.data(), "sample by sample");
    assert_eq!(naive.compared.into_inner().unwrap().len(), 10);
}

/// The outcome of a run of the vision transformer on a camera's array; `settings` is YAML of the platform and what is tried.
fn run(settings: &str, samples: usize) -> Option<serde_json::Value> {
    let root = shared()?;
    let folder = tempfile::tempdir().unwrap();
    let workload =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/vit_pgd_cifar10_static.yaml");
    let config = folder.path().join("run.yaml");
    std::fs::write(&config, format!("workload: {}\n{settings}", workload.display())).unwrap();
    let (config, out) = (config.to_str().unwrap(), folder.path().to_str().unwrap());
    let samples = format!("workload.samples={samples}");
    let mut command = axsim(&["run", config, "--quiet", "--out", out, "--set", &samples]);
    command.arg("--data").arg(root).assert().success();
    Some(serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap())
}

fn ledger(outcome: &serde_json::Value, component: &str, action: &str) -> f64 {
    let lines = outcome["ledger"].as_object().unwrap().values();
    let named = lines.filter(|line| line["component"] == component && line["action"] == action);
    named.map(|line| line["count"].as_f64().unwrap()).sum()
}

#[test]
fn a_run_prices_attention_layer_by_layer_and_its_weights_are_not_in_main_memory() {
    let settings = "platform: camera_edge\n\
                    approximate: {compute.array.multiplier: mul8s_bwtrunc_t6, memory.buffer.sram.voltage: 0.7}\n";
    let Some(found) = run(settings, 24) else { return };
    for which in ["baseline", "approximate"] {
        let layers = found[which]["layers"].as_array().unwrap();
        let layer = |name: &str| layers.iter().find(|layer| layer["name"] == name).unwrap();
        for (name, macs) in [("n20_MatMul", 3 * 5 * 5 * 16), ("n58_MatMul", 3 * 5 * 16 * 5)] {
            let layer = layer(name);
            assert_eq!(layer["macs"], macs, "{name}");
            assert!(
                layer["energy_j"].as_f64().unwrap() > 0.0 && layer["cycles"].as_u64().unwrap() > 0,
                "{layer}"
            );
            let error = layer["relative_error"].as_f64().unwrap();
            assert_eq!(error == 0.0, which == "baseline", "{name} {which}: {error}");
        }
    }
    // Weights of the patches, of two times six products of tokens, and of the classes, and the frame, a byte each.
    let stored = 48 * 768 + 2 * (4 * 48 * 48 + 2 * 48 * 96) + 480;
    let read = ledger(&found["baseline"], "memory.main", "read bits");
    assert_eq!(read, 8.0 * f64::from(stored + 3 * 32 * 32), "{}", found["baseline"]["ledger"]);
}

#[test]
fn recovery_and_raw_codes_take_attention_as_any_layer() {
    let settings = "platform: {preset: camera_edge, compute: {array: {recovery: auto}}}\n\
                    approximate: {compute.array.multiplier: mul8s_bwtrunc_t7}\n";
    let Some(found) = run(settings, 16) else { return };
    for layer in found["approximate"]["layers"].as_array().unwrap() {
        let error = |name: &str| layer["recovery"][name].as_f64().unwrap();
        assert!(error("error_after") <= error("error_before"), "{layer}");
        let measures = layer["recovery"]["measures"].to_string();
        let computed = ["n20_MatMul", "n25_MatMul", "n53_MatMul", "n58_MatMul"]
            .contains(&layer["name"].as_str().unwrap());
        assert!(!computed || !measures.contains("remap"), "{layer}");
    }
    let settings = "platform: {preset: camera_edge, compute: {array: {products: raw, multiplier: mul8u_exact}}}\n\
                    approximate: {compute.array.multiplier: mul8u_trunc_t2}\n";
    let raw = run(settings, 16).unwrap();
    // Exact products less what the zero points add are the products of centred codes.
    assert!(raw["baseline"]["layers"].as_array().unwrap().iter().all(|layer| layer["relative_error"] == 0.0));
}

/// Weights and activations of 4 bits, keys and values of 8: two products of each block have units of 8 bits.
#[test]
fn products_of_two_computed_values_have_units_of_their_width() {
    let of = |kv: &str| {
        format!(
            "platform: camera_edge\napproximate: {{quantize.format: {{weights: {{int: {{bits: 4}}}}, activations: {{int: {{bits: 4}}}}{kv}}}}}\n"
        )
    };
    let Some(found) = run(&of(""), 16) else { return };
    let area = |found: &serde_json::Value, which: &str| found[which]["area_mm2"].as_f64().unwrap();
    let narrow = run(&of(", kv: {int: {bits: 4}}"), 16).unwrap();
    let names = ["n20_MatMul", "n25_MatMul", "n53_MatMul", "n58_MatMul"];
    for layer in found["approximate"]["layers"].as_array().unwrap() {
        let name = layer["name"].as_str().unwrap();
        assert_eq!(layer["relative_error"], 0.0, "{name}");
        // An exact unit of 8 bits switches more for the codes of 8 bits of keys and values.
        let same =
            narrow["approximate"]["layers"].as_array().unwrap().iter().find(|other| other["name"] == name);
        let energy = |layer: &serde_json::Value| layer["mac_energy_j"].as_f64().unwrap();
        let more = energy(layer) / energy(same.unwrap());
        assert_eq!(more > 1.5, names.contains(&name), "{name}: {more}");
    }
    // Both arrays take area; that of 8 bits alone is the baseline's.
    assert!(area(&found, "approximate") > area(&found, "baseline"));
    assert!(area(&narrow, "approximate") < area(&narrow, "baseline"));
    let eight = run(&of(", kv: {int: {bits: 8}}"), 16).unwrap();
    assert_eq!(eight["approximate"]["ledger"], found["approximate"]["ledger"]);
}

//! Do numbers written in groups give on the array what they stand for, and is all that they take paid for?

mod scales;
mod sent;

use std::path::Path;
use std::sync::Mutex;

use axsim::config::{IntScale, NumberFormat, NumberFormats, Quantize, RazorCode, RazorRounding};
use axsim::kernel::{Geometry, Shifts, Steps};
use axsim::razor::{Razor, Rounding};
use axsim::tensor::Tensor;
use axsim::workload::{
    Codes, Engine, Exact, Format, Formats, Formatted, Layer, Network, Origin, Place, Quantized, Scheme,
    WeightShifts, Weights, Wide,
};
use serde_json::{Value, json};

use crate::cli::axsim;
use crate::onnx_models::shared;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenes() -> Network {
    Network::from_onnx(&std::fs::read(root().join("configs/workloads/scenes/scenes.onnx")).unwrap()).unwrap()
}

/// A run of these knobs on the embedded task, and what was printed.
fn run(knobs: &Value, sets: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("run.yaml");
    let workload = root().join("configs/workloads/scenes/scenes.yaml");
    let file = json!({"workload": workload, "platform": "always_on", "approximate": knobs});
    std::fs::write(&config, file.to_string()).unwrap();
    let out = folder.path().to_str().unwrap();
    let mut command = axsim(&["run", config.to_str().unwrap(), "--quiet", "--out", out]);
    command.args(["--set", "workload.samples=48"]);
    sets.iter().for_each(|set| {
        command.args(["--set", set]);
    });
    let run = command.assert().success();
    let printed = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    (serde_json::from_slice(&std::fs::read(folder.path().join("outcome.json")).unwrap()).unwrap(), printed)
}

fn razored(group: usize) -> Value {
    let razor = |basis: u32| json!({"razor": {"basis": basis, "bits": 4, "group": group}});
    json!({"quantize.format": {"weights": razor(8), "activations": razor(16)}})
}

/// Sums from the definition alone: every code shifted by the flag of its group first, then multiplied.
struct Decompressing(Mutex<usize>);

impl Decompressing {
    fn compare(&self, layer: &Layer, found: &[i64], expected: &[i64]) {
        *self.0.lock().unwrap() += 1;
        assert_eq!(found, expected, "{}", layer.name);
    }
}

/// `activation` is the number at a channel of all samples and a place of its plane.
fn decompressed(
    geometry: &Geometry,
    batch: usize,
    activation: &dyn Fn(usize, usize) -> i64,
    (weights, shifts): (&Weights, WeightShifts<'_>),
) -> Vec<i64> {
    let (window, plane) = (geometry.kernel[0] * geometry.kernel[1], geometry.in_height * geometry.in_width);
    let channels = geometry.in_channels / geometry.groups;
    let parts = channels.div_ceil(shifts.size);
    let weight = |output: usize, channel: usize, tap: usize| {
        let code = weights.codes[(output * channels + channel) * window + tap];
        let by = shifts.shifts[(output * parts + channel / shifts.size) * window + tap];
        let number = i64::from(code) - i64::from(weights.zero_point);
        if shifts.steps == Steps::Multiples { number * i64::from(by) } else { number << by }
    };
    let mut sums = vec![];
    for sample in 0..batch {
        for output in 0..geometry.out_channels {
            let first = output / (geometry.out_channels / geometry.groups) * channels;
            for place in 0..geometry.positions() {
                let (row, column) = (place / geometry.out_width(), place % geometry.out_width());
                let tap = |tap: usize| Some((tap, geometry.tap(tap, row, column)? % plane));
                let taps = (0..window).filter_map(tap);
                sums.push(
                    taps.flat_map(|(tap, at)| (0..channels).map(move |channel| (tap, at, channel)))
                        .map(|(tap, at, channel)| {
                            let number = activation(sample * geometry.in_channels + first + channel, at);
                            number * weight(output, channel, tap)
                        })
                        .sum(),
                );
            }
        }
    }
    sums
}

impl Engine for Decompressing {
    fn contract(&self, layer: &Layer, input: &Codes, weights: &Weights) -> Vec<i32> {
        Exact.contract(layer, input, weights)
    }

    fn contract_shifted(
        &self,
        layer: &Layer,
        input: &Codes,
        weights: &Weights,
        shifts: Shifts<'_>,
    ) -> Vec<i64> {
        let found = Exact.contract_shifted(layer, input, weights, shifts);
        let (geometry, operands) = layer.contraction(input, weights);
        let plane = geometry.in_height * geometry.in_width;
        let channels = geometry.in_channels / geometry.groups;
        let number = |channel: usize, at: usize| {
            let row = channel / channels * channels.div_ceil(shifts.size) + channel % channels / shifts.size;
            let code = i64::from(input.codes.data()[channel * plane + at]) - i64::from(input.zero_point);
            match shifts.steps {
                Steps::Multiples => code * i64::from(shifts.input[row * plane + at]),
                Steps::PowersOfTwo => code << shifts.input[row * plane + at],
            }
        };
        let of_weights = WeightShifts { size: shifts.size, shifts: shifts.weights, steps: shifts.steps };
        let expected = decompressed(&geometry, operands.batch, &number, (weights, of_weights));
        self.compare(layer, &found, &expected);
        found
    }

    fn contract_wide(
        &self,
        layer: &Layer,
        input: &Wide,
        weights: &Weights,
        shifts: WeightShifts<'_>,
    ) -> Vec<i64> {
        let found = Exact.contract_wide(layer, input, weights, shifts);
        let (geometry, operands) = layer.wide_contraction(input, weights, shifts);
        let plane = geometry.in_height * geometry.in_width;
        let number = |channel: usize, at: usize| i64::from(input.codes.data()[channel * plane + at]);
        self.compare(layer, &found, &decompressed(&geometry, operands.batch, &number, (weights, shifts)));
        found
    }

    fn store(&self, _: Place, _: &mut Codes) {}
}

fn razor(basis: u32, group: usize, code: RazorCode) -> NumberFormat {
    NumberFormat::Razor { basis, bits: 4, group, rounding: RazorRounding::HalfUp, code }
}

/// Integers of 4 bits with a step a group.
fn stepped(group: usize) -> NumberFormat {
    NumberFormat::Int { bits: 4, group: Some(group), scale: IntScale::Whole }
}

/// Two samples of the embedded task's shape.
fn samples(network: &Network) -> Tensor<f32> {
    let size: usize = network.sample_shape().iter().product();
    let pixels = (0..2 * size).map(|at| (at * 7919 % 256) as f32 / 255.0).collect::<Vec<_>>();
    Tensor::new([&[2], network.sample_shape()].concat(), pixels).unwrap()
}

#[test]
fn every_layer_sums_what_its_codes_stand_for() {
    let network = scenes();
    let samples = samples(&network);
    let mxint = NumberFormat::Mxint { bits: 4, block: 8 };
    let formats = |weights, activations| NumberFormats { weights, activations, kv: NumberFormat::Plain };
    let wide = NumberFormat::int(16);
    for format in [
        formats(razor(8, 16, RazorCode::SignMagnitude), razor(16, 16, RazorCode::SignMagnitude)),
        formats(razor(8, 12, RazorCode::TwosComplement), razor(8, 8, RazorCode::TwosComplement)),
        formats(mxint, mxint),
        formats(razor(8, 4, RazorCode::SignMagnitude), NumberFormat::Plain),
        formats(NumberFormat::int(6), mxint),
        formats(razor(8, 16, RazorCode::SignMagnitude), wide),
        formats(razor(16, 8, RazorCode::TwosComplement), wide),
        formats(mxint, wide),
        formats(NumberFormat::Plain, wide),
        formats(stepped(16), NumberFormat::Plain),
        formats(stepped(4), NumberFormat::int(4)),
        formats(stepped(16), wide),
    ] {
        let settings = Quantize { format, ..Quantize::default() };
        let quantized = Quantized::calibrate(&network, &settings, Scheme::Symmetric, &samples).unwrap();
        let engine = Decompressing(Mutex::new(0));
        let outputs = quantized.run(&engine, &samples, 0).unwrap();
        assert_eq!(*engine.0.lock().unwrap(), network.layers().len(), "every layer has groups: {format:?}");
        assert!(outputs[0].data().iter().all(|logit| logit.is_finite()));
    }
}

/// Weights written and read again in a network of reals, and activations as they are, which 16 bits nearly are.
#[test]
fn activations_of_16_bits_beside_razored_weights_are_as_good_as_reals() {
    let network = scenes();
    let samples = samples(&network);
    let weights = razor(8, 16, RazorCode::SignMagnitude);
    let half_up = Razor::new(8, 4, 16).unwrap().with_rounding(Rounding::HalfUp);
    let reals = Formats::new(Format::Razor(half_up), Format::Real, Format::Real);
    let expected = Formatted::new(&network, reals).unwrap().run(&samples).unwrap().outputs.remove(0);
    let largest = expected.data().iter().fold(0f32, |largest, logit| largest.max(logit.abs()));
    let off = |bits: u32| {
        let activations = NumberFormat::int(bits);
        let format = NumberFormats { weights, activations, kv: NumberFormat::Plain };
        let settings = Quantize { format, ..Quantize::default() };
        let quantized = Quantized::calibrate(&network, &settings, Scheme::Symmetric, &samples).unwrap();
        let found = quantized.run(&Exact, &samples, 0).unwrap().remove(0);
        let differences = found.data().iter().zip(expected.data()).map(|(one, other)| (one - other).abs());
        differences.fold(0f32, f32::max) / largest
    };
    let (wide, narrow) = (off(16), off(8));
    eprintln!("of the largest logit {wide:.1e} with 16 bits, {narrow:.1e} with 8");
    assert!(wide < 2e-4 && wide * 50.0 < narrow, "{wide} {narrow}");
}

#[test]
fn formats_that_are_plain_change_nothing() {
    let (found, _) = run(&json!({"quantize.format": {}}), &[]);
    let (bits, _) = run(
        &json!({"quantize.format": {"weights": {"int": {"bits": 5}}, "activations": {"int": {"bits": 5}}}}),
        &[],
    );
    let (plain, _) = run(&json!({"quantize.weight_bits": 5, "quantize.activation_bits": 5}), &[]);
    for figure in ["score", "energy_j", "ledger", "layers", "area_mm2"] {
        assert_eq!(found["approximate"][figure], found["baseline"][figure], "{figure}");
    }
    for figure in ["score", "ledger", "area_mm2"] {
        assert_eq!(bits["approximate"][figure], plain["approximate"][figure], "{figure}");
    }
}

/// Counts from the shapes of the network, by hand.
#[test]
fn formats_cost_nothing_where_compute_is_ideal_and_have_no_rivals() {
    let (found, printed) = run(&razored(8), &["platform=ideal"]);
    assert_eq!(found["rivals"].as_array().unwrap().len(), 0);
    assert!(found["equal_accuracy"].is_null() && !printed.contains("dominate"), "{printed}");
    assert!(found["approximate"]["score"]["value"].as_f64().unwrap() > 0.8);
}

#[test]
fn groups_take_lanes_cycles_bits_and_the_circuit_that_razors() {
    let (found, printed) = run(&razored(16), &[]);
    let (before, after) = (&found["baseline"], &found["approximate"]);
    let layers = scenes().layers();
    let count = |which: &Value, component: &str, action: &str| -> f64 {
        let lines = which["ledger"].as_object().unwrap().values();
        let own = lines.filter(|line| line["component"] == component && line["action"] == action);
        own.map(|line| line["count"].as_f64().unwrap()).sum()
    };
    let parts = |geometry: &Geometry| (geometry.in_channels / geometry.groups).div_ceil(16);
    let window = |geometry: &Geometry| geometry.kernel[0] * geometry.kernel[1];
    let groups: f64 = layers
        .iter()
        .map(|layer| {
            let geometry = &layer.geometry;
            (geometry.outputs_per_sample() * parts(geometry) * window(geometry)) as f64
        })
        .sum();
    // Switching of units and of their wires.
    assert_eq!(count(after, "compute.array", "multiply-accumulate"), 2.0 * groups);
    let razored: f64 = layers
        .iter()
        .map(|layer| {
            let geometry = &layer.geometry;
            (parts(geometry) * geometry.groups * geometry.in_height * geometry.in_width) as f64
        })
        .sum();
    assert_eq!(count(after, "compute.array", "razor groups"), razored);
    assert_eq!(count(before, "compute.array", "razor groups"), 0.0);
    // Weights of 4 bits and flags of 3.
    let bits: f64 = layers
        .iter()
        .map(|layer| {
            let geometry = &layer.geometry;
            (4 * geometry.weights() + 3 * geometry.out_channels * window(geometry) * parts(geometry)) as f64
        })
        .sum();
    let weights: f64 = layers.iter().map(|layer| layer.geometry.weights() as f64).sum();
    let told = after["formats"]["weights"]["effective_bits"].as_f64().unwrap();
    assert!((told - bits / weights).abs() < 1e-9, "{told}");
    for (layer, told) in layers.iter().zip(after["layers"].as_array().unwrap()) {
        assert_eq!(told["format"]["unit"], "mac4s_sdr_g16", "{}", layer.name);
        let share = told["format"]["weights"]["zeroed_share"].as_f64().unwrap();
        assert!((0.0..0.5).contains(&share), "{told}");
        assert_eq!(told["relative_error"], 0.0);
    }
    let energy = |which: &Value| which["energy_j"]["memory"].as_f64().unwrap();
    assert!(energy(after) < energy(before));
    assert!(printed.contains("Writing numbers in groups at run time (sdr16x4_g16) takes"), "{printed}");
}

/// Razored weights, activations of 16 bits as they are.
fn wide(group: usize) -> Value {
    let weights = json!({"razor": {"basis": 8, "bits": 4, "group": group}});
    json!({"quantize.format": {"weights": weights, "activations": {"int": {"bits": 16}}}})
}

/// The unit is that of 16 by 4 bits, nothing is razored at run time, and activations take 16 bits wherever they go.
#[test]
fn activations_of_16_bits_have_their_own_unit_and_take_16_bits_in_memory() {
    let (found, printed) = run(&wide(16), &["platform.compute.array.accumulator_bits=28"]);
    let (before, after) = (&found["baseline"], &found["approximate"]);
    let (razored, _) = run(&razored(16), &[]);
    for (layer, told) in scenes().layers().iter().zip(after["layers"].as_array().unwrap()) {
        assert_eq!(told["format"]["unit"], "mac16x4s_sdr_g16__w28", "{}", layer.name);
        assert_eq!(told["format"]["activations"]["effective_bits"], 16.0);
        assert_eq!(told["relative_error"], 0.0);
        // (2^27 − 1) / (32,767 · 7 · 2^4), as far as a layer sums more.
        let holds = (layer.geometry.depth() > 36).then_some(36);
        assert_eq!(told["holds"].as_u64(), holds, "{}", layer.name);
    }
    let energy = |which: &Value, layer: usize| which["layers"][layer]["mac_energy_j"].as_f64().unwrap();
    assert!(energy(after, 1) > 1.5 * energy(&razored["approximate"], 1));
    assert!(after["area_mm2"].as_f64() > razored["approximate"]["area_mm2"].as_f64());
    assert_eq!(after["formats"]["razorers"], json!([]));
    // A word of the buffer is a group of activations, of 8 bits each before.
    let traffic = |which: &Value| which["energy_j"]["memory"].as_f64().unwrap();
    assert!(traffic(after) > traffic(&razored["approximate"]), "{} {}", traffic(before), traffic(after));
    assert!(printed.contains("an activation 16.00"), "{printed}");
}

/// Plain weights of 8 bits need no group: a product a cycle, in a unit without a shifter.
#[test]
fn plain_weights_meet_activations_of_16_bits_product_by_product() {
    let knobs = json!({"quantize.format": {"activations": {"int": {"bits": 16}}}});
    let (found, _) = run(&knobs, &[]);
    let [before, after] = ["baseline", "approximate"].map(|which| &found[which]);
    let (layers, plain) = (after["layers"].as_array().unwrap(), before["layers"].as_array().unwrap());
    for (wide, plain) in layers.iter().zip(plain) {
        assert_eq!(wide["format"]["unit"], "mac16x8s_bw");
        assert_eq!(wide["format"]["group"], 1);
        assert_eq!((&wide["cycles"], &wide["macs"]), (&plain["cycles"], &plain["macs"]));
        assert!(wide["mac_energy_j"].as_f64().unwrap() > 1.2 * plain["mac_energy_j"].as_f64().unwrap());
    }
    assert!(
        (found["approximate"]["score"]["value"].as_f64().unwrap()
            - found["baseline"]["score"]["value"].as_f64().unwrap())
        .abs()
            < 0.05
    );
}

/// Attention: queries and probabilities of 16 bits beside razored keys and values.
#[test]
fn the_first_of_two_computed_operands_has_16_bits_too() {
    let Some(data) = shared() else { return };
    let model = std::fs::read(data.join("models/stories260k_ctx128.onnx")).unwrap();
    let network = Network::from_onnx(&model).unwrap();
    let tokens = Tensor::new([1, 128], (0..128).map(|at| (at * 7 % 500 + 3) as f32).collect()).unwrap();
    let weights = razor(8, 16, RazorCode::SignMagnitude);
    let kv = razor(8, 8, RazorCode::SignMagnitude);
    let format = NumberFormats { weights, activations: NumberFormat::int(16), kv };
    let settings = Quantize { format, ..Quantize::default() };
    let quantized = Quantized::calibrate(&network, &settings, Scheme::Symmetric, &tokens).unwrap();
    let engine = Decompressing(Mutex::new(0));
    quantized.run(&engine, &tokens, 0).unwrap();
    assert_eq!(*engine.0.lock().unwrap(), network.layers().len());
    let computed = network.layers().into_iter().filter(|layer| layer.weights == Origin::Computed);
    for layer in computed {
        let groups = quantized.groups_of(layer.index).unwrap();
        assert_eq!((groups.size, groups.effective_bits[1]), (8, 16.0), "{}", layer.name);
    }
}

/// What a run of these knobs with something set is told, as one line.
fn refused(knobs: &Value, set: &str) -> String {
    let config = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    let workload = root().join("configs/workloads/scenes/scenes.yaml");
    let file = json!({"workload": workload, "platform": "always_on", "approximate": knobs});
    std::fs::write(&config, file.to_string()).unwrap();
    let mut command = axsim(&["run", config.path().to_str().unwrap(), "--quiet", "--set", set]);
    let failed = command.args(["--set", "workload.samples=1"]).assert().code(2);
    let text = String::from_utf8(failed.get_output().stderr.clone()).unwrap();
    let words = text.split(['\n', '│', '×']).flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn an_array_refuses_by_name_what_16_bits_have_no_meaning_for() {
    for (set, told) in [
        ("platform.compute.array.multiplier=mul8s_drum_k4", "`exact` where activations have 16 bits"),
        ("platform.compute.array.overflow=saturate", "`compute.array.overflow` is `saturate`"),
        ("platform.compute.array.zeros=gate", "`compute.array.zeros` is `gate`"),
        ("platform.memory.buffer.sram.voltage=0.9", "nor are wrong codes of 16 bits"),
        ("workload.quantize.calibration=mse", "write `min_max` or"),
        ("workload.layers.#1.binary=true", "give it `activation_bits: 8` of its own"),
        ("workload.quantize.format={weights: {int: {bits: 16}}}", "activations alone may have 16 bits"),
    ] {
        let text = refused(&wide(16), set);
        assert!(text.contains(told), "{set}: {text}");
    }
}

#[test]
fn an_array_refuses_by_name_what_groups_have_no_meaning_for() {
    for (set, told) in [
        ("platform.compute.array.products=raw", "`compute.array.products` is `raw`"),
        ("platform.compute.array.zeros=gate", "`compute.array.zeros` is `gate`"),
        ("platform.compute.array.overflow=saturate", "`compute.array.overflow` is `saturate`"),
        ("platform.compute.array.timing=latch", "`compute.array.timing` is `latch`"),
        ("platform.compute.array.recovery=auto", "`compute.array.recovery` is"),
        ("platform.compute.array.accumulator=add8s_loa_k6", "`compute.array.accumulator` is"),
        ("platform.compute.array.weight_format=bitmap", "`compute.array.weight_format` is"),
        ("platform.memory.buffer.sram.voltage=0.9", "what a wrong flag or scale does"),
        ("workload.quantize.calibration=mse", "write `min_max` or"),
    ] {
        let text = refused(&razored(16), set);
        assert!(text.contains(told), "{set}: {text}");
    }
}

/// A Llama of five blocks: 128 tokens of 64 channels, eight heads of eight on four of keys and values, 172 behind the gate.
#[test]
fn a_language_model_razors_each_tensor_once_for_all_layers_that_read_it() {
    let Some(data) = shared() else { return };
    let model = std::fs::read(data.join("models/stories260k_ctx128.onnx")).unwrap();
    let network = Network::from_onnx(&model).unwrap();
    let tokens = Tensor::new([1, 128], (0..128).map(|at| (at * 7 % 500 + 3) as f32).collect()).unwrap();
    let grouped = |basis| razor(basis, 8, RazorCode::SignMagnitude);
    let format = NumberFormats { weights: grouped(8), activations: grouped(16), kv: grouped(8) };
    let settings = Quantize { format, ..Quantize::default() };
    let quantized = Quantized::calibrate(&network, &settings, Scheme::Symmetric, &tokens).unwrap();
    let count = |basis: u32| {
        let own = quantized.razored().into_iter().filter(|own| own.coder.basis() == basis);
        own.map(|own| own.groups).sum::<usize>()
    };
    // What queries, keys and values are made of, what the output is, gate and up, down; then the classifier. The products that
    // turn queries and keys by their place read those.
    let (rows, keys, behind_gate) = (128 * 64 / 8, 128 * 32 / 8, 128 * 172usize.div_ceil(8));
    assert_eq!(count(16), 5 * (3 * rows + behind_gate + rows + keys) + rows);
    // Keys by token, values by channel.
    assert_eq!(count(8), 5 * (keys + 32 * 128 / 8));
}

//! Do padding, zero points, scales, rounding and calibration change what they say, and nothing else?

use std::fs;
use std::path::Path;

use axsim::kernel::Geometry;
use axsim::workload::Network;
use serde_json::Value;

use crate::cli::axsim;

/// The outcome of the quickstart on few samples with these values.
fn outcome(settings: &[&str]) -> Value {
    told(settings).0
}

/// The same with what is printed.
fn told(settings: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command =
        axsim(&["run", "configs/runs/quickstart.yaml", "--quiet", "--set", "workload.samples=32"]);
    command.arg("--out").arg(folder.path());
    settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
    let printed = String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap();
    let outcome = fs::read_to_string(folder.path().join("outcome.json")).unwrap();
    (serde_json::from_str(&outcome).unwrap(), printed)
}

/// The network of the quickstart.
fn scenes() -> Network {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.onnx");
    Network::from_onnx(&fs::read(file).unwrap()).unwrap()
}

fn figure(outcome: &Value, path: &str) -> f64 {
    outcome.pointer(path).unwrap_or_else(|| panic!("no {path}")).as_f64().unwrap()
}

#[test]
fn padding_that_is_skipped_spares_energy_and_multiplied_by_an_exact_unit_changes_nothing() {
    let with = |padding: &str| outcome(&[&format!("platform.compute.array.padding={padding}")]);
    let [dropped, skipped, multiplied] = ["drop", "skip", "multiply"].map(with);
    let baseline = |outcome: &Value, path: &str| figure(outcome, &format!("/baseline{path}"));
    for path in ["/score/value", "/energy_j/total", "/latency_s", "/area_mm2"] {
        assert_eq!(baseline(&dropped, path), baseline(&multiplied, path), "{path}");
    }
    for path in ["/score/value", "/latency_s", "/area_mm2", "/layers/0/macs", "/layers/0/cycles"] {
        assert_eq!(baseline(&dropped, path), baseline(&skipped, path), "{path}");
    }
    assert!(baseline(&skipped, "/energy_j/compute") < baseline(&dropped, "/energy_j/compute"));
    assert_eq!(skipped["baseline"]["settings"]["platform"]["compute"]["array"]["padding"], "skip");
}

#[test]
fn an_exact_multiplier_scores_alike_on_raw_and_on_centred_codes_and_needs_no_signs_outside() {
    let with = |products: &str| {
        let products = format!("platform.compute.array.products={products}");
        outcome(&["platform.compute.array.multiplier=mul8u_exact", "approximate={}", &products])
    };
    let [centred, raw] = ["centred", "raw"].map(with);
    assert_eq!(centred["baseline"]["score"], raw["baseline"]["score"]);
    assert!(figure(&raw, "/baseline/area_mm2") < figure(&centred, "/baseline/area_mm2"));
    assert_eq!(raw["baseline"]["settings"]["platform"]["compute"]["array"]["products"], "raw");
}

/// Two's complement of raw codes switches far more than the codes do, so an exact baseline of it flatters what is compared.
#[test]
fn a_baseline_that_another_exact_multiplier_beats_says_what_is_saved_against_that() {
    let multiplier = "approximate={compute.array.multiplier: mul8u_trunc_t5}";
    let (raw, printed) = told(&["platform.compute.array.products=raw", multiplier]);
    let best = &raw["rivals"][0];
    assert_eq!(best["multiplier"], "mul8u_exact");
    let saved = figure(best, "/outcome/energy_j/total") / figure(&raw, "/approximate/energy_j/total");
    assert!(saved > 1.0 && saved < figure(&raw, "/savings/system"), "{saved}");
    let said = printed
        .lines()
        .find(|line| line.starts_with("`exact` is not the best exact multiplier here: mul8u_exact"));
    assert!(said.is_some_and(|said| said.contains(&format!("system {saved:.2}× less"))), "{printed}");
    let (_, centred) = told(&[multiplier]);
    assert!(!centred.contains("not the best exact multiplier"), "{centred}");
}

/// How often something was done in the exact system, per sample.
fn billed(outcome: &Value, action: &str) -> f64 {
    let lines = outcome["baseline"]["ledger"].as_object().unwrap().values();
    lines.filter(|line| line["action"] == action).map(|line| line["count"].as_f64().unwrap()).sum()
}

#[test]
fn sums_of_raw_codes_are_corrected_by_adders_that_are_paid_for_where_weights_have_a_zero_point() {
    let layers = scenes().layers().into_iter().map(|layer| layer.geometry);
    let (codes, outputs) = layers.fold((0, 0), |(codes, outputs), geometry| {
        let gemm = geometry.gemm();
        (codes + gemm.groups * gemm.positions * gemm.depth, outputs + geometry.outputs_per_sample())
    });
    for (multiplier, products, pays) in
        [("mul8u_exact", "raw", true), ("mul8u_exact", "centred", false), ("mul8s_exact", "raw", false)]
    {
        let [multiplier, products] = [("multiplier", multiplier), ("products", products)]
            .map(|(key, value)| format!("platform.compute.array.{key}={value}"));
        let found = outcome(&[&multiplier, &products, "approximate={}"]);
        let expected = if pays { [codes, outputs] } else { [0, 0] }.map(|count| count as f64);
        assert_eq!(["sum activation codes", "correct sums"].map(|action| billed(&found, action)), expected);
    }
}

#[test]
fn a_narrow_accumulator_costs_less_and_saturating_loses_less_than_wrapping() {
    let with = |bits: u32, overflow: &str| {
        let bits = format!("platform.compute.array.accumulator_bits={bits}");
        outcome(&["approximate={}", &bits, &format!("platform.compute.array.overflow={overflow}")])
    };
    let [whole, wraps, saturates] = [with(32, "wrap"), with(16, "wrap"), with(16, "saturate")];
    let baseline = |outcome: &Value, path: &str| figure(outcome, &format!("/baseline{path}"));
    assert_eq!(whole["baseline"]["score"], outcome(&["approximate={}"])["baseline"]["score"]);
    for narrow in [&wraps, &saturates] {
        assert!(baseline(narrow, "/area_mm2") < baseline(&whole, "/area_mm2"));
    }
    let [whole, wraps, saturates] =
        [whole, wraps, saturates].map(|outcome| baseline(&outcome, "/score/value"));
    assert!(wraps < whole && wraps <= saturates, "{wraps}, {saturates}, {whole}");
    // A product of unsigned bytes and its sign have 17 bits.
    let narrow = [
        "approximate={}",
        "platform.compute.array.multiplier=mul8u_exact",
        "platform.compute.array.accumulator_bits=16",
    ];
    let saturates = "platform.compute.array.overflow=saturate";
    let mut command = axsim(&["check", "configs/runs/quickstart.yaml"]);
    narrow.iter().chain([&saturates]).for_each(|setting| _ = command.args(["--set", setting]));
    let output = command.assert().code(2).get_output().stderr.clone();
    let message = String::from_utf8(output).unwrap();
    assert!(message.contains("17 bits, to hold a product, to 32, not 16"), "{message}");
}

/// Of a picture of one channel there is one order.
#[test]
fn another_order_of_exact_sums_switches_other_gates_and_changes_nothing_else() {
    let found = outcome(&["approximate={compute.array.accumulation_order: channels_last}"]);
    let [exact, other] = ["baseline", "approximate"].map(|which| &found[which]);
    for same in ["score", "latency_s", "cycles", "area_mm2"] {
        assert_eq!(exact[same], other[same], "{same}");
    }
    let energies = |of: &Value| {
        let layers = of["layers"].as_array().unwrap().iter();
        layers.map(|layer| figure(layer, "/energy_j")).collect::<Vec<_>>()
    };
    let (of_exact, of_other) = (energies(exact), energies(other));
    let one_order =
        |geometry: &Geometry| geometry.in_channels == geometry.groups || geometry.kernel == [1, 1];
    let layers = scenes().layers();
    assert!(layers.iter().any(|layer| !one_order(&layer.geometry)));
    for (at, layer) in layers.iter().enumerate() {
        assert_eq!(of_exact[at] == of_other[at], one_order(&layer.geometry), "{}", layer.name);
    }
}

const NEVER_NEGATIVE: &str = "; of activations that are never negative, as after a rectifier: ";

/// But for the first one, whose one channel may take another.
#[test]
fn explain_tells_the_way_that_layers_take() {
    for (accumulator, unit) in [
        ("add24s_loa_k6", "mac8s_bw__loa_k6"),
        ("add24s_gear_r4_p4", "mac8s_bw__gear_r4_p4"),
        ("exact", "mac8s_bw"),
    ] {
        let found = outcome(&[
            "workload.samples=2",
            "platform.compute.array.multiplier=mul8s_bw",
            &format!("approximate={{compute.array.accumulator: {accumulator}}}"),
        ]);
        let explained = axsim(&["explain", unit]).assert().success();
        let explained = String::from_utf8(explained.get_output().stdout.clone()).unwrap();
        let (_, told) = explained.trim_end().split_once(", on this processor: ").unwrap();
        let ways: Vec<&str> = told.split(NEVER_NEGATIVE).collect();
        for layer in &found["approximate"]["layers"].as_array().unwrap()[1..] {
            assert!(ways.contains(&layer["way"].as_str().unwrap()), "{unit}, {}: {told}", layer["name"]);
        }
    }
}

/// Of an unsigned multiplier a layer's codes have a zero point, 0 after a rectifier; the first layer has but one channel.
#[test]
fn explain_tells_the_ways_of_signs_outside() {
    let mut as_told = 0;
    for id in ["mul8u_trunc_t4", "mul8u_drum_k4", "mul8u_exact", "mul8u_mitchell"] {
        let multiplier = format!("platform.compute.array.multiplier={id}");
        let found = outcome(&["workload.samples=2", &multiplier, "approximate={}"]);
        let explained = axsim(&["explain", id]).assert().success();
        let explained = String::from_utf8(explained.get_output().stdout.clone()).unwrap();
        let (_, told) = explained.trim_end().split_once(", on this processor: ").unwrap();
        let ways: Vec<&str> = told.split(NEVER_NEGATIVE).collect();
        for layer in &found["baseline"]["layers"].as_array().unwrap()[1..] {
            let way = layer["way"].as_str().unwrap();
            // Where a layer's own codes are in one half of the table this may take less.
            let less = way == "looked up, two bytes each, in registers";
            assert!(ways.contains(&way) || less, "{id}, {}: {way}, not {told}", layer["name"]);
            as_told += usize::from(ways.contains(&way));
        }
    }
    // All layers of the exact multiplier and of Mitchell's.
    assert!(as_told >= 8, "{as_told}");
}

#[test]
fn a_file_s_own_scales_are_told_instead_of_those_that_are_asked_for() {
    let Some(shared) = crate::onnx_models::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (multiplier, says) in [
        ("mul8u_exact", "; scales and ranges of the model's file; rounding `half_even`."),
        // Signed bytes hold no layer's codes.
        ("mul8s_bw", "; weight scales `per_channel`; rounding `half_even`; ranges `m"),
    ] {
        let mut command = axsim(&["run", "configs/runs/quickstart.yaml", "--quiet"]);
        command.arg("--data").arg(&shared).arg("--out").arg(folder.path());
        let multiplier = format!("platform.compute.array.multiplier={multiplier}");
        let workload = "workload=configs/workloads/resnet8_cifar10_int8_qdq.yaml";
        for setting in
            [workload, &multiplier, "approximate={quantize.calibration: mse}", "workload.samples=2"]
        {
            command.args(["--set", setting]);
        }
        let printed = String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap();
        let said: Vec<&str> = printed.lines().filter(|line| line.starts_with("Semantics")).collect();
        assert!(!said.is_empty() && said.iter().all(|line| line.contains(says)), "{printed}");
    }
}

#[test]
fn zeros_that_are_held_are_told() {
    let (_, printed) = told(&["approximate={compute.array.zeros: gate}"]);
    assert!(printed.contains("zeros `gate`"), "{printed}");
    assert!(!told(&["approximate={}"]).1.contains("zeros `compute`"));
}

#[test]
fn layers_that_sum_more_than_their_accumulator_surely_holds_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let layers = scenes().layers();
    for bits in [20, 32] {
        let set = format!("approximate={{compute.array.accumulator_bits: {bits}}}");
        let run =
            ["run", "configs/runs/quickstart.yaml", "--quiet", "--set", "workload.samples=2", "--set", &set];
        let done = axsim(&run).arg("--out").arg(folder.path()).assert().success();
        let printed = String::from_utf8(done.get_output().stdout.clone()).unwrap();
        // Products of two's complement bytes reach 2^14.
        let holds = ((1u64 << (bits - 1)) - 1) >> 14;
        let beyond = layers.iter().filter(|layer| layer.geometry.depth() as u64 > holds);
        let depths: Vec<(&str, u64)> =
            beyond.map(|layer| (&*layer.name, layer.geometry.depth() as u64)).collect();
        let names: Vec<String> = depths.iter().map(|(name, depth)| format!("{name} ({depth})")).collect();
        let (count, most) = (names.len(), depths.iter().map(|(_, depth)| *depth).max().unwrap_or(0));
        let needs = (bits..=32).find(|bits| ((1u64 << (bits - 1)) - 1) >> 14 >= most).unwrap();
        let says = format!(
            "Accumulators of {bits} bits that wrap surely hold the sum of {holds} products, and more are summed in {}: of a sum that \
             leaves their range the low bits stay. {needs} bits surely hold them.",
            names.join(", ")
        );
        assert_eq!(printed.contains(&says), count > 0, "{printed}");
        assert!(
            if bits == 20 { 0 < count && count < layers.len() } else { count == 0 },
            "{count} of {}",
            layers.len()
        );
    }
}

#[test]
fn every_name_of_a_semantics_is_taken_and_kept_with_the_results() {
    for (path, value) in [
        ("weight_scales", "per_tensor"),
        ("rounding", "half_up"),
        ("rounding", "half_away"),
        ("rounding", "floor"),
        ("calibration", "mse"),
        ("calibration", "entropy"),
    ] {
        let found = outcome(&["approximate={}", &format!("workload.quantize.{path}={value}")]);
        assert_eq!(found["baseline"]["settings"]["workload"]["quantize"][path], value);
        let score = figure(&found, "/baseline/score/value");
        assert!(score > if value == "floor" { 0.3 } else { 0.9 }, "{path}: {value} scores {score}");
    }
}

#[test]
fn a_run_prints_its_semantics_by_the_names_that_are_configured() {
    let usual = "products `centred`; padding `drop`; sums of 32 bits that wrap, added exactly; order `channels_first`; \
                 weight scales `per_channel`; rounding `half_even`; ranges `min_max` on 256 samples.\n";
    assert!(told(&[]).1.contains(&format!("\nSemantics: {usual}")));
    let (_, printed) = told(&[
        "platform.compute.array.products=raw",
        "platform.compute.array.padding=multiply",
        "platform.compute.array.accumulation_order=channels_last",
        "workload.quantize={calibration: {percentile: 99.9}, calibration_samples: 20, weight_scales: per_tensor, rounding: floor}",
        "approximate={compute.array.accumulator: add32s_loa_k6, compute.array.accumulator_bits: 24}",
    ]);
    let line = |of: &str, sums: &str| {
        format!(
            "\nSemantics of {of}: products `raw`; padding `multiply`; sums of {sums}; order `channels_last`; weight scales \
             `per_tensor`; rounding `floor`; ranges `percentile: 99.9` on 20 samples.\n"
        )
    };
    assert!(printed.contains(&line("exact", "32 bits that wrap, added exactly")), "{printed}");
    let low = "24 bits that wrap, 6 low bits combined by OR, those above added exactly";
    assert!(printed.contains(&line("approximate", low)), "{printed}");
    // Neither array nor sums.
    let (_, printed) = told(&["platform={preset: always_on, compute: ideal}", "approximate={}"]);
    assert!(printed.contains("\nSemantics: weight scales `per_channel`; rounding"), "{printed}");
}

#[test]
fn explain_names_the_values_of_each() {
    for (knob, values) in [
        ("overflow", &["`wrap`", "`saturate`"][..]),
        ("accumulation_order", &["`channels_first`", "`channels_last`"]),
        ("padding", &["`drop`", "`skip`", "`multiply`"]),
        ("products", &["`centred`", "`raw`"]),
        ("calibration", &["`min_max`", "`mse`", "`entropy`"]),
        ("weight_scales", &["`per_channel`", "`per_tensor`"]),
        ("rounding", &["`half_even`", "`half_up`", "`half_away`", "`floor`"]),
    ] {
        let output = axsim(&["explain", knob]).assert().success().get_output().stdout.clone();
        let text = String::from_utf8(output).unwrap();
        assert!(values.iter().all(|value| text.contains(value)), "{text}");
    }
}

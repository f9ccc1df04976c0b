//! Does the schema accept every file that ships, and refuse what an editor can know to be wrong?

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;

use assert_cmd::Command;
use axsim::config::Config;
use axsim::config::knob::KNOBS;
use axsim::config::schema::schema;
use axsim::units::{BitRate, Bytes, Celsius, Seconds, SquareMicrometres};
use jsonschema::Validator;
use schemars::JsonSchema;
use serde_json::{Value, json};

/// Wrong only beyond the schema: a key given twice (an editor sees it in the YAML), a sign, a missing file, samples that
/// do not fit the sensor, a section that the workload lacks.
const ACCEPTED: [&str; 14] = [
    "array_voltage_too_low.yaml",
    "duplicate_key.yaml",
    "exit_tune_without_classes.yaml",
    "explored_knob_within_another.yaml",
    "explored_layer_spelt_twice.yaml",
    "features_before_a_sensor.yaml",
    "format_int_group.yaml",
    "format_int_scale.yaml",
    "knob_spelt_twice.yaml",
    "knob_within_another.yaml",
    "negative_period.yaml",
    "prune_pattern.yaml",
    "tokens_without_section.yaml",
    "workload_file_missing.yaml",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let inside = |path: PathBuf| if path.is_dir() { yaml_files(&path) } else { vec![path] };
    entries.flat_map(inside).filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}

fn validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| jsonschema::draft7::new(&schema()).unwrap())
}

/// The file as an editor sees it; `None` where it is no YAML at all.
fn value(path: &Path) -> Option<Value> {
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).ok()
}

#[test]
fn every_shipped_file_is_valid() {
    let (validator, files) = (validator(), yaml_files(&folder("configs")));
    assert!(files.len() >= 8, "only {} files in configs/", files.len());
    for path in files {
        let value = value(&path).unwrap();
        let errors = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path()));
        let errors: Vec<String> = errors.collect();
        assert!(errors.is_empty(), "{}:\n{}", path.display(), errors.join("\n"));
    }
}

#[test]
fn wrong_files_are_refused_except_those_that_only_loading_can_know() {
    let validator = validator();
    let mut accepted: Vec<String> = yaml_files(&folder("tests/wrong"))
        .into_iter()
        .filter(|path| value(path).is_some_and(|value| validator.is_valid(&value)))
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    accepted.sort();
    assert_eq!(accepted, ACCEPTED);
}

#[test]
fn every_knob_is_a_path_of_the_schema_in_full_and_without_its_kind() {
    let validator = validator();
    let valid = |path: &str, value: Value| {
        let file = json!({"workload": "w.yaml", "platform": "ideal", "approximate": {path: value}});
        validator.is_valid(&file)
    };
    for knob in KNOBS {
        let path = knob.path.replace('*', "main");
        let value = knob.neutral().unwrap_or_else(|| match path.rsplit('.').next() {
            Some("resolution") => json!([4, 4]),
            // The multiplier of a layer of this name.
            Some("main") => json!("exact"),
            Some("voltage") => json!("1 V"),
            Some("clock") => json!("fit"),
            Some("overflow") => json!("saturate"),
            Some("accumulation_order") => json!("channels_last"),
            Some("padding") => json!("skip"),
            Some("products") => json!("raw"),
            Some("calibration") => json!("mse"),
            Some("weight_scales") => json!("per_tensor"),
            Some("rounding") => json!("floor"),
            Some("by") => json!("random"),
            Some("format") => json!({"weights": {"int": {"bits": 4}}}),
            Some("rotation") => json!("hadamard"),
            Some("binary") => json!(true),
            Some("prune") => json!({"magnitude": {"ratio": 0.5}}),
            _ => json!(8),
        });
        let short = [".cmos", ".dram", ".sram", ".array"]
            .iter()
            .fold(path.clone(), |path, kind| path.replace(kind, ""));
        assert!(valid(&path, value.clone()) && valid(&short, value), "{path}");
        assert!(!valid(&path, json!("nonsense")) && !valid(&format!("{path}s"), json!(1)), "{path}");
    }
}

/// Keys that may be left out, of the workload, of the platform and of an exploration.
const OPTIONAL: [&str; 10] = [
    "workload.exit",
    "workload.experts",
    "workload.tokens",
    "workload.output",
    "workload.quantize.calibration_samples",
    "platform.compute.array.voltage",
    "platform.compute.array.accumulator_bits",
    "explore.screen",
    "explore",
    "floor",
];

#[test]
fn a_key_with_nothing_behind_it_is_valid_where_the_reader_takes_it_for_one_left_out() {
    let name = folder("configs/runs/quickstart.yaml");
    let mut refused = vec![];
    for key in OPTIONAL {
        let mut file = json!({
            "workload": value(&folder("configs/workloads/scenes/scenes.yaml")).unwrap(),
            "platform": {"preset": "always_on", "compute": {"array": {}}},
            "explore": {"space": {"sensor.skip": [1, 2]}},
        });
        let (parents, last) = key.rsplit_once('.').unwrap_or(("", key));
        let parent =
            parents.split('.').filter(|part| !part.is_empty()).fold(&mut file, |here, part| &mut here[part]);
        parent[last] = Value::Null;
        let read = Config::load(&file.to_string(), &name, &|path| fs::read_to_string(path), &[]);
        assert_eq!(validator().is_valid(&file), read.is_ok(), "{key}: {read:?}");
        refused.extend(read.is_err().then_some(key));
    }
    assert_eq!(refused, ["workload.exit", "workload.experts", "workload.tokens", "explore.screen", "floor"]);
}

#[test]
fn layers_are_named_by_the_schema_as_the_reader_takes_them() {
    let name = folder("configs/runs/quickstart.yaml");
    for (path, fine) in [
        (r#"layers.a.b.weight_bits"#, true),
        (r#"layers."a.b".weight_bits"#, true),
        (r#"layers."a\"b\\".weight_bits"#, true),
        (r#"layers."a.b.weight_bits"#, false),
        (r#"layers."a\".weight_bits"#, false),
        (r#"layers."a"b.weight_bits"#, false),
    ] {
        let file = json!({
            "workload": "../workloads/scenes/scenes.yaml", "platform": "always_on", "approximate": {path: 4}
        });
        let read = Config::load(&file.to_string(), &name, &|path| fs::read_to_string(path), &[]);
        assert_eq!([validator().is_valid(&file), read.is_ok()], [fine; 2], "{path}: {read:?}");
    }
}

#[test]
fn the_verb_prints_the_reviewed_schema() {
    let output = Command::cargo_bin("axsim").unwrap().arg("schema").output().unwrap();
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

/// Whether the schema and the reader agree that a text is, or is not, a quantity.
fn same_verdict<T: JsonSchema + FromStr>(text: &str) -> bool {
    let schema = schemars::schema_for!(T).to_value();
    jsonschema::draft7::new(&schema).unwrap().is_valid(&json!(text)) == text.parse::<T>().is_ok()
}

/// Values with a range that both the schema and the reader know.
const RANGED: [&str; 19] = [
    "sensor.adc_bits: ?",
    "sensor.skip: ?",
    "sensor.bin: ?",
    "sensor.resolution: [?, 48]",
    "sensor.full_well: ?",
    "sensor.read_noise: ?",
    "memory.buffer.sram.voltage: ?",
    "compute.array.rows: ?",
    "compute.array.columns: ?",
    "quantize.weight_bits: ?",
    "quantize.activation_bits: ?",
    "quantize.calibration_samples: ?",
    "layers.conv1.weight_bits: ?",
    "compute.array.zero_window: ?",
    "prune: {random: {ratio: ?}}",
    "layers.#1.prune: {channel: {ratio: ?}}",
    "quantize.calibration: {percentile: ?}",
    "outliers: {gains: {factor: ?}}",
    "outliers: {gains: {factor: 2, share: ?}}",
];

proptest::proptest! {
    #[test]
    fn the_pattern_of_a_quantity_accepts_what_its_reader_accepts(
        number in "[-+]?[0-9]{0,2}[.]?[0-9]{0,2}([eE][-+]?[0-9]?)?",
        unit in " {0,2}[fpnuµmkKMGTi]{0,2}(s|min|h|B|C|°C|b/s|um2|m2|V|)",
    ) {
        let text = format!("{number}{unit}");
        let same = [
            same_verdict::<Seconds>(&text), same_verdict::<Bytes>(&text), same_verdict::<Celsius>(&text),
            same_verdict::<BitRate>(&text), same_verdict::<SquareMicrometres>(&text),
        ];
        proptest::prop_assert_eq!(same, [true; 5]);
    }

    #[test]
    fn a_range_of_the_schema_is_that_of_the_reader(knob in 0..RANGED.len(), quarters in -8i32..600) {
        let name = folder("configs/runs/quickstart.yaml");
        let value = f64::from(quarters) / 4.0;
        let knob = RANGED[knob].replace('?', &value.to_string());
        let text = format!("workload: ../workloads/scenes/scenes.yaml\nplatform: always_on\napproximate: {{{knob}}}\n");
        let read = Config::load(&text, &name, &|path| fs::read_to_string(path), &[]);
        let value: Value = serde_yaml::from_str(&text).unwrap();
        proptest::prop_assert_eq!(validator().is_valid(&value), read.is_ok(), "{}", text);
    }

    #[test]
    fn a_floor_is_a_share_to_the_schema_where_it_is_one_to_the_reader(floor in "[0-9]{0,3}[.]?[0-9]{0,2} ?%?") {
        let name = folder("configs/runs/quickstart.yaml");
        let text = fs::read_to_string(&name).unwrap().replace("floor: 2 %", &format!("floor: {floor}"));
        let read = Config::load(&text, &name, &|path| fs::read_to_string(path), &[]);
        let valid = serde_yaml::from_str(&text).is_ok_and(|value| validator().is_valid(&value));
        proptest::prop_assert_eq!(valid, read.is_ok());
    }
}

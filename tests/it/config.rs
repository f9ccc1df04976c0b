//! Is every shipped configuration read, and every mistake refused at its place?

use std::fs;
use std::io;
use std::path::Path;

use axsim::config::knob::quoted;
use axsim::config::{Config, ConfigError};
use miette::Diagnostic;
use serde_json::json;

fn read(path: &Path) -> io::Result<String> {
    fs::read_to_string(path)
}

fn load(name: &str, text: &str) -> Result<Config, ConfigError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    Config::load(text, &path, &read, &[])
}

#[test]
fn the_quickstarts_load_and_their_knobs_are_neutral_in_the_baseline() {
    for name in ["configs/runs/quickstart.yaml", "configs/explorations/quickstart.yaml"] {
        let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
        let config = load(name, &text).unwrap();
        assert_eq!(config.floor, Some(0.02));
        assert_eq!(config.baseline["platform"]["memory"]["buffer"]["sram"]["voltage"], 1);
        assert_eq!(config.baseline["platform"]["compute"]["array"]["multiplier"], "exact");
    }
}

#[test]
fn a_misspelt_knob_is_refused() {
    let text =
        "workload: ../workloads/scenes/scenes.yaml\nplatform: always_on\napproximate: {sensor.adc_bit: 6}\n";
    let error = load("configs/runs/wrong.yaml", text).unwrap_err();
    assert!(error.to_string().contains("there is no `adc_bit`"), "{error}");
}

#[test]
fn a_number_below_the_least_is_refused_alike_whether_negative_or_not() {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(QUICKSTART)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(QUICKSTART);
    let refused = |key: &str, value: String| {
        Config::load(&text, &path, &read, &[(key.into(), value)]).unwrap_err().to_string()
    };
    for (key, least, range) in [
        ("workload.quantize.calibration_samples", 1, "from 1"),
        ("workload.samples", 1, "from 1"),
        ("workload.quantize.weight_bits", 2, "from 2 to 8"),
        ("platform.compute.array.columns", 1, "from 1"),
        ("approximate.sensor.adc_bits", 1, "from 1 to 14"),
    ] {
        let name = key.rsplit('.').next().unwrap();
        let expected = format!("`{name}` is out of range: write a whole number {range}");
        for value in [least - 1, -1] {
            let message = refused(key, value.to_string());
            assert!(message.ends_with(&expected), "{message}");
        }
        let message = refused(key, "many".into());
        assert!(message.ends_with(&format!("expected a whole number {range}")), "{message}");
    }
    assert!(refused("seed", "-1".into()).ends_with("`seed` is out of range: write a whole number from 0"));
}

const QUICKSTART: &str = "configs/runs/quickstart.yaml";

#[test]
fn deep_nesting_and_repeated_aliases_are_errors() {
    for open in ["[", "{a: ", "- ", "? "] {
        let text = format!("workload: w.yaml\nplatform: {}", open.repeat(100_000));
        assert!(load("x.yaml", &text).is_err());
    }
    // Every line repeats the one before nine times: 9^20 scalars if they were written out.
    let line = |at: usize| format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", "));
    let laughs: String = (1..20).map(line).collect();
    assert!(load("x.yaml", &format!("a0: &a0 lol\n{laughs}")).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z:{}\\[\\]\\-*&#'\"|>é \n]{0,60}") {
        let _ = load("x.yaml", &text);
    }

    #[test]
    fn a_changed_configuration_is_read_or_refused_at_a_place_in_it(
        changes in proptest::collection::vec((0usize..400, "[-a-z0-9:{}\\[\\]*&%#!'\"|>é\t\n ]{0,3}"), 1..4)
    ) {
        let mut text: Vec<char> = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(QUICKSTART)).unwrap().chars().collect();
        for (at, new) in changes {
            let at = at % text.len();
            text.splice(at..(at + 1), new.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = load(QUICKSTART, &text) {
            let spans = error.labels().into_iter().flatten();
            for span in spans {
                proptest::prop_assert!(error.source_code().unwrap().read_span(span.inner(), 1, 1).is_ok(), "{error}");
            }
        }
    }
}

/// A run of the embedded workload with `key: value` beside workload and platform.
fn with(key: &str, value: serde_json::Value) -> String {
    let mut file = json!({"workload": "../workloads/scenes/scenes.yaml", "platform": "always_on"});
    file[key] = value;
    file.to_string()
}

proptest::proptest! {
    /// Names as they are in models, dots, quotes and all.
    #[test]
    fn a_layer_is_the_one_that_a_path_quotes_wherever_the_path_is_written(
        name in r#"([ab."\\=#/ ]{1,6}|\PC{1,8})"#,
    ) {
        let paths = [
            format!("layers.{}.weight_bits", quoted(&name)), format!("compute.array.layers.{}", quoted(&name)),
        ];
        let [bits, multiplier] = [json!(4), json!("mul8s_bw")];
        let knobs = json!({&*paths[0]: bits, &*paths[1]: multiplier});
        let space = json!({"space": {&*paths[0]: [bits], &*paths[1]: [multiplier]}});
        let own = |config: &Config| {
            let setup = config.setup(&config.approximate).unwrap();
            let axsim::config::platform::Compute::Array(array) = setup.platform.compute else { panic!() };
            let own = setup.workload.layers.get(&name).and_then(|own| own.weight_bits);
            (own, array.layers.get(&name).map(|own| serde_json::to_value(own).unwrap()))
        };
        let expected = (Some(4), Some(multiplier.clone()));
        let file = load("configs/runs/layers.yaml", &with("approximate", knobs)).unwrap();
        proptest::prop_assert_eq!(own(&file), expected.clone());
        proptest::prop_assert!(load("configs/runs/layers.yaml", &with("explore", space)).is_ok());
        for starts in [["approximate."; 2], ["workload.", "platform."]] {
            let sets = [(starts[0], &paths[0], "4"), (starts[1], &paths[1], "mul8s_bw")];
            let sets = sets.map(|(start, path, value)| (format!("{start}{path}"), value.to_string()));
            let text = with("approximate", json!({}));
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(QUICKSTART);
            let config = Config::load(&text, &path, &read, &sets).unwrap();
            proptest::prop_assert_eq!(own(&config), expected.clone());
            // What an error says was set can be set again.
            let wrong = [(format!("{}{}", starts[0], paths[0]), "many".to_string())];
            let message = Config::load(&text, &path, &read, &wrong).unwrap_err().to_string();
            proptest::prop_assert!(message.contains(&*paths[0]), "{}", message);
        }
    }
}

#[test]
fn a_fault_of_a_layer_is_told_where_its_quoted_name_is_written() {
    let text = with("approximate", json!({r#"layers."a.prune".prune"#: {"random": {"ratio": 0.5}}}));
    let config = load("configs/runs/layers.yaml", &text).unwrap();
    let told = config.fault(r#"layers."a.prune""#, "wrong");
    let label = told.labels().unwrap().next().unwrap();
    assert!(text[label.offset()..].starts_with(r#"{"random""#), "{told:?}");
}

#[test]
fn a_knob_that_is_written_in_two_ways_is_refused_with_both() {
    let pairs = [
        ["sensor.adc_bits", "sensor.cmos.adc_bits", "6"],
        ["memory.main.refresh_interval", "memory.main.dram.refresh_interval", "64 ms"],
        ["compute.layers.body.0", r#"compute.array.layers."body.0""#, "mul8s_bw"],
        ["layers.a.b.weight_bits", r#"layers."a.b".weight_bits"#, "4"],
    ];
    for [one, other, value] in pairs {
        let value: serde_json::Value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        let platform = if one.starts_with("memory") { "camera_edge" } else { "always_on" };
        let file = |key: &str, knobs: serde_json::Value| with(key, knobs).replace("always_on", platform);
        for [first, second] in [[one, other], [other, one]] {
            let expected = format!("`{second}` is the same knob as `{first}`");
            let at = |error: ConfigError, text: &str| {
                let label = error.labels().unwrap().next().unwrap();
                assert!(text[label.offset()..].starts_with(&json!(second).to_string()), "{error:?}");
                error.to_string()
            };
            let mut knobs = serde_json::Map::from_iter([(first.to_string(), value.clone())]);
            assert!(load("configs/runs/x.yaml", &file("approximate", json!(knobs))).is_ok(), "{first}");
            knobs.insert(second.into(), value.clone());
            let text = file("approximate", json!(knobs));
            assert_eq!(at(load("configs/runs/x.yaml", &text).unwrap_err(), &text), expected);
            knobs.values_mut().for_each(|tried| *tried = json!([tried]));
            let text = file("explore", json!({"space": knobs}));
            assert_eq!(at(load("configs/runs/x.yaml", &text).unwrap_err(), &text), expected);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(QUICKSTART);
    let sets = [("approximate.sensor.cmos.adc_bits".to_string(), "4".to_string())];
    let error = Config::load(&read(&path).unwrap(), &path, &read, &sets).unwrap_err().to_string();
    let both = "`sensor.cmos.adc_bits` is the same knob as `sensor.adc_bits`";
    assert_eq!(error, format!("in `--set approximate.sensor.cmos.adc_bits=…`: {both}"));
}

#[test]
fn a_set_path_without_its_kind_is_told_and_not_the_preset() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(QUICKSTART);
    let told = |set: &str| {
        let sets = [(set.to_string(), "exact".to_string())];
        Config::load(&read(&path).unwrap(), &path, &read, &sets).unwrap_err()
    };
    let error = told("platform.compute.layers.conv1");
    let expected = "`layers` is no kind, or not the only one, of `platform.compute`";
    assert_eq!(error.to_string(), format!("in `--set platform.compute.layers.conv1=…`: {expected}"));
    assert!(error.help().is_some_and(|help| help.to_string().contains("platform.compute.array.rows=8")));
    // Below its kind a path is read to its end.
    let error = told("platform.compute.array.rows").to_string();
    assert!(!error.contains("kind"), "{error}");
}

/// In any order: what is set last would else be all that is left, or a value would not even have the part.
#[test]
fn a_knob_within_another_is_refused_with_both() {
    let pairs = [
        ["compute.array.layers", "compute.layers.conv1"],
        ["compute", "compute.array.layers.body.0"],
        ["sensor", "sensor.cmos.adc_bits"],
        ["quantize", "quantize.weight_bits"],
        ["quantize.format", "quantize.format.weights"],
        ["layers", r#"layers."a.b".weight_bits"#],
    ];
    let values = json!({
        "compute.array.layers": {"conv2": "mul8s_bw"}, "compute.layers.conv1": "mul8s_bw", "compute": "ideal",
        "compute.array.layers.body.0": "mul8s_bw", "sensor": "ideal", "sensor.cmos.adc_bits": 6, "quantize": {},
        "quantize.weight_bits": 6, "quantize.format": {}, "quantize.format.weights": "plain", "layers": {},
        r#"layers."a.b".weight_bits"#: 6,
    });
    let message = |text: &str| load("configs/runs/x.yaml", text).unwrap_err();
    for [whole, part] in pairs {
        let expected =
            format!("`{part}` is a part of `{whole}`, so that the later of the two would undo the other");
        for [first, second] in [[whole, part], [part, whole]] {
            let knobs = json!({first: values[first], second: values[second]});
            let space = json!({"space": {first: [values[first]], second: [values[second]]}});
            for text in [with("approximate", knobs), with("explore", space)] {
                let error = message(&text);
                assert_eq!(error.to_string(), expected);
                let label = error.labels().unwrap().next().unwrap();
                assert!(text[label.offset()..].starts_with(&json!(second).to_string()), "{error:?}");
                assert!(error.help().unwrap().to_string().contains(&format!("`{whole}` alone")), "{error:?}");
            }
        }
    }
    let apart =
        json!({"quantize.format.weights": "plain", "quantize.format.kv": "plain", "quantize.weight_bits": 6});
    assert!(load("configs/runs/x.yaml", &with("approximate", apart)).is_ok());
}

#[test]
fn a_wrong_value_of_a_list_is_marked_itself() {
    let marked = |error: &ConfigError, text: &str| {
        let label = error.labels().unwrap().next().unwrap();
        text[label.offset()..].chars().take(label.len()).collect::<String>()
    };
    for (values, wrong) in [("[8, 77, 6]", "77"), ("[8, 6, many]", "many"), ("\n    - 8\n    - 99\n", "99")] {
        let head = "workload: ../workloads/scenes/scenes.yaml\nplatform: always_on";
        let text = format!("{head}\nexplore:\n  space:\n   sensor.adc_bits: {values}\n");
        assert_eq!(marked(&load("configs/runs/x.yaml", &text).unwrap_err(), &text), wrong, "{text}");
    }
    let text = with("explore", json!({"space": {"compute.multiplier": ["exact", "mul8s_drom_k4"]}}));
    let config = load("configs/runs/x.yaml", &text).unwrap();
    let tried = ("compute.multiplier", &json!("mul8s_drom_k4"));
    let told = config.fault_of_value("compute.array.multiplier", tried, "wrong");
    assert_eq!(marked(&told, &text), "\"mul8s_drom_k4\"");
}

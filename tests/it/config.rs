//! Is every shipped configuration read, and every mistake refused at its place?

use std::fs;
use std::io;
use std::path::Path;

use axsim::config::{Config, ConfigError};
use miette::Diagnostic;

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

//! Is every shipped configuration read, and every mistake refused at its place?

use std::fs;
use std::io;
use std::path::Path;

use axsim::config::{Config, ConfigError};

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

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z:{}\\[\\]\\-*&#'\"|>é \n]{0,60}") {
        let _ = load("x.yaml", &text);
    }
}

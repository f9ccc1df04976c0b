//! Is the baseline the platform without what knobs add, and is it called what it is?

use serde_json::Value;

use crate::cli::axsim;

/// A run of the embedded task on few samples with these values, and what was printed.
fn run(settings: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command =
        axsim(&["run", "configs/runs/quickstart.yaml", "--quiet", "--set", "workload.samples=2"]);
    command.args(["--set", "workload.quantize.calibration_samples=4"]).arg("--out").arg(folder.path());
    settings.iter().for_each(|setting| _ = command.args(["--set", setting]));
    let printed = String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap();
    let outcome = std::fs::read(folder.path().join("outcome.json")).unwrap();
    (serde_json::from_slice(&outcome).unwrap(), printed)
}

/// All that an outcome costs and scores.
fn figures(outcome: &Value) -> Vec<&Value> {
    ["score", "energy_j", "area_mm2", "latency_s", "layers", "ledger"].map(|figure| &outcome[figure]).into()
}

#[test]
fn a_layer_whose_multiplier_is_a_knob_has_that_of_the_array_in_the_baseline() {
    let platform = "platform.compute.array.multiplier=mul8u_exact";
    let plain = run(&[platform, "approximate={}"]).0;
    let own = "platform.compute.array.layers={'#1': mul8u_trunc_t2}";
    for more in [&[][..], &[own]] {
        let knob = "approximate={compute.array.layers.#1: mul8u_trunc_t6}";
        let layered = run(&[&[platform, knob], more].concat()).0;
        assert_eq!(figures(&plain["baseline"]), figures(&layered["baseline"]));
        assert_eq!(
            layered["baseline"]["settings"]["platform"]["compute"]["array"]["layers"],
            serde_json::json!({})
        );
        // Its own array is one more.
        assert!(layered["savings"]["area"].as_f64().unwrap() < 1.0);
        assert!(layered["savings"]["datapath"].as_f64().unwrap() > 1.0);
        let [alone, joint] = [&layered["knobs"][0]["alone"], &layered["approximate"]].map(figures);
        assert_eq!(alone, joint);
    }
}

#[test]
fn a_platform_that_errs_is_no_exact_baseline() {
    let settings = [
        "platform.compute.array.multiplier=mul8u_trunc_t4",
        "approximate={compute.array.layers.#1: mul8u_trunc_t4}",
    ];
    let (same, printed) = run(&settings);
    assert_eq!(figures(&same["baseline"]), figures(&same["approximate"]));
    let layers = same["baseline"]["layers"].as_array().unwrap();
    let said =
        format!("The baseline is not exact: sums err in {0} of {0} layers as the platform", layers.len());
    assert!(printed.contains(&said), "{printed}");
    assert!(printed.contains("`compute.array.layers.#1` changes nothing here"), "{printed}");
    let labels = |printed: &str| -> Vec<String> {
        printed.lines().filter_map(|line| line.split_whitespace().next().map(String::from)).collect()
    };
    let is_row = |printed: &str, name: &str| labels(printed).iter().any(|label| label == name);
    assert!(is_row(&printed, "baseline") && !is_row(&printed, "exact"), "{printed}");
    assert!(printed.contains("times less energy than baseline"), "{printed}");
    let (_, exact) = run(&["approximate={compute.array.layers.#1: mul8s_bwtrunc_t4}"]);
    assert!(is_row(&exact, "exact") && exact.contains("times less energy than exact"), "{exact}");
    assert!(!exact.contains("baseline is not exact"), "{exact}");
}

#[test]
fn a_rival_that_the_platform_has_no_sums_for_is_left_out() {
    let (found, printed) = run(&[
        "platform.compute.array.multiplier=mul8s_bw",
        "platform.compute.array.accumulator_bits=16",
        "platform.compute.array.overflow=saturate",
        "approximate={compute.array.multiplier: mul8s_bwtrunc_t4}",
    ]);
    let rivals = found["rivals"].as_array().unwrap();
    assert!(
        !rivals.is_empty() && rivals.iter().all(|rival| rival["multiplier"] != "mul8u_exact"),
        "{printed}"
    );
    let told = found["notes"].to_string();
    assert!(told.contains("`mul8u_exact` is no rival on this platform: `mac8u_exact"), "{told}");
    assert!(!printed.contains("not the best exact multiplier"), "{printed}");
}

/// A narrow multiplier, which takes narrow codes alone: with companions, and with plain bits for rivals.
#[test]
fn a_knob_has_the_same_rivals_and_companions_however_its_path_is_written() {
    for ways in
        [["compute.array.layers.#1", "compute.layers.#1"], ["compute.array.multiplier", "compute.multiplier"]]
    {
        let widths = "quantize.weight_bits: 7, quantize.activation_bits: 7";
        let [long, short] =
            ways.map(|path| run(&[&format!("approximate={{{widths}, {path}: mul7s_bwtrunc_t3}}")]).0);
        assert!(!long["rivals"].as_array().unwrap().is_empty(), "{}", ways[0]);
        for part in ["rivals", "equal_accuracy", "approximate"] {
            assert_eq!(long[part], short[part], "{}: {part}", ways[1]);
        }
        for part in ["alone", "without"] {
            let outcome = |found: &Value| found["knobs"][2][part].clone();
            assert_eq!(outcome(&long), outcome(&short), "{}: {part}", ways[1]);
        }
    }
}

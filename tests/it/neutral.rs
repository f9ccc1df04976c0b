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
    assert!(
        told.contains("`mul8u_exact` is no rival on this platform: an accumulator that saturates"),
        "{told}"
    );
    assert!(!printed.contains("not the best exact multiplier"), "{printed}");
}

/// Alone, for one operand, for one layer, or within all that is said of the quantisation or of the array.
#[test]
fn formats_and_multipliers_have_rivals_wherever_they_are_tried() {
    let format = "{weights: {int: {bits: 4}}}";
    let [whole, part] =
        [format!("quantize.format: {format}"), "quantize.format.weights: {int: {bits: 4}}".into()]
            .map(|knob| run(&[&format!("approximate={{{knob}}}")]));
    for same in ["rivals", "equal_accuracy", "approximate"] {
        assert_eq!(whole.0[same], part.0[same], "{same}");
    }
    assert!(part.1.contains("int W4 ") && part.1.contains("against that line the format"), "{}", part.1);
    let quantize = "weight_bits: 8, calibration_samples: 4";
    let array = part.0["baseline"]["settings"]["platform"]["compute"]["array"].to_string();
    for (knob, has_rivals) in [
        (format!("quantize: {{{quantize}, format: {format}}}"), true),
        (format!("layers.conv2.format: {format}"), true),
        (format!("layers: {{conv2: {{format: {format}}}}}"), true),
        (
            format!(
                "compute.array: {}",
                array.replace(r#""multiplier":"exact""#, r#""multiplier":"mul8s_bwtrunc_t4""#)
            ),
            true,
        ),
        (format!("compute.array: {}", array.replace(r#""clock":"fit""#, r#""clock":"400 MHz""#)), false),
        (format!("quantize: {{{quantize}, rounding: floor}}"), false),
    ] {
        let (found, printed) = run(&[&format!("approximate={{{knob}}}")]);
        let expected = if has_rivals { &part.0["rivals"] } else { &serde_json::json!([]) };
        let bits = |rivals: &Value| {
            rivals.as_array().unwrap().iter().map(|one| one["outcome"]["score"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(bits(&found["rivals"]), bits(expected), "{knob}: {printed}");
        // What sets other things too is not compared as a multiplier or a format.
        assert!(found["equal_accuracy"].is_null(), "{knob}");
    }
}

/// Widths that a whole of the quantisation has go along with a narrow multiplier, as single ones do.
#[test]
fn a_whole_that_has_widths_goes_along_with_a_narrow_multiplier() {
    let quantize = "quantize: {weight_bits: 7, activation_bits: 7, calibration_samples: 4}";
    let (found, printed) =
        run(&[&format!("approximate={{{quantize}, compute.multiplier: mul7s_bwtrunc_t3}}")]);
    assert_eq!(figures(&found["knobs"][1]["alone"]), figures(&found["approximate"]));
    assert!(found["notes"].to_string().contains("alone it has `quantize` with it"), "{printed}");
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

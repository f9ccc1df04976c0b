//! Scales of tokens and steps of groups: what they take, and what refuses them.

use axsim::kernel::Geometry;
use axsim::workload::Layer;
use serde_json::{Value, json};

use super::{refused, run, scenes};

/// Constants of recovery fold into biases, by which no token multiplies.
#[test]
fn recovery_is_refused_where_tokens_have_scales() {
    let token = json!({"quantize.format": {"activations": {"int": {"bits": 8, "scale": "token"}}}});
    let text = refused(&token, "platform.compute.array.recovery=auto");
    assert!(text.contains("or leave `scale` out"), "{text}");
    let text = refused(&token, "platform.memory.buffer.sram.voltage=0.9");
    assert!(text.contains("what a wrong flag or scale does"), "{text}");
}

/// Counts from the shapes of the layers that read one place at a time.
#[test]
fn scales_of_tokens_are_billed_by_the_number_and_by_the_sum() {
    let layers = scenes().layers();
    let pointwise: Vec<&Layer> = layers.iter().filter(|layer| layer.geometry.kernel == [1, 1]).collect();
    let token = json!({"activations": {"int": {"bits": 8, "scale": "token"}}});
    let knobs: serde_json::Map<String, Value> =
        pointwise.iter().map(|layer| (format!("layers.#{}.format", layer.index), token.clone())).collect();
    assert!(!knobs.is_empty());
    let (found, printed) = run(&Value::Object(knobs), &[]);
    let after = &found["approximate"];
    let lines = after["ledger"].as_object().unwrap().values();
    let count = |action: &str| -> f64 {
        lines
            .clone()
            .filter(|line| line["action"] == action)
            .map(|line| line["count"].as_f64().unwrap())
            .sum()
    };
    let total = |of: &dyn Fn(&Geometry) -> usize| -> f64 {
        pointwise.iter().map(|layer| of(&layer.geometry) as f64).sum()
    };
    let numbers = total(&|geometry| geometry.inputs_per_sample());
    let tokens = total(&|geometry| geometry.in_height * geometry.in_width);
    assert_eq!(count("find scales of tokens"), numbers + 16.0 * tokens);
    assert_eq!([count("hold tokens"), count("scale tokens")], [numbers; 2]);
    assert_eq!(count("scale sums"), total(&|geometry| geometry.outputs_per_sample()));
    let told = &after["token_scales"];
    assert_eq!([&told["tokens"], &told["numbers"]], [&json!(tokens as u64), &json!(numbers as u64)]);
    let more = after["area_mm2"].as_f64().unwrap() - found["baseline"]["area_mm2"].as_f64().unwrap();
    assert!(told["energy_j"].as_f64().unwrap() > 0.0, "{told}");
    assert!((told["area_mm2"].as_f64().unwrap() / more - 1.0).abs() < 1e-6, "{more} {told}");
    assert!(printed.contains("Finding a scale for each of"), "{printed}");
    // Layers compute what they did, on other codes; they lose no more than 8 bits do.
    let score = |which: &Value| which["score"]["value"].as_f64().unwrap();
    assert!((score(after) - score(&found["baseline"])).abs() < 0.1);
}

/// Weights of 4 bits whose groups have a step of their own: the unit multiplies the sum of a group by it.
#[test]
fn steps_of_groups_take_a_multiplier_in_the_unit_and_a_byte_in_memory() {
    let formats = |weights: Value| json!({"quantize.format": {"weights": weights, "activations": {"int": {"bits": 4}}}});
    let (found, printed) = run(&formats(json!({"int": {"bits": 4, "group": 16}})), &[]);
    let (razored, _) = run(&formats(json!({"razor": {"basis": 8, "bits": 4, "group": 16}})), &[]);
    let (plain, _) = run(&formats(json!({"int": {"bits": 4}})), &[]);
    let after = &found["approximate"];
    let layers = scenes().layers();
    let window = |geometry: &Geometry| geometry.kernel[0] * geometry.kernel[1];
    let parts = |geometry: &Geometry| (geometry.in_channels / geometry.groups).div_ceil(16);
    let bits: usize = layers
        .iter()
        .map(|layer| &layer.geometry)
        .map(|own| 4 * own.weights() + 8 * own.out_channels * window(own) * parts(own))
        .sum();
    let weights: f64 = layers.iter().map(|layer| layer.geometry.weights() as f64).sum();
    let told = after["formats"]["weights"]["effective_bits"].as_f64().unwrap();
    assert!((told - bits as f64 / weights).abs() < 1e-9, "{told}");
    for layer in after["layers"].as_array().unwrap() {
        assert_eq!(
            (layer["format"]["unit"].as_str(), layer["relative_error"].as_f64()),
            (Some("mac4s_vsq_g16"), Some(0.0))
        );
    }
    // A multiplier of a sum is dearer than a shifter of the 0 to 4 places of razored weights.
    let figure = |which: &Value, name: &str| which["approximate"][name].as_f64().unwrap();
    for name in ["datapath_energy_j", "area_mm2"] {
        assert!(figure(&found, name) > figure(&razored, name), "{name}");
    }
    let score = |which: &Value| which["approximate"]["score"]["value"].as_f64().unwrap();
    assert!(score(&found) >= score(&plain), "{} {}", score(&found), score(&plain));
    assert!(printed.contains("No circuit writes numbers in groups at run time"), "{printed}");
}

use serde_json::json;

use super::*;
use crate::config::{Config, Setup};
use crate::platform::compute::array::Open;
use crate::run::Evaluator;
use crate::run::outcome::Outcome;
use crate::run::probe;
use crate::run::quickstart::{quickstart, setup, whole};

/// Layer after layer with another multiplier, then with a buffer that errs, then both and two layers.
fn sweep(config: &Config, layers: usize) -> Vec<Setup> {
    let layer = |at: usize| format!("compute.array.layers.#{at}");
    let voltage = ("memory.buffer.sram.voltage", json!(0.9));
    let one = |at: usize| setup(config, &[(&layer(at), json!("mul8s_bwtrunc_t4"))]);
    let faulty = |at: usize| setup(config, &[voltage.clone(), (&layer(at), json!("mul8s_bwtrunc_t4"))]);
    let both = setup(config, &[(&layer(1), json!("mul8s_bwtrunc_t4")), (&layer(2), json!("mul8u_trunc_t4"))]);
    let all = setup(config, &[("compute.array.multiplier", json!("mul8u_trunc_t4"))]);
    let exact = setup(config, &[]);
    let setups = [exact, both, all].into_iter().chain((0..layers).map(one));
    setups
        .chain([setup(config, std::slice::from_ref(&voltage))])
        .chain((0..layers).step_by(2).map(faulty))
        .collect()
}

#[test]
fn setups_that_share_layers_give_what_each_gives_alone_and_leave_nothing_behind() {
    let (config, task) = quickstart();
    let setups = sweep(&config, task.network.layers().len());
    let shared = Evaluator::new(&task, 1, 8, Open::NONE);
    shared.prepare(&setups.iter().collect::<Vec<_>>()).unwrap();
    let mut went_on = [0; 2];
    for setup in &setups {
        let parts = shared.build(setup).unwrap();
        let keys = keys(&parts, task.network.layers().len());
        let together = task.network.together_in(rayon::current_num_threads());
        let batches = [[0, probe::SAMPLES], [probe::SAMPLES, probe::SAMPLES + together]];
        for (count, batch) in went_on.iter_mut().zip(batches) {
            *count += usize::from(shared.prefixes.latest(&keys, keys.len() - 1, (batch, 0)).is_some());
        }
        let outcome = shared.evaluate(setup, Value::Null).unwrap();
        let alone = Evaluator::new(&task, 1, 8, Open::NONE).evaluate(setup, Value::Null).unwrap();
        assert_eq!(whole(&outcome), whole(&alone));
    }
    // Each but the first layer of both sweeps, and the pair of layers.
    let layers = task.network.layers().len();
    assert_eq!(went_on, [layers - 1 + 1 + layers.div_ceil(2) - 1; 2], "of the first batch and of the second");
    let kept = shared.prefixes.kept();
    assert_eq!((kept.bytes, kept.checkpoints.len(), kept.seen.len(), kept.planned.len()), (0, 0, 0, 0));
}

#[test]
fn a_multiplier_for_every_layer_is_a_multiplier_for_the_array() {
    let (config, task) = quickstart();
    let evaluator = Evaluator::new(&task, 1, 8, Open::NONE);
    let evaluate = |knobs: &[(&str, Value)]| evaluator.evaluate(&setup(&config, knobs), Value::Null).unwrap();
    for id in ["mul8s_drum_k4", "mul8u_trunc_t4"] {
        let names = task.network.layers().into_iter().map(|layer| (layer.name, json!(id)));
        let layers = Value::Object(names.collect());
        let mut layered = evaluate(&[("compute.array.layers", layers)]);
        let whole_array = evaluate(&[("compute.array.multiplier", json!(id))]);
        layered.clock_hz = whole_array.clock_hz;
        assert_eq!(whole(&layered), whole(&whole_array));
    }
}

#[test]
fn a_layer_with_a_multiplier_of_its_own_takes_an_array_more() {
    let (config, task) = quickstart();
    let evaluator = Evaluator::new(&task, 1, 8, Open::NONE);
    let evaluate = |knobs: &[(&str, Value)]| evaluator.evaluate(&setup(&config, knobs), Value::Null).unwrap();
    let [exact, drum, one, same] = [
        evaluate(&[]),
        evaluate(&[("compute.array.multiplier", json!("mul8s_drum_k4"))]),
        evaluate(&[("compute.array.layers.#1", json!("mul8s_drum_k4"))]),
        evaluate(&[("compute.array.layers.#1", json!("mul8s_bw"))]),
    ];
    assert_eq!(whole(&same), whole(&exact), "the same unit is the same array");
    // Of eight rows seven less.
    let row = evaluate(&[("compute.array.rows", json!(1))]);
    let array = (exact.area_mm2 - row.area_mm2) / 7.0 * 8.0;
    assert!((one.area_mm2 - drum.area_mm2 - array).abs() < 1e-12);
    let energies = |outcome: &Outcome| outcome.layers.iter().map(|layer| layer.energy_j).collect::<Vec<_>>();
    assert_eq!(energies(&one)[0], energies(&exact)[0], "what comes before the layer stays");
    assert!(one.layers[1].relative_error > 0.0 && one.layers[2].relative_error == 0.0);
}

#[test]
fn what_does_not_fit_is_computed_again() {
    let prefixes = Prefixes::default();
    let keys: Vec<Key> = (0..4u8).map(|at| blake3::hash(&[at])).collect();
    let other = [&keys[..3], &[blake3::hash(b"other")]].concat();
    prefixes.plan(&keys);
    prefixes.plan(&other);
    prefixes.kept().bytes = LIMIT;
    prefixes.keep(&keys, 2, ([0, 8], 0), &Checkpoint::default);
    assert!(prefixes.latest(&other, 3, ([0, 8], 0)).is_none());
    prefixes.kept().bytes = 0;
    prefixes.keep(&keys, 1, ([0, 8], 0), &|| unreachable!("both setups go on from there"));
    prefixes.keep(&keys, 2, ([0, 8], 0), &Checkpoint::default);
    assert!(
        prefixes.latest(&other, 3, ([0, 8], 0)).is_some()
            && prefixes.latest(&other, 3, ([0, 8], 1)).is_none()
    );
    // Fewer samples are another batch.
    assert!(prefixes.latest(&other, 3, ([0, 7], 0)).is_none());
    prefixes.finish(&keys);
    prefixes.finish(&other);
    assert_eq!(prefixes.kept().bytes, 0);
}

/// What is kept from one setup to the next must know every knob that decides it.
#[test]
fn a_knob_acts_alike_whatever_was_evaluated_before() {
    let (config, task) = quickstart();
    let razor = json!({"razor": {"basis": 8, "bits": 4, "group": 8}});
    let knobs = [
        ("sensor.adc_bits", json!(4)),
        ("memory.buffer.sram.voltage", json!(0.9)),
        ("compute.array.multiplier", json!("mul8u_trunc_t4")),
        ("compute.array.accumulator", json!("add24s_loa_k4")),
        ("compute.array.clock", json!("fit")),
        ("compute.array.overflow", json!("saturate")),
        ("compute.array.accumulation_order", json!("channels_last")),
        ("compute.array.padding", json!("multiply")),
        ("compute.array.products", json!("raw")),
        ("compute.array.zeros", json!("gate")),
        ("compute.array.weight_format", json!("bitmap")),
        ("outliers", json!({"gains": {"factor": 100}})),
        ("prune", json!({"magnitude": {"ratio": 0.5}})),
        ("layers.#1.prune", json!({"magnitude": {"ratio": 0.5}})),
        ("layers.#1.weight_bits", json!(3)),
        ("layers.#1.binary", json!(true)),
        ("quantize.weight_bits", json!(4)),
        ("quantize.activation_bits", json!(5)),
        ("quantize.calibration", json!("mse")),
        ("quantize.weight_scales", json!("per_tensor")),
        ("quantize.rounding", json!("floor")),
        ("quantize.rotation", json!("hadamard")),
        ("layers.#2.rotation", json!("hadamard")),
        ("quantize.format", json!({"weights": razor, "activations": razor})),
    ];
    let setups: Vec<Setup> = knobs.iter().map(|knob| setup(&config, std::slice::from_ref(knob))).collect();
    let shared = Evaluator::new(&task, 1, 8, Open::NONE);
    shared.prepare(&setups.iter().collect::<Vec<_>>()).unwrap();
    for (own, (knob, _)) in setups.iter().zip(&knobs) {
        let alone = Evaluator::new(&task, 1, 8, Open::NONE);
        let [shared, alone] = [&shared, &alone].map(|of| whole(&of.evaluate(own, Value::Null).unwrap()));
        assert_eq!(shared, alone, "{knob}");
    }
}

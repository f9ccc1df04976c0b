//! Does the program answer the same with whatever registers it may use?

use std::fs;
use std::path::Path;

use axsim::simd::Level;
use serde_json::Value;

use crate::cli::axsim;

fn levels() -> impl Iterator<Item = String> {
    let has = Level::of_processor();
    Level::ALL.into_iter().filter(move |level| *level <= has).map(|level| level.to_string())
}

/// Removes how layers formed their products: that alone depends on the processor.
fn without_ways(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove("way");
            fields.values_mut().for_each(without_ways);
        }
        Value::Array(values) => values.iter_mut().for_each(without_ways),
        _ => {}
    }
}

#[test]
fn a_run_has_the_same_outcome_at_every_level() {
    let outcome = |level: &str| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        let settings = ["--set", "workload.samples=48", "--quiet", "--out", out];
        let mut run = axsim(&["run", "configs/runs/quickstart.yaml"]);
        run.env("AXSIM_SIMD", level).args(settings).assert().success();
        let text = fs::read_to_string(folder.path().join("outcome.json")).unwrap();
        let mut outcome: Value = serde_json::from_str(&text).unwrap();
        without_ways(&mut outcome);
        outcome
    };
    let found: Vec<Value> = levels().map(|level| outcome(&level)).collect();
    assert!(found.iter().all(|outcome| *outcome == found[0]));
}

/// Gates are machine code at one level, and walked by an interpreter at the others.
#[test]
fn a_circuit_has_the_same_figures_at_every_level() {
    let ids = ["mul8s_mitchell", "mul12u_trunc_t4", "add16u_loa_k6", "mac8s_exact__loa_k8"];
    let figures = |level: String| {
        let mut command = axsim(&["characterize", "--json", "-"]);
        let run = command.env("AXSIM_SIMD", level).args(ids).assert().success();
        String::from_utf8(run.get_output().stdout.clone()).unwrap()
    };
    let found: Vec<String> = levels().map(figures).collect();
    assert!(found.iter().all(|figures| *figures == found[0]));
}

#[test]
fn a_level_is_told_where_it_matters_and_one_that_is_none_is_refused() {
    let explain = |level: &str| {
        let mut command = axsim(&["explain", "mul8s_drum_k4"]);
        command.env("AXSIM_SIMD", level).assert()
    };
    let explained = String::from_utf8(explain("portable").success().get_output().stdout.clone()).unwrap();
    let limited = "in a network, on this processor with AXSIM_SIMD=portable: looked up one by one\n";
    let plain = "in a network, on this processor: looked up one by one\n";
    let expected = if Level::of_processor() == Level::Portable { plain } else { limited };
    assert!(explained.ends_with(expected), "{explained}");
    let refused = explain("avx").code(2).get_output().stderr.clone();
    let refused = String::from_utf8(refused).unwrap();
    assert!(refused.contains("AXSIM_SIMD: `avx` is not one of portable, avx2, avx512"), "{refused}");
    if let Some(missing) = Level::ALL.into_iter().find(|level| *level > Level::of_processor()) {
        let refused = explain(&missing.to_string()).code(2).get_output().stderr.clone();
        assert!(String::from_utf8(refused).unwrap().contains("AXSIM_SIMD: this processor has no"));
    }
}

/// So that no loop escapes the limit.
#[test]
fn the_processor_is_asked_in_one_place() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let asks = |path: &Path| fs::read_to_string(path).unwrap().contains("is_x86_feature_detected!");
    let found: Vec<_> = crate::layers::sources(&source).into_iter().filter(|path| asks(path)).collect();
    assert_eq!(found, [source.join("simd.rs")]);
}

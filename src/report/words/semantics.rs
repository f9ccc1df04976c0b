//! What arithmetic means in a run, by the names that configurations have for it.

use serde_json::Value;

use super::layers::alike;
use super::value;
use crate::run::outcome::{LayerOutcome, Outcome, Report};

/// What both configurations multiply, keep of sums, round and calibrate: a sentence, or one for each where they differ;
/// nothing of results that do not tell.
pub fn semantics(report: &Report) -> Vec<String> {
    let [baseline, approximate] = [&report.baseline, &report.approximate].map(told);
    let said = |of: &str, told: String| format!("Semantics{of}: {told}.");
    let of_baseline = format!(" of {}", report.baseline.baseline_name());
    match baseline == approximate {
        true if baseline.is_empty() => vec![],
        true => vec![said("", baseline)],
        false => vec![said(&of_baseline, baseline), said(" of approximate", approximate)],
    }
}

/// What the configuration does from which the points of an exploration differ by their knobs; nothing of results that do not
/// tell.
pub(super) fn semantics_of_points(baseline: &Outcome) -> Option<String> {
    let told = told(baseline);
    let name = baseline.baseline_name();
    (!told.is_empty())
        .then(|| format!("Semantics of {name}, from which points differ by their knobs: {told}."))
}

fn told(outcome: &Outcome) -> String {
    let (binary, multiplied): (Vec<LayerOutcome>, Vec<LayerOutcome>) =
        outcome.layers.iter().cloned().partition(|layer| layer.binary.is_some());
    let setting = |path: &str| outcome.settings.pointer(path).filter(|value| !value.is_null()).map(named);
    let of = |what: &str, path: &str| setting(path).map(|name| format!("{what} `{name}`"));
    let zeros = of("zeros", "/platform/compute/array/zeros").filter(|zeros| zeros != "zeros `compute`");
    let of_products = [
        of("products", "/platform/compute/array/products"),
        of("padding", "/platform/compute/array/padding"),
        zeros,
        sums(&multiplied),
        of("order", "/platform/compute/array/accumulation_order"),
    ];
    // Where all layers are binary none multiplies.
    let of_products =
        of_products.into_iter().flatten().filter(|_| binary.is_empty() || !multiplied.is_empty());
    let parts = of_products.chain(scales(outcome, &multiplied, of)).chain(of_signs(&binary));
    parts.collect::<Vec<_>>().join("; ")
}

fn sums(layers: &[LayerOutcome]) -> Option<String> {
    alike(layers, |layer| &layer.sums).map(|sums| format!("sums of {sums}"))
}

/// What binary layers do in place of all that stands before of products and weight scales.
fn of_signs(layers: &[LayerOutcome]) -> Option<String> {
    let names: Vec<&str> = layers.iter().map(|layer| &*layer.name).collect();
    let sums = sums(layers).map_or(String::new(), |sums| format!(", {sums}"));
    (!names.is_empty()).then(|| {
        format!(
            "binary in {}: products of signs by exclusive-nor, zero as +, none in padding{sums}, in any order, scaled by the mean \
             magnitudes of filter (α) and window (K)",
            names.join(", ")
        )
    })
}

/// How reals become codes: where scales and ranges come from, of which a file's own are kept whatever is asked for.
fn scales(
    outcome: &Outcome,
    multiplied: &[LayerOutcome],
    of: impl Fn(&str, &str) -> Option<String>,
) -> Vec<String> {
    let rounding = of("rounding", "/workload/quantize/rounding");
    let (kept, all) = (outcome.layers.iter().filter(|layer| layer.file_codes).count(), outcome.layers.len());
    if kept > 0 && kept == all {
        let filed = Some("scales and ranges of the model's file".to_string());
        return filed.into_iter().chain(rounding).collect();
    }
    let ranges = of("ranges", "/workload/quantize/calibration").map(|ranges| match outcome.calibrated_on {
        0 => ranges,
        samples => format!("{ranges} on {samples} samples"),
    });
    let scales = of("weight scales", "/workload/quantize/weight_scales");
    let scales = scales.filter(|_| outcome.layers.is_empty() || !multiplied.is_empty());
    let filed =
        (kept > 0).then(|| format!("scales and ranges of the model's file in {kept} of {all} layers"));
    [scales, rounding, ranges, filed].into_iter().flatten().collect()
}

/// A value by its name; one that has a figure as `percentile: 99.9`.
fn named(of: &Value) -> String {
    let figure = of.as_object().and_then(|kind| kind.iter().next());
    figure.map_or_else(|| value(of), |(name, figure)| format!("{name}: {figure}"))
}

//! What arithmetic means in a run, by the names that configurations have for it.

use serde_json::Value;

use super::layers::alike;
use super::value;
use crate::run::outcome::{Outcome, Report};

/// What both configurations multiply, keep of sums, round and calibrate: a sentence, or one for each where they differ;
/// nothing of results that do not tell.
pub fn semantics(report: &Report) -> Vec<String> {
    let [exact, approximate] = [&report.baseline, &report.approximate].map(told);
    let said = |of: &str, told: String| format!("Semantics{of}: {told}.");
    match exact == approximate {
        true if exact.is_empty() => vec![],
        true => vec![said("", exact)],
        false => vec![said(" of exact", exact), said(" of approximate", approximate)],
    }
}

fn told(outcome: &Outcome) -> String {
    let setting = |path: &str| outcome.settings.pointer(path).filter(|value| !value.is_null()).map(named);
    let of = |what: &str, path: &str| setting(path).map(|name| format!("{what} `{name}`"));
    let sums = alike(&outcome.layers, |layer| &layer.sums).map(|sums| format!("sums of {sums}"));
    let zeros = of("zeros", "/platform/compute/array/zeros").filter(|zeros| zeros != "zeros `compute`");
    let of_products = [
        of("products", "/platform/compute/array/products"),
        of("padding", "/platform/compute/array/padding"),
        zeros,
        sums,
        of("order", "/platform/compute/array/accumulation_order"),
    ];
    let parts = of_products.into_iter().flatten().chain(scales(outcome, of));
    parts.collect::<Vec<_>>().join("; ")
}

/// How reals become codes: where scales and ranges come from, of which a file's own are kept whatever is asked for.
fn scales(outcome: &Outcome, of: impl Fn(&str, &str) -> Option<String>) -> Vec<String> {
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
    let filed =
        (kept > 0).then(|| format!("scales and ranges of the model's file in {kept} of {all} layers"));
    [scales, rounding, ranges, filed].into_iter().flatten().collect()
}

/// A value by its name; one that has a figure as `percentile: 99.9`.
fn named(of: &Value) -> String {
    let figure = of.as_object().and_then(|kind| kind.iter().next());
    figure.map_or_else(|| value(of), |(name, figure)| format!("{name}: {figure}"))
}

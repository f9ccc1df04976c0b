//! What decides the answers of a setup, whatever it costs: setups that are alike in it answer alike by construction, which no
//! sample has to show.

use serde_json::{Value, json};

use super::hardware::Multiplied;
use super::parts::Parts;
use super::recovery::Plan;
use crate::config::LayerSettings;
use crate::config::platform::Compute;
use crate::workload::Scheme;

/// A hash of all that decides the answers of a setup on the samples of a task.
///
/// What changes energy, time and area alone is not in it; of what is, some might as well be left out, so that of two setups with
/// other hashes nothing is known.
pub(super) fn key(parts: &Parts<'_>, products: &[Multiplied], plan: &Plan) -> String {
    let setup = parts.setup;
    let platform = serde_json::to_value(&setup.platform).expect("a platform is always writable");
    // Results that come late depend on every gate and on the clock.
    let late = parts.used().any(|array| array.is_late());
    let array = &platform["compute"]["array"];
    // The format of weights is among them, for faults strike what it keeps.
    let semantics = ["padding", "products", "accumulation_order", "zeros", "spikes", "weight_format"];
    let semantics = semantics.map(|name| &array[name]);
    let units: Vec<Value> = products.iter().enumerate().map(|(at, own)| unit(parts, at, own)).collect();
    let recovers = plan.layers.iter().any(|layer| !layer.chosen.measures.is_empty());
    let whole = json!([
        workload(parts),
        parts.scheme() == Scheme::Affine,
        [&platform["sensor"], &platform["frame_period"], &platform["memory"]],
        matches!(setup.platform.compute, Compute::Ideal),
        semantics,
        units,
        recovers.then_some(&array["recovery"]),
        late.then_some(&platform["compute"]),
    ]);
    blake3::hash(whole.to_string().as_bytes()).to_hex()[..24].to_string()
}

/// What is asked of the network, without words, tokens that all go on, and layers that are as all others.
fn workload(parts: &Parts<'_>) -> Value {
    let mut workload = serde_json::to_value(&parts.setup.workload).expect("a workload is always writable");
    let plain = json!(LayerSettings::default());
    if let Some(all) = workload.as_object_mut() {
        all.shift_remove("about");
        all.shift_remove("origin");
        if parts.network.kept_tokens().is_empty() {
            all.shift_remove("tokens");
        }
        if let Some(layers) = all.get_mut("layers").and_then(Value::as_object_mut) {
            layers.retain(|_, own| *own != plain);
        }
    }
    workload
}

/// The products of a layer, and how its unit adds them.
fn unit(parts: &Parts<'_>, layer: usize, own: &Multiplied) -> Value {
    let hash = |products: &crate::kernel::Products| {
        let mut hasher = blake3::Hasher::new();
        for weight in 0..=u8::MAX {
            let row: Vec<u8> =
                (0..=u8::MAX).flat_map(|code| products.get(weight, code).to_le_bytes()).collect();
            hasher.update(&row);
        }
        hasher.finalize().to_hex().to_string()
    };
    let correction = own.correction.as_ref().map(hash);
    json!([hash(&own.products), correction, parts.array(layer).map(|array| array.mac().sums())])
}

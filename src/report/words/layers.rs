//! What layers did, those that did alike together.

use indexmap::IndexMap;

use super::percent;
use crate::config::platform::{WeightFormat, Zeros};
use crate::run::outcome::{
    BinaryOutcome, LayerOutcome, MultipliedOutcome, Recovered, SpikesOutcome, WeightsOutcome,
};
use crate::units::with_prefix;

/// What layers may lose that sum more products than their accumulators surely hold, those that hold as many together.
pub(super) fn wide_sums(layers: &[LayerOutcome]) -> Vec<String> {
    let mut beyond: IndexMap<(u64, &str), Vec<&LayerOutcome>> = IndexMap::new();
    for (layer, holds) in layers.iter().filter_map(|layer| Some((layer, layer.holds?))) {
        let kept = layer.sums.split_once(", ").map_or("", |(kept, _)| kept);
        beyond.entry((holds, kept)).or_default().push(layer);
    }
    beyond.iter().map(|((holds, kept), layers)| wide_sum(*holds, kept, layers)).collect()
}

/// What becomes of sums in accumulators as told (`20 bits that wrap`; nothing in results that do not tell).
fn wide_sum(holds: u64, kept: &str, layers: &[&LayerOutcome]) -> String {
    let name = |layer: &&LayerOutcome| match layer.summed {
        Some(summed) => format!("{} ({summed})", layer.name),
        None => layer.name.clone(),
    };
    let names = layers.iter().map(name).collect::<Vec<_>>().join(", ");
    let needs = layers.iter().map(|layer| layer.needs_bits).collect::<Option<Vec<u32>>>();
    let needs = needs.and_then(|bits| bits.into_iter().max());
    let enough = needs.map_or(String::new(), |bits| format!(" {bits} bits surely hold them."));
    let of = if kept.is_empty() { String::new() } else { format!(" of {kept}") };
    let surely = match holds {
        0 => "may not hold even one product".to_string(),
        1 => "surely hold one product".to_string(),
        _ => format!("surely hold the sum of {holds} products"),
    };
    let then = match kept {
        "" => "sums may leave their range",
        kept if kept.ends_with("saturate") => "a sum that leaves their range stays at the end of it",
        _ => "of a sum that leaves their range the low bits stay",
    };
    format!("Accumulators{of} {surely}, and more are summed in {names}: {then}.{enough}")
}

/// What layers chose to do about the errors of their products, those that chose alike together.
pub(super) fn recovery(layers: &[LayerOutcome]) -> Option<String> {
    let mut chosen: IndexMap<String, Vec<&str>> = IndexMap::new();
    let (mut errors, mut samples) = (vec![], 0);
    for (layer, recovered) in layers.iter().filter_map(|layer| Some((layer, layer.recovery.as_ref()?))) {
        chosen.entry(measures(recovered)).or_default().push(&layer.name);
        errors.push([recovered.error_before, recovered.error_after]);
        samples = recovered.samples;
    }
    let range = |at: usize| {
        let errors = errors.iter().map(|error| error[at]);
        let (low, high) = (errors.clone().fold(f64::INFINITY, f64::min), errors.fold(0.0, f64::max));
        format!("{:.1} to {}", 100.0 * low, percent(high))
    };
    let groups: Vec<String> =
        chosen.iter().map(|(what, layers)| format!("{what} in {}", layers.join(", "))).collect();
    (!groups.is_empty()).then(|| {
        format!(
            "Recovery without training: {}. On {} calibration samples the error of a layer's outputs is {} instead of {}.",
            groups.join("; "),
            // Results that were stored before this was told.
            if samples == 0 { "the".into() } else { samples.to_string() },
            range(1),
            range(0)
        )
    })
}

/// Bits of codes, where layers have widths of their own: those alike together.
pub(super) fn precision(layers: &[LayerOutcome]) -> Option<String> {
    let mut widths: IndexMap<[u32; 2], Vec<&str>> = IndexMap::new();
    for (layer, bits) in layers.iter().filter_map(|layer| Some((layer, layer.code_bits?))) {
        widths.entry(bits).or_default().push(&layer.name);
    }
    widths.sort_by(|a, _, b, _| b.cmp(a));
    let group = |([weights, activations], layers): (&[u32; 2], &Vec<&str>)| {
        format!("{weights}-bit weights and {activations}-bit activations in {}", layers.join(", "))
    };
    let groups: Vec<String> = widths.iter().map(group).collect();
    (!groups.is_empty()).then(|| format!("Codes by layer: {}.", groups.join("; ")))
}

/// The layers that are not computed because the blocks that they are in are left out.
pub(super) fn blocks(before: &[LayerOutcome], after: &[LayerOutcome]) -> Option<String> {
    let is_left = |layer: &&LayerOutcome| after.iter().all(|other| other.name != layer.name);
    let left: Vec<&str> = before.iter().filter(is_left).map(|layer| &*layer.name).collect();
    (!left.is_empty()).then(|| format!("Left out with their blocks: {}.", left.join(", ")))
}

/// What was left out of the weights, what the hardware made of zeros, and what weights take in memory.
pub(super) fn zeros(layers: &[LayerOutcome]) -> Option<String> {
    let of: Vec<(&LayerOutcome, &WeightsOutcome)> =
        layers.iter().filter_map(|layer| Some((layer, layer.weights.as_ref()?))).collect();
    let first = of.first()?.1;
    let shares: Vec<String> =
        of.iter().map(|(layer, found)| format!("{} {:.0} %", layer.name, 100.0 * found.zero_share)).collect();
    let mut sentences = vec![format!("Weights that are zero: {}.", shares.join(", "))];
    let cut = of.iter().filter(|(_, found)| found.filters[0] < found.filters[1]);
    let cut: Vec<String> = cut
        .map(|(layer, WeightsOutcome { filters: [kept, all], .. })| {
            format!("{kept} of {all} in {}", layer.name)
        })
        .collect();
    if !cut.is_empty() {
        sentences.push(format!("Filters that are left: {}; all others stay whole.", cut.join(", ")));
    }
    match first.zeros {
        Zeros::Compute => {}
        Zeros::Gate => {
            sentences.push("Units hold still where an operand is zero; cycles are the same.".into())
        }
        Zeros::Skip => sentences.push(skipped(&of)),
    }
    sentences.extend(stored(&of));
    Some(sentences.join(" "))
}

/// What the spikes of layers came to, and the rate below which adding weights takes less than multiplying.
pub(super) fn spikes(layers: &[LayerOutcome]) -> Option<String> {
    let of: Vec<(&str, &SpikesOutcome)> =
        layers.iter().filter_map(|layer| Some((&*layer.name, layer.spikes.as_ref()?))).collect();
    let each = |(name, found): &(&str, &SpikesOutcome)| {
        let multiplied = |found: &MultipliedOutcome| {
            let even = match (found.break_even, found.break_even_by_ledger) {
                (Some(formula), Some(ledger)) if formula > 1.0 && ledger > 1.0 => {
                    let [formula, ledger] = [formula, ledger].map(percent);
                    format!(
                        "more than adding at any rate (it would be as much at {formula}, {ledger} by the ledger)"
                    )
                }
                (Some(formula), Some(ledger)) => {
                    format!("as much as adding at {} ({} by the ledger)", percent(formula), percent(ledger))
                }
                _ => "less than adding at any rate".into(),
            };
            format!("{}, {even}", with_prefix(found.energy_j, "J"))
        };
        format!(
            "{name} has spikes at {} of its inputs and steps, {:.0} of them a sample for {:.0} additions, and takes {}; multiplied \
             step by step {}; with all steps side by side {}",
            percent(found.rate),
            found.spikes,
            found.additions,
            with_prefix(found.energy_j, "J"),
            multiplied(&found.step_by_step),
            multiplied(&found.steps_together),
        )
    };
    let told: Vec<String> = of.iter().map(each).collect();
    (!of.is_empty()).then(|| format!("Weights are added where a spike comes: {}.", told.join(". ")))
}

/// What binary layers take in place of their products.
pub(super) fn binary(layers: &[LayerOutcome]) -> Option<String> {
    let each = |(layer, found): (&LayerOutcome, &BinaryOutcome)| {
        format!(
            "{} ({:.0} words of 64 signs, {:.0} multiplications by α and K and {:.0} additions for K, {:.1} times fewer than \
             products; {} instead of {} cycles)",
            layer.name,
            found.words,
            found.multiplications,
            found.magnitudes,
            found.speed_up,
            layer.cycles,
            found.multiplied_cycles,
        )
    };
    let told: Vec<String> =
        layers.iter().filter_map(|layer| Some((layer, layer.binary.as_ref()?))).map(each).collect();
    (!told.is_empty()).then(|| format!("Binary after XNOR-Net: {}.", told.join(", ")))
}

/// How many cycles skipping saved, and how many more it would.
fn skipped(of: &[(&LayerOutcome, &WeightsOutcome)]) -> String {
    let cycles: u64 = of.iter().map(|(layer, _)| layer.cycles).sum();
    let dense: u64 = of.iter().filter_map(|(_, found)| found.dense_cycles).sum();
    let waits = of.iter().filter_map(|(layer, found)| Some((&layer.name, found.balanced?)));
    let worst = waits.min_by(|a, b| a.1.total_cmp(&b.1));
    let worst = worst.map_or(String::new(), |(name, share)| {
        format!("; columns wait for longer ones in up to {} of their slots ({name})", percent(1.0 - share))
    });
    format!("Skipping zero weights takes {cycles} instead of {dense} cycles{worst}.")
}

/// What weights take in memory, where not all are kept.
fn stored(of: &[(&LayerOutcome, &WeightsOutcome)]) -> Option<String> {
    let sum = |bits: fn(&WeightsOutcome) -> u64| of.iter().map(|(_, found)| bits(found)).sum::<u64>();
    let (all, index) = (sum(|found| found.stored_bits), sum(|found| found.index_bits));
    let is_dense = |found: &WeightsOutcome| found.format == WeightFormat::Dense;
    let dense: Vec<&str> =
        of.iter().filter(|(_, found)| is_dense(found)).map(|(layer, _)| &*layer.name).collect();
    let rest = if dense.is_empty() { String::new() } else { format!("; {} stay dense", dense.join(", ")) };
    (dense.len() < of.len()).then(|| {
        let share = percent(index as f64 / all.max(1) as f64);
        format!("Weights take {:.1} KiB in memory, {share} of that for indices{rest}.", all as f64 / 8192.0)
    })
}

/// How layers formed their products, those that did it alike together; nothing of results that do not tell.
pub fn ways(layers: &[LayerOutcome]) -> String {
    let how = alike(layers, |layer| &layer.way);
    how.map_or(String::new(), |how| {
        format!(" This processor formed the products so, which changes no sum: {how}.")
    })
}

/// What is said of layers, with the names of those of which it is said where it differs; nothing where nothing is said.
pub(super) fn alike(layers: &[LayerOutcome], said: impl Fn(&LayerOutcome) -> &str) -> Option<String> {
    let mut groups: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for layer in layers.iter().filter(|layer| !said(layer).is_empty()) {
        groups.entry(said(layer)).or_default().push(&layer.name);
    }
    let group = |(what, layers): (&&str, &Vec<&str>)| format!("{what} ({})", layers.join(", "));
    match groups.len() {
        0 => None,
        1 => Some(groups.keys().copied().collect()),
        _ => Some(groups.iter().map(group).collect::<Vec<_>>().join("; ")),
    }
}

/// The measures of a layer in words.
pub fn measures(recovered: &Recovered) -> String {
    let names: Vec<&str> = recovered.measures.iter().map(|measure| measure.name()).collect();
    if names.is_empty() { "nothing".into() } else { names.join(" + ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Measure;

    #[test]
    fn layers_that_formed_their_products_alike_are_named_together() {
        let layer = |name: &str, way: &str| {
            let layer = serde_json::json!({
                "name": name, "macs": 1, "cycles": 1, "utilisation": 1.0, "mac_energy_j": 0.0, "mac_energy_spread_j": 0.0,
                "replayed_pairs": 0, "energy_j": 0.0, "relative_error": 0.0, "bias": 0.0, "way": way,
            });
            serde_json::from_value(layer).unwrap()
        };
        let layers = [("a", "looked up"), ("b", "one product"), ("c", "looked up")];
        let text = ways(&layers.map(|(name, way)| layer(name, way)));
        assert!(text.ends_with("changes no sum: looked up (a, c); one product (b)."), "{text}");
        assert!(
            ways(&[layer("a", "looked up"), layer("b", "looked up")]).ends_with("changes no sum: looked up.")
        );
        // Results that were stored before this was told.
        assert_eq!(ways(&[layer("a", "")]), "");
    }

    #[test]
    fn sums_that_may_leave_their_range_are_told_with_what_becomes_of_them() {
        let told = |holds: u64, sums: &str| {
            let mut layer = layer_with("conv", "holds", holds.into());
            layer.sums = sums.into();
            wide_sums(&[layer]).remove(0)
        };
        let saturates = "16 bits that saturate, added in order by an exact adder";
        let end = "a sum that leaves their range stays at the end of it.";
        assert_eq!(
            told(1, saturates),
            format!(
                "Accumulators of 16 bits that saturate surely hold one product, and more are summed in conv: {end}"
            )
        );
        assert_eq!(
            told(31, "20 bits that wrap, added exactly"),
            "Accumulators of 20 bits that wrap surely hold the sum of 31 products, and more are summed in conv: of a sum that leaves \
             their range the low bits stay."
        );
        assert!(
            told(0, "4 bits that wrap, added exactly")
                .contains("wrap may not hold even one product, and more are")
        );
        let layer = |name: &str, summed: u64, bits: Option<u32>| {
            let mut layer = layer_with(name, "holds", 31.into());
            (layer.summed, layer.needs_bits) = (Some(summed), bits);
            layer
        };
        let more = |bits| wide_sums(&[layer("a", 32, Some(21)), layer("b", 3000, bits)]).remove(0);
        let start = "Accumulators surely hold the sum of 31 products, and more are summed in a (32), b (3000): sums may leave their range.";
        assert_eq!(more(Some(27)), format!("{start} 27 bits surely hold them."));
        assert_eq!(more(None), start);
        // Results that were stored before this was told.
        let before = "Accumulators surely hold the sum of 31 products, and more are summed in conv: sums may leave their range.";
        assert_eq!(told(31, ""), before);
    }

    /// A layer of which only this is known.
    fn layer_with(name: &str, key: &str, value: serde_json::Value) -> LayerOutcome {
        let mut layer = serde_json::json!({
            "name": name, "macs": 1, "cycles": 1, "utilisation": 1.0, "mac_energy_j": 0.0, "mac_energy_spread_j": 0.0,
            "replayed_pairs": 0, "energy_j": 0.0, "relative_error": 0.0, "bias": 0.0,
        });
        layer[key] = value;
        serde_json::from_value(layer).unwrap()
    }

    #[test]
    fn spikes_are_told_with_the_rates_at_which_adding_stops_to_save() {
        let multiplied = |energy: f64, even: Option<f64>| serde_json::json!({"energy_j": energy, "break_even": even, "break_even_by_ledger": even});
        let found = serde_json::json!({
            "rate": 0.0157, "spikes": 246.0, "additions": 125952.0, "energy_j": 2e-6,
            "step_by_step": multiplied(8e-6, Some(0.25)), "steps_together": multiplied(1e-6, None),
        });
        let mut beyond = found.clone();
        beyond["step_by_step"] = multiplied(8e-6, Some(1.25));
        let told = spikes(&[layer_with("a", "spikes", beyond)]).unwrap();
        let never = "8.00 µJ, more than adding at any rate (it would be as much at 125.0 %, 125.0 % by the ledger); with";
        assert!(told.contains(never), "{told}");
        let layers = [layer_with("a", "spikes", found), layer_with("b", "recovery", serde_json::Value::Null)];
        let expected = "Weights are added where a spike comes: a has spikes at 1.6 % of its inputs and steps, 246 of them a sample \
                        for 125952 additions, and takes 2.00 µJ; multiplied step by step 8.00 µJ, as much as adding at 25.0 % \
                        (25.0 % by the ledger); with all steps side by side 1.00 µJ, less than adding at any rate.";
        assert_eq!(spikes(&layers).unwrap(), expected);
        assert_eq!(spikes(&layers[1..]), None);
    }

    #[test]
    fn binary_layers_are_told_with_what_scales_them() {
        let found = serde_json::json!({
            "words": 900.0, "multiplications": 100.0, "magnitudes": 50.0, "speed_up": 57.6, "multiplied_cycles": 9,
        });
        let expected = "Binary after XNOR-Net: a (900 words of 64 signs, 100 multiplications by α and K and 50 additions for K, \
                        57.6 times fewer than products; 1 instead of 9 cycles).";
        assert_eq!(binary(&[layer_with("a", "binary", found)]).unwrap(), expected);
        assert_eq!(binary(&[layer_with("b", "binary", serde_json::Value::Null)]), None);
    }

    #[test]
    fn layers_that_chose_alike_are_named_together() {
        let layer = |name: &str, measures: Vec<Measure>, errors: [f64; 2]| {
            let [error_before, error_after] = errors;
            let recovery = Recovered { measures, samples: 64, weights_changed: 3, error_before, error_after };
            let layer = serde_json::json!({
                "name": name, "macs": 1, "cycles": 1, "utilisation": 1.0, "mac_energy_j": 0.0, "mac_energy_spread_j": 0.0,
                "replayed_pairs": 0, "energy_j": 0.0, "relative_error": 0.0, "bias": 0.0, "recovery": recovery,
            });
            serde_json::from_value::<LayerOutcome>(layer).unwrap()
        };
        let both = vec![Measure::Remap, Measure::Affine];
        let layers = [
            layer("a", both.clone(), [0.5, 0.02]),
            layer("b", vec![], [0.0, 0.0]),
            layer("c", both, [0.25, 0.01]),
        ];
        let expected = "Recovery without training: remap + affine in a, c; nothing in b. On 64 calibration samples the \
                        error of a layer's outputs is 0.0 to 2.0 % instead of 0.0 to 50.0 %.";
        assert_eq!(recovery(&layers).unwrap(), expected);
        assert_eq!(recovery(&[LayerOutcome { recovery: None, ..layers[0].clone() }]), None);
    }

    #[test]
    fn zeros_are_told_with_what_the_hardware_made_of_them() {
        let layer = |name: &str, weights: serde_json::Value| {
            let layer = serde_json::json!({
                "name": name, "macs": 1, "cycles": 60, "utilisation": 1.0, "mac_energy_j": 0.0, "mac_energy_spread_j": 0.0,
                "replayed_pairs": 0, "energy_j": 0.0, "relative_error": 0.0, "bias": 0.0, "weights": weights,
            });
            serde_json::from_value::<LayerOutcome>(layer).unwrap()
        };
        let skipped = |name: &str, filters: [u32; 2], format: serde_json::Value| {
            let weights = serde_json::json!({
                "zero_share": 0.5, "filters": filters, "format": format, "stored_bits": 8192, "index_bits": 1024,
                "zeros": "skip", "dense_cycles": 100, "balanced": 0.75,
            });
            layer(name, weights)
        };
        let layers = [
            skipped("a", [3, 4], serde_json::json!("bitmap")),
            skipped("b", [4, 4], serde_json::json!("dense")),
        ];
        let expected = "Weights that are zero: a 50 %, b 50 %. Filters that are left: 3 of 4 in a; all others stay whole. \
                        Skipping zero weights takes 120 instead of 200 cycles; columns wait for longer ones in up to 25.0 % of \
                        their slots (a). Weights take 2.0 KiB in memory, 12.5 % of that for indices; b stay dense.";
        assert_eq!(zeros(&layers).unwrap(), expected);
        assert_eq!(zeros(&[LayerOutcome { weights: None, ..layers[0].clone() }]), None);
        assert_eq!(blocks(&layers, &layers[..1]).unwrap(), "Left out with their blocks: b.");
        let widths = [[4, 8], [8, 8], [4, 8]];
        let coded = ["a", "b", "c"].into_iter().zip(widths).map(|(name, bits)| LayerOutcome {
            name: name.into(),
            code_bits: Some(bits),
            ..layers[0].clone()
        });
        assert_eq!(
            precision(&coded.collect::<Vec<_>>()).unwrap(),
            "Codes by layer: 8-bit weights and 8-bit activations in b; 4-bit weights and 8-bit activations in a, c."
        );
    }
}

//! What it takes to rotate channels at run time.

use super::beside::Work;
use super::bill::Mapped;
use super::outcome::RotationOutcome;
use super::parts::Parts;
use crate::platform::compute::beside::Beside;
use crate::units::Seconds;
use crate::workload::Turned;

/// Adders in steps one behind the other, which rotate a row of outputs in a cycle, and registers where a block is longer than
/// a row; and their work on a sample. Weights are rotated before, and values that are sent before they are.
///
/// Numbers are as wide as what codes are made of, sums a bit wider at each step. The factor that makes rows of the matrix one
/// long is part of the scale of the codes.
pub(super) fn work(parts: &Parts<'_>, turned: &[Turned], (mapped, sent): (&[Mapped], &[usize])) -> Vec<Work> {
    let (Some(arrays), Some(block)) = (&parts.arrays, largest(turned)) else { return vec![] };
    let runs = |own: &Turned| match sent.contains(&own.value) {
        true => 1.0,
        false => own.layers.iter().map(|&layer| mapped[layer].runs).fold(0.0, f64::max),
    };
    let bits = turned.iter().map(Turned::sum_bits).max().expect("there is a block");
    let (columns, library) = (arrays.main().shape()[1], arrays.main().library());
    let time: Seconds = mapped.iter().map(Mapped::mean_time).sum();
    let additions = turned.iter().map(|own| runs(own) * own.additions() as f64).sum();
    let adders = Beside::rotating(bits, columns * block.ilog2() as usize, library);
    let waiting = turned.iter().filter(|own| own.block > columns);
    let waiting: f64 = waiting.map(|own| runs(own) * (own.times * own.numbers) as f64).sum();
    let registers = (block > columns).then(|| Beside::gathering(bits, block, library));
    let registers = registers.map(|registers| Work::during(registers, waiting, time));
    [Work::during(adders, additions, time)].into_iter().chain(registers).collect()
}

fn largest(turned: &[Turned]) -> Option<usize> {
    turned.iter().map(|own| own.block).max()
}

/// What rotating comes to; none where nothing is rotated.
pub(super) fn outcome(turned: &[Turned], work: &[Work]) -> Option<RotationOutcome> {
    let block = largest(turned)?;
    Some(RotationOutcome {
        block,
        additions: turned.iter().map(|own| own.additions() as u64).sum(),
        energy_j: work.iter().map(|work| work.energy().0).sum(),
        area_mm2: work.iter().map(|work| work.area().0).sum::<f64>() * 1e-6,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use indexmap::IndexMap;
    use serde_json::json;

    use super::super::Evaluator;
    use super::super::outcome::Outcome;
    use crate::config::Config;
    use crate::platform::compute::array::Open;
    use crate::workload::load;

    /// The embedded task on some samples with these knobs.
    fn evaluated(knobs: &[(&str, serde_json::Value)]) -> (Outcome, Vec<crate::workload::Layer>) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/runs/quickstart.yaml");
        let read = |path: &Path| std::fs::read_to_string(path);
        let sets = [("workload.samples".to_string(), "10".to_string())];
        let config = Config::load(&read(&file).unwrap(), &file, &read, &sets).unwrap();
        let knobs: IndexMap<_, _> =
            knobs.iter().map(|(knob, value)| (knob.to_string(), value.clone())).collect();
        let setup = config.setup(&knobs).unwrap();
        let task = load(&setup.workload, std::slice::from_ref(&config.base_dir)).unwrap();
        let evaluator = Evaluator::new(&task, 1, 1, Open::NONE);
        (evaluator.evaluate(&setup, serde_json::Value::Null).unwrap(), task.network.layers())
    }

    /// Every layer of the embedded network but the first reads a tensor of its own; the first has one channel.
    #[test]
    fn a_rotation_is_billed_by_the_addition() {
        let (plain, layers) = evaluated(&[]);
        let (turned, _) = evaluated(&[("quantize.rotation", json!("hadamard"))]);
        let (rotated_one, _) = evaluated(&[("layers.#2.rotation", json!("hadamard"))]);
        let additions = |layer: &crate::workload::Layer| {
            let geometry = &layer.geometry;
            let channels = geometry.in_channels / geometry.groups;
            let steps = (0..).take_while(|&at| channels.is_multiple_of(2 << at)).count();
            (geometry.in_channels * geometry.in_height * geometry.in_width * steps) as u64
        };
        let expected: u64 = layers.iter().map(additions).sum();
        assert!(plain.rotation.is_none() && expected > 0);
        for (outcome, expected) in [(&turned, expected), (&rotated_one, additions(&layers[2]))] {
            let found = outcome.rotation.unwrap();
            assert_eq!(found.additions, expected);
            let adds = outcome.ledger.entries().filter(|entry| entry.action == "rotate channels");
            assert_eq!(adds.map(|entry| entry.count).sum::<f64>(), expected as f64);
            let own = outcome.ledger.entries().filter(|entry| entry.action.contains("rotate"));
            let billed: f64 = own.map(|entry| entry.energy().unwrap().0).sum();
            assert!(billed > 0.0 && found.energy_j >= billed && outcome.datapath_energy_j > billed);
            assert!(outcome.area_mm2 > plain.area_mm2 + 0.99 * found.area_mm2);
        }
    }
}

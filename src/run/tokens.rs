//! What it takes to scale tokens at run time.

use super::beside::{Work, sum_bits};
use super::bill::Mapped;
use super::outcome::TokenScalesOutcome;
use super::parts::Parts;
use crate::platform::compute::beside::Beside;
use crate::units::Seconds;
use crate::workload::ScaledTokens;

/// Bits of a number before it becomes a code, of a scale and of its reciprocal.
const BITS: u32 = 16;

/// Circuits that scale tokens, and their work on a sample; tensors that are sent are scaled before.
///
/// Numbers wait in registers while an adder compares each with the largest so far; the reciprocal of that takes as many
/// subtractions as it has bits; each number is multiplied by it, and each sum of a layer by the scale. There are so many adders and
/// multipliers that a row of outputs is done in a cycle.
pub(super) fn work(
    parts: &Parts<'_>,
    scaled: &[ScaledTokens],
    (mapped, sent): (&[Mapped], &[usize]),
) -> Vec<Work> {
    let (Some(arrays), Some(longest)) = (&parts.arrays, scaled.iter().map(|own| own.channels).max()) else {
        return vec![];
    };
    let counted = |of: &dyn Fn(&ScaledTokens) -> usize| {
        scaled.iter().map(|own| runs(own, (mapped, sent)) * of(own) as f64).sum::<f64>()
    };
    let numbers = counted(&|own| own.tokens * own.channels);
    let found = numbers + counted(&|own| own.tokens * BITS as usize);
    let layers = scaled.iter().flat_map(|own| &own.layers).map(|&layer| &mapped[layer]);
    let outputs = layers.map(|part| part.runs * part.layer.geometry.outputs_per_sample() as f64).sum();
    let (main, time): (_, Seconds) = (arrays.main(), mapped.iter().map(Mapped::mean_time).sum());
    let (columns, library) = (main.shape()[1], main.library());
    [
        (Beside::finding(BITS, columns, library), found),
        (Beside::keeping(BITS, longest, library), numbers),
        (Beside::dividing(BITS, columns, library), numbers),
        (Beside::scaling(sum_bits(main), columns, library), outputs),
    ]
    .into_iter()
    .map(|(hardware, count)| Work::during(hardware, count, time))
    .collect()
}

/// How often a tensor is scaled a sample, the mean.
fn runs(own: &ScaledTokens, (mapped, sent): (&[Mapped], &[usize])) -> f64 {
    match sent.contains(&own.value) {
        true => 1.0,
        false => own.layers.iter().map(|&layer| mapped[layer].runs).fold(0.0, f64::max),
    }
}

/// What scaling tokens comes to; none where none are.
pub(super) fn outcome(scaled: &[ScaledTokens], work: &[Work]) -> Option<TokenScalesOutcome> {
    (!scaled.is_empty()).then(|| TokenScalesOutcome {
        tokens: scaled.iter().map(|own| own.tokens as u64).sum(),
        numbers: scaled.iter().map(|own| (own.tokens * own.channels) as u64).sum(),
        energy_j: work.iter().map(|work| work.energy().0).sum(),
        area_mm2: work.iter().map(|work| work.area().0).sum::<f64>() * 1e-6,
    })
}

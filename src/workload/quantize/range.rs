//! The range of every tensor, found on calibration samples.

use super::super::network::Network;
use super::super::op::Op;
use super::grid::Grid;
use super::{CalibrationError, entropy, mse};
use crate::config::Calibration;
use crate::tensor::Tensor;

/// Values that a rule goes through many times, per tensor; every n-th is taken so that all samples count alike.
const KEPT: usize = 200_000;

/// Lowest and highest value.
pub(super) type Range = (f32, f32);

/// The range of each value that is put away, as the model declares it where it does; `grid` makes the codes of a range, for rules that weigh what codes lose.
pub(super) fn ranges(
    network: &Network,
    rule: Calibration,
    grid: &dyn Fn(Range) -> Grid,
    samples: &Tensor<f32>,
) -> Result<Vec<Option<Range>>, CalibrationError> {
    let count = network.steps.len() + 1;
    let leads = network.lead_to_contractions();
    let wanted: Vec<bool> =
        (0..count).map(|value| leads[value] && !is_only_clipped(network, value)).collect();
    let mut found = vec![None; count];
    let mut broken = None;
    network.observe(samples, |value, data| {
        if data.iter().any(|x| !x.is_finite()) {
            broken.get_or_insert(value);
        } else if wanted[value] && !data.is_empty() {
            let declared = value.checked_sub(1).and_then(|step| network.steps[step].op.declared());
            found[value] = Some(declared.unwrap_or_else(|| range(rule, grid, data)));
        }
    })?;
    if let Some(value) = broken {
        let name = value.checked_sub(1).map_or("input".into(), |step| network.steps[step].name.clone());
        return Err(CalibrationError::NotFinite(name));
    }
    Ok(inherit(network, found))
}

fn range(rule: Calibration, grid: &dyn Fn(Range) -> Grid, data: &[f32]) -> Range {
    match rule {
        Calibration::MinMax => extremes(data),
        Calibration::Percentile(percent) => percentile(kept(data), percent),
        Calibration::Mse => mse::range(extremes(data), &kept(data), grid),
        Calibration::Entropy => entropy::range(extremes(data), data, grid),
    }
}

fn extremes(data: &[f32]) -> Range {
    let low = data.iter().copied().fold(f32::INFINITY, f32::min);
    (low, data.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

fn kept(data: &[f32]) -> Vec<f32> {
    data.iter().step_by(data.len().div_ceil(KEPT).max(1)).copied().collect()
}

fn percentile(mut values: Vec<f32>, percent: f64) -> Range {
    values.sort_by(f32::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    (at(1.0 - percent / 100.0), at(percent / 100.0))
}

/// A value that is merely on its way into a Clip is not put away before.
fn is_only_clipped(network: &Network, value: usize) -> bool {
    value > 0 && network.readers(value).all(|step| matches!(step.op, Op::Clip(..) | Op::Affine(..)))
}

/// What is only put elsewhere, padded with zeros or taken the maximum of lies on the grid of what it was made from.
fn inherit(network: &Network, mut ranges: Vec<Option<Range>>) -> Vec<Option<Range>> {
    for (at, step) in network.steps.iter().enumerate() {
        let kept = match step.op {
            Op::Arrange(_, fill) => fill == 0.0,
            _ => matches!(step.op, Op::Reshape | Op::Permute(_) | Op::MaxPool(_)),
        };
        if kept && ranges[at + 1].is_some() && ranges[step.inputs[0]].is_some() {
            ranges[at + 1] = ranges[step.inputs[0]];
        }
    }
    ranges
}

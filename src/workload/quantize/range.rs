//! The range of every tensor, found on calibration samples.

use super::super::network::Network;
use super::super::op::Op;
use super::CalibrationError;
use crate::config::Calibration;
use crate::tensor::Tensor;

/// Values kept per tensor for a percentile; every n-th is taken so that all samples count alike.
const KEPT: usize = 200_000;

type Range = (f32, f32);

/// The range of each value that is put away.
pub(super) fn ranges(
    network: &Network,
    rule: Calibration,
    samples: &Tensor<f32>,
) -> Result<Vec<Option<Range>>, CalibrationError> {
    let count = network.steps.len() + 1;
    let wanted: Vec<bool> = (0..count).map(|value| is_wanted(network, value)).collect();
    let mut seen: Vec<Vec<f32>> = vec![vec![]; count];
    let mut broken = None;
    network.observe(samples, |value, data| {
        if data.iter().any(|x| !x.is_finite()) {
            broken.get_or_insert(value);
        } else if wanted[value] {
            seen[value] = summary(rule, data);
        }
    })?;
    if let Some(value) = broken {
        let name = value.checked_sub(1).map_or("input".into(), |step| network.steps[step].name.clone());
        return Err(CalibrationError::NotFinite(name));
    }
    let range = |mut values: Vec<f32>| {
        values.sort_by(f32::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        match rule {
            Calibration::MinMax => (at(0.0), at(1.0)),
            Calibration::Percentile(percent) => (at(1.0 - percent / 100.0), at(percent / 100.0)),
        }
    };
    let ranges = seen.into_iter().map(|values| (!values.is_empty()).then(|| range(values)));
    Ok(inherit(network, ranges.collect()))
}

fn summary(rule: Calibration, data: &[f32]) -> Vec<f32> {
    match rule {
        Calibration::MinMax => {
            let low = data.iter().copied().fold(f32::INFINITY, f32::min);
            vec![low, data.iter().copied().fold(f32::NEG_INFINITY, f32::max)]
        }
        Calibration::Percentile(_) => {
            data.iter().step_by(data.len().div_ceil(KEPT).max(1)).copied().collect()
        }
    }
}

/// A value is put away when a contraction follows and it is not merely on its way into a Clip.
fn is_wanted(network: &Network, value: usize) -> bool {
    let only_clipped = network.readers(value).all(|step| matches!(step.op, Op::Clip(..) | Op::Affine(..)));
    network.leads_to_contraction(value) && !(only_clipped && value > 0)
}

/// What is only put elsewhere, padded with zeros or taken the maximum of lies on the grid of what it was made from.
fn inherit(network: &Network, mut ranges: Vec<Option<Range>>) -> Vec<Option<Range>> {
    for (at, step) in network.steps.iter().enumerate() {
        let kept = match step.op {
            Op::Arrange(_, fill) => fill == 0.0,
            _ => matches!(step.op, Op::Reshape | Op::MaxPool(_)),
        };
        if kept && ranges[at + 1].is_some() && ranges[step.inputs[0]].is_some() {
            ranges[at + 1] = ranges[step.inputs[0]];
        }
    }
    ranges
}

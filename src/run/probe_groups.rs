//! The groups of a layer whose codes have shifts, or 16 bits, as a price is found from them.

use crate::config::platform::{AccumulationOrder, Padding};
use crate::kernel::{Gemm, Geometry, Shifts};
use crate::platform::compute::array::MacArray;
use crate::platform::compute::groups::{Group, GroupOperands};
use crate::workload::{Layer, Weights};

/// What a layer read of some samples.
pub(super) struct Read<'a> {
    /// Activations less their zero point, by their place among those of all samples.
    pub activation: &'a (dyn Fn(usize) -> i64 + Sync),
    pub samples: usize,
    pub weights: &'a Weights,
    /// Of activations none where these are not shifted.
    pub shifts: Shifts<'a>,
}

/// Codes of pooled samples with their shifts, group of channels after group or tap after tap.
struct Pooled<'a> {
    geometry: Geometry,
    order: AccumulationOrder,
    read: &'a Read<'a>,
    padding: Padding,
}

/// The operands of all pooled samples as one long contraction of groups.
pub(super) fn pooled<T>(
    array: &MacArray,
    layer: &Layer,
    read: &Read<'_>,
    with: impl FnOnce(&GroupOperands<'_>) -> T,
) -> T {
    let (geometry, batch) = layer.whole(read.samples);
    let pooled = Pooled { geometry, order: array.order(), read, padding: array.padding() };
    let gemm = geometry.gemm();
    let gemm = Gemm { positions: gemm.positions * batch, depth: pooled.parts() * pooled.window(), ..gemm };
    let activation = |group: usize, position: usize, depth: usize| pooled.activation(group, position, depth);
    let weight =
        |group: usize, output: usize, depth: usize| pooled.weight(group * gemm.outputs + output, depth);
    with(&GroupOperands { gemm, activation: &activation, weight: &weight })
}

impl Pooled<'_> {
    fn channels(&self) -> usize {
        self.geometry.in_channels / self.geometry.groups
    }

    fn parts(&self) -> usize {
        self.channels().div_ceil(self.read.shifts.size)
    }

    fn window(&self) -> usize {
        self.geometry.kernel[0] * self.geometry.kernel[1]
    }

    /// What a depth stands for: a group of channels counts as one.
    fn part_and_tap(&self, depth: usize) -> (usize, usize) {
        let whole = Geometry { in_channels: self.geometry.groups * self.parts(), ..self.geometry };
        let place = whole.nth_tap(self.order, depth);
        (place / self.window(), place % self.window())
    }

    /// Places in a filter of the channels of a group at a tap.
    fn places(&self, part: usize, tap: usize) -> impl Iterator<Item = usize> {
        let (size, window) = (self.read.shifts.size, self.window());
        (part * size..self.channels().min((part + 1) * size)).map(move |channel| channel * window + tap)
    }

    fn activation(&self, group: usize, position: usize, depth: usize) -> Option<Group> {
        let (geometry, plane) = (&self.geometry, self.geometry.in_height * self.geometry.in_width);
        let (sample, at) = (position / geometry.positions(), position % geometry.positions());
        let (row, column) = (at / geometry.out_width(), at % geometry.out_width());
        let (part, tap) = self.part_and_tap(depth);
        let Some(inside) = geometry.tap(tap, row, column) else {
            let still = (vec![0; self.places(part, tap).count()], self.read.shifts.steps.least());
            return (self.padding != Padding::Skip).then_some(still);
        };
        let start = sample * geometry.inputs_per_sample() + geometry.group_offset(group);
        let code = |k: usize| {
            let place = geometry.tap(k, row, column).expect("all channels of a tap are inside");
            (self.read.activation)(start + place)
        };
        let of_part = ((sample * geometry.groups + group) * self.parts() + part) * plane + inside % plane;
        Some((
            self.places(part, tap).map(code).collect(),
            self.read.shifts.input.get(of_part).copied().unwrap_or(self.read.shifts.steps.least()),
        ))
    }

    fn weight(&self, channel: usize, depth: usize) -> Group {
        let (part, tap) = self.part_and_tap(depth);
        let Weights { codes, zero_point, .. } = self.read.weights;
        let filter = self.geometry.filter(codes, channel);
        let codes = self.places(part, tap).map(|k| i64::from(filter[k]) - i64::from(*zero_point)).collect();
        (codes, self.read.shifts.weights[(channel * self.parts() + part) * self.window() + tap])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Steps;

    /// Three channels a group of the contraction, two of them a group of codes, six taps.
    #[test]
    fn a_group_of_codes_stands_where_a_channel_would() {
        let geometry = Geometry { in_channels: 6, ..Geometry::UNEVEN };
        let weights = Weights { codes: vec![], scales: vec![], zero_point: 8, bits: 4 };
        let shifts = Shifts { size: 2, input: &[], weights: &[], steps: Steps::PowersOfTwo };
        let read = Read { activation: &|_| 0, samples: 1, weights: &weights, shifts };
        let met = |order| {
            let pooled = Pooled { geometry, order, read: &read, padding: Padding::Drop };
            (0..12).map(|depth| pooled.part_and_tap(depth)).collect::<Vec<_>>()
        };
        let parts_first = (0..2).flat_map(|part| (0..6).map(move |tap| (part, tap)));
        let parts_last = (0..6).flat_map(|tap| (0..2).map(move |part| (part, tap)));
        assert!(met(AccumulationOrder::ChannelsFirst).into_iter().eq(parts_first));
        assert!(met(AccumulationOrder::ChannelsLast).into_iter().eq(parts_last));
    }
}

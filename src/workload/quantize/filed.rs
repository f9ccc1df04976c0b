//! What a file has as codes of bytes already: grids of activations, codes of weights, biases as whole numbers.
//!
//! They are kept where the scheme takes them: any code where signs travel outside a multiplier or its operands are wider, else
//! those with zero in the middle, of −128 to 127.

use std::sync::Arc;

use super::grid::{Grid, Scheme};
use super::layout::Written;
use super::range::alike;
use super::role::Role;
use super::round;
use super::stored::StoredGroups;
use crate::config::WeightScales;
use crate::workload::engine::{Weights, are_one};
use crate::workload::network::Network;
use crate::workload::op::{Contraction, Declared, Op};
use crate::workload::rotation::Rotation;

/// The code of zero of bytes with a sign.
const MIDDLE: u8 = 128;

/// How far from a whole number of steps a weight may be that a file has as a code, for what is rounded on the way.
const SLACK: f32 = 1e-2;

/// The grid that the file has for each value.
pub(super) fn grids(network: &Network, rotations: &[Option<Rotation>]) -> Vec<Option<Grid>> {
    let grid = |own: Declared| {
        let zero_point =
            u8::try_from(own.zero_point).ok().filter(|_| own.scale.is_normal() && own.scale > 0.0)?;
        Some(Grid::of_file(own.scale, zero_point))
    };
    let made = network.steps.iter().map(|step| step.op.declared().and_then(grid));
    let mut grids: Vec<Option<Grid>> = [None].into_iter().chain(made).collect();
    for (to, from) in alike(network, rotations) {
        grids[to] = grids[to].or(grids[from]);
    }
    grids.iter().zip(rotations).map(|(grid, rotation)| grid.filter(|_| rotation.is_none())).collect()
}

/// Whether codes of a file are such as are multiplied.
pub(super) fn fits(grid: Grid, role: Option<Role>, scheme: Scheme) -> bool {
    grid.zero_point == MIDDLE || scheme == Scheme::Affine && role == Some(Role::Activations)
}

/// The file's codes of weights where it has some and they fit, else new ones.
pub(super) fn or_round(own: &Contraction, (share, bits): (WeightScales, u32), scheme: Scheme) -> Weights {
    let filed = own
        .scales
        .as_deref()
        .filter(|scales| bits == 8 && (share == WeightScales::PerChannel || are_one(scales)));
    let filed = filed.and_then(|scales| weights(own, scales, scheme));
    filed.unwrap_or_else(|| round(&own.weights, own.geometry.out_channels, (share, bits)))
}

fn weights(own: &Contraction, scales: &[f32], scheme: Scheme) -> Option<Weights> {
    let steps = whole(own, scales)?;
    let zero_point = zero_point(&steps, scheme)?;
    let codes = steps.iter().map(|step| (step + i32::from(zero_point)) as u8).collect();
    Some(Weights { codes, scales: scales.to_vec(), zero_point, bits: 8 })
}

/// Weights as steps of the scale of their filter; none where one lies between two, as after a change of the network.
fn whole(own: &Contraction, scales: &[f32]) -> Option<Vec<i32>> {
    let filters = own.weights.chunks_exact(own.geometry.depth()).zip(scales);
    let steps = filters.flat_map(|(filter, scale)| filter.iter().map(move |weight| weight / scale));
    steps.map(|steps| ((steps - steps.round()).abs() <= SLACK).then_some(steps.round() as i32)).collect()
}

/// The code of zero with which all steps are codes of a byte, and ones that the scheme takes.
fn zero_point(steps: &[i32], scheme: Scheme) -> Option<u8> {
    let (low, high) = steps.iter().fold((0, 0), |(low, high), &step| (step.min(low), step.max(high)));
    let signed = low >= -i32::from(MIDDLE) && high < i32::from(MIDDLE);
    let fits = signed || scheme == Scheme::Affine && high - low <= 255;
    fits.then(|| if signed { MIDDLE } else { -low as u8 })
}

/// The step of a whole bias that this is, if it is one: single precision has lost some of the lowest of many bits.
fn whole_bias(bias: f32, step: f32) -> Option<i32> {
    let steps = f64::from(bias) / f64::from(step);
    let slack = f64::from(SLACK) + steps.abs() * f64::from(f32::EPSILON);
    let whole = steps.round();
    ((steps - whole).abs() <= slack && whole.abs() < f64::from(i32::MAX)).then_some(whole as i32)
}

/// A network whose values and weights have become codes.
pub(super) struct Coded<'a> {
    pub network: &'a Network,
    pub grids: &'a [Option<Grid>],
    pub written: &'a [Option<Written>],
    pub weights: &'a [Weights],
    pub groups: &'a [Option<StoredGroups>],
}

impl<'a> Coded<'a> {
    /// For each layer the value that it reads, its contraction and its weights; none where its weights are no file's codes, or
    /// groups or tokens have steps of their own.
    fn filed(&self) -> impl Iterator<Item = Option<(usize, &'a Contraction, &'a Weights)>> {
        let layers = self.network.multiplied().zip(self.weights.iter().zip(self.groups));
        let written = self.written;
        layers.map(move |((value, step), (weights, groups))| match &step.op {
            Op::Contract(own) if own.scales.is_some() && groups.is_none() && written[value].is_none() => {
                Some((value, own, weights))
            }
            _ => None,
        })
    }

    /// Biases as steps of the sums of each layer, where the file has them so.
    pub fn biases(&self) -> Arc<[Option<Arc<[i32]>>]> {
        let whole = |(value, own, weights): (usize, &Contraction, &Weights)| {
            let grid = self.grids[value]
                .filter(|grid| !grid.is_wide() && own.scales.as_ref() == Some(&weights.scales))?;
            let channels = own.bias.iter().zip(&weights.scales);
            let steps = channels.map(|(bias, scale)| whole_bias(*bias, grid.scale * scale));
            steps.collect::<Option<Vec<i32>>>().map(Arc::from)
        };
        self.filed().map(|layer| layer.and_then(whole)).collect()
    }

    /// What became of the codes that the file has for each layer, with the grids that it has for values.
    pub fn codes(&self, filed: &[Option<Grid>]) -> Vec<FileCodes> {
        let of = |(value, own, weights): (usize, &Contraction, &Weights)| {
            let grids = self.grids[value].zip(filed[value]).filter(|(grid, _)| grid.bits == 8);
            let same_grid = grids.map(|(grid, own)| grid.scale == own.scale);
            let same_weights = (weights.bits == 8).then(|| own.scales.as_ref() == Some(&weights.scales));
            match (same_grid, same_weights) {
                (Some(true), Some(true)) => FileCodes::Kept,
                (Some(false), _) | (_, Some(false)) => FileCodes::Anew,
                _ => FileCodes::None,
            }
        };
        self.filed().map(|layer| layer.map_or(FileCodes::None, of)).collect()
    }
}

/// What became of the codes that a model's file has for the activations and weights of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileCodes {
    /// It has none, or others were asked for.
    None,
    /// They are the layer's.
    Kept,
    /// Some are on another grid: one that the scheme takes.
    Anew,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Geometry;
    use crate::workload::Form;

    fn contraction(steps: &[i32], scales: [f32; 2]) -> Contraction {
        let depth = steps.len() / 2;
        let weight = |(at, &step): (usize, &i32)| step as f32 * scales[at / depth];
        let weights = steps.iter().enumerate().map(weight).collect();
        Contraction {
            geometry: Geometry::dense(depth, 2),
            weights,
            bias: vec![0.0; 2],
            scales: Some(scales.into()),
            form: Form::Image,
        }
    }

    #[test]
    fn codes_of_a_file_are_kept_where_they_fit() {
        use Scheme::{Affine, Symmetric};
        use WeightScales::{PerChannel, PerTensor};
        let of =
            |steps: &[i32], scales, share, scheme| or_round(&contraction(steps, scales), (share, 8), scheme);
        // As any code of a byte with a sign, not the largest magnitude of each filter.
        let steps = [-128, 3, 90, -7, 12, 0];
        for (share, scheme) in [(PerChannel, Symmetric), (PerTensor, Symmetric), (PerChannel, Affine)] {
            let kept = of(&steps, [0.037; 2], share, scheme);
            assert_eq!((kept.scales, kept.zero_point), (vec![0.037; 2], 128));
            assert_eq!(kept.codes, steps.map(|step| (step + 128) as u8));
        }
        // One scale for all was asked for.
        assert_ne!(of(&steps, [0.037, 0.01], PerTensor, Affine).scales, [0.037, 0.01]);
        // Bytes with a zero point of their own, 144.
        let steps = [-143, 3, 90, 111, 12, 0];
        let kept = of(&steps, [0.037; 2], PerChannel, Affine);
        assert_eq!((&kept.scales[..], kept.zero_point), (&[0.037; 2][..], 143));
        assert_eq!(kept.codes, steps.map(|step| (step + 143) as u8));
        let anew = of(&steps, [0.037; 2], PerChannel, Symmetric);
        assert_eq!(anew.zero_point, 128);
        assert!((anew.scales[0] - 0.037 * 143.0 / 127.0).abs() < 1e-6, "{:?}", anew.scales);
        // Beyond a byte, and between two codes.
        for steps in [[-140, 3, 140, 0], [0, 0, 256, 3]] {
            assert_ne!(of(&steps, [0.5; 2], PerChannel, Affine).scales, [0.5; 2]);
        }
        let mut between = contraction(&[1, 2, 3, 4], [0.5; 2]);
        between.weights[2] *= 1.1;
        assert_ne!(or_round(&between, (PerChannel, 8), Affine).scales, [0.5; 2]);
    }

    #[test]
    fn biases_are_whole_numbers_of_steps_or_reals() {
        let step = 0.0037f32 * 0.21;
        for bias in [0, 1, -7, 20_011, 2_000_003, -4_000_001] {
            assert_eq!(whole_bias(bias as f32 * step, step), Some(bias));
        }
        for real in [0.5, 1.02, -77.3, 20_000.4] {
            assert_eq!(whole_bias(real * step, step), None, "{real}");
        }
    }
}

//! Layers whose numbers are written in groups, or have 16 bits: the unit that each needs, and what no part of a setup does with
//! them.

use super::buildable::exact_bits;
use super::error::RunError;
use crate::config::platform::Compute;
use crate::config::{LayerSettings, NumberFormat, NumberFormats, Setup, Workload};
use crate::kernel::Steps;
use crate::platform::compute::array::GroupUnit;
use crate::platform::{Platform, PlatformError};
use crate::workload::{Coder, Layer, Origin};

/// The formats of a layer.
pub(super) fn of_layer(workload: &Workload, own: &LayerSettings) -> NumberFormats {
    own.formats(workload.quantize.format)
}

/// Whether some numbers of a setup are written in groups, have 16 bits, or scales of their own a token.
pub(super) fn any(setup: &Setup) -> bool {
    has(setup, is_changed)
}

/// The same of the numbers of a layer.
pub(super) fn changes(workload: &Workload, own: &LayerSettings) -> bool {
    of_layer(workload, own).each().into_iter().any(|(_, format)| is_changed(format))
}

fn is_changed(format: NumberFormat) -> bool {
    format.group().is_some() || format.is_wide() || format.scales_tokens()
}

/// Whether some numbers of a setup are written so.
fn has(setup: &Setup, so: impl Fn(NumberFormat) -> bool) -> bool {
    let own = setup.workload.layers.values().filter_map(|own| own.format);
    let mut all = own.chain([setup.workload.quantize.format]);
    all.any(|formats| formats.each().into_iter().any(|(_, format)| so(format)))
}

/// What the unit of a layer takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Takes {
    /// Codes of at most so many bits, which is how wide `exact` is.
    Bits(u32),
    /// Groups, or activations of 16 bits.
    Groups(GroupUnit),
}

/// What the unit of a layer takes: for stored weights the widest plain codes of all layers, as for two computed operands, unless
/// these are wider.
pub(super) fn takes(setup: &Setup, layer: &Layer, own: &LayerSettings) -> Takes {
    let workload = &setup.workload;
    let of_all = exact_bits(setup);
    match (unit_of(workload, layer.weights, own), layer.weights) {
        (Some(group), _) => Takes::Groups(group),
        (None, Origin::Stored) => Takes::Bits(of_all),
        (None, Origin::Computed) => Takes::Bits(of_all.max(computed_bits(workload, own))),
    }
}

/// Bits of the wider of two computed operands whose codes are plain.
fn computed_bits(workload: &Workload, own: &LayerSettings) -> u32 {
    let (quantize, formats) = (&workload.quantize, of_layer(workload, own));
    let bits = |format: NumberFormat, own: Option<u32>, all: u32| format.plain_bits().or(own).unwrap_or(all);
    let first = bits(formats.activations, own.activation_bits, quantize.activation_bits);
    first.max(bits(formats.kv, own.weight_bits, quantize.weight_bits))
}

/// The unit that codes need of layers whose weights have this origin; none where they have no groups and at most 8 bits.
pub(super) fn unit_of(workload: &Workload, weights: Origin, own: &LayerSettings) -> Option<GroupUnit> {
    let (quantize, formats) = (&workload.quantize, of_layer(workload, own));
    let weight_bits = own.weight_bits.unwrap_or(quantize.weight_bits);
    let (activations, weights) = match weights {
        Origin::Stored => (formats.activations, formats.weights),
        // The first of two computed operands has plain codes.
        Origin::Computed => (plain(formats.activations), formats.kv),
    };
    let operands =
        [(activations, own.activation_bits.unwrap_or(quantize.activation_bits)), (weights, weight_bits)];
    let coders = operands.map(|(format, _)| Coder::of(format));
    let groups = coders.iter().flatten().map(|coder| coder.group);
    let group = groups.reduce(crate::workload::common_group).or(activations.is_wide().then_some(1))?;
    Some(GroupUnit {
        bits: operands.map(|(format, bits)| match Coder::of(format) {
            Some(coder) => coder.bits,
            None => format.plain_bits().unwrap_or(bits),
        }),
        twos_complement: coders.iter().flatten().any(Coder::is_twos_complement),
        group: group as u32,
        largest: coders.iter().flatten().map(|coder| coder.largest).sum(),
        steps: coders[1].map_or(Steps::PowersOfTwo, |coder| coder.steps()),
    })
}

/// What becomes of a format where there are no groups.
fn plain(format: NumberFormat) -> NumberFormat {
    match format.plain_bits() {
        Some(bits) => NumberFormat::int(bits),
        None => NumberFormat::Plain,
    }
}

/// Refuses what no part of a setup does with groups, with 16 bits, or with scales of tokens.
pub(super) fn check(setup: &Setup, platform: &Platform) -> Result<(), RunError> {
    let recovers = match &setup.platform.compute {
        Compute::Array(config) => !config.recovery.measures().is_empty(),
        Compute::Ideal => false,
    };
    if recovers && has(setup, |format| format.scales_tokens()) {
        return Err(PlatformError::RecoveryOfTokens.into());
    }
    let errs = platform.memory.iter().find(|(_, memory)| memory.errs());
    match errs.filter(|_| any(setup)) {
        Some((name, _)) => Err(RunError::GroupsHeld(name.clone())),
        None => Ok(()),
    }
}

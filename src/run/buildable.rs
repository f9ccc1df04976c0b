//! What can be told of a setup without model and data: whether its hardware can be built.

use super::error::RunError;
use super::formats;
use crate::config::platform::{self as config, Compute, Spikes};
use crate::config::{LayerSettings, NumberFormat, NumberFormats, Quantize, Setup};
use crate::platform::compute::array::{CodeRange, GroupUnit, MacArray, Open, unit};
use crate::platform::compute::neurons::Neurons;
use crate::platform::compute::signs::SignArray;
use crate::platform::{Platform, PlatformError};
use crate::tech::CellLibrary;
use crate::workload::Origin;

/// Builds the hardware of a setup and runs nothing on it: what can be told without model and data; returns the arrays,
/// none where compute is ideal.
///
/// # Errors
/// When a part cannot be built.
pub fn buildable(setup: &Setup, open: Open<'_>) -> Result<Vec<MacArray>, RunError> {
    formats::check(setup, &Platform::build(&setup.platform)?)?;
    let Compute::Array(config) = &setup.platform.compute else { return Ok(vec![]) };
    let library = CellLibrary::nangate45().wired();
    let build = |config: &config::Array, bits: [u32; 2], group: Option<GroupUnit>| {
        let unit = match group {
            Some(group) => group.unit(config)?,
            None => unit(config, exact_bits(setup), open.products)?,
        };
        let array = MacArray::new(config, unit, &library)?.priced_as(&config.multiplier, open.energies)?;
        // Where codes have groups their own range is known with the network.
        if group.is_some() { Ok(array) } else { holds(bits, &array).map(|()| array) }
    };
    if config.spikes == Spikes::Accumulate {
        Neurons::new(config, exact_bits(setup), &library)?;
    }
    if setup.workload.layers.values().any(|own| own.binary) {
        SignArray::new(config, &library)?;
    }
    let plain = |own: &LayerSettings| {
        let (quantize, formats) = (&setup.workload.quantize, formats::of_layer(&setup.workload, own));
        let bits =
            |format: NumberFormat, own: Option<u32>, all: u32| format.plain_bits().or(own).unwrap_or(all);
        [
            bits(formats.weights, own.weight_bits, quantize.weight_bits),
            bits(formats.activations, own.activation_bits, quantize.activation_bits),
        ]
    };
    let group = |own: &LayerSettings| formats::unit_of(&setup.workload, Origin::Stored, own);
    let of_all = group(&LayerSettings::default());
    let mut arrays = vec![build(config, plain(&LayerSettings::default()), of_all)?];
    for (name, multiplier) in &config.layers {
        let own = setup.workload.layers.get(name).cloned().unwrap_or_default();
        let (bits, group) = (plain(&own), group(&own));
        let config = config::Array { multiplier: multiplier.clone(), ..(**config).clone() };
        arrays.push(
            build(&config, bits, group).map_err(|fault| RunError::Layer { name: name.clone(), fault })?,
        );
    }
    Ok(arrays)
}

/// Whether an array takes codes of weights and activations of so many bits.
fn holds([weight_bits, activation_bits]: [u32; 2], array: &MacArray) -> Result<(), PlatformError> {
    let symmetric = |bits: u32| CodeRange { bits, zero: 1 << (bits - 1), lowest: 0 };
    // Calibration chooses the zero point of an unsigned design; 0 reaches furthest.
    let signed = array.mac().multiplier().signature().signed;
    let activations = CodeRange { bits: activation_bits, zero: 0, lowest: 0 };
    array.holds([symmetric(weight_bits), if signed { symmetric(activation_bits) } else { activations }])
}

/// Bits of an `exact` multiplier for stored weights: those of the widest codes but 16, which has units of its own.
pub(super) fn exact_bits(setup: &Setup) -> u32 {
    let Quantize { weight_bits, activation_bits, format, .. } = setup.workload.quantize;
    let NumberFormats { weights, activations, .. } = format;
    let all = [(weights, weight_bits), (activations, activation_bits)];
    let all = all.map(|(format, bits)| format.plain_bits().unwrap_or(bits));
    let own = setup.workload.layers.values().flat_map(|own| {
        let formats = own.format.into_iter().flat_map(|formats| [formats.weights, formats.activations]);
        let formats = formats.filter_map(|format| format.plain_bits());
        own.weight_bits.into_iter().chain(own.activation_bits).chain(formats)
    });
    own.chain(all).filter(|bits| *bits <= 8).max().expect("there are two widths at least")
}

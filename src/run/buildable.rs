//! What can be told of a setup without model and data: whether its hardware can be built.

use super::error::RunError;
use crate::config::platform::{self as config, Compute, Spikes};
use crate::config::{Quantize, Setup};
use crate::platform::compute::array::{CodeRange, MacArray, Open, unit};
use crate::platform::compute::neurons::Neurons;
use crate::platform::compute::signs::SignArray;
use crate::platform::{Platform, PlatformError};
use crate::tech::CellLibrary;

/// Builds the hardware of a setup and runs nothing on it: what can be told without model and data; returns the arrays,
/// none where compute is ideal.
///
/// # Errors
/// When a part cannot be built.
pub fn buildable(setup: &Setup, open: Open<'_>) -> Result<Vec<MacArray>, RunError> {
    Platform::build(&setup.platform)?;
    let Compute::Array(config) = &setup.platform.compute else { return Ok(vec![]) };
    let library = CellLibrary::nangate45().wired();
    let build = |config: &config::Array, bits: [u32; 2]| {
        let unit = unit(config, exact_bits(setup), open.products)?;
        let array = MacArray::new(config, unit, &library)?.priced_as(&config.multiplier, open.energies)?;
        holds(bits, &array).map(|()| array)
    };
    let Quantize { weight_bits, activation_bits, .. } = setup.workload.quantize;
    if config.spikes == Spikes::Accumulate {
        Neurons::new(config, exact_bits(setup), &library)?;
    }
    if setup.workload.layers.values().any(|own| own.binary) {
        SignArray::new(config, &library)?;
    }
    let mut arrays = vec![build(config, [weight_bits, activation_bits])?];
    for (name, multiplier) in &config.layers {
        let own = setup.workload.layers.get(name);
        let bits = [
            own.and_then(|own| own.weight_bits).unwrap_or(weight_bits),
            own.and_then(|own| own.activation_bits).unwrap_or(activation_bits),
        ];
        let config = config::Array { multiplier: multiplier.clone(), ..(**config).clone() };
        arrays.push(build(&config, bits).map_err(|fault| RunError::Layer { name: name.clone(), fault })?);
    }
    Ok(arrays)
}

/// Whether an array takes codes of weights and activations of so many bits.
fn holds([weight_bits, activation_bits]: [u32; 2], array: &MacArray) -> Result<(), PlatformError> {
    let symmetric = |bits: u32| CodeRange { bits, zero: 1 << (bits - 1) };
    // Calibration chooses the zero point of an unsigned design; 0 reaches furthest.
    let signed = array.mac().multiplier().signature().signed;
    let activations = CodeRange { bits: activation_bits, zero: 0 };
    array.holds(symmetric(weight_bits))?;
    array.holds(if signed { symmetric(activation_bits) } else { activations })
}

/// Bits of an `exact` multiplier: those of the widest codes.
pub(super) fn exact_bits(setup: &Setup) -> u32 {
    let Quantize { weight_bits, activation_bits, .. } = setup.workload.quantize;
    let own = setup.workload.layers.values().flat_map(|own| [own.weight_bits, own.activation_bits]);
    own.flatten().chain([weight_bits, activation_bits]).max().expect("there are two widths at least")
}

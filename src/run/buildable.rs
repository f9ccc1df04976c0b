//! What can be told of a setup without model and data: whether its hardware can be built.

use super::error::RunError;
use crate::config::platform::{self as config, Compute};
use crate::config::{Quantize, Setup};
use crate::platform::compute::array::{CodeRange, MacArray, Open, unit};
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
    let build = |config: &config::Array| {
        let unit = unit(config, exact_bits(setup), open.products)?;
        let array = MacArray::new(config, unit, &library)?.priced_as(&config.multiplier, open.energies)?;
        holds(setup, &array).map(|()| array)
    };
    let mut arrays = vec![build(config)?];
    for (name, multiplier) in &config.layers {
        let config = config::Array { multiplier: multiplier.clone(), ..(**config).clone() };
        arrays.push(build(&config).map_err(|fault| RunError::Layer { name: name.clone(), fault })?);
    }
    Ok(arrays)
}

/// Whether an array takes the codes of a setup.
fn holds(setup: &Setup, array: &MacArray) -> Result<(), PlatformError> {
    let Quantize { weight_bits, activation_bits, .. } = setup.workload.quantize;
    let symmetric = |bits: u32| CodeRange { bits, zero: 1 << (bits - 1) };
    // Calibration chooses the zero point of an unsigned design; 0 reaches furthest.
    let signed = array.mac().multiplier().signature().signed;
    let activations = CodeRange { bits: activation_bits, zero: 0 };
    array.holds(symmetric(weight_bits))?;
    array.holds(if signed { symmetric(activation_bits) } else { activations })
}

/// Bits of an `exact` multiplier.
pub(super) fn exact_bits(setup: &Setup) -> u32 {
    setup.workload.quantize.weight_bits.max(setup.workload.quantize.activation_bits)
}

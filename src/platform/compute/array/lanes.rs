//! The unit for codes of which groups have shifts.

use crate::arith::mac::{Mac, Shift};
use crate::arith::{accumulator, design};
use crate::config::Measure;
use crate::config::platform::{self as config, Multiplier, Overflow, Padding, WeightFormat, Zeros};
use crate::kernel::Geometry;
use crate::platform::PlatformError;

use super::MacArray;

/// What operands a unit takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupUnit {
    /// Bits of activation and of weight codes.
    pub bits: [u32; 2],
    /// Whether codes reach down to −2^(bits − 1).
    pub twos_complement: bool,
    /// Products that are shifted at once, a lane each.
    pub group: u32,
    /// The largest shift.
    pub largest: u32,
}

impl GroupUnit {
    /// The unit, with the multiplier that an array is configured with; `exact` is the smallest exact one for its codes.
    ///
    /// # Errors
    /// When an id names no multiplier, and where the array is asked for something that has no meaning for sums with shifts.
    pub fn unit(&self, config: &config::Array) -> Result<Mac, PlatformError> {
        check(config)?;
        let wrong = |fault| PlatformError::Design { field: "compute.array.multiplier", fault };
        let shift = Shift { group: self.group, largest: self.largest.max(1) };
        let mac = match &config.multiplier {
            Multiplier::Id(id) if id != "exact" => {
                let adder = accumulator(&config.accumulator);
                let adder = adder
                    .map_err(|fault| PlatformError::Design { field: "compute.array.accumulator", fault })?;
                Mac::new(design(id).map_err(wrong)?, adder).grouped(shift).map_err(wrong)?
            }
            _ => Mac::for_codes(self.bits, self.twos_complement, shift).map_err(wrong)?,
        };
        let wrong = |fault| PlatformError::Design { field: "compute.array.accumulator_bits", fault };
        let bits = config.accumulator_bits.unwrap_or(mac.accumulator_width());
        mac.with_accumulator(bits, config.overflow).map_err(wrong)
    }
}

/// What groups with shifts have a meaning for.
fn check(config: &config::Array) -> Result<(), PlatformError> {
    let named = matches!(config.multiplier, Multiplier::Id(_));
    let recovers =
        config.recovery.measures().iter().map(|measure: &Measure| format!("{measure:?}").to_lowercase());
    let recovers: Vec<String> = recovers.collect();
    for (fine, field, value, allowed) in [
        (
            named,
            "compute.array.multiplier",
            "a table".into(),
            "`exact` or a design id where number formats have groups",
        ),
        (
            config.accumulator == "exact",
            "compute.array.accumulator",
            format!("`{}`", config.accumulator),
            "`exact` where number formats have groups",
        ),
        (
            config.overflow == Overflow::Wrap,
            "compute.array.overflow",
            "`saturate`".into(),
            "`wrap` where number formats have groups",
        ),
        (
            config.products == config::Products::Centred,
            "compute.array.products",
            "`raw`".into(),
            "`centred` where number formats have groups, whose codes have zero in the middle",
        ),
        (
            config.padding != Padding::Multiply,
            "compute.array.padding",
            "`multiply`".into(),
            "`drop` or `skip` where number formats have groups",
        ),
        (
            config.zeros == Zeros::Compute,
            "compute.array.zeros",
            format!("`{:?}`", config.zeros).to_lowercase(),
            "`compute` where number formats have groups",
        ),
        (
            config.weight_format == WeightFormat::Dense,
            "compute.array.weight_format",
            "without zeros".into(),
            "`dense` where number formats have groups, whose flags belong to places",
        ),
        (
            recovers.is_empty(),
            "compute.array.recovery",
            format!("`{}`", recovers.join("`, `")),
            "`none` where number formats have groups",
        ),
    ] {
        PlatformError::unless(fine, field, value, allowed)?;
    }
    Ok(())
}

impl MacArray {
    /// Groups of products of a sample of a contraction that switch units, `parts` of them at each tap of a window.
    pub fn group_operations(&self, geometry: &Geometry, parts: usize) -> u64 {
        let window = geometry.kernel[0] * geometry.kernel[1];
        let inside = |tap: usize| match self.padding {
            Padding::Skip => geometry.positions_inside(tap),
            Padding::Drop | Padding::Multiply => geometry.positions(),
        };
        (geometry.out_channels * parts * (0..window).map(inside).sum::<usize>()) as u64
    }
}

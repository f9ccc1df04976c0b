//! The unit for codes of which groups have shifts, and for activations of 16 bits.

use crate::arith::mac::{Mac, Shift};
use crate::arith::{ArithError, accumulator, design};
use crate::config::Measure;
use crate::config::platform::{self as config, Multiplier, Overflow, Padding, Timing, WeightFormat, Zeros};
use crate::kernel::{Geometry, Steps};
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
    /// The largest shift or factor; 0 where there are no shifts.
    pub largest: u32,
    /// Which of both.
    pub steps: Steps,
}

impl GroupUnit {
    /// The unit, with the multiplier that an array is configured with; `exact` is the smallest exact one for its codes.
    ///
    /// # Errors
    /// When an id names no multiplier, and where the array is asked for something that has no meaning for sums with shifts.
    pub fn unit(&self, config: &config::Array) -> Result<Mac, PlatformError> {
        check(config)?;
        let wrong = |fault| PlatformError::Design { field: "compute.array.multiplier", fault };
        let mac = match &config.multiplier {
            Multiplier::Id(id) if id != "exact" => {
                let (field, allowed) = ("compute.array.multiplier", "`exact` where activations have 16 bits");
                PlatformError::unless(!self.is_wide(), field, format!("`{id}`"), allowed)?;
                let adder = accumulator(&config.accumulator);
                let adder = adder
                    .map_err(|fault| PlatformError::Design { field: "compute.array.accumulator", fault })?;
                Mac::new(design(id).map_err(wrong)?, adder).grouped(self.shift()).map_err(wrong)?
            }
            _ => self.exact().map_err(wrong)?,
        };
        let wrong = |fault| PlatformError::Design { field: "compute.array.accumulator_bits", fault };
        let bits = config.accumulator_bits.unwrap_or(mac.accumulator_width());
        mac.with_accumulator(bits, config.overflow).map_err(wrong)
    }

    /// The smallest exact one; products of 16 bits that nothing shifts are summed one by one.
    fn exact(&self) -> Result<Mac, ArithError> {
        let [a, b] = self.bits;
        match self {
            Self { group: 1, largest: 0, .. } if self.is_wide() => Mac::from_id(&format!("mac{a}x{b}s_bw")),
            _ => Mac::for_codes(self.bits, self.twos_complement, self.shift()),
        }
    }

    fn is_wide(&self) -> bool {
        self.bits[0] > 8
    }

    fn shift(&self) -> Shift {
        Shift { group: self.group, largest: self.largest.max(1), steps: self.steps }
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
            "`exact` or a design id where number formats have groups, `exact` where activations have 16 bits",
        ),
        (
            config.accumulator == "exact",
            "compute.array.accumulator",
            format!("`{}`", config.accumulator),
            "`exact` where number formats have groups or 16 bits",
        ),
        (
            config.overflow == Overflow::Wrap,
            "compute.array.overflow",
            "`saturate`".into(),
            "`wrap` where number formats have groups or 16 bits: their sums are formed whole, and where one saturates on its way \
             depends on what was added before",
        ),
        (
            config.timing == Timing::Safe,
            "compute.array.timing",
            "`latch`".into(),
            "`safe` where number formats have groups or 16 bits",
        ),
        (
            config.products == config::Products::Centred,
            "compute.array.products",
            "`raw`".into(),
            "`centred` where number formats have groups or 16 bits, whose codes have zero in the middle",
        ),
        (
            config.padding != Padding::Multiply,
            "compute.array.padding",
            "`multiply`".into(),
            "`drop` or `skip` where number formats have groups or 16 bits",
        ),
        (
            config.zeros == Zeros::Compute,
            "compute.array.zeros",
            format!("`{:?}`", config.zeros).to_lowercase(),
            "`compute` where number formats have groups or 16 bits",
        ),
        (
            config.weight_format == WeightFormat::Dense,
            "compute.array.weight_format",
            "without zeros".into(),
            "`dense` where number formats have groups or 16 bits, whose flags belong to places",
        ),
        (
            recovers.is_empty(),
            "compute.array.recovery",
            format!("`{}`", recovers.join("`, `")),
            "`none` where number formats have groups or 16 bits",
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

//! What an array does about zeros.

use super::MacArray;
use crate::arith::mac::Mac;
use crate::config::platform::{self as config, Overflow, WeightFormat, Zeros};
use crate::kernel::Gemm;
use crate::platform::PlatformError;
use crate::platform::compute::nonzeros::Nonzeros;

impl MacArray {
    /// What is done about operands that are zero.
    pub fn zeros(&self) -> Zeros {
        self.zeros
    }

    /// Products among which a unit that skips zeros chooses.
    pub fn zero_window(&self) -> usize {
        self.zero_window
    }

    /// How memories keep the weights.
    pub fn weight_format(&self) -> WeightFormat {
        self.weight_format
    }

    /// Where weights take cycles, if not everywhere.
    pub fn skipped(&self, gemm: Gemm, is_zero: impl Fn(usize, usize, usize) -> bool) -> Option<Nonzeros> {
        let geometry = (self.zero_window, self.columns);
        (self.zeros == Zeros::Skip).then(|| Nonzeros::of(gemm, geometry, is_zero))
    }
}

/// Refuses what the account of zeros does not cover.
pub(super) fn check(config: &config::Array, mac: &Mac) -> Result<(), PlatformError> {
    let refuse = |wrong: bool, why| if wrong { Err(PlatformError::Zeros(why)) } else { Ok(()) };
    if config.zeros == Zeros::Compute {
        return Ok(());
    }
    refuse(
        config.products == config::Products::Raw,
        "raw codes of zero are not zero, so nothing tells them; write `products: centred`",
    )?;
    refuse(
        !config.recovery.measures().is_empty(),
        "recovery may put other codes in place of zero weights; write `recovery: none`",
    )?;
    let by_file = std::iter::once(&config.multiplier).chain(config.layers.values());
    refuse(
        by_file.into_iter().any(|multiplier| multiplier.energy_table().is_some()),
        "an energy table prices every pair of codes, those that are left out too; leave out `energy_table`",
    )?;
    let exact = mac.accumulates_exactly() || config.overflow == Overflow::Saturate && mac.adder().is_empty();
    refuse(
        config.zeros == Zeros::Skip && !exact,
        "an approximate accumulator may change a sum to which zero is added, and skipped zeros are not; write `accumulator: \
         exact`",
    )
}

/// Refuses zeros of their own where results come late.
pub(super) fn in_time(config: &config::Array) -> Result<(), PlatformError> {
    match config.zeros {
        Zeros::Compute => Ok(()),
        Zeros::Gate | Zeros::Skip => Err(PlatformError::Zeros(
            "the clock is too fast, and late results are known of units that compute zeros; write a slower clock",
        )),
    }
}

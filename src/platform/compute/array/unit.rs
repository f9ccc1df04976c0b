//! The unit that a configuration asks for.

use std::path::Path;

use crate::arith::mac::{KEPT_BITS, Mac};
use crate::arith::tabulated::{NotSquare, Tabulated};
use crate::arith::{ArithError, Design, accumulator, design};
use crate::config::platform::{self as config, Multiplier};
use crate::platform::PlatformError;
use crate::table::{Operation, Signature, Table};

use super::MacArray;

/// Opens a user's product table; the sign is as configured.
pub type OpenTable<'a> = dyn Fn(&Path, Option<bool>) -> Result<Table, PlatformError> + Sync + 'a;

/// The unit of an array; `exact` is a two's complement multiplier of `bits` after Baugh and Wooley, the smallest
/// and fastest exact one here: what is approximate must beat a good design, not a poor one.
///
/// # Errors
/// When an id names no multiplier, or a product table cannot be opened or is not square.
pub fn unit(config: &config::Array, bits: u32, open: &OpenTable<'_>) -> Result<Mac, PlatformError> {
    let multiplier: Box<dyn Design> = match &config.multiplier {
        Multiplier::Id(id) | Multiplier::Design { design: id, .. } => {
            let id = if id == "exact" { &format!("mul{bits}s_bw") } else { id };
            design(id).map_err(|fault| PlatformError::Design { field: "compute.array.multiplier", fault })?
        }
        Multiplier::Table { table, signed, .. } => {
            let wrong = |error: NotSquare| PlatformError::Table(format!("{}: {error}", table.display()));
            Box::new(Tabulated::new(open(table, *signed)?).map_err(wrong)?)
        }
    };
    let Signature { operation, width_a, width_b, .. } = multiplier.signature();
    if operation != Operation::Mul || width_a != width_b {
        let allowed = match operation {
            Operation::Mul => "a multiplier of operands of one width such as `mul8s_exact`",
            Operation::Add => "a multiplier such as `mul8s_exact`",
        };
        let field = "compute.array.multiplier".into();
        return Err(PlatformError::OutOfRange { field, value: format!("`{}`", multiplier.id()), allowed });
    }
    let adder = accumulator(&config.accumulator);
    let adder = adder.map_err(|fault| PlatformError::Design { field: "compute.array.accumulator", fault })?;
    let mac = Mac::new(multiplier, adder);
    let mac = if config.products == config::Products::Raw { mac.raw() } else { mac };
    let mac = if config.zeros == config::Zeros::Gate { mac.gated() } else { mac };
    let bits = config.accumulator_bits.unwrap_or(mac.accumulator_width());
    let written = match &config.multiplier {
        Multiplier::Id(id) | Multiplier::Design { design: id, .. } => id.clone(),
        Multiplier::Table { table, .. } => table.display().to_string(),
    };
    // Whoever wrote the multiplier need not know the unit that it becomes.
    let fault = |fault: ArithError| fault.within(&written);
    let wrong =
        |wrong| PlatformError::Design { field: "compute.array.accumulator_bits", fault: fault(wrong) };
    let mac = mac.with_accumulator(bits, config.overflow).map_err(wrong)?;
    let allowed =
        "at most 32, which networks keep of a sum, where `accumulator` adds its high bits approximately";
    PlatformError::unless(mac.sums_are_kept(), "compute.array.accumulator_bits", bits, allowed)?;
    Ok(mac)
}

impl MacArray {
    /// Refuses sums of more products than surely fit into an accumulator whose bits nobody chose, or into the bits that networks
    /// keep of a wider one's sum.
    ///
    /// # Errors
    /// [`PlatformError::SumBeyond`] and [`PlatformError::SumKept`].
    pub fn keeps(&self, depth: usize) -> Result<(), PlatformError> {
        let (bits, holds) = (self.mac.accumulator_width(), self.mac.holds());
        match bits > KEPT_BITS {
            _ if depth as u64 <= holds => Ok(()),
            true => Err(PlatformError::SumKept { bits, depth, holds }),
            false if self.sum_bits_chosen => Ok(()),
            false => {
                let needs = self.mac.bits_that_hold(depth as u64);
                Err(PlatformError::SumBeyond { bits, depth, holds, needs })
            }
        }
    }
}

//! The clock of an array, and what becomes of results that come after its edge.

use crate::arith::mac::Mac;
use crate::config::platform::{self as config, Clock, Timing};
use crate::netlist::Netlist;
use crate::platform::PlatformError;
use crate::tech::{CellLibrary, Grid, TICK};
use crate::units::{Hertz, Seconds};

/// Steps of a clock period on whose grid the results of a network arrive.
///
/// With fewer, a step is longer than the fastest gates take, and paths are stretched: on 64 samples of the scenes network at
/// 1.0 V, 64 steps score 14.1 %, 128 and 256 both 23.4 %.
pub const STEPS: u32 = 128;

/// A unit whose clock is too fast for it.
pub struct Lateness {
    /// In steps of [`TICK`], for energy.
    pub fine: Grid,
    /// In [`STEPS`] a period, for the results of a network.
    pub coarse: Grid,
}

impl Lateness {
    pub(super) fn new(netlist: &Netlist, library: &CellLibrary, clock: Hertz) -> Result<Self, PlatformError> {
        let period = clock.period();
        let grid = |step: f64| library.grid(netlist, period, Seconds(step));
        let late = Self { fine: grid(TICK * 1e-12), coarse: grid(period.0 / f64::from(STEPS)) };
        let holds = [&late.fine, &late.coarse].iter().all(|grid| grid.holds_registers(netlist));
        let allowed = "slower: delay and setup time of a register alone do not fit into a period";
        PlatformError::unless(holds, "compute.array.clock", clock, allowed).map(|()| late)
    }
}

/// The clock as configured, or the one that fits: the delay at the array's supply, or where results may come late that at
/// the supply of the figures.
pub(in crate::platform::compute) fn clock(
    config: &config::Array,
    nominal: Seconds,
    delay: Seconds,
) -> Result<Hertz, PlatformError> {
    match (config.clock, config.timing) {
        (Clock::Fit, Timing::Safe) => Ok(Hertz(1.0 / delay.0)),
        (Clock::Fit, Timing::Latch) => Ok(Hertz(1.0 / nominal.0)),
        (Clock::Fixed(clock), _) => {
            PlatformError::unless(clock.0 > 0.0, "compute.array.clock", clock, "more than 0 Hz")
                .map(|()| clock)
        }
    }
}

/// Refuses late results where they are not allowed, of a unit without gates that could tell what is lost, and where layers
/// recover from the errors of products that a table holds.
pub(super) fn may_be_late(
    config: &config::Array,
    mac: &Mac,
    delay: Seconds,
    clock: Hertz,
) -> Result<(), PlatformError> {
    let unit = mac.id().into();
    match config.timing {
        Timing::Safe => Err(PlatformError::TooSlow { unit, delay, clock }),
        Timing::Latch if !config.recovery.measures().is_empty() => Err(PlatformError::LateRecovery { unit }),
        Timing::Latch if mac.multiplier().stand_in().is_some() => Err(PlatformError::LateTable { unit }),
        Timing::Latch => Ok(()),
    }
}

/// Whether a delay is longer than a period, but for rounding.
pub(in crate::platform::compute) fn late(delay: Seconds, clock: Hertz) -> bool {
    delay.0 > clock.period().0 * (1.0 + 1e-9)
}

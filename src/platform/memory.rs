//! Memories: what they do to stored codes and what storing costs.

use super::PlatformError;
use crate::config::platform as config;
use crate::ledger::Ledger;
use crate::units::{Seconds, SquareMicrometres};

pub mod dram;
pub mod fault;
pub mod ideal;
pub mod sram;

/// Traffic of one memory during one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Bytes read.
    pub read_bytes: f64,
    /// Bytes written.
    pub written_bytes: f64,
    /// Time the array computes; an on-chip memory leaks only then (it is gated off otherwise).
    pub active: Seconds,
    /// Time between two frames; an off-chip memory refreshes all of it.
    pub period: Seconds,
}

/// Codes at a place of a memory.
///
/// Codes are packed: code `i` occupies the cells `8·address + i·bits …`, least significant bit first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the fault map: which device of a batch.
    pub map: u64,
    /// Byte address of the first code.
    pub address: u64,
    /// Bits per code, 1 to 8.
    pub bits: u32,
}

/// A memory.
pub trait Memory: Send + Sync {
    /// Stores `codes` at `place` until they are read: cells that fail change them. Returns the number of
    /// bits that changed.
    fn hold(&self, place: Place, codes: &mut [u8]) -> u64;

    /// Bills a frame's traffic and the time around it under `component`, for example `memory.main`.
    fn bill(&self, ledger: &mut Ledger, component: &str, traffic: &Traffic);

    /// Share of the cells that fail at the configured setting; exactly 0 at the neutral one.
    fn failing_share(&self) -> f64 {
        0.0
    }

    /// Whether anything stored can change.
    fn errs(&self) -> bool {
        self.failing_share() > 0.0
    }

    /// Silicon area on the chip of the array; an off-chip memory has none there.
    fn area(&self) -> SquareMicrometres {
        SquareMicrometres::ZERO
    }
}

/// Builds the memory called `name`.
///
/// # Errors
/// When a value is outside the model's range.
pub fn build(name: &str, config: &config::Memory) -> Result<Box<dyn Memory>, PlatformError> {
    let path = format!("memory.{name}");
    Ok(match config {
        config::Memory::Ideal => Box::new(ideal::Ideal),
        config::Memory::Dram(part) => Box::new(dram::Dram::new(part, &path)?),
        config::Memory::Sram(part) => Box::new(sram::Sram::new(part, &path)?),
    })
}

/// Distribution function of the standard normal law.
fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

//! Links: what sending costs and how long it takes.

use super::PlatformError;
use crate::config::platform as config;
use crate::ledger::Ledger;
use crate::units::Seconds;

pub mod ideal;
pub mod serial;

/// A link.
pub trait Link: Send + Sync {
    /// Bills a message of `bytes`.
    fn bill(&self, ledger: &mut Ledger, bytes: f64);

    /// Time to send a message of `bytes`.
    fn latency(&self, bytes: f64) -> Seconds;
}

/// Builds a link.
///
/// # Errors
/// When a value is outside the model's range.
pub fn build(config: &config::Link) -> Result<Box<dyn Link>, PlatformError> {
    Ok(match config {
        config::Link::Ideal => Box::new(ideal::Ideal),
        config::Link::Serial(part) => Box::new(serial::Serial::new(part)?),
    })
}

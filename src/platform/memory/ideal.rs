//! A memory that never errs and costs nothing.

use super::{Memory, Place, Traffic};
use crate::ledger::Ledger;

/// Never errs and costs nothing.
pub struct Ideal;

impl Memory for Ideal {
    fn hold(&self, _: Place, _: &mut [u8]) -> u64 {
        0
    }
    fn bill(&self, _: &mut Ledger, _: &str, _: &Traffic) {}
}

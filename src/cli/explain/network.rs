//! What a network that is summed on a unit does, in words: as a run tells of its layers.

use crate::arith::mac::{Code, Mac};
use crate::arith::{self, Design};
use crate::cli::SIMD;
use crate::error::Error;
use crate::run;
use crate::simd::Level;

/// What is said of a MAC unit.
pub(super) fn of_unit(mac: Mac) -> Result<String, Error> {
    match runs(&mac) {
        true => sums(mac),
        false => Ok("  in a network: no layer runs on such a unit\n".into()),
    }
}

/// What is said of a multiplier whose products are added exactly; nothing of one that no layer runs on.
pub(super) fn of_multiplier(multiplier: Box<dyn Design>) -> Result<String, Error> {
    let mac = Mac::new(multiplier, arith::accumulator("exact")?);
    if runs(&mac) { sums(mac) } else { Ok(String::new()) }
}

/// Whether arrays have such units: a product of bytes a cycle, in as wide a multiplier as may be, or groups and 16 bits, whose
/// sums are formed whole.
fn runs(mac: &Mac) -> bool {
    let ([a, b], shape) = (mac.widths(), mac.shape());
    let whole = mac.accumulates_exactly() && !shape.gated;
    match shape.shift {
        Some(shift) => whole && shape.lanes == shift.group,
        None if a != b => whole && [a, b, shape.lanes] == [16, 8, 1],
        // Raw codes of zero are not zero.
        None => mac.sums_are_kept() && shape.lanes == 1 && !(shape.gated && mac.code() == Code::Unsigned),
    }
}

fn sums(mac: Mac) -> Result<String, Error> {
    let mut out = format!(
        "  in a network: sums of {}; the exact sum of {} products surely fits\n",
        mac.sums(),
        mac.holds()
    );
    let [a, b] = mac.widths();
    if a == b || a.max(b) <= 8 {
        out += &format!("  in a network, on this processor{}: {}\n", limit(), way(mac)?);
    }
    Ok(out)
}

/// How products are formed of codes around zero, and of those from zero on where they need another way. A report tells what
/// each layer does.
fn way(mac: Mac) -> Result<String, Error> {
    let (around, from_zero) = run::ways(mac)?;
    Ok(match from_zero.filter(|way| *way != around) {
        Some(way) => format!("{around}; of activations that are never negative, as after a rectifier: {way}"),
        None => around,
    })
}

/// The registers that loops may use, where those are not all that there are.
fn limit() -> String {
    let level = Level::at_hand();
    if level < Level::of_processor() { format!(" with {SIMD}={level}") } else { String::new() }
}

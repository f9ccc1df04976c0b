//! What a network that is summed on a unit does, in words: as a run tells of its layers.

use crate::arith::mac::{Code, Mac};
use crate::arith::{self, Design};
use crate::cli::SIMD;
use crate::config::platform::Overflow;
use crate::error::Error;
use crate::run;
use crate::simd::Level;
use crate::table::Operation;
use crate::units::counted;

/// What is said of a MAC unit.
pub(super) fn of_unit(mac: Mac) -> Result<String, Error> {
    match runs(&mac) {
        true => Ok(configured(&mac)? + &sums(mac)?),
        false => Ok("  in a network: no layer runs on such a unit\n".into()),
    }
}

/// What is said of a multiplier whose products are added exactly; nothing of one that no layer runs on, nor of an adder.
pub(super) fn of_multiplier(multiplier: Box<dyn Design>) -> Result<String, Error> {
    if multiplier.signature().operation != Operation::Mul {
        return Ok(String::new());
    }
    let mac = Mac::new(multiplier, arith::accumulator("exact")?);
    if runs(&mac) { sums(mac) } else { Ok(String::new()) }
}

/// Whether arrays have such units: a product of bytes a cycle, in as wide a multiplier as may be, or groups and 16 bits, whose
/// sums are formed whole; none that hold products in registers or stall.
fn runs(mac: &Mac) -> bool {
    let ([a, b], shape) = (mac.widths(), mac.shape());
    if shape.ranks > 0 || shape.stalls {
        return false;
    }
    let whole = mac.accumulates_exactly() && !shape.gated;
    match shape.shift {
        Some(shift) => whole && shape.lanes == shift.group,
        None if a != b => whole && [a, b, shape.lanes] == [16, 8, 1],
        // Raw codes of zero are not zero.
        None => mac.sums_are_kept() && shape.lanes == 1 && !(shape.gated && mac.code() == Code::Unsigned),
    }
}

/// What is written of `compute.array`, or of `quantize`, for an array of such units, as no configuration takes the id of one.
fn configured(mac: &Mac) -> Result<String, Error> {
    let ([a, b], multiplier) = (mac.widths(), mac.multiplier().id());
    let usual = (a + b + 16).min(64);
    let bits = (mac.accumulator_width() != usual).then(|| mac.accumulator_width().to_string());
    let written = |key: &str, value: Option<String>| value.map(|value| format!("{key}: {value}"));
    let adder = Some(mac.adder()).filter(|adder| !adder.is_empty());
    let adder = adder.map(|adder| arith::adder_id(adder, mac.accumulator_width().min(32))).transpose()?;
    let is = |holds: bool, value: &str| holds.then(|| value.to_string());
    let keys = [
        written("multiplier", Some(multiplier)),
        written("accumulator", adder),
        written("accumulator_bits", bits),
        written("overflow", is(mac.overflow() == Overflow::Saturate, "saturate")),
        written("products", is(mac.code() == Code::Unsigned, "raw")),
        written("zeros", is(mac.shape().gated, "gate")),
    ];
    let keys = keys.into_iter().flatten().collect::<Vec<_>>().join(", ");
    Ok(match mac.shape().shift {
        Some(shift) => {
            format!("  in a configuration: `quantize.format` with groups of {} codes\n", shift.group)
        }
        None if a != b => format!("  in a configuration: `quantize.format` with activations of {a} bits\n"),
        None => format!("  in a configuration: `compute: {{array: {{{keys}}}}}`\n"),
    })
}

fn sums(mac: Mac) -> Result<String, Error> {
    let mut out = format!(
        "  in a network: sums of {}; the exact sum of {} surely fits\n",
        mac.sums(),
        counted(mac.holds() as usize, "product")
    );
    let [a, b] = mac.widths();
    if a == b || a.max(b) <= 8 {
        out += &format!("  in a network, on this processor{}: {}\n", limit(), way(mac)?);
    }
    Ok(out)
}

/// How products are formed of codes around zero, and of activations that are never negative where they take another way. A
/// report tells what each layer does.
fn way(mac: Mac) -> Result<String, Error> {
    let (around, never_negative) = run::ways(mac)?;
    Ok(match never_negative == around {
        true => around,
        false => format!(
            "{around}; of activations that are never negative, as after a rectifier: {never_negative}"
        ),
    })
}

/// The registers that loops may use, where those are not all that there are.
fn limit() -> String {
    let level = Level::at_hand();
    if level < Level::of_processor() { format!(" with {SIMD}={level}") } else { String::new() }
}

//! Designs known twice: adders, multipliers and MAC units, each as gates and as an independent function.
//!
//! Law: `eval` never calls the netlist, and both agree on every operand.

pub mod adder;
mod characterize;
mod cost;
mod energies;
mod family;
mod id;
pub mod identity;
pub mod imported;
pub mod mac;
pub mod metric;
pub mod multiplier;
pub mod razorer;
pub mod tabulated;
mod truth;
mod unit;
pub mod variants;
mod widths;
pub mod xnor;

pub use characterize::{Characterization, EXHAUSTIVE, Inputs, characterize};
pub use cost::{Cost, annotated, cost};
pub use energies::{NoEnergies, energies};
pub use family::{Family, GROUPS, Group, OPEN, Open, Parameter, families};
use id::is_exact;
pub use id::{Accumulator, ArithError, accumulator, adder_id, design, family, parameters};
pub use unit::Unit;
pub use widths::Widths;

use crate::bits;
use crate::netlist::{Builder, Bus, Net, Netlist};
use crate::table::{Signature, Table, TableError};

/// A two-operand design.
pub trait Design: Send + Sync {
    /// Operation, width, sign, family and parameters, for example `mul8s_drum_k4`.
    fn id(&self) -> String;
    /// Widths, sign, operation.
    fn signature(&self) -> Signature;
    /// The result for two operand values; never computed from the gates.
    fn eval(&self, a: i64, b: i64) -> i64;
    /// The gates: buses `a` and `b` in, `y` out, named as the id.
    fn netlist(&self) -> Netlist;
    /// Bits of the result; fewer than an exact one takes where a sum wraps, one more where a product may exceed it so far.
    fn width_out(&self) -> u32 {
        self.signature().width_out()
    }
    /// The design whose gates `netlist` returns, for one that has none of its own.
    fn stand_in(&self) -> Option<String> {
        None
    }
}

/// The complete function of a design.
///
/// # Errors
/// [`TableError::TooWide`] above 16 operand bits.
pub fn table(design: &dyn Design) -> Result<Table, TableError> {
    Table::from_function(design.signature(), |a, b| design.eval(a, b))
}

/// Builds the two-operand netlist that every design has.
fn two_operands(id: &str, widths: Widths, body: impl FnOnce(&mut Builder, &[Net], &[Net]) -> Bus) -> Netlist {
    let mut build = Builder::new(id);
    let (a, b) = (build.input("a", widths.a), build.input("b", widths.b));
    let y = body(&mut build, &a, &b);
    build.output("y", y);
    build.finish()
}

/// Repeats the sign bit up to `width` bits.
fn sign_extended(bus: &[Net], width: u32) -> Bus {
    let sign = *bus.last().expect("a bus has at least one bit");
    (0..width as usize).map(|bit| bus.get(bit).copied().unwrap_or(sign)).collect()
}

/// Fills with zeros up to `width` bits.
fn zero_extended(build: &mut Builder, bus: &[Net], width: u32) -> Bus {
    let zero = build.constant(false);
    (0..width as usize).map(|bit| bus.get(bit).copied().unwrap_or(zero)).collect()
}

/// Two's complement negation where `negate` is 1: exclusive-or and increment.
fn negated_if(build: &mut Builder, bus: &[Net], negate: Net) -> Bus {
    let mut carry = negate;
    let mut bit = |net: &Net| {
        let flipped = build.xor(*net, negate);
        let (sum, next) = build.half_adder(flipped, carry);
        carry = next;
        sum
    };
    bus.iter().map(&mut bit).collect()
}

/// Wraps a value to `width` bits of two's complement.
fn wrapped(value: i64, width: u32) -> i64 {
    bits::sign_extend(bits::encode(value, width), width)
}

#[cfg(test)]
mod tests;

//! One unit in figures: its errors and its cost.

use serde::Serialize;

use super::cost::{Cost, accumulating, cost, counting};
use super::mac::Mac;
use super::metric::{Metrics, sampled};
use super::razorer::Razorer;
use super::xnor::Xnor;
use super::{Design, Unit, table};
use crate::table::Operation;
use crate::tech::CellLibrary;

/// What was put in for the error metrics, and by which rules they are taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inputs {
    /// `exhaustive` or `sampled`.
    pub method: &'static str,
    /// Operand pairs.
    pub count: u64,
    /// Which pairs count.
    pub domain: &'static str,
    /// What `nmed` divides by.
    pub normaliser: &'static str,
    /// What relative errors do where the exact result is 0.
    pub relative_zero_policy: &'static str,
}

/// A unit in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Characterization {
    /// The id.
    pub design: String,
    /// `add`, `mul`, `mac`, `razor` or `xnor`.
    pub operation: &'static str,
    /// Operand widths: those of the ports; of a unit that razors, bits of a number before and after.
    pub widths: [u32; 2],
    /// Two's complement operands and result; in a MAC unit the sign of an unsigned multiplier travels outside.
    pub signed: bool,
    /// What was put in; null for a MAC unit.
    pub inputs: Option<Inputs>,
    /// Error metrics; null for a MAC unit, whose errors are those of its multiplier and its adder in a long sum.
    pub error: Option<Metrics>,
    /// Cost under uniform operands.
    pub cost: Cost,
    /// Hash by which equal designs are known; null for a MAC unit.
    pub function: Option<String>,
    /// What was hashed: `truth table`, which is the function itself, or for designs too wide for one `canonical netlist`
    /// ([`crate::netlist::Netlist::structure`]): equal hashes compute the same, others may as well.
    pub function_hash: Option<&'static str>,
}

/// Operand bits up to which errors are taken over all pairs unless more is asked for: tens of milliseconds.
pub const EXHAUSTIVE: u32 = 24;

/// Measures a unit.
///
/// The errors of a design are taken exhaustively up to `exhaustive` operand bits (at most 32), else on 2^20 seeded
/// uniform pairs. A MAC unit has its cost alone, its registers and its clock included; a unit that
/// razors that of a whole group, one of words of signs that of a whole word.
///
/// ```
/// use axsim::{arith::{EXHAUSTIVE, Unit, characterize}, tech::CellLibrary};
/// let measure = |id| characterize(&Unit::from_id(id).unwrap(), &CellLibrary::nangate45(), EXHAUSTIVE);
/// assert_eq!(measure("mul4u_trunc_t2").error.unwrap().wce, 5);
/// assert!(measure("mac4u_trunc_t2").cost.clock_mhz.is_some());
/// ```
pub fn characterize(unit: &Unit, library: &CellLibrary, exhaustive: u32) -> Characterization {
    match unit {
        Unit::Design(design) => of_design(&**design, library, exhaustive),
        Unit::Mac(mac) => of_mac(mac, library),
        Unit::Razorer(razorer) => of_razorer(razorer, library),
        Unit::Xnor(xnor) => of_xnor(xnor, library),
    }
}

fn of_design(design: &dyn Design, library: &CellLibrary, exhaustive: u32) -> Characterization {
    let signature = design.signature();
    let wraps = design.width_out() < signature.width_out();
    // Where a sum wraps, pairs are evaluated one by one.
    let all = signature.operand_bits() <= if wraps { exhaustive.min(20) } else { exhaustive.min(32) };
    let error = if all { Metrics::of_gates(design) } else { sampled(design) };
    let inputs = Inputs {
        method: if all { "exhaustive" } else { "sampled" },
        count: error.pairs,
        domain: if wraps { "uniform, pairs whose sum fits the result" } else { "uniform" },
        normaliser: "the largest exact magnitude",
        relative_zero_policy: "pairs whose exact result is 0 are left out; mred_one and wcre_one divide by 1",
    };
    let netlist = design.netlist();
    let tabulated = (!wraps).then(|| table(design).ok()).flatten();
    let (function, function_hash) = match &tabulated {
        Some(table) => (table.hash(), "truth table"),
        None => (netlist.structure(), "canonical netlist"),
    };
    Characterization {
        design: design.id(),
        operation: match signature.operation {
            Operation::Add => "add",
            Operation::Mul => "mul",
        },
        widths: [signature.width_a, signature.width_b],
        signed: signature.signed,
        inputs: Some(inputs),
        error: Some(error),
        cost: cost(&netlist, library),
        function: Some(function),
        function_hash: Some(function_hash),
    }
}

fn of_mac(mac: &Mac, library: &CellLibrary) -> Characterization {
    let (ports, lanes) = (mac.ports(), mac.shape().lanes as usize);
    Characterization {
        design: mac.id().into(),
        operation: "mac",
        widths: [ports[0].width, ports[lanes].width],
        signed: true,
        inputs: None,
        error: None,
        cost: accumulating(mac, library),
        function: None,
        function_hash: None,
    }
}

fn of_xnor(xnor: &Xnor, library: &CellLibrary) -> Characterization {
    Characterization {
        design: xnor.id().into(),
        operation: "xnor",
        widths: [xnor.lanes(); 2],
        signed: true,
        inputs: None,
        error: None,
        cost: counting(xnor, library),
        function: None,
        function_hash: None,
    }
}

fn of_razorer(razorer: &Razorer, library: &CellLibrary) -> Characterization {
    Characterization {
        design: razorer.id().into(),
        operation: "razor",
        widths: razorer.widths(),
        signed: true,
        inputs: None,
        error: None,
        cost: cost(&razorer.netlist(), library),
        function: None,
        function_hash: None,
    }
}

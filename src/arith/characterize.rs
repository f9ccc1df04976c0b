//! One unit in figures: its errors and its cost.

use serde::Serialize;

use super::cost::{Cost, accumulating, uniform};
use super::mac::Mac;
use super::metric::Metrics;
use super::{Design, Unit, table};
use crate::rng::Stream;
use crate::table::{Operation, Table};
use crate::tech::CellLibrary;

/// What was put in for the error metrics.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inputs {
    /// `exhaustive` or `sampled`.
    pub method: &'static str,
    /// Operand pairs.
    pub count: u64,
}

/// A unit in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Characterization {
    /// The id.
    pub design: String,
    /// `add`, `mul` or `mac`.
    pub operation: &'static str,
    /// Operand widths: those of the ports.
    pub widths: [u32; 2],
    /// Two's complement operands and result; in a MAC unit the sign of an unsigned multiplier travels outside.
    pub signed: bool,
    /// What was put in; null for a MAC unit.
    pub inputs: Option<Inputs>,
    /// Error metrics; null for a MAC unit, whose errors are those of its multiplier and its adder in a long sum.
    pub error: Option<Metrics>,
    /// Cost under uniform operands.
    pub cost: Cost,
    /// Hash of the function, for designs that can be tabulated.
    pub function: Option<String>,
}

/// Pairs drawn for a design too wide to tabulate.
const SAMPLES: u64 = 1 << 20;

/// Measures a unit.
///
/// The errors of a design are taken exhaustively up to 16 operand bits, else on 2^20 seeded uniform pairs. A MAC
/// unit has its cost alone, its registers and its clock included.
///
/// ```
/// use axsim::{arith::{Unit, characterize}, tech::CellLibrary};
/// let measure = |id| characterize(&Unit::from_id(id).unwrap(), &CellLibrary::nangate45());
/// assert_eq!(measure("mul4u_trunc_t2").error.unwrap().wce, 5);
/// assert!(measure("mac4u_trunc_t2").cost.clock_mhz.is_some());
/// ```
pub fn characterize(unit: &Unit, library: &CellLibrary) -> Characterization {
    match unit {
        Unit::Design(design) => of_design(&**design, library),
        Unit::Mac(mac) => of_mac(mac, library),
    }
}

fn of_design(design: &dyn Design, library: &CellLibrary) -> Characterization {
    let signature = design.signature();
    let table = table(design).ok();
    let (inputs, error) = match &table {
        Some(table) => {
            let count = table.entries().len() as u64;
            (Inputs { method: "exhaustive", count }, Metrics::of(table))
        }
        None => (Inputs { method: "sampled", count: SAMPLES }, sampled(design)),
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
        cost: uniform(&design.netlist(), library),
        function: table.as_ref().map(Table::hash),
    }
}

fn of_mac(mac: &Mac, library: &CellLibrary) -> Characterization {
    Characterization {
        design: mac.id().into(),
        operation: "mac",
        widths: [mac.port_width(); 2],
        signed: true,
        inputs: None,
        error: None,
        cost: accumulating(mac, library),
        function: None,
    }
}

fn sampled(design: &dyn Design) -> Metrics {
    let signature = design.signature();
    let mut stream = Stream::new(1, "arith.characterize", 0);
    let pairs = (0..SAMPLES).map(|_| {
        let (a, b) = (stream.below(1 << signature.width_a), stream.below(1 << signature.width_b));
        ((a, b), design.eval(signature.value_a(a), signature.value_b(b)))
    });
    Metrics::of_results(signature, pairs)
}

//! One design in figures: its errors and its cost.

use serde::Serialize;

use super::metric::Metrics;
use super::{Design, table};
use crate::netlist::{Lanes, Netlist};
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

/// What a design costs under an activity.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// Name of the cell library.
    pub library: &'static str,
    /// Its supply in volts.
    pub voltage: f64,
    /// The operands that were replayed.
    pub activity: String,
    /// Cell area in µm².
    pub area_um2: f64,
    /// Longest path in ps, ±20 %.
    pub delay_ps: f64,
    /// Switching energy per operation in fJ: settled values only, a lower bound (glitches add 1.3 to 3.5×).
    pub energy_fj: f64,
    /// Leakage in nW.
    pub leakage_nw: f64,
    /// Gates.
    pub cells: usize,
}

/// A design in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Characterization {
    /// The id.
    pub design: String,
    /// The operation.
    pub operation: Operation,
    /// Operand widths.
    pub widths: [u32; 2],
    /// Two's complement operands and result.
    pub signed: bool,
    /// What was put in.
    pub inputs: Inputs,
    /// Error metrics.
    pub error: Metrics,
    /// Cost under uniform operands.
    pub cost: Cost,
    /// Hash of the function, for designs that can be tabulated.
    pub function: Option<String>,
}

/// Pairs drawn for a design too wide to tabulate.
const SAMPLES: u64 = 1 << 20;
/// Steps that 64 lanes of random operands are replayed for.
const STEPS: usize = 128;

/// Measures a design: exhaustively up to 16 operand bits, else on 2^20 seeded uniform pairs.
pub fn characterize(design: &dyn Design, library: &CellLibrary) -> Characterization {
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
        operation: signature.operation,
        widths: [signature.width_a, signature.width_b],
        signed: signature.signed,
        inputs,
        error,
        cost: cost(&design.netlist(), library),
        function: table.as_ref().map(Table::hash),
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

/// The cost of any netlist under uniform random inputs.
pub fn cost(netlist: &Netlist, library: &CellLibrary) -> Cost {
    let mut stream = Stream::new(1, "arith.activity", 0);
    let width: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
    let mut lanes = Lanes::<1>::new(netlist);
    for _ in 0..=STEPS {
        let inputs: Vec<[u64; 1]> = (0..width).map(|_| [stream.word()]).collect();
        lanes.step(&inputs);
    }
    let switching = library.switching_energy(netlist, lanes.toggles()) / (64 * STEPS) as f64;
    Cost {
        library: library.name,
        voltage: library.voltage.0,
        activity: format!("uniform random operands, {} pairs replayed, zero delay", 64 * STEPS),
        area_um2: library.area(netlist).0,
        delay_ps: library.critical_path(netlist).delay.0 * 1e12,
        energy_fj: (switching + library.clock_energy(netlist)).0 * 1e15,
        leakage_nw: library.leakage(netlist).0 * 1e9,
        cells: netlist.gate_count(),
    }
}

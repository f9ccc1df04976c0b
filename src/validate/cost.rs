//! Area and power of a folder of circuits against the published figures of the same circuits.
//!
//! Published figures stand for cells of another 45 nm library under a clock that is not told, so only ratios can be
//! compared: one scale factor for area and one for power, fitted on a seeded half of the circuits, predict the other
//! half. Counting gates, with a factor of its own, is what our figures must beat.
//!
//! The rules for power were chosen because they predict the published figures best, so their agreement flatters: gates as
//! the file has them, nets that settle without glitches, input ports that belong to no cell, inputs that change seldom.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::ValidateError;
use super::library::{Found, Library, Rows, circuit, name};
use crate::netlist::{Cell, Lanes, Netlist};
use crate::rng::Stream;
use crate::tech::CellLibrary;

/// Chance that an input bit changes in a step. Chosen: of 0.5, 0.1 and 0.02 it predicts the published power best; which one
/// the estimator took is not told.
const TOGGLE_RATE: f64 = 0.1;
/// Steps of 64 lanes.
const STEPS: usize = 200;
/// Circuits that make a comparison.
const FEWEST: usize = 20;
/// Share of the larger gate count by which a pair's may differ.
const ALIKE: f64 = 0.05;

/// How well one figure of a group of circuits is predicted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostAgreement {
    /// Operand widths and operation, for example `mul 8x8`.
    pub group: String,
    /// `area` or `power`.
    pub figure: &'static str,
    /// Published figure over ours: of areas a ratio, of power mW for 1 fJ a step.
    pub scale: f64,
    /// Circuits that the factor was fitted on.
    pub fitted: usize,
    /// Circuits that it was tried on.
    pub held_out: usize,
    /// Median relative error on the latter.
    pub error: f64,
    /// The same of counting gates.
    pub gate_count_error: f64,
    /// Pairs whose gate counts differ by at most 5 % and whose published figures differ at all.
    pub pairs: usize,
    /// Share of those pairs that ours orders as published; null without a pair.
    pub ordered: Option<f64>,
}

/// Both figures of one circuit, and how many gates it has.
struct Circuit {
    gates: f64,
    ours: [f64; 2],
    published: [f64; 2],
}

/// Compares area and power of the circuits of a folder that agree with their rows, by operation and widths.
///
/// Rows without figures, and figures of 0, are left out; so are groups of fewer than 20 circuits. The netlist is mapped
/// for its area ([`CellLibrary::map`]). The halves are drawn with a fixed seed.
///
/// # Errors
/// [`ValidateError`] when the metrics cannot be read.
pub fn cost(found: &Library, goldens: &Path) -> Result<Vec<CostAgreement>, ValidateError> {
    let rows = Rows::read(goldens)?;
    let releases = rows.releases();
    let Some(release) = releases.iter().find(|release| release.name == found.release) else {
        return Ok(vec![]);
    };
    let mut files = BTreeMap::new();
    for (path, _) in found.files.iter().filter(|(_, answer)| *answer == Found::Agreed) {
        files.entry(name(path)).or_insert(path);
    }
    let library = CellLibrary::nangate45();
    let files: Vec<_> = files.into_iter().collect();
    let circuits = files.par_iter().map(|(name, path)| {
        let row = release.rows[name];
        let number = |column: &str| row.text(column).parse::<f64>().ok();
        let [area, power] = ["pub_45nm_area_um2", "pub_45nm_power_mW"].map(number);
        let gates = number("gates_2input_in_C_model")? + number("not_count_in_C_model").unwrap_or(0.0);
        let published = [area?, power?];
        let netlist = circuit(path).ok()?;
        let ours = [library.area(&library.map(&netlist)).0, energy(&netlist, &library)];
        let group = format!("{} {}x{}", row.text("kind"), row.text("width_a"), row.text("width_b"));
        let positive = [gates].iter().chain(&ours).chain(&published).all(|figure| *figure > 0.0);
        positive.then_some((group, Circuit { gates, ours, published }))
    });
    let mut groups: BTreeMap<String, Vec<Circuit>> = BTreeMap::new();
    for (group, circuit) in circuits.collect::<Vec<_>>().into_iter().flatten() {
        groups.entry(group).or_default().push(circuit);
    }
    let large = groups.into_iter().filter(|(_, circuits)| circuits.len() >= FEWEST);
    Ok(large.flat_map(|(group, circuits)| [0, 1].map(|at| agreement(&group, &circuits, at))).collect())
}

/// Energy of a step in fJ inside the cells and at the nets they drive.
fn energy(netlist: &Netlist, library: &CellLibrary) -> f64 {
    let mut stream = Stream::new(1, "validate.cost.activity", 0);
    let width = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
    let mut inputs: Vec<[u64; 1]> = (0..width).map(|_| [stream.word()]).collect();
    let mut lanes = Lanes::new(netlist);
    lanes.step(&inputs);
    for _ in 0..STEPS {
        for word in inputs.iter_mut().flatten() {
            *word ^= (0..64).fold(0, |flips, bit| flips | u64::from(stream.uniform() < TOGGLE_RATE) << bit);
        }
        lanes.step(&inputs);
    }
    let driven = |(cell, &toggles): (&Cell, &u64)| if *cell == Cell::Input { 0 } else { toggles };
    let toggles: Vec<u64> = netlist.cells().iter().zip(lanes.toggles()).map(driven).collect();
    library.switching_energy(netlist, &toggles).0 * 1e15 / (64 * STEPS) as f64
}

fn agreement(group: &str, circuits: &[Circuit], at: usize) -> CostAgreement {
    let mut order: Vec<usize> = (0..circuits.len()).collect();
    let mut stream = Stream::new(1, "validate.cost.halves", 0);
    for last in (1..order.len()).rev() {
        order.swap(last, stream.below(last as u64 + 1) as usize);
    }
    let (fitted, held_out) = order.split_at(order.len() / 2);
    let predict = |figure: &dyn Fn(&Circuit) -> f64| {
        let ratio = |place: &usize| circuits[*place].published[at] / figure(&circuits[*place]);
        let scale = median(fitted.iter().map(ratio).collect());
        (scale, median(held_out.iter().map(|place| (scale / ratio(place) - 1.0).abs()).collect()))
    };
    let (scale, error) = predict(&|circuit| circuit.ours[at]);
    let (_, gate_count_error) = predict(&|circuit| circuit.gates);
    let (pairs, right) = ordered(circuits, at);
    CostAgreement {
        group: group.into(),
        figure: ["area", "power"][at],
        scale,
        fitted: fitted.len(),
        held_out: held_out.len(),
        error,
        gate_count_error,
        pairs,
        ordered: (pairs > 0).then_some(right as f64 / pairs as f64),
    }
}

/// Pairs of about the same number of gates and of different figures, and those of them that ours orders alike.
fn ordered(circuits: &[Circuit], at: usize) -> (usize, usize) {
    let (mut pairs, mut right) = (0, 0);
    for (place, one) in circuits.iter().enumerate() {
        for other in &circuits[..place] {
            let alike = (one.gates - other.gates).abs() <= ALIKE * one.gates.max(other.gates);
            let published = one.published[at] - other.published[at];
            if alike && published != 0.0 {
                pairs += 1;
                right += usize::from((one.ours[at] - other.ours[at]) * published > 0.0);
            }
        }
    }
    (pairs, right)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circuits(ours: impl Fn(f64) -> f64) -> Vec<Circuit> {
        // Published figures that jump between circuits of like gate counts.
        let of = |place: u32| {
            let published = f64::from(100 + place) * if place.is_multiple_of(3) { 1.5 } else { 1.0 };
            Circuit { gates: f64::from(100 + place), ours: [ours(published); 2], published: [published; 2] }
        };
        (0..40).map(of).collect()
    }

    #[test]
    fn a_figure_that_is_proportional_is_predicted_and_ordered() {
        let found = agreement("mul 8x8", &circuits(|published| published / 2.5), 0);
        assert!((found.scale - 2.5).abs() < 1e-12 && found.error < 1e-12, "{found:?}");
        assert_eq!((found.fitted, found.held_out, found.ordered), (20, 20, Some(1.0)));
        assert!(found.gate_count_error < 0.5 && found.pairs > 100, "{found:?}");
        let turned = agreement("mul 8x8", &circuits(|published| 1.0 / published), 1);
        assert_eq!((turned.figure, turned.ordered, turned.pairs), ("power", Some(0.0), found.pairs));
    }

    #[test]
    fn input_ports_belong_to_no_cell_and_inputs_change_seldom() {
        let library = CellLibrary::nangate45();
        let of = |gate: fn(
            &mut crate::netlist::Builder,
            crate::netlist::Net,
            crate::netlist::Net,
        ) -> crate::netlist::Net| {
            let mut build = crate::netlist::Builder::new("part");
            let (a, b) = (build.input("a", 1)[0], build.input("b", 1)[0]);
            let y = gate(&mut build, a, b);
            build.output("y", vec![y]);
            energy(&build.finish(), &library)
        };
        // An exclusive-or changes where exactly one input does: 2 · 0.1 · 0.9, at 2.9986 fJ each.
        assert!((of(|build, a, b| build.xor(a, b)) / (0.18 * 2.9986) - 1.0).abs() < 0.05);
        assert_eq!(of(|_, a, _| a), 0.0);
    }
}

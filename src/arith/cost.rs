//! The cost of a unit under operands drawn uniformly: area, delay, energy, leakage.

use serde::Serialize;

use super::mac::{Mac, Port};
use super::xnor::Xnor;
use crate::netlist::{Lanes, Net, Netlist, Timed, pack};
use crate::rng::Stream;
use crate::tech::CellLibrary;
use crate::tech::sdf::Annotation;

/// What a design costs under an activity.
///
/// The gates are mapped to cells of the library ([`CellLibrary::map`]) of one drive; no cell is sized and no logic
/// restructured. Wires and clock tree are in delay and energy where the library has them ([`CellLibrary::wired`]).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// Name of the cell library.
    pub library: String,
    /// Its supply in volts.
    pub voltage: f64,
    /// The operands that were replayed.
    pub activity: String,
    /// Cell area in µm².
    pub area_um2: f64,
    /// Longest path in ps, ±20 % where the library has one working point a cell.
    pub delay_ps: f64,
    /// Highest clock in MHz, where there are registers.
    pub clock_mhz: Option<f64>,
    /// Energy per operation in fJ, of a unit with lanes per cycle, glitches, wires, registers' clock pins and the clock tree included: every transition of
    /// an event-driven simulation with inertial cell delays. Above 50,000 cells without glitches, as `activity` says.
    pub energy_fj: f64,
    /// What of it the wires take, in fJ; its band is that of the wire load.
    pub wire_fj: f64,
    /// What of it the clock tree takes, in fJ.
    pub clock_tree_fj: f64,
    /// The same with gates that answer at once, so that every net settles without a detour: a lower bound.
    pub settled_fj: f64,
    /// The file that the delays of the cells are from; null where they are those of the library.
    pub annotated_by: Option<String>,
    /// The synthesis tool that area and delay are from; null where they are those of our own mapping.
    pub synthesised_by: Option<String>,
    /// Leakage in nW.
    pub leakage_nw: f64,
    /// Cells, a full adder counted as two.
    pub cells: usize,
}

/// Words of 64 lanes that are replayed side by side, for as many steps.
pub(super) const WORDS: usize = 4;
/// Operands that are replayed side by side.
pub(super) const SEQUENCES: usize = 64 * WORDS;
/// Steps of random operands.
pub(super) const STEPS: usize = 16;
/// What random operands are called.
const RANDOM: &str = "uniform random operands";
/// Cells above which fewer steps are replayed, so that the time does not grow with the circuit.
const LARGE: usize = 10_000;
/// Cells above which gates answer at once: deep logic of that size has too many glitches to follow each of them.
const HUGE: usize = 50_000;

/// The cost of a netlist when every input bit is drawn at random; that of its registers' clock included.
pub fn cost(netlist: &Netlist, library: &CellLibrary) -> Cost {
    let cells = library.map(netlist);
    replayed(&cells, library, &library.delays(&cells))
}

/// The cost of cells as they stand, with the delays that a file gives them, when every input bit is drawn at random.
///
/// Area, leakage and energies are those of the library's one drive, whatever the drive of the cells.
///
/// # Panics
/// On a gate that the library does not have.
pub fn annotated(netlist: &Netlist, library: &CellLibrary, annotation: &Annotation, file: &str) -> Cost {
    let cost = replayed(netlist, library, &annotation.delays);
    Cost { delay_ps: annotation.longest.0 * 1e12, annotated_by: Some(file.into()), ..cost }
}

/// The cost of cells as they stand.
fn replayed(netlist: &Netlist, library: &CellLibrary, delays: &[u32]) -> Cost {
    let mut stream = Stream::new(1, "arith.activity", 0);
    let width: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
    let mut replay = Replay::new(netlist, library);
    let mut timed = (netlist.cells().len() <= HUGE).then(|| Timed::new(netlist, delays));
    for _ in 0..=replay.steps {
        let inputs: Vec<[u64; WORDS]> = (0..width).map(|_| [0; WORDS].map(|_| stream.word())).collect();
        replay.lanes.step(&inputs);
        timed.iter_mut().for_each(|timed| timed.step(&inputs));
    }
    match timed {
        Some(timed) => replay.priced(&timed.total_toggles(), [RANDOM, "pairs replayed, event by event"]),
        None => replay.priced(
            replay.lanes.toggles(),
            [RANDOM, &format!("pairs replayed, without glitches (a lower bound: more than {HUGE} cells)")],
        ),
    }
}

/// The cost of a MAC unit that adds random products to its own sum, as in an output-stationary array.
pub(super) fn accumulating(mac: &Mac, library: &CellLibrary) -> Cost {
    let mut stream = Stream::new(1, "arith.activity", 0);
    let pairs = match mac.shape().lanes {
        1 => "pairs multiplied and accumulated, event by event".into(),
        lanes => format!("cycles of {lanes} pairs multiplied and accumulated, event by event"),
    };
    let (netlist, ports) = (mac.netlist(), mac.ports());
    accumulating_on((&netlist, &ports), library, |port, _| drawn(port, &mut stream), [RANDOM, &pairs])
}

/// The cost of a unit of words of random signs that adds to its own count.
pub(super) fn counting(xnor: &Xnor, library: &CellLibrary) -> Cost {
    let mut stream = Stream::new(1, "arith.activity", 0);
    let told = format!("cycles of {} signs multiplied and counted, event by event", xnor.lanes());
    let signs = |port: &Port, _| (0..port.width).map(|_| [0; WORDS].map(|_| stream.word())).collect();
    accumulating_on((&xnor.netlist(), &xnor.ports()), library, signs, [RANDOM, &told])
}

/// The same on operands that `lanes_of` gives to a port in a cycle, [`SEQUENCES`] independent ones side by side; `told`
/// says what they are and what is done with them.
pub(super) fn accumulating_on(
    (netlist, ports): (&Netlist, &[Port]),
    library: &CellLibrary,
    mut lanes_of: impl FnMut(&Port, usize) -> Vec<[u64; WORDS]>,
    told: [&str; 2],
) -> Cost {
    let netlist = library.map(netlist);
    let sums = next_result(&netlist);
    let mut replay = Replay::new(&netlist, library);
    let delays = library.delays(&netlist);
    let mut timed = Timed::new(&netlist, &delays);
    for cycle in 0..=replay.steps {
        let port = |port: &Port| match port.name.as_str() {
            "c" => sums.iter().map(|net| replay.lanes.net(*net)).collect(),
            "en" => vec![[u64::MAX; WORDS]],
            _ => lanes_of(port, cycle),
        };
        let inputs: Vec<[u64; WORDS]> = ports.iter().flat_map(port).collect();
        replay.lanes.step(&inputs);
        timed.step(&inputs);
    }
    replay.priced(&timed.total_toggles(), told)
}

/// The cost of gates without registers on such operands.
pub(super) fn settling_on(
    netlist: &Netlist,
    library: &CellLibrary,
    mut inputs_of: impl FnMut(usize) -> Vec<[u64; WORDS]>,
    told: [&str; 2],
) -> Cost {
    let cells = library.map(netlist);
    let mut replay = Replay::new(&cells, library);
    let delays = library.delays(&cells);
    let mut timed = Timed::new(&cells, &delays);
    for cycle in 0..=replay.steps {
        let inputs = inputs_of(cycle);
        replay.lanes.step(&inputs);
        timed.step(&inputs);
    }
    replay.priced(&timed.total_toggles(), told)
}

/// Numbers drawn for a port, a lane each.
fn drawn(port: &Port, stream: &mut Stream) -> Vec<[u64; WORDS]> {
    let (low, high) = port.range.clone().into_inner();
    let mut word = || port.word(low + stream.below((high - low + 1) as u64) as i64);
    pack::<WORDS>(&[0; 64 * WORDS].map(|_| word()), port.width as usize)
}

/// What the next clock edge brings to the result registers: a partial sum that is fed back meets it there.
fn next_result(netlist: &Netlist) -> Vec<Net> {
    let next = |net: &Net| netlist.registers().iter().find(|register| register.state == *net).map(|r| r.next);
    netlist.outputs()[0].1.iter().filter_map(next).collect()
}

/// A netlist whose gates answer at once.
struct Replay<'a> {
    netlist: &'a Netlist,
    library: &'a CellLibrary,
    lanes: Lanes<'a, WORDS>,
    steps: usize,
}

impl<'a> Replay<'a> {
    fn new(netlist: &'a Netlist, library: &'a CellLibrary) -> Self {
        let steps = match netlist.cells().len() {
            0..=LARGE => STEPS,
            cells @ ..=HUGE => STEPS * LARGE / cells,
            _ => STEPS,
        };
        Self { netlist, library, lanes: Lanes::new(netlist), steps }
    }

    fn priced(&self, toggles: &[u64], [operands, replayed]: [&str; 2]) -> Cost {
        let Self { netlist, library, .. } = self;
        let operations = 64 * WORDS * self.steps;
        let tree = library.clock_tree(netlist, "clock tree").map_or(0.0, |tree| tree.value * 1e15);
        let energy = |toggles: &[u64]| {
            let switching = library.switching_energy(netlist, toggles) / operations as f64;
            (switching + library.clock_energy(netlist)).0 * 1e15 + tree
        };
        let delay = library.critical_path(netlist).delay;
        Cost {
            library: library.name.clone(),
            voltage: library.supply().0,
            activity: format!("{operands}, {operations} {replayed}"),
            area_um2: library.area(netlist).0,
            delay_ps: delay.0 * 1e12,
            clock_mhz: (!netlist.registers().is_empty()).then_some(1e-6 / delay.0),
            energy_fj: energy(toggles),
            wire_fj: library.wire_energy(netlist, toggles).0 * 1e15 / operations as f64,
            clock_tree_fj: tree,
            settled_fj: energy(self.lanes.toggles()),
            annotated_by: None,
            synthesised_by: None,
            leakage_nw: library.leakage(netlist).0 * 1e9,
            cells: netlist.gate_count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits;

    #[test]
    fn a_unit_costs_more_than_its_multiplier_by_at_least_its_registers() {
        let library = CellLibrary::nangate45();
        for id in ["mac8s_exact", "mac8s_trunc_t5", "mac4u_drum_k3__loa_k4"] {
            let mac = Mac::from_id(id).unwrap();
            let (unit, part) = (accumulating(&mac, &library), cost(&mac.multiplier().netlist(), &library));
            let registers = f64::from(2 * mac.port_width() + mac.accumulator_width());
            assert!(unit.area_um2 > part.area_um2 + registers * 4.522, "{id}");
            let clock = library.clock_energy(&mac.netlist()).0 * 1e15;
            assert!(unit.energy_fj > part.energy_fj + clock, "{id}: {unit:?} {part:?}");
            assert!((unit.clock_mhz.unwrap() * unit.delay_ps / 1e6 - 1.0).abs() < 1e-12);
            assert_eq!(part.clock_mhz, None);
        }
    }

    /// Yosys 0.23 and ABC on the same cells: 295 of them, 337.288 µm², 7.858 µW; OpenSTA: 1.479 ns; settled toggles
    /// of uniform operands priced on the mapped netlist: 446 fJ. ABC takes no full adders, which save area here; the gates
    /// one by one, before any mapping, are on the other side.
    #[test]
    fn an_array_multiplier_costs_about_what_synthesis_and_a_timing_analyser_say() {
        let (netlist, library) =
            (crate::arith::design("mul8u_array").unwrap().netlist(), CellLibrary::nangate45());
        let gates = replayed(&netlist, &library, &library.delays(&netlist));
        let cells = cost(&netlist, &library);
        assert_eq!((gates.cells, cells.cells), (320, 192));
        for (figure, gates, cells, theirs) in [
            ("area", gates.area_um2, cells.area_um2, 337.288),
            ("leakage", gates.leakage_nw, cells.leakage_nw, 7858.0),
            ("settled energy", gates.settled_fj, cells.settled_fj, 446.0),
        ] {
            assert!((1.0..1.2).contains(&(gates / theirs)), "{figure} of gates: {gates}, theirs {theirs}");
            assert!((0.7..1.0).contains(&(cells / theirs)), "{figure} of cells: {cells}, theirs {theirs}");
        }
        for delay in [gates.delay_ps, cells.delay_ps] {
            assert!((delay / 1479.0 - 1.0).abs() < 0.2, "{delay}");
        }
    }

    /// An event-driven simulation elsewhere found 3.5 times the settled energy in an array of carry-ripple rows, 1.7
    /// times in a Dadda tree, both of 8×8 bits and five gates a full adder, under uniform operands.
    #[test]
    fn an_array_glitches_about_twice_as_much_as_a_tree() {
        let factor = |id: &str| {
            let (netlist, library) = (crate::arith::design(id).unwrap().netlist(), CellLibrary::nangate45());
            let cost = replayed(&netlist, &library, &library.delays(&netlist));
            cost.energy_fj / cost.settled_fj
        };
        let (array, tree) = (factor("mul8u_array"), factor("mul8u_dadda"));
        assert!((2.5..4.0).contains(&array) && (1.3..2.1).contains(&tree), "array {array}, tree {tree}");
    }

    #[test]
    fn a_huge_circuit_is_priced_without_its_glitches_and_says_so() {
        let mut build = crate::netlist::Builder::new("huge");
        let mut rows = build.input("a", 64);
        // Every row a new set of gates, as none of it equals an earlier one.
        while rows.len() < HUGE + 64 {
            let (a, b) = (rows[rows.len() - 1], rows[rows.len() - 64]);
            rows.push(build.xor(a, b));
        }
        build.output("y", rows[HUGE..].to_vec());
        let (netlist, library) = (build.finish(), CellLibrary::nangate45());
        let cost = replayed(&netlist, &library, &library.delays(&netlist));
        assert_eq!(cost.energy_fj, cost.settled_fj);
        let operations = 64 * WORDS * STEPS;
        assert_eq!(
            cost.activity,
            format!(
                "uniform random operands, {operations} pairs replayed, without glitches (a lower bound: more than 50000 cells)"
            )
        );
    }

    #[test]
    fn the_sum_that_is_fed_back_is_the_sum_of_the_products() {
        let mac = Mac::from_id("mac4s_exact").unwrap();
        let netlist = mac.netlist();
        let mut lanes = Lanes::<1>::new(&netlist);
        let sums = next_result(&netlist);
        assert_eq!(sums.len() as u32, mac.accumulator_width());
        let mut expected = 0;
        for step in 0..40i64 {
            let words = [step % 8, -(step * 3 % 8)].map(|value| pack::<1>(&[mac.port_word(value); 64], 4));
            let sum: Vec<[u64; 1]> = sums.iter().map(|net| lanes.net(*net)).collect();
            lanes.step(&[words.concat(), sum].concat());
            let y = lanes.output(0).iter().enumerate().fold(0, |y, (bit, lane)| y | (lane[0] & 1) << bit);
            if step >= 2 {
                let before = step - 2;
                expected += (before % 8) * -(before * 3 % 8);
            }
            assert_eq!(bits::sign_extend(y, mac.accumulator_width()), expected, "step {step}");
        }
    }
}

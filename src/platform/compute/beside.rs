//! Arithmetic that stands beside the units of an array and works on their sums: designs of the catalogue.
//!
//! Its operands are not replayed: it costs what it costs under random ones, more than under the sums of a network, whose high
//! bits rarely change.

use crate::arith::razorer::Razorer;
use crate::arith::{Cost, Unit, cost, design};
use crate::constant::Constant;
use crate::ledger::{Ledger, Stage};
use crate::netlist::{Builder, Bus, Netlist};
use crate::platform::Bill;
use crate::tech::CellLibrary;
use crate::units::{Hertz, Joules, Seconds, SquareMicrometres};

/// Bits of a factor.
const FACTOR: u32 = 16;

/// Some equal circuits beside an array.
pub struct Beside {
    circuit: String,
    count: usize,
    action: &'static str,
    area: SquareMicrometres,
    delay: Seconds,
    leakage: Constant,
    each: Constant,
}

impl Beside {
    /// Adders with a register of so many bits, that each sum up activation codes.
    pub fn summing(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self::of(&summing(bits), count, "sum activation codes", library)
    }

    /// Adders of so many bits, that each take something from a sum.
    pub fn adding(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self::of(&gates(&format!("add{bits}s_exact")), count, "correct sums", library)
    }

    /// Multipliers of a sum of so many bits by a factor of 16 bits.
    pub fn scaling(bits: u32, count: usize, library: &CellLibrary) -> Self {
        let widths = if bits == FACTOR { format!("{bits}") } else { format!("{bits}x{FACTOR}") };
        Self::of(&gates(&format!("mul{widths}s_exact")), count, "scale sums", library)
    }

    /// An adder and a multiplier by a factor of 16 bits, that ask an exit how sure it is.
    pub fn asking(bits: u32, library: &CellLibrary) -> [Self; 2] {
        [Self::adding(bits, 1, library), Self::scaling(bits, 1, library)]
            .map(|circuit| Self { action: "ask exits", ..circuit })
    }

    /// An adder of so many bits, that ranks tokens.
    pub fn ranking(bits: u32, library: &CellLibrary) -> Self {
        Self { action: "rank tokens", ..Self::adding(bits, 1, library) }
    }

    /// Registers of a word of so many bits, that hold activations for units that choose among them.
    pub fn holding(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self::of(&holding(bits), count, "hold activations", library)
    }

    /// Multiplexers that each choose one of `words` words of so many bits by an index in a register.
    pub fn choosing(bits: u32, words: usize, count: usize, library: &CellLibrary) -> Self {
        Self::of(&choosing(bits, words), count, "choose activations", library)
    }

    /// Adders with a register of so many bits, that each add or subtract two channels.
    pub fn rotating(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self { action: "rotate channels", ..Self::summing(bits, count, library) }
    }

    /// Registers of a word of so many bits, in which channels wait for others of their block.
    pub fn gathering(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self { action: "hold channels to rotate", ..Self::holding(bits, count, library) }
    }

    /// Adders of so many bits, that find the largest number of a token, and divide by it.
    pub fn finding(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self { action: "find scales of tokens", ..Self::adding(bits, count, library) }
    }

    /// Registers of a word of so many bits, in which numbers wait for the scale of their token.
    pub fn keeping(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self { action: "hold tokens", ..Self::holding(bits, count, library) }
    }

    /// Multipliers of a number of so many bits by the reciprocal of its token's scale.
    pub fn dividing(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self { action: "scale tokens", ..Self::scaling(bits, count, library) }
    }

    /// Units that each razor a group of numbers at once.
    pub fn razoring(unit: &Razorer, count: usize, library: &CellLibrary) -> Self {
        Self::of(&unit.netlist(), count, "razor groups", library)
    }

    /// Adders of so many bits, that each take a threshold from a membrane; the sign tells whether it spikes.
    pub fn comparing(bits: u32, count: usize, library: &CellLibrary) -> Self {
        Self::of(&gates(&format!("add{bits}s_exact")), count, "compare membranes", library)
    }

    /// What operations and leakage of a circuit are priced by, by its name in a bill; none where there is no such circuit.
    pub fn prices_of(name: &str, library: &CellLibrary) -> Option<[Constant; 2]> {
        circuit(name).map(|netlist| prices(&netlist, &cost(&netlist, library), library))
    }

    fn of(netlist: &Netlist, count: usize, action: &'static str, library: &CellLibrary) -> Self {
        let cost = cost(netlist, library);
        let [each, leakage] = prices(netlist, &cost, library);
        let Cost { area_um2, delay_ps, .. } = cost;
        Self {
            circuit: netlist.name().into(),
            count,
            action,
            area: SquareMicrometres(area_um2),
            delay: Seconds(delay_ps * 1e-12),
            leakage,
            each,
        }
    }

    /// What one is called.
    pub fn name(&self) -> &str {
        &self.circuit
    }

    /// Cell area of all.
    pub fn area(&self) -> SquareMicrometres {
        self.area * self.count as f64
    }

    /// How long so many operations take one after the other at a clock, each as many whole cycles as its longest path needs.
    pub fn duration(&self, operations: f64, clock: Hertz) -> Seconds {
        let cycles = (self.delay.0 * clock.0).ceil().max(1.0);
        Seconds(operations * cycles / clock.0)
    }

    /// What so many operations take, while the circuits leak for some time.
    pub fn energy(&self, operations: f64, time: Seconds) -> Joules {
        Joules(operations * self.each.value + time.0 * self.count as f64 * self.leakage.value)
    }

    /// Bills so many operations, while the circuits leak for some time.
    pub fn bill(&self, ledger: &mut Ledger, component: &str, operations: f64, time: Seconds) {
        let mut bill = Bill { ledger, stage: Stage::Compute, component };
        bill.at("leak seconds beside the units", time.0 * self.count as f64, &self.leakage);
        bill.at(self.action, operations, &self.each);
    }
}

/// An operation of a circuit, and what one leaks.
fn prices(netlist: &Netlist, cost: &Cost, library: &CellLibrary) -> [Constant; 2] {
    let constant =
        |what: &str, value, unit| library.constant(&format!("{}.{what}", netlist.name()), value, unit);
    [
        constant("operation", cost.energy_fj * 1e-15, "J per operation on random operands"),
        constant("leakage", cost.leakage_nw * 1e-9, "W each"),
    ]
}

/// The gates of a name: a design or a razorer of the catalogue, or one of those below, of at most 64 bits and words.
fn circuit(name: &str) -> Option<Netlist> {
    let number = |text: &str| text.parse().ok().filter(|number| (1..=64).contains(number));
    if let Some(bits) = name.strip_prefix("sum").and_then(|rest| rest.strip_suffix("u_exact")) {
        return number(bits).filter(|bits| (2..=32).contains(bits)).map(summing);
    }
    if let Some(bits) = name.strip_prefix("hold") {
        return number(bits).map(holding);
    }
    if let Some((bits, words)) = name.strip_prefix("choose").and_then(|rest| rest.split_once("of")) {
        return Some(choosing(number(bits)?, number(words)? as usize));
    }
    match Unit::from_id(name).ok()? {
        Unit::Design(design) => Some(design.netlist()),
        Unit::Razorer(razorer) => Some(razorer.netlist()),
        Unit::Mac(_) | Unit::Xnor(_) => None,
    }
}

fn gates(id: &str) -> Netlist {
    design(id).expect("exact designs are of every width").netlist()
}

/// y = register(a + c), without the carry out.
fn summing(bits: u32) -> Netlist {
    let adder = gates(&format!("add{bits}u_exact"));
    let mut build = Builder::new(&format!("sum{bits}u_exact"));
    let (a, c) = (build.input("a", bits), build.input("c", bits));
    let mut sum = build.instance(&adder, &[&a, &c]).remove(0);
    sum.truncate(bits as usize);
    let y = build.register(&sum);
    build.output("y", y);
    build.finish()
}

/// y = register(a).
fn holding(bits: u32) -> Netlist {
    let mut build = Builder::new(&format!("hold{bits}"));
    let a = build.input("a", bits);
    let y = build.register(&a);
    build.output("y", y);
    build.finish()
}

/// y = the word that the index register names: a tree of multiplexers, the last words again where the tree has more places.
fn choosing(bits: u32, words: usize) -> Netlist {
    let mut build = Builder::new(&format!("choose{bits}of{words}"));
    let mut left: Vec<Bus> = (0..words).map(|at| build.input(&format!("a{at}"), bits)).collect();
    let index = build.input("index", words.next_power_of_two().ilog2());
    let index = build.register(&index);
    for select in index {
        let pair = |pair: &[Bus]| match pair {
            [low, high] => {
                let bits = low.iter().zip(high);
                bits.map(|(low, high)| build.mux(select, *high, *low)).collect()
            }
            _ => pair[0].clone(),
        };
        left = left.chunks(2).map(pair).collect();
    }
    build.output("y", left.remove(0));
    build.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::{EXHAUSTIVE, Unit, characterize};
    use crate::netlist::Lanes;
    use crate::units::Volts;

    #[test]
    fn what_stands_beside_costs_what_its_design_is_characterised_to_cost() {
        let library = CellLibrary::nangate45().wired();
        for (beside, id) in [
            (Beside::adding(8, 3, &library), "add8s_exact"),
            (Beside::scaling(8, 3, &library), "mul8x16s_exact"),
            (Beside::scaling(16, 3, &library), "mul16s_exact"),
        ] {
            let cost = characterize(&Unit::from_id(id).unwrap(), &library, EXHAUSTIVE.min(16)).cost;
            assert_eq!(beside.area().0, 3.0 * cost.area_um2, "{id}");
            let mut ledger = Ledger::default();
            beside.bill(&mut ledger, "compute.array", 5.0, Seconds(2e-6));
            let expected = 5.0 * cost.energy_fj * 1e-15 + 3.0 * 2e-6 * cost.leakage_nw * 1e-9;
            assert!((ledger.total().0 / expected - 1.0).abs() < 1e-9, "{id}");
        }
    }

    #[test]
    fn a_price_is_found_by_the_name_that_the_bill_has() {
        let library = CellLibrary::nangate45().wired();
        let razorer = Razorer::from_id("sdr16x4_g16").unwrap();
        let all = [
            Beside::summing(16, 2, &library),
            Beside::adding(20, 2, &library),
            Beside::scaling(24, 2, &library),
            Beside::holding(9, 2, &library),
            Beside::choosing(9, 4, 2, &library),
            Beside::razoring(&razorer, 2, &library),
        ];
        for beside in all {
            let found = Beside::prices_of(beside.name(), &library);
            assert_eq!(found, Some([beside.each.clone(), beside.leakage.clone()]), "{}", beside.name());
        }
        for none in
            ["sum1u_exact", "sum99u_exact", "hold", "hold0", "choose9", "choose9of", "mac8s_bw", "sram"]
        {
            assert_eq!(Beside::prices_of(none, &library), None, "{none}");
        }
    }

    #[test]
    fn an_index_chooses_its_word() {
        for words in [2, 3, 4, 7, 16] {
            let netlist = choosing(5, words);
            let mut lanes = Lanes::<1>::new(&netlist);
            let bit = |word: usize, at: usize| [if word >> at & 1 == 1 { u64::MAX } else { 0 }];
            for index in 0..words {
                let word = |at: usize| (at * 11 + 3) % 32;
                let all = (0..words).flat_map(|at| (0..5).map(move |b| bit(word(at), b)));
                let bits = all.chain((0..netlist.inputs().last().unwrap().1.len()).map(|b| bit(index, b)));
                let inputs: Vec<[u64; 1]> = bits.collect();
                // The index passes a register first.
                lanes.step(&inputs);
                lanes.step(&inputs);
                let found = lanes
                    .output(0)
                    .iter()
                    .enumerate()
                    .fold(0, |w, (b, lane)| w | (lane[0] as usize & 1) << b);
                assert_eq!(found, word(index), "{index} of {words}");
            }
        }
    }

    #[test]
    fn a_sum_has_a_register_a_bit_and_costs_less_at_a_lower_supply() {
        let library = CellLibrary::nangate45().wired();
        assert_eq!(summing(20).registers().len(), 20);
        let (sums, adds) = (Beside::summing(20, 1, &library), Beside::adding(20, 1, &library));
        assert!(sums.area() > adds.area() && sums.each.value > adds.each.value);
        let low = Beside::summing(20, 1, &library.at(Volts(0.88)).unwrap());
        // The square of the supply, but for glitches: delays are whole picoseconds.
        assert!((low.each.value / sums.each.value - 0.64).abs() < 0.02);
    }
}

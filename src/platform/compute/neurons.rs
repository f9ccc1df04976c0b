//! Neurons that add a weight for every spike that reaches them, in place of units that multiply.

use super::beside::Beside;
use super::stream::BATCHES;
use super::units::{Switched, Units, first_refusal};
use crate::arith::design;
use crate::bits;
use crate::config::platform::{self as config, Overflow, Products, Timing, WeightFormat, Zeros};
use crate::constant::Constant;
use crate::ledger::Ledger;
use crate::netlist::{Builder, Bus, Net, Netlist, Timed, pack};
use crate::platform::PlatformError;
use crate::rng::Stream;
use crate::tech::CellLibrary;
use crate::units::{Hertz, Joules, Seconds, SquareMicrometres};

/// Bits of a membrane beyond those of a weight, as an accumulator has beyond those of a product.
const GUARD: u32 = 16;

/// A group of equal neurons.
///
/// Each holds the membrane of one output while the spikes of a step pass, an event a cycle that all of them see, and then
/// compares it with its threshold. Where a layer has more outputs than there are neurons its events pass again.
pub struct Neurons {
    bits: u32,
    units: Units,
    thresholds: Beside,
}

/// What a layer has neurons do for a sample, the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Events {
    /// Weights added.
    pub additions: f64,
    /// Cycles of all neurons together.
    pub cycles: f64,
    /// Membranes compared with their threshold.
    pub updates: f64,
}

impl Neurons {
    /// How prices of a neuron begin, whatever its weights.
    pub const UNIT: &str = "neuron";

    /// Builds as many neurons as an array has units, for weights of so many bits.
    ///
    /// # Errors
    /// [`PlatformError::Spikes`] where the array is asked for what neurons do not do; others as those of an array.
    pub fn new(
        config: &config::Array,
        weight_bits: u32,
        library: &CellLibrary,
    ) -> Result<Self, PlatformError> {
        check(config)?;
        let bits = weight_bits + GUARD;
        let units = Units::new(&adding(weight_bits, bits), [Self::UNIT, "neuron"], config, library)?;
        let thresholds = Beside::comparing(bits, units.count(), units.library());
        Ok(Self { bits, units, thresholds })
    }

    /// Bits of a membrane.
    pub fn membrane_bits(&self) -> u32 {
        self.bits
    }

    /// What clock and leakage of a unit are priced by.
    pub fn constants(&self) -> Vec<Constant> {
        self.units.constants()
    }

    /// The clock, as configured or as an addition allows.
    pub fn clock(&self) -> Hertz {
        self.units.clock()
    }

    /// Cell area of all.
    pub fn area(&self) -> SquareMicrometres {
        self.units.area() + self.thresholds.area()
    }

    /// Times that the events of a step pass so that they reach so many outputs.
    pub fn passes(&self, outputs: usize) -> u64 {
        outputs.div_ceil(self.units.count()) as u64
    }

    /// Time of so many cycles.
    pub fn time(&self, cycles: f64) -> Seconds {
        self.units.time(cycles)
    }

    /// Bills what a layer has neurons do under `component`; between layers and frames they are gated off.
    pub fn bill(&self, ledger: &mut Ledger, component: &str, events: &Events, addition: &Switched) {
        let Events { additions, cycles, updates } = *events;
        self.units.bill(ledger, component, cycles);
        let names = ["add weights", "addition", "weight added"];
        self.units.bill_operations((ledger, component), names, additions, addition);
        self.thresholds.bill(ledger, component, updates, self.time(cycles));
    }

    /// Replays what neurons add: for each of 64 sequences in [`BATCHES`] batches the weights of one output in one step, in
    /// the order of their events, onto a membrane that is loaded as 0.
    pub fn replay(&self, mut sequence: impl FnMut(&mut Stream) -> Vec<i64>, stream: &mut Stream) -> Switched {
        let sequences: Vec<Vec<i64>> = (0..64 * BATCHES).map(|_| sequence(stream)).collect();
        let longest = sequences.iter().map(Vec::len).max().unwrap_or(0);
        if longest == 0 {
            return Switched { each: Joules::ZERO, wires: Joules::ZERO, count: 0 };
        }
        let cells = self.units.cells();
        let delays = self.units.library().delays(cells);
        let mut timed = Timed::<BATCHES>::new(cells, &delays);
        let width = cells.inputs()[0].1.len() as u32;
        // A weight passes a register first: the membrane is loaded while the first one waits there.
        for cycle in 0..longest + 2 {
            let weights = sequences
                .iter()
                .map(|weights| weights.get(cycle).map_or(0, |weight| bits::encode(*weight, width)));
            let mut inputs = pack::<BATCHES>(&weights.collect::<Vec<_>>(), width as usize);
            inputs.extend(vec![[0; BATCHES]; self.bits as usize]);
            inputs.push([if cycle == 0 { u64::MAX } else { 0 }; BATCHES]);
            timed.step(&inputs);
        }
        let count = sequences.iter().map(|weights| weights.len() as u64).sum();
        self.units.switched(&timed.total_toggles(), count)
    }
}

/// y = register(load ? membrane : y + register(weight)).
fn adding(weight_bits: u32, bits: u32) -> Netlist {
    let adder = design(&format!("add{bits}s_exact")).expect("exact adders are of every width").netlist();
    let mut build = Builder::new(&format!("neuron{weight_bits}to{bits}"));
    let (weight, membrane) = (build.input("weight", weight_bits), build.input("membrane", bits));
    let load = build.input("load", 1)[0];
    let weight = build.register(&weight);
    let sign = weight[weight.len() - 1];
    let extended: Bus = (0..bits as usize).map(|bit| weight.get(bit).copied().unwrap_or(sign)).collect();
    let y: Vec<Net> = build.state(bits);
    let sum = build.instance(&adder, &[&y, &extended]).remove(0);
    let next: Bus = membrane.iter().zip(sum).map(|(membrane, sum)| build.mux(load, *membrane, sum)).collect();
    build.set_next(&y, &next);
    build.output("y", y);
    build.finish()
}

/// Refuses what neurons do not do.
fn check(config: &config::Array) -> Result<(), PlatformError> {
    let plain_sums = config.accumulator == "exact"
        && config.accumulator_bits.is_none()
        && config.overflow == Overflow::Wrap;
    let refused = [
        (
            plain_sums,
            "membranes are added exactly; write `accumulator: exact`, and neither `accumulator_bits` nor `overflow`",
        ),
        (config.products == Products::Centred, "nothing is multiplied; write `products: centred`"),
        (
            config.zeros == Zeros::Compute,
            "activations that are zero are no events already; write `zeros: compute`",
        ),
        (
            config.weight_format == WeightFormat::Dense,
            "an event fetches weights by their place; write `weight_format: dense`",
        ),
        (config.timing == Timing::Safe, "additions are known in time; write `timing: safe`"),
        (config.recovery.measures().is_empty(), "additions make no errors; write `recovery: none`"),
    ];
    first_refusal(refused).map_or(Ok(()), |why| Err(PlatformError::Spikes(why)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::{Lanes, unpack};

    #[test]
    fn a_neuron_adds_weights_to_the_membrane_that_it_loaded() {
        let netlist = adding(8, 24);
        let (mut lanes, mut stream) = (Lanes::<1>::new(&netlist), Stream::new(1, "test.neuron", 0));
        let mut expected = 0i64;
        let mut waiting = 0;
        for cycle in 0..200 {
            let (weight, membrane) =
                (stream.below(256) as i64 - 128, stream.below(1 << 20) as i64 - (1 << 19));
            let load = cycle % 50 == 0;
            let words = [(weight, 8), (membrane, 24), (i64::from(load), 1)];
            let inputs = words
                .iter()
                .flat_map(|(word, width)| pack::<1>(&[bits::encode(*word, *width); 64], *width as usize));
            lanes.step(&inputs.collect::<Vec<_>>());
            let shown = unpack(&lanes.output(0), 1)[0];
            assert_eq!(bits::sign_extend(shown, 24), expected, "cycle {cycle}");
            expected = if load { membrane } else { expected + waiting };
            waiting = weight;
        }
    }

    fn neurons() -> Neurons {
        let file = "rows: 4\ncolumns: 4\ndataflow: output_stationary\nclock: fit\nmultiplier: exact\naccumulator: exact\n";
        let config: config::Array = serde_yaml::from_str(file).unwrap();
        Neurons::new(&config, 8, &CellLibrary::nangate45().wired()).unwrap()
    }

    fn energy(neurons: &Neurons, events: Events) -> f64 {
        let addition = Switched { each: Joules(2e-13), wires: Joules(5e-14), count: 1 };
        let mut ledger = Ledger::default();
        neurons.bill(&mut ledger, "compute.array", &events, &addition);
        ledger.total().0
    }

    #[test]
    fn energy_is_a_sum_over_additions_cycles_and_thresholds() {
        let neurons = neurons();
        let one = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
            .map(|[additions, cycles, updates]| energy(&neurons, Events { additions, cycles, updates }));
        assert!((one[0] / 2e-13 - 1.0).abs() < 1e-9 && one.iter().all(|energy| *energy > 0.0));
        let many = energy(&neurons, Events { additions: 700.0, cycles: 90.0, updates: 32.0 });
        let sum = 700.0 * one[0] + 90.0 * one[1] + 32.0 * one[2];
        assert!((many / sum - 1.0).abs() < 1e-9, "{many} {sum}");
    }

    #[test]
    fn additions_of_wide_weights_switch_more_and_those_of_nothing_what_loading_takes() {
        let neurons = neurons();
        let replayed = |weights: &[i64]| {
            let mut stream = Stream::new(1, "test", 0);
            neurons.replay(
                |stream| (0..20).map(|_| weights[stream.below(weights.len() as u64) as usize]).collect(),
                &mut stream,
            )
        };
        let [small, large, zero] = [&[0, 1][..], &[120, 77, 31, 90], &[0]].map(replayed);
        assert!(small.each < large.each && small.wires > Joules::ZERO, "{small:?} {large:?}");
        assert!(Joules::ZERO < zero.each && zero.each < small.each * 0.5, "{zero:?} {small:?}");
        assert_eq!(small.count, 64 * BATCHES as u64 * 20);
        assert_eq!(neurons.replay(|_| vec![], &mut Stream::new(1, "test", 0)).each, Joules::ZERO);
    }
}

//! What a multiply-accumulate switches, priced from the operands a layer really saw.
//!
//! Stretches of the operand stream of sampled units are replayed through the gates of the unit in the order
//! the dataflow presents them: an output-stationary unit walks along the depth of one output and adds to its
//! own sum, a weight-stationary one keeps its weight while positions pass and adds to the sum from the row
//! above. Where a fold ends the stream goes on with the next one (column fold outer, row fold inner); a unit
//! without work in a fold keeps its inputs, and so does one that skips padding. Loading and draining between folds is not replayed.
//! Units that have no work in any fold are not sampled. Stretches lie within the contraction, so that slots near its ends are in
//! fewer of them.
//!
//! The sum that enters changes with the clock, although the register of the unit that hands it over takes a moment more.
//!
//! Every gate answers after its delay, so glitches are paid for. What the same stretches cost if gates answered at once
//! stands beside it as a lower bound. Under a clock that is too fast what is late goes on in the next period, while the
//! sums that enter stay those of operations in time.

use super::array::MacArray;
use super::nonzeros::Nonzeros;
use crate::bits;
use crate::config::platform::Dataflow;
use crate::kernel::Gemm;
use crate::netlist::{Lanes, Timed};
use crate::rng::Stream;
use crate::units::Joules;

/// Time slots of a replayed stretch; the first ones only fill the registers.
pub(super) const SLOTS: u64 = 34;
/// Those that fill them.
const FILLING: usize = 2;
/// Batches of 64 stretches, a lane each, that are replayed side by side.
pub const BATCHES: usize = 4;
/// How often stretches are drawn where none of them meets an operation: one slot in 100,000 that has one is nearly always met.
const DRAWS: usize = 64;

/// The values that a contraction hands to the operand ports of the units; depth counts products in the order of accumulation.
pub struct Operands<'a> {
    /// Its shape.
    pub gemm: Gemm,
    /// Value at (group, position, depth); none where the unit idles.
    pub activation: &'a (dyn Fn(usize, usize, usize) -> Option<i64> + Sync),
    /// Value at (group, output, depth).
    pub weight: &'a (dyn Fn(usize, usize, usize) -> i64 + Sync),
}

/// What replaying found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replay {
    /// Mean switching energy of an operation, glitches included, without clock and leakage; without that of a multiplier
    /// that a file prices ([`MacArray::multiplication`]).
    pub each: Joules,
    /// What of it the wires take.
    pub wires: Joules,
    /// The same without glitches.
    pub settled: Joules,
    /// Standard error of `each`, estimated from the means of the batches; as large as `each` where a single batch met
    /// operations.
    pub spread: Joules,
    /// Operand pairs replayed.
    pub pairs: u64,
}

impl Replay {
    /// Switching energy over that without glitches; 1 where nothing switches.
    pub fn glitch_factor(&self) -> f64 {
        if self.settled > Joules::ZERO { self.each / self.settled } else { 1.0 }
    }
}

/// The inputs of a unit in one time slot: activation, weight, sum entering.
pub(super) type Slot = [i64; 3];

/// Replays [`BATCHES`] times 64 stretches, drawn from `stream`, of the operands through the array's unit.
///
/// Work without an operation costs nothing.
pub fn replay(array: &MacArray, operands: &Operands<'_>, stream: &mut Stream) -> Replay {
    replay_left(array, operands, None, stream)
}

/// The same of an array that skips all weights but `nonzeros`, where it skips any.
pub fn replay_left(
    array: &MacArray,
    operands: &Operands<'_>,
    nonzeros: Option<&Nonzeros>,
    stream: &mut Stream,
) -> Replay {
    let walk = Walk::skipping(array, operands, nonzeros);
    priced(array, &toggled(array, &drawn(|| walk.stretch(stream)), &words))
}

/// A stretch for each lane of all batches; drawn again where none of them meets an operation, which then had no price.
pub(super) fn drawn<S>(mut stretch: impl FnMut() -> Vec<Option<S>>) -> Vec<Vec<Option<S>>> {
    let mut draw = || (0..64 * BATCHES).map(|_| stretch()).collect::<Vec<_>>();
    let met = |stretches: &Vec<Vec<Option<S>>>| {
        stretches.iter().any(|own| own[FILLING..].iter().any(Option::is_some))
    };
    let mut stretches = draw();
    for _ in 1..DRAWS {
        if met(&stretches) {
            break;
        }
        stretches = draw();
    }
    stretches
}

/// What transitions take an operation.
pub(super) fn priced(array: &MacArray, toggled: &Toggled) -> Replay {
    let energy = |toggles: &[u64]| array.library().switching_energy(array.replayed_cells(), toggles);
    let pairs: u64 = toggled.pairs.iter().sum();
    let batches: Vec<Joules> = (0..BATCHES)
        .map(|batch| energy(&toggled.timed.iter().map(|words| words[batch]).collect::<Vec<_>>()))
        .collect();
    let each = batches.iter().copied().sum::<Joules>() / pairs.max(1) as f64;
    let spread = standard_error(each, batches.iter().zip(&toggled.pairs));
    let settled = energy(&toggled.settled) / pairs.max(1) as f64;
    let wires = |batch: usize| {
        let toggles: Vec<u64> = toggled.timed.iter().map(|words| words[batch]).collect();
        array.library().wire_energy(array.replayed_cells(), &toggles)
    };
    let wires = (0..BATCHES).map(wires).sum::<Joules>() / pairs.max(1) as f64;
    Replay { each, wires, settled, spread, pairs }
}

/// That of a mean of batches of different sizes, a ratio of two sums (Cochran, Sampling Techniques, 3rd edition, section
/// 2.11); of less than two batches all of the mean is unsure.
fn standard_error<'a>(mean: Joules, batches: impl Iterator<Item = (&'a Joules, &'a u64)>) -> Joules {
    let batches: Vec<_> = batches.filter(|(_, pairs)| **pairs > 0).collect();
    let count = batches.len() as f64;
    if count < 2.0 {
        return mean;
    }
    let pairs: f64 = batches.iter().map(|(_, pairs)| **pairs as f64).sum();
    let squares: f64 =
        batches.iter().map(|(energy, pairs)| (**energy - mean * **pairs as f64).0.powi(2)).sum();
    Joules((squares * count / (count - 1.0)).sqrt() / pairs)
}

/// Transitions of every net, by batch with glitches and in all without, and the operations of every batch.
pub(super) struct Toggled {
    timed: Vec<[u64; BATCHES]>,
    settled: Vec<u64>,
    pairs: [u64; BATCHES],
}

/// What a unit takes in a time slot.
pub(super) trait Inputs: Clone + Default {
    /// The sum that enters.
    fn sum(&self) -> i64;
}

impl Inputs for Slot {
    fn sum(&self) -> i64 {
        self[2]
    }
}

/// One operation of a contraction, and the depth from which its unit's column or register has summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub group: usize,
    pub position: usize,
    pub output: usize,
    pub first: usize,
    pub depth: usize,
}

/// The way of the operands of one contraction past the units.
pub(super) struct Walk<'a> {
    array: &'a MacArray,
    operands: &'a Operands<'a>,
    /// The weights that take slots; none where all do.
    nonzeros: Option<&'a Nonzeros>,
    /// Slots that the depth takes.
    depth: usize,
    /// Time slots of a fold, folds down the rows, folds across the columns.
    folds: [usize; 3],
    /// Rows and columns of which units have work in some fold.
    busy: [usize; 2],
}

impl<'a> Walk<'a> {
    pub(super) fn new(array: &'a MacArray, operands: &'a Operands<'a>) -> Self {
        Self::skipping(array, operands, None)
    }

    fn skipping(array: &'a MacArray, operands: &'a Operands<'a>, nonzeros: Option<&'a Nonzeros>) -> Self {
        let gemm = &operands.gemm;
        // Folds with fewer slots idle through the rest.
        let depth = nonzeros.map_or(gemm.depth, Nonzeros::most_slots);
        let [down, time] = match array.dataflow() {
            Dataflow::OutputStationary => [gemm.positions, depth],
            Dataflow::WeightStationary => [depth, gemm.positions],
        };
        let [rows, columns] = array.shape();
        Self {
            array,
            operands,
            nonzeros,
            depth,
            folds: [time, down.div_ceil(rows), gemm.outputs.div_ceil(columns)],
            busy: [rows.min(down), columns.min(gemm.outputs)],
        }
    }

    /// Slots of a random unit from a random time on; `None` where the unit has no work. All stretches of a contraction are
    /// equally long.
    ///
    /// One of a contraction that is no longer finds the unit at reset and lets its registers run empty at the end, so
    /// that a contraction of a single slot has a price too.
    pub(super) fn stretch(&self, stream: &mut Stream) -> Vec<Option<Slot>> {
        let mut before = None;
        self.steps(stream, |step| {
            let activation = self.activation(step, step.depth)?;
            let sum = self.sum(step, before);
            before = Some((*step, sum));
            Some([activation, self.weight(step, step.depth)?, sum])
        })
    }

    /// The same of what `slot` makes of the steps.
    pub(super) fn steps<S: Inputs>(
        &self,
        stream: &mut Stream,
        mut slot: impl FnMut(&Step) -> Option<S>,
    ) -> Vec<Option<S>> {
        let unit = self.busy.map(|units| stream.below(units.max(1) as u64) as usize);
        let gemm = &self.operands.gemm;
        let slots = [gemm.groups, self.folds[0], self.folds[1], self.folds[2]];
        let slots: u64 = slots.into_iter().map(|n| n as u64).product();
        let start = stream.below(slots.saturating_sub(SLOTS) + 1);
        let around = std::iter::repeat_n(None::<S>, if slots <= SLOTS { FILLING } else { 0 });
        let inside = (start..(start + SLOTS).min(slots)).map(|at| slot(&self.step(unit, at as usize)?));
        let inside: Vec<Option<S>> = inside.collect();
        around.clone().chain(inside).chain(around).collect()
    }

    /// Which operation a unit does in a time slot of the whole contraction.
    fn step(&self, [row, column]: [usize; 2], slot: usize) -> Option<Step> {
        let [time, row_folds, column_folds] = self.folds;
        let (fold, at) = (slot / time, slot % time);
        let (column_fold, row_fold) = (fold / row_folds % column_folds, fold % row_folds);
        let group = fold / row_folds / column_folds;
        let [rows, columns] = self.array.shape();
        let (output, down) = (column_fold * columns + column, row_fold * rows + row);
        let (position, depth, first) = match self.array.dataflow() {
            Dataflow::OutputStationary => (down, at, 0),
            Dataflow::WeightStationary => (at, down, row_fold * rows),
        };
        let gemm = &self.operands.gemm;
        let works = position < gemm.positions && depth < self.depth && output < gemm.outputs;
        works.then_some(Step { group, position, output, first, depth })
    }

    /// The sum that enters: products from the first one on, going on from the step before where that is possible.
    fn sum(&self, step: &Step, before: Option<(Step, i64)>) -> i64 {
        let (from, sum) = match before {
            Some((last, sum))
                if last == (Step { depth: last.depth, ..*step }) && last.depth <= step.depth =>
            {
                (last.depth, sum)
            }
            _ => (step.first, 0),
        };
        let mac = self.array.mac();
        let product = |k| Some(mac.product(self.activation(step, k)?, self.weight(step, k)?));
        (from..step.depth).filter_map(product).fold(sum, |sum, product| mac.accumulate(sum, product))
    }

    fn activation(&self, step: &Step, slot: usize) -> Option<i64> {
        (self.operands.activation)(step.group, step.position, self.place(step, slot)?)
    }
    fn weight(&self, step: &Step, slot: usize) -> Option<i64> {
        Some((self.operands.weight)(step.group, step.output, self.place(step, slot)?))
    }

    /// Which depth a slot of it stands for; none where the column waits.
    fn place(&self, step: &Step, slot: usize) -> Option<usize> {
        match self.nonzeros {
            Some(nonzeros) => nonzeros.place(step.group, step.output, slot),
            None => Some(slot),
        }
    }
}

/// What turns the inputs of lanes, and sums that enter, into the bits of all ports.
type Words<S> = dyn Fn(&MacArray, &[S], &[i64]) -> Vec<[u64; BATCHES]>;

/// Transitions in stretches replayed side by side, a lane each.
pub(super) fn toggled<S: Inputs>(
    array: &MacArray,
    stretches: &[Vec<Option<S>>],
    words: &Words<S>,
) -> Toggled {
    let (netlist, late) = (array.cells(), array.late().map(|late| &late.fine));
    let in_time = array.library().delays(netlist);
    let delays = late.map_or(&in_time, |grid| &grid.delays);
    let longest = stretches.iter().map(Vec::len).max().unwrap_or(0);
    let (mut timed, mut lanes) = (Timed::new(netlist, delays), Lanes::<BATCHES>::new(netlist));
    let mut pairs = [0; BATCHES];
    let mut filling = (vec![[0; BATCHES]; delays.len()], vec![0; delays.len()]);
    let mut held = vec![S::default(); stretches.len()];
    for at in 0..longest {
        // The operands pass a register first, so the sum that belongs to them enters one step later.
        let sums: Vec<i64> = held.iter().map(S::sum).collect();
        for (lane, (held, stretch)) in held.iter_mut().zip(stretches).enumerate() {
            if let Some(Some(slot)) = stretch.get(at) {
                held.clone_from(slot);
                pairs[lane / 64] += u64::from(at >= FILLING);
            }
        }
        let words = words(array, &held, &sums);
        lanes.step(&words);
        match late {
            Some(grid) => timed.clock(&words, grid.period, grid.setup),
            None => timed.step(&words),
        }
        if at + 1 == FILLING {
            filling = (timed.toggles().to_vec(), lanes.toggles().to_vec());
        }
    }
    let since = |(now, then): (&[u64; BATCHES], &[u64; BATCHES])| {
        std::array::from_fn(|batch| now[batch] - then[batch])
    };
    Toggled {
        timed: timed.toggles().iter().zip(&filling.0).map(since).collect(),
        settled: lanes.toggles().iter().zip(&filling.1).map(|(now, then)| now - then).collect(),
        pairs,
    }
}

/// The bits of ports a, b and c, the lanes of each.
pub(super) fn words<const W: usize>(array: &MacArray, held: &[Slot], sums: &[i64]) -> Vec<[u64; W]> {
    let (mac, port, sum) = (array.mac(), array.mac().port_width(), array.mac().accumulator_width());
    let mut words = vec![[0u64; W]; (2 * port + sum) as usize];
    for (lane, ([a, b, _], c)) in held.iter().zip(sums).enumerate() {
        let ports = [(mac.port_word(*a), port), (mac.port_word(*b), port), (bits::encode(*c, sum), sum)];
        let spread = ports.iter().flat_map(|(word, width)| (0..*width).map(move |bit| word >> bit & 1));
        words.iter_mut().zip(spread).for_each(|(word, bit)| word[lane / 64] |= bit << (lane % 64));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::platform::Array;
    use crate::platform::compute::array::unit;
    use crate::rng::uniform_at;
    use crate::tech::CellLibrary;

    fn array(dataflow: Dataflow) -> MacArray {
        let config = Array::exact([4, 3], dataflow);
        MacArray::new(
            &config,
            unit(&config, 8, &|_, _| unreachable!("no table is configured")).unwrap(),
            &CellLibrary::nangate45(),
        )
        .unwrap()
    }

    const GEMM: Gemm = Gemm { groups: 2, positions: 20, outputs: 7, depth: 10 };
    const BOTH: [Dataflow; 2] = [Dataflow::OutputStationary, Dataflow::WeightStationary];

    fn value(seed: u64, [a, b, c]: [usize; 3], reach: f64) -> i64 {
        let place = (a * 1_000_000 + b * 1000 + c) as u64;
        ((uniform_at(seed, place) * 2.0 - 1.0) * reach) as i64
    }

    fn price(dataflow: Dataflow, reach: f64, seed: u64) -> Replay {
        let activation = |g, p, k| Some(value(1, [g, p, k], reach));
        let weight = |g, o, k| value(2, [g, o, k], reach);
        let operands = Operands { gemm: GEMM, activation: &activation, weight: &weight };
        let mut stream = Stream::new(seed, "test", 0);
        replay(&array(dataflow), &operands, &mut stream)
    }

    #[test]
    fn every_operation_of_a_contraction_passes_exactly_once() {
        for dataflow in BOTH {
            let array = array(dataflow);
            let activation = |g, p, k| Some((g * 1000 + p * 10 + k) as i64);
            let weight = |_, o, _| o as i64;
            let operands = Operands { gemm: GEMM, activation: &activation, weight: &weight };
            let walk = Walk::new(&array, &operands);
            let slots = GEMM.groups * walk.folds.iter().product::<usize>();
            let units = (0..4).flat_map(|row| (0..3).map(move |column| [row, column]));
            let passed = units.flat_map(|unit| (0..slots).map(move |slot| (unit, slot)));
            let pair = |step: Step| {
                [walk.activation(&step, step.depth), walk.weight(&step, step.depth)].map(Option::unwrap)
            };
            let mut pairs: Vec<[i64; 2]> =
                passed.filter_map(|(unit, slot)| walk.step(unit, slot)).map(pair).collect();
            assert_eq!(pairs.len(), 2 * 20 * 7 * 10);
            pairs.sort_unstable();
            pairs.dedup();
            assert_eq!(pairs.len(), 2 * 20 * 7 * 10);
        }
    }

    #[test]
    fn still_operands_switch_nothing_and_livelier_ones_more() {
        for dataflow in BOTH {
            let still = price(dataflow, 0.5, 1);
            assert_eq!((still.each, still.spread), (Joules::ZERO, Joules::ZERO));
            let (small, large) = (price(dataflow, 8.0, 1), price(dataflow, 127.0, 1));
            assert!(small.each > Joules::ZERO && small.each < large.each, "{small:?} {large:?}");
            assert!(large.glitch_factor() > 1.1 && large.glitch_factor() < 4.0, "{large:?}");
            assert!(large.pairs > 1000 && large.spread < large.each * 0.2, "{large:?}");
        }
    }

    #[test]
    fn a_single_operation_has_a_price() {
        let gemm = Gemm { groups: 1, positions: 1, outputs: 3, depth: 1 };
        for dataflow in BOTH {
            let operands = Operands { gemm, activation: &|_, _, _| Some(85), weight: &|_, _, _| 51 };
            let array = array(dataflow);
            let mut stream = Stream::new(1, "test", 0);
            let found = replay(&array, &operands, &mut stream);
            assert!(found.pairs > 0 && found.each > Joules::ZERO, "{found:?}");
        }
    }

    /// A contraction of few outputs at few positions in a large array: few of its units have work.
    #[test]
    fn only_units_with_work_are_sampled() {
        let gemm = Gemm { groups: 1, positions: 2, outputs: 1, depth: 100 };
        let activation = |_, p, k| Some(value(1, [0, p, k], 127.0));
        let weight = |_, _, k| value(2, [0, 0, k], 127.0);
        let operands = Operands { gemm, activation: &activation, weight: &weight };
        let of = |shape: [usize; 2]| {
            let config = Array::exact(shape, Dataflow::OutputStationary);
            let unit = unit(&config, 8, &|_, _| unreachable!("no table is configured")).unwrap();
            let array = MacArray::new(&config, unit, &CellLibrary::nangate45()).unwrap();
            replay(&array, &operands, &mut Stream::new(1, "test", 0))
        };
        // The same stretches as in an array that has no other units.
        let (large, just) = (of([64, 64]), of([2, 1]));
        assert_eq!((large.pairs, large.pairs), (64 * 4 * 32, just.pairs));
        assert_eq!(large, just);
    }

    /// Wherever they begin: a stretch costs the others nothing.
    #[test]
    fn stretches_cost_together_what_each_costs_alone() {
        for (dataflow, depth) in BOTH.into_iter().flat_map(|dataflow| [(dataflow, 3), (dataflow, 37)]) {
            let array = array(dataflow);
            let gemm = Gemm { groups: 1, positions: 1, outputs: 1, depth };
            let activation = |_, p, k| Some(value(1, [0, p, k], 127.0));
            let weight = |_, _, k| value(2, [0, 0, k], 127.0);
            let operands = Operands { gemm, activation: &activation, weight: &weight };
            let walk = Walk::new(&array, &operands);
            let mut stream = Stream::new(7, "test", 0);
            let stretches: Vec<_> = (0..12).map(|_| walk.stretch(&mut stream)).collect();
            let total = |stretches: &[Vec<Option<Slot>>]| {
                let toggled = toggled(&array, stretches, &words);
                toggled.timed.iter().flatten().sum::<u64>()
            };
            // What lanes without a stretch do is none of its.
            let idle = total(&[vec![None; stretches[0].len()]]);
            assert_eq!(idle, 0, "inputs of 0 switch nothing");
            let alone: u64 = stretches.iter().map(|stretch| total(std::slice::from_ref(stretch))).sum();
            assert_eq!(total(&stretches), alone, "{dataflow:?}, depth {depth}");
        }
    }

    #[test]
    fn stretches_are_drawn_until_one_meets_an_operation() {
        let mut count = 0;
        let found = drawn(|| {
            count += 1;
            vec![None, Some(count), (count == 64 * BATCHES * 3).then_some(count)]
        });
        assert_eq!((count, found.len()), (64 * BATCHES * 3, 64 * BATCHES));
        count = 0;
        drawn(|| {
            count += 1;
            vec![None::<usize>; 3]
        });
        assert_eq!(count, 64 * BATCHES * DRAWS);
    }

    #[test]
    fn the_standard_error_is_that_of_a_ratio() {
        let error = |mean: f64, batches: &[(f64, u64)]| {
            let (energies, pairs): (Vec<_>, Vec<_>) = batches.iter().map(|(e, n)| (Joules(*e), *n)).unzip();
            standard_error(Joules(mean), energies.iter().zip(&pairs)).0
        };
        // Means of 1, 2, 3 and 6 with a deviation of √(14 / 3), over √4.
        let equal = [(10.0, 10), (20.0, 10), (30.0, 10), (60.0, 10)];
        assert!((error(3.0, &equal) - (14.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-12);
        // A batch without pairs is none.
        assert_eq!(error(3.0, &[&equal[..], &[(0.0, 0)]].concat()), error(3.0, &equal));
        assert_eq!(error(3.0, &[(30.0, 10), (0.0, 0)]), 3.0);
        assert_eq!(error(2.0, &[(20.0, 10), (2.0, 1)]), 0.0);
    }

    #[test]
    fn the_same_stream_gives_the_same_price() {
        assert_eq!(price(BOTH[0], 100.0, 5), price(BOTH[0], 100.0, 5));
        assert_ne!(price(BOTH[0], 100.0, 5), price(BOTH[0], 100.0, 6));
    }

    #[test]
    fn replayed_gates_add_the_sums_of_the_walk() {
        for dataflow in BOTH {
            let array = array(dataflow);
            let activation = |g, p, k| Some(value(1, [g, p, k], 127.0));
            let weight = |g, o, k| value(2, [g, o, k], 127.0);
            let operands = Operands { gemm: GEMM, activation: &activation, weight: &weight };
            let stretch = Walk::new(&array, &operands).stretch(&mut Stream::new(3, "test", 0));
            let slots: Vec<Slot> = stretch.into_iter().map_while(|slot| slot).collect();
            assert!(slots.len() >= 10, "the stretch starts with work");
            let netlist = array.mac().netlist();
            let mut lanes = Lanes::<1>::new(&netlist);
            for at in 0..slots.len() + 2 {
                let held = slots.get(at).copied().unwrap_or_default();
                let sum = at.checked_sub(1).and_then(|before| slots.get(before)).map_or(0, |slot| slot[2]);
                lanes.step(&words::<1>(&array, &[held], &[sum]));
                let Some([a, b, c]) = at.checked_sub(2).map(|before| slots[before]) else { continue };
                let word =
                    lanes.output(0).iter().enumerate().fold(0, |w, (bit, lane)| w | (lane[0] & 1) << bit);
                assert_eq!(word, bits::encode(c + a * b, array.mac().accumulator_width()));
            }
        }
    }

    /// Every second depth idles: what is left costs what a contraction of the other half costs, operation by operation.
    #[test]
    fn a_unit_that_idles_keeps_its_operands_and_its_sum() {
        for dataflow in BOTH {
            let array = array(dataflow);
            let activation = |g, p, k: usize| k.is_multiple_of(2).then(|| value(1, [g, p, k / 2], 127.0));
            let weight = |g, o, k: usize| value(2, [g, o, k / 2], 127.0);
            let operands = Operands { gemm: GEMM, activation: &activation, weight: &weight };
            let walk = Walk::new(&array, &operands);
            for seed in 0..20 {
                let stretch = walk.stretch(&mut Stream::new(seed, "test", 0));
                if dataflow == Dataflow::OutputStationary {
                    let worked = stretch.windows(3).filter(|three| three[0].is_some() && three[2].is_some());
                    for three in worked.filter(|three| three[1].is_none()) {
                        let ([a, b, c], [_, _, next]) = (three[0].unwrap(), three[2].unwrap());
                        assert!(next == c + a * b || next == 0, "a sum goes on, or begins");
                    }
                }
            }
            let busy = replay(&array, &operands, &mut Stream::new(1, "test", 0));
            let always = |g, p, k| Some(activation(g, p, k).unwrap_or(0));
            let fed = Operands { activation: &always, ..operands };
            let fed = replay(&array, &fed, &mut Stream::new(1, "test", 0));
            let half = |replay: &Replay| replay.pairs as f64 / fed.pairs as f64;
            assert!((0.4..0.6).contains(&half(&busy)), "{busy:?} {fed:?}");
            // Zeros in between make every operand switch to nothing and back.
            assert!(busy.each * half(&busy) < fed.each, "{dataflow:?}: {busy:?} {fed:?}");
        }
    }
}

//! What a layer makes a unit do, kept for other tools: every transition of some stretches, and how often operands meet.

use super::array::MacArray;
use super::stream::{Operands, Slot, Walk, words};
use crate::netlist::Waveform;
use crate::rng::Stream;
use crate::tech::TICK;

/// Stretches that are kept: the first batch of those that [`super::stream::replay`] draws.
pub const STRETCHES: usize = 64;

/// Some stretches of a layer in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// What the nets of [`MacArray::cells`] did.
    pub waveform: Waveform,
    /// Operand pairs that the unit took.
    pub pairs: u64,
}

/// Simulates [`STRETCHES`] stretches, drawn from `stream`, one after the other in one unit that starts at reset.
///
/// Where one ends the unit jumps to the place of the next, and pays for the jump; nothing is left out, so that other
/// tools that simulate the same inputs see the same.
pub fn trace(array: &MacArray, operands: &Operands<'_>, stream: &mut Stream) -> Trace {
    let netlist = array.cells();
    let walk = Walk::new(array, operands);
    let slots: Vec<Option<Slot>> = (0..STRETCHES).flat_map(|_| walk.stretch(stream)).collect();
    let pairs = slots.iter().flatten().count() as u64;
    let mut held = [0; 3];
    let steps = slots.into_iter().map(|slot| {
        // The operands pass a register first, so the sum that belongs to them enters one step later.
        let sum = held[2];
        held = slot.unwrap_or(held);
        words::<1>(array, &[held], &[sum]).iter().map(|word| word[0] & 1 == 1).collect()
    });
    const { assert!(TICK as u64 as f64 == TICK, "ticks are whole picoseconds") };
    let period = (array.clock().period().0 * 1e12).ceil() as u64;
    let waveform = Waveform::record(netlist, &array.library().delays(netlist), TICK as u64, period, steps);
    Trace { waveform, pairs }
}

/// How often the multiplier of a unit meets each pair (activation, weight) in a whole contraction; pairs in order, and
/// together as many as the contraction has products, those left out where the unit idles.
///
/// A unit whose signs travel outside hands its multiplier magnitudes.
pub fn histogram(array: &MacArray, operands: &Operands<'_>) -> Vec<(i64, i64, u64)> {
    // Codes have at most 8 bits, whatever is taken from them.
    const REACH: i64 = 255;
    const SPAN: usize = 2 * REACH as usize + 1;
    let gemm = &operands.gemm;
    let place = |value: i64| (array.mac().operand(value) + REACH) as usize;
    let counts = |values: &mut dyn Iterator<Item = i64>| {
        let mut counts = vec![0u64; SPAN];
        values.for_each(|value| counts[place(value)] += 1);
        counts.into_iter().enumerate().filter(|(_, count)| *count > 0).collect::<Vec<_>>()
    };
    let mut found = vec![0u64; SPAN * SPAN];
    for (group, k) in (0..gemm.groups).flat_map(|group| (0..gemm.depth).map(move |k| (group, k))) {
        // Every activation at this depth meets every weight there.
        let activations =
            counts(&mut (0..gemm.positions).filter_map(|at| (operands.activation)(group, at, k)));
        let weights = counts(&mut (0..gemm.outputs).map(|at| (operands.weight)(group, at, k)));
        for (a, of_a) in &activations {
            weights.iter().for_each(|(b, of_b)| found[a * SPAN + b] += of_a * of_b);
        }
    }
    let value = |place: usize| place as i64 - REACH;
    let pair = |(at, count): (usize, u64)| (value(at / SPAN), value(at % SPAN), count);
    found.into_iter().enumerate().filter(|(_, count)| *count > 0).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::platform::{Array, Dataflow, Multiplier};
    use crate::kernel::Gemm;
    use crate::netlist::Timed;
    use crate::platform::compute::array::unit;
    use crate::platform::compute::stream::{SLOTS, replay};
    use crate::rng::uniform_at;
    use crate::tech::CellLibrary;

    const GEMM: Gemm = Gemm { groups: 2, positions: 400, outputs: 7, depth: 10 };

    fn array(dataflow: Dataflow, multiplier: &str) -> MacArray {
        let config =
            Array { multiplier: Multiplier::Id(multiplier.into()), ..Array::exact([4, 3], dataflow) };
        let mac = unit(&config, 8, &|_, _| unreachable!("no table is configured")).unwrap();
        MacArray::new(&config, mac, &CellLibrary::nangate45()).unwrap()
    }

    fn value(seed: u64, [a, b, c]: [usize; 3]) -> i64 {
        (uniform_at(seed, (a * 1_000_000 + b * 1000 + c) as u64) * 255.0) as i64 - 127
    }

    /// Calls `with` with operands of every value between −127 and 127.
    fn some<T>(with: impl FnOnce(&Operands<'_>) -> T) -> T {
        let (activation, weight) = (|g, p, k| Some(value(1, [g, p, k])), |g, o, k| value(2, [g, o, k]));
        with(&Operands { gemm: GEMM, activation: &activation, weight: &weight })
    }

    #[test]
    fn a_trace_holds_every_transition_and_costs_what_replay_says() {
        let library = CellLibrary::nangate45();
        for dataflow in [Dataflow::OutputStationary, Dataflow::WeightStationary] {
            let array = array(dataflow, "exact");
            let found = some(|operands| trace(&array, operands, &mut Stream::new(1, "test", 0)));
            assert_eq!(found.waveform.edges(), STRETCHES as u64 * SLOTS - 1);
            // The same inputs, put in once more.
            let netlist = array.cells();
            let delays = library.delays(netlist);
            let mut timed = Timed::<1>::new(netlist, &delays);
            let inputs: Vec<usize> =
                netlist.inputs().iter().flat_map(|(_, bus)| bus.iter().map(|net| net.index())).collect();
            let mut bits = found.waveform.first().to_vec();
            let mut changes = found.waveform.changes().peekable();
            for edge in 0..=found.waveform.edges() {
                let until = edge * found.waveform.period();
                while let Some((_, net)) = changes.next_if(|(time, _)| *time <= until) {
                    bits[net.index()] ^= true;
                }
                let words: Vec<[u64; 1]> =
                    inputs.iter().map(|at| [if bits[*at] { u64::MAX } else { 0 }]).collect();
                timed.step(&words);
            }
            let expected: Vec<u64> = timed.total_toggles().iter().map(|toggles| toggles / 64).collect();
            assert_eq!(found.waveform.toggles(), expected);
            let each = library.switching_energy(netlist, &found.waveform.toggles()) / found.pairs as f64;
            let replayed = some(|operands| replay(&array, operands, &mut Stream::new(1, "test", 0)));
            let off = (each - replayed.each).0.abs();
            let near = off < 3.0 * replayed.spread.0 + 0.05 * replayed.each.0;
            assert!(near, "{dataflow:?}: {each} {replayed:?}");
        }
    }

    #[test]
    fn operands_are_counted_as_they_meet() {
        for (multiplier, signed) in [("exact", true), ("mul8u_exact", false)] {
            let array = array(Dataflow::WeightStationary, multiplier);
            let found = some(|operands| histogram(&array, operands));
            let mut expected: BTreeMap<(i64, i64), u64> = BTreeMap::new();
            let taken = |value: i64| if signed { value } else { value.abs() };
            for (g, p, o, k) in (0..2).flat_map(|g| {
                (0..400).flat_map(move |p| (0..7).flat_map(move |o| (0..10).map(move |k| (g, p, o, k))))
            }) {
                let pair = (taken(value(1, [g, p, k])), taken(value(2, [g, o, k])));
                *expected.entry(pair).or_default() += 1;
            }
            assert_eq!(found.iter().map(|pair| pair.2).sum::<u64>(), 2 * 400 * 7 * 10);
            assert!(found.into_iter().eq(expected.into_iter().map(|((a, b), count)| (a, b, count))));
        }
    }
}

//! What a unit for groups of codes with shifts switches, priced from the operands that a layer really saw.
//!
//! As [`super::stream`], a group of products a slot: its codes stand on the lanes, its shift beside them.

use super::array::MacArray;
use super::stream::{Inputs, Operands, Replay, Step, Walk, drawn, priced, toggled};
use crate::bits;
use crate::kernel::Gemm;
use crate::rng::Stream;

/// Codes of a group, and how far they are shifted, or by what they are multiplied.
pub type Group = (Vec<i64>, u8);

/// The groups that a contraction hands to the units; short ones leave lanes at 0, depth counts them in the order of accumulation.
pub struct GroupOperands<'a> {
    /// Its shape, with groups in place of single products.
    pub gemm: Gemm,
    /// Activations at (group of channels of the contraction, position, depth); none where the unit idles.
    pub activation: &'a (dyn Fn(usize, usize, usize) -> Option<Group> + Sync),
    /// Weights at (group of channels of the contraction, output, depth).
    pub weight: &'a (dyn Fn(usize, usize, usize) -> Group + Sync),
}

/// What stands at the ports of a unit in a slot.
#[derive(Clone, Default)]
struct Slot {
    activations: Vec<i64>,
    weights: Vec<i64>,
    shift: i64,
    sum: i64,
}

impl Inputs for Slot {
    fn sum(&self) -> i64 {
        self.sum
    }
}

/// Replays stretches of the groups, drawn from `stream`, through the array's unit; the price is that of a group.
pub fn replay_groups(array: &MacArray, operands: &GroupOperands<'_>, stream: &mut Stream) -> Replay {
    let order = Operands { gemm: operands.gemm, activation: &|_, _, _| Some(0), weight: &|_, _, _| 0 };
    let walk = Walk::new(array, &order);
    let stretches = drawn(|| {
        let mut before = None;
        walk.steps(stream, |step| slot(array, operands, step, &mut before))
    });
    priced(array, &toggled(array, &stretches, &words))
}

fn slot(
    array: &MacArray,
    operands: &GroupOperands<'_>,
    step: &Step,
    before: &mut Option<(Step, i64)>,
) -> Option<Slot> {
    let group = |depth: usize| {
        let (activations, of_activations) = (operands.activation)(step.group, step.position, depth)?;
        let (weights, of_weights) = (operands.weight)(step.group, step.output, depth);
        let shift = array.mac().shape().shift.map_or(0, |shift| shift.steps.both(of_activations, of_weights));
        Some(Slot { activations, weights, shift, sum: 0 })
    };
    let now = group(step.depth)?;
    let goes_on = |(last, _): &&mut (Step, i64)| {
        *last == Step { depth: last.depth, ..*step } && last.depth <= step.depth
    };
    let (from, sum) =
        before.as_mut().filter(goes_on).map_or((step.first, 0), |(last, sum)| (last.depth, *sum));
    let added = |slot: Slot| addend(array, &slot);
    let sum = (from..step.depth)
        .filter_map(group)
        .map(added)
        .fold(sum, |sum, addend| array.mac().accumulate(sum, addend));
    *before = Some((*step, sum));
    Some(Slot { sum, ..now })
}

/// What a group adds to the accumulator.
fn addend(array: &MacArray, slot: &Slot) -> i64 {
    let products = slot.activations.iter().zip(&slot.weights).map(|(a, b)| array.mac().product(*a, *b));
    array.mac().shape().shifted(products.sum(), slot.shift)
}

/// The bits of all ports, those of lanes first.
fn words<const W: usize>(array: &MacArray, held: &[Slot], sums: &[i64]) -> Vec<[u64; W]> {
    let (mac, ports) = (array.mac(), array.mac().ports());
    let (lanes, shifts) = (mac.shape().lanes as usize, mac.shape().shift.is_some());
    let bits: u32 = ports.iter().map(|port| port.width).sum();
    let mut words = vec![[0u64; W]; bits as usize];
    for (lane, (slot, sum)) in held.iter().zip(sums).enumerate() {
        let of = |codes: &[i64], at: usize| codes.get(at).copied().unwrap_or(0);
        let word = |(at, port): (usize, &crate::arith::mac::Port)| match at {
            at if at < lanes => port.word(of(&slot.activations, at)),
            at if at < 2 * lanes => port.word(of(&slot.weights, at - lanes)),
            at if shifts && at == 2 * lanes => port.word(slot.shift),
            _ => bits::encode(*sum, port.width),
        };
        let spread = ports.iter().enumerate().flat_map(|at| {
            let word = word(at);
            (0..at.1.width).map(move |bit| word >> bit & 1)
        });
        words.iter_mut().zip(spread).for_each(|(word, bit)| word[lane / 64] |= bit << (lane % 64));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::mac::Mac;
    use crate::config::platform::{Array, Dataflow};
    use crate::netlist::Lanes;
    use crate::rng::uniform_at;
    use crate::tech::CellLibrary;

    fn array(dataflow: Dataflow) -> MacArray {
        array_of("mac4s_sdr_g4", dataflow)
    }

    fn array_of(unit: &str, dataflow: Dataflow) -> MacArray {
        let config = Array::exact([3, 2], dataflow);
        MacArray::new(&config, Mac::from_id(unit).unwrap(), &CellLibrary::nangate45()).unwrap()
    }

    fn group(seed: u64, [a, b, c]: [usize; 3], lanes: usize) -> Group {
        let draw = |lane: usize| uniform_at(seed, (((a * 100 + b) * 100 + c) * 10 + lane) as u64);
        ((0..lanes).map(|lane| (draw(lane) * 15.0) as i64 - 7).collect(), (draw(9) * 5.0) as u8)
    }

    const GEMM: Gemm = Gemm { groups: 2, positions: 7, outputs: 3, depth: 9 };

    /// Gates add what a walk along the definition adds, groups with fewer codes than lanes included.
    #[test]
    fn replayed_gates_add_groups_shifted_by_both_flags() {
        let dataflows = [Dataflow::OutputStationary, Dataflow::WeightStationary];
        for (unit, by, dataflow) in dataflows.into_iter().flat_map(|dataflow| {
            // The last one shifts nothing.
            [
                ("mac4s_sdr_g4", 1, dataflow),
                ("mac16x4s_sdr_g4", 4001, dataflow),
                ("mac4s_vsq_g4", 1, dataflow),
                ("mac16x8s_bw", 4001, dataflow),
            ]
        }) {
            let array = array_of(unit, dataflow);
            let shape = array.mac().shape();
            let count = 3.min(shape.lanes as usize);
            let shifted = |(codes, shift): Group, wide: bool| {
                (codes, if wide || shape.shift.is_none() { 0 } else { shift })
            };
            let activation = |g, p, k| {
                let (codes, shift) = shifted(group(1, [g, p, k], count), by > 1);
                Some((codes.into_iter().map(|code| by * code).collect(), shift))
            };
            let weight = |g, o, k| shifted(group(2, [g, o, k], count), false);
            let operands = GroupOperands { gemm: GEMM, activation: &activation, weight: &weight };
            let order = Operands { gemm: GEMM, activation: &|_, _, _| Some(0), weight: &|_, _, _| 0 };
            let mut before = None;
            let stretch = Walk::new(&array, &order)
                .steps(&mut Stream::new(3, "test", 0), |step| slot(&array, &operands, step, &mut before));
            let slots: Vec<Slot> = stretch.into_iter().map_while(|slot| slot).collect();
            assert!(slots.len() >= 5, "the stretch starts with work");
            let netlist = array.mac().netlist();
            let mut lanes = Lanes::<1>::new(&netlist);
            for at in 0..slots.len() + 2 {
                let held = slots.get(at).cloned().unwrap_or_default();
                let sum = at.checked_sub(1).and_then(|before| slots.get(before)).map_or(0, |slot| slot.sum);
                lanes.step(&words::<1>(&array, &[held], &[sum]));
                let Some(slot) = at.checked_sub(2).map(|before| &slots[before]) else { continue };
                let products: i64 = slot.activations.iter().zip(&slot.weights).map(|(a, b)| a * b).sum();
                let word =
                    lanes.output(0).iter().enumerate().fold(0, |w, (bit, lane)| w | (lane[0] & 1) << bit);
                let by = if unit.contains("vsq") { slot.shift } else { 1 << slot.shift };
                let expected = slot.sum + products * by;
                assert_eq!(word, bits::encode(expected, array.mac().accumulator_width()));
            }
        }
    }

    #[test]
    fn still_groups_switch_nothing_and_livelier_ones_more() {
        let array = array(Dataflow::OutputStationary);
        let price = |lanes: usize| {
            let activation = |g, p, k| Some(group(1, [g, p, k], lanes));
            let weight = |g, o, k| group(2, [g, o, k], lanes);
            let operands = GroupOperands { gemm: GEMM, activation: &activation, weight: &weight };
            replay_groups(&array, &operands, &mut Stream::new(1, "test", 0)).each
        };
        let still = GroupOperands {
            gemm: GEMM,
            activation: &|_, _, _| Some((vec![0; 4], 0)),
            weight: &|_, _, _| (vec![0; 4], 0),
        };
        assert_eq!(replay_groups(&array, &still, &mut Stream::new(1, "test", 0)).each.0, 0.0);
        assert!(price(1).0 > 0.0 && price(1) < price(4), "{} {}", price(1).0, price(4).0);
    }
}

//! The functions of a program with what is known of their values: who reads them next, and whether they must be kept.

use super::super::Operation;
use super::super::function::reordered;

/// No step of the same part reads a value any more.
pub(super) const NEVER: u32 = u32::MAX;

/// An input of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) slot: u32,
    /// The step of the same part that reads the value next.
    pub(super) next: u32,
}

/// One function, and the slots that it needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    table: u8,
    /// Different slots, each of which matters; where there are fewer than three, the last ones.
    pub(super) reads: [Option<Read>; 3],
    pub(super) output: u32,
    /// The step of the same part that reads the result next.
    pub(super) next: u32,
    /// Whether another part, or whoever runs the program, reads the result.
    pub(super) lasting: bool,
}

impl Step {
    /// A step as if nothing read its result.
    fn new(Operation { table, inputs, output }: Operation) -> Self {
        let table = (0..3).fold(table, |table, at| {
            let same = inputs[..at].iter().position(|input| *input == inputs[at]);
            same.map_or(table, |first| joined(table, at, first))
        });
        let mut order = [0, 1, 2];
        order.sort_by_key(|&at| matters(table, at));
        let read = |at: usize| matters(table, at).then_some(Read { slot: inputs[at], next: NEVER });
        let table = reordered(table, order);
        Self { table, reads: order.map(read), output, next: NEVER, lasting: false }
    }

    /// The inputs, each with its place.
    pub(super) fn reads(&self) -> impl Iterator<Item = (usize, Read)> {
        self.reads.into_iter().enumerate().filter_map(|(at, read)| Some((at, read?)))
    }

    /// The truth table for inputs in this order.
    pub(super) fn ordered(&self, order: [usize; 3]) -> u8 {
        reordered(self.table, order)
    }
}

/// Where in a table's index an input is.
const fn bit(at: usize) -> usize {
    4 >> at
}

/// Whether the function depends on an input.
fn matters(table: u8, at: usize) -> bool {
    let without = [0b0000_1111, 0b0011_0011, 0b0101_0101][at];
    (table ^ table >> bit(at)) & without != 0
}

/// The function when an input is always what the other one is: the former matters no more.
fn joined(table: u8, at: usize, other: usize) -> u8 {
    let index = |index: usize| {
        let same = (index & bit(other) != 0) == (index & bit(at) != 0);
        if same { index } else { index ^ bit(at) }
    };
    (0..8).fold(0, |joined, place| joined | (table >> index(place) & 1) << place)
}

/// The functions of a program, parts of which begin at `bounds` (the last one ends there).
pub(super) fn steps(
    operations: &[Operation],
    bounds: &[usize],
    outputs: &[usize],
    slots: usize,
) -> Vec<Step> {
    let mut steps: Vec<Step> = operations.iter().copied().map(Step::new).collect();
    keep_lasting(&mut steps, bounds, outputs, slots);
    for part in bounds.windows(2) {
        find_reads(&mut steps[part[0]..part[1]], slots);
    }
    steps
}

/// Marks results that are read in another part or after all of them.
fn keep_lasting(steps: &mut [Step], bounds: &[usize], outputs: &[usize], slots: usize) {
    let mut written: Vec<Option<usize>> = vec![None; slots];
    for part in bounds.windows(2) {
        for at in part[0]..part[1] {
            for read in steps[at].reads.into_iter().flatten() {
                if let Some(writer) = written[read.slot as usize].filter(|writer| *writer < part[0]) {
                    steps[writer].lasting = true;
                }
            }
            written[steps[at].output as usize] = Some(at);
        }
    }
    outputs.iter().filter_map(|&slot| written[slot]).for_each(|writer| steps[writer].lasting = true);
}

/// Finds for each value of a part which of its steps reads it next.
fn find_reads(part: &mut [Step], slots: usize) {
    let mut upcoming = vec![NEVER; slots];
    for (at, step) in part.iter_mut().enumerate().rev() {
        step.next = std::mem::replace(&mut upcoming[step.output as usize], NEVER);
        for read in step.reads.iter_mut().flatten() {
            read.next = std::mem::replace(&mut upcoming[read.slot as usize], at as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_each_slot_that_matters_once() {
        for inputs in [[4, 5, 6], [4, 5, 4], [4, 4, 6], [4, 5, 5], [7, 7, 7]] {
            for table in 0..=255 {
                let step = Step::new(Operation { table, inputs, output: 9 });
                let mut slots: Vec<u32> = step.reads().map(|(_, read)| read.slot).collect();
                for values in 0..8usize {
                    let value = |slot: u32| values >> (slot % 3) & 1;
                    let index = inputs.iter().fold(0, |index, &slot| 2 * index + value(slot));
                    let own = step
                        .reads
                        .iter()
                        .fold(0, |index, read| 2 * index + read.map_or(0, |read| value(read.slot)));
                    assert_eq!(step.table >> own & 1, table >> index & 1, "{table} of {inputs:?}: {step:?}");
                }
                slots.sort_unstable();
                slots.dedup();
                assert_eq!(slots.len(), step.reads().count(), "{table} of {inputs:?}: {step:?}");
            }
        }
    }

    #[test]
    fn values_are_kept_for_other_parts_and_until_their_last_read() {
        let and = |inputs, output| Operation { table: 0b1100_0000, inputs, output };
        let found = steps(&[and([0, 1, 1], 2), and([2, 0, 0], 3), and([3, 2, 2], 2)], &[0, 1, 3], &[2], 4);
        assert_eq!(found.iter().map(|step| step.lasting).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(found.iter().map(|step| step.next).collect::<Vec<_>>(), [NEVER, 1, NEVER]);
        let next: Vec<Vec<u32>> =
            found.iter().map(|step| step.reads().map(|(_, read)| read.next).collect()).collect();
        assert_eq!(next, [vec![NEVER, NEVER], vec![1, NEVER], vec![NEVER, NEVER]]);
    }
}

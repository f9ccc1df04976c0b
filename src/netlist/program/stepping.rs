//! Functions whose results take the places of what they follow: a value steps on where it stands.

use super::cover::Merged;
use crate::netlist::{Cell, Net, Netlist};

/// The functions, each of those that give the second net of a step as soon as no other one reads the first net any more.
///
/// # Panics
/// When a function reads what a step gives, or two steps each read what the other one takes the place of.
pub(super) fn stepped(netlist: &Netlist, functions: Vec<Merged>, steps: &[(Net, Net)]) -> Vec<Merged> {
    let mut before: Vec<Option<usize>> = vec![None; netlist.cells().len()];
    steps.iter().for_each(|(bit, next)| before[next.index()] = Some(bit.index()));
    let read = |merged: &Merged| merged.inputs.iter().any(|net| before[*net as usize].is_some());
    assert!(!functions.iter().any(read), "what a step gives is not read");
    let (mut waiting, others): (Vec<Merged>, Vec<Merged>) =
        functions.into_iter().partition(|merged| before[merged.output].is_some());
    let mut done: Vec<bool> = netlist.cells().iter().map(|cell| !matches!(cell, Cell::Gate(..))).collect();
    let (mut order, mut left) = (vec![], others.iter());
    loop {
        while let Some(at) = waiting.iter().position(|step| {
            let taken = before[step.output].expect("each that waits takes a place") as u32;
            let mut others = left.as_slice().iter().chain(&waiting);
            let free = !others.any(|other| other.output != step.output && other.inputs.contains(&taken));
            free && step.inputs.iter().all(|net| done[*net as usize])
        }) {
            order.push(waiting.remove(at));
        }
        let Some(next) = left.next() else { break };
        done[next.output] = true;
        order.push(*next);
    }
    assert!(waiting.is_empty(), "no two steps read what the other one takes the place of");
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Program, Slot, WORDS};
    use crate::netlist::sample::words;
    use crate::netlist::{Builder, Net, Netlist};

    /// A sum of eight bits to which the product is added, or of which some bits move up.
    fn steps(moves: bool) -> Netlist {
        let mut build = Builder::new("step");
        let (sum, product) = (build.input("sum", 8), build.input("product", 8));
        let mut carry = build.constant(false);
        let mut add = |(a, b): (&Net, &Net)| {
            let (sum, next) = build.full_adder(*a, *b, carry);
            carry = next;
            sum
        };
        let added: Vec<Net> = sum.iter().zip(&product).map(&mut add).collect();
        let moved = |(at, bit): (usize, &Net)| {
            let other = if at == 0 { product[0] } else { sum[at - 1] };
            build.and(other, *bit)
        };
        let next = if moves { sum.iter().enumerate().map(moved).collect() } else { added };
        build.output("y", next);
        build.finish()
    }

    proptest! {
        #[test]
        fn a_value_steps_on_where_it_stands(moves: bool, seed: u64) {
            let netlist = steps(moves);
            let program = Program::stepping(&netlist);
            let mut random = words(seed);
            let mut slots = program.start(|_| [0; WORDS]);
            program.inputs().iter().for_each(|&input| slots[input].0 = [0; WORDS].map(|_: u64| random()));
            for _ in 0..5 {
                let code = |slots: &[Slot], bits: &[usize], lane: usize| {
                    bits.iter().rev().fold(0, |code, &slot| code << 1 | slots[slot].0[lane / 64] >> (lane % 64) & 1)
                };
                let (of_sum, of_product) = program.inputs().split_at(8);
                let lanes = [0, 1, 63, 64, 511, 512, 1023];
                let expected = lanes.map(|lane| {
                    netlist.eval(&[code(&slots, of_sum, lane), code(&slots, of_product, lane)])[0]
                });
                program.settle(&mut slots);
                prop_assert_eq!(lanes.map(|lane| code(&slots, of_sum, lane)), expected);
            }
        }
    }

    #[test]
    #[should_panic(expected = "no two steps read what the other one takes the place of")]
    fn bits_that_change_places_cannot_step() {
        let mut build = Builder::new("swap");
        let bits = build.input("bits", 2);
        let next = [1, 0].map(|at| build.not(bits[at]));
        build.output("y", next.to_vec());
        Program::stepping(&build.finish());
    }
}

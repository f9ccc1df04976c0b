//! Which value is in which register: where none is free, the value that is read again the latest makes room.
//!
//! # Sources
//! L. A. Belady, A study of replacement algorithms for a virtual-storage computer, IBM Systems Journal 5(2), 1966.

use super::super::Slot;
use super::evex::{Assembler, Place};
use super::steps::{NEVER, Step};

const REGISTERS: usize = 32;

/// A value in a register.
#[derive(Debug, Clone, Copy)]
struct Held {
    slot: u32,
    /// The step that reads it next.
    next: u32,
    /// Whether its slot has it too.
    saved: bool,
}

/// Code so far, and what registers hold after it.
pub(super) struct Registers {
    pub(super) code: Assembler,
    held: [Option<Held>; REGISTERS],
    /// The register of each slot's value.
    of_slot: Vec<Option<u8>>,
}

impl Registers {
    pub(super) fn new(slots: usize) -> Self {
        Self { code: Assembler::default(), held: [None; REGISTERS], of_slot: vec![None; slots] }
    }

    /// Translates the steps of one part, which leave nothing in registers that is still needed.
    pub(super) fn translate(&mut self, part: &[Step]) {
        part.iter().for_each(|step| self.step(step));
        let left = self.held.iter().flatten().count();
        assert_eq!(left, 0, "a value that nothing reads any more is forgotten");
    }

    fn step(&mut self, step: &Step) {
        let in_memory = self.fetch(step);
        let places = step.reads.map(|read| read.map(|read| self.place(read.slot)));
        let (destination, over) = match self.forget_last_reads(step) {
            Some((register, at)) => (register, Some(at)),
            None => (self.free(step), None),
        };
        // The first of three operands is overwritten, the third may be in memory.
        let first = if places[0].is_some() { over.or(in_memory).unwrap_or(0) } else { 0 };
        let third = in_memory.filter(|at| *at != first).unwrap_or(if first == 2 { 1 } else { 2 });
        let order = [first, 3 - first - third, third];
        let [own, second, third] = order.map(|at| places[at].unwrap_or(Place::Register(destination)));
        if own != Place::Register(destination) {
            self.code.load(destination, own);
        }
        let Place::Register(second) = second else { unreachable!("one operand at most is in memory") };
        self.code.function(step.ordered(order), destination, second, third);
        if step.lasting {
            self.code.store(destination, bytes(step.output));
        }
        if step.next != NEVER {
            self.hold(destination, Held { slot: step.output, next: step.next, saved: step.lasting });
        }
    }

    /// Loads what a step reads, but for one value that no later step reads; gives its place among the inputs.
    fn fetch(&mut self, step: &Step) -> Option<usize> {
        let mut in_memory = None;
        for (at, read) in step.reads() {
            match self.of_slot[read.slot as usize] {
                Some(register) => {
                    self.held[register as usize].as_mut().expect("it is there").next = read.next;
                }
                None if read.next == NEVER && in_memory.is_none() => in_memory = Some(at),
                None => {
                    let register = self.free(step);
                    self.code.load(register, Place::Memory(bytes(read.slot)));
                    self.hold(register, Held { slot: read.slot, next: read.next, saved: true });
                }
            }
        }
        in_memory
    }

    fn place(&self, slot: u32) -> Place {
        self.of_slot[slot as usize].map_or(Place::Memory(bytes(slot)), Place::Register)
    }

    /// Frees the registers of what is read for the last time; gives one of them and its place among the inputs.
    fn forget_last_reads(&mut self, step: &Step) -> Option<(u8, usize)> {
        let mut last = None;
        for (at, read) in step.reads().filter(|(_, read)| read.next == NEVER) {
            if self.of_slot[read.slot as usize].is_some() {
                last = Some((self.forget(read.slot), at));
            }
        }
        last
    }

    fn hold(&mut self, register: u8, held: Held) {
        self.held[register as usize] = Some(held);
        self.of_slot[held.slot as usize] = Some(register);
    }

    fn forget(&mut self, slot: u32) -> u8 {
        let register = self.of_slot[slot as usize].take().expect("it is in a register");
        self.held[register as usize] = None;
        register
    }

    /// A free register, after making room for it where there is none; what the step reads stays.
    fn free(&mut self, step: &Step) -> u8 {
        if let Some(register) = self.held.iter().position(Option::is_none) {
            return register as u8;
        }
        let needed = |held: &&Held| step.reads().any(|(_, read)| read.slot == held.slot);
        let others = self.held.iter().flatten().filter(|held| !needed(held));
        let held = *others.max_by_key(|held| held.next).expect("a step needs three registers at most");
        let register = self.forget(held.slot);
        if !held.saved {
            self.code.store(register, bytes(held.slot));
        }
        register
    }
}

/// Where a slot is from the first one on.
fn bytes(slot: u32) -> i32 {
    slot as i32 * size_of::<Slot>() as i32
}

//! Changes to come.

use super::Lane;

/// Changes to come, by time and by net.
#[derive(Debug, Clone)]
pub(super) struct Agenda<const W: usize> {
    /// A ring of times: the changes of each.
    pub ring: Vec<Vec<u32>>,
    pub now: u32,
    pub entries: usize,
    changes: Vec<Change<W>>,
    /// Changes that have happened, whose room is free.
    free: Vec<u32>,
    /// The first and the last change of each net that is to come.
    plans: Vec<[u32; 2]>,
}

/// Lanes of a net that are to change at one time.
#[derive(Debug, Clone)]
struct Change<const W: usize> {
    lanes: Lane<W>,
    net: u32,
    /// The net's next change: one delay a net, so changes are planned in order.
    next: u32,
}

/// No change.
const NONE: u32 = u32::MAX;

impl<const W: usize> Agenda<W> {
    pub fn new(longest: u32, nets: usize) -> Self {
        let ring = vec![vec![]; (longest as usize + 1).next_power_of_two()];
        Self { ring, now: 0, entries: 0, changes: vec![], free: vec![], plans: vec![[NONE; 2]; nets] }
    }

    #[inline(always)]
    pub fn place(&self, time: u32) -> usize {
        time as usize & (self.ring.len() - 1)
    }

    #[inline(always)]
    pub fn add(&mut self, delay: u32, net: u32, lanes: Lane<W>) {
        let change = Change { lanes, net, next: NONE };
        let at = match self.free.pop() {
            Some(at) => {
                self.changes[at as usize] = change;
                at
            }
            None => {
                self.changes.push(change);
                self.changes.len() as u32 - 1
            }
        };
        let [first, last] = &mut self.plans[net as usize];
        match std::mem::replace(last, at) {
            NONE => *first = at,
            before => self.changes[before as usize].next = at,
        }
        let place = self.place(self.now.wrapping_add(delay));
        self.ring[place].push(at);
        self.entries += 1;
    }

    /// Takes lanes of a net back, whenever they were to change.
    #[inline(always)]
    pub fn cancel(&mut self, net: u32, lanes: &Lane<W>) {
        let mut at = self.plans[net as usize][0];
        while at != NONE {
            let change = &mut self.changes[at as usize];
            change.lanes.iter_mut().zip(lanes).for_each(|(planned, lanes)| *planned &= !lanes);
            at = change.next;
        }
    }

    /// The net and the lanes of a change that happens now: the first of its net.
    #[inline(always)]
    pub fn happen(&mut self, at: u32) -> (u32, Lane<W>) {
        let Change { lanes, net, next } = self.changes[at as usize];
        let [first, last] = &mut self.plans[net as usize];
        *first = next;
        if next == NONE {
            *last = NONE;
        }
        self.free.push(at);
        (net, lanes)
    }
}

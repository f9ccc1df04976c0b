//! How many products a unit forms at once, where registers stand between them, and what holds them.

use std::fmt::Write;

use crate::kernel::Steps;

/// Products that share one left shift, as the codes of a razored group do ([`crate::razor`]), or one factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Lanes whose sum is shifted or multiplied at once.
    pub group: u32,
    /// The largest shift or factor.
    pub largest: u32,
    /// Which of both.
    pub steps: Steps,
}

impl Shift {
    /// The largest that a unit around any multiplier has unless its id says otherwise.
    pub(super) fn usual(steps: Steps) -> u32 {
        match steps {
            Steps::PowersOfTwo => 1,
            Steps::Multiples => FACTOR,
        }
    }

    /// Bits by which it makes a sum longer.
    fn bits(&self) -> u32 {
        match self.steps {
            Steps::PowersOfTwo => self.largest,
            Steps::Multiples => self.largest.ilog2() + 1,
        }
    }
}

/// The largest factor of 8 bits.
pub(super) const FACTOR: u32 = 255;

/// What a unit has around its multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Multipliers, whose products are added in a tree (a dot-product unit): 1 to 256. In an id `__lN`.
    pub lanes: u32,
    /// How sums of products are shifted or multiplied before they are accumulated; the largest shift or factor in an id as `__tN`.
    pub shift: Option<Shift>,
    /// Ranks of registers between operands and result: with 1 products are held, with 2 also their sums. In an id `__pN`.
    pub ranks: u32,
    /// Whether a lane with a zero operand keeps its operand registers as they are, so that nothing switches behind them; its
    /// product counts as zero whatever the multiplier makes of zero. In an id `__z`.
    pub gated: bool,
    /// Whether a port `en` stalls the unit: at 0 all its registers hold. In an id `__e`.
    pub stalls: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { lanes: 1, shift: None, ranks: 0, gated: false, stalls: false }
    }
}

impl Shape {
    /// Lanes whose products are added before they are shifted.
    pub fn group(&self) -> u32 {
        self.shift.map_or(self.lanes, |shift| shift.group)
    }

    /// A sum of products of a group as it is accumulated, where `by` stands on its port.
    pub fn shifted(&self, sum: i64, by: i64) -> i64 {
        self.shift.map_or(sum, |shift| shift.steps.of(sum, by))
    }

    /// The most that a sum is multiplied by.
    pub fn largest_factor(&self) -> i64 {
        self.shifted(1, self.shift.map_or(0, |shift| shift.largest.into()))
    }

    /// Bits by which a sum becomes longer at most.
    pub(super) fn shift_bits(&self) -> u32 {
        self.shift.map_or(0, |shift| shift.bits())
    }

    /// Bits that a sum of products has more than one of them, shifted as far as it may be.
    pub(super) fn growth(&self) -> u32 {
        let levels = |count: u32| count.next_power_of_two().ilog2();
        levels(self.group()) + self.shift_bits() + levels(self.lanes / self.group())
    }

    /// What there may be instead, where there is no such unit.
    pub(super) fn check(&self) -> Result<(), String> {
        let Self { lanes, ranks, .. } = *self;
        if !(1..=256).contains(&lanes) {
            return Err(format!("a unit has 1 to 256 lanes, not {lanes}"));
        }
        if ranks > 2 {
            return Err(format!(
                "write `__p1` to hold products or `__p2` to hold their sums too, not `__p{ranks}`"
            ));
        }
        match self.shift {
            Some(Shift { group, .. }) if group == 0 || lanes % group != 0 => {
                Err(format!("lanes come in whole groups of {group}, not {lanes} of them"))
            }
            Some(Shift { largest, steps: Steps::PowersOfTwo, .. }) if !(1..=31).contains(&largest) => {
                Err(format!("the largest shift is 1 to 31, not {largest}"))
            }
            Some(Shift { largest, steps: Steps::Multiples, .. }) if !(1..=FACTOR).contains(&largest) => {
                Err(format!("the largest factor is 1 to {FACTOR}, not {largest}"))
            }
            _ => Ok(()),
        }
    }

    /// The end of an id: what differs from the `usual` shape.
    pub(super) fn suffix(&self, usual: &Self) -> String {
        let mut suffix = String::new();
        // A group that the head of the id does not name.
        let named = self.shift.filter(|_| usual.shift.is_none());
        let largest = |shift: Option<Shift>| shift.map_or(0, |shift| shift.largest);
        let (lanes, most) = named
            .map_or((usual.lanes, largest(usual.shift)), |shift| (shift.group, Shift::usual(shift.steps)));
        let letter = if named.is_some_and(|shift| shift.steps == Steps::Multiples) { 'v' } else { 'g' };
        let numbers = [
            (letter, named.map_or(0, |shift| shift.group), 0),
            ('l', self.lanes, lanes),
            ('t', largest(self.shift), most),
            ('p', self.ranks, usual.ranks),
        ];
        for (letter, number, _) in numbers.into_iter().filter(|(_, number, usual)| number != usual) {
            let _ = write!(suffix, "__{letter}{number}");
        }
        for (letter, is) in [("z", self.gated), ("e", self.stalls)] {
            suffix += if is { "__" } else { "" };
            suffix += if is { letter } else { "" };
        }
        suffix
    }
}

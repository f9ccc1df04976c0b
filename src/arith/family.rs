//! The families of designs: what they compute, which parameters they take, who published them.

mod compressors;
mod exact_adders;
mod exact_multipliers;
mod logarithmic;
mod low_part;
mod members;
mod one_bit;
mod open;
mod pruned;
mod recoded;
mod segments;
mod speculative;

pub(super) use members::Choice;
pub use open::{OPEN, Open};

use std::ops::RangeInclusive;

use super::adder::{Carries, Scheme};
use super::multiplier::Core;
use super::{ArithError, Design, Widths};

/// A parameter of a family.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its letter within an id.
    pub letter: char,
    /// The least and the greatest value at operand widths, after the parameters before it.
    pub values: fn(Widths, &[u32]) -> RangeInclusive<u32>,
    /// Distance of two values.
    pub step: usize,
}

impl Parameter {
    /// How many values a range has.
    fn count(&self, range: &RangeInclusive<u32>) -> usize {
        if range.is_empty() { 0 } else { (range.end() - range.start()) as usize / self.step + 1 }
    }

    fn takes(&self, range: &RangeInclusive<u32>, value: u32) -> bool {
        range.contains(&value) && ((value - range.start()) as usize).is_multiple_of(self.step)
    }
}

/// How a member is made of its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// An adder.
    Adder(fn(&[u32]) -> Scheme),
    /// An adder of blocks, for each of which the parameters are repeated until they fill the width.
    Blocks(fn(&[u32]) -> Scheme),
    /// A multiplier of magnitudes, signed by a wrapper around it.
    Core(fn(&[u32]) -> Box<dyn Core>),
    /// The same, signed by inverting bits without adding 1; for two's complement operands only.
    Inverted(fn(&[u32]) -> Box<dyn Core>),
    /// A multiplier of magnitudes that is defined for operands of one width only.
    Square(fn(&[u32]) -> Box<dyn Core>),
    /// A multiplier of magnitudes whose last addition an exact adder of choice makes, else this one.
    Tree(Carries, fn(&[u32], Carries) -> Box<dyn Core>),
    /// A multiplier of two's complement operands, of these widths, with these parameters, a final adder of choice, else
    /// this one, and this part of its id.
    Signed(Carries, fn(Widths, &[u32], Carries, String) -> Box<dyn Design>),
}

/// A family of designs.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// The name within an id.
    pub name: &'static str,
    /// The parameters, in the order of an id.
    pub parameters: &'static [Parameter],
    pub(super) kind: Kind,
    /// What it computes, in a few words.
    pub definition: &'static str,
    /// What it computes, as a formula in a sentence, on operands without sign.
    pub formula: &'static str,
    /// Where it was published.
    pub source: &'static str,
}

impl Family {
    /// Whether its members multiply exactly.
    pub(super) fn multiplies_exactly(&self) -> bool {
        exact_multipliers::GROUP
            .families
            .iter()
            .any(|exact| exact.name == self.name && self.operation() == "mul")
    }
}

/// Families of one idea.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// What they have in common.
    pub title: &'static str,
    /// The families.
    pub families: &'static [Family],
}

/// All groups, adders first.
pub const GROUPS: [Group; 10] = [
    exact_adders::GROUP,
    low_part::GROUP,
    one_bit::GROUP,
    speculative::GROUP,
    exact_multipliers::GROUP,
    pruned::GROUP,
    segments::GROUP,
    logarithmic::GROUP,
    compressors::GROUP,
    recoded::GROUP,
];

/// All families, adders first.
pub fn families() -> impl Iterator<Item = &'static Family> + Clone {
    GROUPS.iter().flat_map(|group| group.families)
}

impl Family {
    /// `add` or `mul`.
    pub fn operation(&self) -> &'static str {
        if matches!(self.kind, Kind::Adder(_) | Kind::Blocks(_)) { "add" } else { "mul" }
    }

    /// Whether only two's complement operands are defined.
    pub fn signed_only(&self) -> bool {
        matches!(self.kind, Kind::Signed(..) | Kind::Inverted(_))
    }

    /// Whether operands may differ in width.
    pub fn takes_unequal_widths(&self) -> bool {
        matches!(self.kind, Kind::Core(_) | Kind::Inverted(_) | Kind::Tree(..) | Kind::Signed(..))
    }

    /// The final adder that a member has where its id names none; none where there is no choice.
    pub(super) fn final_adder(&self) -> Option<Carries> {
        match self.kind {
            Kind::Tree(adder, _) | Kind::Signed(adder, _) => Some(adder),
            _ => None,
        }
    }
}

impl ArithError {
    /// A family that does not exist: a near miss is asked back, for anything else all families are named.
    pub(super) fn no_family(id: &str, operation: &str, name: &str) -> Self {
        let names = families().filter(|family| family.operation() == operation).map(|family| family.name);
        let similarity = |known: &&str| strsim::jaro_winkler(known, name);
        let best = names.clone().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
        let elsewhere = families().find(|family| family.operation() != operation && family.name == name);
        let instead = match (elsewhere, best.filter(|best| similarity(best) >= 0.7)) {
            (Some(other), _) => {
                format!("it is one of `{}`, for example `{}`", other.operation(), other.example())
            }
            (None, Some(best)) => format!("did you mean `{best}`?"),
            (None, None) => {
                format!("there are {}", names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
            }
        };
        Self::Family { id: id.into(), name: name.into(), instead }
    }
}

//! The families of designs: what they compute, which parameters they take, who published them.

mod compressors;
mod exact_adders;
mod exact_multipliers;
mod logarithmic;
mod low_part;
mod one_bit;
mod pruned;
mod recoded;
mod segments;
mod speculative;

use std::ops::RangeInclusive;

use super::adder::{Adder, Scheme};
use super::multiplier::{Core, Multiplier};
use super::{ArithError, Design};

/// A parameter of a family.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its letter within an id.
    pub letter: char,
    /// The least and the greatest value at an operand width, after the parameters before it.
    pub values: fn(u32, &[u32]) -> RangeInclusive<u32>,
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
    /// A multiplier of magnitudes, signed by a wrapper around it.
    Core(fn(&[u32]) -> Box<dyn Core>),
    /// A multiplier of two's complement operands, of this width, with these parameters and this part of its id.
    Signed(fn(u32, &[u32], String) -> Box<dyn Design>),
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

/// A published idea that is not built, for want of a source that settles it.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    /// Its name in papers.
    pub name: &'static str,
    /// What is missing.
    pub reason: &'static str,
}

/// Ideas that are known and not built: nothing here is guessed.
pub const OPEN: [Open; 14] = [
    Open { name: "GDA", reason: "its paper was not at hand; at a fixed setting it is said to be gear_r_p" },
    Open { name: "SCSkip", reason: "public models differ in the carry of the lowest bit of a block" },
    Open { name: "RAP-CLA, dual-mode and error-resilient adders", reason: "switched at run time" },
    Open { name: "QuAd", reason: "a list of blocks of its own sizes; ids have a fixed number of parameters" },
    Open { name: "SDLC", reason: "which rows are grouped is not settled" },
    Open { name: "CDM", reason: "which columns of the partial sums disregard carries is not settled" },
    Open { name: "LETAM", reason: "descriptions differ in the bit below the kept ones" },
    Open { name: "DeBAM, AxSM", reason: "the decoder blocks are known by a picture alone" },
    Open {
        name: "LOBO, HRALM, TL, scaleTRIM, HEALM",
        reason: "only models with one's complement products, or none",
    },
    Open { name: "Sabetzadeh", reason: "the masks of its compressor were not readable" },
    Open {
        name: "Lin-Lin, Ha-Lee, Akbari, Strollo, Venkatachalam-Ko, Esposito",
        reason: "the masks of their compressors were not readable; `tree42` takes any",
    },
    Open { name: "R4ABM2", reason: "which bit of a digit inverts the row differs between paper and model" },
    Open { name: "ABM (radix 8)", reason: "the adder that makes three times a is not settled" },
    Open { name: "trunc with a variable correction", reason: "many versions, none of them the standard one" },
];

impl Family {
    /// `add` or `mul`.
    pub fn operation(&self) -> &'static str {
        if matches!(self.kind, Kind::Adder(_)) { "add" } else { "mul" }
    }

    /// Whether only two's complement operands are defined.
    pub fn signed_only(&self) -> bool {
        matches!(self.kind, Kind::Signed(_))
    }

    /// The id of a usual member: 16-bit adders without sign, signed 8-bit multipliers, middling parameters.
    ///
    /// ```
    /// use axsim::arith::{design, families};
    /// assert!(families().all(|family| design(&family.example()).is_ok()));
    /// ```
    pub fn example(&self) -> String {
        let (head, width) = if self.operation() == "add" { ("add16u", 16) } else { ("mul8s", 8) };
        let mut values: Vec<u32> = vec![];
        for parameter in self.parameters {
            let range = (parameter.values)(width, &values);
            values.push(4.clamp(*range.start(), *range.end()));
        }
        format!("{head}_{}", self.suffix(&values))
    }

    /// About how many members there are of an operand width: parameters may depend on those before them.
    pub fn size(&self, width: u32) -> usize {
        let mut before = vec![];
        let count = |parameter: &Parameter| {
            let range = (parameter.values)(width, &before);
            before.push(*range.start());
            parameter.count(&range)
        };
        self.parameters.iter().map(count).fold(1, usize::saturating_mul)
    }

    /// Choices of parameters at an operand width: at most `each` evenly spaced values of each parameter.
    pub fn choices(&self, width: u32, each: usize) -> Vec<Vec<u32>> {
        let mut choices = vec![vec![]];
        for parameter in self.parameters {
            let longer = |before: &Vec<u32>| {
                let with = |value| before.iter().copied().chain([value]).collect::<Vec<u32>>();
                let range = (parameter.values)(width, before);
                let every = parameter.count(&range).div_ceil(each).max(1);
                range.step_by(parameter.step.saturating_mul(every)).map(with).collect::<Vec<_>>()
            };
            choices = choices.iter().flat_map(longer).collect();
        }
        choices
    }

    /// The part of an id after width and sign: the name and the parameters, for example `drum_k4`.
    pub fn suffix(&self, values: &[u32]) -> String {
        let part = |(parameter, value): (&Parameter, &u32)| format!("_{}{value}", parameter.letter);
        self.name.to_string() + &self.parameters.iter().zip(values).map(part).collect::<String>()
    }

    /// The member of these parameters.
    pub(super) fn member(&self, width: u32, signed: bool, values: &[u32]) -> Box<dyn Design> {
        let family = self.suffix(values);
        match self.kind {
            Kind::Adder(scheme) => Box::new(Adder { width, signed, scheme: scheme(values), family }),
            Kind::Core(core) => Box::new(Multiplier { width, signed, core: core(values), family }),
            Kind::Signed(make) => make(width, values, family),
        }
    }

    /// The values of the parameters as an id writes them after the name, or what to write.
    pub(super) fn values(&self, width: u32, written: &[&str]) -> Result<Vec<u32>, String> {
        if self.parameters.is_empty() && !written.is_empty() {
            return Err(format!("`{}` has no parameter", self.name));
        }
        let mut values: Vec<u32> = vec![];
        for (at, parameter) in self.parameters.iter().enumerate() {
            let range = (parameter.values)(width, &values);
            let text = written.get(at).and_then(|part| part.strip_prefix(parameter.letter));
            let value = text.and_then(|text| text.parse().ok());
            let value = value.filter(|value| parameter.takes(&range, *value));
            values.push(value.ok_or_else(|| self.expected(at, &range))?);
        }
        if written.len() > values.len() {
            Err(format!("write `{}`", self.suffix(&values)))
        } else {
            Ok(values)
        }
    }

    fn expected(&self, at: usize, range: &RangeInclusive<u32>) -> String {
        let many = self.parameters.len() > 1;
        let part = |parameter: &Parameter| {
            let upper = parameter.letter.to_ascii_uppercase();
            format!("_{}{}", parameter.letter, if many { upper } else { 'N' })
        };
        let parts: String = self.parameters.iter().map(part).collect();
        let name = if many { self.parameters[at].letter.to_ascii_uppercase() } else { 'N' };
        if range.is_empty() {
            return format!("`{}` has no member of this width with these parameters", self.name);
        }
        let steps = if self.parameters[at].step > 1 { " in steps of 2" } else { "" };
        format!("write `{}{parts}` with {name} from {} to {}{steps}", self.name, range.start(), range.end())
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

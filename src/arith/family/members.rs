//! The members of a family: their parameters, as numbers and within ids.

use std::ops::RangeInclusive;

use super::{Family, Kind, Parameter};
use crate::arith::adder::{Adder, Carries};
use crate::arith::multiplier::{Multiplier, Sign};
use crate::arith::{Design, Widths};

/// A member's parameters and final adder, as an id names them.
pub(in crate::arith) struct Choice {
    /// The parameters in the order of the id.
    pub values: Vec<u32>,
    /// The final adder and its name; none where it is the usual one.
    pub adder: Option<(Carries, String)>,
}

impl Family {
    /// Whether the parameters are repeated, for block after block.
    fn repeats(&self) -> bool {
        matches!(self.kind, Kind::Blocks(_))
    }

    fn parameter(&self, at: usize) -> Option<&'static Parameter> {
        self.parameters.get(if self.repeats() { at % self.parameters.len() } else { at })
    }

    /// The parameter after those before it and its values; none where there are enough.
    fn next(&self, widths: Widths, before: &[u32]) -> Option<(&'static Parameter, RangeInclusive<u32>)> {
        let parameter = self.parameter(before.len())?;
        let range = (parameter.values)(widths, before);
        let full = self.repeats() && before.len().is_multiple_of(self.parameters.len()) && range.is_empty();
        (!full).then_some((parameter, range))
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
        while let Some((_, range)) = self.next(width.into(), &values) {
            values.push(4.clamp(*range.start(), *range.end()));
        }
        format!("{head}_{}", self.suffix(&values))
    }

    /// About how many members there are of operand widths: parameters may depend on those before them; where they are
    /// repeated, no fewer than can be counted.
    pub fn size(&self, widths: impl Into<Widths>) -> usize {
        if self.repeats() {
            return usize::MAX;
        }
        let (widths, mut before, mut size) = (widths.into(), vec![], 1usize);
        while let Some((parameter, range)) = self.next(widths, &before) {
            before.push(*range.start());
            size = size.saturating_mul(parameter.count(&range));
        }
        size
    }

    /// Choices of parameters at operand widths: at most `each` evenly spaced values of each parameter; of those that
    /// are repeated a quarter as many every time.
    pub fn choices(&self, widths: impl Into<Widths>, each: usize) -> Vec<Vec<u32>> {
        let widths = widths.into();
        if !widths.equal() && !self.takes_unequal_widths() {
            return vec![];
        }
        let (mut complete, mut open) = (vec![], vec![vec![]]);
        while let Some(before) = open.pop() {
            let Some((parameter, range)) = self.next(widths, &before) else {
                complete.push(before);
                continue;
            };
            let round = before.len() / self.parameters.len();
            let each = (each >> (2 * round).min(63)).max(1);
            let every = parameter.count(&range).div_ceil(each).max(1);
            let values = range.step_by(parameter.step.saturating_mul(every)).collect::<Vec<_>>();
            open.extend(values.into_iter().rev().map(|value| [&before[..], &[value]].concat()));
        }
        complete
    }

    /// The part of an id after width and sign: the name and the parameters, for example `drum_k4`.
    pub fn suffix(&self, values: &[u32]) -> String {
        let letters = self.parameters.iter().cycle();
        let part = |(parameter, value): (&Parameter, &u32)| format!("_{}{value}", parameter.letter);
        self.name.to_string() + &letters.zip(values).map(part).collect::<String>()
    }

    /// The member of these parameters and this final adder; adders have the width of `a`.
    pub(in crate::arith) fn member(&self, widths: Widths, signed: bool, choice: &Choice) -> Box<dyn Design> {
        let Choice { values, adder } = choice;
        let named = adder.as_ref().map_or(String::new(), |(_, name)| format!("__{name}"));
        let family = self.suffix(values) + &named;
        let carries = adder.as_ref().map(|(carries, _)| *carries);
        let core = match self.kind {
            Kind::Adder(scheme) | Kind::Blocks(scheme) => {
                return Box::new(Adder { width: widths.a, signed, scheme: scheme(values), family });
            }
            Kind::Signed(usual, make) => return make(widths, values, carries.unwrap_or(usual), family),
            Kind::Core(core) | Kind::Square(core) | Kind::Inverted(core) => core(values),
            Kind::Tree(usual, core) => core(values, carries.unwrap_or(usual)),
        };
        let sign = match (signed, self.kind) {
            (false, _) => Sign::None,
            (true, Kind::Inverted(_)) => Sign::Inverted,
            (true, _) => Sign::Magnitude,
        };
        Box::new(Multiplier { widths, sign, core, family })
    }

    /// The values of the parameters as an id writes them after the name, or what to write.
    pub(in crate::arith) fn values(&self, widths: Widths, written: &[&str]) -> Result<Vec<u32>, String> {
        if self.parameters.is_empty() && !written.is_empty() {
            return Err(format!("`{}` has no parameter", self.name));
        }
        let mut values: Vec<u32> = vec![];
        while let Some((parameter, range)) = self.next(widths, &values) {
            let text = written.get(values.len()).and_then(|part| part.strip_prefix(parameter.letter));
            let value = text.and_then(|text| text.parse().ok());
            let value = value.filter(|value| parameter.takes(&range, *value));
            values.push(value.ok_or_else(|| self.expected(parameter, &range))?);
        }
        if written.len() > values.len() {
            Err(format!("write `{}`", self.suffix(&values)))
        } else {
            Ok(values)
        }
    }

    fn expected(&self, parameter: &Parameter, range: &RangeInclusive<u32>) -> String {
        let many = self.parameters.len() > 1;
        let part = |parameter: &Parameter| {
            let upper = parameter.letter.to_ascii_uppercase();
            format!("_{}{}", parameter.letter, if many { upper } else { 'N' })
        };
        let mut parts: String = self.parameters.iter().map(part).collect();
        if self.repeats() {
            parts = format!("{parts}{parts}…");
        }
        let name = if many { parameter.letter.to_ascii_uppercase() } else { 'N' };
        if range.is_empty() {
            return format!("`{}` has no member of these widths with these parameters", self.name);
        }
        let steps = if parameter.step > 1 { " in steps of 2" } else { "" };
        format!("write `{}{parts}` with {name} from {} to {}{steps}", self.name, range.start(), range.end())
    }
}

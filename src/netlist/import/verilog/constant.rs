//! Expressions whose value is known before there are gates; widths and signs as IEEE 1364-2001, clause 4.

use super::elaborate::{Elaborator, Scope, Symbol};
use super::syntax::{Expression, Kind, Number, Parameter};
use crate::netlist::import::{Fault, ImportError};

/// Bits of the widest value that is computed.
const WIDEST: usize = 127;

/// A value modulo two to its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    bits: u128,
    width: usize,
}

impl Word {
    fn new(value: i128, width: usize) -> Self {
        Self { bits: value as u128 & mask(width), width }
    }

    fn truth(holds: bool) -> Self {
        Self::new(holds.into(), 1)
    }

    fn of(number: &Number) -> Option<Self> {
        let significant = number.bits.iter().rposition(|bit| *bit).map_or(0, |at| at + 1);
        let bits = number.bits[..significant].iter().rev();
        let narrow = significant <= WIDEST && number.bits.len() <= WIDEST;
        narrow.then(|| Self {
            bits: bits.fold(0, |value, bit| value << 1 | u128::from(*bit)),
            width: number.bits.len(),
        })
    }

    fn value(self, signed: bool) -> i128 {
        let negative = signed && self.width > 0 && self.bits >> (self.width - 1) == 1;
        if negative { (self.bits | !mask(self.width)) as i128 } else { self.bits as i128 }
    }

    /// With other bits behind it.
    fn then(self, other: Self) -> Self {
        Self { bits: self.bits << other.width | other.bits, width: self.width + other.width }
    }

    /// In a place of that width.
    fn at(self, width: usize, signed: bool) -> Self {
        Self::new(self.value(signed), width)
    }
}

fn mask(width: usize) -> u128 {
    (1 << width) - 1
}

fn unknown(e: &Expression, what: &str) -> ImportError {
    ImportError::new(e.line, Fault::Constant(what.into()))
}

/// What a parameter's declaration says of its form.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form {
    width: Option<usize>,
    signed: bool,
}

impl Number {
    /// In that form: without a width it keeps its own, and then its sign too.
    pub(super) fn formed(self, form: Form) -> Self {
        let Some(width) = form.width else { return Self { signed: self.signed || form.signed, ..self } };
        let fill = self.signed && self.bits.last() == Some(&true);
        let bits = self.bits.iter().copied().chain(std::iter::repeat(fill)).take(width).collect();
        Self { bits, signed: form.signed, sized: true }
    }
}

impl Elaborator<'_, '_> {
    /// The value of an expression by itself.
    pub(super) fn constant(&self, scope: &Scope, e: &Expression) -> Result<i64, ImportError> {
        let (word, signed) = self.alone(scope, e)?;
        i64::try_from(word.value(signed)).map_err(|_| unknown(e, "so large a number"))
    }

    /// The value of one that says how far to go, which has no sign.
    pub(super) fn amount(&self, scope: &Scope, e: &Expression) -> Result<usize, ImportError> {
        Ok(usize::try_from(self.alone(scope, e)?.0.bits).unwrap_or(usize::MAX))
    }

    /// What a parameter's declaration says, in the module that it is in.
    pub(super) fn form(&self, scope: &Scope, parameter: &Parameter) -> Result<Form, ImportError> {
        let width = match &parameter.range {
            Some((most, least)) => {
                let width = self.constant(scope, most)?.abs_diff(self.constant(scope, least)?);
                let width = usize::try_from(width).unwrap_or(usize::MAX).saturating_add(1);
                self.graph.check(parameter.value.line, width)?;
                Some(width)
            }
            None => parameter.integer.then_some(32),
        };
        Ok(Form { width, signed: parameter.signed || parameter.integer })
    }

    /// What a parameter is given.
    pub(super) fn parameter(&self, scope: &Scope, e: &Expression, form: Form) -> Result<Number, ImportError> {
        if let Kind::Number(number) = &e.kind {
            return Ok(number.clone().formed(form));
        }
        let (own, signed) = self.shape(scope, e)?;
        let word = self.known(scope, e, own.max(form.width.unwrap_or(0)), signed)?;
        let bits = (0..word.width).map(|bit| word.bits >> bit & 1 == 1).collect();
        Ok(Number { bits, signed, sized: true }.formed(form))
    }

    /// An expression that nothing around it widens, and whether it has a sign.
    fn alone(&self, scope: &Scope, e: &Expression) -> Result<(Word, bool), ImportError> {
        let (width, signed) = self.shape(scope, e)?;
        Ok((self.known(scope, e, width, signed)?, signed))
    }

    fn holds(&self, scope: &Scope, e: &Expression) -> Result<bool, ImportError> {
        Ok(self.alone(scope, e)?.0.bits != 0)
    }

    /// An expression in a place of that width and sign, which what it consists of takes too.
    fn known(&self, scope: &Scope, e: &Expression, width: usize, signed: bool) -> Result<Word, ImportError> {
        if width > WIDEST {
            return Err(unknown(e, "so wide a number"));
        }
        let here = |e| self.known(scope, e, width, signed);
        match &e.kind {
            Kind::Unary("-", inner) => Ok(Word::new((here(inner)?.bits as i128).wrapping_neg(), width)),
            Kind::Unary("~", inner) => Ok(Word::new(!here(inner)?.bits as i128, width)),
            Kind::Choice(three) => here(&three[if self.holds(scope, &three[0])? { 1 } else { 2 }]),
            Kind::Binary(operator @ ("<<" | ">>" | "<<<" | ">>>"), two) => {
                Ok(shifted(operator, here(&two[0])?, self.amount(scope, &two[1])?, signed))
            }
            Kind::Binary(operator @ ("+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "~^" | "^~"), two) => {
                let [a, b] = [here(&two[0])?.value(signed), here(&two[1])?.value(signed)];
                let value = arithmetic(operator, a, b).ok_or_else(|| unknown(e, operator))?;
                Ok(Word::new(value, width))
            }
            _ => Ok(self.known_by_itself(scope, e)?.at(width, signed)),
        }
    }

    /// What has a width of its own whatever surrounds it.
    fn known_by_itself(&self, scope: &Scope, e: &Expression) -> Result<Word, ImportError> {
        let number = |number| Word::of(number).ok_or_else(|| unknown(e, "so wide a number"));
        match &e.kind {
            Kind::Number(found) => number(found),
            Kind::Name(name) => match scope.find(e.line, name)? {
                Symbol::Parameter(found) => number(found),
                Symbol::Net(_) => Err(unknown(e, name)),
            },
            Kind::Unary(operator, inner) => Ok(reduced(operator, self.alone(scope, inner)?.0)),
            Kind::Cast(_, inner) => Ok(self.alone(scope, inner)?.0),
            Kind::Binary(operator @ ("&&" | "||"), two) => {
                let [a, b] = [self.holds(scope, &two[0])?, self.holds(scope, &two[1])?];
                Ok(Word::truth(if *operator == "&&" { a && b } else { a || b }))
            }
            Kind::Binary(operator, two) => {
                let [left, right] = [self.shape(scope, &two[0])?, self.shape(scope, &two[1])?];
                let (width, signed) = (left.0.max(right.0), left.1 && right.1);
                let of = |e| Ok::<_, ImportError>(self.known(scope, e, width, signed)?.value(signed));
                Ok(Word::truth(compared(operator, of(&two[0])?, of(&two[1])?)))
            }
            Kind::Concatenation(parts) => self.beside(scope, parts),
            Kind::Repetition(count, parts) => {
                let once = self.beside(scope, parts)?;
                Ok((0..self.constant(scope, count)?).fold(Word::new(0, 0), |all, _| all.then(once)))
            }
            _ => Err(unknown(e, "this")),
        }
    }

    /// The parts of a concatenation.
    fn beside(&self, scope: &Scope, parts: &[Expression]) -> Result<Word, ImportError> {
        let mut all = Word::new(0, 0);
        for part in parts {
            all = all.then(self.alone(scope, part)?.0);
        }
        Ok(all)
    }
}

fn reduced(operator: &str, Word { bits, width }: Word) -> Word {
    let odd = bits.count_ones() % 2 == 1;
    Word::truth(match operator {
        "&" => bits == mask(width),
        "~&" => bits != mask(width),
        "|" => bits != 0,
        "!" | "~|" => bits == 0,
        "^" => odd,
        _ => !odd,
    })
}

fn shifted(operator: &str, word: Word, by: usize, signed: bool) -> Word {
    let Word { bits, width } = word;
    let last = by.min(WIDEST) as u32;
    match operator {
        ">>>" if signed => Word::new(word.value(true) >> last, width),
        ">>" | ">>>" => Word::new((bits >> last) as i128, width),
        _ if by >= width => Word::new(0, width),
        _ => Word::new((bits << last) as i128, width),
    }
}

/// `None` where something is divided by 0.
fn arithmetic(operator: &str, a: i128, b: i128) -> Option<i128> {
    Some(match operator {
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        "/" => a.checked_div(b)?,
        "%" => a.checked_rem(b)?,
        "&" => a & b,
        "|" => a | b,
        "^" => a ^ b,
        _ => !(a ^ b),
    })
}

fn compared(operator: &str, a: i128, b: i128) -> bool {
    match operator {
        "==" | "===" => a == b,
        "!=" | "!==" => a != b,
        "<" => a < b,
        "<=" => a <= b,
        ">" => a > b,
        _ => a >= b,
    }
}

//! Expressions → gates; widths and signs as IEEE 1364-2001, clause 4.

use super::elaborate::{Elaborator, Scope, Symbol};
use super::syntax::{Expression, Kind, Number};
use crate::netlist::import::graph::Bit;
use crate::netlist::import::{Fault, ImportError, LIMIT};
use crate::netlist::{Gate, balanced};

/// Bits of an operand of a multiplication or a variable shift.
const WIDEST: usize = 256;
/// Bits of the other operations: as many as the standard wants of a vector.
const WIDEST_OPERATION: usize = 1 << 16;

impl Elaborator<'_, '_> {
    /// Width and sign of an expression by itself.
    pub(super) fn shape(&self, scope: &Scope, e: &Expression) -> Result<(usize, bool), ImportError> {
        let both = |two: &[Expression; 2]| -> Result<(usize, bool), ImportError> {
            let (left, right) = (self.shape(scope, &two[0])?, self.shape(scope, &two[1])?);
            Ok((left.0.max(right.0), left.1 && right.1))
        };
        Ok(match &e.kind {
            Kind::Number(number) => (number.bits.len(), number.signed),
            Kind::Name(name) => match scope.find(e.line, name)? {
                Symbol::Net(net) => (net.width, net.signed),
                Symbol::Parameter(number) => (number.bits.len(), number.signed),
            },
            Kind::Bit(..) => (1, false),
            Kind::Part(..) | Kind::Slice(..) => (self.part(scope, e)?.1, false),
            Kind::Unary("~" | "-", inner) => self.shape(scope, inner)?,
            Kind::Unary(..) => (1, false),
            Kind::Binary("<<" | ">>" | "<<<" | ">>>", two) => self.shape(scope, &two[0])?,
            Kind::Binary("+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "~^" | "^~", two) => both(two)?,
            Kind::Binary(..) => (1, false),
            Kind::Choice(three) => {
                let (one, zero) = (self.shape(scope, &three[1])?, self.shape(scope, &three[2])?);
                (one.0.max(zero.0), one.1 && zero.1)
            }
            Kind::Concatenation(parts) => (self.total(scope, parts)?, false),
            Kind::Repetition(count, parts) => {
                let count = usize::try_from(self.constant(scope, count)?).unwrap_or(0);
                let width = self.total(scope, parts)?.saturating_mul(count);
                self.graph.check(e.line, width)?;
                (width, false)
            }
            Kind::Cast(signed, inner) => (self.shape(scope, inner)?.0, *signed),
        })
    }

    fn total(&self, scope: &Scope, parts: &[Expression]) -> Result<usize, ImportError> {
        for part in parts {
            if let Kind::Number(number) = &part.kind
                && !number.sized
            {
                let expected = "a number with its width, as `4'd5`, among bits that are put side by side";
                return Err(ImportError::expected(
                    part.line,
                    expected,
                    &self.constant(scope, part)?.to_string(),
                ));
            }
        }
        parts.iter().try_fold(0usize, |total, part| Ok(total.saturating_add(self.shape(scope, part)?.0)))
    }

    /// The bits of an expression that something of `width` bits takes, at least as many.
    pub(super) fn value(
        &mut self,
        scope: &Scope,
        e: &Expression,
        width: usize,
    ) -> Result<Vec<Bit>, ImportError> {
        let (own, signed) = self.shape(scope, e)?;
        self.bits(scope, e, own.max(width), signed)
    }

    /// Whether an expression is not 0.
    pub(super) fn truth(&mut self, scope: &Scope, e: &Expression) -> Result<Bit, ImportError> {
        let bits = self.value(scope, e, 1)?;
        Ok(self.tree(Gate::Or, bits))
    }

    fn bits(
        &mut self,
        scope: &Scope,
        e: &Expression,
        width: usize,
        signed: bool,
    ) -> Result<Vec<Bit>, ImportError> {
        self.graph.check(e.line, 8 * width)?;
        self.graph.spend(e.line, width)?;
        let operation = matches!(e.kind, Kind::Unary("~" | "-", _) | Kind::Binary(..) | Kind::Choice(_));
        if operation && width > WIDEST_OPERATION {
            let what = format!("an operation on {width} bits");
            return Err(ImportError::new(e.line, Fault::Large(what, WIDEST_OPERATION)));
        }
        let own = match &e.kind {
            Kind::Unary(operator @ ("~" | "-"), inner) => {
                let bits = self.bits(scope, inner, width, signed)?;
                let inverted: Vec<Bit> = bits.iter().map(|bit| self.graph.gate(Gate::Not, &[*bit])).collect();
                if *operator == "~" {
                    return Ok(inverted);
                }
                let (zeros, one) = (vec![self.zero; width], self.one);
                return Ok(self.sum(&inverted, &zeros, one));
            }
            Kind::Binary(operator @ ("+" | "-" | "*" | "&" | "|" | "^" | "~^" | "^~"), two) => {
                let left = self.bits(scope, &two[0], width, signed)?;
                let right = self.bits(scope, &two[1], width, signed)?;
                return self.arithmetic(e.line, operator, &left, &right);
            }
            Kind::Binary(operator @ ("<<" | ">>" | "<<<" | ">>>"), two) => {
                let left = self.bits(scope, &two[0], width, signed)?;
                let fill = if *operator == ">>>" && signed { left[width - 1] } else { self.zero };
                return self.shifted(scope, left, &two[1], operator.starts_with('<'), fill);
            }
            Kind::Choice(three) => {
                let select = self.truth(scope, &three[0])?;
                let one = self.bits(scope, &three[1], width, signed)?;
                let zero = self.bits(scope, &three[2], width, signed)?;
                return Ok(self.chosen(select, &one, &zero));
            }
            _ => self.own_bits(scope, e)?,
        };
        Ok(self.extended(own, width, signed))
    }

    fn extended(&self, mut bits: Vec<Bit>, width: usize, signed: bool) -> Vec<Bit> {
        let fill = if signed { *bits.last().unwrap_or(&self.zero) } else { self.zero };
        bits.resize(width.max(bits.len()), fill);
        bits
    }

    /// Bits of what has a width of its own whatever surrounds it.
    fn own_bits(&mut self, scope: &Scope, e: &Expression) -> Result<Vec<Bit>, ImportError> {
        Ok(match &e.kind {
            Kind::Number(number) => self.literal(number),
            Kind::Name(name) => match scope.find(e.line, name)? {
                Symbol::Net(net) => net.bits().collect(),
                Symbol::Parameter(number) => self.literal(&number.clone()),
            },
            Kind::Bit(..) | Kind::Part(..) | Kind::Slice(..) => self.selected(scope, e)?,
            Kind::Unary(operator, inner) => vec![self.reduced(scope, operator, inner)?],
            Kind::Binary(operator, two) => vec![self.compared(scope, e.line, operator, two)?],
            Kind::Concatenation(..) | Kind::Repetition(..) if self.shape(scope, e)?.0 == 0 => {
                return Err(ImportError::expected(
                    e.line,
                    "at least one bit outside of a concatenation",
                    "{0{…}}",
                ));
            }
            Kind::Concatenation(parts) => self.joined(scope, parts)?,
            Kind::Repetition(_, parts) => {
                let (width, _) = self.shape(scope, e)?;
                let once = self.joined(scope, parts)?;
                once.iter().copied().cycle().take(width).collect()
            }
            Kind::Cast(_, inner) => self.value(scope, inner, 0)?,
            Kind::Choice(_) => unreachable!("a choice takes the width around it"),
        })
    }

    fn literal(&self, number: &Number) -> Vec<Bit> {
        number.bits.iter().map(|bit| if *bit { self.one } else { self.zero }).collect()
    }

    fn joined(&mut self, scope: &Scope, parts: &[Expression]) -> Result<Vec<Bit>, ImportError> {
        let mut bits = vec![];
        for part in parts.iter().rev() {
            // Repeated no times, it is nothing here.
            if self.shape(scope, part)?.0 > 0 {
                bits.extend(self.value(scope, part, 0)?);
            }
        }
        Ok(bits)
    }

    fn reduced(&mut self, scope: &Scope, operator: &str, inner: &Expression) -> Result<Bit, ImportError> {
        let bits = self.value(scope, inner, 1)?;
        Ok(self.tree(
            match operator {
                "&" => Gate::And,
                "~&" => Gate::Nand,
                "|" => Gate::Or,
                "!" | "~|" => Gate::Nor,
                "^" => Gate::Xor,
                _ => Gate::Xnor,
            },
            bits,
        ))
    }

    /// One gate of at least one input, as a balanced tree; an inverting gate inverts once, at the root.
    pub(super) fn tree(&mut self, gate: Gate, mut bits: Vec<Bit>) -> Bit {
        let inner = match gate {
            Gate::Nand => Gate::And,
            Gate::Nor => Gate::Or,
            Gate::Xnor => Gate::Xor,
            plain => plain,
        };
        let rest = bits.split_off(bits.len().div_ceil(2));
        let mut half = |bits| balanced(bits, |a, b| self.graph.gate(inner, &[a, b]));
        match (half(bits).expect("there is an input"), half(rest)) {
            (a, Some(b)) => self.graph.gate(gate, &[a, b]),
            (a, None) if gate == inner => a,
            (a, None) => self.graph.gate(Gate::Not, &[a]),
        }
    }

    fn compared(
        &mut self,
        scope: &Scope,
        line: u32,
        operator: &str,
        two: &[Expression; 2],
    ) -> Result<Bit, ImportError> {
        if let "&&" | "||" = operator {
            let truths = [self.truth(scope, &two[0])?, self.truth(scope, &two[1])?];
            return Ok(self.graph.gate(if operator == "&&" { Gate::And } else { Gate::Or }, &truths));
        }
        let (left, right) = (self.shape(scope, &two[0])?, self.shape(scope, &two[1])?);
        let (width, signed) = (left.0.max(right.0), left.1 && right.1);
        let left = self.bits(scope, &two[0], width, signed)?;
        let right = self.bits(scope, &two[1], width, signed)?;
        let inverted = matches!(operator, "!=" | "!==" | ">=" | "<=");
        let found = match operator {
            "==" | "!=" | "===" | "!==" => {
                let same = left.iter().zip(&right).map(|(a, b)| self.graph.gate(Gate::Xnor, &[*a, *b]));
                let same = same.collect();
                self.tree(Gate::And, same)
            }
            "<" | ">=" => self.less(&left, &right, signed),
            ">" | "<=" => self.less(&right, &left, signed),
            _ => return Err(ImportError::construct(line, &format!("the operator `{operator}`"))),
        };
        Ok(if inverted { self.graph.gate(Gate::Not, &[found]) } else { found })
    }

    /// Whether left < right: the borrow of their difference, with inverted signs where they have one.
    fn less(&mut self, left: &[Bit], right: &[Bit], signed: bool) -> Bit {
        let mut carry = self.one;
        for (at, (a, b)) in left.iter().zip(right).enumerate() {
            let (mut a, mut b) = (*a, self.graph.gate(Gate::Not, &[*b]));
            if signed && at + 1 == left.len() {
                (a, b) = (self.graph.gate(Gate::Not, &[a]), self.graph.gate(Gate::Not, &[b]));
            }
            carry = self.graph.full_adder(a, b, carry).1;
        }
        self.graph.gate(Gate::Not, &[carry])
    }

    fn arithmetic(
        &mut self,
        line: u32,
        operator: &str,
        left: &[Bit],
        right: &[Bit],
    ) -> Result<Vec<Bit>, ImportError> {
        let gate = match operator {
            "+" => return Ok(self.sum(left, right, self.zero)),
            "-" => {
                let inverted: Vec<Bit> =
                    right.iter().map(|bit| self.graph.gate(Gate::Not, &[*bit])).collect();
                return Ok(self.sum(left, &inverted, self.one));
            }
            "*" => return self.product(line, left, right),
            "&" => Gate::And,
            "|" => Gate::Or,
            "^" => Gate::Xor,
            _ => Gate::Xnor,
        };
        Ok(left.iter().zip(right).map(|(a, b)| self.graph.gate(gate, &[*a, *b])).collect())
    }

    fn sum(&mut self, left: &[Bit], right: &[Bit], mut carry: Bit) -> Vec<Bit> {
        let mut bit = |(a, b): (&Bit, &Bit)| {
            let (sum, next) = self.graph.full_adder(*a, *b, carry);
            carry = next;
            sum
        };
        left.iter().zip(right).map(&mut bit).collect()
    }

    /// Modulo two to the width, one row after the other.
    fn product(&mut self, line: u32, left: &[Bit], right: &[Bit]) -> Result<Vec<Bit>, ImportError> {
        let width = left.len();
        if width > WIDEST {
            return Err(ImportError::new(line, Fault::Large(format!("a product of {width} bits"), WIDEST)));
        }
        self.graph.check(line, 6 * width * width)?;
        let mut total = vec![self.zero; width];
        for (at, b) in right.iter().enumerate() {
            // Nothing times a row of zeros.
            if *b == self.zero {
                continue;
            }
            let row: Vec<Bit> =
                left[..width - at].iter().map(|a| self.graph.gate(Gate::And, &[*a, *b])).collect();
            let sum = self.sum(&total[at..], &row, self.zero);
            total.splice(at.., sum);
        }
        Ok(total)
    }

    fn shifted(
        &mut self,
        scope: &Scope,
        mut bits: Vec<Bit>,
        amount: &Expression,
        up: bool,
        fill: Bit,
    ) -> Result<Vec<Bit>, ImportError> {
        let moved = |bits: &[Bit], by: usize| -> Vec<Bit> {
            let (by, filled) = (by.min(bits.len()), vec![fill; by.min(bits.len())]);
            if up { [&filled, &bits[..bits.len() - by]].concat() } else { [&bits[by..], &filled].concat() }
        };
        if let Ok(by) = self.amount(scope, amount) {
            return Ok(moved(&bits, by));
        }
        if bits.len() > WIDEST {
            let what = format!("a variable shift of {} bits", bits.len());
            return Err(ImportError::new(amount.line, Fault::Large(what, WIDEST)));
        }
        for (at, select) in self.value(scope, amount, 1)?.into_iter().enumerate() {
            self.graph.check(amount.line, bits.len())?;
            let by = if at < 16 { 1 << at } else { LIMIT };
            bits = self.chosen(select, &moved(&bits, by), &bits);
        }
        Ok(bits)
    }

    pub(super) fn chosen(&mut self, select: Bit, one: &[Bit], zero: &[Bit]) -> Vec<Bit> {
        one.iter().zip(zero).map(|(one, zero)| self.graph.gate(Gate::Mux, &[select, *one, *zero])).collect()
    }
}

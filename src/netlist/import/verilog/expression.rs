//! Tokens → expressions, by precedence.

use super::parse::Parser;
use super::syntax::{Expression, Kind};
use crate::netlist::import::{Fault, ImportError};

/// Binary operators, the loosest first; all associate to the left.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^", "~^", "^~"],
    &["&"],
    &["==", "!=", "===", "!=="],
    &["<", "<=", ">", ">="],
    &["<<", ">>", "<<<", ">>>"],
    &["+", "-"],
    &["*", "/", "%"],
];

const UNARY: [&str; 10] = ["~&", "~|", "~^", "^~", "~", "!", "&", "|", "^", "-"];

/// How deep an expression may be nested; the stack must hold it.
const DEEPEST: u32 = 400;

impl<'t> Expression<'t> {
    fn new(line: u32, kind: Kind<'t>) -> Self {
        let deepest = |parts: &[Expression]| parts.iter().map(|part| part.depth).max().unwrap_or(0);
        let below = match &kind {
            Kind::Number(_) | Kind::Name(_) => 0,
            Kind::Bit(_, one) | Kind::Unary(_, one) | Kind::Cast(_, one) => one.depth,
            Kind::Part(_, two) | Kind::Slice(_, two, _) | Kind::Binary(_, two) => deepest(&two[..]),
            Kind::Choice(three) => deepest(&three[..]),
            Kind::Concatenation(parts) => deepest(parts),
            Kind::Repetition(count, parts) => deepest(parts).max(count.depth),
        };
        Self { line, depth: below + 1, kind }
    }
}

impl<'t> Parser<'t> {
    pub(super) fn expression(&mut self) -> Result<Expression<'t>, ImportError> {
        self.nested += 1;
        if self.nested > DEEPEST {
            return Err(self.too_deep());
        }
        let found = self.choice();
        self.nested -= 1;
        let found = found?;
        if found.depth > DEEPEST { Err(self.too_deep()) } else { Ok(found) }
    }

    fn too_deep(&self) -> ImportError {
        ImportError::new(self.line(), Fault::Large("this expression".into(), DEEPEST as usize))
    }

    fn choice(&mut self) -> Result<Expression<'t>, ImportError> {
        let line = self.line();
        let condition = self.binary(0)?;
        if !self.accept("?") {
            return Ok(condition);
        }
        let one = self.expression()?;
        self.expect(":")?;
        let zero = self.expression()?;
        Ok(Expression::new(line, Kind::Choice(Box::new([condition, one, zero]))))
    }

    fn binary(&mut self, level: usize) -> Result<Expression<'t>, ImportError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            let line = self.line();
            let Some(operator) = operators.iter().find(|operator| self.accept(operator)) else {
                return Ok(left);
            };
            let right = self.binary(level + 1)?;
            left = Expression::new(line, Kind::Binary(operator, Box::new([left, right])));
            if left.depth > DEEPEST {
                return Err(self.too_deep());
            }
        }
    }

    fn unary(&mut self) -> Result<Expression<'t>, ImportError> {
        let line = self.line();
        if self.accept("+") {
            return self.unary_operand();
        }
        match UNARY.into_iter().find(|operator| self.accept(operator)) {
            None => self.primary(),
            Some(operator) => {
                let operand = self.unary_operand()?;
                Ok(Expression::new(line, Kind::Unary(operator, Box::new(operand))))
            }
        }
    }

    fn unary_operand(&mut self) -> Result<Expression<'t>, ImportError> {
        self.nested += 1;
        if self.nested > DEEPEST {
            return Err(self.too_deep());
        }
        let operand = self.unary();
        self.nested -= 1;
        operand
    }

    pub(super) fn primary(&mut self) -> Result<Expression<'t>, ImportError> {
        let line = self.line();
        if self.accept("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.accept("{") {
            return self.braces(line);
        }
        if let Some(number) = self.number() {
            return Ok(Expression::new(line, Kind::Number(number)));
        }
        let name = self.name("an expression")?;
        if let signed @ ("$signed" | "$unsigned") = name {
            self.expect("(")?;
            let inner = Box::new(self.expression()?);
            self.expect(")")?;
            return Ok(Expression::new(line, Kind::Cast(signed == "$signed", inner)));
        }
        if name.starts_with('$') || self.at("(") {
            return Err(ImportError::construct(line, &format!("the function `{name}`")));
        }
        let kind = if self.accept("[") { self.select(name)? } else { Kind::Name(name) };
        if self.at("[") {
            return Err(ImportError::construct(line, "a second index"));
        }
        Ok(Expression::new(line, kind))
    }

    fn select(&mut self, name: &'t str) -> Result<Kind<'t>, ImportError> {
        let first = self.expression()?;
        let pair = |first, second| Box::new([first, second]);
        let kind = if self.accept(":") {
            Kind::Part(name, pair(first, self.expression()?))
        } else if self.accept("+:") {
            Kind::Slice(name, pair(first, self.expression()?), true)
        } else if self.accept("-:") {
            Kind::Slice(name, pair(first, self.expression()?), false)
        } else {
            Kind::Bit(name, Box::new(first))
        };
        self.expect("]")?;
        Ok(kind)
    }

    fn braces(&mut self, line: u32) -> Result<Expression<'t>, ImportError> {
        let first = self.expression()?;
        if self.accept("{") {
            let parts = self.list("}")?;
            self.expect("}")?;
            return Ok(Expression::new(line, Kind::Repetition(Box::new(first), parts)));
        }
        let mut parts = vec![first];
        while self.accept(",") {
            parts.push(self.expression()?);
        }
        self.expect("}")?;
        Ok(Expression::new(line, Kind::Concatenation(parts)))
    }

    /// Expressions with commas between them, and what closes them.
    pub(super) fn list(&mut self, end: &'static str) -> Result<Vec<Expression<'t>>, ImportError> {
        let mut parts = vec![self.expression()?];
        while self.accept(",") {
            parts.push(self.expression()?);
        }
        self.expect(end)?;
        Ok(parts)
    }
}

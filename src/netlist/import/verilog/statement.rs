//! Tokens → statements under a clock.

use super::parse::Parser;
use super::syntax::{ItemKind, Statement};
use crate::netlist::import::ImportError;

impl<'t> Parser<'t> {
    /// `@(posedge clock) statement`, after `always`.
    pub(super) fn clocked(&mut self, line: u32) -> Result<ItemKind<'t>, ImportError> {
        if !self.accept("@") || !self.accept("(") || !self.accept_keyword("posedge") {
            return Err(ImportError::construct(line, "an `always` block without `@(posedge clock)`"));
        }
        let clock = self.expression()?;
        if !self.accept(")") {
            return Err(ImportError::construct(line, "a second event, as of an asynchronous reset,"));
        }
        let body = self.statement()?;
        Ok(ItemKind::Clocked { clock, body })
    }

    fn statement(&mut self) -> Result<Statement<'t>, ImportError> {
        self.nested += 1;
        if self.nested > 100 {
            return Err(ImportError::construct(self.line(), "a hundredfold nested statement"));
        }
        let found = self.inner();
        self.nested -= 1;
        found
    }

    fn inner(&mut self) -> Result<Statement<'t>, ImportError> {
        if self.accept_keyword("begin") {
            let mut statements = vec![];
            while !self.accept_keyword("end") {
                if self.ended() {
                    return Err(self.wrong("`end`"));
                }
                statements.push(self.statement()?);
            }
            return Ok(Statement::Block(statements));
        }
        if self.accept_keyword("if") {
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            let then = Box::new(self.statement()?);
            let other =
                if self.accept_keyword("else") { self.statement()? } else { Statement::Block(vec![]) };
            return Ok(Statement::If { condition, then, other: Box::new(other) });
        }
        let line = self.line();
        let target = self.primary()?;
        if !self.accept("<=") {
            return Err(ImportError::expected(line, "`<=`, as a register is assigned,", "something else"));
        }
        let value = self.expression()?;
        self.expect(";")?;
        Ok(Statement::Assign { target, value })
    }
}

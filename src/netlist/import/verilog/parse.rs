//! Tokens → modules.

use super::lex::{Token, Word};
use super::syntax::{
    Connection, Declaration, Direction, Expression, Instance, Item, ItemKind, Module, Number, Parameter,
    Primitive,
};
use crate::netlist::Gate;
use crate::netlist::import::ImportError;

pub(super) fn modules(tokens: Vec<Token<'_>>) -> Result<Vec<Module<'_>>, ImportError> {
    let mut parser = Parser { tokens, at: 0, nested: 0 };
    let mut modules = vec![];
    while !parser.ended() {
        parser.keyword("module")?;
        modules.push(parser.module()?);
    }
    Ok(modules)
}

pub(super) struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    pub(super) nested: u32,
}

const PRIMITIVES: [(&str, Primitive); 8] = [
    ("and", Primitive::Gate(Gate::And)),
    ("or", Primitive::Gate(Gate::Or)),
    ("xor", Primitive::Gate(Gate::Xor)),
    ("nand", Primitive::Gate(Gate::Nand)),
    ("nor", Primitive::Gate(Gate::Nor)),
    ("xnor", Primitive::Gate(Gate::Xnor)),
    ("not", Primitive::Not),
    ("buf", Primitive::Buf),
];

/// Words that begin an item which is not read.
const UNREAD: [&str; 16] = [
    "inout", "initial", "function", "task", "generate", "genvar", "for", "if", "case", "specify", "defparam",
    "integer", "real", "time", "event", "supply0",
];

/// What the names of a declaration have in common.
#[derive(Clone, Copy, Default)]
struct Common {
    direction: Option<Direction>,
    register: bool,
    signed: bool,
}

impl<'t> Parser<'t> {
    fn word(&self) -> &Word<'t> {
        &self.tokens[self.at].word
    }

    pub(super) fn line(&self) -> u32 {
        self.tokens[self.at].line
    }

    pub(super) fn ended(&self) -> bool {
        *self.word() == Word::End
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    pub(super) fn at(&self, symbol: &str) -> bool {
        matches!(self.word(), Word::Symbol(found) if *found == symbol)
    }

    pub(super) fn accept(&mut self, symbol: &str) -> bool {
        let found = self.at(symbol);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn accept_keyword(&mut self, keyword: &str) -> bool {
        let found = *self.word() == Word::Name(keyword, false);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), ImportError> {
        if self.accept(symbol) { Ok(()) } else { Err(self.wrong(&format!("`{symbol}`"))) }
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), ImportError> {
        if self.accept_keyword(keyword) { Ok(()) } else { Err(self.wrong(&format!("`{keyword}`"))) }
    }

    pub(super) fn wrong(&self, what: &str) -> ImportError {
        let found = match self.word() {
            Word::Name(name, _) => (*name).to_string(),
            Word::Number(_) => "a number".into(),
            Word::Symbol(symbol) => (*symbol).to_string(),
            Word::End => "the end of the file".into(),
        };
        ImportError::expected(self.line(), what, &found)
    }

    pub(super) fn name(&mut self, what: &str) -> Result<&'t str, ImportError> {
        let Word::Name(name, escaped) = *self.word() else { return Err(self.wrong(what)) };
        if !escaped && crate::netlist::export::is_verilog(name) {
            return Err(self.wrong(what));
        }
        self.advance();
        Ok(name)
    }

    pub(super) fn number(&mut self) -> Option<Number> {
        let Word::Number(number) = self.word() else { return None };
        let number = number.clone();
        self.advance();
        Some(number)
    }

    fn module(&mut self) -> Result<Module<'t>, ImportError> {
        let line = self.line();
        let mut module = Module { name: self.name("a module's name")?, line, ports: vec![], items: vec![] };
        if self.accept("#") {
            self.expect("(")?;
            while !self.accept(")") {
                self.accept_keyword("parameter");
                self.parameters(&mut module.items, false, true)?;
            }
        }
        if self.accept("(") {
            self.ports(&mut module)?;
        }
        self.expect(";")?;
        while !self.accept_keyword("endmodule") {
            if self.ended() {
                return Err(self.wrong("`endmodule`"));
            }
            self.item(&mut module.items)?;
        }
        Ok(module)
    }

    /// Names alone, or declarations.
    fn ports(&mut self, module: &mut Module<'t>) -> Result<(), ImportError> {
        let mut common = Common::default();
        let mut range = None;
        while !self.accept(")") {
            let start = self.at;
            if let Some(direction) = self.direction() {
                common = Common { direction: Some(direction), ..Common::default() };
                (common.register, common.signed) = self.net_kind(false);
                range = Some(self.at);
                self.range()?;
            }
            let line = self.line();
            let name = self.name("a port's name")?;
            module.ports.push(name);
            if let Some(place) = range {
                // The range stands once for all names that follow it.
                let end = std::mem::replace(&mut self.at, place);
                let range = self.range()?;
                self.at = end;
                let Common { direction, register, signed } = common;
                let declaration = Declaration { name, direction, signed, range, value: None, register };
                module.items.push(Item { line, kind: ItemKind::Declaration(Box::new(declaration)) });
            }
            if !self.at(")") {
                self.expect(",")?;
            }
            debug_assert!(self.at > start);
        }
        Ok(())
    }

    fn direction(&mut self) -> Option<Direction> {
        let input = self.accept_keyword("input");
        (input || self.accept_keyword("output")).then_some(if input {
            Direction::Input
        } else {
            Direction::Output
        })
    }

    /// Whether it is a register and whether signed, of the words between direction and range.
    fn net_kind(&mut self, register: bool) -> (bool, bool) {
        let mut found = (register, false);
        loop {
            if self.accept_keyword("signed") {
                found.1 = true;
            } else if self.accept_keyword("reg") {
                found.0 = true;
            } else if !self.accept_keyword("wire") && !self.accept_keyword("logic") {
                return found;
            }
        }
    }

    fn range(&mut self) -> Result<Option<(Expression<'t>, Expression<'t>)>, ImportError> {
        if !self.accept("[") {
            return Ok(None);
        }
        let most = self.expression()?;
        self.expect(":")?;
        let least = self.expression()?;
        self.expect("]")?;
        Ok(Some((most, least)))
    }

    fn item(&mut self, items: &mut Vec<Item<'t>>) -> Result<(), ImportError> {
        let line = self.line();
        if self.accept(";") {
            return Ok(());
        }
        if let Some(direction) = self.direction() {
            let (register, signed) = self.net_kind(false);
            return self.declarations(items, Common { direction: Some(direction), register, signed });
        }
        for (keyword, is_register) in [("wire", false), ("tri", false), ("logic", false), ("reg", true)] {
            if self.accept_keyword(keyword) {
                let (register, signed) = self.net_kind(is_register);
                return self.declarations(items, Common { direction: None, register, signed });
            }
        }
        for (keyword, local) in [("parameter", false), ("localparam", true)] {
            if self.accept_keyword(keyword) {
                return self.parameters(items, local, false);
            }
        }
        if self.accept_keyword("assign") {
            return self.assignments(items);
        }
        if self.accept_keyword("always") || self.accept_keyword("always_ff") {
            let kind = self.clocked(line)?;
            items.push(Item { line, kind });
            return Ok(());
        }
        for (keyword, gate) in PRIMITIVES {
            if self.accept_keyword(keyword) {
                return self.primitives(items, gate);
            }
        }
        if let Some(word) = UNREAD.into_iter().find(|word| *self.word() == Word::Name(word, false)) {
            return Err(ImportError::construct(line, &format!("`{word}`")));
        }
        self.instances(items)
    }

    fn declarations(&mut self, items: &mut Vec<Item<'t>>, common: Common) -> Result<(), ImportError> {
        let place = self.at;
        loop {
            // The range stands once for all names that follow it.
            let end = std::mem::replace(&mut self.at, place);
            let range = self.range()?;
            self.at = self.at.max(end);
            let line = self.line();
            let name = self.name("a name")?;
            if self.at("[") {
                return Err(ImportError::construct(line, "a memory"));
            }
            let value = if self.accept("=") { Some(self.expression()?) } else { None };
            let Common { direction, register, signed } = common;
            let declaration = Declaration { name, direction, signed, range, value, register };
            items.push(Item { line, kind: ItemKind::Declaration(Box::new(declaration)) });
            if self.accept(";") {
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    fn parameters(
        &mut self,
        items: &mut Vec<Item<'t>>,
        local: bool,
        header: bool,
    ) -> Result<(), ImportError> {
        let place = self.at;
        loop {
            // The form stands once for all names that follow it.
            let end = std::mem::replace(&mut self.at, place);
            let integer = self.accept_keyword("integer");
            let signed = self.accept_keyword("signed");
            let range = self.range()?;
            self.at = self.at.max(end);
            let line = self.line();
            let name = self.name("a parameter's name")?;
            self.expect("=")?;
            let value = self.expression()?;
            let parameter = Parameter { name, integer, signed, range, value, local };
            items.push(Item { line, kind: ItemKind::Parameter(Box::new(parameter)) });
            match header {
                true if self.at(")") => return Ok(()),
                false if self.accept(";") => return Ok(()),
                _ => self.expect(",")?,
            }
            let form = ["parameter", "integer", "signed"].map(|word| Word::Name(word, false));
            if header && (self.at("[") || form.contains(self.word())) {
                return Ok(());
            }
        }
    }

    fn assignments(&mut self, items: &mut Vec<Item<'t>>) -> Result<(), ImportError> {
        if self.at("#") {
            return Err(ImportError::construct(self.line(), "a delay"));
        }
        loop {
            let line = self.line();
            let target = self.primary()?;
            self.expect("=")?;
            let value = self.expression()?;
            items.push(Item { line, kind: ItemKind::Assign { target, value } });
            if self.accept(";") {
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    fn primitives(&mut self, items: &mut Vec<Item<'t>>, gate: Primitive) -> Result<(), ImportError> {
        if self.at("#") {
            return Err(ImportError::construct(self.line(), "a delay"));
        }
        loop {
            let line = self.line();
            if !self.at("(") {
                self.name("an instance's name")?;
            }
            self.expect("(")?;
            let terminals = self.list(")")?;
            if terminals.len() < 2 {
                return Err(self.wrong("an output and an input"));
            }
            items.push(Item { line, kind: ItemKind::Primitive { gate, terminals } });
            if self.accept(";") {
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    fn instances(&mut self, items: &mut Vec<Item<'t>>) -> Result<(), ImportError> {
        let module = self.name("a declaration, an assignment, a gate or an instance")?;
        loop {
            let line = self.line();
            let parameters = if self.accept("#") {
                self.expect("(")?;
                self.connections()?
            } else {
                vec![]
            };
            let name = self.name("an instance's name")?;
            if self.at("[") {
                return Err(ImportError::construct(line, "an array of instances"));
            }
            self.expect("(")?;
            let ports = self.connections()?;
            let instance = Instance { module, name, parameters, ports };
            items.push(Item { line, kind: ItemKind::Instance(Box::new(instance)) });
            if self.accept(";") {
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    fn connections(&mut self) -> Result<Vec<Connection<'t>>, ImportError> {
        let mut found = vec![];
        while !self.accept(")") {
            let name = if self.accept(".") { Some(self.name("a port's name")?) } else { None };
            let value = match name {
                None => Some(self.expression()?),
                Some(_) => {
                    self.expect("(")?;
                    let value = if self.at(")") { None } else { Some(self.expression()?) };
                    self.expect(")")?;
                    value
                }
            };
            found.push(Connection { name, value });
            if !self.at(")") {
                self.expect(",")?;
            }
        }
        Ok(found)
    }
}

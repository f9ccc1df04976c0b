//! A Verilog text as data; names are slices of the text.

use crate::netlist::Gate;

/// A module.
#[derive(Debug)]
pub(super) struct Module<'t> {
    pub(super) name: &'t str,
    pub(super) line: u32,
    /// Port names in order.
    pub(super) ports: Vec<&'t str>,
    pub(super) items: Vec<Item<'t>>,
}

impl<'t> Module<'t> {
    /// The modules that this one contains.
    pub(super) fn instances(&self) -> impl Iterator<Item = &'t str> {
        self.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Instance(instance) => Some(instance.module),
            _ => None,
        })
    }
}

#[derive(Debug)]
pub(super) struct Item<'t> {
    pub(super) line: u32,
    pub(super) kind: ItemKind<'t>,
}

#[derive(Debug)]
pub(super) enum ItemKind<'t> {
    Declaration(Box<Declaration<'t>>),
    Parameter(Box<Parameter<'t>>),
    Assign { target: Expression<'t>, value: Expression<'t> },
    Primitive { gate: Primitive, terminals: Vec<Expression<'t>> },
    Instance(Box<Instance<'t>>),
    Clocked { clock: Expression<'t>, body: Statement<'t> },
}

/// One name of a declaration of parameters.
#[derive(Debug)]
pub(super) struct Parameter<'t> {
    pub(super) name: &'t str,
    pub(super) integer: bool,
    pub(super) signed: bool,
    pub(super) range: Option<(Expression<'t>, Expression<'t>)>,
    pub(super) value: Expression<'t>,
    /// Whether an instance cannot give it another value.
    pub(super) local: bool,
}

/// One name of a declaration.
#[derive(Debug)]
pub(super) struct Declaration<'t> {
    pub(super) name: &'t str,
    pub(super) direction: Option<Direction>,
    pub(super) signed: bool,
    pub(super) range: Option<(Expression<'t>, Expression<'t>)>,
    /// What drives a net from its declaration on, or the first state of a register.
    pub(super) value: Option<Expression<'t>>,
    pub(super) register: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Input,
    Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Primitive {
    /// One output, then inputs; one inverting gate inverts once.
    Gate(Gate),
    /// Outputs, then one input.
    Not,
    /// As `Not`, without inverting.
    Buf,
}

#[derive(Debug)]
pub(super) struct Instance<'t> {
    pub(super) module: &'t str,
    pub(super) name: &'t str,
    pub(super) parameters: Vec<Connection<'t>>,
    pub(super) ports: Vec<Connection<'t>>,
}

/// What a port or a parameter is tied to: by name, or by its place.
#[derive(Debug)]
pub(super) struct Connection<'t> {
    pub(super) name: Option<&'t str>,
    pub(super) value: Option<Expression<'t>>,
}

/// A statement under a clock.
#[derive(Debug)]
pub(super) enum Statement<'t> {
    Block(Vec<Statement<'t>>),
    Assign { target: Expression<'t>, value: Expression<'t> },
    If { condition: Expression<'t>, then: Box<Statement<'t>>, other: Box<Statement<'t>> },
}

#[derive(Debug)]
pub(super) struct Expression<'t> {
    pub(super) line: u32,
    /// How deep the tree below is.
    pub(super) depth: u32,
    pub(super) kind: Kind<'t>,
}

#[derive(Debug)]
pub(super) enum Kind<'t> {
    Number(Number),
    Name(&'t str),
    Bit(&'t str, Box<Expression<'t>>),
    /// Name, most and least significant index.
    Part(&'t str, Box<[Expression<'t>; 2]>),
    /// Name, first index, width, upwards.
    Slice(&'t str, Box<[Expression<'t>; 2]>, bool),
    Unary(&'static str, Box<Expression<'t>>),
    Binary(&'static str, Box<[Expression<'t>; 2]>),
    /// Condition, one, zero.
    Choice(Box<[Expression<'t>; 3]>),
    Concatenation(Vec<Expression<'t>>),
    Repetition(Box<Expression<'t>>, Vec<Expression<'t>>),
    /// `$signed` or `$unsigned`.
    Cast(bool, Box<Expression<'t>>),
}

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    /// Least significant first.
    pub(super) bits: Box<[bool]>,
    pub(super) signed: bool,
    pub(super) sized: bool,
}

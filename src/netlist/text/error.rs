//! What can be wrong with a netlist's text, and what to write instead.

use crate::netlist::Gate;

/// A mistake and its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {mistake}")]
pub struct TextError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub mistake: Mistake,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// The text does not begin with `netlist NAME`, or says it again.
    #[error("the first statement, and no other, is `netlist NAME`")]
    Header,
    /// No statement begins like this, or one has words too few or too many.
    #[error(
        "a statement is expected: `input a[8]`, `n1 = and a[0] a[1]`, `n2 = state`, `next n2 = n1` or `output y = n1 n2`"
    )]
    Statement,
    /// Not a name.
    #[error(
        "`{0}` is no name; write letters, digits and `_`, not beginning with a digit, and no statement's first word"
    )]
    Name(String),
    /// Not a bus with its width.
    #[error("`{found}` is no bus with its width; write for example `a[8]`, at most {limit} bits", limit = super::parse::WIDTH_LIMIT)]
    Width {
        /// The word as written.
        found: String,
    },
    /// A gate that does not exist.
    #[error("there is no gate `{name}`; did you mean `{nearest}`?")]
    Gate {
        /// The word as written.
        name: String,
        /// The most similar gate.
        nearest: &'static str,
    },
    /// A gate with nets too few or too many.
    #[error("`{}` reads {}, {found} {} given", .gate.name(), nets(*.gate), if *.found == 1 { "is" } else { "are" })]
    Arity {
        /// The gate.
        gate: Gate,
        /// The nets that are given.
        found: usize,
    },
    /// A constant that is neither 0 nor 1.
    #[error("write `constant 0` or `constant 1`")]
    Constant,
    /// A net that no line above defines.
    #[error(
        "`{0}` is not defined above; define a net before it is read (a loop goes through `state` and `next`)"
    )]
    Undefined(String),
    /// A bit that an input bus does not have.
    #[error("`{name}` is no bit of the input `{bus}`, whose bits are {}", bits(.bus, *.width))]
    Bit {
        /// The net as written.
        name: String,
        /// The bus.
        bus: String,
        /// Its width.
        width: u32,
    },
    /// A second definition.
    #[error("`{name}` has its definition in line {first}; choose another name")]
    Twice {
        /// The name.
        name: String,
        /// The line of the first definition.
        first: usize,
    },
    /// `next` of a net that is no register's output.
    #[error("`{0}` is no state, so it has no next state; define it by `{0} = state`")]
    NoState(String),
    /// A second next state.
    #[error("the next state of `{name}` stands in line {first}; leave one of the two")]
    NextTwice {
        /// The state.
        name: String,
        /// The line of the first one.
        first: usize,
    },
    /// A register without a next state.
    #[error("the state `{0}` has no next state; add `next {0} = NET`")]
    NoNext(String),
    /// More cells than are read.
    #[error("more than {} cells are too many", super::parse::CELL_LIMIT)]
    TooMany,
}

fn nets(gate: Gate) -> &'static str {
    match gate.inputs() {
        1 => "1 net",
        2 => "2 nets",
        _ if gate == Gate::Mux => "3 nets (select, one, zero)",
        _ => "3 nets",
    }
}

fn bits(bus: &str, width: u32) -> String {
    match width {
        0 => "none".into(),
        1 => format!("`{bus}[0]`"),
        _ => format!("`{bus}[0]` to `{bus}[{}]`", width - 1),
    }
}

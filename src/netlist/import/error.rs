//! What can be wrong with a circuit's file, and what to do about it.

/// A fault and its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct ImportError {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub fault: Fault,
}

impl ImportError {
    pub(super) fn new(line: u32, fault: Fault) -> Self {
        Self { line, fault }
    }

    pub(super) fn expected(line: u32, what: &str, found: &str) -> Self {
        let found = found.chars().take(40).collect();
        Self::new(line, Fault::Expected { what: what.into(), found })
    }

    /// Of Verilog, which others can turn into what is read.
    pub(super) fn construct(line: u32, construct: &str) -> Self {
        Self::new(line, Fault::Construct(construct.into()))
    }

    pub(super) fn unsupported(line: u32, construct: &str) -> Self {
        Self::new(line, Fault::Unsupported(construct.into()))
    }
}

fn bits(count: usize) -> String {
    if count == 1 { "1 bit".into() } else { format!("{count} bits") }
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Something else stands where this belongs.
    #[error("{what} is expected, not `{found}`")]
    Expected {
        /// What belongs here.
        what: String,
        /// What stands here.
        found: String,
    },
    /// A construct outside of what is read.
    #[error("{0} is not read")]
    Unsupported(String),
    /// A construct of Verilog outside of what is read.
    #[error(
        "{0} is not read; gates, assignments, instances and `always @(posedge clock)` are, into which Yosys turns the rest (`synth -flatten; write_json FILE.json`)"
    )]
    Construct(String),
    /// A name without a declaration.
    #[error("`{0}` is not declared")]
    Undeclared(String),
    /// A second declaration or definition.
    #[error("`{0}` is declared twice")]
    Twice(String),
    /// A cell or module that nothing defines.
    #[error("no module `{0}` stands in this file, and it is no cell of the libraries that are known")]
    Module(String),
    /// A port that a module does not have.
    #[error("`{module}` has no port `{port}`")]
    Port {
        /// The module.
        module: String,
        /// The port.
        port: String,
    },
    /// A connection of another width than its port.
    #[error("the port `{port}` of `{module}` is {expected} wide, what is connected {found}", expected = bits(*.expected), found = bits(*.found))]
    Width {
        /// The module.
        module: String,
        /// The port.
        port: String,
        /// Bits of the port.
        expected: usize,
        /// Bits connected.
        found: usize,
    },
    /// A bit outside of a bus.
    #[error("bit {bit} is outside of `{name}`")]
    Bit {
        /// The bus.
        name: String,
        /// The bit.
        bit: i64,
    },
    /// A value that has to be known here and is not.
    #[error("a constant is expected; `{0}` is none")]
    Constant(String),
    /// A net with two drivers.
    #[error("`{0}` is driven twice")]
    Driven(String),
    /// A net that is read and nothing drives.
    #[error("`{0}` is read, but nothing drives it")]
    Undriven(String),
    /// A clock that logic reads.
    #[error(
        "`{0}` clocks registers and is read by logic as well, which no cycle can tell apart; gate registers by an enable instead"
    )]
    Clock(String),
    /// A loop of gates.
    #[error("a combinational loop: {0}")]
    Loop(String),
    /// Several modules that no other one contains.
    #[error("which module is meant? None of {0} is part of another; give each a file of its own")]
    Top(String),
    /// A circuit, a bus or an expression beyond all measure.
    #[error("{0} is too large; the limit is {1}")]
    Large(String, usize),
    /// A file without a circuit.
    #[error("there is no module with an output here")]
    Empty,
}

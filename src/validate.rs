//! Our designs against what others computed: folders of vectors, files of error metrics.

mod cost;
mod defects;
mod equivalence;
mod folder;
mod library;
mod lint;
mod metrics;

pub use cost::{CostAgreement, cost};
pub use defects::defect;
pub use equivalence::{Counterexample, Equivalence, Unproved, Word, equivalence};
pub use folder::{Difference, Verdict, folder, unit};
pub use library::{Found, Library, circuit, library, name};
pub use lint::{Lint, lint};
pub use metrics::{Comparison, Disagreement, WIDE, metrics};

use crate::arith::ArithError;

/// Why a folder or a file cannot be validated.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// What was named cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A circuit that no design is named for.
    #[error(
        "write `--like ID` to say which design `{0}` is meant to be; `axsim list --like FILE` looks it up"
    )]
    Unnamed(String),
    /// Ports that do not fit the design.
    #[error("the design has {expected}; the file has {found}")]
    Ports {
        /// Those of the design.
        expected: String,
        /// Those of the file.
        found: String,
    },
    /// A circuit of a folder cannot be read.
    #[error("{0}: {1}")]
    Named(String, Box<ValidateError>),
    /// A file where a folder belongs.
    #[error(
        "a folder of Verilog files belongs before --goldens; leave the option out to validate this alone"
    )]
    NoFolder,
    /// A file cannot be read.
    #[error("{0}: {1}")]
    Read(String, std::io::Error),
    /// A file that is no text.
    #[error("byte {0} is not UTF-8 text")]
    Encoding(usize),
    /// A circuit's file cannot be read as one.
    #[error(transparent)]
    Circuit(#[from] crate::netlist::import::ReadError),
    /// A folder without circuits.
    #[error("no Verilog file (.v) is here")]
    NoCircuit,
    /// `design.yaml` is not a design's description.
    #[error("design.yaml: {0}")]
    Description(#[from] serde_yaml::Error),
    /// The id names no design.
    #[error(transparent)]
    Id(#[from] ArithError),
    /// A golden line is not a vector.
    #[error("golden.txt:{line}: {fields} integers within the ports' range are expected")]
    Golden {
        /// The line, from 1.
        line: usize,
        /// Integers a line must have.
        fields: usize,
    },
    /// A golden without a vector proves nothing.
    #[error("golden.txt holds no vector")]
    Empty,
    /// A file of metrics is not CSV, or has no row.
    #[error("{0}")]
    Rows(String),
    /// A file of metrics lacks a column.
    #[error("the column `{0}` is missing; the header names the columns")]
    Column(&'static str),
    /// A field of a file of metrics is no number.
    #[error("line {line}, column `{column}`: a number is expected, not `{found}`")]
    Number {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// The field as it stands.
        found: String,
    },
}

//! Results read back from their files, to be reported again.

use std::path::Path;

use crate::run::outcome::Report;
use crate::run::stored::{Misread, parse};

/// A file that `axsim run` wrote.
#[derive(Debug, Clone, PartialEq)]
pub enum Results {
    /// What a run says.
    Run(Box<Report>),
}

/// Why results cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// The file is not text.
    #[error("{path}: byte {byte} is not UTF-8 text; results are JSON as `axsim run` writes it")]
    Binary {
        /// The file.
        path: String,
        /// Offset of the first byte that is wrong.
        byte: usize,
    },
    /// The text is not what a run wrote.
    #[error("{path}, {misread}; give the `outcome.json` of a run")]
    Misread {
        /// The file.
        path: String,
        /// Where and why.
        misread: Misread,
    },
}

/// Reads a file of results, or the one in a folder.
///
/// # Errors
/// [`ReadError`], naming file, line and field.
pub fn results(path: &Path) -> Result<Results, ReadError> {
    let file = if path.is_dir() { path.join("outcome.json") } else { path.into() };
    let report = parse(&text(&file)?);
    let misread = |misread| ReadError::Misread { path: file.display().to_string(), misread };
    Ok(Results::Run(Box::new(report.map_err(misread)?)))
}

fn text(path: &Path) -> Result<String, ReadError> {
    let name = || path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| ReadError::File(name(), error))?;
    String::from_utf8(bytes)
        .map_err(|error| ReadError::Binary { path: name(), byte: error.utf8_error().valid_up_to() })
}

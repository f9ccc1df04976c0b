//! The one public error: what went wrong, whose fault it is, and the exit code that says so.

use crate::arith::ArithError;
use crate::config::ConfigError;
use crate::explore::ExploreError;
use crate::report::read::ReadError;
use crate::run::RunError;
use crate::validate::ValidateError;
use crate::workload::LoadError;

/// Anything that stops a verb; every case is something the user can change, or a stop that was asked for.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Error {
    /// The configuration is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Config(#[from] ConfigError),
    /// Model or data cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A setup cannot be evaluated.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An id names no design.
    #[error(transparent)]
    #[diagnostic(help("`axsim list` shows the families"))]
    Arith(#[from] ArithError),
    /// A design folder cannot be validated.
    #[error("{0}: {1}")]
    Validate(String, ValidateError),
    /// An exploration has no result.
    #[error(transparent)]
    Explore(#[from] ExploreError),
    /// Stored results cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// A command line that asks for something that does not exist.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// The exit code of a program that Ctrl-C stopped: 128 and the number of the signal, as shells have it.
    pub const STOPPED: u8 = 130;

    /// The exit code: 2 where the input is wrong, [`Error::STOPPED`] after Ctrl-C.
    ///
    /// ```
    /// use axsim::error::Error;
    /// use axsim::explore::ExploreError;
    /// assert_eq!(Error::Usage("no `=`".into()).exit_code(), 2);
    /// assert_eq!(Error::Explore(ExploreError::Stopped { done: 7, of: 12 }).exit_code(), 130);
    /// ```
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Explore(ExploreError::Stopped { .. })) { Self::STOPPED } else { 2 }
    }
}

//! Results read back from their files, to be reported again.

use std::path::{Path, PathBuf};

use crate::explore::store;
use crate::explore::{Exploration, ExploreError};
use crate::run::outcome::Report;
use crate::run::stored::{Misread, parse};

/// What a file of results holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Results {
    /// What a run says.
    Run(Box<Report>),
    /// What an exploration found, finished or not.
    Exploration(Box<Exploration>),
}

/// Why results cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// The file is not text.
    #[error(
        "{path}: byte {byte} is not UTF-8 text; results are JSON as `axsim run` and `axsim explore` write it"
    )]
    Binary {
        /// The file.
        path: String,
        /// Offset of the first byte that is wrong.
        byte: usize,
    },
    /// The text is not what a run or an exploration wrote.
    #[error("{path}, {misread}; {EXPECTED}")]
    Misread {
        /// The file.
        path: String,
        /// Where and why.
        misread: Misread,
    },
    /// An exploration whose `front` or `best` names a point that is not there or failed.
    #[error("{path}: `front` or `best` names point {at}, which is not among the finished points; {EXPECTED}")]
    Stray {
        /// The file.
        path: String,
        /// The index as written.
        at: usize,
    },
    /// The store of an exploration that cannot be reported.
    #[error(transparent)]
    Store(#[from] ExploreError),
    /// The folder holds no results.
    #[error("{0} holds no results; {EXPECTED}")]
    Nothing(String),
    /// The folder holds the results of a run and of an exploration.
    #[error(
        "{0} holds results of a run and of an exploration; name the file, `outcome.json` or `exploration.json`"
    )]
    Both(String),
}

const EXPECTED: &str =
    "give the `outcome.json` of a run, or the `exploration.json` or `points.jsonl` of an exploration";

/// Reads a file of results, or the one in a folder; of an exploration that is not finished, its store.
///
/// # Errors
/// [`ReadError`], naming file, line and field.
pub fn results(path: &Path) -> Result<Results, ReadError> {
    let file = file(path)?;
    let (bytes, name) = (bytes(&file)?, file.display().to_string());
    if file.extension().is_some_and(|end| end == "jsonl") {
        return Ok(Results::Exploration(Box::new(store::read(&bytes, &name)?)));
    }
    let text = text(bytes, &name)?;
    let misread = |misread| ReadError::Misread { path: name.clone(), misread };
    if of_exploration(&text) {
        let found: Exploration = parse(&text).map_err(misread)?;
        match found.stray() {
            Some(at) => Err(ReadError::Stray { path: name, at }),
            None => Ok(Results::Exploration(Box::new(found))),
        }
    } else {
        Ok(Results::Run(Box::new(parse(&text).map_err(misread)?)))
    }
}

/// Whether the text has the one field that every exploration and no run has; broken text is read as a run's.
fn of_exploration(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Head {
        points: Option<serde::de::IgnoredAny>,
    }
    parse::<Head>(text).is_ok_and(|head| head.points.is_some())
}

fn file(path: &Path) -> Result<PathBuf, ReadError> {
    if !path.is_dir() {
        return Ok(path.into());
    }
    let known = |name: &str| Some(path.join(name)).filter(|file| file.exists());
    let run = known("outcome.json");
    // The store is never older than the result that was made of it.
    let exploration = known("points.jsonl").or_else(|| known("exploration.json"));
    match (run, exploration) {
        (Some(_), Some(_)) => Err(ReadError::Both(path.display().to_string())),
        (run, exploration) => {
            run.or(exploration).ok_or_else(|| ReadError::Nothing(path.display().to_string()))
        }
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, ReadError> {
    std::fs::read(path).map_err(|error| ReadError::File(path.display().to_string(), error))
}

fn text(bytes: Vec<u8>, path: &str) -> Result<String, ReadError> {
    String::from_utf8(bytes)
        .map_err(|error| ReadError::Binary { path: path.into(), byte: error.utf8_error().valid_up_to() })
}

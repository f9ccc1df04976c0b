//! The store of finished points: JSON Lines, appended at once, so that an interruption loses nothing.
//!
//! The first line says what is explored, every other line is one point. A line torn by a crash is dropped on reading;
//! every other unreadable line is an error. Points of another configuration are refused; a larger grid, other
//! objectives, another floor or another bound of mean errors are not, and a new first line for them is appended. Which points are
//! screened out is not stored but their mean errors, so that another bound judges all of them anew.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::exploration::Conflict;
use super::{Exploration, ExploreError, Knobs, Question, Unfinished, grid};
use crate::run::Worst;
use crate::run::outcome::Outcome;
use crate::run::stored::{Misread, parse};
use crate::workload::score::Marks;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or written.
    #[error("{path}: {error}")]
    File {
        /// The store's path.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// Another exploration appends to it.
    #[error("{path}: another exploration is writing there; wait for it, or choose another --out folder")]
    Busy {
        /// The store's path.
        path: String,
    },
    /// A complete line is not one of a store.
    #[error("{path}, {misread}; delete the line, or start anew without --resume")]
    Line {
        /// The store's path.
        path: String,
        /// Where and why.
        misread: Misread,
    },
    /// Points, but no line that says what they are of.
    #[error("{path} does not say what it explores; start anew without --resume")]
    Headless {
        /// The store's path.
        path: String,
    },
    /// The points are of another configuration.
    #[error(
        "{path} holds points of another configuration: {conflict}; choose another --out folder, or start anew \
         without --resume"
    )]
    Foreign {
        /// The store's path.
        path: String,
        /// What differs.
        conflict: Conflict,
    },
}

/// A line of the store.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// What is explored, and the keys of its points, the exact one first.
    Exploration(Box<Question>, Vec<String>),
    /// A point.
    Point(Box<Record>),
    /// What the multipliers of a point do to the means of sums.
    MeanError {
        /// The point's key.
        key: String,
        /// Where they do most; none where they are exact.
        worst: Option<Worst>,
    },
}

/// A finished or failed point.
#[derive(Serialize, Deserialize)]
struct Record {
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    /// What answers were worth; the comparison with the exact point needs it.
    #[serde(default, alias = "right", skip_serializing_if = "Marks::is_empty")]
    marks: Marks,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

/// What a store holds.
#[derive(Debug, Default)]
struct Contents {
    asked: Option<(Question, Vec<String>)>,
    results: BTreeMap<String, Result<Outcome, String>>,
    worst: BTreeMap<String, Option<Worst>>,
}

/// Points by key, and the open file to append to.
#[derive(Debug)]
pub struct Store {
    path: String,
    file: File,
    contents: Contents,
}

impl Store {
    /// Opens a store, for one process at a time; with `resume` finished points are read, without it an older store is set
    /// aside under the same name with `previous` before its extension.
    ///
    /// # Errors
    /// When the file cannot be opened or another process has it open, a complete line is not one of a store, or its points are
    /// of another configuration.
    pub fn open(path: &Path, resume: bool, question: &Question, keys: &[String]) -> Result<Self, StoreError> {
        let name = path.display().to_string();
        let failed = |error| StoreError::File { path: name.clone(), error };
        path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
        let mut file = locked(path, &name)?;
        let mut bytes = vec![];
        file.read_to_end(&mut bytes).map_err(failed)?;
        if !resume && !bytes.is_empty() {
            std::fs::rename(path, aside(path)).map_err(failed)?;
            (file, bytes) = (locked(path, &name)?, vec![]);
        }
        let whole = whole(&bytes, &name)?;
        let contents = Contents::read(whole, &name)?;
        contents.check(question, &name)?;
        file.set_len(whole.len() as u64).map_err(failed)?;
        let mut store = Self { path: name.clone(), file, contents };
        store.ask(question, keys)?;
        Ok(store)
    }

    /// Notes what is explored, unless it is what the store explores already.
    fn ask(&mut self, question: &Question, keys: &[String]) -> Result<(), StoreError> {
        let asked = Some((question.clone(), keys.to_vec()));
        if self.contents.asked != asked {
            self.contents.asked = asked;
            self.write(&Line::Exploration(Box::new(question.clone()), keys.to_vec()))?;
        }
        Ok(())
    }

    /// Whether the point of this key is finished or not to be run; a failed one is not, for its cause may be gone.
    pub fn finished(&self, key: &str) -> bool {
        matches!(self.contents.results.get(key), Some(Ok(_))) || self.contents.screened(key).is_some()
    }

    /// Whether it is known what the multipliers of the point of this key do to the means of sums.
    pub fn judged(&self, key: &str) -> bool {
        self.contents.worst.contains_key(key)
    }

    /// Appends what the multipliers of a point do to the means of sums.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn judge(&mut self, key: &str, worst: Option<Worst>) -> Result<(), StoreError> {
        self.write(&Line::MeanError { key: key.into(), worst: worst.clone() })?;
        self.contents.worst.insert(key.into(), worst);
        Ok(())
    }

    /// Appends a point at once.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, key: &str, result: Result<Outcome, String>) -> Result<(), StoreError> {
        let (outcome, failed) = (result.as_ref().ok().cloned(), result.as_ref().err().cloned());
        let marks = outcome.as_ref().map_or(Marks::default(), |outcome| outcome.marks.clone());
        self.write(&Line::Point(Box::new(Record { key: key.into(), outcome, marks, failed })))?;
        self.contents.results.insert(key.into(), result);
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<(), StoreError> {
        let text = serde_json::to_string(line).expect("a line is always writable") + "\n";
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.flush());
        written.map_err(|error| StoreError::File { path: self.path.clone(), error })
    }

    /// What the points found.
    ///
    /// # Errors
    /// When the exact point failed or is missing.
    pub fn exploration(self) -> Result<Exploration, ExploreError> {
        self.contents.exploration(&self.path)
    }
}

/// What the points in the bytes of a store found, finished or not; `path` names it in errors.
///
/// # Errors
/// When a complete line is not one of a store, or the exact point failed or is missing.
pub fn read(bytes: &[u8], path: &str) -> Result<Exploration, ExploreError> {
    Contents::read(whole(bytes, path)?, path)?.exploration(path)
}

/// The complete lines: what follows the last line break was torn by an interruption, perhaps inside a character.
fn whole<'a>(bytes: &'a [u8], path: &str) -> Result<&'a str, StoreError> {
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    std::str::from_utf8(&bytes[..end]).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
        let misread = Misread { line, column, field: None, message: "not UTF-8 text".into() };
        StoreError::Line { path: path.into(), misread }
    })
}

/// The file of a store, which no other process has while it is open.
fn locked(path: &Path, name: &str) -> Result<File, StoreError> {
    let failed = |error| StoreError::File { path: name.into(), error };
    let file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy { path: name.into() }),
        // Some file systems lock nothing.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// A name that is free for an older store, so that an exploration begun anew by mistake loses none of its points.
fn aside(path: &Path) -> PathBuf {
    let numbered = (2..).map(|number| path.with_extension(format!("previous-{number}.jsonl")));
    let mut names = std::iter::once(path.with_extension("previous.jsonl")).chain(numbered);
    names.find(|name| !name.exists()).expect("a number is free")
}

impl Contents {
    fn read(text: &str, path: &str) -> Result<Self, StoreError> {
        let mut contents = Self::default();
        for (at, line) in text.lines().enumerate() {
            let parsed = parse(line).map_err(|misread| StoreError::Line {
                path: path.into(),
                misread: Misread { line: at + 1, ..misread },
            })?;
            contents.take(parsed).map_err(|message| StoreError::Line {
                path: path.into(),
                misread: Misread { line: at + 1, column: 1, field: None, message },
            })?;
        }
        Ok(contents)
    }

    fn take(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line::Exploration(question, keys) => self.asked = Some((*question, keys)),
            Line::MeanError { key, worst } => drop(self.worst.insert(key, worst)),
            Line::Point(record) => {
                let Record { key, outcome, marks, failed } = *record;
                let result = match outcome {
                    Some(outcome) if outcome.score.samples != marks.len() => {
                        return Err(format!("{} answers for {} samples", marks.len(), outcome.score.samples));
                    }
                    Some(outcome) => Ok(Outcome { marks, ..outcome }),
                    None => Err(failed.unwrap_or_else(|| "the store does not say why".into())),
                };
                if let (Some(Ok(earlier)), Ok(later)) = (self.results.get(&key), &result)
                    && earlier != later
                {
                    return Err("the point stands in an earlier line with another result".into());
                }
                self.results.insert(key, result);
            }
        }
        Ok(())
    }

    /// The layer of a point that is beyond the bound, if there is one.
    fn screened(&self, key: &str) -> Option<Worst> {
        let bound = self.asked.as_ref()?.0.explore.screen?;
        let worst = self.worst.get(key).cloned().flatten();
        worst.filter(|worst| worst.mean_error > bound.fraction())
    }

    fn check(&self, question: &Question, path: &str) -> Result<(), StoreError> {
        let path = path.to_string();
        match &self.asked {
            None if self.results.is_empty() => Ok(()),
            None => Err(StoreError::Headless { path }),
            Some((asked, _)) => match question.conflict(asked) {
                None => Ok(()),
                Some(conflict) => Err(StoreError::Foreign { path, conflict }),
            },
        }
    }

    fn exploration(self, path: &str) -> Result<Exploration, ExploreError> {
        let Some((question, keys)) = self.asked.clone() else {
            return Err(StoreError::Headless { path: path.into() }.into());
        };
        let knobs: Vec<Knobs> = [Knobs::new()].into_iter().chain(grid(&question.explore)).collect();
        let run = |key: &String| Some(self.results.get(key)?.clone().map_err(Unfinished::Failed));
        let result = |(knobs, key): (Knobs, &String)| {
            let screened = self.screened(key).map(Unfinished::Screened);
            Some((knobs, screened.map(Err).or_else(|| run(key))?))
        };
        let mut results = knobs.into_iter().zip(&keys).map(result);
        let exact = match results.next().flatten() {
            Some((_, Ok(exact))) => exact,
            Some((_, Err(Unfinished::Failed(why)))) => return Err(ExploreError::Exact(why)),
            _ => return Err(ExploreError::Unfinished(path.into())),
        };
        let results = results.flatten().collect();
        Ok(Exploration::of(question, exact, results))
    }
}

//! `axsim report`, and the files of a report wherever it comes from.

use std::path::{Path, PathBuf};

use super::files;
use crate::error::Error;
use crate::explore::Exploration;
use crate::report::read::{Results, results};
use crate::report::{csv, html, text};
use crate::run::outcome::Report;

pub(super) fn report(path: &Path, out: Option<&Path>) -> Result<bool, Error> {
    let results = results(path)?;
    let beside = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let out = out.unwrap_or(beside);
    let (text, written) = match results {
        Results::Run(report) => (text::write(&report), run(&report, out)?),
        Results::Exploration(found) => (text::exploration(&found), explored(&found, out)?),
    };
    files::print(&format!("{text}\n{}", files::written(&written)))
}

/// Writes the page and the table of a run; gives their paths.
pub(super) fn run(report: &Report, out: &Path) -> Result<Vec<PathBuf>, Error> {
    pair(out, html::run::write(report), ("outcome.csv", csv::write(report)))
}

/// Writes the page and the table of an exploration; gives their paths.
pub(super) fn explored(found: &Exploration, out: &Path) -> Result<Vec<PathBuf>, Error> {
    pair(out, html::exploration::write(found), ("exploration.csv", csv::exploration(found)))
}

fn pair(out: &Path, page: String, (name, table): (&str, String)) -> Result<Vec<PathBuf>, Error> {
    let paths = vec![out.join("report.html"), out.join(name)];
    files::write(&paths[0], &page)?;
    files::write(&paths[1], &table)?;
    Ok(paths)
}

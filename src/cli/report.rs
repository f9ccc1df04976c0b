//! `axsim report`, and the files of a report wherever it comes from.

use std::path::{Path, PathBuf};

use super::files;
use crate::error::Error;
use crate::report::read::{Results, results};
use crate::report::{self, html};
use crate::run::outcome::Report;

pub(super) fn report(path: &Path, out: Option<&Path>) -> Result<bool, Error> {
    let results = results(path)?;
    let beside = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let out = out.unwrap_or(beside);
    match results {
        Results::Run(report) => {
            let written = run(&report, out)?;
            files::print(&format!("{}\n{}", report::text::write(&report), files::written(&written)))
        }
    }
}

/// Writes the page and the table of a run; gives their paths.
pub(super) fn run(report: &Report, out: &Path) -> Result<Vec<PathBuf>, Error> {
    let (page, table) = (out.join("report.html"), out.join("outcome.csv"));
    files::write(&page, &html::write(report))?;
    files::write(&table, &report::csv::write(report))?;
    Ok(vec![page, table])
}

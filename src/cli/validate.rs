//! The verb `validate`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::circuits::folders;
use super::{files, run};
use crate::error::Error;
use crate::validate::{self, Comparison, Found, Library, Verdict};

/// What a path was compared with, and how that went.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Answer {
    Design(Verdict),
    Metrics { file: String, rows: Comparison },
    Library { folder: String, library: Library },
}

/// Which rows of a file of metrics count.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Rows {
    /// A row or a file that is left out counts as a disagreement
    #[arg(long)]
    strict: bool,
    /// Also compute designs of 25 to 32 operand bits (3 to 30 s each)
    #[arg(long)]
    wide: bool,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

impl Rows {
    fn operand_bits(self) -> u32 {
        if self.wide { 32 } else { validate::WIDE }
    }
}

pub(super) fn validate(
    paths: &[PathBuf],
    goldens: Option<&Path>,
    rows: Rows,
    json: Option<&Path>,
) -> Result<bool, Error> {
    let answers = paths.iter().map(|path| answers(path, goldens, rows)).collect::<Result<Vec<_>, _>>()?;
    let answers: Vec<Answer> = answers.into_iter().flatten().collect();
    match json {
        Some(path) => files::json(path, &answers)?,
        None => files::print(&answers.iter().map(sentence).collect::<String>()).map(drop)?,
    }
    Ok(answers.iter().all(|answer| match answer {
        Answer::Design(verdict) => verdict.agrees(),
        Answer::Metrics { rows: found, .. } => found.agrees(rows.strict),
        Answer::Library { library, .. } => library.agrees(rows.strict),
    }))
}

fn answers(path: &Path, goldens: Option<&Path>, rows: Rows) -> Result<Vec<Answer>, Error> {
    let failed = |path: &Path, error| Error::Validate(path.display().to_string(), error);
    if let Some(goldens) = goldens {
        let bar = run::bar(rows.quiet);
        let progress = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let library = validate::library(path, goldens, rows.operand_bits(), &progress);
        bar.finish_and_clear();
        let library = library.map_err(|error| failed(path, error))?;
        return Ok(vec![Answer::Library { folder: path.display().to_string(), library }]);
    }
    if path.is_file() {
        let rows = validate::metrics(path, rows.operand_bits()).map_err(|error| failed(path, error))?;
        return Ok(vec![Answer::Metrics { file: path.display().to_string(), rows }]);
    }
    let judge = |folder: &PathBuf| {
        validate::folder(folder).map(Answer::Design).map_err(|error| failed(folder, error))
    };
    folders(path)?.iter().map(judge).collect()
}

fn sentence(answer: &Answer) -> String {
    match answer {
        Answer::Design(verdict) => of_design(verdict),
        Answer::Metrics { file, rows } => of_metrics(file, rows),
        Answer::Library { folder, library } => of_library(folder, library),
    }
}

fn of_metrics(file: &str, rows: &Comparison) -> String {
    let Comparison { agreed, differing, wide, not_implemented, first } = rows;
    let mut line =
        format!("{file}: {agreed} rows agreed, {differing} differing, {not_implemented} not implemented");
    if *wide > 0 {
        let _ = write!(line, ", {wide} left out as wide (--wide computes them)");
    }
    if let Some(first) = first {
        let ours = first.ours.map_or("undefined".into(), |ours| ours.to_string());
        let _ = write!(
            line,
            "; first in line {}, {}: {} is {ours} here, {} there",
            first.line, first.design, first.metric, first.golden
        );
    }
    line + "\n"
}

fn of_design(verdict: &Verdict) -> String {
    let mut line = format!("{}: ", verdict.id);
    let _ = match &verdict.first {
        None => write!(line, "gates, function and golden agree on {} vectors", verdict.vectors),
        Some(first) => write!(
            line,
            "{} of {} vectors differ; first at operands {:?}: gates {}, function {}, golden {}",
            verdict.differing, verdict.vectors, first.operands, first.gates, first.function, first.golden
        ),
    };
    if !verdict.verilog_is_current {
        let _ = write!(line, "; the Verilog is not what `axsim export {}` writes", verdict.id);
    }
    line + "\n"
}

/// Counts, then what is not as it should be, file by file up to a screenful.
fn of_library(folder: &str, library: &Library) -> String {
    const SHOWN: usize = 20;
    let count = |like| library.count(like);
    let mut text = format!(
        "{folder} as {}: {} files: {} agreed, {} differing, {} unreadable, {} without a row",
        library.release,
        library.files.len(),
        count(|found| *found == Found::Agreed),
        count(|found| matches!(found, Found::Differing { .. })),
        count(|found| matches!(found, Found::Unreadable { .. })),
        count(|found| *found == Found::NoRow),
    );
    let wide = count(|found| *found == Found::Wide);
    if wide > 0 {
        let _ = write!(text, ", {wide} left out as wide (--wide computes them)");
    }
    let _ = writeln!(text, "; {} rows without a file", library.rows_without_file);
    let wrong = library.files.iter().filter_map(|(path, found)| match found {
        Found::Differing { column, ours, golden } => {
            Some(format!("  {}: {column} is {ours} here, {golden} there\n", path.display()))
        }
        Found::Unreadable { error } => Some(format!("  {}: {error}\n", path.display())),
        _ => None,
    });
    let wrong: Vec<String> = wrong.collect();
    text.extend(wrong.iter().take(SHOWN).map(String::as_str));
    if wrong.len() > SHOWN {
        let _ = writeln!(text, "  … and {} more (--json names them all)", wrong.len() - SHOWN);
    }
    text
}

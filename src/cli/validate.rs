//! The verb `validate`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::bar::Bar;
use super::circuits::folders;
use super::elaboration::Elaboration;
use super::files;
use crate::error::Error;
use crate::netlist::import;
use crate::run::Progress;
use crate::validate::{
    self, Comparison, CostAgreement, Counterexample, Equivalence, Found, Library, Lint, Unproved, Verdict,
    Word,
};

/// What a path was compared with, and how that went.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Answer {
    Design(Verdict),
    Metrics { file: String, rows: Comparison },
    Library { folder: String, library: Library, cost: Vec<CostAgreement> },
    Circuit { file: String, equivalence: Equivalence },
    Lint { file: String, lint: Lint },
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

/// What paths are compared with, where they do not say so themselves.
#[derive(Debug, clap::Args)]
pub(super) struct Against {
    /// Published and recomputed metrics (CSV) that the Verilog files below PATHS must have
    #[arg(long, value_name = "CSV", conflicts_with = "via_yosys")]
    goldens: Option<PathBuf>,
    /// Also compare area and power with the published ones, scaled by one factor each; the exit code does not depend on it
    #[arg(long, requires = "goldens")]
    cost: bool,
    /// The design that a circuit's file is meant to be, where its module is not named so
    #[arg(long, value_name = "ID", conflicts_with = "goldens")]
    like: Option<String>,
    /// Look circuits' files over instead: nets driven twice or not at all, unread inputs, ports, sign and results that are
    /// unlike the operation
    #[arg(long, conflicts_with_all = ["goldens", "like"])]
    lint: bool,
    #[command(flatten)]
    elaboration: Elaboration,
    /// How long the proof that a circuit of more than 32 input bits is the design may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    proof_time: u32,
}

/// Runs something under a progress bar.
fn with_bar<T>(
    (quiet, counted): (bool, &'static str),
    work: impl FnOnce(&(dyn Fn(usize, usize) + Sync)) -> T,
) -> T {
    let bar = Bar::new(quiet, counted);
    work(&|finished, of| bar.show(Progress { finished, of, share: finished as f64 / of as f64 }))
}

impl Rows {
    fn operand_bits(self) -> u32 {
        if self.wide { 32 } else { validate::WIDE }
    }
}

pub(super) fn validate(
    paths: &[PathBuf],
    against: &Against,
    rows: Rows,
    json: Option<&Path>,
) -> Result<bool, Error> {
    let answers = paths.iter().map(|path| answers(path, against, rows)).collect::<Result<Vec<_>, _>>()?;
    let answers: Vec<Answer> = answers.into_iter().flatten().collect();
    match json {
        Some(path) => files::json(path, &answers)?,
        None => files::print(&answers.iter().map(sentence).collect::<String>()).map(drop)?,
    }
    Ok(answers.iter().all(|answer| match answer {
        Answer::Design(verdict) => verdict.agrees(),
        Answer::Metrics { rows: found, .. } => found.agrees(rows.strict),
        Answer::Library { library, .. } => library.agrees(rows.strict),
        Answer::Circuit { equivalence, .. } => equivalence.first.is_none(),
        Answer::Lint { lint, .. } => lint.errors.is_empty(),
    }))
}

fn answers(path: &Path, against: &Against, rows: Rows) -> Result<Vec<Answer>, Error> {
    let failed = |path: &Path, error| Error::Validate(path.display().to_string(), error);
    if let Some(goldens) = &against.goldens {
        let library = with_bar((rows.quiet, "files"), |progress| {
            validate::library(path, goldens, rows.operand_bits(), progress)
        });
        let library = library.map_err(|error| failed(path, error))?;
        let cost = if against.cost { validate::cost(&library, goldens) } else { Ok(vec![]) };
        let cost = cost.map_err(|error| failed(path, error))?;
        return Ok(vec![Answer::Library { folder: path.display().to_string(), library, cost }]);
    }
    let file = against.elaboration.file(path)?;
    let ending = file.path.extension().and_then(|end| end.to_str());
    if ending.is_some_and(|end| import::ENDINGS.contains(&end)) {
        let like = against.like.as_deref();
        if against.lint {
            let lint = validate::lint(&file.path).map_err(|error| failed(path, error))?;
            return Ok(vec![Answer::Lint { file: path.display().to_string(), lint }]);
        }
        let time = Duration::from_secs(against.proof_time.into());
        let compare = |progress: &(dyn Fn(usize, usize) + Sync)| {
            validate::equivalence(&file.path, like, time, progress)
        };
        let equivalence = with_bar((rows.quiet, "blocks of inputs"), compare);
        let equivalence = equivalence.map_err(|error| failed(path, error))?;
        return Ok(vec![Answer::Circuit { file: path.display().to_string(), equivalence }]);
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
        Answer::Library { folder, library, cost } => {
            of_library(folder, library) + &cost.iter().map(of_cost).collect::<String>()
        }
        Answer::Circuit { file, equivalence } => of_circuit(file, equivalence),
        Answer::Lint { file, lint } => of_lint(file, lint),
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

/// One sentence, and where answers differ the line of the golden with a mark under its result.
fn of_design(verdict: &Verdict) -> String {
    let Verdict { id, vectors, differing, .. } = verdict;
    let Some(first) = &verdict.first else {
        return format!("{id}: Verilog, gates, function and golden agree on {vectors} vectors\n");
    };
    let place = first.text.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let cycle = first.cycle.map_or(String::new(), |cycle| format!(", cycle {cycle} after reset"));
    format!(
        "{id}: {differing} of {vectors} vectors differ; the first is golden.txt:{}{cycle}\n  {}\n  {:place$}^\n{}",
        first.line,
        first.text,
        "",
        table(first.operands.iter().chain(&first.answers))
    )
}

fn of_circuit(file: &str, found: &Equivalence) -> String {
    let Equivalence { id, method, compared, first, exchanged, unproved } = found;
    match first {
        None if *method == "proof" => {
            format!("{file}: computes what {id} does, proved for every input by sweeping with a SAT solver\n")
        }
        None => {
            let why = unproved.map_or(String::new(), |why| format!("; {}", reason(why)));
            format!("{file}: computes what {id} does, compared on {compared} ({method}{why})\n")
        }
        Some(first) => {
            let turned = if *exchanged { "; with its operands exchanged it computes the same" } else { "" };
            format!("{file}: differs from {id}{turned}\n{}", counterexample(first))
        }
    }
}

fn reason(why: Unproved) -> &'static str {
    match why {
        Unproved::Time => "no proof was found in the time",
        Unproved::Registers => {
            "no proof, for its registers do not hold, one by one, what those of the design do"
        }
        Unproved::Unreached => "no proof, for they differ in a state that may never be reached",
    }
}

/// A line a finding.
fn of_lint(file: &str, lint: &Lint) -> String {
    let errors = lint.errors.iter().map(|error| format!("{file}: {error}\n"));
    let warnings = lint.warnings.iter().map(|warning| format!("{file}: warning: {warning}\n"));
    let text: String = errors.chain(warnings).collect();
    if text.is_empty() { format!("{file}: nothing to remark\n") } else { text }
}

fn counterexample(first: &Counterexample) -> String {
    let cycle = first.cycle.map_or(String::new(), |cycle| format!("  in cycle {cycle} after reset\n"));
    cycle + &table(first.operands.iter().chain(&first.answers))
}

/// Words in decimal, hexadecimal and bits, a line each.
fn table<'a>(words: impl Iterator<Item = &'a Word>) -> String {
    let word =
        |Word { name, decimal, hex, bits }: &Word| format!("  {name:<10}{decimal:>12}  0x{hex}  {bits}\n");
    words.map(word).collect()
}

/// Whether a figure agrees, by what rule it was reckoned, and how well it predicts.
fn of_cost(found: &CostAgreement) -> String {
    let CostAgreement {
        group, figure, scale, fitted, held_out, error, gate_count_error, pairs, ordered, ..
    } = found;
    let unit = if *figure == "area" { "published over ours" } else { "mW for 1 fJ a step" };
    let answer = if found.agrees() { "agrees" } else { "does not agree" };
    let ordered = ordered.map_or(String::new(), |share| {
        format!("; {:.0} % of {pairs} pairs of like gate count in the published order", 100.0 * share)
    });
    format!(
        "  {group}, {figure} {answer}: scale {scale:.4} ({unit}) of {fitted} circuits; on {held_out} others a median error of {:.1} %, by counting gates {:.1} %{ordered}; {}\n",
        100.0 * error,
        100.0 * gate_count_error,
        rule(found)
    )
}

/// What was priced, and what may keep a figure from agreeing.
fn rule(found: &CostAgreement) -> String {
    let CostAgreement { figure, fitted, held_out, as_written, .. } = found;
    let mapped = fitted + held_out - as_written;
    match (*figure, mapped, found.agrees()) {
        ("area", 0, _) => "the cells as the files have them".into(),
        ("area", _, true) => format!("{mapped} of them mapped to the cells that were published"),
        ("area", ..) => format!(
            "{mapped} of them mapped to the cells that were published, whose netlists come from a synthesis that is not told"
        ),
        (_, _, true) => "gates as the files have them, inputs that toggle in 10 % of the steps".into(),
        _ => "gates as the files have them, inputs that toggle in 10 % of the steps; vectors and netlists of the published figures are not told".into(),
    }
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
    let [agreed, differing, unreadable] = library.circuits();
    let _ = writeln!(
        text,
        "; {} rows without a file; in circuits: {agreed} agreed, {differing} differing, {unreadable} unreadable",
        library.rows_without_file
    );
    let wrong = library.files.iter().filter_map(|(path, found)| match found {
        Found::Differing { column, ours, golden } => {
            let why = validate::defect(&library.release, validate::name(path));
            let why = why.map_or(String::new(), |why| format!("; {why}"));
            Some(format!("  {}: {column} is {ours} here, {golden} there{why}\n", path.display()))
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

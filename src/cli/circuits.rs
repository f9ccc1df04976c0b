//! The circuit verbs: characterize, validate, export.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::files;
use crate::arith::{self, Characterization, Design, Unit};
use crate::error::Error;
use crate::netlist::{text, verilog};
use crate::table::Table;
use crate::tech::CellLibrary;
use crate::validate::{self, Comparison, Verdict};

/// Forms a design can be written in.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Format {
    /// Structural Verilog.
    Verilog,
    /// The netlist's text form: a line a gate.
    Netlist,
    /// One row per operand a, one column per operand b.
    Table,
}

/// The units that an argument names: an id, a design folder, or a folder of them.
fn units(name: &str) -> Result<Vec<Unit>, Error> {
    let path = Path::new(name);
    if !path.is_dir() {
        return Ok(vec![Unit::from_id(name)?]);
    }
    let unit = |folder: &PathBuf| {
        validate::unit(folder).map_err(|error| Error::Validate(folder.display().to_string(), error))
    };
    folders(path)?.iter().map(unit).collect()
}

pub(super) fn characterize(names: &[String], json: Option<&Path>) -> Result<bool, Error> {
    let library = CellLibrary::nangate45();
    let units = names.iter().map(|name| units(name)).collect::<Result<Vec<_>, Error>>()?;
    let measured: Vec<Characterization> =
        units.iter().flatten().map(|unit| arith::characterize(unit, &library)).collect();
    match json {
        Some(path) => files::json(path, &measured).map(|()| true),
        None => files::print(&table(&measured)),
    }
}

fn table(measured: &[Characterization]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "design",
        "pairs",
        "error rate",
        "med",
        "nmed",
        "mred",
        "wce",
        "bias",
        "area, µm²",
        "delay, ps",
        "clock, MHz",
        "energy, fJ",
        "leakage, nW",
    ]);
    for design in measured {
        let cost = &design.cost;
        let mut row = vec![design.design.clone()];
        row.extend(errors(design));
        row.extend([
            format!("{:.1}", cost.area_um2),
            format!("{:.0} ± 20 %", cost.delay_ps),
            cost.clock_mhz.map_or("–".into(), |clock| format!("{clock:.0}")),
            format!("{:.1}", cost.energy_fj),
            format!("{:.0}", cost.leakage_nw),
        ]);
        table.add_row(row);
    }
    let mut activities: Vec<&str> = measured.iter().map(|design| &*design.cost.activity).collect();
    activities.sort_unstable();
    activities.dedup();
    let library = measured
        .first()
        .map_or(String::new(), |design| format!("{} at {} V", design.cost.library, design.cost.voltage));
    let activities = activities.join("; ");
    format!("{table}\n{library}; {activities}; energy is a lower bound (no glitches)\n")
}

/// The columns of inputs and errors; dashes where errors are not defined.
fn errors(design: &Characterization) -> Vec<String> {
    let (Some(inputs), Some(error)) = (&design.inputs, &design.error) else {
        return vec!["–".into(); 7];
    };
    let relative = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.3e}"));
    vec![
        format!("{} {}", inputs.count, inputs.method),
        format!("{:.4}", error.error_rate),
        format!("{:.4}", error.med),
        relative(error.nmed),
        relative(error.mred),
        error.wce.to_string(),
        format!("{:+.3}", error.bias),
    ]
}

/// What a path was compared with, and how that went.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Answer {
    Design(Verdict),
    Metrics { file: String, rows: Comparison },
}

/// Which rows of a file of metrics count.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Rows {
    /// In files of metrics, a row that is left out counts as a disagreement
    #[arg(long)]
    strict: bool,
    /// In files of metrics, also compute designs of 25 to 32 operand bits (5 to 30 s each)
    #[arg(long)]
    wide: bool,
}

pub(super) fn validate(paths: &[PathBuf], rows: Rows, json: Option<&Path>) -> Result<bool, Error> {
    let answers = paths.iter().map(|path| answers(path, rows)).collect::<Result<Vec<_>, _>>()?;
    let answers: Vec<Answer> = answers.into_iter().flatten().collect();
    match json {
        Some(path) => files::json(path, &answers)?,
        None => files::print(&answers.iter().map(sentence).collect::<String>()).map(drop)?,
    }
    Ok(answers.iter().all(|answer| match answer {
        Answer::Design(verdict) => verdict.agrees(),
        Answer::Metrics { rows: found, .. } => found.agrees(rows.strict),
    }))
}

fn answers(path: &Path, rows: Rows) -> Result<Vec<Answer>, Error> {
    let failed = |path: &Path, error| Error::Validate(path.display().to_string(), error);
    if path.is_file() {
        let limit = if rows.wide { 32 } else { validate::WIDE };
        let rows = validate::metrics(path, limit).map_err(|error| failed(path, error))?;
        return Ok(vec![Answer::Metrics { file: path.display().to_string(), rows }]);
    }
    let judge = |folder: &PathBuf| {
        validate::folder(folder).map(Answer::Design).map_err(|error| failed(folder, error))
    };
    folders(path)?.iter().map(judge).collect()
}

/// The folder itself, or the design folders below it.
fn folders(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if path.join("design.yaml").exists() {
        return Ok(vec![path.into()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| Error::File(path.display().to_string(), error))?;
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("design.yaml").exists())
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(Error::Usage(format!(
            "{} holds no design folder (a folder with design.yaml)",
            path.display()
        )));
    }
    Ok(found)
}

fn sentence(answer: &Answer) -> String {
    match answer {
        Answer::Design(verdict) => of_design(verdict),
        Answer::Metrics { file, rows } => of_metrics(file, rows),
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

pub(super) fn export(name: &str, format: Format) -> Result<bool, Error> {
    for unit in units(name)? {
        files::print(&exported(&unit, format)?)?;
    }
    Ok(true)
}

fn exported(unit: &Unit, format: Format) -> Result<String, Error> {
    match (format, unit) {
        (Format::Verilog, unit) => Ok(verilog::write(&unit.netlist())),
        (Format::Netlist, unit) => Ok(text::write(&unit.netlist())),
        (Format::Table, Unit::Design(design)) => {
            let table = arith::table(&**design);
            let table = table.map_err(|error| Error::Usage(format!("`{}`: {error}", unit.id())))?;
            Ok(grid(&**design, &table))
        }
        (Format::Table, Unit::Mac(mac)) => Err(Error::Usage(format!(
            "`{}` has state and therefore no table; its multiplier `{}` has one",
            mac.id(),
            mac.multiplier().id()
        ))),
    }
}

/// Results as text: row = code of a, column = code of b.
fn grid(design: &dyn Design, table: &Table) -> String {
    let columns = 1usize << design.signature().width_b;
    let line = |row: &[i32]| row.iter().map(i32::to_string).collect::<Vec<_>>().join(" ") + "\n";
    table.entries().chunks(columns).map(line).collect()
}

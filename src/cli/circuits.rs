//! The circuit verbs: characterize, validate, export.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::files;
use crate::arith::{self, Characterization, Design};
use crate::error::Error;
use crate::netlist::{Netlist, text, verilog};
use crate::table::Table;
use crate::tech::CellLibrary;
use crate::validate::{self, Verdict};

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

pub(super) fn characterize(ids: &[String], json: Option<&Path>) -> Result<bool, Error> {
    let library = CellLibrary::nangate45();
    let measure = |id: &String| Ok(arith::characterize(&*arith::design(id)?, &library));
    let measured: Vec<Characterization> = ids.iter().map(measure).collect::<Result<_, Error>>()?;
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
        "energy, fJ",
        "leakage, nW",
    ]);
    let relative = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.3e}"));
    for design in measured {
        let (error, cost) = (&design.error, &design.cost);
        table.add_row([
            design.design.clone(),
            format!("{} {}", design.inputs.count, design.inputs.method),
            format!("{:.4}", error.error_rate),
            format!("{:.4}", error.med),
            relative(error.nmed),
            relative(error.mred),
            error.wce.to_string(),
            format!("{:+.3}", error.bias),
            format!("{:.1}", cost.area_um2),
            format!("{:.0} ± 20 %", cost.delay_ps),
            format!("{:.1}", cost.energy_fj),
            format!("{:.0}", cost.leakage_nw),
        ]);
    }
    let activity = measured.first().map_or(String::new(), |design| {
        format!(
            "{} at {} V; {}; energy is a lower bound (no glitches)",
            design.cost.library, design.cost.voltage, design.cost.activity
        )
    });
    format!("{table}\n{activity}\n")
}

pub(super) fn validate(paths: &[PathBuf], json: Option<&Path>) -> Result<bool, Error> {
    let folders: Vec<PathBuf> =
        paths.iter().map(|path| folders(path)).collect::<Result<Vec<_>, _>>()?.concat();
    let judge = |folder: &PathBuf| {
        validate::folder(folder).map_err(|error| Error::Validate(folder.display().to_string(), error))
    };
    let verdicts: Vec<Verdict> = folders.iter().map(judge).collect::<Result<_, _>>()?;
    match json {
        Some(path) => files::json(path, &verdicts)?,
        None => files::print(&verdicts.iter().map(sentence).collect::<String>()).map(drop)?,
    }
    Ok(verdicts.iter().all(Verdict::agrees))
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

fn sentence(verdict: &Verdict) -> String {
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

pub(super) fn export(id: &str, format: Format) -> Result<bool, Error> {
    match format {
        Format::Verilog => files::print(&verilog::write(&netlist(id)?)),
        Format::Netlist => files::print(&text::write(&netlist(id)?)),
        Format::Table => {
            let design = arith::design(id)?;
            let table = arith::table(&*design).map_err(|error| Error::Usage(format!("`{id}`: {error}")))?;
            files::print(&grid(&*design, &table))
        }
    }
}

fn netlist(id: &str) -> Result<Netlist, Error> {
    if id.starts_with("mac") {
        Ok(arith::mac::Mac::from_id(id)?.netlist())
    } else {
        Ok(arith::design(id)?.netlist())
    }
}

/// Results as text: row = code of a, column = code of b.
fn grid(design: &dyn Design, table: &Table) -> String {
    let columns = 1usize << design.signature().width_b;
    let line = |row: &[i32]| row.iter().map(i32::to_string).collect::<Vec<_>>().join(" ") + "\n";
    table.entries().chunks(columns).map(line).collect()
}

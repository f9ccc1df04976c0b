//! The verb `characterize`.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{circuits, errors, files, path, sdf, yosys};
use crate::arith::metric::convention::Convention;
use crate::arith::{self, Characterization, Unit};
use crate::constant::Constant;
use crate::error::Error;
use crate::tech::{CellLibrary, Wires};

/// Whose names, percentages and pairs error metrics are printed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Printed {
    /// Fractions; relative errors leave out pairs whose exact result is 0
    Axsim,
    /// As EvoApproxLib LITE prints them
    Evoapproxlib,
    /// As EvoApprox8b of 2017 prints them
    Evoapprox8b,
}

/// Where area and delay come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Backend {
    /// Our own mapping to library cells
    Mapping,
    /// Yosys and ABC, where they are installed, on the same cells; energy and leakage stay those of our mapping
    Yosys,
}

/// What designs are made of.
#[derive(Debug, clap::Args)]
pub(super) struct Cells {
    /// Where area and delay come from
    #[arg(long, value_enum, default_value = "mapping")]
    backend: Backend,
    #[command(flatten)]
    liberty: Liberty,
    /// Wire in fF for each input pin that a net feeds, 0 for neither wires nor clock tree, as synthesis tools reckon
    /// (0.35 in 45 nm, else by the square root of the cells' area)
    #[arg(long, value_name = "FF", value_parser = load)]
    wire_load: Option<f64>,
    /// Also the longest path, cell by cell, as our own mapping has it
    #[arg(long)]
    path: bool,
    /// Delays of the cells of one Verilog file, which is priced as it stands and not mapped: typical values of an SDF
    /// file; cells of several gates as those, drives as one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["backend", "path"])]
    sdf: Option<PathBuf>,
}

impl Cells {
    fn library(&self) -> Result<CellLibrary, Error> {
        let library = self.liberty.library()?;
        Ok(match self.wire_load {
            None => library.wired(),
            Some(0.0) => library,
            Some(load) => library.wired_with(load),
        })
    }

    /// What delays may be off by, as a fraction: the synthesiser is given one working point a cell.
    fn delay_band(&self, library: &CellLibrary) -> f64 {
        if self.backend == Backend::Yosys { 0.2 } else { library.band }
    }
}

/// Whose cells circuits are made of.
#[derive(Debug, clap::Args)]
pub(super) struct Liberty {
    /// A cell library in the Liberty format, in place of the shipped 45 nm table; again for each further file of it
    #[arg(long, value_name = "FILE")]
    liberty: Vec<PathBuf>,
}

impl Liberty {
    /// Whether cells are of a file of the user's.
    pub(super) fn is_given(&self) -> bool {
        !self.liberty.is_empty()
    }

    pub(super) fn library(&self) -> Result<CellLibrary, Error> {
        if self.liberty.is_empty() {
            return Ok(CellLibrary::nangate45());
        }
        let text = |path: &PathBuf| {
            let name = path.display().to_string();
            let bytes = std::fs::read(path).map_err(|error| Error::File(name.clone(), error))?;
            let text = String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                Error::Usage(format!("{name}: byte {at} is not UTF-8 text; is it compressed?"))
            })?;
            Ok((name, text))
        };
        let files = self.liberty.iter().map(text).collect::<Result<Vec<_>, Error>>()?;
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
        CellLibrary::from_liberty(&files).map_err(|error| Error::Usage(error.to_string()))
    }
}

/// How errors are measured and printed.
#[derive(Debug, clap::Args)]
pub(super) struct Errors {
    /// Take errors over all pairs up to 32 operand bits (seconds a design), not only up to 24
    #[arg(long)]
    wide: bool,
    /// Whose conventions the error metrics follow
    #[arg(long, value_enum, default_value = "axsim")]
    convention: Printed,
    /// Also weigh errors by how often operands occur: a CSV file `a,b,weight`, or `operand,value,weight`
    #[arg(long, value_name = "CSV")]
    pub(super) operands: Option<PathBuf>,
    /// Also the error of a sum of this many results, as in a dot product
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) terms: Option<u64>,
    /// Seconds for exact figures of a design that is sampled, by decision diagrams (1 for adders, else 0)
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) formal: Option<f64>,
    /// Also histograms of the error and of the relative error
    #[arg(long)]
    pub(super) histogram: bool,
}

/// A capacitance in fF.
fn load(text: &str) -> Result<f64, String> {
    let load = text.parse().ok().filter(|load| (0.0..=1e3).contains(load));
    load.ok_or_else(|| "a load from 0 to 1000 fF is expected".into())
}

/// A time that a computer waits for.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..=1e6).contains(seconds));
    seconds.ok_or_else(|| "seconds from 0 to 1000000 are expected".into())
}

pub(super) fn characterize(
    names: &[String],
    errors: &Errors,
    cells: &Cells,
    json: Option<&Path>,
) -> Result<bool, Error> {
    let library = cells.library()?;
    if cells.backend == Backend::Yosys && cells.liberty.is_given() {
        let message =
            "`--backend yosys` knows the shipped 45 nm cells alone; leave out `--liberty`, or `--backend`";
        return Err(Error::Usage(message.into()));
    }
    let units = names
        .iter()
        .map(|name| circuits::units(name))
        .collect::<Result<Vec<_>, Error>>()?
        .into_iter()
        .flatten();
    let units: Vec<Unit> = units.collect();
    let limit = if errors.wide { 32 } else { arith::EXHAUSTIVE };
    let mut measured: Vec<Characterization> =
        units.iter().map(|unit| arith::characterize(unit, &library, limit)).collect();
    if cells.backend == Backend::Yosys {
        let synthesised = units.par_iter().map(|unit| yosys::synthesised(unit, &library));
        for (found, synthesised) in measured.iter_mut().zip(synthesised.collect::<Result<Vec<_>, _>>()?) {
            (found.cost.area_um2, found.cost.delay_ps) = (synthesised.area, synthesised.delay);
            found.cost.synthesised_by = Some(synthesised.tool);
        }
    }
    if let Some(file) = &cells.sdf {
        let ([name], [found]) = (names, &mut measured[..]) else {
            return Err(Error::Usage("`--sdf` belongs to one Verilog file; name that alone".into()));
        };
        found.cost = sdf::annotated(Path::new(name), file, &library)?;
    }
    let convention = match errors.convention {
        Printed::Axsim => None,
        Printed::Evoapproxlib => Some(Convention::EvoApproxLib),
        Printed::Evoapprox8b => Some(Convention::EvoApprox8b),
    };
    match (json, convention) {
        (json, None) => {
            let mut further = errors::further(&units, &measured, errors)?;
            if cells.path {
                let with = |(further, unit): (errors::Further, &Unit)| {
                    further.with_path(path::stages(unit, &library))
                };
                further = further.into_iter().zip(&units).map(with).collect();
            }
            match json {
                Some(path) => files::json(path, &errors::joined(&measured, &further)).map(|()| true),
                None => {
                    let cost = table(&measured, cells.delay_band(&library), &wires(&library));
                    files::print(&(cost + &errors::text(&measured, &further)))
                }
            }
        }
        (json, Some(convention)) => {
            let converted = converted(&units, &measured, convention)?;
            match json {
                Some(path) => files::json(path, &converted).map(|()| true),
                None => files::print(&lines(&converted, convention)),
            }
        }
    }
}

/// The error metrics of a design under the names and rules of another library.
#[derive(serde::Serialize)]
struct Converted {
    design: String,
    convention: Convention,
    figures: indexmap::IndexMap<&'static str, f64>,
}

fn converted(
    units: &[Unit],
    measured: &[Characterization],
    convention: Convention,
) -> Result<Vec<Converted>, Error> {
    let one = |(unit, measure): (&Unit, &Characterization)| {
        let (Unit::Design(design), Some(error)) = (unit, &measure.error) else {
            let message =
                format!("`{}` is a MAC unit: leave --convention out, or name its multiplier", unit.id());
            return Err(Error::Usage(message));
        };
        let figures = convention.figures(error, design.signature(), design.width_out());
        Ok(Converted { design: measure.design.clone(), convention, figures: figures.into_iter().collect() })
    };
    units.iter().zip(measured).map(one).collect()
}

fn lines(converted: &[Converted], convention: Convention) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    if let Some(Converted { figures, .. }) = converted.first() {
        let names = figures.keys().map(|name| name.replace("_pct", ", %"));
        table.set_header(["design".to_string()].into_iter().chain(names));
    }
    for Converted { design, figures, .. } in converted {
        table.add_row([design.clone()].into_iter().chain(figures.values().map(|figure| shortened(*figure))));
    }
    let zeros = match convention {
        Convention::EvoApproxLib => "leave out pairs whose exact result is 0",
        Convention::EvoApprox8b => "divide by 1 where the exact result is 0",
    };
    format!(
        "{table}\nMAE and WCE in % of two to the result's bits (of a signed sum one less); WCRE and MRE {zeros}\n"
    )
}

pub(super) fn shortened(figure: f64) -> String {
    let text = format!("{figure:.6}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn table(measured: &[Characterization], band: f64, wires: &str) -> String {
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
        "settled, fJ",
        "leakage, nW",
    ]);
    let band = if band > 0.0 { format!(" ± {:.0} %", 100.0 * band) } else { String::new() };
    for design in measured {
        let cost = &design.cost;
        let mut row = vec![design.design.clone()];
        row.extend(error_columns(design));
        row.extend([
            format!("{:.1}", cost.area_um2),
            format!("{:.0}{}", cost.delay_ps, if cost.annotated_by.is_none() { &*band } else { "" }),
            cost.clock_mhz.map_or("–".into(), |clock| format!("{clock:.0}")),
            format!("{:.1}", cost.energy_fj),
            format!("{:.1}", cost.settled_fj),
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
    let tool = measured.iter().find_map(|design| design.cost.synthesised_by.as_deref());
    let tool =
        tool.map_or(String::new(), |tool| format!("area and delay by {tool} and ABC, without wires; "));
    let file = measured.iter().find_map(|design| design.cost.annotated_by.as_deref());
    let file = file.map_or(String::new(), |file| format!("cells as they stand, delays of {file}; "));
    format!(
        "{table}\n{library}; {tool}{file}{activities}; {wires}; settled: without glitches, a lower bound\n"
    )
}

/// What wires and clock tree were reckoned with.
fn wires(library: &CellLibrary) -> String {
    let Some(Wires { load, sinks }) = library.wires() else {
        return "neither wires nor clock tree".into();
    };
    let band = |constant: &Constant| match (constant.low, constant.high) {
        (Some(low), Some(high)) => format!(" ({}–{})", shortened(low), shortened(high)),
        _ => String::new(),
    };
    format!(
        "wires: {} fF a fan-out{}; clock tree: a buffer for {} registers{}; both estimates",
        shortened(load.value),
        band(load),
        sinks.value,
        band(sinks)
    )
}

/// The columns of inputs and errors; dashes where errors are not defined.
fn error_columns(design: &Characterization) -> Vec<String> {
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

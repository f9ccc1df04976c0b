//! The verb `characterize`.

mod binary;
mod razored;
mod table;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{circuits, errors, files, path, sdf, yosys};
use crate::arith::metric::convention::Convention;
use crate::arith::{self, Characterization, Unit};
use crate::constant::supply;
use crate::error::Error;
use crate::tech::CellLibrary;
use crate::units::Volts;

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

impl Printed {
    /// The conventions, where they are not ours.
    fn of_another(self) -> Option<Convention> {
        match self {
            Self::Axsim => None,
            Self::Evoapproxlib => Some(Convention::EvoApproxLib),
            Self::Evoapprox8b => Some(Convention::EvoApprox8b),
        }
    }
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
    #[arg(
        long,
        value_name = "VOLTS",
        value_parser = volts,
        help = concat!(
            "Supply of the shipped cells, ", supply!(range),
            ": delay, energy and leakage follow it by a law [default: that of the cells' figures, 1.1 V]"
        )
    )]
    supply: Option<Volts>,
    /// Also the longest path, cell by cell, as our own mapping has it
    #[arg(long)]
    path: bool,
    /// Delays of the cells of one Verilog file, which is priced as it stands and not mapped: typical values of an SDF
    /// file; cells of several gates as those, drives as one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["backend", "path", "supply"])]
    sdf: Option<PathBuf>,
}

impl Cells {
    fn library(&self) -> Result<CellLibrary, Error> {
        let library = self.liberty.library()?;
        let supply = self.supply.unwrap_or(library.supply());
        let library = library.at(supply).map_err(|error| Error::Usage(format!("`--supply`: {error}")))?;
        Ok(match self.wire_load {
            None => library.wired(),
            Some(0.0) => library,
            Some(load) => library.wired_with(load),
        })
    }

    /// A flag that says how costs are reckoned, which no error metric shows.
    fn unused_under_convention(&self) -> Option<&'static str> {
        let given = [
            (self.path, "--path"),
            (self.supply.is_some(), "--supply"),
            (self.sdf.is_some(), "--sdf"),
            (self.wire_load.is_some(), "--wire-load"),
            (self.liberty.is_given(), "--liberty"),
            (self.backend == Backend::Yosys, "--backend"),
        ];
        given.into_iter().find_map(|(given, flag)| given.then_some(flag))
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

impl Errors {
    /// A flag that asks for figures of errors which other conventions do not have.
    fn further(&self) -> Option<&'static str> {
        let given = [
            (self.operands.is_some(), "--operands"),
            (self.terms.is_some(), "--terms"),
            (self.formal.is_some(), "--formal"),
            (self.histogram, "--histogram"),
        ];
        given.into_iter().find_map(|(given, flag)| given.then_some(flag))
    }
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

/// A supply, with or without its unit.
fn volts(text: &str) -> Result<Volts, String> {
    let supply = text.parse().map(Volts).or_else(|_| text.parse::<Volts>());
    supply.map_err(|_| "volts such as 0.8 are expected".into())
}

pub(super) fn characterize(
    names: &[String],
    errors: &Errors,
    cells: &Cells,
    json: Option<&Path>,
) -> Result<bool, Error> {
    refuse_unused(errors, cells)?;
    let library = cells.library()?;
    if names == [RAZOR] {
        refuse_beside(RAZOR, errors, cells)?;
        return razor(&library, json);
    }
    if names == [BINARY] {
        refuse_beside(BINARY, errors, cells)?;
        return binary(&library, json);
    }
    let units = names.iter().map(|name| circuits::units(name)).collect::<Result<Vec<_>, Error>>()?;
    let units: Vec<Unit> = units.into_iter().flatten().collect();
    refuse_errors_of_none(&units, errors)?;
    let limit = if errors.wide { 32 } else { arith::EXHAUSTIVE };
    let mut measured: Vec<Characterization> =
        units.iter().map(|unit| arith::characterize(unit, &library, limit)).collect();
    if cells.backend == Backend::Yosys {
        synthesise(&units, &library, &mut measured)?;
    }
    if let Some(file) = &cells.sdf {
        annotate(names, file, &library, &mut measured)?;
    }
    if let Some(convention) = errors.convention.of_another() {
        let converted = table::converted(&units, &measured, convention)?;
        return match json {
            Some(path) => files::json(path, &converted).map(|()| true),
            None => files::print(&table::lines(&converted, convention)),
        };
    }
    let mut further = errors::further(&units, &measured, errors)?;
    if cells.path {
        let with =
            |(further, unit): (errors::Further, &Unit)| further.with_path(path::stages(unit, &library));
        further = further.into_iter().zip(&units).map(with).collect();
    }
    match json {
        Some(path) => files::json(path, &errors::joined(&measured, &further)).map(|()| true),
        None => {
            let cost = table::table(&measured, cells.delay_band(&library), &library);
            files::print(&(cost + &errors::text(&measured, &further)))
        }
    }
}

/// The name that stands for all units of [`crate::arith::variants`].
const RAZOR: &str = "razor";

/// The name that stands for units of words of signs beside integer units.
const BINARY: &str = "binary";

/// Refuses flags that a comparison of units does not follow.
fn refuse_beside(name: &str, errors: &Errors, cells: &Cells) -> Result<(), Error> {
    let others = [
        (errors.convention != Printed::Axsim, "--convention"),
        (errors.wide, "--wide"),
        (cells.path, "--path"),
        (cells.sdf.is_some(), "--sdf"),
        (cells.backend == Backend::Yosys, "--backend"),
    ];
    let other = others.into_iter().find_map(|(given, flag)| given.then_some(flag));
    if let Some(flag) = errors.further().or(other) {
        let message =
            format!("`{name}` compares what units cost, in cells of our mapping; leave out `{flag}`");
        return Err(Error::Usage(message));
    }
    Ok(())
}

/// Refuses flags of errors where no circuit is a design, for only those have errors.
fn refuse_errors_of_none(units: &[Unit], errors: &Errors) -> Result<(), Error> {
    let Some(flag) = errors.further().or(errors.wide.then_some("--wide")) else { return Ok(()) };
    let Some(unit) = units.first().filter(|_| !units.iter().any(|unit| matches!(unit, Unit::Design(_))))
    else {
        return Ok(());
    };
    let instead = match unit {
        Unit::Mac(mac) => format!("; leave it out, or name the multiplier, `{}`", mac.multiplier().id()),
        _ => "; leave it out".into(),
    };
    Err(Error::Usage(format!(
        "`{flag}` is about errors of adders and multipliers, and `{}` is neither{instead}",
        unit.id()
    )))
}

/// Units of words of signs beside integer units.
fn binary(library: &CellLibrary, json: Option<&Path>) -> Result<bool, Error> {
    let comparison = binary::compare(library)?;
    match json {
        Some(path) => files::json(path, &comparison).map(|()| true),
        None => files::print(&binary::text(&comparison, library)),
    }
}

/// Units for razored codes beside integer units.
fn razor(library: &CellLibrary, json: Option<&Path>) -> Result<bool, Error> {
    let comparison = arith::variants::compare(library)?;
    match json {
        Some(path) => files::json(path, &razored::stored(&comparison)).map(|()| true),
        None => files::print(&razored::text(&comparison, library)),
    }
}

/// Refuses flags that would have no effect beside others.
fn refuse_unused(errors: &Errors, cells: &Cells) -> Result<(), Error> {
    let unused = || errors.further().or(cells.unused_under_convention());
    if let Some(flag) = errors.convention.of_another().and_then(|_| unused()) {
        let message = format!(
            "`--convention` prints the metrics that its library publishes and nothing else; leave out `{flag}`, or `--convention`"
        );
        return Err(Error::Usage(message));
    }
    if cells.backend != Backend::Yosys {
        return Ok(());
    }
    let refused = |what: &str, flag: &str| {
        Err(Error::Usage(format!(
            "`--backend yosys` knows the shipped 45 nm cells {what}alone; leave out `{flag}`, or `--backend`"
        )))
    };
    match (cells.liberty.is_given(), cells.supply.is_some()) {
        (true, _) => refused("", "--liberty"),
        (_, true) => refused("at the supply of their figures ", "--supply"),
        _ => Ok(()),
    }
}

/// Puts area and delay of the synthesiser in the place of ours.
fn synthesise(units: &[Unit], library: &CellLibrary, measured: &mut [Characterization]) -> Result<(), Error> {
    let synthesised = units.par_iter().map(|unit| yosys::synthesised(unit, library));
    for (found, synthesised) in measured.iter_mut().zip(synthesised.collect::<Result<Vec<_>, _>>()?) {
        (found.cost.area_um2, found.cost.delay_ps) = (synthesised.area, synthesised.delay);
        found.cost.synthesised_by = Some(synthesised.tool);
    }
    Ok(())
}

/// Puts the cost of the cells of the one file as they stand, with the delays of another file, in the place of ours.
fn annotate(
    names: &[String],
    delays: &Path,
    library: &CellLibrary,
    measured: &mut [Characterization],
) -> Result<(), Error> {
    let ([name], [found]) = (names, measured) else {
        return Err(Error::Usage("`--sdf` belongs to one Verilog file; name that alone".into()));
    };
    found.cost = sdf::annotated(Path::new(name), delays, library)?;
    Ok(())
}

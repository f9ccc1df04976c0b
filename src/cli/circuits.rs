//! Circuits that an argument names, and the verb that writes them in another form.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::characterize::Liberty;
use super::{explain, files, sdf};
use crate::arith::identity::{SAMPLES, alike as alike_designs};
use crate::arith::imported::Imported;
use crate::arith::{self, Design, Unit};
use crate::bits;
use crate::error::Error;
use crate::netlist::export::testbench::{self, Vector};
use crate::netlist::export::{blif, c, cgp, hierarchical, mapped, verilog};
use crate::netlist::{import, text};
use crate::rng::Stream;
use crate::table::Table;
use crate::tech::CellLibrary;
use crate::validate;

/// Forms a design can be written in.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Format {
    /// Structural Verilog
    Verilog,
    /// Verilog whose full and half adders are instances of modules
    Hierarchical,
    /// Verilog of library cells, mapped as `characterize` prices them
    Mapped,
    /// The delays of those cells, as glitches are simulated with, in the standard delay format
    Sdf,
    /// A Verilog testbench with golden vectors of the function
    Testbench,
    /// BLIF, a `.names` a gate
    Blif,
    /// A C function, a statement a gate
    C,
    /// The chromosome of Cartesian genetic programming
    Cgp,
    /// The netlist's text form: a line a gate
    Netlist,
    /// One row per operand a, one column per operand b
    Table,
    /// The table as raw little-endian 16-bit words, as TFApprox reads it
    U16,
    /// The table as a C header, as AdaPT includes it
    Header,
    /// The table as a NumPy array
    Npy,
    /// Femtojoules of an operation by operand pair, a row per a, as `energy_table` of an array's multiplier reads them
    #[value(name = "energy_table")]
    EnergyTable,
    /// The cell library `nangate45` as Liberty, for synthesis and analysis with the figures that price designs here
    Liberty,
}

/// The units that an argument names: an id, a circuit's file, a design folder, or a folder of them.
pub(super) fn units(name: &str) -> Result<Vec<Unit>, Error> {
    let path = Path::new(name);
    if path.extension().and_then(|end| end.to_str()).is_some_and(|end| import::ENDINGS.contains(&end)) {
        return Ok(vec![imported(path)?]);
    }
    if path.is_file() && explain::table::is_named(name) {
        let hint =
            format!("`axsim explain {name}` tells what it computes, `multiplier: {{table: {name}}}` runs it");
        return Err(Error::Usage(format!("{name} is a product table, which has no gates; {hint}")));
    }
    if !path.is_dir() {
        return Ok(vec![Unit::from_id(name)?]);
    }
    let unit = |folder: &PathBuf| {
        validate::unit(folder).map_err(|error| Error::Validate(folder.display().to_string(), error))
    };
    folders(path)?.iter().map(unit).collect()
}

/// A circuit of a file: an adder or a multiplier of gates alone.
fn imported(path: &Path) -> Result<Unit, Error> {
    let name = || path.display().to_string();
    let netlist = validate::circuit(path).map_err(|error| Error::Validate(name(), error))?;
    let design = Imported::new(netlist).map_err(|error| Error::Usage(format!("{}: {error}", name())))?;
    Ok(Unit::Design(Box::new(design)))
}

/// The folder itself, or the design folders below it.
pub(super) fn folders(path: &Path) -> Result<Vec<PathBuf>, Error> {
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

pub(super) fn export(name: &str, format: Format, liberty: &Liberty) -> Result<bool, Error> {
    let library = liberty.library()?;
    match (name == library.name, matches!(format, Format::Liberty)) {
        (true, true) if liberty.is_given() => {
            return Err(Error::Usage(format!("`{name}` is a Liberty file already; leave out `--liberty`")));
        }
        (true, true) => return files::print(&library.to_liberty()),
        (false, true) => {
            return Err(Error::Usage(format!(
                "Liberty is the form of a cell library: write `{}`",
                library.name
            )));
        }
        (true, false) => {
            return Err(Error::Usage(format!("`{name}` is a cell library: write `--format liberty`")));
        }
        (false, false) => {}
    }
    for unit in units(name)? {
        files::print_bytes(&exported(&unit, format, &library)?)?;
    }
    Ok(true)
}

fn exported(unit: &Unit, format: Format, library: &CellLibrary) -> Result<Vec<u8>, Error> {
    let netlist = unit.netlist();
    let clocked = || {
        let what = "has registers, which this form does not have; its multiplier may be what you want";
        Error::Usage(format!("`{}` {what}", unit.id()))
    };
    let text = match format {
        Format::Verilog => verilog::write(&netlist),
        Format::Hierarchical => hierarchical::write(&netlist),
        Format::Mapped => mapped::write_as(&library.map(&netlist), |cell| {
            library.named(cell).expect("gates and registers are cells of the library")
        }),
        Format::Sdf => sdf::write(&library.clone().wired(), &netlist),
        Format::Blif => blif::write(&netlist),
        Format::Netlist => text::write(&netlist),
        Format::C => c::write(&netlist).ok_or_else(clocked)?,
        Format::Cgp => cgp::write(&netlist).ok_or_else(clocked)?,
        Format::Testbench => testbench::write(&netlist, &vectors(unit)?).ok_or_else(clocked)?,
        Format::Table => tabulated(unit)?.to_text(),
        Format::Header => tabulated(unit)?.to_header(),
        Format::U16 => {
            let words = tabulated(unit)?.to_words();
            return words.map_err(|error| Error::Usage(format!("`{}`: {error}", unit.id())));
        }
        Format::Npy => return Ok(tabulated(unit)?.to_npy()),
        Format::EnergyTable => energies(unit, &library.clone().wired())?,
        Format::Liberty => unreachable!("a cell library is no unit"),
    };
    Ok(text.into_bytes())
}

fn tabulated(unit: &Unit) -> Result<Table, Error> {
    let design = stateless(unit)?;
    arith::table(design).map_err(|error| Error::Usage(format!("`{}`: {error}", unit.id())))
}

fn energies(unit: &Unit, library: &CellLibrary) -> Result<String, Error> {
    let design = stateless(unit)?;
    let energies = arith::energies(design, library).map_err(|error| Error::Usage(error.to_string()))?;
    let about = format!(
        "{} in {} at {}: femtojoules of an operation, a row a code of a, a column a code of b\nmean over the operands before, \
         glitches and wires included, clock and leakage not",
        design.id(),
        library.name,
        library.supply()
    );
    Ok(energies.to_text(&about))
}

/// A design whose results follow from its operands alone.
fn stateless(unit: &Unit) -> Result<&dyn Design, Error> {
    match unit {
        Unit::Design(design) => Ok(&**design),
        Unit::Mac(mac) => Err(Error::Usage(format!(
            "`{}` has state and therefore no table; its multiplier `{}` has one",
            mac.id(),
            mac.multiplier().id()
        ))),
        Unit::Xnor(xnor) => Err(Error::Usage(format!("`{}` has state and therefore no table", xnor.id()))),
        Unit::Razorer(razorer) => {
            Err(Error::Usage(format!("`{}` has more than two operands and therefore no table", razorer.id())))
        }
    }
}

/// Golden vectors of a design's function: all pairs of few bits, else corners and random pairs.
fn vectors(unit: &Unit) -> Result<Vec<Vector>, Error> {
    const RANDOM: usize = 4096;
    let Unit::Design(design) = unit else {
        let message = format!("`{}` is no adder or multiplier; testbenches are written for those", unit.id());
        return Err(Error::Usage(message));
    };
    let signature = design.signature();
    let vector = |(a, b): (u64, u64)| {
        let result = design.eval(signature.value_a(a), signature.value_b(b));
        Vector { operands: [a, b], result: bits::encode(result, design.width_out()) }
    };
    if signature.operand_bits() <= 12 {
        let codes = (0..1u64 << signature.operand_bits())
            .map(|at| (at >> signature.width_b, at & bits::mask(signature.width_b)));
        return Ok(codes.map(vector).collect());
    }
    let corners = |width: u32| [0, 1, (1 << (width - 1)) - 1, 1 << (width - 1), bits::mask(width)];
    let (of_a, of_b) = (corners(signature.width_a), corners(signature.width_b));
    let corners = of_a.into_iter().flat_map(|a| of_b.map(|b| (a, b)));
    let mut stream = Stream::new(1, "export.testbench", 0);
    let random =
        (0..RANDOM).map(|_| (stream.below(1 << signature.width_a), stream.below(1 << signature.width_b)));
    let random: Vec<(u64, u64)> = random.collect();
    Ok(corners.chain(random).map(vector).collect())
}

/// How long the proof that a wide design is the circuit may take.
const PROOF: Duration = Duration::from_secs(5);

/// Which designs of the catalogue a circuit is; the answer is no where there is none.
pub(super) fn alike(name: &str) -> Result<bool, Error> {
    let mut any = true;
    for unit in units(name)? {
        let Unit::Design(design) = &unit else {
            return Err(Error::Usage(format!(
                "`{}` is no adder or multiplier; those are looked up",
                unit.id()
            )));
        };
        let found = alike_designs(&**design, PROOF);
        let how = if found.exhaustive {
            "on every operand pair".into()
        } else {
            let proved = match found.proved.len() {
                all if all == found.designs.len() => " and by proof".into(),
                0 => ", without a proof".into(),
                _ => format!("; proved of {}", found.proved.join(", ")),
            };
            format!("on {SAMPLES} random operand pairs{proved}")
        };
        let id = unit.id();
        let mut text = if found.designs.is_empty() {
            format!("{id} is no design of the catalogue\n")
        } else {
            format!("{id} computes the same, {how}, as\n{}", by_family(&found.designs))
        };
        if !found.sampled.is_empty() {
            text += &format!("of {} not every member was looked at\n", found.sampled.join(", "));
        }
        files::print(&text)?;
        any &= !found.designs.is_empty();
    }
    Ok(any)
}

/// A line a family, with its first few members.
fn by_family(designs: &[String]) -> String {
    const SHOWN: usize = 3;
    let family = |id: &str| arith::family(id).map_or("", |family| family.name);
    let groups = designs.chunk_by(|one, next| family(one) == family(next)).map(|members| {
        let shown = members[..members.len().min(SHOWN)].join(", ");
        let more = members.len().saturating_sub(SHOWN);
        if more > 0 { format!("  {shown} and {more} more\n") } else { format!("  {shown}\n") }
    });
    groups.collect()
}

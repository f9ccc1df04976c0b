//! Yosys, where it is installed: area and delay from a real synthesiser on the figures of our own cell library, and
//! Verilog that our reader does not take.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::arith::Unit;
use crate::error::Error;
use crate::netlist::export::verilog;
use crate::tech::CellLibrary;

/// What synthesis makes of a unit.
pub(super) struct Synthesised {
    /// Cell area in µm².
    pub area: f64,
    /// Longest path in ps.
    pub delay: f64,
    /// The tool with its version.
    pub tool: String,
}

/// Area-oriented mapping as Yosys does it by itself, and the delay of what comes out.
const SCRIPT: &str = "+strash;ifraig;scorr;dc2;dretime;strash;&get,-n;&dch,-f;&nf;&put;buffer;topo;stime";

/// Runs a script in a folder; `without` says what to do where Yosys is missing.
fn run(script: &str, folder: &Path, without: &str) -> Result<std::process::Output, Error> {
    let output = Command::new("yosys").args(["-p", script]).current_dir(folder).output();
    output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::Usage(format!("yosys is not installed; {without}")),
        _ => Error::File("yosys".into(), error),
    })
}

/// How Verilog with parameters, `always` blocks and loops becomes gates.
#[derive(Debug, clap::Args)]
pub(super) struct Elaboration {
    /// Let Yosys turn a Verilog file into gates first: for parameters, `always @*`, loops and functions
    #[arg(long)]
    via_yosys: bool,
    /// The module that Yosys shall take [default: the one that is part of no other]
    #[arg(long, value_name = "MODULE", requires = "via_yosys")]
    top: Option<String>,
    /// A parameter of that module (repeatable)
    #[arg(long, value_name = "NAME=VALUE", requires = "top")]
    chparam: Vec<String>,
}

/// A circuit's file, as long as it is held.
pub(super) struct Elaborated {
    pub(super) path: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Elaboration {
    /// The file itself, or of Verilog the gates that Yosys makes of it.
    pub(super) fn file(&self, path: &Path) -> Result<Elaborated, Error> {
        if !self.via_yosys || path.extension().is_none_or(|end| end != "v") {
            return Ok(Elaborated { path: path.into(), _folder: None });
        }
        let failed = |error| Error::File(path.display().to_string(), error);
        let folder = tempfile::tempdir().map_err(failed)?;
        let stem = path.file_stem().unwrap_or_default();
        let written = folder.path().join(stem).with_extension("json");
        let source = path.canonicalize().map_err(failed)?;
        let output = run(&self.script(&source)?, folder.path(), "leave out `--via-yosys`")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Usage(format!("{}: yosys: {}", path.display(), said.trim())));
        }
        std::fs::rename(folder.path().join("gates.json"), &written).map_err(failed)?;
        Ok(Elaborated { path: written, _folder: Some(folder) })
    }

    fn script(&self, source: &Path) -> Result<String, Error> {
        let top = self.top.as_deref();
        let parameters = self.chparam.iter().map(|set| {
            let pair = set.split_once('=').map(|(name, value)| format!(" -chparam {name} {value}"));
            pair.ok_or_else(|| Error::Usage(format!("`--chparam {set}`: write NAME=VALUE")))
        });
        let hierarchy = match top {
            None => "hierarchy -check -auto-top".into(),
            Some(top) => {
                let parameters = parameters.collect::<Result<String, _>>()?;
                format!("hierarchy -check -top {top}{parameters}; rename -top {top}")
            }
        };
        Ok(format!(
            "read_verilog -sv \"{}\"; {hierarchy}; proc; flatten; opt; memory; opt; techmap; opt; \
             dfflegalize -cell $_DFF_P_ 0; simplemap; opt_clean; write_json gates.json",
            source.display()
        ))
    }
}

/// Synthesises an adder or a multiplier.
pub(super) fn synthesised(unit: &Unit, library: &CellLibrary) -> Result<Synthesised, Error> {
    let Unit::Design(_) = unit else {
        let message =
            "has registers, whose timing ABC does not see; `--backend yosys` takes adders and multipliers";
        return Err(Error::Usage(format!("`{}` {message}", unit.id())));
    };
    let failed = |error| Error::File("yosys".into(), error);
    let folder = tempfile::tempdir().map_err(failed)?;
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).map_err(failed);
    write("design.v", verilog::write(&unit.netlist()))?;
    write("cells.lib", library.to_liberty())?;
    let script = format!(
        "read_verilog design.v; synth -flatten; abc -liberty cells.lib -script {SCRIPT}; stat -liberty cells.lib"
    );
    let without = "leave out `--backend yosys` for our own mapping";
    let output = run(&script, folder.path(), without)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    let number = |before: &str| {
        let rest = &text[text.rfind(before)? + before.len()..];
        let rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '\n');
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        rest[..end].parse().ok()
    };
    // The area's line names the module, which may hold digits, before a colon.
    let area = text.rfind("Chip area for").and_then(|at| {
        let line = text[at..].lines().next()?;
        line.rsplit(' ').next()?.parse().ok()
    });
    match (area, number("Delay =")) {
        (Some(area), Some(delay)) => {
            let tool = text.lines().find_map(|line| line.trim().strip_prefix("Yosys ")).unwrap_or("").trim();
            let version = tool.split(' ').next().unwrap_or("");
            Ok(Synthesised { area, delay, tool: format!("yosys {version}") })
        }
        _ => Err(Error::Usage(format!("yosys did not synthesise `{}`: {}", unit.id(), said.trim()))),
    }
}

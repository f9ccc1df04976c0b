//! Area and delay from a real synthesiser: Yosys with ABC, on the figures of our own cell library.

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
    let output = Command::new("yosys").args(["-p", &script]).current_dir(folder.path()).output();
    let output = output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::Usage("yosys is not installed; leave out `--backend yosys` for our own mapping".into())
        }
        _ => failed(error),
    })?;
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

//! Area and delay from a real synthesiser: Yosys with ABC, on the figures of our own cell library.
//!
//! Both sides have the same cells: Yosys finds the full adders, which ABC, whose cells have one output, does not touch.
//! The script maps gates as they are structured and removes what is redundant. That of `abc` alone also rewrites: it
//! makes the same ripple chain of every 16-bit prefix adder, and says nothing about the adder that was asked for.

use std::path::Path;
use std::process::Command;

use crate::arith::Unit;
use crate::error::Error;
use crate::netlist::export::verilog;
use crate::netlist::{Cell, Gate, Net, Netlist};
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

/// A full adder found by Yosys, as the two cells that ABC can time.
const FULL_ADDER: &str = "(* techmap_celltype = \"$fa\" *)
module full_adder(input A, input B, input C, output X, output Y);
  parameter WIDTH = 1;
  FA_X1_CO carry (.A(A), .B(B), .CI(C), .CO(X));
  FA_X1_S sum (.A(A), .B(B), .CI(C), .S(Y));
endmodule
";

/// Runs a script in a folder; `without` says what to do where the program is missing.
pub(super) fn run(
    program: &str,
    option: &str,
    script: &str,
    folder: &Path,
    without: &str,
) -> Result<std::process::Output, Error> {
    let output = Command::new(program).args([option, script]).current_dir(folder).output();
    output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::Usage(format!("{program} is not installed; {without}")),
        _ => Error::File(program.into(), error),
    })
}

/// Redundant gates merged, then cells by area flow under the delay of the fastest cover.
const MAPPING: &str = "+strash;ifraig;scorr;&get,-n;&nf;&put";

/// Synthesises an adder or a multiplier; output ports drive an inverter, as they do for our own timing.
pub(super) fn synthesised(unit: &Unit, library: &CellLibrary) -> Result<Synthesised, Error> {
    let Unit::Design(design) = unit else {
        let message = "is no adder or multiplier; `--backend yosys` takes those alone, for ABC does not see the timing of registers";
        return Err(Error::Usage(format!("`{}` {message}", unit.id())));
    };
    let folder = Folder(tempfile::tempdir().map_err(failed)?);
    let netlist = design.netlist();
    folder.write_inputs(&netlist, library)?;
    let refused = |said: &[u8]| {
        let said = String::from_utf8_lossy(said).trim().to_string();
        Error::Usage(format!("yosys did not synthesise `{}`: {said}", unit.id()))
    };
    let mapped = folder.run("yosys", "-p", &mapping())?;
    let report = String::from_utf8_lossy(&mapped.stdout);
    let area = area(&report).ok_or_else(|| refused(&mapped.stderr))?;
    let text = std::fs::read_to_string(folder.0.path().join("mapped.v")).map_err(failed)?;
    folder.write("mapped.v", with_constants_as_inputs(&text, &netlist))?;
    let timed = folder.run("yosys-abc", "-c", TIMING)?;
    let delay = delay(&String::from_utf8_lossy(&timed.stdout)).ok_or_else(|| refused(&timed.stdout))?;
    Ok(Synthesised { area, delay, tool: version(&report) })
}

fn failed(error: std::io::Error) -> Error {
    Error::File("yosys".into(), error)
}

/// The folder in which the tools run.
struct Folder(tempfile::TempDir);

impl Folder {
    fn write(&self, name: &str, text: String) -> Result<(), Error> {
        std::fs::write(self.0.path().join(name), text).map_err(failed)
    }

    /// The design, the cells with and without the full adder, and what ports drive.
    fn write_inputs(&self, netlist: &Netlist, library: &CellLibrary) -> Result<(), Error> {
        let inverter = library.figures(&Cell::Gate(Gate::Not, [Net(0); 3]));
        let port_load = inverter.map_or(0.0, |figures| figures.input_capacitance);
        self.write("design.v", verilog::write(netlist))?;
        self.write("cells.lib", library.to_liberty())?;
        self.write("single.lib", library.to_liberty_of_single_outputs())?;
        self.write("adder.v", FULL_ADDER.into())?;
        self.write("load.sdc", format!("set_load {port_load}\n"))
    }

    fn run(&self, program: &str, option: &str, script: &str) -> Result<std::process::Output, Error> {
        run(program, option, script, self.0.path(), "leave out `--backend yosys` for our own mapping")
    }
}

/// What Yosys does: the design in cells, their area, and a netlist that ABC reads.
fn mapping() -> String {
    format!(
        "read_verilog design.v; synth -flatten; extract_fa -fa; techmap -map adder.v; opt_clean; \
         abc -liberty cells.lib -script {MAPPING}; opt_clean -purge; stat -liberty single.lib; \
         splitnets -ports; insbuf -buf BUF_X1 A Z; write_verilog -noattr -noexpr mapped.v"
    )
}

/// What ABC does: the longest path of that netlist.
const TIMING: &str = "read_lib single.lib; read_constr load.sdc; read_verilog -m mapped.v; topo; stime";

/// ABC's timing knows no constants. One is there from the start, as an input is.
fn with_constants_as_inputs(text: &str, netlist: &Netlist) -> String {
    let (name, _) = &netlist.inputs()[0];
    let input = format!("\\{name}[0] ");
    text.replace("1'h0", &input).replace("1'h1", &input)
}

/// The last area in the report of `stat`, whose line names the module, which may hold digits, before a colon.
fn area(report: &str) -> Option<f64> {
    let line = report[report.rfind("Chip area for")?..].lines().next()?;
    line.rsplit(' ').next()?.parse().ok()
}

/// The delay in ps in the report of `stime`.
fn delay(report: &str) -> Option<f64> {
    let (_, rest) = report.rsplit_once("Delay =")?;
    rest.split_whitespace().next()?.parse().ok()
}

fn version(report: &str) -> String {
    let said = report.lines().find_map(|line| line.trim().strip_prefix("Yosys ")).unwrap_or("");
    format!("yosys {}", said.split(' ').next().unwrap_or(""))
}

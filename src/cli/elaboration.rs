//! Verilog that our reader does not take, by way of Yosys where it is installed.

use std::path::{Path, PathBuf};

use super::yosys;
use crate::error::Error;

/// Endings of files that Yosys turns into gates.
const VERILOG: [&str; 2] = ["v", "sv"];

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
    /// The file itself, or where it was asked for the gates that Yosys makes of it.
    pub(super) fn file(&self, path: &Path) -> Result<Elaborated, Error> {
        if !self.via_yosys {
            return Ok(Elaborated { path: path.into(), _folder: None });
        }
        if !path.extension().and_then(|end| end.to_str()).is_some_and(|end| VERILOG.contains(&end)) {
            let message =
                "`--via-yosys` takes files of Verilog, whose names end in `.v` or `.sv`; leave it out";
            return Err(Error::Usage(format!("{}: {message}", path.display())));
        }
        let failed = |error| Error::File(path.display().to_string(), error);
        let folder = tempfile::tempdir().map_err(failed)?;
        let stem = path.file_stem().unwrap_or_default();
        let written = folder.path().join(stem).with_extension("json");
        let source = path.canonicalize().map_err(failed)?;
        let output =
            yosys::run("yosys", "-p", &self.script(&source)?, folder.path(), "leave out `--via-yosys`")?;
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

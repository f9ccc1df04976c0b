//! The verbs. Results go to standard output, everything else to standard error.

mod activity;
mod bar;
mod characterize;
mod circuits;
mod constants;
mod elaboration;
mod emulator;
mod errors;
mod explain;
mod explore;
mod extras;
mod files;
mod folder;
mod golden;
mod knobs;
mod layer;
mod path;
mod report;
mod run;
mod sdf;
mod trace;
mod validate;
mod yosys;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::builder::RangedU64ValueParser;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::schema::schema;
use crate::error::Error;
use crate::simd::Level;

/// The environment variable that names the widest registers to use.
pub const SIMD: &str = "AXSIM_SIMD";

const ENVIRONMENT: &str = "\
Environment:
  AXSIM_SIMD=portable|avx2|avx512  Registers to use at most; results do not depend on it";

/// Simulator of approximate-computing hardware: what does it save, and what does it cost the task?
#[derive(Debug, Parser)]
#[command(name = "axsim", version, about, after_help = ENVIRONMENT)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

/// Flags that running verbs share.
#[derive(Debug, Args)]
pub struct Shared {
    /// The YAML configuration
    config: PathBuf,
    /// Where results are written
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Override a value: path=value (repeatable)
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// A folder to look for models and data in (repeatable)
    #[arg(long, value_name = "DIR")]
    data: Vec<PathBuf>,
    /// Seed of every random stream
    #[arg(long)]
    seed: Option<u64>,
    /// Threads to use; results do not depend on it
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1024))]
    threads: Option<usize>,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
    /// Write JSON to FILE, or to standard output with `-`
    #[arg(long, value_name = "FILE|-")]
    json: Option<PathBuf>,
}

/// Layers of a run that are written out for other tools.
#[derive(Debug, Args)]
pub struct Layers {
    /// Also write what a layer makes a unit of the configured array do, for sign-off tools: LAYER.vcd, .saif, .v
    /// (the unit in library cells), .sdf (their delays), and LAYER.operands.csv for `characterize --operands`;
    /// LAYER is a name or `#` and a number from 0 (repeatable); files have the name, what no file's name has as `_`, and behind it
    /// the number of a layer where another's would be called so too (`a_b-3`). The exact array's: `--set approximate={}`
    #[arg(long, value_name = "LAYER")]
    activity: Vec<String>,
    /// Also write golden vectors of a layer of the configured array on the first test sample, for those who check an
    /// accelerator: codes and sums (NPY), operands, products and sums of one channel step by step (hex), the unit and a testbench (Verilog)
    #[arg(long, value_name = "LAYER")]
    golden: Option<String>,
    /// Where golden vectors are written [default: golden/LAYER where results are written, LAYER as with `--activity`]
    #[arg(long, value_name = "DIR", requires = "golden")]
    golden_dir: Option<PathBuf>,
    /// The output channel of which golden vectors have products and sums step by step, of 64 of its outputs
    #[arg(long, value_name = "N", requires = "golden", default_value_t = 0)]
    golden_channel: usize,
    /// Also write the product tables and the ranges of all layers of the configured array as another emulator reads them
    /// (repeatable), into a folder of its name where results are written
    #[arg(long, value_name = "EMULATOR", value_enum)]
    emulator: Vec<emulator::Emulator>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Exact baseline against the configured approximation, every knob alone and left out
    Run {
        #[command(flatten)]
        shared: Shared,
        #[command(flatten)]
        layers: Layers,
    },
    /// Search over knobs; Pareto front; can be interrupted and resumed
    Explore {
        #[command(flatten)]
        shared: Shared,
        /// Keep the points that an earlier exploration finished; without it they are set aside in
        /// points.previous.jsonl, or points.previous-2.jsonl and so on where that is taken
        #[arg(long)]
        resume: bool,
    },
    /// Rebuild page, table and text from stored results
    Report {
        /// What a run or an exploration wrote: outcome.json, exploration.json, points.jsonl, or their folder
        results: PathBuf,
        /// Where the report is written [default: beside the results]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Load a configuration without running it
    Check(Shared),
    /// Error metrics, area, delay and energy of designs; clock and energy of MAC units
    Characterize {
        /// Design or MAC ids such as mul8s_drum_k4, circuits' files (.v, .blif, .json of Yosys, .netlist), design
        /// folders, or folders of them; or `razor` or `binary` alone: units for
        /// razored codes, or for words of signs, beside integer units
        #[arg(required = true)]
        designs: Vec<String>,
        #[command(flatten)]
        errors: characterize::Errors,
        #[command(flatten)]
        cells: characterize::Cells,
        /// Write JSON to FILE, or to standard output with `-`
        #[arg(long, value_name = "FILE|-")]
        json: Option<PathBuf>,
    },
    /// Compare design folders (gates, function, Verilog text, golden outputs), files of error metrics (CSV), and with
    /// --goldens folders of Verilog
    Validate {
        /// Design folders, folders of them, circuits' files, or CSV files of error metrics
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        against: validate::Against,
        #[command(flatten)]
        rows: validate::Rows,
        /// Write JSON to FILE, or to standard output with `-`
        #[arg(long, value_name = "FILE|-")]
        json: Option<PathBuf>,
    },
    /// Run a MAC unit clock by clock on a stimulus file: a table of ports and registers, and a waveform
    Trace {
        /// A MAC id such as mac4s_bw__l4__p1 or mac4s_sdr_g16
        unit: String,
        /// The stimulus: a line with the names of the ports, then a line a clock cycle; a column y is compared
        stimulus: PathBuf,
        /// Write the waveform of the unit in 45 nm cells, delays and glitches included (VCD)
        #[arg(long, value_name = "FILE")]
        vcd: Option<PathBuf>,
        /// Write JSON to FILE, or to standard output with `-`
        #[arg(long, value_name = "FILE|-")]
        json: Option<PathBuf>,
    },
    /// Write a design in another form to standard output
    Export {
        /// A design or MAC id, a circuit's file, a design folder, or the cell library nangate45
        design: String,
        /// The form
        #[arg(long, value_enum, default_value = "verilog")]
        format: circuits::Format,
        #[command(flatten)]
        liberty: characterize::Liberty,
        #[command(flatten)]
        elaboration: elaboration::Elaboration,
    },
    /// Families of designs, platforms and knobs
    List {
        /// Only the designs that compute the same as this one: a circuit's file or an id
        #[arg(long, value_name = "DESIGN")]
        like: Option<String>,
    },
    /// What a knob, a family, a design or a product table is, with its source
    Explain {
        /// A knob path, a family, a design or MAC id, a constant of a report, or the file of a product table (.txt, .csv,
        /// .npy, .bin, .raw)
        name: String,
        /// Whether the codes of a product table are two's complement, as `signed` of `multiplier: {table: …}`; where
        /// absent, a table with a negative product is
        #[arg(long, value_name = "BOOL")]
        signed: Option<bool>,
    },
    /// Write the JSON Schema of the YAML files to standard output
    Schema,
    /// Write completions for a shell to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Limits the process to the registers that the value of [`SIMD`] names; its caller has read it, as the library reads no
/// environment.
///
/// # Errors
/// [`Error::Usage`] where it names none, or none that the processor has.
pub fn limit(registers: Option<&OsStr>) -> Result<(), Error> {
    let Some(name) = registers else { return Ok(()) };
    let limited = name.to_string_lossy().parse().and_then(Level::limit);
    limited.map_err(|error| Error::Usage(format!("{SIMD}: {error}")))
}

/// Files that a run or an exploration writes where results go.
const RESULTS: [&str; 6] =
    ["outcome.json", "outcome.csv", "report.html", "exploration.json", "exploration.csv", "points.jsonl"];

impl Verb {
    /// Refuses JSON in the place of the configuration, or of a result of another form.
    fn keeps_its_files(&self) -> Result<(), Error> {
        let (Self::Run { shared, .. } | Self::Explore { shared, .. } | Self::Check(shared)) = self else {
            return Ok(());
        };
        let Some(json) = &shared.json else { return Ok(()) };
        let is = |path: &Path| std::path::absolute(path).ok() == std::path::absolute(json).ok();
        let taken = is(&shared.config) || RESULTS.iter().any(|name| is(&shared.out.join(name)));
        match taken {
            true => Err(Error::Usage(format!(
                "--json {}: another file stands there; name one of its own",
                json.display()
            ))),
            false => Ok(()),
        }
    }

    /// Where JSON is asked for.
    fn json(&self) -> Option<&Path> {
        match self {
            Self::Run { shared, .. } | Self::Explore { shared, .. } | Self::Check(shared) => {
                shared.json.as_deref()
            }
            Self::Characterize { json, .. } | Self::Validate { json, .. } | Self::Trace { json, .. } => {
                json.as_deref()
            }
            _ => None,
        }
    }
}

impl Arguments {
    /// Runs the verb; `false` when the answer is "no".
    ///
    /// # Errors
    /// [`Error`], for what the user can change.
    pub fn run(self) -> Result<bool, Error> {
        files::json_placeable(self.verb.json())?;
        self.verb.keeps_its_files()?;
        match self.verb {
            Verb::Run { shared, layers } => run::run(&shared, &layers),
            Verb::Explore { shared, resume } => explore::explore(&shared, resume),
            Verb::Report { results, out } => report::report(&results, out.as_deref()),
            Verb::Check(shared) => run::check(&shared),
            Verb::Characterize { designs, errors, cells, json } => {
                characterize::characterize(&designs, &errors, &cells, json.as_deref())
            }
            Verb::Validate { paths, against, rows, json } => {
                validate::validate(&paths, &against, rows, json.as_deref())
            }
            Verb::Trace { unit, stimulus, vcd, json } => {
                trace::trace(&unit, &stimulus, vcd.as_deref(), json.as_deref())
            }
            Verb::Export { design, format, liberty, elaboration } => {
                let file = elaboration.file(Path::new(&design))?;
                circuits::export(&file.path.to_string_lossy(), format, &liberty)
            }
            Verb::List { like: Some(design) } => circuits::alike(&design),
            Verb::List { like: None } => knobs::list(),
            Verb::Explain { name, signed } => knobs::explain(&name, signed),
            Verb::Schema => files::json(Path::new("-"), &schema()).map(|()| true),
            Verb::Completions { shell } => {
                let mut script = vec![];
                clap_complete::generate(shell, &mut Self::command(), "axsim", &mut script);
                files::print(&String::from_utf8_lossy(&script))
            }
        }
    }
}

//! A folder of circuit files against a file of published and recomputed error metrics.
//!
//! The columns are those of the exhaustive recomputation of EvoApproxLib: `release`, `circuit`, `name_in_v2022`, the
//! published figures `pub_*` as they are printed, and the recomputed ones `comp_*`. A file belongs to the row that
//! carries its name (without `_pdk45`, which marks a mapped netlist of the same circuit). Two releases use some names
//! for different circuits; a folder is taken for the release that most of its files agree with.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::ValidateError;
use crate::arith::Design;
use crate::arith::imported::Imported;
use crate::arith::metric::{Metrics, convention::Convention};
use crate::netlist::{Netlist, import, text};

/// Relative difference of two recomputations that counts as agreement; some rows are printed with nine digits.
const TOLERANCE: f64 = 1e-8;
/// Half a unit of the last printed digit, and what a second rounding before it adds.
const ROUNDING: f64 = 0.56;
/// Published means are in single precision.
const SINGLE: f64 = 1.2e-7;

/// How the names of mapped netlists end.
const MAPPED: &str = "_pdk45";

/// How the release of 2017 begins, which has conventions of its own.
const OLDER: &str = "evoapprox8b";

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Found {
    /// Every figure of a row agrees.
    Agreed,
    /// The first figure that does not.
    Differing {
        /// The column.
        column: String,
        /// Ours.
        ours: f64,
        /// That of the row.
        golden: f64,
    },
    /// Not read as a two-operand circuit, and why.
    Unreadable {
        /// What is wrong.
        error: String,
    },
    /// No row carries its name.
    NoRow,
    /// More operand bits than were asked for.
    Wide,
}

/// The answers for a folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Library {
    /// The release that the folder is, as the metrics name it.
    pub release: String,
    /// Every file with its answer, in the order of their names.
    pub files: Vec<(PathBuf, Found)>,
    /// Rows of the release that no file is named by.
    pub rows_without_file: usize,
}

impl Library {
    /// How many files have such an answer.
    pub fn count(&self, like: fn(&Found) -> bool) -> usize {
        self.files.iter().filter(|(_, found)| like(found)).count()
    }

    /// How many circuits agree in every file that could be compared, differ in one, and are unreadable in all; those
    /// without a row are left out.
    pub fn circuits(&self) -> [usize; 3] {
        let mut files: HashMap<&str, Vec<&Found>> = HashMap::new();
        self.files.iter().for_each(|(path, found)| files.entry(name(path)).or_default().push(found));
        let mut counts = [0; 3];
        for found in files.values() {
            let any = |like: fn(&Found) -> bool| found.iter().any(|found| like(found));
            if any(|found| matches!(found, Found::Differing { .. })) {
                counts[1] += 1;
            } else if any(|found| *found == Found::Agreed) {
                counts[0] += 1;
            } else if !any(|found| matches!(found, Found::NoRow | Found::Wide)) {
                counts[2] += 1;
            }
        }
        counts
    }

    /// Whether no file differs, and at least one agrees; strictly, whether all files agree.
    pub fn agrees(&self, strict: bool) -> bool {
        let agreed = self.count(|found| *found == Found::Agreed);
        let differing = self.count(|found| matches!(found, Found::Differing { .. }));
        agreed > 0 && differing == 0 && (!strict || agreed == self.files.len())
    }
}

/// Reads a circuit from a file.
///
/// # Errors
/// [`ValidateError`] when it is no text, or not the text of a circuit.
pub fn circuit(path: &Path) -> Result<Netlist, ValidateError> {
    let bytes = std::fs::read(path)?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|error| ValidateError::Encoding(error.utf8_error().valid_up_to()))?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
    Ok(import::read(name, &text)?)
}

/// Compares every Verilog file below a folder whose circuit has at most `operand_bits` bits of operands with its row
/// of a file of metrics; `progress` hears how many of how many files are done.
///
/// # Errors
/// [`ValidateError`] when the folder holds no Verilog or the metrics cannot be read.
pub fn library(
    folder: &Path,
    goldens: &Path,
    operand_bits: u32,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Library, ValidateError> {
    let rows = Rows::read(goldens)?;
    if folder.is_file() {
        return Err(ValidateError::NoFolder);
    }
    let mut paths = vec![];
    collect(folder, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        return Err(ValidateError::NoCircuit);
    }
    let designs: Vec<Result<Imported, String>> = paths.par_iter().map(|path| design(path)).collect();
    let releases = rows.releases();
    let mut known = HashMap::new();
    let mut answers: Vec<Vec<Found>> = vec![vec![]; releases.len()];
    for (done, (path, design)) in paths.iter().zip(designs).enumerate() {
        for (release, found) in releases.iter().zip(&mut answers) {
            found.push(release.compare(path, &design, operand_bits, &mut known));
        }
        progress(done + 1, paths.len());
    }
    // The first of several that agree equally well.
    let score = |found: &Vec<Found>| {
        let count = |like: fn(&Found) -> bool| found.iter().filter(|found| like(found)).count();
        (count(|found| *found == Found::Agreed), count(|found| *found == Found::Wide))
    };
    let best = (0..releases.len()).rev().max_by_key(|at| score(&answers[*at])).expect("rows have releases");
    let names: Vec<&str> = paths.iter().map(|path| name(path)).collect();
    let rows_without_file = releases[best].rows.keys().filter(|row| !names.contains(row)).count();
    let files = paths.into_iter().zip(answers.swap_remove(best)).collect();
    Ok(Library { release: releases[best].name.clone(), files, rows_without_file })
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), ValidateError> {
    let failed = |error| ValidateError::Read(folder.display().to_string(), error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        // A link may lead back up.
        if path.is_dir() && !path.is_symlink() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|end| end == "v") {
            found.push(path);
        }
    }
    Ok(())
}

fn design(path: &Path) -> Result<Imported, String> {
    let netlist = circuit(path).map_err(|error| error.to_string())?;
    Imported::new(netlist).map_err(|error| error.to_string())
}

/// The circuit's name of a file.
pub fn name(path: &Path) -> &str {
    stem(path).strip_suffix(MAPPED).unwrap_or(stem(path))
}

/// Whether a file is called a mapped netlist of its circuit.
pub(super) fn is_mapped(path: &Path) -> bool {
    stem(path).ends_with(MAPPED)
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("")
}

pub(super) struct Rows {
    rows: Vec<Row>,
}

pub(super) struct Row {
    line: u64,
    fields: HashMap<String, String>,
}

impl Row {
    pub(super) fn text(&self, column: &str) -> &str {
        self.fields.get(column).map_or("", String::as_str)
    }
}

/// The rows under the names of one release.
pub(super) struct Release<'r> {
    pub(super) name: String,
    pub(super) rows: HashMap<&'r str, &'r Row>,
}

impl Rows {
    pub(super) fn read(path: &Path) -> Result<Self, ValidateError> {
        let bytes =
            std::fs::read(path).map_err(|error| ValidateError::Read(path.display().to_string(), error))?;
        let mut reader = csv::Reader::from_reader(&bytes[..]);
        let malformed = |error: csv::Error| ValidateError::Rows(error.to_string());
        let header = reader.headers().map_err(malformed)?.clone();
        for column in ["release", "circuit", "comp_MAE", "comp_samples"] {
            if !header.iter().any(|name| name == column) {
                return Err(ValidateError::Column(column));
            }
        }
        let mut rows = vec![];
        for record in reader.records() {
            let record = record.map_err(malformed)?;
            let line = record.position().map_or(0, csv::Position::line);
            let fields =
                header.iter().zip(&record).map(|(name, field)| (name.into(), field.into())).collect();
            rows.push(Row { line, fields });
        }
        if rows.is_empty() {
            Err(ValidateError::Rows("the file has no row".into()))
        } else {
            Ok(Self { rows })
        }
    }

    /// Every release, in the order of their first rows; one whose names stand beside those of another comes after it.
    pub(super) fn releases(&self) -> Vec<Release<'_>> {
        let own = self.rows.iter().map(|row| (row.text("release"), row.text("circuit"), row));
        let later = self.rows.iter().find(|row| row.text("release").starts_with("v2022"));
        let later = later.map_or("v2022", |row| row.text("release"));
        let renamed = self.rows.iter().map(|row| (later, row.text("name_in_v2022"), row));
        let mut found: Vec<Release> = vec![];
        for (release, name, row) in own.chain(renamed).filter(|(_, name, _)| !name.is_empty()) {
            let at = found.iter().position(|known| known.name == release).unwrap_or_else(|| {
                found.push(Release { name: release.into(), rows: HashMap::new() });
                found.len() - 1
            });
            found[at].rows.insert(name, row);
        }
        found
    }
}

impl Release<'_> {
    /// Whether area and power are those of the mapped netlists as they stand: so in 2017; later releases synthesised anew.
    pub(super) fn publishes_mapped(&self) -> bool {
        self.name.starts_with(OLDER)
    }

    fn compare(
        &self,
        path: &Path,
        design: &Result<Imported, String>,
        operand_bits: u32,
        known: &mut HashMap<String, Metrics>,
    ) -> Found {
        let design = match design {
            Ok(design) => design,
            Err(error) => return Found::Unreadable { error: error.clone() },
        };
        let Some(row) = self.rows.get(name(path)) else { return Found::NoRow };
        if design.signature().operand_bits() > operand_bits {
            return Found::Wide;
        }
        // The same circuit stands in several folders.
        let key = design.id().split('_').next().unwrap_or("").to_string() + &text::write(&design.netlist());
        row.compare(design, known.entry(key).or_insert_with(|| Metrics::of_gates(design)))
    }
}

impl Row {
    fn compare(&self, design: &Imported, metrics: &Metrics) -> Found {
        let (signature, width) = (design.signature(), design.width_out());
        let older = self.text("release").starts_with(OLDER);
        let convention = if older { Convention::EvoApprox8b } else { Convention::EvoApproxLib };
        for (column, ours) in recomputed(metrics, convention.figures(metrics, signature, width)) {
            if let Some(wrong) =
                self.differs(&format!("comp_{column}"), ours, |_, golden| TOLERANCE * golden.abs() + 1e-12)
            {
                return wrong;
            }
        }
        for (column, ours) in convention.figures(metrics, signature, width) {
            // The older library prints its percentages nowhere.
            if older && ["MAE_pct", "WCE_pct"].contains(&column) {
                continue;
            }
            // A percentage is taken of the mean as printed, and rounded again.
            let of_printed = |printed: &str| match printed {
                "" => 0.0,
                printed => ROUNDING * last_digit(printed) * 100.0 / Convention::normaliser(signature, width),
            };
            let before = if column == "MAE_pct" { of_printed(self.text("pub_MAE")) } else { 0.0 };
            let rounding =
                |text: &str, golden: f64| ROUNDING * last_digit(text) + SINGLE * golden.abs() + before;
            if let Some(wrong) = self.differs(&format!("pub_{column}"), ours, rounding) {
                return wrong;
            }
        }
        Found::Agreed
    }

    /// The disagreement in one column; an empty field and a missing column agree.
    fn differs(&self, column: &str, ours: f64, tolerance: impl Fn(&str, f64) -> f64) -> Option<Found> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        let Ok(golden) = text.parse::<f64>() else {
            let error = format!(
                "line {}, column `{column}` of the metrics: a number is expected, not `{text}`",
                self.line
            );
            return Some(Found::Unreadable { error });
        };
        let near = (ours - golden).abs() <= tolerance(text, golden);
        (!near).then(|| Found::Differing { column: column.into(), ours, golden })
    }
}

/// The recomputed columns: both policies for an exact result of 0, and what nobody publishes.
fn recomputed(metrics: &Metrics, figures: [(&'static str, f64); 9]) -> Vec<(&'static str, f64)> {
    let mut found: Vec<(&'static str, f64)> =
        figures.into_iter().filter(|(column, _)| !["WCRE_pct", "MRE_pct"].contains(column)).collect();
    found.extend([
        ("samples", metrics.pairs as f64),
        ("WCRE_pct_nz", 100.0 * metrics.wcre.unwrap_or(0.0)),
        ("WCRE_pct_den1", 100.0 * metrics.wcre_one),
        ("MRE_pct_nz", 100.0 * metrics.mred.unwrap_or(0.0)),
        ("MRE_pct_den1", 100.0 * metrics.mred_one),
        ("mean_error", metrics.bias),
        ("err_min", metrics.error_range[0] as f64),
        ("err_max", metrics.error_range[1] as f64),
        ("zero_exact_errors", metrics.zero_errors as f64),
    ]);
    found
}

/// One unit of the last digit of a number as it is printed.
fn last_digit(text: &str) -> f64 {
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    10f64.powi(-(decimals as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "release,circuit,name_in_v2022,pub_MAE,pub_EP_pct,comp_samples,comp_MAE,comp_WCE\n";
    /// A 2×2 multiplier without its top partial product's carry: 3·3 gives 1 instead of 9; by hand, MAE 8/16.
    const CIRCUIT: &str = "module mul2u_cut(input [1:0] A, B, output [3:0] O);\n  wire [3:0] full = A * B;\n  assign O = {1'b0, full[2:0]};\nendmodule\n";

    fn compared(rows: &str, files: &[(&str, &str)]) -> Library {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let goldens = folder.path().join("goldens.csv");
        std::fs::write(&goldens, HEADER.to_string() + rows).unwrap();
        library(folder.path(), &goldens, 24, &|_, _| {}).unwrap()
    }

    fn answer(rows: &str) -> Found {
        compared(rows, &[("mul2u_cut.v", CIRCUIT)]).files[0].1.clone()
    }

    #[test]
    fn each_file_gets_its_answer() {
        assert_eq!(answer("master,mul2u_cut,,0.5,6.2,16,0.5,8\n"), Found::Agreed);
        assert_eq!(answer("master,other,mul2u_cut,0.5,6.25,16,0.5,8\n"), Found::Agreed);
        assert_eq!(answer("master,other,,0.5,6.25,16,0.5,8\n"), Found::NoRow);
        // Two circuits of one name in two releases.
        assert_eq!(
            answer("master,mul2u_cut,,1,2,16,1,9\nv2022,mul2u_cut,,0.5,6.25,16,0.5,8\n"),
            Found::Agreed
        );
        for (row, column) in [
            ("master,mul2u_cut,,0.5,6.2,16,0.5,7\n", "comp_WCE"),
            ("master,mul2u_cut,,0.5,6.1,16,0.5,8\n", "pub_EP_pct"),
            ("master,mul2u_cut,,0.5,6.2,15,0.5,8\n", "comp_samples"),
            ("master,mul2u_cut,,0.5,6.2,16,0.50000001,8\n", "comp_MAE"),
        ] {
            let found = answer(row);
            assert!(
                matches!(&found, Found::Differing { column: found, .. } if found == column),
                "{row}: {found:?}"
            );
        }
    }

    #[test]
    fn a_folder_agrees_when_nothing_differs() {
        let row = "master,mul2u_cut,,0.5,6.2,16,0.5,8\nmaster,missing,,,,1,0,0\nother,missing,,,,1,0,0\n";
        let broken =
            ("mul2u_broken.v", "module mul2u_broken(input [1:0] A, B, output [3:0] O);\nendmodule\n");
        let found = compared(row, &[("mul2u_cut.v", CIRCUIT), ("mul2u_cut_pdk45.v", CIRCUIT), broken]);
        assert!(found.agrees(false) && !found.agrees(true), "{found:?}");
        assert_eq!((found.count(|found| *found == Found::Agreed), found.rows_without_file), (2, 1));
        assert_eq!(found.circuits(), [1, 0, 1]);
        let mapped =
            ("mul2u_cut_pdk45.v", "module mul2u_cut(input [1:0] A, B, output [3:0] O);\nendmodule\n");
        assert_eq!(compared(row, &[("mul2u_cut.v", CIRCUIT), mapped]).circuits(), [1, 0, 0]);
        let other = (
            "mul2u_cut_pdk45.v",
            "module mul2u_cut(input [1:0] A, B, output [3:0] O);\n  assign O = A;\nendmodule\n",
        );
        assert_eq!(compared(row, &[("mul2u_cut.v", CIRCUIT), other]).circuits(), [0, 1, 0]);
        let Found::Unreadable { error } = &found.files[0].1 else { panic!("{found:?}") };
        assert_eq!(error, "line 1: `O[0]` is read, but nothing drives it");
    }
}

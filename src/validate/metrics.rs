//! A file of error metrics, a row a design, against ours over all operand pairs.
//!
//! The columns are those of the field's exhaustive tables: `design`, `params`, `kind` (`add` or `mul`), `N` (operand
//! width), `signed` (0 or 1), `samples`, and the metrics `MAE`, `NMED`, `WCE`, `EP_pct`, `MRE_pct_nz` and
//! `WCRE_pct_nz` (pairs whose exact result is 0 left out), `MSE`, `mean_error`, `error_variance`; and where they are
//! there `MRE_pct_den1` (0 counted as 1), the signed relative errors `RE_mean_signed_pct`, `RE_std_pct`, `RE_min_pct`,
//! `RE_max_pct`, the extremes `err_min` and `err_max`, and `zero_exact_errors`.

use std::path::Path;

use serde::Serialize;

use super::ValidateError;
use crate::arith::metric::Metrics;
use crate::arith::{self, Design, Family};

/// Operand bits above which a design is wide: its pairs take up to half a minute, not milliseconds.
pub const WIDE: u32 = 24;

/// Relative difference that counts as agreement; the rows are printed with twelve digits.
const TOLERANCE: f64 = 1e-9;
/// Absolute difference that always does: an exact zero may be printed as rounding left it.
const FLOOR: f64 = 1e-12;

/// Names of a design in such files other than those of our families, with the operation and our family and parameters:
/// `{k}` stands for the value of `k`, `{t|0}` for 0 where there is none, `{log2 m}` for a logarithm, `{rows sum}` for the
/// number that a truth table is, a digit a row. Of several the first one fits whose values are all there.
const NAMES: [(&str, &str, &str); 22] = [
    ("tree42", "mul", "{compressor}_a{approx_columns}"),
    ("tree42", "mul", "tree42_s{rows sum}_c{rows carry}_a{approx_columns}"),
    ("REALM", "mul", "realm_l{log2 m}_t{t|0}"),
    ("ILM", "mul", "ilm_i{corrections}"),
    ("ilm_nearest_one", "mul", "ilmnearest"),
    ("broken_booth_type0", "mul", "bbm0_v{v}"),
    ("broken_booth_type1", "mul", "bbm1_v{v}"),
    ("truncated_adder", "add", "tra{const1|0}_k{k}"),
    ("copy_adder", "add", "copy_k{k}"),
    ("ripple_cells", "add", "{cell}_k{k}"),
    ("ripple_cells", "add", "cells_s{rows sum}_c{rows carry}_k{k}"),
    ("ACA_I", "add", "aca_k{k}"),
    ("Lu", "add", "aca_k{k}"),
    ("ACA_II", "add", "etaii_x{k}"),
    ("SCSA", "add", "etaii_x{x}"),
    ("GDA", "add", "gda_b{m_b}_c{m_c}"),
    ("truncated_columns", "mul", "trunc_t{t}"),
    ("operand_truncation", "mul", "optrunc_t{t}"),
    ("kulkarni_recursive", "mul", "kulkarni"),
    ("UDM", "mul", "kulkarni"),
    ("truncated_mitchell", "mul", "mitchelltrunc_w{w}"),
    ("DRALM", "mul", "dralm_w{t}"),
];

/// A metric's column, and ours in its unit.
type Column = (&'static str, fn(&Metrics) -> Option<f64>);

const COLUMNS: [Column; 17] = [
    ("MAE", |ours| Some(ours.med)),
    ("NMED", |ours| ours.nmed),
    ("WCE", |ours| Some(ours.wce as f64)),
    ("EP_pct", |ours| Some(100.0 * ours.error_rate)),
    ("MRE_pct_nz", |ours| ours.mred.map(|mred| 100.0 * mred)),
    ("WCRE_pct_nz", |ours| ours.wcre.map(|wcre| 100.0 * wcre)),
    ("MSE", |ours| Some(ours.mse)),
    ("mean_error", |ours| Some(ours.bias)),
    ("error_variance", |ours| Some(ours.variance)),
    ("MRE_pct_den1", |ours| Some(100.0 * ours.mred_one)),
    ("RE_mean_signed_pct", |ours| ours.relative.map(|relative| 100.0 * relative.mean)),
    ("RE_std_pct", |ours| ours.relative.map(|relative| 100.0 * relative.deviation)),
    ("RE_min_pct", |ours| ours.relative.map(|relative| 100.0 * relative.least)),
    ("RE_max_pct", |ours| ours.relative.map(|relative| 100.0 * relative.greatest)),
    ("err_min", |ours| Some(ours.error_range[0] as f64)),
    ("err_max", |ours| Some(ours.error_range[1] as f64)),
    ("zero_exact_errors", |ours| Some(ours.zero_errors as f64)),
];

/// Columns that a file may leave out.
const OPTIONAL: [&str; 8] = [
    "MRE_pct_den1",
    "RE_mean_signed_pct",
    "RE_std_pct",
    "RE_min_pct",
    "RE_max_pct",
    "err_min",
    "err_max",
    "zero_exact_errors",
];

/// The first figure of a file that is not ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// The line in the file, from 1.
    pub line: u64,
    /// The design's id.
    pub design: String,
    /// The column.
    pub metric: &'static str,
    /// Our figure; null where it is undefined.
    pub ours: Option<f64>,
    /// The file's figure.
    pub golden: f64,
}

/// What the comparison of a file found, in rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Rows whose every figure is ours.
    pub agreed: usize,
    /// Rows with another figure.
    pub differing: usize,
    /// Rows of designs that were left out because they are wide.
    pub wide: usize,
    /// Rows of designs that do not exist here.
    pub not_implemented: usize,
    /// The first figure that differs.
    pub first: Option<Disagreement>,
}

impl Comparison {
    /// Whether no row differs; if `strict`, whether none was left out either.
    pub fn agrees(&self, strict: bool) -> bool {
        self.differing == 0 && (!strict || self.wide + self.not_implemented == 0)
    }
}

/// Compares every row of a file that has a design here with at most `operand_bits` bits of operands.
///
/// # Errors
/// [`ValidateError`] when the file cannot be read, a column is missing or a field is no number; a disagreement is
/// no error but counted.
pub fn metrics(path: &Path, operand_bits: u32) -> Result<Comparison, ValidateError> {
    let malformed = |error: csv::Error| ValidateError::Rows(error.to_string());
    let text = std::fs::read_to_string(path);
    let text = text?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(malformed)?.clone();
    let mut found = Comparison::default();
    for row in reader.records() {
        let row = Row { header: &header, fields: &row.map_err(malformed)? };
        match row.design()? {
            None => found.not_implemented += 1,
            Some(design) if design.signature().operand_bits() > operand_bits => found.wide += 1,
            Some(design) => match row.disagreement(&*design)? {
                None => found.agreed += 1,
                Some(disagreement) => {
                    found.differing += 1;
                    found.first.get_or_insert(disagreement);
                }
            },
        }
    }
    let rows = found.agreed + found.differing + found.wide + found.not_implemented;
    if rows == 0 { Err(ValidateError::Rows("the file has no row".into())) } else { Ok(found) }
}

struct Row<'a> {
    header: &'a csv::StringRecord,
    fields: &'a csv::StringRecord,
}

impl Row<'_> {
    /// The design that the row is about, where it exists here.
    fn design(&self) -> Result<Option<Box<dyn Design>>, ValidateError> {
        let sign = if self.text("signed")? == "1" { 's' } else { 'u' };
        let (name, kind) = (self.text("design")?, self.text("kind")?);
        let head = format!("{kind}{}{sign}", self.text("N")?);
        let values = Values::of(self.text("params")?);
        let known = NAMES.iter().filter(|(known, operation, _)| *known == name && *operation == kind);
        let members = known.filter_map(|(.., member)| values.filled(member));
        let mut members = members.chain(values.member(name, kind));
        Ok(members.find_map(|member| arith::design(&format!("{head}_{member}")).ok()))
    }

    fn disagreement(&self, design: &dyn Design) -> Result<Option<Disagreement>, ValidateError> {
        let ours = Metrics::of_gates(design);
        let pairs = (1u64 << design.signature().operand_bits()) as f64;
        let figures = COLUMNS.iter().map(|(column, figure)| (*column, figure(&ours)));
        for (metric, ours) in [("samples", Some(pairs))].into_iter().chain(figures) {
            if self.header.iter().all(|name| name != metric) && OPTIONAL.contains(&metric) {
                continue;
            }
            let golden = self.number(metric)?;
            if !ours.is_some_and(|ours| (ours - golden).abs() <= TOLERANCE * golden.abs() + FLOOR) {
                let line = self.line();
                return Ok(Some(Disagreement { line, design: design.id(), metric, ours, golden }));
            }
        }
        Ok(None)
    }

    fn line(&self) -> u64 {
        self.fields.position().map_or(0, csv::Position::line)
    }

    fn text(&self, column: &'static str) -> Result<&str, ValidateError> {
        let at = self.header.iter().position(|name| name == column).ok_or(ValidateError::Column(column))?;
        Ok(self.fields.get(at).unwrap_or(""))
    }

    fn number(&self, column: &'static str) -> Result<f64, ValidateError> {
        let found = self.text(column)?;
        let error = || ValidateError::Number { line: self.line(), column, found: found.into() };
        found.parse().map_err(|_| error())
    }
}

/// Named values of a design, in lower case.
struct Values(Vec<(String, String)>);

impl Values {
    /// `k=4 m=2`, `R=4,2,2 P=0,2,2`: a value reaches to the next name.
    fn of(text: &str) -> Self {
        let pieces: Vec<&str> = text.split('=').collect();
        let last_word = |piece: &str| piece.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let pair = |at: usize| {
            let (name, value) = (pieces[at], pieces[at + 1]);
            let end = if at + 2 < pieces.len() { last_word(value) } else { value.len() };
            let name = name[last_word(name)..].trim();
            (name.to_lowercase(), value[..end].trim().to_lowercase())
        };
        Self((0..pieces.len() - 1).map(pair).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// A template of [`NAMES`] with these values; none where one is missing.
    fn filled(&self, template: &str) -> Option<String> {
        let mut parts = template.split('{');
        let mut filled = String::from(parts.next()?);
        for part in parts {
            let (field, rest) = part.split_once('}')?;
            let (field, default) =
                field.split_once('|').map_or((field, None), |(field, or)| (field, Some(or)));
            let (function, name) = field.split_once(' ').unwrap_or(("", field));
            let value = self.get(name).or(default)?;
            filled += &match function {
                "log2" => value.parse().ok().and_then(u32::checked_ilog2)?.to_string(),
                "rows" => rows(value)?.to_string(),
                _ => value.to_string(),
            };
            filled += rest;
        }
        Some(filled)
    }

    /// The member of a family of ours that a file names as we do, but for case and dashes, each parameter by its letter; a
    /// parameter that repeats is a list of numbers.
    fn member(&self, name: &str, operation: &str) -> Option<String> {
        let plain = |name: &str| name.replace(['_', '-'], "").to_lowercase();
        let alike = |family: &&Family| family.operation() == operation && plain(family.name) == plain(name);
        let family = arith::families().find(alike)?;
        let list = |letter: char| {
            let numbers = self.get(&letter.to_string())?.split(|c: char| !c.is_ascii_digit());
            numbers.filter(|number| !number.is_empty()).map(|number| number.parse().ok()).collect()
        };
        let lists: Option<Vec<Vec<u32>>> =
            family.parameters.iter().map(|parameter| list(parameter.letter)).collect();
        let lists = lists?;
        let count = lists.iter().map(Vec::len).max().unwrap_or(0);
        let values: Option<Vec<u32>> =
            (0..count).flat_map(|at| lists.iter().map(move |list| list.get(at).copied())).collect();
        values.map(|values| family.suffix(&values))
    }
}

/// The number whose bit i is row i of a truth table: eight or sixteen binary digits from row 0 on, or the number itself,
/// decimal or hexadecimal after `0x`.
fn rows(text: &str) -> Option<u32> {
    if [8, 16].contains(&text.len()) && text.bytes().all(|digit| matches!(digit, b'0' | b'1')) {
        return u32::from_str_radix(&text.chars().rev().collect::<String>(), 2).ok();
    }
    text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "design,params,kind,N,signed,MAE,NMED,WCE,EP_pct,MRE_pct_nz,WCRE_pct_nz,MSE,mean_error,error_variance,samples";
    /// The two-bit Kulkarni block by hand: one of 16 pairs is wrong, 3 · 3 = 7 instead of 9.
    const BLOCK: &str = "kulkarni_recursive,,mul,2,0,0.125,0.0138888888889,2,6.25,2.46913580247,22.2222222222,0.25,-0.125,0.234375,16";

    fn compared(rows: &[&str]) -> Result<Comparison, ValidateError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [&[HEADER], rows].concat().join("\n")).unwrap();
        metrics(file.path(), 16)
    }

    #[test]
    fn every_shared_row_up_to_12_bits_agrees() {
        let root = std::env::var_os("AXSIM_SHARED").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
            std::path::PathBuf::from,
        );
        let path = root.join("goldens/parametric_goldens.csv");
        if !path.exists() {
            eprintln!(
                "skipped: goldens/parametric_goldens.csv is not at hand; set AXSIM_SHARED to its folder"
            );
            return;
        }
        let found = metrics(&path, WIDE).unwrap();
        assert!(found.agrees(false), "{found:?}");
        assert!(found.agreed >= 120 && found.wide >= 20 && found.not_implemented == 0, "{found:?}");
        assert!(!found.agrees(true));
    }

    #[test]
    fn designs_are_known_by_the_names_of_files_and_by_ours() {
        let header = csv::StringRecord::from(vec!["design", "params", "kind", "N", "signed"]);
        for (fields, id) in [
            (["GeAr", "R=2 P=4", "add", "8", "0"], "add8u_gear_r2_p4"),
            (["QuAd", "R=4,2,2 P=0,2,2", "add", "8", "0"], "add8u_quad_r4_p0_r2_p2_r2_p2"),
            (["QuAd", "R=[4, 2, 2] P=[0, 2, 2]", "add", "8", "0"], "add8u_quad_r4_p0_r2_p2_r2_p2"),
            (["ETA-II", "x=4", "add", "8", "1"], "add8s_etaii_x4"),
            (["SCSA", "x=4", "add", "8", "0"], "add8u_etaii_x4"),
            (["GDA", "M_b=2 M_c=4", "add", "8", "0"], "add8u_gda_b2_c4"),
            (["truncated_adder", "k=2 const1=1", "add", "8", "0"], "add8u_tra1_k2"),
            (["ripple_cells", "cell=InXA1 k=3", "add", "8", "0"], "add8u_inxa1_k3"),
            (
                ["ripple_cells", "sum=01101001 carry=00010111 k=3", "add", "8", "0"],
                "add8u_cells_s150_c232_k3",
            ),
            (["REALM", "M=16", "mul", "8", "0"], "mul8u_realm_l4_t0"),
            (["REALM", "M=4 t=2", "mul", "8", "0"], "mul8u_realm_l2_t2"),
            (["tree42", "compressor=Yin approx_columns=8", "mul", "8", "0"], "mul8u_yin_a8"),
            (
                ["tree42", "sum=0x7fff carry=59520 approx_columns=8", "mul", "8", "0"],
                "mul8u_tree42_s32767_c59520_a8",
            ),
            (["AS-RoBA", "", "mul", "8", "1"], "mul8s_asroba"),
            (["ALM-SOA", "m=3", "mul", "8", "1"], "mul8s_almsoa_m3"),
        ] {
            let fields = csv::StringRecord::from(fields.to_vec());
            let found = Row { header: &header, fields: &fields }.design().unwrap();
            assert_eq!(found.map(|design| design.id()).as_deref(), Some(id), "{fields:?}");
        }
        for fields in [
            ["GeAr", "R=2", "add", "8", "0"],
            ["GeAr", "R=2 P=4", "mul", "8", "0"],
            ["REALM", "M=x", "mul", "8", "0"],
        ] {
            let fields = csv::StringRecord::from(fields.to_vec());
            assert!(Row { header: &header, fields: &fields }.design().unwrap().is_none(), "{fields:?}");
        }
    }

    #[test]
    fn rows_are_counted_as_what_they_are() {
        let wrong = BLOCK.replace(",2,6.25", ",3,6.25");
        let foreign = BLOCK.replace("kulkarni_recursive", "HEALM");
        let wide = "DRUM,k=4,mul,9,0,1,1,1,1,1,1,1,1,1,262144";
        let found = compared(&[BLOCK, &foreign, &wrong, BLOCK, wide]).unwrap();
        let first = found.first.clone().unwrap();
        assert_eq!((found.agreed, found.differing, found.wide, found.not_implemented), (2, 1, 1, 1));
        assert_eq!((first.line, &*first.design, first.metric), (4, "mul2u_kulkarni", "WCE"));
        assert_eq!((first.ours, first.golden), (Some(2.0), 3.0));
        assert!(!found.agrees(false));
        let whole = compared(&[BLOCK]).unwrap();
        assert!(whole.agrees(true), "{whole:?}");
        let skipping = compared(&[BLOCK, &foreign]).unwrap();
        assert!(skipping.agrees(false) && !skipping.agrees(true));
    }

    #[test]
    fn a_figure_a_little_off_differs() {
        for (from, to, metric) in [
            ("0.125,0.01", "0.12500001,0.01", "MAE"),
            ("22.2222222222", "22.2222223", "WCRE_pct_nz"),
            ("-0.125", "0.125", "mean_error"),
            ("0.234375", "0.2343751", "error_variance"),
            (",16", ",15", "samples"),
        ] {
            let found = compared(&[&BLOCK.replacen(from, to, 1)]).unwrap();
            assert_eq!(found.first.map(|first| first.metric), Some(metric));
        }
    }

    #[test]
    fn files_that_cannot_be_compared_say_why() {
        let message = |rows: &[&str]| compared(rows).unwrap_err().to_string();
        assert_eq!(message(&[]), "the file has no row");
        assert_eq!(
            message(&[&BLOCK.replace("6.25", "many")]),
            "line 2, column `EP_pct`: a number is expected, not `many`"
        );
        assert!(message(&["LOA,k=2"]).contains("line: 2"), "{}", message(&["LOA,k=2"]));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "design,params\nLOA,k=2\n").unwrap();
        let error = metrics(file.path(), 16).unwrap_err().to_string();
        assert_eq!(error, "the column `signed` is missing; the header names the columns");
        assert!(matches!(metrics(Path::new("nowhere.csv"), 16), Err(ValidateError::Io(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_file_makes_the_reader_panic(text in "(\\PC|\n|,|LOA|k=2|add)*") {
            let _ = compared(&[&text]);
        }
    }
}

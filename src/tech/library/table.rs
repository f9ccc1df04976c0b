//! Reading a table of cell figures: comment lines, a header, one row per cell output.

use std::collections::HashMap;

use super::CellFigures;

/// Why a table of cell figures is not read; nothing is priced at zero for want of a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum LibraryError {
    /// A row that is not CSV of the header's columns.
    #[error("{0}")]
    Row(String),
    /// A column that is missing from the header.
    #[error("the table has no column `{0}`")]
    Column(&'static str),
    /// A cell that is missing.
    #[error("the table has no row for the cell `{0}`")]
    Cell(&'static str),
    /// A field that is no figure.
    #[error("line {line}, column `{column}`: a number of at least 0 is expected, not `{found}`")]
    Number {
        /// The line, from 1.
        line: u64,
        /// The column's name.
        column: &'static str,
        /// The field as it stands.
        found: String,
    },
}

/// The figures of `gates` and of `register` at their outputs; other rows are passed over.
///
/// What only a register has may stay empty for a gate and is 0 there.
pub(super) fn read(
    text: &str,
    gates: &[Output],
    register: Output,
) -> Result<HashMap<Output, CellFigures>, LibraryError> {
    let mut rows = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let header = rows.headers().map_err(|error| LibraryError::Row(error.to_string()))?.clone();
    let mut cells = HashMap::new();
    for row in rows.records() {
        let row = row.map_err(|error| LibraryError::Row(error.to_string()))?;
        let name = (row.get(0).unwrap_or(""), row.get(1).unwrap_or(""));
        let wanted = gates.iter().chain([&register]).find(|wanted| **wanted == name);
        if let Some(wanted) = wanted.filter(|wanted| !cells.contains_key(*wanted)) {
            let fields = Fields { header: &header, row: &row, is_register: *wanted == register };
            cells.insert(*wanted, fields.figures()?);
        }
    }
    match gates.iter().chain([&register]).find(|cell| !cells.contains_key(*cell)) {
        Some((missing, _)) => Err(LibraryError::Cell(missing)),
        None => Ok(cells),
    }
}

/// A cell and one of its outputs.
pub(super) type Output = (&'static str, &'static str);

struct Fields<'a> {
    header: &'a csv::StringRecord,
    row: &'a csv::StringRecord,
    is_register: bool,
}

impl Fields<'_> {
    fn figures(&self) -> Result<CellFigures, LibraryError> {
        Ok(CellFigures {
            area: self.number("area_um2")?,
            input_capacitance: self.number("cin_mean_fF")?,
            leakage: self.number("leak_mean_nW")?,
            internal_energy: self.number("e_int_fJ")?,
            data_edge_energy: self.of_register("e_hidden_in_fJ")?,
            clock_edge_energy: self.of_register("e_clk_edge_fJ")?,
            delay: self.number("d_mean_ps")?,
            delay_slope: self.number("d_slope_ps_per_fF")?,
            setup: self.of_register("setup_ps")?,
        })
    }

    fn text(&self, column: &'static str) -> Result<&str, LibraryError> {
        let at = self.header.iter().position(|name| name == column).ok_or(LibraryError::Column(column))?;
        Ok(self.row.get(at).unwrap_or(""))
    }

    fn number(&self, column: &'static str) -> Result<f64, LibraryError> {
        let found = self.text(column)?;
        let number = found.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        let line = self.row.position().map_or(0, csv::Position::line);
        number.ok_or_else(|| LibraryError::Number { line, column, found: found.into() })
    }

    fn of_register(&self, column: &'static str) -> Result<f64, LibraryError> {
        if self.text(column)?.is_empty() && !self.is_register { Ok(0.0) } else { self.number(column) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# a comment\ncell,output,area_um2,cin_mean_fF,leak_mean_nW,e_int_fJ,e_hidden_in_fJ,\
        e_clk_edge_fJ,d_mean_ps,d_slope_ps_per_fF,setup_ps\n\
        INV,ZN,0.5,1.7,14,0.9,,,22,1.8,\nOTHER,Z,,,,,,,,,\nDFF,Q,4.5,1.0,79,4.2,2.7,3.6,97,1.8,37\nDFF,QN,9,9,9,9,9,9,9,9,9\n";

    fn message(from: &str, to: &str) -> String {
        assert!(TABLE.contains(from));
        read(&TABLE.replacen(from, to, 1), &[("INV", "ZN")], ("DFF", "Q")).unwrap_err().to_string()
    }

    #[test]
    fn figures_stand_where_the_header_says() {
        let cells = read(TABLE, &[("INV", "ZN")], ("DFF", "Q")).unwrap();
        assert_eq!(cells.len(), 2);
        assert_eq!(
            (cells[&("INV", "ZN")].area, cells[&("INV", "ZN")].data_edge_energy, cells[&("INV", "ZN")].setup),
            (0.5, 0.0, 0.0)
        );
        assert_eq!(
            (cells[&("DFF", "Q")].area, cells[&("DFF", "Q")].data_edge_energy, cells[&("DFF", "Q")].setup),
            (4.5, 2.7, 37.0)
        );
    }

    #[test]
    fn what_is_no_number_is_an_error_with_its_line_and_column() {
        let expected = |line: u64, column: &str, found: &str| {
            format!("line {line}, column `{column}`: a number of at least 0 is expected, not `{found}`")
        };
        assert_eq!(message("22", "2z"), expected(3, "d_mean_ps", "2z"));
        assert_eq!(message("0.9", ""), expected(3, "e_int_fJ", ""));
        assert_eq!(message("14", "nan"), expected(3, "leak_mean_nW", "nan"));
        assert_eq!(message("4.5", "-4.5"), expected(5, "area_um2", "-4.5"));
        assert_eq!(message("37", ""), expected(5, "setup_ps", ""));
        assert_eq!(message("2.7,", ","), expected(5, "e_hidden_in_fJ", ""));
    }

    #[test]
    fn missing_columns_cells_and_fields_are_named() {
        assert_eq!(message("setup_ps", "setup"), "the table has no column `setup_ps`");
        assert_eq!(message("INV", "INVERTER"), "the table has no row for the cell `INV`");
        assert!(message(",37", "").contains("line: 5"), "{}", message(",37", ""));
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_table_is_read_or_refused_and_never_gives_a_figure_that_is_none(
            at in 0usize..TABLE.len(), length in 0usize..9, junk in "[-0-9a-zA-Z,.\"\n#]{0,9}"
        ) {
            let text = format!("{}{junk}{}", &TABLE[..at], &TABLE[(at + length).min(TABLE.len())..]);
            if let Ok(cells) = read(&text, &[("INV", "ZN")], ("DFF", "Q")) {
                proptest::prop_assert_eq!(cells.len(), 2);
                for figures in cells.values() {
                    let fine = |figure: f64| figure.is_finite() && figure >= 0.0;
                    proptest::prop_assert!(fine(figures.area) && fine(figures.delay) && fine(figures.setup));
                }
            }
        }
    }
}

//! Area of circuits that are cells already: the sum over their instances, as synthesis tools report it.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::CellLibrary;
use crate::netlist::{Gate, Instance};
use crate::units::SquareMicrometres;

/// Site of Oklahoma State University's cells for FreePDK45 in µm².
const SITE: f64 = 0.19 * 2.47;

/// Widths in sites of those cells: the areas of the Liberty file `gscl45nm.lib` of FreePDK45 (Apache-2.0) over the site.
const WIDTHS: [(&str, u8); 31] = [
    ("AND2X1", 5),
    ("AND2X2", 6),
    ("AOI21X1", 6),
    ("AOI22X1", 7),
    ("BUFX2", 5),
    ("BUFX4", 6),
    ("CLKBUF1", 12),
    ("CLKBUF2", 16),
    ("CLKBUF3", 21),
    ("DFFNEGX1", 17),
    ("DFFPOSX1", 17),
    ("DFFSR", 22),
    ("FAX1", 19),
    ("HAX1", 10),
    ("INVX1", 3),
    ("INVX2", 4),
    ("INVX4", 7),
    ("INVX8", 7),
    ("LATCH", 11),
    ("MUX2X1", 8),
    ("NAND2X1", 4),
    ("NAND3X1", 5),
    ("NOR2X1", 5),
    ("NOR3X1", 6),
    ("OAI21X1", 6),
    ("OR2X1", 5),
    ("OR2X2", 6),
    ("TBUFX1", 6),
    ("TBUFX2", 8),
    ("XNOR2X1", 10),
    ("XOR2X1", 10),
];

/// Area in µm² of the cell of this name in the NanGate 45 nm library or in that of Oklahoma State University for
/// FreePDK45; `None` for a cell of neither.
pub fn cell_area(cell: &str) -> Option<f64> {
    static SHIPPED: LazyLock<HashMap<String, f64>> = LazyLock::new(|| areas(super::library::NANGATE45));
    let width = WIDTHS.iter().find(|(name, _)| *name == cell);
    width.map(|(_, sites)| f64::from(*sites) * SITE).or_else(|| SHIPPED.get(cell).copied())
}

/// Sum of the areas of the cells as they stand, two outputs of one cell counted once; `None` where one has no known area.
///
/// ```
/// use axsim::{netlist::import::verilog, tech::census};
/// let text = "module m(input a, b, c, output s, y);\n  FAX1 U1 (.A(a), .B(b), .C(c), .YS(s), .YC(y));\nendmodule\n";
/// let (_, instances) = verilog::read_cells(text, "").unwrap();
/// assert!((census(&instances).unwrap().0 - 8.9167).abs() < 1e-9);
/// ```
pub fn census(instances: &[Instance]) -> Option<SquareMicrometres> {
    let areas = instances.iter().map(|instance| cell_area(&instance.cell));
    areas.sum::<Option<f64>>().map(SquareMicrometres)
}

impl CellLibrary {
    /// The same library with the areas of Oklahoma State University's cells for FreePDK45, to map for their area; gates
    /// that have no cell there are taken apart.
    #[must_use]
    pub fn with_freepdk45_areas(mut self) -> Self {
        self.gates.retain(|gate, figures| {
            let area = freepdk45(*gate).and_then(cell_area);
            // A full adder's sum and carry share one cell.
            let share = if matches!(gate, Gate::Sum | Gate::Majority) { 0.5 } else { 1.0 };
            area.inspect(|area| figures.area = share * area).is_some()
        });
        self
    }
}

/// The smallest cell for a gate in the library of Oklahoma State University for FreePDK45.
fn freepdk45(gate: Gate) -> Option<&'static str> {
    Some(match gate {
        Gate::Not => "INVX1",
        Gate::And => "AND2X1",
        Gate::Or => "OR2X1",
        Gate::Xor => "XOR2X1",
        Gate::Nand => "NAND2X1",
        Gate::Nor => "NOR2X1",
        Gate::Xnor => "XNOR2X1",
        Gate::Mux => "MUX2X1",
        Gate::And3 | Gate::Or3 => return None,
        Gate::Nand3 => "NAND3X1",
        Gate::Nor3 => "NOR3X1",
        Gate::Aoi21 => "AOI21X1",
        Gate::Oai21 => "OAI21X1",
        Gate::Sum | Gate::Majority => "FAX1",
    })
}

/// Cells and their areas of a table with a row a cell's output.
fn areas(table: &str) -> HashMap<String, f64> {
    let mut rows = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(table.as_bytes());
    let header = rows.headers().expect("a shipped table has a header");
    let column = header.iter().position(|name| name == "area_um2").expect("a shipped table has areas");
    let row = |row: Result<csv::StringRecord, csv::Error>| {
        let row = row.expect("a shipped table is well formed, as a test shows");
        (row[0].to_string(), row[column].parse().expect("an area is a number, as a test shows"))
    };
    rows.records().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlist::import::verilog;

    #[test]
    fn cells_of_both_libraries_are_known() {
        let near = |cell, area: f64| assert!((cell_area(cell).unwrap() - area).abs() < 1e-9, "{cell}");
        // As the two Liberty files have them.
        near("NAND2X1", 1.8772);
        near("FAX1", 8.9167);
        near("CLKBUF3", 9.8553);
        near("FA_X1", 4.256);
        assert_eq!(cell_area("NAND9X1"), None);
    }

    #[test]
    fn cells_are_counted_as_they_stand() {
        // Two inverters in a row, which a mapping would take away, and one that drives nothing.
        let text = "module m(input a, output y);\n  wire n, z;\n  INVX1 U1 (.A(a), .Y(n));\n  INVX1 U2 (.A(n), .Y(y));\n  INVX1 U3 (.A(n), .Y(z));\nendmodule\n";
        let area = |text| census(&verilog::read_cells(text, "").unwrap().1).map(|area| area.0);
        assert!((area(text).unwrap() - 3.0 * 1.4079).abs() < 1e-12);
        // No drive of ten is known.
        assert_eq!(area(&text.replace("INVX1 U2", "INVX10 U2")), None);
    }

    #[test]
    fn a_mapping_takes_the_areas_of_the_other_library() {
        let library = CellLibrary::nangate45().with_freepdk45_areas();
        let mapped = |text| library.area(&library.map(&verilog::read(text, "").unwrap())).0;
        assert!(
            (mapped("module m(input a, b, output y);\n  assign y = a & b;\nendmodule\n") - 2.3465).abs()
                < 1e-12
        );
        assert!(!library.has(Gate::Or3) && library.has(Gate::Nor3));
        let adder = "module m(input a, b, c, output s, y);\n  assign s = a ^ b ^ c;\n  assign y = a & b | c & (a ^ b);\nendmodule\n";
        assert!((mapped(adder) - 8.9167).abs() < 1e-12);
    }
}

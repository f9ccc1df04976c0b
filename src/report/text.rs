//! The table on the terminal.

use comfy_table::{CellAlignment, Table};

use super::{rows, words};
use crate::run::outcome::{Outcome, Report};
use crate::units::with_prefix;

/// The run as a table with a summary in words below it; no colour, any width.
pub fn write(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "configuration",
        "score",
        "difference, points",
        "energy",
        "sensor",
        "memory",
        "compute",
        "link",
        "latency",
        "area",
    ]);
    for (label, outcome) in rows(report) {
        table.add_row(cells(label, outcome));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let summary = words::summary(report).join("\n");
    format!("{}\n{table}\n\n{summary}\n", report.about)
}

fn cells(label: String, outcome: &Outcome) -> Vec<String> {
    let mut cells = vec![label, words::percent(outcome.score.value), words::points(outcome)];
    cells.push(with_prefix(outcome.energy_j.total, "J"));
    cells.extend(outcome.energy_j.stages().map(|(_, energy)| with_prefix(energy, "J")));
    cells.push(with_prefix(outcome.latency_s, "s"));
    cells.push(format!("{:.3} mm²", outcome.area_mm2));
    cells
}

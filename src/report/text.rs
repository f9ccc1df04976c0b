//! The tables on the terminal.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, LineStyle, Table};

use super::{rows, words};
use crate::explore::{Exploration, Point, Unfinished};
use crate::run::outcome::{Outcome, Report, Savings};
use crate::units::with_prefix;

/// A table with a rule under its header only; `numbers` are the columns that are aligned to the right.
fn table(
    header: Vec<&str>,
    rows: impl Iterator<Item = Vec<String>>,
    numbers: std::ops::Range<usize>,
) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header(header);
    table.add_rows(rows);
    for number in numbers {
        if let Some(column) = table.column_mut(number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The run as a table with a summary in words below it; no colour, any width.
pub fn write(report: &Report) -> String {
    let difference = words::column("difference", report.baseline.score.metric);
    let header = vec![
        "configuration",
        "score",
        &difference,
        "energy",
        "sensor",
        "memory",
        "compute",
        "link",
        "system",
        "datapath",
        "latency",
        "area",
    ];
    let cells = |(label, outcome)| cells(&report.baseline, label, outcome);
    let table = table(header, rows(report).into_iter().map(cells), 1..12);
    let summary = [words::summary(report), words::semantics(report)].concat().join("\n");
    format!("{}\n{table}\n{}\n\n{summary}\n", report.about, legend(&report.baseline))
}

fn legend(baseline: &Outcome) -> String {
    format!("system, datapath: times less energy than {}", baseline.baseline_name())
}

fn cells(baseline: &Outcome, label: String, outcome: &Outcome) -> Vec<String> {
    let savings = Savings::of(baseline, outcome);
    let mut cells = vec![label, words::score(&outcome.score), words::difference(outcome)];
    cells.push(with_prefix(outcome.energy_j.total, "J"));
    cells.extend(outcome.energy_j.stages().map(|(_, energy)| with_prefix(energy, "J")));
    cells.extend([words::times(savings.system), words::times(savings.datapath)]);
    cells.push(with_prefix(outcome.latency_s, "s"));
    cells.push(words::area(outcome));
    cells
}

/// An exploration as a table, a column per knob, with a summary in words below it.
pub fn exploration(found: &Exploration) -> String {
    let knobs: Vec<&str> = found.question.explore.space.keys().map(String::as_str).collect();
    let difference = words::column("difference", found.baseline.score.metric);
    let figures = ["floor", "front", "score", &difference, "energy", "system", "datapath", "latency"];
    let first = knobs.len() + 2;
    let area: &[&str] = if words::shows_area(found) { &["area"] } else { &[] };
    let header = [&knobs[..], &figures[..], area].concat();
    let rows = found.points.iter().enumerate().map(|(at, point)| point_cells(found, at, point));
    let table = table(header, rows, first..first + 6 + area.len());
    let (about, findings) = (words::about(found), words::findings(found).join("\n"));
    format!("{about}\n{table}\n{}\n\n{findings}\n", legend(&found.baseline))
}

fn point_cells(found: &Exploration, at: usize, point: &Point) -> Vec<String> {
    let mut cells: Vec<String> = point.knobs.iter().map(|(knob, value)| words::tried(knob, value)).collect();
    match &point.result {
        Err(Unfinished::Failed(why)) => cells.push(format!("failed: {why}")),
        Err(Unfinished::Screened(worst)) => cells.push(format!("screened out: {}", words::screened(worst))),
        Ok(finished) => {
            let outcome = &finished.outcome;
            cells.extend([
                words::verdict(finished.verdict.as_ref()).into(),
                if found.front.contains(&at) { "●".into() } else { String::new() },
                words::score(&outcome.score),
                words::difference(outcome),
                with_prefix(outcome.energy_j.total, "J"),
                words::times(finished.savings.system),
                words::times(finished.savings.datapath),
                with_prefix(outcome.latency_s, "s"),
            ]);
            cells.extend(words::shows_area(found).then(|| words::area(outcome)));
        }
    }
    cells
}

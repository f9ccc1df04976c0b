//! An exploration as text and as a page with its scatter.

use super::svg::Dot;
use super::{html, label, words};
use crate::explore::{Exploration, Point};
use crate::units::with_prefix;

const HEADER: [&str; 9] =
    ["front", "floor", "score", "difference, points", "energy", "system", "datapath", "latency", "knobs"];

fn cells(found: &Exploration, at: usize, point: &Point) -> Vec<String> {
    let mark = if found.front.contains(&at) { "●" } else { "" };
    let mut cells = vec![mark.to_string()];
    match &point.result {
        Ok(finished) => {
            let outcome = &finished.outcome;
            cells.extend([
                words::verdict(finished.verdict.as_ref()).into(),
                words::percent(outcome.score.value),
                words::points(outcome),
                with_prefix(outcome.energy_j.total, "J"),
                words::times(finished.savings.system),
                words::times(finished.savings.datapath),
                with_prefix(outcome.latency_s, "s"),
                label(point),
            ]);
        }
        Err(why) => {
            cells.push("failed".into());
            cells.extend(vec!["–".to_string(); 6]);
            cells.push(format!("{}: {why}", label(point)));
        }
    }
    cells
}

fn rows(found: &Exploration) -> Vec<Vec<String>> {
    found.points.iter().enumerate().map(|(at, point)| cells(found, at, point)).collect()
}

/// The table on the terminal.
pub fn text(found: &Exploration) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(HEADER);
    for row in rows(found) {
        table.add_row(row);
    }
    format!("{table}\n\n{}\n", words::findings(found).join("\n"))
}

/// The page: summary, scatter of energy against score, table.
pub fn html(found: &Exploration) -> String {
    let dot = |(at, point): (usize, &Point)| {
        let outcome = &point.result.as_ref().ok()?.outcome;
        let (x, y) = (outcome.energy_j.total * 1e6, outcome.score.value);
        Some(Dot { x, y, label: label(point), front: found.front.contains(&at) })
    };
    let dots: Vec<Dot> = found.points.iter().enumerate().filter_map(dot).collect();
    let mut table = vec![HEADER.map(String::from).to_vec()];
    table.extend(rows(found));
    html::exploration(&words::about(found), &words::findings(found), &dots, &table)
}

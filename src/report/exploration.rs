//! An exploration as text and as a page with its scatter.

use super::svg::Dot;
use super::{html, words};
use crate::explore::{Exploration, Point};
use crate::units::with_prefix;

fn figure(point: &Point, path: &str) -> Option<f64> {
    point.outcome.as_ref()?.pointer(path)?.as_f64()
}

fn label(point: &Point) -> String {
    point
        .knobs
        .iter()
        .map(|(knob, value)| format!("{knob} = {}", words::value(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn summary(found: &Exploration) -> Vec<String> {
    let failed = found.points.iter().filter(|point| point.failed.is_some()).count();
    let mut sentences = vec![format!(
        "{} points, {failed} failed, {} on the Pareto front.",
        found.points.len(),
        found.front.len()
    )];
    sentences.push(match found.best {
        Some(best) => format!("Least energy within the floor: {}.", label(&found.points[best])),
        None => "No point meets the floor.".into(),
    });
    sentences
}

fn rows(found: &Exploration) -> Vec<Vec<String>> {
    let mut rows = vec![["front", "score", "energy", "latency", "knobs"].map(String::from).to_vec()];
    for (at, point) in found.points.iter().enumerate() {
        let mark = if found.front.contains(&at) { "●" } else { "" };
        let shown = |path: &str, unit: &str| {
            figure(point, path).map_or("–".into(), |value| with_prefix(value, unit))
        };
        rows.push(vec![
            mark.into(),
            figure(point, "/score/value").map_or("–".into(), words::percent),
            shown("/energy_j/total", "J"),
            shown("/latency_s", "s"),
            point.failed.clone().map_or_else(|| label(point), |why| format!("{}: {why}", label(point))),
        ]);
    }
    rows
}

/// The table on the terminal.
pub fn text(found: &Exploration) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    let rows = rows(found);
    table.set_header(rows[0].clone());
    for row in &rows[1..] {
        table.add_row(row.clone());
    }
    format!("{table}\n\n{}\n", summary(found).join("\n"))
}

/// The page: summary, scatter of energy against score, table.
pub fn html(title: &str, found: &Exploration) -> String {
    let dot = |(at, point): (usize, &Point)| {
        let (x, y) = (figure(point, "/energy_j/total")? * 1e6, figure(point, "/score/value")?);
        Some(Dot { x, y, label: label(point), front: found.front.contains(&at) })
    };
    let dots: Vec<Dot> = found.points.iter().enumerate().filter_map(dot).collect();
    html::exploration(title, &summary(found), &dots, &rows(found))
}

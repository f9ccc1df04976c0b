//! The tables for spreadsheets: one row per configuration or point, plain numbers in base units.

use super::{rows, words};
use crate::explore::{Exploration, Point, Unfinished};
use crate::run::outcome::{Outcome, Report};

const FIGURES: [&str; 13] = [
    "score",
    "delta",
    "delta_low",
    "delta_high",
    "energy_j",
    "sensor_j",
    "memory_j",
    "compute_j",
    "link_j",
    "datapath_j",
    "latency_s",
    "area_mm2",
    "cycles",
];

/// The run as comma-separated values.
pub fn write(report: &Report) -> String {
    let header = ["configuration"].iter().chain(&FIGURES).map(ToString::to_string).collect();
    let row = |(label, outcome)| [vec![label], figures(outcome)].concat();
    text([header].into_iter().chain(rows(report).into_iter().map(row)))
}

/// The points of an exploration as comma-separated values, a column per knob.
pub fn exploration(found: &Exploration) -> String {
    let knobs = found.question.explore.space.keys().cloned();
    let after = ["front", "verdict", "system_saving", "datapath_saving"];
    let header = knobs
        .chain(after.iter().chain(&FIGURES).map(ToString::to_string))
        .chain(["failed", "screened"].map(String::from));
    let points = found.points.iter().enumerate();
    text([header.collect()].into_iter().chain(points.map(|(at, point)| row(found, at, point))))
}

fn row(found: &Exploration, at: usize, point: &Point) -> Vec<String> {
    let mut cells: Vec<String> = point.knobs.iter().map(|(knob, value)| words::tried(knob, value)).collect();
    cells.push(u8::from(found.front.contains(&at)).to_string());
    match &point.result {
        Ok(finished) => {
            let savings = [finished.savings.system, finished.savings.datapath];
            cells.push(words::verdict(finished.verdict.as_ref()).into());
            cells.extend(savings.map(|ratio| ratio.map_or(String::new(), |ratio| ratio.to_string())));
            cells.extend(figures(&finished.outcome));
            cells.extend([String::new(), String::new()]);
        }
        Err(why) => {
            cells.extend(vec![String::new(); 3 + FIGURES.len()]);
            cells.extend(match why {
                Unfinished::Failed(why) => [why.clone(), String::new()],
                Unfinished::Screened(worst) => {
                    [String::new(), format!("{}: {}", worst.layer, worst.mean_error)]
                }
            });
        }
    }
    cells
}

fn figures(outcome: &Outcome) -> Vec<String> {
    let delta = outcome.delta.as_ref().map(|delta| [delta.value, delta.ci95[0], delta.ci95[1]]);
    let delta =
        delta.map_or([const { String::new() }; 3], |figures| figures.map(|figure| figure.to_string()));
    let energy = outcome.energy_j;
    let costs = [
        energy.total,
        energy.sensor,
        energy.memory,
        energy.compute,
        energy.link,
        outcome.datapath_energy_j,
        outcome.latency_s,
        outcome.area_mm2,
        outcome.cycles as f64,
    ];
    let score = outcome.score.value.to_string();
    [score].into_iter().chain(delta).chain(costs.map(|figure| figure.to_string())).collect()
}

fn text(records: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    for record in records {
        out.write_record(record).expect("writing to memory cannot fail and rows have equal lengths");
    }
    let bytes = out.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("every field is text")
}

//! Results as people and machines read them: text, JSON, CSV and one self-contained HTML file.
//!
//! Nothing here computes a result; it only words, tabulates and draws what a run says.

pub mod csv;
pub mod html;
pub mod read;
pub mod svg;
pub mod text;
pub mod words;

use crate::explore::{Exploration, Point};
use crate::run::outcome::{Outcome, Report};

/// The configurations of a run in the order in which every form shows them, with their labels.
pub fn rows(report: &Report) -> Vec<(String, &Outcome)> {
    let baseline = (report.baseline.baseline_name().to_string(), &report.baseline);
    let mut rows = vec![baseline, ("approximate".to_string(), &report.approximate)];
    for knob in &report.knobs {
        let value = words::value(&knob.value);
        rows.push((format!("only {} = {value}", knob.knob), &knob.alone));
        rows.push((format!("without {}", knob.knob), &knob.without));
    }
    for rival in &report.rivals {
        rows.push((format!("plain {} bits: {}", rival.bits, rival.multiplier), &rival.outcome));
    }
    rows
}

/// A point of an exploration by its knobs.
pub fn label(point: &Point) -> String {
    let knobs = point.knobs.iter().map(|(knob, value)| format!("{knob} = {}", words::value(value)));
    knobs.collect::<Vec<_>>().join(", ")
}

/// A point in few words: the last part of a knob's path where that names it alone, and of a design only its id.
pub fn short(found: &Exploration, point: &Point) -> String {
    let last = |knob: &str| knob.rsplit('.').next().unwrap_or("").to_string();
    let part = |(knob, value): (&String, &serde_json::Value)| {
        let alone = found.question.explore.space.keys().filter(|other| last(other) == last(knob)).count() < 2;
        let name = if alone { last(knob) } else { knob.clone() };
        if last(knob) == "multiplier" {
            words::value(value)
        } else {
            format!("{name} {}", words::value(value))
        }
    };
    point.knobs.iter().map(part).collect::<Vec<_>>().join(" · ")
}

//! Results as people and machines read them: text, JSON, CSV and one self-contained HTML file.
//!
//! Nothing here computes a result; it only words, tabulates and draws what a run says.

pub mod csv;
pub mod exploration;
pub mod html;
pub mod read;
pub mod svg;
pub mod text;
pub mod words;

use crate::explore::Point;
use crate::run::outcome::{Outcome, Report};

/// The configurations of a run in the order in which every form shows them, with their labels.
pub fn rows(report: &Report) -> Vec<(String, &Outcome)> {
    let mut rows =
        vec![("exact".to_string(), &report.baseline), ("approximate".to_string(), &report.approximate)];
    for knob in &report.knobs {
        let value = words::value(&knob.value);
        rows.push((format!("only {} = {value}", knob.knob), &knob.alone));
        rows.push((format!("without {}", knob.knob), &knob.without));
    }
    for rival in &report.rivals {
        rows.push((format!("exact {} bit", rival.bits), &rival.outcome));
    }
    rows
}

/// A point of an exploration by its knobs.
pub fn label(point: &Point) -> String {
    let knobs = point.knobs.iter().map(|(knob, value)| format!("{knob} = {}", words::value(value)));
    knobs.collect::<Vec<_>>().join(", ")
}

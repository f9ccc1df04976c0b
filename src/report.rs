//! Results as people and machines read them: text, JSON, CSV and one self-contained HTML file.
//!
//! Nothing here computes a result; it only words, tabulates and draws what a run says.

pub mod csv;
pub mod html;
pub mod read;
pub mod svg;
pub mod text;
pub mod words;

use crate::config::knob::{names, quoted};
use crate::explore::{Exploration, Point};
use crate::run::outcome::{Outcome, Report};

/// The configurations of a run in the order in which every form shows them, with their labels.
pub fn rows(report: &Report) -> Vec<(String, &Outcome)> {
    let baseline = (report.baseline.baseline_name().to_string(), &report.baseline);
    let mut rows = vec![baseline, ("approximate".to_string(), &report.approximate)];
    for knob in &report.knobs {
        let value = words::tried(&knob.knob, &knob.value);
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
    let knobs = point.knobs.iter().map(|(knob, value)| format!("{knob} = {}", words::tried(knob, value)));
    knobs.collect::<Vec<_>>().join(", ")
}

/// A point in few words: the last parts of a knob's path, as many as name it alone, and of a design of the array only its id.
pub fn short(found: &Exploration, point: &Point) -> String {
    let knobs: Vec<&String> = found.question.explore.space.keys().collect();
    let part = |(knob, value): (&String, &serde_json::Value)| match &*called(knob, &knobs) {
        "multiplier" => words::tried(knob, value),
        name => format!("{name} {}", words::tried(knob, value)),
    };
    point.knobs.iter().map(part).collect::<Vec<_>>().join(" · ")
}

/// A knob among others: the shortest end of its path that no other one has.
fn called(knob: &str, knobs: &[&String]) -> String {
    let (path, others): (_, Vec<_>) = (parts(knob), knobs.iter().map(|other| parts(other)).collect());
    let alone = |end: &&[String]| others.iter().filter(|other| other.ends_with(end)).count() < 2;
    let end = (0..path.len()).rev().map(|from| &path[from..]).find(alone).unwrap_or(&path);
    end.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(".")
}

/// The names of a knob's path, that of a layer whole, as it is or in quotes.
fn parts(knob: &str) -> Vec<String> {
    let below = |start: &'static str| Some((start, knob.strip_prefix(start)?.strip_prefix('.')?));
    match ["compute.array.layers", "compute.layers", "layers"].into_iter().find_map(below) {
        Some((start, rest)) if !rest.starts_with('"') => {
            let parted = rest.rsplit_once('.').filter(|_| start == "layers");
            let (layer, setting) = parted.map_or((rest, None), |(layer, setting)| (layer, Some(setting)));
            start.split('.').chain([layer]).chain(setting).map(String::from).collect()
        }
        // What no configuration has may stand in a stored result.
        _ => names(knob).unwrap_or_else(|_| vec![knob.into()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endings(knobs: &[&str]) -> Vec<String> {
        let knobs: Vec<String> = knobs.iter().map(|knob| knob.to_string()).collect();
        let all: Vec<&String> = knobs.iter().collect();
        knobs.iter().map(|knob| called(knob, &all)).collect()
    }

    #[test]
    fn a_knob_is_called_by_as_much_of_its_path_as_tells_it_from_others() {
        let one = ["sensor.adc_bits", "compute.array.multiplier", "compute.array.layers.conv1"];
        assert_eq!(endings(&one), ["adc_bits", "multiplier", "conv1"]);
        let layers = ["layers.conv1.prune", "layers.conv2.prune", "prune"];
        assert_eq!(endings(&layers), ["conv1.prune", "conv2.prune", "prune"]);
        let called = [r#"compute.layers."body.0""#, "compute.layers.multiplier", "compute.multiplier"];
        assert_eq!(endings(&called), [r#""body.0""#, "layers.multiplier", "compute.multiplier"]);
        let twice = [r#"compute.layers."a.0""#, r#"compute.layers."b.0""#, r#"layers."a.0".prune"#];
        assert_eq!(endings(&twice), [r#""a.0""#, r#""b.0""#, "prune"]);
        let bare = ["compute.layers.a.0", "compute.layers.b.0", "layers.a.0.prune", "layers.a.1.prune"];
        assert_eq!(endings(&bare), [r#""a.0""#, r#""b.0""#, r#""a.0".prune"#, r#""a.1".prune"#]);
    }
}
